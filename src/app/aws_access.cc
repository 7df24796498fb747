#include "app/aws_access.h"

#include <algorithm>
#include <cstdio>
#include <random>
#include <thread>

namespace tidemill::app {
namespace {

// The standard output of a credential_process; what it says on the standard error goes where ours goes.
Result<std::string> OutputOf(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return Unavailable("can't run " + command);
  std::string output;
  char bytes[4096];
  for (size_t n = 0; (n = fread(bytes, 1, sizeof bytes, pipe)) > 0;) output.append(bytes, n);
  if (pclose(pipe) != 0) return FailedPrecondition("it gave an error");
  return output;
}

}  // namespace

Result<std::unique_ptr<AwsAccess>> AwsAccess::Make(Program& program, storage::Storage& files,
                                                   const std::string& profile, std::function<bool(Micros)> sleep) {
  std::unique_ptr<AwsAccess> made(new AwsAccess());
  ASSIGN_OR_RETURN(made->http_, wire::MakeHttp());
  const cloud::aws::Surroundings surroundings{
      .environment = program.environment,
      .profile = profile,
      .read_file = [&files](const std::string& path) { return storage::ReadAll(files, path); },
      .run = OutputOf,
      .http = made->http_.get(),
      .clock = &program.clock};
  made->region_ = cloud::aws::RegionOf(surroundings);
  made->credentials_ = cloud::aws::MakeCredentials(surroundings);
  // Runs side by side each make their own, so Program's numbers are not drawn from here; pauses need not be repeatable.
  made->client_ = std::make_unique<cloud::aws::Client>(*made->http_, *made->credentials_, program.clock,
                                                       std::random_device()(), std::move(sleep));
  return made;
}

// In short pieces, so that Ctrl-C is heard.
bool SleepUnlessCancelled(const Program& program, Micros time) {
  constexpr Micros kPiece = std::chrono::milliseconds(100);
  for (; time > Micros(0) && !program.cancel->load(); time -= kPiece) {
    std::this_thread::sleep_for(std::min(time, kPiece));
  }
  return !program.cancel->load();
}

}  // namespace tidemill::app
