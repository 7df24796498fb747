// Whether a tree has the shape that the table in keys.h describes: unknown and missing keys, wrong kinds of values,
// unknown words. Every mistake becomes a diagnostic; what a value means is not looked at.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "document/diagnostic.h"
#include "document/keys.h"
#include "document/yaml.h"

namespace tidemill::document {

void CheckShape(const Node& root, const Section& section, Diagnostics& out);

// "did you mean 'x'?", or the list of what there is when it is short, or nothing.
std::string Suggest(std::string_view name, const std::vector<std::string>& candidates);

// "5%", "5 %", "0.05": 0 to 1.
std::optional<double> ParseShare(std::string_view text);
bool IsName(std::string_view text);
bool IsJobName(std::string_view text);

}  // namespace tidemill::document
