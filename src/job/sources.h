// A job's sources as the engine's: globs expanded, Delta tables opened, schemas declared or inferred.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/changes.h"
#include "delta/predicate.h"
#include "delta/snapshot.h"
#include "engine/engine.h"
#include "job/run.h"
#include "job/run_key.h"
#include "job/spec.h"

namespace tidemill::job {

// Schemas that were inferred, by what they were inferred from: the plan before a run and every window after the first
// need not read the text files for them again. Thread-safe.
class SchemaMemo {
 public:
  std::optional<plan::Schema> Find(const std::string& of) const;
  void Keep(const std::string& of, const plan::Schema& schema);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, plan::Schema> schemas_;
};

struct OpenedSource {
  const SourceSpec* spec = nullptr;
  engine::Source source;
  delta::SnapshotPtr snapshot;  // format delta
  int64_t pruned_files = 0;

  int64_t bytes() const;
};

// Everything but the window; errors name the source.
Result<OpenedSource> OpenSource(const Job& job, const SourceSpec& spec, RunEnvironment& environment,
                                engine::Session& session);

// Which source the job's window cuts: the named one, or the only one with such a column. The column must be a time.
Result<size_t> WindowedSource(const WindowSpec& window, const std::vector<OpenedSource>& sources);

// Reads the live files of a Delta source, those that may hold rows of the window when there is one, and sets the
// engine's filter.
Status SelectFiles(OpenedSource& opened, const std::optional<engine::TimeRange>& window);

// The files of a snapshot as the engine reads them.
Result<engine::Source> SnapshotSource(std::string name, const delta::Snapshot& snapshot,
                                      const delta::Predicate& predicate = {});

// The files of a change feed as the engine reads them: those with a column of change types, or those of which the log
// tells it. The columns are the table's, then _change_type, _commit_version and _commit_timestamp.
engine::Source ChangesSource(std::string name, const delta::Changes& changes, bool recorded);

// An error about bytes that names none of the files that were read names them now.
Error NameFiles(Error error, const std::vector<const engine::Source*>& sources);

}  // namespace tidemill::job
