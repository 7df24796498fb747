#include "engine/duckdb/connection.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/duckdb/kernels.h"

namespace tidemill::engine::duckdb {
namespace {

using plan::DataType;
using plan::Int128;
using plan::TypeId;
using plan::Value;

// The physical integer behind a decimal or an integral column, whatever its width.
Int128 Integer(duckdb_vector vector, idx_t row, duckdb_type storage) {
  void* const data = duckdb_vector_get_data(vector);
  switch (storage) {
    case DUCKDB_TYPE_TINYINT:
      return static_cast<int8_t*>(data)[row];
    case DUCKDB_TYPE_UTINYINT:
      return static_cast<uint8_t*>(data)[row];
    case DUCKDB_TYPE_SMALLINT:
      return static_cast<int16_t*>(data)[row];
    case DUCKDB_TYPE_USMALLINT:
      return static_cast<uint16_t*>(data)[row];
    case DUCKDB_TYPE_INTEGER:
      return static_cast<int32_t*>(data)[row];
    case DUCKDB_TYPE_UINTEGER:
      return static_cast<uint32_t*>(data)[row];
    case DUCKDB_TYPE_UBIGINT:
      return static_cast<uint64_t*>(data)[row];
    case DUCKDB_TYPE_HUGEINT: {
      const auto value = static_cast<duckdb_hugeint*>(data)[row];
      return (static_cast<Int128>(value.upper) << 64) | value.lower;
    }
    default:
      return static_cast<int64_t*>(data)[row];
  }
}

Int128 IntegerOf(duckdb_vector vector, idx_t row) {
  duckdb_logical_type logical = duckdb_vector_get_column_type(vector);
  duckdb_type storage = duckdb_get_type_id(logical);
  if (storage == DUCKDB_TYPE_DECIMAL) storage = duckdb_decimal_internal_type(logical);
  if (storage == DUCKDB_TYPE_DATE) storage = DUCKDB_TYPE_INTEGER;
  duckdb_destroy_logical_type(&logical);
  return Integer(vector, row, storage);
}

Value Children(std::vector<Value> values) {
  return Value{std::make_shared<const std::vector<Value>>(std::move(values))};
}

Value ListCell(duckdb_vector vector, idx_t row, const DataType& type) {
  const auto entry = static_cast<duckdb_list_entry*>(duckdb_vector_get_data(vector))[row];
  duckdb_vector child = duckdb_list_vector_get_child(vector);
  std::vector<Value> values;
  for (idx_t i = entry.offset; i < entry.offset + entry.length; ++i) {
    if (type.is(TypeId::kArray)) {
      values.push_back(Cell(child, i, type.element()));
    } else {  // a map is a list of key-value structs
      values.push_back(Cell(duckdb_struct_vector_get_child(child, 0), i, type.key()));
      values.push_back(Cell(duckdb_struct_vector_get_child(child, 1), i, type.value()));
    }
  }
  return Children(std::move(values));
}

}  // namespace

Value Cell(duckdb_vector vector, idx_t row, const DataType& type) {
  uint64_t* const validity = duckdb_vector_get_validity(vector);
  if (validity != nullptr && !duckdb_validity_row_is_valid(validity, row)) return Value{};
  void* const data = duckdb_vector_get_data(vector);
  switch (type.id()) {
    case TypeId::kNull:
      return Value{};
    case TypeId::kBoolean:
      return Value{static_cast<bool*>(data)[row]};
    case TypeId::kFloat:
      return Value{static_cast<double>(static_cast<float*>(data)[row])};
    case TypeId::kDouble:
      return Value{static_cast<double*>(data)[row]};
    case TypeId::kDecimal:
      return Value{IntegerOf(vector, row)};
    case TypeId::kString:
    case TypeId::kBinary:
    case TypeId::kVariant: {
      auto text = static_cast<duckdb_string_t*>(data)[row];
      return Value{std::string(duckdb_string_t_data(&text), duckdb_string_t_length(text))};
    }
    case TypeId::kCalendarInterval: {
      const auto interval = static_cast<duckdb_interval*>(data)[row];
      return Value{plan::IntervalParts{interval.months, interval.days, interval.micros}};
    }
    case TypeId::kArray:
    case TypeId::kMap:
      return ListCell(vector, row, type);
    case TypeId::kStruct: {
      std::vector<Value> values;
      for (size_t i = 0; i < type.fields().size(); ++i) {
        values.push_back(Cell(duckdb_struct_vector_get_child(vector, i), row, type.fields()[i].type));
      }
      return Children(std::move(values));
    }
    default:
      return Value{static_cast<int64_t>(IntegerOf(vector, row))};
  }
}

Status Answer::Read(const std::vector<DataType>& types, int64_t most, std::vector<std::vector<Value>>& out) {
  // A relation without columns still has rows: DuckDB gives them a column that stands for nothing.
  CHECK(static_cast<int>(types.size()) <= columns());
  while (most < 0 || static_cast<int64_t>(out.size()) < most) {
    duckdb_data_chunk chunk = duckdb_fetch_chunk(result_);
    if (chunk == nullptr) {
      const char* message = duckdb_result_error(&result_);
      if (message != nullptr && *message != '\0') return FromDuckDb(message);
      break;
    }
    idx_t rows = duckdb_data_chunk_get_size(chunk);
    if (most >= 0) rows = std::min<idx_t>(rows, static_cast<idx_t>(most) - out.size());
    for (idx_t row = 0; row < rows; ++row) {
      std::vector<Value> values;
      values.reserve(types.size());
      for (size_t i = 0; i < types.size(); ++i) {
        values.push_back(Cell(duckdb_data_chunk_get_vector(chunk, i), row, types[i]));
      }
      out.push_back(std::move(values));
    }
    duckdb_destroy_data_chunk(&chunk);
  }
  return Ok();
}

Result<std::vector<std::vector<std::string>>> Answer::Texts() {
  std::vector<std::vector<Value>> rows;
  RETURN_IF_ERROR(Read(std::vector<DataType>(static_cast<size_t>(columns()), TypeId::kString), -1, rows));
  std::vector<std::vector<std::string>> texts;
  for (const auto& row : rows) {
    auto& line = texts.emplace_back();
    for (const auto& value : row) line.push_back(value.is_null() ? "" : std::get<std::string>(value.data));
  }
  return texts;
}

Result<std::string> Answer::Text() {
  ASSIGN_OR_RETURN(const auto texts, Texts());
  return texts.empty() || texts[0].empty() ? std::string() : texts[0][0];
}

Result<std::unique_ptr<Connection>> Connection::Open(const std::vector<Setting>& settings) {
  duckdb_config config = nullptr;
  if (duckdb_create_config(&config) == DuckDBError) return Internal("DuckDB could not start");
  for (const auto& setting : settings) {
    if (duckdb_set_config(config, setting.name.c_str(), setting.value.c_str()) == DuckDBError) {
      duckdb_destroy_config(&config);
      return Internal(fmt::format("DuckDB refuses the setting {}={}", setting.name, setting.value));
    }
  }
  std::unique_ptr<Connection> connection(new Connection);
  char* message = nullptr;
  const auto state = duckdb_open_ext(nullptr, &connection->database_, config, &message);
  duckdb_destroy_config(&config);
  if (state == DuckDBError) {
    Error error = Internal(fmt::format("DuckDB could not start: {}", message == nullptr ? "" : message));
    duckdb_free(message);
    return error;
  }
  if (duckdb_connect(connection->database_, &connection->connection_) == DuckDBError) {
    return Internal("DuckDB refused a connection");
  }
  return connection;
}

Connection::~Connection() {
  duckdb_disconnect(&connection_);
  duckdb_close(&database_);
}

Result<std::unique_ptr<Answer>> Connection::Run(const std::string& sql) {
  duckdb_result result;
  const auto state = duckdb_query(connection_, sql.c_str(), &result);
  auto answer = std::make_unique<Answer>(result);
  if (state == DuckDBError) return FromDuckDb(duckdb_result_error(answer->get()));
  return answer;
}

double Connection::fraction(int64_t* rows_done) {
  const auto progress = duckdb_query_progress(connection_);
  *rows_done = static_cast<int64_t>(progress.rows_processed);
  return progress.percentage / 100.0;
}

std::string QuoteText(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted.append(c == '\'' ? 2 : 1, c);
  return quoted + "'";
}

std::string QuoteName(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + "\"";
}

}  // namespace tidemill::engine::duckdb
