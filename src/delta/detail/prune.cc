#include "delta/detail/prune.h"

#include <algorithm>

#include "delta/detail/scalar.h"

namespace tidemill::delta {
namespace {

using plan::Value;
using Op = Test::Op;

// Text of these types is compared by rules that bytes do not show (padding, collation).
bool ComparesByOwnRules(const plan::DataType& type) { return type.is_char() || !type.collation().empty(); }

// Whether `ordering` of value against constant satisfies the operator.
bool Satisfies(Op op, std::strong_ordering ordering) {
  switch (op) {
    case Op::kEqual:
    case Op::kIn:
      return ordering == 0;
    case Op::kNotEqual:
      return ordering != 0;
    case Op::kLess:
      return ordering < 0;
    case Op::kLessOrEqual:
      return ordering <= 0;
    case Op::kGreater:
      return ordering > 0;
    case Op::kGreaterOrEqual:
      return ordering >= 0;
    default:
      return true;
  }
}

// What the bounds prove about `column op constant`.
class Bounds {
 public:
  Bounds(const ColumnStatistics& column, const plan::DataType& type) : column_(column) {
    // Writers leave NaN out of the bounds, but Spark orders it above every number.
    may_hide_nan_ = type.is(plan::TypeId::kFloat) || type.is(plan::TypeId::kDouble);
  }

  bool MayBe(Op op, const Value& constant) const {
    if (constant.is_null()) return false;               // never true in SQL
    const auto below = Compare(column_.min, constant);  // min against the constant
    const auto above = Compare(column_.max, constant);
    const bool all_greater = below && *below > 0;
    const bool all_less = above && *above < 0 && !may_hide_nan_;
    const bool max_is_less = above && *above < 0;
    switch (op) {
      case Op::kEqual:
      case Op::kIn:
        return !all_greater && !(IsNan(constant) ? all_less : max_is_less);
      case Op::kNotEqual:
        return may_hide_nan_ || !(below && above && *below == 0 && *above == 0);
      case Op::kLess:
        return !(below && *below >= 0);
      case Op::kLessOrEqual:
        return !all_greater;
      case Op::kGreater:
        return may_hide_nan_ || !(above && *above <= 0);
      case Op::kGreaterOrEqual:
        return !all_less;
      default:
        return true;
    }
  }

 private:
  static std::optional<std::strong_ordering> Compare(const std::optional<Value>& bound, const Value& constant) {
    return bound ? CompareScalars(*bound, constant) : std::nullopt;
  }
  static bool IsNan(const Value& value) {
    const auto* number = std::get_if<double>(&value.data);
    return number != nullptr && *number != *number;
  }

  const ColumnStatistics& column_;
  bool may_hide_nan_ = false;
};

}  // namespace

bool MayMatchValue(const Test& test, const Value& value, const plan::DataType& type) {
  if (test.op == Op::kIsNull) return value.is_null();
  if (value.is_null()) return false;
  if (test.op == Op::kIsNotNull || ComparesByOwnRules(type)) return true;
  return std::any_of(test.values.begin(), test.values.end(), [&](const Value& constant) {
    if (constant.is_null()) return false;
    const auto ordering = CompareScalars(value, constant);
    return !ordering || Satisfies(test.op, *ordering);
  });
}

bool MayMatchStatistics(const Test& test, const FileStatistics& file, const ColumnStatistics& column,
                        const plan::DataType& type) {
  const auto& nulls = column.null_count;
  if (test.op == Op::kIsNull) return !(nulls && *nulls == 0);
  if (nulls && file.num_records && *nulls >= *file.num_records) return false;  // every row is NULL
  if (test.op == Op::kIsNotNull || ComparesByOwnRules(type)) return true;
  const Bounds bounds(column, type);
  return std::any_of(test.values.begin(), test.values.end(),
                     [&](const Value& constant) { return bounds.MayBe(test.op, constant); });
}

}  // namespace tidemill::delta
