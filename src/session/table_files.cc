#include "session/table_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/names.h"
#include "delta/partition_value.h"
#include "delta/path.h"
#include "storage/hidden.h"

namespace tidemill::session {
namespace {

constexpr std::string_view kStarted = "_started_";
constexpr std::string_view kCommitted = "_committed_";

// What unfinished and just finished writes say of the other files.
struct Marks {
  std::vector<std::string> pending;  // ids
  std::set<std::string> removed;     // paths within the folder
  bool Hides(const std::string& relative) const {
    return removed.contains(relative) ||
           std::ranges::any_of(pending, [&](const std::string& id) { return relative.find(id) != std::string::npos; });
  }
};

Result<Marks> ReadMarks(storage::Storage& storage, const std::string& folder,
                        const std::vector<storage::FileInfo>& files) {
  Marks marks;
  std::set<std::string> committed;
  for (const auto& file : files) {
    const std::string name = file.path.substr(folder.size() + 1);
    if (name.starts_with(kStarted)) marks.pending.push_back(name.substr(kStarted.size()));
    if (!name.starts_with(kCommitted)) continue;
    committed.insert(name.substr(kCommitted.size()));
    ASSIGN_OR_RETURN(const auto text, storage::ReadAll(storage, file.path));
    const auto json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_array()) return DataLoss(fmt::format("{} is damaged", file.path));
    for (const auto& path : json) marks.removed.insert(path.get<std::string>());
  }
  std::erase_if(marks.pending, [&](const std::string& id) { return committed.contains(id); });
  return marks;
}

// The inverse of delta::PartitionFolder's escapes.
Result<std::string> Unescaped(std::string_view text) { return delta::DecodePath(text); }

Result<std::map<std::string, plan::Value>> PartitionValues(const Table& table, const std::string& relative,
                                                           const std::string& path) {
  std::map<std::string, plan::Value> values;
  size_t from = 0;
  for (const auto& column : table.partition_columns) {
    const size_t slash = relative.find('/', from);
    const size_t equals = relative.find('=', from);
    const bool there = slash != std::string::npos && equals < slash;
    ASSIGN_OR_RETURN(const auto name, Unescaped(there ? relative.substr(from, equals - from) : ""));
    if (!there || !SameIgnoringCase(name, column)) {
      return DataLoss(fmt::format("{} does not lie in a folder {}=...", path, column));
    }
    ASSIGN_OR_RETURN(const auto text, Unescaped(relative.substr(equals + 1, slash - equals - 1)));
    const auto& type = table.schema.fields[static_cast<size_t>(table.schema.IndexOf(column))].type;
    const bool null = text == delta::kNullPartition;
    ASSIGN_OR_RETURN(values[column],
                     delta::ParsePartitionValue(null ? std::nullopt : std::optional<std::string>(text), type));
    from = slash + 1;
  }
  return values;
}

}  // namespace

Result<std::vector<engine::File>> ListFiles(storage::Storage& storage, const Table& table) {
  ASSIGN_OR_RETURN(const auto found, storage.ListRecursive(table.location));
  ASSIGN_OR_RETURN(const auto marks, ReadMarks(storage, table.location, found));
  std::vector<engine::File> files;
  for (const auto& file : found) {
    const std::string relative = file.path.substr(table.location.size() + 1);
    if (storage::AnyHidden(relative) || marks.Hides(relative) || file.size_bytes == 0) continue;
    engine::File seen{file.path, file.size_bytes};
    ASSIGN_OR_RETURN(seen.partition_values, PartitionValues(table, relative, file.path));
    files.push_back(std::move(seen));
  }
  return files;
}

std::string PartitionOf(const Table& table, const std::string& path) {
  if (table.partition_columns.empty()) return "";
  const std::string relative = path.substr(table.location.size() + 1);
  size_t end = 0;
  for (size_t i = 0; i < table.partition_columns.size() && end != std::string::npos; ++i) {
    end = relative.find('/', i == 0 ? 0 : end + 1);
  }
  return relative.substr(0, end);
}

Result<std::vector<std::string>> PartitionsOf(storage::Storage& storage, const Table& table) {
  ASSIGN_OR_RETURN(const auto files, ListFiles(storage, table));
  std::set<std::string> partitions(table.empty_partitions.begin(), table.empty_partitions.end());
  for (const auto& file : files) partitions.insert(PartitionOf(table, file.path));
  return std::vector<std::string>(partitions.begin(), partitions.end());
}

Status FolderWrite::Begin() { return storage_.Put(fmt::format("{}/{}{}", folder_, kStarted, id_), "\n"); }

Status FolderWrite::Commit(const std::vector<engine::File>& replaced) {
  const std::string committed = fmt::format("{}/{}{}", folder_, kCommitted, id_);
  if (!replaced.empty()) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& file : replaced) list.push_back(file.path.substr(folder_.size() + 1));
    RETURN_IF_ERROR(storage_.Put(committed, list.dump() + "\n"));
  }
  RETURN_IF_ERROR(storage_.Remove(fmt::format("{}/{}{}", folder_, kStarted, id_)));
  for (const auto& file : replaced) RETURN_IF_ERROR(storage_.Remove(file.path));
  return replaced.empty() ? Ok() : storage_.Remove(committed);
}

// What cannot be removed stays hidden by the mark.
void FolderWrite::Abandon() {
  const auto files = storage_.ListRecursive(folder_);
  if (!files.ok()) return;
  const std::string mark = fmt::format("{}/{}{}", folder_, kStarted, id_);
  for (const auto& file : *files) {
    const bool written = file.path != mark && file.path.find(id_) != std::string::npos;
    if (written && !storage_.Remove(file.path).ok()) return;
  }
  (void)storage_.Remove(mark).ok();
}

}  // namespace tidemill::session
