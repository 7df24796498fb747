#include "app/eta.h"

#include <algorithm>

namespace tidemill::app {

std::optional<Micros> Eta::Update(Micros now, double fraction) {
  if (!start_) start_ = now;
  const double elapsed_us = static_cast<double>((now - *start_).count());
  if (fraction < 0.02 || elapsed_us < 200'000) return std::nullopt;
  Micros remaining(static_cast<int64_t>(elapsed_us * (1 - std::min(fraction, 1.0)) / fraction));
  if (end_) remaining = std::min(remaining, *end_ - last_ + (now - last_));
  last_ = now;
  end_ = now + remaining;
  return remaining;
}

}  // namespace tidemill::app
