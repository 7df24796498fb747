// api.h: what programs and pages ask, as JSON: the schedule, the ledger, the jobs' tables. Asked by paths that one
// table lists, from which the OpenAPI document is made too.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "delta/delta.h"
#include "job/ledger.h"
#include "job/schedule_store.h"
#include "serve/http.h"
#include "serve/schedule_view.h"

namespace tidemill::serve {

struct ApiParts {
  const scheduler::Timetable* timetable = nullptr;
  std::map<std::string, std::string> tables;  // the folders of the jobs' Delta tables, by job
  // Of such a folder. Called by one thread at a time: what it needs may be made when it is first asked for.
  std::function<delta::Table(const std::string& root)> open;
  std::string ledger;  // the file
  std::string version;
  const Clock* clock = nullptr;  // the machine's
  // Who asked for what, for the log. Called from threads of the server.
  std::function<void(const std::string& what, const std::string& job)> audit;
};

// Thread-safe.
class Api {
 public:
  static Result<std::unique_ptr<Api>> Make(ApiParts parts);

  // What the last turn of the scheduler left.
  void See(ScheduleView view);
  // 404 for a path that is none of its own.
  Response Answer(const Request& request);

 private:
  struct Asked {
    const Request& request;
    std::string id;  // what stands for {...} in the path
  };
  struct Parameter {
    const char* name;
    const char* type;  // OpenAPI's
    const char* what;
    const char* values = "";  // separated by '|'; empty: any
  };
  struct Route;
  static const Route kRoutes[];

  explicit Api(ApiParts parts) : parts_(std::move(parts)) {}
  ScheduleView View() const;
  Response Ask(const Route& route, const Asked& asked);

  Response Health(const Asked& asked);
  Response Metrics(const Asked& asked);
  Response Schedule(const Asked& asked);
  Response Notices(const Asked& asked);
  Response Runs(const Asked& asked);
  Response Run(const Asked& asked);
  Response RunStream(const Asked& asked);
  Response Costs(const Asked& asked);
  Response Tables(const Asked& asked);
  Response Table(const Asked& asked);
  Response Clusters(const Asked& asked);
  Response Advice(const Asked& asked);
  Response Command(const Asked& asked);
  Response OpenApi(const Asked& asked);

  // Answers that many ask for and that look at much of the ledger are given again for a second.
  struct Kept {
    Micros at{};
    Response response;
  };

  const ApiParts parts_;
  std::unique_ptr<job::Ledger> ledger_;
  std::mutex kept_mutex_;  // held while one is made: those who ask for it meanwhile wait for it
  std::map<std::string, Kept> kept_;
  std::mutex table_mutex_;    // one table is looked at at a time, for its memory
  mutable std::mutex mutex_;  // of what follows
  ScheduleView view_;
  std::unique_ptr<job::ScheduleStore> store_;
};

}  // namespace tidemill::serve
