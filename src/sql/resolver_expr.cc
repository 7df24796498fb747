// Expressions, node by node; calls are in resolver_call.cc.
#include <set>

#include "sql/coercion.h"
#include "sql/detail/resolver_core.h"
#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_operator.h"
#include "sql/detail/resolver_typed.h"
#include "sql/literal.h"
#include "sql/parser.h"

namespace tidemill::sql {

using typed::ExprPtr;

namespace {
// Deeper expressions than this are refused before they can exhaust the stack.
constexpr int kMaxDepth = 1000;

class Deeper {
 public:
  explicit Deeper(int& depth) : depth_(depth) { ++depth_; }
  ~Deeper() { --depth_; }

 private:
  int& depth_;
};

Error NotBoolean(std::string_view clause, const plan::ExprPtr& expr, const DataType& type) {
  std::string sql = QuotedSql(SparkName(expr));
  if (clause == "ON") {
    return AnalysisError("JOIN_CONDITION_IS_NOT_BOOLEAN_TYPE", "42K0E",
                         "The join condition <joinCondition> has the invalid type <conditionType>, expected "
                         "\"BOOLEAN\".",
                         {{"joinCondition", sql}, {"conditionType", QuotedType(type)}}, expr->at);
  }
  if (clause == "FILTER") {
    return AnalysisError("INVALID_AGGREGATE_FILTER.NOT_BOOLEAN", "42903",
                         "The FILTER expression <filterExpr> in an aggregate function is invalid. Expected a FILTER "
                         "expression of the BOOLEAN type.",
                         {{"filterExpr", sql}}, expr->at);
  }
  return AnalysisError("DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN", "42K09",
                       "Cannot resolve <sqlExpr> due to data type mismatch: Filter expression <filter> of type "
                       "<type> is not a boolean.",
                       {{"sqlExpr", sql}, {"filter", sql}, {"type", QuotedType(type)}}, expr->at);
}
}  // namespace

Result<ExprPtr> Resolver::Expression(const plan::ExprPtr& expr, const Names& names) {
  Deeper deeper(depth_);
  if (depth_ > kMaxDepth) return Refused("an expression nested deeper than 1000", expr->at);
  return std::visit([&](const auto& node) { return Resolve(node, *expr, names); }, expr->node);
}

Result<std::vector<ExprPtr>> Resolver::Expressions(const std::vector<plan::ExprPtr>& exprs, const Names& names) {
  std::vector<ExprPtr> resolved;
  for (const auto& expr : exprs) {
    ASSIGN_OR_RETURN(auto one, Expression(expr, names));
    resolved.push_back(std::move(one));
  }
  return resolved;
}

namespace {

Status CheckAggregateFilter(const ExprPtr& condition, const plan::ExprPtr& written) {
  const char* wrong = ContainsVolatile(condition)    ? "NON_DETERMINISTIC"
                      : ContainsAggregate(condition) ? "CONTAINS_AGGREGATE"
                      : ContainsWindow(condition)    ? "CONTAINS_WINDOW_FUNCTION"
                                                     : nullptr;
  if (!wrong) return Ok();
  return AnalysisError(
      std::string("INVALID_AGGREGATE_FILTER.") + wrong, "42903",
      "The FILTER expression <filterExpr> in an aggregate function is invalid. Expected a deterministic "
      "FILTER expression without aggregates and window functions.",
      {{"filterExpr", QuotedSql(SparkName(written))}}, written->at);
}

}  // namespace

Result<ExprPtr> Resolver::Condition(const plan::ExprPtr& expr, const Names& names, const char* clause) {
  ASSIGN_OR_RETURN(auto condition, Expression(expr, names));
  std::string_view place = clause;
  if (place == "HAVING" && condition->type.is(TypeId::kNull)) condition = CastTo(condition, TypeId::kBoolean);
  if (!condition->type.is(TypeId::kBoolean)) return NotBoolean(place, expr, condition->type);
  if (place == "WHERE" && ContainsWindow(condition)) {
    return AnalysisError("_LEGACY_ERROR_TEMP_1034", "",
                         "It is not allowed to use window functions inside WHERE clause. Compute them in a subquery.",
                         {}, expr->at);
  }
  if ((place == "WHERE" || place == "ON") && HoldsWindowOfTime(condition)) {
    return Refused("a window of time in " + std::string(place), expr->at);
  }
  if (place == "FILTER") RETURN_IF_ERROR(CheckAggregateFilter(condition, expr));
  if (place == "WHERE" && ContainsAggregate(condition)) {
    return AnalysisError(
        "INVALID_WHERE_CONDITION", "42903",
        "The WHERE condition <condition> contains invalid expressions: <expressionList>. Rewrite the "
        "query to avoid window functions, aggregate functions, and generator functions in the WHERE clause.",
        {{"condition", QuotedSql(SparkName(expr))}, {"expressionList", SparkName(expr)}}, expr->at);
  }
  return condition;
}

Result<ExprPtr> Resolver::Resolve(const plan::Literal& node, const plan::Expr& expr, const Names&) {
  if (node.type.is_ansi_interval() && Flag(options_.conf, "spark.sql.legacy.interval.enabled", false)) {
    return Refused("an interval literal under spark.sql.legacy.interval.enabled", expr.at);
  }
  return typed::MakeExpr(typed::Literal{node.value}, DefaultCollated(node.type), node.value.is_null(), expr.at);
}

DataType Resolver::DefaultCollated(const DataType& type) const {
  const bool takes = !default_collation_.empty() && type == DataType(TypeId::kString);
  return takes ? DataType::Collated(default_collation_) : type;
}

Result<ExprPtr> Resolver::Resolve(const plan::Attribute& node, const plan::Expr& expr, const Names& names) {
  for (const Names* scope = &names; scope; scope = scope->outer) {
    ASSIGN_OR_RETURN(auto found, LookUpHere(node.parts, expr.at, *scope));
    if (found) return LookUp(node.parts, expr.at, names);
  }
  // current_date and the like may be written without parentheses; a column of that name comes first.
  static const std::vector<std::string> kBare = {"current_date", "current_timestamp", "localtimestamp",
                                                 "current_time", "current_user",      "user",
                                                 "session_user", "current_database",  "current_catalog"};
  if (node.parts.size() == 1) {
    for (const auto& name : kBare) {
      if (!SameName(name, node.parts[0])) continue;
      plan::Call call;
      call.name = {name};
      return Resolve(call, expr, names);
    }
  }
  return LookUp(node.parts, expr.at, names);  // a variable, or nothing
}

Result<ExprPtr> Resolver::Resolve(const plan::Star&, const plan::Expr& expr, const Names&) {
  return AnalysisError("INVALID_USAGE_OF_STAR_OR_REGEX", "42000", "Invalid usage of <elem> in <prettyName>.",
                       {{"elem", "'*'"}, {"prettyName", "expression"}}, expr.at);
}

Result<ExprPtr> Resolver::Resolve(const plan::Cast& written, const plan::Expr& expr, const Names& names) {
  plan::Cast node = written;
  node.type = DefaultCollated(node.type);
  ASSIGN_OR_RETURN(auto child, Expression(node.child, names));
  const DataType& from = child->type;
  if (!CanCast(from, node.type, options_.rules())) {
    return IllegalCast(SparkName(plan::MakeExpr(node, expr.at)), from, node.type,
                       options_.ansi && !node.try_cast ? TypeRules::kAnsi : TypeRules::kLegacy, expr.at);
  }
  if (auto text = LiteralText(child); text && node.type.is(TypeId::kTimestamp)) {
    auto time = TimestampFromText(*text);
    bool region = time && time->zone.find('/') != std::string::npos && !ZoneOffsetSeconds(time->zone);
    auto local =
        region ? typed::MakeExpr(typed::Literal{plan::Value{time->micros}}, TypeId::kTimestampNtz, false) : child;
    if (region) {
      return MakeCall("$instant_in_zone", {local, StringLiteral(time->zone)}, node.type, node.try_cast, expr.at);
    }
  }
  auto mode = node.try_cast ? typed::Cast::Mode::kTry : typed::Cast::Mode::kPlain;
  // What has no type and is no literal is computed all the same: it may be there to raise an error.
  if (from.is(TypeId::kNull) && (AsLiteral(child) || node.type.is(TypeId::kVariant))) return NullLiteral(node.type);
  if (from.is(TypeId::kVariant)) return CastVariant(child, node.type, node.try_cast, expr.at);
  if (node.type.is(TypeId::kVariant)) return VariantOf(child, expr.at);
  // CAST(1 AS INT) stays a cast: next to a decimal a bare literal would only take the digits it has.
  if (from.SameType(node.type) && !(AsLiteral(child) && from.is_integral())) return child;
  bool nullable = child->nullable || (node.try_cast ? TryCastMayFail(from, node.type) : CastMayNull(from, node.type));
  DataType type = node.type;
  if (type.is_char() || type.is_varchar()) type = TypeId::kString;  // as Spark: a cast does not pad or check
  return typed::MakeExpr(typed::Cast{child, mode}, type, nullable, expr.at);
}

namespace {

// Whether the query reads a column that `names` can see.
// Whether the list, not a condition, of the query reads columns of an enclosing one.
bool ReadsOutsideInList(const typed::RelationPtr& query) {
  if (const auto* sort = std::get_if<typed::Sort>(&query->node)) return ReadsOutsideInList(sort->input);
  const auto* project = std::get_if<typed::Project>(&query->node);
  if (!project) return false;
  const auto outside = [](const typed::Expr& e) {
    const auto* ref = std::get_if<typed::ColumnRef>(&e.node);
    return ref && ref->outer;
  };
  return ReadsOutsideInList(project->input) ||
         std::any_of(project->exprs.begin(), project->exprs.end(),
                     [&](const auto& named) { return Contains(named.expr, outside); });
}

bool ReadsFrom(const typed::RelationPtr& query, const Names& names) {
  std::set<typed::ColumnId> seen;
  for (const Names* scope = &names; scope; scope = scope->outer) {
    for (const auto* layer : scope->layers) {
      for (const auto& binding : layer->bindings) seen.insert(binding.column.id);
    }
  }
  bool reads = false;
  VisitRelation(query, [&](const typed::Expr& expr) {
    const auto* ref = std::get_if<typed::ColumnRef>(&expr.node);
    reads = reads || (ref && ref->outer && seen.contains(ref->id));
    return true;
  });
  return reads;
}

bool IsNullConstant(const ExprPtr& expr) {
  if (const auto* cast = std::get_if<typed::Cast>(&expr->node)) return IsNullConstant(cast->child);
  const auto* literal = AsLiteral(expr);
  return literal && literal->value.is_null();
}

// Spark takes rows off below a LIMIT before it joins them, so that what is computed from outside above it may come from
// another row's.
bool ComputesOverLimit(const typed::RelationPtr& query) {
  const auto* project = std::get_if<typed::Project>(&query->node);
  const auto* limit = std::get_if<typed::Limit>(&query->node);
  if (limit) return ReadsOutsideInList(limit->input);
  return project && ComputesOverLimit(project->input);
}

}  // namespace

Result<ExprPtr> Resolver::Resolve(const plan::Case& node, const plan::Expr& expr, const Names& names) {
  ExprPtr operand;
  if (node.operand) {
    ASSIGN_OR_RETURN(operand, Expression(node.operand, names));
  }
  PendingCall pending{"case", {}, {}, {}, SparkName(plan::MakeExpr(node, expr.at)), expr.at, &options_};
  typed::Case made;
  std::vector<ExprPtr> values;
  for (const auto& [when, then] : node.branches) {
    ExprPtr condition;
    if (operand) {
      ASSIGN_OR_RETURN(auto value, Expression(when, names));
      std::vector<ExprPtr> sides{operand, value};
      PadChars("=", sides);
      RETURN_IF_ERROR(Collate("=", sides, pending.sql, expr.at));
      ASSIGN_OR_RETURN(condition, Comparison(pending, "=", sides[0], sides[1]));
    } else {
      ASSIGN_OR_RETURN(condition, Expression(when, names));
      if (!condition->type.is(TypeId::kBoolean)) {
        pending.args = {condition};
        pending.arg_sql = {SparkName(when)};
        return UnexpectedType(pending, 0, "\"BOOLEAN\"");
      }
    }
    ASSIGN_OR_RETURN(auto value, Expression(then, names));
    made.branches.emplace_back(condition, value);
    values.push_back(value);
  }
  if (node.otherwise) {
    ASSIGN_OR_RETURN(auto value, Expression(node.otherwise, names));
    values.push_back(value);
  }
  ASSIGN_OR_RETURN(const auto collation, Collate("if", values, pending.sql, expr.at));
  ASSIGN_OR_RETURN(auto common, CastAllToCommon(pending, values));
  for (size_t i = 0; i < made.branches.size(); ++i) made.branches[i].second = common[i];
  if (node.otherwise) made.otherwise = common.back();
  DataType type = common.front()->type;
  return WithCollation(typed::MakeExpr(std::move(made), type, !node.otherwise || AnyNullable(common), expr.at),
                       collation);
}

Result<ExprPtr> Resolver::Resolve(const plan::Lambda&, const plan::Expr& expr, const Names&) {
  return AnalysisError(
      "INVALID_LAMBDA_FUNCTION_CALL.NON_HIGHER_ORDER_FUNCTION", "42K0D",
      "Invalid lambda function call. A lambda function should only be used in a higher order function.", {}, expr.at);
}

bool HoldsSubquery(const plan::ExprPtr& expr) {
  if (!expr) return false;
  if (std::holds_alternative<plan::SubqueryExpr>(expr->node)) return true;
  if (const auto* alias = std::get_if<plan::Alias>(&expr->node)) return HoldsSubquery(alias->child);
  if (const auto* cast = std::get_if<plan::Cast>(&expr->node)) return HoldsSubquery(cast->child);
  if (const auto* node = std::get_if<plan::Case>(&expr->node)) {
    return HoldsSubquery(node->operand) || HoldsSubquery(node->otherwise) ||
           std::any_of(node->branches.begin(), node->branches.end(),
                       [](const auto& branch) { return HoldsSubquery(branch.first) || HoldsSubquery(branch.second); });
  }
  const auto* call = std::get_if<plan::Call>(&expr->node);
  return call && std::any_of(call->args.begin(), call->args.end(), HoldsSubquery);
}

Result<ExprPtr> Resolver::Resolve(const plan::SubqueryExpr& node, const plan::Expr& expr, const Names& names) {
  const bool next_pass = std::exchange(next_pass_, true);
  auto query = Relation(node.query, &names);
  next_pass_ = next_pass;
  if (!query.ok()) return std::move(query).error();
  const Rel& rel = *query;
  typed::Subquery made{node.kind, {}, rel.node, ReadsFrom(rel.node, names)};
  if (node.kind == plan::SubqueryExpr::Kind::kExists) {
    return typed::MakeExpr(std::move(made), TypeId::kBoolean, false, expr.at);
  }
  const auto& columns = rel.node->columns;
  if (made.correlated && ComputesOverLimit(made.query)) {
    return Refused("a subquery with LIMIT whose list reads the query around it", expr.at);
  }
  if (node.kind == plan::SubqueryExpr::Kind::kScalar) {
    if (columns.size() != 1) {
      return AnalysisError("INVALID_SUBQUERY_EXPRESSION.SCALAR_SUBQUERY_RETURN_MORE_THAN_ONE_OUTPUT_COLUMN", "42823",
                           "Invalid subquery: Scalar subquery must return only one column, but got <number>.",
                           {{"number", std::to_string(columns.size())}}, expr.at);
    }
    return typed::MakeExpr(std::move(made), columns[0].type, true, expr.at);
  }
  ASSIGN_OR_RETURN(made.needle, Expressions(node.needle, names));
  // Spark folds a constant NULL: unknown where there are rows, and otherwise (since 3.5) false.
  if (made.needle.size() == 1 && columns.size() == 1 && IsNullConstant(made.needle[0])) {
    const auto unknown = NullLiteral(TypeId::kBoolean);
    if (Flag(options_.conf, "spark.sql.legacy.nullInEmptyListBehavior", false)) return unknown;
    made.kind = plan::SubqueryExpr::Kind::kExists;
    made.needle.clear();
    const auto some = typed::MakeExpr(std::move(made), TypeId::kBoolean, false, expr.at);
    return typed::MakeExpr(typed::Case{{{some, unknown}}, BoolLiteral(false)}, TypeId::kBoolean, true, expr.at);
  }
  // ((a, b)) IN (SELECT ...): one struct written as a row stands for its fields.
  if (made.needle.size() == 1 && columns.size() > 1) {
    if (const auto* call = AsCall(made.needle[0]); call && call->function == "named_struct") {
      std::vector<ExprPtr> fields;
      for (size_t i = 1; i < call->args.size(); i += 2) fields.push_back(call->args[i]);
      made.needle = fields;
    }
  }
  if (made.needle.size() != columns.size()) {
    return Mismatch("IN_SUBQUERY_LENGTH_MISMATCH", SparkName(plan::MakeExpr(node, expr.at)),
                    "The number of columns in the left hand side of an IN subquery does not match the number of "
                    "columns in the output of subquery.",
                    {}, expr.at);
  }
  bool nullable = AnyNullable(made.needle);
  std::vector<typed::NamedExpr> casts;
  bool cast = false;
  for (size_t i = 0; i < columns.size(); ++i) {
    auto common = ComparisonType(made.needle[i]->type, columns[i].type, options_.rules());
    if (!common) {
      return Mismatch("IN_SUBQUERY_DATA_TYPE_MISMATCH", SparkName(plan::MakeExpr(node, expr.at)),
                      "The data type of one or more elements in the left hand side of an IN subquery is not compatible "
                      "with the data type of the output of the subquery. Mismatched columns: [<mismatchedColumns>].",
                      {{"mismatchedColumns", columns[i].name}}, expr.at);
    }
    ASSIGN_OR_RETURN(made.needle[i], CollationKey(CastTo(made.needle[i], *common)));
    ASSIGN_OR_RETURN(auto value, CollationKey(CastTo(Ref(columns[i]), *common)));
    cast = cast || !columns[i].type.SameType(value->type);
    nullable = nullable || value->nullable;
    casts.push_back({{NewId(), columns[i].name, value->type, value->nullable, {}}, value});
  }
  if (cast) made.query = Projected(rel, std::move(casts), expr.at).node;
  return typed::MakeExpr(std::move(made), TypeId::kBoolean, nullable, expr.at);
}

Result<ExprPtr> Resolver::Resolve(const plan::Alias& node, const plan::Expr&, const Names& names) {
  return Expression(node.child, names);  // an alias inside an expression names nothing
}

Result<ExprPtr> Resolver::Resolve(const plan::Subscript& node, const plan::Expr& expr, const Names& names) {
  ASSIGN_OR_RETURN(auto child, Expression(node.child, names));
  ASSIGN_OR_RETURN(auto index, Expression(node.index, names));
  if (child->type.is(TypeId::kArray)) {
    if (!index->type.is_integral() && !index->type.is(TypeId::kNull)) {
      return Mismatch(
          "UNEXPECTED_INPUT_TYPE", SparkName(plan::MakeExpr(node, expr.at)),
          "The <paramIndex> parameter requires the <requiredType> type, however <inputSql> has the type <inputType>.",
          {{"paramIndex", "second"},
           {"requiredType", "\"INTEGRAL\""},
           {"inputSql", QuotedSql(SparkName(node.index))},
           {"inputType", QuotedType(index->type)}},
          expr.at);
    }
    index = CastTo(index, TypeId::kInt);
    bool nullable = child->type.contains_null() || child->nullable || index->nullable;
    return MakeCall("$subscript", {child, index}, child->type.element(), nullable, expr.at);
  }
  if (child->type.is(TypeId::kMap)) {
    if (!CanImplicitlyCast(index->type, child->type.key(), options_.rules())) {
      return Mismatch(
          "UNEXPECTED_INPUT_TYPE", SparkName(plan::MakeExpr(node, expr.at)),
          "The <paramIndex> parameter requires the <requiredType> type, however <inputSql> has the type <inputType>.",
          {{"paramIndex", "second"},
           {"requiredType", QuotedType(child->type.key())},
           {"inputSql", QuotedSql(SparkName(node.index))},
           {"inputType", QuotedType(index->type)}},
          expr.at);
    }
    return MakeCall("$subscript", {child, CastTo(index, child->type.key())}, child->type.value(), true, expr.at);
  }
  if (child->type.is(TypeId::kStruct)) {
    if (auto field = LiteralText(index)) return Field(child, *field, expr.at);
  }
  return AnalysisError("INVALID_EXTRACT_BASE_FIELD_TYPE", "42000",
                       "Can't extract a value from <base>. Need a complex type [STRUCT, ARRAY, MAP] but got <other>.",
                       {{"base", QuotedSql(SparkName(node.child))}, {"other", QuotedType(child->type)}}, expr.at);
}

Result<ExprPtr> Resolver::Resolve(const plan::FieldAccess& node, const plan::Expr& expr, const Names& names) {
  ASSIGN_OR_RETURN(auto child, Expression(node.child, names));
  return Field(child, node.field, expr.at);
}

Result<ExprPtr> Resolver::Resolve(const plan::Parameter& node, const plan::Expr& expr, const Names& names) {
  std::string key = node.name.empty() ? "_" + std::to_string(node.ordinal) : node.name;
  auto found = options_.parameters.find(key);
  if (found == options_.parameters.end()) {
    return AnalysisError("UNBOUND_SQL_PARAMETER", "42P02",
                         "Found the unbound parameter: <name>. Please, fix `args` and provide a mapping of the "
                         "parameter to either a SQL literal or collection constructor functions such as `map()`, "
                         "`array()`, `struct()`.",
                         {{"name", key}}, expr.at);
  }
  return Expression(found->second, names);
}

Result<ExprPtr> Resolver::Resolve(const plan::IdentifierClause& node, const plan::Expr& expr, const Names& names) {
  ASSIGN_OR_RETURN(const auto text, ConstantString(node.expr, "IDENTIFIER"));
  auto parsed = ParseExpression(text);
  if (!parsed.ok()) return std::move(parsed).error();
  const auto* attribute = std::get_if<plan::Attribute>(&(*parsed)->node);
  if (!attribute) return Refused("IDENTIFIER() of anything but a name", expr.at);
  if (node.call) {
    plan::Call call = *node.call;
    call.name = attribute->parts;
    return Resolve(call, expr, names);
  }
  return Resolve(*attribute, expr, names);
}

}  // namespace tidemill::sql
