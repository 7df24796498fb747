// A client for AWS with this user's credentials, as the environment and the files of ~/.aws say.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/program.h"
#include "cloud/aws/client.h"

namespace tidemill::app {

class AwsAccess {
 public:
  // `files` holds ~/.aws; an empty profile: as the environment says.
  // `sleep` as in cloud::aws::Client.
  static Result<std::unique_ptr<AwsAccess>> Make(Program& program, storage::Storage& files, const std::string& profile,
                                                 std::function<bool(Micros)> sleep);

  cloud::aws::Client& client() { return *client_; }
  // As the environment or the profile says; empty: nobody does.
  const std::string& region() const { return region_; }

 private:
  AwsAccess() = default;

  std::string region_;
  std::unique_ptr<wire::Http> http_;
  std::unique_ptr<cloud::aws::CredentialSource> credentials_;
  std::unique_ptr<cloud::aws::Client> client_;
};

// False when the user asked to stop meanwhile.
bool SleepUnlessCancelled(const Program& program, Micros time);

}  // namespace tidemill::app
