#include "session/tree.h"

#include <utility>

namespace tidemill::session {

using plan::ExprPtr;
using plan::RelationPtr;

ExprPtr Column(plan::Name name) { return plan::MakeExpr(plan::Attribute{std::move(name)}); }
ExprPtr Text(std::string text) {
  return plan::MakeExpr(plan::Literal{plan::Value{std::move(text)}, plan::TypeId::kString});
}
ExprPtr Whole(int64_t value) { return plan::MakeExpr(plan::Literal{plan::Value{value}, plan::TypeId::kInt}); }
ExprPtr Truth(bool value) { return plan::MakeExpr(plan::Literal{plan::Value{value}, plan::TypeId::kBoolean}); }
ExprPtr Null() { return plan::MakeExpr(plan::Literal{plan::Value{}, plan::TypeId::kNull}); }

ExprPtr Operation(std::string op, std::vector<ExprPtr> args) {
  plan::Call call;
  call.name = {std::move(op)};
  call.args = std::move(args);
  call.is_operator = true;
  return plan::MakeExpr(std::move(call));
}

ExprPtr Function(std::string name, std::vector<ExprPtr> args) {
  plan::Call call;
  call.name = {std::move(name)};
  call.args = std::move(args);
  return plan::MakeExpr(std::move(call));
}

ExprPtr CastTo(ExprPtr expr, plan::DataType type) {
  const Position at = expr->at;
  return plan::MakeExpr(plan::Cast{std::move(expr), std::move(type)}, at);
}

ExprPtr Named(ExprPtr expr, std::string name) {
  return plan::MakeExpr(plan::Alias{std::move(expr), {std::move(name)}});
}

ExprPtr If(ExprPtr condition, ExprPtr then, ExprPtr otherwise) {
  plan::Case branches;
  branches.branches.emplace_back(std::move(condition), std::move(then));
  branches.otherwise = std::move(otherwise);
  return plan::MakeExpr(std::move(branches));
}

ExprPtr IsTrue(ExprPtr condition) { return Function("coalesce", {std::move(condition), Truth(false)}); }

ExprPtr And(std::vector<ExprPtr> conditions) {
  if (conditions.empty()) return Truth(true);
  ExprPtr all = conditions[0];
  for (size_t i = 1; i < conditions.size(); ++i) all = Operation("and", {all, conditions[i]});
  return all;
}

RelationPtr TableNamed(plan::Name name) {
  plan::TableRef table;
  table.name = std::move(name);
  return plan::MakeRelation(std::move(table));
}

RelationPtr AliasOf(RelationPtr input, std::string alias, std::vector<std::string> columns) {
  return plan::MakeRelation(plan::Aliased{std::move(input), std::move(alias), std::move(columns)});
}

RelationPtr SelectFrom(std::vector<ExprPtr> list, RelationPtr from, ExprPtr where, bool distinct) {
  plan::Select select;
  select.distinct = distinct;
  select.list = std::move(list);
  select.from = std::move(from);
  select.where = std::move(where);
  return plan::MakeRelation(std::move(select));
}

plan::RelationPtr NoRowsOf(const plan::Schema& schema) {
  std::vector<plan::ExprPtr> list;
  for (const auto& field : schema.fields) list.push_back(Named(CastTo(Null(), field.type), field.name));
  return SelectFrom(std::move(list), plan::MakeRelation(plan::OneRow{}), Truth(false));
}

RelationPtr JoinOf(RelationPtr left, RelationPtr right, plan::JoinType type, ExprPtr on) {
  plan::Join join;
  join.left = std::move(left);
  join.right = std::move(right);
  join.type = type;
  join.condition = std::move(on);
  return plan::MakeRelation(std::move(join));
}

RelationPtr UnionAll(std::vector<RelationPtr> parts) {
  RelationPtr all = parts.at(0);
  for (size_t i = 1; i < parts.size(); ++i) {
    plan::SetOp op;
    op.all = true;
    op.left = all;
    op.right = parts[i];
    all = plan::MakeRelation(std::move(op));
  }
  return all;
}

}  // namespace tidemill::session
