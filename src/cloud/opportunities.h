// Where money could be saved: each opportunity with dollars a month and the command that takes it. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "advisor/prices.h"
#include "cloud/cluster.h"
#include "cloud/tiering.h"

namespace tidemill::cloud {

// A cluster's file, and what CloudWatch measured of it; none: nobody asked, or it does not run.
struct WatchedCluster {
  ClusterSpec spec;
  std::optional<double> workers;      // the mean; none: the least of the file
  std::optional<double> cpu;          // share of the workers' cores at work
  std::optional<double> idle;         // share of the time without a job
  std::optional<double> memory_used;  // share of YARN's
  int days = 0;                       // that were looked at
};

// A folder of text files.
struct TextData {
  std::string path;
  int64_t bytes = 0;        // of those that are not packed
  double packed_share = 1;  // measured: what gzip leaves of a sample
};

struct OpportunityFacts {
  std::vector<WatchedCluster> clusters;
  struct TableCost {
    TierPlan tiers;
    int64_t small_files = 0;  // that fit together into fewer
    int64_t files_after = 0;
  };
  std::vector<TableCost> tables;
  std::vector<TextData> texts;
};

struct Opportunity {
  std::string kind;   // "underused nodes", ...
  std::string where;  // the cluster, the table
  double monthly = 0;
  std::string why;
  std::string command;
  bool measured = false;  // else computed from the file and the price list
};

// The largest first.
std::vector<Opportunity> FindOpportunities(const OpportunityFacts& facts, const advisor::Prices& prices);

std::string OpportunitiesText(const std::vector<Opportunity>& found);
std::string OpportunitiesJson(const std::vector<Opportunity>& found);

}  // namespace tidemill::cloud
