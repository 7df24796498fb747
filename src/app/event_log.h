// Spark's event logs on storage: which files there are, and one log read line by line in bounded memory.
#pragma once

#include <string>
#include <vector>

#include "advisor/eventlog/log.h"
#include "storage/storage.h"

namespace tidemill::app {

// The log of one application, in the order of its files: one, or those of a folder "eventlog_v2_...".
struct EventLogFiles {
  std::string path;  // of the file or the folder
  std::vector<std::string> files;
  int64_t size_bytes = 0;  // as they lie there
};

// What a path means: a file, one application's folder, or a folder of logs, at any depth; sorted by path. kNotFound:
// there is nothing, or nothing that could be a log.
Result<std::vector<EventLogFiles>> FindEventLogs(storage::Storage& storage, const std::string& path);

// A log that stops in the middle gives what there is, and says so in `cut`. kInvalidArgument: it is no event log.
struct ReadLog {
  advisor::eventlog::Log log;
  std::string cut;  // why reading ended early; empty: it did not
};
Result<ReadLog> ReadEventLog(storage::Storage& storage, const EventLogFiles& files);

}  // namespace tidemill::app
