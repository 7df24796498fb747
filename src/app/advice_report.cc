#include "app/advice_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "advisor/figures.h"
#include "app/text_table.h"
#include "job/report_page.h"

namespace tidemill::app {
namespace {

using advisor::BytesText;
using advisor::CountText;
using advisor::DollarsText;
using advisor::SecondsText;
using advisor::ShareText;
using advisor::eventlog::Finding;
using Json = nlohmann::ordered_json;

constexpr const char *kBold = "1", *kYellow = "33", *kGreen = "32", *kDim = "2";

std::string GainText(const Finding& finding, double seconds) {
  std::string text;
  if (finding.seconds.mid > 0) {
    text = fmt::format("{} to {} of {}, likely {} ({})", SecondsText(finding.seconds.low),
                       SecondsText(finding.seconds.high), SecondsText(seconds), SecondsText(finding.seconds.mid),
                       ShareText(finding.seconds.mid / std::max(seconds, 0.001)));
  }
  if (finding.core_hours > 0) {
    text += fmt::format("{}{:.2g} core hours not paid for", text.empty() ? "" : ", ", finding.core_hours);
  }
  return text;
}

std::string StagesText(const Finding& finding) {
  constexpr size_t kMost = 8;
  const auto end = finding.stages.begin() + static_cast<std::ptrdiff_t>(std::min(kMost, finding.stages.size()));
  return fmt::format("{}{}", fmt::join(finding.stages.begin(), end, ", "),
                     finding.stages.size() > kMost ? ", ..." : "");
}

std::string FiguresText(const Finding& finding) {
  std::vector<std::string> words;
  for (const auto& [name, value] : finding.figures) words.push_back(name + " " + value);
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string ShapeText(const advisor::eventlog::Shape& shape) {
  return fmt::format("{} x {} core{}", shape.executors, shape.cores, shape.cores == 1 ? "" : "s");
}

std::vector<std::vector<std::string>> ShapeRows(const AdviceReport& report) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& outcome : report.what_if.outcomes) {
    rows.push_back({ShapeText(outcome.shape) + (rows.empty() ? " (as run)" : ""), outcome.instance,
                    SecondsText(outcome.seconds.mid),
                    fmt::format("{} to {}", SecondsText(outcome.seconds.low), SecondsText(outcome.seconds.high)),
                    ShareText(outcome.utilisation), DollarsText(outcome.dollars), SecondsText(outcome.spot_seconds),
                    DollarsText(outcome.spot_dollars)});
  }
  return rows;
}

std::string NativeText(const advisor::eventlog::OneMachine& native) {
  if (!native.possible) return "not natively: " + native.why;
  return fmt::format("natively on one {}: {} to {}, {}, with {} of memory ({})", native.instance,
                     SecondsText(native.seconds.low), SecondsText(native.seconds.high), DollarsText(native.dollars),
                     BytesText(native.memory_bytes), native.why);
}

std::string ModelText(const AdviceReport& report) {
  const auto& now = report.what_if;
  return fmt::format("The model gives {} for the {} measured ({}); with endless cores {} (the critical path).",
                     SecondsText(now.modelled), SecondsText(now.measured),
                     ShareText(now.modelled / std::max(now.measured, 0.001)), SecondsText(now.critical_path));
}

std::string Heading(const AdviceReport& report) {
  const auto& log = report.log;
  return fmt::format("{} ({}), Spark {}: {}, {} jobs, {} stages, {} tasks, {} read, {} shuffled", log.name, log.id,
                     log.spark_version, SecondsText(log.ended), log.jobs.size(), log.stages.size(),
                     CountText(static_cast<double>(log.sums.tasks)),
                     BytesText(static_cast<double>(log.sums.input_bytes)),
                     BytesText(static_cast<double>(log.sums.shuffle_write_bytes)));
}

std::vector<std::string> Warnings(const AdviceReport& report) {
  std::vector<std::string> out;
  if (!report.cut.empty()) out.push_back("the log ends early: " + report.cut);
  if (report.log.unread_lines > 0) out.push_back(fmt::format("{} lines could not be read", report.log.unread_lines));
  if (!report.log.whole) out.push_back("the application's end is not in the log: it runs still, or was killed");
  return out;
}

std::string Paint(bool color, const char* code, const std::string& text) {
  return color ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
}

Json IntervalJson(const advisor::Interval& interval) {
  return {{"low", interval.low}, {"mid", interval.mid}, {"high", interval.high}};
}

}  // namespace

std::string FindingsText(const std::vector<Finding>& findings, double seconds, bool color) {
  std::string out;
  if (findings.empty()) out += Paint(color, kGreen, "\nNothing found that is worth a change.") + "\n";
  int number = 0;
  for (const Finding& finding : findings) {
    const auto line = [&](std::string_view name, const std::string& text) {
      if (!text.empty()) out += fmt::format("   {:<8} {}\n", name, text);
    };
    out += fmt::format("\n{} {}\n", Paint(color, kBold, fmt::format("{}. {}:", ++number, finding.rule)), finding.what);
    line("stages", StagesText(finding));
    line("seen", FiguresText(finding));
    for (const auto& [key, value] : finding.settings) line("set", Paint(color, kGreen, key + "=" + value));
    line(finding.settings.empty() ? "change" : "or else", finding.advice);
    line("gains", GainText(finding, seconds));
    line("sure", std::string(advisor::eventlog::Name(finding.confidence)));
  }
  return out;
}

std::string AdviceText(const AdviceReport& report, bool color) {
  std::string out = Paint(color, kBold, Heading(report)) + "\n";
  for (const auto& warning : Warnings(report)) out += Paint(color, kYellow, "warning: ") + warning + "\n";
  out += FindingsText(report.findings, report.log.ended, color);
  out += fmt::format("\n{}\n{}", Paint(color, kBold, "What if"),
                     TextTable({{"executors"},
                                {"node"},
                                {"time", true},
                                {"between", true},
                                {"used", true},
                                {"cost", true},
                                {"on spot", true},
                                {"cost", true}},
                               ShapeRows(report)));
  return out + NativeText(report.what_if.native) + "\n" + Paint(color, kDim, ModelText(report)) + "\n";
}

Json FindingsJson(const std::vector<Finding>& findings) {
  Json list = Json::array();
  for (const Finding& finding : findings) {
    Json settings = Json::object(), figures = Json::object();
    for (const auto& [key, value] : finding.settings) settings[key] = value;
    for (const auto& [key, value] : finding.figures) figures[key] = value;
    list.push_back({{"rule", finding.rule},
                    {"what", finding.what},
                    {"stages", finding.stages},
                    {"figures", figures},
                    {"settings", settings},
                    {"advice", finding.advice},
                    {"gain_seconds", IntervalJson(finding.seconds)},
                    {"gain_core_hours", finding.core_hours},
                    {"confidence", advisor::eventlog::Name(finding.confidence)}});
  }
  return list;
}

Json AdviceJson(const AdviceReport& report) {
  const auto& log = report.log;
  Json shapes = Json::array();
  for (const auto& outcome : report.what_if.outcomes) {
    shapes.push_back({{"executors", outcome.shape.executors},
                      {"cores", outcome.shape.cores},
                      {"instance", outcome.instance},
                      {"seconds", IntervalJson(outcome.seconds)},
                      {"utilisation", outcome.utilisation},
                      {"dollars", outcome.dollars},
                      {"spot_seconds", outcome.spot_seconds},
                      {"spot_dollars", outcome.spot_dollars}});
  }
  const auto& native = report.what_if.native;
  return {{"path", report.path},
          {"application", log.name},
          {"id", log.id},
          {"spark", log.spark_version},
          {"seconds", log.ended},
          {"whole", log.whole},
          {"warnings", Warnings(report)},
          {"jobs", log.jobs.size()},
          {"stages", log.stages.size()},
          {"tasks", log.sums.tasks},
          {"task_seconds", report.what_if.task_seconds},
          {"bytes_read", log.sums.input_bytes},
          {"findings", FindingsJson(report.findings)},
          {"what_if",
           {{"measured_seconds", report.what_if.measured},
            {"modelled_seconds", report.what_if.modelled},
            {"critical_path_seconds", report.what_if.critical_path},
            {"shapes", shapes},
            {"native",
             {{"possible", native.possible},
              {"why", native.why},
              {"instance", native.instance},
              {"seconds", IntervalJson(native.seconds)},
              {"dollars", native.dollars},
              {"memory_bytes", native.memory_bytes}}}}}};
}

std::string AdvicePage(const std::vector<AdviceReport>& reports, const std::string& version) {
  using job::Html;
  std::string body;
  for (const auto& report : reports) {
    std::string part = fmt::format("<p>{}</p>", Html(Heading(report)));
    for (const auto& warning : Warnings(report)) part += fmt::format("<p><strong>{}</strong></p>", Html(warning));
    if (report.findings.empty()) part += "<p>Nothing found that is worth a change.</p>";
    for (const Finding& finding : report.findings) {
      part += fmt::format("<h3>{}</h3><p>{}</p><dl>", Html(finding.rule), Html(finding.what));
      const auto line = [&](std::string_view name, const std::string& text) {
        if (!text.empty()) part += fmt::format("<dt>{}</dt><dd>{}</dd>", name, Html(text));
      };
      line("stages", StagesText(finding));
      line("seen", FiguresText(finding));
      for (const auto& [key, value] : finding.settings)
        part += fmt::format("<dt>set</dt><dd><code>{}={}</code></dd>", Html(key), Html(value));
      line("change", finding.advice);
      line("gains", GainText(finding, report.log.ended));
      line("sure", std::string(advisor::eventlog::Name(finding.confidence)));
      part += "</dl>";
    }
    part +=
        "<h3>What if</h3><table><thead><tr><th>executors</th><th>node</th><th>time</th><th>between</th><th>used</th>"
        "<th>cost</th><th>on spot</th><th>cost</th></tr></thead><tbody>";
    for (const auto& row : ShapeRows(report)) {
      part += "<tr>";
      for (const auto& cell : row) part += fmt::format("<td>{}</td>", Html(cell));
      part += "</tr>";
    }
    part += fmt::format("</tbody></table><p>{}</p><p>{}</p>", Html(NativeText(report.what_if.native)),
                        Html(ModelText(report)));
    body += job::Card(report.log.name, part);
  }
  return job::Page("Advice", body, version);
}

}  // namespace tidemill::app
