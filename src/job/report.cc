#include "job/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "advisor/figures.h"
#include "job/report_charts.h"
#include "job/report_page.h"

namespace tidemill::job {
namespace {

constexpr size_t kMostJobBytes = 200'000;
constexpr size_t kMostRows = 500;  // of a table
constexpr size_t kMostText = 600;  // of a cell

const char* ClassOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kCommitted:
    case Outcome::kAlreadyCommitted:
      return "good";
    case Outcome::kConflict:
    case Outcome::kUnknown:
    case Outcome::kCancelled:
      return "warn";
    default:
      return "bad";
  }
}

std::string Words(Outcome outcome) {
  std::string words(Name(outcome));
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

std::string Cell(std::string_view text) {
  return Html(text.size() <= kMostText ? std::string(text) : std::string(text.substr(0, kMostText)) + " …");
}

std::string Percent(double share) { return fmt::format("{:.3g} %", share * 100); }

// What the job's kind of work should read a minute.
std::pair<double, const char*> TargetOf(const Job& job) {
  if (job.steps.empty()) return {10, "raw ingestion"};
  if (job.sla && (job.sla->kind == SlaKind::kComplexAnalytics || job.sla->kind == SlaKind::kMlTraining)) {
    return {2, "complex analytics"};
  }
  return {5, "ETL"};
}

// One run as its events tell it.
struct Story {
  event::RunStarted started;
  std::string started_at;
  std::vector<event::SourceRead> sources;
  std::vector<StageSpan> stages;
  std::vector<std::pair<Micros, int64_t>> bytes_read;
  std::vector<event::CheckResult> checks;
  std::vector<std::string> warnings;
  std::optional<event::Quoted> quoted;
  std::optional<event::Invoiced> invoiced;
  std::optional<event::Quarantined> quarantined;
  std::optional<event::Committed> committed;
};

Story Read(const std::vector<Event>& events) {
  Story story;
  Micros begin{};
  int64_t done = 0, current = 0;
  for (const auto& event : events) {
    const Micros at = event.monotonic - begin;
    if (const auto* e = std::get_if<event::RunStarted>(&event.body)) {
      begin = event.monotonic;
      story.started = *e;
      story.started_at = FormatTimestamp(event.at).substr(0, 19) + "Z";
    } else if (const auto* e = std::get_if<event::SourceRead>(&event.body)) {
      story.sources.push_back(*e);
    } else if (const auto* e = std::get_if<event::StageFinished>(&event.body)) {
      story.stages.push_back({e->stage, at - e->duration, at});
    } else if (const auto* e = std::get_if<event::Progress>(&event.body)) {
      if (e->bytes < current) done += current;  // another statement counts from zero
      current = e->bytes;
      story.bytes_read.emplace_back(at, done + current);
    } else if (const auto* e = std::get_if<event::CheckResult>(&event.body)) {
      story.checks.push_back(*e);
    } else if (const auto* e = std::get_if<event::Warning>(&event.body)) {
      story.warnings.push_back(e->message);
    } else if (const auto* e = std::get_if<event::Quoted>(&event.body)) {
      story.quoted = *e;
    } else if (const auto* e = std::get_if<event::Invoiced>(&event.body)) {
      story.invoiced = *e;
    } else if (const auto* e = std::get_if<event::Quarantined>(&event.body)) {
      story.quarantined = *e;
    } else if (const auto* e = std::get_if<event::Committed>(&event.body)) {
      story.committed = *e;
    }
  }
  return story;
}

double GbPerMinute(const event::RunFinished& finished) {
  const double minutes = std::max(static_cast<double>(finished.duration.count()), 1.0) / 60e6;
  return static_cast<double>(finished.bytes_read) / (1 << 30) / minutes;
}

std::string Kpis(const event::RunFinished& f) {
  const std::pair<const char*, std::string> kpis[] = {
      {"rows written", FormatCount(f.rows_written)},
      {"rows quarantined", FormatCount(f.rows_quarantined + f.rows_malformed)},
      {"files", FormatCount(f.files_written)},
      {"written", FormatBytes(f.bytes_written)},
      {"read", FormatBytes(f.bytes_read)},
      {"duration", FormatDuration(f.duration)},
      {"peak memory", FormatBytes(f.peak_memory_bytes)},
      {"spilled", FormatBytes(f.peak_spill_bytes)},
  };
  std::string text;
  for (const auto& [label, value] : kpis) {
    text += fmt::format("<div class=\"kpi\"><b>{}</b><span>{}</span></div>", Html(value), label);
  }
  return "<section class=\"card kpis\">" + text + "</section>\n";
}

std::string Bill(const Story& story) {
  if (!story.quoted || !story.invoiced) return "";
  const auto& q = *story.quoted;
  const auto& i = *story.invoiced;
  return fmt::format(
      "<div class=\"scroll\"><table><tr><th>{}</th><th class=\"n\">quote</th><th class=\"n\">from</th><th "
      "class=\"n\">to</th><th class=\"n\">invoice</th></tr><tr><td>time</td><td class=\"n\">{}</td><td "
      "class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr><tr><td>cost</td><td "
      "class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr></table></div>",
      Html(q.place), advisor::SecondsText(q.seconds), advisor::SecondsText(q.seconds_low),
      advisor::SecondsText(q.seconds_high), advisor::SecondsText(i.seconds), advisor::DollarsText(q.dollars),
      advisor::DollarsText(q.dollars_low), advisor::DollarsText(q.dollars_high), advisor::DollarsText(i.dollars));
}

std::string Checks(const std::vector<event::CheckResult>& checks) {
  if (checks.empty()) return "";
  std::string rows;
  for (const auto& check : checks) {
    const char* color = check.status == CheckStatus::kFailed   ? "bad"
                        : check.status == CheckStatus::kWarned ? "warn"
                                                               : "good";
    const bool aside = check.status == CheckStatus::kWarned && check.on_fail == "quarantine";
    const double share = check.rows > 0 ? static_cast<double>(check.bad) / static_cast<double>(check.rows) : 0;
    const bool of_table = check.kind == "row_count" || check.kind == "freshness";
    rows += fmt::format(
        "<tr><td class=\"wrap\">{}{}</td><td>{}</td><td>{}</td><td class=\"{}\">{}</td><td class=\"n\">{}</td><td "
        "class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
        Cell(check.check), of_table ? "<br><span class=\"soft\">" + Cell(check.message) + "</span>" : "",
        Html(check.kind), Html(check.on_fail), color, aside ? "put aside" : std::string(Name(check.status)),
        of_table ? "" : FormatCount(check.bad), of_table ? "" : Percent(share), of_table ? "" : Percent(check.max_bad));
  }
  return "<div class=\"scroll\"><table><tr><th>check</th><th>kind</th><th>on fail</th><th>result</th><th "
         "class=\"n\">bad "
         "rows</th><th class=\"n\">share</th><th class=\"n\">allowed</th></tr>" +
         rows + "</table></div>";
}

std::string Sources(const std::vector<event::SourceRead>& sources) {
  std::string rows;
  for (const auto& source : sources) {
    rows += fmt::format(
        "<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
        Cell(source.source), Html(source.format), FormatCount(source.files), FormatBytes(source.bytes),
        FormatCount(source.pruned_files));
  }
  if (rows.empty()) return "";
  return "<div class=\"scroll\"><table><tr><th>source</th><th>format</th><th class=\"n\">files</th><th "
         "class=\"n\">size</th><th class=\"n\">pruned files</th></tr>" +
         rows + "</table></div>";
}

std::string Partitions(const std::vector<PartitionRows>& partitions) {
  if (partitions.empty() || (partitions.size() == 1 && partitions[0].label.empty())) return "";
  std::string rows;
  for (size_t i = 0; i < std::min(partitions.size(), kMostRows); ++i) {
    const auto& partition = partitions[i];
    rows += fmt::format("<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
                        Cell(partition.label), FormatCount(partition.rows), FormatCount(partition.files),
                        FormatBytes(partition.bytes));
  }
  const std::string more = partitions.size() > kMostRows ? fmt::format(", the first {}", kMostRows) : "";
  return fmt::format(
      "{}<details><summary>{} partitions{}</summary><div class=\"scroll\"><table><tr><th>partition</th><th "
      "class=\"n\">rows</th><th class=\"n\">files</th><th class=\"n\">size</th></tr>{}</table></div></details>",
      PartitionChart(partitions), FormatCount(static_cast<int64_t>(partitions.size())), more, rows);
}

std::string FileSizes(const std::vector<int64_t>& sizes) {
  if (sizes.empty()) return "";
  constexpr int64_t kMb = int64_t{1} << 20;
  const auto inside =
      std::count_if(sizes.begin(), sizes.end(), [](int64_t s) { return s >= 128 * kMb && s <= 1024 * kMb; });
  std::vector<int64_t> sorted = sizes;
  std::sort(sorted.begin(), sorted.end());
  return FileSizeChart(sizes) +
         fmt::format("<p class=\"soft\">{} of {} files are in the band of 128 MB to 1 GB; the median is {}.</p>",
                     FormatCount(inside), FormatCount(static_cast<int64_t>(sizes.size())),
                     FormatBytes(sorted[sorted.size() / 2]));
}

std::string Sample(const RunResult& result, const Story& story) {
  if (result.sample.empty()) return "";
  std::string rows;
  for (const auto& row : result.sample) {
    rows += fmt::format("<tr><td class=\"wrap\">{}</td><td class=\"wrap\"><code>{}</code>{}</td></tr>",
                        Cell(row.reasons), Cell(row.text),
                        row.detail.empty() ? "" : "<br><span class=\"soft\">" + Cell(row.detail) + "</span>");
  }
  const std::string where =
      story.quarantined ? fmt::format("<p class=\"soft\">All of them are in {}.</p>", Cell(story.quarantined->table))
                        : "";
  return "<div class=\"scroll\"><table><tr><th>reasons</th><th>row</th></tr>" + rows + "</table></div>" + where;
}

std::string Warnings(const std::vector<std::string>& warnings) {
  std::string text;
  for (const auto& warning : warnings)
    text += fmt::format("<section class=\"card note\">{}</section>\n", Cell(warning));
  return text;
}

std::string Windows(const std::vector<ReportedRun>& runs) {
  if (runs.size() < 2) return "";
  std::string rows;
  for (size_t i = 0; i < std::min(runs.size(), kMostRows); ++i) {
    const auto& finished = runs[i].result->finished;
    rows += fmt::format(
        "<tr><td>{}</td><td class=\"{}\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td "
        "class=\"n\">{}</td><td "
        "class=\"n\">{}</td></tr>",
        Cell(Read(*runs[i].events).started.window), ClassOf(finished.outcome), Words(finished.outcome),
        finished.version >= 0 ? std::to_string(finished.version) : "", FormatCount(finished.rows_written),
        FormatCount(finished.rows_quarantined + finished.rows_malformed), FormatDuration(finished.duration));
  }
  return Card("Windows",
              "<div class=\"scroll\"><table><tr><th>window</th><th>outcome</th><th class=\"n\">version</th><th "
              "class=\"n\">rows</th><th class=\"n\">quarantined</th><th class=\"n\">duration</th></tr>" +
                  rows + "</table></div>");
}

const ReportedRun& Chosen(const std::vector<ReportedRun>& runs) {
  for (const auto& run : runs) {
    if (std::string_view(ClassOf(run.result->finished.outcome)) != "good") return run;
  }
  return runs.back();
}

std::string Header(const Job& job, const RunResult& result, const Story& story) {
  const auto& finished = result.finished;
  const std::string pill = finished.outcome == Outcome::kCommitted
                               ? fmt::format("committed version {}", finished.version)
                               : Words(finished.outcome);
  std::string text = fmt::format("<div class=\"top\"><h1>{}</h1><span class=\"pill {}\">{}</span></div>\n",
                                 Html(job.name), ClassOf(finished.outcome), Html(pill));
  text += fmt::format("<p class=\"sub\">{}window {} · started {} · {} · {}, {} threads · {}</p>\n",
                      job.description.empty() ? "" : Html(job.description) + "<br>", Html(story.started.window),
                      Html(story.started_at), Html(story.started.engine), FormatBytes(story.started.memory_bytes),
                      story.started.threads, Html(story.started.table));
  if (finished.outcome != Outcome::kCommitted) {
    text += fmt::format("<section class=\"card note {}\"><pre>{}</pre></section>\n",
                        std::string_view(ClassOf(finished.outcome)) == "bad" ? "bad" : "", Cell(finished.message));
  }
  return text;
}

}  // namespace

std::string HtmlReport(const Job& job, const std::vector<ReportedRun>& runs, const std::string& version) {
  std::string body;
  if (!runs.empty()) {
    const ReportedRun& run = Chosen(runs);
    const Story story = Read(*run.events);
    const auto& finished = run.result->finished;
    const auto [target, target_name] = TargetOf(job);
    body = Header(job, *run.result, story) + Windows(runs) + Kpis(finished) + Warnings(story.warnings);
    body += "<div class=\"two\">" + Card("Stages", TimeLine(story.stages, finished.duration)) +
            Card("Throughput", finished.bytes_read > 0
                                   ? RateGauge(GbPerMinute(finished), target, target_name) + RateCurve(story.bytes_read)
                                   : "") +
            "</div>\n";
    body += Card("Quote and invoice", Bill(story));
    body += Card("Checks", Checks(story.checks)) + Card("Rows per partition", Partitions(run.result->partitions));
    body += Card("File sizes", FileSizes(run.result->file_sizes)) + Card("Sources", Sources(story.sources));
    body += Card("Quarantined rows, a few", Sample(*run.result, story));
    body += Card("Run key", fmt::format("<code>{}</code>", Html(run.result->run_key)));
  }
  if (!job.effective_yaml.empty()) {
    body +=
        Card("Effective job", "<pre>" + Html(std::string_view(job.effective_yaml).substr(0, kMostJobBytes)) + "</pre>");
  }
  return Page(job.name, body, version);
}

}  // namespace tidemill::job
