#include "sql/detail/resolver_select.h"
#include "plan/variant.h"

#include <algorithm>

#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_generate.h"
#include "sql/detail/resolver_typed.h"

namespace tidemill::sql {

using typed::ExprPtr;

Result<Rel> SelectResolver::Run() {
  RETURN_IF_ERROR(ResolveFrom());
  RETURN_IF_ERROR(OpenTimeWindow());
  RETURN_IF_ERROR(ResolveList());
  ASSIGN_OR_RETURN(auto groups, ResolveGroups());
  RETURN_IF_ERROR(ResolveHaving(groups));
  RETURN_IF_ERROR(ResolveSort());
  RETURN_IF_ERROR(PlaceTimeWindow(groups));
  bool grouped = select_.group_by.kind != plan::Grouping::Kind::kNone || having_;
  for (const auto& item : items_) grouped = grouped || ContainsAggregate(item.expr);
  for (const auto& key : sort_keys_) grouped = grouped || ContainsAggregate(key.expr);
  if (grouped) RETURN_IF_ERROR(Group(groups));
  if (having_) node_ = typed::MakeRelation(typed::Filter{node_, having_}, node_->columns, at_);
  RETURN_IF_ERROR(Generate());
  RETURN_IF_ERROR(ExtractWindows());
  return Finish();
}

// HAVING without GROUP BY, where a setting makes it a WHERE.
bool SelectResolver::HavingIsWhere() const {
  return select_.having && select_.group_by.kind == plan::Grouping::Kind::kNone &&
         Flag(resolver_.options_.conf, "spark.sql.legacy.parser.havingWithoutGroupByAsWhere", false);
}

Status SelectResolver::ResolveFrom() {
  if (select_.from) {
    ASSIGN_OR_RETURN(from_, resolver_.Relation(select_.from, outer_));
  } else {
    from_.node = typed::MakeRelation(typed::OneRow{}, {}, at_);
  }
  node_ = from_.node;
  Names where{{&from_.layer}, outer_, nullptr, &select_.windows};
  if (HavingIsWhere()) {
    ASSIGN_OR_RETURN(auto condition, resolver_.Condition(select_.having, where, "WHERE"));
    node_ = typed::MakeRelation(typed::Filter{node_, condition}, node_->columns, select_.having->at);
  }
  if (!select_.where) return Ok();
  ASSIGN_OR_RETURN(auto condition, resolver_.Condition(select_.where, where, "WHERE"));
  node_ = typed::MakeRelation(typed::Filter{node_, condition}, node_->columns, select_.where->at);
  return Ok();
}

Status SelectResolver::ResolveList() {
  names_ = Names{{&from_.layer, &aliases_}, outer_, nullptr, &select_.windows};
  group_names_ = Names{{&from_.layer, &aliases_, &generated_}, outer_, nullptr, &select_.windows};
  if (select_.group_by.kind != plan::Grouping::Kind::kNone) {
    auto id = MakeCall("grouping_id", {}, TypeId::kLong, false, at_);
    grouping_.bindings.push_back({{0, "grouping__id", TypeId::kLong, false, {}}, id});
    names_.layers.push_back(&grouping_);
  }
  if (!Flag(resolver_.options_.conf, "spark.sql.groupByAliases", true)) group_names_.layers.resize(1);
  for (const auto& written : select_.list) {
    const auto* star = std::get_if<plan::Star>(&written->node);
    if (!star) {
      RETURN_IF_ERROR(AddItem(written));
      continue;
    }
    ASSIGN_OR_RETURN(auto columns, resolver_.ExpandStar(*star, written->at, names_));
    for (const auto& binding : columns) {
      auto expr = binding.expr ? binding.expr : Ref(binding.column, written->at);
      items_.push_back({expr, binding.column.name, {}, binding.column.qualifier});
    }
  }
  return Ok();
}

Status SelectResolver::AddItem(const plan::ExprPtr& written) {
  const auto* alias = std::get_if<plan::Alias>(&written->node);
  if (GeneratorOf(written)) return AddGenerator(written, alias ? alias->names : std::vector<std::string>());
  if (alias && alias->names.size() > 1) {
    return AnalysisError(
        "MULTI_ALIAS_WITHOUT_GENERATOR", "42K0E",
        "Multi part aliasing (<names>) is not supported with <expr> as it is not a generator function.",
        {{"expr", QuotedSql(SparkName(alias->child))}, {"names", alias->names.front()}}, written->at);
  }
  ASSIGN_OR_RETURN(auto expr, resolver_.Expression(alias ? alias->child : written, names_));
  Item item{expr, alias ? alias->names.front() : WithOuterNames(NameOf(written), expr)};
  if (std::holds_alternative<plan::Attribute>(written->node)) {
    for (const auto& binding : from_.layer.bindings) {
      const auto* ref = std::get_if<typed::ColumnRef>(&expr->node);
      if (ref && ref->id == binding.column.id) item.qualifier = binding.column.qualifier;
    }
  }
  if (select_.group_by.kind != plan::Grouping::Kind::kNone && !aliases_.bindings.empty()) {
    const Names unaliased{{&from_.layer, &grouping_}, outer_, nullptr, &select_.windows};
    if (!resolver_.Expression(alias ? alias->child : written, unaliased).ok()) alias_readers_.insert(items_.size());
  }
  if (alias) {
    item.aliased = true;
    aliases_.bindings.push_back({{0, item.name, expr->type, expr->nullable, {}}, expr});
  } else {
    generated_.bindings.push_back({{0, item.name, expr->type, expr->nullable, {}}, expr});
  }
  items_.push_back(std::move(item));
  return Ok();
}

Status SelectResolver::AddGenerator(const plan::ExprPtr& written, const std::vector<std::string>& aliases) {
  if (!generator_columns_.empty()) {
    return AnalysisError(
        "UNSUPPORTED_GENERATOR.MULTI_GENERATOR", "42K0E",
        "The generator is not supported: only one generator allowed per SELECT clause but found <num>: <generators>.",
        {{"num", "2"}, {"generators", SparkName(written)}}, written->at);
  }
  const auto* alias = std::get_if<plan::Alias>(&written->node);
  const auto& call = std::get<plan::Call>((alias ? alias->child : written)->node);
  ASSIGN_OR_RETURN(auto args, resolver_.Expressions(call.args, names_));
  ASSIGN_OR_RETURN(auto made, MakeGenerator(
                                  *GeneratorOf(written), std::move(args), aliases, false, resolver_.options_.rules(),
                                  [this] { return resolver_.NewId(); }, written->at));
  generator_function_ = made.function;
  generator_outer_ = made.outer;
  generator_args_ = made.args;
  generator_columns_ = made.columns;
  for (const auto& column : made.columns) {
    Item item{Ref(column, written->at), column.name};
    item.generator = true;
    items_.push_back(item);
    aliases_.bindings.push_back({column, item.expr});
  }
  return Ok();
}

// In HAVING a grouped column comes before an alias, an alias before a column that is not grouped.
Status SelectResolver::ResolveHaving(const Groups& groups) {
  if (!select_.having || HavingIsWhere()) return Ok();
  Layer grouped;
  for (const auto& binding : from_.layer.bindings) {
    bool is_key = std::any_of(groups.keys.begin(), groups.keys.end(), [&](const ExprPtr& key) {
      const auto* ref = std::get_if<typed::ColumnRef>(&key->node);
      return ref && !ref->outer && ref->id == binding.column.id;
    });
    if (is_key) grouped.bindings.push_back(binding);
  }
  Names inside{{&from_.layer, &aliases_}, outer_, nullptr, &select_.windows};
  Names having{{&grouped, &aliases_, &from_.layer, &grouping_}, outer_, &inside, &select_.windows};
  ASSIGN_OR_RETURN(having_, resolver_.Condition(select_.having, having, "HAVING"));
  return Ok();
}

int SelectResolver::ItemOf(const ExprPtr& expr) const {
  for (size_t i = 0; i < items_.size(); ++i) {
    const auto key = CollationKey(items_[i].expr);
    if (key.ok() && SameExpr(*key, expr)) return static_cast<int>(i);
  }
  return -1;
}

Status SelectResolver::ResolveSort() {
  if (!sort_) return Ok();
  if (sort_->all) {
    for (size_t i = 0; i < items_.size(); ++i) {
      const auto& direction = sort_->all_direction;
      sort_keys_.push_back({items_[i].expr, direction.ascending, direction.nulls_first});
      sort_items_.push_back(static_cast<int>(i));
    }
    return Ok();
  }
  for (const auto& item : items_) {
    output_.bindings.push_back({{0, item.name, item.expr->type, item.expr->nullable, item.qualifier}, item.expr});
  }
  Names inside{{&from_.layer, &output_}, outer_, nullptr, &select_.windows};
  Names names{{&output_, &from_.layer}, outer_, &inside, &select_.windows};
  for (const auto& written : sort_->keys) {
    const auto* literal = std::get_if<plan::Literal>(&written.expr->node);
    const auto* ordinal =
        literal && literal->type.is(TypeId::kInt) ? std::get_if<int64_t>(&literal->value.data) : nullptr;
    typed::SortKey key{nullptr, written.ascending, written.nulls_first};
    int item = -1;
    if (ordinal) {
      if (*ordinal < 1 || *ordinal > static_cast<int64_t>(items_.size())) {
        return AnalysisError("ORDER_BY_POS_OUT_OF_RANGE", "42805",
                             "ORDER BY position <index> is not in select list (valid range is [1, <size>]).",
                             {{"index", std::to_string(*ordinal)}, {"size", std::to_string(items_.size())}},
                             written.expr->at);
      }
      item = static_cast<int>(*ordinal) - 1;
      key.expr = items_[item].expr;
    } else {
      ASSIGN_OR_RETURN(key, resolver_.Key(written, names));
      item = ItemOf(key.expr);
      const bool correlated = Contains(key.expr, [](const typed::Expr& e) {
        const auto* subquery = std::get_if<typed::Subquery>(&e.node);
        return subquery && subquery->kind == plan::SubqueryExpr::Kind::kScalar && subquery->correlated;
      });
      if (correlated && item < 0) {
        return AnalysisError("UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.UNSUPPORTED_CORRELATED_SCALAR_SUBQUERY", "0A000",
                             "Unsupported subquery expression: Correlated scalar subqueries can only be used in "
                             "filters, aggregations, projections, and UPDATE/MERGE/DELETE commands.",
                             {}, written.expr->at);
      }
    }
    sort_keys_.push_back(std::move(key));
    sort_items_.push_back(item);
  }
  return Ok();
}

Status SelectResolver::Generate() {
  if (generator_columns_.empty()) return Ok();
  auto columns = node_->columns;
  columns.insert(columns.end(), generator_columns_.begin(), generator_columns_.end());
  node_ = typed::MakeRelation(
      typed::Generate{node_, generator_function_, generator_args_, generator_outer_, generator_columns_},
      std::move(columns), at_);
  return Ok();
}

Result<ExprPtr> SelectResolver::TakeWindows(const ExprPtr& expr, std::vector<typed::NamedExpr>& calls) {
  if (!std::holds_alternative<typed::WindowCall>(expr->node)) {
    return MapChildren(expr, [&](const ExprPtr& child) { return TakeWindows(child, calls); });
  }
  for (const auto& known : calls) {
    if (SameExpr(known.expr, expr)) return Ref(known.column, expr->at);
  }
  auto nested = MapChildren(expr, [&](const ExprPtr& child) -> Result<ExprPtr> {
    if (ContainsWindow(child)) {
      return AnalysisError("NESTED_WINDOW_FUNCTION", "42601",
                           "It is not allowed to use a window function inside another window function.", {}, child->at);
    }
    return child;
  });
  if (!nested.ok()) return std::move(nested).error();
  calls.push_back({{resolver_.NewId(), "window", expr->type, expr->nullable, {}}, expr});
  return Ref(calls.back().column, expr->at);
}

Status SelectResolver::ExtractWindows() {
  std::vector<typed::NamedExpr> calls;
  for (auto& item : items_) {
    ASSIGN_OR_RETURN(item.expr, TakeWindows(item.expr, calls));
  }
  for (size_t i = 0; i < sort_keys_.size(); ++i) {
    if (sort_items_[i] >= 0) continue;
    ASSIGN_OR_RETURN(sort_keys_[i].expr, TakeWindows(sort_keys_[i].expr, calls));
  }
  if (calls.empty()) return Ok();
  auto columns = node_->columns;
  for (const auto& call : calls) columns.push_back(call.column);
  node_ = typed::MakeRelation(typed::Window{node_, std::move(calls)}, std::move(columns), at_);
  return Ok();
}

namespace {

// The expression over `to` where it reads the column of that id.
Result<ExprPtr> WithColumn(const ExprPtr& expr, typed::ColumnId id, const typed::Column& to) {
  if (const auto* ref = std::get_if<typed::ColumnRef>(&expr->node)) return ref->id == id ? Ref(to, expr->at) : expr;
  return MapChildren(expr, [&](const ExprPtr& child) { return WithColumn(child, id, to); });
}

}  // namespace

// Project, then DISTINCT, then ORDER BY; keys that are no output columns ride along and are dropped at the end.
Result<Rel> SelectResolver::Finish() {
  std::vector<typed::NamedExpr> exprs;
  std::vector<typed::Column> output;
  for (const auto& item : items_) {
    output.push_back({resolver_.NewId(), item.name, item.expr->type, item.expr->nullable, item.qualifier});
    resolver_.DeclareAs(item.expr, output.back().id);
    exprs.push_back({output.back(), item.expr});
  }
  std::vector<typed::SortKey> keys;
  bool hidden = false;
  for (size_t i = 0; i < sort_keys_.size(); ++i) {
    typed::SortKey key = sort_keys_[i];
    if (sort_items_[i] >= 0) {
      ASSIGN_OR_RETURN(key.expr, CollationKey(Ref(output[sort_items_[i]])));
    } else if (!IsConstant(key.expr)) {
      if (select_.distinct) {
        return Refused("ORDER BY of something that SELECT DISTINCT does not give", key.expr->at);
      }
      hidden = true;
      exprs.push_back({{resolver_.NewId(), "sort", key.expr->type, key.expr->nullable, {}}, key.expr});
      key.expr = Ref(exprs.back().column);
    }
    keys.push_back(std::move(key));
  }
  std::vector<typed::Column> columns;
  for (const auto& expr : exprs) columns.push_back(expr.column);
  auto node = typed::MakeRelation(typed::Project{node_, std::move(exprs)}, columns, at_);
  if (select_.distinct) {
    for (const auto& column : columns) {
      if (resolver_.IsSession(column.id)) return Refused("DISTINCT of a session window", at_);
      if (plan::HoldsVariant(column.type)) {
        return AnalysisError(
            "UNSUPPORTED_FEATURE.SET_OPERATION_ON_VARIANT_TYPE", "0A000",
            "The feature is not supported: Cannot have VARIANT type columns in DataFrame which calls set "
            "operations (INTERSECT, EXCEPT, etc.), but the type of column <colName> is <dataType>.",
            {{"colName", QuotedName({column.name})}, {"dataType", QuotedType(column.type)}}, at_);
      }
      if (column.type.is(TypeId::kMap)) {
        return AnalysisError("UNSUPPORTED_FEATURE.SET_OPERATION_ON_MAP_TYPE", "0A000",
                             "The feature is not supported: Cannot have MAP type columns in DataFrame which calls set "
                             "operations (INTERSECT, EXCEPT, etc.), but the type of column <colName> is <dataType>.",
                             {{"colName", QuotedName({column.name})}, {"dataType", QuotedType(column.type)}}, at_);
      }
    }
    ASSIGN_OR_RETURN(auto distinct, resolver_.DistinctRows(Rel{node, {}}, at_));
    node = distinct.node;
    for (size_t i = 0; i < output.size(); ++i) {
      for (auto& key : keys) {
        ASSIGN_OR_RETURN(key.expr, WithColumn(key.expr, output[i].id, node->columns[i]));
      }
      output[i].id = node->columns[i].id;
    }
  }
  if (!keys.empty()) node = typed::MakeRelation(typed::Sort{node, std::move(keys), sort_->global}, node->columns, at_);
  Rel rel;
  for (const auto& column : output) rel.layer.bindings.push_back({column});
  if (!hidden) {
    rel.node = node;
    return rel;
  }
  std::vector<typed::NamedExpr> kept;
  for (size_t i = 0; i < output.size(); ++i) {
    auto from = output[i];
    output[i].id = resolver_.NewId();
    resolver_.DeclareAs(Ref(from), output[i].id);
    rel.layer.bindings[i].column.id = output[i].id;
    kept.push_back({output[i], Ref(from)});
  }
  rel.node = typed::MakeRelation(typed::Project{node, std::move(kept)}, output, at_);
  return rel;
}

}  // namespace tidemill::sql
