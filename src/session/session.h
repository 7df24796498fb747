// Room session: SQL statements one by one over a warehouse. A session holds what lasts between statements: settings,
// the current database, temporary views, variables and functions; what is to outlast it lies in the warehouse's folder
// (warehouse.h). It plans nothing and computes nothing itself: the rows come from an engine, commits go through delta.
//
// A query can read the warehouse and the paths it names itself (csv.`in/a.csv`, LOCATION '...').
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "job/run.h"
#include "session/state.h"

namespace tidemill::session {

struct Options {
  std::string folder;     // relative paths are read from here
  std::string warehouse;  // the folder of databases and tables; made when first written to
  std::map<std::string, std::string> conf;
  std::string user{};  // who current_user() is; empty: it is refused
};

class Session {
 public:
  Session(job::RunEnvironment environment, Options options);
  ~Session();

  // The statements of the text, one after the other, up to the first error; the last one's answer. `most_rows` < 0:
  // all. A statement without rows gives an empty schema.
  Result<Answer> Execute(std::string_view text, int64_t most_rows = -1);

 private:
  std::unique_ptr<State> state_;
};

}  // namespace tidemill::session
