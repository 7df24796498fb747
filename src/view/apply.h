// The queries by which a change reaches the stored rows of a view: which of them go, and which stay where some of their
// file go.
#pragma once

#include <string>
#include <vector>

#include "plan/typed.h"
#include "view/plan.h"

namespace tidemill::view {

// Whether two values of the type are the same bits exactly when these queries say so. Numbers with a point are compared
// as texts, which 0.0 and -0.0 have of their own.
bool CanTellApart(const plan::DataType& type);

// The change of a table as Maintain reads it, out of the tables `parts` of the engine: each has `columns`, then a
// STRING with Delta's kind of change.
plan::typed::RelationPtr Signed(const std::vector<std::string>& parts, const plan::Schema& columns, Ids& ids);
// The same without pairs of a row that came and a row that went which are the same. Every column must be one that rows
// can be told apart by.
plan::typed::RelationPtr Netted(const plan::typed::RelationPtr& change, Ids& ids);
// Of a change: the rows that came, or those that went, without the weight.
enum class Side { kCame, kWent };
plan::typed::RelationPtr SideOf(const plan::typed::RelationPtr& change, Side side);

// The stored rows of a view: the engine's table `name`, which has `columns` and then `_file` and `_row`.
struct Stored {
  std::string name;
  plan::Schema columns;
};
// `_file` and `_row` of as many stored rows as equal a row of `went`, each as often as it is there.
plan::typed::RelationPtr StoredRowsOf(const Stored& stored, const plan::typed::RelationPtr& went, Ids& ids);
// `_file` and `_row` of the stored rows whose columns `key_columns` are a row of `keys`.
plan::typed::RelationPtr StoredRowsWith(const Stored& stored, const plan::typed::RelationPtr& keys,
                                        const std::vector<int>& key_columns, Ids& ids);
// The stored rows that are not among the engine's table `gone` (of `_file` and `_row`).
plan::typed::RelationPtr StoredRowsWithout(const Stored& stored, const std::string& gone, Ids& ids);
// A table of `_file` and `_row`: the files, each once, and the number of rows.
plan::typed::RelationPtr FilesIn(const std::string& gone, Ids& ids);
// All rows of such a table.
plan::typed::RelationPtr PlacesIn(const std::string& gone, Ids& ids);
// One row with the number of rows, BIGINT.
plan::typed::RelationPtr CountOf(const plan::typed::RelationPtr& rows, Ids& ids);
// The rows of both, under the first one's names.
plan::typed::RelationPtr Together(const plan::typed::RelationPtr& first, const plan::typed::RelationPtr& second,
                                  Ids& ids);

}  // namespace tidemill::view
