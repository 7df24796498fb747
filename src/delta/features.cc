#include "delta/features.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "delta/column_mapping.h"
#include "delta/detail/json_fields.h"

namespace tidemill::delta {
namespace {

// What a table is, for the questions below.
struct TableShape {
  const Metadata& metadata;
  const plan::Schema& schema;
};

bool IsTrue(const TableShape& table, const std::string& property) {
  const auto found = table.metadata.configuration.find(property);
  return found != table.metadata.configuration.end() && found->second == "true";
}

bool AnyType(const plan::DataType& type, plan::TypeId id) {
  if (type.is(id)) return true;
  if (type.is(plan::TypeId::kArray)) return AnyType(type.element(), id);
  if (type.is(plan::TypeId::kMap)) return AnyType(type.key(), id) || AnyType(type.value(), id);
  const auto& fields = type.fields();
  return type.is(plan::TypeId::kStruct) &&
         std::any_of(fields.begin(), fields.end(), [&](const auto& field) { return AnyType(field.type, id); });
}

bool AnyField(const std::vector<plan::Field>& fields, const std::function<bool(const plan::Field&)>& test) {
  return std::any_of(fields.begin(), fields.end(), [&](const plan::Field& field) {
    return test(field) || (field.type.is(plan::TypeId::kStruct) && AnyField(field.type.fields(), test));
  });
}

bool AnyColumnHas(const TableShape& table, std::string_view metadata_key) {
  return AnyField(table.schema.fields, [&](const plan::Field& field) {
    return field.metadata.find(fmt::format("\"{}", metadata_key)) != std::string::npos;
  });
}

bool UsesInvariants(const TableShape& table) { return AnyColumnHas(table, "delta.invariants"); }
bool UsesConstraints(const TableShape& table) { return !CheckConstraintsOf(table.metadata.configuration).empty(); }
bool UsesGenerated(const TableShape& table) { return AnyColumnHas(table, "delta.generationExpression"); }
bool UsesIdentity(const TableShape& table) { return AnyColumnHas(table, "delta.identity."); }
bool UsesDefaults(const TableShape& table) { return AnyColumnHas(table, "CURRENT_DEFAULT"); }
bool UsesIcebergV1(const TableShape& table) { return IsTrue(table, "delta.enableIcebergCompatV1"); }
bool UsesIcebergV2(const TableShape& table) { return IsTrue(table, "delta.enableIcebergCompatV2"); }
bool Always(const TableShape&) { return true; }

// How a writer stands to a feature that the table has.
enum class Writing {
  kDone,            // whatever it asks of a writer is done
  kCallerEnforces,  // when used, only if the caller says that its rows conform
  kOnlyUnused,      // refused where the table makes use of it
};

struct Feature {
  std::string_view name;
  bool reader;       // readers must know it too
  int since_writer;  // the old writer version that implies it; 7: only by list
  Writing writing;
  bool (*used)(const TableShape&);  // for the last two kinds of Writing
};

constexpr Feature kFeatures[] = {
    {"appendOnly", false, 2, Writing::kDone, nullptr},
    {"invariants", false, 2, Writing::kCallerEnforces, UsesInvariants},
    {"checkConstraints", false, 3, Writing::kCallerEnforces, UsesConstraints},
    {"changeDataFeed", false, 4, Writing::kDone, nullptr},
    {"generatedColumns", false, 4, Writing::kCallerEnforces, UsesGenerated},
    {"columnMapping", true, 5, Writing::kDone, nullptr},
    {"identityColumns", false, 6, Writing::kCallerEnforces, UsesIdentity},
    {"allowColumnDefaults", false, 7, Writing::kCallerEnforces, UsesDefaults},
    {"timestampNtz", true, 7, Writing::kDone, nullptr},
    {"deletionVectors", true, 7, Writing::kDone, nullptr},
    {"domainMetadata", false, 7, Writing::kDone, nullptr},
    {"inCommitTimestamp", false, 7, Writing::kDone, nullptr},
    {"inCommitTimestamp-preview", false, 7, Writing::kDone, nullptr},
    {"v2Checkpoint", true, 7, Writing::kDone, nullptr},
    {"vacuumProtocolCheck", true, 7, Writing::kDone, nullptr},
    {"typeWidening", true, 7, Writing::kDone, nullptr},
    {"typeWidening-preview", true, 7, Writing::kDone, nullptr},
    {"icebergCompatV1", false, 7, Writing::kOnlyUnused, UsesIcebergV1},
    {"icebergCompatV2", false, 7, Writing::kOnlyUnused, UsesIcebergV2},
    {"rowTracking", false, 7, Writing::kDone, nullptr},
    // Known by name to refuse writing even when nothing seems to use it: support alone binds every writer.
    {"clustering", false, 7, Writing::kOnlyUnused, Always},
};

const Feature* FindFeature(std::string_view name) {
  const auto found = std::find_if(std::begin(kFeatures), std::end(kFeatures),
                                  [&](const Feature& feature) { return feature.name == name; });
  return found == std::end(kFeatures) ? nullptr : found;
}

bool Contains(const std::optional<std::vector<std::string>>& list, std::string_view name) {
  return list && std::find(list->begin(), list->end(), name) != list->end();
}

Status CheckFeatureWritable(const Feature& feature, const TableShape& table, bool rows_conform) {
  if (feature.writing == Writing::kDone || !feature.used(table)) return Ok();
  if (feature.writing == Writing::kCallerEnforces) {
    if (rows_conform) return Ok();
    return Unimplemented(
        fmt::format("the table asks of its rows (feature '{}') what this write does not do. Write it with SQL or with "
                    "Spark.",
                    feature.name));
  }
  return Unimplemented(fmt::format(
      "the table uses the writer feature '{}', which is not written here. Write it with Spark.", feature.name));
}

// Properties that ask for a feature when a table is made.
struct PropertyFeature {
  std::string_view property;
  std::string_view value;
  std::string_view feature;  // empty: refused
};
constexpr PropertyFeature kPropertyFeatures[] = {
    {"delta.enableDeletionVectors", "true", "deletionVectors"},
    {"delta.enableInCommitTimestamps", "true", "inCommitTimestamp"},
    {"delta.enableChangeDataFeed", "true", "changeDataFeed"},
    {"delta.columnMapping.mode", "name", "columnMapping"},
    {"delta.columnMapping.mode", "id", "columnMapping"},
    {"delta.enableRowTracking", "true", "rowTracking"},
    {"delta.enableRowTracking", "true", "domainMetadata"},
    {"delta.enableTypeWidening", "true", "typeWidening"},
    {"delta.checkpointPolicy", "v2", "v2Checkpoint"},
    {"delta.enableIcebergCompatV1", "true", ""},
    {"delta.enableIcebergCompatV2", "true", ""},
};

constexpr std::string_view kFeaturePrefix = "delta.feature.";

}  // namespace

StringMap CheckConstraintsOf(const StringMap& configuration) {
  constexpr std::string_view kPrefix = "delta.constraints.";
  StringMap constraints;
  for (const auto& [key, condition] : configuration) {
    if (key.starts_with(kPrefix)) constraints[key.substr(kPrefix.size())] = condition;
  }
  return constraints;
}

void DropFeatureRequests(StringMap& configuration) {
  std::erase_if(configuration, [](const auto& property) { return property.first.starts_with(kFeaturePrefix); });
}

Status CheckDefaultsAllowed(const Protocol& protocol, const Metadata& metadata, const plan::Schema& schema) {
  if (!UsesDefaults({metadata, schema}) || HasWriterFeature(protocol, "allowColumnDefaults")) return Ok();
  Error error{ErrorKind::kFailedPrecondition,
              "a column has a DEFAULT, but the table lacks the feature for it. Add it first: ALTER TABLE ... SET "
              "TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported')."};
  error.error_class = "WRONG_COLUMN_DEFAULTS_FOR_DELTA_FEATURE_NOT_ENABLED";
  error.sqlstate = "0AKDE";
  return error;
}

Status CheckReadable(const Protocol& protocol) {
  if (protocol.min_reader_version > 3) {
    return Unimplemented(
        fmt::format("the table needs reader version {}; versions up to 3 are read here", protocol.min_reader_version));
  }
  if (protocol.min_reader_version < 3 || !protocol.reader_features) return Ok();
  for (const auto& name : *protocol.reader_features) {
    const Feature* feature = FindFeature(name);
    if (feature == nullptr) {
      return Unimplemented(fmt::format("the table needs the reader feature '{}', which is not read here", name));
    }
  }
  return Ok();
}

Status CheckWritable(const Protocol& protocol, const Metadata& metadata, const plan::Schema& schema,
                     bool rows_conform) {
  RETURN_IF_ERROR(CheckReadable(protocol));
  if (protocol.min_writer_version > 7) {
    return Unimplemented(fmt::format("the table needs writer version {}; versions up to 7 are written here",
                                     protocol.min_writer_version));
  }
  const TableShape table{metadata, schema};
  if (protocol.min_writer_version < 7) {
    for (const auto& feature : kFeatures) {
      if (feature.since_writer > protocol.min_writer_version) continue;
      RETURN_IF_ERROR(CheckFeatureWritable(feature, table, rows_conform));
    }
    return Ok();
  }
  for (const auto& name : protocol.writer_features.value_or(std::vector<std::string>{})) {
    const Feature* feature = FindFeature(name);
    if (feature == nullptr) {
      return Unimplemented(fmt::format(
          "the table needs the writer feature '{}', which is not written here. Write it with Spark.", name));
    }
    RETURN_IF_ERROR(CheckFeatureWritable(*feature, table, rows_conform));
  }
  return Ok();
}

bool HasWriterFeature(const Protocol& protocol, const std::string& name) {
  if (protocol.min_writer_version >= 7) return Contains(protocol.writer_features, name);
  const Feature* feature = FindFeature(name);
  return feature != nullptr && feature->since_writer <= protocol.min_writer_version;
}

Result<Protocol> ProtocolFor(const Metadata& metadata, const plan::Schema& schema) {
  const TableShape table{metadata, schema};
  std::vector<std::string> reader, writer;
  const auto need = [&](std::string_view name) {
    if (std::find(writer.begin(), writer.end(), name) != writer.end()) return;
    writer.emplace_back(name);
    if (FindFeature(name)->reader) reader.emplace_back(name);
  };
  for (const auto& rule : kPropertyFeatures) {
    const auto found = metadata.configuration.find(std::string(rule.property));
    if (found == metadata.configuration.end() || found->second != rule.value) continue;
    if (rule.feature.empty()) {
      return Unimplemented(
          fmt::format("tables with {}={} are not made here. Leave the property out.", rule.property, rule.value));
    }
    need(rule.feature);
  }
  for (const auto& [key, value] : metadata.configuration) {
    if (!key.starts_with(kFeaturePrefix)) continue;
    const std::string name = key.substr(kFeaturePrefix.size());
    const Feature* feature = FindFeature(name);
    if (value != "supported" && value != "enabled") {
      return InvalidArgument(fmt::format("{} is '{}'; the one value it can have is 'supported'", key, value));
    }
    if (feature == nullptr || feature->writing == Writing::kOnlyUnused) {
      return Unimplemented(fmt::format("tables with the feature '{}' are not made here", name));
    }
    need(name);
    if (name == "rowTracking") need("domainMetadata");
  }
  if (UsesGenerated(table)) need("generatedColumns");
  if (UsesIdentity(table)) need("identityColumns");
  if (AnyType(plan::DataType::Struct(schema.fields), plan::TypeId::kTimestampNtz)) need("timestampNtz");
  if (writer.empty()) return Protocol{1, UsesConstraints(table) ? 3 : 2};

  // From version 7 on nothing is implied any more.
  std::erase_if(writer, [](const auto& name) { return name == "appendOnly" || name == "invariants"; });
  writer.insert(writer.begin(), {"appendOnly", "invariants"});
  if (UsesConstraints(table)) need("checkConstraints");
  Protocol protocol{.min_reader_version = reader.empty() ? 1 : 3, .min_writer_version = 7};
  if (!reader.empty()) protocol.reader_features.emplace(std::move(reader));
  protocol.writer_features.emplace(std::move(writer));
  return protocol;
}

Result<std::optional<Protocol>> UpgradeFor(const Protocol& protocol, const Metadata& metadata,
                                           const plan::Schema& schema) {
  ASSIGN_OR_RETURN(const Protocol needed, ProtocolFor(metadata, schema));
  if (needed.min_writer_version < 7) {
    if (needed.min_writer_version <= protocol.min_writer_version) return std::optional<Protocol>();
    return std::optional(Protocol{protocol.min_reader_version, needed.min_writer_version});
  }
  Protocol upgraded = protocol;
  if (protocol.min_writer_version < 7) {  // write down what the old number implied
    upgraded.writer_features.emplace();
    for (const auto& feature : kFeatures) {
      if (feature.since_writer <= protocol.min_writer_version) upgraded.writer_features->emplace_back(feature.name);
    }
  }
  upgraded.min_writer_version = 7;
  const auto include = [](std::optional<std::vector<std::string>>& list, const std::string& name) {
    if (!list) list.emplace();
    if (!Contains(list, name)) list->push_back(name);
  };
  for (const auto& name : *needed.writer_features) include(upgraded.writer_features, name);
  if (needed.reader_features) {
    if (protocol.min_reader_version == 2) include(upgraded.reader_features, "columnMapping");
    for (const auto& name : *needed.reader_features) include(upgraded.reader_features, name);
    upgraded.min_reader_version = 3;
  }
  return upgraded == protocol ? std::optional<Protocol>() : std::optional(std::move(upgraded));
}

}  // namespace tidemill::delta
