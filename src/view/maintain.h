// How a view's rows follow the changes of its tables, without computing all of them again.
//
// A change is a bag of rows with a sign: rows that came and rows that went. Filters, projections, UNION ALL and inner
// joins are linear in it: their change is the same operator over their input's. Whatever works by key (aggregates,
// DISTINCT, windows, outer and semi joins) is computed anew for the keys that the change touches, over the tables as
// they are and, where its own change is asked for, as they were; so that every aggregate is exact, whatever was
// deleted.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "plan/typed.h"
#include "view/plan.h"

namespace tidemill::view {

// What is known of a table's changes since the view's rows were made.
enum class TableChange { kNone, kInserts, kAny };

// The engine's names of a table's changes and of the table as it was, made from the table's own. The changes have one
// column more, `weight`: 1 for a row that came, -1 for one that went; all are 1 of kInserts.
std::string ChangesOf(const std::string& table);
std::string BeforeOf(const std::string& table);

// A query that is computed once and read by name.
struct Step {
  std::string name;
  plan::typed::RelationPtr relation;
};

struct Maintenance {
  enum class Kind {
    kAppend,  // `rows` come, none goes
    kRows,    // `rows` have the column `weight` last; a row that goes is taken out as often
    kKeys,    // `rows` take the place of those whose columns `key_columns` are a row of `keys`
  };
  Kind kind = Kind::kAppend;
  std::vector<Step> steps;  // in this order, before the rest
  plan::typed::RelationPtr rows;
  plan::typed::RelationPtr keys;
  std::vector<int> key_columns;     // of the view, one a column of `keys`
  std::vector<std::string> before;  // tables that are read as they were
  std::string how;                  // for people: "rows that came", "groups that changed"
};

// `relation` is Inlined. kUnimplemented, saying what stands in the way, when only all rows computed anew are sure to be
// right. At least one of the tables has changed.
Result<Maintenance> Maintain(const plan::typed::RelationPtr& relation,
                             const std::map<std::string, TableChange>& changes, Ids& ids);

}  // namespace tidemill::view
