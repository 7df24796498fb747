#include "engine/duckdb/text/scan.h"

#include <fmt/format.h>

#include <atomic>
#include <limits>
#include <optional>

#include "base/json_cursor.h"
#include "base/utf8.h"
#include "engine/duckdb/connection.h"
#include "engine/duckdb/text/cell.h"
#include "engine/duckdb/text/csv_header.h"
#include "engine/duckdb/text/csv_record.h"
#include "engine/duckdb/text/json_record.h"
#include "engine/duckdb/types.h"

namespace tidemill::engine::duckdb::text {
namespace {

using plan::TypeId;

constexpr int64_t kGuessedBytesPerColumn = 8;  // how many rows DuckDB shall expect
constexpr size_t kShownBytes = 200;            // of a malformed record, in an error

bool IsUtc(const std::string& time_zone) { return time_zone == "UTC" || time_zone == "Z"; }

// The number of the line `line` of a range, counted from the file's first, 1.
Result<int64_t> LineInFile(storage::Storage& storage, Traffic& traffic, const File& file, const Range& range,
                           const RecordEnds& ends, int64_t line) {
  if (range.begin == 0) return line + 1;
  ASSIGN_OR_RETURN(auto before, RecordReader::Open(storage, traffic, file, {range.file, 0, range.begin}, ends));
  while (true) {
    ASSIGN_OR_RETURN(const auto record, before->Next());
    if (!record) return before->lines() + line + 1;
  }
}

}  // namespace

RecordEnds RecordEndsOf(const Source& source) {
  if (!source.text.multi_line || source.format == Format::kText) return {EndOfLine, false};
  if (source.format == Format::kJson) return {EndOfFile, true};
  return {[splitter = CsvSplitter(source.text)](std::string_view text, bool last) {
            return splitter.EndOfRecord(text, last);
          },
          true};
}

// One source, as the threads that scan it see it.
struct TextScans::Table {
  TextScans& scans;
  Source source;
  RecordEnds ends;
  std::vector<Range> ranges;
  std::vector<Cell> cells;  // csv, text
  std::optional<JsonRecord> json;
  bool utc = true;
  std::vector<int> zoned;   // the columns behind the schema's: the TIMESTAMPs whose zone is told apart
  bool file_index = false;  // behind those, one more
  // Lines in each range, set by the worker that read it to its end.
  std::vector<std::atomic<int64_t>> lines;

  const std::vector<plan::Field>& fields() const { return source.schema.fields; }
};

struct TextScans::Scan {
  Table& table;
  std::vector<int> columns;  // of the output: the schema's, those of `zoned`, the file's; -1: one that nobody reads
  std::atomic<size_t> next_range{0};
};

// One thread's part of a scan.
struct TextScans::Worker {
  explicit Worker(Table& table) : table(table), splitter(table.source.text) {}

  // Where the chunk's values go.
  void Point(const Scan& scan, duckdb_data_chunk output) {
    slots.assign(table.fields().size(), Slot{});
    files = nullptr;
    for (size_t i = 0; i < scan.columns.size(); ++i) {
      if (scan.columns[i] < 0) continue;
      const auto column = static_cast<size_t>(scan.columns[i]);
      duckdb_vector vector = duckdb_data_chunk_get_vector(output, i);
      if (column < table.fields().size()) {
        slots[column].vector = vector;
      } else if (column == table.fields().size() + table.zoned.size()) {
        files = static_cast<int64_t*>(duckdb_vector_get_data(vector));
      } else {
        slots[static_cast<size_t>(table.zoned[column - table.fields().size()])].zoned = vector;
      }
    }
  }

  // Writes the next row that fits into `row`; false: there is no other.
  Result<bool> NextRow(Scan& scan, idx_t row) {
    while (true) {
      for (auto& slot : slots) {
        slot.row = row;
        if (slot.vector != nullptr) SetValid(slot);
      }
      if (NextElement()) return InFile(row);
      ASSIGN_OR_RETURN(const bool more, NextRecord(scan));
      if (!more) return false;
      switch (WriteRecord()) {
        case Outcome::kRow:
          return InFile(row);
        case Outcome::kNoRow:
          break;
        case Outcome::kMalformed:
          RETURN_IF_ERROR(PutAside());
      }
    }
  }

 private:
  enum class Outcome { kRow, kNoRow, kMalformed };

  bool InFile(idx_t row) {
    if (files != nullptr) files[row] = static_cast<int64_t>(table.ranges[range].file);
    return true;
  }

  Result<bool> NextRecord(Scan& scan) {
    const Source& source = table.source;
    while (true) {
      if (!reader) {
        range = scan.next_range++;
        if (range >= table.ranges.size()) return false;
        const Range& at = table.ranges[range];
        ASSIGN_OR_RETURN(reader, RecordReader::Open(table.scans.storage_, table.scans.traffic_, source.files[at.file],
                                                    at, table.ends));
        header = source.text.header && source.format == Format::kCsv && at.begin == 0;
      }
      ASSIGN_OR_RETURN(const auto next, reader->Next());
      if (!next) {
        table.lines[range] = reader->lines();
        reader.reset();
        continue;
      }
      record = *next;
      splitter.NormalizeBreaks(table.ends.spans_lines && reader->breaks_with_return());
      if (source.format != Format::kText && splitter.IsSkipped(record)) continue;
      if (std::exchange(header, false)) continue;
      return true;
    }
  }

  Outcome WriteRecord() {
    if (!IsUtf8(record)) return Malformed("it is not UTF-8");
    switch (table.source.format) {
      case Format::kText:
        return slots[0].vector == nullptr || table.cells[0].Write(record, slots[0]) ? Outcome::kRow
                                                                                    : Outcome::kMalformed;
      case Format::kCsv:
        return WriteCsv();
      default:
        return WriteJson();
    }
  }

  Outcome WriteCsv() {
    if (const char* why = splitter.Split(record)) return Malformed(why);
    const auto& texts = splitter.fields();
    const auto& fields = table.fields();
    if (texts.size() != fields.size()) {
      return Malformed(fmt::format("it has {} fields, the schema has {}", texts.size(), fields.size()));
    }
    for (size_t i = 0; i < texts.size(); ++i) {
      if (slots[i].vector == nullptr) continue;
      const auto& [text, quoted] = texts[i];
      if (text == table.source.text.null_text || (text.empty() && !quoted)) {
        SetNull(slots[i]);
      } else if (!table.cells[i].Write(text, slots[i])) {
        return Malformed(fmt::format("column {}: '{}' is not a {}", fields[i].name, text.substr(0, kShownBytes),
                                     table.cells[i].TypeText()));
      }
    }
    return Outcome::kRow;
  }

  Outcome WriteJson() {
    JsonCursor cursor(record);
    const JsonToken token = cursor.Next();
    if (token == JsonToken::kEnd) return Outcome::kNoRow;
    if (token == JsonToken::kBeginArray && FitsWhole()) {
      elements = cursor;
      return Outcome::kNoRow;
    }
    const bool fits = token == JsonToken::kBeginObject && table.json->Write(cursor, slots);
    return fits ? Outcome::kRow : Malformed("it is not a JSON record of the schema");
  }

  // An array is a record: it fits when all its objects do, so they are read once before any is kept.
  bool FitsWhole() const {
    JsonCursor cursor(record);
    cursor.Next();
    for (JsonToken token = cursor.Next(); token != JsonToken::kEndArray; token = cursor.Next()) {
      if (token != JsonToken::kBeginObject || !table.json->Write(cursor, slots)) return false;
    }
    return true;
  }

  // The next object of an array that was found to fit.
  bool NextElement() {
    if (!elements) return false;
    if (elements->Next() == JsonToken::kEndArray) {
      elements.reset();
      return false;
    }
    table.json->Write(*elements, slots);
    return true;
  }

  Outcome Malformed(std::string why) {
    wrong = std::move(why);
    return Outcome::kMalformed;
  }

  // The malformed record goes to the collector, or ends the query.
  Status PutAside() const {
    TextScans& scans = table.scans;
    const Range& at = table.ranges[range];
    const File& file = table.source.files[at.file];
    if (table.source.text.malformed != engine::Malformed::kFail) {
      return scans.collector_.KeepMalformed({table.source.name, file.path, static_cast<int64_t>(range), reader->line(),
                                             ReplaceInvalidUtf8(record), wrong});
    }
    const auto line = LineInFile(scans.storage_, scans.traffic_, file, at, table.ends, reader->line());
    Error error = InvalidArgument(fmt::format(
        "{}, line {}: {} in '{}'; mend the file, or set the source's `malformed` to drop or quarantine", file.path,
        line.ok() ? std::to_string(*line) : "?", wrong, ReplaceInvalidUtf8(record.substr(0, kShownBytes))));
    error.error_class = kMalformedRecord;
    error.sqlstate = "22023";
    return error;
  }

  Table& table;
  std::unique_ptr<RecordReader> reader;
  size_t range = 0;
  bool header = false;  // the range's first record is one
  std::string_view record;
  CsvSplitter splitter;
  std::optional<JsonCursor> elements;  // within a record that is an array of objects
  std::vector<Slot> slots;             // one a column of the schema
  int64_t* files = nullptr;            // the column of file indexes, where it is read
  std::string wrong;                   // with the last record
};

TextScans::TextScans(storage::Storage& storage, Traffic& traffic, Collector& collector)
    : storage_(storage), traffic_(traffic), collector_(collector) {}
TextScans::~TextScans() = default;

Status TextScans::Register(duckdb_connection connection) {
  duckdb_table_function function = duckdb_create_table_function();
  duckdb_table_function_set_name(function, "tm_text_scan");
  duckdb_logical_type number = duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
  duckdb_table_function_add_parameter(function, number);
  duckdb_destroy_logical_type(&number);
  duckdb_table_function_set_extra_info(function, this, nullptr);
  duckdb_table_function_set_bind(function, Bind);
  duckdb_table_function_set_init(function, Init);
  duckdb_table_function_set_local_init(function, InitWorker);
  duckdb_table_function_set_function(function, Fill);
  duckdb_table_function_supports_projection_pushdown(function, true);
  const auto state = duckdb_register_table_function(connection, function);
  duckdb_destroy_table_function(&function);
  return state == DuckDBSuccess ? Ok() : Status(Internal("DuckDB refused the text scan"));
}

Result<std::string> TextScans::Add(const Source& source, const std::string& time_zone, bool file_index) {
  const RecordEnds ends = RecordEndsOf(source);
  auto ranges = CutIntoRanges(source.files, ends.spans_lines);
  const size_t count = ranges.size();
  std::unique_ptr<Table> table(new Table{*this,
                                         source,
                                         ends,
                                         std::move(ranges),
                                         {},
                                         {},
                                         IsUtc(time_zone),
                                         {},
                                         file_index,
                                         std::vector<std::atomic<int64_t>>(count)});
  std::string columns;
  for (size_t i = 0; i < source.schema.fields.size(); ++i) {
    const auto& field = source.schema.fields[i];
    if (source.format != Format::kJson) {
      ASSIGN_OR_RETURN(auto cell, Cell::Make(field, source.text));
      table->cells.push_back(std::move(cell));
    }
    std::string value = fmt::format("c{}", i);
    if (field.type.is(TypeId::kTimestamp) && !table->utc) {
      value = fmt::format("CASE WHEN z{0} THEN c{0} ELSE tm_zoned(tm_local(c{0}), {1}) END", i, QuoteText(time_zone));
      table->zoned.push_back(static_cast<int>(i));
    }
    columns += fmt::format("{}{} AS c{}", i == 0 ? "" : ", ", value, i);
  }
  if (source.format == Format::kJson) {
    ASSIGN_OR_RETURN(table->json, JsonRecord::Make(source.schema, source.text, table->utc));
  }
  if (source.format == Format::kCsv && source.text.header) {
    RETURN_IF_ERROR(CheckHeaders(storage_, traffic_, source));
  }
  if (file_index) columns += fmt::format("{}file_index", columns.empty() ? "" : ", ");
  tables_.push_back(std::move(table));
  return fmt::format("SELECT {} FROM tm_text_scan({})", columns, tables_.size() - 1);
}

std::vector<int64_t> TextScans::FirstLines() const {
  const Table& table = *tables_.back();
  std::vector<int64_t> first_lines;
  int64_t line = 1;
  for (size_t i = 0; i < table.ranges.size(); ++i) {
    if (table.ranges[i].begin == 0) line = 1;
    first_lines.push_back(line);
    line += table.lines[i];
  }
  return first_lines;
}

void TextScans::Bind(duckdb_bind_info info) {
  auto& self = *static_cast<TextScans*>(duckdb_bind_get_extra_info(info));
  duckdb_value number = duckdb_bind_get_parameter(info, 0);
  const int64_t n = duckdb_get_int64(number);
  duckdb_destroy_value(&number);
  if (n < 0 || n >= std::ssize(self.tables_)) return duckdb_bind_set_error(info, "there is no such text source");
  Table& table = *self.tables_[static_cast<size_t>(n)];
  const auto add = [&](const std::string& name, const plan::DataType& type) {
    duckdb_logical_type logical = LogicalType(type);
    duckdb_bind_add_result_column(info, name.c_str(), logical);
    duckdb_destroy_logical_type(&logical);
  };
  for (size_t i = 0; i < table.fields().size(); ++i) add(fmt::format("c{}", i), table.fields()[i].type);
  for (const int column : table.zoned) add(fmt::format("z{}", column), TypeId::kBoolean);
  if (table.file_index) add("file_index", TypeId::kLong);
  int64_t bytes = 0;
  for (const auto& file : table.source.files) bytes += file.size_bytes;
  const int64_t width = kGuessedBytesPerColumn * std::max<int64_t>(1, std::ssize(table.fields()));
  duckdb_bind_set_cardinality(info, static_cast<idx_t>(bytes / width + 1), false);
  duckdb_bind_set_bind_data(info, &table, nullptr);
}

void TextScans::Init(duckdb_init_info info) {
  auto* const scan = new Scan{*static_cast<Table*>(duckdb_init_get_bind_data(info)), {}};
  const auto most =
      static_cast<idx_t>(scan->table.fields().size() + scan->table.zoned.size() + (scan->table.file_index ? 1 : 0));
  for (idx_t i = 0; i < duckdb_init_get_column_count(info); ++i) {
    const idx_t column = duckdb_init_get_column_index(info, i);
    scan->columns.push_back(column < most ? static_cast<int>(column) : -1);
  }
  for (const auto& file : scan->table.source.files) scan->table.scans.traffic_.Expect(file.size_bytes);
  duckdb_init_set_max_threads(info, std::max<idx_t>(1, scan->table.ranges.size()));
  duckdb_init_set_init_data(info, scan, [](void* data) { delete static_cast<Scan*>(data); });
}

void TextScans::InitWorker(duckdb_init_info info) {
  auto& table = *static_cast<Table*>(duckdb_init_get_bind_data(info));
  duckdb_init_set_init_data(info, new Worker(table), [](void* data) { delete static_cast<Worker*>(data); });
}

void TextScans::Fill(duckdb_function_info info, duckdb_data_chunk output) {
  auto& scan = *static_cast<Scan*>(duckdb_function_get_init_data(info));
  auto& worker = *static_cast<Worker*>(duckdb_function_get_local_init_data(info));
  Traffic& traffic = scan.table.scans.traffic_;
  worker.Point(scan, output);
  idx_t rows = 0;
  for (; rows < duckdb_vector_size(); ++rows) {
    const auto more = worker.NextRow(scan, rows);
    if (!more.ok()) {  // whose kind DuckDB's text would lose
      traffic.Failed(more.error());
      return duckdb_function_set_error(info, more.error().message.c_str());
    }
    if (!*more) break;
  }
  duckdb_data_chunk_set_size(output, rows);
  traffic.ReadRows(static_cast<int64_t>(rows));
}

}  // namespace tidemill::engine::duckdb::text
