// Reading the members of one JSON object into plain values, without exceptions: the first wrong member is remembered.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tidemill::delta {

using Json = nlohmann::json;

// Text of any JSON value; never throws, whatever bytes a string holds.
template <typename AnyJson>
std::string Dump(const AnyJson& json) {
  return json.dump(-1, ' ', false, AnyJson::error_handler_t::replace);
}

// A plain `out` is required, an optional one may be absent or null.
class Fields {
 public:
  Fields(const Json& object, std::string_view action, std::string_view where)
      : object_(object), action_(action), where_(where) {}

  template <typename T>
  void Get(const char* name, T& out) {
    const Json* member = Find(name);
    if (member == nullptr) {
      Fail(name, "is missing");
    } else if (!Convert(*member, out)) {
      Fail(name, "is of the wrong type");
    }
  }
  template <typename T>
  void Get(const char* name, std::optional<T>& out) {
    if (const Json* member = Find(name)) {
      T value{};
      if (Convert(*member, value)) {
        out = std::move(value);
      } else {
        Fail(name, "is of the wrong type");
      }
    }
  }
  // Absent or null leaves `out` as it is.
  template <typename T>
  void GetOr(const char* name, T& out) {
    if (Find(name) != nullptr) Get(name, out);
  }
  // For members whose type nobody promises: what does not fit counts as absent.
  template <typename T>
  void GetIfFits(const char* name, std::optional<T>& out) {
    const Json* member = Find(name);
    T value{};
    if (member != nullptr && Convert(*member, value)) out = std::move(value);
  }

  const Json* Find(const char* name) const {
    const auto found = object_.find(name);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }
  void Fail(std::string_view name, std::string_view what) {
    if (!error_) error_ = DataLoss(fmt::format("{}: '{}' of the action '{}' {}", where_, name, action_, what));
  }
  Status status() const {
    if (error_) return *error_;
    return Ok();
  }
  std::string_view where() const { return where_; }

 private:
  static bool Convert(const Json& json, std::string& out) {
    if (!json.is_string()) return false;
    out = json.get_ref<const std::string&>();
    return true;
  }
  static bool Convert(const Json& json, bool& out) {
    if (!json.is_boolean()) return false;
    out = json.get<bool>();
    return true;
  }
  static bool Convert(const Json& json, int64_t& out) {
    if (!json.is_number_integer()) return false;
    out = json.get<int64_t>();
    return true;
  }
  static bool Convert(const Json& json, int32_t& out) {
    int64_t wide = 0;
    if (!Convert(json, wide) || wide != static_cast<int32_t>(wide)) return false;
    out = static_cast<int32_t>(wide);
    return true;
  }
  static bool Convert(const Json& json, std::vector<std::string>& out) {
    if (!json.is_array()) return false;
    out.resize(json.size());
    for (size_t i = 0; i < json.size(); ++i) {
      if (!Convert(json[i], out[i])) return false;
    }
    return true;
  }
  // A value that is no string is taken as its JSON text: writers differ in what they put into maps.
  static bool Convert(const Json& json, std::map<std::string, std::string>& out) {
    if (!json.is_object()) return false;
    for (const auto& [key, value] : json.items()) {
      if (!value.is_null()) out[key] = value.is_string() ? value.get_ref<const std::string&>() : Dump(value);
    }
    return true;
  }
  static bool Convert(const Json& json, std::map<std::string, std::optional<std::string>>& out) {
    if (!json.is_object()) return false;
    for (const auto& [key, value] : json.items()) {
      std::optional<std::string>& slot = out[key];
      if (!value.is_null()) slot = value.is_string() ? value.get_ref<const std::string&>() : Dump(value);
    }
    return true;
  }

  const Json& object_;
  std::string_view action_;
  std::string_view where_;
  std::optional<Error> error_;
};

}  // namespace tidemill::delta
