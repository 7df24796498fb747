// INSERT in all its forms, and TRUNCATE.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/lower.h"
#include "base/names.h"
#include "delta/delta.h"
#include "delta/partition_value.h"
#include "delta/snapshot.h"
#include "session/columns.h"
#include "session/error.h"
#include "session/scope.h"
#include "session/statements.h"
#include "session/stored_rows.h"
#include "session/table_files.h"
#include "session/tree.h"

namespace tidemill::session {
namespace {

constexpr const char* kSource = "__source";

bool IsDefaultWord(const plan::ExprPtr& expr) {
  const auto* attribute = std::get_if<plan::Attribute>(&expr->node);
  return attribute != nullptr && attribute->parts.size() == 1 && SameIgnoringCase(attribute->parts[0], "default");
}

// The query with each bare DEFAULT in place of what its column has by default.
Result<plan::RelationPtr> WithDefaults(const plan::RelationPtr& query, const std::vector<plan::Field>& targets) {
  const auto replace = [&](std::vector<plan::ExprPtr>& values) -> Status {
    for (size_t i = 0; i < values.size() && i < targets.size(); ++i) {
      if (!IsDefaultWord(values[i])) continue;
      if (IsComputed(targets[i])) {
        return Unimplemented(fmt::format(
            "DEFAULT for the column {}, which the table computes; leave it out of the list", targets[i].name));
      }
      ASSIGN_OR_RETURN(auto value, DefaultOf(targets[i]));
      values[i] = CastTo(std::move(value), AsRead(plan::Schema{{targets[i]}}).fields[0].type);
    }
    return Ok();
  };
  plan::Relation copy = *query;
  if (auto* values = std::get_if<plan::Values>(&copy.node)) {
    for (auto& row : values->rows) RETURN_IF_ERROR(replace(row));
  } else if (auto* select = std::get_if<plan::Select>(&copy.node)) {
    RETURN_IF_ERROR(replace(select->list));
  } else if (auto* aliased = std::get_if<plan::Aliased>(&copy.node)) {
    ASSIGN_OR_RETURN(aliased->input, WithDefaults(aliased->input, targets));
  } else if (auto* with = std::get_if<plan::With>(&copy.node)) {
    ASSIGN_OR_RETURN(with->body, WithDefaults(with->body, targets));
  } else if (auto* op = std::get_if<plan::SetOp>(&copy.node)) {
    ASSIGN_OR_RETURN(op->left, WithDefaults(op->left, targets));
    ASSIGN_OR_RETURN(op->right, WithDefaults(op->right, targets));
  } else {
    return query;
  }
  return plan::RelationPtr(std::make_shared<const plan::Relation>(std::move(copy)));
}

class Inserter {
 public:
  Inserter(State& state, const plan::Insert& insert, Table table)
      : state_(state), insert_(insert), table_(std::move(table)), sources_(table_.schema.fields.size(), kMissing) {}

  Result<Answer> Run() {
    RETURN_IF_ERROR(ReadPartition());
    RETURN_IF_ERROR(ChooseTargets());
    std::vector<plan::Field> fields;
    for (const int target : targets_) fields.push_back(table_.schema.fields[static_cast<size_t>(target)]);
    ASSIGN_OR_RETURN(query_, WithDefaults(insert_.query, fields));
    ASSIGN_OR_RETURN(const auto resolved, state_.Resolve(query_));
    given_ = plan::typed::SchemaOf(*resolved);
    RETURN_IF_ERROR(insert_.by_name ? MatchNames() : MatchPositions());
    std::vector<Given> values;
    ASSIGN_OR_RETURN(values, Values());
    std::vector<std::string> names;
    for (size_t i = 0; i < given_.fields.size(); ++i) names.push_back(fmt::format("c{}", i));
    ASSIGN_OR_RETURN(auto rows, Assign(state_, table_, values, AliasOf(query_, kSource, names)));
    if (insert_.mode == plan::Insert::Mode::kReplaceWhere) return ReplaceWhere(rows);
    placement_.overwrite = insert_.mode == plan::Insert::Mode::kOverwrite;
    placement_.dynamic = placement_.overwrite && !table_.partition_columns.empty() &&
                         LowerAscii(state_.Setting("spark.sql.sources.partitionOverwriteMode", "static")) == "dynamic";
    RETURN_IF_ERROR(StoreRows(state_, table_, rows, placement_));
    return Nothing();
  }

 private:
  static constexpr int kMissing = -1;
  static constexpr int kStatic = -2;

  int IndexOf(const std::string& column) const { return table_.schema.IndexOf(column); }

  Status ReadPartition() {
    for (const auto& [column, value] : insert_.partition) {
      const int index = IndexOf(column);
      const bool partition = std::ranges::any_of(table_.partition_columns,
                                                 [&](const auto& name) { return SameIgnoringCase(name, column); });
      if (index < 0 || !partition) {
        return SqlError(index < 0 ? "PARTITIONS_NOT_FOUND" : "NON_PARTITION_COLUMN", index < 0 ? "428FT" : "42000",
                        fmt::format("The partition(s) {} cannot be found in table {}. Name a partition column.",
                                    Quoted({column}), Quoted(table_.FullName())));
      }
      if (!value) continue;
      const auto& field = table_.schema.fields[static_cast<size_t>(index)];
      const auto type = AsRead(plan::Schema{{field}}).fields[0].type;
      auto constant = IsDefaultWord(value) ? DefaultOf(field) : Result<plan::ExprPtr>(value);
      if (!constant.ok()) return constant.error();
      ASSIGN_OR_RETURN(const auto computed, state_.Evaluate(CastTo(*constant, type)));
      const auto literal = plan::MakeExpr(plan::Literal{computed, type});
      statics_[index] = computed.is_null() ? CastTo(Null(), type) : literal;
      ASSIGN_OR_RETURN(placement_.partitions[field.name], delta::FormatPartitionValue(computed, type));
      sources_[static_cast<size_t>(index)] = kStatic;
    }
    return Ok();
  }

  // The columns the query's columns go to, in order.
  Status ChooseTargets() {
    if (insert_.columns.empty()) {
      for (size_t i = 0; i < sources_.size(); ++i) {
        if (sources_[i] != kStatic) targets_.push_back(static_cast<int>(i));
      }
      return Ok();
    }
    for (const auto& column : insert_.columns) {
      const int index = IndexOf(column);
      if (index < 0) {
        std::vector<std::string> names;
        for (const auto& field : table_.schema.fields) names.push_back(Quoted({field.name}));
        return SqlError(
            "UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703",
            fmt::format("A column, variable, or function parameter with name {} cannot be resolved. Did you "
                        "mean one of the following? [{}].",
                        Quoted({column}), fmt::join(names, ", ")));
      }
      if (std::ranges::find(targets_, index) != targets_.end()) {
        return SqlError("COLUMN_ALREADY_EXISTS", "42711",
                        fmt::format("The column {} already exists. Choose another name or rename the existing column.",
                                    Quoted({LowerAscii(column)})));
      }
      if (sources_[static_cast<size_t>(index)] == kStatic) {
        return SqlError(
            "STATIC_PARTITION_COLUMN_IN_INSERT_COLUMN_LIST", "42713",
            fmt::format("Static partition column {} is also specified in the column list.", Quoted({column})));
      }
      targets_.push_back(index);
    }
    return Ok();
  }

  Status MatchPositions() {
    const size_t given = given_.fields.size();
    const bool partitioned = !statics_.empty();
    if (given != targets_.size()) {
      const bool few = given < targets_.size();
      if (partitioned) {
        return SqlError("INSERT_PARTITION_COLUMN_ARITY_MISMATCH", "21S01",
                        fmt::format("Cannot write to {}, not enough data columns: the table has {}, the query {}.",
                                    Quoted(table_.FullName()), targets_.size(), given));
      }
      return SqlError(few ? "INSERT_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS"
                          : "INSERT_COLUMN_ARITY_MISMATCH.TOO_MANY_DATA_COLUMNS",
                      "21S01",
                      fmt::format("Cannot write to {}, the reason is {} data columns: the table has {}, the query {}.",
                                  Quoted(table_.FullName()), few ? "not enough" : "too many", targets_.size(), given));
    }
    for (size_t i = 0; i < targets_.size(); ++i) sources_[static_cast<size_t>(targets_[i])] = static_cast<int>(i);
    return Ok();
  }

  Status MatchNames() {
    for (size_t i = 0; i < given_.fields.size(); ++i) {
      const auto& name = given_.fields[i].name;
      const int index = IndexOf(name);
      if (index < 0 || sources_[static_cast<size_t>(index)] == kStatic) {
        return SqlError("INCOMPATIBLE_DATA_FOR_TABLE.EXTRA_COLUMNS", "KD000",
                        fmt::format("Cannot write incompatible data for the table {}: Cannot write extra columns {}.",
                                    Quoted(table_.FullName()), Quoted({name})));
      }
      if (sources_[static_cast<size_t>(index)] != kMissing) {
        return SqlError("INCOMPATIBLE_DATA_FOR_TABLE.AMBIGUOUS_COLUMN_NAME", "KD000",
                        fmt::format("Cannot write incompatible data for the table {}: Ambiguous column name in the "
                                    "input data {}.",
                                    Quoted(table_.FullName()), Quoted({name})));
      }
      sources_[static_cast<size_t>(index)] = static_cast<int>(i);
    }
    return Ok();
  }

  Result<std::vector<Given>> Values() {
    std::vector<Given> values;
    for (size_t i = 0; i < sources_.size(); ++i) {
      const auto& field = table_.schema.fields[i];
      const auto type = AsRead(plan::Schema{{field}}).fields[0].type;
      if (sources_[i] == kStatic) {
        values.push_back({statics_.at(static_cast<int>(i)), type});
      } else if (sources_[i] == kMissing && IsComputed(field)) {
        values.push_back({nullptr, type});
      } else if (sources_[i] == kMissing) {
        ASSIGN_OR_RETURN(auto value, DefaultOf(field));
        values.push_back({CastTo(std::move(value), type), type});
      } else {
        if (const auto identity = IdentityOf(field); identity && !identity->explicit_allowed) {
          return NoExplicitIdentity(field);
        }
        const auto source = static_cast<size_t>(sources_[i]);
        values.push_back({Column({kSource, fmt::format("c{}", source)}), given_.fields[source].type});
      }
    }
    return values;
  }

  // Delta: the rows that meet the condition make room for the new ones, which must meet it too.
  Result<Answer> ReplaceWhere(const StoredRows& rows) {
    if (table_.provider != "delta") return NoSuchOperation(table_.FullName(), "INSERT REPLACE WHERE");
    return ReplaceRows(state_, table_, insert_.replace_where, rows);
  }

  State& state_;
  const plan::Insert& insert_;
  Table table_;
  std::vector<int> sources_;  // by column of the table: the query's column, or one of the two above
  std::map<int, plan::ExprPtr> statics_;
  std::vector<int> targets_;
  Placement placement_;
  plan::RelationPtr query_;
  plan::Schema given_;
};

}  // namespace

Result<Table> ChangeableTable(State& state, const plan::ObjectName& object, const std::string& operation) {
  ASSIGN_OR_RETURN(const auto name, state.NameOf(object));
  if (state.FindView(name) != nullptr) {
    if (operation.starts_with("INSERT")) {
      return SqlError("UNSUPPORTED_INSERT.RDD_BASED", "42809",
                      "Can't insert into the target. An RDD-based table is not allowed.", object.at);
    }
    return SqlError("EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE", "42809",
                    fmt::format("'{}' expects a table but {} is a view.", operation, Quoted(name)), object.at);
  }
  ASSIGN_OR_RETURN(auto table, state.FindTable(name));
  if (!table && name.size() == 2 && SameIgnoringCase(name[0], "delta")) {
    Table path;
    path.database = "delta";
    path.name = name[1];
    path.provider = "delta";
    path.external = true;
    path.location = state.AbsolutePath(name[1]);
    ASSIGN_OR_RETURN(const auto snapshot, SnapshotOf(state, path));
    path.schema = snapshot->schema();
    path.partition_columns = snapshot->partition_columns();
    path.properties = snapshot->metadata().configuration;
    return path;
  }
  if (!table) return NoTable(name, object.at);
  if (table->view) {
    return SqlError("EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE", "42809",
                    fmt::format("'{}' expects a table but {} is a view.", operation, Quoted(table->FullName())),
                    object.at);
  }
  if (table->materialized) {
    for (const char* change : {"INSERT", "DELETE", "UPDATE", "MERGE", "TRUNCATE", "RESTORE"}) {
      if (!operation.starts_with(change)) continue;
      return SqlError("EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE", "42809",
                      fmt::format("'{}' expects a table but {} is a materialized view, whose rows are its query's.",
                                  operation, Quoted(table->FullName())),
                      object.at);
    }
  }
  return std::move(*table);
}

Result<Answer> Run(State& state, const plan::Insert& insert) {
  ASSIGN_OR_RETURN(auto table, ChangeableTable(state, insert.table, "INSERT"));
  return Inserter(state, insert, std::move(table)).Run();
}

Result<Answer> Run(State& state, const plan::MultiInsert& inserts) {
  for (const auto& insert : inserts.inserts) RETURN_IF_ERROR(Run(state, insert));
  return Nothing();
}

Result<Answer> Run(State& state, const plan::Truncate& truncate) {
  ASSIGN_OR_RETURN(const auto table, ChangeableTable(state, truncate.name, "TRUNCATE TABLE"));
  if (table.external && table.provider != "delta") {
    return SqlError(
        "_LEGACY_ERROR_TEMP_1266", "",
        fmt::format("Operation not allowed: TRUNCATE TABLE on external tables: {}.", Quoted(table.FullName())));
  }
  if (!truncate.partition.empty() && table.partition_columns.empty()) {
    return SqlError("INVALID_PARTITION_OPERATION.PARTITION_SCHEMA_IS_EMPTY", "42601",
                    fmt::format("The table {} is not partitioned.", Quoted(table.FullName())));
  }
  plan::Insert nothing;
  nothing.table = truncate.name;
  nothing.mode = plan::Insert::Mode::kOverwrite;
  nothing.partition = truncate.partition;
  plan::Schema given = AsRead(table.schema);
  std::erase_if(given.fields, [&](const plan::Field& field) {
    return IsComputed(field) || std::ranges::any_of(truncate.partition, [&](const auto& part) {
             return part.second && SameIgnoringCase(part.first, field.name);
           });
  });
  if (given.fields.size() + truncate.partition.size() < table.schema.fields.size()) {
    for (const auto& field : given.fields) nothing.columns.push_back(field.name);
  }
  nothing.query = NoRowsOf(given);
  return Run(state, nothing);
}

}  // namespace tidemill::session
