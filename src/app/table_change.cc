#include "app/table_change.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/exit_code.h"
#include "app/print_json.h"
#include "app/run_job.h"
#include "delta/restore.h"
#include "job/clone.h"
#include "job/optimize.h"
#include "job/recovery_store.h"
#include "job/vacuum.h"

namespace tidemill::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMostShown = 20;

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

// A lost race may be run again, and an unknown outcome is one of its own.
int FailedChange(const Error& error) {
  const int code = Fail(error);
  if (error.kind == ErrorKind::kAborted) return kConflict;
  return error.kind == ErrorKind::kUnavailable ? static_cast<int>(kUnknown) : code;
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
  auto environment = EnvironmentFor(program, flags.machine);
  if (!environment.ok()) return Fail(environment.error());
  const auto vacuum = job::RunVacuum(table, {retention, flags.force, flags.remove}, *environment);
  if (!vacuum.ok()) return FailedChange(vacuum.error());
  const bool remove = flags.remove && !vacuum->files.empty();
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

namespace {

// So that `tidemill recover` finds the clone, and knows how fast one is copied. A ledger that fails fails no clone.
void Remember(const Program& program, const TableFlags& flags, const std::string& table, const std::string& target,
              const job::CloneResult& clone, double seconds) {
  const auto store = job::RecoveryStore::Open(program.StatePath(flags.machine));
  const auto kept = !store.ok() ? Status(store.error())
                                : (*store)->Add({.kind = "clone",
                                                 .table = table,
                                                 .copy = target,
                                                 .version = clone.source_version,
                                                 .at = FormatTimestamp(program.clock.Now()),
                                                 .seconds = seconds,
                                                 .files = clone.files_copied,
                                                 .bytes = clone.bytes_copied,
                                                 .outcome = "done",
                                                 .report = "{}"});
  if (!kept.ok())
    std::fprintf(stderr, "tidemill: the ledger does not know of the clone: %s\n", kept.error().message.c_str());
}

}  // namespace

int CloneTable(Program& program, const delta::Table& table, const TableFlags& flags) {
  auto environment = EnvironmentFor(program, flags.machine);
  if (!environment.ok()) return Fail(environment.error());
  const delta::Table target{program.storage.get(), program.checkpoints(), program.AbsolutePath(flags.target)};
  const job::CloneOptions options{
      .as_of = {.version = flags.version}, .shallow = flags.shallow, .verify = flags.verify};
  const auto begun = std::chrono::steady_clock::now();
  const auto clone = job::CloneTable(table, target, options, *environment);
  if (!clone.ok()) return FailedChange(clone.error());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  if (!flags.shallow) Remember(program, flags, table.root, target.root, *clone, took.count());
  if (flags.json) {
    PrintJson({{"source_version", clone->source_version},
               {"version", clone->version},
               {"shallow", flags.shallow},
               {"rows", clone->rows < 0 ? Json(nullptr) : Json(clone->rows)},
               {"files_copied", clone->files_copied},
               {"bytes_copied", clone->bytes_copied},
               {"files_named", clone->files_named},
               {"files_found", clone->files_found},
               {"files_kept", clone->files_kept},
               {"files_removed", clone->files_removed},
               {"files_verified", clone->files_verified < 0 ? Json(nullptr) : Json(clone->files_verified)}});
    return kOk;
  }
  const std::string had = FormatCount(clone->files_kept + clone->files_found);
  if (clone->version < 0) {
    std::printf("nothing to do: the clone is of version %lld\n", static_cast<long long>(clone->source_version));
  } else if (flags.shallow) {
    std::printf("named %s files of version %lld, %s named before, %s removed; committed version %lld\n",
                FormatCount(clone->files_named).c_str(), static_cast<long long>(clone->source_version), had.c_str(),
                FormatCount(clone->files_removed).c_str(), static_cast<long long>(clone->version));
    std::printf(
        "note: the clone reads the source's files. `tidemill table vacuum` of the source keeps them; the vacuum "
        "of another program, or dropping the source, breaks the clone\n");
  } else {
    std::printf("cloned version %lld: %s copied and read back, %s there before, %s removed; committed version %lld\n",
                static_cast<long long>(clone->source_version), Files(clone->files_copied, clone->bytes_copied).c_str(),
                had.c_str(), FormatCount(clone->files_removed).c_str(), static_cast<long long>(clone->version));
  }
  if (flags.verify) {
    std::printf("verified: %s files%s %s\n", FormatCount(clone->files_verified).c_str(),
                clone->rows < 0 ? "" : fmt::format(", {} rows,", FormatCount(clone->rows)).c_str(),
                flags.shallow ? "are there, of their sizes" : "are byte for byte the source's");
  }
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
  for (const auto& column : flags.zorder) options.order.push_back(column);
  for (const auto& column : flags.cluster) options.order.push_back(column);
  if (!flags.cluster.empty()) options.curve = job::Curve::kHilbert;
  auto environment = EnvironmentFor(program, flags.machine);
  if (!environment.ok()) return Fail(environment.error());
  const auto target = job::OpenTarget(table.root, *environment);
  if (!target.ok()) return Fail(target.error());
  const auto result = flags.dry_run ? job::PlanOptimize(*target, options)
                                    : job::Optimize(*target, options, std::move(environment).value());
  if (!result.ok()) return FailedChange(result.error());
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
