#include "engine/spark/application.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/spark/application_text.h"

namespace tidemill::engine::spark {
namespace {

constexpr const char* kExtension = "io.delta.sql.DeltaSparkSessionExtension";
constexpr const char* kCatalog = "org.apache.spark.sql.delta.catalog.DeltaCatalog";

// The Delta that is made for a Spark; by the beginning of Spark's version.
struct DeltaVersion {
  std::string_view spark;
  std::string_view package;
};
constexpr DeltaVersion kDeltaVersions[] = {
    {"3.5.", "io.delta:delta-spark_2.12:3.3.2"},
    {"4.0.", "io.delta:delta-spark_2.13:4.0.0"},
    {"4.1.", "io.delta:delta-spark_2.13:4.1.0"},
};

// ---- Python constants ----

std::string Literal(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}
std::string Literal(const std::string& text) { return Literal(std::string_view(text)); }
std::string Literal(const char* text) = delete;  // it would be a bool
std::string Literal(bool value) { return value ? "True" : "False"; }
std::string Literal(double value) { return fmt::format("{}", value); }
std::string Literal(int64_t value) { return fmt::format("{}", value); }

// SQL of several lines stays readable where Python can hold it as it is.
std::string SqlLiteral(const std::string& text) {
  const bool plain = text.find("\"\"\"") == std::string::npos && !text.ends_with('"') && !text.ends_with('\\') &&
                     std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 && c != '\n'; });
  if (text.find('\n') == std::string::npos || !plain) return Literal(text);
  return "r\"\"\"\n" + text + (text.ends_with('\n') ? "" : "\n") + "\"\"\"";
}

template <typename Items, typename Write>
std::string Joined(const Items& items, std::string_view separator, Write write) {
  std::string out;
  for (const auto& item : items) {
    if (!out.empty()) out += separator;
    out += write(item);
  }
  return out;
}

std::string Commas(const std::vector<std::string>& items) {
  return Joined(items, ",", [](const auto& item) { return item; });
}

std::string List(const std::vector<std::string>& items) {
  return "[" + Joined(items, ", ", [](const auto& item) { return Literal(item); }) + "]";
}

// A list with an item a line.
template <typename Items, typename Write>
std::string Lines(std::string_view name, const Items& items, Write write) {
  if (items.empty()) return fmt::format("{} = []\n", name);
  return fmt::format("{} = [\n    {},\n]\n", name, Joined(items, ",\n    ", write));
}

template <typename Map>
std::string Dict(std::string_view name, const Map& map) {
  if (map.empty()) return fmt::format("{} = {{}}\n", name);
  return fmt::format("{} = {{\n    {},\n}}\n", name, Joined(map, ",\n    ", [](const auto& entry) {
                       return Literal(entry.first) + ": " + Literal(entry.second);
                     }));
}

// ---- The job's constants ----

using Options = std::vector<std::pair<std::string, std::string>>;

void AddTextOptions(const AppSource& source, Options& options) {
  const TextOptions& text = source.text;
  const TextOptions defaults;
  const bool csv = source.format == "csv";
  if (csv) {
    options.emplace_back("header", text.header ? "true" : "false");
    // Names in the header must be the schema's: columns that moved would load wrong.
    if (text.header && !source.schema_ddl.empty()) options.emplace_back("enforceSchema", "false");
    if (text.delimiter != defaults.delimiter) options.emplace_back("sep", text.delimiter);
    if (text.quote != defaults.quote) options.emplace_back("quote", text.quote);
    if (text.escape != defaults.escape) options.emplace_back("escape", text.escape);
    if (!text.comment.empty()) options.emplace_back("comment", text.comment);
    if (!text.null_text.empty()) options.emplace_back("nullValue", text.null_text);
  }
  if (!csv && source.format != "json") return;
  if (text.multi_line) options.emplace_back("multiLine", "true");
  if (!text.date_format.empty()) options.emplace_back("dateFormat", text.date_format);
  if (!text.timestamp_format.empty()) options.emplace_back("timestampFormat", text.timestamp_format);
}

std::string_view Word(Malformed malformed) {
  switch (malformed) {
    case Malformed::kFail:
      return "fail";
    case Malformed::kDrop:
      return "drop";
    case Malformed::kQuarantine:
      return "quarantine";
  }
  return "";
}

std::string SourceLiteral(const AppSource& source) {
  Options options;
  AddTextOptions(source, options);
  if (source.version) options.emplace_back("versionAsOf", std::to_string(*source.version));
  if (source.timestamp) options.emplace_back("timestampAsOf", FormatTimestamp(*source.timestamp));
  const std::string option_text =
      Joined(options, ", ", [](const auto& entry) { return Literal(entry.first) + ": " + Literal(entry.second); });
  return fmt::format(
      "{{\"name\": {}, \"format\": {}, \"paths\": {},\n     \"options\": {{{}}},\n     \"malformed\": {}, \"max_bad\": "
      "{},\n     \"schema\": {}}}",
      Literal(source.name), Literal(source.format), List(source.paths), option_text,
      Literal(Word(source.text.malformed)), Literal(source.max_bad), Literal(source.schema_ddl));
}

std::string CheckHead(const AppCheck& check) {
  return fmt::format("{{\"name\": {}, \"kind\": {}, \"on_fail\": {}, \"max_bad\": {}", Literal(check.name),
                     Literal(check.kind), Literal(check.on_fail), Literal(check.max_bad));
}

std::vector<AppCheck> OfKind(const Application& application, std::string_view kind) {
  std::vector<AppCheck> checks;
  for (const auto& check : application.checks) {
    const bool of_rows = check.kind != "row_count" && check.kind != "freshness";
    if (kind == "rows" ? of_rows : check.kind == kind) checks.push_back(check);
  }
  return checks;
}

std::string Checks(const Application& application) {
  std::string out = Lines("ROW_CHECKS", OfKind(application, "rows"), [](const AppCheck& check) {
    return fmt::format("{},\n     \"predicate\": {},\n     \"join\": {}}}", CheckHead(check),
                       SqlLiteral(check.predicate), Literal(check.join));
  });
  out += Lines("ROW_COUNTS", OfKind(application, "row_count"), [](const AppCheck& check) {
    return fmt::format("{}, \"min\": {}, \"max\": {}}}", CheckHead(check), check.min.value_or("None"),
                       check.max.value_or("None"));
  });
  return out + Lines("FRESHNESS", OfKind(application, "freshness"), [](const AppCheck& check) {
           return fmt::format("{}, \"column\": {}, \"max_age_s\": {}}}", CheckHead(check), Literal(check.column),
                              check.max_age.count() / 1'000'000);
         });
}

std::string_view Codec(Compression compression) {
  switch (compression) {
    case Compression::kSnappy:
      return "snappy";
    case Compression::kZstd:
      return "zstd";
    case Compression::kGzip:
      return "gzip";
    case Compression::kNone:
      return "uncompressed";
  }
  return "snappy";
}

// What the rows and the files depend on; a job's own settings come last and win.
std::string Conf(const Application& application) {
  std::map<std::string, std::string> conf = {
      {"spark.sql.session.timeZone", application.time_zone},
      {"spark.sql.ansi.enabled", application.ansi ? "true" : "false"},
      {"spark.sql.csv.parser.columnPruning.enabled", "false"},  // every field is judged, used or not
      {"spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS"},
      {"spark.sql.parquet.compression.codec", std::string(Codec(application.sink.compression))},
      {"spark.databricks.delta.replaceWhere.constraintCheck.enabled", "false"},  // new bad rows have the new run's key
  };
  for (const auto& [key, value] : application.conf) conf[key] = value;
  return Dict("CONF", conf);
}

std::string WindowLiteral(const Application& application) {
  if (!application.window) return "WINDOW = None\n";
  const auto bare = [](Timestamp time) {  // 2013-01-01T05:00:00Z as SQL writes it before a zone
    std::string text = FormatTimestamp(time);
    std::replace(text.begin(), text.end(), 'T', ' ');
    if (text.ends_with('Z')) text.pop_back();
    return text;
  };
  return fmt::format("WINDOW = {{\"column\": {}, \"source\": {}, \"start\": {}, \"end\": {}}}\n",
                     Literal(application.window->column), Literal(application.window_source),
                     Literal(bare(application.window->from)), Literal(bare(application.window->to)));
}

std::string Constant(std::string_view name, const std::string& literal) {
  return fmt::format("{} = {}\n", name, literal);
}

std::string SinkConstants(const AppSink& sink) {
  std::string out = Constant("TABLE", Literal(sink.table)) + Constant("QUARANTINE", Literal(sink.quarantine)) +
                    Constant("MODE", Literal(sink.mode)) + Constant("KEYS", List(sink.keys)) +
                    Constant("PARTITION_BY", List(sink.partition_by));
  out += Lines("TIME_PARTS", sink.time_parts, [](const AppColumn& column) {
    return fmt::format("({}, {})", Literal(column.name), Literal(column.sql));
  });
  out += Constant("SORT_BY", "[" + Joined(sink.sort_by, ", ", [](const auto& key) {
                               return fmt::format("({}, {})", Literal(key.first), Literal(key.second));
                             }) + "]");
  return out + Constant("TARGET_FILE_BYTES", Literal(sink.target_file_bytes)) +
         Constant("MERGE_SCHEMA", Literal(sink.merge_schema));
}

std::string Constants(const Application& application) {
  std::string out = Constant("JOB", Literal(application.job)) + Constant("RUN_KEY", Literal(application.run_key)) +
                    Constant("SLICE_PREFIX", Literal(application.slice_prefix)) +
                    Constant("JOB_PREFIX", Literal(application.job_prefix)) + WindowLiteral(application);
  out += Dict("SETTINGS", DeltaSettings()) + Conf(application) + "\n";
  out += Lines("SOURCES", application.sources, SourceLiteral) + "\n";
  out += Lines("STEPS", application.steps, [](const AppStep& step) {  // name, cached, SQL
    return fmt::format("({}, {}, {})", Literal(step.name), Literal(step.cached), SqlLiteral(step.sql));
  });
  return out + Constant("LAST", Literal(application.last)) + "\n" + Checks(application) + "\n" +
         SinkConstants(application.sink);
}

std::string Quoted(const std::string& word) {
  const bool plain = std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return std::isalnum(c) || std::string_view("-_./:=,").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain && !word.empty()) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// `words`: what follows the job's name, as the shell reads it.
std::string Script(const std::string& job, const std::string& what, const std::string& jars, const std::string& exports,
                   const std::string& words) {
  std::string packages;
  for (const auto& known : kDeltaVersions) packages += fmt::format("  {}*) delta={} ;;\n", known.spark, known.package);
  return fmt::format(
      "#!/bin/sh\n"
      "# Job {}: starts {}. Words given here go to spark-submit: ./submit.sh --master yarn\n"
      "# DELTA_JARS: Delta's jars, with commas; without it they are fetched for the version of Spark.\n"
      "set -eu\n"
      "submit=${{SPARK_HOME:+$SPARK_HOME/bin/}}spark-submit\n"
      "version=$(\"$submit\" --version 2>&1 | sed -n 's/.*version \\([34]\\.[0-9.]*\\).*/\\1/p' | head -n 1)\n"
      "case $version in\n{}"
      "  *) echo \"Spark '$version' has no Delta that is known here; use Spark 3.5, 4.0 or 4.1\" >&2; exit 2 ;;\n"
      "esac\n"
      "if [ -n \"${{DELTA_JARS:-}}\" ]; then set -- --jars \"$DELTA_JARS\"{} \"$@\"; else set -- --packages "
      "\"$delta\"{} "
      "\"$@\"; fi\n"
      "{}exec \"$submit\" --name {} \"$@\" {}\n",
      job, what, packages, jars.empty() ? "" : "," + Quoted(jars), jars.empty() ? "" : " --jars " + Quoted(jars),
      exports, Quoted("tidemill " + job), words);
}

}  // namespace

const std::map<std::string, std::string>& DeltaSettings() {
  static const auto* settings = new std::map<std::string, std::string>{{"spark.sql.catalog.spark_catalog", kCatalog},
                                                                       {"spark.sql.extensions", kExtension}};
  return *settings;
}

std::string PythonText(const Application& application) {
  return fmt::format(
      "#!/usr/bin/env python3\n\"\"\"Job {}, run key {}.\n\nOne PySpark application, made by Tidemill {}: sources, "
      "steps, checks, quarantine and one commit that carries the\nrun key. Running it again changes nothing. Start it "
      "with submit.sh, or with spark-submit and Delta's jars.\nWhat happens is told as JSON lines on the standard "
      "output.\n\"\"\"{}\n{}{}",
      application.job, application.run_key, application.tidemill_version, kImports, Constants(application), kProgram);
}

Result<std::string> DeltaPackage(const std::string& spark_version) {
  for (const auto& known : kDeltaVersions) {
    if (spark_version.starts_with(known.spark)) return std::string(known.package);
  }
  return Unimplemented(
      fmt::format("Spark {} has no Delta that is known here; use Spark 3.5, 4.0 or 4.1", spark_version));
}

std::vector<std::string> SubmitArguments(const std::string& job, const std::string& spark_version,
                                         const std::vector<std::string>& delta_jars,
                                         const std::vector<std::string>& jars) {
  std::vector<std::string> words = {"--name", "tidemill " + job}, all = delta_jars;
  all.insert(all.end(), jars.begin(), jars.end());
  if (!all.empty()) words.insert(words.end(), {"--jars", Commas(all)});
  const auto package = DeltaPackage(spark_version);
  if (delta_jars.empty() && package.ok()) words.insert(words.end(), {"--packages", *package});
  return words;
}

std::string SubmitScript(const Application& application) {
  return Script(application.job, "app.py beside this file", "", "", "\"$(dirname \"$0\")/app.py\"");
}

std::vector<std::string> ProgramWords(const Program& program) {
  std::vector<std::string> words;
  if (!program.main_class.empty()) words.insert(words.end(), {"--class", program.main_class});
  if (!program.py_files.empty()) words.insert(words.end(), {"--py-files", Commas(program.py_files)});
  if (!program.files.empty()) words.insert(words.end(), {"--files", Commas(program.files)});
  for (const auto& [key, value] : program.conf) words.insert(words.end(), {"--conf", key + "=" + value});
  words.push_back(program.file);
  words.insert(words.end(), program.args.begin(), program.args.end());
  return words;
}

std::string SubmitScript(const Program& program) {
  std::string exports, words;
  for (const auto& [name, value] : program.environment) exports += fmt::format("export {}={}\n", name, Quoted(value));
  for (const auto& word : ProgramWords(program)) words += (words.empty() ? "" : " ") + Quoted(word);
  return Script(program.job, program.file, Commas(program.jars), exports, words);
}

}  // namespace tidemill::engine::spark
