#include "app/table_change.h"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/exit_code.h"
#include "app/run_job.h"
#include "delta/restore.h"
#include "delta/vacuum.h"
#include "job/optimize.h"

namespace tidemill::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMostShown = 20;

void PrintJson(const Json& json) {
  std::printf("%s\n", json.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
}

std::string Files(int64_t files, int64_t bytes) {
  return fmt::format("{} file{}, {}", FormatCount(files), files == 1 ? "" : "s", FormatBytes(bytes));
}

// The version of the commit, or the exit code after its end was told.
std::variant<int64_t, int> VersionOf(const Result<delta::CommitOutcome>& outcome) {
  if (!outcome.ok()) return Fail(outcome.error());
  if (const auto* conflict = std::get_if<delta::Conflict>(&*outcome)) {
    std::fprintf(stderr, "tidemill: the table changed meanwhile: %s; try again\n", conflict->message.c_str());
    return static_cast<int>(kConflict);
  }
  if (const auto* unknown = std::get_if<delta::Unknown>(&*outcome)) {
    std::fprintf(stderr,
                 "tidemill: whether the commit is in the table is not known: %s; `tidemill table history` tells\n",
                 unknown->message.c_str());
    return static_cast<int>(kUnknown);
  }
  return std::get<delta::Committed>(*outcome).version;
}

delta::CommitDescription VacuumDescription(const std::string& operation, const delta::Vacuum& vacuum,
                                           const std::string& version) {
  delta::CommitDescription description;
  description.operation = operation;
  description.engine_info = "Tidemill/" + version;
  if (operation == "VACUUM START") {
    description.parameters = {{"specifiedRetentionMillis", std::to_string(vacuum.retention.count() / 1000)}};
    description.metrics = {{"numFilesToDelete", std::to_string(vacuum.files.size())},
                           {"sizeOfDataToDelete", std::to_string(vacuum.bytes)}};
  } else {
    description.parameters = {{"status", "COMPLETED"}};
    description.metrics = {{"numDeletedFiles", std::to_string(vacuum.files.size())}};
  }
  return description;
}

// A commit that changes nothing and tells something, as Delta's own vacuum leaves them.
Result<delta::CommitOutcome> Tell(Program& program, const delta::Table& table, delta::CommitDescription description) {
  ASSIGN_OR_RETURN(const auto snapshot, delta::LoadSnapshot(table));
  auto transaction = delta::Transaction::Begin(snapshot);
  transaction.Describe(std::move(description));
  return transaction.Commit(program.clock, program.random);
}

}  // namespace

int RestoreTable(Program& program, const delta::Table& table, const TableFlags& flags) {
  if (!flags.version && flags.timestamp.empty())
    return Fail(InvalidArgument("say where to: --version N or --timestamp TIME"));
  delta::AsOf as_of{flags.version, std::nullopt};
  if (!flags.timestamp.empty()) {
    const auto time = ParseTimestamp(flags.timestamp);
    if (!time.ok()) return Fail(time.error());
    as_of.timestamp = *time;
  }
  const auto then = delta::LoadSnapshot(table, as_of), now = delta::LoadSnapshot(table);
  if (!then.ok()) return Fail(then.error());
  if (!now.ok()) return Fail(now.error());
  auto restore = delta::PlanRestore(*now, *then, "Tidemill/" + program.version);
  if (!restore.ok()) return Fail(restore.error());
  int64_t version = -1;
  if (!flags.dry_run) {
    delta::CommitOptions options;
    options.rows_conform = true;  // the rows were in the table before
    const auto made = VersionOf(restore->transaction.Commit(program.clock, program.random, options));
    if (const int* code = std::get_if<int>(&made)) return *code;
    version = std::get<int64_t>(made);
  }
  if (flags.json) {
    PrintJson({{"restored", (*then)->version()},
               {"version", version},
               {"added_files", restore->added_files},
               {"added_bytes", restore->added_bytes},
               {"removed_files", restore->removed_files},
               {"removed_bytes", restore->removed_bytes},
               {"applications", restore->forgotten}});
    return kOk;
  }
  std::printf("%s version %lld: %s come back, %s go%s\n", flags.dry_run ? "would restore" : "restored",
              static_cast<long long>((*then)->version()), Files(restore->added_files, restore->added_bytes).c_str(),
              Files(restore->removed_files, restore->removed_bytes).c_str(),
              flags.dry_run ? "" : fmt::format("; committed version {}", version).c_str());
  for (size_t i = 0; i < restore->forgotten.size() && i < kMostShown; ++i) {
    std::printf("note: %s committed since; its rows are gone, and it runs again only with --again\n",
                restore->forgotten[i].c_str());
  }
  return kOk;
}

int VacuumTable(Program& program, const delta::Table& table, const TableFlags& flags) {
  std::optional<Micros> retention;
  if (!flags.retain.empty()) {
    // ParseDuration takes no zero, which is what a forced vacuum of everything says.
    const auto parsed =
        flags.retain == "0" || flags.retain == "0h" ? Result<Micros>(Micros(0)) : ParseDuration(flags.retain);
    if (!parsed.ok()) return Fail(parsed.error());
    retention = *parsed;
  }
  const auto snapshot = delta::LoadSnapshot(table);
  if (!snapshot.ok()) return Fail(snapshot.error());
  const auto vacuum = delta::PlanVacuum(**snapshot, retention, flags.force, program.clock.Now());
  if (!vacuum.ok()) return Fail(vacuum.error());
  const bool remove = flags.remove && !vacuum->files.empty();
  if (remove) {
    // Refused here when the table has a writer feature that is not known, before anything is removed.
    const auto began = VersionOf(Tell(program, table, VacuumDescription("VACUUM START", *vacuum, program.version)));
    if (const int* code = std::get_if<int>(&began)) return *code;
    for (const auto& file : vacuum->files) {
      if (*program.cancel) return kInterrupted;
      if (const auto removed = table.storage->Remove(file.path); !removed.ok()) return Fail(removed.error());
    }
    const auto ended = VersionOf(Tell(program, table, VacuumDescription("VACUUM END", *vacuum, program.version)));
    if (const int* code = std::get_if<int>(&ended)) return *code;
  }
  if (flags.json) {
    Json files = Json::array();
    for (const auto& file : vacuum->files) files.push_back(file.path);
    PrintJson({{"removed", remove}, {"bytes", vacuum->bytes}, {"files", files}});
    return kOk;
  }
  if (!remove) {
    for (size_t i = 0; i < vacuum->files.size() && i < kMostShown; ++i)
      std::printf("%s\n", vacuum->files[i].path.c_str());
    if (vacuum->files.size() > kMostShown) std::printf("... and %zu more\n", vacuum->files.size() - kMostShown);
  }
  std::printf("%s %s; versions of the last %s keep all of theirs%s\n", remove ? "removed" : "could remove",
              Files(std::ssize(vacuum->files), vacuum->bytes).c_str(), FormatDuration(vacuum->retention).c_str(),
              remove || vacuum->files.empty() ? "" : "; --delete removes them");
  return kOk;
}

int OptimizeTable(Program& program, const delta::Table& table, const TableFlags& flags) {
  job::OptimizeOptions options;
  if (!flags.target_size.empty()) {
    const auto size = ParseBytes(flags.target_size);
    if (!size.ok()) return Fail(size.error());
    options.target_file_bytes = *size;
  }
  for (const auto& text : flags.partitions) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos) return Fail(InvalidArgument("--where is COLUMN=VALUE, not '" + text + "'"));
    options.partition.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  auto environment = EnvironmentFor(program, flags.machine);
  if (!environment.ok()) return Fail(environment.error());
  const auto target = job::OpenTarget(table.root, *environment);
  if (!target.ok()) return Fail(target.error());
  const auto result = flags.dry_run ? job::PlanOptimize(*target, options)
                                    : job::Optimize(*target, options, std::move(environment).value());
  if (!result.ok()) {
    const int code = Fail(result.error());
    return result.error().kind == ErrorKind::kAborted ? static_cast<int>(kConflict) : code;
  }
  if (flags.json) {
    PrintJson({{"version", result->version},
               {"files_before", result->files_before},
               {"bytes_before", result->bytes_before},
               {"files_after", result->files_after},
               {"bytes_after", result->bytes_after},
               {"rows", result->rows}});
  } else if (result->files_before == 0) {
    std::printf("nothing to do: no partition has several small files, and none many deleted rows\n");
  } else if (flags.dry_run) {
    std::printf("would rewrite %s\n", Files(result->files_before, result->bytes_before).c_str());
  } else {
    std::printf("%s became %s, with the same %s rows; committed version %lld\n",
                Files(result->files_before, result->bytes_before).c_str(),
                Files(result->files_after, result->bytes_after).c_str(), FormatCount(result->rows).c_str(),
                static_cast<long long>(result->version));
  }
  return kOk;
}

}  // namespace tidemill::app
