#include "app/spark_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "sql/salt.h"

namespace tidemill::app {

std::vector<std::string> SaltJoins(const advisor::Plan& plan, engine::spark::Application& application) {
  std::vector<std::string> left_out;
  for (const auto& salt : plan.salts) {
    const auto step = std::find_if(application.steps.begin(), application.steps.end(),
                                   [&](const auto& s) { return s.name == salt.step; });
    if (step == application.steps.end()) continue;
    sql::SaltSpec spec{salt.table, salt.other, salt.column, salt.values, salt.count};
    std::erase(spec.values, "NULL");  // it meets no key, and so no copy
    const auto salted = sql::SaltJoin(step->sql, spec);
    if (!salted.ok()) {
      left_out.push_back(
          fmt::format("the join of {} on {} is not salted: {}", salt.step, salt.column, salted.error().message));
      continue;
    }
    step->sql = salted->sql;
    std::vector<engine::spark::AppStep> views;
    for (const auto& [name, sql] : salted->views) views.push_back({name, sql, false});
    application.steps.insert(step, views.begin(), views.end());
  }
  return left_out;
}

std::vector<std::string> SubmitSettings(const advisor::Plan& plan) {
  std::vector<std::string> settings;
  for (const auto& [name, value] : plan.spark_conf) settings.push_back(name + "=" + value);
  return settings;
}

}  // namespace tidemill::app
