#include "delta/statistics_check.h"

#include <fmt/format.h>

#include <optional>

#include "delta/detail/scalar.h"

namespace tidemill::delta {
namespace {

using plan::TypeId;

std::string Text(const plan::Value& value, const plan::DataType& type) {
  return FormatScalar(value, type).value_or("a value without text");
}

bool WrittenWhole(const plan::DataType& type) { return type.is_integral() || type.is(TypeId::kDate); }

// In words; empty: they agree.
std::string Contradiction(const ColumnStatistics& logged, const ColumnStatistics& rows, const plan::DataType& type,
                          bool tight) {
  const std::pair<const std::optional<plan::Value>&, const std::optional<plan::Value>&> bounds[] = {
      {logged.min, rows.min}, {logged.max, rows.max}};
  for (int is_max = 0; is_max < 2; ++is_max) {
    const auto& [bound, value] = bounds[is_max];
    if (!bound || !value) continue;
    const auto order = CompareScalars(*value, *bound);
    if (!order || *order == 0) continue;
    const char* name = is_max == 1 ? "maximum" : "minimum";
    const bool outside = is_max == 1 ? *order > 0 : *order < 0;
    if (outside || (tight && WrittenWhole(type))) {
      return fmt::format("the log says its {} is {}, and it is {}", name, Text(*bound, type), Text(*value, type));
    }
  }
  return "";
}

// Writers leave NaN out of the bounds.
bool IsNan(const std::optional<plan::Value>& value) {
  const auto* number = value ? std::get_if<double>(&value->data) : nullptr;
  return number != nullptr && *number != *number;
}

}  // namespace

std::vector<WrongStatistic> CompareStatistics(const FileStatistics& logged, const FileStatistics& measured,
                                              const plan::Schema& schema, bool has_vector) {
  std::vector<WrongStatistic> wrong;
  const auto rows = measured.num_records;
  if (logged.num_records && rows && *logged.num_records != *rows) {
    wrong.push_back({"", fmt::format("the log says it has {} rows, and it has {}", *logged.num_records, *rows)});
  }
  for (const auto& field : schema.fields) {
    const auto said = logged.columns.find(field.name);
    const auto is = measured.columns.find(field.name);
    if (said == logged.columns.end() || is == measured.columns.end()) continue;
    const auto& nulls = said->second.null_count;
    if (nulls && is->second.null_count && !has_vector && *nulls != *is->second.null_count) {
      wrong.push_back({field.name, fmt::format("{}: the log says it has {} NULLs, and it has {}", field.name, *nulls,
                                               *is->second.null_count)});
      continue;
    }
    // With a deletion vector the counts are of all rows, of which the deleted ones are not measured.
    if (nulls && is->second.null_count && has_vector) {
      const bool none_said = *nulls == 0, all_said = rows && *nulls == *rows;
      const bool has_others = is->second.min.has_value();
      if ((none_said && *is->second.null_count > 0) || (all_said && *rows > 0 && has_others)) {
        wrong.push_back({field.name, fmt::format("{}: the log says {} of its rows are NULL", field.name,
                                                 none_said ? "none" : "all")});
        continue;
      }
    }
    if (IsNan(is->second.max) || field.type.is_char() || !field.type.collation().empty()) continue;
    const bool tight = logged.tight_bounds && !has_vector;
    if (const auto words = Contradiction(said->second, is->second, field.type, tight); !words.empty()) {
      wrong.push_back({field.name, fmt::format("{}: {}", field.name, words)});
    }
  }
  return wrong;
}

std::string CorrectedStatistics(const FileStatistics& logged, const FileStatistics& measured,
                                const plan::Schema& schema, ColumnMapping mapping, bool has_vector) {
  const plan::Schema physical = PhysicalSchema(schema, mapping);
  FileStatistics right{.num_records = measured.num_records, .tight_bounds = !has_vector};
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    const auto found = measured.columns.find(schema.fields[i].name);
    if (found == measured.columns.end() || !logged.columns.contains(schema.fields[i].name)) continue;
    auto column = found->second;
    if (IsNan(column.max)) column.max.reset();
    right.columns[physical.fields[i].name] = std::move(column);
  }
  return StatisticsToJson(right, physical);
}

}  // namespace tidemill::delta
