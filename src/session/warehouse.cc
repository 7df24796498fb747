#include "session/warehouse.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "plan/schema_json.h"

namespace tidemill::session {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kEnding = ".json";
constexpr const char* kDropping = "dropping";
constexpr const char* kRenamedFrom = "renamed_from";

std::string Text(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::vector<std::string> List(const Json& json, const char* key) {
  std::vector<std::string> list;
  const auto found = json.find(key);
  if (found == json.end() || !found->is_array()) return list;
  for (const auto& item : *found) {
    if (item.is_string()) list.push_back(item.get<std::string>());
  }
  return list;
}

plan::Properties Map(const Json& json, const char* key) {
  plan::Properties map;
  const auto found = json.find(key);
  if (found == json.end() || !found->is_object()) return map;
  for (const auto& [name, value] : found->items()) {
    if (value.is_string()) map[name] = value.get<std::string>();
  }
  return map;
}

constexpr const char *kView = "view", *kMaterialized = "materialized";

Json ToJson(const Table& table) {
  Json json = {{"database", table.database}, {"name", table.name}};
  json["kind"] = table.view ? "view" : table.external ? "external" : "managed";
  json["provider"] = table.provider;
  json["schema"] = Json::parse(plan::SchemaToJson(table.schema), nullptr, false);
  json["partition_columns"] = table.partition_columns;
  json["empty_partitions"] = table.empty_partitions;
  json["cluster_columns"] = table.cluster_columns;
  if (table.buckets) {
    json["buckets"] = {
        {"columns", table.buckets->columns}, {"sort", table.buckets->sort}, {"count", table.buckets->count}};
  }
  json["location"] = table.location;
  json["comment"] = table.comment;
  json["properties"] = table.properties;
  json["options"] = table.options;
  json["collation"] = table.collation;
  json["created_ms"] = table.created_ms;
  for (const auto& [key, view] : {std::pair(kView, &table.view), std::pair(kMaterialized, &table.materialized)}) {
    if (!*view) continue;
    json[key] = {{"text", (*view)->text},
                 {"database", (*view)->database},
                 {"conf", (*view)->conf},
                 {"columns", (*view)->columns},
                 {"schema_mode", (*view)->schema_mode}};
  }
  return json;
}

Result<Table> TableOf(const Json& json) {
  Table table;
  table.database = Text(json, "database");
  table.name = Text(json, "name");
  table.external = Text(json, "kind") == "external";
  table.provider = Text(json, "provider");
  ASSIGN_OR_RETURN(table.schema, plan::SchemaFromJson(json.value("schema", Json::object()).dump()));
  table.partition_columns = List(json, "partition_columns");
  table.empty_partitions = List(json, "empty_partitions");
  table.cluster_columns = List(json, "cluster_columns");
  if (const auto found = json.find("buckets"); found != json.end() && found->is_object()) {
    table.buckets = Buckets{List(*found, "columns"), List(*found, "sort"), found->value("count", 0)};
  }
  table.location = Text(json, "location");
  table.comment = Text(json, "comment");
  table.properties = Map(json, "properties");
  table.options = Map(json, "options");
  table.collation = Text(json, "collation");
  const auto created = json.find("created_ms");
  if (created != json.end() && created->is_number_integer()) table.created_ms = created->get<int64_t>();
  for (const auto& [key, view] : {std::pair(kView, &table.view), std::pair(kMaterialized, &table.materialized)}) {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_object()) continue;
    *view = ViewDefinition{Text(*found, "text"), Text(*found, "database"), Map(*found, "conf"), List(*found, "columns"),
                           Text(*found, "schema_mode")};
  }
  return table;
}

Result<Json> ParsedAt(const std::string& path, const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return DataLoss(fmt::format("{} is damaged: it is no JSON object", path));
  return json;
}

}  // namespace

bool IsCatalogName(const std::string& name) {
  return !name.empty() &&
         std::ranges::all_of(name, [](unsigned char c) { return c < 0x80 && (std::isalnum(c) || c == '_'); });
}

std::string Warehouse::PathOf(const char* kind, const std::string& database, const std::string& name) const {
  return fmt::format("{}/.tidemill/catalog/{}/{}{}{}", folder_, kind, database, name.empty() ? "" : "/" + name,
                     kEnding);
}

Result<std::optional<std::string>> Warehouse::Read(const std::string& path) const {
  auto text = storage::ReadAll(*storage_, path);
  if (text.ok()) return std::optional(std::move(text).value());
  if (text.error().kind == ErrorKind::kNotFound) return std::optional<std::string>();
  return std::move(text).error();
}

Result<std::vector<std::string>> Warehouse::NamesIn(const std::string& folder) const {
  ASSIGN_OR_RETURN(const auto files, storage_->List(folder));
  std::vector<std::string> names;
  for (const auto& file : files) {
    const std::string name = file.path.substr(folder.size() + 1);
    if (name.ends_with(kEnding) && !name.starts_with('.'))
      names.push_back(name.substr(0, name.size() - kEnding.size()));
  }
  return names;
}

// ---- Databases ----

Result<std::vector<std::string>> Warehouse::Databases() const {
  ASSIGN_OR_RETURN(auto names, NamesIn(folder_ + "/.tidemill/catalog/databases"));
  if (std::ranges::find(names, kDefaultDatabase) == names.end()) names.push_back(kDefaultDatabase);
  std::ranges::sort(names);
  return names;
}

std::string Warehouse::DatabaseLocation(const std::string& database) const {
  return database == kDefaultDatabase ? folder_ : fmt::format("{}/{}.db", folder_, database);
}

Result<std::optional<Database>> Warehouse::FindDatabase(const std::string& name) const {
  if (!IsCatalogName(name)) return std::optional<Database>();
  const std::string path = PathOf("databases", name, "");
  ASSIGN_OR_RETURN(const auto text, Read(path));
  if (!text && name != kDefaultDatabase) return std::optional<Database>();
  if (!text) return std::optional(Database{name, "default database", DatabaseLocation(name), {}});
  ASSIGN_OR_RETURN(const auto json, ParsedAt(path, *text));
  return std::optional(Database{name, Text(json, "comment"), Text(json, "location"), Map(json, "properties")});
}

Status Warehouse::PutDatabase(const Database& database) const {
  const Json json = {{"name", database.name},
                     {"comment", database.comment},
                     {"location", database.location},
                     {"properties", database.properties}};
  return storage_->Put(PathOf("databases", database.name, ""), json.dump(2) + "\n");
}

Status Warehouse::DropDatabase(const std::string& name) const {
  return storage_->Remove(PathOf("databases", name, ""));
}

// ---- Tables ----

Result<std::vector<std::string>> Warehouse::Tables(const std::string& database) const {
  ASSIGN_OR_RETURN(const auto names, NamesIn(fmt::format("{}/.tidemill/catalog/tables/{}", folder_, database)));
  std::vector<std::string> there;
  for (const auto& name : names) {
    ASSIGN_OR_RETURN(const auto table, FindTable(database, name));
    if (table) there.push_back(name);
  }
  return there;
}

Result<std::optional<Table>> Warehouse::FindTable(const std::string& database, const std::string& name) const {
  if (!IsCatalogName(database) || !IsCatalogName(name)) return std::optional<Table>();
  const std::string path = PathOf("tables", database, name);
  ASSIGN_OR_RETURN(const auto text, Read(path));
  if (!text) return std::optional<Table>();
  ASSIGN_OR_RETURN(const auto json, ParsedAt(path, *text));
  if (json.contains(kDropping)) return std::optional<Table>();
  ASSIGN_OR_RETURN(auto table, TableOf(json));
  if (const std::string old = Text(json, kRenamedFrom); !old.empty()) {
    const std::string old_path = PathOf("tables", database, old);
    ASSIGN_OR_RETURN(const auto old_text, Read(old_path));
    if (old_text) {
      ASSIGN_OR_RETURN(const auto old_json, ParsedAt(old_path, *old_text));
      if (old_json.value("created_ms", int64_t{0}) == table.created_ms) return std::optional<Table>();
    }
  }
  return std::optional(std::move(table));
}

// A mark a view, so that whoever looks for them need not read every table's file; it may outlive its view.
Result<std::vector<std::pair<std::string, std::string>>> Warehouse::MaterializedViews() const {
  ASSIGN_OR_RETURN(const auto names, NamesIn(folder_ + "/.tidemill/catalog/" + kMaterialized));
  std::vector<std::pair<std::string, std::string>> views;
  for (const auto& name : names) {
    const size_t dot = name.find('.');
    if (dot != std::string::npos) views.emplace_back(name.substr(0, dot), name.substr(dot + 1));
  }
  return views;
}

Status Warehouse::MarkMaterialized(const Table& table) const {
  if (!table.materialized) return Ok();
  return storage_->Put(PathOf(kMaterialized, table.database + "." + table.name, ""), "{}\n");
}

Status Warehouse::PutTable(const Table& table) const {
  RETURN_IF_ERROR(MarkMaterialized(table));
  return storage_->Put(PathOf("tables", table.database, table.name), ToJson(table).dump(2) + "\n");
}

Status Warehouse::AddTable(const Table& table) const {
  RETURN_IF_ERROR(MarkMaterialized(table));
  return storage_->PutIfAbsent(PathOf("tables", table.database, table.name), ToJson(table).dump(2) + "\n");
}

Status Warehouse::DropTable(const Table& table) const {
  const std::string path = PathOf("tables", table.database, table.name);
  RETURN_IF_ERROR(ForgetRenames(table, ""));
  if (!table.view && !table.external) {
    Json json = ToJson(table);
    json[kDropping] = true;
    RETURN_IF_ERROR(storage_->Put(path, json.dump(2) + "\n"));
    ASSIGN_OR_RETURN(const auto files, storage_->ListRecursive(table.location));
    for (const auto& file : files) RETURN_IF_ERROR(storage_->Remove(file.path));
  }
  if (table.materialized) {
    RETURN_IF_ERROR(storage_->Remove(PathOf(kMaterialized, table.database + "." + table.name, "")));
  }
  return storage_->Remove(path);
}

Status Warehouse::ForgetRenames(const Table& table, const std::string& but) const {
  ASSIGN_OR_RETURN(const auto names, NamesIn(fmt::format("{}/.tidemill/catalog/tables/{}", folder_, table.database)));
  for (const auto& name : names) {
    if (name == table.name || name == but) continue;
    const std::string path = PathOf("tables", table.database, name);
    ASSIGN_OR_RETURN(const auto text, Read(path));
    if (!text) continue;
    ASSIGN_OR_RETURN(const auto json, ParsedAt(path, *text));
    const bool of_this =
        Text(json, kRenamedFrom) == table.name && json.value("created_ms", int64_t{0}) == table.created_ms;
    if (of_this) RETURN_IF_ERROR(storage_->Remove(path));
  }
  return Ok();
}

Status Warehouse::RenameTable(const Table& table, const std::string& to) const {
  RETURN_IF_ERROR(ForgetRenames(table, to));
  // Two that wait for each other would both be gone: what an earlier rename left of its own is finished first.
  ASSIGN_OR_RETURN(const auto own, Read(PathOf("tables", table.database, table.name)));
  if (own && own->find(kRenamedFrom) != std::string::npos) RETURN_IF_ERROR(PutTable(table));
  Table renamed = table;
  renamed.name = to;
  Json json = ToJson(renamed);
  json[kRenamedFrom] = table.name;
  const std::string path = PathOf("tables", table.database, to), text = json.dump(2) + "\n";
  const Status added = storage_->PutIfAbsent(path, text);
  if (!added.ok()) {
    if (added.error().kind != ErrorKind::kAlreadyExists) return added;
    ASSIGN_OR_RETURN(const auto there, Read(path));
    if (there != text) return added;
  }
  RETURN_IF_ERROR(storage_->Remove(PathOf("tables", table.database, table.name)));
  return PutTable(renamed);
}

// Where the data goes. What a drop that was killed left there is removed first.
Result<std::string> Warehouse::LocationOf(const std::string& database, const std::string& table) const {
  const std::string path = PathOf("tables", database, table);
  ASSIGN_OR_RETURN(const auto text, Read(path));
  if (text) {
    ASSIGN_OR_RETURN(const auto json, ParsedAt(path, *text));
    if (json.contains(kDropping)) {
      ASSIGN_OR_RETURN(const auto dropped, TableOf(json));
      RETURN_IF_ERROR(DropTable(dropped));
    }
  }
  ASSIGN_OR_RETURN(const auto found, FindDatabase(database));
  return (found ? found->location : DatabaseLocation(database)) + "/" + table;
}

// ---- Functions ----

Result<std::vector<std::string>> Warehouse::Functions(const std::string& database) const {
  return NamesIn(fmt::format("{}/.tidemill/catalog/functions/{}", folder_, database));
}

Result<std::optional<StoredFunction>> Warehouse::FindFunction(const std::string& database,
                                                              const std::string& name) const {
  if (!IsCatalogName(database) || !IsCatalogName(name)) return std::optional<StoredFunction>();
  const std::string path = PathOf("functions", database, name);
  ASSIGN_OR_RETURN(const auto text, Read(path));
  if (!text) return std::optional<StoredFunction>();
  ASSIGN_OR_RETURN(const auto json, ParsedAt(path, *text));
  return std::optional(StoredFunction{database, name, Text(json, "text"), Map(json, "conf")});
}

Status Warehouse::PutFunction(const StoredFunction& function) const {
  const Json json = {
      {"database", function.database}, {"name", function.name}, {"text", function.text}, {"conf", function.conf}};
  return storage_->Put(PathOf("functions", function.database, function.name), json.dump(2) + "\n");
}

Status Warehouse::DropFunction(const std::string& database, const std::string& name) const {
  return storage_->Remove(PathOf("functions", database, name));
}

}  // namespace tidemill::session
