#include "job/optimize.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/names.h"
#include "delta/statistics.h"
#include "delta/transaction.h"
#include "job/commit.h"
#include "job/curve.h"
#include "job/leftovers.h"
#include "job/prepare.h"
#include "job/sources.h"

namespace tidemill::job {
namespace {

constexpr const char* kTable = "table_to_optimize";
// A file this near to the target is left alone; one with so many of its rows deleted is not.
constexpr double kGoodShare = 0.75, kDeletedShare = 0.05;

// Delta's own tags of files that were ordered together.
constexpr const char *kCube = "ZCUBE_ID", *kCubeColumns = "ZCUBE_ZORDER_BY", *kCubeCurve = "ZCUBE_ZORDER_CURVE";
constexpr const char* kCurveNames[] = {"zorder", "hilbert"};

std::string ColumnList(const std::vector<std::string>& columns) { return nlohmann::json(columns).dump(); }

bool IsOrdered(const delta::Add& add, const OptimizeOptions& options) {
  const auto is = [&](const char* tag, const std::string& value) {
    const auto found = add.tags.find(tag);
    return found != add.tags.end() && found->second == value;
  };
  return is(kCubeColumns, ColumnList(options.order)) && is(kCubeCurve, kCurveNames[static_cast<int>(options.curve)]);
}

bool InPartition(const delta::Add& add, const OptimizeOptions& options) {
  if (options.partitions && !options.partitions->contains(add.partition_values)) return false;
  return std::all_of(options.partition.begin(), options.partition.end(), [&](const auto& wanted) {
    const auto found = add.partition_values.find(wanted.first);
    return found != add.partition_values.end() && found->second == wanted.second;
  });
}

bool ManyDeleted(const delta::Add& add, const delta::Snapshot& snapshot) {
  if (!add.deletion_vector) return false;
  const auto stats = delta::ParseStatistics(add.stats.value_or(""), snapshot.schema(), snapshot.column_mapping());
  if (!stats.num_records) return true;
  return static_cast<double>(add.deletion_vector->cardinality) >
         kDeletedShare * static_cast<double>(*stats.num_records);
}

// All files of the partitions that have one which is not in order, or with many deleted rows.
std::vector<delta::Add> ChooseUnordered(const delta::Snapshot& snapshot, const OptimizeOptions& options) {
  std::set<delta::PartitionValues> unordered;
  for (const auto& add : snapshot.files()) {
    if (!InPartition(add, options)) continue;
    if (!IsOrdered(add, options) || ManyDeleted(add, snapshot)) unordered.insert(add.partition_values);
  }
  std::vector<delta::Add> chosen;
  for (const auto& add : snapshot.files()) {
    if (unordered.contains(add.partition_values)) chosen.push_back(add);
  }
  return chosen;
}

// The files worth rewriting: several small ones of a partition, and those with many deleted rows.
std::vector<delta::Add> Choose(const delta::Snapshot& snapshot, const OptimizeOptions& options) {
  if (!options.order.empty()) return ChooseUnordered(snapshot, options);
  std::map<delta::PartitionValues, std::vector<delta::Add>> small;
  std::vector<delta::Add> chosen;
  for (const auto& add : snapshot.files()) {
    if (!InPartition(add, options)) continue;
    if (ManyDeleted(add, snapshot)) {
      chosen.push_back(add);
    } else if (static_cast<double>(add.size_bytes) < kGoodShare * static_cast<double>(options.target_file_bytes)) {
      small[add.partition_values].push_back(add);
    }
  }
  for (auto& [partition, files] : small) {
    if (files.size() > 1) chosen.insert(chosen.end(), files.begin(), files.end());
  }
  return chosen;
}

OptimizeResult Before(const std::vector<delta::Add>& files) {
  OptimizeResult result;
  result.files_before = std::ssize(files);
  for (const auto& add : files) result.bytes_before += add.size_bytes;
  return result;
}

Result<std::vector<engine::WrittenFile>> Rewrite(const delta::Snapshot& snapshot, const std::vector<delta::Add>& files,
                                                 const std::string& file_id, const OptimizeOptions& options,
                                                 RunEnvironment& environment) {
  ASSIGN_OR_RETURN(auto source, SnapshotSource(kTable, snapshot));
  std::set<std::string> wanted;
  for (const auto& add : files) {
    ASSIGN_OR_RETURN(auto path, snapshot.PathOf(add));
    wanted.insert(std::move(path));
  }
  std::erase_if(source.files, [&](const auto& file) { return !wanted.contains(file.path); });
  engine::SessionOptions session_options;
  session_options.memory_bytes = environment.memory_bytes;
  session_options.threads = environment.threads;
  session_options.temp_folder = environment.temp_folder;
  session_options.allowed_folders = {snapshot.table().root};
  for (const auto& root : snapshot.table().more_roots) session_options.allowed_folders.push_back(root);
  ASSIGN_OR_RETURN(const auto session, environment.engine->Open(session_options, *environment.cancel, nullptr));
  RETURN_IF_ERROR(session->AddSource(source));
  Prepared prepared;
  prepared.catalog.Add(kTable, source.schema);
  ASSIGN_OR_RETURN(const auto relation,
                   ResolveText(options.order.empty() ? fmt::format("SELECT * FROM {}", kTable)
                                                     : OrderedText(kTable, source.schema, options.order, options.curve),
                               prepared));
  engine::WriteSpec spec;
  spec.folder = snapshot.table().root;
  spec.file_id = file_id;
  spec.data_columns = static_cast<int>(source.schema.fields.size());
  if (!options.order.empty()) spec.sort = {{spec.data_columns, true}};
  spec.target_file_bytes = options.target_file_bytes;
  for (const auto& column : snapshot.partition_columns()) {
    spec.partition_columns.push_back(snapshot.schema().IndexOf(column));
  }
  spec.file_schema = delta::FileSchema(source.schema, snapshot.column_mapping());
  ASSIGN_OR_RETURN(auto written, session->Write(relation, spec));
  return std::move(written.files);
}

delta::CommitDescription Describe(const OptimizeResult& result, const OptimizeOptions& options,
                                  const std::string& version) {
  delta::CommitDescription description;
  description.operation = "OPTIMIZE";
  std::string predicate;
  for (const auto& [column, value] : options.partition) {
    predicate += fmt::format("{}\"({} = '{}')\"", predicate.empty() ? "" : ",", column, value);
  }
  if (!options.where.empty()) predicate = nlohmann::json(options.where).dump();
  description.parameters = {{"predicate", "[" + predicate + "]"}, {"zOrderBy", ColumnList(options.order)}};
  description.metrics = {{"numRemovedFiles", std::to_string(result.files_before)},
                         {"numRemovedBytes", std::to_string(result.bytes_before)},
                         {"numAddedFiles", std::to_string(result.files_after)},
                         {"numAddedBytes", std::to_string(result.bytes_after)}};
  description.engine_info = "Tidemill/" + version;
  return description;
}

Status CheckOrder(const delta::Snapshot& snapshot, const OptimizeOptions& options) {
  for (const auto& name : options.order) {
    const int index = snapshot.schema().IndexOf(name);
    if (index < 0) return InvalidArgument(fmt::format("the table has no column '{}' to order by", name));
    for (const auto& partition : snapshot.partition_columns()) {
      if (!SameIgnoringCase(partition, name)) continue;
      return InvalidArgument(fmt::format("'{}' is a partition column: its values have folders of their own", name));
    }
    const auto& type = snapshot.schema().fields[static_cast<size_t>(index)].type;
    if (type.is_nested() || type.is(plan::TypeId::kVariant)) {
      return InvalidArgument(fmt::format("rows have no order by '{}', which is {}", name, type.ToSql()));
    }
  }
  return Ok();
}

}  // namespace

Result<OptimizeResult> PlanOptimize(const Target& target, const OptimizeOptions& options) {
  RETURN_IF_ERROR(CheckOrder(*target.snapshot, options));
  return Before(Choose(*target.snapshot, options));
}

Result<OptimizeResult> Optimize(const Target& target, const OptimizeOptions& options, RunEnvironment environment) {
  const auto& snapshot = *target.snapshot;
  for (const auto& [column, value] : options.partition) {
    const auto& columns = snapshot.partition_columns();
    if (std::find(columns.begin(), columns.end(), column) == columns.end()) {
      return InvalidArgument(fmt::format("the table is not partitioned by '{}'", column));
    }
  }
  RETURN_IF_ERROR(CheckOrder(snapshot, options));
  const auto chosen = Choose(snapshot, options);
  OptimizeResult result = Before(chosen);
  if (chosen.empty()) return result;
  const std::string file_id = NewUuid(environment.random);
  ASSIGN_OR_RETURN(auto marker,
                   AttemptMarker::Make(environment.attempts_folder, file_id, snapshot.table().root, "", file_id));
  auto files = Rewrite(snapshot, chosen, file_id, options, environment);
  const auto give_up = [&](Error error) -> Error {
    if (RemoveAttemptFiles(*environment.storage, snapshot.table().root, file_id).ok()) marker.Settled();
    return error;
  };
  if (!files.ok()) return give_up(std::move(files).error());
  auto adds =
      MakeAdds(snapshot.table().root, *files, snapshot.schema(), snapshot.column_mapping(), environment.clock->Now());
  if (!adds.ok()) return give_up(std::move(adds).error());
  auto transaction = delta::Transaction::Begin(target.snapshot);
  for (const auto& add : chosen) {
    transaction.ReadFile(add);
    transaction.RemoveFile(add, false);
  }
  for (auto& add : *adds) {
    add.data_change = false;
    if (!options.order.empty()) {
      add.tags = {{kCube, file_id},
                  {kCubeColumns, ColumnList(options.order)},
                  {kCubeCurve, kCurveNames[static_cast<int>(options.curve)]}};
    }
    result.files_after += 1;
    result.bytes_after += add.size_bytes;
    transaction.AddFile(std::move(add));
  }
  for (const auto& file : *files) result.rows += file.rows;
  transaction.Describe(Describe(result, options, environment.version));
  delta::CommitOptions commit;
  commit.rows_conform = true;  // the rows are the table's own
  auto outcome = transaction.Commit(*environment.clock, environment.random, commit);
  if (!outcome.ok()) return give_up(std::move(outcome).error());
  if (const auto* conflict = std::get_if<delta::Conflict>(&*outcome)) {
    return give_up(Error{ErrorKind::kAborted, "the table changed meanwhile: " + conflict->message + "; run it again"});
  }
  if (const auto* unknown = std::get_if<delta::Unknown>(&*outcome)) {
    return Unavailable("whether the commit is in the table is not known: " + unknown->message +
                       "; `tidemill table history` tells, and running it again does no harm");
  }
  marker.Settled();
  result.version = std::get<delta::Committed>(*outcome).version;
  return result;
}

}  // namespace tidemill::job
