// What is needed of AWS's XML answers: the texts of elements by name. They hold no attributes, comments or CDATA.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tidemill::cloud::aws {

// The inside of each element of that name, outermost ones only, in order; entities are left as they are.
std::vector<std::string> XmlAll(std::string_view xml, std::string_view name);
// The first one's text, entities resolved; empty when there is none.
std::string XmlText(std::string_view xml, std::string_view name);

}  // namespace tidemill::cloud::aws
