// deliver.h: a message to its target.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "watch/alerts.h"
#include "wire/http.h"

namespace tidemill::watch {

// Waits a few seconds at most. Errors bear no address, which may be a secret.
Status Deliver(const Message& message, const AlertTarget& target, wire::Http& http, Timestamp now);

// Runs a program with `input` as its standard input; what it prints goes to our standard error. It has no more time
// than `limit`, nor have the processes it started in its group. An Error tells how it ended when that was not with 0.
Status RunWith(const std::vector<std::string>& command, const std::string& input, Micros limit);

}  // namespace tidemill::watch
