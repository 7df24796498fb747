// Order of structs and arrays. Spark puts a NULL inside one first, DuckDB last: what holds NULLs is ordered by a key in
// which every part says before its value whether there is one.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/duckdb/functions.h"
#include "sql/coercion.h"

namespace tidemill::engine::duckdb {

using plan::DataType;
using plan::TypeId;

bool OrdersAlike(const DataType& type) {
  if (type.is(TypeId::kArray)) return !type.contains_null() && OrdersAlike(type.element());
  return std::all_of(type.fields().begin(), type.fields().end(),
                     [](const auto& field) { return !field.nullable && OrdersAlike(field.type); });
}

namespace {

std::string KeyAt(const std::string& value, const DataType& type, int depth);

std::string PartKey(const std::string& value, const DataType& type, int depth) {
  return fmt::format("{{'n': {} IS NOT NULL, 'v': {}}}", value, KeyAt(value, type, depth));
}

std::string KeyAt(const std::string& value, const DataType& type, int depth) {
  if (OrdersAlike(type)) return value;
  std::string part = "k" + std::to_string(depth);
  if (type.is(TypeId::kArray)) {
    return fmt::format("list_transform({}, lambda {}: {})", value, part, PartKey(part, type.element(), depth + 1));
  }
  std::string fields;
  for (size_t i = 0; i < type.fields().size(); ++i) {
    auto field = fmt::format("struct_extract({}, {})", part, QuoteText(type.fields()[i].name));
    fields += fmt::format("{}'f{}': {}", i ? ", " : "", i, PartKey(field, type.fields()[i].type, depth + 1));
  }
  return fmt::format("list_transform([{}], lambda {}: CASE WHEN {} IS NOT NULL THEN {{{}}} END)[1]", value, part, part,
                     fields);
}

// The elements with their keys, in order; those that are NULL first or last.
std::string SortedElements(const std::string& array, const DataType& element, bool descending, bool nulls_last) {
  return fmt::format(
      "list_transform(list_{}sort(list_transform({}, lambda e: {{'n': e IS {}NULL, 'k': {}, 'v': e}})), lambda e: e.v)",
      descending ? "reverse_" : "", array, nulls_last == descending ? "NOT " : "", KeyAt("e", element, 0));
}

std::string Extreme(const Lowered& l, bool greatest) {
  std::string values = fmt::format("{}", fmt::join(l.args, ", "));
  return SortedElements("list_filter([" + values + "], lambda e: e IS NOT NULL)", l.expr.type, greatest, true) + "[1]";
}

bool IsTrue(const typed::ExprPtr& expr) {
  const auto* literal = std::get_if<typed::Literal>(&expr->node);
  return literal && std::get<bool>(literal->value.data);
}

}  // namespace

std::string OrderKey(const std::string& sql, const DataType& type) { return KeyAt(sql, type, 0); }

bool HoldsMap(const DataType& type) {
  if (type.is(TypeId::kMap)) return true;
  if (type.is(TypeId::kArray)) return HoldsMap(type.element());
  return std::any_of(type.fields().begin(), type.fields().end(), [](const auto& f) { return HoldsMap(f.type); });
}

namespace {

std::string SortedMapsAt(const std::string& value, const DataType& type, int depth) {
  if (!HoldsMap(type)) return value;
  std::string part = "m" + std::to_string(depth);
  if (type.is(TypeId::kArray)) {
    return fmt::format("list_transform({}, lambda {}: {})", value, part, SortedMapsAt(part, type.element(), depth + 1));
  }
  if (type.is(TypeId::kMap)) {
    return fmt::format(
        "map_from_entries(list_sort(list_transform(map_entries({}), lambda {}: {{'key': {}.key, 'value': {}}})))",
        value, part, part, SortedMapsAt(part + ".value", type.value(), depth + 1));
  }
  std::string fields;
  for (const auto& field : type.fields()) {
    auto read = fmt::format("struct_extract({}, {})", part, QuoteText(field.name));
    fields += fmt::format("{}{}: {}", fields.empty() ? "" : ", ", QuoteText(field.name),
                          SortedMapsAt(read, field.type, depth + 1));
  }
  return fmt::format("list_transform([{}], lambda {}: CASE WHEN {} IS NOT NULL THEN {{{}}} END)[1]", value, part, part,
                     fields);
}

}  // namespace

std::string WithSortedMaps(const std::string& sql, const DataType& type) { return SortedMapsAt(sql, type, 0); }

Result<std::string> OrderedCall(const Lowered& l) {
  static const auto* compares = new std::set<std::string>{"<", "<=", ">", ">="};
  const std::string& name = l.call.function;
  if (compares->contains(name)) {
    if (OrdersAlike(l.type(0)) && OrdersAlike(l.type(1))) return std::string();
    auto both = sql::TightestCommonType(l.type(0), l.type(1), sql::TypeRules::kAnsi);
    if (!both) return Refuse(name + " of " + l.type(0).ToString() + " and " + l.type(1).ToString(), l.expr.at);
    return fmt::format("({} {} {})", OrderKey(l.args[0], *both), name, OrderKey(l.args[1], *both));
  }
  if (name == "greatest" || name == "least") {
    return OrdersAlike(l.expr.type) ? std::string() : Extreme(l, name == "greatest");
  }
  bool sorts = name == "sort_array" || (name == "array_sort" && l.args.size() == 1);
  if (!sorts && name != "array_max" && name != "array_min") return std::string();
  const DataType& element = l.type(0).element();
  if (element.fields().empty() && !element.is(TypeId::kArray)) return std::string();
  if (OrdersAlike(element)) return std::string();
  if (name == "array_sort") return SortedElements(l.args[0], element, false, true);
  if (name == "array_max") return SortedElements(l.args[0], element, true, true) + "[1]";
  if (name == "array_min") return SortedElements(l.args[0], element, false, true) + "[1]";
  if (!std::holds_alternative<typed::Literal>(l.call.args[1]->node)) {
    return Refuse("sort_array of " + l.type(0).ToString() + " in an order that is no constant", l.expr.at);
  }
  bool ascending = IsTrue(l.call.args[1]);
  return SortedElements(l.args[0], element, !ascending, !ascending);
}

}  // namespace tidemill::engine::duckdb
