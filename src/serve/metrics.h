// metrics.h: figures as Prometheus reads them (text format 0.0.4). Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tidemill::serve {

struct Sample {
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;
};

enum class MetricType { kGauge, kCounter };

struct Metric {
  std::string name;  // a counter's ends in _total
  std::string help;
  MetricType type = MetricType::kGauge;
  std::vector<Sample> samples;
};

// Metrics without samples are left out.
std::string MetricsText(const std::vector<Metric>& metrics);

}  // namespace tidemill::serve
