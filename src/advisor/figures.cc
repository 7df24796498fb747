#include "advisor/figures.h"

#include <fmt/format.h>

#include <cmath>

#include "base/units.h"

namespace tidemill::advisor {

std::string BytesText(double bytes) { return FormatBytes(static_cast<int64_t>(bytes)); }

std::string SecondsText(double seconds) { return FormatDuration(Micros(std::llround(seconds * 1e6))); }

std::string CountText(double count) { return FormatCount(std::llround(count)); }

std::string ShareText(double share) {
  return fmt::format("{:.{}f} %", share * 100, share < 0.0005 ? 3 : share < 0.1 ? 1 : 0);
}

std::string DollarsText(double dollars) {
  if (dollars > 0 && dollars < 0.0001) return "under $0.0001";
  return fmt::format("${:.{}f}", dollars, dollars > 0 && dollars < 0.1 ? 4 : 2);
}

}  // namespace tidemill::advisor
