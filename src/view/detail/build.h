// Pieces of typed plans, made by hand where names are known already.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "plan/typed.h"
#include "view/plan.h"

namespace tidemill::view {

namespace typed = plan::typed;

inline typed::ExprPtr Ref(const typed::Column& column) {
  return typed::MakeExpr(typed::ColumnRef{column.id}, column.type, column.nullable);
}
inline typed::ExprPtr Whole(int64_t value) {
  return typed::MakeExpr(typed::Literal{plan::Value{value}}, plan::TypeId::kInt, false);
}
inline typed::ExprPtr Text(std::string value) {
  return typed::MakeExpr(typed::Literal{plan::Value{std::move(value)}}, plan::TypeId::kString, false);
}
inline typed::ExprPtr CallOf(std::string function, std::vector<typed::ExprPtr> args, plan::DataType type) {
  return typed::MakeExpr(typed::Call{std::move(function), std::move(args)}, std::move(type), false);
}
inline typed::ExprPtr Test(std::string function, typed::ExprPtr left, typed::ExprPtr right) {
  return CallOf(std::move(function), {std::move(left), std::move(right)}, plan::TypeId::kBoolean);
}
// Pairs that are all the same, NULL with NULL; null: there is none.
inline typed::ExprPtr AllSame(const std::vector<typed::ExprPtr>& left, const std::vector<typed::ExprPtr>& right) {
  typed::ExprPtr all;
  for (size_t i = 0; i < left.size(); ++i) {
    const auto same = Test("<=>", left[i], right[i]);
    all = all ? Test("and", all, same) : same;
  }
  return all;
}

inline typed::RelationPtr FilterOf(typed::RelationPtr input, typed::ExprPtr condition) {
  const auto columns = input->columns;
  return typed::MakeRelation(typed::Filter{std::move(input), std::move(condition)}, columns);
}
inline typed::RelationPtr ProjectOf(typed::RelationPtr input, std::vector<typed::NamedExpr> exprs) {
  std::vector<typed::Column> columns;
  for (const auto& named : exprs) columns.push_back(named.column);
  return typed::MakeRelation(typed::Project{std::move(input), std::move(exprs)}, std::move(columns));
}
// These columns of the input, under their own ids.
inline typed::RelationPtr Pick(typed::RelationPtr input, const std::vector<typed::Column>& columns) {
  std::vector<typed::NamedExpr> exprs;
  for (const auto& column : columns) exprs.push_back({column, Ref(column)});
  return ProjectOf(std::move(input), std::move(exprs));
}
inline typed::RelationPtr DistinctOf(typed::RelationPtr input) {
  const auto columns = input->columns;
  return typed::MakeRelation(typed::Distinct{std::move(input)}, columns);
}
inline typed::RelationPtr JoinOf(typed::RelationPtr left, typed::RelationPtr right, plan::JoinType type,
                                 typed::ExprPtr condition) {
  auto columns = left->columns;
  if (type != plan::JoinType::kLeftSemi && type != plan::JoinType::kLeftAnti) {
    columns.insert(columns.end(), right->columns.begin(), right->columns.end());
  }
  return typed::MakeRelation(typed::Join{std::move(left), std::move(right), type, std::move(condition)},
                             std::move(columns));
}
// `columns` are the result's; both sides have them by place, and share no id with each other or with them.
inline typed::RelationPtr UnionAll(typed::RelationPtr left, typed::RelationPtr right,
                                   std::vector<typed::Column> columns) {
  return typed::MakeRelation(typed::SetOp{plan::SetOpKind::kUnion, true, std::move(left), std::move(right), columns},
                             columns);
}

inline std::vector<typed::Column> WithNewIds(std::vector<typed::Column> columns, Ids& ids) {
  for (auto& column : columns) column.id = ids.Next();
  return columns;
}
inline typed::RelationPtr ScanOf(std::string table, std::vector<typed::Column> columns) {
  return typed::MakeRelation(typed::Scan{std::move(table), columns}, columns);
}

}  // namespace tidemill::view
