#include "engine/duckdb/partitioner.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>

#include "delta/partition_value.h"
#include "delta/path.h"

namespace tidemill::engine::duckdb {
namespace {

using plan::Field;
using plan::TypeId;

constexpr std::string_view kMark = "/tm_partition=";
// Before this much is on disk, how large rows become is a guess not worth splitting by.
constexpr int64_t kEnoughBytes = int64_t{64} << 20;
// Rows DuckDB holds back in memory before it writes a partition's, all threads together (its default threshold, twice).
constexpr int64_t kHeldBackRows = 2 * 524288;

size_t Width(TypeId id) {
  switch (id) {
    case TypeId::kBoolean:
    case TypeId::kByte:
      return 1;
    case TypeId::kShort:
      return 2;
    case TypeId::kInt:
    case TypeId::kFloat:
    case TypeId::kDate:
      return 4;
    case TypeId::kString:
    case TypeId::kBinary:
      return 0;  // variable
    default:
      return 8;
  }
}

size_t Width(const plan::DataType& type) {
  if (!type.is(TypeId::kDecimal)) return Width(type.id());
  return type.precision() <= 4 ? 2 : type.precision() <= 9 ? 4 : type.precision() <= 18 ? 8 : 16;
}

// The row's values as bytes, different for different values.
void AppendKey(std::string& key, duckdb_vector vector, idx_t row, size_t width) {
  uint64_t* const valid = duckdb_vector_get_validity(vector);
  if (valid != nullptr && !duckdb_validity_row_is_valid(valid, row)) {
    key += '\0';
    return;
  }
  key += '\1';
  const auto* data = static_cast<const char*>(duckdb_vector_get_data(vector));
  if (width > 0) {
    key.append(data + row * width, width);
    return;
  }
  auto text = reinterpret_cast<const duckdb_string_t*>(data)[row];
  const uint32_t length = duckdb_string_t_length(text);
  key.append(reinterpret_cast<const char*>(&length), sizeof(length));
  key.append(duckdb_string_t_data(&text), length);
}

// The number in ".../tm_partition=7/...": -1 when there is none.
int NumberIn(const std::string& path, size_t* at, size_t* end) {
  *at = path.find(kMark);
  if (*at == std::string::npos) return -1;
  int number = -1;
  const char* const from = path.data() + *at + kMark.size();
  const auto [rest, code] = std::from_chars(from, path.data() + path.size(), number);
  *end = static_cast<size_t>(rest - path.data());
  return code == std::errc{} ? number : -1;
}

}  // namespace

struct Partitioner::Local {
  struct Known {
    int number = 0;
    int64_t left = 0;  // rows this thread may give that number before it asks again
  };
  int generation = -1;
  std::unordered_map<std::string, Known> known;
  std::string key;
  std::string last_key;
  Known* last = nullptr;
};

Result<std::unique_ptr<Partitioner>> Partitioner::Make(Connection& connection, const Traffic& traffic) {
  std::unique_ptr<Partitioner> partitioner(new Partitioner(traffic));
  duckdb_scalar_function scalar = duckdb_create_scalar_function();
  duckdb_scalar_function_set_name(scalar, "tm_partition");
  duckdb_logical_type any = duckdb_create_logical_type(DUCKDB_TYPE_ANY);
  duckdb_logical_type integer = duckdb_create_logical_type(DUCKDB_TYPE_INTEGER);
  duckdb_scalar_function_set_varargs(scalar, any);
  duckdb_scalar_function_set_return_type(scalar, integer);
  duckdb_scalar_function_set_special_handling(scalar);
  duckdb_scalar_function_set_volatile(scalar);
  duckdb_scalar_function_set_extra_info(scalar, partitioner.get(), nullptr);
  duckdb_scalar_function_set_init(scalar, [](duckdb_init_info info) {
    duckdb_scalar_function_init_set_state(info, new Local, [](void* state) { delete static_cast<Local*>(state); });
  });
  duckdb_scalar_function_set_function(scalar, Assign);
  const auto state = duckdb_register_scalar_function(connection.get(), scalar);
  duckdb_destroy_logical_type(&any);
  duckdb_destroy_logical_type(&integer);
  duckdb_destroy_scalar_function(&scalar);
  if (state == DuckDBError) return Internal("DuckDB refused tm_partition");
  return partitioner;
}

Status Partitioner::Begin(std::vector<Field> columns, int64_t target_file_bytes) {
  const std::lock_guard lock(mutex_);
  for (const auto& column : columns) {
    if (!column.type.is_nested() && !column.type.is(TypeId::kCalendarInterval)) continue;
    return InvalidArgument(
        fmt::format("column {} is {}, which cannot partition a table", column.name, column.type.ToSql()));
  }
  columns_ = std::move(columns);
  target_file_bytes_ = target_file_bytes;
  written_before_ = traffic_.bytes_written();
  by_key_.clear();
  groups_.clear();
  group_of_number_.clear();
  rows_ = 0;
  ++generation_;
  return Ok();
}

int64_t Partitioner::RowsPerFile() const {
  if (target_file_bytes_ == 0) return INT64_MAX;
  const int64_t bytes = traffic_.bytes_written() - written_before_;
  const int64_t rows = rows_ - kHeldBackRows;
  if (bytes < kEnoughBytes || rows <= 0) return INT64_MAX;
  return std::max<int64_t>(1, static_cast<int64_t>(static_cast<double>(target_file_bytes_) * static_cast<double>(rows) /
                                                   static_cast<double>(bytes)));
}

Result<int> Partitioner::Take(const std::string& key, duckdb_data_chunk input, idx_t row, int64_t count) {
  const std::lock_guard lock(mutex_);
  const auto [found, fresh] = by_key_.try_emplace(key, groups_.size());
  if (fresh) {
    Group group;
    for (size_t i = 0; i < columns_.size(); ++i) {
      auto value = Cell(duckdb_data_chunk_get_vector(input, i), row, columns_[i].type);
      ASSIGN_OR_RETURN(const auto text, delta::FormatPartitionValue(value, columns_[i].type));
      group.folder += "/" + delta::PartitionFolder(columns_[i].name, text);
      group.values.emplace_back(columns_[i].name, std::move(value));
    }
    group.current = static_cast<int>(group_of_number_.size());
    group_of_number_.push_back(groups_.size());
    groups_.push_back(std::move(group));
  }
  auto& group = groups_[found->second];
  if (group.rows > 0 && group.rows + count / 2 > RowsPerFile()) {
    group.current = static_cast<int>(group_of_number_.size());
    group_of_number_.push_back(found->second);
    group.rows = 0;
  }
  group.rows += count;
  rows_ += count;
  return group.current;
}

void Partitioner::Assign(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  constexpr int64_t kTakeRows = 65536;  // how many rows a thread asks for at once
  auto& self = *static_cast<Partitioner*>(duckdb_scalar_function_get_extra_info(info));
  auto& local = *static_cast<Local*>(duckdb_scalar_function_get_state(info));
  if (local.generation != self.generation_) local = Local{.generation = self.generation_};
  const idx_t columns = duckdb_data_chunk_get_column_count(input);
  auto* const out = static_cast<int32_t*>(duckdb_vector_get_data(output));
  for (idx_t row = 0; row < duckdb_data_chunk_get_size(input); ++row) {
    local.key.clear();
    for (idx_t i = 0; i < columns; ++i) {
      AppendKey(local.key, duckdb_data_chunk_get_vector(input, i), row, Width(self.columns_[i].type));
    }
    if (local.last == nullptr || local.key != local.last_key) {
      local.last = &local.known[local.key];
      local.last_key = local.key;
    }
    if (local.last->left == 0) {
      auto number = self.Take(local.key, input, row, kTakeRows);
      if (!number.ok()) return duckdb_scalar_function_set_error(info, number.error().message.c_str());
      *local.last = {*number, kTakeRows};
    }
    --local.last->left;
    out[row] = local.last->number;
  }
}

std::string Partitioner::RealPath(const std::string& path) const {
  size_t at = 0, end = 0;
  const int number = NumberIn(path, &at, &end);
  const std::lock_guard lock(mutex_);
  if (number < 0 || static_cast<size_t>(number) >= group_of_number_.size()) return path;
  return path.substr(0, at) + groups_[group_of_number_[static_cast<size_t>(number)]].folder + path.substr(end);
}

Result<PartitionValues> Partitioner::ValuesOf(const std::string& path) const {
  size_t at = 0, end = 0;
  const int number = NumberIn(path, &at, &end);
  const std::lock_guard lock(mutex_);
  if (number < 0 || static_cast<size_t>(number) >= group_of_number_.size()) {
    return Internal(fmt::format("{} was written for no partition", path));
  }
  return groups_[group_of_number_[static_cast<size_t>(number)]].values;
}

}  // namespace tidemill::engine::duckdb
