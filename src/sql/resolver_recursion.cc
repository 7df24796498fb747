// WITH RECURSIVE: a common table whose rows are made of its own. Only the anchor UNION ALL the recursive term is one;
// the anchor alone says what the columns are.
#include <charconv>

#include "sql/detail/resolver_core.h"
#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_typed.h"

namespace tidemill::sql {
namespace {

int64_t LimitOf(const Settings& conf, const std::string& key, int64_t otherwise) {
  const auto found = conf.find(key);
  if (found == conf.end()) return otherwise;
  int64_t value = otherwise;
  std::from_chars(found->second.data(), found->second.data() + found->second.size(), value);
  return value;
}

Error MisplacedReference(Position at) {
  return AnalysisError(
      "INVALID_RECURSIVE_REFERENCE.PLACE", "42836",
      "Invalid recursive reference found inside WITH RECURSIVE clause. Recursive references cannot be "
      "used on the right side of left outer/semi/anti joins, on the left side of right outer joins, in "
      "full outer joins, in aggregates, window functions or sorts",
      {}, at);
}

bool AllowsLeft(plan::JoinType type) { return type != plan::JoinType::kRight && type != plan::JoinType::kFull; }
bool AllowsRight(plan::JoinType type) {
  return type == plan::JoinType::kInner || type == plan::JoinType::kCross || type == plan::JoinType::kRight;
}

// Whether the table is read where its rows of one level are not all there are.
bool Misplaced(const typed::RelationPtr& relation, int cte, bool allowed) {
  if (const auto* ref = std::get_if<typed::CteRef>(&relation->node)) return ref->cte == cte && !allowed;
  if (const auto* join = std::get_if<typed::Join>(&relation->node)) {
    return Misplaced(join->left, cte, allowed && AllowsLeft(join->type)) ||
           Misplaced(join->right, cte, allowed && AllowsRight(join->type));
  }
  allowed = allowed && !std::holds_alternative<typed::Aggregate>(relation->node) &&
            !std::holds_alternative<typed::Window>(relation->node) &&
            !std::holds_alternative<typed::Sort>(relation->node);
  bool misplaced = false;
  VisitParts(
      *relation,
      [&](const typed::ExprPtr& expr) {
        Visit(expr, [&](const typed::Expr& part) {
          const auto* subquery = std::get_if<typed::Subquery>(&part.node);
          misplaced = misplaced || (subquery && Misplaced(subquery->query, cte, allowed));
          return true;
        });
      },
      [&](const typed::RelationPtr& input) { misplaced = misplaced || Misplaced(input, cte, allowed); });
  return misplaced;
}

// The two sides of the query, where it is a set operation; tables of a WITH around it go into both.
std::optional<plan::SetOp> SidesOf(const plan::RelationPtr& query) {
  if (const auto* op = std::get_if<plan::SetOp>(&query->node)) return *op;
  const auto* with = std::get_if<plan::With>(&query->node);
  auto sides = with ? SidesOf(with->body) : std::nullopt;
  if (!sides) return std::nullopt;
  for (auto* side : {&sides->left, &sides->right}) {
    *side = plan::MakeRelation(plan::With{with->recursive, with->tables, *side}, query->at);
  }
  return sides;
}

}  // namespace

Error InvalidRecursion(Position at) {
  return AnalysisError("INVALID_RECURSIVE_CTE", "42836",
                       "Invalid recursive definition found. Recursive queries must contain an UNION or an UNION ALL "
                       "statement with 2 children. The first child needs to be the anchor term without any recursive "
                       "references. Any top level inner CTE must not contain self references.",
                       {}, at);
}

// Under WITH RECURSIVE a table need not read itself.
Result<typed::With::Table> Resolver::RecursiveTable(const plan::CommonTable& table, const Names* outer, Position at) {
  bool read = false;
  common_tables_.emplace_back(table.name, CommonTable{0, {}, pass_, CommonTable::Self::kForbidden, &read});
  const auto sides = SidesOf(table.query);
  const bool union_all = sides && sides->kind == plan::SetOpKind::kUnion && sides->all && !sides->by_name;
  auto first = union_all ? Query(sides->left, outer) : Query(table.query, outer);
  common_tables_.pop_back();
  if (!first.ok()) {
    const bool refers = read && first.error().error_class == "INVALID_RECURSIVE_CTE";
    if (!refers || !sides || sides->kind != plan::SetOpKind::kUnion || sides->all) return std::move(first).error();
    return AnalysisError("UNION_NOT_SUPPORTED_IN_RECURSIVE_CTE", "42836",
                         "The UNION operator is not yet supported within recursive common table expressions (WITH "
                         "clauses that refer to themselves, directly or indirectly). Please use UNION ALL instead.",
                         {}, at);
  }
  if (!union_all) return typed::With::Table{.query = first->node};
  auto made = Recursion(table, *sides, nullptr, at);
  if (!made.ok() && outer && Recursion(table, *sides, outer, at).ok()) {
    return AnalysisError("UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.ACCESSING_OUTER_QUERY_COLUMN_IS_NOT_ALLOWED",
                         "0A000",
                         "Unsupported subquery expression: Accessing outer query column is not allowed in this "
                         "location: <treeNode>.",
                         {{"treeNode", table.name}}, at);
  }
  if (made.ok() && !made->recursion) {
    ASSIGN_OR_RETURN(auto plain, Query(table.query, outer));
    return typed::With::Table{.query = plain.node};
  }
  return made;
}

// Without `recursion` when the right side does not read the table.
Result<typed::With::Table> Resolver::Recursion(const plan::CommonTable& table, const plan::SetOp& levels,
                                               const Names* outer, Position at) {
  ASSIGN_OR_RETURN(auto anchor, Query(levels.left, outer));
  std::vector<typed::NamedExpr> exprs;
  for (const auto& column : anchor.node->columns) {
    exprs.push_back({{NewId(), column.name, column.type, column.nullable, {}}, Ref(column)});
  }
  anchor = Projected(anchor, std::move(exprs), at);
  auto columns = anchor.node->columns;
  if (!table.columns.empty() && table.columns.size() != columns.size()) {
    return AnalysisError(
        "ASSIGNMENT_ARITY_MISMATCH", "42802",
        "The number of columns or variables assigned or aliased: <numTarget> does not match the number of source "
        "expressions: <numExpr>.",
        {{"numTarget", std::to_string(table.columns.size())}, {"numExpr", std::to_string(columns.size())}}, at);
  }
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!table.columns.empty()) columns[i].name = table.columns[i];
    columns[i].nullable = true;
  }
  bool read = false;
  const int cte = next_cte_++;
  common_tables_.emplace_back(table.name, CommonTable{cte, columns, pass_, CommonTable::Self::kReadable, &read});
  auto next = Query(levels.right, outer);
  common_tables_.pop_back();
  if (!next.ok()) return std::move(next).error();
  if (!read) return typed::With::Table{.query = anchor.node};
  ASSIGN_OR_RETURN(auto recursion, OfTypes(*next, columns, at));
  if (Misplaced(recursion.node, cte, true)) return MisplacedReference(at);
  const int64_t levels_by_default = LimitOf(options_.conf, "spark.sql.cteRecursionLevelLimit", 100);
  return typed::With::Table{
      .cte = cte,
      .query = anchor.node,
      .recursion = recursion.node,
      .level_limit = table.max_recursion >= 0 ? table.max_recursion : levels_by_default,
      .row_limit = LimitOf(options_.conf, "spark.sql.cteRecursionRowLimit", 1'000'000),
  };
}

// The rows as the anchor's: what is not of its columns' types, or widens to them, is an error.
Result<Rel> Resolver::OfTypes(const Rel& rel, const std::vector<typed::Column>& columns, Position at) {
  const auto& own = rel.node->columns;
  if (own.size() != columns.size()) {
    return AnalysisError(
        "NUM_COLUMNS_MISMATCH", "42826",
        "<operator> can only be performed on inputs with the same number of columns, but the first input has "
        "<firstNumColumns> columns and the <invalidOrdinalNum> input has <invalidNumColumns> columns.",
        {{"operator", "UNION ALL"},
         {"firstNumColumns", std::to_string(columns.size())},
         {"invalidOrdinalNum", "second"},
         {"invalidNumColumns", std::to_string(own.size())}},
        at);
  }
  std::vector<typed::NamedExpr> exprs;
  for (size_t i = 0; i < own.size(); ++i) {
    const auto common = WiderType(columns[i].type, own[i].type, options_.rules());
    if (!common || !common->SameType(columns[i].type)) {
      return AnalysisError("CANNOT_MERGE_INCOMPATIBLE_DATA_TYPE", "42825",
                           "Failed to merge incompatible data types <left> and <right>. Please check the data types "
                           "of the columns being merged and ensure that they are compatible. If necessary, consider "
                           "casting the columns to compatible data types before attempting the merge.",
                           {{"left", QuotedType(columns[i].type)}, {"right", QuotedType(own[i].type)}}, at);
    }
    auto expr = CastTo(Ref(own[i]), columns[i].type);
    exprs.push_back({{NewId(), columns[i].name, columns[i].type, true, {}}, expr});
  }
  return Projected(rel, std::move(exprs), at);
}

}  // namespace tidemill::sql
