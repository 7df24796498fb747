#include "view/apply.h"

#include <algorithm>

#include "view/detail/build.h"

namespace tidemill::view {
namespace {

using typed::Column;
using typed::ExprPtr;
using typed::RelationPtr;

std::vector<Column> ColumnsOf(const plan::Schema& schema, Ids& ids) {
  std::vector<Column> columns;
  for (const auto& field : schema.fields) columns.push_back({ids.Next(), field.name, field.type, true, {}});
  return columns;
}

std::vector<Column> PlaceColumns(Ids& ids) {
  return {{ids.Next(), "_file", plan::TypeId::kString, false, {}},
          {ids.Next(), "_row", plan::TypeId::kLong, false, {}}};
}

// What tells a row apart, over its columns.
std::vector<ExprPtr> IdentityOf(const std::vector<Column>& columns) {
  std::vector<ExprPtr> identity;
  for (const auto& column : columns) {
    auto value = Ref(column);
    if (column.type.is_fractional()) {
      value = typed::MakeExpr(typed::Cast{value}, plan::TypeId::kString, column.nullable);
    }
    identity.push_back(std::move(value));
  }
  return identity;
}

std::vector<typed::SortKey> Ascending(const std::vector<ExprPtr>& exprs) {
  std::vector<typed::SortKey> keys;
  for (const auto& expr : exprs) keys.push_back({expr});
  return keys;
}

typed::NamedExpr Over(typed::Call call, std::vector<ExprPtr> partition_by, std::vector<typed::SortKey> order_by,
                      plan::DataType type, Ids& ids) {
  typed::WindowCall window;
  window.call = std::move(call);
  window.partition_by = std::move(partition_by);
  window.order_by = std::move(order_by);
  Column column{ids.Next(), "over", type, false, {}};
  return {column, typed::MakeExpr(std::move(window), type, false)};
}

RelationPtr WithWindows(RelationPtr input, std::vector<typed::NamedExpr> calls) {
  auto columns = input->columns;
  for (const auto& call : calls) columns.push_back(call.column);
  return typed::MakeRelation(typed::Window{std::move(input), std::move(calls)}, std::move(columns));
}

typed::Call CountAll() { return {"count", {Whole(1)}}; }

ExprPtr AsLong(ExprPtr expr) { return typed::MakeExpr(typed::Cast{std::move(expr)}, plan::TypeId::kLong, false); }

}  // namespace

bool CanTellApart(const plan::DataType& type) {
  switch (type.id()) {
    case plan::TypeId::kMap:
    case plan::TypeId::kVariant:
    case plan::TypeId::kCalendarInterval:
      return false;
    case plan::TypeId::kString:
      return type.collation().empty();
    case plan::TypeId::kArray:
      return CanTellApart(type.element()) && !type.element().is_fractional();
    case plan::TypeId::kStruct:
      return std::all_of(type.fields().begin(), type.fields().end(),
                         [](const auto& field) { return CanTellApart(field.type) && !field.type.is_fractional(); });
    default:
      return true;
  }
}

RelationPtr Signed(const std::vector<std::string>& parts, const plan::Schema& schema, Ids& ids) {
  RelationPtr all;
  for (const auto& part : parts) {
    auto columns = ColumnsOf(schema, ids);
    const Column kind{ids.Next(), "_change_type", plan::TypeId::kString, false, {}};
    std::vector<typed::NamedExpr> exprs;
    for (const auto& column : columns) exprs.push_back({column, Ref(column)});
    typed::Case weight;
    weight.branches.emplace_back(
        Test("or", Test("=", Ref(kind), Text("insert")), Test("=", Ref(kind), Text("update_postimage"))), Whole(1));
    weight.otherwise = Whole(-1);
    exprs.push_back({Column{ids.Next(), "weight", plan::TypeId::kInt, false, {}},
                     typed::MakeExpr(std::move(weight), plan::TypeId::kInt, false)});
    columns.push_back(kind);
    auto rows = ProjectOf(ScanOf(part, std::move(columns)), std::move(exprs));
    all = all ? UnionAll(all, rows, WithNewIds(rows->columns, ids)) : rows;
  }
  return all;
}

// Of n rows that came and m that went, all the same, the last n - m or m - n are left.
RelationPtr Netted(const RelationPtr& change, Ids& ids) {
  std::vector<Column> columns(change->columns.begin(), change->columns.end() - 1);
  const auto identity = IdentityOf(columns);
  auto with_weight = identity;
  with_weight.push_back(Ref(change->columns.back()));
  auto all = Over(CountAll(), identity, {}, plan::TypeId::kLong, ids);
  auto alike = Over(CountAll(), with_weight, {}, plan::TypeId::kLong, ids);
  auto place = Over({"row_number", {}}, with_weight, {{Ref(change->columns.back())}}, plan::TypeId::kInt, ids);
  const auto condition =
      Test(">", CallOf("+", {AsLong(Ref(place.column)), Ref(alike.column)}, plan::TypeId::kLong), Ref(all.column));
  return Pick(FilterOf(WithWindows(change, {all, alike, place}), condition), change->columns);
}

RelationPtr SideOf(const RelationPtr& change, Side side) {
  const std::vector<Column> columns(change->columns.begin(), change->columns.end() - 1);
  const auto weight = Ref(change->columns.back());
  return Pick(FilterOf(change, Test("=", weight, Whole(side == Side::kCame ? 1 : -1))), columns);
}

RelationPtr StoredRowsOf(const Stored& stored, const RelationPtr& went, Ids& ids) {
  // Each row that goes, once, with how often.
  typed::Aggregate grouped;
  grouped.input = went;
  std::vector<Column> columns;
  std::vector<int> set;
  for (const auto& identity : IdentityOf(went->columns)) {
    const Column column{ids.Next(), "i", identity->type, true, {}};
    set.push_back(static_cast<int>(columns.size()));
    columns.push_back(column);
    grouped.keys.push_back({column, identity});
  }
  std::vector<ExprPtr> wanted;
  for (const auto& column : columns) wanted.push_back(Ref(column));
  grouped.sets = {set};
  const Column times{ids.Next(), "times", plan::TypeId::kLong, false, {}};
  grouped.aggregates.push_back({times, typed::MakeExpr(CountAll(), plan::TypeId::kLong, false)});
  columns.push_back(times);
  const auto counted = typed::MakeRelation(std::move(grouped), columns);

  auto here = ColumnsOf(stored.columns, ids);
  const auto identity = IdentityOf(here);
  const auto place = PlaceColumns(ids);
  here.insert(here.end(), place.begin(), place.end());
  const auto joined = JoinOf(ScanOf(stored.name, here), counted, plan::JoinType::kInner, AllSame(identity, wanted));
  auto number = Over({"row_number", {}}, wanted, Ascending({Ref(place[0]), Ref(place[1])}), plan::TypeId::kInt, ids);
  const auto condition = Test("<=", AsLong(Ref(number.column)), Ref(times));
  return Pick(FilterOf(WithWindows(joined, {number}), condition), place);
}

RelationPtr StoredRowsWith(const Stored& stored, const RelationPtr& keys, const std::vector<int>& key_columns,
                           Ids& ids) {
  auto here = ColumnsOf(stored.columns, ids);
  std::vector<ExprPtr> left, right;
  for (size_t i = 0; i < key_columns.size(); ++i) {
    left.push_back(Ref(here[static_cast<size_t>(key_columns[i])]));
    right.push_back(Ref(keys->columns[i]));
  }
  const auto place = PlaceColumns(ids);
  here.insert(here.end(), place.begin(), place.end());
  return Pick(JoinOf(ScanOf(stored.name, here), keys, plan::JoinType::kLeftSemi, AllSame(left, right)), place);
}

RelationPtr StoredRowsWithout(const Stored& stored, const std::string& gone, Ids& ids) {
  auto here = ColumnsOf(stored.columns, ids);
  const auto shown = here;
  const auto place = PlaceColumns(ids), there = PlaceColumns(ids);
  here.insert(here.end(), place.begin(), place.end());
  const auto same = AllSame({Ref(place[0]), Ref(place[1])}, {Ref(there[0]), Ref(there[1])});
  return Pick(JoinOf(ScanOf(stored.name, here), ScanOf(gone, there), plan::JoinType::kLeftAnti, same), shown);
}

RelationPtr FilesIn(const std::string& gone, Ids& ids) {
  const auto place = PlaceColumns(ids);
  typed::Aggregate grouped;
  grouped.input = ScanOf(gone, place);
  const Column file{ids.Next(), "_file", plan::TypeId::kString, false, {}};
  const Column rows{ids.Next(), "rows", plan::TypeId::kLong, false, {}};
  grouped.keys.push_back({file, Ref(place[0])});
  grouped.sets = {{0}};
  grouped.aggregates.push_back({rows, typed::MakeExpr(CountAll(), plan::TypeId::kLong, false)});
  return typed::MakeRelation(std::move(grouped), {file, rows});
}

RelationPtr PlacesIn(const std::string& gone, Ids& ids) { return ScanOf(gone, PlaceColumns(ids)); }

RelationPtr CountOf(const RelationPtr& rows, Ids& ids) {
  typed::Aggregate grouped;
  grouped.input = rows;
  grouped.sets = {{}};
  const Column count{ids.Next(), "rows", plan::TypeId::kLong, false, {}};
  grouped.aggregates.push_back({count, typed::MakeExpr(CountAll(), plan::TypeId::kLong, false)});
  return typed::MakeRelation(std::move(grouped), {count});
}

RelationPtr Together(const RelationPtr& first, const RelationPtr& second, Ids& ids) {
  return UnionAll(first, second, WithNewIds(first->columns, ids));
}

}  // namespace tidemill::view
