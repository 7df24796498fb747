#include "delta/detail/row_tracking.h"

#include <fmt/format.h>

#include "delta/detail/json_fields.h"
#include "delta/statistics.h"

namespace tidemill::delta {
namespace {

constexpr const char* kDomain = "delta.rowTracking";
constexpr const char* kMark = "rowIdHighWaterMark";

std::optional<int64_t> MarkIn(const DomainMetadata& domain) {
  const Json json = Json::parse(domain.configuration, nullptr, false);
  if (!json.is_object() || !json.contains(kMark) || !json[kMark].is_number_integer()) return std::nullopt;
  return json[kMark].get<int64_t>();
}

std::optional<int64_t> RowsOf(const Add& add) {
  return ParseStatistics(add.stats.value_or(""), {}, ColumnMapping::kNone).num_records;
}

}  // namespace

Result<int64_t> RowIdMarkOf(const Snapshot& snapshot) {
  const auto found = snapshot.domains().find(kDomain);
  if (found == snapshot.domains().end()) return int64_t{-1};
  const auto mark = MarkIn(found->second);
  if (!mark) return DataLoss(fmt::format("the domain '{}' of '{}' has no mark", kDomain, snapshot.table().root));
  return *mark;
}

std::optional<int64_t> RowIdMarkOf(const Action& action) {
  const auto* domain = std::get_if<DomainMetadata>(&action);
  return domain == nullptr || domain->domain != kDomain ? std::nullopt : MarkIn(*domain);
}

Status CheckRowsCounted(const std::vector<Add>& adds) {
  for (const auto& add : adds) {
    if (add.base_row_id || RowsOf(add)) continue;
    return InvalidArgument(fmt::format("the table numbers its rows, but '{}' does not tell how many it has", add.path));
  }
  return Ok();
}

std::string TrackedAdds(const std::vector<Add>& adds, int64_t mark, int64_t version) {
  std::string lines;
  const int64_t before = mark;
  for (Add add : adds) {
    if (!add.base_row_id) {
      add.base_row_id = mark + 1;
      mark += RowsOf(add).value_or(0);
    }
    if (!add.default_row_commit_version) add.default_row_commit_version = version;
    lines.append(ToJson(add)).append(1, '\n');
  }
  if (mark == before) return lines;
  const DomainMetadata domain{kDomain, Dump(Json{{kMark, mark}})};
  return ToJson(domain) + "\n" + lines;
}

}  // namespace tidemill::delta
