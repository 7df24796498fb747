// Numbers as text and from text: to_number, to_char, conv; and width_bucket.
#include <cctype>
#include <cmath>
#include <cstdlib>

#include "engine/duckdb/kernel_value.h"
#include "engine/duckdb/text_values.h"
#include "sql/number_format.h"

namespace tidemill::engine::duckdb {

using plan::Int128;
using plan::TypeId;
using plan::Value;

namespace {

// The last format read, kept by thread: formats are mostly constants.
const sql::NumberFormat* FormatOf(Row& row, const std::string& text) {
  thread_local std::string last;
  thread_local Result<sql::NumberFormat> format = sql::NumberFormat::Read("9");
  if (last != text) {
    last = text;
    format = sql::NumberFormat::Read(text);
  }
  if (format.ok()) return &format.value();
  row.Fail(format.error().error_class, format.error().sqlstate, format.error().message);
  return nullptr;
}

void NoMatch(Row& row, const std::string& text, const std::string& format) {
  row.Fail("INVALID_FORMAT.MISMATCH_INPUT", "42601",
           "The format is invalid: '" + format + "'. The input '" + text + "' does not match the format.");
}

Value ToNumber(Row& row, const ValueCall& call) {
  const auto* format = FormatOf(row, call.text(1));
  if (!format) return {};
  auto digits = format->Parse(WithAsciiDigits(call.text(0)));
  if (!digits) NoMatch(row, call.text(0), call.text(1));
  return {digits.value_or(0)};
}

Value ToChar(Row& row, const ValueCall& call) {
  const auto* format = FormatOf(row, call.text(1));
  if (!format) return {};
  return {format->Format(std::get<Int128>(call.args[0].data), call.types[0].scale())};
}

// Hive's conv(): digits of one base as digits of another. A negative `to` base gives a signed number; digits past 64
// bits are an error, or all bits set (Spark's NumberConverter).
Value Conv(Row& row, const ValueCall& call) {
  int64_t from = call.number(1), to = call.number(2);
  auto legal = [](int64_t base) { return base >= 2 && base <= 36; };
  std::string text = call.text(0);
  size_t first = text.find_first_not_of(' '), last = text.find_last_not_of(' ');
  if (!legal(from) || !legal(std::abs(to)) || first == std::string::npos) {
    row.Null();
    return {};
  }
  text = text.substr(first, last - first + 1);
  bool negative = text[0] == '-';
  Int128 value = 0;
  bool overflow = false;
  for (size_t i = negative; i < text.size(); ++i) {
    unsigned char c = text[i];
    int digit = std::isdigit(c) ? c - '0' : std::isalpha(c) ? std::toupper(c) - 'A' + 10 : 99;
    if (digit >= from) break;
    value = value * from + digit;
    if (value > static_cast<Int128>(~uint64_t{0})) {
      overflow = true;
      break;
    }
  }
  if (overflow) row.Fail("ARITHMETIC_OVERFLOW", "22003", "Overflow in function conv().");
  auto bits = static_cast<uint64_t>(value);
  if (negative && to > 0) {
    bits = static_cast<int64_t>(bits) < 0 ? ~uint64_t{0} : -bits;
  }
  if (to < 0 && static_cast<int64_t>(bits) < 0) {
    bits = -bits;
    negative = true;
  }
  std::string digits;
  auto base = static_cast<uint64_t>(std::abs(to));
  do {
    digits.insert(digits.begin(), "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[bits % base]);
    bits /= base;
  } while (bits > 0);
  return {negative && to < 0 ? "-" + digits : digits};
}

// Outside ANSI mode digits past 64 bits give all bits set.
Value ConvWrapping(Row& row, const ValueCall& call) {
  Row inner;
  Value value = Conv(inner, call);
  if (!inner.failed()) {
    if (inner.null()) row.Null();
    return value;
  }
  const std::vector<Value> all{Value{std::string("FFFFFFFFFFFFFFFF")}, Value{int64_t{16}}, call.args[2]};
  return Conv(row, ValueCall{all, call.types, call.result});
}

Value WidthBucket(Row&, const ValueCall& call) {
  bool floating = call.types[0].is(TypeId::kDouble);
  auto number = [&](size_t i) {
    return floating ? static_cast<long double>(std::get<double>(call.args[i].data))
                    : static_cast<long double>(call.number(i));
  };
  long double value = number(0), low = number(1), high = number(2);
  int64_t buckets = call.number(3);
  bool wrong = buckets <= 0 || buckets == INT64_MAX || std::isnan(value) || low == high || !std::isfinite(low) ||
               !std::isfinite(high);
  if (wrong) return {};
  auto lower = std::min(low, high), upper = std::max(low, high);
  bool rising = low < high;
  if (rising ? value < lower : value > upper) return {int64_t{0}};
  if (rising ? value >= upper : value <= lower) return {buckets + 1};
  auto share = static_cast<double>(buckets) * static_cast<double>(rising ? value - lower : upper - value) /
               static_cast<double>(upper - lower);
  return {static_cast<int64_t>(share) + 1};
}

}  // namespace

std::span<const ValueRow> NumberValues() {
  static constexpr ValueRow kRows[] = {{"to_number", ToNumber},
                                       {"to_char", ToChar},
                                       {"conv", Conv},
                                       {"conv_wrapping", ConvWrapping},
                                       {"width_bucket", WidthBucket}};
  return kRows;
}

}  // namespace tidemill::engine::duckdb
