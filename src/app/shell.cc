#include "app/shell.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <map>

#include "app/exit_code.h"
#include "app/line_editor.h"
#include "app/sql_completion.h"
#include "plan/value.h"
#include "sql/script.h"

namespace tidemill::app {
namespace {

constexpr const char* kPrompt = "tidemill> ";
constexpr const char* kContinued = "       -> ";
constexpr const char* kHelp = R"(Statements are Spark SQL and end in a semicolon; they may go over several lines.
  SELECT * FROM csv.`in/*.csv`;       a file or folder is a table: csv, json, parquet, delta
  SHOW TABLES;  DESCRIBE t;           what there is
  SET spark.sql.ansi.enabled=false;   settings
  source FILE                         the statements of a file
  help, quit                          also exit, Ctrl-D
Keys: Tab completes, Up recalls, Ctrl-R searches, Ctrl-C forgets the statement, or stops it while it runs.
)";

using List = SqlNames::List;

// One column of what a statement gives, as text.
List Column(session::Session& session, const std::string& statement, size_t column) {
  List names;
  const auto answer = session.Execute(statement);
  if (!answer.ok() || answer->rows.schema.fields.size() <= column) return names;
  for (const auto& row : answer->rows.rows) {
    names.push_back(plan::ToSparkText(row[column], answer->rows.schema.fields[column].type));
  }
  return names;
}

List ColumnsOf(session::Session& session, const std::string& table) {
  List names;
  const auto answer = session.Execute("SELECT * FROM " + table, 0);
  if (!answer.ok()) return names;
  for (const auto& field : answer->rows.schema.fields) names.push_back(field.name);
  return names;
}

List FilesIn(const std::string& folder) {
  List names;
  std::error_code failure;
  for (auto at = std::filesystem::directory_iterator(folder, failure);
       !failure && at != std::filesystem::directory_iterator(); at.increment(failure)) {
    std::error_code ignored;
    names.push_back(at->path().filename().string() + (at->is_directory(ignored) ? "/" : ""));
  }
  return names;
}

SqlNames NamesOf(Program& program, session::Session& session) {
  SqlNames names;
  names.databases = [&] { return Column(session, "SHOW DATABASES", 0); };
  names.tables = [&](const std::string& database) {
    return Column(session, database.empty() ? "SHOW TABLES" : "SHOW TABLES IN " + database, 1);
  };
  names.columns = [&](const std::string& table) { return ColumnsOf(session, table); };
  names.functions = [&] { return Column(session, "SHOW SYSTEM FUNCTIONS", 0); };
  names.files = [&](const std::string& folder) {
    return FilesIn(folder.empty() ? program.folder : program.AbsolutePath(folder));
  };
  return names;
}

// $TIDEMILL_HISTORY, or the folder for such files; empty where there is no home.
std::string HistoryFile(Program& program) {
  const auto& environment = program.environment;
  const auto value = [&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  };
  if (environment.contains("TIDEMILL_HISTORY")) return value("TIDEMILL_HISTORY");
  if (!value("XDG_STATE_HOME").empty()) return value("XDG_STATE_HOME") + "/tidemill/history";
  return value("HOME").empty() ? "" : value("HOME") + "/.local/state/tidemill/history";
}

// A line that is a word of the shell, not SQL: without its semicolon and the spaces around.
std::string ShellWord(const std::string& line) {
  const size_t from = line.find_first_not_of(" \t");
  const size_t to = line.find_last_not_of(" \t;");
  return from == std::string::npos || to == std::string::npos || to < from ? "" : line.substr(from, to + 1 - from);
}

}  // namespace

int Shell(Program& program, session::Session& session, const std::function<void(const std::string& text)>& run) {
  const auto names = NamesOf(program, session);
  std::string statement;  // the lines of it so far, each with its end
  LineEditor editor(HistoryFile(program), [&](std::string_view before, std::string_view after) {
    return CompleteSql(statement + std::string(before), after, statement.size(), names);
  });
  std::printf("Tidemill %s, Spark SQL. Statements end in a semicolon; `help` says more.\n", program.version.c_str());
  const auto answer = [&](const std::string& text) {
    const Micros start = program.clock.Monotonic();
    run(text);
    program.cancel->store(false);  // Ctrl-C stopped the statement, not the shell
    std::printf("(%.3f s)\n", static_cast<double>((program.clock.Monotonic() - start).count()) / 1e6);
  };
  for (std::string line;;) {
    const auto typed = editor.Read(statement.empty() ? kPrompt : kContinued, &line);
    if (typed == LineEditor::Typed::kEnd) {
      std::printf("\n");
      return program.cancel->load() ? kInterrupted : kOk;
    }
    if (typed == LineEditor::Typed::kInterrupt) {
      statement.clear();
      continue;
    }
    if (statement.empty()) {
      const std::string word = ShellWord(line);
      if (word.empty()) continue;
      if (word == "quit" || word == "exit") return kOk;
      if (word == "help") {
        std::printf("%s", kHelp);
        continue;
      }
      if (word.starts_with("source ")) {
        editor.Remember(word);
        const auto text = storage::ReadAll(*program.storage, program.AbsolutePath(ShellWord(word.substr(7))));
        if (text.ok()) answer(*text);
        if (!text.ok()) Fail(text.error());
        continue;
      }
    }
    statement += line + "\n";
    if (!sql::EndsStatement(statement)) continue;
    editor.Remember(sql::OnOneLine(statement));
    answer(std::exchange(statement, ""));
  }
}

}  // namespace tidemill::app
