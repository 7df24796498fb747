// S3 as a store: paths are s3://bucket/key. What it promises beyond Storage's contract:
// PutIfAbsent is a conditional PUT (If-None-Match: *). When an answer is lost, or a try after a lost answer finds the
// key taken, the object is read back: with our bytes it is ours, with others it is kAlreadyExists, and where nothing
// can be read the outcome stays kUnavailable (unknown). Bytes of a commit name their writer, so equal bytes are our
// own.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "cloud/aws/client.h"
#include "storage/storage.h"

namespace tidemill::cloud {

struct S3Options {
  std::string region;  // of buckets until they say otherwise
  // Another endpoint ("http://127.0.0.1:9000"), by path style; empty: AWS, the bucket in the host's name.
  std::string endpoint;
  int64_t part_bytes = int64_t{16} << 20;  // of a multipart upload; smaller files are one PUT
  int64_t block_bytes = int64_t{1} << 20;  // small reads fetch this much and keep it
  int tries = 6;                           // of a conditional PUT
};

// `sleep` as in aws::Client.
std::unique_ptr<storage::Storage> MakeS3(aws::Client& client, S3Options options, std::function<bool(Micros)> sleep);

// The storage classes of objects: a listing shows them, a copy of an object onto itself changes its own. The bytes and
// the path stay.
class StorageClasses {
 public:
  virtual ~StorageClasses() = default;
  // "STANDARD", "GLACIER", by path, of every object below `folder`.
  virtual Result<std::map<std::string, std::string>> Below(const std::string& folder) = 0;
  // kNotFound: somebody removed it. S3 copies at most 5 GB so.
  virtual Status Change(const std::string& path, const std::string& storage_class) = 0;
};
std::unique_ptr<StorageClasses> MakeStorageClasses(aws::Client& client, S3Options options,
                                                   std::function<bool(Micros)> sleep);

}  // namespace tidemill::cloud
