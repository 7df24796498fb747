// Aggregates that need all of a group's values: DuckDB collects them into a list or a map, these do the rest.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>
#include <optional>
#include <vector>

#include "engine/duckdb/kernel_hash.h"
#include "engine/duckdb/kernel_value.h"
#include "plan/variant.h"

namespace tidemill::engine::duckdb {

using plan::DataType;
using plan::Int128;
using plan::TypeId;
using plan::Value;

namespace {

double NumberOf(const Value& value, const DataType& type) {
  if (const auto* number = std::get_if<double>(&value.data)) return *number;
  if (const auto* whole = std::get_if<int64_t>(&value.data)) return static_cast<double>(*whole);
  return std::stod(plan::ToSparkText(value, type));
}

// A double back as a value of the type, cut to a whole number where the type has no fraction.
Value OfNumber(double number, const DataType& type) {
  if (type.is_fractional()) return {number};
  if (!type.is(TypeId::kDecimal)) return {static_cast<int64_t>(number)};
  double scaled = number;
  for (int i = 0; i < type.scale(); ++i) scaled *= 10;
  return {static_cast<Int128>(std::round(scaled))};
}

std::vector<double> SharesOf(const ValueCall& call, size_t i) {
  if (!call.types[i].is(TypeId::kArray)) return {std::get<double>(call.args[i].data)};
  std::vector<double> shares;
  for (const auto& share : call.children(i)) shares.push_back(std::get<double>(share.data));
  return shares;
}

Value Answer(const ValueCall& call, const std::vector<double>& results) {
  bool many = call.result.is(TypeId::kArray);
  if (results.empty()) return {};
  if (!many) return OfNumber(results[0], call.result);
  std::vector<Value> values;
  for (double result : results) values.push_back(OfNumber(result, call.result.element()));
  return ChildrenValue(std::move(values));
}

// ---- percentile(value, share, frequency) ----

// The values' positions: the number of values up to and with each.
struct Counted {
  std::vector<std::pair<double, int64_t>> upto;
  double At(int64_t position) const {
    auto found = std::upper_bound(upto.begin(), upto.end(), position,
                                  [](int64_t p, const auto& entry) { return p < entry.second; });
    return found->first;
  }
};

// (list<struct<value, frequency>>, share or array of shares)
Value PercentileCounts(Row& row, const ValueCall& call) {
  Counted counted;
  const DataType& pair = call.types[0].element();
  for (const auto& entry : call.children(0)) {
    const auto& parts = *std::get<Value::Children>(entry.data);
    if (parts[0].is_null() || parts[1].is_null()) continue;
    int64_t frequency = std::get<int64_t>(parts[1].data);
    if (frequency < 0) {
      row.Fail("NEGATIVE_VALUES_IN_FREQUENCY_EXPRESSION", "22003",
               "Found a negative value in the frequency: " + std::to_string(frequency) + ".");
      return {};
    }
    if (frequency > 0) counted.upto.emplace_back(NumberOf(parts[0], pair.fields()[0].type), frequency);
  }
  if (counted.upto.empty()) return {};
  std::sort(counted.upto.begin(), counted.upto.end());
  int64_t sum = 0;
  for (auto& [value, frequency] : counted.upto) frequency = sum += frequency;
  std::vector<double> results;
  for (double share : SharesOf(call, 1)) {
    double position = static_cast<double>(sum - 1) * share, lower = std::floor(position), higher = std::ceil(position);
    double low = counted.At(static_cast<int64_t>(lower)), high = counted.At(static_cast<int64_t>(higher));
    bool between = lower != higher && low != high;
    results.push_back(between ? (higher - position) * low + (position - lower) * high : low);
  }
  return Answer(call, results);
}

// ---- percentile_approx ----

// Spark's QuantileSummaries (Greenwald and Khanna 2001), as one partition fills it.
class QuantileSummary {
 public:
  explicit QuantileSummary(double error) : error_(error) {}

  void Insert(double value) {
    head_.push_back(value);
    if (head_.size() < kHeadSize) return;
    InsertHead();
    if (samples_.size() >= kCompressThreshold) Compress();
  }

  void Finish() {
    InsertHead();
    Compress();
  }

  std::vector<double> Query(const std::vector<double>& shares) const {
    if (samples_.empty()) return {};
    int64_t widest = 0;
    for (const auto& sample : samples_) widest = std::max(widest, sample.delta + sample.g);
    double target = static_cast<double>(widest) / 2;
    std::vector<size_t> order(shares.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return shares[a] < shares[b]; });
    std::vector<double> results(shares.size());
    size_t index = 0;
    int64_t rank_there = samples_[0].g;
    for (size_t at : order) {
      double share = shares[at];
      if (share <= error_) {
        results[at] = samples_.front().value;
      } else if (share >= 1 - error_) {
        results[at] = samples_.back().value;
      } else {
        auto rank = static_cast<int64_t>(std::ceil(share * static_cast<double>(count_)));
        results[at] = Find(rank, target, index, rank_there);
      }
    }
    return results;
  }

 private:
  struct Sample {
    double value;
    int64_t g, delta;
  };
  static constexpr size_t kHeadSize = 50000, kCompressThreshold = 10000;

  void InsertHead() {
    if (head_.empty()) return;
    std::sort(head_.begin(), head_.end());
    std::vector<Sample> merged;
    size_t next = 0;
    for (size_t i = 0; i < head_.size(); ++i) {
      while (next < samples_.size() && samples_[next].value <= head_[i]) merged.push_back(samples_[next++]);
      ++count_;
      bool extreme = merged.empty() || (next == samples_.size() && i + 1 == head_.size());
      auto delta = extreme ? 0 : static_cast<int64_t>(std::floor(2.0 * error_ * static_cast<double>(count_)));
      merged.push_back({head_[i], 1, delta});
    }
    while (next < samples_.size()) merged.push_back(samples_[next++]);
    samples_ = std::move(merged);
    head_.clear();
  }

  void Compress() {
    if (samples_.empty()) return;
    double threshold = 2 * error_ * static_cast<double>(count_);
    std::vector<Sample> kept;  // from the end
    Sample head = samples_.back();
    for (size_t i = samples_.size() - 1; i-- > 1;) {
      const Sample& sample = samples_[i];
      if (static_cast<double>(sample.g + head.g + head.delta) < threshold) {
        head.g += sample.g;
      } else {
        kept.push_back(head);
        head = sample;
      }
    }
    kept.push_back(head);
    if (samples_.front().value <= head.value && samples_.size() > 1) kept.push_back(samples_.front());
    std::reverse(kept.begin(), kept.end());
    samples_ = std::move(kept);
  }

  double Find(int64_t rank, double target, size_t& index, int64_t& rank_there) const {
    int64_t least = rank_there;
    for (size_t i = index; i + 1 < samples_.size();) {
      auto most = static_cast<double>(least + samples_[i].delta);
      if (most - target <= static_cast<double>(rank) &&
          static_cast<double>(rank) <= static_cast<double>(least) + target) {
        index = i;
        rank_there = least;
        return samples_[i].value;
      }
      least += samples_[++i].g;
    }
    index = samples_.size() - 1;
    rank_there = 0;
    return samples_.back().value;
  }

  double error_;
  int64_t count_ = 0;
  std::vector<double> head_;
  std::vector<Sample> samples_;
};

// (list of values, share or array of shares, accuracy)
Value PercentileApprox(Row&, const ValueCall& call) {
  QuantileSummary summary(1.0 / static_cast<double>(call.number(2)));
  for (const auto& value : call.children(0)) {
    if (!value.is_null()) summary.Insert(NumberOf(value, call.types[0].element()));
  }
  summary.Finish();
  return Answer(call, summary.Query(SharesOf(call, 1)));
}

// ---- histogram_numeric ----

// (list of values, the number of bins). While every value has a bin of its own the histogram is the same however Spark
// cuts the rows into partitions; once bins are merged it is not.
Value HistogramNumeric(Row& row, const ValueCall& call) {
  std::vector<double> values;
  for (const auto& value : call.children(0)) values.push_back(NumberOf(value, call.types[0].element()));
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  bool merged = values.size() > static_cast<size_t>(call.number(1)) ||
                std::adjacent_find(values.begin(), values.end()) != values.end();
  if (merged) {
    row.Refuse("histogram_numeric() of more values than it has bins, or of equal values,");
    return {};
  }
  std::vector<Value> bins;
  const DataType& x = call.result.element().fields()[0].type;
  for (double value : values) bins.push_back(ChildrenValue({OfNumber(value, x), {1.0}}));
  return ChildrenValue(std::move(bins));
}

// ---- approx_count_distinct ----

// (list of the distinct values' xxhash64, relative deviation): Spark's HyperLogLogPlusPlus. Few values are counted by
// the registers that are left empty, many by their harmonic mean; between the two stand tables of corrections, which
// are not here.
Value HllCount(Row& row, const ValueCall& call) {
  constexpr int kLeastBits = 4, kMostBits = 18;
  constexpr double kFew[] = {10,   20,   40,    80,    220,   400,    900,   1800,
                             3100, 6500, 11500, 20000, 50000, 120000, 350000};  // by bits from 4
  const int bits =
      static_cast<int>(std::ceil(2 * std::log(1.106 / std::get<double>(call.args[1].data)) / std::log(2.0)));
  if (bits < kLeastBits || bits > kMostBits) {
    row.Refuse("approx_count_distinct() of so small or large a deviation");
    return {};
  }
  const size_t size = size_t{1} << bits;
  std::vector<int> registers(size);
  for (const auto& hash : call.children(0)) {
    const auto word = static_cast<uint64_t>(std::get<int64_t>(hash.data));
    int& longest = registers[word >> (64 - bits)];
    longest = std::max(longest, std::countl_zero(word << bits | uint64_t{1} << (bits - 1)) + 1);
  }
  double inverse = 0;
  for (const int zeros : registers) inverse += 1.0 / static_cast<double>(uint64_t{1} << zeros);
  const auto m = static_cast<double>(size);
  const auto empty = static_cast<double>(std::count(registers.begin(), registers.end(), 0));
  const double alpha = bits == 4 ? 0.673 : bits == 5 ? 0.697 : bits == 6 ? 0.709 : 0.7213 / (1 + 1.079 / m);
  const double mean = alpha * m * m / inverse, few = empty > 0 ? m * std::log(m / empty) : mean;
  if (empty > 0 && (few <= kFew[bits - kLeastBits] || mean <= 2.5 * m))
    return {static_cast<int64_t>(std::llround(few))};
  if (mean >= 5 * m) return {static_cast<int64_t>(std::llround(mean))};
  row.Refuse("approx_count_distinct() of about " + std::to_string(std::llround(few)) + " values");
  return {};
}

// ---- skewness ----

// Spark's CentralMomentAgg, value by value.
Value Skewness(Row&, const ValueCall& call) {
  double n = 0, mean = 0, m2 = 0, m3 = 0;
  for (const auto& value : call.children(0)) {
    double delta = std::get<double>(value.data) - mean, step = delta / ++n;
    mean += step;
    m2 += delta * (delta - step);
    m3 = m3 - 3.0 * step * m2 + delta * (delta * delta - step * step);
  }
  if (n == 0 || m2 == 0) return {};
  return {std::sqrt(n) * m3 / std::sqrt(m2 * m2 * m2)};
}

// ---- mode ----

int32_t FoldLong(int64_t value) {
  return static_cast<int32_t>(value ^ static_cast<int64_t>(static_cast<uint64_t>(value) >> 32));
}

// The hash by which Spark's table of counts finds a key; nothing for types whose hash is not known here.
std::optional<int32_t> JavaHash(const Value& value, const DataType& type) {
  switch (type.id()) {
    case TypeId::kBoolean:
      return std::get<bool>(value.data) ? 1231 : 1237;
    case TypeId::kByte:
    case TypeId::kShort:
    case TypeId::kInt:
    case TypeId::kDate:
    case TypeId::kYearMonthInterval:
      return static_cast<int32_t>(std::get<int64_t>(value.data));
    case TypeId::kLong:
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
    case TypeId::kDayTimeInterval:
      return FoldLong(std::get<int64_t>(value.data));
    case TypeId::kDouble:
      return FoldLong(std::bit_cast<int64_t>(std::get<double>(value.data)));
    case TypeId::kFloat:
      return std::bit_cast<int32_t>(static_cast<float>(std::get<double>(value.data)));
    case TypeId::kString:
      return static_cast<int32_t>(MurmurOfBytes(std::get<std::string>(value.data), 42));
    default:
      return std::nullopt;
  }
}

// Spark's OpenHashMap begins with so many slots, and grows when more than so many are taken; from then on the order of
// its keys depends on the order of the rows.
constexpr size_t kSlots = 64, kSlotsTaken = 44;

// The order in which it gives the keys: by slot.
std::vector<size_t> HashOrder(const std::vector<int32_t>& hashes) {
  std::vector<size_t> slots(kSlots, SIZE_MAX);
  for (size_t i = 0; i < hashes.size(); ++i) {
    size_t slot = MurmurOfInt(hashes[i], 0) % kSlots;
    for (size_t step = 1; slots[slot] != SIZE_MAX; ++step) slot = (slot + step) % kSlots;
    slots[slot] = i;
  }
  std::vector<size_t> order;
  for (size_t i : slots) {
    if (i != SIZE_MAX) order.push_back(i);
  }
  return order;
}

// (map of values, in their order, to counts; "least", "greatest" or "any"): which of the most frequent.
Value Mode(Row& row, const ValueCall& call) {
  const auto& counts = call.children(0);
  if (counts.empty()) return {};
  auto count = [&](size_t i) { return std::get<int64_t>(counts[2 * i + 1].data); };
  size_t size = counts.size() / 2;
  std::vector<size_t> order(size);
  std::iota(order.begin(), order.end(), 0);
  int64_t most = 0;
  for (size_t i = 0; i < size; ++i) most = std::max(most, count(i));
  bool tie = std::count_if(order.begin(), order.end(), [&](size_t i) { return count(i) == most; }) > 1;
  if (call.text(1) == "greatest") std::reverse(order.begin(), order.end());
  if (tie && call.text(1) == "any") {
    std::vector<int32_t> hashes;
    for (size_t i = 0; i < size; ++i) {
      auto hash = size > kSlotsTaken ? std::nullopt : JavaHash(counts[2 * i], call.result);
      if (!hash) {
        row.Refuse("mode() of values of which several are the most frequent");
        return {};
      }
      hashes.push_back(*hash);
    }
    order = HashOrder(hashes);
  }
  auto first = std::find_if(order.begin(), order.end(), [&](size_t i) { return count(i) == most; });
  return counts[2 * *first];
}

// ---- bitmaps of 32,768 bits ----

constexpr size_t kBitmapBytes = 4096;

Value BitmapOf(Row& row, const ValueCall& call) {
  std::string bitmap(kBitmapBytes, '\0');
  for (const auto& child : call.children(0)) {
    const int64_t position = std::get<int64_t>(child.data);
    if (position < 0 || position >= static_cast<int64_t>(kBitmapBytes) * 8) {
      row.Fail("INVALID_BITMAP_POSITION", "22003",
               "The 0-indexed bitmap position " + std::to_string(position) +
                   " is out of bounds. The bitmap has 32768 bits (4096 bytes).");
      return {};
    }
    bitmap[static_cast<size_t>(position / 8)] |= static_cast<char>(1 << (position % 8));
  }
  return {bitmap};
}

// Bytes beyond 4,096 are not looked at; of those that a bitmap has not, AND makes zeros.
template <bool kAnd>
Value BitmapsJoined(Row&, const ValueCall& call) {
  std::string bitmap(kBitmapBytes, kAnd ? '\xFF' : '\0');
  for (const auto& child : call.children(0)) {
    std::string other = std::get<std::string>(child.data);
    other.resize(kBitmapBytes, '\0');
    for (size_t i = 0; i < kBitmapBytes; ++i) {
      bitmap[i] = static_cast<char>(kAnd ? bitmap[i] & other[i] : bitmap[i] | other[i]);
    }
  }
  return {bitmap};
}

Value BitmapCount(Row&, const ValueCall& call) {
  int64_t count = 0;
  for (const unsigned char byte : call.text(0)) count += std::popcount(byte);
  return {count};
}

Value SchemaOfVariants(Row&, const ValueCall& call) {
  std::vector<plan::Variant> variants;
  for (const auto& child : call.children(0)) variants.push_back(plan::DecodeVariant(std::get<std::string>(child.data)));
  return {plan::VariantsSchema(variants)};
}

}  // namespace

std::span<const ValueRow> SketchValues() {
  static constexpr ValueRow kRows[] = {{"bitmap_construct_agg", BitmapOf},
                                       {"bitmap_and_agg", BitmapsJoined<true>},
                                       {"bitmap_or_agg", BitmapsJoined<false>},
                                       {"bitmap_count", BitmapCount},
                                       {"schema_of_variant_agg", SchemaOfVariants},
                                       {"percentile_counts", PercentileCounts},
                                       {"percentile_approx", PercentileApprox},
                                       {"histogram_numeric", HistogramNumeric},
                                       {"hll_count", HllCount},
                                       {"mode", Mode},
                                       {"skewness", Skewness}};
  return kRows;
}

}  // namespace tidemill::engine::duckdb
