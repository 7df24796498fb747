// What the planner wants to know about one run before it starts, gathered: opened sources, resolved steps, samples of
// keys, earlier runs.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "advisor/facts.h"
#include "document/diagnostic.h"
#include "job/ledger.h"
#include "job/prepare.h"
#include "job/run.h"

namespace tidemill::job {

// A step's reads and operations, in the order its rows go through them.
advisor::StepFacts StepFactsOf(const PlannedStep& step);

// The columns of a table that some step uses, by lower-case name of the table; a table that is not there is used whole.
std::map<std::string, int> ColumnsRead(const Prepared& prepared);

// What the ledger knows of earlier runs and certificates. A null ledger knows none.
Pricing PricingOf(const Job& job, const Ledger* ledger, advisor::Prices prices, advisor::Rates rates,
                  const RunEnvironment& environment);

// What a plan of a run is made for, by name: the run key, what the sources hold (as InputsOf), the sink's version.
Result<std::map<std::string, std::string>> PlanStandsOn(const Job& job, const std::optional<Window>& window,
                                                        std::string inputs, const RunEnvironment& environment);

struct Gathered {
  advisor::JobFacts facts;
  std::map<std::string, std::string> stands_on;
};

// The facts of a run whose sources are open and whose steps are resolved; nothing is read.
advisor::JobFacts FactsOf(const Job& job, const std::optional<Window>& window, const Prepared& prepared,
                          const RunEnvironment& environment, const Pricing& pricing);

// The facts of a run of `window`; what is wrong with the job goes to `out`. Nothing is written, and of the data
// only samples are read.
// `try_codecs`: also what each codec makes of a sample, which takes part of a second.
std::optional<Gathered> GatherFacts(const Job& job, const std::optional<Window>& window, RunEnvironment environment,
                                    const Pricing& pricing, document::Diagnostics& out, bool try_codecs = false);

}  // namespace tidemill::job
