#include "sql/scalar_inference.h"

#include "base/lower.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <string>

#include "sql/literal.h"

namespace tidemill::sql {

using plan::DataType;
using plan::TypeId;

namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

template <typename T>
bool IsWhole(std::string_view text) {
  if (text.size() > 1 && text.front() == '+' && IsDigit(text[1])) text.remove_prefix(1);
  T value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

// Digits, a point, an exponent; out of a double's range is still a double.
bool IsFraction(std::string_view text) {
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return (error == std::errc() || error == std::errc::result_out_of_range) && end == text.data() + text.size();
}

bool IsBoolean(std::string_view text) {
  std::string lower = LowerAscii(text);
  return lower == "true" || lower == "false";
}

// Exactly yyyy-MM-dd.
bool IsDate(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  return DateFromText(text).has_value();
}

DataType InferredTime(std::string_view text) {
  if (IsDate(text)) return TypeId::kDate;
  // A time alone is one of today.
  const bool time_alone = text.substr(0, 3).find(':') != std::string_view::npos;
  if (TimestampFromText(time_alone ? "2000-01-01 " + std::string(text) : std::string(text))) return TypeId::kTimestamp;
  return IsBoolean(text) ? TypeId::kBoolean : TypeId::kString;
}

std::string_view Trimmed(std::string_view text) {
  const auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

DataType InferredFromCsv(std::string_view text) {
  if (IsWhole<int32_t>(text)) return TypeId::kInt;
  if (IsWhole<int64_t>(text)) return TypeId::kLong;
  const std::string_view digits = text.substr(text.starts_with('-') || text.starts_with('+') ? 1 : 0);
  const bool whole = !digits.empty() && std::all_of(digits.begin(), digits.end(), IsDigit);
  if (whole && digits.size() <= 38 && digits.front() != '0')
    return DataType::Decimal(static_cast<int>(digits.size()), 0);
  const std::string_view trimmed = Trimmed(text);
  const std::string_view number = trimmed.substr(trimmed.starts_with('+') ? 1 : 0);
  const std::string_view word = trimmed.substr(trimmed.starts_with('-') ? 1 : 0);
  if (IsFraction(number) || word == "NaN" || word == "Inf" || word == "Infinity") return TypeId::kDouble;
  return InferredTime(text);
}

DataType InferredFromXml(std::string_view text) {
  text = Trimmed(text);
  if (text.empty()) return TypeId::kNull;
  const std::string_view number = text.substr(text.front() == '+' || text.front() == '-' ? 1 : 0);
  if (!number.empty() && IsDigit(number.front()) && IsWhole<int64_t>(number)) return TypeId::kLong;
  const bool starts = !number.empty() && (IsDigit(number.front()) || number.front() == '.');
  if (starts && IsFraction(number)) return TypeId::kDouble;
  return InferredTime(text);
}

}  // namespace tidemill::sql
