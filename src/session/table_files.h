// The data files of a table that is a folder (parquet, csv, json, text; not delta): partition folders p=v as Hive and
// Spark have them.
//
// A write is seen whole or not at all by who reads through this: it begins with the file _started_<id>, names its data
// files by <id>, and ends by removing that file. An overwrite ends by writing _committed_<id>, which lists the files it
// replaced, then removes those, then both marks. A process killed in between leaves the old rows or the new ones; what
// it left over is passed over by readers. Names that begin with `_` or `.` are no data, here and in Spark.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "session/warehouse.h"
#include "storage/storage.h"

namespace tidemill::session {

// The files a reader sees, with the values of their partition columns; sorted by path.
Result<std::vector<engine::File>> ListFiles(storage::Storage& storage, const Table& table);

// The partition folder of a file of the table, "a=1/b=x"; empty for an unpartitioned table.
std::string PartitionOf(const Table& table, const std::string& path);

// Every partition, those without files too; sorted.
Result<std::vector<std::string>> PartitionsOf(storage::Storage& storage, const Table& table);

class FolderWrite {
 public:
  FolderWrite(storage::Storage& storage, std::string folder, std::string id)
      : storage_(storage), folder_(std::move(folder)), id_(std::move(id)) {}
  // Part of every data file's name.
  const std::string& id() const { return id_; }
  Status Begin();
  // Makes the rows seen, and `replaced` gone.
  Status Commit(const std::vector<engine::File>& replaced);
  // Leaves nothing of the write behind.
  void Abandon();

 private:
  storage::Storage& storage_;
  std::string folder_;
  std::string id_;
};

}  // namespace tidemill::session
