// shown.h: a query's result as it is shown to people.
#pragma once

#include "plan/type.h"
#include "plan/typed.h"

namespace tidemill::sql {

// The type with every TIMESTAMP in it, nested ones too, as TIMESTAMP_NTZ.
plan::DataType WithLocalTimes(const plan::DataType& type);

// The query with every instant among its values, nested ones too, as the local time of the session's zone
// (TIMESTAMP_NTZ): what `spark-sql` prints. The query itself where it gives no instants.
plan::typed::RelationPtr AsShown(const plan::typed::RelationPtr& query);

}  // namespace tidemill::sql
