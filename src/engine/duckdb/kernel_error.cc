// What DuckDB raises, as Spark's error: class, SQLSTATE, message. DuckDB's own wording never reaches the user.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "engine/duckdb/kernel_vector.h"
#include "engine/duckdb/kernels.h"

namespace tidemill::engine::duckdb {

namespace {

// Our own errors travel through DuckDB's text between these marks: \x1dclass\x1fsqlstate\x1fmessage\x1d.
constexpr char kMark = '\x1d';
constexpr char kPart = '\x1f';
constexpr std::string_view kRefused = "UNSUPPORTED_FEATURE";

std::optional<Error> Decode(std::string_view text) {
  size_t begin = text.find(kMark);
  size_t end = begin == std::string_view::npos ? begin : text.find(kMark, begin + 1);
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view body = text.substr(begin + 1, end - begin - 1);
  size_t first = body.find(kPart), second = body.find(kPart, first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
  if (body.substr(0, first) == kRefused) return Unimplemented(std::string(body.substr(second + 1)));
  Error error = InvalidArgument(std::string(body.substr(second + 1)));
  error.error_class = body.substr(0, first);
  error.sqlstate = body.substr(first + 1, second - first - 1);
  return error;
}

using Pairs = std::pair<std::string_view, std::string_view>;

// The pair whose first half begins `text`; its second half.
template <size_t N>
std::string_view Translate(const std::array<Pairs, N>& pairs, std::string_view text, std::string_view otherwise) {
  for (const auto& [from, to] : pairs) {
    if (text.starts_with(from)) return to;
  }
  return otherwise;
}

std::string_view SqlTypeOf(std::string_view duckdb_type) {
  static constexpr std::array kTypes = {
      Pairs{"INT8", "TINYINT"},  Pairs{"INT16", "SMALLINT"}, Pairs{"INT32", "INT"},     Pairs{"INT64", "BIGINT"},
      Pairs{"INT128", "BIGINT"}, Pairs{"FLOAT", "FLOAT"},    Pairs{"DOUBLE", "DOUBLE"}, Pairs{"HUGEINT", "DECIMAL"},
  };
  return Translate(kTypes, duckdb_type, "number");
}

// What stands between `before` and `after`; empty when the text is not like that.
std::string_view Between(std::string_view text, std::string_view before, std::string_view after) {
  size_t begin = text.find(before);
  if (begin == std::string_view::npos) return {};
  begin += before.size();
  size_t end = after.empty() ? text.size() : text.find(after, begin);
  return end == std::string_view::npos ? std::string_view() : text.substr(begin, end - begin);
}

// "Overflow in addition of INT32 (1 + 2)!"
Error Overflow(std::string_view text) {
  static constexpr std::array kTry = {Pairs{"addition", "`try_add`"}, Pairs{"subtraction", "`try_subtract`"},
                                      Pairs{"multiplication", "`try_multiply`"}};
  static constexpr std::array kJava = {Pairs{"INT8", "byte"}, Pairs{"INT16", "short"}, Pairs{"INT32", "integer"},
                                       Pairs{"INT64", "long"}};
  text.remove_prefix(std::min(text.find("Overflow"), text.size()));
  std::string_view type = Between(text, " of INT", " ");
  bool small = type == "8" || type == "16";
  std::string_view what = Translate(kJava, Between(text, " of ", ""), "arithmetic");
  std::string_view instead = Translate(kTry, Between(text, "Overflow in ", ""), "a wider type");
  Error error = InvalidArgument(fmt::format("{} overflow. Use {} to tolerate it.", what, instead));
  error.error_class = small ? "BINARY_ARITHMETIC_OVERFLOW" : "ARITHMETIC_OVERFLOW";
  return error;
}

// "Type DOUBLE with value 1e+20 can't be cast because ... for the destination type INT64"
Error CastOverflow(std::string_view text) {
  auto from = SqlTypeOf(Between(text, "Type ", " with value"));
  auto value = Between(text, "with value ", " can't be cast");
  auto to = SqlTypeOf(Between(text, "destination type ", ""));
  if (Between(text, "Type ", " with value") == "INT128") return Overflow("of INT64");  // a sum, brought back to BIGINT
  Error error = InvalidArgument(
      fmt::format("The value {} of the type \"{}\" cannot be cast to \"{}\" due to an overflow. Use `try_cast` to "
                  "tolerate overflow and return NULL instead.",
                  value, from, to));
  error.error_class = "CAST_OVERFLOW";
  return error;
}

Error DecimalOverflow(std::string_view text) {
  auto value = Between(text, "Casting value \"", "\"");
  auto type = Between(text, "to type ", " failed");
  Error error = InvalidArgument(fmt::format(
      "The value {}cannot be represented as {}. Use `try_cast`, or a decimal with more digits before the point.",
      value.empty() ? "" : std::string(value) + " ", type.empty() ? "a decimal of that precision" : type));
  error.error_class = "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION";
  return error;
}

// The first row whose text occurs in DuckDB's message wins.
struct KnownMessage {
  const char* text;
  ErrorKind kind;
  const char* error_class;
  const char* sqlstate;
  const char* message;  // null: `translate`, or DuckDB's where that is null too
  Error (*translate)(std::string_view) = nullptr;
};
constexpr auto kWrong = ErrorKind::kInvalidArgument;
constexpr char kOutOfMemory[] = "the memory budget of this run is used up; raise --memory or lower --threads";
constexpr char kNoSpace[] =
    "no space is left for temporary files; free some, raise the job's budget.disk, or raise --memory";
constexpr char kDecorrelation[] =
    "a correlated subquery of this shape is not supported by the native engine; write it as a join, or run it on Spark";
constexpr KnownMessage kKnown[] = {
    {"INTERRUPT Error", ErrorKind::kCancelled, "", "", "cancelled"},
    {"No space left", ErrorKind::kResourceExhausted, "", "", kNoSpace},
    {"failed to offload", ErrorKind::kResourceExhausted, "", "", kNoSpace},
    {"Out of Memory Error", ErrorKind::kResourceExhausted, "", "", kOutOfMemory},
    {"could not allocate block", ErrorKind::kResourceExhausted, "", "", kOutOfMemory},
    {"failed to allocate", ErrorKind::kResourceExhausted, "", "", kOutOfMemory},
    {"Overflow in HUGEINT", kWrong, "", "22003", nullptr, DecimalOverflow},
    {"Overflow in", kWrong, "", "22003", nullptr, Overflow},
    {"Overflow on abs", kWrong, "", "22003", nullptr, Overflow},
    {"in DECIMAL(", kWrong, "", "22003", nullptr, DecimalOverflow},
    {"to DECIMAL(", kWrong, "", "22003", nullptr, DecimalOverflow},
    {"to type DECIMAL(", kWrong, "", "22003", nullptr, DecimalOverflow},
    {"can't be cast because the value is out of range", kWrong, "", "22003", nullptr, CastOverflow},
    {"out of range for the destination type", kWrong, "", "22003", nullptr, CastOverflow},
    {"Map keys must be unique", kWrong, "DUPLICATED_MAP_KEY", "23505",
     "Duplicate map key was found, please check the input data."},
    {"Map keys can not be NULL", kWrong, "NULL_MAP_KEY", "2200E", "Cannot use null as map key."},
    {"Date out of range", kWrong, "ARITHMETIC_OVERFLOW", "22003", "The date is out of range."},
    {"Timestamp out of range", kWrong, "ARITHMETIC_OVERFLOW", "22003", "The timestamp is out of range."},
    {"Timestamp with time zone out of range", kWrong, "ARITHMETIC_OVERFLOW", "22003", "The timestamp is out of range."},
    {"Like pattern must not end with escape", kWrong, "INVALID_FORMAT.ESC_AT_THE_END", "42601",
     "The format is invalid: the escape character is not allowed to end with. Write it twice."},
    {"invalid regular expression", kWrong, "INVALID_PARAMETER_VALUE.PATTERN", "22023",
     "The value of parameter(s) `regexp` is invalid: the pattern cannot be read as a regular expression."},
    {"More than one row returned by a subquery", kWrong, "SCALAR_SUBQUERY_TOO_MANY_ROWS", "21000",
     "More than one row returned by a subquery used as an expression."},
    {"Unknown TimeZone", kWrong, "INVALID_TIMEZONE", "22009",
     "The timezone is invalid. Set it to a region-based zone ID ('area/city') or a zone offset ('+hh:mm')."},
    {"correlated", ErrorKind::kUnimplemented, "", "", kDecorrelation},
    {"cannot contain aggregates", ErrorKind::kUnimplemented, "", "", kDecorrelation},
    {"window expression is not supported", ErrorKind::kUnimplemented, "", "", kDecorrelation},
    {"Not implemented Error", ErrorKind::kUnimplemented, "", "",
     "the native engine cannot run this query; rewrite it, or run it on Spark"},
    {"could not convert blob to UTF8", ErrorKind::kUnimplemented, "", "",
     "a string that is not UTF-8 is not supported by the native engine; run the query on Spark"},
    {"Conversion Error", kWrong, "CAST_INVALID_INPUT", "22018",
     "A value cannot be cast to the wanted type because it is malformed. Use `try_cast` to tolerate malformed input "
     "and return NULL instead."},
    {"Out of Range Error", kWrong, "ARITHMETIC_OVERFLOW", "22003", nullptr, Overflow},
    {"Invalid Input Error", kWrong, "", "", nullptr},
    {"IO Error", ErrorKind::kUnavailable, "", "", nullptr},
    {"Permission Error", ErrorKind::kPermissionDenied, "", "", nullptr},
};

Error Known(const KnownMessage& known, std::string_view text) {
  Error error = known.translate
                    ? known.translate(text)
                    : Error{known.kind, std::string(known.message ? std::string_view(known.message) : text)};
  if (*known.error_class) error.error_class = known.error_class;
  error.sqlstate = known.sqlstate;
  return error;
}

}  // namespace

std::string EncodeError(std::string_view error_class, std::string_view sqlstate, std::string_view message) {
  std::string text(1, kMark);
  for (std::string_view part : {error_class, sqlstate, message}) {
    text += part;
    text += kPart;
  }
  text.back() = kMark;
  return text;
}

void Row::Fail(std::string_view error_class, std::string_view sqlstate, std::string_view message) {
  error_ = EncodeError(error_class, sqlstate, message);
}

void Row::Refuse(std::string_view what) {
  Fail(kRefused, "0A000", std::string(what) + " is not supported by the native engine; run the query on Spark");
  refused_ = true;
}

Error FromDuckDb(const char* message) {
  std::string_view text = message ? message : "DuckDB failed without a message";
  // DuckDB points into its own SQL, which the user did not write.
  text = text.substr(0, text.find("\n\nLINE "));
  if (auto own = Decode(text)) return *own;
  for (const auto& known : kKnown) {
    if (text.find(known.text) != std::string_view::npos) return Known(known, text);
  }
  return Internal("DuckDB: " + std::string(text));
}

}  // namespace tidemill::engine::duckdb
