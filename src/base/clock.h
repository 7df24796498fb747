// Time and randomness come through arguments, so that a failure prints a seed that repeats it.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "base/units.h"

namespace tidemill {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp Now() const = 0;
  // Time since an arbitrary start that never goes back.
  virtual Micros Monotonic() const = 0;
};

class SystemClock final : public Clock {
 public:
  Timestamp Now() const override;
  Micros Monotonic() const override;
};

// A random version-4 UUID, lower case, 36 characters.
std::string NewUuid(std::mt19937_64& random);
// A generator seeded by the operating system.
std::mt19937_64 SystemRandom();

}  // namespace tidemill
