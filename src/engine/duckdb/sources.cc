#include "engine/duckdb/sources.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "base/names.h"
#include "engine/duckdb/compile.h"
#include "engine/duckdb/filesystem.h"
#include "engine/duckdb/types.h"

namespace tidemill::engine::duckdb {
namespace {

using plan::DataType;
using plan::Field;
using plan::Schema;
using plan::TypeId;

// A table of files: their index in the scan, their path, their partition values as p0, p1, ...
Status MakeFileTable(Connection& connection, const Source& source, const std::vector<std::string>& partition_columns,
                     const std::string& name) {
  std::string columns = "file_index UBIGINT, path VARCHAR";
  for (size_t i = 0; i < partition_columns.size(); ++i) {
    const int at = source.schema.IndexOf(partition_columns[i]);
    columns += fmt::format(", p{} {}", i, DuckDbType(source.schema.fields[static_cast<size_t>(at)].type));
  }
  RETURN_IF_ERROR(connection.Run(fmt::format("CREATE TEMP TABLE {} ({})", name, columns)));
  constexpr size_t kBatch = 500;
  for (size_t from = 0; from < source.files.size(); from += kBatch) {
    std::string rows;
    for (size_t f = from; f < std::min(source.files.size(), from + kBatch); ++f) {
      const auto& file = source.files[f];
      rows += fmt::format("{}({}, {}", rows.empty() ? "" : ", ", f, QuoteText(file.path));
      for (const auto& column : partition_columns) {
        const auto& field = source.schema.fields[static_cast<size_t>(source.schema.IndexOf(column))];
        const auto found = file.partition_values.find(column);
        const bool null = found == file.partition_values.end() || found->second.is_null();
        rows += ", " + (null ? "NULL" : ConstantSql(found->second, field.type));
      }
      rows += ")";
    }
    RETURN_IF_ERROR(connection.Run(fmt::format("INSERT INTO {} VALUES {}", name, rows)));
  }
  return Ok();
}

Status MakeDeletedTable(Connection& connection, const Source& source, const std::string& name) {
  RETURN_IF_ERROR(connection.Run(fmt::format("CREATE TEMP TABLE {} (file_index UBIGINT, row BIGINT)", name)));
  for (size_t f = 0; f < source.files.size(); ++f) {
    const auto& rows = source.files[f].deleted_rows;
    if (!rows || rows->empty()) continue;
    RETURN_IF_ERROR(connection.Run(
        fmt::format("INSERT INTO {} SELECT {}, unnest([{}]::BIGINT[])", name, f, fmt::join(*rows, ","))));
  }
  return Ok();
}

std::vector<std::string> PartitionColumns(const Source& source) {
  std::set<std::string> names;
  for (const auto& file : source.files) {
    for (const auto& [name, value] : file.partition_values) names.insert(name);
  }
  return {names.begin(), names.end()};
}

// The names of the columns the files hold, all files together.
Result<std::set<std::string>> FileColumns(Connection& connection, const Source& source) {
  ASSIGN_OR_RETURN(auto answer, connection.Run(fmt::format("SELECT * FROM read_parquet({}, union_by_name=true) LIMIT 0",
                                                           PathList(source.files))));
  std::set<std::string> names;
  for (int i = 0; i < answer->columns(); ++i) names.insert(answer->column_name(i));
  return names;
}

}  // namespace

Result<std::string> ParquetSelect(Connection& connection, const Source& source, int ordinal) {
  const auto partition_columns = PartitionColumns(source);
  const bool has_deleted = std::any_of(source.files.begin(), source.files.end(),
                                       [](const File& f) { return f.deleted_rows && !f.deleted_rows->empty(); });
  const bool needs_files = !partition_columns.empty() || source.file_columns;
  const std::string files = fmt::format("tm_files_{}", ordinal), deleted = fmt::format("tm_deleted_{}", ordinal);
  if (needs_files) RETURN_IF_ERROR(MakeFileTable(connection, source, partition_columns, files));
  if (has_deleted) RETURN_IF_ERROR(MakeDeletedTable(connection, source, deleted));

  ASSIGN_OR_RETURN(const auto present, FileColumns(connection, source));
  std::string list;
  for (size_t i = 0; i < source.schema.fields.size(); ++i) {
    const auto& field = source.schema.fields[i];
    const auto& stored = source.file_schema ? source.file_schema->fields[i] : field;
    const auto partition = std::find(partition_columns.begin(), partition_columns.end(), field.name);
    std::string value;
    if (partition != partition_columns.end()) {
      value = fmt::format("p.p{}", partition - partition_columns.begin());
    } else {
      const auto same = std::find_if(present.begin(), present.end(),
                                     [&](const std::string& name) { return SameIgnoringCase(name, stored.name); });
      value = same == present.end() ? "NULL" : "f." + QuoteName(*same);
    }
    value = fmt::format("CAST({} AS {})", value, DuckDbType(stored.type));
    list += fmt::format("{}{} AS c{}", i == 0 ? "" : ", ", RenamedSql(value, stored.type, field.type), i);
  }
  if (source.file_columns) {
    const size_t n = source.schema.fields.size();
    list += fmt::format("{}p.path AS c{}, f.file_row_number AS c{}", n == 0 ? "" : ", ", n, n + 1);
  }
  std::string sql = fmt::format("SELECT {} FROM read_parquet({}, union_by_name=true, hive_partitioning=false) f", list,
                                PathList(source.files));
  if (needs_files) sql += fmt::format(" JOIN {} p ON f.file_index = p.file_index", files);
  if (has_deleted) {
    sql += fmt::format(
        " WHERE NOT EXISTS (SELECT 1 FROM {} d WHERE d.file_index = f.file_index AND d.row = f.file_row_number)",
        deleted);
  }
  return sql;
}

Result<std::string> TextSelect(Connection& connection, const Source& source, int ordinal, text::TextScans& scans,
                               const std::string& time_zone) {
  const auto partition_columns = PartitionColumns(source);
  if (partition_columns.empty()) return scans.Add(source, time_zone, false);
  Source files = source;
  std::string list;
  auto& fields = files.schema.fields;
  fields.clear();
  for (size_t i = 0; i < source.schema.fields.size(); ++i) {
    const auto& field = source.schema.fields[i];
    const auto partition = std::find(partition_columns.begin(), partition_columns.end(), field.name);
    const bool is_partition = partition != partition_columns.end();
    list += fmt::format("{}{} AS c{}", i == 0 ? "" : ", ",
                        is_partition ? fmt::format("p.p{}", partition - partition_columns.begin())
                                     : fmt::format("f.c{}", fields.size()),
                        i);
    if (!is_partition) fields.push_back(field);
  }
  const std::string table = fmt::format("tm_files_{}", ordinal);
  RETURN_IF_ERROR(MakeFileTable(connection, source, partition_columns, table));
  ASSIGN_OR_RETURN(const auto rows, scans.Add(files, time_zone, true));
  return fmt::format("SELECT {} FROM ({}) f JOIN {} p ON f.file_index = p.file_index", list, rows, table);
}

Result<Schema> DescribeParquet(Connection& connection, const Source& source) {
  ASSIGN_OR_RETURN(
      auto answer,
      connection.Run(fmt::format("SELECT * FROM read_parquet({}, union_by_name=true, hive_partitioning=false) LIMIT 0",
                                 PathList(source.files))));
  Schema schema;
  for (int i = 0; i < answer->columns(); ++i) {
    duckdb_logical_type logical = duckdb_column_logical_type(answer->get(), static_cast<idx_t>(i));
    auto type = TypeOf(logical);
    duckdb_destroy_logical_type(&logical);
    if (!type.ok()) {
      Error error = std::move(type).error();
      error.message =
          fmt::format("{}: column {}: {}", source.files.front().path, answer->column_name(i), error.message);
      return error;
    }
    schema.fields.push_back(Field{answer->column_name(i), std::move(type).value()});
  }
  return schema;
}

std::string NoRows(const Schema& schema) {
  std::string list;
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    list += fmt::format("{}CAST(NULL AS {}) AS c{}", i == 0 ? "" : ", ", DuckDbType(schema.fields[i].type), i);
  }
  return fmt::format("SELECT {} WHERE false", list);
}

Result<std::string> WindowCondition(const Source& source) {
  if (!source.window) return std::string("true");
  const int at = source.schema.IndexOf(source.window->column);
  if (at < 0) {
    return InvalidArgument(
        fmt::format("source {} has no column {} for the window", source.name, source.window->column));
  }
  const auto id = source.schema.fields[static_cast<size_t>(at)].type.id();
  const auto micros = [](Timestamp t) { return t.time_since_epoch().count(); };
  if (id == TypeId::kTimestamp) {
    const auto bound = [&](Timestamp t) { return fmt::format("make_timestamptz({})", micros(t)); };
    return fmt::format("c{0} >= {1} AND c{0} < {2}", at, bound(source.window->from), bound(source.window->to));
  }
  if (id == TypeId::kTimestampNtz || id == TypeId::kDate) {
    const auto bound = [&](Timestamp t) { return fmt::format("make_timestamp({})", micros(t)); };
    return fmt::format("c{0} >= {1} AND c{0} < {2}", at, bound(source.window->from), bound(source.window->to));
  }
  return InvalidArgument(fmt::format("the window's column {} is {}; it must be a DATE or a TIMESTAMP",
                                     source.window->column,
                                     source.schema.fields[static_cast<size_t>(at)].type.ToSql()));
}

std::string PathList(const std::vector<File>& files) {
  std::string list;
  for (const auto& file : files) list += (list.empty() ? "" : ", ") + QuoteText(ToDuckDbPath(file.path));
  return "[" + list + "]";
}

}  // namespace tidemill::engine::duckdb
