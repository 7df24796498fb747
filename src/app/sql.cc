#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <iterator>

#include "app/exit_code.h"
#include "app/program.h"
#include "app/row_format.h"
#include "app/run_job.h"
#include "app/shell.h"
#include "session/session.h"
#include "sql/script.h"

namespace tidemill::app {
namespace {

struct OutputFormat {
  std::string_view name;
  std::string (*print)(const session::Answer&);
};
constexpr OutputFormat kFormats[] = {{"table", AsTable}, {"tsv", AsTsv}, {"csv", AsCsv}, {"json", AsJson}};

// The statements to run, when there are any to read before the shell asks for some.
Result<std::string> TextOf(Program& program, const SqlFlags& flags) {
  if (!flags.text.empty()) return flags.text;
  if (!flags.file.empty() && flags.file != "-") {
    return storage::ReadAll(*program.storage, program.AbsolutePath(flags.file));
  }
  return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

// As Hadoop names whoever runs Spark on a machine without Kerberos.
std::string UserOf(const Program& program) {
  const auto named = program.environment.find("HADOOP_USER_NAME");
  if (named != program.environment.end() && !named->second.empty()) return named->second;
  const passwd* entry = getpwuid(geteuid());
  return entry == nullptr ? "" : entry->pw_name;
}

// As `SET key = value` reads both.
std::string Trimmed(const std::string& text) {
  const size_t from = text.find_first_not_of(" \t\n");
  return from == std::string::npos ? "" : text.substr(from, text.find_last_not_of(" \t\n") + 1 - from);
}

Result<std::map<std::string, std::string>> ConfOf(const SqlFlags& flags) {
  std::map<std::string, std::string> conf;
  for (const auto& setting : flags.conf) {
    const size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      return InvalidArgument(fmt::format("--conf {} is not KEY=VALUE", setting));
    }
    conf[Trimmed(setting.substr(0, equals))] = Trimmed(setting.substr(equals + 1));
  }
  return conf;
}

// Where tables lie that last as long as the session: gone with it, and what a killed one left goes with the next.
class Warehouse {
 public:
  Warehouse(const Program& program, const SqlFlags& flags, const std::string& temp_folder) {
    if (!flags.warehouse.empty()) {
      folder_ = program.AbsolutePath(flags.warehouse);
      return;
    }
    folder_ = fmt::format("{}/{}-warehouse", temp_folder, getpid());
    temporary_ = true;
  }
  ~Warehouse() {
    std::error_code ignored;
    if (temporary_) std::filesystem::remove_all(folder_, ignored);
  }
  Warehouse(const Warehouse&) = delete;
  Warehouse& operator=(const Warehouse&) = delete;
  const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
  bool temporary_ = false;
};

void Print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

// Runs the statements one by one and prints what each gives. The exit code is the first failure's.
int RunScript(Program& program, const SqlFlags& flags, session::Session& session, std::string_view text) {
  const auto* format =
      std::find_if(std::begin(kFormats), std::end(kFormats), [&](const auto& f) { return f.name == flags.output; });
  int code = kOk;
  for (const auto statement : sql::SplitScript(text)) {
    const Micros start = program.clock.Monotonic();
    const auto answer = session.Execute(statement);
    if (format == std::end(kFormats)) {
      Print(AsJsonLine(statement, answer, program.clock.Monotonic() - start));
    } else if (answer.ok()) {
      Print(format->print(*answer));
    } else {
      std::fflush(stdout);
      const std::string place = sql::PointAt(statement, answer.error().at);
      if (!place.empty()) std::fprintf(stderr, "%s\n", place.c_str());
    }
    std::fflush(stdout);
    if (answer.ok()) continue;
    const int failed =
        format == std::end(kFormats) ? static_cast<int>(ExitCodeOf(answer.error())) : Fail(answer.error());
    if (code == kOk) code = failed;
    if (!flags.keep_going || failed == kInterrupted) break;
  }
  return code;
}

}  // namespace

int Sql(Program& program, const SqlFlags& flags) {
  const bool interactive = flags.text.empty() && flags.file.empty() && isatty(STDIN_FILENO) != 0;
  auto conf = ConfOf(flags);
  if (!conf.ok()) return Fail(conf.error());
  auto environment = EnvironmentFor(program, flags.machine);
  if (!environment.ok()) return Fail(environment.error());
  const Warehouse warehouse(program, flags, environment->temp_folder);
  session::Session session(std::move(environment).value(),
                           {program.folder, warehouse.folder(), std::move(conf).value(), UserOf(program)});
  if (interactive) {
    return Shell(program, session, [&](const std::string& text) { RunScript(program, flags, session, text); });
  }
  const auto text = TextOf(program, flags);
  return text.ok() ? RunScript(program, flags, session, *text) : Fail(text.error());
}

}  // namespace tidemill::app
