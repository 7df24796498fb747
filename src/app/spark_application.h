// A job in the words of engine/spark: the one place that sees both.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "engine/spark/application.h"
#include "job/run_key.h"
#include "job/spec.h"

namespace tidemill::app {

// One run of the job as a PySpark application. kUnimplemented, by name, for what Spark would do differently.
Result<engine::spark::Application> SparkApplication(const job::Job& job, const std::optional<job::Window>& window,
                                                    const std::string& version);

}  // namespace tidemill::app
