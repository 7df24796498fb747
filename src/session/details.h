// What the catalog knows of a table, as Spark tells it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "session/partition.h"
#include "session/warehouse.h"

namespace tidemill::session {

// The rows below "# Detailed Table Information", in Spark's order.
std::vector<std::pair<std::string, std::string>> DetailsOf(const Table& table);
// The rows of one of its partitions.
std::vector<std::pair<std::string, std::string>> DetailsOf(const Table& table, const Partition& partition);
// The same as "Key: value" lines with the schema's tree: SHOW TABLE EXTENDED.
std::string InformationOf(const Table& table);
// root
//  |-- a: integer (nullable = true)
std::string TreeOf(const plan::Schema& schema);
// The statement that makes the table or view again: SHOW CREATE TABLE.
std::string CreateTextOf(const Table& table);

}  // namespace tidemill::session
