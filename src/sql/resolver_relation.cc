// Relations other than SELECT blocks and joins: tables, VALUES, aliases, CTEs, set operations, ORDER BY, LIMIT.
#include <algorithm>

#include "base/names.h"
#include "plan/variant.h"
#include "sql/coercion.h"
#include "sql/detail/resolver_core.h"
#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_generate.h"
#include "sql/detail/resolver_operator.h"
#include "sql/detail/resolver_select.h"
#include "sql/detail/resolver_typed.h"

namespace tidemill::sql {

using typed::ExprPtr;

namespace {
constexpr int kMaxRelationDepth = 400;
constexpr int kMaxViewDepth = 100;

// An inline table turns no string into a number or a date by itself.
bool MixesStrings(const std::vector<DataType>& types) {
  auto is_string = [](const DataType& type) { return type.is(TypeId::kString); };
  auto is_other = [](const DataType& type) { return !type.is(TypeId::kString) && !type.is(TypeId::kNull); };
  return std::any_of(types.begin(), types.end(), is_string) && std::any_of(types.begin(), types.end(), is_other);
}
}  // namespace

Result<Rel> Resolver::Relation(const plan::RelationPtr& relation, const Names* outer) {
  struct Deeper {
    int& depth;
    explicit Deeper(int& d) : depth(d) { ++depth; }
    ~Deeper() { --depth; }
  } deeper(depth_);
  if (depth_ > kMaxRelationDepth) return Refused("a query nested deeper than 400", relation->at);
  return std::visit([&](const auto& node) { return Resolve(node, *relation, outer); }, relation->node);
}

Result<Rel> Resolver::Query(const plan::RelationPtr& relation, const Names* outer) {
  ASSIGN_OR_RETURN(auto rel, Relation(relation, outer));
  if (!std::holds_alternative<plan::Join>(relation->node)) return rel;
  std::vector<typed::NamedExpr> exprs;
  for (const auto& binding : rel.layer.bindings) {
    if (!binding.in_star) continue;
    auto expr = binding.expr ? binding.expr : Ref(binding.column);
    exprs.push_back({{NewId(), binding.column.name, expr->type, expr->nullable, binding.column.qualifier}, expr});
  }
  return Projected(rel, std::move(exprs), relation->at);
}

Rel Resolver::Projected(const Rel& input, std::vector<typed::NamedExpr> exprs, Position at) {
  std::vector<typed::Column> columns;
  Rel rel;
  for (const auto& expr : exprs) {
    columns.push_back(expr.column);
    rel.layer.bindings.push_back({expr.column});
  }
  rel.node = typed::MakeRelation(typed::Project{input.node, std::move(exprs)}, std::move(columns), at);
  return rel;
}

// ---- Tables ----

Result<Rel> Resolver::TableByName(const plan::Name& name, const TableVersion& version, Position at) {
  const bool newest = !version.version && !version.timestamp_micros;
  if (name.size() == 1 && newest) {
    if (const auto* table = FindCommonTable(name[0])) {
      if (table->read) *table->read = true;
      if (table->self == CommonTable::Self::kForbidden) return InvalidRecursion(at);
      auto columns = table->columns;
      for (auto& column : columns) {
        const auto from = Ref(column);
        column.id = NewId();
        DeclareAs(from, column.id);
      }
      Rel rel;
      rel.layer = LayerOf(columns, {name[0]});
      rel.node = typed::MakeRelation(typed::CteRef{table->id, columns}, columns, at);
      return rel;
    }
  }
  ASSIGN_OR_RETURN(const auto table, newest ? catalog_->Find(name) : catalog_->FindVersion(name, version));
  if (!table) return NoTable(name, at);
  return Opened(*table, name, at);
}

Error Resolver::NoTable(const plan::Name& name, Position at) {
  std::string message =
      "The table or view <relationName> cannot be found. Verify the spelling and correctness of the schema and "
      "catalog.";
  if (auto near = NearestName(name.back(), catalog_->Names())) message += " Did you mean `" + *near + "`?";
  return AnalysisError("TABLE_OR_VIEW_NOT_FOUND", "42P01", message, {{"relationName", QuotedName(name)}}, at);
}

Result<Rel> Resolver::Opened(const Catalog::Table& table, const plan::Name& name, Position at) {
  const plan::Name& qualifier = table.qualifier.empty() ? name : table.qualifier;
  if (table.view) {
    ASSIGN_OR_RETURN(auto view, ExpandView(table, at));
    view.layer = LayerOf(view.node->columns, qualifier);
    Declare(table, view.node->columns);
    for (size_t i = 0; i < view.layer.bindings.size() && i < table.schema.fields.size(); ++i) {
      view.layer.bindings[i].column.name = table.schema.fields[i].name;
    }
    return view;
  }
  std::vector<typed::Column> columns;
  for (const auto& field : table.schema.fields) {
    columns.push_back({NewId(), field.name, field.type, field.nullable, {}});
  }
  Declare(table, columns);
  return Rel{typed::MakeRelation(typed::Scan{table.key, columns}, columns, at), LayerOf(columns, qualifier)};
}

// A view's body sees the view's own scope, and none of the query's common tables.
Result<Rel> Resolver::ExpandView(const Catalog::Table& table, Position at) {
  if (view_depth_ >= kMaxViewDepth) return Refused("views nested deeper than 100", at);
  ++view_depth_;
  auto saved = std::exchange(common_tables_, {});
  Catalog* around = std::exchange(catalog_, table.scope ? table.scope.get() : catalog_);
  const auto collation_around = std::exchange(default_collation_, table.collation);
  auto view = Query(table.view, nullptr);
  default_collation_ = collation_around;
  catalog_ = around;
  common_tables_ = std::move(saved);
  --view_depth_;
  return view;
}

Result<Rel> Resolver::Resolve(const plan::TableRef& node, const plan::Relation& relation, const Names*) {
  if (!node.options.empty()) return Refused("WITH (options) after a table", relation.at);
  plan::Name name = node.name;
  if (node.identifier) {
    ASSIGN_OR_RETURN(auto text, ConstantString(node.identifier, "IDENTIFIER"));
    ASSIGN_OR_RETURN(name, NameFromText(text, relation.at));
  }
  TableVersion version;
  if (node.version_as_of) {
    ASSIGN_OR_RETURN(auto value, Expression(node.version_as_of, Names{}));
    ASSIGN_OR_RETURN(const auto number, catalog_->Evaluate(CastTo(value, TypeId::kLong)));
    version.version = std::get<int64_t>(number.data);
  }
  if (node.timestamp_as_of) {
    ASSIGN_OR_RETURN(auto value, Expression(node.timestamp_as_of, Names{}));
    if (!CanCast(value->type, TypeId::kTimestamp, options_.rules()) || !IsConstant(value)) {
      return AnalysisError("INVALID_TIME_TRAVEL_TIMESTAMP_EXPR.INPUT", "42K0E",
                           "The time travel timestamp expression <expr> is invalid. Cannot be casted to the "
                           "\"TIMESTAMP\" type.",
                           {{"expr", QuotedSql(SparkName(node.timestamp_as_of))}}, relation.at);
    }
    ASSIGN_OR_RETURN(const auto instant, catalog_->Evaluate(CastTo(value, TypeId::kTimestamp)));
    if (instant.is_null()) {
      return AnalysisError("INVALID_TIME_TRAVEL_TIMESTAMP_EXPR.INPUT", "42K0E",
                           "The time travel timestamp expression <expr> is invalid. It is NULL.",
                           {{"expr", QuotedSql(SparkName(node.timestamp_as_of))}}, relation.at);
    }
    version.timestamp_micros = std::get<int64_t>(instant.data);
  }
  return TableByName(name, version, relation.at);
}

Result<Rel> Resolver::Resolve(const plan::OneRow&, const plan::Relation& relation, const Names*) {
  return Rel{typed::MakeRelation(typed::OneRow{}, {}, relation.at), {}};
}

Result<Rel> Resolver::Resolve(const plan::Values& node, const plan::Relation& relation, const Names* outer) {
  typed::Values made;
  Names names{{}, outer};
  size_t width = node.rows.empty() ? 0 : node.rows[0].size();
  for (const auto& row : node.rows) {
    if (row.size() != width) {
      return AnalysisError("INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH", "42000",
                           "Invalid inline table. Inline table expected <expectedNumCols> columns but found "
                           "<actualNumCols> columns in row <rowIndex>.",
                           {{"expectedNumCols", std::to_string(width)},
                            {"actualNumCols", std::to_string(row.size())},
                            {"rowIndex", std::to_string(&row - node.rows.data())}},
                           relation.at);
    }
    ASSIGN_OR_RETURN(auto exprs, Expressions(row, names));
    for (size_t i = 0; i < width; ++i) {
      if (!ContainsVolatile(exprs[i]) && !ContainsAggregate(exprs[i])) continue;
      return AnalysisError("INVALID_INLINE_TABLE.CANNOT_EVALUATE_EXPRESSION_IN_INLINE_TABLE", "42000",
                           "Invalid inline table. Cannot evaluate the expression <expr> in inline table definition.",
                           {{"expr", QuotedSql(SparkName(row[i]))}}, row[i]->at);
    }
    made.rows.push_back(std::move(exprs));
  }
  for (size_t i = 0; i < width; ++i) {
    std::vector<DataType> types;
    bool nullable = false;
    for (const auto& row : made.rows) {
      types.push_back(row[i]->type);
      nullable = nullable || row[i]->nullable;
    }
    auto common = WiderType(types, options_.rules());
    if (!common || MixesStrings(types)) {
      return AnalysisError("INVALID_INLINE_TABLE.INCOMPATIBLE_TYPES_IN_INLINE_TABLE", "42000",
                           "Invalid inline table. Found incompatible types in the column <colName> for inline table.",
                           {{"colName", QuotedName({"col" + std::to_string(i + 1)})}}, relation.at);
    }
    for (auto& row : made.rows) row[i] = CastTo(row[i], *common);
    made.columns.push_back({NewId(), "col" + std::to_string(i + 1), *common, nullable, {}});
  }
  auto columns = made.columns;
  return Rel{typed::MakeRelation(std::move(made), columns, relation.at), LayerOf(columns)};
}

// (query) AS alias (a, b).
Result<Rel> Resolver::Resolve(const plan::Aliased& node, const plan::Relation& relation, const Names* outer) {
  ASSIGN_OR_RETURN(auto input, Relation(node.input, outer));
  Rel rel{input.node, {}};
  std::vector<Binding> visible;
  for (const auto& binding : input.layer.bindings) {
    if (binding.in_star) visible.push_back(binding);
  }
  if (!node.columns.empty() && node.columns.size() != visible.size()) {
    return AnalysisError(
        "ASSIGNMENT_ARITY_MISMATCH", "42802",
        "The number of columns or variables assigned or aliased: <numTarget> does not match the number of source "
        "expressions: <numExpr>.",
        {{"numTarget", std::to_string(node.columns.size())}, {"numExpr", std::to_string(visible.size())}}, relation.at);
  }
  // The relation's own columns are what can be seen, in that order.
  std::vector<typed::NamedExpr> exprs;
  bool as_is = visible.size() == input.node->columns.size();
  for (size_t i = 0; i < visible.size(); ++i) {
    auto column = visible[i].column;
    if (visible[i].expr) {
      as_is = false;
      column.id = NewId();
    }
    if (!node.columns.empty()) column.name = node.columns[i];
    column.qualifier = node.alias.empty() ? column.qualifier : std::vector<std::string>{node.alias};
    as_is = as_is && column.id == input.node->columns[i].id;
    exprs.push_back({column, visible[i].expr ? visible[i].expr : Ref(visible[i].column)});
  }
  if (!as_is) {
    for (auto& expr : exprs) {
      expr.column.id = NewId();
      DeclareAs(expr.expr, expr.column.id);
    }
    return Projected(input, std::move(exprs), relation.at);
  }
  for (auto& expr : exprs) rel.layer.bindings.push_back({expr.column});
  typed::Relation copy = *input.node;
  for (size_t i = 0; i < copy.columns.size(); ++i) copy.columns[i].name = exprs[i].column.name;
  rel.node = std::make_shared<const typed::Relation>(std::move(copy));
  return rel;
}

Result<Rel> Resolver::Resolve(const plan::Select& node, const plan::Relation& relation, const Names* outer) {
  return SelectResolver(*this, node, nullptr, outer, relation.at).Run();
}

// ---- Common tables ----

// The innermost of the earliest pass.
const Resolver::CommonTable* Resolver::FindCommonTable(const std::string& name) const {
  const CommonTable* found = nullptr;
  for (const auto& [known, table] : common_tables_) {
    if (table.pass < first_pass_ || !SameName(known, name)) continue;
    if (!found || table.pass <= found->pass) found = &table;
  }
  return found;
}

static std::string CtePolicy(const Settings& conf) {
  const auto policy = conf.find("spark.sql.legacy.ctePrecedencePolicy");
  std::string name = policy == conf.end() ? "CORRECTED" : policy->second;
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
  return name;
}

// What a name of a common table means where an enclosing query has one of that name (legacy.ctePrecedencePolicy).
Status Resolver::CheckNestedNames(const plan::With& node, Position at) const {
  if (common_tables_.empty() || CtePolicy(options_.conf) != "EXCEPTION") return Ok();
  for (const auto& table : node.tables) {
    for (const auto& [outer, made] : common_tables_) {
      if (!SameName(outer, table.name)) continue;
      return AnalysisError("AMBIGUOUS_ALIAS_IN_NESTED_CTE", "42KD0",
                           "Name <name> is ambiguous in nested CTE. Please set <config> to \"CORRECTED\" so that name "
                           "defined in inner CTE takes precedence.",
                           {{"name", QuotedName({table.name})}, {"config", "\"spark.sql.legacy.ctePrecedencePolicy\""}},
                           at);
    }
  }
  return Ok();
}

Result<Rel> Resolver::Resolve(const plan::With& node, const plan::Relation& relation, const Names* outer) {
  const bool legacy = CtePolicy(options_.conf) == "LEGACY";
  if (node.recursive && legacy) {
    return AnalysisError("RECURSIVE_CTE_IN_LEGACY_MODE", "42836",
                         "Recursive definitions cannot be used in legacy CTE precedence mode "
                         "(spark.sql.legacy.ctePrecedencePolicy=LEGACY).",
                         {}, relation.at);
  }
  RETURN_IF_ERROR(CheckNestedNames(node, relation.at));
  for (auto table = node.tables.begin(); table != node.tables.end(); ++table) {
    if (std::any_of(node.tables.begin(), table, [&](const auto& t) { return SameName(t.name, table->name); })) {
      return AnalysisError("DUPLICATED_CTE_NAMES", "42602",
                           "CTE definition can't have duplicate names: <duplicateNames>.",
                           {{"duplicateNames", QuotedName({table->name})}}, relation.at);
    }
  }
  size_t before = common_tables_.size();
  const int pass = pass_, first_pass = first_pass_;
  const bool next_pass = next_pass_;
  if (legacy && next_pass_) ++pass_;
  typed::With made;
  auto finish = [&]() -> Result<Rel> {
    if (legacy) {
      first_pass_ = pass_;
      next_pass_ = true;
    }
    for (const auto& table : node.tables) {
      typed::With::Table common;
      if (node.recursive) {
        ASSIGN_OR_RETURN(common, RecursiveTable(table, outer, relation.at));
      } else {
        ASSIGN_OR_RETURN(auto query, Query(table.query, outer));
        common.query = query.node;
      }
      auto columns = common.query->columns;
      if (!table.columns.empty() && table.columns.size() != columns.size()) {
        return AnalysisError(
            "ASSIGNMENT_ARITY_MISMATCH", "42802",
            "The number of columns or variables assigned or aliased: <numTarget> does not match the number of source "
            "expressions: <numExpr>.",
            {{"numTarget", std::to_string(table.columns.size())}, {"numExpr", std::to_string(columns.size())}},
            relation.at);
      }
      for (size_t i = 0; i < table.columns.size(); ++i) columns[i].name = table.columns[i];
      if (!common.recursion) common.cte = next_cte_++;
      common.name = table.name;
      // The level that follows may bring a NULL into any column.
      for (auto& column : columns) column.nullable = column.nullable || common.recursion;
      common_tables_.emplace_back(table.name, CommonTable{common.cte, columns, pass_});
      made.tables.push_back(std::move(common));
    }
    first_pass_ = first_pass;
    next_pass_ = false;
    return Relation(node.body, outer);
  };
  auto body = finish();
  common_tables_.resize(before);
  pass_ = pass;
  first_pass_ = first_pass;
  next_pass_ = next_pass;
  if (!body.ok()) return std::move(body).error();
  made.body = body->node;
  auto columns = body->node->columns;
  return Rel{typed::MakeRelation(std::move(made), std::move(columns), relation.at), body->layer};
}

// ---- Set operations ----

namespace {
const char* SetOpName(const plan::SetOp& node) {
  switch (node.kind) {
    case plan::SetOpKind::kUnion:
      return node.all ? "union all" : "union";
    case plan::SetOpKind::kIntersect:
      return node.all ? "intersect all" : "intersect";
    case plan::SetOpKind::kExcept:
      return node.all ? "except all" : "except";
  }
  return "";
}
}  // namespace

Result<Rel> Resolver::Resolve(const plan::SetOp& node, const plan::Relation& relation, const Names* outer) {
  ASSIGN_OR_RETURN(auto left, Query(node.left, outer));
  ASSIGN_OR_RETURN(auto right, Query(node.right, outer));
  if (node.by_name) {
    RETURN_IF_ERROR(MatchByName(node, &left, &right, relation.at));
  }
  const auto &a = left.node->columns, &b = right.node->columns;
  if (a.size() != b.size()) {
    return AnalysisError(
        "NUM_COLUMNS_MISMATCH", "42826",
        "<operator> can only be performed on inputs with the same number of columns, but the first "
        "input has <firstNumColumns> columns and the <invalidOrdinalNum> input has <invalidNumColumns> columns.",
        {{"operator", SetOpName(node)},
         {"firstNumColumns", std::to_string(a.size())},
         {"invalidOrdinalNum", "second"},
         {"invalidNumColumns", std::to_string(b.size())}},
        relation.at);
  }
  std::vector<typed::Column> columns;
  std::vector<typed::NamedExpr> left_exprs, right_exprs;
  bool cast_left = false, cast_right = false, collated = false;
  for (size_t i = 0; i < a.size(); ++i) {
    auto common = WiderType(a[i].type, b[i].type, options_.rules());
    collated = collated || (common && HoldsCollation(*common));
    if (!common) {
      return AnalysisError("INCOMPATIBLE_COLUMN_TYPE", "42825",
                           "<operator> can only be performed on tables with compatible column types. The "
                           "<columnOrdinalNumber> column of the <tableOrdinalNumber> table is <dataType1> type which "
                           "is not compatible with <dataType2> at the same column of the first table.",
                           {{"operator", SetOpName(node)},
                            {"columnOrdinalNumber", std::to_string(i + 1)},
                            {"tableOrdinalNumber", "second"},
                            {"dataType1", QuotedType(b[i].type)},
                            {"dataType2", QuotedType(a[i].type)},
                            {"hint", ""}},
                           relation.at);
    }
    bool distinct = !(node.kind == plan::SetOpKind::kUnion && node.all);
    if (distinct && IsSession(a[i].id))
      return Refused(SetOpName(node) + std::string(" of a session window"), relation.at);
    if (distinct && plan::HoldsVariant(*common)) {
      return AnalysisError(
          "UNSUPPORTED_FEATURE.SET_OPERATION_ON_VARIANT_TYPE", "0A000",
          "The feature is not supported: Cannot have VARIANT type columns in DataFrame which calls set "
          "operations (INTERSECT, EXCEPT, etc.), but the type of column <colName> is <dataType>.",
          {{"colName", QuotedName({a[i].name})}, {"dataType", QuotedType(*common)}}, relation.at);
    }
    if (distinct && common->is(TypeId::kMap)) {
      return AnalysisError("UNSUPPORTED_FEATURE.SET_OPERATION_ON_MAP_TYPE", "0A000",
                           "The feature is not supported: Cannot have MAP type columns in DataFrame which calls set "
                           "operations (INTERSECT, EXCEPT, etc.), but the type of column <colName> is <dataType>.",
                           {{"colName", QuotedName({a[i].name})}, {"dataType", QuotedType(*common)}}, relation.at);
    }
    auto l = CastTo(Ref(a[i]), *common), r = CastTo(Ref(b[i]), *common);
    cast_left = cast_left || !a[i].type.SameType(*common);
    cast_right = cast_right || !b[i].type.SameType(*common);
    bool nullable = node.kind == plan::SetOpKind::kUnion       ? l->nullable || r->nullable
                    : node.kind == plan::SetOpKind::kIntersect ? l->nullable && r->nullable
                                                               : l->nullable;
    columns.push_back({NewId(), a[i].name, *common, nullable, {}});
    DeclareAs(Ref(a[i]), columns.back().id);
    left_exprs.push_back({{NewId(), a[i].name, *common, l->nullable, {}}, l});
    right_exprs.push_back({{NewId(), b[i].name, *common, r->nullable, {}}, r});
  }
  if (cast_left) left = Projected(left, std::move(left_exprs), relation.at);
  if (cast_right) right = Projected(right, std::move(right_exprs), relation.at);
  const bool compares = node.kind != plan::SetOpKind::kUnion || !node.all;
  if (collated && compares) return CollatedSet(node, left, right, columns, relation.at);
  typed::SetOp made{node.kind, node.all, left.node, right.node, columns};
  return Rel{typed::MakeRelation(std::move(made), columns, relation.at), LayerOf(columns)};
}

// A set operation whose rows are compared under collations: `columns` are what it gives.
Result<Rel> Resolver::CollatedSet(const plan::SetOp& node, const Rel& left, const Rel& right,
                                  const std::vector<typed::Column>& columns, Position at) {
  if (node.kind == plan::SetOpKind::kUnion) {
    typed::SetOp both{node.kind, true, left.node, right.node, columns};
    return DistinctRows(Rel{typed::MakeRelation(std::move(both), columns, at), LayerOf(columns)}, at);
  }
  if (node.all) return Refused(std::string(SetOpName(node)) + " of texts with a collation", at);
  typed::Join join{left.node, right.node,
                   node.kind == plan::SetOpKind::kIntersect ? plan::JoinType::kLeftSemi : plan::JoinType::kLeftAnti,
                   nullptr};
  for (size_t i = 0; i < columns.size(); ++i) {
    ASSIGN_OR_RETURN(auto a, CollationKey(Ref(left.node->columns[i])));
    ASSIGN_OR_RETURN(auto b, CollationKey(Ref(right.node->columns[i])));
    auto same = MakeCall("<=>", {a, b}, TypeId::kBoolean, false, at);
    join.condition = join.condition ? MakeCall("and", {join.condition, same}, TypeId::kBoolean, false, at) : same;
  }
  auto rows = typed::MakeRelation(std::move(join), left.node->columns, at);
  ASSIGN_OR_RETURN(auto distinct, DistinctRows(Rel{rows, left.layer}, at));
  distinct.layer = LayerOf(distinct.node->columns);
  return distinct;
}

// UNION BY NAME: the right side in the left's order; what is missing is NULL where that is allowed.
Status Resolver::MatchByName(const plan::SetOp& node, Rel* left, Rel* right, Position at) {
  if (node.kind != plan::SetOpKind::kUnion) return Refused("INTERSECT or EXCEPT BY NAME", at);
  auto find = [&](const std::vector<typed::Column>& columns, const std::string& name) -> const typed::Column* {
    for (const auto& column : columns) {
      if (SameName(column.name, name)) return &column;
    }
    return nullptr;
  };
  auto reorder = [&](const Rel& rel, const std::vector<typed::Column>& wanted) -> Result<Rel> {
    std::vector<typed::NamedExpr> exprs;
    for (const auto& column : wanted) {
      const auto* found = find(rel.node->columns, column.name);
      if (!found && !node.allow_missing_columns) {
        plan::Name parts{column.name};
        Names names{{&rel.layer}};
        return UnresolvedColumn(parts, at, names);
      }
      auto expr = found ? Ref(*found) : NullLiteral(column.type);
      exprs.push_back({{NewId(), column.name, expr->type, expr->nullable, {}}, expr});
    }
    return Projected(rel, std::move(exprs), at);
  };
  auto wanted = left->node->columns;
  for (const auto& column : right->node->columns) {
    if (!find(wanted, column.name)) wanted.push_back(column);
  }
  if (wanted.size() > left->node->columns.size()) {
    ASSIGN_OR_RETURN(*left, reorder(*left, wanted));
  }
  ASSIGN_OR_RETURN(*right, reorder(*right, wanted));
  return Ok();
}

// ---- ORDER BY, LIMIT ----

Result<Rel> Resolver::Resolve(const plan::Sort& node, const plan::Relation& relation, const Names* outer) {
  if (const auto* select = std::get_if<plan::Select>(&node.input->node); select && (!node.keys.empty() || node.all)) {
    return SelectResolver(*this, *select, &node, outer, relation.at).Run();
  }
  ASSIGN_OR_RETURN(auto rel, Relation(node.input, outer));
  std::vector<typed::SortKey> keys;
  if (node.all) {
    for (const auto& column : rel.node->columns) {
      ASSIGN_OR_RETURN(auto key, CollationKey(Ref(column)));
      keys.push_back({key, node.all_direction.ascending, node.all_direction.nulls_first});
    }
  }
  Names names{{&rel.layer}, outer};
  for (const auto& written : node.keys) {
    const auto* literal = std::get_if<plan::Literal>(&written.expr->node);
    const auto* ordinal =
        literal && literal->type.is(TypeId::kInt) ? std::get_if<int64_t>(&literal->value.data) : nullptr;
    int64_t width = static_cast<int64_t>(rel.node->columns.size());
    if (!ordinal) {
      ASSIGN_OR_RETURN(auto key, Key(written, names));
      if (!IsConstant(key.expr)) keys.push_back(key);
      continue;
    }
    if (*ordinal < 1 || *ordinal > width) {
      return AnalysisError("ORDER_BY_POS_OUT_OF_RANGE", "42805",
                           "ORDER BY position <index> is not in select list (valid range is [1, <size>]).",
                           {{"index", std::to_string(*ordinal)}, {"size", std::to_string(width)}}, written.expr->at);
    }
    ASSIGN_OR_RETURN(auto key, CollationKey(Ref(rel.node->columns[*ordinal - 1])));
    keys.push_back({key, written.ascending, written.nulls_first});
  }
  if (!std::holds_alternative<plan::Select>(node.input->node)) {
    RETURN_IF_ERROR(Expressions(node.distribute_by, names));
  }
  if (keys.empty()) return rel;  // DISTRIBUTE BY alone moves rows, not values
  auto columns = rel.node->columns;
  rel.node = typed::MakeRelation(typed::Sort{rel.node, std::move(keys), node.global}, std::move(columns), relation.at);
  return rel;
}

Result<int64_t> Resolver::ConstantCount(const plan::ExprPtr& expr, const char* clause) {
  ASSIGN_OR_RETURN(auto value, Expression(expr, Names{}));
  if (!value->type.is_integral()) {
    return AnalysisError(
        "INVALID_LIMIT_LIKE_EXPRESSION.DATA_TYPE", "42K0E",
        "The limit like expression <expr> is invalid. The <name> expression must be integer type, but "
        "got <dataType>.",
        {{"expr", QuotedSql(SparkName(expr))}, {"name", clause}, {"dataType", QuotedType(value->type)}}, expr->at);
  }
  auto count = ConstantInteger(CastTo(value, TypeId::kInt));
  if (!count) {
    return AnalysisError(
        "INVALID_LIMIT_LIKE_EXPRESSION.IS_UNFOLDABLE", "42K0E",
        "The limit like expression <expr> is invalid. The <name> expression must evaluate to a constant value.",
        {{"expr", QuotedSql(SparkName(expr))}, {"name", clause}}, expr->at);
  }
  if (*count < 0) {
    return AnalysisError("INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE", "42K0E",
                         "The limit like expression <expr> is invalid. The <name> expression must be equal to or "
                         "greater than 0, but got <v>.",
                         {{"expr", QuotedSql(SparkName(expr))}, {"name", clause}, {"v", std::to_string(*count)}},
                         expr->at);
  }
  return *count;
}

Result<Rel> Resolver::Resolve(const plan::Limit& node, const plan::Relation& relation, const Names* outer) {
  ASSIGN_OR_RETURN(auto rel, Relation(node.input, outer));
  typed::Limit made{rel.node, std::nullopt, 0};
  if (node.limit) {
    ASSIGN_OR_RETURN(made.limit, ConstantCount(node.limit, "limit"));
  }
  if (node.offset) {
    ASSIGN_OR_RETURN(made.offset, ConstantCount(node.offset, "offset"));
  }
  auto columns = rel.node->columns;
  rel.node = typed::MakeRelation(std::move(made), std::move(columns), relation.at);
  return rel;
}

// A number of rows is a LIMIT. Which rows a part of them is depends on how Spark has cut them into partitions, unless
// it is all or none.
Result<Rel> Resolver::Resolve(const plan::Sample& node, const plan::Relation& relation, const Names* outer) {
  ASSIGN_OR_RETURN(auto rel, Relation(node.input, outer));
  typed::Limit made{rel.node, std::nullopt, 0};
  if (node.kind == plan::Sample::Kind::kRows) {
    auto count = ConstantCount(node.rows, "limit");
    if (!count.ok() && count.error().error_class.starts_with("UNRESOLVED_COLUMN")) {
      const Names names{{&rel.layer}, outer};
      if (Expression(node.rows, names).ok()) {
        return AnalysisError("INVALID_LIMIT_LIKE_EXPRESSION.IS_UNFOLDABLE", "42K0E",
                             "The limit like expression <expr> is invalid. The limit expression must evaluate to a "
                             "constant value.",
                             {{"expr", QuotedSql(SparkName(node.rows))}}, node.rows->at);
      }
    }
    ASSIGN_OR_RETURN(made.limit, std::move(count));
  } else {
    const bool percent = node.kind == plan::Sample::Kind::kPercent;
    const double fraction = percent ? node.percent / 100 : static_cast<double>(node.bucket) / node.buckets;
    if (fraction >= 1) return rel;
    if (fraction > 0) return Refused("TABLESAMPLE of a part of the rows", relation.at);
    made.limit = 0;
  }
  auto columns = rel.node->columns;
  rel.node = typed::MakeRelation(std::move(made), std::move(columns), relation.at);
  return rel;
}

}  // namespace tidemill::sql
