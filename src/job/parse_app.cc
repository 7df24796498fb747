#include "job/parse_app.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/sha256.h"
#include "document/shape.h"
#include "job/app.h"

namespace tidemill::job {
namespace {

bool IsHere(const std::string& path) { return path.find("://") == std::string::npos; }

// Every {name} in a text that looks like a placeholder.
std::vector<std::string> Placeholders(std::string_view text) {
  std::vector<std::string> names;
  for (size_t open = text.find('{'); open != std::string_view::npos; open = text.find('{', open + 1)) {
    const size_t close = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_.", open + 1);
    if (close != std::string_view::npos && text[close] == '}' && close > open + 1) {
      names.emplace_back(text.substr(open + 1, close - open - 1));
    }
  }
  return names;
}

}  // namespace

App ReadApp(const document::Reader& top, const Job& job,
            const std::function<Result<std::string>(const std::string& path)>& read_file, document::Diagnostics& out) {
  App app;
  app.at = top.At("app");
  app.file = top.Text("app");
  app.main_class = top.Text("main_class");
  app.args = top.Texts("args");
  app.py_files = top.Texts("py_files");
  app.jars = top.Texts("jars");
  app.files = top.Texts("files");
  app.reads = top.Texts("reads");
  if (!read_file) return app;
  std::string digests;
  const auto digest = [&](const std::string& path, std::string_view key) {
    if (path.empty() || !IsHere(path)) return;
    const auto bytes = read_file(job.Resolve(path));
    if (!bytes.ok()) return out.Error(top.At(key), std::string(key), bytes.error());
    digests += Sha256Hex(*bytes) + "\n";
  };
  digest(app.file, "app");
  for (const auto& path : app.py_files) digest(path, "py_files");
  for (const auto& path : app.jars) digest(path, "jars");
  app.digest = digests.empty() ? "" : Sha256Hex(digests);
  return app;
}

void CheckApp(const Job& job, document::Diagnostics& out) {
  const App& app = *job.app;
  const bool python = app.file.ends_with(".py"), jar = app.file.ends_with(".jar");
  if (!app.file.empty() && !python && !jar) {
    out.Error(app.at, "app", fmt::format("'{}' is neither a .py nor a .jar file", app.file));
  }
  if (!app.main_class.empty() && python) {
    out.Error(app.at, "main_class", "has a meaning for a .jar alone", "remove it");
  }
  if (!app.py_files.empty() && jar) out.Error(app.at, "py_files", "has a meaning for a .py alone", "remove it");
  std::vector<std::string> known;
  for (const auto& [name, _] : AppValues(job, KeyOf(job, std::nullopt), "", 0)) known.push_back(name);
  for (const auto& argument : app.args) {
    for (const auto& name : Placeholders(argument)) {
      if (name.starts_with("window.") && !job.window) {
        out.Error(app.at, "args", fmt::format("{{{}}} is given, and the job has no window", name),
                  "add window: {size: 1d}");
      } else if (std::find(known.begin(), known.end(), name) == known.end()) {
        out.Warning(app.at, "args", fmt::format("{{{}}} is nothing that a run fills in, and stays as it is", name),
                    document::Suggest(name, known));
      }
    }
  }
}

}  // namespace tidemill::job
