#include "job/parse.h"

#include "base/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>

#include "document/overlay.h"
#include "document/reader.h"
#include "document/shape.h"
#include "document/yaml.h"
#include "job/keys.h"
#include "job/parse_app.h"
#include "job/parse_schedule.h"
#include "job/rules.h"

namespace tidemill::job {
using document::ApplyProfile;
using document::ApplySetting;
using document::CheckShape;
using document::Diagnostics;
using document::Entry;
using document::Node;
using document::ParseShare;
using document::ParseYaml;
using document::ReplaceVariables;
using document::Suggest;
using document::ToYaml;
namespace {

std::string_view Trim(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

// Reads one section's keys as the job's own words too.
class Reader : public document::Reader {
 public:
  using document::Reader::Reader;

  template <typename Enum>
  Enum Choice(std::string_view key, Enum otherwise) const {
    return FromName<Enum>(Text(key)).value_or(otherwise);
  }
  SqlText Sql(std::string_view key) const {
    const Node* value = Get(key);
    if (value == nullptr || !value->is_scalar()) return {};
    return {value->text, value->at, value->text_line, value->text_column};
  }
};

// A YAML constant as a Spark SQL literal. Quoted means text; a plain number, true, false and null mean themselves.
std::string SqlLiteral(const Node& node) {
  if (node.is_null()) return "NULL";
  if (node.quoted) return QuoteText(node.text);
  const std::string_view text = node.text;
  if (text == "true" || text == "false") return node.text;
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  const bool numeric = !digits.empty() && std::isdigit(static_cast<unsigned char>(digits.front())) &&
                       std::isdigit(static_cast<unsigned char>(digits.back())) &&
                       digits.find_first_not_of("0123456789.eE+-") == std::string_view::npos;
  double number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  return numeric && code == std::errc{} && end == text.data() + text.size() ? node.text : QuoteText(text);
}

// "\t" written without double quotes arrives as two characters; Spark takes both for a tab, and so do we.
std::string Unescape(const std::string& text) { return text == "\\t" ? "\t" : text; }

std::string TypeOf(const Node& root) {
  const Node* type = root.is_map() ? root.Find("type") : nullptr;
  if (type == nullptr && root.is_map()) type = root.Find("kind");
  return type == nullptr ? "" : type->text;
}

class JobReader {
 public:
  JobReader(const ParseInput& input, const Node& root, ParsedJob& out)
      : input_(input), top_(root, ""), job_(out.job), out_(out.diagnostics) {}

  void Read() {
    ReadTop();
    const std::string type = TypeOf(top_.node());
    job_.view = type == "view";
    if (type == "spark_app") job_.app = ReadApp(top_, job_, input_.read_file, out_);
    const Node* sources = top_.Get("sources");
    if (sources != nullptr) {
      for (const Entry& entry : sources->entries) ReadSource(Reader(entry.value, "sources." + entry.key), entry);
    }
    if (const Node* window = top_.Get("window")) ReadWindow(Reader(*window, "window"));
    ForEach("steps", [this](const Reader& step) { ReadStep(step); });
    ForEach("checks", [this](const Reader& check) { ReadCheck(check); });
    if (const Node* sink = top_.Get("sink")) ReadSink(Reader(*sink, "sink"));
    if (job_.view) job_.sink.mode = SinkMode::kOverwrite;
    if (const Node* schedule = top_.Get("schedule")) job_.schedule = ReadSchedule(Reader(*schedule, "schedule"), out_);
  }

 private:
  template <typename Visit>
  void ForEach(const std::string& key, Visit visit) {
    const Node* list = top_.Get(key);
    if (list == nullptr) return;
    for (size_t i = 0; i < list->items.size(); ++i) {
      const Node& item = list->items[i];
      if (!item.is_map()) continue;
      const Node* name = item.Find("name");
      visit(Reader(item,
                   fmt::format("{}[{}]", key, name != nullptr && name->is_scalar() ? name->text : std::to_string(i))));
    }
  }

  void ReadTop() {
    job_.name = top_.Text("job");
    job_.description = top_.Text("description");
    job_.tags = top_.Texts("tags");
    job_.job_class = top_.Choice("class", JobClass::kRegular);
    job_.certify = top_.Has("certify") ? top_.Text("certify") == "required" : job_.job_class == JobClass::kCritical;
    job_.time_zone = top_.Text("time_zone", "UTC");
    if (const Node* conf = top_.Get("conf")) {
      for (const Entry& entry : conf->entries) job_.conf[entry.key] = entry.value.text;
    }
    if (top_.Has("sla")) ReadSla(top_.Text("sla"));
    if (const Node* budget = top_.Get("budget")) ReadBudget(Reader(*budget, "budget"));
  }

  void ReadBudget(const Reader& in) {
    if (const auto time = ParseDuration(in.Text("time")); time.ok()) job_.budget.time = *time;
    if (const auto disk = ParseBytes(in.Text("disk")); disk.ok()) job_.budget.disk_bytes = *disk;
    if (!in.Has("dollars")) return;
    const std::string text = in.Text("dollars");
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), job_.budget.dollars);
    if (code != std::errc{} || end != text.data() + text.size() || job_.budget.dollars <= 0) {
      out_.Error(in.At("dollars"), "budget.dollars", fmt::format("'{}' is not a number of dollars like 2.50", text));
    }
  }

  void ReadSla(const std::string& text) {
    static constexpr std::pair<SlaKind, int> kLimitsMinutes[] = {
        {SlaKind::kSimpleEtl, 30}, {SlaKind::kComplexAnalytics, 120}, {SlaKind::kMlTraining, 240}};
    for (const auto& [kind, minutes] : kLimitsMinutes) {
      if (text == Name(kind)) job_.sla = Sla{kind, std::chrono::minutes(minutes)};
    }
    if (job_.sla) return;
    const auto limit = ParseDuration(text);
    if (limit.ok()) {
      job_.sla = Sla{SlaKind::kOther, *limit};
    } else {
      const std::vector<std::string> words{"simple_etl", "complex_analytics", "ml_training"};
      out_.Error(top_.At("sla"), "sla",
                 fmt::format("'{}' is neither {} nor a duration like 45m", text, fmt::join(words, ", ")),
                 Suggest(text, words));
    }
  }

  void ReadSource(const Reader& in, const Entry& entry) {
    SourceSpec source;
    source.name = entry.key;
    source.at = entry.at;
    source.format = in.Choice("format", SourceFormat::kCsv);
    source.paths = in.Texts("path");
    source.schema_text = in.Text("schema");
    auto& text = source.text;
    text.header = in.Bool("header");
    text.delimiter = Unescape(in.Text("delimiter", text.delimiter));
    text.quote = in.Text("quote", text.quote);
    text.escape = in.Text("escape", text.escape);
    text.comment = in.Text("comment");
    text.null_text = in.Text("null_text");
    text.date_format = in.Text("date_format");
    text.timestamp_format = in.Text("timestamp_format");
    text.multi_line = in.Bool("multi_line");
    text.malformed = in.Choice("malformed", engine::Malformed::kFail);
    source.max_bad = ParseShare(in.Text("max_bad", "5%")).value_or(0.05);
    if (const auto version = in.Number("version")) source.version = version;
    if (in.Has("timestamp")) {
      if (const auto time = ParseTimestamp(in.Text("timestamp")); time.ok()) source.timestamp = *time;
    }
    job_.sources.push_back(std::move(source));
  }

  void ReadWindow(const Reader& in) {
    WindowSpec window;
    window.at = in.node().at;
    window.column = in.Text("column");
    window.source = in.Text("source");
    if (const auto size = ParseDuration(in.Text("size")); size.ok()) window.size = *size;
    job_.window = std::move(window);
  }

  void ReadStep(const Reader& in) {
    Step step;
    step.name = in.Text("name");
    step.at = in.node().at;
    step.cache = in.Bool("cache");
    step.sql = in.Sql("sql");
    if (in.Has("sql") == in.Has("file")) {
      out_.Error(in.node().at, in.path(), in.Has("sql") ? "has both `sql` and `file`" : "has neither `sql` nor `file`",
                 "write one of them");
    } else if (in.Has("file")) {
      ReadSqlFile(in, step);
    }
    job_.steps.push_back(std::move(step));
  }

  void ReadSqlFile(const Reader& in, Step& step) {
    const std::string path = in.Text("file");
    if (path.empty() || !input_.read_file) return;
    auto text = input_.read_file(job_.Resolve(path));
    if (!text.ok()) {
      out_.Error(in.At("file"), in.Path("file"), text.error().ToString());
      return;
    }
    step.sql = {std::move(text).value(), {path, 1, 1}, 1, 1};
  }

  void ReadCheck(const Reader& in) {
    Check check;
    check.at = in.node().at;
    check.kind = in.Choice("kind", CheckKind::kExpression);
    check.expression = in.Sql("expression");
    check.where = in.Sql("where");
    check.columns = in.Has("columns") ? in.Texts("columns") : in.Texts("column");
    if (const Node* values = in.Get("values")) {
      for (const Node& item : values->items) check.values.push_back(SqlLiteral(item));
    }
    for (const auto& [key, bound] : {std::pair("min", &check.min), std::pair("max", &check.max)}) {
      if (const Node* value = in.Get(key); value != nullptr && value->is_scalar()) *bound = SqlLiteral(*value);
    }
    if (const auto age = ParseDuration(in.Text("max_age")); age.ok()) check.max_age = *age;
    ReadReference(in, check);
    check.on_fail = in.Choice("on_fail", check.of_table() ? OnFail::kFail : OnFail::kQuarantine);
    const double share = check.on_fail == OnFail::kQuarantine && !check.of_table() ? 0.05 : 0;
    check.max_bad = in.Has("max_bad") ? ParseShare(in.Text("max_bad")).value_or(share) : share;
    check.name = in.Text("name", DefaultCheckName(check));
    CheckCheckKeys(in, check);
    job_.checks.push_back(std::move(check));
  }

  static std::string DefaultCheckName(const Check& check) {
    std::string name(Name(check.kind));
    if (check.kind == CheckKind::kExpression) return std::string(Trim(check.expression.text));
    for (const auto& column : check.columns) name += "_" + column;
    return name;
  }

  // "planes(tailnum)".
  void ReadReference(const Reader& in, Check& check) {
    if (!in.Has("to")) return;
    const std::string text = in.Text("to");
    const size_t open = text.find('(');
    check.to = Trim(std::string_view(text).substr(0, open));
    if (open != std::string::npos && text.ends_with(')')) {
      std::string_view inside = std::string_view(text).substr(open + 1, text.size() - open - 2);
      while (!inside.empty()) {
        const size_t comma = std::min(inside.find(','), inside.size());
        check.to_columns.emplace_back(Trim(inside.substr(0, comma)));
        inside.remove_prefix(std::min(comma + 1, inside.size()));
      }
    }
    const bool complete =
        !check.to.empty() && !check.to_columns.empty() &&
        std::none_of(check.to_columns.begin(), check.to_columns.end(), [](const auto& c) { return c.empty(); });
    if (!complete) {
      out_.Error(in.At("to"), in.Path("to"), fmt::format("'{}' is not a source or step and its columns", text),
                 "write it like planes(tailnum)");
    }
  }

  void CheckCheckKeys(const Reader& in, const Check& check) {
    const CheckRule& rule = RuleOf(check.kind);
    if (in.Has("kind") && !FromName<CheckKind>(in.Text("kind"))) return;  // said already
    if (!in.Has("kind") && !in.Has("expression")) {
      out_.Error(check.at, in.Path("kind"), "is missing", "name what is tested, like kind: not_null");
      return;
    }
    for (const auto& group : rule.required) {
      if (group.empty()) continue;
      const bool given = std::any_of(group.begin(), group.end(), [&](auto key) { return in.Has(key); });
      if (!given) {
        out_.Error(check.at, in.path(),
                   fmt::format("kind {} needs `{}`", Name(check.kind), fmt::join(group, "` or `")));
      }
    }
    for (const Entry& entry : in.node().entries) {
      if (IsKeyOfOtherKinds(rule, entry.key)) {
        out_.Error(entry.at, in.Path(entry.key), fmt::format("has no meaning for kind {}", Name(check.kind)),
                   "remove it");
      }
    }
    if (in.Has("column") && in.Has("columns")) {
      out_.Error(in.At("columns"), in.Path("columns"), "`column` is given too", "write one of them");
    }
  }

  void ReadSink(const Reader& in) {
    Sink& sink = job_.sink;
    sink.at = in.node().at;
    sink.path = in.Text("path");
    sink.format = in.Choice("format", SinkFormat::kDelta);
    sink.mode = in.Choice("mode", SinkMode::kAppend);
    sink.keys = in.Texts("keys");
    sink.compression = in.Choice("compression", engine::Compression::kSnappy);
    sink.merge_schema = in.Text("schema_evolution") == "merge";
    if (const auto bytes = ParseBytes(in.Text("target_file_size", "256MB")); bytes.ok())
      sink.target_file_bytes = *bytes;
    for (const Node* node : in.TextNodes("partition_by")) {
      const auto columns = ParsePartition(node->text);
      if (!columns) {
        out_.Error(node->at, "sink.partition_by", fmt::format("'{}' is not a partition", node->text),
                   "write a column, or year/month/day(time_column)");
        continue;
      }
      sink.partition_by.insert(sink.partition_by.end(), columns->begin(), columns->end());
    }
    for (const Node* node : in.TextNodes("sort_by")) {
      const auto key = ParseSortKey(node->text);
      if (!key) {
        out_.Error(node->at, "sink.sort_by", fmt::format("'{}' is not a sort key", node->text),
                   "write a column, with `desc` behind it for descending order");
        continue;
      }
      sink.sort_by.push_back(*key);
    }
    std::string path = sink.path;
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    sink.quarantine = in.Text("quarantine", path + "_quarantine");
  }

  const ParseInput& input_;
  Reader top_;
  Job& job_;
  Diagnostics& out_;
};

}  // namespace

std::optional<std::vector<PartitionColumn>> ParsePartition(std::string_view text) {
  static constexpr std::string_view kParts[] = {"year", "month", "day", "hour"};
  text = Trim(text);
  const size_t open = text.find('(');
  if (open == std::string_view::npos) {
    if (text.empty() || text.find_first_of("/)") != std::string_view::npos) return std::nullopt;
    return std::vector<PartitionColumn>{{std::string(text), "", ""}};
  }
  if (!text.ends_with(')')) return std::nullopt;
  const std::string column(Trim(text.substr(open + 1, text.size() - open - 2)));
  if (column.empty() || column.find_first_of("()") != std::string::npos) return std::nullopt;
  std::vector<PartitionColumn> columns;
  std::string_view parts = text.substr(0, open);
  while (!parts.empty()) {
    const size_t slash = std::min(parts.find('/'), parts.size());
    const std::string part(Trim(parts.substr(0, slash)));
    if (std::find(std::begin(kParts), std::end(kParts), part) == std::end(kParts)) return std::nullopt;
    columns.push_back({part, part, column});
    parts.remove_prefix(std::min(slash + 1, parts.size()));
  }
  return columns.empty() ? std::nullopt : std::optional(columns);
}

std::optional<SortKey> ParseSortKey(std::string_view text) {
  text = Trim(text);
  const size_t space = text.find_last_of(" \t");
  if (space == std::string_view::npos) {
    return text.empty() ? std::nullopt : std::optional(SortKey{std::string(text), true});
  }
  std::string word = LowerAscii(text.substr(space + 1));
  if (word != "asc" && word != "desc") return std::nullopt;
  return SortKey{std::string(Trim(text.substr(0, space))), word == "asc"};
}

ParsedJob ParseJob(const ParseInput& input) {
  ParsedJob out;
  out.job.file = input.file;
  out.job.folder = input.folder;
  Node root = ParseYaml(input.text, input.file, out.diagnostics);
  if (root.is_null() && out.diagnostics.has_errors()) return out;
  if (root.is_map()) {
    ApplyProfile(root, input.profile, out.diagnostics);
    for (const auto& setting : input.settings) ApplySetting(root, setting, out.diagnostics);
    ReplaceVariables(root, input.variables, out.diagnostics);
  }
  CheckShape(root, JobSection(TypeOf(root)), out.diagnostics);
  if (!root.is_map()) return out;
  JobReader(input, root, out).Read();
  CheckRules(out.job, root, out.diagnostics);
  out.job.effective_yaml = ToYaml(root);
  return out;
}

}  // namespace tidemill::job
