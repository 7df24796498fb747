// partitioner.h: which file a row goes to.
//
// DuckDB's COPY ... PARTITION_BY boxes every partition value of every row and gives it back as text. So it is given one
// small integer instead: tm_partition(p1, p2, ...) numbers the combinations of partition values it sees, and starts a
// new number when the rows of one would fill a file. The file system turns the number in a path back into the folders
// that Hive and Spark use.
#pragma once

#include <duckdb.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "engine/duckdb/connection.h"
#include "engine/duckdb/filesystem.h"
#include "plan/type.h"
#include "plan/value.h"

namespace tidemill::engine::duckdb {

using PartitionValues = std::vector<std::pair<std::string, plan::Value>>;

class Partitioner {
 public:
  // Registers tm_partition. `traffic` tells how large rows become on disk. Both outlive the result.
  static Result<std::unique_ptr<Partitioner>> Make(Connection& connection, const Traffic& traffic);

  // Starts anew for these columns. kInvalidArgument for a type that cannot partition a table. A target of 0 gives each
  // combination of values one number.
  Status Begin(std::vector<plan::Field> columns, int64_t target_file_bytes);

  // "<folder>/tm_partition=7/<file>" -> "<folder>/year=2013/month=1/<file>"; other paths as they are. Thread-safe.
  std::string RealPath(const std::string& path) const;
  // The values behind the number in such a path.
  Result<PartitionValues> ValuesOf(const std::string& path) const;

 private:
  // A combination of values, and where its rows go now.
  struct Group {
    PartitionValues values;
    std::string folder;
    int current = 0;   // the number given to its rows
    int64_t rows = 0;  // rows given this number
  };
  struct Local;  // one thread's view: what it has looked up already

  explicit Partitioner(const Traffic& traffic) : traffic_(traffic) {}
  static void Assign(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output);
  // The number for `count` more rows of the group with that key, whose values stand in `row` of `input`.
  Result<int> Take(const std::string& key, duckdb_data_chunk input, idx_t row, int64_t count);
  int64_t RowsPerFile() const;

  const Traffic& traffic_;
  std::vector<plan::Field> columns_;
  int64_t target_file_bytes_ = 0;
  int64_t written_before_ = 0;
  int generation_ = 0;

  mutable std::mutex mutex_;
  std::unordered_map<std::string, size_t> by_key_;
  std::vector<Group> groups_;
  std::vector<size_t> group_of_number_;
  int64_t rows_ = 0;
};

}  // namespace tidemill::engine::duckdb
