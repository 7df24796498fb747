// Names in the log and names of data files.
//
// A path in the log is a URI reference: percent-encoded, relative to the table's root or absolute. It is decoded
// exactly once, here, and kept inside the allowed roots. A partition folder is escaped as Hive does and then encoded
// again as part of the URI, so that a value "a b/c" lies on disk as "p=a b%2Fc" and in the log as "p=a%20b%252Fc".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "delta/actions.h"
#include "delta/delta.h"

namespace tidemill::delta {

inline constexpr std::string_view kNullPartition = "__HIVE_DEFAULT_PARTITION__";

// What a file's name inside _delta_log says it is.
struct LogName {
  enum class Kind {
    kCommit,
    kCheckpoint,  // classic single, classic multi-part (parts > 0), or v2 (uuid not empty)
    kChecksum,    // .crc
    kCompacted,   // a.b.compacted.json
    kOther,
  };
  Kind kind = Kind::kOther;
  int64_t version = -1;
  int part = 0;  // multi-part checkpoints: counts from 1
  int parts = 0;
  std::string uuid{};
  bool json = false;  // a v2 checkpoint in JSON
};
LogName ParseLogName(std::string_view name);

std::string CommitName(int64_t version);      // "00000000000000000007.json"
std::string CheckpointName(int64_t version);  // "00000000000000000010.checkpoint.parquet"

// The file a path of the log stands for: absolute, decoded. kPermissionDenied naming the path when it leads out of the
// table's root and more_roots.
Result<std::string> ResolvePath(const Table& table, std::string_view logged);

// Percent-encodes what may not stand in a URI's path, leaving '/' alone.
std::string EncodePath(std::string_view path);
// Undoes percent-encoding once; a '%' without two hexadecimal digits is kDataLoss.
Result<std::string> DecodePath(std::string_view encoded);

// One folder: "name=value" escaped as Hive and Spark do; none is kNullPartition.
std::string PartitionFolder(std::string_view column, const std::optional<std::string>& value);
// "year=2013/month=1/part-….parquet" on disk, from columns in the table's partition order. For add.path pass it through
// EncodePath.
std::string PartitionedPath(const std::vector<std::pair<std::string, std::optional<std::string>>>& partition,
                            std::string_view file_name);

}  // namespace tidemill::delta
