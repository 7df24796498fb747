#include "engine/duckdb/compile_expr.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/duckdb/functions.h"

namespace tidemill::engine::duckdb {

using plan::DataType;
using plan::TypeId;
using plan::Value;
using typed::ExprPtr;

std::string ColumnName(typed::ColumnId id) { return "x" + std::to_string(id); }

Error Refuse(std::string what, Position at) {
  Error error = Unimplemented(
      std::move(what) + " is not supported by the native engine; rewrite the query without it, or run it on Spark");
  error.at = at;
  return error;
}

namespace {

std::string DecimalText(plan::Int128 digits, int scale) {
  std::string text = plan::Int128ToString(digits < 0 ? -digits : digits);
  if (scale > 0) {
    if (static_cast<int>(text.size()) <= scale) text.insert(0, scale + 1 - text.size(), '0');
    text.insert(text.size() - scale, ".");
  }
  return digits < 0 ? "-" + text : text;
}

std::string DoubleText(double value, const char* type) {
  if (value != value) return fmt::format("'NaN'::{}", type);
  if (value - value != 0) return fmt::format("'{}Infinity'::{}", value < 0 ? "-" : "", type);
  return fmt::format("CAST('{}' AS {})", value, type);
}

std::string BlobText(const std::string& bytes) {
  std::string sql = "'";
  for (unsigned char c : bytes) sql += fmt::format("\\x{:02X}", c);
  return sql + "'::BLOB";
}

std::string Number(int64_t value, const DataType& type) {
  if (type.is(TypeId::kInt) && value >= 0) return std::to_string(value);
  if (type.is(TypeId::kInt) && value > INT32_MIN) return fmt::format("({})", value);
  return fmt::format("CAST('{}' AS {})", value, DuckDbType(type));
}

Result<std::string> NestedLiteral(const Value::Children& children, const DataType& type, Position at) {
  std::vector<std::string> parts;
  if (type.is(TypeId::kArray)) {
    for (const auto& child : *children) {
      ASSIGN_OR_RETURN(auto sql, CompileLiteral(child, type.element(), at));
      parts.push_back(sql);
    }
    return fmt::format("CAST([{}] AS {})", fmt::join(parts, ", "), DuckDbType(type));
  }
  return Refuse("a constant of type " + type.ToString(), at);
}

}  // namespace

Result<std::string> CompileLiteral(const Value& value, const DataType& type, Position at) {
  if (value.is_null()) return "CAST(NULL AS " + DuckDbType(type) + ")";
  if (const auto* b = std::get_if<bool>(&value.data)) return std::string(*b ? "TRUE" : "FALSE");
  if (const auto* d = std::get_if<double>(&value.data))
    return DoubleText(*d, type.is(TypeId::kFloat) ? "FLOAT" : "DOUBLE");
  if (const auto* digits = std::get_if<plan::Int128>(&value.data)) {
    return fmt::format("CAST('{}' AS {})", DecimalText(*digits, type.scale()), DuckDbType(type));
  }
  if (const auto* text = std::get_if<std::string>(&value.data)) {
    return type.is(TypeId::kBinary) ? BlobText(*text) : QuoteText(*text);
  }
  if (const auto* parts = std::get_if<plan::IntervalParts>(&value.data)) {
    return fmt::format("(to_months({}) + to_days({}) + to_microseconds({}))", parts->months, parts->days,
                       parts->micros);
  }
  if (const auto* children = std::get_if<Value::Children>(&value.data)) return NestedLiteral(*children, type, at);
  int64_t number = std::get<int64_t>(value.data);
  switch (type.id()) {
    case TypeId::kDate:
      return fmt::format("(DATE '1970-01-01' + ({}))", number);
    case TypeId::kTimestampNtz:
      return fmt::format("make_timestamp(CAST('{}' AS BIGINT))", number);
    case TypeId::kTimestamp:
      return fmt::format("tm_instant(make_timestamp(CAST('{}' AS BIGINT)))", number);
    default:
      return Number(number, type);
  }
}

std::string ExprCompiler::Local(const std::string& sql) const {
  if (utc()) return "tm_local(" + sql + ")";
  return "timezone(" + QuoteText(options_.time_zone) + ", " + sql + ")";
}

// A local time that occurs twice (clocks set back) is the earlier instant, as in Spark.
std::string ExprCompiler::Instant(const std::string& sql) const {
  if (utc()) return "tm_instant(" + sql + ")";
  return "tm_zoned(" + sql + ", " + QuoteText(options_.time_zone) + ")";
}

std::string ExprCompiler::InstantNear(const std::string& sql, const std::string& instant) const {
  if (utc()) return "tm_instant(" + sql + ")";
  return fmt::format("tm_zoned_near({}, {}, {})", sql, QuoteText(options_.time_zone), instant);
}

std::string ExprCompiler::Moved(const std::string& instant, const std::string& interval) const {
  if (utc()) return fmt::format("tm_instant(tm_local({}) + {})", instant, interval);
  return fmt::format("tm_moved({}, {}, {})", instant, QuoteText(options_.time_zone), interval);
}

Result<std::string> ExprCompiler::Compile(const ExprPtr& expr) const {
  return std::visit([&](const auto& node) { return Node(node, *expr); }, expr->node);
}

namespace {

// The digits before the point that every value of a number's type fits in.
int WholeDigits(const DataType& type) {
  switch (type.id()) {
    case TypeId::kByte:
      return 3;
    case TypeId::kShort:
      return 5;
    case TypeId::kInt:
      return 10;
    case TypeId::kLong:
      return 19;
    default:
      return type.precision() - type.scale();
  }
}

bool CastMayRaise(const DataType& from, const DataType& to) {
  if (to.is(TypeId::kString) || from.SameType(to)) return false;
  if (!from.is_integral() && !from.is(TypeId::kDecimal)) return true;
  if (to.is_fractional()) return false;
  if (to.is_integral()) return !from.is_integral() || from.id() > to.id();
  // A digit lost behind the point may round up to one more before it.
  const bool rounds = from.is(TypeId::kDecimal) && from.scale() > to.scale();
  return !to.is(TypeId::kDecimal) || WholeDigits(from) + rounds > WholeDigits(to);
}

bool IsSmallNumber(const ExprPtr& expr) {
  const auto* literal = std::get_if<typed::Literal>(&expr->node);
  const auto* number = literal && expr->type.is(TypeId::kInt) ? std::get_if<int64_t>(&literal->value.data) : nullptr;
  return number && *number >= -10000 && *number <= 10000;
}

// `10 + 5`, whose result is in an INT's range.
bool IsSmallSum(const typed::Call& call) {
  return (call.function == "+" || call.function == "-" || call.function == "*") &&
         std::all_of(call.args.begin(), call.args.end(), IsSmallNumber);
}

// Whether the expression can raise an error that a condition before it may be there to prevent.
bool MayRaise(const ExprPtr& expr) {
  static const auto* names = new std::set<std::string>{"+",
                                                       "-",
                                                       "*",
                                                       "/",
                                                       "%",
                                                       "div",
                                                       "pmod",
                                                       "$subscript",
                                                       "element_at",
                                                       "raise_error",
                                                       "make_date",
                                                       "to_date",
                                                       "to_timestamp",
                                                       "to_timestamp_ntz",
                                                       "make_timestamp_ntz",
                                                       "next_day",
                                                       "elt",
                                                       "split_part",
                                                       "negative",
                                                       "abs"};
  if (!expr) return false;
  if (const auto* cast = std::get_if<typed::Cast>(&expr->node)) {
    const bool plain = cast->mode == typed::Cast::Mode::kPlain;
    return (plain && CastMayRaise(cast->child->type, expr->type)) || MayRaise(cast->child);
  }
  if (const auto* call = std::get_if<typed::Call>(&expr->node)) {
    if (IsSmallSum(*call)) return false;
    if (names->contains(call->function) && !expr->type.is_fractional()) return true;
    if (call->function == "/" || call->function == "%") return true;
    return std::any_of(call->args.begin(), call->args.end(), MayRaise);
  }
  if (const auto* node = std::get_if<typed::Case>(&expr->node)) {
    return MayRaise(node->otherwise) ||
           std::any_of(node->branches.begin(), node->branches.end(),
                       [](const auto& branch) { return MayRaise(branch.first) || MayRaise(branch.second); });
  }
  if (const auto* field = std::get_if<typed::GetField>(&expr->node)) return MayRaise(field->child);
  return false;
}

}  // namespace

// DuckDB computes both sides of AND and OR in a SELECT list, Spark the right one only where the left leaves it open.
Result<std::string> ExprCompiler::Logic(const typed::Call& node) const {
  bool conjunction = node.function == "and";
  ASSIGN_OR_RETURN(auto left, Compile(node.args[0]));
  ASSIGN_OR_RETURN(auto right, Compile(node.args[1]));
  std::string both = fmt::format("({} {} {})", left, conjunction ? "AND" : "OR", right);
  if (!MayRaise(node.args[1])) return both;
  const char* decided = conjunction ? "FALSE" : "TRUE";
  return fmt::format("CASE WHEN {0} IS {1} THEN {1} ELSE {2} END", left, decided, both);
}

namespace {

const typed::Subquery* AsInQuery(const ExprPtr& expr) {
  const auto* subquery = std::get_if<typed::Subquery>(&expr->node);
  return subquery && subquery->kind == plan::SubqueryExpr::Kind::kIn ? subquery : nullptr;
}

bool HoldsInQuery(const ExprPtr& expr) {
  if (AsInQuery(expr)) return true;
  const auto* call = std::get_if<typed::Call>(&expr->node);
  bool logic = call && (call->function == "and" || call->function == "or" || call->function == "not");
  return logic && std::any_of(call->args.begin(), call->args.end(), HoldsInQuery);
}

}  // namespace

// Spark computes `x IN (query)` as whether some row matches, and `x NOT IN (query)` as whether no row matches or may
// match: neither is ever unknown. So a NOT goes down to the IN it is about.
Result<std::string> ExprCompiler::Negated(const ExprPtr& expr) const {
  if (const auto* in = AsInQuery(expr)) {
    if (in->needle.size() > 1) {
      ASSIGN_OR_RETURN(auto many, InQueryOfMany(*in, "TRUE"));
      return "(NOT " + many + ")";
    }
    ASSIGN_OR_RETURN(auto one, InQuery(*in));
    return expr->nullable ? "(NOT coalesce(" + one + ", TRUE))" : "(NOT " + one + ")";
  }
  const auto* call = std::get_if<typed::Call>(&expr->node);
  if (!call || !HoldsInQuery(expr)) {
    ASSIGN_OR_RETURN(auto sql, Compile(expr));
    return "(NOT " + sql + ")";
  }
  if (call->function == "not") return Compile(call->args[0]);
  ASSIGN_OR_RETURN(auto left, Negated(call->args[0]));
  ASSIGN_OR_RETURN(auto right, Negated(call->args[1]));
  return fmt::format("({} {} {})", left, call->function == "and" ? "OR" : "AND", right);
}

Result<std::string> ExprCompiler::InQuery(const typed::Subquery& node) const {
  if (node.needle.size() > 1) return InQueryOfMany(node, "FALSE");
  ASSIGN_OR_RETURN(auto query, relation_(node.query));
  ASSIGN_OR_RETURN(auto needle, CompileExact(node.needle[0]));
  return "(" + needle + " IN (" + query + "))";
}

Result<std::string> ExprCompiler::InQueryOfMany(const typed::Subquery& node, const char* unknown) const {
  ASSIGN_OR_RETURN(auto query, relation_(node.query));
  std::string names, matches;
  for (size_t i = 0; i < node.needle.size(); ++i) {
    ASSIGN_OR_RETURN(auto sql, CompileExact(node.needle[i]));
    names += fmt::format("{}m{}", i ? ", " : "", i);
    bool nullable = node.needle[i]->nullable || node.query->columns[i].nullable;
    bool counts = nullable && std::string_view(unknown) == "TRUE";
    matches +=
        fmt::format("{}{}{} = m{}{}", i ? " AND " : "", counts ? "coalesce(" : "", sql, i, counts ? ", TRUE)" : "");
  }
  return fmt::format("EXISTS (SELECT 1 FROM ({}) m({}) WHERE {})", query, names, matches);
}

Result<std::string> ExprCompiler::Condition(const ExprPtr& expr) const {
  // Unknown counts as false here, so that DuckDB's plain IN does, which it runs as a semi join.
  if (const auto* in = AsInQuery(expr)) return InQuery(*in);
  const auto* call = std::get_if<typed::Call>(&expr->node);
  if (call && call->function == "not") {
    const auto* in = AsInQuery(call->args[0]);
    if (in && in->needle.size() == 1) {
      ASSIGN_OR_RETURN(auto sql, InQuery(*in));
      return "(NOT " + sql + ")";
    }
  }
  if (!call || call->function != "and") return Compile(expr);
  ASSIGN_OR_RETURN(auto left, Condition(call->args[0]));
  ASSIGN_OR_RETURN(auto right, Condition(call->args[1]));
  return "(" + left + " AND " + right + ")";
}

Result<std::string> ExprCompiler::CompileExact(const ExprPtr& expr) const {
  ASSIGN_OR_RETURN(auto sql, Compile(expr));
  if (!expr->type.is(TypeId::kDecimal) || !std::holds_alternative<typed::Call>(expr->node)) return sql;
  return "CAST(" + sql + " AS " + DuckDbType(expr->type) + ")";
}

Result<std::string> ExprCompiler::Node(const typed::Literal& node, const typed::Expr& expr) const {
  return CompileLiteral(node.value, expr.type, expr.at);
}

Result<std::string> ExprCompiler::Node(const typed::ColumnRef& node, const typed::Expr&) const {
  auto renamed = renamed_.find(node.id);
  return renamed == renamed_.end() ? ColumnName(node.id) : renamed->second;
}

Result<std::string> ExprCompiler::Node(const typed::LambdaVariable& node, const typed::Expr&) const {
  return node.name;
}

Result<std::string> ExprCompiler::Node(const typed::Lambda& node, const typed::Expr&) const {
  ASSIGN_OR_RETURN(auto body, CompileExact(node.body));
  std::string params;
  for (const auto& param : node.params) params += (params.empty() ? "" : ", ") + param.name;
  return "lambda " + params + ": " + body;
}

Result<std::string> ExprCompiler::Node(const typed::Cast& node, const typed::Expr& expr) const {
  ASSIGN_OR_RETURN(auto child, CompileExact(node.child));
  return CompileCast(*this, child, node.child->type, expr.type, node.mode, expr.at);
}

Result<std::string> ExprCompiler::Node(const typed::Case& node, const typed::Expr&) const {
  std::string sql = "CASE";
  for (const auto& [when, then] : node.branches) {
    ASSIGN_OR_RETURN(auto condition, Compile(when));
    ASSIGN_OR_RETURN(auto value, CompileExact(then));
    sql += " WHEN " + condition + " THEN " + value;
  }
  if (node.otherwise) {
    ASSIGN_OR_RETURN(auto value, CompileExact(node.otherwise));
    sql += " ELSE " + value;
  }
  return sql + " END";
}

Result<std::string> ExprCompiler::Node(const typed::GetField& node, const typed::Expr&) const {
  ASSIGN_OR_RETURN(auto child, Compile(node.child));
  return "struct_extract(" + child + ", " + QuoteText(node.child->type.fields()[node.index].name) + ")";
}

Result<std::string> ExprCompiler::Node(const typed::Subquery& node, const typed::Expr& expr) const {
  if (node.kind == plan::SubqueryExpr::Kind::kIn) {
    ASSIGN_OR_RETURN(auto in, InQuery(node));
    return expr.nullable && node.needle.size() == 1 ? "coalesce(" + in + ", FALSE)" : in;
  }
  ASSIGN_OR_RETURN(auto query, relation_(node.query));
  return (node.kind == plan::SubqueryExpr::Kind::kScalar ? "(" : "EXISTS (") + query + ")";
}

Result<std::string> ExprCompiler::Node(const typed::Call& node, const typed::Expr& expr) const {
  if (node.function == "and" || node.function == "or") return Logic(node);
  if (node.function == "not") return Negated(node.args[0]);
  const DataType* first = node.args.empty() ? nullptr : &node.args[0]->type;
  const LoweringRow* row = FindLowering(node.function, first, options_.ansi);
  if (!row) {  // also every name in RefusedHere()
    std::string of = first ? " of " + first->ToString() : "";
    return Refuse("the function " + node.function + of, expr.at);
  }
  Lowered lowered{*this, node, expr, {}};
  for (const auto& arg : node.args) {
    ASSIGN_OR_RETURN(auto sql, Compile(arg));
    lowered.args.push_back(sql);
  }
  ASSIGN_OR_RETURN(auto ordered, OrderedCall(lowered));
  return ordered.empty() ? Lower(*row, lowered) : ordered;
}

Result<std::string> ExprCompiler::SortKeys(const std::vector<typed::SortKey>& keys) const {
  std::string sql;
  for (const auto& key : keys) {
    ASSIGN_OR_RETURN(auto expr, Compile(key.expr));
    expr = OrderKey(expr, key.expr->type);
    // A bare number would be read as a column's place.
    if (std::holds_alternative<typed::Literal>(key.expr->node))
      expr = "CAST(" + expr + " AS " + DuckDbType(key.expr->type) + ")";
    sql += fmt::format("{}{} {} NULLS {}", sql.empty() ? "" : ", ", expr, key.ascending ? "ASC" : "DESC",
                       key.nulls_first ? "FIRST" : "LAST");
  }
  return sql;
}

Result<std::string> ExprCompiler::Bound(const typed::WindowCall& window, const typed::FrameBound& bound) const {
  using Kind = plan::FrameBound::Kind;
  // An empty frame, which DuckDB takes only with numbers at both ends.
  bool empty = (window.start.kind == Kind::kCurrentRow && window.end.kind == Kind::kPreceding) ||
               (window.start.kind == Kind::kFollowing && window.end.kind == Kind::kCurrentRow);
  if (empty && !window.rows) return Refuse("a RANGE frame that is always empty", window.order_by[0].expr->at);
  bool backwards = window.rows && bound.kind == Kind::kCurrentRow;
  if (backwards && &bound == &window.start && window.end.kind == Kind::kPreceding) return std::string("0 PRECEDING");
  if (backwards && &bound == &window.end && window.start.kind == Kind::kFollowing) return std::string("0 FOLLOWING");
  switch (bound.kind) {
    case Kind::kUnboundedPreceding:
      return std::string("UNBOUNDED PRECEDING");
    case Kind::kUnboundedFollowing:
      return std::string("UNBOUNDED FOLLOWING");
    case Kind::kCurrentRow:
      return std::string("CURRENT ROW");
    default:
      break;
  }
  ASSIGN_OR_RETURN(auto offset, CompileExact(bound.offset));
  const DataType& type = bound.offset->type;
  if (!window.rows) {
    const DataType& order = window.order_by[0].expr->type;
    if (type.is(TypeId::kYearMonthInterval)) offset = "to_months(" + offset + ")";
    if (type.is(TypeId::kDayTimeInterval)) offset = "to_microseconds(" + offset + ")";
    if (order.is(TypeId::kDate) && type.is_integral()) offset = "to_days(CAST(" + offset + " AS INTEGER))";
  }
  return offset + (bound.kind == Kind::kPreceding ? " PRECEDING" : " FOLLOWING");
}

Result<std::string> ExprCompiler::Node(const typed::WindowCall& node, const typed::Expr& expr) const {
  return CompileWindow(node, expr);
}

}  // namespace tidemill::engine::duckdb
