// Making and walking typed expressions.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "plan/typed.h"

namespace tidemill::sql {

namespace typed = plan::typed;

typed::ExprPtr IntLiteral(int64_t value, plan::DataType type = plan::TypeId::kInt);
typed::ExprPtr StringLiteral(std::string value);
typed::ExprPtr BoolLiteral(bool value);
typed::ExprPtr NullLiteral(plan::DataType type);
typed::ExprPtr Ref(const typed::Column& column, Position at = {});
typed::ExprPtr MakeCall(std::string function, std::vector<typed::ExprPtr> args, plan::DataType type, bool nullable,
                        Position at = {});
// The expression cast to the type, if it is not of it already. Types must be castable.
typed::ExprPtr CastTo(const typed::ExprPtr& expr, const plan::DataType& type,
                      typed::Cast::Mode mode = typed::Cast::Mode::kPlain);
// Whether a cast can give NULL for a value (Cast.forceNullable).
bool CastMayNull(const plan::DataType& from, const plan::DataType& to);

const typed::Literal* AsLiteral(const typed::ExprPtr& expr);
const typed::Call* AsCall(const typed::ExprPtr& expr);
// The text of a string literal that is not NULL.
std::optional<std::string> LiteralText(const typed::ExprPtr& expr);
// The value of an integer constant: literals, casts and + - * of them.
std::optional<int64_t> ConstantInteger(const typed::ExprPtr& expr);
// No column, variable or subquery in it.
bool IsConstant(const typed::ExprPtr& expr);
bool AnyNullable(const std::vector<typed::ExprPtr>& exprs);

// Structural equality, positions aside.
bool SameExpr(const typed::ExprPtr& a, const typed::ExprPtr& b);
using Mapper = std::function<Result<typed::ExprPtr>(const typed::ExprPtr&)>;
// The expression with each direct child (not those inside a subquery) replaced by the mapper's answer.
Result<typed::ExprPtr> MapChildren(const typed::ExprPtr& expr, const Mapper& map);
// Calls `visit` on the expression and everything below it, subqueries' relations aside, while it answers true.
void Visit(const typed::ExprPtr& expr, const std::function<bool(const typed::Expr&)>& visit);
// Every expression of a relation and of what it reads.
void VisitRelation(const typed::RelationPtr& relation, const std::function<bool(const typed::Expr&)>& visit);
// What a relation reads, and the expressions it holds itself.
void VisitParts(const typed::Relation& relation, const std::function<void(const typed::ExprPtr&)>& expr,
                const std::function<void(const typed::RelationPtr&)>& input);
bool Contains(const typed::ExprPtr& expr, const std::function<bool(const typed::Expr&)>& test);
bool ContainsAggregate(const typed::ExprPtr& expr);
bool ContainsWindow(const typed::ExprPtr& expr);
bool ContainsVolatile(const typed::ExprPtr& expr);

}  // namespace tidemill::sql
