// What a resolved step reads and does to many rows at once.
#include <algorithm>
#include <cctype>
#include <functional>
#include <set>

#include "base/lower.h"
#include "job/facts.h"

namespace tidemill::job {
namespace {

namespace typed = plan::typed;
using typed::ExprPtr;
using typed::RelationPtr;

// The parts of a node, each in one place: relations below it, and expressions in it.
struct Parts {
  std::vector<RelationPtr> inputs;
  std::vector<ExprPtr> exprs;
};

void Take(Parts& parts, const std::vector<typed::NamedExpr>& named) {
  for (const auto& one : named) parts.exprs.push_back(one.expr);
}
void Take(Parts& parts, const std::vector<typed::SortKey>& keys) {
  for (const auto& key : keys) parts.exprs.push_back(key.expr);
}

struct PartsOf {
  Parts operator()(const typed::Scan&) const { return {}; }
  Parts operator()(const typed::Values& node) const {
    Parts parts;
    for (const auto& row : node.rows) parts.exprs.insert(parts.exprs.end(), row.begin(), row.end());
    return parts;
  }
  Parts operator()(const typed::OneRow&) const { return {}; }
  Parts operator()(const typed::Range& node) const { return {{}, {node.start, node.end, node.step}}; }
  Parts operator()(const typed::Project& node) const {
    Parts parts{{node.input}, {}};
    Take(parts, node.exprs);
    return parts;
  }
  Parts operator()(const typed::Filter& node) const { return {{node.input}, {node.condition}}; }
  Parts operator()(const typed::Aggregate& node) const {
    Parts parts{{node.input}, {}};
    Take(parts, node.keys);
    Take(parts, node.aggregates);
    return parts;
  }
  Parts operator()(const typed::Window& node) const {
    Parts parts{{node.input}, {}};
    Take(parts, node.calls);
    return parts;
  }
  Parts operator()(const typed::Join& node) const { return {{node.left, node.right}, {node.condition}}; }
  Parts operator()(const typed::Generate& node) const { return {{node.input}, node.args}; }
  Parts operator()(const typed::SetOp& node) const { return {{node.left, node.right}, {}}; }
  Parts operator()(const typed::Distinct& node) const { return {{node.input}, {}}; }
  Parts operator()(const typed::Sort& node) const {
    Parts parts{{node.input}, {}};
    Take(parts, node.keys);
    return parts;
  }
  Parts operator()(const typed::Limit& node) const { return {{node.input}, {}}; }
  Parts operator()(const typed::Sample& node) const { return {{node.input}, {}}; }
  Parts operator()(const typed::With& node) const {
    Parts parts;
    for (const auto& table : node.tables) {
      parts.inputs.push_back(table.query);
      if (table.recursion) parts.inputs.push_back(table.recursion);
    }
    parts.inputs.push_back(node.body);
    return parts;
  }
  Parts operator()(const typed::CteRef&) const { return {}; }
};

struct ExprParts {
  std::vector<ExprPtr> children;
  RelationPtr query;
};

void Take(ExprParts& parts, const typed::Call& call) {
  parts.children.insert(parts.children.end(), call.args.begin(), call.args.end());
  if (call.filter) parts.children.push_back(call.filter);
  for (const auto& key : call.within_group) parts.children.push_back(key.expr);
}

struct ExprPartsOf {
  ExprParts operator()(const typed::Literal&) const { return {}; }
  ExprParts operator()(const typed::ColumnRef&) const { return {}; }
  ExprParts operator()(const typed::LambdaVariable&) const { return {}; }
  ExprParts operator()(const typed::Call& node) const {
    ExprParts parts;
    Take(parts, node);
    return parts;
  }
  ExprParts operator()(const typed::Cast& node) const { return {{node.child}, nullptr}; }
  ExprParts operator()(const typed::Case& node) const {
    ExprParts parts{{node.otherwise}, nullptr};
    for (const auto& [when, then] : node.branches) parts.children.insert(parts.children.end(), {when, then});
    return parts;
  }
  ExprParts operator()(const typed::Lambda& node) const { return {{node.body}, nullptr}; }
  ExprParts operator()(const typed::Subquery& node) const { return {node.needle, node.query}; }
  ExprParts operator()(const typed::GetField& node) const { return {{node.child}, nullptr}; }
  ExprParts operator()(const typed::WindowCall& node) const {
    ExprParts parts;
    Take(parts, node.call);
    parts.children.insert(parts.children.end(), node.partition_by.begin(), node.partition_by.end());
    for (const auto& key : node.order_by) parts.children.push_back(key.expr);
    return parts;
  }
};

// Every relation, inputs before what reads them, and every expression, subqueries included.
void Walk(const RelationPtr& relation, const std::function<void(const typed::Relation&)>& on_relation,
          const std::function<void(const typed::Expr&)>& on_expr) {
  const std::function<void(const ExprPtr&)> expr = [&](const ExprPtr& e) {
    if (!e) return;
    const ExprParts parts = std::visit(ExprPartsOf(), e->node);
    for (const auto& child : parts.children) expr(child);
    if (parts.query) Walk(parts.query, on_relation, on_expr);
    on_expr(*e);
  };
  const Parts parts = std::visit(PartsOf(), relation->node);
  for (const auto& input : parts.inputs) Walk(input, on_relation, on_expr);
  for (const auto& e : parts.exprs) expr(e);
  on_relation(*relation);
}

// The one table whose rows, filtered or picked from, the relation gives; empty when there are several.
std::string TableOf(const RelationPtr& relation) {
  if (const auto* scan = std::get_if<typed::Scan>(&relation->node)) return scan->table;
  if (const auto* project = std::get_if<typed::Project>(&relation->node)) return TableOf(project->input);
  if (const auto* filter = std::get_if<typed::Filter>(&relation->node)) return TableOf(filter->input);
  return "";
}

std::string NameOf(const ExprPtr& expr, const std::map<typed::ColumnId, std::string>& names) {
  const auto* ref = std::get_if<typed::ColumnRef>(&expr->node);
  if (const auto* cast = std::get_if<typed::Cast>(&expr->node)) return NameOf(cast->child, names);
  if (ref == nullptr) return "";
  const auto found = names.find(ref->id);
  return found == names.end() ? "" : found->second;
}

const char* Word(plan::JoinType type) {
  switch (type) {
    case plan::JoinType::kInner:
      return "inner";
    case plan::JoinType::kLeft:
      return "left";
    case plan::JoinType::kRight:
      return "right";
    case plan::JoinType::kFull:
      return "full";
    case plan::JoinType::kLeftSemi:
      return "semi";
    case plan::JoinType::kLeftAnti:
      return "anti";
    case plan::JoinType::kCross:
      return "cross";
  }
  return "inner";
}

class OperationFinder {
 public:
  std::vector<advisor::Operation> Find(const RelationPtr& relation) {
    Walk(relation, [&](const auto& r) { Names(r); }, [](const auto&) {});
    Walk(
        relation, [&](const auto& r) { std::visit([&](const auto& node) { Node(node); }, r.node); },
        [&](const auto& e) { Expr(e); });
    return std::move(found_);
  }

 private:
  // A column's name where it first appears: in its table.
  void Names(const typed::Relation& relation) {
    for (const auto& column : relation.columns) names_.emplace(column.id, column.name);
  }

  template <typename Other>
  void Node(const Other&) {}
  void Node(const typed::Join& join) {
    advisor::Operation operation{"join", Word(join.type), TableOf(join.left), TableOf(join.right), {}};
    EqualKeys(join.condition, operation.keys);
    if (join.condition == nullptr && operation.type == "inner") operation.type = "cross";
    found_.push_back(std::move(operation));
  }
  void Node(const typed::Aggregate& aggregate) {
    advisor::Operation operation{"aggregate", "", "", "", {}};
    for (const auto& key : aggregate.keys) operation.keys.push_back(NameOf(key.expr, names_));
    found_.push_back(std::move(operation));
  }
  void Node(const typed::Window& window) {
    advisor::Operation operation{"window", "", "", "", {}};
    if (const auto* call = std::get_if<typed::WindowCall>(&window.calls[0].expr->node)) {
      for (const auto& key : call->partition_by) operation.keys.push_back(NameOf(key, names_));
    }
    found_.push_back(std::move(operation));
  }
  void Node(const typed::Distinct&) { found_.push_back({"distinct", "", "", "", {}}); }
  void Node(const typed::Sort&) { found_.push_back({"sort", "", "", "", {}}); }
  void Node(const typed::SetOp& set) {
    if (!set.all) found_.push_back({"distinct", "", "", "", {}});
  }

  void Expr(const typed::Expr& expr) {
    const auto* query = std::get_if<typed::Subquery>(&expr.node);
    if (query == nullptr || query->kind == plan::SubqueryExpr::Kind::kScalar) return;
    found_.push_back({"join", "semi", "", TableOf(query->query), {}});
  }

  // The columns of the left sides of `a.x = b.y AND ...`; of one name on both sides as a rule.
  void EqualKeys(const ExprPtr& condition, std::vector<std::string>& keys) const {
    const auto* call = condition ? std::get_if<typed::Call>(&condition->node) : nullptr;
    if (call == nullptr) return;
    if (call->function == "and") {
      for (const auto& arg : call->args) EqualKeys(arg, keys);
    } else if (call->function == "=" || call->function == "<=>") {
      if (const auto name = NameOf(call->args[0], names_); !name.empty()) keys.push_back(name);
    }
  }

  std::map<typed::ColumnId, std::string> names_;
  std::vector<advisor::Operation> found_;
};

}  // namespace

advisor::StepFacts StepFactsOf(const PlannedStep& step) {
  advisor::StepFacts facts;
  facts.name = step.step->name;
  facts.cache = step.step->cache;
  Walk(
      step.relation,
      [&](const auto& relation) {
        if (const auto* scan = std::get_if<typed::Scan>(&relation.node)) facts.reads.push_back(scan->table);
      },
      [](const auto&) {});
  facts.operations = OperationFinder().Find(step.relation);
  return facts;
}

std::map<std::string, int> ColumnsRead(const Prepared& prepared) {
  std::map<std::string, std::set<std::string>> used;
  for (const auto& step : prepared.steps) {
    std::set<typed::ColumnId> ids;
    for (const auto& column : step.relation->columns) ids.insert(column.id);
    Walk(
        step.relation, [](const auto&) {},
        [&](const auto& expr) {
          if (const auto* ref = std::get_if<typed::ColumnRef>(&expr.node)) ids.insert(ref->id);
        });
    Walk(
        step.relation,
        [&](const auto& relation) {
          const auto* scan = std::get_if<typed::Scan>(&relation.node);
          if (scan == nullptr) return;
          auto& columns = used[LowerAscii(scan->table)];
          for (const auto& column : scan->columns) {
            if (ids.contains(column.id)) columns.insert(column.name);
          }
        },
        [](const auto&) {});
  }
  std::map<std::string, int> counts;
  for (const auto& [table, columns] : used) counts[table] = static_cast<int>(columns.size());
  return counts;
}

}  // namespace tidemill::job
