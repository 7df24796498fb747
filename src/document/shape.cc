#include "document/shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "base/names.h"
#include "base/units.h"

namespace tidemill::document {
namespace {

constexpr size_t kShortList = 8;

std::string Quoted(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

bool IsWholeNumber(std::string_view text) {
  int64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  return code == std::errc{} && end == text.data() + text.size() && number >= 0;
}

class Checker {
 public:
  explicit Checker(Diagnostics& out) : out_(out) {}

  void CheckSection(const Node& node, const Section& section, const std::string& path) {
    if (!node.is_map()) {
      out_.Error(node.at, path, fmt::format("must be a map of keys, this is {}", KindName(node.kind)),
                 fmt::format("its keys are {}", Quoted(section.KeyNames())));
      return;
    }
    for (const Entry& entry : node.entries) CheckEntry(entry, section, path);
    for (const Key& key : section.keys) {
      if (key.required && node.Find(key.name) == nullptr) {
        out_.Error(node.at, Join(path, key.name), "is missing", fmt::format("add it: {}", FirstSentence(key)));
      }
    }
  }

 private:
  static std::string Join(const std::string& path, std::string_view key) {
    return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
  }

  static std::string FirstSentence(const Key& key) {
    const auto end = key.description.find(". ");
    std::string_view sentence = key.description.substr(0, end);
    if (sentence.ends_with('.')) sentence.remove_suffix(1);
    return std::string(sentence);
  }

  void CheckEntry(const Entry& entry, const Section& section, const std::string& path) {
    const std::string inside = Join(path, entry.key);
    const Key* key = section.Find(entry.key);
    if (key == nullptr) {
      const std::string hint = entry.key == "<<" ? "YAML merge keys are not read; write the keys out"
                                                 : Suggest(entry.key, section.KeyNames());
      out_.Error(entry.at, inside, "unknown key", hint);
    } else if (entry.value.is_null()) {
      out_.Error(entry.at, inside, "has no value",
                 fmt::format("write {}{}", TypeWords(key->type),
                             key->type == KeyType::kAnyText ? "; \"\" is the empty text" : ", or remove the key"));
    } else {
      CheckValue(entry.value, *key, inside);
    }
  }

  void CheckValue(const Node& node, const Key& key, const std::string& path) {
    switch (key.type) {
      case KeyType::kTexts:
        return CheckTexts(node, key, path);
      case KeyType::kValues:
        return CheckValues(node, path);
      case KeyType::kSection:
        return CheckSection(node, *key.section, path);
      case KeyType::kSections:
        return CheckSections(node, key, path);
      case KeyType::kNamed:
        return CheckNamed(node, key, path);
      case KeyType::kTextMap:
        return CheckTextMap(node, key, path);
      case KeyType::kOverlay:
        return;  // taken out before
      default:
        return CheckScalar(node, key, path);
    }
  }

  void WrongKind(const Node& node, const Key& key, const std::string& path) {
    out_.Error(node.at, path, fmt::format("must be {}, this is {}", TypeWords(key.type), KindName(node.kind)));
  }

  void CheckScalar(const Node& node, const Key& key, const std::string& path) {
    if (!node.is_scalar()) return WrongKind(node, key, path);
    if (node.text.empty() && key.type != KeyType::kAnyText && key.type != KeyType::kValue) {
      out_.Error(node.at, path, "is empty", fmt::format("write {}", TypeWords(key.type)));
      return;
    }
    if (key.type == KeyType::kChoice) return CheckChoice(node, key, path);
    if (!Fits(node, key.type)) {
      out_.Error(node.at, path, fmt::format("'{}' is not {}", node.text, TypeWords(key.type)));
    }
  }

  static bool Fits(const Node& node, KeyType type) {
    switch (type) {
      case KeyType::kName:
        return IsName(node.text);
      case KeyType::kJobName:
        return IsJobName(node.text);
      case KeyType::kInteger:
        return IsWholeNumber(node.text);
      case KeyType::kBoolean:
        return node.text == "true" || node.text == "false";
      case KeyType::kBytes:
        return ParseBytes(node.text).ok();
      case KeyType::kDuration:
        return ParseDuration(node.text).ok();
      case KeyType::kShare:
        return ParseShare(node.text).has_value();
      case KeyType::kTime:
        return ParseTimestamp(node.text).ok();
      default:
        return true;
    }
  }

  void CheckChoice(const Node& node, const Key& key, const std::string& path) {
    if (std::find(key.allowed.begin(), key.allowed.end(), node.text) != key.allowed.end()) return;
    const std::vector<std::string> words(key.allowed.begin(), key.allowed.end());
    const auto nearest = NearestName(node.text, words);
    out_.Error(node.at, path, fmt::format("'{}' is not one of {}", node.text, Quoted(words)),
               nearest ? fmt::format("did you mean '{}'?", *nearest) : "");
  }

  void CheckTexts(const Node& node, const Key& key, const std::string& path) {
    if (node.is_map()) return WrongKind(node, key, path);
    if (node.is_scalar() && node.text.empty()) {
      out_.Error(node.at, path, "is empty", fmt::format("write {}", TypeWords(key.type)));
    }
    if (node.is_list() && node.items.empty()) {
      out_.Error(node.at, path, "is an empty list", "write at least one, or remove the key");
    }
    for (const Node& item : node.items) {
      if (!item.is_scalar()) {
        out_.Error(item.at, path, fmt::format("its items must be texts, this is {}", KindName(item.kind)));
      } else if (item.text.empty()) {
        out_.Error(item.at, path, "has an empty item");
      }
    }
  }

  void CheckValues(const Node& node, const std::string& path) {
    if (!node.is_list() || node.items.empty()) {
      out_.Error(node.at, path, "must be a list of values, like [1, 2, 3]");
    }
    for (const Node& item : node.items) {
      if (item.is_list() || item.is_map()) {
        out_.Error(item.at, path, fmt::format("its items must be single values, this is {}", KindName(item.kind)));
      }
    }
  }

  void CheckSections(const Node& node, const Key& key, const std::string& path) {
    if (!node.is_list()) return WrongKind(node, key, path);
    for (size_t i = 0; i < node.items.size(); ++i) {
      const Node* name = node.items[i].Find("name");
      const std::string label = name != nullptr && name->is_scalar() ? name->text : std::to_string(i);
      CheckSection(node.items[i], *key.section, fmt::format("{}[{}]", path, label));
    }
  }

  void CheckNamed(const Node& node, const Key& key, const std::string& path) {
    if (!node.is_map()) return WrongKind(node, key, path);
    if (node.entries.empty()) out_.Error(node.at, path, "is empty", "name at least one");
    for (const Entry& entry : node.entries) {
      if (!IsName(entry.key)) {
        out_.Error(entry.at, Join(path, entry.key),
                   fmt::format("'{}' is not a name of letters, digits and '_'", entry.key));
      }
      CheckSection(entry.value, *key.section, Join(path, entry.key));
    }
  }

  void CheckTextMap(const Node& node, const Key& key, const std::string& path) {
    if (!node.is_map()) return WrongKind(node, key, path);
    for (const Entry& entry : node.entries) {
      if (!entry.value.is_scalar()) {
        out_.Error(entry.value.at, Join(path, entry.key),
                   fmt::format("must be a text, this is {}", KindName(entry.value.kind)));
      }
    }
  }

  Diagnostics& out_;
};

}  // namespace

void CheckShape(const Node& root, const Section& section, Diagnostics& out) {
  Checker(out).CheckSection(root, section, "");
}

std::string Suggest(std::string_view name, const std::vector<std::string>& candidates) {
  if (const auto nearest = NearestName(name, candidates)) return fmt::format("did you mean '{}'?", *nearest);
  if (candidates.empty() || candidates.size() > kShortList) return "";
  return fmt::format("there {} {}", candidates.size() == 1 ? "is only" : "are", Quoted(candidates));
}

std::optional<double> ParseShare(std::string_view text) {
  double number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (code != std::errc{} || !std::isfinite(number)) return std::nullopt;
  std::string_view rest = text.substr(static_cast<size_t>(end - text.data()));
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  if (rest == "%") {
    number /= 100;
  } else if (!rest.empty()) {
    return std::nullopt;
  }
  return number >= 0 && number <= 1 ? std::optional(number) : std::nullopt;
}

bool IsName(std::string_view text) {
  return !text.empty() && !std::isdigit(static_cast<unsigned char>(text[0])) &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

bool IsJobName(std::string_view text) {
  return !text.empty() && text.size() <= 128 && (std::isalnum(static_cast<unsigned char>(text[0])) || text[0] == '_') &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '.' || c == '-'; });
}

}  // namespace tidemill::document
