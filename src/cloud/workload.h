// The jobs that a simulation runs: from a file, from earlier runs, or from the documented model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace tidemill::cloud {

// Times of a simulation count from its beginning.
struct SimJob {
  std::string name;
  int rank = 1;  // 0 critical, 1 regular, 2 development: lower ones get cores first
  Micros arrival{};
  double work_vcpu_seconds = 0;
  int max_vcpus = 1;  // that it can use at once
  Micros deadline{};  // from its arrival
};

// A line an object: {"job": "etl", "arrival": "2024-01-01T00:00:00Z" or seconds, "vcpu_seconds": 3600, "max_vcpus": 32,
// "deadline": "30m", "class": "regular"}. Arrivals count from the first one's midnight when they are times of day.
// kInvalidArgument names the line. The result is in order of arrival.
Result<std::vector<SimJob>> WorkloadFromJsonLines(std::string_view text);

// The model, see docs/simulation.md: so many jobs over so many days from a Monday's midnight, fewer from 9 to 18, many
// from 22 to 6, large ones on weekends; simple ETL, complex analytics and model training with their own sizes and
// deadlines. The same seed gives the same jobs.
std::vector<SimJob> ModelWorkload(int64_t jobs, double days, uint64_t seed);

// Cores that the busiest hour needs on average, if each job's work is done in the hour it arrives.
double BusiestHourVcpus(const std::vector<SimJob>& jobs);

}  // namespace tidemill::cloud
