// Room delta: the Delta Lake protocol as a library. Snapshot -> Scan, or Transaction -> Commit.
//
// It runs no query and opens no data file: bytes of the log and of deletion vectors come through storage, Parquet
// checkpoints through CheckpointIo, which an engine implements. It never deletes a data file. Section names in comments
// are those of the protocol's specification (PROTOCOL.md of the Delta Lake project).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plan/type.h"
#include "storage/storage.h"

namespace tidemill::delta {

// Reads and writes the Parquet files of checkpoints. One row is the JSON text of an object with one member per action
// kind ({"add":{...}} or {"txn":null,"add":{...},...}): the shape of a line of a commit, where a null member means
// absent. Maps are JSON objects. DuckDB's `to_json(row)` has exactly this shape.
//
// Bytes go through the Storage of the implementation's making, which must be the one the table lies in.
class CheckpointIo {
 public:
  using RowSink = std::function<Status(std::string_view row_json)>;
  // Fills `json_lines` with the next rows, each ending in '\n'; an empty text is the end.
  using RowSource = std::function<Status(std::string* json_lines)>;

  virtual ~CheckpointIo() = default;

  // Calls `row` for each row in the file's order, for those of `columns` (top-level: "add", "remove", ...) that the
  // file has. An error of `row` stops the reading and is returned. The path may also name a JSON v2 checkpoint's
  // sidecar, which is Parquet too. Damaged Parquet is kDataLoss, naming the file.
  virtual Status Read(const std::string& path, const std::vector<std::string>& columns, const RowSink& row) = 0;

  // Writes the rows as one Parquet file of that schema: members a row lacks are null. Replaces an existing file;
  // readers never see a part of it (Storage::OpenWrite's promise).
  virtual Status Write(const std::string& path, const plan::Schema& schema, const RowSource& next) = 0;
};

// A table as a place. Cheap to copy; what it points to outlives every value made from it.
struct Table {
  storage::Storage* storage = nullptr;
  CheckpointIo* checkpoints = nullptr;    // null: a log with a Parquet checkpoint is refused by name
  std::string root;                       // absolute, without a '/' at its end
  std::vector<std::string> more_roots{};  // folders outside `root` that paths in the log may lead to (shallow clones)

  std::string log_folder() const { return root + "/_delta_log"; }
};

}  // namespace tidemill::delta
