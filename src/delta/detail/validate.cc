#include "delta/detail/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "delta/column_mapping.h"
#include "delta/features.h"
#include "delta/path.h"
#include "delta/schema_evolution.h"
#include "plan/schema_json.h"

namespace tidemill::delta {
namespace {

// The keys that every file's partition values have, no more and no less.
std::set<std::string> PartitionKeys(const Metadata& metadata, const plan::Schema& schema, ColumnMapping mapping) {
  std::set<std::string> keys;
  for (const auto& name : metadata.partition_columns) {
    const int index = schema.IndexOf(name);
    keys.insert(index < 0 ? name : PhysicalName(schema.fields[static_cast<size_t>(index)], mapping));
  }
  return keys;
}

Status ValidateAdds(const Change& change, const std::set<std::string>& keys) {
  std::set<std::string_view> seen;
  for (const auto& add : change.adds) {
    if (auto path = ResolvePath(change.table, add.path); !path.ok()) return std::move(path).error();
    if (!seen.insert(add.path).second) return InvalidArgument(fmt::format("the file '{}' is added twice", add.path));
    const bool same_keys =
        add.partition_values.size() == keys.size() &&
        std::all_of(keys.begin(), keys.end(), [&](const auto& key) { return add.partition_values.contains(key); });
    if (!same_keys) {
      return InvalidArgument(
          fmt::format("the file '{}' does not have exactly the table's partition columns", add.path));
    }
    if (add.size_bytes < 0) return InvalidArgument(fmt::format("the file '{}' has a negative size", add.path));
    if (add.deletion_vector && !HasWriterFeature(change.protocol, "deletionVectors")) {
      return InvalidArgument(
          fmt::format("the file '{}' has a deletion vector, which the table does not allow", add.path));
    }
  }
  return Ok();
}

Status ValidateRemoves(const Change& change) {
  if (change.removes.empty()) return Ok();
  std::set<std::string_view> live;
  if (change.base != nullptr) {
    for (const auto& add : change.base->files()) live.insert(add.path);
  }
  std::set<std::string_view> seen;
  for (const auto& remove : change.removes) {
    if (!live.contains(remove.path)) {
      return InvalidArgument(fmt::format("the file '{}' is to be removed, but is not in the table", remove.path));
    }
    if (!seen.insert(remove.path).second) {
      return InvalidArgument(fmt::format("the file '{}' is removed twice", remove.path));
    }
  }
  const auto append_only = change.metadata.configuration.find("delta.appendOnly");
  const bool removes_data = std::any_of(change.removes.begin(), change.removes.end(),
                                        [](const Remove& remove) { return remove.data_change; });
  if (removes_data && append_only != change.metadata.configuration.end() && append_only->second == "true") {
    return FailedPrecondition(fmt::format(
        "the table '{}' is append-only (delta.appendOnly), so its rows cannot be removed or replaced. Append, "
        "or change the property.",
        change.table.root));
  }
  return Ok();
}

Status ValidateMetadataChange(const Change& change) {
  if (change.base == nullptr || change.metadata == change.base->metadata()) return Ok();
  if (change.metadata.id != change.base->metadata().id) return InvalidArgument("a table keeps its id");
  const bool all_removed = change.removes.size() == change.base->files().size();
  ASSIGN_OR_RETURN(const auto schema, plan::SchemaFromJson(change.metadata.schema_string));
  ASSIGN_OR_RETURN(const auto mapping, ColumnMappingOf(change.metadata));
  // A mapped partition column that is renamed is the same column.
  const bool same = PartitionKeys(change.metadata, schema, mapping) ==
                    PartitionKeys(change.base->metadata(), change.base->schema(), change.base->column_mapping());
  if (!same && !all_removed) {
    return InvalidArgument("the partition columns can change only when every file is replaced");
  }
  const auto& properties = change.metadata.configuration;
  const auto times = properties.find("delta.enableInCommitTimestamps");
  if (times != properties.end() && times->second == "true" &&
      change.base->Property("delta.enableInCommitTimestamps") != "true") {
    return Unimplemented("in-commit timestamps are not switched on here for a table that exists");
  }
  const auto tracking = properties.find("delta.enableRowTracking");
  if (tracking != properties.end() && tracking->second == "true" &&
      change.base->Property("delta.enableRowTracking") != "true" && !all_removed) {
    return Unimplemented("row tracking is not switched on here for a table that has files");
  }
  return Ok();
}

}  // namespace

Status ValidateChange(const Change& change, const plan::Schema& schema) {
  ASSIGN_OR_RETURN(const auto mapping, ColumnMappingOf(change.metadata));
  if (mapping == ColumnMapping::kNone) {
    RETURN_IF_ERROR(CheckTableSchema(schema, change.metadata.partition_columns));
  }
  RETURN_IF_ERROR(ValidateMetadataChange(change));
  RETURN_IF_ERROR(ValidateAdds(change, PartitionKeys(change.metadata, schema, mapping)));
  return ValidateRemoves(change);
}

}  // namespace tidemill::delta
