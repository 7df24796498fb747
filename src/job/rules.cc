#include "job/rules.h"

#include "base/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "document/shape.h"
#include "job/parse_app.h"

namespace tidemill::job {
using document::Diagnostics;
using document::Entry;
using document::Node;
using document::Place;
using document::Suggest;
namespace {

using Words = std::string_view;

constexpr Words kExpression[] = {"expression"};
constexpr Words kColumn[] = {"column"};
constexpr Words kColumns[] = {"column", "columns"};
constexpr Words kValues[] = {"values"};
constexpr Words kBounds[] = {"min", "max"};
constexpr Words kTo[] = {"to"};
constexpr Words kMaxAge[] = {"max_age"};

constexpr Words kExpressionKeys[] = {"expression", "where"};
constexpr Words kColumnsKeys[] = {"column", "columns", "where"};
constexpr Words kValuesKeys[] = {"column", "values", "where"};
constexpr Words kRangeKeys[] = {"column", "min", "max", "where"};
constexpr Words kReferenceKeys[] = {"column", "columns", "to", "where"};
constexpr Words kRowCountKeys[] = {"min", "max"};
constexpr Words kFreshnessKeys[] = {"column", "max_age"};

constexpr CheckRule kCheckRules[] = {
    {CheckKind::kExpression, {kExpression, {}}, kExpressionKeys},
    {CheckKind::kNotNull, {kColumns, {}}, kColumnsKeys},
    {CheckKind::kUnique, {kColumns, {}}, kColumnsKeys},
    {CheckKind::kAcceptedValues, {kColumn, kValues}, kValuesKeys},
    {CheckKind::kRange, {kColumn, kBounds}, kRangeKeys},
    {CheckKind::kReferences, {kColumns, kTo}, kReferenceKeys},
    {CheckKind::kRowCount, {kBounds, {}}, kRowCountKeys},
    {CheckKind::kFreshness, {kColumn, kMaxAge}, kFreshnessKeys},
};

constexpr Words kKindKeys[] = {"expression", "column", "columns", "values", "min", "max", "to", "max_age", "where"};

bool Contains(std::span<const Words> words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Which formats a source's key has a meaning for; keys not listed have one for all.
struct FormatRule {
  std::string_view key;
  std::string_view formats;
};
constexpr FormatRule kFormatRules[] = {
    {"header", "csv"},          {"delimiter", "csv"},
    {"quote", "csv"},           {"escape", "csv"},
    {"comment", "csv"},         {"null_text", "csv"},
    {"multi_line", "csv json"}, {"date_format", "csv json"},
    {"malformed", "csv json"},  {"timestamp_format", "csv json"},
    {"max_bad", "csv json"},    {"schema", "csv json parquet"},
    {"version", "delta"},       {"timestamp", "delta"},
};

class RuleChecker {
 public:
  RuleChecker(const Job& job, const Node& root, Diagnostics& out) : job_(job), root_(root), out_(out) {}

  void Run() {
    CheckNames();
    CheckSourceKeys();
    CheckWindow();
    CheckSteps();
    for (const Check& check : job_.checks) CheckCheck(check);
    if (root_.Find("sink") != nullptr) CheckSink();
  }

 private:
  // Where a key inside a section lies; the section itself when it is not there.
  Place At(std::initializer_list<std::string_view> path) const {
    const Node* node = &root_;
    for (const auto part : path) {
      const Node* next = node->Find(part);
      if (next == nullptr) break;
      node = next;
    }
    return node->at;
  }

  // Sources and steps share one name space; SQL ignores case.
  void CheckNames() {
    std::map<std::string, std::string> seen;
    const auto take = [&](const std::string& name, const Place& at, const std::string& path, const char* what) {
      if (name.empty()) return;
      const auto [there, fresh] = seen.emplace(LowerAscii(name), what);
      if (!fresh) out_.Error(at, path, fmt::format("there is a {} of that name already", there->second), "rename one");
    };
    for (const auto& source : job_.sources) take(source.name, source.at, "sources." + source.name, "source");
    for (const auto& step : job_.steps) take(step.name, step.at, fmt::format("steps[{}]", step.name), "step");
    std::set<std::string> checks;
    for (const auto& check : job_.checks) {
      if (!checks.insert(check.name).second) {
        out_.Error(check.at, fmt::format("checks[{}]", check.name), "there is a check of that name already",
                   "give one of them another `name`");
      }
    }
  }

  void CheckSourceKeys() {
    for (const auto& source : job_.sources) {
      const Node* node = root_.Find("sources")->Find(source.name);
      const Node* format = node->Find("format");
      if (format == nullptr || !FromName<SourceFormat>(format->text)) continue;
      const std::string path = "sources." + source.name;
      for (const Entry& entry : node->entries) CheckFormatKey(source, entry, path);
      CheckTextOptions(source, *node, path);
      if (source.version && source.timestamp) {
        out_.Error(At({"sources", source.name, "timestamp"}), path + ".timestamp", "`version` is given too",
                   "write one of them");
      }
      if (node->Find("max_bad") != nullptr && source.text.malformed != engine::Malformed::kQuarantine) {
        out_.Error(At({"sources", source.name, "max_bad"}), path + ".max_bad",
                   "has a meaning only with malformed: quarantine", "remove it");
      }
      for (const auto& text : source.paths) CheckPath(text, At({"sources", source.name, "path"}), path + ".path");
    }
  }

  void CheckFormatKey(const SourceSpec& source, const Entry& entry, const std::string& path) {
    for (const auto& rule : kFormatRules) {
      if (rule.key != entry.key) continue;
      if (rule.formats.find(Name(source.format)) == std::string_view::npos) {
        out_.Error(entry.at, path + "." + entry.key, fmt::format("has no meaning for format {}", Name(source.format)),
                   fmt::format("it is for {}", rule.formats));
      }
    }
  }

  void CheckTextOptions(const SourceSpec& source, const Node& node, const std::string& path) {
    const auto one_byte = [&](const char* key, const std::string& value, bool may_be_empty) {
      if (node.Find(key) == nullptr || value.size() == 1 || (may_be_empty && value.empty())) return;
      out_.Error(node.Find(key)->at, fmt::format("{}.{}", path, key), fmt::format("'{}' is not one character", value));
    };
    one_byte("quote", source.text.quote, true);
    one_byte("escape", source.text.escape, true);
    one_byte("comment", source.text.comment, true);
    if (source.format != SourceFormat::kCsv) return;
    if (source.text.delimiter.find_first_of("\r\n") != std::string::npos) {
      out_.Error(At({"sources", source.name, "delimiter"}), path + ".delimiter", "a line break cannot separate fields");
    } else if (!source.text.quote.empty() && source.text.delimiter == source.text.quote) {
      out_.Error(At({"sources", source.name, "delimiter"}), path + ".delimiter", "is the same as `quote`",
                 "choose another");
    }
  }

  void CheckPath(const std::string& path, const Place& at, const std::string& key) {
    if (path.find('\0') != std::string::npos || path.find('\n') != std::string::npos) {
      out_.Error(at, key, "a path cannot hold a zero byte or a line break");
    } else if (const size_t scheme = path.find("://"); scheme != std::string::npos && path.substr(0, scheme) != "s3") {
      out_.Error(at, key, fmt::format("'{}' paths cannot be read or written", path.substr(0, scheme)),
                 "use a path on this machine, or s3://bucket/key");
    }
  }

  void CheckWindow() {
    if (!job_.window) return;
    const auto& window = *job_.window;
    if (!window.source.empty() && job_.FindSource(window.source) == nullptr) {
      out_.Error(At({"window", "source"}), "window.source", fmt::format("there is no source '{}'", window.source),
                 Suggest(window.source, SourceNames()));
    }
    if (job_.sink.mode == SinkMode::kOverwrite) {
      out_.Error(At({"sink", "mode"}), "sink.mode", "overwrite with a window: each window would replace all others",
                 "write overwrite_partitions, or remove `window`");
    }
  }

  std::vector<std::string> SourceNames() const {
    std::vector<std::string> names;
    for (const auto& source : job_.sources) names.push_back(source.name);
    return names;
  }

  void CheckSteps() {
    if (!job_.steps.empty() || job_.sources.size() < 2) return;
    out_.Error(root_.at, "steps", fmt::format("there are {} sources but no step", job_.sources.size()),
               "add a step whose SQL says what goes to the sink");
  }

  void CheckCheck(const Check& check) {
    const std::string path = fmt::format("checks[{}]", check.name);
    if (check.of_table() && check.on_fail == OnFail::kQuarantine) {
      out_.Error(check.at, path + ".on_fail",
                 fmt::format("kind {} tests the whole output, so no row can be quarantined", Name(check.kind)),
                 "write warn or fail");
    }
    if (check.of_table() && check.max_bad != 0) {
      out_.Error(check.at, path + ".max_bad", fmt::format("has no meaning for kind {}", Name(check.kind)), "remove it");
    }
    if (check.kind == CheckKind::kRowCount) CheckRowCount(check, path);
    if (check.kind != CheckKind::kReferences || check.to.empty()) return;
    std::vector<std::string> names = SourceNames();
    for (const auto& step : job_.steps) names.push_back(step.name);
    if (std::find(names.begin(), names.end(), check.to) == names.end()) {
      out_.Error(check.at, path + ".to", fmt::format("there is no source or step '{}'", check.to),
                 Suggest(check.to, names));
    }
    if (!check.to_columns.empty() && check.columns.size() != check.to_columns.size()) {
      out_.Error(check.at, path + ".to",
                 fmt::format("{} columns refer to {}", check.columns.size(), check.to_columns.size()),
                 "name as many columns on both sides");
    }
  }

  void CheckRowCount(const Check& check, const std::string& path) {
    const auto bad = [](const std::optional<std::string>& bound) {
      return bound && (bound->empty() || bound->find_first_not_of("0123456789") != std::string::npos);
    };
    if (bad(check.min) || bad(check.max)) {
      out_.Error(check.at, path, "`min` and `max` of kind row_count are whole numbers");
    } else if (check.min && check.max && std::stold(*check.min) > std::stold(*check.max)) {
      out_.Error(check.at, path, fmt::format("min {} is more than max {}", *check.min, *check.max), "swap them");
    }
  }

  void CheckSink() {
    const Sink& sink = job_.sink;
    CheckPath(sink.path, At({"sink", "path"}), "sink.path");
    CheckMode(sink);
    CheckDoubles();
    constexpr int64_t kMb = int64_t{1} << 20;
    if (sink.target_file_bytes < kMb || sink.target_file_bytes > 5 * 1024 * kMb) {
      out_.Error(At({"sink", "target_file_size"}), "sink.target_file_size", "is not between 1MB and 5GB",
                 "128MB to 1GB is good");
    } else if (sink.target_file_bytes < 128 * kMb || sink.target_file_bytes > 1024 * kMb) {
      out_.Warning(At({"sink", "target_file_size"}), "sink.target_file_size",
                   fmt::format("{} is outside 128 MB to 1 GB", FormatBytes(sink.target_file_bytes)));
    }
    CheckPlaces(sink);
  }

  void CheckMode(const Sink& sink) {
    if (sink.mode == SinkMode::kMerge && sink.keys.empty()) {
      out_.Error(At({"sink", "mode"}), "sink.keys", "mode merge needs the columns that identify a row",
                 "add keys: [column]");
    } else if (sink.mode != SinkMode::kMerge && !sink.keys.empty()) {
      out_.Error(At({"sink", "keys"}), "sink.keys", fmt::format("has no meaning for mode {}", Name(sink.mode)),
                 "write mode: merge, or remove it");
    }
    if (sink.mode == SinkMode::kOverwritePartitions && sink.partition_by.empty()) {
      out_.Error(At({"sink", "mode"}), "sink.mode", "overwrite_partitions without partition_by would replace the table",
                 "add partition_by, or write mode: overwrite");
    }
    if (sink.format != SinkFormat::kParquet) return;
    if (sink.mode == SinkMode::kMerge || sink.mode == SinkMode::kOverwritePartitions) {
      out_.Error(At({"sink", "mode"}), "sink.mode", fmt::format("{} needs a Delta table", Name(sink.mode)),
                 "write format: delta, or mode append or overwrite");
    }
    if (sink.merge_schema) {
      out_.Error(At({"sink", "schema_evolution"}), "sink.schema_evolution", "needs a Delta table",
                 "write format: delta");
    }
  }

  void CheckDoubles() {
    std::set<std::string> seen;
    for (const auto& column : job_.sink.partition_by) {
      if (!seen.insert(LowerAscii(column.name)).second) {
        out_.Error(At({"sink", "partition_by"}), "sink.partition_by", fmt::format("'{}' is there twice", column.name));
      }
    }
    seen.clear();
    for (const auto& key : job_.sink.keys) {
      if (!seen.insert(LowerAscii(key)).second) {
        out_.Error(At({"sink", "keys"}), "sink.keys", fmt::format("'{}' is there twice", key));
      }
    }
  }

  // A sink inside a source, or a quarantine inside its table, would eat its own output.
  void CheckPlaces(const Sink& sink) {
    const std::string table = job_.Resolve(sink.path);
    const std::string quarantine = job_.Resolve(sink.quarantine);
    const auto inside = [](const std::string& path, const std::string& folder) {
      return path == folder || path.starts_with(folder + "/");
    };
    if (!sink.path.empty() && inside(quarantine, table)) {
      out_.Error(At({"sink", "quarantine"}), "sink.quarantine", "lies inside the table's folder",
                 "put it beside the table");
    }
    for (const auto& source : job_.sources) {
      for (const auto& path : source.paths) {
        if (sink.path.empty() || path.empty() || source.format == SourceFormat::kDelta) continue;
        const std::string resolved = job_.Resolve(path);
        if (inside(table, resolved) || inside(resolved, table)) {
          out_.Error(At({"sink", "path"}), "sink.path",
                     fmt::format("overlaps with the path of source '{}'", source.name),
                     "write the table to another folder");
        }
      }
    }
  }

  const Job& job_;
  const Node& root_;
  Diagnostics& out_;
};

}  // namespace

namespace {

// What a view can't have, and what it must.
void CheckView(const Job& job, const Node& root, Diagnostics& out) {
  constexpr std::pair<const char*, const char*> kForeign[] = {{"", "window"},        {"", "checks"},
                                                              {"sink", "mode"},      {"sink", "keys"},
                                                              {"sink", "sort_by"},   {"sink", "schema_evolution"},
                                                              {"sink", "quarantine"}};
  for (const auto& [section, key] : kForeign) {
    const Node* in = *section == '\0' ? &root : root.Find(section);
    const Node* found = in != nullptr && in->is_map() ? in->Find(key) : nullptr;
    if (found == nullptr) continue;
    out.Error(found->at, fmt::format("{}{}{}", section, *section == '\0' ? "" : ".", key), "has no meaning for a view",
              "remove it");
  }
  for (const auto& source : job.sources) {
    if (source.format == SourceFormat::kDelta) continue;
    out.Error(source.at, fmt::format("sources.{}.format", source.name), "a view reads Delta tables alone",
              "load the files into a table first, and read that");
  }
  if (job.sink.format != SinkFormat::kDelta) {
    out.Error(job.sink.at, "sink.format", "a view is kept as a Delta table", "write delta");
  }
  for (const auto& column : job.sink.partition_by) {
    if (column.part.empty()) continue;
    out.Error(job.sink.at, "sink.partition_by", "a view is partitioned by columns of its query",
              fmt::format("make {} a column of the last step", column.name));
  }
}

}  // namespace

const CheckRule& RuleOf(CheckKind kind) {
  return *std::find_if(std::begin(kCheckRules), std::end(kCheckRules), [&](const auto& r) { return r.kind == kind; });
}

bool IsKeyOfOtherKinds(const CheckRule& rule, std::string_view key) {
  return Contains(kKindKeys, key) && !Contains(rule.allowed, key);
}

void CheckRules(const Job& job, const Node& root, Diagnostics& out) {
  if (job.app) return CheckApp(job, out);
  if (job.view) CheckView(job, root, out);
  RuleChecker(job, root, out).Run();
}

}  // namespace tidemill::job
