#include "engine/duckdb/functions.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <span>

#include "engine/duckdb/functions_rows.h"

namespace tidemill::engine::duckdb {

using plan::DataType;
using plan::TypeId;

namespace {

bool IsOf(std::string_view word, const DataType& type) {
  static const auto* types = new std::map<std::string_view, TypeId>{{"boolean", TypeId::kBoolean},
                                                                    {"tinyint", TypeId::kByte},
                                                                    {"smallint", TypeId::kShort},
                                                                    {"int", TypeId::kInt},
                                                                    {"bigint", TypeId::kLong},
                                                                    {"float", TypeId::kFloat},
                                                                    {"double", TypeId::kDouble},
                                                                    {"decimal", TypeId::kDecimal},
                                                                    {"string", TypeId::kString},
                                                                    {"binary", TypeId::kBinary},
                                                                    {"date", TypeId::kDate},
                                                                    {"timestamp", TypeId::kTimestamp},
                                                                    {"timestamp_ntz", TypeId::kTimestampNtz},
                                                                    {"array", TypeId::kArray},
                                                                    {"map", TypeId::kMap},
                                                                    {"ym", TypeId::kYearMonthInterval},
                                                                    {"dt", TypeId::kDayTimeInterval},
                                                                    {"interval", TypeId::kCalendarInterval}};
  if (word == "integral") return type.is_integral();
  if (word == "fractional") return type.is_fractional();
  auto found = types->find(word);
  return found != types->end() && type.is(found->second);
}

bool Matches(std::string_view when, const DataType* first) {
  if (when.empty()) return true;
  if (!first) return false;
  while (!when.empty()) {
    size_t space = when.find(' ');
    if (IsOf(when.substr(0, space), *first)) return true;
    when = space == std::string_view::npos ? std::string_view() : when.substr(space + 1);
  }
  return false;
}

using ByName = std::multimap<std::string_view, const LoweringRow*>;

const ByName& LegacyRows() {
  static const auto* rows = [] {
    auto* all = new ByName;
    for (const auto& row : LegacyLowerings()) all->emplace(row.name, &row);
    return all;
  }();
  return *rows;
}

const ByName& Rows() {
  static const auto* rows = [] {
    auto* all = new ByName;
    for (auto family : {OperatorLowerings(), TextLowerings(), MathLowerings(), TimeLowerings(), CollectionLowerings(),
                        ArrayLowerings(), ValueLowerings()}) {
      for (const auto& row : family) all->emplace(row.name, &row);
    }
    return all;
  }();
  return *rows;
}

const LoweringRow* FindIn(const ByName& rows, std::string_view name, const DataType* first) {
  auto [begin, end] = rows.equal_range(name);
  for (auto row = begin; row != end; ++row) {
    if (Matches(row->second->when, first)) return row->second;
  }
  return nullptr;
}

}  // namespace

const LoweringRow* FindLowering(std::string_view name, const DataType* first, bool ansi) {
  const LoweringRow* legacy = ansi ? nullptr : FindIn(LegacyRows(), name, first);
  return legacy ? legacy : FindIn(Rows(), name, first);
}

bool HasLowering(std::string_view name) { return Rows().contains(name); }

Result<std::string> Lower(const LoweringRow& row, const Lowered& lowered) {
  if (!row.sql) return row.code(lowered);
  std::string_view text = row.sql;
  bool local = text.starts_with('@');
  if (local) text.remove_prefix(1);
  std::string sql;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$' || i + 1 == text.size()) {
      sql += text[i];
      continue;
    }
    char c = text[++i];
    if (c >= '1' && c <= '9') {
      sql += lowered.args.at(c - '1');
    } else if (c == '*') {
      sql += fmt::format("{}", fmt::join(lowered.args, ", "));
    } else if (c == 'T') {
      sql += DuckDbType(lowered.expr.type);
    } else if (c == 'Z') {
      sql += QuoteText(lowered.compiler.options().time_zone);
    } else if (c == 'L') {
      size_t index = text[++i] - '1';
      bool instant = lowered.type(index).is(TypeId::kTimestamp);
      sql += instant ? lowered.compiler.Local(lowered.args.at(index)) : lowered.args.at(index);
    }
  }
  return local && lowered.expr.type.is(TypeId::kTimestamp) ? lowered.compiler.Instant(sql) : sql;
}

std::vector<std::string_view> RefusedHere() {
  return {"sentences",          "window",          "session_window",  "shuffle",        "version", "current_user",
          "spark_partition_id", "input_file_name", "percentile_cont", "percentile_disc"};
}

}  // namespace tidemill::engine::duckdb
