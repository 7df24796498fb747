// The catalog of databases, tables, views and functions, kept in a folder: one JSON file each below
// FOLDER/.tidemill/catalog, written atomically. Data lies beside it, as Spark has it: FOLDER/table and
// FOLDER/db.db/table.
//
// A table exists when its file says so. Dropping one first writes that it is being dropped, then removes its data, then
// the file, so that a process killed in between leaves the table whole or gone; who makes a table of that name next
// finishes the work. A table that is renamed first has a second file, which says whose name it takes and does not count
// while that one's file is there: removing the old file is what renames it. Nothing is cached: several processes may
// share a warehouse.
//
// Names are lower case and checked (letters, digits, `_`), so that none can lead out of the folder.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "plan/statement.h"
#include "plan/type.h"
#include "storage/storage.h"

namespace tidemill::session {

inline constexpr const char* kCatalogName = "spark_catalog";
inline constexpr const char* kDefaultDatabase = "default";

struct Database {
  std::string name;
  std::string comment;
  std::string location;  // absolute
  plan::Properties properties;
};

// What the statement that made a view said, and what it was made under.
struct ViewDefinition {
  std::string text;                  // the query
  std::string database;              // the current one
  plan::Properties conf;             // the settings that were set
  std::vector<std::string> columns;  // the query's own column names
  std::string schema_mode = "COMPENSATION";
};

struct Buckets {
  std::vector<std::string> columns;
  std::vector<std::string> sort;  // "a ASC"
  int count = 0;
};

struct Table {
  std::string database;
  std::string name;
  bool external = false;
  std::string provider;
  plan::Schema schema;  // as declared, CHAR and VARCHAR and column comments included; partition columns last
  std::vector<std::string> partition_columns;
  std::vector<std::string> empty_partitions;  // folders ALTER TABLE ADD PARTITION named, "a=1/b=x"
  std::vector<std::string> cluster_columns;
  std::optional<Buckets> buckets;
  std::string location;  // absolute
  std::string comment;
  plan::Properties properties;
  plan::Properties options;
  std::string collation;
  int64_t created_ms = 0;
  std::optional<ViewDefinition> view;  // set: a view, without provider and location
  // Set: a view whose rows are kept as a Delta table at `location`.
  std::optional<ViewDefinition> materialized;

  plan::Name FullName() const { return {kCatalogName, database, name}; }
};

struct StoredFunction {
  std::string database;
  std::string name;
  std::string text;  // the CREATE FUNCTION statement
  plan::Properties conf;
};

class Warehouse {
 public:
  Warehouse(storage::Storage* storage, std::string folder) : storage_(storage), folder_(std::move(folder)) {}

  const std::string& folder() const { return folder_; }
  storage::Storage& storage() const { return *storage_; }

  // Sorted.
  Result<std::vector<std::string>> Databases() const;
  Result<std::vector<std::string>> Tables(const std::string& database) const;  // views are among them
  Result<std::vector<std::string>> Functions(const std::string& database) const;
  // Every materialized view: database and name.
  Result<std::vector<std::pair<std::string, std::string>>> MaterializedViews() const;

  Result<std::optional<Database>> FindDatabase(const std::string& name) const;
  Result<std::optional<Table>> FindTable(const std::string& database, const std::string& name) const;
  Result<std::optional<StoredFunction>> FindFunction(const std::string& database, const std::string& name) const;

  // Replaces what is there.
  Status PutDatabase(const Database& database) const;
  Status PutTable(const Table& table) const;
  Status PutFunction(const StoredFunction& function) const;
  // kAlreadyExists when another process was faster.
  Status AddTable(const Table& table) const;

  // Tables and functions of it must be gone.
  Status DropDatabase(const std::string& name) const;
  // A managed table's data goes too.
  Status DropTable(const Table& table) const;
  Status DropFunction(const std::string& database, const std::string& name) const;
  // In the same database. kAlreadyExists when there is a table of that name; a rename that was killed may be run again.
  Status RenameTable(const Table& table, const std::string& to) const;

  // Where a managed table's data lies, and a database's tables.
  Result<std::string> LocationOf(const std::string& database, const std::string& table) const;
  std::string DatabaseLocation(const std::string& database) const;

 private:
  // Removes what killed renames of the table left, but the one to that name.
  Status ForgetRenames(const Table& table, const std::string& but) const;
  std::string PathOf(const char* kind, const std::string& database, const std::string& name) const;
  Result<std::optional<std::string>> Read(const std::string& path) const;
  Result<std::vector<std::string>> NamesIn(const std::string& folder) const;
  Status MarkMaterialized(const Table& table) const;

  storage::Storage* storage_;
  std::string folder_;
};

// Letters, digits and `_`: what Spark's catalog takes as the name of a database, table or view.
bool IsCatalogName(const std::string& name);

}  // namespace tidemill::session
