#include "app/telemetry.h"

#include <cstdio>
#include <optional>
#include <string>

#include "watch/courier.h"
#include "watch/lineage.h"
#include "watch/traces.h"
#include "wire/http.h"

namespace tidemill::app {
namespace {

void Warn(const std::string& message) { std::fprintf(stderr, "warning: %s\n", message.c_str()); }

class Sender final : public Telemetry {
 public:
  struct Target {
    std::string what;
    wire::HttpRequest request;
  };

  Sender(const Program& program, const job::Job& job, std::unique_ptr<wire::Http> http, std::optional<Target> lineage,
         std::optional<Target> traces, std::string name_space, std::string service)
      : job_(job),
        version_(program.version),
        lineage_(std::move(lineage)),
        traces_(std::move(traces)),
        name_space_(std::move(name_space)),
        service_(std::move(service)),
        courier_(std::move(http), Warn) {}

  void Take(const job::Event& event) override {
    const auto& story = stories_.Add(event);
    const bool began = std::holds_alternative<job::event::RunStarted>(event.body);
    const bool ended = story.finished.has_value();
    if (lineage_ && (began || ended)) Post(*lineage_, watch::LineageEvent(story, job_, name_space_, version_));
    if (traces_ && ended) Post(*traces_, watch::TraceOf(story, service_, version_));
    if (ended) stories_.Forget(event.attempt);
  }

 private:
  void Post(const Target& target, std::string body) {
    wire::HttpRequest request = target.request;
    request.body = std::move(body);
    courier_.Post(target.what, std::move(request));
  }

  const job::Job& job_;
  const std::string version_;
  const std::optional<Target> lineage_;
  const std::optional<Target> traces_;
  const std::string name_space_;
  const std::string service_;
  watch::Stories stories_;
  watch::Courier courier_;
};

class Variables {
 public:
  explicit Variables(const std::map<std::string, std::string>& all) : all_(all) {}
  std::string Get(const char* name, const char* otherwise = "") const {
    const auto found = all_.find(name);
    return found == all_.end() || found->second.empty() ? otherwise : found->second;
  }
  bool True(const char* name) const { return Get(name) == "true" || Get(name) == "1"; }

 private:
  const std::map<std::string, std::string>& all_;
};

std::string Joined(std::string base, const std::string& path) {
  while (base.ends_with('/')) base.pop_back();
  return base + "/" + (path.starts_with('/') ? path.substr(1) : path);
}

std::optional<Sender::Target> TargetAt(const std::string& what, const std::string& url) {
  auto request = wire::RequestTo(url);
  if (!request.ok()) {
    Warn(what + " not sent: " + request.error().message);
    return std::nullopt;
  }
  request->method = "POST";
  request->headers.emplace_back("Content-Type", "application/json");
  return Sender::Target{what, *std::move(request)};
}

std::optional<Sender::Target> LineageTarget(const Variables& variables) {
  const std::string url = variables.Get("OPENLINEAGE_URL");
  if (url.empty() || variables.True("OPENLINEAGE_DISABLED")) return std::nullopt;
  auto target = TargetAt("lineage", Joined(url, variables.Get("OPENLINEAGE_ENDPOINT", "api/v1/lineage")));
  const std::string key = variables.Get("OPENLINEAGE_API_KEY");
  if (target && !key.empty()) target->request.headers.emplace_back("Authorization", "Bearer " + key);
  return target;
}

std::optional<Sender::Target> TraceTarget(const Variables& variables) {
  std::string url = variables.Get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  const std::string base = variables.Get("OTEL_EXPORTER_OTLP_ENDPOINT");
  if (url.empty() && !base.empty()) url = Joined(base, "v1/traces");
  if (url.empty() || variables.True("OTEL_SDK_DISABLED")) return std::nullopt;
  auto target = TargetAt("traces", url);
  const std::string headers = variables.Get("OTEL_EXPORTER_OTLP_HEADERS");
  for (size_t at = 0; target && at < headers.size();) {  // "key=value,key=value", values percent-encoded
    const size_t end = std::min(headers.find(',', at), headers.size()), equals = headers.find('=', at);
    if (equals < end) {
      target->request.headers.emplace_back(headers.substr(at, equals - at),
                                           wire::PercentDecoded(headers.substr(equals + 1, end - equals - 1)));
    }
    at = end + 1;
  }
  return target;
}

}  // namespace

std::unique_ptr<Telemetry> Telemetry::From(const Program& program, const job::Job& job) {
  const Variables variables(program.environment);
  auto lineage = LineageTarget(variables), traces = TraceTarget(variables);
  if (!lineage && !traces) return nullptr;
  auto http = wire::MakeHttp();
  if (!http.ok()) {
    Warn("lineage and traces not sent: " + http.error().message);
    return nullptr;
  }
  return std::make_unique<Sender>(program, job, *std::move(http), std::move(lineage), std::move(traces),
                                  variables.Get("OPENLINEAGE_NAMESPACE", "default"),
                                  variables.Get("OTEL_SERVICE_NAME", "tidemill"));
}

}  // namespace tidemill::app
