// Random numbers whose values do not depend on the standard library: a seed gives the same simulation everywhere.
#pragma once

#include <cstdint>
#include <random>

namespace tidemill::cloud {

class Draws {
 public:
  explicit Draws(uint64_t seed) : random_(seed) {}
  double Uniform();  // [0, 1)
  double Normal();   // mean 0, variance 1
  double LogNormal(double median, double sigma);
  // An index, each with the chance of its share of the sum.
  template <typename Weights>
  size_t Pick(const Weights& weights) {
    double sum = 0;
    for (const double weight : weights) sum += weight;
    double left = Uniform() * sum;
    size_t last = 0, i = 0;
    for (const double weight : weights) {
      if (weight > 0) last = i;
      if (left < weight) return i;
      left -= weight;
      ++i;
    }
    return last;
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace tidemill::cloud
