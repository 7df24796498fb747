#include "delta/clones.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/sha256.h"
#include "delta/detail/json_fields.h"

namespace tidemill::delta {
namespace {

// Below a log's folder: {"root": "/data/clone"} in the source's, one file a clone, {"roots": ["/data/source"]} in the
// clone's.
constexpr const char* kClones = "_clones";
constexpr const char* kSources = "_clone_sources.json";

std::string ClonePath(const std::string& source_root, const std::string& clone_root) {
  return fmt::format("{}/_delta_log/{}/{}.json", source_root, kClones, Sha256Hex(clone_root).substr(0, 32));
}

std::string SourcesPath(const Table& table) { return table.log_folder() + "/" + kSources; }

// Null: there is no such file. Another text than this program writes is kDataLoss.
Result<Json> ReadJson(const Table& table, const std::string& path) {
  const auto text = storage::ReadAll(*table.storage, path);
  if (!text.ok() && text.error().kind == ErrorKind::kNotFound) return Json();
  if (!text.ok()) return text.error();
  Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object()) return DataLoss(fmt::format("'{}' is no JSON object", path));
  return json;
}

std::string TextOf(const Json& json, const char* key) {
  const auto found = json.is_object() ? json.find(key) : json.end();
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

Result<std::vector<std::string>> SourcesOf(const Table& table) {
  std::vector<std::string> roots;
  ASSIGN_OR_RETURN(const auto json, ReadJson(table, SourcesPath(table)));
  if (!json.is_object() || !json.contains("roots") || !json["roots"].is_array()) return roots;
  for (const auto& root : json["roots"]) {
    if (root.is_string()) roots.push_back(root.get<std::string>());
  }
  return roots;
}

}  // namespace

Status LinkClone(const Table& clone, const std::string& source_root) {
  RETURN_IF_ERROR(clone.storage->Put(ClonePath(source_root, clone.root), Dump(Json{{"root", clone.root}})));
  ASSIGN_OR_RETURN(auto roots, SourcesOf(clone));
  if (std::ranges::find(roots, source_root) != roots.end()) return Ok();
  roots.push_back(source_root);
  return clone.storage->Put(SourcesPath(clone), Dump(Json{{"roots", roots}}));
}

Result<std::vector<std::string>> CloneRoots(const Table& table) {
  std::vector<std::string> agreed;
  ASSIGN_OR_RETURN(const auto roots, SourcesOf(table));
  for (const auto& root : roots) {
    ASSIGN_OR_RETURN(const auto json, ReadJson(table, ClonePath(root, table.root)));
    if (TextOf(json, "root") == table.root) agreed.push_back(root);
  }
  return agreed;
}

Result<Table> WithCloneRoots(Table table) {
  ASSIGN_OR_RETURN(const auto roots, CloneRoots(table));
  for (const auto& root : roots) {
    if (std::ranges::find(table.more_roots, root) == table.more_roots.end()) table.more_roots.push_back(root);
  }
  return table;
}

Result<std::vector<std::string>> KnownClones(const Table& table) {
  std::vector<std::string> roots;
  ASSIGN_OR_RETURN(const auto files, table.storage->List(fmt::format("{}/{}", table.log_folder(), kClones)));
  for (const auto& file : files) {
    ASSIGN_OR_RETURN(const auto json, ReadJson(table, file.path));
    if (const auto root = TextOf(json, "root"); !root.empty()) roots.push_back(root);
  }
  return roots;
}

}  // namespace tidemill::delta
