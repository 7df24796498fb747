#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <filesystem>
#include <map>

#include "engine/duckdb/collector.h"
#include "engine/duckdb/compile.h"
#include "engine/duckdb/connection.h"
#include "engine/duckdb/engine.h"
#include "engine/duckdb/filesystem.h"
#include "engine/duckdb/kernels.h"
#include "engine/duckdb/partitioner.h"
#include "engine/duckdb/sources.h"
#include "engine/duckdb/text/infer.h"
#include "engine/duckdb/text/scan.h"
#include "engine/duckdb/watch.h"
#include "engine/duckdb/writer.h"
#include "plan/variant.h"

namespace tidemill::engine::duckdb {
namespace {

using plan::Schema;
namespace typed = plan::typed;

// A folder for spilled data that is this session's own: <temp>/<process>-<n>. Folders of processes that are gone are
// removed on the way.
Result<std::string> MakeSpillFolder(const std::string& temp) {
  static std::atomic<int> count{0};
  std::error_code code;
  std::filesystem::create_directories(temp, code);
  if (code)
    return InvalidArgument(fmt::format("the folder for temporary files {} can't be made: {}", temp, code.message()));
  for (std::filesystem::directory_iterator it(temp, code), end; !code && it != end; it.increment(code)) {
    const std::string name = it->path().filename();
    pid_t owner = 0;
    const auto [rest, parsed] = std::from_chars(name.data(), name.data() + name.size(), owner);
    const bool ours = parsed == std::errc{} && rest < name.data() + name.size() && *rest == '-';
    std::error_code ignored;
    if (ours && kill(owner, 0) != 0 && errno == ESRCH) std::filesystem::remove_all(it->path(), ignored);
  }
  const std::string folder = fmt::format("{}/{}-{}", temp, getpid(), count++);
  std::filesystem::create_directories(folder, code);
  if (code) return InvalidArgument(fmt::format("the folder {} can't be made: {}", folder, code.message()));
  return folder;
}

// DuckDB's complaint about a file or a value that has no name in Spark: the bytes are wrong, not the request. Its words
// are kept, without its own name for the error and for our paths.
Error AboutTheData(Error error) {
  if (!error.error_class.empty()) return error;
  if (error.kind == ErrorKind::kInvalidArgument) error.kind = ErrorKind::kDataLoss;
  for (const std::string_view prefix : {"Invalid Input Error: ", "IO Error: "}) {
    if (error.message.starts_with(prefix)) error.message.erase(0, prefix.size());
  }
  constexpr std::string_view kScheme = "tm://";
  for (size_t at = 0; (at = error.message.find(kScheme, at)) != std::string::npos;)
    error.message.erase(at, kScheme.size());
  return error;
}

class NativeSession final : public Session {
 public:
  NativeSession(const SessionOptions& options, const Cancel& cancel, OnProgress on_progress)
      : options_(options), cancel_(cancel), on_progress_(std::move(on_progress)) {}

  ~NativeSession() override {
    collector_.reset();
    connection_.reset();
    std::error_code ignored;
    if (!spill_folder_.empty()) std::filesystem::remove_all(spill_folder_, ignored);
  }

  Status Start(storage::Storage& storage) {
    ASSIGN_OR_RETURN(spill_folder_, MakeSpillFolder(options_.temp_folder));
    ASSIGN_OR_RETURN(connection_, Connection::Open({
                                      {"threads", std::to_string(options_.threads)},
                                      {"memory_limit", fmt::format("{}B", options_.memory_bytes)},
                                      {"temp_directory", spill_folder_},
                                      {"autoinstall_known_extensions", "false"},
                                      {"autoload_known_extensions", "false"},
                                      {"preserve_insertion_order", "false"},
                                  }));
    if (options_.most_spill_bytes > 0) {  // an open database takes it, one that is being opened forgets it
      const auto limit = fmt::format("SET max_temp_directory_size = '{}B'", options_.most_spill_bytes);
      RETURN_IF_ERROR(connection_->Run(limit));
    }
    ASSIGN_OR_RETURN(partitioner_, Partitioner::Make(*connection_, traffic_));
    RETURN_IF_ERROR(RegisterFileSystem(connection_->database(), storage, traffic_, options_.allowed_folders,
                                       [this](const std::string& path) { return partitioner_->RealPath(path); }));
    RETURN_IF_ERROR(RegisterKernels(connection_->get()));
    ASSIGN_OR_RETURN(collector_, Collector::Make(*connection_));
    storage_ = &storage;
    text_ = std::make_unique<text::TextScans>(storage, traffic_, *collector_);
    RETURN_IF_ERROR(text_->Register(connection_->get()));
    for (const char* setting : {
             "SET TimeZone = 'UTC'",
             "SET enable_progress_bar = true",
             "SET enable_progress_bar_print = false",
             "SET partitioned_write_max_open_files = 900",
             "SET allowed_directories = ['tm://']",
             "SET enable_external_access = false",
             "SET lock_configuration = true",
         }) {
      RETURN_IF_ERROR(connection_->Run(setting));
    }
    return Ok();
  }

  Result<Schema> InferSchema(const Source& source) override {
    if (source.files.empty()) {
      return InvalidArgument(
          fmt::format("source {} has no files to infer its schema from; give a `schema`", source.name));
    }
    if (source.format == Format::kText) return Schema{{{"value", plan::TypeId::kString}}};
    RETURN_IF_ERROR(CheckFiles(source));
    Watch watch(*connection_, traffic_, spill_folder_, cancel_, on_progress_, peaks_);
    if (source.format == Format::kParquet) return Blame(DescribeParquet(*connection_, source));
    return Blame(text::InferText(*storage_, traffic_, source, options_.threads, cancel_));
  }

  Status AddSource(const Source& source) override {
    const int ordinal = next_++;
    const bool is_text = source.format != Format::kParquet;
    const bool once = is_text && source.text.malformed != Malformed::kFail && !source.files.empty();
    RETURN_IF_ERROR(CheckFiles(source));
    auto select = Blame(SelectOf(source, ordinal));
    if (!select.ok()) return std::move(select).error();
    const std::string name = fmt::format("tm_source_{}", ordinal);
    RETURN_IF_ERROR(Run(fmt::format("CREATE TEMP {} {} AS {}", once ? "TABLE" : "VIEW", name, *select)));
    tables_[source.name] = {name, once};
    if (!once) return Ok();
    if (source.text.malformed == Malformed::kQuarantine) quarantined_.push_back(source.name);
    return NumberMalformedLines(source.name);
  }

  Status AddStep(const std::string& name, const typed::RelationPtr& relation, bool cached) override {
    ASSIGN_OR_RETURN(const std::string sql, CompileHere(relation));
    const std::string table = fmt::format("tm_step_{}", next_++);
    RETURN_IF_ERROR(Run(fmt::format("CREATE TEMP {} {} AS {}", cached ? "TABLE" : "VIEW", table, sql)));
    tables_[name] = {table, cached};
    return Ok();
  }

  Status Drop(const std::string& name) override {
    const auto found = tables_.find(name);
    if (found == tables_.end()) return Ok();
    RETURN_IF_ERROR(Run(fmt::format("DROP {} {}", found->second.stored ? "TABLE" : "VIEW", found->second.name)));
    tables_.erase(found);
    return Ok();
  }

  Result<Rows> Query(const typed::RelationPtr& relation, int64_t most_rows) override {
    ASSIGN_OR_RETURN(std::string sql, CompileHere(relation));
    if (most_rows >= 0) sql = fmt::format("SELECT * FROM ({}) LIMIT {}", sql, most_rows);
    ASSIGN_OR_RETURN(auto answer, Run(sql));
    Rows rows{typed::SchemaOf(*relation), {}};
    std::vector<plan::DataType> types;
    for (const auto& field : rows.schema.fields) types.push_back(field.type);
    RETURN_IF_ERROR(answer->Read(types, most_rows, rows.rows));
    return rows;
  }

  Result<WriteResult> Write(const typed::RelationPtr& relation, const WriteSpec& spec) override {
    ASSIGN_OR_RETURN(const std::string sql, CompileHere(relation));
    const Schema schema = typed::SchemaOf(*relation);
    if (plan::HoldsVariant(plan::DataType::Struct(schema.fields)))
      return Unimplemented("a file with VARIANT is not supported by the native engine");
    RETURN_IF_ERROR(collector_->Begin(spec.checks));
    const Schema table = TableSchema(schema, spec);
    std::vector<plan::Field> partition_fields;
    for (const int column : spec.partition_columns)
      partition_fields.push_back(table.fields[static_cast<size_t>(column)]);
    const bool sorted = !spec.sort.empty();
    const Partitioner* const partitioner = partition_fields.empty() ? nullptr : partitioner_.get();
    RETURN_IF_ERROR(partitioner_->Begin(partition_fields, sorted ? 0 : spec.target_file_bytes));
    WriteResult result;
    const bool lines = !spec.lines_extension.empty();
    ASSIGN_OR_RETURN(result.files, lines    ? CopiedLines(CopyLinesSql(sql, schema, spec), partitioner)
                                   : sorted ? CopiedInOrder(sql, schema, spec, table, partitioner)
                                            : Copied(CopySql(sql, schema, spec), table, partitioner));
    RETURN_IF_ERROR(collector_->Flush());
    for (const auto& file : result.files) result.rows_written += file.rows;
    result.rows_diverted = collector_->diverted();
    result.rows_in = spec.checks.empty() ? result.rows_written : collector_->rows_in();
    result.checks = collector_->counts();
    if (result.rows_in != result.rows_written + result.rows_diverted) {
      return Internal(fmt::format("{} rows went in, {} were written and {} put aside", result.rows_in,
                                  result.rows_written, result.rows_diverted));
    }
    ASSIGN_OR_RETURN(result.rows_malformed, CountMalformed());
    if (spec.quarantine) RETURN_IF_ERROR(WriteQuarantine(spec, result));
    return result;
  }

  Result<std::string> Explain(const typed::RelationPtr& relation) override {
    ASSIGN_OR_RETURN(const std::string sql, CompileHere(relation));
    ASSIGN_OR_RETURN(auto answer, Run("EXPLAIN " + sql));
    ASSIGN_OR_RETURN(const auto rows, answer->Texts());
    return sql + "\n\n" + (rows.empty() ? "" : rows[0].back());
  }

  Figures figures() const override {
    return Figures{peaks_.memory_bytes, peaks_.spill_bytes, 0, traffic_.bytes_read()};
  }

 private:
  struct TableName {
    std::string name;
    bool stored = false;
  };

  // Every file named, whoever reads it.
  Status CheckFiles(const Source& source) const {
    const bool known = source.format == Format::kParquet || source.format == Format::kCsv ||
                       source.format == Format::kJson || source.format == Format::kText;
    if (!known) return Unimplemented("the native engine does not read this format; Spark can");
    for (const auto& file : source.files) RETURN_IF_ERROR(CheckAllowed(options_.allowed_folders, file.path));
    return Ok();
  }

  Result<std::string> SelectOf(const Source& source, int ordinal) {
    if (source.files.empty()) return NoRows(source.schema);
    ASSIGN_OR_RETURN(const std::string window, WindowCondition(source));
    ASSIGN_OR_RETURN(const std::string rows,
                     source.format == Format::kParquet
                         ? ParquetSelect(*connection_, source, ordinal)
                         : TextSelect(*connection_, source, ordinal, *text_, options_.time_zone));
    return fmt::format("SELECT * FROM ({}) WHERE {}", rows, window);
  }

  // The source was read whole, so it knows by now where its ranges begin.
  Status NumberMalformedLines(const std::string& source) {
    RETURN_IF_ERROR(collector_->Flush());
    const auto first_lines = text_->FirstLines();
    return Discard(Run(
        fmt::format("UPDATE tm_malformed_rows SET line = line + list_extract([{}], \"range\" + 1) WHERE source = {}",
                    fmt::join(first_lines, ", "), QuoteText(source))));
  }

  Result<std::vector<WrittenFile>> Copied(const std::string& copy, const Schema& table,
                                          const Partitioner* partitioner) {
    ASSIGN_OR_RETURN(auto answer, Run(copy));
    return ReadCopyResult(*answer, table, partitioner);
  }

  Result<std::vector<WrittenFile>> CopiedLines(const std::string& copy, const Partitioner* partitioner) {
    ASSIGN_OR_RETURN(auto answer, Run(copy));
    return ReadLinesResult(*answer, partitioner);
  }

  Result<std::vector<WrittenFile>> CopiedInOrder(const std::string& sql, const Schema& schema, const WriteSpec& spec,
                                                 const Schema& table, const Partitioner* partitioner) {
    constexpr int64_t kMostSampleRows = 122'880;  // a row group
    RETURN_IF_ERROR(Discard(Run(StageSql(sql, schema, spec))));
    ASSIGN_OR_RETURN(auto answer, Run(StagedPartitionsSql()));
    std::vector<std::vector<plan::Value>> partitions;
    RETURN_IF_ERROR(answer->Read({plan::TypeId::kLong, plan::TypeId::kLong, plan::TypeId::kLong}, -1, partitions));
    std::vector<WrittenFile> files;
    int64_t rows = 0, bytes = 0, most = 0;
    for (const auto& partition : partitions) {
      const auto number = std::get<int64_t>(partition[0].data), end = std::get<int64_t>(partition[2].data);
      for (int64_t from = std::get<int64_t>(partition[1].data); from < end;) {
        if (rows == 0) {
          // How large rows become is known when some are written: to the name of the first file, which replaces them.
          const int64_t sample = std::min(kMostSampleRows, (end - from + 9) / 10);
          const std::string copy = CopyStagedSql(schema, spec, number, from, from + sample);
          ASSIGN_OR_RETURN(const auto sampled, Copied(copy, table, partitioner));
          for (const auto& file : sampled) most = RowsOf(spec.target_file_bytes, file.rows, file.size_bytes);
        }
        const int64_t to = end - from <= most + most / 10 ? end : from + most;  // no crumb of a file at the end
        ASSIGN_OR_RETURN(auto made, Copied(CopyStagedSql(schema, spec, number, from, to), table, partitioner));
        for (auto& file : made) {
          rows += file.rows;
          bytes += file.size_bytes;
          files.push_back(std::move(file));
        }
        most = RowsOf(spec.target_file_bytes, rows, bytes);
        from = to;
      }
    }
    RETURN_IF_ERROR(Discard(Run("DROP TABLE tm_staged")));
    std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    return files;
  }

  // How many rows fill a file, at least one, when `rows` took `bytes`.
  static int64_t RowsOf(int64_t file_bytes, int64_t rows, int64_t bytes) {
    return std::max<int64_t>(1, static_cast<int64_t>(static_cast<double>(file_bytes) * static_cast<double>(rows) /
                                                     static_cast<double>(std::max<int64_t>(bytes, 1))));
  }

  static Status Discard(const Result<std::unique_ptr<Answer>>& answer) {
    return answer.ok() ? Ok() : Status(answer.error());
  }

  static Schema TableSchema(const Schema& relation, const WriteSpec& spec) {
    Schema schema;
    for (size_t i = 0; i < static_cast<size_t>(spec.data_columns); ++i) {
      schema.fields.push_back(relation.fields[i]);
      if (spec.file_schema) schema.fields.back().name = spec.file_schema->fields[i].name;
    }
    return schema;
  }

  Result<std::string> CompileHere(const typed::RelationPtr& relation) {
    CompileOptions options{options_.ansi, options_.time_zone, options_.now_micros,
                           [this](const std::string& table) { return tables_.at(table).name; }};
    return Compile(relation, options);
  }

  // A storage error tells more than DuckDB's rendering of it.
  template <typename T>
  Result<T> Blame(Result<T> result) {
    auto cause = traffic_.TakeError();
    if (result.ok()) return result;
    if (cancel_) return Error{ErrorKind::kCancelled, "cancelled"};
    if (cause) return std::move(*cause);
    return AboutTheData(std::move(result).error());
  }

  Result<std::unique_ptr<Answer>> Run(const std::string& sql) {
    if (cancel_) return Error{ErrorKind::kCancelled, "cancelled"};
    Watch watch(*connection_, traffic_, spill_folder_, cancel_, on_progress_, peaks_);
    return Blame(connection_->Run(sql));
  }

  Result<int64_t> CountMalformed() {
    ASSIGN_OR_RETURN(auto answer, Run("SELECT CAST(count(*) AS VARCHAR) FROM tm_malformed_rows"));
    ASSIGN_OR_RETURN(const std::string text, answer->Text());
    int64_t count = 0;
    std::from_chars(text.data(), text.data() + text.size(), count);
    return count;
  }

  Status WriteQuarantine(const WriteSpec& spec, WriteResult& result) {
    if (result.rows_diverted + result.rows_malformed == 0) return Ok();
    const Schema schema = QuarantineSchema();
    WriteSpec aside;
    aside.folder = spec.quarantine->folder;
    aside.file_id = spec.file_id;
    aside.data_columns = static_cast<int>(schema.fields.size());
    ASSIGN_OR_RETURN(auto answer, Run(CopySql(QuarantineSql(*spec.quarantine, quarantined_), schema, aside)));
    ASSIGN_OR_RETURN(result.quarantine_files, ReadCopyResult(*answer, schema, nullptr));
    return Ok();
  }

  SessionOptions options_;
  const Cancel& cancel_;
  OnProgress on_progress_;
  std::string spill_folder_;
  storage::Storage* storage_ = nullptr;
  Traffic traffic_;
  Peaks peaks_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<Partitioner> partitioner_;
  std::unique_ptr<Collector> collector_;
  std::unique_ptr<text::TextScans> text_;
  std::map<std::string, TableName> tables_;
  std::vector<std::string> quarantined_;  // sources whose malformed rows are kept
  int next_ = 0;
};

class NativeEngine final : public Engine {
 public:
  explicit NativeEngine(storage::Storage& storage) : storage_(storage) {}
  std::string name() const override { return "native"; }
  std::string version() const override { return fmt::format("DuckDB {}", duckdb_library_version()); }
  Result<std::unique_ptr<Session>> Open(const SessionOptions& options, const Cancel& cancel,
                                        OnProgress on_progress) override {
    auto session = std::make_unique<NativeSession>(options, cancel, std::move(on_progress));
    RETURN_IF_ERROR(session->Start(storage_));
    return std::unique_ptr<Session>(std::move(session));
  }

 private:
  storage::Storage& storage_;
};

}  // namespace

std::unique_ptr<Engine> MakeEngine(storage::Storage& storage) { return std::make_unique<NativeEngine>(storage); }

}  // namespace tidemill::engine::duckdb
