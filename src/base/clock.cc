#include "base/clock.h"

#include <fmt/format.h>

namespace tidemill {

Timestamp SystemClock::Now() const { return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now()); }

Micros SystemClock::Monotonic() const {
  return std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now().time_since_epoch());
}

std::string NewUuid(std::mt19937_64& random) {
  const uint64_t high = (random() & ~0xF000ULL) | 0x4000ULL;                        // RFC 4122, version 4
  const uint64_t low = (random() & 0x3FFFFFFFFFFFFFFFULL) | 0x8000000000000000ULL;  // variant 1
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xFFFF, high & 0xFFFF, low >> 48,
                     low & 0xFFFFFFFFFFFFULL);
}

std::mt19937_64 SystemRandom() {
  std::random_device device;
  std::seed_seq seed{device(), device(), device(), device(), device(), device(), device(), device()};
  return std::mt19937_64(seed);
}

}  // namespace tidemill
