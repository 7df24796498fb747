// Arrays, maps and structs.
#include <fmt/format.h>

#include <set>
#include "base/lower.h"
#include "engine/duckdb/functions_rows.h"

namespace tidemill::engine::duckdb {

using plan::TypeId;

namespace {

Result<std::string> Array(const Lowered& l) {
  return fmt::format("CAST([{}] AS {})", fmt::join(l.args, ", "), DuckDbType(l.expr.type));
}

Result<std::string> NamedStruct(const Lowered& l) {
  std::string fields;
  std::set<std::string> names;
  for (size_t i = 0; i < l.args.size(); i += 2) {
    const auto& value = l.call.args[i + 1];
    auto name = std::get<std::string>(std::get<typed::Literal>(l.call.args[i]->node).value.data);
    if (!names.insert(LowerAscii(name)).second) return Refuse("a struct with two fields of one name", l.expr.at);
    fields += fmt::format("{}{}: CAST({} AS {})", fields.empty() ? "" : ", ", QuoteText(name), l.args[i + 1],
                          DuckDbType(value->type));
  }
  return "{" + fields + "}";
}

Result<std::string> Map(const Lowered& l) {
  std::string keys, values;
  for (size_t i = 0; i < l.args.size(); i += 2) {
    keys += (i ? ", " : "") + l.args[i];
    values += (i ? ", " : "") + l.args[i + 1];
  }
  return fmt::format("CAST(MAP([{}], [{}]) AS {})", keys, values, DuckDbType(l.expr.type));
}

// a[i] counts from 0 and is an error outside the array.
Result<std::string> Subscript(const Lowered& l) {
  return fmt::format("CASE WHEN tm_index_in({1}, len({0})) THEN list_extract({0}, CAST({1} AS BIGINT) + 1) END",
                     l.args[0], l.args[1]);
}

// Counts from 1, and backwards from the end.
Result<std::string> ElementAt(const Lowered& l) {
  return fmt::format("CASE WHEN tm_{2}element_in({1}, len({0})) THEN list_extract({0}, {1}) END", l.args[0], l.args[1],
                     l.try_());
}

// exists and forall with SQL's three values: an unknown answer of the lambda leaves the whole unknown.
Result<std::string> Quantified(const Lowered& l) {
  bool any = l.call.function == "exists";
  std::string answers = fmt::format("list_transform({}, {})", l.args[0], l.args[1]);
  return fmt::format(
      "CASE WHEN {0} IS NULL THEN NULL WHEN list_contains({1}, {2}) THEN {2} WHEN list_count({1}) < len({1}) THEN "
      "NULL ELSE {3} END",
      l.args[0], answers, any ? "TRUE" : "FALSE", any ? "FALSE" : "TRUE");
}

// Without a step: up by one, or down by one.
Result<std::string> Sequence(const Lowered& l) {
  std::string type = DuckDbType(l.expr.type);
  std::string step = l.args.size() == 3 ? l.args[2] : "1";
  std::string fits = fmt::format("tm_sequence_fits(CAST({} AS BIGINT), CAST({} AS BIGINT), CAST({} AS BIGINT))",
                                 l.args[0], l.args[1], step);
  if (l.args.size() == 3) {
    return fmt::format(
        "CASE WHEN ({2} > 0 AND {0} <= {1}) OR ({2} < 0 AND {0} >= {1}) OR ({2} = 0 AND {0} = {1}) THEN "
        "CAST(CASE WHEN {2} = 0 THEN [{0}] WHEN {4} THEN generate_series({0}, {1}, {2}) END AS {3}) WHEN {0} IS NOT "
        "NULL AND "
        "{1} IS NOT NULL AND {2} IS NOT NULL AND tm_raise_class('ILLEGAL_SEQUENCE_BOUNDARIES', '22023', 'Illegal "
        "sequence boundaries: ' || {0} || ' to ' || {1} || ' by ' || {2}) = '' THEN NULL END",
        l.args[0], l.args[1], l.args[2], type, fits);
  }
  return fmt::format(
      "CAST(CASE WHEN NOT {3} THEN NULL WHEN {0} <= {1} THEN generate_series({0}, {1}) ELSE generate_series({0}, {1}, "
      "-1) END AS {2})",
      l.args[0], l.args[1], type, fits);
}

}  // namespace

std::span<const LoweringRow> CollectionLowerings() {
  static constexpr LoweringRow kRows[] = {
      {"array", "", nullptr, Array},
      {"array_contains", "",
       "CASE WHEN list_contains($1, $2) THEN TRUE WHEN $1 IS NULL OR $2 IS NULL OR list_count($1) < len($1) THEN NULL "
       "ELSE FALSE END",
       nullptr},
      {"array_position", "",
       "CASE WHEN $1 IS NULL OR $2 IS NULL THEN NULL ELSE CAST(coalesce(list_position($1, $2), 0) AS BIGINT) END",
       nullptr},
      {"array_remove", "", "CASE WHEN $2 IS NULL THEN NULL ELSE list_filter($1, lambda e: e IS DISTINCT FROM $2) END",
       nullptr},
      {"array_repeat", "", "CASE WHEN $2 IS NOT NULL THEN list_transform(range(greatest($2, 0)), lambda i: $1) END",
       nullptr},
      {"sequence", "tinyint smallint int bigint", nullptr, Sequence},
      {"element_at", "array", nullptr, ElementAt},
      {"exists", "", nullptr, Quantified},
      {"forall", "", nullptr, Quantified},
      {"map_entries", "", "map_entries($1)", nullptr},
      {"map_from_arrays", "", "map($1, $2)", nullptr},
      {"array_append", "", "CASE WHEN $1 IS NOT NULL THEN list_append($1, $2) END", nullptr},
      {"array_prepend", "", "CASE WHEN $1 IS NOT NULL THEN list_prepend($2, $1) END", nullptr},
      {"array_compact", "", "list_filter($1, lambda e: e IS NOT NULL)", nullptr},
      {"array_max", "", "list_max($1)", nullptr},
      {"array_min", "", "list_min($1)", nullptr},
      {"array_size", "", "CAST(len($1) AS INTEGER)", nullptr},
      {"cardinality", "array", "CAST(len($1) AS INTEGER)", nullptr},
      {"cardinality", "map", "CAST(cardinality($1) AS INTEGER)", nullptr},
      {"$subscript", "map", "map_extract_value($1, $2)", nullptr},
      {"$subscript", "array", nullptr, Subscript},
      {"get", "array", "CASE WHEN $2 >= 0 THEN list_extract($1, CAST($2 AS BIGINT) + 1) END", nullptr},
      {"try_element_at", "array", nullptr, ElementAt},
      {"flatten", "", "CASE WHEN list_count($1) = len($1) THEN flatten($1) END", nullptr},
      {"map", "", nullptr, Map},
      {"map_keys", "", "map_keys($1)", nullptr},
      {"map_values", "", "map_values($1)", nullptr},
      {"map_contains_key", "", "map_contains($1, $2)", nullptr},
      {"named_struct", "", nullptr, NamedStruct},
      {"reverse", "array", "list_reverse($1)", nullptr},
      {"sort_array", "",
       "CASE WHEN $2 THEN list_sort($1, 'ASC', 'NULLS FIRST') WHEN NOT $2 THEN list_sort($1, 'DESC', 'NULLS LAST') END",
       nullptr},
  };
  return kRows;
}

}  // namespace tidemill::engine::duckdb
