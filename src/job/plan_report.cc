#include "job/plan_report.h"

#include <fmt/format.h>

#include "advisor/figures.h"
#include "job/report_page.h"

namespace tidemill::job {
namespace {

std::string Range(const advisor::Interval& interval, std::string (*text)(double)) {
  return fmt::format("<b>{}</b><br><span class=\"soft\">{} to {}</span>", Html(text(interval.mid)),
                     Html(text(interval.low)), Html(text(interval.high)));
}

std::string Quotes(const advisor::Plan& plan) {
  std::string rows;
  for (const auto& quote : plan.quotes) {
    const double gb = quote.bytes_read / 1e9;
    const bool chosen = quote.place == plan.place;
    rows += fmt::format(
        "<tr><td>{}{}</td><td class=\"{}\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td "
        "class=\"n\">{}</td><td "
        "class=\"n\">{}</td></tr>",
        Html(quote.place), chosen ? " <span class=\"pill good\">chosen</span>" : "", quote.fits ? "good" : "bad",
        quote.fits ? "fits" : Html(quote.problem), Range(quote.seconds, advisor::SecondsText),
        Range(quote.dollars, advisor::DollarsText), gb > 0 ? Html(advisor::DollarsText(quote.dollars.mid / gb)) : "",
        quote.memory_bytes > 0 ? Html(advisor::BytesText(quote.memory_bytes)) : "");
  }
  return fmt::format(
      "<div class=\"scroll\"><table><tr><th>where</th><th>budgets</th><th class=\"n\">time</th><th "
      "class=\"n\">cost</th><th class=\"n\">a GB (limit {})</th><th class=\"n\">memory</th></tr>{}</table></div>",
      Html(advisor::DollarsText(advisor::kProcessingPerGb)), rows);
}

std::string Decisions(const advisor::Plan& plan, const advisor::Plan* before, bool settings) {
  std::string rows;
  for (const auto& decision : plan.decisions) {
    const bool setting = decision.topic.starts_with("spark.");
    if (setting != settings) continue;
    const auto* was = advisor::FindSame(before, decision);
    const bool changed = before != nullptr && (was == nullptr || was->what != decision.what);
    std::string figures;
    for (const auto& [name, value] : decision.figures) {
      figures += fmt::format("{}{}: {}", figures.empty() ? "" : "; ", Html(name), Html(value));
    }
    std::string more = Html(decision.why);
    if (!figures.empty()) more += fmt::format("<br><span class=\"soft\">from {}</span>", figures);
    if (!decision.changes.empty()) {
      more += fmt::format("<br><span class=\"soft\">changed by {}; decided otherwise: {}</span>",
                          Html(decision.changes), Html(decision.override_with));
    }
    const std::string earlier = changed ? fmt::format(" <span class=\"pill warn\">{}</span>",
                                                      was == nullptr ? std::string("new") : "was " + Html(was->what))
                                        : "";
    rows += fmt::format("<tr><td>{}</td><td class=\"wrap\"><b>{}</b>{}</td><td class=\"wrap\">{}</td></tr>",
                        Html(decision.about.empty() ? decision.topic : decision.topic + " " + decision.about),
                        Html(decision.what), earlier, more);
  }
  return rows.empty() ? "" : "<div class=\"scroll\"><table>" + rows + "</table></div>";
}

}  // namespace

std::string HtmlPlan(const advisor::Plan& plan, const advisor::Plan* before, const std::string& window,
                     const std::string& version) {
  std::string body = fmt::format(
      "<div class=\"top\"><h1>{}</h1><span class=\"pill {}\">{}</span></div><p class=\"sub\">plan, window {}</p>\n",
      Html(plan.job), plan.over_budget ? "bad" : "good", Html(plan.place), Html(window));
  body += Card("What it would take", Quotes(plan));
  body += Card("Decisions", Decisions(plan, before, false));
  body += Card("Spark settings", Decisions(plan, before, true));
  return Page(plan.job + " · plan", body, version);
}

}  // namespace tidemill::job
