#include "base/units.h"

#include "base/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

namespace tidemill {
namespace {

struct UnitName {
  std::string_view name;
  int64_t factor;
};

constexpr UnitName kByteUnits[] = {
    {"", 1},           {"b", 1},           {"k", 1LL << 10}, {"kb", 1LL << 10}, {"kib", 1LL << 10}, {"m", 1LL << 20},
    {"mb", 1LL << 20}, {"mib", 1LL << 20}, {"g", 1LL << 30}, {"gb", 1LL << 30}, {"gib", 1LL << 30}, {"t", 1LL << 40},
    {"tb", 1LL << 40}, {"tib", 1LL << 40},
};

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr UnitName kTimeUnits[] = {
    {"us", 1},
    {"ms", 1000},
    {"s", kMicrosPerSecond},
    {"sec", kMicrosPerSecond},
    {"second", kMicrosPerSecond},
    {"seconds", kMicrosPerSecond},
    {"m", 60 * kMicrosPerSecond},
    {"min", 60 * kMicrosPerSecond},
    {"minute", 60 * kMicrosPerSecond},
    {"minutes", 60 * kMicrosPerSecond},
    {"h", 3600 * kMicrosPerSecond},
    {"hour", 3600 * kMicrosPerSecond},
    {"hours", 3600 * kMicrosPerSecond},
    {"d", 86400 * kMicrosPerSecond},
    {"day", 86400 * kMicrosPerSecond},
    {"days", 86400 * kMicrosPerSecond},
    {"w", 7 * 86400 * kMicrosPerSecond},
    {"week", 7 * 86400 * kMicrosPerSecond},
    {"weeks", 7 * 86400 * kMicrosPerSecond},
};

template <size_t N>
const UnitName* FindUnit(const UnitName (&units)[N], std::string_view name) {
  const auto* found = std::find_if(std::begin(units), std::end(units), [&](const auto& u) { return u.name == name; });
  return found == std::end(units) ? nullptr : found;
}

// Takes "12.5 unit" from the front of `text`; none when it does not start with a number.
std::optional<std::pair<double, std::string_view>> TakeQuantity(std::string_view& text) {
  double number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (code != std::errc{} || !std::isfinite(number)) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  while (text.starts_with(' ')) text.remove_prefix(1);
  size_t length = 0;
  while (length < text.size() && std::isalpha(static_cast<unsigned char>(text[length]))) ++length;
  const auto unit = text.substr(0, length);
  text.remove_prefix(length);
  while (text.starts_with(' ')) text.remove_prefix(1);
  return std::pair{number, unit};
}

bool Representable(double value) { return value >= 0 && value < 9.2e18; }

class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}
  bool Take(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool TakeDigits(size_t least, size_t most, int& out) {
    size_t n = 0;
    int value = 0;
    while (n < most && n < text_.size() && std::isdigit(static_cast<unsigned char>(text_[n]))) {
      value = value * 10 + (text_[n++] - '0');
    }
    if (n < least) return false;
    text_.remove_prefix(n);
    out = value;
    last_digits_ = n;
    return true;
  }
  size_t last_digits() const { return last_digits_; }
  bool done() const { return text_.empty(); }

 private:
  std::string_view text_;
  size_t last_digits_ = 0;
};

}  // namespace

Result<int64_t> ParseBytes(std::string_view text) {
  const std::string lower = LowerAscii(text);
  std::string_view rest = lower;
  const auto quantity = TakeQuantity(rest);
  const UnitName* unit = quantity ? FindUnit(kByteUnits, quantity->second) : nullptr;
  if (unit == nullptr || !rest.empty() || !Representable(quantity->first * static_cast<double>(unit->factor))) {
    return InvalidArgument(fmt::format("'{}' is not a size; write a number and B, KB, MB, GB or TB, like 4GB", text));
  }
  return static_cast<int64_t>(quantity->first * static_cast<double>(unit->factor));
}

std::string FormatBytes(int64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  constexpr std::string_view kNames[] = {"KB", "MB", "GB", "TB", "PB"};
  double value = static_cast<double>(bytes) / 1024;
  size_t step = 0;
  while (value >= 1023.95 && step + 1 < std::size(kNames)) {
    value /= 1024;
    ++step;
  }
  return fmt::format("{:.1f} {}", value, kNames[step]);
}

Result<Micros> ParseDuration(std::string_view text) {
  std::string lower = LowerAscii(text);
  if (lower.starts_with("p")) {  // ISO 8601, days and smaller: the designators are the unit names
    std::erase(lower, 'p');
    std::erase(lower, 't');
  }
  std::string_view rest = lower;
  double micros = 0;
  bool any = false;
  while (!rest.empty()) {
    const auto quantity = TakeQuantity(rest);
    const UnitName* unit = quantity ? FindUnit(kTimeUnits, quantity->second) : nullptr;
    if (unit == nullptr) {
      any = false;
      break;
    }
    micros += quantity->first * static_cast<double>(unit->factor);
    any = true;
  }
  if (!any || micros < 1 || !Representable(micros)) {
    return InvalidArgument(
        fmt::format("'{}' is not a duration; write a number and s, m, h or d, like 2h or 1h30m", text));
  }
  return Micros(static_cast<int64_t>(micros));
}

std::string FormatDuration(Micros duration) {
  const double seconds = static_cast<double>(duration.count()) / 1e6;
  if (seconds < 0.9995) return fmt::format("{:.0f} ms", seconds * 1e3);
  if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

Result<Timestamp> ParseTimestamp(std::string_view text) {
  using namespace std::chrono;
  const auto wrong = [&] {
    return InvalidArgument(fmt::format("'{}' is not a time; write it like 2013-01-31 or 2013-01-31T05:00:00Z", text));
  };
  Cursor in(text);
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0, fraction = 0;
  if (!in.TakeDigits(4, 4, y) || !in.Take('-') || !in.TakeDigits(1, 2, mo) || !in.Take('-') ||
      !in.TakeDigits(1, 2, d)) {
    return wrong();
  }
  int offset_minutes = 0;
  if (in.Take('T') || in.Take(' ')) {
    if (!in.TakeDigits(1, 2, h)) return wrong();
    if (in.Take(':') && !in.TakeDigits(2, 2, mi)) return wrong();
    if (in.Take(':') && !in.TakeDigits(2, 2, s)) return wrong();
    if (in.Take('.')) {
      if (!in.TakeDigits(1, 6, fraction)) return wrong();
      for (size_t i = in.last_digits(); i < 6; ++i) fraction *= 10;
    }
    if (!in.Take('Z')) {
      const int sign = in.Take('+') ? 1 : in.Take('-') ? -1 : 0;
      int zone_hours = 0, zone_minutes = 0;
      if (sign != 0) {
        if (!in.TakeDigits(2, 2, zone_hours)) return wrong();
        in.Take(':');
        if (!in.done() && !in.TakeDigits(2, 2, zone_minutes)) return wrong();
        offset_minutes = sign * (zone_hours * 60 + zone_minutes);
      }
    }
  }
  const year_month_day date{year(y), month(static_cast<unsigned>(mo)), day(static_cast<unsigned>(d))};
  if (!in.done() || !date.ok() || h > 23 || mi > 59 || s > 59) return wrong();
  const auto day_start = time_point_cast<Micros>(sys_days(date));
  return day_start + hours(h) + minutes(mi - offset_minutes) + seconds(s) + Micros(fraction);
}

std::string FormatTimestamp(Timestamp t) {
  using namespace std::chrono;
  const auto day_point = floor<days>(t);
  const year_month_day date(day_point);
  const int64_t micros = (t - day_point).count();
  const int64_t whole = micros / kMicrosPerSecond;
  const std::string fraction = micros % kMicrosPerSecond == 0 ? "" : fmt::format(".{:06}", micros % kMicrosPerSecond);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), whole / 3600,
                     whole / 60 % 60, whole % 60, fraction);
}

std::string FormatCount(int64_t n) {
  std::string digits = std::to_string(n);
  for (auto i = static_cast<int64_t>(digits.size()) - 3; i > (n < 0 ? 1 : 0); i -= 3) {
    digits.insert(static_cast<size_t>(i), ",");
  }
  return digits;
}

}  // namespace tidemill
