// One SELECT block, with the ORDER BY that stands on it: names, grouping, windows and generators are sorted out here.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sql/detail/resolver_core.h"

namespace tidemill::sql {

// What becomes of a block's expressions once its grouping is known: keys and aggregates turn into columns of the
// Aggregate below, and any other column is an error.
class Grouper {
 public:
  Grouper(Resolver& resolver, std::vector<typed::ExprPtr> keys, bool written, std::function<typed::ColumnId()> new_id);
  // The expression over the Aggregate's output.
  Result<typed::ExprPtr> Rewrite(const typed::ExprPtr& expr);
  Status CheckOutside(const typed::ExprPtr& expr) const;
  Status CheckInList(const typed::ExprPtr& expr) const;
  // Drops `keys` to index sets over the keys this grouper keeps (equal keys are one).
  std::vector<int> Set(const std::vector<int>& written) const;
  typed::RelationPtr Build(const typed::RelationPtr& input, const std::vector<std::vector<int>>& sets,
                           Position at) const;
  const std::vector<typed::NamedExpr>& keys() const { return keys_; }
  void UseGroupingSets();
  // An expression whose collation's key is grouped by: any of its values stands for the group's.
  void AddCollated(const typed::ExprPtr& expr) { collated_.push_back(expr); }
  void AddInput(typed::ColumnId id) { input_ids_.insert(id); }

 private:
  Result<typed::ExprPtr> GroupingRead(const typed::Call& call, const typed::Expr& expr);
  Error NotGrouped(const typed::ExprPtr& column) const;
  int KeyIndex(const typed::ExprPtr& expr) const;
  Status CheckSubquery(const typed::Subquery& subquery) const;

  std::vector<typed::NamedExpr> keys_;
  std::vector<int> slots_;  // by written key, its index in keys_
  std::vector<typed::NamedExpr> aggregates_;
  std::vector<typed::ExprPtr> collated_;
  std::optional<typed::Column> grouping_id_;
  std::set<typed::ColumnId> input_ids_;  // the columns being grouped
  bool written_;                         // there is a GROUP BY
  std::function<typed::ColumnId()> new_id_;
};

class SelectResolver {
 public:
  SelectResolver(Resolver& resolver, const plan::Select& select, const plan::Sort* sort, const Names* outer,
                 Position at)
      : resolver_(resolver), select_(select), sort_(sort), outer_(outer), at_(at) {}
  Result<Rel> Run();

 private:
  struct Groups {
    std::vector<typed::ExprPtr> keys;
    std::vector<std::vector<int>> sets;  // over `keys`
    bool grouping_sets = false;
    std::vector<typed::ExprPtr> collated;  // keys as they were before their collation's keys took their place
  };

  // What Spark puts below a block that calls window() or session_window(): a column in the place of the call.
  struct TimeWindow {
    typed::ExprPtr call;
    typed::Column column;
  };

  std::string WithOuterNames(std::string name, const typed::ExprPtr& expr) const;
  Status ResolveFrom();
  bool HavingIsWhere() const;
  Status ResolveList();
  Status AddItem(const plan::ExprPtr& written);
  std::string NameOf(const plan::ExprPtr& written) const;
  Result<typed::ExprPtr> KeyAt(size_t item, Position at) const;
  Status AddGenerator(const plan::ExprPtr& written, const std::vector<std::string>& aliases);
  Result<Groups> ResolveGroups();
  Result<std::vector<std::vector<int>>> SetsOf(const plan::Grouping& grouping, Groups& groups);
  Result<int> KeyOf(const plan::ExprPtr& written, Groups& groups);
  Result<typed::ExprPtr> GroupExpr(const plan::ExprPtr& written);
  Status ResolveHaving(const Groups& groups);
  Status ResolveSort();
  Status Group(const Groups& groups);
  // resolver_time_window.cc
  Status OpenTimeWindow();
  Status PlaceTimeWindow(Groups& groups);
  Status PlaceWindows(const typed::Call& window, const typed::Column& time);
  Status MergeSessions(const Groups& groups);
  Status Generate();
  Status ExtractWindows();
  Result<typed::ExprPtr> TakeWindows(const typed::ExprPtr& expr, std::vector<typed::NamedExpr>& calls);
  Result<Rel> Finish();
  Result<typed::ExprPtr> WithoutOutput(const typed::ExprPtr& expr) const;
  int ItemOf(const typed::ExprPtr& expr) const;

  Resolver& resolver_;
  const plan::Select& select_;
  const plan::Sort* sort_;
  const Names* outer_;
  Position at_;
  Rel from_;
  typed::RelationPtr node_;
  Names names_;                     // of the select list: FROM, then aliases to the left
  Names group_names_;               // FROM, aliases, and the names Spark makes up for what has none
  std::set<size_t> alias_readers_;  // items that read an alias to their left; known where there is a GROUP BY
  Layer aliases_;
  Layer generated_;
  Layer grouping_;  // grouping__id
  Layer output_;    // the select list's columns as ORDER BY sees them: bindings whose expr is the item's
  std::vector<Item> items_;
  std::optional<TimeWindow> time_window_;
  std::string generator_function_;
  std::vector<typed::ExprPtr> generator_args_;
  std::vector<typed::Column> generator_columns_;
  bool generator_outer_ = false;
  typed::ExprPtr having_;
  std::vector<typed::SortKey> sort_keys_;
  std::vector<int> sort_items_;  // parallel to sort_keys_: the item that is the key, or -1
};

}  // namespace tidemill::sql
