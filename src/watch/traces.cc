#include "watch/traces.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/sha256.h"

namespace tidemill::watch {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSpanInternal = 1;  // SPAN_KIND_INTERNAL
constexpr int kStatusOk = 1, kStatusError = 2;

std::string Nanos(Timestamp at) { return fmt::format("{}000", at.time_since_epoch().count()); }

// 64-bit numbers are texts in protobuf's JSON.
Json Attribute(const std::string& key, const std::string& value) {
  return {{"key", key}, {"value", {{"stringValue", value}}}};
}
Json Attribute(const std::string& key, int64_t value) {
  return {{"key", key}, {"value", {{"intValue", std::to_string(value)}}}};
}
Json Attribute(const std::string& key, double value) { return {{"key", key}, {"value", {{"doubleValue", value}}}}; }

Json Span(const RunStory& story, const std::string& id, const std::string& name, Timestamp from, Timestamp to) {
  std::string trace = story.attempt;
  std::erase(trace, '-');
  return {{"traceId", trace},
          {"spanId", Sha256Hex(story.attempt + "/" + id).substr(0, 16)},
          {"name", name},
          {"kind", kSpanInternal},
          {"startTimeUnixNano", Nanos(from)},
          {"endTimeUnixNano", Nanos(std::max(from, to))}};
}

Json RunSpan(const RunStory& story) {
  const auto& started = story.started;
  const auto& finished = *story.finished;
  Json span = Span(story, "run", "run " + started.job, story.from, story.to);
  Json attributes = {Attribute("tidemill.job", started.job),
                     Attribute("tidemill.run_key", started.run_key),
                     Attribute("tidemill.window", started.window),
                     Attribute("tidemill.class", started.job_class),
                     Attribute("tidemill.engine", started.engine),
                     Attribute("tidemill.outcome", std::string(job::Name(finished.outcome))),
                     Attribute("tidemill.rows_in", finished.rows_in),
                     Attribute("tidemill.rows_written", finished.rows_written),
                     Attribute("tidemill.rows_quarantined", finished.rows_quarantined),
                     Attribute("tidemill.bytes_read", finished.bytes_read),
                     Attribute("tidemill.bytes_written", finished.bytes_written),
                     Attribute("tidemill.peak_memory_bytes", finished.peak_memory_bytes)};
  if (story.committed) attributes.push_back(Attribute("tidemill.version", story.committed->version));
  if (story.invoiced) attributes.push_back(Attribute("tidemill.dollars", story.invoiced->dollars));
  span["attributes"] = std::move(attributes);
  const bool good = finished.outcome == job::Outcome::kCommitted || finished.outcome == job::Outcome::kAlreadyCommitted;
  span["status"] = {{"code", good ? kStatusOk : kStatusError}};
  if (!good) span["status"]["message"] = finished.message;
  return span;
}

}  // namespace

std::string TraceOf(const RunStory& story, const std::string& service, const std::string& version) {
  Json spans = {RunSpan(story)};
  for (size_t i = 0; i < story.stages.size(); ++i) {
    const auto& stage = story.stages[i];
    Json span = Span(story, fmt::format("stage {}", i), stage.name, stage.from, stage.to);
    span["parentSpanId"] = spans[0]["spanId"];
    spans.push_back(std::move(span));
  }
  const Json trace = {
      {"resourceSpans",
       {{{"resource", {{"attributes", {Attribute("service.name", service), Attribute("service.version", version)}}}},
         {"scopeSpans", {{{"scope", {{"name", "tidemill"}, {"version", version}}}, {"spans", std::move(spans)}}}}}}}};
  return trace.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tidemill::watch
