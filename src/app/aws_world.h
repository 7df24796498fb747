// The real objects with which the commands on AWS work: the user's account, the ledger as memory.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "app/aws_access.h"
#include "app/program.h"
#include "cloud/aws/api.h"
#include "cloud/provision.h"
#include "job/ledger.h"

namespace tidemill::app {

class AwsWorld {
 public:
  // kInvalidArgument when nobody names a region.
  // An empty profile: as the environment says.
  static Result<std::unique_ptr<AwsWorld>> Make(Program& program, const std::string& profile, const std::string& region,
                                                std::unique_ptr<job::Ledger> ledger, const advisor::Prices& prices);

  cloud::World world();
  cloud::aws::Api& api() { return *api_; }
  // False when the user asked to stop meanwhile, and that is to be heard.
  bool Sleep(Micros time);
  // Until it is said otherwise Ctrl-C is not heard: what was begun is ended first.
  void BePatient(bool patient) { patient_ = patient; }

 private:
  AwsWorld() = default;

  Program* program_ = nullptr;
  std::atomic<bool> patient_ = false;
  advisor::Prices prices_;
  std::unique_ptr<AwsAccess> access_;
  std::unique_ptr<cloud::aws::Api> api_;
  std::unique_ptr<job::Ledger> ledger_;
  std::unique_ptr<cloud::Memory> memory_;
};

// The ledger's rows of a cluster as the cloud knows them; and of those the cluster's own attribute and its id. Empty:
// there is none.
Result<std::vector<cloud::Kept>> KeptOf(const job::Ledger& ledger, const std::string& cluster);
std::string AttributeOf(const std::vector<cloud::Kept>& parts, const char* name);
std::string IdOf(const std::vector<cloud::Kept>& parts);

// The world of a command on clusters: in the region the caller says, else the ledger, else the environment.
Result<std::unique_ptr<AwsWorld>> WorldFor(Program& program, const ClusterFlags& flags, std::string region);

}  // namespace tidemill::app
