#include "job/report_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "job/report_page.h"

namespace tidemill::job {
namespace {

constexpr double kWidth = 1000;
constexpr size_t kMostBars = 400;

double Seconds(Micros duration) { return static_cast<double>(duration.count()) / 1e6; }

double Log2(double value) { return std::log2(std::max(value, 1e-9)); }

// 1, 2 or 5 times a power of ten, at least `value`.
double NiceAbove(double value) {
  if (value <= 0) return 1;
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double step : {1.0, 2.0, 5.0, 10.0}) {
    if (step * power >= value) return step * power;
  }
  return value;
}

std::string ShortCount(double n) {
  if (n >= 1e9) return fmt::format("{:.3g} G", n / 1e9);
  if (n >= 1e6) return fmt::format("{:.3g} M", n / 1e6);
  if (n >= 1e4) return fmt::format("{:.3g} k", n / 1e3);
  return FormatCount(static_cast<int64_t>(n));
}

// Horizontal lines at half and whole height with their values.
std::string Axis(double left, double top, double height, double most) {
  std::string text;
  for (const double part : {0.0, 0.5, 1.0}) {
    const double y = top + height * (1 - part);
    text += fmt::format(R"(<line class="grid" x1="{0}" x2="{1}" y1="{2:.1f}" y2="{2:.1f}"/>)", left, kWidth, y);
    text +=
        fmt::format(R"(<text x="{}" y="{:.1f}" text-anchor="end">{}</text>)", left - 8, y + 4, ShortCount(most * part));
  }
  return text;
}

struct Bar {
  double value = 0;
  std::string title;
};

std::string Bars(const std::vector<Bar>& bars, double left, double top, double height, double most) {
  std::string text;
  const double step = (kWidth - left) / static_cast<double>(bars.size());
  const double gap = std::min(step * 0.2, 6.0);
  const double width = std::min(step - gap, 80.0);
  for (size_t i = 0; i < bars.size(); ++i) {
    const double tall = most > 0 ? height * bars[i].value / most : 0;
    if (bars[i].value <= 0) continue;
    text += fmt::format(
        R"(<rect class="bar" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>{}</title></rect>)",
        left + step * static_cast<double>(i) + (step - width) / 2, top + height - std::max(tall, 1.0), width,
        std::max(tall, 1.0), Html(bars[i].title));
  }
  return text;
}

std::vector<Bar> GroupPartitions(const std::vector<PartitionRows>& partitions) {
  std::vector<Bar> bars;
  const size_t each = (partitions.size() + kMostBars - 1) / kMostBars;
  for (size_t i = 0; i < partitions.size(); i += each) {
    const size_t end = std::min(i + each, partitions.size());
    int64_t rows = 0;
    for (size_t k = i; k < end; ++k) rows += partitions[k].rows;
    const std::string label =
        each == 1 ? partitions[i].label : fmt::format("{} … {} (mean)", partitions[i].label, partitions[end - 1].label);
    const double mean = static_cast<double>(rows) / static_cast<double>(end - i);
    bars.push_back({mean, fmt::format("{}: {} rows", label, FormatCount(static_cast<int64_t>(mean)))});
  }
  return bars;
}

}  // namespace

std::string TimeLine(const std::vector<StageSpan>& stages, Micros total) {
  std::string text;
  const double all = std::max(Seconds(total), 1e-6);
  for (const auto& stage : stages) {
    const double left = 100 * Seconds(stage.start) / all, width = 100 * Seconds(stage.end - stage.start) / all;
    text += fmt::format(
        R"(<div class="stage"><span>{}</span><span class="track"><i style="left:{:.2f}%;width:{:.2f}%"></i></span><span class="n">{}</span></div>)",
        Html(stage.name), std::min(left, 99.6), std::min(width, 100 - std::min(left, 99.6)),
        FormatDuration(stage.end - stage.start));
  }
  return text;
}

std::string RateGauge(double reached, double target, std::string_view target_name) {
  constexpr double kLeast = 0.01, kMost = 100;
  const auto at = [&](double rate) {
    const double part = std::log10(std::clamp(rate, kLeast, kMost) / kLeast) / std::log10(kMost / kLeast);
    return 100 * part;
  };
  return fmt::format(
      R"(<div class="gauge"><em style="left:{0:.1f}%">target {1:g}</em><i style="width:{2:.1f}%"></i><u style="left:{0:.1f}%"></u></div><p class="soft">{3:.2f} GB/min read; the target for {4} is {1:g} GB/min. The scale is logarithmic, 0.01 to 100.</p>)",
      at(target), target, at(reached), reached, Html(target_name));
}

std::string RateCurve(const std::vector<std::pair<Micros, int64_t>>& points) {
  constexpr double kLeft = 40, kTop = 10, kHeight = 90, kWidth = 480;  // stands in half a page
  std::vector<std::pair<double, double>> rates;                        // seconds, MB/s
  for (size_t i = 1; i < points.size(); ++i) {
    const double seconds = Seconds(points[i].first - points[i - 1].first);
    const auto bytes = static_cast<double>(points[i].second - points[i - 1].second);
    if (seconds <= 0 || bytes < 0) continue;
    rates.emplace_back(Seconds(points[i].first), bytes / seconds * 60 / (1 << 30));
  }
  if (rates.size() < 3) return "";
  double most = 0;
  for (const auto& [when, rate] : rates) most = std::max(most, rate);
  most = NiceAbove(most);
  const double first = rates.front().first, span = std::max(rates.back().first - first, 1e-6);
  std::string line;
  for (const auto& [when, rate] : rates) {
    line += fmt::format("{}{:.1f} {:.1f}", line.empty() ? "M" : "L", kLeft + (kWidth - kLeft) * (when - first) / span,
                        kTop + kHeight * (1 - rate / most));
  }
  std::string text = R"(<svg class="half" viewBox="0 0 480 112" role="img" aria-label="GB per minute over time">)";
  for (const double part : {0.0, 0.5, 1.0}) {
    const double y = kTop + kHeight * (1 - part);
    text += fmt::format(R"(<line class="grid" x1="{}" x2="480" y1="{:.1f}" y2="{:.1f}"/>)", kLeft, y, y);
    text += fmt::format(R"(<text x="{}" y="{:.1f}" text-anchor="end">{:.3g}</text>)", kLeft - 8, y + 4, most * part);
  }
  text += fmt::format(R"(<path class="area" d="{}L{:.1f} {:.1f}L{:.1f} {:.1f}Z"/><path class="curve" d="{}"/>)", line,
                      kWidth, kTop + kHeight, kLeft, kTop + kHeight, line);
  return text + "</svg>";
}

std::string PartitionChart(const std::vector<PartitionRows>& partitions) {
  constexpr double kLeft = 70, kTop = 10, kHeight = 170;
  const std::vector<Bar> bars = GroupPartitions(partitions);
  double most = 0;
  for (const auto& bar : bars) most = std::max(most, bar.value);
  most = NiceAbove(most);
  std::string text = R"(<svg viewBox="0 0 1000 205" role="img" aria-label="rows per partition">)";
  text += Axis(kLeft, kTop, kHeight, most) + Bars(bars, kLeft, kTop, kHeight, most);
  text += fmt::format(R"(<text x="{}" y="200">{}</text>)", kLeft, Html(partitions.front().label));
  if (partitions.size() > 1) {
    text += fmt::format(R"(<text x="1000" y="200" text-anchor="end">{}</text>)", Html(partitions.back().label));
  }
  return text + "</svg>";
}

std::string FileSizeChart(const std::vector<int64_t>& sizes) {
  constexpr double kLeft = 70, kTop = 10, kHeight = 110;
  constexpr int kFirst = 10, kLast = 33;  // 1 KB to 8 GB, in powers of two
  std::vector<Bar> bars(kLast - kFirst);
  for (const int64_t size : sizes) {
    const int power = std::clamp(static_cast<int>(Log2(static_cast<double>(size))), kFirst, kLast - 1);
    bars[static_cast<size_t>(power - kFirst)].value += 1;
  }
  double most = 0;
  for (size_t i = 0; i < bars.size(); ++i) {
    most = std::max(most, bars[i].value);
    bars[i].title =
        fmt::format("{} to {}: {} files", FormatBytes(int64_t{1} << (i + kFirst)),
                    FormatBytes(int64_t{1} << (i + kFirst + 1)), FormatCount(static_cast<int64_t>(bars[i].value)));
  }
  most = NiceAbove(most);
  const double step = (kWidth - kLeft) / static_cast<double>(bars.size());
  const auto x = [&](int power) { return kLeft + step * (power - kFirst); };
  std::string text = R"(<svg viewBox="0 0 1000 145" role="img" aria-label="file sizes">)";
  text += fmt::format(R"(<rect class="bandrect" x="{:.1f}" y="{}" width="{:.1f}" height="{}"/>)", x(27), kTop,
                      x(30) - x(27), kHeight);
  text += Axis(kLeft, kTop, kHeight, most) + Bars(bars, kLeft, kTop, kHeight, most);
  constexpr std::pair<int, const char*> kLabels[] = {
      {10, "1 KB"}, {15, "32 KB"}, {20, "1 MB"}, {27, "128 MB"}, {30, "1 GB"}};
  for (const auto& [power, label] : kLabels) {
    text += fmt::format(R"(<text x="{:.1f}" y="140" text-anchor="middle">{}</text>)", x(power), label);
  }
  return text + "</svg>";
}

}  // namespace tidemill::job
