#include "scheduler/cron.h"

#include "base/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <charconv>
#include <span>
#include <string>
#include <vector>

namespace tidemill::scheduler {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::minutes;

constexpr uint32_t kAllHours = (1U << 24) - 1;
constexpr int kMostDays = 9 * 366;  // 29 February may be eight years away

constexpr std::string_view kMonths[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                        "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::string_view kWeekdays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct Field {
  std::string_view name;
  int least;
  int most;
  std::span<const std::string_view> words{};
};
constexpr Field kFields[] = {{"minute", 0, 59},
                             {"hour", 0, 23},
                             {"day of month", 1, 31},
                             {"month", 1, 12, kMonths},
                             {"day of week", 0, 7, kWeekdays}};

constexpr std::pair<std::string_view, std::string_view> kNicknames[] = {
    {"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},  {"@midnight", "0 0 * * *"}, {"@weekly", "0 0 * * 0"},
    {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"},
};

std::optional<int> Value(std::string_view text, const Field& field) {
  int number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code == std::errc{} && end == text.data() + text.size()) {
    return number >= field.least && number <= field.most ? std::optional(number) : std::nullopt;
  }
  std::string lower = LowerAscii(text);
  const auto found = std::find(field.words.begin(), field.words.end(), lower);
  if (found == field.words.end()) return std::nullopt;
  // The months' names begin with 1, the weekdays' with 0.
  return static_cast<int>(found - field.words.begin()) + field.least;
}

// One part of a list: *, a, a-b, each with /step.
bool AddPart(std::string_view part, const Field& field, uint64_t& bits) {
  int step = 1;
  const size_t slash = part.find('/');
  if (slash != std::string_view::npos) {
    const auto text = part.substr(slash + 1);
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), step);
    if (code != std::errc{} || end != text.data() + text.size() || step < 1) return false;
    part = part.substr(0, slash);
  }
  int from = field.least, to = field.most;
  if (part != "*") {
    const size_t dash = part.find('-');
    const auto first = Value(part.substr(0, dash), field);
    if (!first) return false;
    from = *first;
    if (dash != std::string_view::npos) {
      const auto last = Value(part.substr(dash + 1), field);
      if (!last || *last < from) return false;
      to = *last;
    } else if (slash == std::string_view::npos) {
      to = from;
    }
  }
  for (int i = from; i <= to; i += step) bits |= uint64_t{1} << i;
  return true;
}

bool DayMatches(const Cron& cron, local_days day) {
  const std::chrono::year_month_day date(day);
  if ((cron.months >> static_cast<unsigned>(date.month()) & 1) == 0) return false;
  const bool by_date = (cron.days >> static_cast<unsigned>(date.day()) & 1) != 0;
  const bool by_name = (cron.weekdays >> std::chrono::weekday(day).c_encoding() & 1) != 0;
  return cron.any_day || cron.any_weekday ? by_date && by_name : by_date || by_name;
}

// Hours are all hours: time as it passes.
std::optional<Timestamp> NextByPassing(const Cron& cron, const TimeZone& zone, Timestamp after) {
  const Timestamp limit = after + days(kMostDays);
  Timestamp t = after + Micros(1);
  while (t < limit) {
    const LocalTime local = zone.ToLocal(t);
    const auto into = local - floor<minutes>(local);
    const auto day = floor<days>(local);
    Timestamp next;
    if (into.count() != 0) {
      next = t + (minutes(1) - into);
    } else if (!DayMatches(cron, day)) {
      next = zone.FirstAt(LocalTime(day + days(1)));
    } else {
      const auto minute = static_cast<int>(std::chrono::duration_cast<minutes>(local - floor<hours>(local)).count());
      if ((cron.minutes >> minute & 1) != 0) return t;
      const uint64_t later = cron.minutes >> minute;
      next = t + minutes(later == 0 ? 60 - minute : std::countr_zero(later));
    }
    // Past a change of the clocks the minutes count anew.
    t = std::min(std::max(next, t + Micros(1)), std::max(zone.NextChange(t), t + Micros(1)));
  }
  return std::nullopt;
}

std::optional<Timestamp> NextByClock(const Cron& cron, const TimeZone& zone, Timestamp after) {
  // A day early: a time of yesterday that was skipped fires today.
  local_days day = floor<days>(zone.ToLocal(after)) - days(1);
  for (int i = 0; i < kMostDays; ++i, day += days(1)) {
    if (!DayMatches(cron, day)) continue;
    if (zone.FirstAt(LocalTime(day + days(1))) <= after) continue;
    for (int hour = 0; hour < 24; ++hour) {
      if ((cron.hours >> hour & 1) == 0) continue;
      for (uint64_t left = cron.minutes; left != 0; left &= left - 1) {
        const Timestamp t = zone.FirstAt(LocalTime(day + hours(hour) + minutes(std::countr_zero(left))));
        if (t > after) return t;
      }
    }
  }
  return std::nullopt;
}

}  // namespace

Result<Cron> ParseCron(std::string_view text) {
  for (const auto& [name, meaning] : kNicknames) {
    if (text == name) return ParseCron(meaning);
  }
  std::vector<std::string_view> fields;
  for (size_t at = text.find_first_not_of(" \t"); at != std::string_view::npos;) {
    const size_t end = std::min(text.find_first_of(" \t", at), text.size());
    fields.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(" \t", end);
  }
  if (fields.size() != 5) {
    return InvalidArgument(fmt::format(
        "'{}' has {} fields; write five: minute hour day month weekday, like 30 2 * * mon-fri", text, fields.size()));
  }
  uint64_t bits[5] = {};
  for (size_t i = 0; i < 5; ++i) {
    const Field& field = kFields[i];
    std::string_view rest = fields[i];
    bool good = !rest.ends_with(',');
    while (good && !rest.empty()) {
      const size_t comma = std::min(rest.find(','), rest.size());
      good = AddPart(rest.substr(0, comma), field, bits[i]);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    if (!good) {
      return InvalidArgument(fmt::format("'{}' is no {}; write *, {} to {}, a range, a list, or a step like */2",
                                         fields[i], field.name, field.least, field.most));
    }
  }
  Cron cron;
  cron.minutes = bits[0];
  cron.hours = static_cast<uint32_t>(bits[1]);
  cron.days = static_cast<uint32_t>(bits[2]);
  cron.months = static_cast<uint32_t>(bits[3]);
  cron.weekdays = static_cast<uint32_t>((bits[4] | bits[4] >> 7) & 0x7F);
  cron.any_day = fields[2].starts_with('*');
  cron.any_weekday = fields[4].starts_with('*');
  if (!NextFiring(cron, TimeZone(), Timestamp())) {
    return InvalidArgument(fmt::format("'{}' never comes: no month has that day", text));
  }
  return cron;
}

std::optional<Timestamp> NextFiring(const Cron& cron, const TimeZone& zone, Timestamp after) {
  return cron.hours == kAllHours ? NextByPassing(cron, zone, after) : NextByClock(cron, zone, after);
}

}  // namespace tidemill::scheduler
