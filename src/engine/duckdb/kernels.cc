#include "engine/duckdb/kernels.h"

#include <optional>

#include "engine/duckdb/kernel_vector.h"

namespace tidemill::engine::duckdb {

namespace {

// Our own errors travel through DuckDB's text between these marks: \x1dclass\x1fsqlstate\x1fmessage\x1d.
constexpr char kMark = '\x1d';
constexpr char kPart = '\x1f';

std::optional<Error> Decode(std::string_view text) {
  size_t begin = text.find(kMark);
  size_t end = begin == std::string_view::npos ? begin : text.find(kMark, begin + 1);
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view body = text.substr(begin + 1, end - begin - 1);
  size_t first = body.find(kPart), second = body.find(kPart, first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
  Error error = InvalidArgument(std::string(body.substr(second + 1)));
  error.error_class = body.substr(0, first);
  error.sqlstate = body.substr(first + 1, second - first - 1);
  return error;
}

// DuckDB's own messages that have a name in Spark: the first row whose text occurs wins.
struct KnownMessage {
  const char* text;
  ErrorKind kind;
  const char* error_class;
  const char* sqlstate;
  const char* message;  // null: DuckDB's
};
constexpr KnownMessage kKnown[] = {
    {"INTERRUPT Error", ErrorKind::kCancelled, "", "", "cancelled"},
    {"Out of Memory Error", ErrorKind::kResourceExhausted, "", "", nullptr},
    {"No space left", ErrorKind::kResourceExhausted, "", "", nullptr},
    {"could not allocate block", ErrorKind::kResourceExhausted, "", "", nullptr},
    {"Type INT128 with value", ErrorKind::kInvalidArgument, "ARITHMETIC_OVERFLOW", "22003",
     "The sum does not fit a BIGINT. Use try_sum, or sum a decimal."},
    {"Overflow in", ErrorKind::kInvalidArgument, "ARITHMETIC_OVERFLOW", "22003", nullptr},
    {"Overflow on abs", ErrorKind::kInvalidArgument, "ARITHMETIC_OVERFLOW", "22003", nullptr},
    {"in DECIMAL(", ErrorKind::kInvalidArgument, "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION", "22003", nullptr},
    {"to DECIMAL(", ErrorKind::kInvalidArgument, "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION", "22003", nullptr},
    {"can't be cast because the value is out of range", ErrorKind::kInvalidArgument, "CAST_OVERFLOW", "22003", nullptr},
    {"out of range for the destination type", ErrorKind::kInvalidArgument, "CAST_OVERFLOW", "22003", nullptr},
    {"More than one row returned by a subquery", ErrorKind::kInvalidArgument, "SCALAR_SUBQUERY_TOO_MANY_ROWS", "21000",
     "More than one row returned by a subquery used as an expression."},
    {"Conversion Error", ErrorKind::kInvalidArgument, "CAST_INVALID_INPUT", "22018", nullptr},
    {"Out of Range Error", ErrorKind::kInvalidArgument, "ARITHMETIC_OVERFLOW", "22003", nullptr},
    {"Invalid Input Error", ErrorKind::kInvalidArgument, "", "", nullptr},
    {"IO Error", ErrorKind::kUnavailable, "", "", nullptr},
    {"Permission Error", ErrorKind::kPermissionDenied, "", "", nullptr},
};

}  // namespace

std::string EncodeError(std::string_view error_class, std::string_view sqlstate, std::string_view message) {
  std::string text(1, kMark);
  for (std::string_view part : {error_class, sqlstate, message}) {
    if (text.size() > 1) text += kPart;
    text += part;
  }
  return text + kMark;
}

void Row::Fail(std::string_view error_class, std::string_view sqlstate, std::string_view message) {
  error_ = EncodeError(error_class, sqlstate, message);
}

Error FromDuckDb(const char* message) {
  std::string_view text = message ? message : "DuckDB failed without a message";
  // DuckDB points into its own SQL, which the user did not write.
  text = text.substr(0, text.find("\n\nLINE "));
  if (auto own = Decode(text)) return *own;
  for (const auto& known : kKnown) {
    if (text.find(known.text) == std::string_view::npos) continue;
    Error error{known.kind, std::string(known.message ? std::string_view(known.message) : text)};
    error.error_class = known.error_class;
    error.sqlstate = known.sqlstate;
    return error;
  }
  return Internal("DuckDB: " + std::string(text));
}

Status kernel::RegisterEntry(duckdb_connection connection, const char* name, const duckdb_type* args, size_t count,
                             duckdb_type result, duckdb_scalar_function_t entry) {
  duckdb_scalar_function function = duckdb_create_scalar_function();
  duckdb_scalar_function_set_name(function, name);
  for (size_t i = 0; i < count; ++i) {
    duckdb_logical_type type = duckdb_create_logical_type(args[i]);
    duckdb_scalar_function_add_parameter(function, type);
    duckdb_destroy_logical_type(&type);
  }
  duckdb_logical_type type = duckdb_create_logical_type(result);
  duckdb_scalar_function_set_return_type(function, type);
  duckdb_destroy_logical_type(&type);
  duckdb_scalar_function_set_function(function, entry);
  MarkFallible(function);
  duckdb_state state = duckdb_register_scalar_function(connection, function);
  duckdb_destroy_scalar_function(&function);
  if (state != DuckDBSuccess) return Internal(std::string("DuckDB did not take the function ") + name);
  return Ok();
}

namespace {

// A local time that occurs twice (clocks set back by an hour) is the earlier instant, as in Spark; ICU takes the later.
constexpr const char* kZoned =
    "CREATE OR REPLACE MACRO tm_zoned(local_time, zone) AS CASE WHEN timezone(zone, timezone(zone, local_time) - "
    "INTERVAL "
    "1 HOUR) = local_time THEN timezone(zone, local_time) - INTERVAL 1 HOUR ELSE timezone(zone, local_time) END";

Status RegisterMacros(duckdb_connection connection) {
  duckdb_result result;
  duckdb_state state = duckdb_query(connection, kZoned, &result);
  std::string message = state == DuckDBSuccess ? "" : duckdb_result_error(&result);
  duckdb_destroy_result(&result);
  if (state != DuckDBSuccess) return Internal("DuckDB did not take a macro: " + message);
  return Ok();
}

}  // namespace

Status RegisterKernels(duckdb_connection connection) {
  RETURN_IF_ERROR(RegisterMacros(connection));
  RETURN_IF_ERROR(RegisterBridge(connection));
  RETURN_IF_ERROR(RegisterCastKernels(connection));
  RETURN_IF_ERROR(RegisterMathKernels(connection));
  RETURN_IF_ERROR(RegisterTextKernels(connection));
  return RegisterTimeKernels(connection);
}

}  // namespace tidemill::engine::duckdb
