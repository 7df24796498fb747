#include "engine/duckdb/compile.h"

#include <algorithm>
#include <set>

#include "engine/duckdb/compile_expr.h"
#include "engine/duckdb/functions_rows.h"
#include "engine/duckdb/kernel_vector.h"

namespace tidemill::engine::duckdb {

using plan::DataType;
using plan::TypeId;
using typed::ColumnId;

namespace {

// A SELECT in parts, so that what stands above it needs a level of its own only where SQL asks for one. DuckDB orders
// the joins of one FROM by their cost, and takes those of nested SELECTs as written.
struct Block {
  std::vector<std::pair<ColumnId, std::string>> list;  // column and its SQL
  std::string from;                                    // a table, or several joined
  bool joins = false;                                  // whether several
  std::vector<std::string> where;                      // the conjuncts
  std::string group;
  std::string order;
  std::string limit;
  std::string with;
  bool distinct = false;
  // Only FROM and WHERE, and a list that names columns of FROM: what stands above may compute over the same rows.
  bool open = false;
};

std::string JoinText(const std::vector<std::string>& parts, std::string_view between) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i) text += between;
    text += parts[i];
  }
  return text;
}

class RelationCompiler {
 public:
  explicit RelationCompiler(const CompileOptions& options)
      : options_(options), exprs_(options, renamed_, [this](const typed::RelationPtr& r) { return Text(r); }) {}

  Result<std::string> Final(const typed::RelationPtr& relation) {
    if (relation->columns.empty()) return Refuse("a query without columns", relation->at);
    ASSIGN_OR_RETURN(auto block, Compile(relation));
    if (block.distinct || block.list.size() != relation->columns.size()) block = Wrap(block, relation->columns);
    std::vector<std::string> names;
    for (size_t i = 0; i < relation->columns.size(); ++i) {
      names.push_back("c" + std::to_string(i));
      // What is computed may be a narrower decimal, and DuckDB gives a bare NULL a type of its own. A cast of what is
      // right already costs nothing: DuckDB drops it.
      block.list[i].second = "CAST(" + block.list[i].second + " AS " + DuckDbType(relation->columns[i].type) + ")";
    }
    return Render(block, names);
  }

 private:
  // ---- Blocks ----

  static std::string Render(const Block& block, const std::vector<std::string>& names) {
    std::string sql = block.with + "SELECT " + (block.distinct ? "DISTINCT " : "");
    for (size_t i = 0; i < block.list.size(); ++i) {
      sql += (i ? ", " : "") + block.list[i].second;
      if (block.list[i].second != names[i]) sql += " AS " + names[i];
    }
    if (block.list.empty()) sql += "1";
    if (!block.from.empty()) sql += " FROM " + block.from;
    if (!block.where.empty()) sql += " WHERE " + JoinText(block.where, " AND ");
    return sql + block.group + block.order + block.limit;
  }

  // As a level of its own: from here on its columns have their own names.
  std::string Render(const Block& block) {
    std::vector<std::string> names;
    for (const auto& [id, sql] : block.list) {
      names.push_back(ColumnName(id));
      renamed_.erase(id);
    }
    return Render(block, names);
  }

  static Block Over(std::string from, const std::vector<typed::Column>& columns) {
    Block block;
    for (const auto& column : columns) block.list.emplace_back(column.id, ColumnName(column.id));
    block.from = std::move(from);
    block.open = true;
    return block;
  }

  std::string Alias() { return " t" + std::to_string(next_alias_++); }

  Block Wrap(const Block& inner, const std::vector<typed::Column>& columns) {
    return Over("(" + Render(inner) + ")" + Alias(), columns);
  }

  // The relation as an open block; expressions over it are compiled right after.
  Result<Block> Open(const typed::RelationPtr& relation) {
    ASSIGN_OR_RETURN(auto block, Compile(relation));
    if (!block.open) return Wrap(block, relation->columns);
    Rename(block);
    return block;
  }

  void Rename(const Block& block) {
    for (const auto& [id, sql] : block.list) {
      if (sql != ColumnName(id)) renamed_[id] = sql;
    }
  }

  // The block's rows with a list of columns in another order, or fewer of them.
  static Block Listing(Block block, const std::vector<typed::Column>& columns) {
    const auto all = std::move(block.list);
    block.list.clear();
    for (const auto& column : columns) {
      auto found = std::find_if(all.begin(), all.end(), [&](const auto& entry) { return entry.first == column.id; });
      block.list.emplace_back(column.id, found == all.end() ? ColumnName(column.id) : found->second);
    }
    return block;
  }

  Result<std::string> Text(const typed::RelationPtr& relation) {
    ASSIGN_OR_RETURN(auto block, Compile(relation));
    return Render(block);
  }
  Result<std::string> Source(const typed::RelationPtr& relation) {
    ASSIGN_OR_RETURN(auto text, Text(relation));
    return "(" + text + ")" + Alias();
  }

  Result<Block> Compile(const typed::RelationPtr& relation) {
    return std::visit([&](const auto& node) { return Node(node, *relation); }, relation->node);
  }

  // ---- Leaves ----

  Result<Block> Node(const typed::Scan& node, const typed::Relation&) {
    Block block;
    for (size_t i = 0; i < node.columns.size(); ++i) {
      block.list.emplace_back(node.columns[i].id, "c" + std::to_string(i));
    }
    block.from = options_.table_name(node.table);
    return block;
  }

  Result<Block> Node(const typed::OneRow&, const typed::Relation&) { return Block{}; }

  Result<Block> Node(const typed::Values& node, const typed::Relation& relation) {
    std::vector<std::string> rows, names;
    for (const auto& row : node.rows) {
      std::vector<std::string> cells;
      for (const auto& cell : row) {
        ASSIGN_OR_RETURN(auto sql, exprs_.CompileExact(cell));
        if (cell->type.is(TypeId::kDecimal) || AsNull(cell))
          sql = "CAST(" + sql + " AS " + DuckDbType(cell->type) + ")";
        cells.push_back(sql);
      }
      rows.push_back("(" + JoinText(cells, ", ") + ")");
    }
    for (const auto& column : node.columns) names.push_back(ColumnName(column.id));
    return Over("(VALUES " + JoinText(rows, ", ") + ")" + Alias() + "(" + JoinText(names, ", ") + ")",
                relation.columns);
  }

  static bool AsNull(const typed::ExprPtr& expr) {
    const auto* literal = std::get_if<typed::Literal>(&expr->node);
    return literal && literal->value.is_null();
  }

  Result<Block> Node(const typed::Range& node, const typed::Relation&) {
    ASSIGN_OR_RETURN(auto start, exprs_.Compile(node.start));
    ASSIGN_OR_RETURN(auto end, exprs_.Compile(node.end));
    ASSIGN_OR_RETURN(auto step, exprs_.Compile(node.step));
    Block block;
    block.list.emplace_back(node.column.id, "range");
    block.from = "range(" + start + ", " + end + ", " + step + ")";
    return block;
  }

  Result<Block> Node(const typed::CteRef& node, const typed::Relation& relation) {
    Block block;
    const auto& columns = cte_columns_.at(node.cte);
    for (size_t i = 0; i < relation.columns.size(); ++i) {
      block.list.emplace_back(node.columns[i].id, ColumnName(columns[i].id));
    }
    block.from = "q" + std::to_string(node.cte);
    const auto recursive = recursive_.find(node.cte);
    if (recursive == recursive_.end()) {
      const auto level = levels_.find(node.cte);
      if (level != levels_.end()) block.from = "(SELECT * FROM " + block.from + level->second + ")" + Alias();
      return block;
    }
    const auto limit = recursion_limits_.find(&node);
    if (limit == recursion_limits_.end()) {
      block.from = "m" + std::to_string(node.cte);
    } else {
      ASSIGN_OR_RETURN(auto levels, Levels(*recursive->second, limit->second));
      block.from = "(WITH RECURSIVE " + levels + " SELECT * FROM q" + std::to_string(node.cte) + ")" + Alias();
    }
    return block;
  }

  // A LIMIT over a recursive table stops its levels, also where only projections, unions or what keeps the left rows
  // of a join lie between.
  void LimitRecursion(const typed::RelationPtr& relation, int64_t limit) {
    if (const auto* project = std::get_if<typed::Project>(&relation->node)) {
      LimitRecursion(project->input, limit);
    } else if (const auto* join = std::get_if<typed::Join>(&relation->node)) {
      if (join->type == plan::JoinType::kLeft) LimitRecursion(join->left, limit);
    } else if (const auto* op = std::get_if<typed::SetOp>(&relation->node)) {
      if (op->kind != plan::SetOpKind::kUnion || !op->all) return;
      LimitRecursion(op->left, limit);
      LimitRecursion(op->right, limit);
    } else if (const auto* with = std::get_if<typed::With>(&relation->node)) {
      LimitRecursion(with->body, limit);
    } else if (const auto* ref = std::get_if<typed::CteRef>(&relation->node)) {
      recursion_limits_[ref] = limit;
    }
  }

  // `qN AS (first level UNION ALL next level)`. Beside its columns a row has its level, `lv`, and the number of rows up
  // to that level's end, `nr`: what the limits are about, and what says when no level is to follow.
  Result<std::string> Levels(const typed::With::Table& table, std::optional<int64_t> limit) {
    const std::string name = "q" + std::to_string(table.cte);
    ASSIGN_OR_RETURN(const auto anchor, Source(table.query));
    const auto around = std::exchange(levels_[table.cte], limit ? " WHERE nr < " + std::to_string(*limit) : "");
    const bool outside = recursive_.erase(table.cte) > 0;
    auto next = Source(table.recursion);
    if (outside) recursive_[table.cte] = &table;
    levels_[table.cte] = around;
    if (!next.ok()) return std::move(next).error();
    const std::string before = "(SELECT max(lv) AS lv, max(nr) AS nr FROM " + name + ")" + Alias();
    return name + " AS (" + Level(table, anchor, "0", "0", limit) + " UNION ALL " +
           Level(table, *next + ", " + before, "lv", "nr", limit) + ")";
  }

  std::string Level(const typed::With::Table& table, const std::string& from, const std::string& level,
                    const std::string& rows, std::optional<int64_t> limit) {
    const auto& made = level == "0" ? table.query->columns : table.recursion->columns;
    std::string list, picked;
    for (size_t i = 0; i < made.size(); ++i) {
      const std::string name = ColumnName(table.query->columns[i].id);
      list += ColumnName(made[i].id) + " AS " + name + ", ";
      picked += name + ", ";
    }
    const auto error = [](const char* error_class, const char* what, int64_t most) {
      return "error(" +
             QuoteText(EncodeError(error_class, "42836",
                                   "Recursion " + std::string(what) + " limit " + std::to_string(most) +
                                       " reached but query has not exhausted, try increasing it.")) +
             ")";
    };
    std::string next_level = "CAST(" + level + " + 1 AS BIGINT)",
                sum = "CAST(" + rows + " + count(*) OVER () AS BIGINT)";
    if (table.level_limit >= 0) {
      next_level = "CASE WHEN " + level + " >= " + std::to_string(table.level_limit) + " THEN CAST(" +
                   error("RECURSION_LEVEL_LIMIT_EXCEEDED", "level", table.level_limit) + " AS BIGINT) ELSE " +
                   next_level + " END";
    }
    if (limit) {
      const std::string most = std::to_string(*limit);
      return "SELECT " + picked + "lv, least(" + most + ", nr) AS nr FROM (SELECT " + list + next_level + " AS lv, " +
             sum + " AS nr, " + rows + " + row_number() OVER () AS ix FROM " + from + ")" + Alias() +
             " WHERE ix <= " + most;
    }
    if (table.row_limit < 0) return "SELECT " + list + next_level + " AS lv, " + sum + " AS nr FROM " + from;
    return "SELECT " + picked + "lv, CASE WHEN nr >= " + std::to_string(table.row_limit) + " THEN CAST(" +
           error("RECURSION_ROW_LIMIT_EXCEEDED", "row", table.row_limit) +
           " AS BIGINT) ELSE nr END AS nr FROM (SELECT " + list + next_level + " AS lv, " + sum + " AS nr FROM " +
           from + ")" + Alias();
  }

  // ---- Rows in, rows out ----

  // A projection that only picks columns keeps the block as it is (and so its ORDER BY and LIMIT).
  static bool Picks(const typed::Project& node) {
    for (const auto& expr : node.exprs) {
      const auto* ref = std::get_if<typed::ColumnRef>(&expr.expr->node);
      if (!ref || ref->outer) return false;
    }
    return true;
  }

  Result<Block> Node(const typed::Project& node, const typed::Relation&) {
    ASSIGN_OR_RETURN(auto input, Compile(node.input));
    Block block;
    if (Picks(node) && !input.distinct) {
      for (const auto& expr : node.exprs) {
        ColumnId wanted = std::get<typed::ColumnRef>(expr.expr->node).id;
        for (const auto& [id, sql] : input.list) {
          if (id != wanted) continue;
          block.list.emplace_back(expr.column.id, sql);
          break;
        }
      }
      if (block.list.size() == node.exprs.size()) {
        input.list = std::move(block.list);
        return input;
      }
      block.list.clear();
    }
    const bool rows = !input.list.empty() || !input.from.empty();
    if (rows && !input.open) input = Wrap(input, node.input->columns);
    block.from = input.from;
    block.joins = input.joins;
    block.where = input.where;
    Rename(input);
    for (const auto& expr : node.exprs) {
      ASSIGN_OR_RETURN(auto sql, exprs_.Compile(expr.expr));
      block.list.emplace_back(expr.column.id, sql);
    }
    return block;
  }

  Result<Block> Node(const typed::Filter& node, const typed::Relation& relation) {
    ASSIGN_OR_RETURN(auto input, Open(node.input));
    ASSIGN_OR_RETURN(auto condition, exprs_.Condition(node.condition));
    Block block = Listing(std::move(input), relation.columns);
    block.where.push_back(condition);
    return block;
  }

  Result<Block> Node(const typed::Aggregate& node, const typed::Relation&) {
    ASSIGN_OR_RETURN(auto block, Open(node.input));
    block.list.clear();
    block.open = false;
    std::vector<std::string> keys;
    for (const auto& key : node.keys) {
      ASSIGN_OR_RETURN(auto sql, exprs_.Compile(key.expr));
      if (key.expr->type.is_fractional()) sql = "(" + sql + " + 0)";  // -0.0 and 0.0 are one group, shown as 0.0
      if (HoldsMap(key.expr->type)) sql = WithSortedMaps(sql, key.expr->type);
      bool used = !node.grouping_id || InSomeSet(node, keys.size());
      block.list.emplace_back(key.column.id, used ? sql : "CAST(NULL AS " + DuckDbType(key.expr->type) + ")");
      keys.push_back(sql);
    }
    for (const auto& aggregate : node.aggregates) {
      ASSIGN_OR_RETURN(auto sql, exprs_.CompileAggregate(std::get<typed::Call>(aggregate.expr->node), *aggregate.expr));
      block.list.emplace_back(aggregate.column.id, sql);
    }
    if (node.grouping_id) {
      block.list.emplace_back(node.grouping_id->id, GroupingId(node, keys));
    }
    block.group = GroupBy(node, keys);
    return block;
  }

  static bool InSomeSet(const typed::Aggregate& node, size_t key) {
    return std::any_of(node.sets.begin(), node.sets.end(), [&](const std::vector<int>& set) {
      return std::find(set.begin(), set.end(), static_cast<int>(key)) != set.end();
    });
  }

  // A bit a key, the first key's highest: 1 where the row is not grouped by it. DuckDB's GROUPING() knows only keys
  // that are in some set.
  static std::string GroupingId(const typed::Aggregate& node, const std::vector<std::string>& keys) {
    std::string sum = "CAST(0 AS BIGINT)";
    for (size_t i = 0; i < keys.size(); ++i) {
      int64_t bit = int64_t{1} << (keys.size() - 1 - i);
      std::string set = InSomeSet(node, i) ? "GROUPING(" + keys[i] + ") * " : "";
      sum += " + " + set + std::to_string(bit);
    }
    return "CAST(" + sum + " AS BIGINT)";
  }

  static std::string GroupBy(const typed::Aggregate& node, const std::vector<std::string>& keys) {
    // One group, which without an aggregate function DuckDB would not make.
    if (!node.grouping_id && keys.empty() && node.aggregates.empty()) return " GROUP BY ()";
    if (!node.grouping_id) return keys.empty() ? "" : " GROUP BY " + JoinText(keys, ", ");
    std::vector<std::string> sets;
    for (const auto& set : node.sets) {
      std::vector<std::string> members;
      for (int index : set) members.push_back(keys[index]);
      sets.push_back("(" + JoinText(members, ", ") + ")");
    }
    // Over no row DuckDB makes a group of the set without keys, and Spark none.
    return " GROUP BY GROUPING SETS (" + JoinText(sets, ", ") + ") HAVING count(*) > 0";
  }

  Result<Block> Node(const typed::Window& node, const typed::Relation&) {
    ASSIGN_OR_RETURN(auto block, Open(node.input));
    block = Listing(std::move(block), node.input->columns);
    block.open = false;
    for (const auto& call : node.calls) {
      ASSIGN_OR_RETURN(auto sql, exprs_.Compile(call.expr));
      block.list.emplace_back(call.column.id, sql);
    }
    return block;
  }

  Result<Block> Node(const typed::Join& node, const typed::Relation& relation) {
    const bool inner = node.type == plan::JoinType::kCross || node.type == plan::JoinType::kInner;
    const bool keeps_left = node.type != plan::JoinType::kRight && node.type != plan::JoinType::kFull;
    ASSIGN_OR_RETURN(auto left, Open(node.left));
    // A row of the left side that WHERE drops is in no joined row, unless the other side brings it back.
    if (!keeps_left && !left.where.empty()) left = Wrap(left, node.left->columns);
    Block right;
    if (node.lateral) {
      ASSIGN_OR_RETURN(auto source, Source(node.right));
      right = Over("LATERAL " + source, node.right->columns);
    } else {
      ASSIGN_OR_RETURN(right, Open(node.right));
      if (!inner && !right.where.empty()) right = Wrap(right, node.right->columns);
    }
    std::string condition = "TRUE";
    if (node.condition) {
      ASSIGN_OR_RETURN(condition, exprs_.Condition(node.condition));
    }
    if (right.joins) right.from = "(" + right.from + ")";
    Block block = std::move(left);
    if (inner && !node.condition) {
      block.from += (node.lateral ? ", " : " CROSS JOIN ") + right.from;
    } else {
      block.from += std::string(JoinWord(node.type)) + right.from + " ON " + condition;
    }
    block.joins = true;
    block.where.insert(block.where.end(), right.where.begin(), right.where.end());
    block.list.insert(block.list.end(), right.list.begin(), right.list.end());
    block = Listing(std::move(block), relation.columns);
    if (node.lateral) block.open = false;  // after the comma a further ON would not see what is before it
    return block;
  }

  static const char* JoinWord(plan::JoinType type) {
    switch (type) {
      case plan::JoinType::kCross:
      case plan::JoinType::kInner:
        return " JOIN ";
      case plan::JoinType::kLeft:
        return " LEFT JOIN ";
      case plan::JoinType::kRight:
        return " RIGHT JOIN ";
      case plan::JoinType::kFull:
        return " FULL JOIN ";
      case plan::JoinType::kLeftSemi:
        return " SEMI JOIN ";
      case plan::JoinType::kLeftAnti:
        return " ANTI JOIN ";
    }
    return " JOIN ";
  }

  Result<Block> Node(const typed::Generate& node, const typed::Relation& relation);
  Result<std::string> GeneratedList(const typed::Generate& node);

  Result<Block> Node(const typed::SetOp& node, const typed::Relation& relation) {
    ASSIGN_OR_RETURN(auto left, Compile(node.left));
    ASSIGN_OR_RETURN(auto right, Compile(node.right));
    // Narrower decimals on one side would still be widened, but names come from the left: give both the columns' own.
    std::vector<std::string> names;
    for (const auto& column : node.columns) names.push_back(ColumnName(column.id));
    const char* word = node.kind == plan::SetOpKind::kUnion       ? " UNION "
                       : node.kind == plan::SetOpKind::kIntersect ? " INTERSECT "
                                                                  : " EXCEPT ";
    left = Wrap(left, node.left->columns);
    right = Wrap(right, node.right->columns);
    std::string all = node.all ? "ALL " : "";
    return Over("(" + Render(left, names) + word + all + Render(right, names) + ")" + Alias(), relation.columns);
  }

  Result<Block> Node(const typed::Distinct& node, const typed::Relation& relation) {
    ASSIGN_OR_RETURN(auto input, Open(node.input));
    Block block = Listing(std::move(input), relation.columns);
    for (size_t i = 0; i < relation.columns.size(); ++i) {
      if (relation.columns[i].type.is_fractional()) block.list[i].second = "(" + block.list[i].second + " + 0)";
    }
    block.distinct = true;
    block.open = false;
    return block;
  }

  Result<Block> Node(const typed::Sort& node, const typed::Relation& relation) {
    ASSIGN_OR_RETURN(auto input, Open(node.input));
    Block block = Listing(std::move(input), relation.columns);
    ASSIGN_OR_RETURN(auto keys, exprs_.SortKeys(node.keys));
    block.order = " ORDER BY " + keys;
    block.open = false;
    return block;
  }

  Result<Block> Node(const typed::Limit& node, const typed::Relation& relation) {
    if (node.limit) LimitRecursion(node.input, *node.limit + node.offset);
    ASSIGN_OR_RETURN(auto block, Compile(node.input));
    if (!block.limit.empty() || block.distinct || !block.with.empty()) block = Wrap(block, relation.columns);
    if (node.limit) block.limit = " LIMIT " + std::to_string(*node.limit);
    if (node.offset) block.limit += " OFFSET " + std::to_string(node.offset);
    block.open = false;
    return block;
  }

  Result<Block> Node(const typed::Sample&, const typed::Relation& relation) {
    return Refuse("TABLESAMPLE", relation.at);
  }

  Result<Block> Node(const typed::With& node, const typed::Relation&) {
    std::vector<std::string> tables;
    std::string recursion;
    for (const auto& table : node.tables) {
      if (table.recursion) {
        cte_columns_[table.cte] = table.query->columns;
        ASSIGN_OR_RETURN(auto levels, Levels(table, std::nullopt));
        recursive_[table.cte] = &table;
        // Spark makes all levels before it looks at what is asked of them.
        const std::string id = std::to_string(table.cte);
        tables.push_back(levels);
        tables.push_back("m" + id + " AS MATERIALIZED (SELECT * FROM q" + id + ")");
        recursion = "RECURSIVE ";
        continue;
      }
      // Its columns may repeat an id; inside it they are renamed by place.
      ASSIGN_OR_RETURN(auto block, Compile(table.query));
      auto columns = table.query->columns;
      cte_columns_[table.cte] = columns;
      tables.push_back("q" + std::to_string(table.cte) + " AS " + (table.materialize ? "MATERIALIZED " : "") + "(" +
                       Render(block) + ")");
    }
    ASSIGN_OR_RETURN(auto body, Compile(node.body));
    if (tables.empty()) return body;
    std::string with = "WITH " + recursion + JoinText(tables, ", ") + " ";
    if (!body.with.empty()) body = Wrap(body, node.body->columns);
    body.with = with;
    body.open = false;
    return body;
  }

  const CompileOptions& options_;
  ColumnTexts renamed_;  // columns of open blocks that have another name in FROM
  ExprCompiler exprs_;
  std::map<int, std::vector<typed::Column>> cte_columns_;
  std::map<int, const typed::With::Table*> recursive_;  // by their number, outside their own levels
  std::map<int, std::string> levels_;                   // inside: which rows of the level before are read
  std::map<const typed::CteRef*, int64_t> recursion_limits_;
  int next_alias_ = 0;
};

// The rows a generator makes of one input row, as a list of structs with fields v0, v1, ...
Result<std::string> RelationCompiler::GeneratedList(const typed::Generate& node) {
  std::vector<std::string> args;
  for (const auto& arg : node.args) {
    ASSIGN_OR_RETURN(auto sql, exprs_.CompileExact(arg));
    args.push_back(sql);
  }
  if (node.function == "stack") {
    size_t width = node.columns.size();
    std::vector<std::string> rows;
    for (size_t i = 1; i < args.size(); i += width) {
      std::string row;
      for (size_t c = 0; c < width; ++c) row += (c ? ", 'v" : "'v") + std::to_string(c) + "': " + args[i + c];
      rows.push_back("{" + row + "}");
    }
    return "[" + JoinText(rows, ", ") + "]";
  }
  const DataType& type = node.args[0]->type;
  if (node.function == "json_tuple") {
    std::string fields;
    for (size_t c = 1; c < args.size(); ++c) {
      auto field = ValueSql("json_field", {args[0], args[c]}, {TypeId::kString, TypeId::kString}, TypeId::kString);
      fields += (c > 1 ? ", 'v" : "'v") + std::to_string(c - 1) + "': " + field;
    }
    return "[{" + fields + "}]";
  }
  if (node.function == "inline") {
    std::string fields;
    for (size_t c = 0; c < node.columns.size(); ++c) {
      fields += (c ? ", 'v" : "'v") + std::to_string(c) + "': e[" + QuoteText(type.element().fields()[c].name) + "]";
    }
    return "list_transform(" + args[0] + ", lambda e: {" + fields + "})";
  }
  bool position = node.function == "posexplode";
  std::string pos = position ? "'v0': CAST(i - 1 AS INTEGER), " : "";
  std::string first = position ? "'v1'" : "'v0'", second = position ? "'v2'" : "'v1'";
  if (type.is(TypeId::kMap)) {
    return "list_transform(map_entries(" + args[0] + "), lambda e, i: {" + pos + first + ": e.key, " + second +
           ": e.value})";
  }
  return "list_transform(" + args[0] + ", lambda e, i: {" + pos + first + ": e})";
}

Result<Block> RelationCompiler::Node(const typed::Generate& node, const typed::Relation&) {
  ASSIGN_OR_RETURN(auto input, Compile(node.input));
  bool bare = input.list.empty() && input.from.empty();
  std::string source = bare ? "(SELECT 1 AS one)" + Alias() : "(" + Render(input) + ")" + Alias();
  ASSIGN_OR_RETURN(auto list, GeneratedList(node));
  std::string rows = "g" + std::to_string(next_alias_++);
  if (node.outer) list = "CASE WHEN len(" + list + ") > 0 THEN " + list + " ELSE [NULL] END";
  std::string with_list = "(SELECT *, unnest(" + list + ") AS " + rows + " FROM " + source + ")" + Alias();
  Block block = Over(with_list, bare ? std::vector<typed::Column>() : node.input->columns);
  block.open = false;
  for (size_t i = 0; i < node.columns.size(); ++i) {
    block.list.emplace_back(node.columns[i].id, rows + "['v" + std::to_string(i) + "']");
  }
  return block;
}

}  // namespace

Result<std::string> Compile(const typed::RelationPtr& relation, const CompileOptions& options) {
  return RelationCompiler(options).Final(relation);
}

std::string DuckDbType(const DataType& type) {
  switch (type.id()) {
    case TypeId::kNull:
    case TypeId::kInt:
    case TypeId::kYearMonthInterval:
      return "INTEGER";
    case TypeId::kBoolean:
      return "BOOLEAN";
    case TypeId::kByte:
      return "TINYINT";
    case TypeId::kShort:
      return "SMALLINT";
    case TypeId::kLong:
    case TypeId::kDayTimeInterval:
      return "BIGINT";
    case TypeId::kFloat:
      return "FLOAT";
    case TypeId::kDouble:
      return "DOUBLE";
    case TypeId::kDecimal:
      return "DECIMAL(" + std::to_string(type.precision()) + "," + std::to_string(type.scale()) + ")";
    case TypeId::kString:
      return "VARCHAR";
    case TypeId::kBinary:
    case TypeId::kVariant:  // plan::EncodeVariant
      return "BLOB";
    case TypeId::kDate:
      return "DATE";
    case TypeId::kTimestamp:
      return "TIMESTAMPTZ";
    case TypeId::kTimestampNtz:
      return "TIMESTAMP";
    case TypeId::kCalendarInterval:
      return "INTERVAL";
    case TypeId::kArray:
      return DuckDbType(type.element()) + "[]";
    case TypeId::kMap:
      return "MAP(" + DuckDbType(type.key()) + ", " + DuckDbType(type.value()) + ")";
    case TypeId::kStruct: {
      std::string fields;
      for (const auto& field : type.fields()) {
        fields += (fields.empty() ? "" : ", ") + QuoteName(field.name) + " " + DuckDbType(field.type);
      }
      return "STRUCT(" + fields + ")";
    }
  }
  return "INTEGER";
}

}  // namespace tidemill::engine::duckdb
