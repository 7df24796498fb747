#include "sql/coercion.h"

#include <algorithm>
#include <functional>

namespace tidemill::sql {

using plan::DataType;
using plan::Field;
using plan::TypeId;

namespace {

constexpr int kMaxPrecision = 38;
constexpr int kMinAdjustedScale = 6;

using Finder = std::optional<DataType> (*)(const DataType&, const DataType&, TypeRules);

bool SameName(const std::string& a, const std::string& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::optional<DataType> CommonStruct(const DataType& a, const DataType& b, TypeRules rules, Finder find) {
  const auto &left = a.fields(), &right = b.fields();
  if (left.size() != right.size()) return std::nullopt;
  std::vector<Field> fields;
  for (size_t i = 0; i < left.size(); ++i) {
    if (!SameName(left[i].name, right[i].name)) return std::nullopt;
    auto type = find(left[i].type, right[i].type, rules);
    if (!type) return std::nullopt;
    fields.push_back({left[i].name, *type, left[i].nullable || right[i].nullable});
  }
  return DataType::Struct(std::move(fields));
}

std::optional<DataType> CommonNested(const DataType& a, const DataType& b, TypeRules rules, Finder find) {
  if (a.id() != b.id()) return std::nullopt;
  if (a.is(TypeId::kArray)) {
    auto element = find(a.element(), b.element(), rules);
    if (!element) return std::nullopt;
    return DataType::Array(*element, a.contains_null() || b.contains_null());
  }
  if (a.is(TypeId::kMap)) {
    auto key = find(a.key(), b.key(), rules);
    auto value = find(a.value(), b.value(), rules);
    if (!key || !value) return std::nullopt;
    return DataType::Map(*key, *value, a.value_contains_null() || b.value_contains_null());
  }
  if (a.is(TypeId::kStruct)) return CommonStruct(a, b, rules, find);
  return std::nullopt;
}

// Whether every value of `other` fits the decimal.
bool DecimalHolds(const DataType& decimal, const DataType& integral) {
  DataType other = DecimalForType(integral);
  return decimal.precision() - decimal.scale() >= other.precision() - other.scale() && decimal.scale() >= other.scale();
}

std::optional<DataType> CommonNumeric(const DataType& a, const DataType& b, TypeRules rules) {
  if (a.is_integral() && b.is(TypeId::kDecimal) && DecimalHolds(b, a)) return b;
  if (b.is_integral() && a.is(TypeId::kDecimal) && DecimalHolds(a, b)) return a;
  if (a.is(TypeId::kDecimal) || b.is(TypeId::kDecimal)) return std::nullopt;
  DataType wider = std::max(a.id(), b.id());
  // An integer next to a float may lose digits in a float, so both become doubles.
  if (wider.is(TypeId::kFloat) && rules == TypeRules::kAnsi) return DataType(TypeId::kDouble);
  return wider;
}

std::optional<DataType> CommonDatetime(const DataType& a, const DataType& b) {
  if (a.is(TypeId::kDate)) return b;
  if (b.is(TypeId::kDate)) return a;
  return DataType(TypeId::kTimestamp);  // a timestamp with one without zone
}

std::optional<DataType> WiderTypeForDecimal(const DataType& a, const DataType& b) {
  auto with = [](const DataType& decimal, const DataType& other) -> std::optional<DataType> {
    if (other.is(TypeId::kDecimal)) return WiderDecimal(decimal, other);
    if (other.is_integral()) return WiderDecimal(decimal, DecimalForType(other));
    if (other.is_fractional()) return DataType(TypeId::kDouble);
    return std::nullopt;
  };
  if (a.is(TypeId::kDecimal)) return with(a, b);
  if (b.is(TypeId::kDecimal)) return with(b, a);
  return std::nullopt;
}

bool IsAtomic(const DataType& type) { return type.id() < TypeId::kCalendarInterval && !type.is(TypeId::kNull); }

template <typename Can>
bool CastNested(const DataType& from, const DataType& to, const Can& can) {
  if (from.id() != to.id()) return false;
  if (from.is(TypeId::kArray)) return can(from.element(), to.element());
  if (from.is(TypeId::kMap)) return can(from.key(), to.key()) && can(from.value(), to.value());
  const auto &left = from.fields(), &right = to.fields();
  return left.size() == right.size() && std::equal(left.begin(), left.end(), right.begin(),
                                                   [&](const Field& x, const Field& y) { return can(x.type, y.type); });
}

}  // namespace

DataType DecimalForType(const DataType& type) {
  switch (type.id()) {
    case TypeId::kByte:
      return DataType::Decimal(3, 0);
    case TypeId::kShort:
      return DataType::Decimal(5, 0);
    case TypeId::kInt:
      return DataType::Decimal(10, 0);
    case TypeId::kLong:
      return DataType::Decimal(20, 0);
    case TypeId::kFloat:
      return DataType::Decimal(14, 7);
    case TypeId::kDouble:
      return DataType::Decimal(30, 15);
    case TypeId::kDecimal:
      return type;
    default:
      return DataType::Decimal(38, 18);
  }
}

DataType DecimalForInteger(int64_t value) {
  int digits = 1;
  for (int64_t rest = value / 10; rest != 0; rest /= 10) ++digits;
  return DataType::Decimal(digits, 0);
}

DataType WiderDecimal(const DataType& a, const DataType& b) {
  int scale = std::max(a.scale(), b.scale());
  int range = std::max(a.precision() - a.scale(), b.precision() - b.scale());
  // Not AdjustedDecimal: digits before the point are kept first, then as many behind it as there is room for.
  if (range + scale <= kMaxPrecision) return DataType::Decimal(range + scale, scale);
  return DataType::Decimal(kMaxPrecision, std::max(0, std::min(scale, kMaxPrecision - range)));
}

DataType AdjustedDecimal(int precision, int scale) {
  if (precision <= kMaxPrecision) return DataType::Decimal(precision, scale);
  int integer_digits = precision - scale;
  int least = std::min(scale, kMinAdjustedScale);
  return DataType::Decimal(kMaxPrecision, std::max(kMaxPrecision - integer_digits, least));
}

DataType DecimalResult(const std::string& op, const DataType& a, const DataType& b, bool precision_loss) {
  int p1 = a.precision(), s1 = a.scale(), p2 = b.precision(), s2 = b.scale();
  const auto made = [&](int precision, int scale) {
    return precision_loss ? AdjustedDecimal(precision, scale)
                          : DataType::Decimal(std::min(precision, kMaxPrecision), std::min(scale, kMaxPrecision));
  };
  if (op == "*") return made(p1 + p2 + 1, s1 + s2);
  if (op == "/") {
    int scale = std::max(kMinAdjustedScale, s1 + p2 + 1), whole = p1 - s1 + s2;
    if (precision_loss) return AdjustedDecimal(whole + scale, scale);
    whole = std::min(kMaxPrecision, whole);
    scale = std::min(kMaxPrecision, scale);
    if (const int over = whole + scale - kMaxPrecision; over > 0) {
      scale -= over / 2 + 1;
      whole = kMaxPrecision - scale;
    }
    return made(whole + scale, scale);
  }
  int scale = std::max(s1, s2);
  if (op == "%" || op == "pmod") return made(std::min(p1 - s1, p2 - s2) + scale, scale);
  return made(std::max(p1 - s1, p2 - s2) + scale + 1, scale);
}

std::optional<DataType> TightestCommonType(const DataType& a, const DataType& b, TypeRules rules) {
  if (a == b) return a;
  if (a.is(TypeId::kNull)) return b;
  if (b.is(TypeId::kNull)) return a;
  if (a.is_numeric() && b.is_numeric()) return CommonNumeric(a, b, rules);
  if (a.is_datetime() && b.is_datetime()) return CommonDatetime(a, b);
  if (a.is(TypeId::kString) && b.is(TypeId::kString)) {
    if (a.collation() != b.collation()) return std::nullopt;
    return a.collation().empty() ? DataType(TypeId::kString) : a;
  }
  if (a.is_ansi_interval() && a.id() == b.id()) {
    auto from = std::min(a.from(), b.from());
    auto to = std::max(a.to(), b.to());
    return a.is(TypeId::kYearMonthInterval) ? DataType::YearMonth(from, to) : DataType::DayTime(from, to);
  }
  return CommonNested(a, b, rules, &TightestCommonType);
}

std::optional<DataType> StringPromotion(const DataType& a, const DataType& b, TypeRules rules) {
  if (b.is(TypeId::kString) && !a.is(TypeId::kString)) return StringPromotion(b, a, rules);
  if (!a.is(TypeId::kString) || b.is(TypeId::kString)) return std::nullopt;
  if (b.is(TypeId::kNull)) return a;
  if (rules == TypeRules::kLegacy) {
    bool stays = IsAtomic(b) && !b.is(TypeId::kBinary) && !b.is(TypeId::kBoolean);
    return stays ? std::optional(a) : std::nullopt;
  }
  if (b.is_integral()) return DataType(TypeId::kLong);
  if (b.is_fractional() || b.is(TypeId::kDecimal)) return DataType(TypeId::kDouble);
  if (b.is_ansi_interval() || !IsAtomic(b)) return std::nullopt;
  return b;
}

std::optional<DataType> WiderType(const DataType& a, const DataType& b, TypeRules rules) {
  if (auto type = TightestCommonType(a, b, rules)) return type;
  if (auto type = WiderTypeForDecimal(a, b)) return type;
  if (auto type = StringPromotion(a, b, rules)) return type;
  return CommonNested(a, b, rules,
                      [](const DataType& x, const DataType& y, TypeRules rules) { return WiderType(x, y, rules); });
}

std::optional<DataType> WiderType(const std::vector<DataType>& types, TypeRules rules) {
  std::optional<DataType> result = DataType(TypeId::kNull);
  // Strings last (first, in legacy mode), so that the outcome does not depend on where they stand.
  auto sorted = types;
  std::stable_partition(sorted.begin(), sorted.end(), [&](const DataType& type) {
    return type.is(TypeId::kString) == (rules == TypeRules::kLegacy);
  });
  for (const auto& type : sorted) {
    result = WiderType(*result, type, rules);
    if (!result) return std::nullopt;
  }
  return result;
}

std::optional<DataType> WiderTypeOfNumbers(const std::vector<DataType>& types, TypeRules rules) {
  auto is_string = [](const DataType& type) { return type.is(TypeId::kString); };
  auto is_other = [](const DataType& type) { return !type.is(TypeId::kString) && !type.is(TypeId::kNull); };
  bool mixed = std::any_of(types.begin(), types.end(), is_string) && std::any_of(types.begin(), types.end(), is_other);
  if (mixed && rules == TypeRules::kLegacy) return std::nullopt;
  return WiderType(types, rules);
}

std::optional<DataType> ComparisonType(const DataType& a, const DataType& b, TypeRules rules) {
  bool string = a.is(TypeId::kString), other_string = b.is(TypeId::kString);
  if (rules == TypeRules::kAnsi || string == other_string) return WiderType(a, b, rules);
  const DataType& other = string ? b : a;
  if (other.is(TypeId::kNull)) return DataType(TypeId::kString);
  if (other.is(TypeId::kDecimal)) return DataType(TypeId::kDouble);
  if (!IsAtomic(other) || other.is_ansi_interval()) return std::nullopt;
  return other;
}

bool CanStoreAssign(const DataType& from, const DataType& to) {
  if (from.SameType(to) || from.is(TypeId::kNull)) return true;
  if (from.is_numeric() && to.is_numeric()) return true;
  if (to.is(TypeId::kString)) return IsAtomic(from) || from.is(TypeId::kCalendarInterval);
  if (from.is_datetime() && to.is_datetime()) return true;
  if (from.is_ansi_interval() && from.id() == to.id()) return true;
  return from.is_nested() && CastNested(from, to, CanStoreAssign);
}

bool CanImplicitlyCast(const DataType& from, const DataType& to, TypeRules rules) {
  if (from.is(TypeId::kString) && IsAtomic(to)) {
    return rules == TypeRules::kAnsi || !(to.is(TypeId::kBoolean) || to.is_ansi_interval());
  }
  if (from.is_nested() && from.id() == to.id()) {
    return CastNested(from, to, [&](const auto& x, const auto& y) { return CanImplicitlyCast(x, y, rules); });
  }
  return CanStoreAssign(from, to);
}

bool CanCast(const DataType& from, const DataType& to, TypeRules rules) {
  bool legacy = rules == TypeRules::kLegacy;
  if (from.SameType(to) || from.is(TypeId::kNull)) return true;
  if (to.is(TypeId::kString)) return true;
  if (from.is(TypeId::kVariant)) return !to.is_ansi_interval() && !to.is(TypeId::kCalendarInterval);
  if (to.is(TypeId::kVariant)) return from.is(TypeId::kArray) ? CanCast(from.element(), to, rules) : !from.is_nested();
  if (from.is_nested() || to.is_nested()) {
    return CastNested(from, to, [&](const auto& x, const auto& y) { return CanCast(x, y, rules); });
  }
  switch (to.id()) {
    case TypeId::kBoolean:
      if (legacy && (from.is(TypeId::kDate) || from.is(TypeId::kTimestamp))) return true;
      return from.is(TypeId::kString) || from.is_numeric();
    case TypeId::kBinary:
      return from.is(TypeId::kString) || (legacy && from.is_integral());
    case TypeId::kDate:
    case TypeId::kTimestampNtz:
      return from.is(TypeId::kString) || from.is_datetime();
    case TypeId::kTimestamp:
      if (legacy && from.is(TypeId::kBoolean)) return true;
      return from.is(TypeId::kString) || from.is_datetime() || from.is_numeric();
    case TypeId::kYearMonthInterval:
    case TypeId::kDayTimeInterval:
      return from.is(TypeId::kString) || from.id() == to.id() || from.is_integral() || from.is(TypeId::kDecimal);
    case TypeId::kCalendarInterval:
      return from.is(TypeId::kString);
    default:
      break;
  }
  if (!to.is_numeric()) return false;
  if (from.is(TypeId::kString) || from.is(TypeId::kBoolean) || from.is_numeric() || from.is(TypeId::kTimestamp)) {
    return true;
  }
  if (legacy && from.is(TypeId::kDate)) return true;
  return from.is_ansi_interval() && (to.is_integral() || to.is(TypeId::kDecimal));
}

bool TryCastMayFail(const DataType& from, const DataType& to) {
  if (from.SameType(to) || to.is(TypeId::kString)) return false;
  if (from.is_integral() && to.is_integral()) return from.id() > to.id();
  if (from.is_integral() && to.is_fractional()) return false;
  return true;
}

}  // namespace tidemill::sql
