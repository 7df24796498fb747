// rand(seed), randn(seed), randstr(length, seed): Spark's XORShiftRandom, bit for bit. Spark gives partition i the seed
// plus i; here a thread of a query is a partition, by the order in which the threads begin.
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <duckdb.hpp>
#include <duckdb/catalog/catalog.hpp>
#include <duckdb/execution/expression_executor.hpp>
#include <duckdb/parser/parsed_data/create_scalar_function_info.hpp>
#include <duckdb/planner/expression.hpp>
#include <duckdb/planner/expression/bound_function_expression.hpp>
#include <memory>
#include <optional>
#include <string>

#include "engine/duckdb/kernel_vector.h"

namespace tidemill::engine::duckdb {
namespace {

namespace dd = ::duckdb;

// Scala's MurmurHash3.bytesHash of a long's eight bytes, the highest first.
uint32_t MurmurOfSeed(uint64_t seed, uint32_t hash) {
  auto mix = [&](uint32_t block) {
    hash = std::rotl(hash ^ std::rotl(block * 0xcc9e2d51U, 15) * 0x1b873593U, 13) * 5 + 0xe6546b64U;
  };
  uint64_t bytes = __builtin_bswap64(seed);
  mix(static_cast<uint32_t>(bytes));
  mix(static_cast<uint32_t>(bytes >> 32));
  hash ^= 8;
  hash = (hash ^ hash >> 16) * 0x85ebca6bU;
  hash = (hash ^ hash >> 13) * 0xc2b2ae35U;
  return hash ^ hash >> 16;
}

class XorShift {
 public:
  explicit XorShift(int64_t seed) {
    constexpr uint32_t kArraySeed = 0x3c074a61U;
    uint32_t low = MurmurOfSeed(static_cast<uint64_t>(seed), kArraySeed);
    uint32_t high = MurmurOfSeed(static_cast<uint64_t>(seed), low);
    state_ = uint64_t{high} << 32 | low;
  }

  uint32_t Next(int bits) {
    state_ ^= state_ << 21;
    state_ ^= state_ >> 35;
    state_ ^= state_ << 4;
    return static_cast<uint32_t>(state_ & ((uint64_t{1} << bits) - 1));
  }

  double Uniform() {
    uint64_t high = Next(26), low = Next(27);
    return static_cast<double>((high << 27) + low) * 0x1.0p-53;
  }

  // java.util.Random.nextGaussian: the polar method, two at a time.
  double Gaussian() {
    if (has_next_) {
      has_next_ = false;
      return next_;
    }
    double a = 0, b = 0, size = 0;
    do {
      a = 2 * Uniform() - 1;
      b = 2 * Uniform() - 1;
      size = a * a + b * b;
    } while (size >= 1 || size == 0);
    double factor = std::sqrt(-2 * std::log(size) / size);
    next_ = b * factor;
    has_next_ = true;
    return a * factor;
  }

  std::string Text(int32_t length) {
    static constexpr char kLetters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    std::string text;
    for (int32_t i = 0; i < length; ++i) {
      text += kLetters[std::abs(static_cast<int32_t>(Next(32)) % 62)];
    }
    return text;
  }

 private:
  uint64_t state_ = 0;
  double next_ = 0;
  bool has_next_ = false;
};

struct Seeded : dd::FunctionData {
  int64_t seed = 0;
  std::shared_ptr<std::atomic<int64_t>> partitions = std::make_shared<std::atomic<int64_t>>(0);

  dd::unique_ptr<dd::FunctionData> Copy() const override { return dd::make_uniq<Seeded>(*this); }
  bool Equals(const dd::FunctionData& other) const override { return seed == other.Cast<Seeded>().seed; }
};

// A thread stands for a partition of Spark's. It takes its number with the first rows it sees, not when it begins: a
// thread that gets none must not leave the rows of the only partition to a later number.
template <typename State>
struct Partition : dd::FunctionLocalState {
  explicit Partition(const Seeded& seeded) : seed(seeded.seed), partitions(seeded.partitions) {}
  int64_t seed;
  std::shared_ptr<std::atomic<int64_t>> partitions;
  std::optional<State> state;
};

dd::unique_ptr<dd::FunctionData> Bind(dd::ClientContext& context, dd::ScalarFunction&,
                                      dd::vector<dd::unique_ptr<dd::Expression>>& args) {
  auto seeded = dd::make_uniq<Seeded>();
  seeded->seed = dd::ExpressionExecutor::EvaluateScalar(context, *args[0]).GetValue<int64_t>();
  return seeded;
}

template <typename State>
dd::unique_ptr<dd::FunctionLocalState> Begin(dd::ExpressionState&, const dd::BoundFunctionExpression&,
                                             dd::FunctionData* data) {
  return dd::make_uniq<Partition<State>>(data->Cast<Seeded>());
}

XorShift& RandomOf(dd::ExpressionState& state) {
  auto& partition = dd::ExecuteFunctionState::GetFunctionState(state)->Cast<Partition<XorShift>>();
  if (!partition.state) partition.state.emplace(partition.seed + partition.partitions->fetch_add(1));
  return *partition.state;
}

// Counted by partition: its number is in the upper 31 bits.
int64_t& NextIdOf(dd::ExpressionState& state) {
  auto& partition = dd::ExecuteFunctionState::GetFunctionState(state)->Cast<Partition<int64_t>>();
  if (!partition.state) partition.state = partition.partitions->fetch_add(1) << 33;
  return *partition.state;
}

template <bool kGaussian>
void Numbers(dd::DataChunk& in, dd::ExpressionState& state, dd::Vector& out) {
  if (in.size() == 0) return;
  auto& random = RandomOf(state);
  out.SetVectorType(dd::VectorType::FLAT_VECTOR);
  auto* values = dd::FlatVector::GetData<double>(out);
  for (dd::idx_t i = 0; i < in.size(); ++i) values[i] = kGaussian ? random.Gaussian() : random.Uniform();
}

void Texts(dd::DataChunk& in, dd::ExpressionState& state, dd::Vector& out) {
  if (in.size() == 0) return;
  auto& random = RandomOf(state);
  out.SetVectorType(dd::VectorType::FLAT_VECTOR);
  auto* values = dd::FlatVector::GetData<dd::string_t>(out);
  for (dd::idx_t i = 0; i < in.size(); ++i) {
    values[i] = dd::StringVector::AddString(out, random.Text(in.data[1].GetValue(i).GetValue<int32_t>()));
  }
}

void Ids(dd::DataChunk& in, dd::ExpressionState& state, dd::Vector& out) {
  if (in.size() == 0) return;
  auto& next = NextIdOf(state);
  out.SetVectorType(dd::VectorType::FLAT_VECTOR);
  auto* values = dd::FlatVector::GetData<int64_t>(out);
  for (dd::idx_t i = 0; i < in.size(); ++i) values[i] = next++;
}

}  // namespace

// tm_rand(seed), tm_randn(seed), tm_randstr(seed, length); the seed is a constant.
Status RegisterRandomKernels(duckdb_connection connection) {
  auto& context = *reinterpret_cast<dd::Connection*>(connection)->context;
  using T = dd::LogicalType;
  try {
    for (auto function : {dd::ScalarFunction("tm_rand", {T::BIGINT}, T::DOUBLE, Numbers<false>, Bind),
                          dd::ScalarFunction("tm_randn", {T::BIGINT}, T::DOUBLE, Numbers<true>, Bind),
                          dd::ScalarFunction("tm_randstr", {T::BIGINT, T::INTEGER}, T::VARCHAR, Texts, Bind),
                          dd::ScalarFunction("tm_ids", {T::BIGINT}, T::BIGINT, Ids, Bind)}) {
      function.init_local_state = function.name == "tm_ids" ? Begin<int64_t> : Begin<XorShift>;
      function.SetVolatile();
      context.RunFunctionInTransaction([&] {
        dd::CreateScalarFunctionInfo info(std::move(function));
        dd::Catalog::GetSystemCatalog(context).CreateFunction(context, info);
      });
    }
  } catch (const std::exception& error) {
    return Internal(std::string("a function could not be registered in DuckDB: ") + error.what());
  }
  return Ok();
}

}  // namespace tidemill::engine::duckdb
