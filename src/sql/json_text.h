// json_text.h: JSON text as a tree, read as Spark's Jackson reads it: single quotes and raw control characters are
// taken, duplicate and ordered keys are kept, numbers stay as written. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plan/type.h"

namespace tidemill::sql {

struct JsonNode {
  enum class Kind { kNull, kTrue, kFalse, kInteger, kFraction, kString, kArray, kObject };
  Kind kind = Kind::kNull;
  std::string text{};               // a number as written; a string's characters
  std::vector<JsonNode> items{};    // of an array; of an object, its values
  std::vector<std::string> keys{};  // of an object, parallel to items
};

// The first value of the text; what follows it is not looked at. Nothing for text that is no JSON or has no value.
std::optional<JsonNode> ParseJson(std::string_view text);
// Compact, with Jackson's escapes; fractions as Java prints doubles.
std::string WriteJson(const JsonNode& node);
std::string QuoteJson(std::string_view text);

// The type schema_of_json infers: fields by name, whole numbers BIGINT, others DOUBLE, NULL STRING.
plan::DataType JsonType(const JsonNode& node);

}  // namespace tidemill::sql
