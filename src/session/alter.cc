// ALTER TABLE and ALTER VIEW.
#include <fmt/format.h>

#include <algorithm>

#include "base/lower.h"
#include "base/names.h"
#include "delta/column_mapping.h"
#include "delta/features.h"
#include "delta/partition_value.h"
#include "delta/path.h"
#include "plan/schema_json.h"
#include "session/columns.h"
#include "session/error.h"
#include "session/scope.h"
#include "session/statements.h"
#include "session/stored_rows.h"
#include "session/table_files.h"
#include "session/tree.h"
#include "sql/parser.h"
#include "sql/spark_name.h"

namespace tidemill::session {
namespace {

using Alter = plan::AlterTable;

class Alterer {
 public:
  Alterer(State& state, Table table, bool view) : state_(state), table_(std::move(table)), view_(view) {}

  Result<Answer> operator()(const Alter::Rename& rename) {
    ASSIGN_OR_RETURN(auto name, state_.NameOf(rename.to));
    if (name.size() == 1) name = {table_.database, name[0]};
    ASSIGN_OR_RETURN(const auto place, state_.PlaceOf(name));
    if (place.database != table_.database) {
      return SqlError("_LEGACY_ERROR_TEMP_1073", "",
                      fmt::format("RENAME TABLE source and destination databases do not match: {} != {}.",
                                  table_.database, place.database));
    }
    if (!IsCatalogName(place.name)) {
      return SqlError("INVALID_SCHEMA_OR_RELATION_NAME", "42602",
                      fmt::format("{} is not a valid name for tables/schemas. Valid names only contain alphabet "
                                  "characters, numbers and _.",
                                  Quoted({place.name})));
    }
    const Status renamed = state_.warehouse.RenameTable(table_, place.name);
    if (!renamed.ok() && renamed.error().kind == ErrorKind::kAlreadyExists) {
      return SqlError("TABLE_OR_VIEW_ALREADY_EXISTS", "42P07",
                      fmt::format("Cannot create table or view {} because it already exists.",
                                  Quoted({place.database, place.name})));
    }
    RETURN_IF_ERROR(renamed);
    return Nothing();
  }

  Result<Answer> operator()(const Alter::SetProperties& set) {
    for (const auto& [key, value] : set.properties) table_.properties[key] = value;
    return Save("SET TBLPROPERTIES");
  }

  Result<Answer> operator()(const Alter::UnsetProperties& unset) {
    for (const auto& key : unset.keys) table_.properties.erase(key);
    return Save("UNSET TBLPROPERTIES");
  }

  Result<Answer> operator()(const Alter::AddColumns& add) {
    if (view_) return WrongKind("ALTER TABLE ... ADD COLUMNS");
    for (const auto& spec : add.columns) {
      if (spec.name.size() > 1) return Unimplemented("ADD COLUMN inside a struct is not supported");
      if (spec.place) return Unsupported("ADD COLUMN with FIRST or AFTER");
      ASSIGN_OR_RETURN(auto field, FieldOf(state_, spec, "ALTER TABLE ADD COLUMNS"));
      if (table_.schema.IndexOf(field.name) >= 0) {
        return SqlError("FIELD_ALREADY_EXISTS", "42710",
                        fmt::format("Cannot add column, because {} already exists in {}.", Quoted({field.name}),
                                    table_.schema.ToString()));
      }
      if (spec.default_value) return Unimplemented("ADD COLUMN with a DEFAULT is not supported; set it afterwards");
      if (IsComputed(field)) return Unimplemented("ADD COLUMN with GENERATED is not supported");
      field.nullable = true;
      if (table_.provider == "delta") {
        table_.schema.fields.push_back(std::move(field));
      } else {
        table_.schema.fields.insert(table_.schema.fields.end() - static_cast<long>(table_.partition_columns.size()),
                                    std::move(field));
      }
    }
    return Save("ADD COLUMNS");
  }

  Result<Answer> operator()(const Alter::ReplaceColumns&) { return Unsupported("REPLACE COLUMNS"); }

  Result<Answer> operator()(const Alter::DropColumns& drop) {
    RETURN_IF_ERROR(CheckMapped("DROP COLUMN", "DELTA_UNSUPPORTED_DROP_COLUMN"));
    for (const auto& name : drop.columns) {
      if (name.size() > 1) return Unimplemented("DROP COLUMN inside a struct is not supported");
      const int index = table_.schema.IndexOf(name[0]);
      if (index < 0 && drop.if_exists) continue;
      if (index < 0) return NoColumn(name);
      RETURN_IF_ERROR(CheckUnused(table_.schema.fields[static_cast<size_t>(index)].name));
      table_.schema.fields.erase(table_.schema.fields.begin() + index);
    }
    if (table_.schema.fields.size() == table_.partition_columns.size()) {
      return SqlError("DELTA_TARGET_TABLE_FINAL_SCHEMA_EMPTY", "428GU",
                      "Target table final schema is empty: a table keeps a column that is no partition column.");
    }
    return Save("DROP COLUMNS");
  }

  Result<Answer> operator()(const Alter::RenameColumn& rename) {
    RETURN_IF_ERROR(CheckMapped("RENAME COLUMN", "DELTA_UNSUPPORTED_RENAME_COLUMN"));
    if (rename.from.size() > 1) return Unimplemented("RENAME COLUMN inside a struct is not supported");
    const int index = table_.schema.IndexOf(rename.from[0]);
    if (index < 0) return NoColumn(rename.from);
    auto& field = table_.schema.fields[static_cast<size_t>(index)];
    if (const int other = table_.schema.IndexOf(rename.to); other >= 0 && other != index) {
      return SqlError("FIELD_ALREADY_EXISTS", "42710",
                      fmt::format("Cannot rename column, because {} already exists in {}.", Quoted({rename.to}),
                                  table_.schema.ToString()));
    }
    RETURN_IF_ERROR(CheckConstraints(field.name));
    for (auto& partition : table_.partition_columns) {
      if (SameIgnoringCase(partition, field.name)) partition = rename.to;
    }
    field.name = rename.to;
    return Save("RENAME COLUMN");
  }

  Result<Answer> operator()(const Alter::ChangeColumn& change) {
    if (view_) return WrongKind("ALTER TABLE ... ALTER COLUMN");
    const int index = table_.schema.IndexOf(change.column.back());
    if (change.column.size() > 1) return Unsupported("ALTER COLUMN of a nested column");
    if (index < 0) return NoColumn(change.column);
    auto& field = table_.schema.fields[static_cast<size_t>(index)];
    if (change.rename && !SameIgnoringCase(*change.rename, field.name)) return Unsupported("RENAME COLUMN");
    if (change.type && !change.type->SameType(field.type)) {
      return SqlError(
          "NOT_SUPPORTED_CHANGE_COLUMN", "0A000",
          fmt::format("ALTER TABLE ALTER/CHANGE COLUMN is not supported for changing {}'s column {} with type "
                      "\"{}\" to {} with type \"{}\".",
                      Quoted(table_.FullName()), Quoted({field.name}), field.type.ToSql(), Quoted({field.name}),
                      change.type->ToSql()));
    }
    if (change.place) return Unsupported("ALTER COLUMN ... FIRST | ALTER");
    if (change.nullable && (table_.provider != "delta" || !*change.nullable)) {
      return Unsupported("ALTER COLUMN ... SET NOT NULL");
    }
    if (change.nullable) field.nullable = true;
    if (change.comment) SetMetadataText(field, kComment, *change.comment);
    if (change.default_value) {
      RETURN_IF_ERROR(CheckDefault(state_, field, *change.default_value, "ALTER TABLE ALTER COLUMN"));
      SetMetadataText(field, kCurrentDefault, change.default_value->text);
    }
    if (change.drop_default) SetMetadataText(field, kCurrentDefault, std::nullopt);
    return Save("CHANGE COLUMN");
  }

  Result<Answer> operator()(const Alter::SetLocation& set) {
    if (!set.partition.empty()) return Unimplemented("SET LOCATION of a partition is not supported");
    table_.location = state_.AbsolutePath(set.location);
    table_.external = true;
    return Save("SET LOCATION");
  }

  Result<Answer> operator()(const Alter::AddPartitions& add) {
    for (const auto& [partition, location] : add.partitions) {
      if (location) return Unimplemented("ADD PARTITION with a LOCATION is not supported");
      ASSIGN_OR_RETURN(const auto folder, FolderOf(partition, true));
      ASSIGN_OR_RETURN(const auto there, Partitions());
      if (std::ranges::find(there, folder) != there.end()) {
        if (add.if_not_exists) continue;
        return SqlError("PARTITIONS_ALREADY_EXIST", "428FT",
                        fmt::format("Cannot ADD or RENAME TO partition(s) ({}) in table {} because they already exist.",
                                    folder, Quoted(table_.FullName())));
      }
      table_.empty_partitions.push_back(folder);
    }
    return Save("ADD PARTITION");
  }

  Result<Answer> operator()(const Alter::DropPartitions& drop) {
    auto& storage = *state_.environment.storage;
    ASSIGN_OR_RETURN(const auto files, ListFiles(storage, table_));
    std::vector<engine::File> gone;
    for (const auto& partition : drop.partitions) {
      ASSIGN_OR_RETURN(const auto folder, FolderOf(partition, false));
      ASSIGN_OR_RETURN(const auto there, Partitions());
      const auto inside = [&](const std::string& path) { return InFolder(path, folder); };
      if (std::ranges::none_of(there, inside)) {
        if (drop.if_exists) continue;
        return SqlError(
            "PARTITIONS_NOT_FOUND", "428FT",
            fmt::format("The partition(s) ({}) cannot be found in table {}.", folder, Quoted(table_.FullName())));
      }
      std::erase_if(table_.empty_partitions, inside);
      for (const auto& file : files) {
        if (inside(PartitionOf(table_, file.path))) gone.push_back(file);
      }
    }
    if (!gone.empty() && !table_.external) {
      FolderWrite change(storage, table_.location, NewUuid(state_.environment.random));
      RETURN_IF_ERROR(change.Commit(gone));
    } else if (!gone.empty()) {
      return Unimplemented("DROP PARTITION of an external table that keeps its files is not supported");
    }
    return Save("DROP PARTITION");
  }

  Result<Answer> operator()(const Alter::RenamePartition&) {
    return Unimplemented("RENAME of a partition is not supported");
  }
  // What is in the folder is what is seen.
  Result<Answer> operator()(const Alter::RecoverPartitions&) {
    if (!table_.partition_columns.empty()) return Nothing();
    return SqlError("NOT_A_PARTITIONED_TABLE", "42809",
                    fmt::format("Operation ALTER TABLE RECOVER PARTITIONS is not allowed for {} because it is not a "
                                "partitioned table.",
                                Quoted(table_.FullName())));
  }
  Result<Answer> operator()(const Alter::ViewQuery& change) { return AlterView(state_, table_, change.query); }

 private:
  static Error NoColumn(const plan::Name& name) {
    return SqlError(
        "UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703",
        fmt::format("A column, variable, or function parameter with name {} cannot be resolved.", Quoted(name)));
  }

  // Columns leave or change their names in the log alone: only where files call them otherwise.
  Status CheckMapped(const std::string& what, const std::string& error_class) {
    if (view_ || table_.provider != "delta") return Unsupported(what);
    ASSIGN_OR_RETURN(const auto mode, delta::ColumnMappingOf({.configuration = table_.properties}));
    if (mode != delta::ColumnMapping::kNone) return Ok();
    return SqlError(error_class, "0A000",
                    fmt::format("{} is not supported for your Delta table: its columns are not mapped. Enable column "
                                "mapping first: ALTER TABLE {} SET TBLPROPERTIES ('{}' = 'name').",
                                what, Quoted(table_.FullName()), delta::kMappingModeProperty));
  }

  Result<bool> Uses(const std::string& text, const std::string& column) {
    ASSIGN_OR_RETURN(const auto expr, sql::ParseExpression(text, state_.parse_options()));
    bool used = false;
    sql::SparkText(expr, [&](const plan::ExprPtr& part) -> std::optional<std::string> {
      const auto* name = std::get_if<plan::Attribute>(&part->node);
      used |= name && SameIgnoringCase(name->parts[0], column);
      return std::nullopt;
    });
    return used;
  }

  Status CheckConstraints(const std::string& column) {
    for (const auto& field : table_.schema.fields) {
      const auto text = GenerationOf(field);
      if (!text) continue;
      ASSIGN_OR_RETURN(const bool used, Uses(*text, column));
      if (!used) continue;
      return SqlError("DELTA_GENERATED_COLUMNS_DEPENDENT_COLUMN_CHANGE", "42K09",
                      fmt::format("Cannot change column {} because the generated column {} ({}) references it.",
                                  Quoted({column}), Quoted({field.name}), *text));
    }
    for (const auto& [constraint, text] : delta::CheckConstraintsOf(table_.properties)) {
      ASSIGN_OR_RETURN(const bool used, Uses(text, column));
      if (!used) continue;
      return SqlError("DELTA_CONSTRAINT_DEPENDENT_COLUMN_CHANGE", "42K09",
                      fmt::format("Cannot change column {} because the check constraint {} ({}) references it.",
                                  Quoted({column}), constraint, text));
    }
    return Ok();
  }

  Status CheckUnused(const std::string& column) {
    for (const auto& partition : table_.partition_columns) {
      if (!SameIgnoringCase(partition, column)) continue;
      return SqlError("DELTA_UNSUPPORTED_DROP_PARTITION_COLUMN", "0A000",
                      fmt::format("Dropping partition columns ({}) is not allowed.", column));
    }
    return CheckConstraints(column);
  }

  Error Unsupported(const std::string& what) const { return NoSuchOperation(table_.FullName(), what); }
  Error WrongKind(const std::string& what) const {
    return SqlError("EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE", "42809",
                    fmt::format("'{}' expects a table but {} is a view.", what, Quoted(table_.FullName())));
  }

  // The folder a PARTITION clause names; of leading columns alone when not `whole`.
  Result<std::string> FolderOf(const plan::PartitionSpec& partition, bool whole) {
    if (table_.partition_columns.empty()) {
      return SqlError(
          "INVALID_PARTITION_OPERATION.PARTITION_SCHEMA_IS_EMPTY", "42601",
          fmt::format("The partition command is invalid. Table {} is not partitioned.", Quoted(table_.FullName())));
    }
    if (table_.provider == "delta") return Unsupported("ADD or DROP PARTITION");
    std::vector<std::pair<std::string, std::optional<std::string>>> parts;
    size_t used = 0;
    for (const auto& column : table_.partition_columns) {
      const auto found =
          std::ranges::find_if(partition, [&](const auto& p) { return SameIgnoringCase(p.first, column); });
      if (found == partition.end() || !found->second) break;
      const auto& type = table_.schema.fields[static_cast<size_t>(table_.schema.IndexOf(column))].type;
      ASSIGN_OR_RETURN(const auto value,
                       state_.Evaluate(CastTo(found->second, AsRead(plan::Schema{{{"", type}}}).fields[0].type)));
      ASSIGN_OR_RETURN(auto text, delta::FormatPartitionValue(value, type));
      parts.emplace_back(column, std::move(text));
      ++used;
    }
    if (used != partition.size() || (whole && used != table_.partition_columns.size())) {
      return SqlError(used != partition.size() ? "PARTITIONS_NOT_FOUND" : "_LEGACY_ERROR_TEMP_1232",
                      used != partition.size() ? "428FT" : "",
                      fmt::format("The partition spec is invalid for table {}: it has the partition columns {}.",
                                  Quoted(table_.FullName()), Quoted(table_.partition_columns)));
    }
    const std::string path = delta::PartitionedPath(parts, "x");
    return path.substr(0, path.rfind('/'));
  }

  static bool InFolder(const std::string& path, const std::string& folder) {
    return path == folder || path.starts_with(folder + "/");
  }

  Result<std::vector<std::string>> Partitions() { return PartitionsOf(*state_.environment.storage, table_); }

  Result<Answer> Save(const std::string& operation) {
    if (table_.provider == "delta" && !table_.view) {
      ASSIGN_OR_RETURN(const auto snapshot, SnapshotOf(state_, table_));
      auto metadata = snapshot->metadata();
      RETURN_IF_ERROR(MapColumns(*snapshot));
      metadata.schema_string = plan::SchemaToJson(table_.schema);
      metadata.partition_columns = table_.partition_columns;
      metadata.configuration = table_.properties;
      if (!(metadata == snapshot->metadata())) RETURN_IF_ERROR(ChangeMetadata(state_, snapshot, metadata, operation));
    }
    RETURN_IF_ERROR(state_.warehouse.PutTable(table_));
    return Nothing();
  }

  Status MapColumns(const delta::Snapshot& snapshot) {
    ASSIGN_OR_RETURN(const auto mode, delta::ColumnMappingOf({.configuration = table_.properties}));
    const auto before = snapshot.column_mapping();
    const bool begins = before == delta::ColumnMapping::kNone;
    if (mode != before && !(begins && mode == delta::ColumnMapping::kName)) {
      return SqlError("DELTA_UNSUPPORTED_COLUMN_MAPPING_MODE_CHANGE", "0A000",
                      "Changing column mapping mode is only supported from 'none' to 'name'.");
    }
    const auto names = begins ? delta::NewPhysicalNames::kAsNamed : delta::NewPhysicalNames::kRandom;
    return delta::MapColumns(table_.schema, table_.properties, names, state_.environment.random);
  }

  State& state_;
  Table table_;
  bool view_;
};

Result<Answer> AlterTemporary(State& state, const Alter& alter, const plan::Name& name) {
  auto& views = name.size() == 2 ? state.global_views : state.views;
  if (const auto* query = std::get_if<Alter::ViewQuery>(&alter.change))
    return AlterTemporaryView(state, name, query->query);
  if (const auto* rename = std::get_if<Alter::Rename>(&alter.change)) {
    ASSIGN_OR_RETURN(const auto to, state.NameOf(rename->to));
    if (views.contains(LowerAscii(to.back()))) {
      return SqlError("TABLE_OR_VIEW_ALREADY_EXISTS", "42P07",
                      fmt::format("Cannot create table or view {} because it already exists.", Quoted(to)));
    }
    auto view = views.extract(LowerAscii(name.back()));
    view.key() = LowerAscii(to.back());
    view.mapped().name = to.back();
    views.insert(std::move(view));
    return Nothing();
  }
  return SqlError("EXPECT_PERMANENT_VIEW_NOT_TEMP", "42809",
                  fmt::format("'ALTER VIEW' expects a permanent view but {} is a temp view.", Quoted(name)),
                  alter.name.at);
}

}  // namespace

Result<Answer> Run(State& state, const Alter& alter) {
  ASSIGN_OR_RETURN(const auto name, state.NameOf(alter.name));
  if (state.FindView(name) != nullptr) return AlterTemporary(state, alter, name);
  ASSIGN_OR_RETURN(auto table, state.GetTable(name, alter.name.at));
  const bool view = table.view.has_value();
  if (alter.view && !view) {
    return SqlError("EXPECT_VIEW_NOT_TABLE.USE_ALTER_TABLE", "42809",
                    fmt::format("The table {} does not support ALTER VIEW. Please use ALTER TABLE instead.",
                                Quoted(table.FullName())),
                    alter.name.at);
  }
  if (!alter.view && view && !std::holds_alternative<Alter::AddColumns>(alter.change) &&
      !std::holds_alternative<Alter::ChangeColumn>(alter.change)) {
    return SqlError("EXPECT_TABLE_NOT_VIEW.USE_ALTER_VIEW", "42809",
                    fmt::format("'ALTER TABLE' expects a table but {} is a view. Please use ALTER VIEW instead.",
                                Quoted(table.FullName())),
                    alter.name.at);
  }
  return std::visit(Alterer(state, std::move(table), view), alter.change);
}

}  // namespace tidemill::session
