#include "app/load_job.h"

#include <fmt/format.h>

#include <cstdio>

#include "app/timetable_files.h"
#include "job/parse.h"

namespace tidemill::app {

Result<job::Job> LoadJob(Program& program, const JobFlags& flags) {
  const std::string path = program.AbsolutePath(flags.file);
  auto text = storage::ReadAll(*program.storage, path);
  if (!text.ok()) {
    if (text.error().kind != ErrorKind::kNotFound) return text.error();
    return InvalidArgument(
        fmt::format("there is no job file {}; `tidemill init {}` writes one", flags.file, flags.file));
  }
  job::ParseInput input;
  input.text = std::move(text).value();
  input.file = flags.file;
  input.folder = path.substr(0, std::max<size_t>(path.rfind('/'), 1));
  input.variables = program.environment;
  input.profile = flags.profile;
  input.settings = flags.settings;
  input.read_file = [&](const std::string& file) { return storage::ReadAll(*program.storage, file); };
  job::ParsedJob parsed = job::ParseJob(input);
  job::CheckSqlSyntax(parsed.job, parsed.diagnostics);
  scheduler::CheckSchedule(parsed.job, ZonesOfMachine(program), parsed.diagnostics);
  for (const auto& diagnostic : parsed.diagnostics.Sorted()) {
    std::fprintf(stderr, "%s\n", diagnostic.ToString().c_str());
  }
  if (!parsed.diagnostics.has_errors()) return std::move(parsed.job);
  const int errors = parsed.diagnostics.errors();
  return InvalidArgument(fmt::format("{} has {} mistake{}", flags.file, errors, errors == 1 ? "" : "s"));
}

}  // namespace tidemill::app
