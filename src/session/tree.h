// Making queries as written: the statements that change rows become queries over the table's rows.
#pragma once

#include <string>
#include <vector>

#include "plan/relation.h"

namespace tidemill::session {

plan::ExprPtr Column(plan::Name name);
plan::ExprPtr Text(std::string text);
plan::ExprPtr Whole(int64_t value);
plan::ExprPtr Truth(bool value);
plan::ExprPtr Null();
plan::ExprPtr Operation(std::string op, std::vector<plan::ExprPtr> args);
plan::ExprPtr Function(std::string name, std::vector<plan::ExprPtr> args);
plan::ExprPtr CastTo(plan::ExprPtr expr, plan::DataType type);
plan::ExprPtr Named(plan::ExprPtr expr, std::string name);
// CASE WHEN condition THEN then ELSE otherwise END
plan::ExprPtr If(plan::ExprPtr condition, plan::ExprPtr then, plan::ExprPtr otherwise);
// NULL counts as false.
plan::ExprPtr IsTrue(plan::ExprPtr condition);
plan::ExprPtr And(std::vector<plan::ExprPtr> conditions);  // none: TRUE

plan::RelationPtr TableNamed(plan::Name name);
plan::RelationPtr AliasOf(plan::RelationPtr input, std::string alias, std::vector<std::string> columns = {});
plan::RelationPtr SelectFrom(std::vector<plan::ExprPtr> list, plan::RelationPtr from, plan::ExprPtr where = nullptr,
                             bool distinct = false);
// The columns of `schema`, and no row.
plan::RelationPtr NoRowsOf(const plan::Schema& schema);
plan::RelationPtr JoinOf(plan::RelationPtr left, plan::RelationPtr right, plan::JoinType type, plan::ExprPtr on);
plan::RelationPtr UnionAll(std::vector<plan::RelationPtr> parts);

}  // namespace tidemill::session
