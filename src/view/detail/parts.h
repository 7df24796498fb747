// Every node of a typed plan as a list of its parts, so that what walks whole plans (a copy, a digest, a search) says
// only what it does with a part.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "plan/typed.h"

namespace tidemill::view {

namespace typed = plan::typed;

// `visitor` has, for the parts it is given in the order they are evaluated in:
//   Say(x)            a name, flag or number that is part of what the node means
//   Constant(Value&)  a literal's value
//   Id(ColumnId&)     a column that is read
//   Made(Column&)     a column that is made
//   Variable(string&) a lambda's variable
//   Table(int&)       the number of a common table
//   One(ExprPtr&), One(RelationPtr&)   what is below; null where there is none
template <typename Visitor>
class Parts {
 public:
  explicit Parts(Visitor& visitor) : v_(visitor) {}

  // ---- expressions
  void Of(typed::Literal& n) { v_.Constant(n.value); }
  void Of(typed::ColumnRef& n) {
    v_.Say(n.outer);
    v_.Id(n.id);
  }
  void Of(typed::Call& n) {
    v_.Say(n.function);
    v_.Say(n.distinct);
    v_.Say(n.ignore_nulls);
    All(n.args);
    v_.One(n.filter);
    Keys(n.within_group);
  }
  void Of(typed::Cast& n) {
    v_.Say(static_cast<int>(n.mode));
    v_.One(n.child);
  }
  void Of(typed::Case& n) {
    v_.Say(n.branches.size());
    for (auto& [condition, result] : n.branches) {
      v_.One(condition);
      v_.One(result);
    }
    v_.One(n.otherwise);
  }
  void Of(typed::LambdaVariable& n) { v_.Variable(n.name); }
  void Of(typed::Lambda& n) {
    v_.Say(n.params.size());
    for (auto& param : n.params) v_.Variable(param.name);
    v_.One(n.body);
  }
  void Of(typed::Subquery& n) {
    v_.Say(static_cast<int>(n.kind));
    v_.Say(n.correlated);
    All(n.needle);
    v_.One(n.query);
  }
  void Of(typed::GetField& n) {
    v_.Say(n.index);
    v_.One(n.child);
  }
  void Of(typed::WindowCall& n) {
    Of(n.call);
    All(n.partition_by);
    Keys(n.order_by);
    v_.Say(n.rows);
    v_.Say(n.has_frame);
    for (auto* bound : {&n.start, &n.end}) {
      v_.Say(static_cast<int>(bound->kind));
      v_.One(bound->offset);
    }
  }

  // ---- relations
  void Of(typed::Scan& n) {
    v_.Say(n.table);
    Columns(n.columns);
  }
  void Of(typed::Values& n) {
    v_.Say(n.rows.size());
    for (auto& row : n.rows) All(row);
    Columns(n.columns);
  }
  void Of(typed::OneRow&) {}
  void Of(typed::Range& n) {
    v_.One(n.start);
    v_.One(n.end);
    v_.One(n.step);
    v_.Made(n.column);
  }
  void Of(typed::Project& n) {
    v_.One(n.input);
    Named(n.exprs);
  }
  void Of(typed::Filter& n) {
    v_.One(n.input);
    v_.One(n.condition);
  }
  void Of(typed::Aggregate& n) {
    v_.One(n.input);
    Named(n.keys);
    v_.Say(n.sets.size());
    for (auto& set : n.sets) {
      v_.Say(set.size());
      for (int index : set) v_.Say(index);
    }
    Named(n.aggregates);
    v_.Say(n.grouping_id.has_value());
    if (n.grouping_id) v_.Made(*n.grouping_id);
  }
  void Of(typed::Window& n) {
    v_.One(n.input);
    Named(n.calls);
  }
  void Of(typed::Join& n) {
    v_.Say(static_cast<int>(n.type));
    v_.Say(n.lateral);
    v_.One(n.left);
    v_.One(n.right);
    v_.One(n.condition);
  }
  void Of(typed::Generate& n) {
    v_.One(n.input);
    v_.Say(n.function);
    v_.Say(n.outer);
    All(n.args);
    Columns(n.columns);
  }
  void Of(typed::SetOp& n) {
    v_.Say(static_cast<int>(n.kind));
    v_.Say(n.all);
    v_.One(n.left);
    v_.One(n.right);
    Columns(n.columns);
  }
  void Of(typed::Distinct& n) { v_.One(n.input); }
  void Of(typed::Sort& n) {
    v_.One(n.input);
    Keys(n.keys);
    v_.Say(n.global);
  }
  void Of(typed::Limit& n) {
    v_.One(n.input);
    v_.Say(n.limit.value_or(-1));
    v_.Say(n.offset);
  }
  void Of(typed::Sample& n) {
    v_.One(n.input);
    v_.Say(n.fraction);
    v_.Say(n.seed);
  }
  void Of(typed::With& n) {
    v_.Say(n.tables.size());
    for (auto& table : n.tables) {
      v_.Table(table.cte);
      v_.One(table.query);
      v_.One(table.recursion);
      v_.Say(table.level_limit);
      v_.Say(table.row_limit);
    }
    v_.One(n.body);
  }
  void Of(typed::CteRef& n) {
    v_.Table(n.cte);
    Columns(n.columns);
  }

 private:
  void All(std::vector<typed::ExprPtr>& exprs) {
    v_.Say(exprs.size());
    for (auto& expr : exprs) v_.One(expr);
  }
  void Keys(std::vector<typed::SortKey>& keys) {
    v_.Say(keys.size());
    for (auto& key : keys) {
      v_.One(key.expr);
      v_.Say(key.ascending);
      v_.Say(key.nulls_first);
    }
  }
  void Columns(std::vector<typed::Column>& columns) {
    v_.Say(columns.size());
    for (auto& column : columns) v_.Made(column);
  }
  void Named(std::vector<typed::NamedExpr>& exprs) {
    v_.Say(exprs.size());
    for (auto& named : exprs) {
      v_.One(named.expr);
      v_.Made(named.column);
    }
  }

  Visitor& v_;
};

}  // namespace tidemill::view
