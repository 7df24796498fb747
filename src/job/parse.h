// A job file's text -> Job, with every mistake of the file at once.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "document/diagnostic.h"
#include "job/spec.h"

namespace tidemill::job {

struct ParseInput {
  std::string text;
  std::string file;                              // as the user named it, for messages
  std::string folder;                            // absolute: where the file lies
  std::map<std::string, std::string> variables;  // for ${VAR}
  std::string profile;                           // empty: none
  std::vector<std::string> settings;             // "a.b=c"
  // Reads a step's `file`; the path is absolute.
  std::function<Result<std::string>(const std::string& path)> read_file;
};

struct ParsedJob {
  Job job;  // complete only when there are no errors
  document::Diagnostics diagnostics;
};

ParsedJob ParseJob(const ParseInput& input);

// Parses (not resolves) the SQL of steps and checks, adding what is wrong at its place in the file.
void CheckSqlSyntax(const Job& job, document::Diagnostics& out);

// "year/month/day(time)" or "column" -> partition columns; nothing when it cannot be read.
std::optional<std::vector<PartitionColumn>> ParsePartition(std::string_view text);
// "column", "column desc".
std::optional<SortKey> ParseSortKey(std::string_view text);

}  // namespace tidemill::job
