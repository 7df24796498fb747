// distribution.h: how values are spread, in memory that does not grow with their number: counts by buckets 2 % wide.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace tidemill::advisor::eventlog {

// Of values >= 0 (smaller ones count as 0). Quantiles are within 1 %; sum, smallest and largest are exact.
class Distribution {
 public:
  void Add(double value, int64_t times = 1);

  int64_t count() const { return count_; }
  double sum() const { return sum_; }
  double mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }
  double largest() const { return largest_; }
  // 0 <= share <= 1; 0 of an empty one.
  double Quantile(double share) const;
  double median() const { return Quantile(0.5); }

  // (value, count), smallest value first.
  std::vector<std::pair<double, int64_t>> Buckets() const;

 private:
  std::vector<std::pair<int, int64_t>> buckets_;  // by bucket
  int64_t count_ = 0;
  double sum_ = 0;
  double largest_ = 0;
};

}  // namespace tidemill::advisor::eventlog
