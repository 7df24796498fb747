// plan_tree.h: the physical plan of a query as its events tell it, a tree, as nodes in pre-order.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/eventlog/log.h"

namespace tidemill::advisor::eventlog {

// Of a `sparkPlanInfo`; anything else gives none.
std::vector<PlanNode> PlanNodes(const nlohmann::json& info);

// Spark's text of a node without what differs from query to query: ids of expressions and plans.
std::string WithoutIds(std::string_view text);

// Nodes that compute nothing: query stages, code generation, adapters.
bool IsWrapper(std::string_view name);

}  // namespace tidemill::advisor::eventlog
