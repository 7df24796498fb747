#include "job/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

#include "delta/history.h"

namespace tidemill::job {
namespace {

std::optional<std::string> TagOf(const delta::Add& add, const char* tag) {
  const auto found = add.tags.find(tag);
  return found == add.tags.end() ? std::nullopt : found->second;
}

int64_t NumberOf(const std::optional<std::string>& text) {
  int64_t number = -1;
  if (text) std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

Error Incomplete(const std::string& key) {
  return FailedPrecondition(
      fmt::format("the files of the earlier run {} are no longer in the table as it wrote them (compacted or deleted "
                  "since), so its "
                  "rows cannot be taken out; delete them with SQL and run with --again",
                  key));
}

// The log's commits that bear on run keys: which keys were taken out again, and which commits added no file.
struct Past {
  std::vector<std::string> replaced;
  std::vector<std::string> empty;
};

Past ReadPast(const std::vector<delta::HistoryEntry>& history) {
  Past past;
  for (const auto& entry : history) {
    const auto json = nlohmann::json::parse(entry.info.tidemill, nullptr, false);
    if (json.is_object() && json.contains("replaced")) {
      for (const auto& key : json["replaced"]) past.replaced.push_back(key.get<std::string>());
    }
    const auto files = entry.info.operation_metrics.find("numFiles");
    if (files == entry.info.operation_metrics.end() || files->second != "0") continue;
    for (const auto& txn : entry.txns) past.empty.push_back(txn.app_id);
  }
  return past;
}

bool Contains(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// Every file of every commit of this key is live: each commit said how many there are.
Status CheckWhole(const std::vector<delta::Add>& files, const delta::Txn& txn) {
  std::map<int64_t, std::pair<int64_t, int64_t>> commits;  // version -> live, written
  for (const auto& add : files) {
    auto& [live, written] = commits[NumberOf(TagOf(add, kRunVersionTag))];
    ++live;
    written = NumberOf(TagOf(add, kRunFilesTag));
  }
  const bool whole = commits.contains(txn.version) &&
                     std::all_of(commits.begin(), commits.end(),
                                 [](const auto& commit) { return commit.second.first == commit.second.second; });
  return whole ? Ok() : Status(Incomplete(txn.app_id));
}

Status CollectReplaced(const Target& target, const std::vector<delta::Txn>& earlier, Proceed& proceed) {
  std::optional<Past> past;
  for (const auto& txn : earlier) {
    const auto files = target.snapshot->FilesTagged(kRunTag, txn.app_id);
    if (files.empty()) {
      if (!past) {
        ASSIGN_OR_RETURN(const auto history, delta::ReadHistory(target.table));
        past = ReadPast(history);
      }
      if (!Contains(past->replaced, txn.app_id) && !Contains(past->empty, txn.app_id)) return Incomplete(txn.app_id);
      continue;
    }
    RETURN_IF_ERROR(CheckWhole(files, txn));
    proceed.replaced.insert(proceed.replaced.end(), files.begin(), files.end());
    proceed.replaced_keys.push_back(txn.app_id);
  }
  return Ok();
}

// A window that is there and shares time with this one without being it. "all" shares time with every window.
Status RefuseOverlap(const delta::Snapshot& snapshot, const RunKey& key) {
  for (const auto& txn : snapshot.TxnsWithPrefix(RunKey::JobPrefix(key.job))) {
    const auto other = RunKey::Parse(txn.app_id);
    if (!other || !Overlap(key, *other)) continue;
    return FailedPrecondition(fmt::format(
        "the window {} overlaps with {}, which this job has in the table already: its rows would be there twice; run "
        "windows that do not overlap, or add them nevertheless with --again",
        WindowText(key.window), WindowText(other->window)));
  }
  return Ok();
}

}  // namespace

Result<Target> OpenTarget(const std::string& folder, const RunEnvironment& environment) {
  Target target{{environment.storage, environment.checkpoints, folder}, nullptr};
  ASSIGN_OR_RETURN(const bool exists, delta::TableExists(target.table));
  if (exists) {
    ASSIGN_OR_RETURN(target.snapshot, delta::LoadSnapshot(target.table));
  }
  return target;
}

bool IsCommitted(const delta::Snapshot* snapshot, const std::string& run_key, int64_t txn_version) {
  const delta::Txn* txn = snapshot == nullptr ? nullptr : snapshot->FindTxn(run_key);
  return txn != nullptr && txn->version >= txn_version;
}

Result<Standing> Settle(const Target& target, const RunKey& key, SinkMode mode, const RunOptions& options) {
  if (options.replace && mode != SinkMode::kAppend) {
    return InvalidArgument(
        fmt::format("--replace is for mode append; mode {} replaces rows itself, so write --again", Name(mode)));
  }
  if (target.snapshot == nullptr) return Standing(Proceed{});
  const auto earlier = target.snapshot->TxnsWithPrefix(key.SlicePrefix());
  Proceed proceed;
  for (const auto& txn : earlier) proceed.txn_version = std::max(proceed.txn_version, txn.version + 1);
  if (options.again) return Standing(proceed);
  if (options.replace) {
    RETURN_IF_ERROR(CollectReplaced(target, earlier, proceed));
    return Standing(proceed);
  }
  const delta::Txn* mine = target.snapshot->FindTxn(key.ToString());
  if (mine != nullptr && mine->version + 1 == proceed.txn_version) {
    ASSIGN_OR_RETURN(const auto version, delta::FindTxnVersion(target.table, key.ToString()));
    return Standing(AlreadyThere{version.value_or(-1)});
  }
  if (mode != SinkMode::kAppend) return Standing(proceed);
  if (!earlier.empty()) {
    return FailedPrecondition(
        fmt::format("the job has changed since it appended the window {}; write --replace to take those rows out in "
                    "the same commit, "
                    "or --again to add the new ones beside them",
                    WindowText(key.window)));
  }
  RETURN_IF_ERROR(RefuseOverlap(*target.snapshot, key));
  return Standing(proceed);
}

}  // namespace tidemill::job
