// Arithmetic, comparison and logic: which type both sides meet at, and what the result is.
#include "sql/detail/resolver_operator.h"

#include <algorithm>
#include <map>

#include "sql/coercion.h"
#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_typed.h"

namespace tidemill::sql {

using plan::DataType;
using plan::IntervalField;
using plan::TypeId;
using typed::ExprPtr;

namespace {

const DataType kDays = DataType::DayTime(IntervalField::kDay, IntervalField::kDay);

bool IsString(const ExprPtr& e) { return e->type.is(TypeId::kString); }
bool IsNull(const ExprPtr& e) { return e->type.is(TypeId::kNull); }
bool IsInterval(const DataType& t) { return t.is_ansi_interval() || t.is(TypeId::kCalendarInterval); }

Error WrongOperandType(const PendingCall& call, const std::string& wanted, const DataType& actual) {
  return Mismatch("BINARY_OP_WRONG_TYPE", call.sql,
                  "the binary operator requires the input type <inputType>, not <actualDataType>.",
                  {{"inputType", wanted}, {"actualDataType", QuotedType(actual)}}, call.at);
}

Error DifferentTypes(const PendingCall& call, const DataType& left, const DataType& right) {
  return Mismatch("BINARY_OP_DIFF_TYPES", call.sql,
                  "the left and right operands of the binary operator have incompatible types (<left> and <right>).",
                  {{"left", QuotedType(left)}, {"right", QuotedType(right)}}, call.at);
}

// The decimal an integral operand becomes next to a decimal: a literal only takes the digits it has.
ExprPtr AsDecimal(const ExprPtr& expr) {
  if (expr->type.is(TypeId::kDecimal)) return expr;
  const auto* literal = AsLiteral(expr);
  const auto* value = literal ? std::get_if<int64_t>(&literal->value.data) : nullptr;
  if (!value || expr->type.is(TypeId::kByte)) return CastTo(expr, DecimalForType(expr->type));
  // Spark casts the literal, and its cast of an int to few digits counts as nullable.
  DataType type = DecimalForInteger(*value);
  return typed::MakeExpr(typed::Literal{plan::Value{plan::Int128{*value}}}, type, CastMayNull(expr->type, type),
                         expr->at);
}

// `x - interval` is `x + (-interval)`.
ExprPtr Negated(const ExprPtr& interval) {
  return MakeCall("$interval_negate", {interval}, interval->type, interval->nullable, interval->at);
}

ExprPtr AddToDate(const ExprPtr& date, const ExprPtr& amount) {
  bool nullable = date->nullable || amount->nullable;
  if (amount->type.is(TypeId::kYearMonthInterval)) {
    return MakeCall("$date_add_months", {date, amount}, TypeId::kDate, nullable, date->at);
  }
  if (amount->type.is(TypeId::kCalendarInterval)) {
    return MakeCall("$date_add_interval", {date, amount}, TypeId::kDate, nullable, date->at);
  }
  if (amount->type.to() == IntervalField::kDay) {
    auto micros = IntLiteral(int64_t{86400} * 1000000, TypeId::kLong);
    auto count = typed::MakeExpr(typed::Cast{amount, typed::Cast::Mode::kBits}, TypeId::kLong, amount->nullable);
    auto days = MakeCall("div", {count, micros}, TypeId::kLong, amount->nullable);
    return MakeCall("date_add", {date, CastTo(days, TypeId::kInt)}, TypeId::kDate, nullable, date->at);
  }
  auto instant = CastTo(date, TypeId::kTimestamp);
  return MakeCall("$timestamp_add_micros", {instant, amount}, TypeId::kTimestamp, nullable, date->at);
}

ExprPtr AddInterval(const ExprPtr& time, const ExprPtr& amount) {
  if (time->type.is(TypeId::kDate)) return AddToDate(time, amount);
  const char* name = amount->type.is(TypeId::kYearMonthInterval) ? "$timestamp_add_months"
                     : amount->type.is(TypeId::kDayTimeInterval) ? "$timestamp_add_micros"
                                                                 : "$timestamp_add_interval";
  return MakeCall(name, {time, amount}, time->type, time->nullable || amount->nullable, time->at);
}

// Subtraction of dates and timestamps.
Ruled Between(const PendingCall& call, const ExprPtr& left, const ExprPtr& right) {
  bool nullable = left->nullable || right->nullable;
  if (Flag(call.options->conf, "spark.sql.legacy.interval.enabled", false)) {
    bool dates = left->type.is(TypeId::kDate) && right->type.is(TypeId::kDate);
    auto type = TightestCommonType(left->type, right->type, call.options->rules());
    return MakeCall(dates ? "$date_period" : "$timestamp_period", {CastTo(left, *type), CastTo(right, *type)},
                    TypeId::kCalendarInterval, nullable, call.at);
  }
  if (left->type.is(TypeId::kDate) && right->type.is(TypeId::kDate)) {
    return MakeCall("$date_minus_date", {left, right}, kDays, nullable, call.at);
  }
  auto common = TightestCommonType(left->type, right->type, call.options->rules());
  return MakeCall("$timestamp_minus", {CastTo(left, *common), CastTo(right, *common)}, DataType::DayTime(), nullable,
                  call.at);
}

constexpr const char* kDayCount = "(\"INT\" or \"SMALLINT\" or \"TINYINT\")";
constexpr const char* kInstant = "(\"TIMESTAMP\" or \"TIMESTAMP WITHOUT TIME ZONE\")";

// The operands of + or -, and where each was written.
struct Sum {
  const PendingCall& call;
  bool minus;
  ExprPtr left, right;
  size_t left_index = 0, right_index = 1;
  void Swap() {
    std::swap(left, right);
    std::swap(left_index, right_index);
  }
};

Ruled AddIntervals(const Sum& sum) {
  ExprPtr left = sum.left, right = sum.right;
  if (left->type.id() != right->type.id()) {
    bool to_time = sum.minus
                       ? !right->type.is(TypeId::kYearMonthInterval)
                       : !left->type.is(TypeId::kYearMonthInterval) || !right->type.is(TypeId::kYearMonthInterval);
    if (to_time) return UnexpectedType(sum.call, 0, kInstant);
    return DifferentTypes(sum.call, left->type, right->type);
  }
  auto common = TightestCommonType(left->type, right->type, sum.call.options->rules());
  return MakeCall(sum.minus ? "$interval_subtract" : "$interval_add", {CastTo(left, *common), CastTo(right, *common)},
                  *common, left->nullable || right->nullable, sum.call.at);
}

// x + interval, x - interval.
Ruled MoveByInterval(const Sum& sum) {
  ExprPtr time = sum.left, amount = sum.right;
  bool ansi = amount->type.is_ansi_interval(), months = amount->type.is(TypeId::kYearMonthInterval);
  if (IsNull(time) && ansi) {
    const char* name = sum.minus ? "$interval_subtract" : "$interval_add";
    return MakeCall(name, {CastTo(time, amount->type), amount}, amount->type, true, sum.call.at);
  }
  if (IsNull(time)) return Refused("NULL and an interval of months, days and microseconds", sum.call.at);
  if (sum.minus) amount = Negated(amount);
  if (time->type.is_datetime()) return AddInterval(time, amount);
  if (months) return DifferentTypes(sum.call, sum.call.args[0]->type, sum.call.args[1]->type);
  if (!IsString(time)) return UnexpectedType(sum.call, sum.left_index, kInstant);
  return CastTo(AddInterval(CastTo(time, TypeId::kTimestamp), amount), TypeId::kString);
}

Ruled MoveByDays(const Sum& sum) {
  const DataType& type = sum.right->type;
  bool whole = type.is_integral() && !type.is(TypeId::kLong);
  if (!whole && !IsNull(sum.right)) return UnexpectedType(sum.call, sum.right_index, kDayCount);
  return MakeCall(sum.minus ? "date_sub" : "date_add", {sum.left, CastTo(sum.right, TypeId::kInt)}, TypeId::kDate,
                  sum.left->nullable || sum.right->nullable, sum.call.at);
}

// Of two operands one of which is a time; the other meets it.
Ruled SubtractTimes(const Sum& sum) {
  auto instant = [](const DataType& type) { return type.is(TypeId::kTimestamp) || type.is(TypeId::kTimestampNtz); };
  const DataType &l = sum.left->type, &r = sum.right->type;
  bool instants = instant(l) || instant(r);
  if (!instants && !r.is(TypeId::kDate) && !IsString(sum.right)) return MoveByDays(sum);
  for (const auto& [operand, index] : {std::pair(sum.left, sum.left_index), std::pair(sum.right, sum.right_index)}) {
    const DataType& type = operand->type;
    bool text = type.is(TypeId::kString) && (sum.call.options->ansi || (!instants && r.is(TypeId::kDate)));
    if (type.is_datetime() || type.is(TypeId::kNull) || text) continue;
    return UnexpectedType(sum.call, index, instants ? kInstant : "\"DATE\"");
  }
  DataType time = l.is_datetime() ? l : r;
  return Between(sum.call, l.is_datetime() ? sum.left : CastTo(sum.left, time),
                 r.is_datetime() ? sum.right : CastTo(sum.right, time));
}

// What Spark's + and - of times and intervals turn into: date + 1, ts + interval, d1 - d2, interval + interval, ...
// Nothing: not about time.
Ruled TimeArithmetic(const PendingCall& call, const std::string& op, ExprPtr left, ExprPtr right) {
  if (op != "+" && op != "-") return std::optional<ExprPtr>();
  Sum sum{call, op == "-", std::move(left), std::move(right)};
  if (IsInterval(sum.left->type) && IsInterval(sum.right->type)) return AddIntervals(sum);
  if (sum.minus) {
    if (sum.left->type.is_ansi_interval() && IsNull(sum.right)) {
      return MakeCall("$interval_subtract", {sum.left, CastTo(sum.right, sum.left->type)}, sum.left->type, true,
                      call.at);
    }
    if (IsInterval(sum.right->type)) return MoveByInterval(sum);
    if (sum.left->type.is_datetime() || sum.right->type.is_datetime()) return SubtractTimes(sum);
    return std::optional<ExprPtr>();
  }
  if (IsInterval(sum.left->type)) sum.Swap();
  if (IsInterval(sum.right->type)) return MoveByInterval(sum);
  if (!sum.left->type.is(TypeId::kDate)) sum.Swap();
  if (sum.left->type.is(TypeId::kDate)) return MoveByDays(sum);
  return std::optional<ExprPtr>();
}

// interval * n, n * interval, interval / n.
Ruled IntervalScaling(const PendingCall& call, const std::string& op, ExprPtr left, ExprPtr right) {
  size_t factor_index = 1;
  if (op == "*" && IsInterval(right->type) && !IsInterval(left->type)) {
    std::swap(left, right);
    factor_index = 0;
  }
  if ((op != "*" && op != "/") || !IsInterval(left->type)) return std::optional<ExprPtr>();
  bool calendar = left->type.is(TypeId::kCalendarInterval);
  ExprPtr factor = right;
  if (IsString(factor) || IsNull(factor)) factor = CastTo(factor, TypeId::kDouble);
  if (!factor->type.is_numeric()) {
    return UnexpectedType(call, factor_index, calendar ? "\"DOUBLE\"" : "\"NUMERIC\"");
  }
  if (calendar) factor = CastTo(factor, TypeId::kDouble);
  DataType type = left->type;
  if (type.is(TypeId::kYearMonthInterval)) type = DataType::YearMonth();
  if (type.is(TypeId::kDayTimeInterval)) type = DataType::DayTime();
  return MakeCall(op == "*" ? "$interval_multiply" : "$interval_divide", {left, factor}, type,
                  left->nullable || factor->nullable || (op == "/" && calendar), call.at);
}

// interval div interval: how often the one is in the other.
Ruled IntervalQuotient(const PendingCall& call, const std::string& op, ExprPtr left, ExprPtr right) {
  bool intervals = left->type.is_ansi_interval() && left->type.id() == right->type.id();
  if (op != "div" || !intervals) return std::optional<ExprPtr>();
  auto count = [](const ExprPtr& interval) {
    return typed::MakeExpr(typed::Cast{interval, typed::Cast::Mode::kBits}, TypeId::kLong, interval->nullable);
  };
  return MakeCall("div", {count(left), count(right)}, TypeId::kLong, true, call.at);
}

std::string NumericWanted(const std::string& op) {
  if (op == "/") return "(\"DOUBLE\" or \"DECIMAL\")";
  if (op == "div") return "(\"DECIMAL\" or \"BIGINT\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\")";
  if (op == "+" || op == "-") {
    return "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL\")";
  }
  return "\"NUMERIC\"";
}

// Both operands as the numbers the operator works on.
Result<std::pair<ExprPtr, ExprPtr>> NumericOperands(const PendingCall& call, const std::string& op, ExprPtr left,
                                                    ExprPtr right) {
  bool legacy = call.options->rules() == TypeRules::kLegacy;
  if (legacy && IsString(left)) left = CastTo(left, TypeId::kDouble);
  if (legacy && IsString(right)) right = CastTo(right, TypeId::kDouble);
  if (IsString(left) && IsString(right)) return WrongOperandType(call, NumericWanted(op), left->type);
  if (IsNull(left) && IsNull(right)) {
    left = CastTo(left, TypeId::kDouble);
    right = CastTo(right, TypeId::kDouble);
  }
  if (IsString(left) || IsString(right)) {
    auto common = StringPromotion(left->type, right->type, call.options->rules());
    if (!common) return DifferentTypes(call, left->type, right->type);
    left = CastTo(left, *common);
    right = CastTo(right, *common);
  }
  if (IsNull(left) && right->type.is_numeric()) left = CastTo(left, right->type);
  if (IsNull(right) && left->type.is_numeric()) right = CastTo(right, left->type);
  if (!left->type.is_numeric() || !right->type.is_numeric()) {
    if (left->type.SameType(right->type)) return WrongOperandType(call, NumericWanted(op), left->type);
    return DifferentTypes(call, left->type, right->type);
  }
  return std::pair(left, right);
}

ExprPtr DecimalArithmetic(const PendingCall& call, const std::string& op, const std::string& name, const ExprPtr& left,
                          const ExprPtr& right, bool nullable) {
  ExprPtr a = AsDecimal(left), b = AsDecimal(right);
  if (op == "div") return MakeCall(name, {a, b}, TypeId::kLong, true, call.at);
  const bool loss = Flag(call.options->conf, "spark.sql.decimalOperations.allowPrecisionLoss", true);
  return MakeCall(name, {a, b}, DecimalResult(op, a->type, b->type, loss), nullable || a->nullable || b->nullable,
                  call.at);
}

// `op` is the operator; `name` the function to call: the same, or its try_ form.
Ruled Arithmetic(const PendingCall& call, const std::string& op, const std::string& name) {
  ExprPtr left = call.args[0], right = call.args[1];
  bool is_try = name.starts_with("try_");
  for (auto* rule : {TimeArithmetic, IntervalScaling, IntervalQuotient}) {
    ASSIGN_OR_RETURN(auto timely, rule(call, op, left, right));
    if (timely) return timely;
  }
  ASSIGN_OR_RETURN(auto operands, NumericOperands(call, op, left, right));
  std::tie(left, right) = operands;
  bool divides = op == "/" || op == "%" || op == "div" || op == "pmod";
  bool nullable = left->nullable || right->nullable || divides || is_try;
  bool decimal = left->type.is(TypeId::kDecimal) || right->type.is(TypeId::kDecimal);
  bool fractional = left->type.is_fractional() || right->type.is_fractional();
  if (decimal && !fractional) return DecimalArithmetic(call, op, name, left, right, divides || is_try);
  DataType type = op == "/"     ? DataType(TypeId::kDouble)
                  : op == "div" ? DataType(TypeId::kLong)
                  : decimal     ? DataType(TypeId::kDouble)
                                : *TightestCommonType(left->type, right->type, call.options->rules());
  if (op == "div" && fractional) return WrongOperandType(call, NumericWanted(op), left->type);
  return MakeCall(name, {CastTo(left, type), CastTo(right, type)}, type, nullable, call.at);
}

// try_add and its kin: of numbers what does not fit is NULL, of anything else whatever fails, its operands' casts too.
Ruled TryArithmetic(const PendingCall& call, const std::string& op) {
  bool numbers =
      std::all_of(call.args.begin(), call.args.end(), [](const auto& arg) { return arg->type.is_numeric(); });
  ASSIGN_OR_RETURN(auto made, Arithmetic(call, op, call.name));
  if (numbers) return made;
  return MakeCall("$try", {*made}, (*made)->type, true, call.at);
}

bool Orderable(const DataType& type) {
  if (type.is(TypeId::kMap) || type.is(TypeId::kVariant) || type.is(TypeId::kCalendarInterval)) return false;
  if (type.is(TypeId::kArray)) return Orderable(type.element());
  for (const auto& field : type.fields()) {
    if (!Orderable(field.type)) return false;
  }
  return true;
}

Ruled Logic(const PendingCall& call) {
  if (call.args.size() != 2) return WrongCount(call, "2");
  std::vector<ExprPtr> args;
  for (const auto& arg : call.args) {
    if (!arg->type.is(TypeId::kBoolean) && !IsNull(arg)) {
      return DifferentTypes(call, call.args[0]->type, call.args[1]->type);
    }
    args.push_back(CastTo(arg, TypeId::kBoolean));
  }
  return MakeCall(call.name, args, TypeId::kBoolean, AnyNullable(args), call.at);
}

Ruled Bitwise(const PendingCall& call) {
  if (call.args.size() != 2) return WrongCount(call, "2");
  auto common = TightestCommonType(call.args[0]->type, call.args[1]->type, call.options->rules());
  if (!common) common = StringPromotion(call.args[0]->type, call.args[1]->type, call.options->rules());
  if (!common) return DifferentTypes(call, call.args[0]->type, call.args[1]->type);
  if (!common->is_integral()) return WrongOperandType(call, "\"INTEGRAL\"", *common);
  std::vector<ExprPtr> args{CastTo(call.args[0], *common), CastTo(call.args[1], *common)};
  return MakeCall(call.name, args, *common, AnyNullable(args), call.at);
}

Ruled Between3(const PendingCall& call) {
  if (call.args.size() != 3) return WrongCount(call, "3");
  ExprPtr value = call.args[0];
  bool is_volatile = ContainsVolatile(value);
  // A value that changes from look to look is taken once, as the one element of an array.
  typed::LambdaVariable once{"b" + std::to_string(call.at.line) + "_" + std::to_string(call.at.column)};
  if (is_volatile) value = typed::MakeExpr(once, value->type, value->nullable, call.at);
  ASSIGN_OR_RETURN(auto low, Comparison(call, ">=", value, call.args[1]));
  ASSIGN_OR_RETURN(auto high, Comparison(call, "<=", value, call.args[2]));
  auto within = MakeCall("and", {low, high}, TypeId::kBoolean, low->nullable || high->nullable, call.at);
  if (!is_volatile) return within;
  DataType one = DataType::Array(value->type, value->nullable), answers = DataType::Array(TypeId::kBoolean, true);
  auto array = MakeCall("array", {call.args[0]}, one, false, call.at);
  auto lambda = typed::MakeExpr(typed::Lambda{{once}, within}, TypeId::kBoolean, false, call.at);
  auto all = MakeCall("transform", {array, lambda}, answers, false, call.at);
  return MakeCall("get", {all, IntLiteral(0)}, TypeId::kBoolean, within->nullable, call.at);
}

// Whether the types differ at most in the names of structs' fields.
bool SameButNames(const DataType& a, const DataType& b) {
  if (a.is(TypeId::kArray) && b.is(TypeId::kArray)) return SameButNames(a.element(), b.element());
  if (!a.is(TypeId::kStruct) || !b.is(TypeId::kStruct)) return a.SameType(b);
  return std::ranges::equal(a.fields(), b.fields(),
                            [](const auto& x, const auto& y) { return SameButNames(x.type, y.type); });
}

// Structs are compared field by field, whatever their fields are called.
ExprPtr UnderNamesOf(const DataType& type, const ExprPtr& expr) {
  return type.is_nested() && SameButNames(type, expr->type) ? CastTo(expr, type) : expr;
}

Ruled In(const PendingCall& call) {
  auto args = call.args;
  for (size_t i = 1; i < args.size(); ++i) args[i] = UnderNamesOf(args[0]->type, args[i]);
  auto common = CastAllToCommon(call, args);
  if (!common.ok()) return std::move(common).error();
  return MakeCall("in", *common, TypeId::kBoolean, AnyNullable(*common), call.at);
}

// The unary signs.
Ruled Sign(const PendingCall& call) {
  if (call.args.size() != 1) return WrongCount(call, "1");
  ExprPtr arg = call.args[0];
  if (IsString(arg) || IsNull(arg)) arg = CastTo(arg, TypeId::kDouble);
  if (!arg->type.is_numeric() && !IsInterval(arg->type)) {
    return UnexpectedType(call, 0,
                          "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL\")");
  }
  if (call.name == "positive" || call.name == "+") return arg;
  if (IsInterval(arg->type)) return Negated(arg);
  // -2147483648 is written as a sign before a literal that alone would not fit; the parser folds that, this the rest.
  return MakeCall("negative", {arg}, arg->type, arg->nullable, call.at);
}

Ruled NotEqual(const PendingCall& call) {
  if (call.args.size() != 2) return WrongCount(call, "2");
  ASSIGN_OR_RETURN(auto equal, Comparison(call, "=", call.args[0], call.args[1]));
  return MakeCall("not", {equal}, TypeId::kBoolean, equal->nullable, call.at);
}

Ruled DistinctFrom(const PendingCall& call) {
  if (call.args.size() != 2) return WrongCount(call, "2");
  ASSIGN_OR_RETURN(auto same, Comparison(call, "<=>", call.args[0], call.args[1]));
  return MakeCall("not", {same}, TypeId::kBoolean, false, call.at);
}

Ruled Concatenation(const PendingCall& call) {
  PendingCall concat = call;
  concat.name = "concat";
  return StringRule(concat);
}

}  // namespace

Result<ExprPtr> Comparison(const PendingCall& call, const std::string& name, ExprPtr left, ExprPtr right) {
  // An integer literal next to a decimal takes only the digits it has, so that the column needs no cast.
  if (left->type.is(TypeId::kDecimal) && right->type.is_integral()) right = AsDecimal(right);
  if (right->type.is(TypeId::kDecimal) && left->type.is_integral()) left = AsDecimal(left);
  right = UnderNamesOf(left->type, right);
  // Inside arrays and structs no text becomes a number and no decimal grows wider.
  const bool nested = left->type.is_nested() && right->type.is_nested() && call.options->ansi;
  auto common = nested ? TightestCommonType(left->type, right->type, call.options->rules())
                       : ComparisonType(left->type, right->type, call.options->rules());
  if (!common) return DifferentTypes(call, left->type, right->type);
  bool equality = name == "=" || name == "<=>";
  bool incomparable = common->is(TypeId::kMap) || common->is(TypeId::kVariant) || common->is(TypeId::kCalendarInterval);
  if (!equality ? !Orderable(*common) : incomparable) {
    return Mismatch("INVALID_ORDERING_TYPE", call.sql,
                    "The <functionName> does not support ordering on type <dataType>.",
                    {{"functionName", "`" + name + "`"}, {"dataType", QuotedType(*common)}}, call.at);
  }
  left = CastTo(left, *common);
  right = CastTo(right, *common);
  bool nullable = name != "<=>" && (left->nullable || right->nullable);
  return MakeCall(name, {left, right}, TypeId::kBoolean, nullable, call.at);
}

Ruled OperatorRule(const PendingCall& call) {
  static const auto* try_forms = new std::map<std::string, std::string>{
      {"try_add", "+"}, {"try_subtract", "-"}, {"try_multiply", "*"}, {"try_divide", "/"}, {"try_mod", "%"}};
  const std::string& name = call.name;
  bool binary = call.args.size() == 2;
  if (auto form = try_forms->find(name); form != try_forms->end()) {
    return binary ? TryArithmetic(call, form->second) : Ruled(WrongCount(call, "2"));
  }
  if ((name == "+" || name == "-") && call.args.size() == 1) return Sign(call);
  if (name == "negative" || name == "positive") return Sign(call);
  if (name == "mod" || name == "+" || name == "-" || name == "*" || name == "/" || name == "%" || name == "div" ||
      name == "pmod") {
    std::string op = name == "mod" ? "%" : name;
    return binary ? Arithmetic(call, op, op) : Ruled(WrongCount(call, "2"));
  }
  if (name == "and" || name == "or") return Logic(call);
  if (name == "&" || name == "|" || name == "^") return Bitwise(call);
  if (name == "between") return Between3(call);
  if (name == "in") return In(call);
  if (name == "!=") return NotEqual(call);
  if (name == "isdistinctfrom") return DistinctFrom(call);
  if (name == "||") return Concatenation(call);
  if (name == "=" || name == "<=>" || name == "equal_null" || name == "<" || name == "<=" || name == ">" ||
      name == ">=") {
    if (call.args.size() != 2) return WrongCount(call, "2");
    ASSIGN_OR_RETURN(auto made, Comparison(call, name == "equal_null" ? "<=>" : name, call.args[0], call.args[1]));
    return std::optional(made);
  }
  return std::optional<ExprPtr>();
}

}  // namespace tidemill::sql
