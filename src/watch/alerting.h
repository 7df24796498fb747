// alerting.h: alerts with the world around them: a thread that looks at the ledger, keeps what stands, and sends.
//
// Messages are in the ledger before they go out, and are taken out after: whoever leads next sends those that may not
// have gone. A message can so arrive twice; none is lost within a day.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "watch/alerts.h"
#include "wire/http.h"

namespace tidemill::watch {

struct AlertingParts {
  AlertSpec spec;
  std::string ledger;                          // the file
  std::map<std::string, std::string> classes;  // of jobs, by name
  const Clock* clock = nullptr;                // the machine's
  // Called from the thread.
  std::function<int64_t()> epoch;                           // of leading; 0: another scheduler leads, and sends
  std::function<void(const std::string& message)> trouble;  // for the log
};

class Alerting {
 public:
  // What the ledger holds now is history, unless alerts were kept in it before.
  static Result<std::unique_ptr<Alerting>> Start(AlertingParts parts);
  // Waits for what is being sent; what is not sent stays in the ledger.
  ~Alerting();

 private:
  explicit Alerting(AlertingParts parts) : parts_(std::move(parts)) {}
  void Work();
  Status Turn(int64_t epoch);
  Result<Noticed> Look();
  Status SumUp(Noticed& noticed);
  Status Keep(int64_t epoch);
  Status SendSome(int64_t epoch);
  void Tell(const std::string& trouble);

  const AlertingParts parts_;
  std::unique_ptr<wire::Http> http_;
  std::unique_ptr<job::Ledger> ledger_;
  std::unique_ptr<job::ScheduleStore> store_;
  AlertState history_;               // what was there at the start
  std::optional<AlertState> state_;  // none while another scheduler leads
  std::string kept_;
  Noticed sums_;  // what the ledger adds up to, for as long as no run ends, or a minute
  std::optional<Micros> summed_;
  std::string told_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace tidemill::watch
