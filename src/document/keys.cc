#include "document/keys.h"

#include <algorithm>

namespace tidemill::document {

const Key* Section::Find(std::string_view key) const {
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return k.name == key; });
  return found == keys.end() ? nullptr : &*found;
}

std::vector<std::string> Section::KeyNames() const {
  std::vector<std::string> names;
  for (const Key& key : keys) names.emplace_back(key.name);
  return names;
}

std::string_view TypeWords(KeyType type) {
  switch (type) {
    case KeyType::kText:
      return "a text";
    case KeyType::kAnyText:
      return "a text";
    case KeyType::kName:
      return "a name of letters, digits and '_'";
    case KeyType::kJobName:
      return "a name of letters, digits, '.', '_' and '-'";
    case KeyType::kInteger:
      return "a whole number";
    case KeyType::kBoolean:
      return "true or false";
    case KeyType::kChoice:
      return "one of a few words";
    case KeyType::kBytes:
      return "a size like 256MB";
    case KeyType::kDuration:
      return "a duration like 1h";
    case KeyType::kShare:
      return "a share like 5% or 0.05";
    case KeyType::kTime:
      return "a time like 2013-01-31T05:00:00Z";
    case KeyType::kTexts:
      return "a text or a list of texts";
    case KeyType::kValue:
      return "one value";
    case KeyType::kValues:
      return "a list of values";
    case KeyType::kSection:
      return "a map";
    case KeyType::kSections:
      return "a list of maps (each beginning with '- ')";
    case KeyType::kNamed:
      return "a map from names to maps";
    case KeyType::kTextMap:
      return "a map of texts";
    case KeyType::kOverlay:
      return "a map from profile names to parts of the job";
  }
  return "";
}

}  // namespace tidemill::document
