#include "job/table_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "delta/check.h"
#include "delta/history_check.h"
#include "delta/path.h"
#include "delta/snapshot.h"
#include "delta/statistics_check.h"
#include "job/measure_files.h"
#include "job/target.h"

namespace tidemill::job {
namespace {

using Anomaly = delta::Anomaly::Kind;

constexpr const char* kFromACopy = "bring the file back from a copy (`tidemill recover plan` shows where one is)";
constexpr const char* kTakeOut = "--repair takes it out of the table, whose newest version then lacks its rows";
constexpr const char* kDrop = "--repair --drop-damaged takes it out of the table and leaves the file where it is";
constexpr const char* kNewCheckpoint = "--repair sets it aside and writes a new checkpoint";

struct Cure {
  std::string_view kind;
  Mend mend;
  const char* words;      // one thing to do
  const char* otherwise;  // another
};
constexpr Cure kCures[] = {
    {"missing-file", Mend::kTakeOut, kFromACopy, kTakeOut},
    {"truncated-file", Mend::kDrop, kFromACopy, kDrop},
    {"wrong-size", Mend::kDrop, kFromACopy, kDrop},
    {"missing-vector", Mend::kDrop, kFromACopy, kDrop},
    {"broken-vector", Mend::kDrop, kFromACopy, kDrop},
    {"unreadable-file", Mend::kDrop, kFromACopy, kDrop},
    {"wrong-row-count", Mend::kDrop, kFromACopy, kDrop},
    {"bad-path", Mend::kNone,
     "of a shallow clone: `tidemill table clone SOURCE HERE --shallow` makes it known to its source",
     "else the commit that named it is not to be trusted: `tidemill table restore`"},
    {"broken-log", Mend::kNone, "bring the named file back from a copy",
     "`tidemill recover run` takes a table back from its clone"},
    {"touched-file", Mend::kNone, "--deep reads it", "`tidemill diff` compares the table with a clone"},
    {"orphan", Mend::kNone, "`tidemill table vacuum` removes it once it is older than the table's retention", nullptr},
    {"temporary", Mend::kNone, "remove it when no writer is at work", nullptr},
    {"wrong-statistics", Mend::kStatistics, "--repair --deep writes the right ones into the log; no file changes",
     nullptr},
    {"null-in-column", Mend::kNone, "change or delete those rows",
     "`ALTER TABLE ... ALTER COLUMN ... DROP NOT NULL` allows them"},
    {"gap", Mend::kNone, kFromACopy, "`tidemill recover run` takes a table back from its clone"},
    {"broken-commit", Mend::kNone, kFromACopy, "`tidemill recover run` takes a table back from its clone"},
    {"stale-checkpoint", Mend::kCheckpoint, kNewCheckpoint, nullptr},
    {"broken-checkpoint", Mend::kCheckpoint, kNewCheckpoint, nullptr},
    {"wrong-hint", Mend::kHint, "--repair writes a new checkpoint, and this with it", nullptr},
    {"wrong-checksum", Mend::kSetAside, "--repair sets it aside", nullptr},
};
// Of what a writer did that keeps to no protocol.
constexpr Cure kHistoryCure = {"", Mend::kNone, "`tidemill table history` tells who wrote it",
                               "`tidemill table restore --version` takes the table back to before"};

const Cure& CureOf(std::string_view kind) {
  const auto found = std::ranges::find(kCures, kind, &Cure::kind);
  return found == std::end(kCures) ? kHistoryCure : *found;
}

// Anomalies of the log's files; the others are of what writers did.
bool OfTheLogItself(Anomaly kind) {
  return kind == Anomaly::kGap || kind == Anomaly::kBrokenCommit || kind == Anomaly::kStaleCheckpoint ||
         kind == Anomaly::kBrokenCheckpoint || kind == Anomaly::kWrongHint || kind == Anomaly::kWrongChecksum;
}

class TableChecker {
 public:
  TableChecker(const delta::Table& table, const TableCheckOptions& options, RunEnvironment& environment)
      : table_(table), options_(options), environment_(environment) {}

  Result<TableCheck> Run() {
    ASSIGN_OR_RETURN(const auto files, delta::Check(table_));
    check_.version = files.version;
    check_.files_checked = files.files_checked;
    check_.bytes_checked = files.bytes_checked;
    if (check_.version >= 0) {
      ASSIGN_OR_RETURN(snapshot_, delta::LoadSnapshot(table_, {.version = check_.version}));
      for (const auto& add : snapshot_->files()) live_[add.path] = &add;
    }
    const auto history = delta::CheckHistory(table_);
    if (!history.ok() && history.error().kind != ErrorKind::kDataLoss) return history.error();
    if (history.ok()) {
      for (const auto& anomaly : history->anomalies) Take(anomaly, history->last_version);
    }
    const bool log_told = std::ranges::any_of(check_.findings, [](const auto& finding) { return !finding.harmless; });
    for (const auto& finding : files.findings) {
      if (finding.kind == delta::Finding::Kind::kBrokenLog && log_told) continue;  // said above, of the file itself
      Find(delta::FindingName(finding.kind), {.harmless = finding.harmless(),
                                              .path = finding.path,
                                              .logged = finding.logged,
                                              .message = finding.message,
                                              .size_bytes = finding.size_bytes});
    }
    if (options_.deep && snapshot_ != nullptr) RETURN_IF_ERROR(ReadRows());
    return std::move(check_);
  }

 private:
  TableFinding& Find(std::string_view kind, TableFinding finding) {
    const Cure& cure = CureOf(kind);
    finding.kind = kind;
    finding.mend = cure.mend;
    finding.cure = cure.words;
    if (cure.otherwise != nullptr) finding.cure += fmt::format("; {}", cure.otherwise);
    const auto add = live_.find(finding.logged);
    if (add != live_.end() && finding.mend != Mend::kNone && finding.mend != Mend::kStatistics) {
      if (const auto run = add->second->tags.find(kRunTag); run != add->second->tags.end() && run->second) {
        finding.cure +=
            fmt::format("; its rows are of the run {}, which `tidemill run --replace` writes anew", *run->second);
      }
    }
    check_.findings.push_back(std::move(finding));
    return check_.findings.back();
  }

  void Take(const delta::Anomaly& anomaly, int64_t last_version) {
    if (!OfTheLogItself(anomaly.kind) && !options_.history) return;
    if (anomaly.kind == Anomaly::kBrokenVector) return;  // told of the file
    auto& finding = Find(delta::AnomalyName(anomaly.kind),
                         {.version = anomaly.version, .path = anomaly.path, .message = anomaly.message});
    if (anomaly.kind != Anomaly::kGap && anomaly.kind != Anomaly::kBrokenCommit) return;
    if (check_.version >= 0) {
      finding.cure = fmt::format(
          "bring it back from a copy; the newest version does not need it, but versions from {} "
          "to {} cannot be read without it",
          anomaly.version, FirstReadableFrom(anomaly.version) - 1);
    } else if (anomaly.version == last_version && anomaly.version > 0) {
      finding.mend = Mend::kLastCommit;
      finding.cure = fmt::format("--repair sets it aside: the newest version is then {}", anomaly.version - 1);
    }
  }

  // The oldest version after `version` that can be put together; the newest when nothing else is known.
  int64_t FirstReadableFrom(int64_t version) const {
    return std::max(version + 1, snapshot_ == nullptr ? version + 1 : snapshot_->checkpoint_version());
  }

  // What is known to be unreadable is not read.
  Status ReadRows() {
    std::set<std::string> bad;
    for (const auto& finding : check_.findings) {
      if (!finding.harmless) bad.insert(finding.logged);
    }
    std::vector<const delta::Add*> files;
    for (const auto& add : snapshot_->files()) {
      if (!bad.contains(add.path)) files.push_back(&add);
    }
    ASSIGN_OR_RETURN(const auto measured, MeasureFiles(*snapshot_, files, environment_));
    check_.rows_checked = 0;
    for (const auto* add : files) {
      const auto found = measured.find(add->path);
      if (found == measured.end()) continue;
      ASSIGN_OR_RETURN(const auto path, snapshot_->PathOf(*add));
      if (!found->second.ok()) {
        Find("unreadable-file", {.path = path,
                                 .logged = add->path,
                                 .message = found->second.error().message,
                                 .size_bytes = add->size_bytes});
        continue;
      }
      check_.rows_checked += *found->second->num_records;
      CompareFile(*add, path, *found->second);
    }
    return Ok();
  }

  void CompareFile(const delta::Add& add, const std::string& path, const delta::FileStatistics& measured) {
    const auto& schema = snapshot_->schema();
    const auto logged = delta::ParseStatistics(add.stats.value_or(""), schema, snapshot_->column_mapping());
    const bool has_vector = add.deletion_vector.has_value();
    bool wrong_columns = false;
    for (const auto& wrong : delta::CompareStatistics(logged, measured, schema, has_vector)) {
      wrong_columns |= !wrong.column.empty();
      Find(wrong.column.empty() ? "wrong-row-count" : "wrong-statistics",
           {.path = path, .logged = add.path, .message = wrong.message, .size_bytes = add.size_bytes});
      if (wrong.column.empty()) return;  // another file's rows: the rest says nothing
    }
    if (wrong_columns) {
      check_.statistics[add.path] =
          delta::CorrectedStatistics(logged, measured, schema, snapshot_->column_mapping(), has_vector);
    }
    for (const auto& field : schema.fields) {
      const auto column = measured.columns.find(field.name);
      if (field.nullable || column == measured.columns.end() || column->second.null_count.value_or(0) == 0) continue;
      Find("null-in-column",
           {.path = path,
            .logged = add.path,
            .message = fmt::format("{} is NOT NULL, and has {} NULLs", field.name, *column->second.null_count)});
    }
  }

  const delta::Table& table_;
  const TableCheckOptions& options_;
  RunEnvironment& environment_;
  delta::SnapshotPtr snapshot_;
  std::map<std::string, const delta::Add*> live_;
  TableCheck check_;
};

}  // namespace

int64_t TableCheck::damages() const {
  return std::ranges::count_if(findings, [](const auto& finding) { return !finding.harmless; });
}

Result<TableCheck> CheckTable(const delta::Table& table, const TableCheckOptions& options,
                              RunEnvironment& environment) {
  return TableChecker(table, options, environment).Run();
}

}  // namespace tidemill::job
