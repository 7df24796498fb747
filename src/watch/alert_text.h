// alert_text.h: a message as each kind of target reads it. Pure. What comes from jobs is text in all of them.
#pragma once

#include <string>

#include "watch/alerts.h"

namespace tidemill::watch {

// "2 alerts, 1 over: failed flights 2013-01-01..., late tpc".
std::string SubjectOf(const Message& message);
// A line an alert.
std::string TextOf(const Message& message);
// In the form of Alertmanager's webhooks (version 4), so that what receives those receives ours. For commands too.
std::string WebhookBody(const Message& message);
// Slack's incoming webhook, with what its markup would read escaped.
std::string SlackBody(const Message& message);

}  // namespace tidemill::watch
