#include "serve/metrics.h"

#include <fmt/format.h>

#include <cmath>

namespace tidemill::serve {
namespace {

std::string Escaped(const std::string& text, bool label) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && label) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
  return out;
}

std::string Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

}  // namespace

std::string MetricsText(const std::vector<Metric>& metrics) {
  std::string text;
  for (const Metric& metric : metrics) {
    if (metric.samples.empty()) continue;
    text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", metric.name, Escaped(metric.help, false), metric.name,
                        metric.type == MetricType::kCounter ? "counter" : "gauge");
    for (const Sample& sample : metric.samples) {
      std::string labels;
      for (const auto& [name, value] : sample.labels) {
        labels += fmt::format("{}{}=\"{}\"", labels.empty() ? "{" : ",", name, Escaped(value, true));
      }
      text += fmt::format("{}{}{} {}\n", metric.name, labels, labels.empty() ? "" : "}", Number(sample.value));
    }
  }
  return text;
}

}  // namespace tidemill::serve
