#include "watch/alert_spec.h"

#include <fmt/format.h>

#include <algorithm>

#include "document/shape.h"
#include "wire/http.h"

namespace tidemill::watch {
namespace {

using document::Diagnostics;
using document::Key;
using document::KeyType;
using document::Node;
using document::Reader;
using document::Section;

constexpr std::string_view kKinds[] = {"failed", "late", "slow", "quality", "cost", "success_rate"};
constexpr std::string_view kClasses[] = {"critical", "regular", "development"};

constexpr Key kTargetKeys[] = {
    {"name", KeyType::kJobName, true, "", "What logs call it: addresses may be secrets."},
    {"webhook", KeyType::kText, false, "", "A URL that is sent JSON, in the form of Alertmanager's webhooks."},
    {"slack", KeyType::kText, false, "", "A URL that is sent Slack's form, an incoming webhook."},
    {"mail", KeyType::kTexts, false, "", "Addresses."},
    {"command", KeyType::kTexts, false, "", "A program and its arguments; the JSON is its standard input."},
    {"from", KeyType::kText, false, "", "mail: the sender's address."},
    {"smtp", KeyType::kText, false, "smtp://localhost:25", "mail: the server; smtps:// for TLS from the start."},
    {"user", KeyType::kText, false, "", "mail: who the server knows; goes over TLS alone."},
    {"password", KeyType::kText, false, "", "mail: ${VARIABLE} keeps it out of the file."},
    {"on", KeyType::kTexts, false, "", "Only these: failed, late, slow, quality, cost, success_rate. Default: all."},
    {"classes", KeyType::kTexts, false, "", "Only of jobs of these classes. Default: all."},
};
constexpr Section kTarget{"alert_target", "Somebody who is told: webhook, slack, mail or command.", kTargetKeys};

constexpr Key kKeys[] = {
    {"group", KeyType::kDuration, false, "30s", "What comes within this time goes into one message."},
    {"repeat", KeyType::kDuration, false, "4h", "What still stands is told again after it."},
    {"success_rate", KeyType::kShare, false, "99.9%", "An alert when fewer of the last 30 days' runs succeeded."},
    {"data_error_rate", KeyType::kShare, false, "5%", "An alert when more of a run's rows were bad."},
    {"dollars_per_day", KeyType::kText, false, "", "An alert when the last day cost more. Default: no limit."},
    {"targets", KeyType::kSections, true, "", "Who is told.", {}, &kTarget},
};
void CheckUrl(const Reader& in, const char* key, Diagnostics& out) {
  if (in.Text(key).find("${") != std::string::npos) return;  // read by somebody who sends nothing
  if (const auto request = wire::RequestTo(in.Text(key)); !request.ok()) {
    out.Error(in.At(key), in.Path(key), request.error().message);
  }
}

// Names out of a list of known ones.
std::vector<std::string> ReadNames(const Reader& in, const char* key, std::span<const std::string_view> known,
                                   Diagnostics& out) {
  std::vector<std::string> names;
  for (const Node* node : in.TextNodes(key)) {
    if (std::find(known.begin(), known.end(), node->text) != known.end()) {
      names.push_back(node->text);
    } else {
      out.Error(node->at, in.Path(key), fmt::format("there is no '{}'", node->text),
                document::Suggest(node->text, {known.begin(), known.end()}));
    }
  }
  return names;
}

AlertTarget ReadTarget(const Reader& in, Diagnostics& out) {
  using How = AlertTarget::How;
  constexpr std::pair<const char*, How> kHows[] = {
      {"webhook", How::kWebhook}, {"slack", How::kSlack}, {"mail", How::kMail}, {"command", How::kCommand}};
  AlertTarget target;
  target.name = in.Text("name");
  int hows = 0;
  for (const auto& [key, how] : kHows) {
    if (!in.Has(key)) continue;
    target.how = how;
    ++hows;
    if (how == How::kWebhook || how == How::kSlack) {
      target.url = in.Text(key);
      CheckUrl(in, key, out);
    }
  }
  if (hows != 1) {
    out.Error(in.node().at, in.path(), hows == 0 ? "does not say how" : "says more than one way",
              "write one of `webhook`, `slack`, `mail` and `command`");
  }
  target.to = in.Texts("mail");
  target.command = in.Texts("command");
  target.server = {in.Text("smtp", "smtp://localhost:25"), in.Text("user"), in.Text("password")};
  target.from = in.Text("from");
  if (target.how == How::kMail) {
    if (target.from.empty()) out.Error(in.node().at, in.Path("from"), "is missing", "mail needs a sender");
    if (!target.server.url.starts_with("${") && !target.server.url.starts_with("smtp://") &&
        !target.server.url.starts_with("smtps://")) {
      out.Error(in.At("smtp"), in.Path("smtp"), "is no mail server", "write it like smtp://localhost:25");
    }
  }
  for (const auto& name : ReadNames(in, "on", kKinds, out)) {
    target.kinds.push_back(static_cast<AlertKind>(std::find(std::begin(kKinds), std::end(kKinds), name) - kKinds));
  }
  target.classes = ReadNames(in, "classes", kClasses, out);
  return target;
}

}  // namespace

std::string_view Name(AlertKind kind) { return kKinds[static_cast<size_t>(kind)]; }

constexpr Section kAlertKeys{"alerts", "Who is told when something is wrong.", kKeys};

AlertSpec ReadAlerts(const Reader& in, Diagnostics& out) {
  AlertSpec spec;
  spec.group = in.Duration("group").value_or(spec.group);
  spec.repeat = in.Duration("repeat").value_or(spec.repeat);
  spec.success_rate = document::ParseShare(in.Text("success_rate")).value_or(spec.success_rate);
  spec.data_error_rate = document::ParseShare(in.Text("data_error_rate")).value_or(spec.data_error_rate);
  if (in.Has("dollars_per_day")) {
    spec.dollars_per_day = in.Decimal("dollars_per_day").value_or(0);
    if (spec.dollars_per_day <= 0) {
      out.Error(in.At("dollars_per_day"), in.Path("dollars_per_day"),
                fmt::format("'{}' is not a number of dollars like 2.50", in.Text("dollars_per_day")));
    }
  }
  const Node* targets = in.Get("targets");
  if (targets == nullptr || !targets->is_list()) return spec;
  for (size_t i = 0; i < targets->items.size(); ++i) {
    if (!targets->items[i].is_map()) continue;
    AlertTarget target = ReadTarget(Reader(targets->items[i], fmt::format("{}[{}]", in.Path("targets"), i)), out);
    const bool known = std::any_of(spec.targets.begin(), spec.targets.end(),
                                   [&](const AlertTarget& other) { return other.name == target.name; });
    if (known) {
      out.Error(targets->items[i].at, in.Path("targets"), fmt::format("two are called '{}'", target.name),
                "rename one");
    }
    spec.targets.push_back(std::move(target));
  }
  return spec;
}

}  // namespace tidemill::watch
