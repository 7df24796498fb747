// A job without a file: the flags become a job file's text, so that everything that holds for one holds here too.
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/exit_code.h"
#include "app/program.h"
#include "app/run_job.h"
#include "job/parse.h"

namespace tidemill::app {
namespace {

struct Extension {
  std::string_view ending;
  std::string_view format;
  std::string_view delimiter;
};
constexpr Extension kExtensions[] = {
    {".csv", "csv", ""},     {".tsv", "csv", "\\t"}, {".psv", "csv", "|"},
    {".tbl", "csv", "|"},    {".json", "json", ""},  {".jsonl", "json", ""},
    {".ndjson", "json", ""}, {".txt", "text", ""},   {".parquet", "parquet", ""},
};
constexpr std::string_view kCompressed[] = {".gz", ".bz2", ".zst", ".zstd", ".snappy"};

// JSON's texts are YAML's double-quoted ones.
std::string Quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string QuotedList(const std::vector<std::string>& texts) {
  std::string list;
  for (const auto& text : texts) list += (list.empty() ? "" : ", ") + Quoted(text);
  return "[" + list + "]";
}

const Extension* ExtensionOf(std::string path) {
  for (const auto ending : kCompressed) {
    if (path.ends_with(ending)) path.resize(path.size() - ending.size());
  }
  for (const auto& extension : kExtensions) {
    if (path.ends_with(extension.ending)) return &extension;
  }
  return nullptr;
}

// The format by the first input's extension, that of the first file in a folder, or a Delta log.
Result<std::pair<std::string, std::string>> FormatOf(Program& program, const std::string& input) {
  using Pair = std::pair<std::string, std::string>;
  const std::string path = program.AbsolutePath(input);
  const auto* extension = ExtensionOf(path);
  if (extension == nullptr) {
    if (delta::Table table{program.storage.get(), nullptr, path}; program.storage->List(table.log_folder()).ok()) {
      ASSIGN_OR_RETURN(const auto log, program.storage->List(table.log_folder()));
      if (!log.empty()) return Pair("delta", "");
    }
    ASSIGN_OR_RETURN(const auto files, storage::Expand(*program.storage, path));
    for (const auto& file : files) {
      if (extension == nullptr) extension = ExtensionOf(file.path);
    }
  }
  if (extension == nullptr) {
    return InvalidArgument(fmt::format("what {} holds is not known by its extension; write --from-format", input));
  }
  return Pair(extension->format, extension->delimiter);
}

Result<std::string> JobText(Program& program, const ConvertFlags& flags) {
  const std::vector<std::string> inputs(flags.paths.begin(), flags.paths.end() - 1);
  std::pair<std::string, std::string> format(flags.from_format, "");
  if (flags.from_format.empty()) {
    ASSIGN_OR_RETURN(format, FormatOf(program, inputs.front()));
  }
  std::string text = "job: convert\nsources:\n  input:\n";
  text += fmt::format("    format: {}\n    path: {}\n", format.first, QuotedList(inputs));
  if (!flags.schema.empty()) text += fmt::format("    schema: {}\n", Quoted(flags.schema));
  if (format.first == "csv") {
    text += fmt::format("    header: {}\n", flags.no_header ? "false" : "true");
    const std::string delimiter = flags.delimiter.empty() ? format.second : flags.delimiter;
    if (!delimiter.empty()) text += fmt::format("    delimiter: {}\n", Quoted(delimiter));
    if (!flags.null_text.empty()) text += fmt::format("    null_text: {}\n", Quoted(flags.null_text));
  }
  if (format.first == "csv" || format.first == "json") text += fmt::format("    malformed: {}\n", flags.malformed);
  text += fmt::format("sink:\n  path: {}\n  format: {}\n  mode: {}\n  compression: {}\n", Quoted(flags.paths.back()),
                      flags.to_format, flags.mode, flags.compression);
  if (!flags.target_file_size.empty()) text += fmt::format("  target_file_size: {}\n", Quoted(flags.target_file_size));
  if (!flags.partition_by.empty()) text += fmt::format("  partition_by: {}\n", QuotedList(flags.partition_by));
  if (!flags.sort_by.empty()) text += fmt::format("  sort_by: {}\n", QuotedList(flags.sort_by));
  return text;
}

}  // namespace

int Convert(Program& program, const ConvertFlags& flags) {
  auto text = JobText(program, flags);
  if (!text.ok()) return Fail(text.error());
  job::ParseInput input;
  input.text = std::move(text).value();
  input.folder = program.folder;
  auto parsed = job::ParseJob(input);
  job::CheckSqlSyntax(parsed.job, parsed.diagnostics);
  for (const auto& diagnostic : parsed.diagnostics.Sorted()) {  // no file: the user wrote flags, not this text
    std::fprintf(stderr, "%s\n", diagnostic.ToString().c_str());
  }
  if (parsed.diagnostics.has_errors()) return kUsage;
  RunRequest request;
  request.job = std::move(parsed.job);
  request.windows = {std::nullopt};
  request.options.again = flags.again;
  request.output = flags.output;
  request.machine = flags.machine;
  return RunJob(program, request);
}

}  // namespace tidemill::app
