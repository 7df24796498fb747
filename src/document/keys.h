// The language of a kind of file as data: every section, its keys, their types, defaults and words of description.
//
// One table drives the check of a file's shape, the nearest-spelling suggestions and the JSON Schema that editors use.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tidemill::document {

enum class KeyType {
  kText,      // not empty
  kAnyText,   // may be empty: null_text: ""
  kName,      // letters, digits and '_', not beginning with a digit: what SQL can write without quotes
  kJobName,   // letters, digits, '.', '_' and '-'
  kInteger,   // not negative
  kBoolean,   // true, false
  kChoice,    // one of `allowed`
  kBytes,     // 256MB
  kDuration,  // 1h
  kShare,     // 5%, 0.05
  kTime,      // 2013-01-31T05:00:00Z
  kTexts,     // one text or a list of texts
  kValue,     // a constant: number, text, true, false
  kValues,    // a list of constants, null among them
  kSection,   // a map with the keys of `section`
  kSections,  // a list of those
  kNamed,     // a map from a name to those
  kTextMap,   // a map from any text to a text
  kOverlay,   // a map from a name to a part of the whole job
};

struct Section;

struct Key {
  std::string_view name;
  KeyType type = KeyType::kText;
  bool required = false;
  std::string_view default_text;  // as the user would write it; empty: none
  std::string_view description;
  std::span<const std::string_view> allowed{};
  const Section* section = nullptr;
};

struct Section {
  std::string_view name;  // "source", "check": the name of its definition in the JSON Schema
  std::string_view description;
  std::span<const Key> keys;

  const Key* Find(std::string_view key) const;
  std::vector<std::string> KeyNames() const;
};

// What a user can write for a key of this type: "a size like 256MB".
std::string_view TypeWords(KeyType type);

}  // namespace tidemill::document
