// The frame of the HTML reports: one file without anything from outside, in light and dark.
#pragma once

#include <string>
#include <string_view>

namespace tidemill::job {

// Text inside HTML: element or attribute.
std::string Html(std::string_view text);

// A titled part; empty when its body, which is HTML, is.
std::string Card(std::string_view title, const std::string& body);

// The whole file around `body`, which is HTML.
std::string Page(std::string_view title, const std::string& body, std::string_view version);

}  // namespace tidemill::job
