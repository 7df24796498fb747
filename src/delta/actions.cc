#include "delta/actions.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "delta/detail/json_fields.h"

namespace tidemill::delta {
namespace {

using OrderedJson = nlohmann::ordered_json;

// ---- reading

std::optional<DeletionVector> ParseDeletionVector(Fields& outer) {
  const Json* json = outer.Find("deletionVector");
  if (json == nullptr) return std::nullopt;
  if (!json->is_object()) {
    outer.Fail("deletionVector", "is no object");
    return std::nullopt;
  }
  Fields fields(*json, "deletionVector", outer.where());
  DeletionVector vector;
  std::string type;
  fields.Get("storageType", type);
  fields.Get("pathOrInlineDv", vector.path_or_inline);
  fields.Get("offset", vector.offset);
  fields.Get("sizeInBytes", vector.size_bytes);
  fields.Get("cardinality", vector.cardinality);
  fields.Get("maxRowIndex", vector.max_row_index);
  if (!fields.status().ok() || type.size() != 1) {
    outer.Fail("deletionVector", "is incomplete");
    return std::nullopt;
  }
  vector.storage_type = type[0];
  return vector;
}

// A checkpoint may hold the statistics as a struct in place of their JSON; as JSON text of the row it has the same
// shape.
void ParseStats(Fields& fields, std::optional<std::string>& stats) {
  fields.Get("stats", stats);
  const Json* parsed = fields.Find("stats_parsed");
  if (!stats && parsed != nullptr && parsed->is_object()) stats = Dump(*parsed);
}

Action ParseProtocol(Fields& fields) {
  Protocol protocol;
  fields.Get("minReaderVersion", protocol.min_reader_version);
  fields.Get("minWriterVersion", protocol.min_writer_version);
  fields.Get("readerFeatures", protocol.reader_features);
  fields.Get("writerFeatures", protocol.writer_features);
  return protocol;
}

Action ParseMetadata(Fields& fields) {
  Metadata metadata;
  fields.Get("id", metadata.id);
  fields.Get("name", metadata.name);
  fields.Get("description", metadata.description);
  if (const Json* format = fields.Find("format"); format != nullptr && format->is_object()) {
    Fields inner(*format, "metaData.format", fields.where());
    inner.GetOr("provider", metadata.format_provider);
    inner.GetOr("options", metadata.format_options);
  }
  fields.Get("schemaString", metadata.schema_string);
  fields.GetOr("partitionColumns", metadata.partition_columns);
  fields.GetOr("configuration", metadata.configuration);
  fields.Get("createdTime", metadata.created_time_ms);
  return metadata;
}

Action ParseAdd(Fields& fields) {
  Add add;
  fields.Get("path", add.path);
  fields.GetOr("partitionValues", add.partition_values);
  fields.Get("size", add.size_bytes);
  fields.Get("modificationTime", add.modification_time_ms);
  fields.GetOr("dataChange", add.data_change);
  ParseStats(fields, add.stats);
  fields.GetOr("tags", add.tags);
  add.deletion_vector = ParseDeletionVector(fields);
  fields.Get("baseRowId", add.base_row_id);
  fields.Get("defaultRowCommitVersion", add.default_row_commit_version);
  fields.Get("clusteringProvider", add.clustering_provider);
  return add;
}

Action ParseRemove(Fields& fields) {
  Remove remove;
  fields.Get("path", remove.path);
  fields.Get("deletionTimestamp", remove.deletion_timestamp_ms);
  fields.GetOr("dataChange", remove.data_change);
  fields.Get("extendedFileMetadata", remove.extended_file_metadata);
  fields.GetOr("partitionValues", remove.partition_values);
  fields.Get("size", remove.size_bytes);
  fields.GetOr("tags", remove.tags);
  ParseStats(fields, remove.stats);
  remove.deletion_vector = ParseDeletionVector(fields);
  fields.Get("baseRowId", remove.base_row_id);
  fields.Get("defaultRowCommitVersion", remove.default_row_commit_version);
  return remove;
}

Action ParseTxn(Fields& fields) {
  Txn txn;
  fields.Get("appId", txn.app_id);
  fields.Get("version", txn.version);
  fields.Get("lastUpdated", txn.last_updated_ms);
  return txn;
}

// Spark lets an application say something in a commit only as its userMetadata.
std::string OwnPart(const std::optional<std::string>& user_metadata) {
  const auto json = OrderedJson::parse(user_metadata.value_or(""), nullptr, false);
  return json.is_object() && json.contains("tidemill") && json["tidemill"].is_object() ? json["tidemill"].dump() : "";
}

Action ParseCommitInfo(Fields& fields) {
  CommitInfo info;
  std::optional<std::string> operation;
  std::optional<StringMap> parameters, metrics;
  fields.GetIfFits("timestamp", info.timestamp_ms);
  fields.GetIfFits("inCommitTimestamp", info.in_commit_timestamp_ms);
  fields.GetIfFits("operation", operation);
  fields.GetIfFits("operationParameters", parameters);
  fields.GetIfFits("operationMetrics", metrics);
  fields.GetIfFits("readVersion", info.read_version);
  fields.GetIfFits("isolationLevel", info.isolation_level);
  fields.GetIfFits("isBlindAppend", info.is_blind_append);
  fields.GetIfFits("engineInfo", info.engine_info);
  fields.GetIfFits("txnId", info.txn_id);
  fields.GetIfFits("userMetadata", info.user_metadata);
  info.operation = std::move(operation).value_or("");
  info.operation_parameters = std::move(parameters).value_or(StringMap{});
  info.operation_metrics = std::move(metrics).value_or(StringMap{});
  if (const Json* own = fields.Find("tidemill"); own != nullptr && own->is_object()) info.tidemill = Dump(*own);
  if (info.tidemill.empty()) info.tidemill = OwnPart(info.user_metadata);
  return info;
}

Action ParseCdc(Fields& fields) {
  Cdc cdc;
  fields.Get("path", cdc.path);
  fields.GetOr("partitionValues", cdc.partition_values);
  fields.Get("size", cdc.size_bytes);
  return cdc;
}

Action ParseDomain(Fields& fields) {
  DomainMetadata domain;
  fields.Get("domain", domain.domain);
  fields.GetOr("configuration", domain.configuration);
  fields.GetOr("removed", domain.removed);
  return domain;
}

Action ParseSidecar(Fields& fields) {
  Sidecar sidecar;
  fields.Get("path", sidecar.path);
  fields.Get("sizeInBytes", sidecar.size_bytes);
  fields.Get("modificationTime", sidecar.modification_time_ms);
  return sidecar;
}

Action ParseCheckpointMetadata(Fields& fields) {
  CheckpointMetadata metadata;
  fields.Get("version", metadata.version);
  return metadata;
}

struct ActionKind {
  const char* name;
  Action (*parse)(Fields&);
};

// In the order of Action's alternatives; the most frequent ones are looked up by their member's name anyway.
constexpr ActionKind kKinds[] = {
    {"protocol", ParseProtocol}, {"metaData", ParseMetadata},
    {"add", ParseAdd},           {"remove", ParseRemove},
    {"txn", ParseTxn},           {"commitInfo", ParseCommitInfo},
    {"cdc", ParseCdc},           {"domainMetadata", ParseDomain},
    {"sidecar", ParseSidecar},   {"checkpointMetadata", ParseCheckpointMetadata},
};
static_assert(std::size(kKinds) == std::variant_size_v<Action>);

// ---- writing

template <typename T>
void Put(OrderedJson& json, const char* name, const std::optional<T>& value) {
  if (value) json[name] = *value;
}

OrderedJson MapJson(const StringMap& map) {
  OrderedJson json = OrderedJson::object();
  for (const auto& [key, value] : map) json[key] = value;
  return json;
}

OrderedJson MapJson(const PartitionValues& map) {
  OrderedJson json = OrderedJson::object();
  for (const auto& [key, value] : map) json[key] = value ? OrderedJson(*value) : OrderedJson(nullptr);
  return json;
}

void PutVector(OrderedJson& json, const std::optional<DeletionVector>& vector) {
  if (!vector) return;
  OrderedJson inner{{"storageType", std::string(1, vector->storage_type)}, {"pathOrInlineDv", vector->path_or_inline}};
  Put(inner, "offset", vector->offset);
  inner["sizeInBytes"] = vector->size_bytes;
  inner["cardinality"] = vector->cardinality;
  Put(inner, "maxRowIndex", vector->max_row_index);
  json["deletionVector"] = std::move(inner);
}

OrderedJson BodyOf(const Protocol& protocol) {
  OrderedJson json{{"minReaderVersion", protocol.min_reader_version},
                   {"minWriterVersion", protocol.min_writer_version}};
  Put(json, "readerFeatures", protocol.reader_features);
  Put(json, "writerFeatures", protocol.writer_features);
  return json;
}

OrderedJson BodyOf(const Metadata& metadata) {
  OrderedJson json{{"id", metadata.id}};
  Put(json, "name", metadata.name);
  Put(json, "description", metadata.description);
  json["format"] = {{"provider", metadata.format_provider}, {"options", MapJson(metadata.format_options)}};
  json["schemaString"] = metadata.schema_string;
  json["partitionColumns"] = metadata.partition_columns;
  json["configuration"] = MapJson(metadata.configuration);
  Put(json, "createdTime", metadata.created_time_ms);
  return json;
}

OrderedJson BodyOf(const Add& add) {
  OrderedJson json{{"path", add.path},
                   {"partitionValues", MapJson(add.partition_values)},
                   {"size", add.size_bytes},
                   {"modificationTime", add.modification_time_ms},
                   {"dataChange", add.data_change}};
  Put(json, "stats", add.stats);
  if (!add.tags.empty()) json["tags"] = MapJson(add.tags);
  PutVector(json, add.deletion_vector);
  Put(json, "baseRowId", add.base_row_id);
  Put(json, "defaultRowCommitVersion", add.default_row_commit_version);
  Put(json, "clusteringProvider", add.clustering_provider);
  return json;
}

OrderedJson BodyOf(const Remove& remove) {
  OrderedJson json{{"path", remove.path}};
  Put(json, "deletionTimestamp", remove.deletion_timestamp_ms);
  json["dataChange"] = remove.data_change;
  Put(json, "extendedFileMetadata", remove.extended_file_metadata);
  if (remove.extended_file_metadata.value_or(false) || !remove.partition_values.empty()) {
    json["partitionValues"] = MapJson(remove.partition_values);
  }
  Put(json, "size", remove.size_bytes);
  Put(json, "stats", remove.stats);
  if (!remove.tags.empty()) json["tags"] = MapJson(remove.tags);
  PutVector(json, remove.deletion_vector);
  Put(json, "baseRowId", remove.base_row_id);
  Put(json, "defaultRowCommitVersion", remove.default_row_commit_version);
  return json;
}

OrderedJson BodyOf(const Txn& txn) {
  OrderedJson json{{"appId", txn.app_id}, {"version", txn.version}};
  Put(json, "lastUpdated", txn.last_updated_ms);
  return json;
}

OrderedJson BodyOf(const CommitInfo& info) {
  OrderedJson json = OrderedJson::object();
  Put(json, "inCommitTimestamp", info.in_commit_timestamp_ms);
  Put(json, "timestamp", info.timestamp_ms);
  json["operation"] = info.operation;
  json["operationParameters"] = MapJson(info.operation_parameters);
  Put(json, "readVersion", info.read_version);
  Put(json, "isolationLevel", info.isolation_level);
  Put(json, "isBlindAppend", info.is_blind_append);
  if (!info.operation_metrics.empty()) json["operationMetrics"] = MapJson(info.operation_metrics);
  Put(json, "engineInfo", info.engine_info);
  Put(json, "txnId", info.txn_id);
  Put(json, "userMetadata", info.user_metadata);
  if (!info.tidemill.empty()) {
    auto own = OrderedJson::parse(info.tidemill, nullptr, false);
    if (own.is_object()) json["tidemill"] = std::move(own);
  }
  return json;
}

OrderedJson BodyOf(const Cdc& cdc) {
  return {{"path", cdc.path},
          {"partitionValues", MapJson(cdc.partition_values)},
          {"size", cdc.size_bytes},
          {"dataChange", false}};
}

OrderedJson BodyOf(const DomainMetadata& domain) {
  return {{"domain", domain.domain}, {"configuration", domain.configuration}, {"removed", domain.removed}};
}

OrderedJson BodyOf(const Sidecar& sidecar) {
  return {
      {"path", sidecar.path}, {"sizeInBytes", sidecar.size_bytes}, {"modificationTime", sidecar.modification_time_ms}};
}

OrderedJson BodyOf(const CheckpointMetadata& metadata) { return {{"version", metadata.version}}; }

}  // namespace

std::string DeletionVector::UniqueId() const {
  return offset ? fmt::format("{}{}@{}", storage_type, path_or_inline, *offset)
                : fmt::format("{}{}", storage_type, path_or_inline);
}

Remove MakeRemove(const Add& add, int64_t deletion_timestamp_ms, bool data_change) {
  return Remove{.path = add.path,
                .deletion_timestamp_ms = deletion_timestamp_ms,
                .data_change = data_change,
                .extended_file_metadata = true,
                .partition_values = add.partition_values,
                .size_bytes = add.size_bytes,
                .tags = add.tags,
                .stats = add.stats,
                .deletion_vector = add.deletion_vector,
                .base_row_id = add.base_row_id,
                .default_row_commit_version = add.default_row_commit_version};
}

Result<std::optional<Action>> ParseAction(std::string_view json, std::string_view where) {
  const Json object = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return DataLoss(fmt::format("{}: the line is no JSON object; it may be torn", where));
  for (const auto& kind : kKinds) {
    const auto body = object.find(kind.name);
    if (body == object.end() || body->is_null()) continue;
    if (!body->is_object()) return DataLoss(fmt::format("{}: the action '{}' is no object", where, kind.name));
    Fields fields(*body, kind.name, where);
    Action action = kind.parse(fields);
    RETURN_IF_ERROR(fields.status());
    return std::optional<Action>(std::move(action));
  }
  return std::optional<Action>();
}

Result<std::vector<Action>> ParseCommit(std::string_view bytes, std::string_view where) {
  std::vector<Action> actions;
  int line_number = 0;
  bool any = false;
  while (!bytes.empty()) {
    const size_t end = std::min(bytes.find('\n'), bytes.size());
    std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(std::min(bytes.size(), end + 1));
    ++line_number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    any = true;
    ASSIGN_OR_RETURN(auto action, ParseAction(line, fmt::format("{}:{}", where, line_number)));
    if (action) actions.push_back(*std::move(action));
  }
  if (!any) {
    return DataLoss(
        fmt::format("the commit '{}' is empty: its writer failed half-way. Restore it from a copy, or remove it "
                    "if nothing after it was committed.",
                    where));
  }
  return actions;
}

std::string ToJson(const Action& action) {
  OrderedJson json;
  json[kKinds[action.index()].name] = std::visit([](const auto& body) { return BodyOf(body); }, action);
  return Dump(json);
}

}  // namespace tidemill::delta
