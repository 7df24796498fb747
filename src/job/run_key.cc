#include "job/run_key.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/sha256.h"

namespace tidemill::job {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kPrefix = "tidemill:";
constexpr size_t kHashDigits = 8;

Json SourceJson(const SourceSpec& source) {
  Json json = {{"name", source.name}, {"format", Name(source.format)}};
  if (!source.schema_text.empty()) json["schema"] = source.schema_text;
  const auto& text = source.text;
  if (source.format == SourceFormat::kCsv) {
    json["csv"] = {text.header, text.delimiter, text.quote, text.escape, text.comment, text.null_text};
  }
  if (source.format == SourceFormat::kCsv || source.format == SourceFormat::kJson) {
    json["text"] = {text.multi_line, text.date_format, text.timestamp_format, Name(text.malformed)};
  }
  return json;
}

Json CheckJson(const Check& check) {
  Json json = {{"name", check.name},
               {"kind", Name(check.kind)},
               {"expression", check.expression.text},
               {"columns", check.columns},
               {"values", check.values},
               {"to", check.to},
               {"to_columns", check.to_columns},
               {"where", check.where.text},
               {"on_fail", Name(check.on_fail)},
               {"max_bad", check.max_bad},
               {"max_age", check.max_age.count()}};
  if (check.min) json["min"] = *check.min;
  if (check.max) json["max"] = *check.max;
  return json;
}

Json SinkJson(const Sink& sink) {
  Json partitions = Json::array();
  for (const auto& column : sink.partition_by) partitions.push_back({column.name, column.part, column.of});
  return {{"format", Name(sink.format)},
          {"partition_by", partitions},
          {"mode", Name(sink.mode)},
          {"keys", sink.keys},
          {"schema_evolution", sink.merge_schema}};
}

int64_t FloorTo(int64_t micros, int64_t size) {
  const int64_t rest = micros % size;
  return micros - (rest < 0 ? rest + size : rest);
}

Timestamp WindowStart(Timestamp time, Micros size) {
  return Timestamp(Micros(FloorTo(time.time_since_epoch().count(), size.count())));
}

Error NotOnEdge(Timestamp time, Micros size) {
  const Timestamp start = WindowStart(time, size);
  return InvalidArgument(fmt::format("{} is inside a window of {}; the edges around it are {} and {}",
                                     FormatTimestamp(time), FormatDuration(size), FormatTimestamp(start),
                                     FormatTimestamp(start + size)));
}

}  // namespace

std::string WindowText(const std::optional<Window>& window) {
  return window ? FormatTimestamp(window->start) + "/" + FormatTimestamp(window->end) : "all";
}

Result<Window> ParseWindow(std::string_view text, std::optional<Micros> size) {
  const size_t slash = text.find('/');
  ASSIGN_OR_RETURN(const Timestamp start, ParseTimestamp(text.substr(0, slash)));
  if (slash == std::string_view::npos) {
    if (!size) return InvalidArgument(fmt::format("'{}' is not a window; write START/END", text));
    return Window{start, start + *size};
  }
  ASSIGN_OR_RETURN(const Timestamp end, ParseTimestamp(text.substr(slash + 1)));
  if (end <= start) return InvalidArgument(fmt::format("the window '{}' ends before it starts; write START/END", text));
  return Window{start, end};
}

Result<std::vector<Window>> SplitWindows(Timestamp from, Timestamp to, Micros size) {
  if (to <= from) {
    return InvalidArgument(fmt::format("--to {} is not after --from {}", FormatTimestamp(to), FormatTimestamp(from)));
  }
  for (const Timestamp edge : {from, to}) {
    if (WindowStart(edge, size) != edge) return NotOnEdge(edge, size);
  }
  constexpr int64_t kMostWindows = 100'000;
  if ((to - from) / size > kMostWindows) {
    return InvalidArgument(fmt::format("{} windows at once are too many; take a shorter time", (to - from) / size));
  }
  std::vector<Window> windows;
  for (Timestamp start = from; start < to; start += size) windows.push_back({start, start + size});
  return windows;
}

Status CheckAligned(const Window& window, Micros size) {
  if (WindowStart(window.start, size) != window.start) return NotOnEdge(window.start, size);
  if (window.end - window.start == size) return Ok();
  return InvalidArgument(fmt::format(
      "the window {} is not {} long as the job says; for several windows write --from {} --to {}", WindowText(window),
      FormatDuration(size), FormatTimestamp(window.start), FormatTimestamp(window.end)));
}

std::string RunKey::ToString() const { return Prefix() + spec_hash; }
std::string RunKey::Prefix() const { return JobPrefix(job) + WindowText(window) + ":"; }
std::string RunKey::JobPrefix(std::string_view job) { return fmt::format("{}{}:", kPrefix, job); }

std::optional<RunKey> RunKey::Parse(std::string_view text) {
  if (!text.starts_with(kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  const size_t name_end = text.find(':');
  const size_t hash_start = text.rfind(':');
  if (name_end == std::string_view::npos || hash_start <= name_end) return std::nullopt;
  RunKey key;
  key.job = text.substr(0, name_end);
  key.spec_hash = text.substr(hash_start + 1);
  const auto window = text.substr(name_end + 1, hash_start - name_end - 1);
  if (window != "all") {
    const auto parsed = ParseWindow(window);
    if (!parsed.ok()) return std::nullopt;
    key.window = *parsed;
  }
  return key;
}

std::string RunKey::SlicePrefix() const { return by_input ? Prefix() + spec_hash.substr(0, kHashDigits) : Prefix(); }

RunKey KeyOf(const Job& job, const std::optional<Window>& window) {
  const auto digits = [](const std::string& text) { return Sha256Hex(text).substr(0, kHashDigits); };
  const bool by_input = !job.window && job.sink.mode == SinkMode::kAppend;
  return {job.name, window, digits(CanonicalInput(job)) + digits(CanonicalSpec(job)), by_input};
}

bool Overlap(const RunKey& one, const RunKey& other) {
  if (one.window == other.window) return false;
  return !one.window || !other.window ||
         (one.window->start < other.window->end && other.window->start < one.window->end);
}

std::string CanonicalInput(const Job& job) {
  Json json = Json::array();
  for (const auto& source : job.sources) {
    Json input = {{"name", source.name}, {"paths", source.paths}};
    if (source.version) input["version"] = *source.version;
    if (source.timestamp) input["timestamp"] = FormatTimestamp(*source.timestamp);
    json.push_back(std::move(input));
  }
  if (job.app) json.push_back(job.app->reads);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string CanonicalSpec(const Job& job) {
  Json json = {{"tidemill", 1}, {"job", job.name}, {"time_zone", job.time_zone}, {"conf", job.conf}};
  Json sources = Json::array(), steps = Json::array(), checks = Json::array();
  for (const auto& source : job.sources) sources.push_back(SourceJson(source));
  for (const auto& step : job.steps) steps.push_back({{"name", step.name}, {"sql", step.sql.text}});
  for (const auto& check : job.checks) checks.push_back(CheckJson(check));
  json["sources"] = std::move(sources);
  if (job.window) json["window"] = {{"column", job.window->column}, {"source", job.window->source}};
  json["steps"] = std::move(steps);
  json["checks"] = std::move(checks);
  json["sink"] = SinkJson(job.sink);
  if (job.view) json["view"] = true;
  if (job.app) {
    json["app"] = {job.app->file,     job.app->main_class, job.app->args,
                   job.app->py_files, job.app->jars,       job.app->digest};
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tidemill::job
