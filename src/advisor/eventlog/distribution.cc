#include "advisor/eventlog/distribution.h"

#include <algorithm>
#include <cmath>

namespace tidemill::advisor::eventlog {
namespace {

constexpr double kWidth = 1.02;
constexpr int kZero = -1'000'000;

int BucketOf(double value) {
  return value <= 0 ? kZero : static_cast<int>(std::floor(std::log(value) / std::log(kWidth)));
}
double MiddleOf(int bucket) { return bucket == kZero ? 0 : std::pow(kWidth, bucket + 0.5); }

}  // namespace

void Distribution::Add(double value, int64_t times) {
  const int bucket = BucketOf(value);
  const auto at = std::ranges::lower_bound(buckets_, bucket, {}, &std::pair<int, int64_t>::first);
  if (at != buckets_.end() && at->first == bucket) {
    at->second += times;
  } else {
    buckets_.insert(at, {bucket, times});
  }
  count_ += times;
  sum_ += std::max(value, 0.0) * static_cast<double>(times);
  largest_ = std::max(largest_, value);
}

double Distribution::Quantile(double share) const {
  const auto rank = static_cast<int64_t>(share * static_cast<double>(count_ - 1));
  int64_t seen = 0;
  for (const auto& [bucket, count] : buckets_) {
    seen += count;
    if (seen > rank) return std::min(MiddleOf(bucket), largest_);
  }
  return 0;
}

std::vector<std::pair<double, int64_t>> Distribution::Buckets() const {
  std::vector<std::pair<double, int64_t>> out;
  out.reserve(buckets_.size());
  for (const auto& [bucket, count] : buckets_) out.emplace_back(std::min(MiddleOf(bucket), largest_), count);
  return out;
}

}  // namespace tidemill::advisor::eventlog
