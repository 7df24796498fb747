#include "cloud/metrics.h"

#include <fmt/format.h>

#include <charconv>

#include "cloud/aws/xml.h"

namespace tidemill::cloud {
namespace {

constexpr size_t kMostAtOnce = 500;  // of a call

double Real(std::string_view text) {
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

Result<std::vector<std::vector<double>>> Averages(aws::Api& api, const std::vector<Metric>& metrics, Timestamp from,
                                                  Timestamp to, Micros period) {
  std::vector<std::vector<double>> values(metrics.size());
  for (size_t begin = 0; begin < metrics.size(); begin += kMostAtOnce) {
    aws::Parameters ask = {
        {"StartTime", FormatTimestamp(from)}, {"EndTime", FormatTimestamp(to)}, {"ScanBy", "TimestampDescending"}};
    for (size_t i = begin; i < std::min(metrics.size(), begin + kMostAtOnce); ++i) {
      const std::string at = fmt::format("MetricDataQueries.member.{}.", i - begin + 1);
      ask.insert(ask.end(), {{at + "Id", fmt::format("m{}", i)},
                             {at + "MetricStat.Metric.Namespace", metrics[i].space},
                             {at + "MetricStat.Metric.MetricName", metrics[i].name},
                             {at + "MetricStat.Metric.Dimensions.member.1.Name", metrics[i].dimension},
                             {at + "MetricStat.Metric.Dimensions.member.1.Value", metrics[i].of},
                             {at + "MetricStat.Period", std::to_string(period / std::chrono::seconds(1))},
                             {at + "MetricStat.Stat", "Average"}});
    }
    std::string token;
    do {
      auto with = ask;
      if (!token.empty()) with.emplace_back("NextToken", token);
      ASSIGN_OR_RETURN(const auto xml, api.Query("cloudwatch", "GetMetricData", with));
      const auto lists = aws::XmlAll(xml, "MetricDataResults");
      for (const auto& result : lists.empty() ? std::vector<std::string>() : aws::XmlAll(lists.front(), "member")) {
        const std::string id = aws::XmlText(result, "Id");
        const auto at = static_cast<size_t>(id.empty() ? 0 : Real(std::string_view(id).substr(1)));
        const auto inside = aws::XmlAll(result, "Values");
        if (at >= values.size() || inside.empty()) continue;
        for (const auto& value : aws::XmlAll(inside.front(), "member")) values[at].push_back(Real(value));
      }
      token = aws::XmlText(xml, "NextToken");
    } while (!token.empty());
  }
  return values;
}

}  // namespace tidemill::cloud
