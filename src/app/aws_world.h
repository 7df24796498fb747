// The real objects with which the commands on AWS work: the user's account, the ledger as memory.
#pragma once

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
  static Result<std::unique_ptr<AwsWorld>> Make(Program& program, const ClusterFlags& flags, const std::string& region,
                                                std::unique_ptr<job::Ledger> ledger, const advisor::Prices& prices);

  cloud::World world();

 private:
  AwsWorld() = default;

  Program* program_ = nullptr;
  advisor::Prices prices_;
  std::unique_ptr<AwsAccess> access_;
  std::unique_ptr<cloud::aws::Api> api_;
  std::unique_ptr<job::Ledger> ledger_;
  std::unique_ptr<cloud::Memory> memory_;
};

// The ledger's rows of a cluster as the cloud knows them.
Result<std::vector<cloud::Kept>> KeptOf(const job::Ledger& ledger, const std::string& cluster);

}  // namespace tidemill::app
