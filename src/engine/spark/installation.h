// The Spark on this machine: where it is, which version, and what to say when it isn't.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"

namespace tidemill::engine::spark {

using Environment = std::map<std::string, std::string>;

struct Installation {
  std::string submit;                   // path of spark-submit
  std::string version;                  // "4.1.4"
  Environment environment;              // for its processes
  std::vector<std::string> delta_jars;  // empty: Delta is fetched by --packages
};

// Looks at TIDEMILL_PYTHON's pyspark, SPARK_HOME, PATH and python3's pyspark, in this order; TIDEMILL_DELTA_JARS names
// Delta's jars, with commas. Starts Spark once to ask its version (a second). kFailedPrecondition says what to install.
Result<Installation> FindSpark(const Environment& environment, const Cancel& cancel);

}  // namespace tidemill::engine::spark
