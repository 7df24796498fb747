// The actions of a commit (PROTOCOL.md, "Actions") as values, and their JSON.
//
// Paths are kept as the log has them (percent-encoded); path.h decodes them, once. Times are milliseconds since the
// epoch, as in the log. What the log may leave out is optional.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace tidemill::delta {

using StringMap = std::map<std::string, std::string>;
// A partition column's (physical) name and its value as text; none is NULL.
using PartitionValues = std::map<std::string, std::optional<std::string>>;

struct Protocol {
  int min_reader_version = 1;
  int min_writer_version = 2;
  // Present from reader version 3 and writer version 7 on.
  std::optional<std::vector<std::string>> reader_features{};
  std::optional<std::vector<std::string>> writer_features{};
  bool operator==(const Protocol&) const = default;
};

struct Metadata {
  std::string id;  // a UUID, the table's identity
  std::optional<std::string> name{};
  std::optional<std::string> description{};
  std::string format_provider = "parquet";
  StringMap format_options{};
  std::string schema_string;  // plan::SchemaToJson
  std::vector<std::string> partition_columns{};
  StringMap configuration{};
  std::optional<int64_t> created_time_ms{};
  bool operator==(const Metadata&) const = default;
};

// "Deletion Vector Descriptor Schema".
struct DeletionVector {
  char storage_type = 'u';  // 'u': file named by a z85 UUID, 'i': inline, 'p': absolute path
  std::string path_or_inline;
  std::optional<int32_t> offset{};
  int32_t size_bytes = 0;
  int64_t cardinality = 0;
  std::optional<int64_t> max_row_index{};
  // Identifies the vector within a table: storage type, path and offset.
  std::string UniqueId() const;
  bool operator==(const DeletionVector&) const = default;
};

struct Add {
  std::string path;
  PartitionValues partition_values{};
  int64_t size_bytes = 0;
  int64_t modification_time_ms = 0;
  bool data_change = true;
  std::optional<std::string> stats{};  // JSON text; see statistics.h
  PartitionValues tags{};
  std::optional<DeletionVector> deletion_vector{};
  std::optional<int64_t> base_row_id{};
  std::optional<int64_t> default_row_commit_version{};
  std::optional<std::string> clustering_provider{};
  bool operator==(const Add&) const = default;
};

struct Remove {
  std::string path;
  std::optional<int64_t> deletion_timestamp_ms{};
  bool data_change = true;
  // True when the next three are there, as they are in every Remove this program makes.
  std::optional<bool> extended_file_metadata{};
  PartitionValues partition_values{};
  std::optional<int64_t> size_bytes{};
  PartitionValues tags{};
  std::optional<std::string> stats{};
  std::optional<DeletionVector> deletion_vector{};
  std::optional<int64_t> base_row_id{};
  std::optional<int64_t> default_row_commit_version{};
  bool operator==(const Remove&) const = default;
};

// The Remove that takes `add` out of the table.
Remove MakeRemove(const Add& add, int64_t deletion_timestamp_ms, bool data_change = true);

// "Transaction Identifiers": the newest version an application committed.
struct Txn {
  std::string app_id;
  int64_t version = 0;
  std::optional<int64_t> last_updated_ms{};
  bool operator==(const Txn&) const = default;
};

// "Commit Provenance Information". Free-form by the specification; these are the members Spark and we write.
struct CommitInfo {
  std::optional<int64_t> timestamp_ms{};
  std::optional<int64_t> in_commit_timestamp_ms{};
  std::string operation{};
  StringMap operation_parameters{};  // a value that is no JSON string is read as its JSON text
  StringMap operation_metrics{};
  std::optional<int64_t> read_version{};
  std::optional<std::string> isolation_level{};
  std::optional<bool> is_blind_append{};
  std::optional<std::string> engine_info{};
  std::optional<std::string> txn_id{};
  std::optional<std::string> user_metadata{};
  std::string tidemill{};  // JSON text of an object: what the caller told; "" is absent
  bool operator==(const CommitInfo&) const = default;
};

// "Add CDC File".
struct Cdc {
  std::string path;
  PartitionValues partition_values{};
  int64_t size_bytes = 0;
  bool operator==(const Cdc&) const = default;
};

struct DomainMetadata {
  std::string domain;
  std::string configuration;
  bool removed = false;
  bool operator==(const DomainMetadata&) const = default;
};

// V2 checkpoints: a further file with add and remove actions, and the checkpoint's own description.
struct Sidecar {
  std::string path;
  int64_t size_bytes = 0;
  int64_t modification_time_ms = 0;
  bool operator==(const Sidecar&) const = default;
};
struct CheckpointMetadata {
  int64_t version = 0;
  bool operator==(const CheckpointMetadata&) const = default;
};

using Action =
    std::variant<Protocol, Metadata, Add, Remove, Txn, CommitInfo, Cdc, DomainMetadata, Sidecar, CheckpointMetadata>;

// One line of a commit, or one row of a checkpoint. None: an action this program does not know, which the protocol
// tells readers to skip. Text that is no JSON object, or an action without what it must have, is kDataLoss; `where`
// names the file (and line) in the message.
Result<std::optional<Action>> ParseAction(std::string_view json, std::string_view where);
// Every action of a commit's bytes. An empty or torn commit is kDataLoss naming `where`.
Result<std::vector<Action>> ParseCommit(std::string_view bytes, std::string_view where);

// One line, without '\n'.
std::string ToJson(const Action& action);

}  // namespace tidemill::delta
