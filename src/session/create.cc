// CREATE TABLE and databases, DROP, USE. (Clones: clone.cc.)
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/lower.h"
#include "base/names.h"
#include "delta/column_mapping.h"
#include "delta/delta.h"
#include "job/output.h"
#include "plan/variant.h"
#include "session/columns.h"
#include "session/error.h"
#include "session/scope.h"
#include "session/statements.h"
#include "session/stored_rows.h"
#include "session/text_table.h"
#include "session/tree.h"

namespace tidemill::session {
namespace {

constexpr const char* kFormats[] = {"parquet", "csv", "json", "text", "delta"};
constexpr const char* kForeignFormats[] = {"orc", "avro", "hive", "jdbc", "xml", "binaryfile", "iceberg", "hudi"};

template <typename List>
bool Contains(const List& list, const std::string& name) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

Status CheckProvider(const std::string& provider) {
  if (Contains(kFormats, provider)) return Ok();
  if (Contains(kForeignFormats, provider)) {
    return Unimplemented(fmt::format("tables of format {} are not supported here; use delta or parquet", provider));
  }
  return SqlError(
      "DATA_SOURCE_NOT_FOUND", "42K02",
      fmt::format("Failed to find the data source: {}. Write one of {}.", provider, fmt::join(kFormats, ", ")));
}

Status CheckCatalogName(const std::string& name) {
  if (IsCatalogName(name)) return Ok();
  return SqlError(
      "INVALID_SCHEMA_OR_RELATION_NAME", "42602",
      fmt::format("{} is not a valid name for tables/schemas. Valid names only contain alphabet characters, "
                  "numbers and _.",
                  Quoted({name})));
}

class TableMaker {
 public:
  TableMaker(State& state, const plan::CreateTable& create) : state_(state), create_(create) {}

  Result<Answer> Run() {
    ASSIGN_OR_RETURN(const auto name, state_.NameOf(create_.name));
    ASSIGN_OR_RETURN(const auto place, state_.PlaceOf(name));
    RETURN_IF_ERROR(CheckCatalogName(place.name));
    ASSIGN_OR_RETURN(const auto database, state_.warehouse.FindDatabase(place.database));
    if (!database) return NoSchema({kCatalogName, place.database}, create_.name.at);
    ASSIGN_OR_RETURN(const auto there, state_.warehouse.FindTable(place.database, place.name));
    table_.database = place.database;
    table_.name = place.name;
    table_.provider = create_.provider.empty() ? LowerAscii(state_.Setting("spark.sql.sources.default", "parquet"))
                                               : create_.provider;
    table_.options = create_.options;
    table_.properties = create_.properties;
    table_.comment = create_.comment.value_or("");
    ASSIGN_OR_RETURN(table_.collation, DefaultCollation(state_, create_.collation));
    table_.created_ms = state_.environment.clock->Now().time_since_epoch().count() / 1000;
    if (!table_.collation.empty() && create_.query) {
      return Unimplemented("DEFAULT COLLATION of a table made from a query is not supported");
    }
    if (create_.like) RETURN_IF_ERROR(CopyLike());
    RETURN_IF_ERROR(CheckProvider(table_.provider));
    if (create_.replace && table_.provider != "delta") return NoSuchOperation(table_.FullName(), "REPLACE TABLE");
    if (there && create_.if_not_exists) return Nothing();
    if (there && !create_.replace) return AlreadyExists();
    if (!there && !create_.create) return NoTable(name, create_.name.at);
    replaced_ = there;
    RETURN_IF_ERROR(ChooseLocation());
    if (create_.query) return FromQuery();
    RETURN_IF_ERROR(Columns());
    if (table_.provider == "delta") RETURN_IF_ERROR(MakeDelta());
    return Publish();
  }

 private:
  Error AlreadyExists() const {
    return SqlError(
        "TABLE_OR_VIEW_ALREADY_EXISTS", "42P07",
        fmt::format("Cannot create table or view {} because it already exists. Choose a different name, drop "
                    "or replace the existing object, or add the IF NOT EXISTS clause to tolerate "
                    "pre-existing objects.",
                    Quoted(table_.FullName())));
  }

  Status CopyLike() {
    ASSIGN_OR_RETURN(const auto name, state_.NameOf(*create_.like));
    if (state_.FindView(name) != nullptr) {
      ASSIGN_OR_RETURN(const auto view, state_.scope().Find(name));
      table_.schema = view->schema;
      return Ok();
    }
    ASSIGN_OR_RETURN(const auto source, state_.GetTable(name, create_.like->at));
    table_.schema = source.schema;
    table_.partition_columns = source.partition_columns;
    table_.buckets = source.buckets;
    if (create_.provider.empty() && !source.view) table_.provider = source.provider;
    if (!create_.comment) table_.comment = source.comment;
    if (create_.options.empty() && create_.provider.empty()) table_.options = source.options;
    return Ok();
  }

  Status ChooseLocation() {
    auto location = create_.location;
    for (auto option = table_.options.begin(); option != table_.options.end();) {
      if (SameIgnoringCase(option->first, "path")) {
        if (location) {
          return SqlError("DUPLICATE_CLAUSES", "42614", "Found LOCATION and the option path. Remove one of them.");
        }
        location = option->second;
        option = table_.options.erase(option);
      } else {
        ++option;
      }
    }
    table_.external = location.has_value();
    if (create_.external && !location) {
      return SqlError("INVALID_SQL_SYNTAX.CREATE_EXTERNAL_TABLE_WITHOUT_LOCATION", "42000",
                      "CREATE EXTERNAL TABLE must be accompanied by LOCATION.");
    }
    if (location) {
      table_.location = state_.AbsolutePath(*location);
      return Ok();
    }
    if (replaced_) {
      table_.location = replaced_->location;
      table_.external = replaced_->external;
      return Ok();
    }
    ASSIGN_OR_RETURN(table_.location, state_.warehouse.LocationOf(table_.database, table_.name));
    ASSIGN_OR_RETURN(const auto files, state_.environment.storage->ListRecursive(table_.location));
    if (files.empty()) return Ok();
    return SqlError("LOCATION_ALREADY_EXISTS", "42710",
                    fmt::format("Cannot name the managed table as {}, as its associated location '{}' already exists. "
                                "Please pick a different table name, or remove the existing location first.",
                                Quoted(table_.FullName()), table_.location));
  }

  Status Columns() {
    for (const auto& spec : create_.columns) RETURN_IF_ERROR(AddColumn(spec));
    for (const auto& spec : create_.typed_partitions) {
      table_.partition_columns.push_back(spec.name[0]);
      RETURN_IF_ERROR(AddColumn(spec));
    }
    if (!create_.partition_columns.empty()) table_.partition_columns = create_.partition_columns;
    if (table_.schema.fields.empty() && table_.external) RETURN_IF_ERROR(InferColumns());
    return Arrange();
  }

  Status AddColumn(const plan::ColumnSpec& spec) {
    ASSIGN_OR_RETURN(auto field, FieldOf(state_, spec, "CREATE TABLE"));
    if (field.type == plan::DataType(plan::TypeId::kString) && !table_.collation.empty()) {
      field.type = plan::DataType::Collated(table_.collation);
    }
    if (table_.provider == "delta" && field.type.ToString().find(" collate ") != std::string::npos) {
      return Unimplemented(fmt::format("column {} of a Delta table: another collation than UTF8_BINARY", field.name));
    }
    if (table_.provider != "delta" && IsComputed(field)) {
      return SqlError("UNSUPPORTED_FEATURE.TABLE_OPERATION", "0A000",
                      fmt::format("The feature is not supported: Table {} does not support {}.",
                                  Quoted(table_.FullName()), spec.identity ? "identity column" : "generated columns"));
    }
    // Spark's own formats do not keep NOT NULL.
    if (table_.provider != "delta") field.nullable = true;
    table_.schema.fields.push_back(std::move(field));
    return Ok();
  }

  // The schema of the files that are there.
  Status InferColumns() {
    if (table_.provider == "delta") {
      ASSIGN_OR_RETURN(const auto snapshot, SnapshotOf(state_, table_));
      table_.schema = snapshot->schema();
      table_.partition_columns = snapshot->partition_columns();
      return Ok();
    }
    const bool parquet = table_.provider == "parquet" || table_.provider == "json";
    if (!parquet && !table_.options.empty() && table_.provider != "csv") {
      return Unimplemented("inferring the columns of this format is not supported; write them");
    }
    ASSIGN_OR_RETURN(const auto opened, state_.OpenPath(table_.provider, table_.location));
    if (!opened) {
      return SqlError("UNABLE_TO_INFER_SCHEMA", "42KD9",
                      fmt::format("Unable to infer schema for {}. It must be specified manually.", table_.provider));
    }
    table_.schema = opened->schema;
    return Ok();
  }

  // Names are unique, partition columns are there and stand last.
  Status Arrange() {
    std::set<std::string> seen;
    for (const auto& field : table_.schema.fields) {
      if (plan::HoldsVariant(field.type)) return Unimplemented("a table's column of type VARIANT is not supported");
      if (seen.insert(LowerAscii(field.name)).second) continue;
      return SqlError("COLUMN_ALREADY_EXISTS", "42711",
                      fmt::format("The column {} already exists. Choose another name or rename the existing column.",
                                  Quoted({LowerAscii(field.name)})));
    }
    std::vector<std::string> names;
    for (const auto& field : table_.schema.fields) names.push_back(Quoted({field.name}));
    plan::Schema arranged;
    std::vector<std::string> partitions;
    std::set<std::string> partition_set;
    for (const auto& column : table_.partition_columns) {
      const int index = table_.schema.IndexOf(column);
      if (index < 0) return NotDefined("partition", column, names);
      if (!partition_set.insert(LowerAscii(column)).second) {
        return SqlError("COLUMN_ALREADY_EXISTS", "42711",
                        fmt::format("The column {} already exists. Choose another name or rename the existing column.",
                                    Quoted({LowerAscii(column)})));
      }
      const auto& field = table_.schema.fields[static_cast<size_t>(index)];
      if (field.type.is_nested() || field.type.is(plan::TypeId::kVariant) || !field.type.collation().empty() ||
          field.type.is(plan::TypeId::kCalendarInterval)) {
        return SqlError("INVALID_PARTITION_COLUMN_DATA_TYPE", "0A000",
                        fmt::format("Cannot use \"{}\" for partition column.", field.type.ToSql()));
      }
      partitions.push_back(field.name);
    }
    if (!partitions.empty() && partitions.size() == table_.schema.fields.size()) {
      return SqlError("ALL_PARTITION_COLUMNS_NOT_ALLOWED", "KD005", "Cannot use all columns for partition columns.");
    }
    if (create_.buckets) {
      Buckets buckets{create_.buckets->columns, {}, create_.buckets->count};
      for (const auto& column : buckets.columns) {
        if (table_.schema.IndexOf(column) < 0) return NotDefined("bucket", column, names);
      }
      for (const auto& key : create_.buckets->sort) {
        const auto* column = std::get_if<plan::Attribute>(&key.expr->node);
        if (column == nullptr || table_.schema.IndexOf(column->parts[0]) < 0) {
          return NotDefined("sort", column == nullptr ? "" : column->parts[0], names);
        }
        buckets.sort.push_back(column->parts[0]);
      }
      table_.buckets = std::move(buckets);
    }
    table_.cluster_columns = create_.cluster_columns;
    table_.partition_columns = partitions;
    if (table_.provider == "delta") {
      RETURN_IF_ERROR(CheckGenerated(state_, table_.schema));
      table_.schema = delta::Unmapped(table_.schema);
      return delta::MapColumns(table_.schema, table_.properties, delta::NewPhysicalNames::kRandom,
                               state_.environment.random);
    }
    RETURN_IF_ERROR(CheckFileColumns(table_));
    RETURN_IF_ERROR(TextOptionsOf(table_));
    for (const auto& field : table_.schema.fields) {
      if (!partition_set.contains(LowerAscii(field.name))) arranged.fields.push_back(field);
    }
    for (const auto& column : partitions) {
      arranged.fields.push_back(table_.schema.fields[static_cast<size_t>(table_.schema.IndexOf(column))]);
    }
    table_.schema = std::move(arranged);
    return Ok();
  }

  Error NotDefined(const char* kind, const std::string& column, const std::vector<std::string>& names) const {
    return SqlError("COLUMN_NOT_DEFINED_IN_TABLE", "42703",
                    fmt::format("{} column {} is not defined in table {}, defined table columns are: {}.", kind,
                                Quoted({column}), Quoted(table_.FullName()), fmt::join(names, ", ")));
  }

  Status MakeDelta() {
    const delta::Table place{state_.environment.storage, state_.environment.checkpoints, table_.location};
    ASSIGN_OR_RETURN(const bool exists, delta::TableExists(place));
    if (replaced_ && exists) {
      ASSIGN_OR_RETURN(const auto rows,
                       Assign(state_, table_, NoValues(), plan::MakeRelation(plan::OneRow{}), Truth(false)));
      Placement placement;
      placement.replace_table = true;
      placement.operation = "CREATE OR REPLACE TABLE";
      RETURN_IF_ERROR(StoreRows(state_, table_, rows, placement));
      return Ok();
    }
    if (!exists) return CreateDeltaTable(state_, table_);
    ASSIGN_OR_RETURN(const auto snapshot, SnapshotOf(state_, table_));
    if (!create_.columns.empty() &&
        !job::AsNullable(snapshot->schema()).ToString().starts_with(job::AsNullable(table_.schema).ToString())) {
      return SqlError(
          "DELTA_CREATE_TABLE_SCHEME_MISMATCH", "42KD7",
          "The specified schema does not match the existing schema at the location. Leave the columns out.");
    }
    return Ok();
  }

  std::vector<Given> NoValues() const {
    std::vector<Given> values;
    for (const auto& field : AsRead(table_.schema).fields) values.push_back({CastTo(Null(), field.type), field.type});
    return values;
  }

  Status AddToCatalog() {
    if (replaced_) return state_.warehouse.PutTable(table_);
    const Status added = state_.warehouse.AddTable(table_);
    if (added.ok() || added.error().kind != ErrorKind::kAlreadyExists) return added;
    return AlreadyExists();
  }

  Result<Answer> Publish() {
    RETURN_IF_ERROR(AddToCatalog());
    return Nothing();
  }

  Result<Answer> FromQuery() {
    ASSIGN_OR_RETURN(const auto resolved, state_.Resolve(create_.query->query));
    const auto schema = plan::typed::SchemaOf(*resolved);
    ASSIGN_OR_RETURN(const auto declared,
                     sql::DeclaredSchema(create_.query->query, state_.scope(), state_.resolve_options()));
    table_.schema = job::AsNullable(declared);
    table_.partition_columns = create_.partition_columns;
    RETURN_IF_ERROR(Arrange());
    std::vector<std::string> names;
    for (size_t i = 0; i < schema.fields.size(); ++i) names.push_back(fmt::format("c{}", i));
    std::vector<Given> values;
    for (const auto& field : table_.schema.fields) {
      const auto index = static_cast<size_t>(schema.IndexOf(field.name));
      values.push_back({Column({"__source", names[index]}), schema.fields[index].type});
    }
    ASSIGN_OR_RETURN(const auto rows, Assign(state_, table_, values, AliasOf(create_.query->query, "__source", names)));
    Placement placement;
    placement.new_table = table_.provider == "delta" && !replaced_;
    placement.replace_table = replaced_.has_value();
    placement.overwrite = table_.external && !placement.new_table;
    placement.operation = replaced_ ? "CREATE OR REPLACE TABLE AS SELECT" : "CREATE TABLE AS SELECT";
    RETURN_IF_ERROR(StoreRows(state_, table_, rows, placement));
    return Publish();
  }

  State& state_;
  const plan::CreateTable& create_;
  Table table_;
  std::optional<Table> replaced_;
};

Result<Answer> DropTableOrView(State& state, const plan::Drop& drop) {
  ASSIGN_OR_RETURN(const auto name, state.NameOf(drop.name));
  const bool view = drop.kind == plan::ObjectKind::kView;
  if (const TemporaryView* temporary = state.FindView(name)) {
    auto& views = name.size() == 2 ? state.global_views : state.views;
    views.erase(LowerAscii(temporary->name));
    return Nothing();
  }
  ASSIGN_OR_RETURN(const auto place, state.PlaceOf(name));
  ASSIGN_OR_RETURN(const auto table, state.warehouse.FindTable(place.database, place.name));
  if (!table) {
    if (drop.if_exists) return Nothing();
    return NoTable(place.full(), drop.name.at);
  }
  if (table->materialized.has_value() != drop.materialized) {
    return SqlError("WRONG_COMMAND_FOR_OBJECT_TYPE", "42809",
                    fmt::format("The operation {} requires another kind of object. But {} is {}. Use {} instead.",
                                drop.materialized ? "DROP MATERIALIZED VIEW"
                                : view            ? "DROP VIEW"
                                                  : "DROP TABLE",
                                fmt::join(table->FullName(), "."),
                                table->materialized ? "a materialized view"
                                : table->view       ? "a view"
                                                    : "a table",
                                table->materialized ? "DROP MATERIALIZED VIEW"
                                : table->view       ? "DROP VIEW"
                                                    : "DROP TABLE"));
  }
  if (!drop.materialized && table->view.has_value() != view) {
    const char* kind = table->view ? "VIEW" : table->external ? "EXTERNAL" : "MANAGED";
    return SqlError("WRONG_COMMAND_FOR_OBJECT_TYPE", "42809",
                    fmt::format("The operation {} requires a {}. But {} is a {}. Use {} instead.",
                                view ? "DROP VIEW" : "DROP TABLE", view ? "VIEW" : "EXTERNAL or MANAGED",
                                fmt::join(table->FullName(), "."), kind, view ? "DROP TABLE" : "DROP VIEW"));
  }
  RETURN_IF_ERROR(state.warehouse.DropTable(*table));
  return Nothing();
}

Result<Answer> DropDatabase(State& state, const plan::Drop& drop) {
  ASSIGN_OR_RETURN(const auto name, state.NameOf(drop.name));
  ASSIGN_OR_RETURN(const auto database, state.DatabaseOf(name));
  ASSIGN_OR_RETURN(const auto there, state.warehouse.FindDatabase(database));
  if (!there) {
    if (drop.if_exists) return Nothing();
    return NoSchema({kCatalogName, database}, drop.name.at);
  }
  if (database == kDefaultDatabase) {
    return SqlError("UNSUPPORTED_FEATURE.DROP_DATABASE", "0A000",
                    "The feature is not supported: Drop the default database `spark_catalog`.`default`.");
  }
  ASSIGN_OR_RETURN(const auto tables, state.warehouse.Tables(database));
  ASSIGN_OR_RETURN(const auto functions, state.warehouse.Functions(database));
  if (!drop.cascade && tables.size() + functions.size() > 0) {
    return SqlError("SCHEMA_NOT_EMPTY", "2BP01",
                    fmt::format("Cannot drop a schema {} because it contains objects. Use DROP SCHEMA ... CASCADE to "
                                "drop the schema and all its objects.",
                                Quoted({database})));
  }
  for (const auto& table_name : tables) {
    ASSIGN_OR_RETURN(const auto table, state.warehouse.FindTable(database, table_name));
    if (table) RETURN_IF_ERROR(state.warehouse.DropTable(*table));
  }
  for (const auto& function : functions) RETURN_IF_ERROR(state.warehouse.DropFunction(database, function));
  RETURN_IF_ERROR(state.warehouse.DropDatabase(database));
  return Nothing();
}

Result<Database> GetDatabase(State& state, const plan::ObjectName& object) {
  ASSIGN_OR_RETURN(const auto name, state.NameOf(object));
  ASSIGN_OR_RETURN(const auto database, state.DatabaseOf(name));
  ASSIGN_OR_RETURN(auto there, state.warehouse.FindDatabase(database));
  if (!there) return NoSchema({kCatalogName, database}, object.at);
  return std::move(*there);
}

}  // namespace

Result<Answer> Run(State& state, const plan::CreateTable& create) {
  return create.clone ? CloneTable(state, create) : TableMaker(state, create).Run();
}

Result<Answer> Run(State& state, const plan::Drop& drop) {
  switch (drop.kind) {
    case plan::ObjectKind::kDatabase:
      return DropDatabase(state, drop);
    case plan::ObjectKind::kFunction:
      return DropFunction(state, drop);
    case plan::ObjectKind::kVariable:
      return DropVariable(state, drop);
    default:
      return DropTableOrView(state, drop);
  }
}

Result<Answer> Run(State& state, const plan::CreateDatabase& create) {
  ASSIGN_OR_RETURN(const auto name, state.NameOf(create.name));
  ASSIGN_OR_RETURN(const auto database, state.DatabaseOf(name));
  RETURN_IF_ERROR(CheckCatalogName(database));
  ASSIGN_OR_RETURN(const auto there, state.warehouse.FindDatabase(database));
  if (there && create.if_not_exists) return Nothing();
  if (there || database == kGlobalTemporary) {
    return SqlError("SCHEMA_ALREADY_EXISTS", "42P06",
                    fmt::format("Cannot create schema {} because it already exists. Choose a different name, drop the "
                                "existing schema, or add the IF NOT EXISTS clause to tolerate pre-existing schema.",
                                Quoted({database})));
  }
  Database made{database, create.comment.value_or(""), state.warehouse.DatabaseLocation(database), create.properties};
  if (create.location) made.location = state.AbsolutePath(*create.location);
  RETURN_IF_ERROR(state.warehouse.PutDatabase(made));
  return Nothing();
}

Result<Answer> Run(State& state, const plan::AlterDatabase& alter) {
  ASSIGN_OR_RETURN(auto database, GetDatabase(state, alter.name));
  for (const auto& [key, value] : alter.properties) database.properties[key] = value;
  if (alter.location) database.location = state.AbsolutePath(*alter.location);
  RETURN_IF_ERROR(state.warehouse.PutDatabase(database));
  return Nothing();
}

Result<Answer> Run(State& state, const plan::CommentOn& comment) {
  if (comment.kind == plan::ObjectKind::kDatabase) {
    ASSIGN_OR_RETURN(auto database, GetDatabase(state, comment.name));
    database.comment = comment.comment;
    RETURN_IF_ERROR(state.warehouse.PutDatabase(database));
    return Nothing();
  }
  ASSIGN_OR_RETURN(auto table, ChangeableTable(state, comment.name, "COMMENT ON TABLE"));
  table.comment = comment.comment;
  RETURN_IF_ERROR(state.warehouse.PutTable(table));
  return Nothing();
}

Result<Answer> Run(State& state, const plan::Use& use) {
  ASSIGN_OR_RETURN(const auto name, state.NameOf(use.name));
  if (name.size() == 1 && SameIgnoringCase(name[0], kCatalogName)) return Nothing();
  ASSIGN_OR_RETURN(const auto database, GetDatabase(state, use.name));
  state.database = database.name;
  return Nothing();
}

Result<Answer> Run(State& state, const plan::SetCatalog& set) {
  (void)state;
  if (SameIgnoringCase(set.name, kCatalogName)) return Nothing();
  return SqlError("CATALOG_NOT_FOUND", "42P08",
                  fmt::format("The catalog {} not found. Consider to set the SQL config \"spark.sql.catalog.{}\" to a "
                              "catalog plugin.",
                              Quoted({set.name}), set.name));
}

}  // namespace tidemill::session
