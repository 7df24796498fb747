#include "app/stores.h"

#include <mutex>

#include "app/aws_access.h"
#include "storage/by_scheme.h"

namespace tidemill::app {
namespace {

// A bucket tells where it is when it is not here.
constexpr const char* kDefaultRegion = "us-east-1";

struct S3Access {
  std::mutex mutex;
  std::unique_ptr<storage::Storage> files;  // that credentials come from
  std::unique_ptr<AwsAccess> access;
  std::unique_ptr<storage::Storage> store;
  std::unique_ptr<cloud::StorageClasses> classes;
};

Status Open(Program& program, S3Access& s3) {
  s3.files = storage::MakeLocal();
  const auto sleep = [&program](Micros time) { return SleepUnlessCancelled(program, time); };
  ASSIGN_OR_RETURN(s3.access, AwsAccess::Make(program, *s3.files, "", sleep));
  std::string endpoint = program.environment["AWS_ENDPOINT_URL_S3"];
  if (endpoint.empty()) endpoint = program.environment["AWS_ENDPOINT_URL"];
  const std::string region = s3.access->region();
  const cloud::S3Options options{.region = region.empty() ? kDefaultRegion : region, .endpoint = endpoint};
  s3.store = cloud::MakeS3(s3.access->client(), options, sleep);
  s3.classes = cloud::MakeStorageClasses(s3.access->client(), options, sleep);
  return Ok();
}

Result<storage::Storage*> StoreOf(Program& program, S3Access& s3) {
  const std::lock_guard lock(s3.mutex);
  if (!s3.store) RETURN_IF_ERROR(Open(program, s3));
  return s3.store.get();
}

}  // namespace

std::unique_ptr<storage::Storage> MakeStores(Program& program) {
  const auto s3 = std::make_shared<S3Access>();
  return storage::MakeByScheme(storage::MakeLocal(), "s3://", [&program, s3] { return StoreOf(program, *s3); });
}

Result<std::shared_ptr<cloud::StorageClasses>> MakeClasses(Program& program) {
  const auto s3 = std::make_shared<S3Access>();
  RETURN_IF_ERROR(Open(program, *s3));
  return std::shared_ptr<cloud::StorageClasses>(s3, s3->classes.get());
}

}  // namespace tidemill::app
