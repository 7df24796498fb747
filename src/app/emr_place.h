// Where a run goes on EMR, by the flags: a cluster that the ledger knows, one that is made for the run and ended after
// it, or an application of EMR Serverless.
#pragma once

#include <memory>
#include <string>

#include "app/aws_world.h"
#include "cloud/submission.h"
#include "job/run_key.h"
#include "job/spec.h"

namespace tidemill::app {

class EmrPlace {
 public:
  // kInvalidArgument: the flags name no place. No cluster is made here.
  static Result<std::unique_ptr<EmrPlace>> Open(Program& program, const EmrFlags& flags, const std::string& state,
                                                const advisor::Prices& prices, const job::Job& job,
                                                const job::RunKey& key);

  // Null: the run's own cluster is not made yet.
  cloud::SparkPlace* spark() { return spark_.get(); }
  AwsWorld& world() { return *world_; }
  // s3://, ends with '/': the folder for what is sent.
  const std::string& staging() const { return staging_; }

  // Makes the run's own cluster, or finishes making it; where there is another place there is nothing to do.
  Status Make();
  // Ends it with all its parts.
  Status End();
  // Why nothing runs there any more, when that is so.
  std::string Trouble();

 private:
  EmrPlace() = default;
  Status OpenSteps();

  std::unique_ptr<AwsWorld> world_;
  std::unique_ptr<cloud::SparkPlace> spark_;
  std::string staging_;
  std::string cluster_;  // its name; empty: serverless
  std::string id_;       // EMR's of it
  std::string log_uri_;
  bool dedicated_ = false;
  cloud::ClusterSpec spec_;  // dedicated
};

}  // namespace tidemill::app
