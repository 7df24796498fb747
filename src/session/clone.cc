// CREATE TABLE t SHALLOW CLONE s, as Delta's own parser has it, and DEEP CLONE, which open-source Delta has not.
#include "job/clone.h"

#include <fmt/format.h>

#include "base/names.h"
#include "delta/snapshot.h"
#include "session/error.h"
#include "session/statements.h"

namespace tidemill::session {
namespace {

// Delta's own columns.
Answer Told(const job::CloneResult& done) {
  return Figures({{"source_table_size", done.source_bytes},
                  {"source_num_of_files", done.source_files},
                  {"num_removed_files", done.files_removed},
                  {"num_copied_files", done.files_copied},
                  {"removed_files_size", done.bytes_removed},
                  {"copied_files_size", done.bytes_copied}});
}

class CloneMaker {
 public:
  CloneMaker(State& state, const plan::CreateTable& create) : state_(state), create_(create) {}

  Result<Answer> Run() {
    ASSIGN_OR_RETURN(const auto name, state_.NameOf(create_.name));
    is_path_ = name.size() == 2 && SameIgnoringCase(name[0], "delta");
    RETURN_IF_ERROR(Find(name));
    if (exists_ && create_.if_not_exists) {
      Answer nothing = Told({});
      nothing.rows.rows.clear();
      return nothing;
    }
    if (exists_ && !create_.replace) {
      return SqlError("DELTA_TABLE_ALREADY_EXISTS", "42P07",
                      fmt::format("Table {} already exists.", Quoted(table_.FullName())));
    }
    if (!exists_ && !create_.create) {
      return SqlError("DELTA_CANNOT_REPLACE_MISSING_TABLE", "42P01",
                      fmt::format("Table {}.{} cannot be replaced as it does not exist. Use CREATE OR REPLACE TABLE to "
                                  "create the table.",
                                  table_.database, table_.name));
    }
    ASSIGN_OR_RETURN(const auto source, Source());
    job::CloneOptions options{.shallow = create_.clone->shallow, .replace = exists_, .properties = create_.properties};
    options.source_name = source.database == "delta"
                              ? fmt::format("delta.`file:{}`", source.location)
                              : fmt::format("{}.{}.{}", kCatalogName, source.database, source.name);
    ASSIGN_OR_RETURN(options.as_of, AsOfOf(state_, create_.clone->version, create_.clone->timestamp, "clone"));
    ASSIGN_OR_RETURN(const auto done,
                     job::CloneTable(PlaceAt(source.location), PlaceAt(table_.location), options, state_.environment));
    if (!is_path_) RETURN_IF_ERROR(PutIntoCatalog());
    return Told(done);
  }

 private:
  delta::Table PlaceAt(const std::string& root) const {
    return {state_.environment.storage, state_.environment.checkpoints, root};
  }

  // Where the clone goes, and whether something is there.
  Status Find(const plan::Name& name) {
    table_.provider = "delta";
    if (is_path_) {
      table_.database = "delta";
      table_.name = name[1];
      table_.location = state_.AbsolutePath(name[1]);
      ASSIGN_OR_RETURN(exists_, delta::TableExists(PlaceAt(table_.location)));
      return Ok();
    }
    ASSIGN_OR_RETURN(const auto place, state_.PlaceOf(name));
    if (!IsCatalogName(place.name))
      return InvalidArgument(fmt::format("{} is no name for a table", Quoted({place.name})));
    ASSIGN_OR_RETURN(const auto database, state_.warehouse.FindDatabase(place.database));
    if (!database) return NoSchema({kCatalogName, place.database}, create_.name.at);
    ASSIGN_OR_RETURN(const auto there, state_.warehouse.FindTable(place.database, place.name));
    exists_ = there.has_value();
    if (there) {
      table_ = *there;
      if (table_.view || table_.provider != "delta") return NoSuchOperation(table_.FullName(), "REPLACE TABLE");
      return Ok();
    }
    table_.database = place.database;
    table_.name = place.name;
    table_.created_ms = state_.environment.clock->Now().time_since_epoch().count() / 1000;
    table_.external = create_.location.has_value();
    if (create_.location) {
      table_.location = state_.AbsolutePath(*create_.location);
      return Ok();
    }
    ASSIGN_OR_RETURN(table_.location, state_.warehouse.LocationOf(place.database, place.name));
    return Ok();
  }

  Result<Table> Source() const {
    ASSIGN_OR_RETURN(const auto name, state_.NameOf(create_.clone->source));
    ASSIGN_OR_RETURN(const auto found, state_.FindTable(name));
    if (state_.FindView(name) != nullptr || (found && found->view)) {
      return SqlError(
          "DELTA_CLONE_UNSUPPORTED_SOURCE", "0AKDC",
          fmt::format("Unsupported clone source '{}', whose format is View.\nThe supported formats are "
                      "'delta', 'iceberg' and 'parquet'.",
                      found ? fmt::format("{}.{}.{}", kCatalogName, found->database, found->name) : name.back()));
    }
    ASSIGN_OR_RETURN(auto source, ChangeableTable(state_, create_.clone->source, "CLONE"));
    if (source.provider == "delta") return source;
    return Unimplemented(
        fmt::format("a clone of a table of format {}; write CREATE TABLE ... USING delta AS SELECT", source.provider));
  }

  Status PutIntoCatalog() {
    ASSIGN_OR_RETURN(const auto made, delta::LoadSnapshot(PlaceAt(table_.location)));
    table_.schema = made->schema();
    table_.partition_columns = made->partition_columns();
    table_.properties = made->metadata().configuration;
    return state_.warehouse.PutTable(table_);
  }

  State& state_;
  const plan::CreateTable& create_;
  Table table_;
  bool is_path_ = false;
  bool exists_ = false;
};

}  // namespace

Result<Answer> CloneTable(State& state, const plan::CreateTable& create) { return CloneMaker(state, create).Run(); }

}  // namespace tidemill::session
