#include "sql/detail/resolver_typed.h"

#include <set>

#include "sql/functions.h"

namespace tidemill::sql {

using plan::DataType;
using plan::TypeId;
using plan::Value;
using typed::ExprPtr;

namespace {

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

bool SameExprs(const std::vector<ExprPtr>& a, const std::vector<ExprPtr>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), SameExpr);
}

bool SameKeys(const std::vector<typed::SortKey>& a, const std::vector<typed::SortKey>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.ascending == y.ascending && x.nulls_first == y.nulls_first && SameExpr(x.expr, y.expr);
  });
}

bool SameValue(const Value& a, const Value& b) {
  if (a.data.index() != b.data.index()) return false;
  const auto* children = std::get_if<Value::Children>(&a.data);
  if (!children) return a.data == b.data;
  const auto& other = std::get<Value::Children>(b.data);
  return std::equal((*children)->begin(), (*children)->end(), other->begin(), other->end(), SameValue);
}

// a + b is b + a, as in Spark's canonical form.
bool SameArguments(const typed::Call& a, const typed::Call& b) {
  if (SameExprs(a.args, b.args)) return true;
  static const auto* commutative = new std::set<std::string>{"+", "*", "and", "or", "=", "<=>", "&", "|", "^"};
  return a.args.size() == 2 && b.args.size() == 2 && commutative->contains(a.function) &&
         SameExpr(a.args[0], b.args[1]) && SameExpr(a.args[1], b.args[0]);
}

bool SameCall(const typed::Call& a, const typed::Call& b) {
  return a.function == b.function && a.distinct == b.distinct && a.ignore_nulls == b.ignore_nulls &&
         SameArguments(a, b) && SameExpr(a.filter, b.filter) && SameKeys(a.within_group, b.within_group);
}

bool SameBound(const typed::FrameBound& a, const typed::FrameBound& b) {
  return a.kind == b.kind && SameExpr(a.offset, b.offset);
}

struct NodeEquality {
  const typed::Expr& other;
  template <typename Node>
  bool operator()(const Node& node) const {
    return Same(node, std::get<Node>(other.node));
  }
  static bool Same(const typed::Literal& a, const typed::Literal& b) { return SameValue(a.value, b.value); }
  static bool Same(const typed::ColumnRef& a, const typed::ColumnRef& b) { return a.id == b.id; }
  static bool Same(const typed::Call& a, const typed::Call& b) { return SameCall(a, b); }
  static bool Same(const typed::Cast& a, const typed::Cast& b) {
    return a.mode == b.mode && SameExpr(a.child, b.child);
  }
  static bool Same(const typed::Case& a, const typed::Case& b) {
    return SameExpr(a.otherwise, b.otherwise) &&
           std::equal(
               a.branches.begin(), a.branches.end(), b.branches.begin(), b.branches.end(),
               [](const auto& x, const auto& y) { return SameExpr(x.first, y.first) && SameExpr(x.second, y.second); });
  }
  static bool Same(const typed::LambdaVariable& a, const typed::LambdaVariable& b) { return a.name == b.name; }
  static bool Same(const typed::Lambda&, const typed::Lambda&) { return false; }
  static bool Same(const typed::Subquery& a, const typed::Subquery& b) { return a.query == b.query; }
  static bool Same(const typed::GetField& a, const typed::GetField& b) {
    return a.index == b.index && SameExpr(a.child, b.child);
  }
  static bool Same(const typed::WindowCall& a, const typed::WindowCall& b) {
    return SameCall(a.call, b.call) && SameExprs(a.partition_by, b.partition_by) && SameKeys(a.order_by, b.order_by) &&
           a.rows == b.rows && a.has_frame == b.has_frame && SameBound(a.start, b.start) && SameBound(a.end, b.end);
  }
};

// Maps every child of a node in place.
class ChildMapper {
 public:
  explicit ChildMapper(const Mapper& map) : map_(map) {}

  Status One(ExprPtr& child) {
    if (!child) return Ok();
    ASSIGN_OR_RETURN(child, map_(child));
    return Ok();
  }
  Status All(std::vector<ExprPtr>& children) {
    for (auto& child : children) RETURN_IF_ERROR(One(child));
    return Ok();
  }
  Status Keys(std::vector<typed::SortKey>& keys) {
    for (auto& key : keys) RETURN_IF_ERROR(One(key.expr));
    return Ok();
  }
  Status Node(typed::Literal&) { return Ok(); }
  Status Node(typed::ColumnRef&) { return Ok(); }
  Status Node(typed::LambdaVariable&) { return Ok(); }
  Status Node(typed::Call& call) {
    RETURN_IF_ERROR(All(call.args));
    RETURN_IF_ERROR(One(call.filter));
    return Keys(call.within_group);
  }
  Status Node(typed::Cast& cast) { return One(cast.child); }
  Status Node(typed::Case& node) {
    for (auto& [condition, result] : node.branches) {
      RETURN_IF_ERROR(One(condition));
      RETURN_IF_ERROR(One(result));
    }
    return One(node.otherwise);
  }
  Status Node(typed::Lambda& lambda) { return One(lambda.body); }
  Status Node(typed::Subquery& subquery) { return All(subquery.needle); }
  Status Node(typed::GetField& field) { return One(field.child); }
  Status Node(typed::WindowCall& window) {
    RETURN_IF_ERROR(Node(window.call));
    RETURN_IF_ERROR(All(window.partition_by));
    RETURN_IF_ERROR(Keys(window.order_by));
    RETURN_IF_ERROR(One(window.start.offset));
    return One(window.end.offset);
  }

 private:
  const Mapper& map_;
};

// Every expression that a relation holds itself.
struct RelationExprs {
  std::function<void(const ExprPtr&)> see;
  std::function<void(const typed::RelationPtr&)> descend;

  void Keys(const std::vector<typed::SortKey>& keys) const {
    for (const auto& key : keys) see(key.expr);
  }
  void Named(const std::vector<typed::NamedExpr>& exprs) const {
    for (const auto& expr : exprs) see(expr.expr);
  }
  void operator()(const typed::Scan&) const {}
  void operator()(const typed::OneRow&) const {}
  void operator()(const typed::CteRef&) const {}
  void operator()(const typed::Values& node) const {
    for (const auto& row : node.rows) {
      for (const auto& expr : row) see(expr);
    }
  }
  void operator()(const typed::Range& node) const {
    see(node.start);
    see(node.end);
    see(node.step);
  }
  void operator()(const typed::Project& node) const {
    Named(node.exprs);
    descend(node.input);
  }
  void operator()(const typed::Filter& node) const {
    see(node.condition);
    descend(node.input);
  }
  void operator()(const typed::Aggregate& node) const {
    Named(node.keys);
    Named(node.aggregates);
    descend(node.input);
  }
  void operator()(const typed::Window& node) const {
    Named(node.calls);
    descend(node.input);
  }
  void operator()(const typed::Join& node) const {
    see(node.condition);
    descend(node.left);
    descend(node.right);
  }
  void operator()(const typed::Generate& node) const {
    for (const auto& arg : node.args) see(arg);
    descend(node.input);
  }
  void operator()(const typed::SetOp& node) const {
    descend(node.left);
    descend(node.right);
  }
  void operator()(const typed::Distinct& node) const { descend(node.input); }
  void operator()(const typed::Sort& node) const {
    Keys(node.keys);
    descend(node.input);
  }
  void operator()(const typed::Limit& node) const { descend(node.input); }
  void operator()(const typed::Sample& node) const { descend(node.input); }
  void operator()(const typed::With& node) const {
    for (const auto& table : node.tables) {
      descend(table.query);
      if (table.recursion) descend(table.recursion);
    }
    descend(node.body);
  }
};

}  // namespace

ExprPtr IntLiteral(int64_t value, DataType type) { return typed::MakeExpr(typed::Literal{Value{value}}, type, false); }
ExprPtr StringLiteral(std::string value) {
  return typed::MakeExpr(typed::Literal{Value{std::move(value)}}, TypeId::kString, false);
}
ExprPtr BoolLiteral(bool value) { return typed::MakeExpr(typed::Literal{Value{value}}, TypeId::kBoolean, false); }
ExprPtr NullLiteral(DataType type) { return typed::MakeExpr(typed::Literal{}, std::move(type), true); }

ExprPtr Ref(const typed::Column& column, Position at) {
  return typed::MakeExpr(typed::ColumnRef{column.id}, column.type, column.nullable, at);
}

ExprPtr MakeCall(std::string function, std::vector<ExprPtr> args, DataType type, bool nullable, Position at) {
  return typed::MakeExpr(typed::Call{std::move(function), std::move(args)}, std::move(type), nullable, at);
}

bool CastMayNull(const DataType& from, const DataType& to) {
  if (from.is(TypeId::kNull) || from.SameType(to) || to.is(TypeId::kString)) return false;
  if (from.is(TypeId::kString)) return !to.is(TypeId::kBinary);
  if (to.is(TypeId::kDate)) return !from.is(TypeId::kTimestamp);
  if (to.is(TypeId::kCalendarInterval)) return true;
  if (from.is(TypeId::kTimestamp) && to.is_integral()) return !to.is(TypeId::kLong);
  if (from.is_fractional() && to.is(TypeId::kTimestamp)) return true;
  if (to.is(TypeId::kDecimal)) {
    if (from.is_fractional() || !from.is_numeric()) return true;
    int digits = 0, scale = 0;
    if (from.is(TypeId::kDecimal)) {
      digits = from.precision() - from.scale();
      scale = from.scale();
      if (to.precision() - to.scale() > digits) return false;
    } else {
      constexpr int kDigits[] = {3, 5, 10, 20};
      digits = kDigits[static_cast<int>(from.id()) - static_cast<int>(TypeId::kByte)];
    }
    return to.precision() - to.scale() < digits || to.scale() < scale;
  }
  return (from.is_fractional() || from.is(TypeId::kDecimal)) && to.is_integral();
}

ExprPtr CastTo(const ExprPtr& expr, const DataType& type, typed::Cast::Mode mode) {
  if (expr->type.SameType(type)) return expr;
  if (const auto* literal = AsLiteral(expr); literal && literal->value.is_null()) {
    return typed::MakeExpr(typed::Literal{}, type, true, expr->at);
  }
  bool nullable = expr->nullable || mode == typed::Cast::Mode::kTry || CastMayNull(expr->type, type);
  return typed::MakeExpr(typed::Cast{expr, mode}, type, nullable, expr->at);
}

const typed::Literal* AsLiteral(const ExprPtr& expr) { return std::get_if<typed::Literal>(&expr->node); }
const typed::Call* AsCall(const ExprPtr& expr) { return std::get_if<typed::Call>(&expr->node); }

std::optional<std::string> LiteralText(const ExprPtr& expr) {
  const auto* literal = AsLiteral(expr);
  if (!literal) return std::nullopt;
  const auto* text = std::get_if<std::string>(&literal->value.data);
  return text ? std::optional(*text) : std::nullopt;
}

std::optional<int64_t> ConstantInteger(const ExprPtr& expr) {
  if (!expr->type.is_integral()) return std::nullopt;
  if (const auto* literal = AsLiteral(expr)) {
    const auto* value = std::get_if<int64_t>(&literal->value.data);
    return value ? std::optional(*value) : std::nullopt;
  }
  if (const auto* cast = std::get_if<typed::Cast>(&expr->node)) return ConstantInteger(cast->child);
  const auto* call = AsCall(expr);
  if (!call || call->args.empty()) return std::nullopt;
  auto left = ConstantInteger(call->args[0]);
  if (!left) return std::nullopt;
  if (call->function == "negative") return -*left;
  auto right = call->args.size() == 2 ? ConstantInteger(call->args[1]) : std::nullopt;
  if (!right) return std::nullopt;
  int64_t result = 0;
  bool overflow = true;
  if (call->function == "+") overflow = __builtin_add_overflow(*left, *right, &result);
  if (call->function == "-") overflow = __builtin_sub_overflow(*left, *right, &result);
  if (call->function == "*") overflow = __builtin_mul_overflow(*left, *right, &result);
  return overflow ? std::nullopt : std::optional(result);
}

bool IsConstant(const ExprPtr& expr) {
  return !Contains(expr, [](const typed::Expr& e) {
    return std::holds_alternative<typed::ColumnRef>(e.node) || std::holds_alternative<typed::Subquery>(e.node) ||
           std::holds_alternative<typed::LambdaVariable>(e.node) || std::holds_alternative<typed::WindowCall>(e.node);
  });
}

bool AnyNullable(const std::vector<ExprPtr>& exprs) {
  for (const auto& expr : exprs) {
    if (expr->nullable) return true;
  }
  return false;
}

bool SameExpr(const ExprPtr& a, const ExprPtr& b) {
  if (a == b) return true;
  if (!a || !b || a->node.index() != b->node.index() || !a->type.SameType(b->type)) return false;
  return std::visit(NodeEquality{*b}, a->node);
}

Result<ExprPtr> MapChildren(const ExprPtr& expr, const Mapper& map) {
  typed::Expr copy = *expr;
  ChildMapper mapper(map);
  RETURN_IF_ERROR(std::visit([&](auto& node) { return mapper.Node(node); }, copy.node));
  return std::make_shared<const typed::Expr>(std::move(copy));
}

void Visit(const ExprPtr& expr, const std::function<bool(const typed::Expr&)>& visit) {
  if (!expr || !visit(*expr)) return;
  auto ignored = MapChildren(expr, [&](const ExprPtr& child) -> Result<ExprPtr> {
    Visit(child, visit);
    return child;
  });
  CHECK(ignored.ok());
}

void VisitRelation(const typed::RelationPtr& relation, const std::function<bool(const typed::Expr&)>& visit) {
  std::function<bool(const typed::Expr&)> deep = [&](const typed::Expr& expr) {
    if (const auto* subquery = std::get_if<typed::Subquery>(&expr.node)) VisitRelation(subquery->query, visit);
    return visit(expr);
  };
  VisitParts(
      *relation, [&](const ExprPtr& expr) { Visit(expr, deep); },
      [&](const typed::RelationPtr& input) { VisitRelation(input, visit); });
}

void VisitParts(const typed::Relation& relation, const std::function<void(const ExprPtr&)>& expr,
                const std::function<void(const typed::RelationPtr&)>& input) {
  std::visit(RelationExprs{expr, input}, relation.node);
}

bool Contains(const ExprPtr& expr, const std::function<bool(const typed::Expr&)>& test) {
  bool found = false;
  Visit(expr, [&](const typed::Expr& e) {
    found = found || test(e);
    return !found;
  });
  return found;
}

bool ContainsAggregate(const ExprPtr& expr) {
  bool found = false;
  Visit(expr, [&](const typed::Expr& e) {
    if (const auto* window = std::get_if<typed::WindowCall>(&e.node)) {
      // The call itself is over a window, not over a group; what it is given may still be aggregated.
      auto parts = window->call.args;
      parts.insert(parts.end(), window->partition_by.begin(), window->partition_by.end());
      for (const auto& key : window->order_by) parts.push_back(key.expr);
      for (const auto& part : parts) found = found || ContainsAggregate(part);
      return false;
    }
    if (const auto* call = std::get_if<typed::Call>(&e.node)) {
      const Function* function = FindFunction(call->function);
      found = found || (function && function->kind == FunctionKind::kAggregate);
    }
    return !found;
  });
  return found;
}

bool ContainsWindow(const ExprPtr& expr) {
  return Contains(expr, [](const typed::Expr& e) { return std::holds_alternative<typed::WindowCall>(e.node); });
}

bool ContainsVolatile(const ExprPtr& expr) {
  static const auto* names =
      new std::set<std::string>{"rand", "randn", "randstr", "uuid", "shuffle", "monotonically_increasing_id"};
  return Contains(expr, [](const typed::Expr& e) {
    const auto* call = std::get_if<typed::Call>(&e.node);
    return call && names->contains(call->function);
  });
}

}  // namespace tidemill::sql
