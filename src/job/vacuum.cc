#include "job/vacuum.h"

#include "delta/transaction.h"

namespace tidemill::job {
namespace {

delta::CommitDescription Description(bool start, const delta::Vacuum& vacuum, const std::string& version) {
  delta::CommitDescription description;
  description.operation = start ? "VACUUM START" : "VACUUM END";
  description.engine_info = "Tidemill/" + version;
  if (start) {
    description.parameters = {{"specifiedRetentionMillis", std::to_string(vacuum.retention.count() / 1000)}};
    description.metrics = {{"numFilesToDelete", std::to_string(vacuum.files.size())},
                           {"sizeOfDataToDelete", std::to_string(vacuum.bytes)}};
  } else {
    description.parameters = {{"status", "COMPLETED"}};
    description.metrics = {{"numDeletedFiles", std::to_string(vacuum.files.size())}};
  }
  return description;
}

// A commit that changes nothing and tells something, as Delta's own vacuum leaves them.
Status Tell(const delta::Table& table, delta::CommitDescription description, RunEnvironment& environment) {
  ASSIGN_OR_RETURN(const auto snapshot, delta::LoadSnapshot(table));
  auto transaction = delta::Transaction::Begin(snapshot);
  transaction.Describe(std::move(description));
  delta::CommitOptions options;
  options.rows_conform = true;  // there are none
  ASSIGN_OR_RETURN(const auto outcome, transaction.Commit(*environment.clock, environment.random, options));
  if (const auto* conflict = std::get_if<delta::Conflict>(&outcome)) {
    return Error{ErrorKind::kAborted, "the table changed meanwhile: " + conflict->message + "; try again"};
  }
  if (const auto* unknown = std::get_if<delta::Unknown>(&outcome)) {
    return Unavailable("whether the commit is in the table is not known: " + unknown->message +
                       "; `tidemill table history` tells");
  }
  return Ok();
}

}  // namespace

Result<delta::Vacuum> RunVacuum(const delta::Table& table, const VacuumOptions& options, RunEnvironment& environment) {
  ASSIGN_OR_RETURN(const auto snapshot, delta::LoadSnapshot(table));
  ASSIGN_OR_RETURN(auto vacuum,
                   delta::PlanVacuum(*snapshot, options.retention, options.force, environment.clock->Now()));
  if (!options.remove || vacuum.files.empty()) return vacuum;
  // Refused here when the table has a writer feature that is not known, before anything is removed.
  RETURN_IF_ERROR(Tell(table, Description(true, vacuum, environment.version), environment));
  for (const auto& file : vacuum.files) {
    if (*environment.cancel) return Error{ErrorKind::kCancelled, "stopped; what is left goes with the next vacuum"};
    const auto removed = table.storage->Remove(file.path);
    if (!removed.ok() && removed.error().kind != ErrorKind::kNotFound) return removed.error();
  }
  RETURN_IF_ERROR(Tell(table, Description(false, vacuum, environment.version), environment));
  return vacuum;
}

}  // namespace tidemill::job
