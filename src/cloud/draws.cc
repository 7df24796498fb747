#include "cloud/draws.h"

#include <cmath>
#include <numbers>

namespace tidemill::cloud {

double Draws::Uniform() { return static_cast<double>(random_() >> 11) * 0x1p-53; }

double Draws::Normal() {
  const double radius = std::sqrt(-2 * std::log(1 - Uniform()));
  return radius * std::cos(2 * std::numbers::pi * Uniform());
}

double Draws::LogNormal(double median, double sigma) { return median * std::exp(sigma * Normal()); }

}  // namespace tidemill::cloud
