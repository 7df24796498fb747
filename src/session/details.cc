#include "session/details.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "session/columns.h"
#include "session/error.h"

namespace tidemill::session {
namespace {

// As Java's Date prints: Wed Nov 25 04:34:35 UTC 2026.
std::string DateText(int64_t ms) {
  const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
  return fmt::format("{:%a %b %d %H:%M:%S UTC %Y}", fmt::gmtime(seconds));
}

std::string PairList(const plan::Properties& properties) {
  std::vector<std::string> pairs;
  for (const auto& [key, value] : properties) pairs.push_back(fmt::format("{}={}", key, value));
  return fmt::format("[{}]", fmt::join(pairs, ", "));
}

std::string NameList(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const auto& name : names) quoted.push_back(Quoted({name}));
  return fmt::format("[{}]", fmt::join(quoted, ", "));
}

std::string Escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\'' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string PropertyLines(const char* word, const plan::Properties& properties) {
  if (properties.empty()) return "";
  std::vector<std::string> lines;
  for (const auto& [key, value] : properties)
    lines.push_back(fmt::format("  '{}' = '{}'", Escaped(key), Escaped(value)));
  return fmt::format("{} (\n{})\n", word, fmt::join(lines, ",\n"));
}

std::string ColumnName(const std::string& name) { return IsCatalogName(name) ? name : Quoted({name}); }

std::string ColumnText(const plan::Field& field) {
  std::string text = fmt::format("{} {}", ColumnName(field.name), field.type.ToSql());
  if (!field.nullable) text += " NOT NULL";
  if (const auto value = MetadataText(field, kCurrentDefault)) text += " DEFAULT " + *value;
  if (const auto comment = MetadataText(field, kComment)) text += fmt::format(" COMMENT '{}'", Escaped(*comment));
  return text;
}

std::string ViewText(const Table& view) {
  std::vector<std::string> columns;
  for (const auto& field : view.schema.fields) {
    const auto comment = MetadataText(field, kComment);
    columns.push_back("  " + ColumnName(field.name) + (comment ? fmt::format(" COMMENT '{}'", Escaped(*comment)) : ""));
  }
  std::string text = fmt::format("CREATE VIEW {}.{}", view.database, view.name);
  if (!columns.empty()) text += fmt::format(" (\n{})\n", fmt::join(columns, ",\n"));
  if (!view.comment.empty()) text += fmt::format("COMMENT '{}'\n", Escaped(view.comment));
  text += PropertyLines("TBLPROPERTIES", view.properties);
  text += fmt::format("WITH SCHEMA {}\n", view.view->schema_mode);
  return text + "AS " + view.view->text + "\n";
}

std::string TypeName(const plan::DataType& type) {
  switch (type.id()) {
    case plan::TypeId::kInt:
      return "integer";
    case plan::TypeId::kLong:
      return "long";
    case plan::TypeId::kShort:
      return "short";
    case plan::TypeId::kByte:
      return "byte";
    case plan::TypeId::kNull:
      return "void";
    case plan::TypeId::kArray:
      return "array";
    case plan::TypeId::kMap:
      return "map";
    case plan::TypeId::kStruct:
      return "struct";
    default:
      return type.is_char() || type.is_varchar() ? "string" : type.ToString();
  }
}

void AddTree(const plan::DataType& type, const std::string& indent, std::string& text);

void AddNode(const std::string& name, const plan::DataType& type, const std::string& nullable,
             const std::string& indent, std::string& text) {
  text += fmt::format("{}-- {}: {} ({})\n", indent, name, TypeName(type), nullable);
  AddTree(type, indent + "    |", text);
}

void AddTree(const plan::DataType& type, const std::string& indent, std::string& text) {
  if (type.is(plan::TypeId::kArray)) {
    AddNode("element", type.element(), fmt::format("containsNull = {}", type.contains_null()), indent, text);
  } else if (type.is(plan::TypeId::kMap)) {
    text += fmt::format("{}-- key: {}\n", indent, TypeName(type.key()));
    AddNode("value", type.value(), fmt::format("valueContainsNull = {}", type.value_contains_null()), indent, text);
  } else if (type.is(plan::TypeId::kStruct)) {
    for (const auto& field : type.fields()) {
      AddNode(field.name, field.type, fmt::format("nullable = {}", field.nullable), indent, text);
    }
  }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> DetailsOf(const Table& table) {
  std::vector<std::pair<std::string, std::string>> details;
  const auto add = [&](const char* key, std::string value) { details.emplace_back(key, std::move(value)); };
  add("Catalog", kCatalogName);
  add("Database", table.database);
  add("Table", table.name);
  add("Created Time", DateText(table.created_ms));
  add("Last Access", "UNKNOWN");
  add("Created By", "Tidemill");
  add("Type", table.view ? "VIEW" : table.external ? "EXTERNAL" : "MANAGED");
  if (!table.provider.empty()) add("Provider", table.provider);
  if (table.buckets) {
    add("Num Buckets", std::to_string(table.buckets->count));
    add("Bucket Columns", NameList(table.buckets->columns));
    add("Sort Columns", NameList(table.buckets->sort));
  }
  if (!table.comment.empty()) add("Comment", table.comment);
  if (table.view) {
    add("View Text", table.view->text);
    add("View Original Text", table.view->text);
    add("View Schema Mode", table.view->schema_mode);
    add("View Catalog and Namespace", fmt::format("{}.{}", kCatalogName, table.view->database));
    add("View Query Output Columns", NameList(table.view->columns));
  }
  if (!table.properties.empty()) add("Table Properties", PairList(table.properties));
  if (!table.location.empty()) add("Location", "file:" + table.location);
  if (!table.options.empty()) add("Storage Properties", PairList(table.options));
  if (!table.partition_columns.empty() && table.provider != "delta") add("Partition Provider", "Catalog");
  return details;
}

std::string InformationOf(const Table& table) {
  std::string text;
  for (const auto& [key, value] : DetailsOf(table)) text += fmt::format("{}: {}\n", key, value);
  if (!table.partition_columns.empty())
    text += fmt::format("Partition Columns: {}\n", NameList(table.partition_columns));
  return text + "Schema: " + TreeOf(table.schema);
}

std::string TreeOf(const plan::Schema& schema) {
  std::string text = "root\n";
  for (const auto& field : schema.fields) {
    AddNode(field.name, field.type, fmt::format("nullable = {}", field.nullable), " |", text);
  }
  return text;
}

std::string CreateTextOf(const Table& table) {
  if (table.view) return ViewText(table);
  std::vector<std::string> columns;
  for (const auto& field : table.schema.fields) columns.push_back("  " + ColumnText(field));
  std::string text =
      fmt::format("CREATE TABLE {} (\n{})\n", fmt::join(table.FullName(), "."), fmt::join(columns, ",\n"));
  text += fmt::format("USING {}\n", table.provider);
  text += PropertyLines("OPTIONS", table.options);
  std::vector<std::string> partitions;
  for (const auto& column : table.partition_columns) partitions.push_back(ColumnName(column));
  if (!partitions.empty()) text += fmt::format("PARTITIONED BY ({})\n", fmt::join(partitions, ", "));
  if (table.buckets) {
    text += fmt::format("CLUSTERED BY ({})\n", fmt::join(table.buckets->columns, ", "));
    if (!table.buckets->sort.empty()) text += fmt::format("SORTED BY ({})\n", fmt::join(table.buckets->sort, ", "));
    text += fmt::format("INTO {} BUCKETS\n", table.buckets->count);
  }
  if (!table.cluster_columns.empty()) text += fmt::format("CLUSTER BY ({})\n", fmt::join(table.cluster_columns, ", "));
  if (!table.comment.empty()) text += fmt::format("COMMENT '{}'\n", Escaped(table.comment));
  if (table.external) text += fmt::format("LOCATION 'file:{}'\n", Escaped(table.location));
  return text + PropertyLines("TBLPROPERTIES", table.properties);
}

std::vector<std::pair<std::string, std::string>> DetailsOf(const Table& table, const Partition& partition) {
  return {{"Partition Values", partition.ToString()},
          {"Location", fmt::format("file:{}/{}", table.location, partition.folder)},
          {"Created Time", DateText(table.created_ms)},
          {"Last Access", "UNKNOWN"}};
}

}  // namespace tidemill::session
