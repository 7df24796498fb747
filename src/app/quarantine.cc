#include <fmt/format.h>

#include <cstdio>

#include "app/exit_code.h"
#include "app/load_job.h"
#include "app/program.h"
#include "app/row_format.h"
#include "app/run_job.h"
#include "job/replay.h"

namespace tidemill::app {
namespace {

// The quarantine table: the path itself, or the one beside the table of that path.
Result<std::string> QuarantinePath(Program& program, const std::string& given) {
  std::string path = program.AbsolutePath(given);
  const auto is_table = [&](const std::string& root) {
    const auto exists = delta::TableExists({program.storage.get(), program.checkpoints(), root});
    return exists.ok() && *exists;
  };
  if (is_table(path + "_quarantine")) return path + "_quarantine";
  if (!is_table(path)) return NotFound(fmt::format("neither {0} nor {0}_quarantine is a Delta table", given));
  const auto snapshot = delta::LoadSnapshot({program.storage.get(), program.checkpoints(), path});
  if (!snapshot.ok()) return snapshot.error();
  if ((*snapshot)->schema().IndexOf("run_key") < 0 || (*snapshot)->schema().IndexOf("reasons") < 0) {
    return NotFound(fmt::format("{} has no quarantine: no row of it was ever put aside", given));
  }
  return path;
}

int Query(Program& program, const QuarantineFlags& flags, const std::string& select, const std::string& rest) {
  const auto path = QuarantinePath(program, flags.path);
  if (!path.ok()) return Fail(path.error());
  auto environment = EnvironmentFor(program, flags.machine);
  if (!environment.ok()) return Fail(environment.error());
  const std::string no_tables = environment->temp_folder + "/no-warehouse";
  session::Session session(std::move(environment).value(), {program.folder, no_tables, {}});
  const std::string where = flags.run.empty() ? "" : "WHERE run_key = " + job::QuoteText(flags.run);
  const auto rows = session.Execute(
      fmt::format("SELECT {} FROM delta.{} {} {}", select, job::QuoteName(*path), where, rest), flags.limit);
  if (!rows.ok()) return Fail(rows.error());
  const std::string text = flags.json ? AsJson(*rows) : AsTable(*rows);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return kOk;
}

int Replay(Program& program, const QuarantineFlags& flags) {
  auto job = LoadJob(program, flags.job);
  if (job.ok() && job->app) job = InvalidArgument("a program for Spark puts no rows aside that could be replayed");
  if (!job.ok()) return Fail(job.error());
  auto environment = EnvironmentFor(program, flags.machine);
  if (!environment.ok()) return Fail(environment.error());
  auto replay = job::MakeReplay(*job, *environment);
  if (!replay.ok()) return Fail(replay.error());
  if (replay->rows == 0) {
    std::printf("the quarantine holds no row that can be replayed\n");
    return kOk;
  }
  RunRequest request;
  request.job = replay->job;
  request.windows = {std::nullopt};
  request.output = flags.output;
  request.machine = flags.machine;
  if (const int code = RunJob(program, request); code != kOk) return code;
  const auto left = job::FinishReplay(*job, *replay, *environment);
  if (!left.ok()) return Fail(left.error());
  std::printf("the replayed rows have left the quarantine\n");
  return kOk;
}

}  // namespace

int Quarantine(Program& program, const QuarantineFlags& flags) {
  switch (flags.what) {
    case QuarantineFlags::What::kLs:
      return Query(program, flags,
                   "run_key, window_start, window_end, reasons, count(*) AS rows, "
                   "max(quarantined_at) AS quarantined_at",
                   "GROUP BY run_key, window_start, window_end, reasons ORDER BY 6 DESC, 1, 4");
    case QuarantineFlags::What::kShow:
      return Query(program, flags,
                   "quarantined_at, reasons, coalesce(row, raw) AS row, source, file, line, "
                   "detail, run_key",
                   "ORDER BY 1 DESC, file, line");
    case QuarantineFlags::What::kReplay:
      return Replay(program, flags);
  }
  return kFailed;
}

}  // namespace tidemill::app
