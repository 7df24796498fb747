// Credentials as the AWS CLI finds them, in its order: environment, a profile's assumed role, web identity, SSO, the
// shared files, credential_process, the container, the instance's metadata (v2 only). Renewed before they end.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "cloud/aws/sigv4.h"

namespace tidemill::cloud::aws {

// What of the world credentials may come from.
struct Surroundings {
  std::map<std::string, std::string> environment;
  std::string profile;  // empty: AWS_PROFILE, else default
  std::function<Result<std::string>(const std::string& path)> read_file;
  std::function<Result<std::string>(const std::string& command)> run;  // its standard output
  wire::Http* http = nullptr;
  const Clock* clock = nullptr;
};

// Thread-safe.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  // Good for at least some minutes. kPermissionDenied says where was looked, and never holds a secret.
  virtual Result<Credentials> Get() = 0;
  // What was given is refused: find new ones at the next Get.
  virtual void Renew() = 0;
};

std::unique_ptr<CredentialSource> MakeCredentials(Surroundings surroundings);

// The region by AWS_REGION, AWS_DEFAULT_REGION or the profile; empty: nobody says.
std::string RegionOf(const Surroundings& surroundings);

}  // namespace tidemill::cloud::aws
