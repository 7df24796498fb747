// rules.h: the rules by which an event log is judged, as a table: what each looks at, from which threshold on, where
// that threshold comes from. docs/advise.md is made from it.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/eventlog/finding.h"
#include "advisor/eventlog/log.h"
#include "advisor/eventlog/model.h"

namespace tidemill::advisor::eventlog {

struct Threshold {
  std::string_view name;
  double value;
  std::string_view from;  // where it comes from
};

// What a rule looks at: a log, and what a change of it would gain.
class Case {
 public:
  explicit Case(const Log& log);
  const Log& log;
  const double seconds;  // of the model of the log as it is
  const int slots;
  const double worth;  // seconds below which nothing is worth a change

  // How much shorter the run would be with other tasks in these stages.
  double Gain(const std::map<const Stage*, Tasks>& changed) const;
  double Gain(const Stage& stage, Tasks tasks) const { return Gain({{&stage, tasks}}); }
  // Stages that took at least `worth`.
  std::vector<const Stage*> LongStages() const;
};

struct Rule {
  std::string_view name;
  std::string_view looks_for;
  std::string_view change;
  std::string_view gain;  // how it is estimated
  std::span<const Threshold> thresholds;
  Confidence confidence;
  std::vector<Finding> (*find)(const Rule& rule, const Case& now);

  double At(std::string_view threshold) const;
};

// By what they look at; AllRules holds all.
std::span<const Rule> TaskRules();
std::span<const Rule> FileRules();
std::span<const Rule> PlanRules();
std::span<const Rule> ClusterRules();
std::vector<const Rule*> AllRules();

// At most one a rule, in the order of Rank.
std::vector<Finding> FindAll(const Log& log);
// Those that gain most first; less sure ones count for less.
void Rank(std::vector<Finding>& findings);

// ---- For the rules ----

// `low` to `high` around an estimate: the less sure the wider.
Interval Around(double seconds, Confidence confidence);
// "stage 7 (collect at job.py:12)".
std::string Called(const Stage& stage);

}  // namespace tidemill::advisor::eventlog
