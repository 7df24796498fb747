// The controller: a pure step from what is seen of a cluster to what is to be done. It keeps the cluster between its
// bounds, grows and shrinks it with the load, and deals with the spot market. It never sleeps, asks or remembers: the
// caller sees, calls `Decide` about once a minute, does what it says and keeps the state for the next call.
//
// Invariants of every answer: the workers that exist and those asked for are never more than the most allowed, nor
// would they cost more than the cap if all were on-demand; a node that hosts a driver is never taken away, nor a core
// node without which fewer are left than HDFS keeps copies, nor one of the minimum.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "advisor/prices.h"
#include "base/units.h"
#include "cloud/cluster.h"
#include "cloud/fleet.h"

namespace tidemill::cloud {

enum class NodeState { kRequested, kStarting, kReady, kDraining };

// A worker.
struct Node {
  std::string id;
  Role role = Role::kTask;
  Market market = Market::kOnDemand;
  std::string type;
  NodeState state = NodeState::kReady;
  Timestamp since{};  // when it was asked for
  int vcpus = 0;
  double busy = 0;  // share of its cores at work
  bool hosts_driver = false;
  bool noticed = false;  // the market takes it in two minutes
  bool bridge = false;   // on-demand where spot was wanted
};

// A spot market: one type in the cluster's zone.
struct SpotMarket {
  std::string type;
  double price_share = 0;    // of the on-demand price
  double interruptions = 0;  // chance that a node is taken within an hour
};

struct Observation {
  Timestamp now{};
  std::vector<Node> nodes;
  std::vector<SpotMarket> markets;
  double cpu = 0;                   // share of the ready workers' cores at work over the last minute
  double backlog_vcpu_seconds = 0;  // work of jobs that are here, done by nobody yet
  double demand_vcpus = 0;          // cores that running and waiting jobs could use at once
  std::optional<Micros> slack;      // the least that a job has left until its deadline beyond what it still needs
};

struct ControllerState {
  int target = 0;                        // workers; 0: not begun
  std::optional<Timestamp> above_since;  // CPU
  std::optional<Timestamp> below_since;
  std::optional<Timestamp> calm_since;  // some spot market is fine
  std::optional<Timestamp> last_out;
  std::optional<Timestamp> last_change;
  bool operator==(const ControllerState&) const = default;
};

enum class ActionKind { kRequest, kCancel, kDrain };

struct Action {
  ActionKind kind = ActionKind::kRequest;
  std::string node;  // cancel, drain
  Role role = Role::kTask;
  Market market = Market::kOnDemand;
  std::string type;
  bool bridge = false;
  std::string why;
};

struct Decision {
  ControllerState state;
  std::vector<Action> actions;
};

// Every type is in the price list.
Decision Decide(const ClusterSpec& spec, const advisor::Prices& prices, const ControllerState& state,
                const Observation& seen);

}  // namespace tidemill::cloud
