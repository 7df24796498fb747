#include "session/stored_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/lower.h"
#include "base/names.h"
#include "delta/changes.h"
#include "delta/column_mapping.h"
#include "delta/deletion_vector.h"
#include "delta/features.h"
#include "delta/partition_value.h"
#include "delta/statistics.h"
#include "delta/transaction.h"
#include "job/commit.h"
#include "job/output.h"
#include "plan/schema_json.h"
#include "session/columns.h"
#include "session/error.h"
#include "session/table_files.h"
#include "session/text_table.h"
#include "session/tree.h"
#include "sql/coercion.h"
#include "sql/parser.h"

namespace tidemill::session {
namespace {

using plan::DataType;
using plan::ExprPtr;
using plan::TypeId;

Error CannotStore(const Table& table, const std::string& column, const DataType& from, const DataType& to) {
  return SqlError(
      "INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_SAFELY_CAST", "KD000",
      fmt::format("Cannot write incompatible data for the table {}: Cannot safely cast {} \"{}\" to \"{}\".",
                  Quoted(table.FullName()), Quoted({column}), from.ToSql(), to.ToSql()));
}

bool HasSizedText(const DataType& type) {
  switch (type.id()) {
    case TypeId::kString:
      return type.is_char() || type.is_varchar();
    case TypeId::kArray:
      return HasSizedText(type.element());
    case TypeId::kMap:
      return HasSizedText(type.key()) || HasSizedText(type.value());
    case TypeId::kStruct:
      return std::ranges::any_of(type.fields(), [](const auto& field) { return HasSizedText(field.type); });
    default:
      return false;
  }
}

// CHAR is padded to its length; what is too long may lose trailing spaces, and nothing else.
ExprPtr Sized(const ExprPtr& text, const DataType& type) {
  const auto length = Whole(type.length());
  const auto longer = Operation(">", {Function("length", {text}), length});
  const auto cut = Function("substring", {text, Whole(1), length});
  return If(longer, cut, type.is_char() ? Function("rpad", {text, length, Text(" ")}) : text);
}

ExprPtr Fits(const ExprPtr& text, const DataType& type) {
  const auto trimmed = Function("length", {Function("rtrim", {text})});
  return Operation("or", {Operation("<=", {Function("length", {text}), Whole(type.length())}),
                          Operation("<=", {trimmed, Whole(type.length())})});
}

Error TooLong(const DataType& type) {
  return SqlError("EXCEED_LIMIT_LENGTH", "54006",
                  fmt::format("Exceeds char/varchar type length limitation: {}.", type.length()));
}

// "Column Invariants": {"expression": {"expression": "x > 3"}} in a column's metadata.
std::vector<std::pair<std::string, std::string>> InvariantsOf(const Table& table) {
  std::vector<std::pair<std::string, std::string>> invariants;
  for (const auto& field : table.schema.fields) {
    const auto text = MetadataText(field, "delta.invariants");
    if (!text) continue;
    const auto json = nlohmann::json::parse(*text, nullptr, false);
    const auto pointer = nlohmann::json::json_pointer("/expression/expression");
    if (json.is_object() && json.contains(pointer) && json[pointer].is_string()) {
      invariants.emplace_back("EXPRESSION(" + field.name + ")", json[pointer].get<std::string>());
    }
  }
  return invariants;
}

// The next numbers of a column's sequence, one a row.
Result<ExprPtr> NextNumbers(const Identity& identity) {
  const int64_t last = identity.high_water_mark.value_or(identity.start - identity.step);
  return sql::ParseExpression(
      fmt::format("({}L) + ({}L) * CAST(row_number() OVER (ORDER BY NULL) AS BIGINT)", last, identity.step));
}

// The rows with the columns that the table computes in place of the empty ones.
Status Compute(State& state, const Table& table, const std::vector<size_t>& computed, size_t rules,
               StoredRows& stored) {
  std::vector<ExprPtr> list;
  for (const auto& field : table.schema.fields) list.push_back(Column({field.name}));
  for (const size_t i : computed) {
    const auto& field = table.schema.fields[i];
    if (const auto identity = IdentityOf(field)) {
      ASSIGN_OR_RETURN(auto numbers, NextNumbers(*identity));
      list[i] = Named(std::move(numbers), field.name);
      stored.identities.push_back(static_cast<int>(i));
      continue;
    }
    ASSIGN_OR_RETURN(auto expr, sql::ParseExpression(*GenerationOf(field), state.parse_options()));
    list[i] = Named(CastTo(std::move(expr), AsRead(plan::Schema{{field}}).fields[0].type), field.name);
  }
  for (size_t i = 0; i < rules; ++i) list.push_back(Column({fmt::format("rule {}", i)}));
  stored.query = SelectFrom(std::move(list), AliasOf(stored.query, "__row"));
  return Ok();
}

// The table's metadata with the sequences moved past the numbers that were drawn; none when none was.
Result<std::optional<delta::Metadata>> MovedSequences(const Table& table, const delta::Snapshot& snapshot,
                                                      const StoredRows& rows, const engine::WriteResult& written) {
  if (rows.identities.empty() || written.rows_written == 0) return std::optional<delta::Metadata>();
  plan::Schema schema = snapshot.schema();
  for (const int index : rows.identities) {
    const auto& drawn_from = table.schema.fields[static_cast<size_t>(index)];
    const int now = schema.IndexOf(drawn_from.name);
    auto identity = now < 0 ? std::nullopt : IdentityOf(schema.fields[static_cast<size_t>(now)]);
    if (!identity || identity->high_water_mark != IdentityOf(drawn_from)->high_water_mark) {
      return Error{ErrorKind::kAborted, "another writer drew numbers for " + drawn_from.name + "; run it again"};
    }
    auto& field = schema.fields[static_cast<size_t>(now)];
    for (const auto& file : written.files) {
      const auto stats = file.stats.find(delta::PhysicalName(field, snapshot.column_mapping()));
      const auto bound = stats == file.stats.end() ? std::nullopt
                         : identity->step > 0      ? stats->second.max
                                                   : stats->second.min;
      const auto* number = bound ? std::get_if<int64_t>(&bound->data) : nullptr;
      if (number == nullptr) return Internal("a written file tells no bound of its identity column");
      const int64_t before = identity->high_water_mark.value_or(*number);
      identity->high_water_mark = identity->step > 0 ? std::max(before, *number) : std::min(before, *number);
    }
    SetIdentity(field, *identity);
  }
  delta::Metadata metadata = snapshot.metadata();
  metadata.schema_string = plan::SchemaToJson(schema);
  return std::optional(std::move(metadata));
}

// What Delta demands of a table's rows: NOT NULL columns and CHECK constraints.
Result<std::vector<std::pair<ExprPtr, Error>>> DemandsOf(State& state, const Table& table) {
  std::vector<std::pair<ExprPtr, Error>> demands;
  for (const auto& field : table.schema.fields) {
    if (field.nullable) continue;
    demands.emplace_back(Operation("isnotnull", {Column({field.name})}),
                         SqlError("DELTA_NOT_NULL_CONSTRAINT_VIOLATED", "23502",
                                  fmt::format("NOT NULL constraint violated for column: {}.", field.name)));
  }
  for (const auto& [name, text] : InvariantsOf(table)) {
    ASSIGN_OR_RETURN(const auto expr, sql::ParseExpression(text, state.parse_options()));
    demands.emplace_back(IsTrue(expr), SqlError("DELTA_VIOLATE_CONSTRAINT_WITH_VALUES", "23001",
                                                fmt::format("CHECK constraint {} violated by a row.", name)));
  }
  for (const auto& [name, text] : delta::CheckConstraintsOf(table.properties)) {
    ASSIGN_OR_RETURN(const auto expr, sql::ParseExpression(text, state.parse_options()));
    demands.emplace_back(IsTrue(expr),
                         SqlError("DELTA_VIOLATE_CONSTRAINT_WITH_VALUES", "23001",
                                  fmt::format("CHECK constraint {} ({}) violated by a row.", name, text)));
  }
  return demands;
}

Error InsertOverflow() {
  return SqlError(
      "CAST_OVERFLOW_IN_TABLE_INSERT", "22003",
      "Fail to assign a value to the column's type due to an overflow. Use `try_cast` on the input value to "
      "tolerate overflow and return NULL instead.");
}

// An overflow of the cast into a column is told as one of the INSERT.
Error AsInsertError(Error error) {
  const bool overflow =
      error.error_class == "CAST_OVERFLOW" || error.error_class.starts_with("NUMERIC_VALUE_OUT_OF_RANGE");
  return overflow ? InsertOverflow() : error;
}

std::vector<int> PartitionIndexes(const Table& table) {
  std::vector<int> indexes;
  for (const auto& column : table.partition_columns) indexes.push_back(table.schema.IndexOf(column));
  return indexes;
}

Result<engine::WriteResult> Write(State& state, const Table& table, const StoredRows& given, const std::string& file_id,
                                  delta::ColumnMapping mapping = delta::ColumnMapping::kNone) {
  const bool text = IsTextProvider(table.provider);
  StoredRows rows = given;
  if (text) {
    ASSIGN_OR_RETURN(rows, AsLines(table, given));
  }
  ASSIGN_OR_RETURN(const auto relation, state.Resolve(rows.query));
  engine::WriteSpec spec;
  if (text) spec.lines_extension = table.provider == "text" ? "txt" : table.provider;
  spec.folder = table.location;
  spec.file_id = file_id;
  spec.data_columns = rows.columns;
  spec.partition_columns = PartitionIndexes(table);
  for (size_t i = 0; text && i < spec.partition_columns.size(); ++i)
    spec.partition_columns[i] = static_cast<int>(i) + 1;
  spec.file_schema = delta::FileSchema(table.schema, mapping);
  for (size_t i = 0; i < rows.rules.size(); ++i) {
    spec.checks.push_back({rows.rules[i].name, rows.columns + static_cast<int>(i), engine::CheckEffect::kCount});
  }
  ASSIGN_OR_RETURN(auto* session, state.engine());
  auto written = session->Write(relation, spec);
  if (!written.ok()) return AsInsertError(std::move(written).error());
  return written;
}

std::optional<Error> BrokenRule(const StoredRows& rows, const engine::WriteResult& result) {
  for (size_t i = 0; i < rows.rules.size() && i < result.checks.size(); ++i) {
    if (result.checks[i].failed > 0) return rows.rules[i].error;
  }
  return std::nullopt;
}

// The folder of a partition value, as text; none is NULL.
std::string FolderText(const std::optional<std::string>& value) { return value.value_or("__HIVE_DEFAULT_PARTITION__"); }

bool InPartitions(const Table& table, const std::map<std::string, plan::Value>& values, const Placement& placement) {
  for (const auto& [column, wanted] : placement.partitions) {
    const auto found = values.find(column);
    if (found == values.end()) return false;
    const auto& type = table.schema.fields[static_cast<size_t>(table.schema.IndexOf(column))].type;
    const auto text = delta::FormatPartitionValue(found->second, type);
    if (!text.ok() || FolderText(*text) != FolderText(wanted)) return false;
  }
  return true;
}

Result<int64_t> StoreInFolder(State& state, const Table& table, const StoredRows& rows, const Placement& placement) {
  auto& storage = *state.environment.storage;
  FolderWrite change(storage, table.location, NewUuid(state.environment.random));
  std::vector<engine::File> replaced;
  if (placement.overwrite) {
    ASSIGN_OR_RETURN(const auto files, ListFiles(storage, table));
    for (const auto& file : files) {
      if (InPartitions(table, file.partition_values, placement)) replaced.push_back(file);
    }
  }
  RETURN_IF_ERROR(change.Begin());
  auto written = Write(state, table, rows, change.id());
  if (!written.ok()) {
    change.Abandon();
    return std::move(written).error();
  }
  if (auto broken = BrokenRule(rows, *written)) {
    change.Abandon();
    return std::move(*broken);
  }
  if (placement.dynamic) {
    std::erase_if(replaced, [&](const engine::File& old) {
      return std::ranges::none_of(written->files, [&](const engine::WrittenFile& file) {
        return PartitionOf(table, file.path) == PartitionOf(table, old.path);
      });
    });
  }
  RETURN_IF_ERROR(change.Commit(replaced));
  return written->rows_written;
}

// ---- Delta ----

delta::Table DeltaTableOf(State& state, const Table& table) {
  return {state.environment.storage, state.environment.checkpoints, table.location};
}

Status Finish(State& state, delta::Transaction& transaction, const std::string& operation,
              const delta::StringMap& metrics = {}) {
  delta::CommitDescription description;
  description.operation = operation;
  description.metrics = metrics;
  description.engine_info = "Tidemill/" + state.environment.version;
  transaction.Describe(std::move(description));
  return CommitChange(state, transaction);
}

Result<delta::Metadata> NewMetadata(State& state, const Table& table) {
  ASSIGN_OR_RETURN(auto metadata,
                   delta::Transaction::NewMetadata(table.schema, table.partition_columns, table.properties,
                                                   *state.environment.clock, state.environment.random));
  if (!table.comment.empty()) metadata.description = table.comment;
  metadata.name = table.name;
  return metadata;
}

bool IsReplaced(const Table& table, const delta::Add& add, const Placement& placement,
                const delta::Snapshot& snapshot) {
  for (const auto& [column, wanted] : placement.partitions) {
    const auto& field = table.schema.fields[static_cast<size_t>(table.schema.IndexOf(column))];
    const auto found = add.partition_values.find(delta::PhysicalName(field, snapshot.column_mapping()));
    if (found == add.partition_values.end() || FolderText(found->second) != FolderText(wanted)) return false;
  }
  return true;
}

// Files that certainly are in no commit.
void Remove(State& state, const std::vector<engine::WrittenFile>& files) {
  for (const auto& file : files) {
    if (!state.environment.storage->Remove(file.path).ok()) return;
  }
}

// The transaction of a change: of a new table, of one that is replaced whole, or of one that stays.
Result<delta::Transaction> Begin(State& state, const Table& table, const delta::SnapshotPtr& snapshot, bool replace) {
  if (snapshot && !replace) return delta::Transaction::Begin(snapshot);
  ASSIGN_OR_RETURN(auto metadata, NewMetadata(state, table));
  if (!snapshot) return delta::Transaction::Create(DeltaTableOf(state, table), std::move(metadata));
  auto transaction = delta::Transaction::Begin(snapshot);
  transaction.SetMetadata(std::move(metadata));
  transaction.RemoveAllFiles();
  return transaction;
}

// The rows that were written, once the change is in the log. Files of a change that certainly is not are removed.
Result<int64_t> Settle(State& state, const engine::WriteResult& written, const Status& done) {
  if (done.ok()) return written.rows_written;
  if (done.error().kind != ErrorKind::kUnavailable) Remove(state, written.files);
  return done.error();
}

Result<int64_t> StoreInDelta(State& state, const Table& table, const StoredRows& rows, const Placement& placement) {
  const auto target = DeltaTableOf(state, table);
  delta::SnapshotPtr snapshot;
  if (!placement.new_table) {
    ASSIGN_OR_RETURN(snapshot, delta::LoadSnapshot(target));
  }
  ASSIGN_OR_RETURN(const auto mapping, delta::ColumnMappingOf({.configuration = table.properties}));
  ASSIGN_OR_RETURN(const auto written, Write(state, table, rows, NewUuid(state.environment.random), mapping));
  const auto change = [&]() -> Status {
    if (auto broken = BrokenRule(rows, written)) return std::move(*broken);
    ASSIGN_OR_RETURN(
        auto adds, job::MakeAdds(table.location, written.files, table.schema, mapping, state.environment.clock->Now()));
    ASSIGN_OR_RETURN(auto transaction, Begin(state, table, snapshot, placement.replace_table));
    if (snapshot && !placement.replace_table && placement.overwrite) {
      if (placement.partitions.empty() && !placement.dynamic) {
        transaction.RemoveAllFiles();
      } else {
        transaction.ReadWholeTable();
        for (const auto& add : snapshot->files()) {
          const bool touched = std::ranges::any_of(
              adds, [&](const delta::Add& made) { return made.partition_values == add.partition_values; });
          if (IsReplaced(table, add, placement, *snapshot) && (!placement.dynamic || touched))
            transaction.RemoveFile(add);
        }
      }
    }
    for (auto& add : adds) transaction.AddFile(std::move(add));
    if (snapshot && !placement.replace_table) {
      ASSIGN_OR_RETURN(auto moved, MovedSequences(table, *snapshot, rows, written));
      if (moved) transaction.SetMetadata(*std::move(moved));
    }
    return Finish(
        state, transaction, placement.operation,
        {{"numFiles", std::to_string(written.files.size())}, {"numOutputRows", std::to_string(written.rows_written)}});
  };
  return Settle(state, written, change());
}

// The change data of a table as a table of its own, below it.
Table FeedOf(const Table& table) {
  Table feed = table;
  feed.location += fmt::format("/{}", delta::kChangeFolder);
  feed.schema.fields.push_back({delta::kChangeType, TypeId::kString, false});
  return feed;
}

// Puts the files back into the table with their new deletion vectors.
Status MarkRows(State& state, const delta::Snapshot& snapshot, const std::vector<MarkedFile>& marked,
                delta::Transaction& transaction) {
  std::vector<std::vector<int64_t>> rows;
  for (const auto& file : marked) rows.push_back(file.deleted_rows);
  ASSIGN_OR_RETURN(auto vectors, delta::WriteDeletionVectors(snapshot.table(), rows, state.environment.random));
  for (size_t i = 0; i < marked.size(); ++i) {
    transaction.RemoveFile(marked[i].add);
    transaction.MarkRows(marked[i].add.path, marked[i].new_rows);
    delta::Add add = marked[i].add;
    add.data_change = true;  // its last commit may have changed none
    add.deletion_vector = std::move(vectors[i]);
    if (add.stats) add.stats = delta::WithWideBounds(*add.stats);
    transaction.AddFile(std::move(add));
  }
  return Ok();
}

}  // namespace

Error NoExplicitIdentity(const plan::Field& field) {
  return SqlError(
      "DELTA_IDENTITY_COLUMNS_EXPLICIT_INSERT_NOT_SUPPORTED", "42808",
      fmt::format("Providing values for GENERATED ALWAYS AS IDENTITY column {} is not supported.", field.name));
}

Result<plan::ExprPtr> DefaultOf(const plan::Field& field) {
  if (field.metadata.empty()) return Null();
  const auto json = nlohmann::json::parse(field.metadata, nullptr, false);
  if (!json.is_object() || !json.contains("CURRENT_DEFAULT")) return Null();
  return sql::ParseExpression(json["CURRENT_DEFAULT"].get<std::string>());
}

Result<StoredRows> Assign(State& state, const Table& table, const std::vector<Given>& given, plan::RelationPtr from,
                          plan::ExprPtr where) {
  const bool legacy = LowerAscii(state.Setting("spark.sql.storeAssignmentPolicy", "ansi")) == "legacy";
  StoredRows stored;
  std::vector<ExprPtr> list, rules;
  std::vector<size_t> computed;
  for (size_t i = 0; i < given.size(); ++i) {
    const auto& field = table.schema.fields[i];
    const auto read = AsRead(plan::Schema{{field}}).fields[0].type;
    if (given[i].value != nullptr && !legacy && !sql::CanStoreAssign(given[i].type, read)) {
      return CannotStore(table, field.name, given[i].type, field.type);
    }
    if (given[i].value == nullptr) {
      computed.push_back(i);
      list.push_back(Named(CastTo(Null(), read), field.name));
      continue;
    }
    auto value = given[i].value;
    if (!given[i].type.SameType(read) && state.ansi()) {
      value = CastTo(value, read);
    } else if (!given[i].type.SameType(read)) {
      // What is stored is cast as in ANSI mode, whatever the session's mode: TRY_CAST is the ANSI cast that is there.
      value = plan::MakeExpr(plan::Cast{value, read, !legacy});
      if (!legacy) {
        rules.push_back(Operation("or", {Operation("isnull", {given[i].value}), Operation("isnotnull", {value})}));
        stored.rules.push_back({"overflow of " + field.name, InsertOverflow()});
      }
    }
    if (field.type.is_char() || field.type.is_varchar()) {
      rules.push_back(Fits(value, field.type));
      stored.rules.push_back({"length of " + field.name, TooLong(field.type)});
      value = Sized(value, field.type);
    } else if (HasSizedText(field.type)) {
      return Unimplemented(
          fmt::format("writing CHAR or VARCHAR inside the nested column {} is not supported", field.name));
    }
    list.push_back(Named(value, field.name));
  }
  stored.columns = static_cast<int>(list.size());
  for (size_t i = 0; i < rules.size(); ++i) list.push_back(Named(rules[i], fmt::format("rule {}", i)));
  stored.query = SelectFrom(std::move(list), std::move(from), std::move(where));
  if (table.provider != "delta") return stored;
  if (!computed.empty()) RETURN_IF_ERROR(Compute(state, table, computed, rules.size(), stored));
  ASSIGN_OR_RETURN(auto demands, DemandsOf(state, table));
  for (size_t i = 0; i < given.size(); ++i) {
    const auto text = GenerationOf(table.schema.fields[i]);
    if (!text || given[i].value == nullptr) continue;
    ASSIGN_OR_RETURN(const auto expr, sql::ParseExpression(*text, state.parse_options()));
    const auto& name = table.schema.fields[i].name;
    demands.emplace_back(Operation("<=>", {Column({name}), expr}),
                         SqlError("DELTA_VIOLATE_CONSTRAINT_WITH_VALUES", "23001",
                                  fmt::format("CHECK constraint Generated Column ({} <=> {}) violated by a row.",
                                              Quoted({name}), *text)));
  }
  if (demands.empty()) return stored;
  std::vector<ExprPtr> outer;
  for (const auto& field : table.schema.fields) outer.push_back(Column({field.name}));
  for (size_t i = 0; i < rules.size(); ++i) outer.push_back(Column({fmt::format("rule {}", i)}));
  for (const auto& [condition, error] : demands) {
    outer.push_back(Named(condition, fmt::format("rule {}", stored.rules.size())));
    stored.rules.push_back({error.error_class, error});
  }
  stored.query = SelectFrom(std::move(outer), AliasOf(stored.query, "__row"));
  return stored;
}

Result<int64_t> StoreRows(State& state, const Table& table, const StoredRows& rows, const Placement& placement) {
  if (table.provider == "delta") return StoreInDelta(state, table, rows, placement);
  return StoreInFolder(state, table, rows, placement);
}

Result<int64_t> ReplaceFiles(State& state, const Table& table, const delta::SnapshotPtr& snapshot,
                             const StoredRows& rows, const Removal& removal, const plan::RelationPtr& changes,
                             const std::string& operation) {
  const auto mapping = snapshot->column_mapping();
  ASSIGN_OR_RETURN(auto written, Write(state, table, rows, NewUuid(state.environment.random), mapping));
  const auto change = [&]() -> Status {
    if (auto broken = BrokenRule(rows, written)) return std::move(*broken);
    const auto now = state.environment.clock->Now();
    ASSIGN_OR_RETURN(auto adds, job::MakeAdds(table.location, written.files, table.schema, mapping, now));
    auto transaction = delta::Transaction::Begin(snapshot);
    transaction.ReadWholeTable();
    if (removal.rows_alone) transaction.ReadRowsAlone();
    for (const auto& add : removal.files) transaction.RemoveFile(add);
    RETURN_IF_ERROR(MarkRows(state, *snapshot, removal.marked, transaction));
    for (auto& add : adds) transaction.AddFile(std::move(add));
    ASSIGN_OR_RETURN(auto moved, MovedSequences(table, *snapshot, rows, written));
    if (moved) transaction.SetMetadata(*std::move(moved));
    if (changes) {
      const Table feed = FeedOf(table);
      ASSIGN_OR_RETURN(const auto recorded,
                       Write(state, feed, {changes, static_cast<int>(feed.schema.fields.size()), {}},
                             NewUuid(state.environment.random), mapping));
      written.files.insert(written.files.end(), recorded.files.begin(), recorded.files.end());
      ASSIGN_OR_RETURN(const auto files, job::MakeAdds(table.location, recorded.files, feed.schema, mapping, now));
      for (const auto& file : files) transaction.AddChange({file.path, file.partition_values, file.size_bytes});
    }
    return Finish(state, transaction, operation);
  };
  return Settle(state, written, change());
}

Status CommitChange(State& state, delta::Transaction& transaction) {
  delta::CommitOptions options;
  options.rows_conform = true;
  ASSIGN_OR_RETURN(const auto outcome, transaction.Commit(*state.environment.clock, state.environment.random, options));
  if (std::holds_alternative<delta::Committed>(outcome)) return Ok();
  if (const auto* conflict = std::get_if<delta::Conflict>(&outcome)) {
    Error error{ErrorKind::kAborted, conflict->message + "; run the statement again"};
    error.error_class =
        "DELTA_" + std::string(conflict->kind == delta::ConflictKind::kConcurrentAppend ? "CONCURRENT_APPEND"
                                                                                        : "CONCURRENT_WRITE");
    error.sqlstate = "2D521";
    return error;
  }
  return Unavailable("whether the commit is in the table is not known: " + std::get<delta::Unknown>(outcome).message);
}

Status CreateDeltaTable(State& state, const Table& table) {
  ASSIGN_OR_RETURN(auto metadata, NewMetadata(state, table));
  auto transaction = delta::Transaction::Create(DeltaTableOf(state, table), std::move(metadata));
  return Finish(state, transaction, "CREATE TABLE");
}

Status ChangeMetadata(State& state, const delta::SnapshotPtr& snapshot, delta::Metadata metadata,
                      const std::string& operation) {
  auto transaction = delta::Transaction::Begin(snapshot);
  transaction.SetMetadata(std::move(metadata));
  return Finish(state, transaction, operation);
}

Result<delta::SnapshotPtr> SnapshotOf(State& state, const Table& table) {
  return delta::LoadSnapshot(DeltaTableOf(state, table));
}

}  // namespace tidemill::session
