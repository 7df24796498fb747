// A table of keys as JSON Schema (draft 2020-12), for editors.
#pragma once

#include <string>
#include <string_view>

#include "document/keys.h"

namespace tidemill::document {

std::string JsonSchema(const Section& root, std::string_view title);

// A kind of file that has another table where `key` is `word`.
struct Variant {
  std::string_view key;
  std::string_view word;
  const Section& section;
};
std::string JsonSchema(const Section& root, const Variant& variant, std::string_view title);

}  // namespace tidemill::document
