// Joins, LATERAL VIEW and table functions.
#include <algorithm>

#include "base/names.h"
#include "sql/coercion.h"
#include "sql/detail/resolver_core.h"
#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_generate.h"
#include "sql/detail/resolver_operator.h"
#include "sql/detail/resolver_typed.h"
#include "sql/parser.h"

namespace tidemill::sql {

using plan::JoinType;
using typed::ExprPtr;

namespace {

constexpr const char *kTableChanges = "table_changes", *kTableChangesByPath = "table_changes_by_path";

bool IsSemi(JoinType type) { return type == JoinType::kLeftSemi || type == JoinType::kLeftAnti; }

// The sides as they come out of the join: the padded side's columns may be NULL.
void Pad(std::vector<Binding>& bindings) {
  for (auto& binding : bindings) binding.column.nullable = true;
}

std::vector<typed::Column> Joined(JoinType type, const Rel& left, const Rel& right) {
  auto columns = left.node->columns;
  if (type == JoinType::kRight || type == JoinType::kFull) {
    for (auto& column : columns) column.nullable = true;
  }
  if (IsSemi(type)) return columns;
  for (auto column : right.node->columns) {
    column.nullable = column.nullable || type == JoinType::kLeft || type == JoinType::kFull;
    columns.push_back(column);
  }
  return columns;
}

bool HasColumn(const Rel& side, typed::ColumnId id) {
  const auto& columns = side.node->columns;
  return std::any_of(columns.begin(), columns.end(), [&](const auto& column) { return column.id == id; });
}

bool IsInQuery(const ExprPtr& expr) {
  const auto* subquery = std::get_if<typed::Subquery>(&expr->node);
  return subquery && subquery->kind == plan::SubqueryExpr::Kind::kIn;
}

// The subqueries of an ON, each made a column of the side whose columns it reads. NOT stays with the IN it is about,
// which is never unknown.
class SubqueryColumns {
 public:
  SubqueryColumns(const Rel& left, const Rel& right, std::function<typed::ColumnId()> new_id)
      : left_(left), right_(right), new_id_(std::move(new_id)) {}

  Result<ExprPtr> Take(const ExprPtr& expr) {
    if (std::holds_alternative<typed::Subquery>(expr->node)) return Column(expr, expr);
    const auto* call = AsCall(expr);
    if (!call || call->function != "not") return Children(expr);
    const ExprPtr& child = call->args[0];
    if (IsInQuery(child)) return Column(expr, child);
    const auto* inner = AsCall(child);
    const bool logic = inner && (inner->function == "and" || inner->function == "or");
    if (!logic || !Contains(child, [](const auto& e) { return std::holds_alternative<typed::Subquery>(e.node); })) {
      return Children(expr);
    }
    std::vector<ExprPtr> sides;
    for (const auto& arg : inner->args) {
      ASSIGN_OR_RETURN(auto side, Take(MakeCall("not", {arg}, TypeId::kBoolean, arg->nullable, arg->at)));
      sides.push_back(std::move(side));
    }
    return MakeCall(inner->function == "and" ? "or" : "and", std::move(sides), TypeId::kBoolean, expr->nullable,
                    expr->at);
  }

  std::vector<typed::NamedExpr> of_left, of_right;

 private:
  Result<ExprPtr> Children(const ExprPtr& expr) {
    const auto* call = AsCall(expr);
    const bool logic = call && (call->function == "and" || call->function == "or" || call->function == "not");
    return MapChildren(expr, [&](const ExprPtr& child) -> Result<ExprPtr> {
      const auto in = [](const typed::Expr& e) {
        const auto* subquery = std::get_if<typed::Subquery>(&e.node);
        return subquery && subquery->kind == plan::SubqueryExpr::Kind::kIn;
      };
      if (!logic && Contains(child, in)) return Refused("a function of IN (SELECT ...) in an ON", child->at);
      return Take(child);
    });
  }

  Result<ExprPtr> Column(const ExprPtr& whole, const ExprPtr& subquery) {
    const auto& node = std::get<typed::Subquery>(subquery->node);
    bool left = false, right = false;
    const auto note = [&](const typed::Expr& e) {
      if (const auto* ref = std::get_if<typed::ColumnRef>(&e.node)) {
        left = left || HasColumn(left_, ref->id);
        right = right || HasColumn(right_, ref->id);
      }
      return true;
    };
    VisitRelation(node.query, note);
    if ((left || right) && node.kind == plan::SubqueryExpr::Kind::kScalar) {
      return AnalysisError("UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.UNSUPPORTED_CORRELATED_SCALAR_SUBQUERY", "0A000",
                           "Unsupported subquery expression: Correlated scalar subqueries can only be used in filters, "
                           "aggregations, projections, and UPDATE/MERGE/DELETE commands.",
                           {}, subquery->at);
    }
    for (const auto& needle : node.needle) Visit(needle, note);
    if (left && right) {
      return AnalysisError(
          "UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.UNSUPPORTED_CORRELATED_EXPRESSION_IN_JOIN_CONDITION", "0A000",
          "Unsupported subquery expression: Correlated subqueries in the join predicate cannot reference both join "
          "inputs.",
          {}, subquery->at);
    }
    auto& columns = right ? of_right : of_left;
    columns.push_back({{new_id_(), "subquery", whole->type, whole->nullable, {}}, whole});
    return Ref(columns.back().column, whole->at);
  }

  const Rel &left_, &right_;
  std::function<typed::ColumnId()> new_id_;
};

typed::RelationPtr WithColumns(const typed::RelationPtr& input, std::vector<typed::NamedExpr> more) {
  if (more.empty()) return input;
  std::vector<typed::NamedExpr> exprs;
  for (const auto& column : input->columns) exprs.push_back({column, Ref(column)});
  exprs.insert(exprs.end(), more.begin(), more.end());
  std::vector<typed::Column> columns;
  for (const auto& expr : exprs) columns.push_back(expr.column);
  return typed::MakeRelation(typed::Project{input, std::move(exprs)}, std::move(columns), input->at);
}

bool IsVolatile(const typed::RelationPtr& relation) {
  bool found = false;
  VisitRelation(relation, [&](const typed::Expr& e) {
    found = found || ContainsVolatile(std::make_shared<const typed::Expr>(e));
    return !found;
  });
  return found;
}

// One whose rows may be many: Spark lets a single row be joined to what changes from look to look.
bool MayBeMany(const typed::Relation& relation) {
  if (const auto* filter = std::get_if<typed::Filter>(&relation.node)) return MayBeMany(*filter->input);
  if (const auto* project = std::get_if<typed::Project>(&relation.node)) return MayBeMany(*project->input);
  const auto* values = std::get_if<typed::Values>(&relation.node);
  return values ? values->rows.size() > 1 : std::holds_alternative<typed::Scan>(relation.node);
}

Error NotDeterministic(const char* subclass, const char* message, Position at) {
  return AnalysisError(std::string("UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.") + subclass, "0A000",
                       std::string("Unsupported subquery expression: ") + message, {}, at);
}

}  // namespace

Result<Rel> Resolver::Resolve(const plan::Join& node, const plan::Relation& relation, const Names* outer) {
  ASSIGN_OR_RETURN(auto left, Relation(node.left, outer));
  Names left_names{{&left.layer}, outer};
  if (node.lateral) {
    // LATERAL explode(x) and the like generate per row; a lateral subquery sees the left side as an outer query.
    // With an ON it is a subquery like any other.
    const plan::TableFunction* function = node.condition ? nullptr : LateralGenerator(node.right);
    if (function) return LateralGenerate(left, node, *function, outer, relation.at);
  }
  ASSIGN_OR_RETURN(auto right, Relation(node.right, node.lateral ? &left_names : outer));
  if (node.lateral && MayBeMany(*left.node) && IsVolatile(right.node)) {
    return NotDeterministic("NON_DETERMINISTIC_LATERAL_SUBQUERIES",
                            "Non-deterministic lateral subqueries are not supported when joining with outer relations "
                            "that produce more than one row.",
                            relation.at);
  }
  if (node.natural || !node.using_columns.empty()) return JoinUsing(node, relation, std::move(left), std::move(right));
  return JoinOn(node, relation, std::move(left), std::move(right), outer);
}

Result<Rel> Resolver::JoinOn(const plan::Join& node, const plan::Relation& relation, Rel left, Rel right,
                             const Names* outer) {
  Layer both;
  both.bindings = left.layer.bindings;
  both.bindings.insert(both.bindings.end(), right.layer.bindings.begin(), right.layer.bindings.end());
  typed::Join made{left.node, right.node, node.type, nullptr, node.lateral};
  if (node.condition) {
    Names names{{&both}, outer};
    ASSIGN_OR_RETURN(made.condition, Condition(node.condition, names, "ON"));
    if (node.lateral && ContainsVolatile(made.condition)) {
      return NotDeterministic("LATERAL_JOIN_CONDITION_NON_DETERMINISTIC",
                              "Lateral join condition cannot be non-deterministic.", node.condition->at);
    }
    const bool inner = node.type == JoinType::kInner || node.type == JoinType::kCross;
    const bool subquery =
        Contains(made.condition, [](const typed::Expr& e) { return std::holds_alternative<typed::Subquery>(e.node); });
    SubqueryColumns subqueries(left, right, [this] { return NewId(); });
    auto condition = subquery ? subqueries.Take(made.condition) : Result<ExprPtr>(made.condition);
    if (!condition.ok() && HoldsSubquery(node.condition)) return std::move(condition).error();
    if (subquery && !inner) {
      if (!condition.ok()) return Refused("a function with a subquery in the ON of an outer join", node.condition->at);
      if (node.lateral) return Refused("a subquery in the ON of a LATERAL join", node.condition->at);
      made.condition = *condition;
      made.left = WithColumns(left.node, std::move(subqueries.of_left));
      made.right = WithColumns(right.node, std::move(subqueries.of_right));
    }
  }
  Rel rel;
  rel.node = typed::MakeRelation(std::move(made), Joined(node.type, left, right), relation.at);
  if (node.type == JoinType::kRight || node.type == JoinType::kFull) Pad(left.layer.bindings);
  if (node.type == JoinType::kLeft || node.type == JoinType::kFull) Pad(right.layer.bindings);
  rel.layer = std::move(left.layer);
  if (!IsSemi(node.type)) {
    rel.layer.bindings.insert(rel.layer.bindings.end(), right.layer.bindings.begin(), right.layer.bindings.end());
  }
  return rel;
}

Result<std::vector<std::string>> Resolver::JoinColumns(const plan::Join& node, const plan::Relation&, const Rel& left,
                                                       const Rel& right) {
  if (!node.natural) return node.using_columns;
  std::vector<std::string> names;
  for (const auto& l : left.layer.bindings) {
    if (!l.in_star) continue;
    bool shared = std::any_of(right.layer.bindings.begin(), right.layer.bindings.end(),
                              [&](const Binding& r) { return r.in_star && SameName(l.column.name, r.column.name); });
    if (shared) names.push_back(l.column.name);
  }
  return names;
}

// USING (a): one column a, the left's (the right's in a right join, the first not NULL in a full join); both sides'
// own columns are still there under their qualifiers.
Result<Rel> Resolver::JoinUsing(const plan::Join& node, const plan::Relation& relation, Rel left, Rel right) {
  ASSIGN_OR_RETURN(auto names, JoinColumns(node, relation, left, right));
  PendingCall pending{"=", {}, {}, {}, "(left = right)", relation.at, &options_};
  typed::Join made{left.node, right.node, node.type, nullptr, false};
  std::vector<Binding> shared;
  auto take = [&](Rel& rel, const std::string& name, const char* side) -> Result<Binding*> {
    Binding* found = nullptr;
    for (auto& binding : rel.layer.bindings) {
      if (binding.qualified_only || !SameName(binding.column.name, name)) continue;
      if (found) {
        return AnalysisError("AMBIGUOUS_REFERENCE", "42704",
                             "Reference <name> is ambiguous, could be: [<referenceNames>].",
                             {{"name", QuotedName({name})}, {"referenceNames", QuotedName({name})}}, relation.at);
      }
      found = &binding;
    }
    if (found) return found;
    std::string list;
    for (const auto& column : rel.node->columns) list += (list.empty() ? "" : ", ") + QuotedName({column.name});
    return AnalysisError("UNRESOLVED_USING_COLUMN_FOR_JOIN", "42703",
                         "USING column <colName> cannot be resolved on the <side> side of the join. The <side>-side "
                         "columns: [<suggestion>].",
                         {{"colName", QuotedName({name})}, {"side", side}, {"suggestion", list}}, relation.at);
  };
  for (const auto& name : names) {
    ASSIGN_OR_RETURN(Binding * l, take(left, name, "left"));
    ASSIGN_OR_RETURN(Binding * r, take(right, name, "right"));
    ExprPtr a = l->expr ? l->expr : Ref(l->column), b = r->expr ? r->expr : Ref(r->column);
    std::vector<ExprPtr> sides{a, b};
    PadChars("=", sides);
    RETURN_IF_ERROR(Collate("=", sides, pending.sql, relation.at));
    ASSIGN_OR_RETURN(auto equal, Comparison(pending, "=", sides[0], sides[1]));
    bool nullable = equal->nullable || (made.condition && made.condition->nullable);
    made.condition =
        made.condition ? MakeCall("and", {made.condition, equal}, TypeId::kBoolean, nullable, relation.at) : equal;
    Binding one = node.type == JoinType::kRight ? *r : *l;
    one.expr = node.type == JoinType::kRight ? r->expr : l->expr;
    one.in_star = true;
    if (node.type == JoinType::kFull) {
      PendingCall coalesce{"coalesce", {a, b}, {}, {}, "", relation.at, &options_};
      ASSIGN_OR_RETURN(auto args, CastAllToCommon(coalesce, coalesce.args));
      one.expr = MakeCall("coalesce", args, args[0]->type, true, relation.at);
      one.column = {0, l->column.name, one.expr->type, one.expr->nullable, {}};
    }
    one.column.qualifier.clear();
    shared.push_back(one);
    for (Binding* own : {l, r}) {
      own->qualified_only = true;
      own->in_star = false;
    }
  }
  Rel rel;
  rel.node = typed::MakeRelation(std::move(made), Joined(node.type, left, right), relation.at);
  if (node.type == JoinType::kRight || node.type == JoinType::kFull) Pad(left.layer.bindings);
  if (node.type == JoinType::kLeft || node.type == JoinType::kFull) Pad(right.layer.bindings);
  rel.layer.bindings = std::move(shared);
  rel.layer.bindings.insert(rel.layer.bindings.end(), left.layer.bindings.begin(), left.layer.bindings.end());
  if (!IsSemi(node.type)) {
    rel.layer.bindings.insert(rel.layer.bindings.end(), right.layer.bindings.begin(), right.layer.bindings.end());
  }
  return rel;
}

// ---- Generators in FROM ----

// explode(...) AS t(a), alone or under an alias; null when the relation is something else.
const plan::TableFunction* Resolver::LateralGenerator(const plan::RelationPtr& relation) {
  const plan::Relation* inner = relation.get();
  if (const auto* aliased = std::get_if<plan::Aliased>(&inner->node)) inner = aliased->input.get();
  const auto* function = std::get_if<plan::TableFunction>(&inner->node);
  const Function* known = function ? FindFunction(function->name.back()) : nullptr;
  return known && known->kind == FunctionKind::kGenerator ? function : nullptr;
}

Result<Rel> Resolver::LateralGenerate(const Rel& left, const plan::Join& node, const plan::TableFunction& function,
                                      const Names* outer, Position at) {
  const auto* aliased = std::get_if<plan::Aliased>(&node.right->node);
  plan::Call call;
  call.name = function.name;
  call.args = function.args;
  bool keeps = node.type == JoinType::kLeft;
  if (!keeps && node.type != JoinType::kInner && node.type != JoinType::kCross) return Refused("this LATERAL join", at);
  return Generated(left, call, keeps, aliased ? aliased->columns : std::vector<std::string>(),
                   aliased ? aliased->alias : "", outer, at);
}

Result<Rel> Resolver::Generated(const Rel& input, const plan::Call& call, bool outer_rows,
                                const std::vector<std::string>& names, const std::string& qualifier, const Names* outer,
                                Position at) {
  const Function* function = FindFunction(call.name.back());
  if (!function || function->kind != FunctionKind::kGenerator) {
    return AnalysisError(
        "UNRESOLVED_ROUTINE", "42883", "Cannot resolve routine <routineName> on search path <searchPath>.",
        {{"routineName", QuotedName(call.name)}, {"searchPath", "[`system`.`builtin`, `system`.`session`]"}}, at);
  }
  Names seen{{&input.layer}, outer};
  ASSIGN_OR_RETURN(auto args, Expressions(call.args, seen));
  ASSIGN_OR_RETURN(
      auto made,
      MakeGenerator(*function, std::move(args), names, outer_rows, options_.rules(), [this] { return NewId(); }, at));
  Rel rel{nullptr, input.layer};
  auto columns = input.node->columns;
  for (auto column : made.columns) {
    columns.push_back(column);
    if (!qualifier.empty()) column.qualifier = {qualifier};
    rel.layer.bindings.push_back({column});
  }
  rel.node = typed::MakeRelation(typed::Generate{input.node, made.function, made.args, made.outer, made.columns},
                                 std::move(columns), at);
  return rel;
}

Result<Rel> Resolver::Resolve(const plan::LateralView& node, const plan::Relation& relation, const Names* outer) {
  ASSIGN_OR_RETURN(auto input, Relation(node.input, outer));
  const auto* call = std::get_if<plan::Call>(&node.generator->node);
  if (!call) return Refused("a LATERAL VIEW of anything but a function", relation.at);
  return Generated(input, *call, node.outer, node.columns, node.alias, outer, relation.at);
}

// ---- Table functions ----

Result<Rel> Resolver::RangeFunction(const plan::TableFunction& node, const plan::Relation& relation,
                                    const Names* outer) {
  Names names{{}, outer};
  ASSIGN_OR_RETURN(auto args, Expressions(node.args, names));
  if (args.empty() || args.size() > 4) {
    PendingCall pending{"range", args, {}, {}, "range", relation.at, &options_};
    return WrongCount(pending, "[1, 2, 3, 4]");
  }
  for (auto& arg : args) {
    if (!CanImplicitlyCast(arg->type, TypeId::kLong, options_.rules())) {
      return Mismatch("UNEXPECTED_INPUT_TYPE", "range()",
                      "The first parameter requires the \"BIGINT\" type, however it has the type <inputType>.",
                      {{"inputType", QuotedType(arg->type)}}, relation.at);
    }
    arg = CastTo(arg, TypeId::kLong);
  }
  typed::Range range;
  range.start = args.size() > 1 ? args[0] : IntLiteral(0, TypeId::kLong);
  range.end = args.size() > 1 ? args[1] : args[0];
  range.step = args.size() > 2 ? args[2] : IntLiteral(1, TypeId::kLong);
  if (ConstantInteger(range.step) == 0) {
    return AnalysisError("FAILED_FUNCTION_CALL", "38000",
                         "Preparation of the function <funcName> for call failed: "
                         "step (0) cannot be 0.",
                         {{"funcName", "`range`"}}, relation.at);
  }
  range.column = {NewId(), "id", TypeId::kLong, false, {}};
  std::vector<typed::Column> columns{range.column};
  return Rel{typed::MakeRelation(std::move(range), columns, relation.at), LayerOf(columns)};
}

// A version, or the text of a time.
Result<TableVersion> Resolver::ChangesBound(const plan::ExprPtr& bound, Position at) {
  ASSIGN_OR_RETURN(const auto value, Expression(bound, Names{}));
  const bool version = value->type.is_integral();
  const bool time = value->type.is(TypeId::kString) || value->type.is(TypeId::kTimestamp);
  if (value->type.is(TypeId::kNull)) {
    return AnalysisError("DELTA_CDC_READ_NULL_RANGE_BOUNDARY", "22004",
                         "CDC read start/end parameters cannot be null. Please provide a valid version or timestamp.",
                         {}, at);
  }
  if (!version && !time) return Refused("table_changes from anything but a version or a time", at);
  ASSIGN_OR_RETURN(const auto number, catalog_->Evaluate(CastTo(value, version ? TypeId::kLong : TypeId::kTimestamp)));
  if (number.is_null()) {
    return AnalysisError("DELTA_CDC_READ_NULL_RANGE_BOUNDARY", "22004",
                         "CDC read start/end parameters cannot be null. Please provide a valid version or timestamp.",
                         {}, at);
  }
  TableVersion made;
  (version ? made.version : made.timestamp_micros) = std::get<int64_t>(number.data);
  return made;
}

// Delta's functions table_changes('table', from [, to]) and table_changes_by_path('path', from [, to]).
Result<Rel> Resolver::TableChanges(const plan::TableFunction& node, Position at) {
  if (node.args.size() < 2 || node.args.size() > 3) {
    return AnalysisError("WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "42605",
                         "The <functionName> requires [2, 3] parameters but the actual number is <actualNum>.",
                         {{"functionName", QuotedName(node.name)}, {"actualNum", std::to_string(node.args.size())}},
                         at);
  }
  ASSIGN_OR_RETURN(const auto text, ConstantString(node.args[0], "table_changes"));
  plan::Name name{"delta", text};
  if (!SameName(node.name.back(), kTableChangesByPath)) {
    ASSIGN_OR_RETURN(name, NameFromText(text, at));
  }
  ASSIGN_OR_RETURN(const auto from, ChangesBound(node.args[1], at));
  TableVersion to;
  if (node.args.size() == 3) {
    ASSIGN_OR_RETURN(to, ChangesBound(node.args[2], at));
  }
  ASSIGN_OR_RETURN(const auto table, catalog_->FindChanges(name, from, to));
  if (!table) return NoTable(name, at);
  return Opened(*table, name, at);
}

Result<Rel> Resolver::Resolve(const plan::TableFunction& node, const plan::Relation& relation, const Names* outer) {
  const std::string& name = node.name.back();
  if (SameName(name, "range")) return RangeFunction(node, relation, outer);
  if (SameName(name, kTableChanges) || SameName(name, kTableChangesByPath)) return TableChanges(node, relation.at);
  const Function* function = FindFunction(name);
  if (function && function->kind == FunctionKind::kGenerator) {
    plan::Call call;
    call.name = node.name;
    call.args = node.args;
    Rel one{typed::MakeRelation(typed::OneRow{}, {}, relation.at), {}};
    return Generated(one, call, false, {}, "", outer, relation.at);
  }
  ASSIGN_OR_RETURN(const auto routine, catalog_->FindRoutine(node.name));
  if (routine) return TableRoutine(*routine, node, relation, outer);
  ASSIGN_OR_RETURN(auto known, KnownTable(node, relation));
  if (known) return *known;
  if (IsKnownTableFunction(name)) return Refused("the table function " + name, relation.at);
  return AnalysisError("UNRESOLVABLE_TABLE_VALUED_FUNCTION", "42883",
                       "Could not resolve <name> to a table-valued function. Please make sure that <name> is defined "
                       "as a table-valued function and that all required parameters are provided correctly.",
                       {{"name", QuotedName(node.name)}}, relation.at);
}

bool Resolver::IsKnownTableFunction(const std::string& name) const { return SameName(name, "python_worker_logs"); }

Result<plan::Name> Resolver::NameFromText(const std::string& text, Position at) {
  auto parsed = ParseExpression(text);
  if (!parsed.ok()) return std::move(parsed).error();
  const auto* attribute = std::get_if<plan::Attribute>(&(*parsed)->node);
  if (!attribute) return Refused("IDENTIFIER() of anything but a name", at);
  return attribute->parts;
}

}  // namespace tidemill::sql
