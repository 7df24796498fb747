#include "engine/duckdb/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/names.h"
#include "engine/duckdb/compile.h"
#include "engine/duckdb/filesystem.h"
#include "engine/duckdb/text_values.h"

namespace tidemill::engine::duckdb {
namespace {

using plan::DataType;
using plan::Field;
using plan::Schema;
using plan::TypeId;

// The fields of one line, by the same quoting rules as the reader's.
std::vector<std::string> SplitLine(const std::string& line, const TextOptions& text) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const auto at = [&](const std::string& mark) { return !mark.empty() && line.compare(i, mark.size(), mark) == 0; };
    if (quoted && at(text.escape) && i + 1 < line.size() && text.escape != text.quote) {
      fields.back() += line[++i];
    } else if (at(text.quote)) {
      const bool doubled = quoted && i + 1 < line.size() && line.compare(i + 1, text.quote.size(), text.quote) == 0;
      if (doubled)
        fields.back() += line[++i];
      else
        quoted = !quoted;
    } else if (!quoted && at(text.delimiter)) {
      fields.emplace_back();
      i += text.delimiter.size() - 1;
    } else {
      fields.back() += line[i];
    }
  }
  return fields;
}

Result<std::vector<std::string>> FirstLine(Connection& connection, const File& file, const TextOptions& text) {
  // With several threads and no order kept, LIMIT 1 may give a line from the middle of the file.
  std::string lines = LinesOf({file});
  lines.insert(lines.size() - 1, ", parallel=false");
  ASSIGN_OR_RETURN(auto answer, connection.Run(fmt::format("SELECT line FROM {} LIMIT 1", lines)));
  ASSIGN_OR_RETURN(const auto rows, answer->Texts());
  if (rows.empty()) return std::vector<std::string>{};
  std::string line = rows[0][0];
  if (line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);
  if (line.ends_with('\r')) line.pop_back();
  return SplitLine(line, text);
}

// A header that does not name the schema's columns in their order means that every value would land in a wrong column.
Status CheckHeader(Connection& connection, const Source& source, const File& file) {
  ASSIGN_OR_RETURN(const auto names, FirstLine(connection, file, source.text));
  const auto& fields = source.schema.fields;
  if (names.empty()) {
    return DataLoss(fmt::format("{} is empty: it has no header line (source {})", file.path, source.name));
  }
  for (size_t i = 0; i < std::min(names.size(), fields.size()); ++i) {
    if (SameIgnoringCase(names[i], fields[i].name)) continue;
    const char* hint = names.size() == 1 && fields.size() > 1 ? "; is the `delimiter` right?" : "";
    return InvalidArgument(fmt::format("{}: column {} of the header is '{}', the schema of source {} says '{}'{}",
                                       file.path, i + 1, names[i], source.name, fields[i].name, hint));
  }
  if (names.size() != fields.size()) {
    return InvalidArgument(fmt::format("{}: the header has {} columns, the schema of source {} has {}", file.path,
                                       names.size(), source.name, fields.size()));
  }
  return Ok();
}

std::string ReadCsv(const std::vector<File>& files, const TextOptions& text, size_t columns, const std::string& more) {
  std::string names;
  for (size_t i = 0; i < columns; ++i) names += fmt::format("{}'r{}': 'VARCHAR'", i == 0 ? "" : ", ", i);
  // With a null text of its own a quoted empty field is the empty string; Spark's default null text is the empty one,
  // and then quoted or not makes no difference.
  const bool quoted_nulls = text.null_text.empty();
  const std::string comment = text.comment.empty() ? "" : ", comment=" + QuoteText(text.comment);
  return fmt::format(
      "read_csv({}, auto_detect=false, columns={{{}}}, header={}, delim={}, quote={}, escape={}, nullstr='', "
      "allow_quoted_nulls={}, max_line_size=16777216, buffer_size=33554432{}{})",
      PathList(files), names, text.header, QuoteText(text.delimiter), QuoteText(text.quote), QuoteText(text.escape),
      quoted_nulls, comment, more);
}

std::string RawColumn(const TextOptions& text, size_t i) {
  return text.null_text.empty() ? fmt::format("r{}", i) : fmt::format("nullif(r{}, {})", i, QuoteText(text.null_text));
}

std::string RawRow(const Schema& schema) {
  std::string row;
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    row += fmt::format("{}{}: r{}", i == 0 ? "" : ", ", QuoteName(schema.fields[i].name), i);
  }
  return fmt::format("CAST(to_json({{{}}}) AS VARCHAR)", row);
}

// CSVInferSchema's order: the first type that every value fits. A column without values is a string.
const DataType kCandidates[] = {TypeId::kInt,  TypeId::kLong,      DataType::Decimal(38, 0), TypeId::kDouble,
                                TypeId::kDate, TypeId::kTimestamp, TypeId::kBoolean};
constexpr int kSampleRows = 10000;

struct Fit {
  size_t first = 0;  // the first candidate, from the chosen one on, that every value of `rows` fits
  bool empty = false;
};

// Tests the columns not yet settled: all candidates from the chosen one on, or the chosen one alone and the next when
// it fails.
Result<std::vector<Fit>> Probe(Connection& connection, const TextOptions& text, size_t columns,
                               const std::vector<size_t>& chosen, const std::vector<bool>& settled, bool all,
                               const std::string& rows) {
  const std::string zone = "UTC";
  const Typing typing{text, false, zone};
  std::string list = "'0'";
  for (size_t i = 0; i < columns; ++i) {
    if (settled[i]) continue;
    const std::string raw = RawColumn(text, i);
    list += fmt::format(", CAST(count({}) AS VARCHAR)", raw);
    const size_t end = all ? std::size(kCandidates) : chosen[i] + 1;
    for (size_t t = chosen[i]; t < end; ++t) {
      const auto& type = kCandidates[t];
      // Not a decimal when it has a point, and not a date when it has a time: those are the next types.
      std::string probe = raw;
      if (type.is(TypeId::kDecimal))
        probe = fmt::format("CASE WHEN regexp_matches({0}, '^[+-]?[0-9]+$') THEN {0} END", raw);
      if (type.is(TypeId::kDate) && text.date_format.empty())
        probe = fmt::format("CASE WHEN length({0}) <= 10 THEN {0} END", raw);
      ASSIGN_OR_RETURN(const std::string value, TypedText(connection, probe, Field{"", type}, typing));
      list += fmt::format(", CAST(count({}) AS VARCHAR)", value);
    }
  }
  ASSIGN_OR_RETURN(auto answer, connection.Run(fmt::format("SELECT {} FROM {}", list, rows)));
  ASSIGN_OR_RETURN(const auto counts, answer->Texts());
  std::vector<Fit> fits(columns);
  size_t at = 1;
  for (size_t i = 0; i < columns; ++i) {
    if (settled[i]) continue;
    const std::string& values = counts[0][at++];
    const size_t end = all ? std::size(kCandidates) : chosen[i] + 1;
    fits[i] = {end, values == "0"};
    for (size_t t = chosen[i]; t < end; ++t, ++at) {
      if (fits[i].first == end && counts[0][at] == values) fits[i].first = t;
    }
  }
  return fits;
}

}  // namespace

std::string LinesOf(const std::vector<File>& files) {
  return fmt::format(
      "read_csv({}, auto_detect=false, columns={{'line': 'VARCHAR'}}, header=false, delim=e'\\x01', quote='', "
      "escape='', "
      "nullstr=e'\\x02', max_line_size=16777216, buffer_size=33554432)",
      PathList(files));
}

std::string FittingRows(const std::string& outputs, const std::string& rows, const std::string& fits,
                        const std::string& window, const std::string& source, const std::string& raw,
                        const std::string& detail) {
  return fmt::format(
      "SELECT {} FROM (SELECT *, CASE WHEN {} THEN ({}) ELSE tm_malformed({}, tm_file, {}, {}) END AS tm_fits FROM "
      "({})) "
      "WHERE tm_fits",
      outputs, fits, window, QuoteText(source), raw, QuoteText(detail), rows);
}

Result<std::string> TypedText(Connection& connection, const std::string& value, const Field& field,
                              const Typing& typing) {
  if (field.type.is(TypeId::kString)) return value;
  std::string name = TextTypeName(field.type);
  if (name.empty()) {
    return Unimplemented(
        fmt::format("column {}: a text field cannot be read as {}; read it as STRING", field.name, field.type.ToSql()));
  }
  if (field.type.is(TypeId::kDecimal)) {
    RETURN_IF_ERROR(RegisterTextDecimal(connection.get(), field.type.precision(), field.type.scale()));
  }
  const std::string& pattern = field.type.is(TypeId::kDate) ? typing.text.date_format : typing.text.timestamp_format;
  const bool by_pattern = field.type.is_datetime() && !pattern.empty();
  if (by_pattern) {
    ASSIGN_OR_RETURN(name, RegisterTextPattern(connection.get(), field.type, pattern));
  }
  const auto call = [&](const std::string& type) {
    return typing.raises ? fmt::format("tm_text_{}({}, {})", type, value, QuoteText(field.name))
                         : fmt::format("tm_text_try_{}({})", type, value);
  };
  if (!field.type.is(TypeId::kTimestamp)) return call(name);
  const std::string zone = QuoteText(typing.time_zone);
  if (by_pattern) return fmt::format("tm_zoned({}, {})", call(name), zone);
  if (typing.time_zone == "UTC" || typing.time_zone == "Z") return call(name);
  return fmt::format(
      "CASE WHEN tm_text_try_timestamp_ntz({0}) IS NOT NULL THEN tm_zoned(tm_text_try_timestamp_ntz({0}), {1}) "
      "ELSE {2} END",
      value, zone, call(name));
}

Result<SourceSelect> CsvSelect(Connection& connection, const Source& source, int ordinal, const std::string& time_zone,
                               const std::string& window) {
  for (const auto& file : source.files) {
    if (source.text.header) RETURN_IF_ERROR(CheckHeader(connection, source, file));
  }
  const bool raises = source.text.malformed == Malformed::kFail;
  const auto& fields = source.schema.fields;
  std::string typed, fits;
  for (size_t i = 0; i < fields.size(); ++i) {
    const std::string raw = RawColumn(source.text, i);
    ASSIGN_OR_RETURN(const std::string value, TypedText(connection, raw, fields[i], {source.text, raises, time_zone}));
    typed += fmt::format("{}{} AS c{}", i == 0 ? "" : ", ", value, i);
    if (!fields[i].type.is(TypeId::kString)) {
      fits += fmt::format("{}({} IS NULL OR c{} IS NOT NULL)", fits.empty() ? "" : " AND ", raw, i);
    }
  }
  SourceSelect select;
  if (raises) {
    select.sql = fmt::format("SELECT * FROM (SELECT {} FROM {}) WHERE {}", typed,
                             ReadCsv(source.files, source.text, fields.size(), ""), window);
    return select;
  }
  select.run_once = true;
  select.rejects_table = fmt::format("tm_rejects_{}", ordinal);
  select.rejects_scan = fmt::format("tm_rejects_scan_{}", ordinal);
  const std::string more = fmt::format(", store_rejects=true, rejects_limit=0, rejects_table='{}', rejects_scan='{}'",
                                       select.rejects_table, select.rejects_scan);
  std::string outputs;
  for (size_t i = 0; i < fields.size(); ++i) outputs += fmt::format("{}c{}", i == 0 ? "" : ", ", i);
  select.sql = FittingRows(outputs,
                           fmt::format("SELECT *, {}, filename AS tm_file FROM {}", typed,
                                       ReadCsv(source.files, source.text, fields.size(), more)),
                           fits.empty() ? "true" : fits, window, source.name, RawRow(source.schema),
                           "a field does not fit its type");
  return select;
}

std::optional<Error> ExplainCsvError(const std::string& message) {
  const auto after = [&](std::string_view mark) -> std::string {
    const size_t at = message.find(mark);
    if (at == std::string::npos) return "";
    const size_t from = at + mark.size();
    return message.substr(from, message.find('\n', from) - from);
  };
  const std::string line = after("CSV Error on Line: ");
  if (line.empty()) return std::nullopt;
  const std::string original = after("Original Line: ");
  // What is wrong stands on the line after the original one.
  const size_t at = message.find("Original Line: ");
  const size_t reason_at = at == std::string::npos ? std::string::npos : message.find('\n', at);
  std::string reason = reason_at == std::string::npos ? "" : message.substr(reason_at + 1);
  reason = reason.substr(0, reason.find('\n'));
  Error error = DataLoss(
      fmt::format("{}, line {}: {} in '{}'; mend the file, or set the source's `malformed` to drop or quarantine",
                  FromDuckDbPath(after("file = ")), line, reason, original.substr(0, 200)));
  error.error_class = kMalformedRecord;
  error.sqlstate = "22023";
  return error;
}

Result<Schema> InferCsv(Connection& connection, const Source& source) {
  ASSIGN_OR_RETURN(auto names, FirstLine(connection, source.files.front(), source.text));
  if (names.empty()) {
    return DataLoss(fmt::format("{} is empty: nothing to infer a schema from (source {}); give a `schema`",
                                source.files.front().path, source.name));
  }
  const std::string rows = ReadCsv(source.files, source.text, names.size(), ", ignore_errors=true");
  std::vector<size_t> chosen(names.size(), 0);
  std::vector<bool> empty(names.size(), false), settled(names.size(), false);
  // A sample rules out most types; then every value is looked at, usually once.
  bool sampled = false;
  while (!sampled || std::find(settled.begin(), settled.end(), false) != settled.end()) {
    const std::string from = sampled ? rows : fmt::format("(SELECT * FROM {} LIMIT {})", rows, kSampleRows);
    ASSIGN_OR_RETURN(const auto fits, Probe(connection, source.text, names.size(), chosen, settled, !sampled, from));
    for (size_t i = 0; i < names.size(); ++i) {
      if (settled[i]) continue;
      empty[i] = fits[i].empty;
      const bool same = fits[i].first == chosen[i];
      chosen[i] = fits[i].first;
      settled[i] = chosen[i] == std::size(kCandidates) || (sampled && same);
    }
    sampled = true;
  }
  Schema schema;
  for (size_t i = 0; i < names.size(); ++i) {
    const bool text = empty[i] || chosen[i] == std::size(kCandidates);
    schema.fields.push_back(Field{source.text.header ? names[i] : fmt::format("_c{}", i),
                                  text ? DataType(TypeId::kString) : kCandidates[chosen[i]]});
  }
  return schema;
}

}  // namespace tidemill::engine::duckdb
