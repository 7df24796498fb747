// A Spark application that runs in AWS: as a step of a cluster, or as a job run of EMR Serverless. It is known by the
// name that whoever sent it gave it, so that it is found again after a restart and never sent twice.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "cloud/aws/api.h"

namespace tidemill::cloud {

enum class SubmissionState { kWaiting, kRunning, kStopping, kSucceeded, kFailed, kCancelled };
std::string_view Name(SubmissionState state);

struct Submission {
  std::string id;
  std::string name;
  SubmissionState state = SubmissionState::kWaiting;
  std::string reason;  // why it failed, as AWS says it

  bool ended() const { return state >= SubmissionState::kSucceeded; }
};

// What spark-submit is told.
struct SparkWords {
  std::string application;             // s3://
  std::vector<std::string> options;    // what comes before it
  std::vector<std::string> arguments;  // its own
  Micros timeout{};                    // AWS ends it then, where it can; zero: never
};

class SparkPlace {
 public:
  virtual ~SparkPlace() = default;
  virtual std::string Describe() const = 0;  // "cluster etl (j-1)"
  // Those that have not ended, and the newest of those that have.
  virtual Result<std::vector<Submission>> Recent() = 0;
  // The id. kUnavailable: it may have been taken all the same.
  virtual Result<std::string> Submit(const std::string& name, const SparkWords& words) = 0;
  virtual Result<Submission> Look(const std::string& id) = 0;
  // Asks for its end; fine when it has ended.
  virtual Status Cancel(const std::string& id) = 0;
  // Where its standard output comes to lie some minutes later, packed by gzip; empty: nowhere.
  virtual std::string OutputFile(const std::string& id) const = 0;
  virtual std::string ErrorFile(const std::string& id) const = 0;
};

// `log_uri` as the cluster has it; empty: no log is kept.
std::unique_ptr<SparkPlace> MakeSteps(aws::Api& api, std::string cluster_name, std::string cluster_id,
                                      std::string log_uri);
// `role`: the ARN with which the application reads and writes.
std::unique_ptr<SparkPlace> MakeServerless(aws::Api& api, std::string application_id, std::string role,
                                           std::string log_uri);

struct Sent {
  std::string id;              // empty: it is not known whether it was taken
  std::optional<Error> doubt;  // why not
};
// Sends it once, whatever becomes of the answers: what is there under that name is it. An error: it was certainly not
// taken. `sleep` as in aws::Client.
Result<Sent> SubmitOnce(SparkPlace& place, const std::string& name, const SparkWords& words,
                        const std::function<bool(Micros)>& sleep);

}  // namespace tidemill::cloud
