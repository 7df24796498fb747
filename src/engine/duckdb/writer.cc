#include "engine/duckdb/writer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "delta/column_mapping.h"
#include "engine/duckdb/compile.h"
#include "engine/duckdb/filesystem.h"
#include "engine/duckdb/types.h"

namespace tidemill::engine::duckdb {
namespace {

using plan::DataType;
using plan::Schema;
using plan::TypeId;
using plan::Value;

constexpr std::string_view kCompressionNames[] = {"snappy", "zstd", "gzip", "uncompressed"};

// The column as the files have it.
const plan::Field& FileField(const WriteSpec& spec, size_t i, const Schema& schema) {
  return spec.file_schema ? spec.file_schema->fields[i] : schema.fields[i];
}

// A value inside the JSON text of a quarantined row, as Spark's from_json reads it: exact, so decimals travel as text.
std::string JsonValue(const DataType& type, size_t i) {
  if (type.is_fractional()) {
    return fmt::format(
        "CASE WHEN NOT isfinite(c{0}) THEN to_json(CASE WHEN isnan(c{0}) THEN 'NaN' WHEN c{0} > 0 THEN 'Infinity' "
        "ELSE '-Infinity' END) ELSE CAST(CAST(c{0} AS VARCHAR) AS JSON) END",
        i);
  }
  const bool native = type.is(TypeId::kBoolean) || type.is_integral() || type.is(TypeId::kString) || type.is_nested();
  return native ? fmt::format("c{}", i) : fmt::format("CAST(c{} AS VARCHAR)", i);
}

std::string RowJson(const Schema& schema, int columns) {
  std::string row;
  for (size_t i = 0; i < static_cast<size_t>(columns); ++i) {
    const auto& field = schema.fields[i];
    row += fmt::format("{}{}, {}", i == 0 ? "" : ", ", QuoteText(field.name), JsonValue(field.type, i));
  }
  return fmt::format("CAST(json_object({}) AS VARCHAR)", row);
}

// The rows of `query` that pass. tm_check has an effect, so it must see exactly the rows of the query: DuckDB moves a
// filter below a join, whatever it calls, but not a column of a projection. CASE evaluates its last branch for the
// failing rows only.
std::string PassingRows(const std::string& query, const Schema& schema, const WriteSpec& spec) {
  std::string arguments, reasons;
  for (const auto& check : spec.checks) {
    arguments += fmt::format("{}c{}", arguments.empty() ? "" : ", ", check.column);
    if (check.effect == CheckEffect::kDivert) {
      reasons += fmt::format("{}CASE WHEN c{} = false THEN [{}] ELSE [] END", reasons.empty() ? "" : " || ",
                             check.column, QuoteText(check.name));
    }
  }
  std::string passes = fmt::format("tm_check({})", arguments);
  if (!reasons.empty()) {
    passes = fmt::format("CASE WHEN {} THEN true ELSE tm_divert(CAST(to_json({}) AS VARCHAR), {}) END", passes, reasons,
                         RowJson(schema, spec.data_columns));
  }
  return fmt::format("SELECT * FROM (SELECT *, {} AS tm_passes FROM ({})) WHERE tm_passes", passes, query);
}

Result<int64_t> Number(const Value& value) {
  if (const auto* n = std::get_if<int64_t>(&value.data)) return *n;
  return Internal("DuckDB reported a file without its size");
}

// {"key": "text", ...} of a MAP value.
std::map<std::string, std::string> Texts(const Value& value) {
  std::map<std::string, std::string> texts;
  if (value.is_null()) return texts;
  const auto& children = *std::get<Value::Children>(value.data);
  for (size_t i = 0; i + 1 < children.size(); i += 2) {
    if (children[i + 1].is_null()) continue;
    texts[std::get<std::string>(children[i].data)] = std::get<std::string>(children[i + 1].data);
  }
  return texts;
}

ColumnStats StatsOf(const std::map<std::string, std::string>& texts, const DataType& type) {
  ColumnStats stats;
  const auto text = [&](const char* key) -> const std::string* {
    const auto found = texts.find(key);
    return found == texts.end() ? nullptr : &found->second;
  };
  if (const auto* nulls = text("null_count")) {
    std::from_chars(nulls->data(), nulls->data() + nulls->size(), stats.null_count);
  }
  const auto* has_nan = text("has_nan");
  const bool unordered = has_nan != nullptr && *has_nan == "true";  // NaN is outside the bounds Parquet keeps
  if (type.is_nested() || type.is(TypeId::kBinary) || unordered) return stats;
  if (const auto* min = text("min")) stats.min = ParseConstant(*min, type);
  if (const auto* max = text("max")) stats.max = ParseConstant(*max, type);
  return stats;
}

}  // namespace

namespace {

// The columns of the files, by the names they have there: the partition's are in the path.
std::string FileColumns(const Schema& schema, const WriteSpec& spec) {
  std::string columns;
  for (int i = 0; i < spec.data_columns; ++i) {
    const auto& partitions = spec.partition_columns;
    if (std::find(partitions.begin(), partitions.end(), i) != partitions.end()) continue;
    const auto& field = FileField(spec, static_cast<size_t>(i), schema);
    const std::string column = fmt::format("c{}", i);
    columns +=
        fmt::format("{}{} AS {}", columns.empty() ? "" : ", ",
                    RenamedSql(column, schema.fields[static_cast<size_t>(i)].type, field.type), QuoteName(field.name));
  }
  return columns;
}

std::string NestedIds(const DataType& type);

// COPY's FIELD_IDS: "{a: 1, s: {__duckdb_field_id: 2, x: 3}}"; "" when no field has one.
std::string FieldIds(const std::vector<plan::Field>& fields, std::string list = {}) {
  for (const auto& field : fields) {
    const auto id = delta::FieldId(field);
    if (!id) continue;
    const std::string nested = NestedIds(field.type);
    list += fmt::format("{}{}: ", list.empty() ? "" : ", ", QuoteName(field.name));
    list += nested.empty() ? std::to_string(*id) : fmt::format("{{__duckdb_field_id: {}, {}}}", *id, nested);
  }
  return list;
}

// Lists' elements and maps' keys and values have no ids of their own, but what lies in them may.
std::string NestedIds(const DataType& type) {
  const auto member = [](const char* name, const DataType& part) {
    const std::string ids = NestedIds(part);
    return ids.empty() ? ids : fmt::format("{}: {{{}}}", name, ids);
  };
  switch (type.id()) {
    case TypeId::kStruct:
      return FieldIds(type.fields());
    case TypeId::kArray:
      return member("element", type.element());
    case TypeId::kMap: {
      const std::string key = member("key", type.key()), value = member("value", type.value());
      return key + (key.empty() || value.empty() ? "" : ", ") + value;
    }
    default:
      return "";
  }
}

std::string FieldIdsOption(const WriteSpec& spec) {
  if (!spec.file_schema) return "";
  std::vector<plan::Field> stored;
  for (int i = 0; i < spec.data_columns; ++i) {
    const bool in_path = std::ranges::find(spec.partition_columns, i) != spec.partition_columns.end();
    if (!in_path) stored.push_back(spec.file_schema->fields[static_cast<size_t>(i)]);
  }
  const std::string ids = FieldIds(stored);
  return ids.empty() ? "" : fmt::format(", FIELD_IDS {{{}}}", ids);
}

// Spark's order of NULLs.
std::string OrderBy(const WriteSpec& spec) {
  std::string order;
  for (const auto& key : spec.sort) {
    order += fmt::format("{}c{} {} NULLS {}", order.empty() ? "" : ", ", key.column, key.ascending ? "ASC" : "DESC",
                         key.ascending ? "FIRST" : "LAST");
  }
  return order;
}

std::string PartitionNumber(const WriteSpec& spec) {
  std::vector<std::string> columns;
  for (const int column : spec.partition_columns) columns.push_back(fmt::format("c{}", column));
  return fmt::format("tm_partition({}) AS tm_partition", fmt::join(columns, ", "));
}

std::string Checked(const std::string& select, const Schema& schema, const WriteSpec& spec) {
  return spec.checks.empty() ? select : PassingRows(select, schema, spec);
}

std::string Copy(const std::string& query, const std::string& path, const WriteSpec& spec, std::string_view files) {
  return fmt::format("COPY ({}) TO {} (FORMAT parquet, COMPRESSION {}, RETURN_STATS true{}{})", query,
                     QuoteText(ToDuckDbPath(path)), kCompressionNames[static_cast<int>(spec.compression)],
                     FieldIdsOption(spec), files);
}

}  // namespace

std::string CopySql(const std::string& select, const Schema& schema, const WriteSpec& spec) {
  const bool parted = !spec.partition_columns.empty();
  const std::string query = fmt::format("SELECT {}{} FROM ({})", FileColumns(schema, spec),
                                        parted ? ", " + PartitionNumber(spec) : "", Checked(select, schema, spec));
  std::string files = fmt::format(", APPEND true, FILENAME_PATTERN {}, ",
                                  QuoteText(fmt::format("part-{}-{{uuid}}.c000", spec.file_id)));
  files += parted ? "PARTITION_BY (tm_partition)"
                  : fmt::format("FILE_SIZE_BYTES {}, WRITE_EMPTY_FILE false", spec.target_file_bytes);
  return Copy(query, spec.folder, spec, files);
}

std::string CopyLinesSql(const std::string& select, const Schema& schema, const WriteSpec& spec) {
  const bool parted = !spec.partition_columns.empty();
  int line = 0;
  while (std::ranges::find(spec.partition_columns, line) != spec.partition_columns.end()) ++line;
  return fmt::format(
      "COPY (SELECT encode(c{} || chr(10)){} FROM ({})) TO {} (FORMAT blob, RETURN_FILES true, FILE_EXTENSION {}, "
      "APPEND "
      "true, FILENAME_PATTERN {}, {})",
      line, parted ? ", " + PartitionNumber(spec) : "", Checked(select, schema, spec),
      QuoteText(ToDuckDbPath(spec.folder)), QuoteText(spec.lines_extension),
      QuoteText(fmt::format("part-{}-{{uuid}}.c000", spec.file_id)),
      parted ? "PARTITION_BY (tm_partition)" : "PER_THREAD_OUTPUT true");
}

std::string StageSql(const std::string& select, const Schema& schema, const WriteSpec& spec) {
  std::string columns;
  for (int i = 0; i < spec.data_columns; ++i) columns += fmt::format("c{}, ", i);
  const bool parted = !spec.partition_columns.empty();
  return fmt::format("CREATE OR REPLACE TEMP TABLE tm_staged AS SELECT {}{} FROM ({}) ORDER BY tm_partition, {}",
                     columns, parted ? PartitionNumber(spec) : "0 AS tm_partition", Checked(select, schema, spec),
                     OrderBy(spec));
}

std::string StagedPartitionsSql() {
  return "SELECT CAST(tm_partition AS BIGINT), min(rowid), max(rowid) + 1 FROM tm_staged GROUP BY 1 ORDER BY 1";
}

std::string CopyStagedSql(const Schema& schema, const WriteSpec& spec, int64_t number, int64_t from, int64_t to) {
  // ORDER BY, because otherwise the rows may come in any order.
  const std::string query = fmt::format("SELECT {} FROM tm_staged WHERE rowid >= {} AND rowid < {} ORDER BY rowid",
                                        FileColumns(schema, spec), from, to);
  const std::string partition = spec.partition_columns.empty() ? "" : fmt::format("/tm_partition={}", number);
  // A file that replaces the one of that name needs no other name first: storage shows it when it is whole.
  return Copy(query, fmt::format("{}{}/part-{}-{}.c000.parquet", spec.folder, partition, spec.file_id, from), spec,
              ", USE_TMP_FILE false");
}

Result<std::vector<WrittenFile>> ReadCopyResult(Answer& answer, const Schema& schema, const Partitioner* partitioner) {
  const auto texts = DataType::Map(TypeId::kString, TypeId::kString);
  std::vector<std::vector<Value>> rows;
  RETURN_IF_ERROR(answer.Read(
      {TypeId::kString, TypeId::kLong, TypeId::kLong, TypeId::kLong, DataType::Map(TypeId::kString, texts), texts}, -1,
      rows));
  std::vector<WrittenFile> files;
  for (const auto& row : rows) {
    WrittenFile file;
    file.path = FromDuckDbPath(std::get<std::string>(row[0].data));
    ASSIGN_OR_RETURN(file.rows, Number(row[1]));
    ASSIGN_OR_RETURN(file.size_bytes, Number(row[2]));
    if (!row[4].is_null()) {
      const auto& columns = *std::get<Value::Children>(row[4].data);
      for (const auto& field : schema.fields) {
        const std::string key = QuoteName(field.name);
        for (size_t i = 0; i + 1 < columns.size(); i += 2) {
          if (std::get<std::string>(columns[i].data) != key) continue;
          file.stats[field.name] = StatsOf(Texts(columns[i + 1]), field.type);
        }
      }
    }
    if (partitioner != nullptr) {
      ASSIGN_OR_RETURN(file.partition_values, partitioner->ValuesOf(file.path));
      file.path = partitioner->RealPath(file.path);
    }
    files.push_back(std::move(file));
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

Result<std::vector<WrittenFile>> ReadLinesResult(Answer& answer, const Partitioner* partitioner) {
  std::vector<std::vector<Value>> rows;
  RETURN_IF_ERROR(answer.Read({TypeId::kLong, DataType::Array(TypeId::kString)}, -1, rows));
  std::vector<WrittenFile> files;
  for (const auto& row : rows) {
    ASSIGN_OR_RETURN(const int64_t count, Number(row[0]));
    if (row[1].is_null()) continue;
    for (const auto& path : *std::get<Value::Children>(row[1].data)) {
      WrittenFile file;
      file.path = FromDuckDbPath(std::get<std::string>(path.data));
      if (files.empty()) file.rows = count;
      if (partitioner != nullptr) {
        ASSIGN_OR_RETURN(file.partition_values, partitioner->ValuesOf(file.path));
        file.path = partitioner->RealPath(file.path);
      }
      files.push_back(std::move(file));
    }
  }
  return files;
}

std::string QuarantineSql(const Quarantine& quarantine, const std::vector<std::string>& sources) {
  const auto instant = [](Timestamp t) { return fmt::format("make_timestamptz({})", t.time_since_epoch().count()); };
  const std::string none = "CAST(NULL AS TIMESTAMPTZ)";
  const std::string head =
      fmt::format("SELECT {} AS c0, {} AS c1, {} AS c2, {} AS c3, ", QuoteText(quarantine.run_key),
                  QuoteText(quarantine.job), quarantine.window ? instant(quarantine.window->from) : none,
                  quarantine.window ? instant(quarantine.window->to) : none);
  const std::string tail = fmt::format(", {} AS c11 FROM ", instant(quarantine.now));
  const std::string text = "CAST(NULL AS VARCHAR)";
  std::string names = "NULL";
  for (const auto& source : sources) names += ", " + QuoteText(source);
  return fmt::format(
      "{0}from_json(reasons, '[\"VARCHAR\"]') AS c4, row AS c5, {2} AS c6, {2} AS c7, CAST(NULL AS BIGINT) AS c8, {2} "
      "AS "
      "c9, {2} AS c10{1}tm_diverted UNION ALL {0}['malformed'] AS c4, {2} AS c5, source AS c6, file AS c7, line AS c8, "
      "raw "
      "AS c9, detail AS c10{1}tm_malformed_rows WHERE source IN ({3})",
      head, tail, text, names);
}

}  // namespace tidemill::engine::duckdb
