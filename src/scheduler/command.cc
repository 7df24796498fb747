#include "scheduler/command.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace tidemill::scheduler {
namespace {

using Json = nlohmann::ordered_json;

int64_t Us(Timestamp t) { return t.time_since_epoch().count(); }
Timestamp At(const Json& json) { return Timestamp(Micros(json.get<int64_t>())); }

struct Writer {
  Json operator()(const event::Pause& e) const { return {{"do", "pause"}, {"job", e.job}}; }
  Json operator()(const event::Resume& e) const { return {{"do", "resume"}, {"job", e.job}}; }
  Json operator()(const event::RunNow& e) const { return {{"do", "run"}, {"job", e.job}, {"slot", Us(e.slot)}}; }
  Json operator()(const event::BackfillRange& e) const {
    return {{"do", "backfill"}, {"job", e.job}, {"from", Us(e.from)}, {"to", Us(e.to)}, {"replace", e.replace}};
  }
  template <typename Other>
  Json operator()(const Other&) const {
    return {{"do", "tick"}, {"job", 0}};
  }
};

}  // namespace

std::string CommandText(const Timetable& timetable, const Event& command) {
  Json json = std::visit(Writer(), command);
  json["job"] = timetable.jobs[json["job"].get<size_t>()].name;
  return json.dump();
}

Result<Event> CommandFromText(const Timetable& timetable, const std::string& text) {
  try {
    const Json json = Json::parse(text);
    const int job = timetable.Find(json.at("job").get<std::string>());
    if (job < 0) return InvalidArgument("there is no scheduled job " + json.at("job").get<std::string>());
    const auto what = json.at("do").get<std::string>();
    if (what == "pause") return Event(event::Pause{job});
    if (what == "resume") return Event(event::Resume{job});
    if (what == "run") return Event(event::RunNow{job, At(json.at("slot"))});
    if (what == "backfill") {
      return Event(event::BackfillRange{job, At(json.at("from")), At(json.at("to")), json.at("replace").get<bool>()});
    }
    return InvalidArgument(fmt::format("'{}' is no command", what));
  } catch (const Json::exception& error) {
    return InvalidArgument(std::string("a command that cannot be read: ") + error.what());
  }
}

}  // namespace tidemill::scheduler
