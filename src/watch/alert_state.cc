// What is remembered of alerts, as one JSON text and back.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "watch/alerts.h"

namespace tidemill::watch {
namespace {

using Json = nlohmann::ordered_json;

int64_t Us(Timestamp at) { return at.time_since_epoch().count(); }
Timestamp Time(const Json& us) { return Timestamp(Micros(us.get<int64_t>())); }

Json JsonOf(const Alert& alert) {
  return {{"kind", static_cast<int>(alert.kind)},
          {"job", alert.job},
          {"window", alert.window},
          {"class", alert.job_class},
          {"summary", alert.summary},
          {"since", Us(alert.since)},
          {"until", Us(alert.until)}};
}

Alert AlertOf(const Json& json) {
  const int kind = std::clamp(json.at("kind").get<int>(), 0, static_cast<int>(AlertKind::kSuccessRate));
  return {static_cast<AlertKind>(kind), json.at("job"),         json.at("window"),     json.at("class"),
          json.at("summary"),           Time(json.at("since")), Time(json.at("until"))};
}

}  // namespace

std::string ToJson(const AlertState& state) {
  Json json = {{"alerts", Json::array()},
               {"outbox", Json::array()},
               {"next_message", state.next_message},
               {"seen_notice", state.seen_notice},
               {"seen_event", state.seen_event}};
  for (const auto& [key, standing] : state.alerts) {
    Json alert = JsonOf(standing.alert);
    alert["told"] = Us(standing.told);
    json["alerts"].push_back(std::move(alert));
  }
  for (const auto& message : state.outbox) {
    Json alerts = Json::array();
    for (const auto& alert : message.alerts) alerts.push_back(JsonOf(alert));
    json["outbox"].push_back({{"id", message.id},
                              {"target", message.target},
                              {"alerts", std::move(alerts)},
                              {"tries", message.tries},
                              {"made", Us(message.made)},
                              {"not_before", Us(message.not_before)}});
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<AlertState> AlertStateFromJson(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  AlertState state;
  try {
    for (const auto& alert : json.at("alerts")) {
      Standing standing{AlertOf(alert), Time(alert.at("told"))};
      state.alerts.emplace(standing.alert.Key(), std::move(standing));
    }
    for (const auto& entry : json.at("outbox")) {
      Message message{entry.at("id"),    entry.at("target"),     {},
                      entry.at("tries"), Time(entry.at("made")), Time(entry.at("not_before"))};
      for (const auto& alert : entry.at("alerts")) message.alerts.push_back(AlertOf(alert));
      state.outbox.push_back(std::move(message));
    }
    state.next_message = json.at("next_message");
    state.seen_notice = json.at("seen_notice");
    state.seen_event = json.at("seen_event");
  } catch (const Json::exception&) {
    return Error{.kind = ErrorKind::kDataLoss, .message = "what the ledger keeps of alerts can't be read"};
  }
  return state;
}

}  // namespace tidemill::watch
