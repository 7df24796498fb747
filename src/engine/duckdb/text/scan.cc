#include "engine/duckdb/text/scan.h"

#include <fmt/format.h>

#include <atomic>
#include <limits>
#include <optional>

#include "engine/duckdb/connection.h"
#include "engine/duckdb/kernel_vector.h"
#include "engine/duckdb/text/cell.h"
#include "engine/duckdb/text/csv_header.h"
#include "engine/duckdb/text/csv_record.h"
#include "engine/duckdb/text/json_cursor.h"
#include "engine/duckdb/text/json_record.h"
#include "engine/duckdb/text/utf8.h"
#include "engine/duckdb/types.h"

namespace tidemill::engine::duckdb::text {
namespace {

using plan::TypeId;

constexpr int64_t kPieceBytes = int64_t{16} << 20;
constexpr int64_t kGuessedBytesPerColumn = 8;  // how many rows DuckDB shall expect
constexpr size_t kShownBytes = 200;            // of a malformed record, in an error

bool IsUtc(const std::string& time_zone) { return time_zone == "UTC" || time_zone == "Z"; }

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
  std::vector<int> zoned;  // the columns behind the schema's: the TIMESTAMPs whose zone is told apart
  // Lines in each range, set by the worker that read it to its end.
  std::vector<std::atomic<int64_t>> lines;
  std::vector<int64_t> first_lines{};

  const std::vector<plan::Field>& fields() const { return source.schema.fields; }
};

struct TextScans::Scan {
  Table& table;
  std::vector<int> columns;  // of the output: the schema's columns, then those of `zoned`; -1: one that nobody reads
  std::atomic<size_t> next_range{0};
};

// One thread's part of a scan.
struct TextScans::Worker {
  explicit Worker(const Table& table) : splitter(table.source.text) {}

  // What the next rows are read from.
  Result<bool> NextRecord(Scan& scan) {
    Table& table = scan.table;
    while (true) {
      if (!reader) {
        range = scan.next_range++;
        if (range >= table.ranges.size()) return false;
        const Range& at = table.ranges[range];
        ASSIGN_OR_RETURN(reader, RecordReader::Open(table.scans.storage_, table.scans.traffic_,
                                                    table.source.files[at.file], at, table.ends));
        header = table.source.text.header && table.source.format == Format::kCsv && at.begin == 0;
      }
      ASSIGN_OR_RETURN(const auto next, reader->Next());
      if (!next) {
        table.lines[range] = reader->lines();
        reader.reset();
        continue;
      }
      record = *next;
      splitter.NormalizeBreaks(table.ends.spans_lines && reader->breaks_with_return());
      if (table.source.format != Format::kText && splitter.IsSkipped(record)) continue;
      if (std::exchange(header, false)) continue;
      return true;
    }
  }

  const File& file(const Scan& scan) const { return scan.table.source.files[scan.table.ranges[range].file]; }

  std::unique_ptr<RecordReader> reader;
  size_t range = 0;
  bool header = false;  // the range's first record is one
  std::string_view record;
  CsvSplitter splitter;
  std::optional<JsonCursor> elements;  // within a record that is an array of objects
  std::vector<Slot> slots;             // one a column of the schema
  std::string wrong;                   // with the last record
};

namespace {

// Fills the rows of one output chunk.
class ChunkFiller {
 public:
  ChunkFiller(const std::vector<plan::Field>& fields, const std::vector<Cell>& cells, std::vector<Slot>& slots)
      : fields_(fields), cells_(cells), slots_(slots) {}

  bool FillText(std::string_view record) const {
    return slots_[0].vector == nullptr || cells_[0].Write(record, slots_[0]);
  }

  bool FillCsv(const CsvSplitter& splitter, const std::string& null_text, std::string& wrong) const {
    const auto& texts = splitter.fields();
    if (texts.size() != fields_.size()) {
      wrong = fmt::format("it has {} fields, the schema has {}", texts.size(), fields_.size());
      return false;
    }
    for (size_t i = 0; i < texts.size(); ++i) {
      if (slots_[i].vector == nullptr) continue;
      const auto& [text, quoted] = texts[i];
      if (text == null_text || (text.empty() && !quoted)) {
        SetNull(slots_[i]);
      } else if (!cells_[i].Write(text, slots_[i])) {
        wrong = fmt::format("column {}: '{}' is not a {}", fields_[i].name, text.substr(0, kShownBytes),
                            cells_[i].TypeText());
        return false;
      }
    }
    return true;
  }

 private:
  const std::vector<plan::Field>& fields_;
  const std::vector<Cell>& cells_;
  std::vector<Slot>& slots_;
};

void SetRow(std::vector<Slot>& slots, idx_t row) {
  for (auto& slot : slots) {
    slot.row = row;
    if (slot.vector != nullptr) SetValid(slot);
  }
}

// Reads the objects of an array without keeping anything: whether all of them fit.
bool FitsWhole(const JsonRecord& json, std::string_view record, const std::vector<Slot>& slots) {
  JsonCursor cursor(record);
  cursor.Next();
  for (JsonToken token = cursor.Next(); token != JsonToken::kEndArray; token = cursor.Next()) {
    if (token != JsonToken::kBeginObject || !json.Write(cursor, slots)) return false;
  }
  return true;
}

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

Result<std::string> TextScans::Add(const Source& source, const std::string& time_zone) {
  const RecordEnds ends = RecordEndsOf(source);
  auto ranges = CutIntoRanges(source.files, ends.spans_lines, kPieceBytes);
  const size_t count = ranges.size();
  std::unique_ptr<Table> table(new Table{
      *this, source, ends, std::move(ranges), {}, {}, IsUtc(time_zone), {}, std::vector<std::atomic<int64_t>>(count)});
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
  tables_.push_back(std::move(table));
  return fmt::format("SELECT {} FROM tm_text_scan({})", columns, tables_.size() - 1);
}

const std::vector<int64_t>& TextScans::FirstLines() const {
  Table& table = *tables_.back();
  table.first_lines.clear();
  int64_t line = 1;
  for (size_t i = 0; i < table.ranges.size(); ++i) {
    if (table.ranges[i].begin == 0) line = 1;
    table.first_lines.push_back(line);
    line += table.lines[i];
  }
  return table.first_lines;
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
  int64_t bytes = 0;
  for (const auto& file : table.source.files) bytes += file.size_bytes;
  const int64_t width = kGuessedBytesPerColumn * std::max<int64_t>(1, std::ssize(table.fields()));
  duckdb_bind_set_cardinality(info, static_cast<idx_t>(bytes / width + 1), false);
  duckdb_bind_set_bind_data(info, &table, nullptr);
}

void TextScans::Init(duckdb_init_info info) {
  auto* const scan = new Scan{*static_cast<Table*>(duckdb_init_get_bind_data(info)), {}};
  const auto most = static_cast<idx_t>(scan->table.fields().size() + scan->table.zoned.size());
  for (idx_t i = 0; i < duckdb_init_get_column_count(info); ++i) {
    const idx_t column = duckdb_init_get_column_index(info, i);
    scan->columns.push_back(column < most ? static_cast<int>(column) : -1);
  }
  for (const auto& file : scan->table.source.files) scan->table.scans.traffic_.Expect(file.size_bytes);
  duckdb_init_set_max_threads(info, std::max<idx_t>(1, scan->table.ranges.size()));
  duckdb_init_set_init_data(info, scan, [](void* data) { delete static_cast<Scan*>(data); });
}

void TextScans::InitWorker(duckdb_init_info info) {
  const auto& table = *static_cast<Table*>(duckdb_init_get_bind_data(info));
  duckdb_init_set_init_data(info, new Worker(table), [](void* data) { delete static_cast<Worker*>(data); });
}

void TextScans::Fill(duckdb_function_info info, duckdb_data_chunk output) {
  auto& scan = *static_cast<Scan*>(duckdb_function_get_init_data(info));
  auto& worker = *static_cast<Worker*>(duckdb_function_get_local_init_data(info));
  Table& table = scan.table;
  TextScans& self = table.scans;

  worker.slots.assign(table.fields().size(), Slot{});
  for (size_t i = 0; i < scan.columns.size(); ++i) {
    const auto column = static_cast<size_t>(scan.columns[i]);
    duckdb_vector vector = duckdb_data_chunk_get_vector(output, i);
    if (scan.columns[i] < 0) continue;
    if (column < table.fields().size()) {
      worker.slots[column].vector = vector;
    } else {
      worker.slots[static_cast<size_t>(table.zoned[column - table.fields().size()])].zoned = vector;
    }
  }

  const auto fail = [&](const Error& error) {
    self.traffic_.Failed(error);
    duckdb_function_set_error(info, error.message.c_str());
  };
  // False: the query ends here.
  const auto put_aside = [&]() -> bool {
    const File& file = worker.file(scan);
    const Range& range = table.ranges[worker.range];
    if (table.source.text.malformed == Malformed::kFail) {
      const auto line = LineInFile(self.storage_, self.traffic_, file, range, table.ends, worker.reader->line());
      const std::string message =
          fmt::format("{}, line {}: {} in '{}'; mend the file, or set the source's `malformed` to drop or quarantine",
                      file.path, line.ok() ? std::to_string(*line) : "?", worker.wrong,
                      ReplaceInvalidUtf8(worker.record.substr(0, kShownBytes)));
      duckdb_function_set_error(info, EncodeError(kMalformedRecord, "22023", message).c_str());
      return false;
    }
    const Status kept =
        self.collector_.KeepMalformed({table.source.name, file.path, static_cast<int64_t>(worker.range),
                                       worker.reader->line(), ReplaceInvalidUtf8(worker.record), worker.wrong});
    if (!kept.ok()) fail(kept.error());
    return kept.ok();
  };

  const ChunkFiller filler(table.fields(), table.cells, worker.slots);
  const idx_t capacity = duckdb_vector_size();
  idx_t row = 0;
  while (row < capacity) {
    SetRow(worker.slots, row);
    if (worker.elements) {  // an array that was found to fit
      if (worker.elements->Next() == JsonToken::kEndArray) {
        worker.elements.reset();
      } else {
        table.json->Write(*worker.elements, worker.slots);
        ++row;
      }
      continue;
    }
    const auto more = worker.NextRecord(scan);
    if (!more.ok()) return fail(more.error());
    if (!*more) break;
    bool fits = false;
    worker.wrong.clear();
    if (!IsUtf8(worker.record)) {
      worker.wrong = "it is not UTF-8";
    } else if (table.source.format == Format::kText) {
      fits = filler.FillText(worker.record);
    } else if (table.source.format == Format::kCsv) {
      const char* wrong = worker.splitter.Split(worker.record);
      if (wrong != nullptr) worker.wrong = wrong;
      fits = wrong == nullptr && filler.FillCsv(worker.splitter, table.source.text.null_text, worker.wrong);
    } else {
      JsonCursor cursor(worker.record);
      const JsonToken token = cursor.Next();
      if (token == JsonToken::kEnd) continue;
      if (token == JsonToken::kBeginArray && FitsWhole(*table.json, worker.record, worker.slots)) {
        worker.elements = cursor;
        continue;
      }
      fits = token == JsonToken::kBeginObject && table.json->Write(cursor, worker.slots);
      if (!fits) worker.wrong = "it is not a JSON record of the schema";
    }
    if (fits) {
      ++row;
    } else if (!put_aside()) {
      return;
    }
  }
  duckdb_data_chunk_set_size(output, row);
  self.traffic_.ReadRows(static_cast<int64_t>(row));
}

}  // namespace tidemill::engine::duckdb::text
