#include "scheduler/zone.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

namespace tidemill::scheduler {
namespace {

using std::chrono::seconds;

constexpr int kLastYear = 2400;
constexpr size_t kHeaderBytes = 44;

int64_t BigEndian(std::string_view bytes) {
  uint64_t value = (static_cast<unsigned char>(bytes[0]) & 0x80) != 0 ? ~uint64_t{0} : 0;
  for (const unsigned char c : bytes) value = value << 8 | c;
  return static_cast<int64_t>(value);
}

struct Counts {
  size_t ut = 0, standard = 0, leaps = 0, times = 0, types = 0, letters = 0;
  size_t Bytes(size_t time_bytes) const {
    return times * (time_bytes + 1) + types * 6 + letters + leaps * (time_bytes + 4) + standard + ut;
  }
};

std::optional<Counts> ReadHeader(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || !bytes.starts_with("TZif")) return std::nullopt;
  Counts counts;
  size_t* fields[] = {&counts.ut, &counts.standard, &counts.leaps, &counts.times, &counts.types, &counts.letters};
  for (size_t i = 0; i < 6; ++i) {
    const int64_t n = BigEndian(bytes.substr(20 + i * 4, 4));
    if (n < 0 || n > 1'000'000) return std::nullopt;
    *fields[i] = static_cast<size_t>(n);
  }
  return counts.types > 0 ? std::optional(counts) : std::nullopt;
}

// A day of the year on which a rule changes the clocks, and the second of that day by the clocks before the change.
struct ChangeDay {
  enum class Kind { kJulian, kZeroBased, kWeekday } kind = Kind::kWeekday;
  int month = 0, week = 0, day = 0;
  int64_t time_s = 7200;

  int64_t LocalSeconds(int year) const {
    using namespace std::chrono;
    const sys_days first = sys_days(std::chrono::year(year) / January / 1);
    sys_days date = first + days(day);
    if (kind == Kind::kJulian) {  // 1 to 365, 29 February is never counted
      date = first + days(day - 1 + (std::chrono::year(year).is_leap() && day >= 60 ? 1 : 0));
    } else if (kind == Kind::kWeekday) {
      const auto in = std::chrono::year(year) / std::chrono::month(static_cast<unsigned>(month));
      const weekday name(static_cast<unsigned>(day));
      date = week == 5 ? sys_days(in / name[last]) : sys_days(in / name[static_cast<unsigned>(week)]);
    }
    return duration_cast<seconds>(date.time_since_epoch()).count() + time_s;
  }
};

// The rule in the last line of a file: POSIX's TZ, with RFC 9636's hours of -167 to 167.
class RuleReader {
 public:
  explicit RuleReader(std::string_view text) : text_(text) {}

  struct Rule {
    int32_t standard_s = 0;
    std::optional<int32_t> summer_s;
    ChangeDay start, end;
  };

  std::optional<Rule> Read() {
    Rule rule;
    int64_t offset = 0;
    if (!SkipName() || !Time(offset)) return std::nullopt;
    rule.standard_s = static_cast<int32_t>(-offset);
    if (text_.empty()) return rule;
    if (!SkipName()) return std::nullopt;
    offset -= 3600;
    if (!text_.starts_with(',') && !Time(offset)) return std::nullopt;
    rule.summer_s = static_cast<int32_t>(-offset);
    if (!Day(rule.start) || !Day(rule.end) || !text_.empty()) return std::nullopt;
    return rule;
  }

 private:
  bool Take(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool SkipName() {
    if (Take('<')) {
      const size_t end = text_.find('>');
      if (end == std::string_view::npos) return false;
      text_.remove_prefix(end + 1);
      return true;
    }
    size_t n = 0;
    while (n < text_.size() && std::isalpha(static_cast<unsigned char>(text_[n]))) ++n;
    text_.remove_prefix(n);
    return n >= 3;
  }
  bool Number(int64_t& out) {
    size_t n = 0;
    out = 0;
    while (n < text_.size() && n < 6 && std::isdigit(static_cast<unsigned char>(text_[n]))) {
      out = out * 10 + (text_[n++] - '0');
    }
    text_.remove_prefix(n);
    return n > 0;
  }
  bool Time(int64_t& out) {  // [+-]hh[:mm[:ss]]
    const int sign = Take('-') ? -1 : (Take('+'), 1);
    int64_t hours = 0, minutes = 0, secs = 0;
    if (!Number(hours)) return false;
    if (Take(':') && !Number(minutes)) return false;
    if (Take(':') && !Number(secs)) return false;
    out = sign * (hours * 3600 + minutes * 60 + secs);
    return true;
  }
  bool Day(ChangeDay& out) {
    if (!Take(',')) return false;
    int64_t month = 0, week = 0, day = 0;
    if (Take('M')) {
      if (!Number(month) || !Take('.') || !Number(week) || !Take('.') || !Number(day)) return false;
      if (month < 1 || month > 12 || week < 1 || week > 5 || day > 6) return false;
    } else {
      out.kind = Take('J') ? ChangeDay::Kind::kJulian : ChangeDay::Kind::kZeroBased;
      if (!Number(day) || day > 365) return false;
    }
    out.month = static_cast<int>(month);
    out.week = static_cast<int>(week);
    out.day = static_cast<int>(day);
    return !Take('/') || Time(out.time_s);
  }

  std::string_view text_;
};

Error NoZone(const std::string& name) { return DataLoss(fmt::format("the file of time zone {} is damaged", name)); }

}  // namespace

Result<TimeZone> TimeZone::Parse(std::string name, std::string_view bytes) {
  const auto first = ReadHeader(bytes);
  // Version 1 has 32-bit times and no rule; every tz database since 2007 writes at least version 2 behind it.
  if (!first || bytes[4] < '2') return NoZone(name);
  constexpr size_t kTimeBytes = 8;
  const size_t second = kHeaderBytes + first->Bytes(4);
  if (bytes.size() < second) return NoZone(name);
  bytes.remove_prefix(second);
  const auto counts = ReadHeader(bytes);
  if (!counts || bytes.size() < kHeaderBytes + counts->Bytes(kTimeBytes)) return NoZone(name);
  bytes.remove_prefix(kHeaderBytes);
  const auto times = bytes.substr(0, counts->times * kTimeBytes);
  const auto types = bytes.substr(times.size(), counts->times);
  const auto infos = bytes.substr(times.size() + types.size(), counts->types * 6);
  const auto offset_of = [&](size_t type) { return static_cast<int32_t>(BigEndian(infos.substr(type * 6, 4))); };

  TimeZone zone;
  zone.name_ = std::move(name);
  zone.spans_ = {{INT64_MIN / 4, offset_of(0)}};
  for (size_t i = 0; i < counts->times; ++i) {
    const auto type = static_cast<unsigned char>(types[i]);
    if (type >= counts->types) return NoZone(zone.name_);
    zone.spans_.push_back({BigEndian(times.substr(i * kTimeBytes, kTimeBytes)), offset_of(type)});
  }
  std::string_view rest = bytes.substr(counts->Bytes(kTimeBytes));
  if (!rest.starts_with('\n') || !rest.ends_with('\n') || rest.size() < 2) return NoZone(zone.name_);
  rest = rest.substr(1, rest.size() - 2);
  if (rest.empty()) return zone;
  const auto rule = RuleReader(rest).Read();
  if (!rule) return NoZone(zone.name_);
  const int64_t last = counts->times == 0 ? INT64_MIN / 4 : zone.spans_.back().from_s;
  if (!rule->summer_s) {
    if (counts->times == 0) zone.spans_.front().offset_s = rule->standard_s;
    return zone;
  }
  std::vector<Span> later;
  for (int year = 1970; year <= kLastYear; ++year) {
    later.push_back({rule->start.LocalSeconds(year) - rule->standard_s, *rule->summer_s});
    later.push_back({rule->end.LocalSeconds(year) - *rule->summer_s, rule->standard_s});
  }
  std::stable_sort(later.begin(), later.end(), [](const Span& a, const Span& b) { return a.from_s < b.from_s; });
  for (const Span& span : later) {
    if (span.from_s > last && span.offset_s != zone.spans_.back().offset_s) zone.spans_.push_back(span);
  }
  return zone;
}

size_t TimeZone::SpanOf(int64_t at) const {
  const auto after =
      std::upper_bound(spans_.begin(), spans_.end(), at, [](int64_t s, const Span& span) { return s < span.from_s; });
  return static_cast<size_t>(after - spans_.begin()) - (after == spans_.begin() ? 0 : 1);
}

LocalTime TimeZone::ToLocal(Timestamp t) const {
  const auto whole = std::chrono::floor<seconds>(t).time_since_epoch().count();
  return LocalTime(t.time_since_epoch() + seconds(spans_[SpanOf(whole)].offset_s));
}

Timestamp TimeZone::FirstAt(LocalTime local) const {
  constexpr int64_t kMostOffset = 2 * 86400;
  const Micros wall = local.time_since_epoch();
  const auto whole = std::chrono::floor<seconds>(wall).count();
  for (size_t i = SpanOf(whole - kMostOffset);; ++i) {
    const Micros instant = wall - seconds(spans_[i].offset_s);
    if (i + 1 < spans_.size() && instant >= seconds(spans_[i + 1].from_s)) continue;
    // Before the span begins: the clocks were put forward over `local`.
    return Timestamp(spans_[i].from_s > INT64_MIN / 8 ? std::max(instant, Micros(seconds(spans_[i].from_s))) : instant);
  }
}

Timestamp TimeZone::NextChange(Timestamp t) const {
  const auto whole = std::chrono::floor<seconds>(t).time_since_epoch().count();
  const size_t next = SpanOf(whole) + 1;
  return next < spans_.size() ? Timestamp(seconds(spans_[next].from_s)) : Timestamp::max();
}

}  // namespace tidemill::scheduler
