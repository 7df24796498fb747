// From a job to queries whose every name and type is known: sources opened, steps resolved in order.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "document/diagnostic.h"
#include "engine/engine.h"
#include "job/event.h"
#include "job/run.h"
#include "job/sources.h"
#include "job/spec.h"
#include "plan/typed.h"
#include "sql/resolver.h"

namespace tidemill::job {

// Sources, steps and what a run adds, by name, ignoring case.
class JobCatalog final : public sql::Catalog {
 public:
  void Add(const std::string& name, plan::Schema schema);
  Result<std::optional<Table>> Find(const plan::Name& name) override;
  std::vector<std::string> Names() const override;
  const plan::Schema* SchemaOf(const std::string& name) const;

 private:
  std::map<std::string, Table> tables_;  // by lower-case name
};

struct PlannedStep {
  const Step* step = nullptr;
  plan::typed::RelationPtr relation;
};

struct Prepared {
  std::vector<OpenedSource> sources;
  std::vector<PlannedStep> steps;
  JobCatalog catalog;
  sql::ResolveOptions resolve;
  std::string last;     // the table whose rows go to the sink
  plan::Schema output;  // its columns
};

engine::SessionOptions SessionOptionsFor(const Job& job, const RunEnvironment& environment, Timestamp now);

// Opens every source and resolves every step; what is wrong goes to `out`, all of it. Incomplete when there are errors.
Prepared Prepare(const Job& job, const std::optional<Window>& window, RunEnvironment& environment, Timestamp now,
                 engine::Session& session, Teller& teller, document::Diagnostics& out);

// Hands the sources and steps to the engine.
Status Register(const Prepared& prepared, engine::Session& session);

// One query over what is in the catalog.
Result<plan::typed::RelationPtr> ResolveText(const std::string& sql, Prepared& prepared);

}  // namespace tidemill::job
