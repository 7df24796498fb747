#include "cloud/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "cloud/controller.h"
#include "cloud/draws.h"

namespace tidemill::cloud {
namespace {

constexpr Micros kHour = std::chrono::hours(1);
constexpr Micros kNever = Micros::max();
constexpr Micros kMostOvertime = std::chrono::hours(24 * 30);
constexpr double kDone = 1e-6;  // vcpu-seconds

double Seconds(Micros time) { return static_cast<double>(time.count()) / 1e6; }
double Hours(Micros time) { return Seconds(time) / 3600; }

struct SimNode {
  Node node;
  Micros ready_at = kNever;
  Micros notice_at = kNever;
  Micros gone_at = kNever;

  bool paid() const { return node.state != NodeState::kRequested; }
};

struct Running {
  const SimJob* job = nullptr;
  double left = 0;  // vcpu-seconds
  int vcpus = 0;    // it has now
};

class Simulation {
 public:
  explicit Simulation(const SimulationInput& input) : in_(input), draws_(input.seed) {
    for (const auto& [type, steps] : *in_.market) cursors_[type] = {&steps, 0};
  }

  SimulationResult Run() {
    result_.jobs = static_cast<int64_t>(in_.jobs->size());
    if (in_.always_on) StartCluster();
    while (!Over()) {
      const Micros next = NextEvent();
      if (next == kNever || next > in_.length + kMostOvertime) break;
      Advance(next);
      Happen();
    }
    if (on_) Advance(std::max(now_, in_.length));
    Summarise();
    return std::move(result_);
  }

 private:
  struct Cursor {
    const std::vector<MarketStep>* steps = nullptr;
    size_t at = 0;
    const MarketStep& now() const { return (*steps)[at]; }
    Micros next() const { return at + 1 < steps->size() ? (*steps)[at + 1].at : kNever; }
  };

  // --- time ----------------------------------------------------------------------------------------------------

  bool Over() const {
    const bool jobs = next_job_ < in_.jobs->size() || !active_.empty();
    return !jobs && (now_ >= in_.length || !on_);
  }

  Micros NextEvent() const {
    Micros next = next_job_ < in_.jobs->size() ? (*in_.jobs)[next_job_].arrival : kNever;
    for (const auto& [type, cursor] : cursors_) next = std::min(next, cursor.next());
    if (!on_) return next;
    if (active_.empty() && next_job_ >= in_.jobs->size()) next = std::min(next, std::max(in_.length, now_));
    next = std::min({next, next_tick_, next_hour_});
    if (idle_since_ && !in_.always_on) next = std::min(next, *idle_since_ + in_.spec.idle_timeout);
    if (now_ < master_ready_) next = std::min(next, master_ready_);
    for (const auto& n : nodes_) next = std::min({next, n.ready_at, n.notice_at, n.gone_at});
    for (size_t i = 0; i < served_; ++i) {
      const double seconds = active_[i].left / active_[i].vcpus;
      next = std::min(next, now_ + Micros(static_cast<int64_t>(std::ceil(seconds * 1e6 - 1e-6))));
    }
    return std::max(next, now_);
  }

  // Work, money and use from now to `to`, during which nothing changes; an hour's figures end with the hour.
  void Advance(Micros to) {
    while (now_ < to) {
      const Micros end = std::min(to, (now_ / kHour + 1) * kHour);
      Pass(end - now_);
      now_ = end;
    }
  }

  void Pass(Micros span) {
    const double seconds = Seconds(span), hours = Hours(span);
    const auto index = static_cast<size_t>(now_ / kHour);
    if (result_.hours.size() <= index) result_.hours.resize(index + 1);
    if (!on_) return;
    SimHour& hour = result_.hours[index];
    int used = 0;
    for (size_t i = 0; i < served_; ++i) {
      active_[i].left -= active_[i].vcpus * seconds;
      used += active_[i].vcpus;
    }
    hour.used_vcpus += used * hours;
    result_.used_vcpu_hours += used * hours;
    tick_used_ += used * seconds;
    tick_ready_ += ready_vcpus_ * seconds;
    const auto before = result_.money.total();
    Pay(in_.spec.master, Market::kOnDemand, hours, hour);
    for (const auto& n : nodes_) {
      if (!n.paid()) continue;
      Pay(n.node.type, n.node.market, hours, hour);
      hour.paid_vcpus += n.node.vcpus * hours;
      result_.paid_vcpu_hours += n.node.vcpus * hours;
    }
    const double paid = result_.money.total() - before;
    hour.dollars += paid;
    if (hours > 0) result_.most_hourly = std::max(result_.most_hourly, paid / hours);
  }

  void Pay(const std::string& type, Market market, double hours, SimHour& hour) {
    const auto& price = in_.prices->instances.at(type);
    result_.money.emr += price.emr_hourly * hours;
    if (market == Market::kSpot) {
      result_.money.spot += price.hourly * cursors_.at(type).now().price_share * hours;
      result_.spot_node_hours += hours;
      hour.spot_nodes += hours;
    } else {
      result_.money.on_demand += price.hourly * hours;
      result_.on_demand_node_hours += hours;
      hour.on_demand_nodes += hours;
    }
  }

  // --- what happens now ----------------------------------------------------------------------------------------

  void Happen() {
    bool decide = false;
    Complete();
    MoveMarkets(decide);
    if (on_) MoveNodes(decide);
    Arrive(decide);
    if (on_ && now_ >= next_hour_) DrawInterruptions();
    if (on_ && now_ >= next_tick_) {
      decide = true;
      next_tick_ += kTick;
      cpu_ = tick_ready_ > 0 ? tick_used_ / tick_ready_ : (active_.empty() ? 0 : 1);
      tick_used_ = tick_ready_ = 0;
    }
    if (on_ && decide) Control();
    if (on_ && idle_since_ && !in_.always_on && now_ - *idle_since_ >= in_.spec.idle_timeout) StopCluster();
    Serve();
  }

  void Complete() {
    for (size_t i = 0; i < served_;) {
      if (active_[i].left > kDone) {
        ++i;
        continue;
      }
      const Micros took = now_ - active_[i].job->arrival;
      took_.push_back(Seconds(took));
      if (took > active_[i].job->deadline) ++result_.missed;
      active_.erase(active_.begin() + static_cast<std::ptrdiff_t>(i));
      --served_;
    }
    if (on_ && active_.empty() && !idle_since_) idle_since_ = now_;
  }

  void Arrive(bool& decide) {
    while (next_job_ < in_.jobs->size() && (*in_.jobs)[next_job_].arrival <= now_) {
      const SimJob& job = (*in_.jobs)[next_job_++];
      const auto at = std::upper_bound(active_.begin(), active_.end(), job.rank,
                                       [](int rank, const Running& r) { return rank < r.job->rank; });
      active_.insert(at, {&job, job.work_vcpu_seconds, 0});
      idle_since_.reset();
      if (!on_) {
        StartCluster();
        decide = true;
      }
    }
  }

  void MoveMarkets(bool& decide) {
    for (auto& [type, cursor] : cursors_) {
      while (cursor.next() <= now_) {
        ++cursor.at;
        int taken = cursor.now().taken;
        for (auto& n : nodes_) {
          if (n.node.type != type || n.node.market != Market::kSpot) continue;
          if (n.node.state == NodeState::kRequested && cursor.now().available) Begin(n);
          if (taken > 0 && n.paid() && !n.node.noticed && n.node.state != NodeState::kDraining) {
            n.notice_at = now_;
            --taken;
            decide = true;
          }
        }
      }
    }
  }

  void MoveNodes(bool& decide) {
    for (size_t i = 0; i < nodes_.size();) {
      SimNode& n = nodes_[i];
      if (n.ready_at <= now_) {
        if (n.node.state == NodeState::kStarting) n.node.state = NodeState::kReady;
        n.ready_at = kNever;
      }
      if (n.notice_at <= now_) {
        n.notice_at = kNever;
        if (n.node.state != NodeState::kDraining) {
          n.node.noticed = true;
          n.gone_at = now_ + kNotice;
          ++result_.interruptions;
          decide = true;
        }
      }
      if (n.gone_at <= now_) {
        if (n.node.noticed && !active_.empty()) active_.front().left += n.node.vcpus * Seconds(kRework);
        nodes_.erase(nodes_.begin() + static_cast<std::ptrdiff_t>(i));
        continue;
      }
      ++i;
    }
  }

  // For each spot node whether the market takes it within the hour, and when.
  void DrawInterruptions() {
    next_hour_ += kHour;
    for (auto& n : nodes_) {
      if (n.node.market != Market::kSpot || !n.paid() || n.node.noticed) continue;
      const double chance = cursors_.at(n.node.type).now().interruptions;
      if (chance <= 0 || draws_.Uniform() >= chance) continue;
      n.notice_at = now_ + Micros(static_cast<int64_t>(draws_.Uniform() * static_cast<double>(kHour.count())));
    }
  }

  // --- the cluster ---------------------------------------------------------------------------------------------

  void StartCluster() {
    on_ = true;
    master_ready_ = now_ + kNodeStart;
    next_tick_ = now_ + kTick;
    next_hour_ = (now_ / kHour + 1) * kHour;
    controller_ = {};
    cpu_ = tick_used_ = tick_ready_ = 0;
    if (active_.empty()) idle_since_ = now_;
    Control();
  }

  void StopCluster() {
    on_ = false;
    nodes_.clear();
    idle_since_.reset();
  }

  void Begin(SimNode& n) {
    n.node.state = NodeState::kStarting;
    n.ready_at = now_ + kNodeStart;
  }

  void Control() {
    Observation seen;
    seen.now = Timestamp(now_);
    seen.cpu = cpu_;
    for (const auto& n : nodes_) {
      seen.nodes.push_back(n.node);
      seen.nodes.back().busy = cpu_;
    }
    for (const auto& [type, cursor] : cursors_) {
      seen.markets.push_back({type, cursor.now().price_share, cursor.now().interruptions});
    }
    for (const auto& running : active_) {
      seen.backlog_vcpu_seconds += running.left;
      seen.demand_vcpus += running.job->max_vcpus;
      const auto needs = Micros(static_cast<int64_t>(running.left / running.job->max_vcpus * 1e6));
      const Micros slack = running.job->arrival + running.job->deadline - now_ - needs;
      seen.slack = std::min(seen.slack.value_or(slack), slack);
    }
    Decision decision = Decide(in_.spec, *in_.prices, controller_, seen);
    controller_ = decision.state;
    for (const auto& action : decision.actions) Carry(action);
    result_.most_workers = std::max(result_.most_workers, static_cast<int>(nodes_.size()));
  }

  void Carry(const Action& action) {
    if (action.kind == ActionKind::kRequest) {
      SimNode n;
      n.node = {.id = fmt::format("n{:08}", ++made_),
                .role = action.role,
                .market = action.market,
                .type = action.type,
                .state = NodeState::kRequested,
                .since = Timestamp(now_),
                .vcpus = in_.prices->instances.at(action.type).vcpus,
                .bridge = action.bridge};
      if (action.market == Market::kOnDemand || cursors_.at(action.type).now().available) Begin(n);
      if (action.bridge) ++result_.bridges;
      nodes_.push_back(std::move(n));
      return;
    }
    const auto found =
        std::find_if(nodes_.begin(), nodes_.end(), [&](const auto& n) { return n.node.id == action.node; });
    if (found == nodes_.end()) return;
    if (action.kind == ActionKind::kCancel) {
      ++result_.timeouts;
      nodes_.erase(found);
      return;
    }
    found->node.state = NodeState::kDraining;
    if (!found->node.noticed) found->gone_at = now_ + kDecommission;
  }

  // Cores to jobs, in order.
  void Serve() {
    ready_vcpus_ = 0;
    if (on_ && now_ >= master_ready_) {
      for (const auto& n : nodes_) ready_vcpus_ += n.node.state == NodeState::kReady ? n.node.vcpus : 0;
    }
    int free = ready_vcpus_;
    served_ = 0;
    for (auto& running : active_) {
      if (free == 0) break;
      running.vcpus = std::min(free, running.job->max_vcpus);
      free -= running.vcpus;
      ++served_;
    }
  }

  void Summarise() {
    result_.finished = static_cast<int64_t>(took_.size());
    result_.missed += result_.jobs - result_.finished;
    if (took_.empty()) return;
    std::sort(took_.begin(), took_.end());
    double sum = 0;
    for (const double seconds : took_) sum += seconds;
    const auto at = [this](double share) {
      const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(took_.size())));
      return took_[std::max<size_t>(rank, 1) - 1];
    };
    result_.mean_seconds = sum / static_cast<double>(took_.size());
    result_.median_seconds = at(0.5);
    result_.p95_seconds = at(0.95);
  }

  const SimulationInput& in_;
  Draws draws_;
  SimulationResult result_;
  Micros now_{};
  size_t next_job_ = 0;
  std::vector<Running> active_;  // by class, then arrival; the first `served_` have cores
  size_t served_ = 0;
  std::vector<double> took_;
  std::map<std::string, Cursor> cursors_;

  bool on_ = false;
  Micros master_ready_{};
  Micros next_tick_{};
  Micros next_hour_{};
  std::optional<Micros> idle_since_;
  std::vector<SimNode> nodes_;  // in the order they were asked for
  int64_t made_ = 0;
  ControllerState controller_;
  double cpu_ = 0;
  double tick_used_ = 0, tick_ready_ = 0;  // vcpu-seconds since the last tick
  int ready_vcpus_ = 0;
};

}  // namespace

SimulationResult Simulate(const SimulationInput& input) { return Simulation(input).Run(); }

}  // namespace tidemill::cloud
