#include "watch/alert_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/sha256.h"

namespace tidemill::watch {
namespace {

using Json = nlohmann::ordered_json;

std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string LineOf(const Alert& alert) {
  std::string line = alert.over() ? fmt::format("over: {}", Name(alert.kind)) : std::string(Name(alert.kind));
  if (!alert.job.empty()) line += " " + alert.job;
  if (!alert.window.empty()) line += " " + alert.window;
  return line + ": " + alert.summary;
}

// "<!channel>" in a job's message is to call nobody.
std::string ForSlack(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  return out;
}

}  // namespace

std::string SubjectOf(const Message& message) {
  const auto over =
      std::count_if(message.alerts.begin(), message.alerts.end(), [](const Alert& a) { return a.over(); });
  const auto stand = static_cast<int64_t>(message.alerts.size()) - over;
  std::string subject = "[tidemill] ";
  if (stand > 0) subject += fmt::format("{} alert{}", stand, stand == 1 ? "" : "s");
  if (over > 0) subject += fmt::format("{}{} over", stand > 0 ? ", " : "", over);
  const Alert& first = message.alerts.front();
  subject += fmt::format(": {}{}{}", Name(first.kind), first.job.empty() ? "" : " ", first.job);
  return message.alerts.size() > 1 ? subject + " ..." : subject;
}

std::string TextOf(const Message& message) {
  std::string text;
  for (const auto& alert : message.alerts)
    text += fmt::format("{}\n  since {}\n", LineOf(alert), FormatTimestamp(alert.since));
  return text;
}

std::string WebhookBody(const Message& message) {
  Json alerts = Json::array();
  bool stand = false;
  for (const auto& alert : message.alerts) {
    stand = stand || !alert.over();
    Json labels = {{"alertname", Name(alert.kind)}};
    if (!alert.job.empty()) labels["job"] = alert.job;
    if (!alert.window.empty()) labels["window"] = alert.window;
    if (!alert.job_class.empty()) labels["class"] = alert.job_class;
    alerts.push_back({{"status", alert.over() ? "resolved" : "firing"},
                      {"labels", std::move(labels)},
                      {"annotations", {{"summary", alert.summary}}},
                      {"startsAt", FormatTimestamp(alert.since)},
                      {"endsAt", alert.over() ? FormatTimestamp(alert.until) : "0001-01-01T00:00:00Z"},
                      {"generatorURL", ""},
                      {"fingerprint", Sha256Hex(alert.Key()).substr(0, 16)}});
  }
  return Dump({{"version", "4"},
               {"groupKey", fmt::format("tidemill:{}", message.id)},
               {"truncatedAlerts", 0},
               {"status", stand ? "firing" : "resolved"},
               {"receiver", message.target},
               {"groupLabels", Json::object()},
               {"commonLabels", Json::object()},
               {"commonAnnotations", Json::object()},
               {"externalURL", ""},
               {"alerts", std::move(alerts)}});
}

std::string SlackBody(const Message& message) {
  std::string text = "*" + ForSlack(SubjectOf(message)) + "*\n";
  for (const auto& alert : message.alerts)
    text += (alert.over() ? ":white_check_mark: " : ":warning: ") + ForSlack(LineOf(alert)) + "\n";
  return Dump({{"text", text}});
}

}  // namespace tidemill::watch
