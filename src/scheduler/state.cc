#include "scheduler/state.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace tidemill::scheduler {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kStatuses[] = {"waiting", "running", "parked"};

// Reads or writes the members of a slot by one list of names.
template <typename SlotType, typename Visit>
void VisitSlot(SlotType& slot, Visit visit) {
  visit("start", slot.start);
  visit("end", slot.end);
  visit("kind", slot.kind);
  visit("status", slot.status);
  visit("due", slot.due);
  visit("not_before", slot.not_before);
  visit("began", slot.began);
  visit("starts", slot.starts);
  visit("failures", slot.failures);
  visit("preemptions", slot.preemptions);
  visit("doubts", slot.doubts);
  visit("memory_bytes", slot.memory_bytes);
  visit("on_spark", slot.on_spark);
  visit("replace", slot.replace);
  visit("stopping", slot.stopping);
  visit("over_limit", slot.over_limit);
  visit("told_late", slot.told_late);
  visit("asked", slot.asked);
  visit("why", slot.why);
}

template <typename StateType, typename Visit>
void VisitJob(StateType& state, Visit visit) {
  visit("fired", state.fired);
  visit("through", state.through);
  visit("paused", state.paused);
  visit("done", state.done);
  visit("parked", state.parked);
  visit("expected_s", state.expected_s);
  visit("data", state.data);
  visit("after", state.after);
}

template <typename T>
Json Written(const T& value) {
  if constexpr (std::is_same_v<T, Timestamp>) {
    return value.time_since_epoch().count();
  } else if constexpr (std::is_enum_v<T>) {
    return static_cast<int>(value);
  } else {
    return value;
  }
}

template <typename T>
void Read(const Json& json, T& value) {
  if constexpr (std::is_same_v<T, Timestamp>) {
    value = Timestamp(Micros(json.get<int64_t>()));
  } else if constexpr (std::is_enum_v<T>) {
    value = static_cast<T>(json.get<int>());
  } else {
    value = json.get<T>();
  }
}

// Only what differs from a fresh one: most of a slot does not.
template <typename T, typename VisitAll>
Json WriteMembers(const T& object, VisitAll visit_all) {
  const T fresh{};
  std::map<std::string_view, Json> usual;
  visit_all(fresh, [&](const char* name, const auto& value) { usual[name] = Written(value); });
  Json json = Json::object();
  visit_all(object, [&](const char* name, const auto& value) {
    Json written = Written(value);
    if (written != usual[name]) json[name] = std::move(written);
  });
  return json;
}

}  // namespace

std::string_view Name(SlotStatus status) { return kStatuses[static_cast<size_t>(status)]; }

Slot* JobState::Find(Timestamp start) {
  const auto at =
      std::lower_bound(slots.begin(), slots.end(), start, [](const Slot& s, Timestamp t) { return s.start < t; });
  return at != slots.end() && at->start == start ? &*at : nullptr;
}

void JobState::Count() {
  waiting = running = 0;
  for (const Slot& slot : slots) {
    waiting += slot.status == SlotStatus::kWaiting ? 1 : 0;
    running += slot.status == SlotStatus::kRunning ? 1 : 0;
  }
}

std::string ToJson(const JobState& state) {
  Json json = WriteMembers(state, [](auto& s, auto visit) { VisitJob(s, visit); });
  for (const Backfill& b : state.backfills) {
    json["backfills"].push_back({{"next", Written(b.next)}, {"to", Written(b.to)}, {"replace", b.replace}});
  }
  for (const Slot& slot : state.slots) {
    json["slots"].push_back(WriteMembers(slot, [](auto& s, auto visit) { VisitSlot(s, visit); }));
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<JobState> JobStateFromJson(const std::string& text) {
  JobState state;
  state.seen = true;
  try {
    const Json json = Json::parse(text);
    const auto reader = [](const Json& from) {
      return [&from](const char* name, auto& value) {
        if (from.contains(name)) Read(from[name], value);
      };
    };
    VisitJob(state, reader(json));
    for (const Json& b : json.value("backfills", Json::array())) {
      auto& backfill = state.backfills.emplace_back();
      Read(b["next"], backfill.next);
      Read(b["to"], backfill.to);
      Read(b["replace"], backfill.replace);
    }
    for (const Json& s : json.value("slots", Json::array())) VisitSlot(state.slots.emplace_back(), reader(s));
  } catch (const Json::exception& error) {
    return DataLoss(std::string("a job's schedule state cannot be read: ") + error.what());
  }
  state.Count();
  return state;
}

}  // namespace tidemill::scheduler
