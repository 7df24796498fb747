// processes.h: attempts as processes of this program, `tidemill run`, that outlive the scheduler.
//
// Each holds a lock on a file of its slot from before it begins until it is gone, so that whoever leads next knows
// whether it still runs, without trusting process numbers. Its events are a file beside the lock.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/driver.h"

namespace tidemill::scheduler {

struct ProcessParts {
  std::string program;                       // the binary
  std::string folder;                        // absolute: locks and logs
  std::string state;                         // the ledger
  std::string prices;                        // empty: the built-in list
  std::map<std::string, std::string> files;  // the job files, by job
};

std::unique_ptr<Attempts> MakeProcesses(ProcessParts parts);

}  // namespace tidemill::scheduler
