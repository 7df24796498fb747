#include "job/predicate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tidemill::job {
namespace {

std::string Column(const std::string& name) { return "o." + QuoteName(name); }

std::string Joined(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

template <typename Make>
std::string ForColumns(const Check& check, std::string_view separator, Make make) {
  std::vector<std::string> parts;
  for (size_t i = 0; i < check.columns.size(); ++i) parts.push_back(make(check.columns[i], i));
  return Joined(parts, separator);
}

std::string AnyNull(const Check& check) {
  return ForColumns(check, " OR ", [](const auto& name, size_t) { return Column(name) + " IS NULL"; });
}

std::string Unique(const Check& check) {
  const std::string keys = ForColumns(check, ", ", [](const auto& name, size_t) { return Column(name); });
  return fmt::format("{} OR count(*) OVER (PARTITION BY {}) = 1", AnyNull(check), keys);
}

// Only rows that `where` lets in count as doubles of each other.
std::vector<SqlPiece> UniqueWhere(const Check& check) {
  const std::string keys = ForColumns(check, ", ", [](const auto& name, size_t) { return Column(name); });
  return {{fmt::format("{} OR count(CASE WHEN", AnyNull(check))},
          {check.where.text, &check.where},
          {fmt::format("THEN 1 END) OVER (PARTITION BY {}) = 1", keys)}};
}

std::string Range(const Check& check) {
  std::vector<std::string> parts;
  if (check.min) parts.push_back(fmt::format("{} >= {}", Column(check.columns[0]), *check.min));
  if (check.max) parts.push_back(fmt::format("{} <= {}", Column(check.columns[0]), *check.max));
  return Joined(parts, " AND ");
}

// NULL among the values would make IN unknown for every other value; NULL passes anyway.
std::string AcceptedValues(const Check& check) {
  std::vector<std::string> values;
  for (const auto& value : check.values) {
    if (value != "NULL") values.push_back(value);
  }
  if (values.empty()) return Column(check.columns[0]) + " IS NULL";
  return fmt::format("{} IN ({})", Column(check.columns[0]), Joined(values, ", "));
}

std::vector<SqlPiece> Bare(const Check& check, size_t index) {
  switch (check.kind) {
    case CheckKind::kExpression:
      return {{check.expression.text, &check.expression}};
    case CheckKind::kNotNull:
      return {{ForColumns(check, " AND ", [](const auto& name, size_t) { return Column(name) + " IS NOT NULL"; })}};
    case CheckKind::kUnique:
      return check.where.text.empty() ? std::vector<SqlPiece>{{Unique(check)}} : UniqueWhere(check);
    case CheckKind::kAcceptedValues:
      return {{AcceptedValues(check)}};
    case CheckKind::kRange:
      return {{Range(check)}};
    case CheckKind::kReferences:
      return {{fmt::format("{} OR r{}.hit IS NOT NULL", AnyNull(check), index)}};
    case CheckKind::kRowCount:
    case CheckKind::kFreshness:
      break;
  }
  return {{"TRUE"}};
}

}  // namespace

std::vector<SqlPiece> PredicateOf(const Check& check, size_t index) {
  std::vector<SqlPiece> pieces = Bare(check, index);
  if (check.where.text.empty()) return pieces;
  std::vector<SqlPiece> guarded = {{"CASE WHEN"}, {check.where.text, &check.where}, {"THEN"}};
  guarded.insert(guarded.end(), pieces.begin(), pieces.end());
  guarded.push_back({"ELSE TRUE END"});
  return guarded;
}

std::string JoinFor(const Check& check, size_t index) {
  if (check.kind != CheckKind::kReferences) return "";
  std::vector<std::string> keys, matches;
  for (size_t i = 0; i < check.to_columns.size(); ++i) {
    keys.push_back(fmt::format("{} AS k{}", QuoteName(check.to_columns[i]), i));
    matches.push_back(fmt::format("{} = r{}.k{}", Column(check.columns[i]), index, i));
  }
  return fmt::format("LEFT JOIN (SELECT DISTINCT {}, TRUE AS hit FROM {}) r{} ON {}", Joined(keys, ", "),
                     QuoteName(check.to), index, Joined(matches, " AND "));
}

}  // namespace tidemill::job
