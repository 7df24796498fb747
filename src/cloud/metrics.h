// Figures of CloudWatch by name.
#pragma once

#include <string>
#include <vector>

#include "cloud/aws/api.h"

namespace tidemill::cloud {

struct Metric {
  const char* space;  // "AWS/EC2"
  const char* name;
  const char* dimension;
  std::string of;
};

// The averages of each over pieces of `period`, the newest first; empty where none came.
Result<std::vector<std::vector<double>>> Averages(aws::Api& api, const std::vector<Metric>& metrics, Timestamp from,
                                                  Timestamp to, Micros period);

}  // namespace tidemill::cloud
