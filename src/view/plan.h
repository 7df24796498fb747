// Typed plans as values that can be copied, compared and searched.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "plan/typed.h"

namespace tidemill::view {

// Hands out column ids that no plan made with it has.
class Ids {
 public:
  plan::typed::ColumnId Next() { return next_++; }

 private:
  plan::typed::ColumnId next_ = 0;
};

// Queries that stand behind names: a Scan of the name becomes a copy of the query.
using Steps = std::map<std::string, plan::typed::RelationPtr>;

// The same query with ids of its own, common tables and `steps` written out where they are read. Recursive common
// tables stay.
plan::typed::RelationPtr Inlined(const plan::typed::RelationPtr& relation, const Steps& steps, Ids& ids);

// The same query with ids of its own; a Scan reads what `table` makes of its name.
plan::typed::RelationPtr Copied(const plan::typed::RelationPtr& relation, Ids& ids,
                                const std::function<std::string(const std::string&)>& table = {});

// A text that two plans share when they are the same but for ids and the names of columns; a Scan says `label` of its
// table. Not for people.
std::string Fingerprint(const plan::typed::RelationPtr& relation,
                        const std::function<std::string(const std::string&)>& label);

// What is read, by name, each once.
std::vector<std::string> TablesOf(const plan::typed::RelationPtr& relation);

// Sees every expression and every relation of the plan, those in subqueries too.
void Walk(const plan::typed::RelationPtr& relation, const std::function<void(const plan::typed::Relation&)>& see,
          const std::function<void(const plan::typed::Expr&)>& see_expr);
void Walk(const plan::typed::ExprPtr& expr, const std::function<void(const plan::typed::Expr&)>& see_expr);

}  // namespace tidemill::view
