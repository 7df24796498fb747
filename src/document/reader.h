// Values of one section's keys. The shape is checked before, so that what does not fit is simply taken as absent here.
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "document/yaml.h"

namespace tidemill::document {

class Reader {
 public:
  Reader(const Node& node, std::string path) : node_(node), path_(std::move(path)) {}

  const Node* Get(std::string_view key) const {
    const Node* value = node_.Find(key);
    return value != nullptr && !value->is_null() ? value : nullptr;
  }
  bool Has(std::string_view key) const { return Get(key) != nullptr; }
  std::string Text(std::string_view key, std::string_view otherwise = "") const {
    const Node* value = Get(key);
    return value != nullptr && value->is_scalar() ? value->text : std::string(otherwise);
  }
  bool Bool(std::string_view key) const { return Text(key) == "true"; }
  std::vector<std::string> Texts(std::string_view key) const {
    std::vector<std::string> texts;
    for (const Node* node : TextNodes(key)) texts.push_back(node->text);
    return texts;
  }
  std::vector<const Node*> TextNodes(std::string_view key) const {
    const Node* value = Get(key);
    if (value == nullptr) return {};
    if (value->is_scalar()) return {value};
    std::vector<const Node*> nodes;
    for (const Node& item : value->items) {
      if (item.is_scalar()) nodes.push_back(&item);
    }
    return nodes;
  }
  std::optional<int64_t> Number(std::string_view key) const { return Parsed<int64_t>(Text(key)); }
  std::optional<double> Decimal(std::string_view key) const { return Parsed<double>(Text(key)); }
  std::optional<Micros> Duration(std::string_view key) const {
    const auto duration = ParseDuration(Text(key));
    return duration.ok() ? std::optional(*duration) : std::nullopt;
  }
  std::optional<int64_t> Bytes(std::string_view key) const {
    const auto bytes = ParseBytes(Text(key));
    return bytes.ok() ? std::optional(*bytes) : std::nullopt;
  }
  std::optional<Timestamp> Time(std::string_view key) const {
    const auto time = ParseTimestamp(Text(key));
    return time.ok() ? std::optional(*time) : std::nullopt;
  }
  Place At(std::string_view key) const {
    const Node* value = node_.Find(key);
    return value != nullptr ? value->at : node_.at;
  }
  std::string Path(std::string_view key) const {
    return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
  }
  const std::string& path() const { return path_; }
  const Node& node() const { return node_; }

 private:
  template <typename T>
  static std::optional<T> Parsed(const std::string& text) {
    T number{};
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    return code == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
  }

  const Node& node_;
  std::string path_;
};

}  // namespace tidemill::document
