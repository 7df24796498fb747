// alert_spec.h: the `alerts` section of schedule.yaml -> who is told what.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "document/diagnostic.h"
#include "document/keys.h"
#include "document/reader.h"
#include "wire/mail.h"

namespace tidemill::watch {

enum class AlertKind {
  kFailed,       // a window is parked: nothing more is tried
  kLate,         // past its deadline
  kSlow,         // took longer than the runs before it explain
  kQuality,      // checks failed, or more rows were set aside than the data error rate allows
  kCost,         // the last day cost more than is allowed
  kSuccessRate,  // over 30 days, below the target
};
std::string_view Name(AlertKind kind);

// How a message goes out.
struct AlertTarget {
  enum class How { kWebhook, kSlack, kMail, kCommand } how = How::kWebhook;
  std::string name;                  // what logs call it: addresses may be secrets
  std::string url;                   // webhook, slack
  wire::MailServer server;           // mail
  std::string from;                  // mail
  std::vector<std::string> to;       // mail
  std::vector<std::string> command;  // its arguments; the message is its standard input
  std::vector<AlertKind> kinds;      // empty: all
  std::vector<std::string> classes;  // of jobs; empty: all. What is of no job goes to everybody
};

struct AlertSpec {
  Micros group = std::chrono::seconds(30);  // what comes within it goes into one message
  Micros repeat = std::chrono::hours(4);    // what still stands is told again
  double success_rate = 0.999;
  double data_error_rate = 0.05;
  double dollars_per_day = 0;  // 0: no limit
  std::vector<AlertTarget> targets;
};

// The keys of the section, for whoever reads the file around it.
extern const document::Section kAlertKeys;
AlertSpec ReadAlerts(const document::Reader& in, document::Diagnostics& out);

}  // namespace tidemill::watch
