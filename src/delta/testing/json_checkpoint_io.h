// For tests without an engine: checkpoints whose "Parquet" files hold the rows as JSON lines.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "delta/delta.h"

namespace tidemill::delta {

class JsonCheckpointIo final : public CheckpointIo {
 public:
  explicit JsonCheckpointIo(storage::Storage& storage) : storage_(storage) {}

  Status Read(const std::string& path, const std::vector<std::string>&, const RowSink& row) override {
    ASSIGN_OR_RETURN(const auto bytes, storage::ReadAll(storage_, path));
    for (std::string_view rest = bytes; !rest.empty();) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      if (end > 0) RETURN_IF_ERROR(row(rest.substr(0, end)));
      rest.remove_prefix(std::min(rest.size(), end + 1));
    }
    return Ok();
  }

  Status Write(const std::string& path, const plan::Schema&, const RowSource& next) override {
    ASSIGN_OR_RETURN(auto writer, storage_.OpenWrite(path));
    for (std::string batch;;) {
      RETURN_IF_ERROR(next(&batch));
      if (batch.empty()) return writer->Close();
      RETURN_IF_ERROR(writer->Append(batch));
    }
  }

 private:
  storage::Storage& storage_;
};

}  // namespace tidemill::delta
