// The refresh of a view: which way, the rows, the commit.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "delta/changes.h"
#include "delta/column_mapping.h"
#include "delta/deletion_vector.h"
#include "delta/statistics.h"
#include "delta/transaction.h"
#include "job/commit.h"
#include "job/leftovers.h"
#include "job/output.h"
#include "job/sources.h"
#include "job/view.h"
#include "plan/schema_json.h"
#include "view/apply.h"

namespace tidemill::job {
namespace {

namespace typed = plan::typed;
using typed::RelationPtr;

constexpr int kMostRedos = 5;
constexpr const char* kStored = "view stored";    // the view's rows
constexpr const char* kTouched = "view touched";  // those of files of which some rows go
constexpr const char* kChange = "view change";
constexpr const char* kGone = "view gone";

// Tables and steps that a refresh adds to a session, taken away at its end.
class Additions {
 public:
  explicit Additions(engine::Session& session) : session_(session) {}
  ~Additions() {
    for (auto name = names_.rbegin(); name != names_.rend(); ++name) (void)session_.Drop(*name).ok();
  }
  Additions(const Additions&) = delete;
  Additions& operator=(const Additions&) = delete;

  Status Source(const engine::Source& source) {
    RETURN_IF_ERROR(session_.AddSource(source));
    names_.push_back(source.name);
    return Ok();
  }
  Status Step(const std::string& name, const RelationPtr& relation) {
    RETURN_IF_ERROR(session_.AddStep(name, relation, true));
    names_.push_back(name);
    return Ok();
  }

 private:
  engine::Session& session_;
  std::vector<std::string> names_;
};

// A file of which some rows go by a deletion vector; the rows are ascending.
struct Marked {
  const delta::Add* add = nullptr;
  std::vector<int64_t> rows;
};

// What a commit will do, once its rows are written.
struct Work {
  RelationPtr rows;  // null: no row is written
  std::vector<delta::Add> removed;
  bool overwrites = false;
  std::vector<Marked> marked{};
  int64_t kept_rows = 0;  // of the removed files, which are written again
};

// Of a table that has deletion vectors: a file of which a larger share goes is written anew.
constexpr int64_t kMarkedShare = 5;  // 1 / 5

// That an incremental refresh can't be done, or not be trusted, is a reason to make all rows anew; that the machine or
// the user stopped it is none.
bool IsReason(ErrorKind kind) {
  return kind == ErrorKind::kUnimplemented || kind == ErrorKind::kNotFound || kind == ErrorKind::kDataLoss ||
         kind == ErrorKind::kFailedPrecondition || kind == ErrorKind::kInvalidArgument;
}

class Refresher {
 public:
  Refresher(const ViewQuery& query, const std::string& root, const ViewOptions& options, engine::Session& session,
            RunEnvironment& environment)
      : query_(query), root_(root), options_(options), session_(session), environment_(environment) {}

  Result<ViewRefresh> Run() {
    for (int redo = 0;; ++redo) {
      ASSIGN_OR_RETURN(target_, OpenTarget(root_, environment_));
      ASSIGN_OR_RETURN(standing_, StandingOf(query_, target_));
      refresh_ = {};
      if (standing_.state == ViewState::kFresh) {
        refresh_.version = target_.snapshot->version();
        refresh_.how = "no table has changed";
        return refresh_;
      }
      ASSIGN_OR_RETURN(const bool done, Try());
      if (done) return refresh_;
      if (redo == kMostRedos) {
        return Error{ErrorKind::kAborted, "others changed the view's table every time; run it again"};
      }
    }
  }

 private:
  void Stage(const char* stage) const {
    if (options_.on_stage) options_.on_stage(stage);
  }

  // False: the table changed meanwhile.
  Result<bool> Try() {
    Additions additions(session_);
    Work work;
    bool incremental = false;
    Stage("compare");
    if (standing_.state == ViewState::kBehind && !options_.full) {
      auto planned = Incremental(additions);
      if (planned.ok()) {
        work = *std::move(planned);
        incremental = true;
      } else if (IsReason(planned.error().kind)) {
        standing_.why = planned.error().message;
      } else {
        return std::move(planned).error();
      }
    } else if (options_.full && standing_.why.empty()) {
      standing_.why = "it was asked for";
    }
    refresh_.kind = incremental ? ViewRefresh::Kind::kIncremental : ViewRefresh::Kind::kFull;
    if (!incremental) {
      refresh_.how = standing_.why;
      work = {query_.relation, {}, true};
    }
    auto done = WriteAndCommit(work);
    if (incremental && !done.ok() && IsReason(done.error().kind)) {
      standing_.why = done.error().message;
      refresh_ = {ViewRefresh::Kind::kFull, standing_.why};
      return WriteAndCommit({query_.relation, {}, true});
    }
    return done;
  }

  // ---- Incremental

  Result<Work> Incremental(Additions& additions) {
    std::map<std::string, view::TableChange> changes;
    std::map<std::string, delta::Changes> read;
    for (const auto& source : query_.sources) {
      auto& change = changes[source.name] = view::TableChange::kNone;
      if (source.pinned) continue;
      const int64_t seen = standing_.seen.at(source.snapshot->metadata().id);
      if (seen == source.snapshot->version()) continue;
      auto found = delta::ReadChanges(source.snapshot->table(), seen + 1, source.snapshot->version(),
                                      delta::Unrecorded::kFromFiles);
      if (!found.ok()) return std::move(found).error();
      if (found->files.empty()) continue;
      const bool inserts = std::ranges::all_of(
          found->files, [](const auto& file) { return file.kind == delta::ChangeFile::Kind::kInsert; });
      change = inserts ? view::TableChange::kInserts : view::TableChange::kAny;
      read[source.name] = *std::move(found);
    }
    view::Ids ids;
    const auto relation = view::Inlined(query_.relation, query_.steps, ids);
    const auto tables = view::TablesOf(relation);
    const bool touched = std::ranges::any_of(tables, [&](const auto& table) { return read.contains(table); });
    if (!touched) {
      refresh_.how = "commits that change no row";
      return Work{};
    }
    ASSIGN_OR_RETURN(const auto plan, view::Maintain(relation, changes, ids));
    refresh_.how = plan.how;
    for (const auto& source : query_.sources) {
      if (!read.contains(source.name)) continue;
      RETURN_IF_ERROR(AddChanges(source, read.at(source.name), additions, ids));
      if (std::ranges::find(plan.before, source.name) != plan.before.end()) {
        RETURN_IF_ERROR(AddBefore(source, additions));
      }
    }
    for (const auto& step : plan.steps) RETURN_IF_ERROR(additions.Step(step.name, step.relation));
    return Apply(plan, additions, ids);
  }

  Status AddChanges(const ViewSource& source, const delta::Changes& changes, Additions& additions, view::Ids& ids) {
    std::vector<std::string> parts;
    bool inserts = true;
    for (const bool recorded : {false, true}) {
      auto part = ChangesSource(source.name + (recorded ? " recorded" : " files"), changes, recorded);
      if (part.files.empty()) continue;
      inserts &= !recorded && std::ranges::all_of(changes.files, [](const auto& file) {
        return file.kind == delta::ChangeFile::Kind::kInsert;
      });
      std::ranges::copy(source.schema.fields, part.schema.fields.begin());
      RETURN_IF_ERROR(additions.Source(part));
      parts.push_back(part.name);
    }
    auto rows = view::Signed(parts, source.schema, ids);
    const bool apart =
        std::ranges::all_of(source.schema.fields, [](const auto& field) { return view::CanTellApart(field.type); });
    // Files that were written anew hold mostly rows that did not change.
    if (!inserts && apart) rows = view::Netted(rows, ids);
    return additions.Step(view::ChangesOf(source.name), rows);
  }

  Status AddBefore(const ViewSource& source, Additions& additions) {
    delta::AsOf as_of;
    as_of.version = standing_.seen.at(source.snapshot->metadata().id);
    ASSIGN_OR_RETURN(const auto snapshot, delta::LoadSnapshot(source.snapshot->table(), as_of));
    ASSIGN_OR_RETURN(auto before, SnapshotSource(view::BeforeOf(source.name), *snapshot));
    before.schema = source.schema;
    return additions.Source(before);
  }

  Result<Work> Apply(const view::Maintenance& plan, Additions& additions, view::Ids& ids) {
    using Kind = view::Maintenance::Kind;
    const bool empty = target_.snapshot->files().empty();
    if (plan.kind == Kind::kAppend || (plan.kind == Kind::kKeys && empty)) return Work{plan.rows, {}, false};
    if (!empty) RETURN_IF_ERROR(AddStored(kStored, target_.snapshot->files(), additions));
    const view::Stored stored{kStored, target_.snapshot->schema()};
    RelationPtr came = plan.rows;
    int64_t expected = -1;
    if (plan.kind == Kind::kKeys) {
      RETURN_IF_ERROR(additions.Step(kGone, view::StoredRowsWith(stored, plan.keys, plan.key_columns, ids)));
    } else {
      RETURN_IF_ERROR(additions.Step(kChange, view::Netted(plan.rows, ids)));
      auto columns = plan.rows->columns;
      for (auto& column : columns) column.id = ids.Next();
      const auto change = typed::MakeRelation(typed::Scan{kChange, columns}, columns);
      const auto went = view::SideOf(change, view::Side::kWent);
      came = view::Copied(view::SideOf(change, view::Side::kCame), ids);
      ASSIGN_OR_RETURN(expected, Count(view::CountOf(went, ids)));
      if (empty && expected == 0) return Work{came, {}, false};
      if (empty) return FailedPrecondition("rows are to go of a view that has none");
      RETURN_IF_ERROR(additions.Step(kGone, view::StoredRowsOf(stored, view::Copied(went, ids), ids)));
    }
    ASSIGN_OR_RETURN(auto files, session_.Query(view::FilesIn(kGone, ids)));
    Work work{came, {}, false};
    std::map<std::string, const delta::Add*> by_path;
    for (const auto& add : target_.snapshot->files()) {
      ASSIGN_OR_RETURN(const auto path, target_.snapshot->PathOf(add));
      by_path[path] = &add;
    }
    const bool marks = target_.snapshot->Property("delta.enableDeletionVectors") == "true";
    std::map<std::string, size_t> marked;
    for (const auto& row : files.rows) {
      const auto& path = std::get<std::string>(row[0].data);
      const auto found = by_path.find(path);
      if (found == by_path.end()) return Internal("a row of the view lies in a file that is not the view's");
      const int64_t rows = RowsOf(*found->second), went = std::get<int64_t>(row[1].data);
      refresh_.rows_went += went;
      if (marks && went * kMarkedShare <= rows) {
        marked[path] = work.marked.size();
        work.marked.push_back({found->second, {}});
      } else {
        work.removed.push_back(*found->second);
        work.kept_rows += rows - went;
      }
    }
    if (!marked.empty()) RETURN_IF_ERROR(FindMarkedRows(marked, work, ids));
    if (expected >= 0 && refresh_.rows_went != expected) {
      return FailedPrecondition(
          fmt::format("{} rows are to go of which the view has {}", expected, refresh_.rows_went));
    }
    if (work.removed.empty()) return work;
    RETURN_IF_ERROR(AddStored(kTouched, work.removed, additions));
    const view::Stored touched{kTouched, target_.snapshot->schema()};
    work.rows = view::Together(came, view::StoredRowsWithout(touched, kGone, ids), ids);
    return work;
  }

  Status FindMarkedRows(const std::map<std::string, size_t>& marked, Work& work, view::Ids& ids) {
    ASSIGN_OR_RETURN(const auto gone, session_.Query(view::PlacesIn(kGone, ids)));
    for (const auto& row : gone.rows) {
      const auto found = marked.find(std::get<std::string>(row[0].data));
      if (found != marked.end()) work.marked[found->second].rows.push_back(std::get<int64_t>(row[1].data));
    }
    for (auto& file : work.marked) std::ranges::sort(file.rows);
    return Ok();
  }

  Result<int64_t> Count(const RelationPtr& count) {
    ASSIGN_OR_RETURN(const auto rows, session_.Query(count));
    return rows.rows.empty() ? 0 : std::get<int64_t>(rows.rows[0][0].data);
  }

  Status AddStored(const char* name, const std::vector<delta::Add>& files, Additions& additions) {
    ASSIGN_OR_RETURN(auto source, SnapshotSource(name, *target_.snapshot));
    source.file_columns = true;
    std::set<std::string> wanted;
    for (const auto& add : files) {
      ASSIGN_OR_RETURN(auto path, target_.snapshot->PathOf(add));
      wanted.insert(std::move(path));
    }
    std::erase_if(source.files, [&](const auto& file) { return !wanted.contains(file.path); });
    return additions.Source(source);
  }

  // ---- Write and commit

  delta::ColumnMapping mapping() const {
    return target_.snapshot ? target_.snapshot->column_mapping() : delta::ColumnMapping::kNone;
  }

  Result<bool> WriteAndCommit(const Work& work) {
    const std::string file_id = NewUuid(environment_.random);
    ASSIGN_OR_RETURN(auto marker, AttemptMarker::Make(environment_.attempts_folder, file_id, root_, "", file_id));
    auto outcome = CommitRows(work, file_id);
    const bool unknown = outcome.ok() && std::holds_alternative<delta::Unknown>(*outcome);
    if (unknown) {
      refresh_.unknown = std::get<delta::Unknown>(*outcome).message;
      return true;
    }
    if (outcome.ok() && std::holds_alternative<delta::Committed>(*outcome)) {
      marker.Settled();
      const auto& committed = std::get<delta::Committed>(*outcome);
      refresh_.version = committed.version;
      refresh_.warnings = committed.warnings;
      return true;
    }
    if (RemoveAttemptFiles(*environment_.storage, root_, file_id).ok()) marker.Settled();
    if (!outcome.ok()) return std::move(outcome).error();
    return false;
  }

  Result<delta::CommitOutcome> CommitRows(const Work& work, const std::string& file_id) {
    const bool anew = target_.snapshot == nullptr || work.overwrites;
    const plan::Schema schema = anew ? AsNullable(typed::SchemaOf(*query_.relation)) : target_.snapshot->schema();
    if (anew && mapping() != delta::ColumnMapping::kNone && !(schema == target_.snapshot->schema())) {
      return Unimplemented("other columns of a view whose table maps columns; remove the view's folder");
    }
    const auto& partitions = target_.snapshot ? target_.snapshot->partition_columns() : options_.partition_by;
    engine::WriteSpec spec;
    spec.folder = root_;
    spec.file_id = file_id;
    spec.data_columns = static_cast<int>(schema.fields.size());
    spec.compression = options_.compression;
    spec.target_file_bytes = options_.target_file_bytes;
    spec.file_schema = delta::FileSchema(schema, mapping());
    for (const auto& column : partitions) {
      const int index = schema.IndexOf(column);
      if (index < 0) return InvalidArgument(fmt::format("the view has no column '{}' to be partitioned by", column));
      spec.partition_columns.push_back(index);
    }
    engine::WriteResult written;
    if (work.rows) {
      Stage("write");
      ASSIGN_OR_RETURN(written, session_.Write(work.rows, spec));
    }
    if (*environment_.cancel) return Error{ErrorKind::kCancelled, "cancelled"};
    Stage("commit");
    const auto now = environment_.clock->Now();
    ASSIGN_OR_RETURN(auto adds, MakeAdds(root_, written.files, schema, mapping(), now));
    ASSIGN_OR_RETURN(auto transaction, Begin(schema, partitions, anew));
    if (work.overwrites && target_.snapshot) {
      refresh_.files_removed = std::ssize(target_.snapshot->files());
      transaction.RemoveAllFiles();
    }
    for (const auto& add : work.removed) transaction.RemoveFile(add);
    refresh_.files_removed += std::ssize(work.removed);
    RETURN_IF_ERROR(MarkRows(work, transaction));
    for (auto& add : adds) transaction.AddFile(std::move(add));
    refresh_.rows_written = written.rows_written;
    refresh_.rows_came = written.rows_written - work.kept_rows;
    refresh_.files_written = std::ssize(written.files);
    refresh_.bytes_written = TotalBytes(written.files);
    SetTxns(transaction, now);
    transaction.Describe(Description(work, partitions));
    delta::CommitOptions options;
    options.rows_conform = true;
    return transaction.Commit(*environment_.clock, environment_.random, options);
  }

  // Puts files back with the rows that go marked.
  Status MarkRows(const Work& work, delta::Transaction& transaction) {
    std::vector<std::vector<int64_t>> lists;
    for (const auto& file : work.marked) {
      auto rows = file.rows;
      if (file.add->deletion_vector) {
        ASSIGN_OR_RETURN(const auto before, delta::ReadDeletionVector(target_.table, *file.add->deletion_vector));
        rows.insert(rows.end(), before.begin(), before.end());
        std::ranges::sort(rows);
      }
      lists.push_back(std::move(rows));
    }
    if (lists.empty()) return Ok();
    ASSIGN_OR_RETURN(auto vectors, delta::WriteDeletionVectors(target_.table, lists, environment_.random));
    for (size_t i = 0; i < lists.size(); ++i) {
      delta::Add add = *work.marked[i].add;
      transaction.RemoveFile(add);
      transaction.MarkRows(add.path, work.marked[i].rows);
      add.deletion_vector = std::move(vectors[i]);
      add.data_change = true;  // its last commit may have changed none
      if (add.stats) add.stats = delta::WithWideBounds(*add.stats);
      transaction.AddFile(std::move(add));
    }
    return Ok();
  }

  static int64_t RowsOf(const delta::Add& add) {
    const auto stats = nlohmann::json::parse(add.stats.value_or("{}"), nullptr, false);
    const int64_t rows = stats.is_object() ? stats.value("numRecords", int64_t{0}) : 0;
    return rows - (add.deletion_vector ? add.deletion_vector->cardinality : 0);
  }

  Result<delta::Transaction> Begin(const plan::Schema& schema, const std::vector<std::string>& partitions, bool anew) {
    if (!target_.snapshot) {
      ASSIGN_OR_RETURN(auto metadata, NewTableMetadata(schema, partitions, *environment_.clock, environment_.random));
      metadata.configuration = options_.properties;
      for (auto& [key, value] : ViewProperties(query_)) metadata.configuration[key] = value;
      return delta::Transaction::Create(target_.table, std::move(metadata));
    }
    auto transaction = delta::Transaction::Begin(target_.snapshot);
    transaction.ReadWholeTable();
    if (!anew) return transaction;
    auto metadata = target_.snapshot->metadata();
    if (!(schema == target_.snapshot->schema())) metadata.schema_string = plan::SchemaToJson(schema);
    for (auto& [key, value] : ViewProperties(query_)) metadata.configuration[key] = value;
    if (!(metadata == target_.snapshot->metadata())) transaction.SetMetadata(std::move(metadata));
    return transaction;
  }

  void SetTxns(delta::Transaction& transaction, Timestamp now) const {
    const int64_t now_ms = now.time_since_epoch().count() / 1000;
    transaction.SetTxn({kRefreshTxn, target_.snapshot ? target_.snapshot->version() + 1 : 0, now_ms});
    for (const auto& source : query_.sources) {
      if (source.pinned) continue;
      const std::string id = SourceTxn(source.snapshot->metadata().id);
      const auto* txn = target_.snapshot ? target_.snapshot->FindTxn(id) : nullptr;
      if (txn != nullptr && txn->version >= source.snapshot->version()) continue;
      transaction.SetTxn({id, source.snapshot->version(), now_ms});
    }
  }

  delta::CommitDescription Description(const Work& work, const std::vector<std::string>& partitions) const {
    delta::CommitDescription description;
    const bool appends = !work.overwrites && work.removed.empty() && work.marked.empty();
    description.operation = "WRITE";
    description.parameters = {{"mode", appends ? "Append" : "Overwrite"},
                              {"partitionBy", nlohmann::json(partitions).dump()}};
    description.metrics = {{"numFiles", std::to_string(refresh_.files_written)},
                           {"numOutputRows", std::to_string(refresh_.rows_written)},
                           {"numOutputBytes", std::to_string(refresh_.bytes_written)}};
    description.engine_info = "Tidemill/" + environment_.version;
    nlohmann::ordered_json ours, sources = nlohmann::ordered_json::object();
    if (!options_.run.empty()) ours = {{"run", options_.run}, {"attempt", options_.attempt}};
    for (const auto& source : query_.sources) sources[source.name] = source.snapshot->version();
    ours["refresh"] = {{"kind", Name(refresh_.kind)}, {"how", refresh_.how}, {"sources", sources}};
    description.tidemill = ours.dump();
    return description;
  }

  const ViewQuery& query_;
  const std::string root_;
  const ViewOptions& options_;
  engine::Session& session_;
  RunEnvironment& environment_;
  Target target_;
  ViewStanding standing_;
  ViewRefresh refresh_;
};

}  // namespace

Result<ViewRefresh> RefreshView(const ViewQuery& query, const std::string& root, const ViewOptions& options,
                                engine::Session& session, RunEnvironment& environment) {
  return Refresher(query, root, options, session, environment).Run();
}

}  // namespace tidemill::job
