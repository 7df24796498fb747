#include "app/simulation_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "advisor/figures.h"
#include "job/report_page.h"

namespace tidemill::app {
namespace {

using job::Html;

constexpr double kWidth = 1000, kLeft = 60;
constexpr size_t kMostPoints = 240;

// Hours put together, so that a year is as many points as a week.
struct Point {
  double on_demand = 0, spot = 0;  // nodes
  double used = 0;                 // share of the paid cores
};

std::vector<Point> PointsOf(const std::vector<cloud::SimHour>& hours) {
  std::vector<Point> points;
  const size_t each = std::max<size_t>((hours.size() + kMostPoints - 1) / kMostPoints, 1);
  for (size_t i = 0; i < hours.size(); i += each) {
    Point point;
    double used = 0, paid = 0;
    const size_t end = std::min(i + each, hours.size());
    for (size_t k = i; k < end; ++k) {
      point.on_demand += hours[k].on_demand_nodes / static_cast<double>(end - i);
      point.spot += hours[k].spot_nodes / static_cast<double>(end - i);
      used += hours[k].used_vcpus;
      paid += hours[k].paid_vcpus;
    }
    point.used = paid > 0 ? used / paid : 0;
    points.push_back(point);
  }
  return points;
}

// Stacked bars of dollars, a row a policy.
std::string DollarsChart(const cloud::Comparison& comparison) {
  constexpr double kNames = 210, kRow = 34, kFigures = 110;
  double most = 1e-9;
  for (const auto& c : comparison.policies) most = std::max(most, c.result.money.total());
  const double height = kRow * static_cast<double>(comparison.policies.size()) + 26;
  std::string text =
      fmt::format(R"(<svg viewBox="0 0 {} {}" role="img" aria-label="dollars by policy">)", kWidth, height);
  double y = 4;
  for (const auto& c : comparison.policies) {
    const auto& m = c.result.money;
    text +=
        fmt::format(R"(<text x="{}" y="{:.1f}" text-anchor="end">{}</text>)", kNames - 10, y + 18, Html(c.policy.name));
    double x = kNames;
    const std::tuple<const char*, const char*, double> parts[] = {{"on-demand", "var(--fill)", m.on_demand},
                                                                  {"spot", "var(--fill2)", m.spot},
                                                                  {"EMR's fee", "var(--soft)", m.emr}};
    for (const auto& [name, color, dollars] : parts) {
      const double wide = (kWidth - kNames - kFigures) * dollars / most;
      if (dollars <= 0) continue;
      text += fmt::format(
          R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="22" style="fill:{}"><title>{}: {}</title></rect>)", x,
          y, wide, color, name, advisor::DollarsText(dollars));
      x += wide;
    }
    text += fmt::format(R"(<text x="{:.1f}" y="{:.1f}">{}</text>)", x + 8, y + 16, advisor::DollarsText(m.total()));
    y += kRow;
  }
  double x = kNames;
  for (const auto& [name, color] : {std::pair("on-demand", "var(--fill)"), std::pair("spot", "var(--fill2)"),
                                    std::pair("EMR's fee", "var(--soft)")}) {
    text += fmt::format(
        R"(<rect x="{}" y="{:.1f}" width="12" height="12" style="fill:{}"/><text x="{}" y="{:.1f}">{}</text>)", x,
        y + 4, color, x + 18, y + 14, name);
    x += 130;
  }
  return text + "</svg>";
}

// Nodes over time: on-demand below, spot above it.
std::string NodesChart(const std::vector<cloud::SimHour>& hours, double most) {
  constexpr double kTop = 8, kHeight = 120;
  const auto points = PointsOf(hours);
  if (points.size() < 2) return "";
  const auto x = [&](size_t i) {
    return kLeft + (kWidth - kLeft) * static_cast<double>(i) / static_cast<double>(points.size() - 1);
  };
  const auto y = [&](double nodes) { return kTop + kHeight * (1 - nodes / most); };
  std::string below = fmt::format("M{:.1f} {:.1f}", x(0), y(0)), above;
  for (size_t i = 0; i < points.size(); ++i) {
    below += fmt::format("L{:.1f} {:.1f}", x(i), y(points[i].on_demand));
    above += fmt::format("{}{:.1f} {:.1f}", i == 0 ? "M" : "L", x(i), y(points[i].on_demand + points[i].spot));
  }
  for (size_t i = points.size(); i-- > 0;) above += fmt::format("L{:.1f} {:.1f}", x(i), y(points[i].on_demand));
  below += fmt::format("L{:.1f} {:.1f}Z", x(points.size() - 1), y(0));
  std::string text = R"(<svg viewBox="0 0 1000 150" role="img" aria-label="nodes over time">)";
  for (const double part : {0.0, 0.5, 1.0}) {
    text += fmt::format(R"(<line class="grid" x1="{0}" x2="1000" y1="{1:.1f}" y2="{1:.1f}"/>)", kLeft, y(most * part));
    text += fmt::format(R"(<text x="{}" y="{:.1f}" text-anchor="end">{:.0f}</text>)", kLeft - 8, y(most * part) + 4,
                        most * part);
  }
  text += fmt::format(R"svg(<path d="{}" style="fill:var(--fill)"/>)svg", below);
  text += fmt::format(R"svg(<path d="{}Z" style="fill:var(--fill2)"/>)svg", above);
  text +=
      fmt::format(R"(<text x="{}" y="146">0</text><text x="1000" y="146" text-anchor="end">day {:.3g}</text></svg>)",
                  kLeft, static_cast<double>(hours.size()) / 24);
  return text;
}

std::string Table(const cloud::Comparison& comparison) {
  const auto* base = comparison.baseline();
  std::string rows;
  for (const auto& c : comparison.policies) {
    const auto& r = c.result;
    const std::string saved = base == nullptr || base == &c
                                  ? ""
                                  : fmt::format("{:.1f} %", 100 * (1 - r.money.total() / base->result.money.total()));
    rows += fmt::format(
        "<tr><td>{}<br><span class=\"soft\">{}</span></td><td class=\"n\">{}</td><td class=\"n\">{}</td><td "
        "class=\"n\">{:.0f} %</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td "
        "class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
        Html(c.policy.name), Html(c.policy.words), advisor::DollarsText(r.money.total()), saved, 100 * r.utilisation(),
        advisor::SecondsText(r.mean_seconds), advisor::SecondsText(r.p95_seconds), FormatCount(r.missed),
        FormatCount(r.interruptions), FormatCount(r.bridges));
  }
  return "<div class=\"scroll\"><table><tr><th>policy</th><th class=\"n\">dollars</th><th class=\"n\">saved</th><th "
         "class=\"n\">cores used</th><th class=\"n\">mean job</th><th class=\"n\">95 % within</th><th "
         "class=\"n\">missed "
         "deadlines</th><th class=\"n\">interruptions</th><th class=\"n\">bridges</th></tr>" +
         rows + "</table></div>";
}

}  // namespace

std::string SimulationPage(const cloud::Comparison& comparison, const std::string& version) {
  double most = 1;
  for (const auto& c : comparison.policies) {
    for (const auto& point : PointsOf(c.result.hours)) most = std::max(most, point.on_demand + point.spot);
  }
  most = std::ceil(most / 10) * 10;
  std::string body = fmt::format("<div class=\"top\"><h1>{}</h1><span class=\"pill warn\">simulated</span></div>\n",
                                 Html("Cluster " + comparison.cluster));
  body +=
      fmt::format("<p class=\"sub\">{:g} days · seed {} · jobs: {} · market: {} · prices: {}</p>\n", comparison.days,
                  comparison.seed, Html(comparison.workload), Html(comparison.market), Html(comparison.prices));
  body += job::Card("Dollars", DollarsChart(comparison)) + job::Card("Policies", Table(comparison));
  for (const auto& c : comparison.policies) {
    body += job::Card("Nodes over time: " + c.policy.name, NodesChart(c.result.hours, most));
  }
  return job::Page("Cluster " + comparison.cluster, body, version);
}

}  // namespace tidemill::app
