// Rules in code for functions of any type: conditions, casts by name, strings, aggregates.
#include <algorithm>
#include <map>

#include "sql/coercion.h"
#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_operator.h"
#include "sql/detail/resolver_typed.h"
#include "sql/parser.h"
#include "sql/settings.h"

namespace tidemill::sql {

using plan::DataType;
using plan::TypeId;
using typed::ExprPtr;

namespace {

ExprPtr MakeCase(ExprPtr condition, ExprPtr then, ExprPtr otherwise, Position at) {
  typed::Case made;
  DataType type = then->type;
  bool nullable = then->nullable || !otherwise || otherwise->nullable;
  made.branches.emplace_back(std::move(condition), std::move(then));
  made.otherwise = std::move(otherwise);
  return typed::MakeExpr(std::move(made), type, nullable, at);
}

ExprPtr IsNotNull(const ExprPtr& e) { return MakeCall("isnotnull", {e}, TypeId::kBoolean, false, e->at); }

Ruled Coalesce(const PendingCall& call) {
  if (call.args.empty()) return WrongCount(call, "> 0");
  ASSIGN_OR_RETURN(auto args, CastAllToCommon(call, call.args));
  bool nullable = std::all_of(args.begin(), args.end(), [](const ExprPtr& e) { return e->nullable; });
  DataType type = args[0]->type;
  return MakeCall("coalesce", args, type, nullable, call.at);
}

Ruled If(const PendingCall& call) {
  if (call.args.size() != 3) return WrongCount(call, "3");
  if (call.args[0]->type.is(TypeId::kString)) return UnexpectedType(call, 0, "\"BOOLEAN\"");
  ASSIGN_OR_RETURN(auto condition, Implicit(call, 0, TypeId::kBoolean));
  ASSIGN_OR_RETURN(auto values, CastAllToCommon(call, {call.args[1], call.args[2]}));
  return MakeCase(condition, values[0], values[1], call.at);
}

Ruled Nvl2(const PendingCall& call) {
  if (call.args.size() != 3) return WrongCount(call, "3");
  ASSIGN_OR_RETURN(auto values, CastAllToCommon(call, {call.args[1], call.args[2]}));
  return MakeCase(IsNotNull(call.args[0]), values[0], values[1], call.at);
}

Ruled NullIf(const PendingCall& call) {
  if (call.args.size() != 2) return WrongCount(call, "2");
  ASSIGN_OR_RETURN(auto equal, Comparison(call, "=", call.args[0], call.args[1]));
  return MakeCase(equal, NullLiteral(call.args[0]->type), call.args[0], call.at);
}

Ruled NullIfZero(const PendingCall& call) {
  if (call.args.size() != 1) return WrongCount(call, "1");
  ASSIGN_OR_RETURN(auto equal, Comparison(call, "=", call.args[0], IntLiteral(0)));
  return MakeCase(equal, NullLiteral(call.args[0]->type), call.args[0], call.at);
}

Ruled Extreme(const PendingCall& call) {
  if (call.args.size() < 2) return WrongCount(call, "> 1");
  std::vector<DataType> types;
  for (const auto& arg : call.args) types.push_back(arg->type);
  if (!WiderTypeOfNumbers(types, call.options->rules())) return DifferentTypes(call, types);
  ASSIGN_OR_RETURN(auto args, CastAllToCommon(call, call.args));
  bool nullable = std::all_of(args.begin(), args.end(), [](const ExprPtr& e) { return e->nullable; });
  DataType type = args[0]->type;
  return MakeCall(call.name, args, type, nullable, call.at);
}

// int(x), string(x), ...: a cast by the type's name.
Ruled CastByName(const PendingCall& call) {
  static const auto* types =
      new std::map<std::string, DataType>{{"bigint", TypeId::kLong},         {"int", TypeId::kInt},
                                          {"smallint", TypeId::kShort},      {"tinyint", TypeId::kByte},
                                          {"float", TypeId::kFloat},         {"double", TypeId::kDouble},
                                          {"string", TypeId::kString},       {"binary", TypeId::kBinary},
                                          {"boolean", TypeId::kBoolean},     {"date", TypeId::kDate},
                                          {"timestamp", TypeId::kTimestamp}, {"decimal", DataType::Decimal(10, 0)}};
  auto found = types->find(call.name);
  if (found == types->end()) return std::optional<ExprPtr>();
  if (call.args.size() != 1) return WrongCount(call, "1");
  if (call.name == "timestamp" && call.options->timestamp_ntz()) {
    if (!CanCast(call.args[0]->type, TypeId::kTimestampNtz, call.options->rules())) {
      return IllegalCast(call.sql, call.args[0]->type, TypeId::kTimestampNtz, call.options->rules(), call.at);
    }
    return CastTo(call.args[0], TypeId::kTimestampNtz);
  }
  if (!CanCast(call.args[0]->type, found->second, call.options->rules())) {
    return IllegalCast(call.sql, call.args[0]->type, found->second, call.options->rules(), call.at);
  }
  return CastTo(call.args[0], found->second);
}

Ruled RaiseError(const PendingCall& call) {
  if (call.args.size() != 1) return WrongCount(call, "1");
  ASSIGN_OR_RETURN(auto message, Implicit(call, 0, TypeId::kString));
  return MakeCall("raise_error", {message}, TypeId::kNull, true, call.at);
}

Ruled AssertTrue(const PendingCall& call) {
  if (call.args.empty() || call.args.size() > 2) return WrongCount(call, "[1, 2]");
  ASSIGN_OR_RETURN(auto condition, Implicit(call, 0, TypeId::kBoolean));
  ExprPtr message = StringLiteral("'" + (call.arg_sql.empty() ? "" : call.arg_sql[0]) + "' is not true!");
  if (call.args.size() == 2) {
    ASSIGN_OR_RETURN(message, Implicit(call, 1, TypeId::kString));
  }
  auto raise = MakeCall("raise_error", {message}, TypeId::kNull, true, call.at);
  return MakeCase(condition, NullLiteral(TypeId::kNull), raise, call.at);
}

Ruled TypeOf(const PendingCall& call) {
  if (call.args.size() != 1) return WrongCount(call, "1");
  return StringLiteral(call.args[0]->type.ToString());
}

// The function's text arguments, strings or all binary.
Ruled Concat(const PendingCall& call) {
  if (call.args.empty()) return StringLiteral("");
  bool arrays =
      std::any_of(call.args.begin(), call.args.end(), [](const ExprPtr& e) { return e->type.is(TypeId::kArray); });
  bool binary =
      std::all_of(call.args.begin(), call.args.end(), [](const ExprPtr& e) { return e->type.is(TypeId::kBinary); }) &&
      !Flag(call.options->conf, "spark.sql.function.concatBinaryAsString", false);
  std::vector<ExprPtr> args;
  if (arrays) {
    std::vector<DataType> types;
    for (const auto& arg : call.args) types.push_back(arg->type);
    auto none = [](const DataType& type) { return type.is(TypeId::kNull); };
    if (std::any_of(types.begin(), types.end(), none)) return DifferentTypes(call, types);
    ASSIGN_OR_RETURN(args, CastAllToCommon(call, call.args));
  } else {
    for (size_t i = 0; i < call.args.size(); ++i) {
      ASSIGN_OR_RETURN(auto arg, Implicit(call, i, binary ? TypeId::kBinary : TypeId::kString));
      args.push_back(arg);
    }
  }
  DataType type = args[0]->type;
  return MakeCall("concat", args, type, AnyNullable(args), call.at);
}

Ruled ConcatWs(const PendingCall& call) {
  if (call.args.empty()) return WrongCount(call, "> 0");
  std::vector<ExprPtr> args;
  for (size_t i = 0; i < call.args.size(); ++i) {
    bool array = i > 0 && call.args[i]->type.is(TypeId::kArray);
    ASSIGN_OR_RETURN(auto arg, Implicit(call, i, array ? DataType::Array(TypeId::kString) : DataType(TypeId::kString)));
    args.push_back(arg);
  }
  bool nullable = args[0]->nullable;
  return MakeCall("concat_ws", args, TypeId::kString, nullable, call.at);
}

Ruled FormatNumber(const PendingCall& call) {
  if (call.args.size() != 2) return WrongCount(call, "2");
  if (call.args[1]->type.is(TypeId::kString)) return Refused("format_number with a pattern", call.at);
  if (!call.args[0]->type.is_numeric()) return UnexpectedType(call, 0, "\"NUMERIC\"");
  ASSIGN_OR_RETURN(auto places, Implicit(call, 1, TypeId::kInt));
  return MakeCall("format_number", {call.args[0], places}, TypeId::kString, true, call.at);
}

Ruled Elt(const PendingCall& call) {
  if (call.args.size() < 2) return WrongCount(call, "> 1");
  bool binary = std::all_of(call.args.begin() + 1, call.args.end(),
                            [](const ExprPtr& e) { return e->type.is(TypeId::kBinary); }) &&
                !Flag(call.options->conf, "spark.sql.function.eltOutputAsString", false);
  DataType type = binary ? TypeId::kBinary : TypeId::kString;
  std::vector<ExprPtr> args;
  for (size_t i = 0; i < call.args.size(); ++i) {
    ASSIGN_OR_RETURN(auto arg, Implicit(call, i, i == 0 ? DataType(TypeId::kInt) : type));
    args.push_back(arg);
  }
  return MakeCall("elt", args, type, true, call.at);
}

// ---- Aggregates and window functions ----

DataType SumType(const DataType& type) {
  if (type.is(TypeId::kDecimal)) return DataType::Decimal(std::min(38, type.precision() + 10), type.scale());
  if (type.is_integral()) return TypeId::kLong;
  return type.is_ansi_interval() ? type : DataType(TypeId::kDouble);
}

DataType AverageType(const DataType& type) {
  if (type.is(TypeId::kDecimal)) {
    return DataType::Decimal(std::min(38, type.precision() + 4), std::min(38, type.scale() + 4));
  }
  if (type.is(TypeId::kYearMonthInterval)) return DataType::YearMonth();
  if (type.is(TypeId::kDayTimeInterval)) return DataType::DayTime();
  return TypeId::kDouble;
}

Ruled SumOrAverage(const PendingCall& call) {
  if (call.args.size() != 1) return WrongCount(call, "1");
  ExprPtr arg = call.args[0];
  const DataType& given = arg->type;
  if (given.is(TypeId::kString) || given.is(TypeId::kNull) || given.is(TypeId::kTimestamp)) {
    arg = CastTo(arg, TypeId::kDouble);
  }
  if (!arg->type.is_numeric() && !arg->type.is_ansi_interval()) {
    return UnexpectedType(call, 0, "(\"NUMERIC\" or \"ANSI INTERVAL\")");
  }
  bool sum = call.name == "sum" || call.name == "try_sum";
  return MakeCall(call.name, {arg}, sum ? SumType(arg->type) : AverageType(arg->type), true, call.at);
}

Ruled MinOrMax(const PendingCall& call) {
  if (call.args.size() != 1) return WrongCount(call, "1");
  const DataType& type = call.args[0]->type;
  if (type.is(TypeId::kMap) || type.is(TypeId::kCalendarInterval)) {
    return Mismatch("INVALID_ORDERING_TYPE", call.sql,
                    "The <functionName> does not support ordering on type <dataType>.",
                    {{"functionName", QuotedName({call.name})}, {"dataType", QuotedType(type)}}, call.at);
  }
  return MakeCall(call.name, call.args, type, true, call.at);
}

Ruled Count(const PendingCall& call) {
  if (call.args.empty()) return WrongCount(call, "> 0");
  return MakeCall("count", call.args, TypeId::kLong, false, call.at);
}

// first(x [, ignoreNulls]), last, any_value.
Ruled First(const PendingCall& call) {
  if (call.args.empty() || call.args.size() > 2) return WrongCount(call, "[1, 2]");
  typed::Call made{call.name, {call.args[0]}};
  if (call.args.size() == 2) {
    const auto* literal = AsLiteral(call.args[1]);
    const auto* value = literal ? std::get_if<bool>(&literal->value.data) : nullptr;
    if (!value) return UnexpectedType(call, 1, "\"BOOLEAN\"");
    made.ignore_nulls = *value;
  }
  return typed::MakeExpr(made, call.args[0]->type, true, call.at);
}

Ruled Collect(const PendingCall& call) {
  if (call.args.size() != 1) return WrongCount(call, "1");
  return MakeCall(call.name, call.args, DataType::Array(call.args[0]->type, false), false, call.at);
}

// listagg(x [, separator]) [WITHIN GROUP (ORDER BY ...)].
Ruled ListAgg(const PendingCall& call) {
  if (call.args.empty() || call.args.size() > 2) return WrongCount(call, "[1, 2]");
  if (call.args[0]->type.is(TypeId::kBinary)) return Refused("listagg of binary", call.at);
  ASSIGN_OR_RETURN(auto arg, Implicit(call, 0, TypeId::kString));
  ExprPtr separator = StringLiteral("");
  if (call.args.size() == 2 && !call.args[1]->type.is(TypeId::kNull)) {
    ASSIGN_OR_RETURN(separator, Implicit(call, 1, TypeId::kString));
  }
  return MakeCall("listagg", {arg, separator}, TypeId::kString, true, call.at);
}

// lead and lag: (x [, offset [, default]]).
Ruled Shift(const PendingCall& call) {
  if (call.args.empty() || call.args.size() > 3) return WrongCount(call, "[1, 2, 3]");
  std::vector<ExprPtr> args{call.args[0], IntLiteral(1), NullLiteral(call.args[0]->type)};
  if (call.args.size() > 1) {
    ASSIGN_OR_RETURN(args[1], Implicit(call, 1, TypeId::kInt));
    auto offset = ConstantInteger(args[1]);
    if (!offset) return Refused("an offset of " + call.name + " that is not a constant", call.at);
    args[1] = IntLiteral(*offset);
  }
  if (call.args.size() == 3) {
    const bool null = args[0]->type.is(TypeId::kNull) && !call.args[2]->type.is(TypeId::kNull);
    if (null) return UnexpectedType(call, 2, QuotedType(args[0]->type));
    ASSIGN_OR_RETURN(args[2], Implicit(call, 2, args[0]->type));
  }
  DataType type = args[0]->type;
  return MakeCall(call.name, args, type, args[0]->nullable || args[2]->nullable, call.at);
}

Ruled NthValue(const PendingCall& call) {
  if (call.args.size() != 2) return WrongCount(call, "2");
  auto n = ConstantInteger(call.args[1]);
  if (!n || *n < 1) return Refused("an offset of nth_value that is not a positive constant", call.at);
  return MakeCall("nth_value", {call.args[0], IntLiteral(*n)}, call.args[0]->type, true, call.at);
}

// grouping(a) and grouping_id(a, b) become reads of the grouping id once the aggregate is known.
Ruled GroupingCall(const PendingCall& call) {
  if (call.name == "grouping" && call.args.size() != 1) return WrongCount(call, "1");
  DataType type = call.name == "grouping" ? TypeId::kByte : TypeId::kLong;
  return MakeCall(call.name, call.args, type, false, call.at);
}

}  // namespace

Ruled Apply(const Rules& rules, const PendingCall& call) {
  auto found = rules.find(call.name);
  if (found == rules.end()) return std::optional<ExprPtr>();
  return found->second(call);
}

Ruled ConditionalRule(const PendingCall& call) {
  static const auto* rules = new Rules{
      {"coalesce", Coalesce},
      {"ifnull", Coalesce},
      {"if", If},
      {"nvl2", Nvl2},
      {"nullif", NullIf},
      {"nullifzero", NullIfZero},
      {"greatest", Extreme},
      {"least", Extreme},
      {"raise_error", RaiseError},
      {"assert_true", AssertTrue},
      {"typeof", TypeOf},
      {"zeroifnull",
       [](const PendingCall& c) -> Ruled {
         if (c.args.size() != 1) return WrongCount(c, "1");
         PendingCall with_zero = c;
         with_zero.args.push_back(IntLiteral(0));
         return Coalesce(with_zero);
       }},
      {"current_database", [](const PendingCall& c) -> Ruled { return StringLiteral(c.options->database); }},
      {"current_user",
       [](const PendingCall& c) -> Ruled {
         if (c.options->user.empty()) return Refused("current_user() of a job", c.at);
         return StringLiteral(c.options->user);
       }},
      {"current_catalog", [](const PendingCall&) -> Ruled { return StringLiteral("spark_catalog"); }},
  };
  return rules->contains(call.name) ? Apply(*rules, call) : CastByName(call);
}

Ruled StringRule(const PendingCall& call) {
  static const auto* rules =
      new Rules{{"concat", Concat}, {"concat_ws", ConcatWs}, {"elt", Elt}, {"format_number", FormatNumber}};
  return Apply(*rules, call);
}

Ruled AggregateRule(const PendingCall& call) {
  static const auto* rules = new Rules{
      {"sum", SumOrAverage},
      {"avg", SumOrAverage},
      {"try_sum", SumOrAverage},
      {"try_avg", SumOrAverage},
      {"min", MinOrMax},
      {"max", MinOrMax},
      {"count", Count},
      {"first", First},
      {"last", First},
      {"any_value", First},
      {"array_agg", Collect},
      {"collect_set", Collect},
      {"listagg", ListAgg},
      {"lead", Shift},
      {"lag", Shift},
      {"nth_value", NthValue},
      {"grouping", GroupingCall},
      {"grouping_id", GroupingCall},
  };
  return Apply(*rules, call);
}

}  // namespace tidemill::sql
