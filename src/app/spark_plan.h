// What the planner decided, carried into an application of Spark.
#pragma once

#include <string>
#include <vector>

#include "advisor/plan.h"
#include "engine/spark/application.h"

namespace tidemill::app {

// Salts the joins the plan says, each with two views before its step. Gives what could not be salted, with the reason.
std::vector<std::string> SaltJoins(const advisor::Plan& plan, engine::spark::Application& application);

// The plan's Spark settings as spark-submit takes them: KEY=VALUE.
std::vector<std::string> SubmitSettings(const advisor::Plan& plan);

}  // namespace tidemill::app
