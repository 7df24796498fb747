// How long a stage still takes: an estimate that may fall as fast as it likes but never grows faster than the clock, so
// that a countdown does not run away from who watches it.
#pragma once

#include <optional>

#include "base/units.h"

namespace tidemill::app {

class Eta {
 public:
  // `fraction` done, 0..1, at `now`. None until there is enough to judge by.
  std::optional<Micros> Update(Micros now, double fraction);

 private:
  std::optional<Micros> start_;
  std::optional<Micros> end_;  // when the last estimate ends
  Micros last_{};
};

}  // namespace tidemill::app
