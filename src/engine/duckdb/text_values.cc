#include "engine/duckdb/text_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/sha256.h"
#include "engine/duckdb/kernel_pattern.h"
#include "engine/duckdb/kernel_vector.h"

namespace tidemill::engine::duckdb {
namespace {

using plan::DataType;
using plan::Int128;
using plan::TypeId;

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kMicrosPerDay = 86400 * kMicrosPerSecond;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Takes digits from the front; none when there are fewer than `least`, stops after `most`.
std::optional<int64_t> TakeDigits(std::string_view& text, size_t least, size_t most, size_t* count = nullptr) {
  size_t n = 0;
  int64_t value = 0;
  while (n < most && n < text.size() && IsDigit(text[n])) value = value * 10 + (text[n++] - '0');
  if (n < least) return std::nullopt;
  if (count != nullptr) *count = n;
  text.remove_prefix(n);
  return value;
}

bool Take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

std::string_view Trim(std::string_view text) {
  const auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

std::optional<int32_t> DaysOf(int64_t year, int64_t month, int64_t day) {
  using namespace std::chrono;
  if (month < 1 || month > 12 || day < 1 || day > 31) return std::nullopt;
  // std::chrono's year ends at 32767: shift by whole Gregorian cycles of 400 years, 146097 days each.
  const int64_t cycles = year / 400;
  const year_month_day date{std::chrono::year(static_cast<int>(year - cycles * 400)),
                            std::chrono::month(static_cast<unsigned>(month)),
                            std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const int64_t days = sys_days(date).time_since_epoch().count() + cycles * 146097;
  if (days > std::numeric_limits<int32_t>::max() || days < std::numeric_limits<int32_t>::min()) return std::nullopt;
  return static_cast<int32_t>(days);
}

// [+-]yyyy[-M[-d]] from the front.
std::optional<int32_t> TakeDate(std::string_view& text) {
  const bool negative = Take(text, '-');
  if (!negative) Take(text, '+');
  const auto year = TakeDigits(text, 4, 7);
  if (!year) return std::nullopt;
  int64_t month = 1, day = 1;
  if (Take(text, '-')) {
    const auto m = TakeDigits(text, 1, 2);
    if (!m) return std::nullopt;
    month = *m;
    if (Take(text, '-')) {
      const auto d = TakeDigits(text, 1, 2);
      if (!d) return std::nullopt;
      day = *d;
    }
  }
  return DaysOf(negative ? -*year : *year, month, day);
}

// h:m[:s[.ffffff]] from the front, microseconds of the day.
std::optional<int64_t> TakeTime(std::string_view& text) {
  const auto hour = TakeDigits(text, 1, 2);
  if (!hour || *hour > 23) return std::nullopt;
  int64_t minute = 0, second = 0, micros = 0;
  if (Take(text, ':')) {
    const auto m = TakeDigits(text, 1, 2);
    if (!m || *m > 59) return std::nullopt;
    minute = *m;
    if (Take(text, ':')) {
      const auto s = TakeDigits(text, 1, 2);
      if (!s || *s > 59) return std::nullopt;
      second = *s;
      if (Take(text, '.')) {
        size_t count = 0;
        micros = TakeDigits(text, 0, 6, &count).value_or(0);
        for (; count < 6; ++count) micros *= 10;
        while (!text.empty() && IsDigit(text.front())) text.remove_prefix(1);  // below a microsecond: cut off
      }
    }
  }
  return ((*hour * 60 + minute) * 60 + second) * kMicrosPerSecond + micros;
}

// "Z", "UTC", "GMT", "UT" with an offset or without, "+h[:m[:s]]": the offset in seconds.
std::optional<int64_t> ZoneSeconds(std::string_view zone) {
  if (zone == "Z") return 0;
  for (const std::string_view name : {"UTC", "GMT", "UT"}) {
    if (zone.starts_with(name)) {
      zone.remove_prefix(name.size());
      if (zone.empty()) return 0;
      break;
    }
  }
  const int sign = Take(zone, '+') ? 1 : Take(zone, '-') ? -1 : 0;
  if (sign == 0) return std::nullopt;
  int64_t parts[3] = {0, 0, 0};
  for (int i = 0; i < 3 && (i == 0 || !zone.empty()); ++i) {
    if (i > 0 && !Take(zone, ':') && zone.size() != 2) return std::nullopt;
    const auto part = TakeDigits(zone, 1, 2);
    if (!part || *part > 59) return std::nullopt;
    parts[i] = *part;
  }
  const int64_t seconds = parts[0] * 3600 + parts[1] * 60 + parts[2];
  if (!zone.empty() || seconds > 18 * 3600) return std::nullopt;
  return sign * seconds;
}

}  // namespace

std::optional<int64_t> ParseInteger(std::string_view text, int64_t least, int64_t most) {
  if (text.size() > 1 && text.front() == '+' && IsDigit(text[1])) text.remove_prefix(1);
  int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size() || value < least || value > most) return std::nullopt;
  return value;
}

namespace {

// The usual form, [-]digits[.digits] with no more places than the scale, in 64 bits; none when it is not that.
std::optional<int64_t> ParseShortDecimal(std::string_view text, int precision, int scale) {
  constexpr size_t kMostCharacters = 17;
  if (text.size() > kMostCharacters || precision > 18) return std::nullopt;
  const bool negative = Take(text, '-');
  int64_t value = 0;
  int places = -1;  // after the point; -1: no point yet
  for (const char c : text) {
    if (IsDigit(c)) {
      value = value * 10 + (c - '0');
      if (places >= 0) ++places;
    } else if (c == '.' && places < 0) {
      places = 0;
    } else {
      return std::nullopt;
    }
  }
  const int digits = static_cast<int>(text.size()) - (places >= 0 ? 1 : 0);
  const int missing = scale - std::max(places, 0);
  if (digits == 0 || missing < 0 || digits + missing > precision) return std::nullopt;
  for (int i = 0; i < missing; ++i) value *= 10;
  return negative ? -value : value;
}

}  // namespace

std::optional<Int128> ParseDecimal(std::string_view text, int precision, int scale) {
  if (const auto value = ParseShortDecimal(text, precision, scale)) return Int128{*value};
  const bool negative = Take(text, '-');
  if (!negative) Take(text, '+');
  Int128 digits = 0;
  int significant = 0;  // digits taken in, leading zeros apart
  int point = 0;        // digits after the point
  bool any = false, after_point = false, round_up = false;
  int64_t exponent = 0;
  size_t i = 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.' && !after_point) {
      after_point = true;
    } else if (IsDigit(c)) {
      any = true;
      if (significant == 38) return std::nullopt;  // more than any DECIMAL holds; rare enough to call malformed
      digits = digits * 10 + (c - '0');
      if (digits != 0) ++significant;
      if (after_point) ++point;
    } else {
      break;
    }
  }
  if (!any) return std::nullopt;
  if (i < text.size()) {
    if ((text[i] | 0x20) != 'e') return std::nullopt;
    const auto parsed = ParseInteger(text.substr(i + 1), -1000, 1000);
    if (!parsed) return std::nullopt;
    exponent = *parsed;
  }
  int64_t shift = scale - point + exponent;
  for (; shift > 0; --shift) {
    if (digits > (static_cast<Int128>(1) << 123)) return std::nullopt;
    digits *= 10;
  }
  for (; shift < 0 && (digits != 0 || round_up); ++shift) {  // HALF_UP looks at the last digit cut only
    round_up = digits % 10 >= 5;
    digits /= 10;
  }
  if (round_up) ++digits;
  Int128 bound = 1;
  for (int p = 0; p < precision; ++p) bound *= 10;
  if (digits >= bound) return std::nullopt;
  return negative ? -digits : digits;
}

std::optional<double> ParseDouble(std::string_view text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  const bool negative = text.starts_with('-');
  std::string_view magnitude = text;
  if (negative || magnitude.starts_with('+')) magnitude.remove_prefix(1);
  if (magnitude == "Inf" || magnitude == "Infinity") {
    return negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  }
  if (magnitude.empty() || (!IsDigit(magnitude.front()) && magnitude.front() != '.')) return std::nullopt;
  double value = 0;
  const auto [end, code] = std::from_chars(magnitude.data(), magnitude.data() + magnitude.size(), value);
  if (end != magnitude.data() + magnitude.size()) return std::nullopt;
  if (code == std::errc::result_out_of_range)
    value = std::strtod(std::string(magnitude).c_str(), nullptr);
  else if (code != std::errc{})
    return std::nullopt;
  return negative ? -value : value;
}

std::optional<bool> ParseBoolean(std::string_view text) {
  if (EqualsIgnoringCase(text, "true")) return true;
  if (EqualsIgnoringCase(text, "false")) return false;
  return std::nullopt;
}

std::optional<int32_t> ParseDate(std::string_view text) {
  if (text.size() == 10 && text[4] == '-' && text[7] == '-') {  // the usual form, without the cursor
    const auto digit = [&](int i) { return static_cast<unsigned>(text[static_cast<size_t>(i)] - '0'); };
    bool plain = true;
    for (const int i : {0, 1, 2, 3, 5, 6, 8, 9}) plain = plain && digit(i) < 10;
    if (plain) {
      return DaysOf(digit(0) * 1000 + digit(1) * 100 + digit(2) * 10 + digit(3), digit(5) * 10 + digit(6),
                    digit(8) * 10 + digit(9));
    }
  }
  text = Trim(text);
  const auto days = TakeDate(text);
  if (!days || !(text.empty() || text.front() == ' ' || text.front() == 'T')) return std::nullopt;
  return days;
}

std::optional<int64_t> ParseTimestamp(std::string_view text, bool* has_zone) {
  *has_zone = false;
  text = Trim(text);
  const auto days = TakeDate(text);
  if (!days) return std::nullopt;
  int64_t micros = 0;
  if (!text.empty()) {
    if (!Take(text, 'T') && !Take(text, ' ')) return std::nullopt;
    const auto time = TakeTime(text);
    if (!time) return std::nullopt;
    micros = *time;
    text = Trim(text);
    if (!text.empty()) {
      const auto zone = ZoneSeconds(text);
      if (!zone) return std::nullopt;
      *has_zone = true;
      micros -= *zone * kMicrosPerSecond;
    }
  }
  int64_t total = 0;
  if (__builtin_mul_overflow(static_cast<int64_t>(*days), kMicrosPerDay, &total) ||
      __builtin_add_overflow(total, micros, &total)) {
    return std::nullopt;
  }
  return total;
}

namespace {

// What a registered function needs to know; owned by DuckDB.
struct TextFunction {
  bool raises = false;
  std::string type_name;
  int precision = 0;
  int scale = 0;
  std::optional<DatetimePattern> pattern{};
};

void RaiseMalformed(duckdb_function_info info, const TextFunction& function, std::string_view text,
                    duckdb_data_chunk input, idx_t row) {
  duckdb_vector names = duckdb_data_chunk_get_vector(input, 1);
  auto name = static_cast<duckdb_string_t*>(duckdb_vector_get_data(names))[row];
  const std::string_view column(duckdb_string_t_data(&name), duckdb_string_t_length(name));
  const std::string shown(text.substr(0, 100));
  const std::string message =
      fmt::format("column {}: '{}' is not a {}; mend the file, or set the source's `malformed` to drop or quarantine",
                  column, shown, function.type_name);
  duckdb_scalar_function_set_error(info, EncodeError(kMalformedRecord, "22023", message).c_str());
}

// Runs `parse(text, function, &out)` over a column of texts; T is the output's physical type.
template <typename T, typename Parse>
void MapTexts(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output, Parse parse) {
  const auto& function = *static_cast<TextFunction*>(duckdb_scalar_function_get_extra_info(info));
  const idx_t rows = duckdb_data_chunk_get_size(input);
  duckdb_vector texts = duckdb_data_chunk_get_vector(input, 0);
  auto* const data = static_cast<duckdb_string_t*>(duckdb_vector_get_data(texts));
  uint64_t* const valid = duckdb_vector_get_validity(texts);
  auto* const out = static_cast<T*>(duckdb_vector_get_data(output));
  for (idx_t row = 0; row < rows; ++row) {
    const bool is_null = valid != nullptr && !duckdb_validity_row_is_valid(valid, row);
    if (!is_null) {
      const std::string_view text(duckdb_string_t_data(&data[row]), duckdb_string_t_length(data[row]));
      if (parse(text, function, &out[row])) continue;
      if (function.raises) return RaiseMalformed(info, function, text, input, row);
    }
    duckdb_vector_ensure_validity_writable(output);
    duckdb_validity_set_row_invalid(duckdb_vector_get_validity(output), row);
  }
}

template <typename T>
void Integers(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  MapTexts<T>(info, input, output, [](std::string_view text, const TextFunction&, T* out) {
    const auto value = ParseInteger(text, std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
    if (value) *out = static_cast<T>(*value);
    return value.has_value();
  });
}

template <typename T>
void Floats(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  MapTexts<T>(info, input, output, [](std::string_view text, const TextFunction&, T* out) {
    const auto value = ParseDouble(text);
    if (value) *out = static_cast<T>(*value);
    return value.has_value();
  });
}

template <typename T>
void Decimals(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  MapTexts<T>(info, input, output, [](std::string_view text, const TextFunction& function, T* out) {
    const auto value = ParseDecimal(text, function.precision, function.scale);
    if (!value) return false;
    if constexpr (std::is_same_v<T, duckdb_hugeint>) {
      *out = duckdb_hugeint{static_cast<uint64_t>(*value), static_cast<int64_t>(*value >> 64)};
    } else {
      *out = static_cast<T>(*value);
    }
    return true;
  });
}

void Booleans(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  MapTexts<bool>(info, input, output, [](std::string_view text, const TextFunction&, bool* out) {
    const auto value = ParseBoolean(text);
    *out = value.value_or(false);
    return value.has_value();
  });
}

void Dates(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  MapTexts<int32_t>(info, input, output, [](std::string_view text, const TextFunction&, int32_t* out) {
    const auto value = ParseDate(text);
    if (value) *out = *value;
    return value.has_value();
  });
}


void PatternDates(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  MapTexts<int32_t>(info, input, output, [](std::string_view text, const TextFunction& function, int32_t* out) {
    const auto micros = function.pattern->Parse(text);
    // The parser makes whole days of a date; a time in the pattern is cut off, downwards.
    if (micros) *out = static_cast<int32_t>(*micros / kMicrosPerDay - (*micros % kMicrosPerDay < 0 ? 1 : 0));
    return micros.has_value();
  });
}

void PatternTimes(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  MapTexts<int64_t>(info, input, output, [](std::string_view text, const TextFunction& function, int64_t* out) {
    const auto micros = function.pattern->Parse(text);
    if (micros) *out = *micros;
    return micros.has_value();
  });
}

// An instant; a text without a zone is UTC's.
void Timestamps(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  MapTexts<int64_t>(info, input, output, [](std::string_view text, const TextFunction&, int64_t* out) {
    bool has_zone = false;
    const auto value = ParseTimestamp(text, &has_zone);
    if (value) *out = *value;
    return value.has_value();
  });
}

// A local date and time; a text with a zone is malformed.
void LocalTimestamps(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  MapTexts<int64_t>(info, input, output, [](std::string_view text, const TextFunction&, int64_t* out) {
    bool has_zone = false;
    const auto value = ParseTimestamp(text, &has_zone);
    if (value) *out = *value;
    return value.has_value() && !has_zone;
  });
}

Status Register(duckdb_connection connection, const std::string& name, duckdb_logical_type result,
                duckdb_scalar_function_t function, const TextFunction& extra) {
  for (const bool raises : {true, false}) {
    duckdb_scalar_function scalar = duckdb_create_scalar_function();
    duckdb_scalar_function_set_name(scalar, ((raises ? "tm_text_" : "tm_text_try_") + name).c_str());
    duckdb_logical_type text = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
    duckdb_scalar_function_add_parameter(scalar, text);
    if (raises) duckdb_scalar_function_add_parameter(scalar, text);
    duckdb_destroy_logical_type(&text);
    duckdb_scalar_function_set_return_type(scalar, result);
    duckdb_scalar_function_set_special_handling(scalar);  // a NULL text in, and malformed text, both give NULL
    auto* owned = new TextFunction(extra);
    owned->raises = raises;
    duckdb_scalar_function_set_extra_info(scalar, owned, [](void* p) { delete static_cast<TextFunction*>(p); });
    duckdb_scalar_function_set_function(scalar, function);
    const auto state = duckdb_register_scalar_function(connection, scalar);
    duckdb_destroy_scalar_function(&scalar);
    if (state == DuckDBError) return Internal(fmt::format("DuckDB refused tm_text_{}", name));
  }
  return Ok();
}

struct TextType {
  TypeId id;
  const char* name;
  duckdb_type result;
  duckdb_scalar_function_t function;
};

constexpr TextType kTextTypes[] = {
    {TypeId::kBoolean, "boolean", DUCKDB_TYPE_BOOLEAN, Booleans},
    {TypeId::kByte, "tinyint", DUCKDB_TYPE_TINYINT, Integers<int8_t>},
    {TypeId::kShort, "smallint", DUCKDB_TYPE_SMALLINT, Integers<int16_t>},
    {TypeId::kInt, "int", DUCKDB_TYPE_INTEGER, Integers<int32_t>},
    {TypeId::kLong, "bigint", DUCKDB_TYPE_BIGINT, Integers<int64_t>},
    {TypeId::kFloat, "float", DUCKDB_TYPE_FLOAT, Floats<float>},
    {TypeId::kDouble, "double", DUCKDB_TYPE_DOUBLE, Floats<double>},
    {TypeId::kDate, "date", DUCKDB_TYPE_DATE, Dates},
    {TypeId::kTimestamp, "timestamp", DUCKDB_TYPE_TIMESTAMP_TZ, Timestamps},
    {TypeId::kTimestampNtz, "timestamp_ntz", DUCKDB_TYPE_TIMESTAMP, LocalTimestamps},
};

}  // namespace

Status RegisterTextValues(duckdb_connection connection) {
  for (const auto& type : kTextTypes) {
    duckdb_logical_type result = duckdb_create_logical_type(type.result);
    auto status =
        Register(connection, type.name, result, type.function, TextFunction{.type_name = DataType(type.id).ToSql()});
    duckdb_destroy_logical_type(&result);
    RETURN_IF_ERROR(std::move(status));
  }
  return Ok();
}

Status RegisterTextDecimal(duckdb_connection connection, int precision, int scale) {
  const auto type = DataType::Decimal(precision, scale);
  duckdb_logical_type result = duckdb_create_decimal_type(static_cast<uint8_t>(precision), static_cast<uint8_t>(scale));
  duckdb_scalar_function_t function = Decimals<duckdb_hugeint>;
  switch (duckdb_decimal_internal_type(result)) {
    case DUCKDB_TYPE_SMALLINT:
      function = Decimals<int16_t>;
      break;
    case DUCKDB_TYPE_INTEGER:
      function = Decimals<int32_t>;
      break;
    case DUCKDB_TYPE_BIGINT:
      function = Decimals<int64_t>;
      break;
    default:
      break;
  }
  auto status = Register(connection, TextTypeName(type), result, function,
                         TextFunction{.type_name = type.ToSql(), .precision = precision, .scale = scale});
  duckdb_destroy_logical_type(&result);
  return status;
}

Result<std::string> RegisterTextPattern(duckdb_connection connection, const DataType& type,
                                        const std::string& pattern) {
  ASSIGN_OR_RETURN(auto read, DatetimePattern::Read(pattern));
  const bool is_date = type.is(TypeId::kDate);
  const std::string name = fmt::format("{}_by_{}", is_date ? "date" : "local", Sha256Hex(pattern).substr(0, 12));
  duckdb_logical_type result = duckdb_create_logical_type(is_date ? DUCKDB_TYPE_DATE : DUCKDB_TYPE_TIMESTAMP);
  TextFunction function{.type_name = fmt::format("{} written as '{}'", type.ToSql(), pattern),
                        .pattern = std::move(read)};
  auto status = Register(connection, name, result, is_date ? PatternDates : PatternTimes, function);
  duckdb_destroy_logical_type(&result);
  RETURN_IF_ERROR(std::move(status));
  return name;
}

std::string TextTypeName(const DataType& type) {
  if (type.is(TypeId::kDecimal)) return fmt::format("decimal_{}_{}", type.precision(), type.scale());
  for (const auto& known : kTextTypes) {
    if (known.id == type.id()) return known.name;
  }
  return "";
}

}  // namespace tidemill::engine::duckdb
