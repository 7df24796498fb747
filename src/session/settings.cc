// SET and RESET.
#include <fmt/format.h>

#include <cctype>
#include <filesystem>

#include "session/error.h"
#include "session/statements.h"

namespace tidemill::session {
namespace {

constexpr const char* kTimeZone = "spark.sql.session.timeZone";

// +01:00, UTC+1, a region of the machine's time zone data, LOCAL.
bool IsTimeZone(const std::string& zone) {
  if (zone == "LOCAL" || zone == "Z" || zone == "UTC" || zone == "GMT") return true;
  std::string_view offset = zone;
  for (const std::string_view prefix : {"UTC", "GMT", "UT"}) {
    if (offset.starts_with(prefix) && offset.size() > prefix.size()) {
      offset.remove_prefix(prefix.size());
      break;
    }
  }
  if (offset.starts_with('+') || offset.starts_with('-')) {
    int digits = 0;
    for (const char c : offset.substr(1)) {
      if (c != ':' && !std::isdigit(static_cast<unsigned char>(c))) return false;
      digits += c != ':';
    }
    return digits >= 1 && digits <= 6;
  }
  if (zone.empty() || zone.find("..") != std::string::npos || zone.starts_with('/')) return false;
  std::error_code ignored;
  return std::filesystem::is_regular_file("/usr/share/zoneinfo/" + zone, ignored) ||
         !std::filesystem::exists("/usr/share/zoneinfo", ignored);
}

}  // namespace

Result<Answer> Run(State& state, const plan::SetCommand& set) {
  if (set.reset) {
    if (set.key) {
      state.conf.erase(*set.key);
    } else {
      state.conf.clear();
    }
    state.SettingChanged(set.key.value_or(""));
    return Nothing();
  }
  if (set.key && set.value) {
    if (*set.key == kTimeZone && !IsTimeZone(*set.value)) {
      return SqlError("INVALID_CONF_VALUE.TIME_ZONE", "22022",
                      fmt::format("The value '{}' in the config \"{}\" is invalid. Cannot resolve the given timezone.",
                                  *set.value, kTimeZone));
    }
    state.conf[*set.key] = *set.value;
    state.SettingChanged(*set.key);
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& [key, value] : state.conf) {
    if (!set.key || *set.key == key) rows.push_back({key, value});
  }
  if (set.key && rows.empty()) rows.push_back({*set.key, "<undefined>"});
  return TextRows({"key", "value"}, std::move(rows));
}

}  // namespace tidemill::session
