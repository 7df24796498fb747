#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "advisor/figures.h"
#include "advisor/plan.h"

namespace tidemill::advisor {
namespace {

constexpr double kSmallWindow = 256.0 * (1 << 20);
constexpr double kShortest = 1, kLongest = 4;  // hours of data a job, by the ADR

// The share of memory or of the deadline that the run takes, whichever is larger.
double Load(const Situation& now, const Plan& plan) {
  const auto& here = plan.quotes.front();
  const double memory = here.memory_bytes / std::max(1.0, static_cast<double>(now.facts.machine.memory_bytes));
  return std::max(memory, here.seconds.mid / std::max(1.0, now.facts.sla_seconds));
}

}  // namespace

void DecideWindows(const Situation& now, Plan& plan) {
  if (!now.facts.window) return;
  const auto& window = *now.facts.window;
  const auto& here = plan.quotes.front();
  const auto& machine = now.facts.machine;
  Decision decision{"windows", "", "", "", {}, "", "window: size in the job, --jobs N"};
  decision.figures = {{"window", fmt::format("{:g} h", window.hours)},
                      {"read", BytesText(now.estimate.bytes_read)},
                      {"memory a window", BytesText(here.memory_bytes)}};
  const double load = Load(now, plan);
  if (load > 1) {
    const double hours = std::max(kShortest, std::floor(window.hours / load));
    decision.what = hours < window.hours ? fmt::format("split into windows of {:g} h", hours) : "left as it is";
    decision.why = hours < window.hours
                       ? fmt::format("this window takes {:.1f} times what the native engine may use here", load)
                       : "a window shorter than 1 h costs more in starts and commits than it saves";
    decision.changes = "more memory or a longer sla";
  } else if (now.estimate.bytes_read < kSmallWindow) {
    const int by_memory = static_cast<int>(static_cast<double>(machine.memory_bytes) / here.memory_bytes);
    plan.side_by_side = std::clamp(std::min(by_memory, machine.threads), 1, 16);
    decision.what =
        plan.side_by_side > 1 ? fmt::format("{} side by side in a backfill", plan.side_by_side) : "one at a time";
    decision.why = plan.side_by_side > 1
                       ? fmt::format("a window reads only {}: one alone leaves cores idle while it opens and commits",
                                     BytesText(now.estimate.bytes_read))
                       : "memory or cores are only enough for one";
    decision.changes = fmt::format("windows above {}, or less memory", BytesText(kSmallWindow));
    if (window.hours < kShortest) decision.why += "; windows of 1 to 4 h need fewer commits";
  } else if (window.hours > kLongest) {
    decision.what = "left as it is";
    decision.why = fmt::format("longer than the usual 1 to 4 h, but it takes only {} of what it may", ShareText(load));
    decision.changes = "a failure to retry: a shorter window loses less";
  } else {
    decision.what = "one at a time";
    decision.why = fmt::format("{} keep all cores busy", BytesText(now.estimate.bytes_read));
    decision.changes = fmt::format("windows below {}", BytesText(kSmallWindow));
  }
  plan.decisions.push_back(std::move(decision));
}

void DecideCaching(const Situation& now, Plan& plan) {
  std::map<std::string, int> uses;
  for (const auto& step : now.facts.steps) {
    for (const auto& name : step.reads) ++uses[name];
  }
  const double most = 0.3 * static_cast<double>(now.facts.machine.memory_bytes);
  for (const auto& step : now.facts.steps) {
    const int used = uses[step.name];
    if (used < 2 && !step.cache) continue;
    const double bytes = now.estimate.flows.at(step.name).bytes;
    Decision decision{"cache", step.name, "", "", {}, "", fmt::format("steps: {}: cache", step.name)};
    decision.figures = {
        {"used", fmt::format("{} times", used)}, {"size", BytesText(bytes)}, {"limit", BytesText(most)}};
    if (step.cache && used < 2) {
      decision.what = "kept, though it is used once";
      decision.why = "the job says cache: true; without it the rows would flow through";
      decision.changes = "cache: false";
    } else if (step.cache) {
      decision.what = "kept";
      decision.why = fmt::format("computed once in place of {} times", used);
      decision.changes = "one use less";
    } else if (step.operations.empty()) {
      decision.what = "not kept";
      decision.why = "it only filters and computes, which costs less than keeping its rows";
      decision.changes = "a join, group or sort in it";
    } else if (bytes > most) {
      decision.what = "not kept";
      decision.why = "its rows are too many to keep; it is computed again for each use";
      decision.changes = "more memory, or cache: true, which lets it spill";
    } else {
      decision.what = "worth keeping";
      decision.why = fmt::format("it would be computed {} times, and its rows are few", used);
      decision.changes = "cache: true in the job does it; rows above the limit";
    }
    plan.decisions.push_back(std::move(decision));
  }
}

}  // namespace tidemill::advisor
