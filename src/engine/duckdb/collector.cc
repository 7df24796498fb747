#include "engine/duckdb/collector.h"

#include <fmt/format.h>

#include <string_view>

namespace tidemill::engine::duckdb {
namespace {

bool IsFalse(duckdb_vector vector, idx_t row) {
  uint64_t* const valid = duckdb_vector_get_validity(vector);
  if (valid != nullptr && !duckdb_validity_row_is_valid(valid, row)) return false;
  return !static_cast<bool*>(duckdb_vector_get_data(vector))[row];
}

void AppendText(duckdb_appender appender, duckdb_vector vector, idx_t row) {
  uint64_t* const valid = duckdb_vector_get_validity(vector);
  if (valid != nullptr && !duckdb_validity_row_is_valid(valid, row)) {
    duckdb_append_null(appender);
    return;
  }
  auto& text = static_cast<duckdb_string_t*>(duckdb_vector_get_data(vector))[row];
  duckdb_append_varchar_length(appender, duckdb_string_t_data(&text), duckdb_string_t_length(text));
}

// Appends every row of `input`'s text columns; all give FALSE.
void Keep(duckdb_function_info info, duckdb_appender appender, duckdb_data_chunk input, duckdb_vector output) {
  auto* const out = static_cast<bool*>(duckdb_vector_get_data(output));
  const idx_t columns = duckdb_data_chunk_get_column_count(input);
  for (idx_t row = 0; row < duckdb_data_chunk_get_size(input); ++row) {
    out[row] = false;
    for (idx_t column = 0; column < columns; ++column) {
      AppendText(appender, duckdb_data_chunk_get_vector(input, column), row);
    }
    if (duckdb_appender_end_row(appender) == DuckDBError) {
      duckdb_scalar_function_set_error(info, "a diverted row could not be kept");
      return;
    }
  }
}

struct FunctionRow {
  const char* name;
  int texts;  // VARCHAR parameters; -1: any number of BOOLEAN ones
  duckdb_scalar_function_t function;
};

}  // namespace

void Collector::Check(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  auto& self = *static_cast<Collector*>(duckdb_scalar_function_get_extra_info(info));
  const idx_t rows = duckdb_data_chunk_get_size(input);
  auto* const out = static_cast<bool*>(duckdb_vector_get_data(output));
  for (idx_t row = 0; row < rows; ++row) out[row] = true;
  for (idx_t column = 0; column < duckdb_data_chunk_get_column_count(input); ++column) {
    duckdb_vector vector = duckdb_data_chunk_get_vector(input, column);
    const bool diverts = self.checks_[column].effect == CheckEffect::kDivert;
    int64_t failed = 0;
    for (idx_t row = 0; row < rows; ++row) {
      if (!IsFalse(vector, row)) continue;
      ++failed;
      if (diverts) out[row] = false;
    }
    *self.failed_[column] += failed;
  }
  self.rows_in_ += static_cast<int64_t>(rows);
}

void Collector::Divert(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  auto& self = *static_cast<Collector*>(duckdb_scalar_function_get_extra_info(info));
  const std::lock_guard lock(self.mutex_);
  Keep(info, self.diverted_rows_, input, output);
  self.diverted_ += static_cast<int64_t>(duckdb_data_chunk_get_size(input));
}

Status Collector::KeepMalformed(const MalformedRow& row) {
  const std::lock_guard lock(mutex_);
  const auto text = [&](const std::string& value) {
    duckdb_append_varchar_length(malformed_rows_, value.data(), value.size());
  };
  text(row.source);
  text(row.file);
  duckdb_append_int64(malformed_rows_, row.range);
  duckdb_append_int64(malformed_rows_, row.line);
  text(row.raw);
  text(row.detail);
  if (duckdb_appender_end_row(malformed_rows_) == DuckDBSuccess) return Ok();
  return Internal("a malformed row could not be kept");
}

Status Collector::Register(Connection& connection) {
  const FunctionRow functions[] = {
      {"tm_check", -1, Check},
      {"tm_divert", 2, Divert},
  };
  duckdb_logical_type boolean = duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN);
  duckdb_logical_type text = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
  bool registered = true;
  for (const auto& row : functions) {
    duckdb_scalar_function scalar = duckdb_create_scalar_function();
    duckdb_scalar_function_set_name(scalar, row.name);
    if (row.texts < 0) duckdb_scalar_function_set_varargs(scalar, boolean);
    for (int i = 0; i < row.texts; ++i) duckdb_scalar_function_add_parameter(scalar, text);
    duckdb_scalar_function_set_return_type(scalar, boolean);
    duckdb_scalar_function_set_special_handling(scalar);
    duckdb_scalar_function_set_volatile(scalar);  // it has an effect: once a row, never folded or moved
    duckdb_scalar_function_set_extra_info(scalar, this, nullptr);
    duckdb_scalar_function_set_function(scalar, row.function);
    registered = registered && duckdb_register_scalar_function(connection.get(), scalar) == DuckDBSuccess;
    duckdb_destroy_scalar_function(&scalar);
  }
  duckdb_destroy_logical_type(&boolean);
  duckdb_destroy_logical_type(&text);
  return registered ? Ok() : Status(Internal("DuckDB refused the check functions"));
}

Result<std::unique_ptr<Collector>> Collector::Make(Connection& connection) {
  std::unique_ptr<Collector> collector(new Collector);
  RETURN_IF_ERROR(collector->Register(connection));
  RETURN_IF_ERROR(connection.Run("CREATE TABLE tm_diverted (reasons VARCHAR, row VARCHAR)"));
  RETURN_IF_ERROR(
      connection.Run("CREATE TABLE tm_malformed_rows (source VARCHAR, file VARCHAR, \"range\" BIGINT, line BIGINT, raw "
                     "VARCHAR, detail VARCHAR)"));
  if (duckdb_connect(connection.database(), &collector->own_) == DuckDBError) {
    return Internal("DuckDB refused a second connection");
  }
  RETURN_IF_ERROR(collector->OpenAppenders());
  return collector;
}

Collector::~Collector() {
  CloseAppenders();
  if (own_ != nullptr) duckdb_disconnect(&own_);
}

Status Collector::OpenAppenders() {
  const bool opened = duckdb_appender_create(own_, nullptr, "tm_diverted", &diverted_rows_) == DuckDBSuccess &&
                      duckdb_appender_create(own_, nullptr, "tm_malformed_rows", &malformed_rows_) == DuckDBSuccess;
  return opened ? Ok() : Status(Internal("DuckDB refused an appender"));
}

void Collector::CloseAppenders() {
  if (diverted_rows_ != nullptr) duckdb_appender_destroy(&diverted_rows_);
  if (malformed_rows_ != nullptr) duckdb_appender_destroy(&malformed_rows_);
}

Status Collector::Begin(const std::vector<RowCheck>& checks) {
  CloseAppenders();
  duckdb_result result;
  const auto state = duckdb_query(own_, "DELETE FROM tm_diverted", &result);
  duckdb_destroy_result(&result);
  if (state == DuckDBError) return Internal("DuckDB could not clear the diverted rows");
  RETURN_IF_ERROR(OpenAppenders());
  checks_ = checks;
  failed_.clear();
  for (size_t i = 0; i < checks.size(); ++i) failed_.push_back(std::make_unique<std::atomic<int64_t>>(0));
  rows_in_ = 0;
  diverted_ = 0;
  return Ok();
}

Status Collector::Flush() {
  for (duckdb_appender appender : {diverted_rows_, malformed_rows_}) {
    if (duckdb_appender_flush(appender) == DuckDBError) {
      return Internal(fmt::format("rows put aside could not be kept: {}", duckdb_appender_error(appender)));
    }
  }
  return Ok();
}

std::vector<CheckCount> Collector::counts() const {
  std::vector<CheckCount> counts;
  for (size_t i = 0; i < checks_.size(); ++i) counts.push_back({checks_[i].name, *failed_[i]});
  return counts;
}

}  // namespace tidemill::engine::duckdb
