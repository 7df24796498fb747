// Arrays as sets and as sequences, and the functions that take a lambda.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/lower.h"
#include "engine/duckdb/functions_rows.h"

namespace tidemill::engine::duckdb {

namespace {

std::string WhereAllAreThere(const Lowered& l, const std::string& sql) {
  std::string there;
  for (const auto& arg : l.args) there += (there.empty() ? "" : " AND ") + arg + " IS NOT NULL";
  return "CASE WHEN " + there + " THEN " + sql + " END";
}

Result<std::string> SetOperation(const Lowered& l) {
  std::string type = DuckDbType(l.expr.type);
  std::string both = fmt::format("CAST({} AS {}), CAST({} AS {})", l.args[0], type, l.args[1], type);
  if (l.call.function == "array_union") return WhereAllAreThere(l, "tm_once(list_concat(" + both + "))");
  return fmt::format("tm_{}({})", l.call.function == "array_except" ? "except" : "intersect", both);
}

// Unknown when nothing is shared and one of two arrays that are not empty holds a NULL.
Result<std::string> Overlap(const Lowered& l) {
  auto known = [](const std::string& array) { return "list_filter(" + array + ", lambda e: e IS NOT NULL)"; };
  return WhereAllAreThere(
      l,
      fmt::format("CASE WHEN list_has_any({2}, {3}) THEN TRUE WHEN len({0}) > 0 AND len({1}) > 0 AND (list_count({0}) "
                  "< len({0}) OR list_count({1}) < len({1})) THEN NULL ELSE FALSE END",
                  l.args[0], l.args[1], known(l.args[0]), known(l.args[1])));
}

Result<std::string> Join(const Lowered& l) {
  std::string array = l.args[0];
  if (l.args.size() == 3) array = fmt::format("list_transform({}, lambda e: coalesce(e, {}))", array, l.args[2]);
  return WhereAllAreThere(l, JoinedText(array, l.args[1]));
}

// Counts from 1, from the end when negative; never past the array.
Result<std::string> Slice(const Lowered& l) {
  return fmt::format(
      "CASE WHEN NOT tm_slice_ok({1}, {2}) OR {2} IS NULL THEN NULL WHEN {1} > 0 THEN list_slice({0}, {1}, CAST({1} AS "
      "BIGINT) + {2} - 1) WHEN -CAST({1} AS BIGINT) <= len({0}) THEN list_slice({0}, len({0}) + {1} + 1, len({0}) + "
      "{1} "
      "+ {2}) WHEN {1} IS NOT NULL THEN list_slice({0}, 1, 0) END",
      l.args[0], l.args[1], l.args[2]);
}

// Before the place counted from 1, or after the one counted from the end; NULLs fill what lies between.
Result<std::string> Insert(const Lowered& l) {
  auto nulls = [&](const std::string& count) {
    return fmt::format("list_transform(range(greatest({}, 0)), lambda i: CAST(NULL AS {}))", count,
                       DuckDbType(l.expr.type.element()));
  };
  std::string at = fmt::format("(CASE WHEN {1} > 0 THEN {1} ELSE len({0}) + {1} + 2 END)", l.args[0], l.args[1]);
  std::string value = fmt::format("[CAST({} AS {})]", l.args[2], DuckDbType(l.expr.type.element()));
  return fmt::format(
      "CASE WHEN {0} IS NULL OR {1} IS NULL OR NOT tm_try_element_in({1}, 2147483647) THEN NULL WHEN {2} >= 1 THEN "
      "list_concat(list_concat(list_slice({0}, 1, {2} - 1), {4}), list_concat({3}, list_slice({0}, {2}, len({0})))) "
      "ELSE list_concat({3}, list_concat({5}, {0})) END",
      l.args[0], l.args[1], at, value, nulls(at + " - 1 - len(" + l.args[0] + ")"), nulls("1 - " + at));
}

// ---- Lambdas ----

// The lambda's body with its parameters bound to values: DuckDB's lambdas take one value, and counts from 1.
Result<std::string> Bound(const Lowered& l, size_t arg, const std::vector<std::string>& values) {
  const auto& lambda = std::get<typed::Lambda>(l.call.args[arg]->node);
  ASSIGN_OR_RETURN(auto sql, l.compiler.CompileExact(lambda.body));
  for (size_t i = lambda.params.size(); i-- > 0;) {
    sql = fmt::format("list_transform([{}], lambda {}: {})[1]", values[i], lambda.params[i].name, sql);
  }
  return sql;
}

size_t ParameterCount(const Lowered& l, size_t arg) {
  return std::get<typed::Lambda>(l.call.args[arg]->node).params.size();
}

Result<std::string> Transform(const Lowered& l) {
  bool plain = ParameterCount(l, 1) < 2;
  std::string name = l.call.function == "filter" ? "list_filter" : "list_transform";
  if (plain) return fmt::format("{}({}, {})", name, l.args[0], l.args[1]);
  ASSIGN_OR_RETURN(auto body, Bound(l, 1, {"e", "CAST(i - 1 AS INTEGER)"}));
  return fmt::format("{}({}, lambda e, i: {})", name, l.args[0], body);
}

// What a lambda reads besides its parameters, each with the text that stands for it inside.
struct Captured {
  std::vector<typed::ExprPtr> values;

  // The expression with columns and the variables of lambdas around it read from q's fields c0, c1, ...
  typed::ExprPtr Replace(const typed::ExprPtr& expr, std::vector<std::string> bound) {
    if (!expr) return expr;
    typed::Expr copy = *expr;
    auto inside = [&](typed::ExprPtr& child) { child = Replace(child, bound); };
    if (const auto* variable = std::get_if<typed::LambdaVariable>(&copy.node)) {
      return std::find(bound.begin(), bound.end(), variable->name) != bound.end() ? expr : Field(expr);
    }
    if (std::holds_alternative<typed::ColumnRef>(copy.node)) return Field(expr);
    if (auto* call = std::get_if<typed::Call>(&copy.node)) std::for_each(call->args.begin(), call->args.end(), inside);
    if (auto* cast = std::get_if<typed::Cast>(&copy.node)) inside(cast->child);
    if (auto* field = std::get_if<typed::GetField>(&copy.node)) inside(field->child);
    if (auto* node = std::get_if<typed::Case>(&copy.node)) {
      for (auto& [when, then] : node->branches) {
        inside(when);
        inside(then);
      }
      inside(node->otherwise);
    }
    if (auto* lambda = std::get_if<typed::Lambda>(&copy.node)) {
      for (const auto& param : lambda->params) bound.push_back(param.name);
      lambda->body = Replace(lambda->body, bound);
    }
    return std::make_shared<const typed::Expr>(std::move(copy));
  }

  typed::ExprPtr Field(const typed::ExprPtr& value) {
    values.push_back(value);
    typed::LambdaVariable field{fmt::format("q['c{}']", values.size() - 1)};
    return typed::MakeExpr(field, value->type, value->nullable, value->at);
  }
};

bool HoldsSubquery(const typed::ExprPtr& expr) {
  if (!expr) return false;
  if (std::holds_alternative<typed::Subquery>(expr->node)) return true;
  if (const auto* call = std::get_if<typed::Call>(&expr->node)) {
    return std::any_of(call->args.begin(), call->args.end(), HoldsSubquery);
  }
  const auto* cast = std::get_if<typed::Cast>(&expr->node);
  return cast && HoldsSubquery(cast->child);
}

Result<std::string> Fold(const Lowered& l) {
  const auto& written = std::get<typed::Lambda>(l.call.args[2]->node);
  if (HoldsSubquery(written.body)) return Refuse("aggregate() with a subquery in its lambda", l.expr.at);
  // DuckDB folds values of one type, and mixes up the rows of what a lambda captures: so structs are folded that hold
  // an element, the total, and whatever the lambda reads.
  Captured captured;
  std::vector<std::string> params;
  for (const auto& param : written.params) params.push_back(param.name);
  auto body_expr = captured.Replace(written.body, params);
  ASSIGN_OR_RETURN(auto body, l.compiler.CompileExact(body_expr));
  const char* sources[] = {"p['t']", "q['e']"};
  for (size_t i = written.params.size(); i-- > 0;) {
    body = fmt::format("list_transform([{}], lambda {}: {})[1]", sources[i], written.params[i].name, body);
  }
  ASSIGN_OR_RETURN(auto zero, l.compiler.CompileExact(l.call.args[1]));
  std::string none = "CAST(NULL AS " + DuckDbType(l.type(0).element()) + ")", total = DuckDbType(l.type(1));
  std::string carried, kept, nothing;
  for (size_t i = 0; i < captured.values.size(); ++i) {
    ASSIGN_OR_RETURN(auto value, l.compiler.CompileExact(captured.values[i]));
    carried += fmt::format(", 'c{}': {}", i, value);
    kept += fmt::format(", 'c{0}': q['c{0}']", i);
    nothing += fmt::format(", 'c{}': CAST(NULL AS {})", i, DuckDbType(captured.values[i]->type));
  }
  std::string folded = fmt::format(
      "list_reduce(list_transform({0}, lambda e: {{'e': e, 't': CAST(NULL AS {1}){5}}}), lambda p, q: {{'e': {2}, 't': "
      "CAST({3} AS {1}){6}}}, {{'e': {2}, 't': CAST({4} AS {1}){7}}})['t']",
      l.args[0], total, none, body, zero, carried, kept, nothing);
  bool plain = captured.values.empty() && DuckDbType(l.type(0).element()) == total;
  if (plain) folded = fmt::format("list_reduce({}, {}, {})", l.args[0], l.args[2], zero);
  // DuckDB takes a NULL array for an empty one.
  if (l.args.size() == 3) return WhereAllAreThere({l.compiler, l.call, l.expr, {l.args[0]}}, folded);
  ASSIGN_OR_RETURN(auto finished, Bound(l, 3, {folded}));
  return WhereAllAreThere({l.compiler, l.call, l.expr, {l.args[0]}}, finished);
}

std::string Places(const std::vector<std::string>& arrays) {
  std::string longest;
  for (const auto& array : arrays) longest += (longest.empty() ? "len(" : ", len(") + array + ")";
  return "range(1, greatest(" + longest + ") + 1)";
}

Result<std::string> ZipWith(const Lowered& l) {
  std::vector<std::string> arrays{l.args[0], l.args[1]};
  ASSIGN_OR_RETURN(auto body, Bound(l, 2, {arrays[0] + "[i]", arrays[1] + "[i]"}));
  return WhereAllAreThere({l.compiler, l.call, l.expr, arrays},
                          fmt::format("list_transform({}, lambda i: {})", Places(arrays), body));
}

// By a comparison: each element's place is the number of those that come before it. Equal ones stay in their order.
Result<std::string> Sort(const Lowered& l) {
  if (l.args.size() == 1) return "list_sort(" + l.args[0] + ", 'ASC', 'NULLS LAST')";
  ASSIGN_OR_RETURN(auto body, Bound(l, 1, {l.args[0] + "[j]", l.args[0] + "[i]"}));
  std::string compared = fmt::format(
      "coalesce({}, CAST(length(tm_raise_class('COMPARATOR_RETURNS_NULL', '22004', 'The comparator has returned a NULL "
      "for a comparison.')) AS INTEGER))",
      body);
  std::string places = fmt::format("range(1, len({}) + 1)", l.args[0]);
  return fmt::format(
      "list_transform(list_sort(list_transform({0}, lambda i: {{'r': len(list_filter({0}, lambda j: CASE WHEN i = j "
      "THEN "
      "FALSE ELSE list_transform([{1}], lambda c: c < 0 OR (c = 0 AND j < i))[1] END)), 'i': i}})), lambda s: "
      "{2}[s.i])",
      places, compared, l.args[0]);
}

Result<std::string> ArraysZip(const Lowered& l) {
  std::string fields;
  std::set<std::string> names;
  for (size_t i = 0; i < l.args.size(); ++i) {
    const auto& name = l.expr.type.element().fields()[i].name;
    if (!names.insert(LowerAscii(name)).second) return Refuse("a struct with two fields of one name", l.expr.at);
    fields += fmt::format("{}{}: {}[i]", i ? ", " : "", QuoteText(l.expr.type.element().fields()[i].name), l.args[i]);
  }
  auto zipped = fmt::format("list_transform({}, lambda i: {{{}}})", Places(l.args), fields);
  return WhereAllAreThere(l, fmt::format("CAST({} AS {})", zipped, DuckDbType(l.expr.type)));
}

// The keys of the first map, then those that only the second has.
Result<std::string> MapZipWith(const Lowered& l) {
  const std::string &a = l.args[0], &b = l.args[1];
  ASSIGN_OR_RETURN(auto body, Bound(l, 2, {"k", "map_extract_value(" + a + ", k)", "map_extract_value(" + b + ", k)"}));
  auto keys =
      fmt::format("list_concat(map_keys({0}), list_filter(map_keys({1}), lambda k: NOT map_contains({0}, k)))", a, b);
  auto entries = fmt::format("list_transform({}, lambda k: {{'key': k, 'value': {}}})", keys, body);
  return WhereAllAreThere({l.compiler, l.call, l.expr, {a, b}},
                          fmt::format("CAST(map_from_entries({}) AS {})", entries, DuckDbType(l.expr.type)));
}

// A map of what the lambda makes of each entry: of its key, or its value, or (filter) the entries it keeps.
Result<std::string> OfEntries(const Lowered& l) {
  ASSIGN_OR_RETURN(auto body, Bound(l, 1, {"e.key", "e.value"}));
  const auto& name = l.call.function;
  std::string entries = "map_entries(" + l.args[0] + ")";
  std::string made = name == "map_filter" ? fmt::format("list_filter({}, lambda e: {})", entries, body)
                     : name == "transform_keys"
                         ? fmt::format("list_transform({}, lambda e: {{'key': {}, 'value': e.value}})", entries, body)
                         : fmt::format("list_transform({}, lambda e: {{'key': e.key, 'value': {}}})", entries, body);
  return WhereAllAreThere({l.compiler, l.call, l.expr, {l.args[0]}},
                          fmt::format("CAST(map_from_entries({}) AS {})", made, DuckDbType(l.expr.type)));
}

// A key that comes twice is an error, as DuckDB has it for entries.
Result<std::string> MapConcat(const Lowered& l) {
  std::string entries = "map_entries(" + l.args[0] + ")";
  for (size_t i = 1; i < l.args.size(); ++i) {
    entries = fmt::format("list_concat({}, map_entries({}))", entries, l.args[i]);
  }
  return WhereAllAreThere(l, "map_from_entries(" + entries + ")");
}

Result<std::string> MapFromEntries(const Lowered& l) {
  const auto& fields = l.type(0).element().fields();
  return fmt::format(
      "CASE WHEN list_count({0}) = len({0}) THEN map_from_entries(list_transform({0}, lambda e: {{'key': e[{1}], "
      "'value': e[{2}]}})) END",
      l.args[0], QuoteText(fields[0].name), QuoteText(fields[1].name));
}

// ---- Dates in steps ----

// Every date is counted from the first: months of unlike length do not add up.
Result<std::string> DateSequence(const Lowered& l) {
  const std::string &from = l.args[0], &to = l.args[1];
  bool months = l.args.size() == 3 && l.type(2).is(plan::TypeId::kYearMonthInterval);
  std::string step = l.args.size() < 3 ? fmt::format("(CASE WHEN {} <= {} THEN 1 ELSE -1 END)", from, to)
                     : months          ? l.args[2]
                                       : "(" + l.args[2] + " // 86400000000)";
  std::string apart = months ? fmt::format("date_diff('month', {}, {})", from, to) : fmt::format("({} - {})", to, from);
  std::string date = months ? fmt::format("CAST({} + to_months(CAST(i * {} AS INTEGER)) AS DATE)", from, step)
                            : fmt::format("({} + CAST(i * {} AS INTEGER))", from, step);
  return fmt::format(
      "CASE WHEN tm_sequence_ok(CAST({1} - {0} AS BIGINT), CAST({2} AS BIGINT)) THEN "
      "list_filter(list_transform(range(0, "
      "CASE WHEN {2} = 0 THEN 1 ELSE abs({3}) // abs({2}) + 1 END), lambda i: {4}), lambda e: CASE WHEN {2} >= 0 THEN "
      "e "
      "<= {1} ELSE e >= {1} END) END",
      from, to, step, apart, date);
}

}  // namespace

std::span<const LoweringRow> ArrayLowerings() {
  static constexpr LoweringRow kRows[] = {
      {"array_distinct", "", "tm_once($1)", nullptr},
      {"array_union", "", nullptr, SetOperation},
      {"array_except", "", nullptr, SetOperation},
      {"array_intersect", "", nullptr, SetOperation},
      {"arrays_overlap", "", nullptr, Overlap},
      {"array_join", "", nullptr, Join},
      {"array_insert", "", nullptr, Insert},
      {"array_sort", "", nullptr, Sort},
      {"slice", "", nullptr, Slice},
      {"sequence", "date", nullptr, DateSequence},
      {"map_concat", "", nullptr, MapConcat},
      {"map_from_entries", "", nullptr, MapFromEntries},
      {"transform", "", nullptr, Transform},
      {"filter", "", nullptr, Transform},
      {"aggregate", "", nullptr, Fold},
      {"zip_with", "", nullptr, ZipWith},
      {"arrays_zip", "", nullptr, ArraysZip},
      {"map_zip_with", "", nullptr, MapZipWith},
      {"map_filter", "", nullptr, OfEntries},
      {"transform_keys", "", nullptr, OfEntries},
      {"transform_values", "", nullptr, OfEntries},
  };
  return kRows;
}

}  // namespace tidemill::engine::duckdb
