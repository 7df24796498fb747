// kernel_pattern_words.h: the English words of date patterns.
#pragma once

#include <string_view>

namespace tidemill::engine::duckdb {

inline constexpr const char* kMonthNames[] = {"January", "February", "March",     "April",   "May",      "June",
                                              "July",    "August",   "September", "October", "November", "December"};
inline constexpr const char* kDayNames[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                            "Thursday", "Friday", "Saturday"};

// Zones by the names Java prints, and reads: those of the United States, of Central Europe, Japan and UTC.
struct ZoneNames {
  std::string_view region;
  int standard_offset_seconds;
  std::string_view short_standard, short_summer, full_standard, full_summer;
};
inline constexpr ZoneNames kZoneNames[] = {
    {"UTC", 0, "UTC", "UTC", "Coordinated Universal Time", "Coordinated Universal Time"},
    {"Etc/UTC", 0, "UTC", "UTC", "Coordinated Universal Time", "Coordinated Universal Time"},
    {"GMT", 0, "GMT", "GMT", "Greenwich Mean Time", "Greenwich Mean Time"},
    {"America/Los_Angeles", -28800, "PST", "PDT", "Pacific Standard Time", "Pacific Daylight Time"},
    {"America/Denver", -25200, "MST", "MDT", "Mountain Standard Time", "Mountain Daylight Time"},
    {"America/Chicago", -21600, "CST", "CDT", "Central Standard Time", "Central Daylight Time"},
    {"America/New_York", -18000, "EST", "EDT", "Eastern Standard Time", "Eastern Daylight Time"},
    {"Europe/Berlin", 3600, "CET", "CEST", "Central European Standard Time", "Central European Summer Time"},
    {"Europe/Paris", 3600, "CET", "CEST", "Central European Standard Time", "Central European Summer Time"},
    {"Asia/Tokyo", 32400, "JST", "JDT", "Japan Standard Time", "Japan Daylight Time"},
};

}  // namespace tidemill::engine::duckdb
