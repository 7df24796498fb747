// What is safe to do about a table's damages. Nothing is deleted: a file of the log that misleads readers goes to
// _delta_log/_set_aside, and data files stay where they are, also those that leave the table.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/delta.h"
#include "job/run.h"
#include "job/table_check.h"

namespace tidemill::job {

struct Repair {
  std::vector<std::string> set_aside;             // files of the log
  bool checkpoint = false;                        // a new one is written
  std::set<std::string> taken_out;                // files that leave the table, by their paths in the log
  std::map<std::string, std::string> statistics;  // new ones, by the files' paths in the log
  std::vector<std::string> words;                 // the steps, in order
  std::vector<std::string> left;                  // what is not done, and why

  bool empty() const { return set_aside.empty() && !checkpoint && taken_out.empty() && statistics.empty(); }
};

// `drop_damaged`: files that are there but cannot be read right leave the table, too.
Result<Repair> PlanRepair(const delta::Table& table, const TableCheck& check, bool drop_damaged,
                          const RunEnvironment& environment);

// The version committed; -1: no commit was needed. kAborted: another writer was faster, nothing was committed.
// kUnavailable: whether the commit is there is not known. Stopped anywhere, it can be done again.
Result<int64_t> ApplyRepair(const delta::Table& table, const Repair& repair, RunEnvironment& environment);

}  // namespace tidemill::job
