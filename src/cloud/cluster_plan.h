// What `cluster plan` tells: the changes, what the cluster costs an hour, and why it is what it is.
#pragma once

#include <string>
#include <vector>

#include "advisor/prices.h"
#include "cloud/cluster.h"
#include "cloud/resource.h"

namespace tidemill::cloud {

struct PricedSize {
  std::string words;  // "at the least"
  int workers = 0;
  double on_demand = 0;  // dollars an hour, with EMR's fee
  double with_spot = 0;
};

struct Reason {
  std::string what;
  std::string why;
};

struct ClusterPlan {
  std::string cluster;
  std::vector<Change> changes;
  std::vector<PricedSize> sizes;
  std::vector<Reason> reasons;
  std::string prices_of;  // the price list's date and region
};

// kInvalidArgument when a type has no price, or the cluster's least size is above its own cap.
Result<ClusterPlan> PlanCluster(const ClusterSpec& spec, const std::vector<Resource>& known,
                                const advisor::Prices& prices);

// Workers that the cap on dollars an hour allows, with spot at the price list's share; at most scaling.max_nodes.
int MostWorkers(const ClusterSpec& spec, const advisor::Prices& prices);

std::string ClusterPlanText(const ClusterPlan& plan);
std::string ClusterPlanJson(const ClusterPlan& plan);

}  // namespace tidemill::cloud
