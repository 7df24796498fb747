#include "job/event.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "job/event_fields.h"

namespace tidemill::job {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kOutcomes[] = {"committed", "already_committed", "checks_failed",
                                          "conflict",  "unknown",           "refused",
                                          "failed",    "cancelled",         "handed_off"};
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

template <typename Enum>
Enum FromWord(std::span<const std::string_view> words, const Json& json, Enum otherwise) {
  const auto found =
      json.is_string() ? std::find(words.begin(), words.end(), json.get<std::string_view>()) : words.end();
  return found == words.end() ? otherwise : static_cast<Enum>(found - words.begin());
}

struct FromValue {
  const Json& json;

  // VisitFields shows members as constants; those of the event that is being read are none.
  template <typename T>
  void operator()(const FieldInfo& info, const T& member) {
    const auto found = json.find(info.name);
    if (found != json.end()) Read(*found, const_cast<T&>(member));
  }

  void Read(const Json& value, std::string& out) { out = value.is_string() ? value.get<std::string>() : out; }
  void Read(const Json& value, bool& out) { out = value.is_boolean() ? value.get<bool>() : out; }
  void Read(const Json& value, int64_t& out) { out = value.is_number() ? value.get<int64_t>() : out; }
  void Read(const Json& value, int& out) { out = value.is_number() ? value.get<int>() : out; }
  void Read(const Json& value, double& out) { out = value.is_number() ? value.get<double>() : out; }
  void Read(const Json& value, Micros& out) {
    if (value.is_number()) out = Micros(static_cast<int64_t>(value.get<double>() * 1000));
  }
  void Read(const Json& value, Outcome& out) { out = FromWord(kOutcomes, value, out); }
  void Read(const Json& value, CheckStatus& out) { out = FromWord(kStatuses, value, out); }
};

template <size_t Index = 0>
std::optional<decltype(Event::body)> BodyOf(std::string_view type, const Json& json) {
  using Bodies = decltype(Event::body);
  if constexpr (Index < std::variant_size_v<Bodies>) {
    if (kEventNames[Index].name != type) return BodyOf<Index + 1>(type, json);
    std::variant_alternative_t<Index, Bodies> body;
    VisitFields(body, FromValue{json});
    return Bodies(std::move(body));
  }
  return std::nullopt;
}

}  // namespace

std::string_view Name(Outcome outcome) { return kOutcomes[static_cast<size_t>(outcome)]; }
std::string_view Name(CheckStatus status) { return kStatuses[static_cast<size_t>(status)]; }

std::string_view TypeName(const Event& event) { return kEventNames[event.body.index()].name; }

std::string ToJson(const Event& event) {
  Json json = {{"v", 1}, {"type", TypeName(event)}, {"time", FormatTimestamp(event.at)}, {"attempt", event.attempt}};
  std::visit([&](const auto& body) { VisitFields(body, ToValue{json}); }, event.body);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<decltype(Event::body)> BodyFromJson(std::string_view line) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains("type") || !json["type"].is_string()) return std::nullopt;
  return BodyOf(json["type"].get<std::string_view>(), json);
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
