#include "session/text_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/lower.h"
#include "base/names.h"
#include "session/error.h"
#include "session/tree.h"

namespace tidemill::session {
namespace {

using plan::DataType;
using plan::TypeId;

// Options of the kind that is honoured, and those that change nothing here.
constexpr const char* kHonoured[] = {"header",  "multiline", "sep",        "delimiter",       "quote",      "escape",
                                     "comment", "nullvalue", "dateformat", "timestampformat", "inferschema"};

std::optional<std::string> Option(const Table& table, std::string_view key) {
  for (const auto& [name, value] : table.options) {
    if (SameIgnoringCase(name, key)) return value;
  }
  return std::nullopt;
}

// As Spark's data sources have it: supportDataType.
bool CanHold(const std::string& provider, const DataType& type) {
  const auto all = [&](const DataType& child) { return CanHold(provider, child); };
  if (provider == "text") return type.is(TypeId::kString);
  if (type.is(TypeId::kVariant)) return provider == "json" || provider == "parquet";
  if (type.is(TypeId::kCalendarInterval) || type.is(TypeId::kNull)) return provider == "json" && type.is(TypeId::kNull);
  if (!type.is_nested()) return true;
  if (provider == "csv") return false;
  if (type.is(TypeId::kArray)) return all(type.element());
  if (type.is(TypeId::kMap)) return all(type.key()) && all(type.value());
  return std::ranges::all_of(type.fields(), [&](const auto& field) { return all(field.type); });
}

std::string ShownName(const std::string& provider) {
  if (provider == "csv" || provider == "json") {
    std::string upper = provider;
    std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return std::toupper(c); });
    return upper;
  }
  return provider == "text" ? "Text" : "Parquet";
}

bool IsPartition(const Table& table, const plan::Field& field) {
  return std::ranges::any_of(table.partition_columns,
                             [&](const auto& name) { return SameIgnoringCase(name, field.name); });
}

}  // namespace

bool IsTextProvider(const std::string& provider) {
  return provider == "csv" || provider == "json" || provider == "text";
}

Result<engine::TextOptions> TextOptionsOf(const Table& table) {
  engine::TextOptions text;
  if (!IsTextProvider(table.provider)) return text;
  for (const auto& [name, value] : table.options) {
    const bool known =
        std::ranges::any_of(kHonoured, [&](const char* option) { return SameIgnoringCase(name, option); });
    if (!known) {
      return Unimplemented(fmt::format("the option {} of a table of format {} is not supported", name, table.provider));
    }
  }
  const auto set = [&](const char* key, std::string& to) {
    if (const auto value = Option(table, key)) to = *value;
  };
  text.header = LowerAscii(Option(table, "header").value_or("")) == "true";
  text.multi_line = LowerAscii(Option(table, "multiLine").value_or("")) == "true";
  set("sep", text.delimiter);
  set("delimiter", text.delimiter);
  set("quote", text.quote);
  set("escape", text.escape);
  set("comment", text.comment);
  set("nullValue", text.null_text);
  set("dateFormat", text.date_format);
  set("timestampFormat", text.timestamp_format);
  return text;
}

Status CheckFileColumns(const Table& table) {
  for (const auto& field : table.schema.fields) {
    if (IsPartition(table, field) || CanHold(table.provider, field.type)) continue;
    return SqlError("UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE", "0A000",
                    fmt::format("The {} datasource doesn't support the column {} of the type \"{}\".",
                                ShownName(table.provider), Quoted({field.name}), field.type.ToSql()));
  }
  return Ok();
}

Result<StoredRows> AsLines(const Table& table, const StoredRows& rows) {
  ASSIGN_OR_RETURN(const auto options, TextOptionsOf(table));
  if (options.header) return Unimplemented("writing a table of CSV files with a header is not supported");
  if (!options.date_format.empty() || !options.timestamp_format.empty()) {
    return Unimplemented("writing a table of text files with a date format is not supported");
  }
  std::vector<plan::ExprPtr> list, named, behind;
  plan::ExprPtr only;
  for (const auto& field : table.schema.fields) {
    const auto column = Column({field.name});
    if (IsPartition(table, field)) {
      behind.push_back(column);
      continue;
    }
    only = column;
    named.push_back(Text(field.name));
    named.push_back(column);
  }
  if (table.provider == "text") {
    if (named.size() != 2) return Unimplemented("writing a table of text files that has not one column");
    list.push_back(Named(Function("coalesce", {only, Text("")}), "line"));
  } else if (table.provider == "json") {
    list.push_back(Named(Function("to_json", {Function("named_struct", named)}), "line"));
  } else {
    const auto chosen =
        Function("map", {Text("sep"), Text(options.delimiter), Text("quote"), Text(options.quote), Text("escape"),
                         Text(options.escape), Text("nullValue"), Text(options.null_text)});
    list.push_back(Named(Function("to_csv", {Function("named_struct", named), chosen}), "line"));
  }
  list.insert(list.end(), behind.begin(), behind.end());
  StoredRows lines = rows;
  lines.columns = static_cast<int>(list.size());
  for (size_t i = 0; i < rows.rules.size(); ++i) list.push_back(Column({fmt::format("rule {}", i)}));
  lines.query = SelectFrom(std::move(list), AliasOf(rows.query, "__row"));
  return lines;
}

}  // namespace tidemill::session
