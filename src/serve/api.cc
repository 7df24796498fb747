#include "serve/api.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <sstream>

#include "delta/history.h"
#include "delta/snapshot.h"
#include "job/ledger_json.h"
#include "job/run_key.h"
#include "scheduler/command.h"
#include "serve/metrics.h"

namespace tidemill::serve {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kJson = "application/json";
constexpr int64_t kMostRuns = 1000;
constexpr Micros kKeepFor = std::chrono::seconds(1);
constexpr int64_t kMostCommits = 50;

std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

Response Found(const Json& json) { return {200, kJson, Dump(json)}; }

Response Said(int status, const std::string& message) { return {status, kJson, Dump({{"error", message}})}; }

Response Failed(const Error& error) {
  return Said(error.kind == ErrorKind::kNotFound          ? 404
              : error.kind == ErrorKind::kInvalidArgument ? 400
                                                          : 503,
              error.message);
}

std::string ParameterOf(const Request& request, const char* name, const char* otherwise = "") {
  const auto found = request.query.find(name);
  return found == request.query.end() ? otherwise : found->second;
}

// kInvalidArgument for what is no whole number from 0 on.
Result<int64_t> NumberOf(const Request& request, const char* name, int64_t otherwise) {
  const std::string text = ParameterOf(request, name);
  if (text.empty()) return otherwise;
  int64_t number = -1;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code == std::errc{} && end == text.data() + text.size() && number >= 0) return number;
  return InvalidArgument(std::string(name) + " is no whole number");
}

// "/api/runs/{id}/stream" and "/api/runs/7/stream": "7".
std::optional<std::string> Match(std::string_view pattern, std::string_view path) {
  const size_t open = pattern.find('{'), close = pattern.find('}');
  if (open == std::string_view::npos) return pattern == path ? std::optional<std::string>("") : std::nullopt;
  const std::string_view before = pattern.substr(0, open), after = pattern.substr(close + 1);
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) || !path.ends_with(after)) {
    return std::nullopt;
  }
  const auto id = path.substr(before.size(), path.size() - before.size() - after.size());
  return id.find('/') == std::string_view::npos ? std::optional<std::string>(id) : std::nullopt;
}

std::string EventOf(const char* type, const Json& json) {
  return "event: " + std::string(type) + "\ndata: " + Dump(json) + "\n";
}

}  // namespace

struct Api::Route {
  const char* method;
  const char* path;
  const char* name;  // OpenAPI's operationId
  const char* what;
  const char* type;
  Response (Api::*answer)(const Asked& asked);
  std::vector<Parameter> parameters;
  const char* id = "";  // what stands in the path
  bool keep = false;
};

const Api::Route Api::kRoutes[] = {
    {"GET", "/health", "health", "Well as long as turns are made, whoever leads.", kJson, &Api::Health, {}},
    {"GET", "/metrics", "metrics", "For Prometheus.", "text/plain", &Api::Metrics, {}, "", true},
    {"GET",
     "/api/schedule",
     "schedule",
     "Capacity, and each job with its windows that are due.",
     kJson,
     &Api::Schedule,
     {}},
    {"GET",
     "/api/notices",
     "notices",
     "What was told, newest first.",
     kJson,
     &Api::Notices,
     {{"limit", "integer", "At most so many (500)."}}},
    {"GET",
     "/api/runs",
     "runs",
     "Runs of the ledger, newest first.",
     kJson,
     &Api::Runs,
     {{"job", "string", "Only of this job."},
      {"class", "string", "Only of this class."},
      {"outcome", "string", "Only with this outcome."},
      {"before", "integer", "Only those before this run: the next page."},
      {"limit", "integer", "At most so many (100, at most 1000)."}},
     "",
     true},
    {"GET",
     "/api/runs/{id}",
     "run",
     "One run with its checks and events.",
     kJson,
     &Api::Run,
     {},
     "Its number or run key."},
    {"GET",
     "/api/runs/{id}/stream",
     "run_stream",
     "The run as it goes on: `run` events until it ends.",
     "text/event-stream",
     &Api::RunStream,
     {},
     "Its number or run key."},
    {"GET",
     "/api/costs",
     "costs",
     "What runs took and cost.",
     kJson,
     &Api::Costs,
     {{"by", "string", "What is summed up.", "job|class|day|tag"}, {"days", "integer", "Of so many days (30)."}},
     "",
     true},
    {"GET", "/api/tables", "tables", "The jobs' tables.", kJson, &Api::Tables, {}},
    {"GET",
     "/api/tables/{job}",
     "table",
     "One job's table: files, partitions, commits.",
     kJson,
     &Api::Table,
     {},
     "The job's name."},
    {"GET", "/api/clusters", "clusters", "What the ledger knows of clusters.", kJson, &Api::Clusters, {}},
    {"GET", "/api/advice", "advice", "Advice that was taken, and what it promised.", kJson, &Api::Advice, {}},
    {"POST",
     "/api/jobs/{job}/command",
     "command",
     "Pause or resume a job, or run one window now.",
     kJson,
     &Api::Command,
     {{"do", "string", "What.", "pause|resume|run"},
      {"window", "string", "run: START of the window; of a job without windows: none."}},
     "The job's name."},
    {"GET", "/api/openapi.json", "openapi", "This.", kJson, &Api::OpenApi, {}},
};

Result<std::unique_ptr<Api>> Api::Make(ApiParts parts) {
  std::unique_ptr<Api> made(new Api(std::move(parts)));
  ASSIGN_OR_RETURN(made->ledger_, job::Ledger::Open(made->parts_.ledger));
  ASSIGN_OR_RETURN(made->store_, job::ScheduleStore::Open(made->parts_.ledger));
  made->view_.timetable = made->parts_.timetable;
  made->view_.version = made->parts_.version;
  made->view_.state.jobs.resize(made->parts_.timetable->jobs.size());
  return made;
}

void Api::See(ScheduleView view) {
  const std::lock_guard lock(mutex_);
  // Who does not lead has no state of its own yet.
  if (view.state.jobs.size() != parts_.timetable->jobs.size()) view.state = std::move(view_.state);
  view_ = std::move(view);
}

ScheduleView Api::View() const {
  const std::lock_guard lock(mutex_);
  return view_;
}

Response Api::Answer(const Request& request) {
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  bool known = false;
  for (const Route& route : kRoutes) {
    const auto id = Match(route.path, request.path);
    if (!id) continue;
    known = true;
    if (route.method == method) return Ask(route, {request, *id});
  }
  return known ? Said(405, "this path is not asked with " + request.method) : Said(404, "there is no such path");
}

Response Api::Ask(const Route& route, const Asked& asked) {
  for (const auto& [name, value] : asked.request.query) {
    const auto parameter = std::find_if(route.parameters.begin(), route.parameters.end(),
                                        [&](const Parameter& p) { return name == p.name; });
    if (parameter == route.parameters.end()) return Said(400, "there is no parameter '" + name + "' here");
    std::istringstream values(parameter->values);
    bool fits = *parameter->values == '\0';
    for (std::string one; std::getline(values, one, '|');) fits = fits || one == value;
    if (!fits) return Said(400, name + " is one of " + parameter->values);
  }
  if (!route.keep) return (this->*route.answer)(asked);
  std::string key = route.path;
  for (const auto& [name, value] : asked.request.query) key += "\n" + name + "=" + value;
  const std::lock_guard lock(kept_mutex_);
  const Micros now = parts_.clock->Monotonic();
  std::erase_if(kept_, [&](const auto& entry) { return now - entry.second.at >= kKeepFor; });
  const auto found = kept_.find(key);
  if (found != kept_.end()) return found->second.response;
  return kept_.emplace(key, Kept{now, (this->*route.answer)(asked)}).first->second.response;
}

Response Api::Health(const Asked&) {
  const auto view = View();
  return Found({{"status", "ok"}, {"leads", view.leads}, {"now", FormatTimestamp(view.now)}});
}

Response Api::Metrics(const Asked&) {
  const auto ever = ledger_->Totals(Timestamp());
  if (!ever.ok()) return Failed(ever.error());
  const auto lately = ledger_->Totals(parts_.clock->Now() - std::chrono::days(30));
  if (!lately.ok()) return Failed(lately.error());
  return {200, "text/plain; version=0.0.4; charset=utf-8", MetricsText(MetricsOf(View(), *ever, *lately))};
}

Response Api::Schedule(const Asked&) { return {200, kJson, ScheduleJson(View())}; }

Response Api::Notices(const Asked& asked) {
  const auto limit = NumberOf(asked.request, "limit", 500);
  if (!limit.ok()) return Failed(limit.error());
  const std::lock_guard lock(mutex_);
  const auto notices = store_->Notices(*limit);
  if (!notices.ok()) return Failed(notices.error());
  Json list = Json::array();
  for (const auto& n : *notices) {
    list.push_back({{"at", n.at},
                    {"job", n.job},
                    {"window", n.window},
                    {"notice", n.notice},
                    {"message", n.message},
                    {"began", n.began}});
  }
  return Found({{"notices", std::move(list)}});
}

Response Api::Runs(const Asked& asked) {
  const auto limit = NumberOf(asked.request, "limit", 100), before = NumberOf(asked.request, "before", 0);
  if (!limit.ok()) return Failed(limit.error());
  if (!before.ok()) return Failed(before.error());
  const auto runs = ledger_->Runs({.job = ParameterOf(asked.request, "job"),
                                   .job_class = ParameterOf(asked.request, "class"),
                                   .outcome = ParameterOf(asked.request, "outcome"),
                                   .before = *before,
                                   .limit = std::min(*limit, kMostRuns)});
  if (!runs.ok()) return Failed(runs.error());
  Json list = Json::array();
  for (const auto& run : *runs) list.push_back(job::JsonOf(run));
  return Found({{"runs", std::move(list)}});
}

Response Api::Run(const Asked& asked) {
  const auto run = ledger_->Find(asked.id);
  if (!run.ok()) return Failed(run.error());
  const auto checks = ledger_->Checks(run->id);
  if (!checks.ok()) return Failed(checks.error());
  const auto events = ledger_->Events(run->id);
  if (!events.ok()) return Failed(events.error());
  Json json = job::JsonOf(*run);
  json["progress"] = Json::parse(run->progress, nullptr, false);
  if (json["progress"].is_discarded()) json["progress"] = nullptr;
  json["checks"] = Json::array();
  for (const auto& check : *checks) json["checks"].push_back(job::JsonOf(check));
  json["events"] = Json::array();
  for (const auto& line : *events) json["events"].push_back(Json::parse(line, nullptr, false));
  return Found(json);
}

// Each event is the run as Run gives it: who comes late or missed one has lost nothing.
Response Api::RunStream(const Asked& asked) {
  const auto run = ledger_->Find(asked.id);
  if (!run.ok()) return Failed(run.error());
  const auto next = [this, id = std::to_string(run->id), sent = std::string(),
                     over = false]() mutable -> std::optional<std::string> {
    if (over) return std::nullopt;
    const Request request{"GET", "", {}};
    const Response answer = Run({request, id});
    if (answer.status != 200) return std::nullopt;
    if (answer.body == sent) return "";
    sent = answer.body;
    const Json json = Json::parse(sent);
    over = json["outcome"] != "running";
    return EventOf("run", json);
  };
  return {200, "text/event-stream", ": tidemill\n\n", next};
}

Response Api::Costs(const Asked& asked) {
  const auto days = NumberOf(asked.request, "days", 30);
  if (!days.ok()) return Failed(days.error());
  if (*days > 36'500) return Said(400, "days is too large a number");
  const std::string by = ParameterOf(asked.request, "by", "job");
  const auto runs = ledger_->Runs({.limit = INT64_MAX});
  if (!runs.ok()) return Failed(runs.error());
  Json list = Json::array();
  for (const auto& cost : job::CostsBy(*runs, by, parts_.clock->Now() - std::chrono::days(*days))) {
    list.push_back(job::JsonOf(cost, by));
  }
  return Found({{"by", by}, {"days", *days}, {"costs", std::move(list)}});
}

Response Api::Tables(const Asked&) {
  Json list = Json::array();
  for (const auto& [job, table] : parts_.tables) list.push_back({{"job", job}, {"path", table}});
  return Found({{"tables", std::move(list)}});
}

Response Api::Table(const Asked& asked) {
  const auto found = parts_.tables.find(asked.id);
  if (found == parts_.tables.end()) return Said(404, "no job of that name has a table");
  const std::lock_guard lock(table_mutex_);
  const delta::Table table = parts_.open(found->second);
  const auto snapshot = delta::LoadSnapshot(table);
  if (!snapshot.ok()) return Failed(snapshot.error());
  const auto history = delta::ReadHistory(table, kMostCommits);
  if (!history.ok()) return Failed(history.error());
  const auto d = delta::Describe(**snapshot);
  // Files by size, each bin four times the one before, from below 1 MB.
  std::vector<int64_t> sizes(8);
  std::map<std::string, std::pair<int64_t, int64_t>> partitions;
  for (const auto& file : (*snapshot)->files()) {
    size_t bin = 0;
    for (int64_t most = 1 << 20; bin + 1 < sizes.size() && file.size_bytes >= most; most *= 4) ++bin;
    ++sizes[bin];
    std::string name;
    for (const auto& [column, value] : file.partition_values) {
      name += (name.empty() ? "" : ", ") + column + "=" + value.value_or("null");
    }
    ++partitions[name].first;
    partitions[name].second += file.size_bytes;
  }
  Json json = {{"job", asked.id},
               {"path", d.root},
               {"version", d.version},
               {"last_modified", FormatTimestamp(d.last_modified)},
               {"files", d.num_files},
               {"bytes", d.size_bytes},
               {"rows", d.num_records ? Json(*d.num_records) : Json(nullptr)},
               {"partition_columns", d.partition_columns},
               {"file_sizes", sizes},
               {"partitions", Json::array()},
               {"commits", Json::array()}};
  for (const auto& [name, sum] : partitions) {
    json["partitions"].push_back({{"partition", name}, {"files", sum.first}, {"bytes", sum.second}});
  }
  for (const auto& entry : *history) {
    json["commits"].push_back({{"version", entry.version},
                               {"timestamp", FormatTimestamp(entry.timestamp)},
                               {"operation", entry.info.operation},
                               {"metrics", entry.info.operation_metrics}});
  }
  return Found(json);
}

Response Api::Clusters(const Asked&) {
  const auto resources = ledger_->ClusterResources("");
  if (!resources.ok()) return Failed(resources.error());
  Json list = Json::array();
  for (const auto& r : *resources) {
    const Json attributes = Json::parse(r.attributes, nullptr, false);
    list.push_back({{"cluster", r.cluster},
                    {"address", r.address},
                    {"id", r.id},
                    {"state", r.state},
                    {"at", r.at},
                    {"attributes", attributes.is_discarded() ? Json::object() : attributes}});
  }
  return Found({{"resources", std::move(list)}});
}

Response Api::Advice(const Asked&) {
  const auto advice = ledger_->Advice();
  if (!advice.ok()) return Failed(advice.error());
  Json list = Json::array();
  for (const auto& a : *advice) {
    list.push_back({{"job", a.job},
                    {"rule", a.rule},
                    {"change", a.change},
                    {"at", a.at},
                    {"promised", {a.low, a.mid, a.high}},
                    {"before_seconds", a.before_seconds}});
  }
  return Found({{"advice", std::move(list)}});
}

Response Api::Command(const Asked& asked) {
  const int job = parts_.timetable->Find(asked.id);
  if (job < 0) return Said(404, "the schedule has no such job");
  const std::string what = ParameterOf(asked.request, "do"), window = ParameterOf(asked.request, "window");
  scheduler::Event event;
  if (what == "pause") {
    event = scheduler::event::Pause{job};
  } else if (what == "resume") {
    event = scheduler::event::Resume{job};
  } else if (what == "run") {
    const auto& size = parts_.timetable->jobs[static_cast<size_t>(job)].window;
    if (!size && !window.empty()) return Said(400, "the job has no windows");
    scheduler::event::RunNow run{job};
    if (size) {
      const auto parsed = job::ParseWindow(window, *size);
      if (!parsed.ok()) return Failed(parsed.error());
      if (const auto aligned = job::CheckAligned(*parsed, *size); !aligned.ok()) return Failed(aligned.error());
      run.slot = parsed->start;
    } else {
      run.slot = View().now;
    }
    event = run;
  } else {
    return Said(400, "do is one of pause|resume|run");
  }
  {
    const std::lock_guard lock(mutex_);
    const auto sent = store_->Send(scheduler::CommandText(*parts_.timetable, event));
    if (!sent.ok()) return Failed(sent.error());
  }
  parts_.audit(window.empty() ? what : what + " " + window, asked.id);
  return Found({{"job", asked.id}, {"asked", what}});
}

Response Api::OpenApi(const Asked&) {
  Json paths = Json::object();
  const Json error = {
      {"application/json",
       {{"schema", {{"type", "object"}, {"required", {"error"}}, {"properties", {{"error", {{"type", "string"}}}}}}}}}};
  for (const Route& route : kRoutes) {
    Json parameters = Json::array();
    if (*route.id != '\0') {
      const std::string path = route.path;
      const size_t open = path.find('{');
      parameters.push_back({{"name", path.substr(open + 1, path.find('}') - open - 1)},
                            {"in", "path"},
                            {"required", true},
                            {"description", route.id},
                            {"schema", {{"type", "string"}, {"minLength", 1}}}});
    }
    for (const Parameter& parameter : route.parameters) {
      Json schema = {{"type", parameter.type}};
      if (std::string_view(parameter.type) == "integer") schema["minimum"] = 0;
      std::istringstream values(parameter.values);
      for (std::string one; std::getline(values, one, '|');) schema["enum"].push_back(one);
      parameters.push_back({{"name", parameter.name},
                            {"in", "query"},
                            {"required", std::string_view(parameter.name) == "do"},
                            {"description", parameter.what},
                            {"schema", std::move(schema)}});
    }
    Json responses = {
        {"200", {{"description", route.what}, {"content", {{route.type, {{"schema", Json::object()}}}}}}}};
    if (std::string_view(route.type) == kJson) {
      responses["200"]["content"][kJson]["schema"] = {{"type", "object"}};
    }
    responses["400"] = {{"description", "What was asked for is wrong."}, {"content", error}};
    if (*route.id != '\0') responses["404"] = {{"description", "There is no such thing."}, {"content", error}};
    responses["503"] = {{"description", "The ledger or a table can't be read now."}, {"content", error}};
    std::string method = route.method;
    std::transform(method.begin(), method.end(), method.begin(), [](unsigned char c) { return std::tolower(c); });
    paths[route.path][method] = {{"operationId", route.name},
                                 {"summary", route.what},
                                 {"parameters", std::move(parameters)},
                                 {"responses", std::move(responses)}};
  }
  return Found({{"openapi", "3.1.0"},
                {"info", {{"title", "Tidemill"}, {"version", parts_.version}}},
                {"paths", std::move(paths)}});
}

}  // namespace tidemill::serve
