#include "scheduler/cron.h"

#include <gtest/gtest.h>
#include <time.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

namespace tidemill::scheduler {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const fs::path kZones = "/usr/share/zoneinfo";

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TimeZone Zone(const std::string& name) {
  auto zone = TimeZone::Parse(name, ReadFile(kZones / name));
  EXPECT_TRUE(zone.ok()) << name;
  return zone.ok() ? *zone : TimeZone();
}

std::vector<std::string> AllZones() {
  std::vector<std::string> names;
  std::set<std::string> contents;  // most names are one of several for the same clocks
  for (const auto& entry : fs::recursive_directory_iterator(kZones)) {
    const std::string name = fs::relative(entry.path(), kZones).string();
    if (!entry.is_regular_file() || name.starts_with("posix/") || name.starts_with("right/")) continue;
    const std::string bytes = ReadFile(entry.path());
    if (bytes.starts_with("TZif") && contents.insert(bytes).second) names.push_back(name);
  }
  return names;
}

// The C library's own reading of the zone, chosen by TZ.
int64_t LibraryOffset(int64_t at) {
  const time_t when = at;
  tm local{};
  localtime_r(&when, &local);
  return local.tm_gmtoff;
}

void UseInLibrary(const std::string& zone) {
  setenv("TZ", (":" + zone).c_str(), 1);
  tzset();
}

Timestamp At(const std::string& text) { return *ParseTimestamp(text); }

TEST(Zone, AllZonesShowWhatTheCLibraryShows) {
  const auto zones = AllZones();
  ASSERT_GT(zones.size(), 250U);
  for (const auto& name : zones) {
    const TimeZone zone = Zone(name);
    UseInLibrary(name);
    int differences = 0;
    const auto compare = [&](Timestamp t) {
      const int64_t ours =
          std::chrono::duration_cast<seconds>(zone.ToLocal(t).time_since_epoch() - t.time_since_epoch()).count();
      if (ours != LibraryOffset(t.time_since_epoch().count() / 1'000'000) && differences++ == 0) {
        ADD_FAILURE() << name << " at " << FormatTimestamp(t);
      }
    };
    for (Timestamp t = At("1902-01-01"); t < At("2120-01-01"); t += hours(24 * 11)) compare(t);
    for (Timestamp t = zone.NextChange(At("1902-01-01")); t < At("2120-01-01"); t = zone.NextChange(t)) {
      for (const int s : {-1, 0, 1}) compare(t + seconds(s));
    }
  }
  UseInLibrary("UTC");
}

// What the header of cron.h promises, minute by minute by the C library's clock.
std::set<Timestamp> Expected(const Cron& cron, Timestamp from, Timestamp to) {
  const bool passing = cron.hours == (1U << 24) - 1;
  std::set<Timestamp> firings;
  std::map<int64_t, Timestamp> first;  // of each minute the clocks show
  int64_t newest = INT64_MIN;
  for (Timestamp t = from - hours(30); t < to; t += seconds(30)) {
    const int64_t at = t.time_since_epoch().count() / 1'000'000;
    const int64_t local = at + LibraryOffset(at);
    // A gap: every minute that was skipped belongs to the instant after it.
    if (newest != INT64_MIN) {
      for (int64_t skipped = (newest / 60 + 1) * 60; skipped <= local && !passing; skipped += 60)
        first.emplace(skipped, t);
    }
    if (local > newest) newest = local;
    if (local % 60 == 0 && passing) first.emplace(at * 1000000, t);
  }
  for (const auto& [key, t] : first) {
    const int64_t at = t.time_since_epoch().count() / 1'000'000;
    const int64_t local = passing ? at + LibraryOffset(at) : key;
    const auto day = std::chrono::local_days(std::chrono::days(local / 86400));
    const std::chrono::year_month_day date(day);
    const int minute = static_cast<int>(local / 60 % 60), hour = static_cast<int>(local / 3600 % 24);
    const bool by_date = (cron.days >> static_cast<unsigned>(date.day()) & 1) != 0;
    const bool by_name = (cron.weekdays >> std::chrono::weekday(day).c_encoding() & 1) != 0;
    const bool day_matches = cron.any_day || cron.any_weekday ? by_date && by_name : by_date || by_name;
    const bool matches = day_matches && (cron.minutes >> minute & 1) != 0 && (cron.hours >> hour & 1) != 0 &&
                         (cron.months >> static_cast<unsigned>(date.month()) & 1) != 0;
    if (matches && t > from && t < to) firings.insert(t);
  }
  return firings;
}

TEST(Cron, FiresRightAcrossEveryChangeOfTheClocksInAllZones) {
  const char* lines[] = {"30 2 * * *", "0,30 1-3 * * *", "15 * * * *",  "*/20 * * * *",
                         "0 0 * * *",  "45 23,0 * * *",  "30 2 * * sun"};
  const bool full = std::getenv("TIDEMILL_FULL") != nullptr;
  const Timestamp first = At(full ? "2005-01-01" : "2024-01-01"), last = At(full ? "2031-01-01" : "2026-01-01");
  int changes = 0, firings = 0;
  for (const auto& name : AllZones()) {
    const TimeZone zone = Zone(name);
    UseInLibrary(name);
    for (Timestamp change = zone.NextChange(first); change < last; change = zone.NextChange(change)) {
      ++changes;
      for (const auto* line : lines) {
        const Cron cron = *ParseCron(line);
        const Timestamp from = change - hours(30), to = change + hours(30);
        std::set<Timestamp> ours;
        for (auto t = NextFiring(cron, zone, from); t && *t < to; t = NextFiring(cron, zone, *t)) ours.insert(*t);
        firings += static_cast<int>(ours.size());
        ASSERT_EQ(ours, Expected(cron, from, to)) << name << " '" << line << "' around " << FormatTimestamp(change);
      }
    }
  }
  UseInLibrary("UTC");
  EXPECT_GT(changes, 300);
  EXPECT_GT(firings, 30000);
}

TEST(Cron, KnownFirings) {
  const TimeZone new_york = Zone("America/New_York");
  const auto next = [&](const char* line, const char* after) {
    return FormatTimestamp(*NextFiring(*ParseCron(line), new_york, At(after)));
  };
  EXPECT_EQ(next("30 2 * * *", "2013-03-10T05:00:00Z"), "2013-03-10T07:00:00Z");  // 02:30 is skipped: at 03:00
  EXPECT_EQ(next("30 1 * * *", "2013-11-03T05:30:00Z"), "2013-11-04T06:30:00Z");  // 01:30 came already
  EXPECT_EQ(next("30 * * * *", "2013-11-03T05:30:00Z"), "2013-11-03T06:30:00Z");  // and comes again
  EXPECT_EQ(next("0 0 29 2 *", "2096-03-01"), "2104-02-29T05:00:00Z");
  EXPECT_EQ(next("0 12 13 * fri", "2013-01-01"), "2013-01-04T17:00:00Z");
}

TEST(Cron, MistakesAreNamed) {
  for (const char* line :
       {"", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "*/0 * * * *", "5-1 * * * *",
        "1,, * * * *", "1, * * * *", "0 0 30 2 *", "x * * * *", "@often"}) {
    EXPECT_FALSE(ParseCron(line).ok()) << line;
  }
  EXPECT_TRUE(ParseCron("0 0 * JAN-mar,Dec MON-fri/2,7").ok());
}

TEST(Zone, DamagedFilesAreRefused) {
  const std::string whole = ReadFile(kZones / "Europe/Berlin");
  for (size_t n = 0; n < whole.size(); n += 7) EXPECT_FALSE(TimeZone::Parse("x", whole.substr(0, n)).ok()) << n;
}

}  // namespace
}  // namespace tidemill::scheduler
