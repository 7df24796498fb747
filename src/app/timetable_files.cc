#include "app/timetable_files.h"

#include <fmt/format.h>

#include <cstdio>

#include "job/parse.h"

namespace tidemill::app {
namespace {

constexpr const char* kScheduleFile = "schedule.yaml";

struct SourceText {
  std::string name;  // for messages
  std::string text;
};

// Jobs without a schedule are left out; a mistake in any file is a mistake of the whole.
Result<LoadedSchedule> Assemble(Program& program, const SourceText& schedule, const std::vector<SourceText>& files,
                                const std::string& folder, bool for_alerts = false) {
  document::Diagnostics diagnostics;
  const auto zones = ZonesOfMachine(program);
  LoadedSchedule loaded;
  loaded.folder = folder;
  loaded.file = scheduler::ParseScheduleFile(schedule.text, schedule.name, for_alerts ? &program.environment : nullptr,
                                             zones, diagnostics);
  std::vector<document::Diagnostic> said;
  int errors = 0;
  for (const auto& file : files) {
    job::ParseInput input;
    input.text = file.text;
    input.file = file.name;
    input.folder = folder;
    input.variables = program.environment;
    input.read_file = [&](const std::string& path) { return storage::ReadAll(*program.storage, path); };
    job::ParsedJob parsed = job::ParseJob(input);
    job::CheckSqlSyntax(parsed.job, parsed.diagnostics);
    for (auto& diagnostic : parsed.diagnostics.Sorted()) said.push_back(std::move(diagnostic));
    errors += parsed.diagnostics.errors();
    if (parsed.job.schedule && !parsed.job.name.empty()) loaded.jobs.push_back(std::move(parsed.job));
  }
  scheduler::AddJobs(loaded.jobs, zones, loaded.file.timetable, diagnostics);
  for (const auto& names : {loaded.file.faults.poisoned, loaded.file.faults.skewed, loaded.file.faults.over_budget}) {
    for (const auto& name : names) {
      if (loaded.file.timetable.Find(name) >= 0) continue;
      diagnostics.Error({schedule.name, 0, 0}, "simulate", fmt::format("there is no scheduled job '{}'", name));
    }
  }
  for (auto& diagnostic : diagnostics.Sorted()) said.push_back(std::move(diagnostic));
  errors += diagnostics.errors();
  for (const auto& diagnostic : said) std::fprintf(stderr, "%s\n", diagnostic.ToString().c_str());
  if (errors > 0) {
    return InvalidArgument(fmt::format("the schedule has {} mistake{}", errors, errors == 1 ? "" : "s"));
  }
  if (loaded.file.timetable.jobs.empty()) {
    return InvalidArgument(fmt::format("no job file in {} has a `schedule`", folder));
  }
  return loaded;
}

}  // namespace

scheduler::ReadZone ZonesOfMachine(Program& program) {
  return [&program](const std::string& name) {
    const auto given = program.environment.find("TZDIR");
    const std::string folder = given == program.environment.end() ? "/usr/share/zoneinfo" : given->second;
    return storage::ReadAll(*program.storage, folder + "/" + name, 1 << 20);
  };
}

Result<LoadedSchedule> LoadSchedule(Program& program, const std::string& path, bool for_alerts) {
  std::string absolute = program.AbsolutePath(path);
  SourceText schedule{path, ""};
  std::string shown = path;  // the folder, as messages begin
  if (program.storage->Stat(absolute + "/" + kScheduleFile).ok()) {
    absolute += std::string("/") + kScheduleFile;
    schedule.name += (path.ends_with('/') ? "" : "/") + std::string(kScheduleFile);
  } else {
    const auto slash = path.rfind('/');
    if (absolute.ends_with(".yaml")) shown = slash == std::string::npos ? "." : path.substr(0, slash);
  }
  const bool file = absolute.ends_with(".yaml");
  const std::string folder = file ? absolute.substr(0, std::max<size_t>(absolute.rfind('/'), 1)) : absolute;
  if (file) {
    ASSIGN_OR_RETURN(schedule.text, storage::ReadAll(*program.storage, absolute, 1 << 24));
  }
  document::Diagnostics ignored;  // said by Assemble
  auto globs =
      scheduler::ParseScheduleFile(schedule.text, schedule.name, nullptr, ZonesOfMachine(program), ignored).jobs;
  if (globs.empty()) globs.push_back("*.yaml");
  std::vector<SourceText> files;
  for (const auto& glob : globs) {
    auto found = storage::Expand(*program.storage, job::ResolvePath(folder, glob));
    if (!found.ok()) return InvalidArgument(fmt::format("no job file matches {} in {}", glob, shown));
    for (const auto& info : *found) {
      // What `cluster init` writes beside the jobs is none of them.
      if (info.path == absolute || info.path.ends_with("/cluster.yaml")) continue;
      ASSIGN_OR_RETURN(auto text, storage::ReadAll(*program.storage, info.path, 1 << 24));
      const bool inside = info.path.starts_with(folder + "/");
      files.push_back(
          {inside ? (shown.ends_with('/') ? shown : shown + "/") + info.path.substr(folder.size() + 1) : info.path,
           std::move(text)});
    }
  }
  return Assemble(program, schedule, files, folder, for_alerts);
}

Result<LoadedSchedule> LoadNightExample(Program& program) {
  SourceText schedule;
  std::vector<SourceText> files;
  for (const auto& [name, text] : NightExample()) {
    const SourceText file{std::string("examples/night/") + name, text};
    if (std::string(name) == kScheduleFile) {
      schedule = file;
    } else {
      files.push_back(file);
    }
  }
  return Assemble(program, schedule, files, program.AbsolutePath("examples/night"));
}

}  // namespace tidemill::app
