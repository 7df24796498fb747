// Rules in code for aggregates that look at a group's values in order: percentiles, the median, the mode, histograms.
#include <algorithm>
#include <map>

#include "sql/coercion.h"
#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_operator.h"
#include "sql/detail/resolver_typed.h"
#include "sql/settings.h"

namespace tidemill::sql {

using plan::DataType;
using plan::TypeId;
using typed::ExprPtr;

namespace {

constexpr const char* kOrdered = "(\"NUMERIC\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL DAY TO SECOND\")";

Error WrongGroup(const PendingCall& call, std::string subclass, std::string_view text) {
  return AnalysisError("INVALID_WITHIN_GROUP_EXPRESSION." + subclass, "42K0K",
                       "Invalid function <funcName> with WITHIN GROUP. " + std::string(text),
                       {{"funcName", QuotedName({call.name})}}, call.at);
}

// The one key of WITHIN GROUP (ORDER BY ...).
Result<typed::SortKey> GroupKey(const PendingCall& call) {
  if (call.distinct) return WrongGroup(call, "DISTINCT_UNSUPPORTED", "The function does not support DISTINCT.");
  if (call.within_group.empty()) {
    return WrongGroup(call, "WITHIN_GROUP_MISSING", "WITHIN GROUP is required for the function.");
  }
  if (call.within_group.size() > 1) {
    return WrongGroup(call, "WRONG_NUM_ORDERINGS", "The function requires one ordering in WITHIN GROUP.");
  }
  return call.within_group[0];
}

// Doubles, or intervals as they are.
Result<ExprPtr> Measured(const PendingCall& call, size_t index, ExprPtr arg) {
  if (arg->type.is_ansi_interval()) return arg;
  bool number = arg->type.is_numeric() || arg->type.is(TypeId::kString) || arg->type.is(TypeId::kNull);
  if (!number) {
    PendingCall shown = call;
    shown.args.resize(std::max(shown.args.size(), index + 1));
    shown.args[index] = arg;
    return UnexpectedType(shown, index, kOrdered);
  }
  return CastTo(arg, TypeId::kDouble);
}

DataType MeasureType(const DataType& type) {
  if (type.is(TypeId::kYearMonthInterval)) return DataType::YearMonth();
  if (type.is(TypeId::kDayTimeInterval)) return DataType::DayTime();
  return type;
}

std::optional<double> NumberOf(const ExprPtr& expr) {
  if (const auto* cast = std::get_if<typed::Cast>(&expr->node)) return NumberOf(cast->child);
  if (const auto* call = AsCall(expr); call && call->function == "negative") {
    auto number = NumberOf(call->args[0]);
    return number ? std::optional(-*number) : std::nullopt;
  }
  const auto* literal = AsLiteral(expr);
  if (!literal) return std::nullopt;
  if (const auto* number = std::get_if<double>(&literal->value.data)) return *number;
  if (const auto* whole = std::get_if<int64_t>(&literal->value.data)) return static_cast<double>(*whole);
  if (const auto* digits = std::get_if<plan::Int128>(&literal->value.data)) {
    double number = static_cast<double>(*digits);
    for (int i = 0; i < expr->type.scale(); ++i) number /= 10;
    return number;
  }
  return std::nullopt;
}

Status CheckShare(const PendingCall& call, const ExprPtr& share) {
  if (const auto* array = AsCall(share); array && array->function == "array") {
    for (const auto& each : array->args) RETURN_IF_ERROR(CheckShare(call, each));
    return Ok();
  }
  if (const auto* cast = std::get_if<typed::Cast>(&share->node); cast && share->type.is(TypeId::kArray)) {
    return CheckShare(call, cast->child);
  }
  auto number = NumberOf(share);
  if (!number || (*number >= 0 && *number <= 1)) return Ok();
  return Mismatch("VALUE_OUT_OF_RANGE", call.sql, "The <exprName> must be between <valueRange>.",
                  {{"exprName", "percentage"}, {"valueRange", "[0.0, 1.0]"}}, call.at);
}

// The percentages: a constant number, or an array of them.
Result<ExprPtr> Share(const PendingCall& call, size_t index) {
  const ExprPtr& written = call.args[index];
  bool many = written->type.is(TypeId::kArray);
  if (!IsConstant(written)) {
    return Mismatch("NON_FOLDABLE_INPUT", call.sql,
                    "the input <inputName> should be a foldable <inputType> expression; however, got <inputExpr>.",
                    {{"inputName", "percentage"}, {"inputType", "\"DOUBLE\""}, {"inputExpr", ""}}, call.at);
  }
  if (written->type.is(TypeId::kNull)) {
    return Mismatch("UNEXPECTED_NULL", call.sql, "The <exprName> must not be null.", {{"exprName", "percentage"}},
                    call.at);
  }
  if (many && written->type.contains_null() && !written->type.element().is(TypeId::kNull)) {
    return UnexpectedType(call, index, "(\"DOUBLE\" or \"ARRAY<DOUBLE>\")");
  }
  DataType type = many ? DataType::Array(TypeId::kDouble, false) : DataType(TypeId::kDouble);
  ASSIGN_OR_RETURN(auto share, Implicit(call, index, type));
  RETURN_IF_ERROR(CheckShare(call, share));
  return share;
}

DataType Of(const ExprPtr& share, const DataType& type) {
  return share->type.is(TypeId::kArray) ? DataType::Array(type, false) : type;
}

// percentile(value, share, "cont", "disc" or "floor", descending).
ExprPtr MakePercentile(const PendingCall& call, const ExprPtr& value, const ExprPtr& share, std::string kind,
                       bool descending) {
  return MakeCall("percentile", {value, share, StringLiteral(std::move(kind)), BoolLiteral(descending)},
                  Of(share, MeasureType(value->type)), true, call.at);
}

Ruled Median(const PendingCall& call) {
  if (call.args.size() != 1) return WrongCount(call, "1");
  ASSIGN_OR_RETURN(auto value, Measured(call, 0, call.args[0]));
  auto half = typed::MakeExpr(typed::Literal{plan::Value{0.5}}, TypeId::kDouble, false, call.at);
  return MakePercentile(call, value, half, "cont", false);
}

Ruled Percentile(const PendingCall& call) {
  if (call.args.size() != 2 && call.args.size() != 3) return WrongCount(call, "[2, 3]");
  ASSIGN_OR_RETURN(auto value, Measured(call, 0, call.args[0]));
  ASSIGN_OR_RETURN(auto share, Share(call, 1));
  if (call.args.size() == 2) return MakePercentile(call, value, share, "cont", false);
  const DataType& type = call.args[2]->type;
  if (!type.is_integral() && !type.is(TypeId::kString) && !type.is(TypeId::kNull)) {
    return UnexpectedType(call, 2, "\"INTEGRAL\"");
  }
  return MakeCall("$percentile_counts", {value, share, CastTo(call.args[2], TypeId::kLong)},
                  Of(share, MeasureType(value->type)), true, call.at);
}

// percentile_cont(p) and percentile_disc(p) WITHIN GROUP (ORDER BY x).
Ruled OrderedPercentile(const PendingCall& call) {
  if (call.args.size() != 1) return WrongCount(call, "1");
  ASSIGN_OR_RETURN(auto key, GroupKey(call));
  ASSIGN_OR_RETURN(auto value, Measured(call, 0, key.expr));
  ASSIGN_OR_RETURN(auto share, Share(call, 0));
  bool floors = Flag(call.options->conf, "spark.sql.legacy.percentileDiscCalculation", false);
  std::string kind = call.name == "percentile_cont" ? "cont" : floors ? "floor" : "disc";
  return MakePercentile(call, value, share, kind, !key.ascending);
}

// mode(x [, deterministic]), mode() WITHIN GROUP (ORDER BY x).
Ruled Mode(const PendingCall& call) {
  if (call.args.size() > 2) return WrongCount(call, "[0, 1, 2]");
  ExprPtr value;
  std::string which = "any";
  if (call.args.empty() || !call.within_group.empty()) {
    if (!call.args.empty()) {
      return WrongGroup(call, "WRONG_NUM_ORDERINGS", "The function requires no ordering in WITHIN GROUP.");
    }
    ASSIGN_OR_RETURN(auto key, GroupKey(call));
    value = key.expr;
    which = key.ascending ? "least" : "greatest";
  } else {
    value = call.args[0];
  }
  if (call.args.size() == 2) {
    const auto* literal = AsLiteral(call.args[1]);
    if (literal && literal->value.is_null()) {
      return Mismatch("UNEXPECTED_NULL", call.sql, "The <exprName> must not be null.", {{"exprName", "deterministic"}},
                      call.at);
    }
    const auto* flag = literal ? std::get_if<bool>(&literal->value.data) : nullptr;
    if (!flag) return UnexpectedType(call, 1, "\"BOOLEAN\"");
    if (*flag) which = "least";
  }
  if (value->type.is_nested() || value->type.is(TypeId::kNull)) {
    return Refused("mode of " + value->type.ToString(), call.at);
  }
  return MakeCall("mode", {value, StringLiteral(which)}, value->type, true, call.at);
}

// percentile_approx(x, p [, accuracy]).
Ruled Approximate(const PendingCall& call) {
  if (call.args.size() != 2 && call.args.size() != 3) return WrongCount(call, "[2, 3]");
  ExprPtr value = call.args[0];
  if (value->type.is(TypeId::kString) || value->type.is(TypeId::kNull)) value = CastTo(value, TypeId::kDouble);
  if (!value->type.is_numeric() && !value->type.is_datetime() && !value->type.is_ansi_interval()) {
    return UnexpectedType(call, 0,
                          "(\"NUMERIC\" or \"DATE\" or \"TIMESTAMP\" or \"TIMESTAMP_NTZ\" or \"INTERVAL YEAR TO "
                          "MONTH\" or \"INTERVAL DAY TO SECOND\")");
  }
  ASSIGN_OR_RETURN(auto share, Share(call, 1));
  int64_t accuracy = 10000;
  if (call.args.size() == 3) {
    auto given = ConstantInteger(call.args[2]);
    if (!given) return Refused("an accuracy that is no constant number", call.at);
    accuracy = *given;
  }
  if (accuracy <= 0 || accuracy > INT32_MAX) {
    return Mismatch("VALUE_OUT_OF_RANGE", call.sql, "The <exprName> must be between <valueRange>.",
                    {{"exprName", "accuracy"}, {"valueRange", "(0, 2147483647]"}}, call.at);
  }
  return MakeCall(call.name, {value, share, IntLiteral(accuracy, TypeId::kLong)}, Of(share, value->type), true,
                  call.at);
}

Ruled Histogram(const PendingCall& call) {
  if (call.args.size() != 2) return WrongCount(call, "2");
  ExprPtr value = call.args[0];
  if (value->type.is(TypeId::kNull)) value = CastTo(value, TypeId::kDouble);
  if (!value->type.is_numeric() && !value->type.is_datetime() && !value->type.is_ansi_interval()) {
    return UnexpectedType(call, 0,
                          "(\"NUMERIC\" or \"DATE\" or \"TIMESTAMP\" or \"TIMESTAMP_NTZ\" or \"INTERVAL YEAR TO "
                          "MONTH\" or \"INTERVAL DAY TO SECOND\")");
  }
  auto bins = ConstantInteger(call.args[1]);
  if (!bins) return Refused("a number of bins that is no constant", call.at);
  if (*bins < 2) {
    return Mismatch("VALUE_OUT_OF_RANGE", call.sql, "The <exprName> must be between <valueRange>.",
                    {{"exprName", "nb"}, {"valueRange", "[2, 2147483647]"}}, call.at);
  }
  DataType bin = DataType::Struct({{"x", value->type, true}, {"y", TypeId::kDouble, true}});
  return MakeCall("histogram_numeric", {value, IntLiteral(*bins)}, DataType::Array(bin), true, call.at);
}

}  // namespace

bool IsInverseDistribution(const std::string& name) {
  return name == "percentile_cont" || name == "percentile_disc" || name == "mode";
}

Ruled PercentileRule(const PendingCall& call) {
  static const auto* rules = new std::map<std::string, Ruled (*)(const PendingCall&)>{
      {"median", Median},
      {"percentile", Percentile},
      {"percentile_cont", OrderedPercentile},
      {"percentile_disc", OrderedPercentile},
      {"mode", Mode},
      {"approx_percentile", Approximate},
      {"histogram_numeric", Histogram},
  };
  auto found = rules->find(call.name);
  if (found == rules->end()) return std::optional<ExprPtr>();
  return found->second(call);
}

}  // namespace tidemill::sql
