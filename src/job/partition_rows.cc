#include "job/partition_rows.h"

#include <algorithm>
#include <map>
#include <string>

namespace tidemill::job {

std::vector<PartitionRows> PartitionsOf(const std::vector<engine::WrittenFile>& files, const plan::Schema& table,
                                        const std::vector<int>& partition_columns) {
  std::map<std::string, PartitionRows> by_label;
  for (const auto& file : files) {
    std::string label;
    for (size_t i = 0; i < file.partition_values.size(); ++i) {
      const auto& field = table.fields[static_cast<size_t>(partition_columns[i])];
      label += (i == 0 ? "" : "/") + plan::ToSparkText(file.partition_values[i].second, field.type);
    }
    auto& partition = by_label[label];
    partition.label = label;
    partition.rows += file.rows;
    partition.bytes += file.size_bytes;
    ++partition.files;
  }
  std::vector<PartitionRows> partitions;
  for (auto& [label, partition] : by_label) partitions.push_back(std::move(partition));
  std::sort(partitions.begin(), partitions.end(),
            [](const auto& a, const auto& b) { return InNumberOrder(a.label, b.label); });
  return partitions;
}

bool InNumberOrder(std::string_view a, std::string_view b) {
  const auto number = [](std::string_view& text) {
    const size_t length = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::string_view digits = text.substr(0, length);
    text.remove_prefix(length);
    return digits.substr(std::min(digits.find_first_not_of('0'), digits.size()));
  };
  while (!a.empty() && !b.empty()) {
    const std::string_view x = number(a), y = number(b);
    if (x != y) return x.size() != y.size() ? x.size() < y.size() : x < y;
    if (a.empty() || b.empty()) break;
    if (a.front() != b.front()) return a.front() < b.front();
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  return a.size() < b.size();
}

}  // namespace tidemill::job
