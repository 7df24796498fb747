#include "engine/duckdb/checkpoint_io.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/duckdb/compile.h"
#include "engine/duckdb/connection.h"
#include "engine/duckdb/filesystem.h"

namespace tidemill::engine::duckdb {
namespace {

class DuckDbCheckpointIo final : public delta::CheckpointIo {
 public:
  explicit DuckDbCheckpointIo(storage::Storage& storage) : storage_(storage) {}

  Status Read(const std::string& path, const std::vector<std::string>& columns, const RowSink& row) override {
    const std::lock_guard lock(mutex_);
    RETURN_IF_ERROR(Start());
    const std::string file = fmt::format("read_parquet([{}], hive_partitioning=false)", QuoteText(ToDuckDbPath(path)));
    ASSIGN_OR_RETURN(const auto present, ColumnsOf(file, path));
    std::string fields, any;
    for (const auto& column : columns) {
      if (!present.contains(column)) continue;
      fields += fmt::format("{}{}, {}", fields.empty() ? "" : ", ", QuoteText(column), QuoteName(column));
      any += fmt::format("{}{} IS NOT NULL", any.empty() ? "" : " OR ", QuoteName(column));
    }
    if (fields.empty()) return Ok();
    ASSIGN_OR_RETURN(
        auto answer,
        Run(fmt::format("SELECT CAST(json_object({}) AS VARCHAR) FROM {} WHERE {}", fields, file, any), path));
    return EachRow(*answer, row);
  }

  Status Write(const std::string& path, const plan::Schema& schema, const RowSource& next) override {
    const std::lock_guard lock(mutex_);
    RETURN_IF_ERROR(Start());
    RETURN_IF_ERROR(Run("CREATE OR REPLACE TABLE lines (line VARCHAR)", path));
    RETURN_IF_ERROR(Fill(next));
    const std::string row = DuckDbType(plan::DataType::Struct(schema.fields));
    std::string outputs;
    for (const auto& field : schema.fields) {
      outputs += fmt::format("{}r.{}", outputs.empty() ? "" : ", ", QuoteName(field.name));
    }
    // A CAST of JSON would ask for every member; here, those that a row lacks are null.
    RETURN_IF_ERROR(Run(
        fmt::format("COPY (SELECT {} FROM (SELECT json_transform(line, {}) AS r FROM lines)) TO {} "
                    "(FORMAT parquet, COMPRESSION snappy, USE_TMP_FILE false)",  // storage shows it when it is whole
                    outputs, QuoteText(nlohmann::json(row).dump()), QuoteText(ToDuckDbPath(path))),
        path));
    return Discard(Run("DROP TABLE lines", path));
  }

 private:
  static Status Discard(Result<std::unique_ptr<Answer>> answer) {
    if (!answer.ok()) return std::move(answer).error();
    return Ok();
  }

  Status Start() {
    if (connection_) return Ok();
    ASSIGN_OR_RETURN(auto connection, Connection::Open({{"threads", "1"},
                                                        {"autoinstall_known_extensions", "false"},
                                                        {"autoload_known_extensions", "false"}}));
    RETURN_IF_ERROR(RegisterFileSystem(connection->database(), storage_, traffic_, {}));
    connection_ = std::move(connection);
    return Ok();
  }

  // Damaged Parquet is the file's fault; a storage error says more than DuckDB's rendering of it.
  Result<std::unique_ptr<Answer>> Run(const std::string& sql, const std::string& path) {
    auto answer = connection_->Run(sql);
    auto cause = traffic_.TakeError();
    if (answer.ok()) return answer;
    if (cause) return std::move(*cause);
    return DataLoss(fmt::format("checkpoint {}: {}", path, answer.error().message));
  }

  Result<std::set<std::string>> ColumnsOf(const std::string& file, const std::string& path) {
    ASSIGN_OR_RETURN(auto answer, Run(fmt::format("SELECT * FROM {} LIMIT 0", file), path));
    std::set<std::string> names;
    for (int i = 0; i < answer->columns(); ++i) names.insert(answer->column_name(i));
    return names;
  }

  static Status EachRow(Answer& answer, const RowSink& row) {
    while (duckdb_data_chunk chunk = duckdb_fetch_chunk(*answer.get())) {
      auto* const texts = static_cast<duckdb_string_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0)));
      Status status = Ok();
      for (idx_t i = 0; status.ok() && i < duckdb_data_chunk_get_size(chunk); ++i) {
        status = row({duckdb_string_t_data(&texts[i]), duckdb_string_t_length(texts[i])});
      }
      duckdb_destroy_data_chunk(&chunk);
      RETURN_IF_ERROR(std::move(status));
    }
    return Ok();
  }

  Status Fill(const RowSource& next) {
    duckdb_appender appender = nullptr;
    if (duckdb_appender_create(connection_->get(), nullptr, "lines", &appender) == DuckDBError) {
      return Internal("DuckDB refused an appender");
    }
    Status status = Ok();
    std::string lines;
    for (status = next(&lines); status.ok() && !lines.empty(); status = next(&lines)) {
      for (size_t at = 0; at < lines.size();) {
        const size_t end = std::min(lines.find('\n', at), lines.size());
        duckdb_append_varchar_length(appender, lines.data() + at, end - at);
        duckdb_appender_end_row(appender);
        at = end + 1;
      }
      lines.clear();
    }
    const bool flushed = duckdb_appender_destroy(&appender) == DuckDBSuccess;
    if (status.ok() && !flushed) return Internal("DuckDB could not keep the checkpoint's rows");
    return status;
  }

  storage::Storage& storage_;
  Traffic traffic_;
  std::mutex mutex_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace

std::unique_ptr<delta::CheckpointIo> MakeCheckpointIo(storage::Storage& storage) {
  return std::make_unique<DuckDbCheckpointIo>(storage);
}

}  // namespace tidemill::engine::duckdb
