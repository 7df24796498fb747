#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "advisor/figures.h"
#include "advisor/plan.h"

namespace tidemill::advisor {
namespace {

constexpr int kMostSalts = 100;                     // the ADR's
constexpr double kSkewed = 3;                       // times the mean partition, from which on a task is a straggler
constexpr double kSkewedBytes = 256.0 * (1 << 20);  // below it no task is long; Spark's own threshold
// The hottest task in terms of an even share of all cores, from which on salting pays: numbering and copying the rows
// costs up to twice the tasks' time (docs/performance.md).
constexpr double kWorthSalting = 2.2;

const SourceFacts* SourceNamed(const JobFacts& facts, const std::string& name) {
  for (const auto& source : facts.sources) {
    if (source.name == name) return &source;
  }
  return nullptr;
}

std::vector<HotKey> HotKeys(const JobFacts& facts, const std::string& table, const std::vector<std::string>& keys) {
  const auto* source = SourceNamed(facts, table);
  if (source == nullptr || keys.size() != 1) return {};  // several keys together are less skewed than each
  const auto found = source->hot_keys.find(keys[0]);
  if (found == source->hot_keys.end()) return {};
  auto hot = found->second;
  std::sort(hot.begin(), hot.end(), [](const auto& a, const auto& b) { return a.share > b.share; });
  return hot;
}

// The largest partition as a share of all rows, the hottest key spread over `salts` of them.
double Largest(double share, int salts, int partitions) { return share / salts + (1 - share) / partitions; }

class SkewDecider {
 public:
  SkewDecider(const Situation& now, Plan& plan) : now_(now), plan_(plan), shape_(ShapeOf(now, plan)) {}

  void Send(const StepFacts& step, const Operation& join) {
    const std::string& small = SideToSend(join);
    const auto found = now_.estimate.flows.find(small);
    const bool may = join.type == "inner" || join.type == "left" || join.type == "semi" || join.type == "anti" ||
                     join.type == "cross";
    if (found == now_.estimate.flows.end() || !may || found->second.bytes > BroadcastLimit(shape_)) return;
    Broadcast(step, join, small, found->second.bytes);
  }

  void Salt(const StepFacts& step, const Operation& join) {
    const auto& sent = plan_.broadcasts;
    if (std::find(sent.begin(), sent.end(), SideToSend(join)) != sent.end()) return;
    for (const auto& [hot_side, other] : {std::pair{join.left, join.right}, std::pair{join.right, join.left}}) {
      const auto hot = HotKeys(now_.facts, hot_side, join.keys);
      if (!hot.empty() && Skewed(hot_side, hot[0].share)) return SaltJoin(step, join, hot_side, other, hot);
    }
  }

  void Group(const StepFacts& step, const Operation& operation) {
    for (const auto& table : step.reads) {
      const auto hot = HotKeys(now_.facts, table, operation.keys);
      if (hot.empty() || !Skewed(table, hot[0].share)) continue;
      const bool window = operation.kind == "window";
      plan_.decisions.push_back(
          {"skew",
           fmt::format("{}, {} by {}", step.name, window ? "window" : "group", operation.keys[0]),
           window ? "left as it is" : "no salt",
           window ? fmt::format("a window needs all rows of '{}' in one task: {} of them", hot[0].value,
                                ShareText(hot[0].share))
                  : fmt::format("Spark adds up before it shuffles, so '{}' ({} of the rows) reaches the last task as "
                                "one row from each",
                                hot[0].value, ShareText(hot[0].share)),
           {{"hottest key", fmt::format("{}: {}", hot[0].value, ShareText(hot[0].share))},
            {"sampled rows", CountText(static_cast<double>(SourceNamed(now_.facts, table)->sampled_rows))}},
           window ? "a partition_by with one more column" : "count(DISTINCT ...), which can't be added up before",
           "rewrite the step"});
      return;
    }
  }

 private:
  bool Skewed(const std::string& table, double share) const {
    const double largest = Largest(share, 1, plan_.shuffle_partitions);
    return largest > kSkewed / plan_.shuffle_partitions && largest * now_.estimate.flows.at(table).bytes > kSkewedBytes;
  }

  void Broadcast(const StepFacts& step, const Operation& join, const std::string& small, double bytes) {
    if (std::find(plan_.broadcasts.begin(), plan_.broadcasts.end(), small) == plan_.broadcasts.end()) {
      plan_.broadcasts.push_back(small);
    }
    plan_.decisions.push_back(
        {"join",
         fmt::format("{}: {}", step.name, small),
         "broadcast",
         "it fits a quarter of a task's memory, so nothing is shuffled and no key can be hot",
         {{"size", BytesText(bytes)}, {"limit", BytesText(BroadcastLimit(shape_))}, {"type", join.type}},
         fmt::format("{} above {}", small, BytesText(BroadcastLimit(shape_))),
         "conf: spark.sql.autoBroadcastJoinThreshold"});
  }

  void SaltJoin(const StepFacts& step, const Operation& join, const std::string& table, const std::string& other,
                const std::vector<HotKey>& hot) {
    const int partitions = plan_.shuffle_partitions;
    const double share = hot[0].share;
    Decision decision{"skew", fmt::format("{}, join on {}", step.name, join.keys[0]), "", "", {}, "", "--no-salt"};
    decision.figures = {{"hottest key", fmt::format("{}: {}", hot[0].value, ShareText(share))},
                        {"sampled rows", CountText(static_cast<double>(SourceNamed(now_.facts, table)->sampled_rows))},
                        {"largest partition before", Balance(share, 1)}};
    const bool even = Largest(share, 1, partitions) * shape_.cores < kWorthSalting;
    const bool copies = !other.empty() && (join.type == "inner" || (join.type == "left" && table == join.left));
    if (even) {
      decision.what = "left as it is";
      decision.why =
          fmt::format("on {} cores the task with '{}' takes {:.1f} times an even share, less than salting costs",
                      shape_.cores, hot[0].value, Largest(share, 1, partitions) * shape_.cores);
      decision.changes = "more cores, or a hotter key";
    } else if (!copies) {
      decision.what = "left to Spark's adaptive skew join";
      decision.why = fmt::format("a {} join can't be salted without making rows of its own", join.type);
      decision.changes = "an inner join, or a left join with the hot keys on the left";
    } else {
      // As many as bring the hot key down to the size of a mean partition.
      const int count = std::clamp(static_cast<int>(std::ceil(share * partitions)), 2, kMostSalts);
      advisor::Salt salt{step.name, table, other, join.keys[0], {}, count};
      for (const auto& key : hot) {
        if (Skewed(table, key.share)) salt.values.push_back(key.value);
      }
      decision.what = fmt::format("salted {} ways", count);
      decision.why =
          fmt::format("one task would get {} of the rows of {}", ShareText(Largest(share, 1, partitions)), table);
      decision.figures.push_back({"largest partition after", Balance(share, count)});
      decision.figures.push_back({"keys", fmt::format("{}", fmt::join(salt.values, ", "))});
      decision.changes = fmt::format("a hottest key below {}", ShareText((kSkewed - 1) / partitions));
      plan_.salts.push_back(std::move(salt));
    }
    if (plan_.engine == "native") decision.why += "; the native engine's join has no tasks to balance and ignores it";
    plan_.decisions.push_back(std::move(decision));
  }

  std::string Balance(double share, int salts) const {
    const double largest = Largest(share, salts, plan_.shuffle_partitions);
    return fmt::format("{} of the rows, {:.1f} times the mean", ShareText(largest), largest * plan_.shuffle_partitions);
  }

  const Situation& now_;
  Plan& plan_;
  SparkShape shape_;
};

}  // namespace

void DecideBroadcasts(const Situation& now, Plan& plan) {
  SkewDecider decider(now, plan);
  for (const auto& step : now.facts.steps) {
    for (const auto& operation : step.operations) {
      if (operation.kind == "join") decider.Send(step, operation);
    }
  }
}

void DecideSkew(const Situation& now, Plan& plan) {
  SkewDecider decider(now, plan);
  for (const auto& step : now.facts.steps) {
    for (const auto& operation : step.operations) {
      if (operation.kind == "join") decider.Salt(step, operation);
      if (operation.kind == "aggregate" || operation.kind == "window") decider.Group(step, operation);
    }
  }
}

}  // namespace tidemill::advisor
