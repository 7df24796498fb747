// reader.h: the lines of an event log, of Spark 3.x and 4.x, as a Log. (org.apache.spark.util.JsonProtocol.)
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string_view>

#include "advisor/eventlog/log.h"

namespace tidemill::advisor::eventlog {

// Not thread-safe.
class Reader {
 public:
  Reader();
  ~Reader();

  // One line: an event as JSON. What is no event of interest changes nothing; what is no JSON is counted.
  void Add(std::string_view line);
  // Whether a line was an event of Spark.
  bool seen_event() const;
  // After the last line. The reader is used up.
  Log Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tidemill::advisor::eventlog
