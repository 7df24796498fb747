#include "job/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace tidemill::job {
namespace {

using Json = nlohmann::ordered_json;

// XML 1.0 has no form for most control characters.
std::string Xml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? '?' : c;
    }
  }
  return escaped;
}

bool Broke(const RunResult& result) {
  const Outcome outcome = result.finished.outcome;
  return outcome != Outcome::kCommitted && outcome != Outcome::kAlreadyCommitted && outcome != Outcome::kChecksFailed;
}

std::string Case(const std::string& job, const event::CheckResult& check) {
  std::string text = fmt::format("    <testcase classname=\"{}\" name=\"{}\"", Xml(job), Xml(check.check));
  const std::string message = Xml(check.message);
  if (check.status == CheckStatus::kFailed) {
    return text +
           fmt::format("><failure message=\"{0}\" type=\"{1}\">{0}</failure></testcase>\n", message, Xml(check.kind));
  }
  return text + fmt::format("><system-out>{}: {}</system-out></testcase>\n", Name(check.status), message);
}

}  // namespace

std::string JUnitXml(const std::string& job, const std::vector<CheckedRun>& runs) {
  std::string suites;
  for (const auto& run : runs) {
    const auto failures = std::count_if(run.checks.begin(), run.checks.end(),
                                        [](const auto& c) { return c.status == CheckStatus::kFailed; });
    const bool broke = Broke(*run.result);
    suites += fmt::format("  <testsuite name=\"{} {}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{:.3f}\">\n",
                          Xml(job), Xml(run.window), run.checks.size() + (broke ? 1 : 0), failures, broke ? 1 : 0,
                          static_cast<double>(run.result->finished.duration.count()) / 1e6);
    for (const auto& check : run.checks) suites += Case(job, check);
    if (broke) {
      suites += fmt::format("    <testcase classname=\"{}\" name=\"run\"><error message=\"{}\"/></testcase>\n",
                            Xml(job), Xml(run.result->finished.message));
    }
    suites += "  </testsuite>\n";
  }
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n" + suites + "</testsuites>\n";
}

std::string ResultsJson(const std::string& job, const std::vector<CheckedRun>& runs) {
  Json json = {{"v", 1}, {"job", job}, {"runs", Json::array()}};
  for (const auto& run : runs) {
    const auto& finished = run.result->finished;
    Json entry = {{"run_key", run.result->run_key},
                  {"window", run.window},
                  {"outcome", Name(finished.outcome)},
                  {"message", finished.message},
                  {"version", finished.version},
                  {"rows_in", finished.rows_in},
                  {"rows_written", finished.rows_written},
                  {"rows_quarantined", finished.rows_quarantined},
                  {"rows_malformed", finished.rows_malformed},
                  {"checks", Json::array()}};
    for (const auto& check : run.checks) {
      const double share = check.rows > 0 ? static_cast<double>(check.bad) / static_cast<double>(check.rows) : 0;
      entry["checks"].push_back({{"check", check.check},
                                 {"kind", check.kind},
                                 {"on_fail", check.on_fail},
                                 {"status", Name(check.status)},
                                 {"bad", check.bad},
                                 {"rows", check.rows},
                                 {"share", share},
                                 {"max_bad", check.max_bad},
                                 {"message", check.message}});
    }
    json["runs"].push_back(std::move(entry));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace tidemill::job
