#include "engine/spark/event_log.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace tidemill::engine::spark {
namespace {

using Json = nlohmann::json;

const Json& At(const Json& json, const char* name) {
  static const Json nothing;
  const auto found = json.is_object() ? json.find(name) : json.end();
  return json.is_object() && found != json.end() ? *found : nothing;
}

int64_t Number(const Json& json, const char* name) {
  const Json& value = At(json, name);
  return value.is_number() ? value.get<int64_t>() : 0;
}

}  // namespace

int64_t LogProgress::tasks() const {
  int64_t tasks = 0;
  for (const auto& [_, stages] : jobs_) {
    for (const auto& [_, stage] : stages) tasks += stage.tasks;
  }
  return tasks;
}

double LogProgress::fraction() const {
  int64_t done = 0;
  for (const auto& [_, stages] : jobs_) {
    for (const auto& [_, stage] : stages) done += std::min(stage.done, stage.tasks);
  }
  const int64_t all = tasks();
  return all > 0 ? static_cast<double>(done) / static_cast<double>(all) : 0;
}

void AddLogLine(std::string_view line, LogProgress& progress) {
  const auto is = [&](std::string_view event) { return line.find(event) != std::string_view::npos; };
  const bool starts = is("\"Event\":\"SparkListenerJobStart\""), ends = is("\"Event\":\"SparkListenerJobEnd\"");
  if (!starts && !ends && !is("\"Event\":\"SparkListenerTaskEnd\"")) return;
  const Json event = Json::parse(line, nullptr, false);
  if (!event.is_object()) return;
  if (ends) {
    progress.jobs_.erase(Number(event, "Job ID"));
  } else if (starts) {
    auto& stages = progress.jobs_[Number(event, "Job ID")];
    for (const auto& stage : At(event, "Stage Infos"))
      stages[Number(stage, "Stage ID")].tasks = Number(stage, "Number of Tasks");
  } else {
    for (auto& [_, stages] : progress.jobs_) {
      const auto stage = stages.find(Number(event, "Stage ID"));
      if (stage != stages.end()) ++stage->second.done;
    }
  }
}

}  // namespace tidemill::engine::spark
