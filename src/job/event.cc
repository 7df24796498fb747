#include "job/event.h"

#include <nlohmann/json.hpp>

#include "job/event_fields.h"

namespace tidemill::job {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kOutcomes[] = {"committed", "already_committed", "checks_failed", "conflict",
                                          "unknown",   "refused",           "failed",        "cancelled"};
constexpr std::string_view kStatuses[] = {"passed", "warned", "failed"};

struct ToValue {
  Json& json;
  void operator()(const FieldInfo& info, const std::string& value) { json[info.name] = value; }
  void operator()(const FieldInfo& info, int64_t value) { json[info.name] = value; }
  void operator()(const FieldInfo& info, int value) { json[info.name] = value; }
  void operator()(const FieldInfo& info, double value) { json[info.name] = value; }
  void operator()(const FieldInfo& info, bool value) { json[info.name] = value; }
  void operator()(const FieldInfo& info, Micros value) { json[info.name] = static_cast<double>(value.count()) / 1000; }
  void operator()(const FieldInfo& info, Outcome value) { json[info.name] = Name(value); }
  void operator()(const FieldInfo& info, CheckStatus value) { json[info.name] = Name(value); }
};

}  // namespace

std::string_view Name(Outcome outcome) { return kOutcomes[static_cast<size_t>(outcome)]; }
std::string_view Name(CheckStatus status) { return kStatuses[static_cast<size_t>(status)]; }

std::string_view TypeName(const Event& event) { return kEventNames[event.body.index()].name; }

std::string ToJson(const Event& event) {
  Json json = {{"v", 1}, {"type", TypeName(event)}, {"time", FormatTimestamp(event.at)}, {"attempt", event.attempt}};
  std::visit([&](const auto& body) { VisitFields(body, ToValue{json}); }, event.body);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void EventStream::Emit(const Event& event) {
  const std::lock_guard lock(mutex_);
  for (const auto& sink : sinks_) sink(event);
}

Stage::Stage(Teller& teller, std::string name)
    : teller_(teller), name_(std::move(name)), start_(teller.clock().Monotonic()) {
  teller_.Tell(event::StageStarted{name_});
}

Stage::~Stage() { teller_.Tell(event::StageFinished{name_, teller_.clock().Monotonic() - start_}); }

}  // namespace tidemill::job
