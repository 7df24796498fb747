#include <fmt/format.h>

#include <algorithm>

#include "advisor/figures.h"
#include "advisor/plan.h"

namespace tidemill::advisor {
namespace {

const Quote& NativeHere(const Plan& plan) { return plan.quotes.front(); }

const StepFacts* Refused(const JobFacts& facts) {
  for (const auto& step : facts.steps) {
    if (!step.refused.empty()) return &step;
  }
  return nullptr;
}

// This machine when it meets the deadline, else a cluster.
const char* SparkPlace(const JobFacts& facts, const Plan& plan) {
  if (facts.choices.engine == "emr") return "spark on EMR, spot";
  for (const auto& quote : plan.quotes) {
    if (quote.place == "spark here" && quote.fits) return "spark here";
  }
  return "spark on EMR, spot";
}

// The newest native run of at least half this run's size that says whether the native engine gets through with this
// memory; null: none does, or it did get through.
const RunFacts* HandedOver(const JobFacts& facts, double bytes_read) {
  for (const auto& run : facts.runs) {
    const bool smaller = static_cast<double>(run.bytes_read) < bytes_read / 2;
    if (run.engine != "native" || (smaller && run.handed_over.empty())) continue;
    const bool larger = static_cast<double>(run.bytes_read) > bytes_read * 1.5;
    const bool less_memory = run.memory_bytes < facts.machine.memory_bytes * 3 / 4;
    if (!run.handed_over.empty() && (larger || less_memory)) continue;
    return run.handed_over.empty() ? nullptr : &run;
  }
  return nullptr;
}

// A program for Spark runs on Spark; where, the deadline says.
void DecideForProgram(const Situation& now, Plan& plan) {
  const auto& facts = now.facts;
  plan.engine = facts.choices.engine == "emr" ? "emr" : "spark";
  plan.place = SparkPlace(facts, plan);
  const Quote& here = plan.quotes.front();
  Decision decision{"engine", "", plan.place, fmt::format("{} is a program for Spark", facts.program),
                    {},       "", "--master"};
  if (!here.fits) decision.why += fmt::format("; on this machine it {}", here.problem);
  const auto measured = [](const RunFacts& run) { return run.engine == "spark"; };
  decision.figures = {
      {"time here", SecondsText(here.seconds.mid)},
      {"deadline", SecondsText(facts.sla_seconds)},
      {"figures from",
       std::any_of(facts.runs.begin(), facts.runs.end(), measured) ? "earlier runs" : "file sizes, each read once"}};
  decision.changes = "another sla or amount of data; earlier runs";
  plan.decisions.push_back(std::move(decision));
}

}  // namespace

void DecideEngine(const Situation& now, Plan& plan) {
  const auto& facts = now.facts;
  if (!facts.program.empty()) return DecideForProgram(now, plan);
  const Quote& here = NativeHere(plan);
  Decision decision{"engine", "", "", "", {}, "", ""};
  decision.figures = {{"memory", BytesText(here.memory_bytes)},
                      {"memory budget", BytesText(static_cast<double>(facts.machine.memory_bytes))},
                      {"time", SecondsText(here.seconds.mid)},
                      {"deadline", SecondsText(facts.sla_seconds)},
                      {"figures from", now.estimate.measured ? "earlier runs" : "file sizes"}};
  const auto choose = [&](const char* engine, std::string why, std::string changes) {
    plan.engine = engine;
    decision.why = std::move(why);
    decision.changes = std::move(changes);
  };
  const auto* refused = Refused(facts);
  if (facts.choices.engine == "native" && refused != nullptr) {
    choose("native", fmt::format("you asked for it, but step {} will be refused: {}", refused->name, refused->refused),
           "--engine auto or spark");
  } else if (!facts.choices.engine.empty()) {
    choose(facts.choices.engine.c_str(), "you asked for it", "--engine auto lets the planner choose");
  } else if (refused != nullptr) {
    choose("spark", fmt::format("the native engine refuses step {}: {}", refused->name, refused->refused),
           "the step written without it");
  } else if (facts.choices.certify && facts.certified < 1) {
    choose(
        "spark",
        facts.certified > 0
            ? fmt::format("the job asks for a certificate, and the ledger's for this spec is of a sample of {} alone",
                          ShareText(facts.certified))
            : "the job asks for a certificate, and none is in the ledger for this spec",
        "`tidemill verify` of the job, which writes one");
  } else if (!here.fits) {
    choose("spark", fmt::format("the native engine {}", here.problem),
           "a larger --memory, a smaller window, or a longer sla");
  } else if (const auto* before = HandedOver(facts, now.estimate.bytes_read)) {
    choose("spark",
           fmt::format("the native engine did not get through an earlier run of {} with {} memory ({})",
                       BytesText(static_cast<double>(before->bytes_read)),
                       BytesText(static_cast<double>(before->memory_bytes)), before->handed_over),
           "more memory than that run had, or a smaller window");
  } else {
    choose("native",
           fmt::format("every construct is Spark's on the native engine, and the work fits: {} of {} memory, {} of {}",
                       BytesText(here.memory_bytes), BytesText(static_cast<double>(facts.machine.memory_bytes)),
                       SecondsText(here.seconds.mid), SecondsText(facts.sla_seconds)),
           fmt::format("less memory than {}, or a construct that the native engine refuses",
                       BytesText(here.memory_bytes)));
  }
  plan.place = plan.engine == "native" ? here.place : SparkPlace(facts, plan);
  decision.what = plan.place;
  decision.override_with = plan.engine == "native" ? "--engine spark" : "--engine native";
  plan.decisions.push_back(std::move(decision));
}

void DecideBudget(const Situation& now, Plan& plan) {
  const double budget = now.facts.choices.budget_dollars;
  if (budget <= 0) return;
  const auto quote =
      std::find_if(plan.quotes.begin(), plan.quotes.end(), [&](const auto& q) { return q.place == plan.place; });
  if (quote == plan.quotes.end()) return;
  plan.over_budget = quote->dollars.mid > budget;
  Decision decision{"budget",       "", plan.over_budget ? "exceeded: the run asks first" : "kept", "", {}, "",
                    "--over-budget"};
  decision.why =
      fmt::format("{} is quoted at {} of {}", plan.place, DollarsText(quote->dollars.mid), DollarsText(budget));
  decision.figures = {
      {"quote", fmt::format("{} to {}", DollarsText(quote->dollars.low), DollarsText(quote->dollars.high))}};
  decision.changes = "a smaller window, another place, or a larger budget";
  plan.decisions.push_back(std::move(decision));
}

}  // namespace tidemill::advisor
