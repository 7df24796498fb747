#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "advisor/eventlog/rules.h"
#include "advisor/eventlog/track.h"
#include "advisor/native_run.h"
#include "app/advice_report.h"
#include "app/ask.h"
#include "app/event_log.h"
#include "app/exit_code.h"
#include "app/load_job.h"
#include "app/pricing.h"
#include "app/print_json.h"
#include "app/program.h"
#include "document/edit.h"
#include "job/ledger.h"

namespace tidemill::app {
namespace {

namespace eventlog = advisor::eventlog;
using Json = nlohmann::ordered_json;

// "4x8": 4 executors of 8 cores.
Result<eventlog::Shape> ShapeOf(const std::string& text) {
  eventlog::Shape shape;
  const char* end = text.data() + text.size();
  const auto executors = std::from_chars(text.data(), end, shape.executors);
  if (executors.ec == std::errc() && executors.ptr != end && *executors.ptr == 'x') {
    const auto cores = std::from_chars(executors.ptr + 1, end, shape.cores);
    constexpr int64_t kMost = 100'000;
    if (cores.ec == std::errc() && cores.ptr == end && shape.executors > 0 && shape.cores > 0 &&
        int64_t{shape.executors} * shape.cores <= kMost) {
      return shape;
    }
  }
  return InvalidArgument(fmt::format("--shape {}: write EXECUTORSxCORES, like 4x8", text));
}

// ---- The ledger's part ----

bool IsSparkRun(const job::LedgerRun& run) {
  return run.engine.starts_with("spark") && run.outcome == job::Name(job::Outcome::kCommitted);
}

eventlog::RunCost CostOf(const job::LedgerRun& run) {
  return {static_cast<double>(run.figures.duration.count()) / 1e6, static_cast<double>(run.figures.rows_in)};
}

// Each advice with the runs of its job from it to the job's next one.
Result<std::vector<eventlog::Taken>> TakenOf(const job::Ledger& ledger) {
  ASSIGN_OR_RETURN(const auto advice, ledger.Advice());
  std::vector<eventlog::Taken> out;
  for (size_t i = 0; i < advice.size(); ++i) {
    const auto& a = advice[i];
    eventlog::Taken taken{a.rule, a.low, a.mid, a.high, {a.before_seconds, static_cast<double>(a.before_rows)}, {}};
    std::string until;
    for (size_t j = i + 1; j < advice.size() && until.empty(); ++j) {
      if (advice[j].job == a.job && advice[j].at > a.at) until = advice[j].at;
    }
    ASSIGN_OR_RETURN(const auto runs, ledger.Runs(a.job, INT64_MAX));
    for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
      if (IsSparkRun(*run) && run->started > a.at && (until.empty() || run->started < until))
        taken.after.push_back(CostOf(*run));
    }
    out.push_back(std::move(taken));
  }
  return out;
}

// Null where there is no ledger yet.
Result<std::unique_ptr<job::Ledger>> LedgerIfThere(Program& program, const MachineFlags& flags) {
  const std::string path = program.StatePath(flags);
  if (!program.storage->Stat(path).ok()) return std::unique_ptr<job::Ledger>();
  return job::Ledger::Open(path);
}

Result<std::vector<eventlog::Record>> RecordsOf(Program& program, const MachineFlags& flags) {
  ASSIGN_OR_RETURN(const auto ledger, LedgerIfThere(program, flags));
  if (!ledger) return std::vector<eventlog::Record>();
  ASSIGN_OR_RETURN(const auto taken, TakenOf(*ledger));
  return eventlog::RecordsOf(taken);
}

void Demote(const std::vector<eventlog::Record>& records, std::vector<eventlog::Finding>& findings) {
  for (auto& finding : findings) {
    const auto record = std::ranges::find(records, finding.rule, &eventlog::Record::rule);
    if (record == records.end() || !record->demoted()) continue;
    finding.confidence = eventlog::Confidence::kLow;
    finding.figures.emplace_back("kept its promise", fmt::format("{} of {} times", record->hits, record->measured));
  }
  eventlog::Rank(findings);
}

int PrintRules(Program& program, const AdviseFlags& flags) {
  const auto records = RecordsOf(program, flags.machine);
  if (!records.ok()) return Fail(records.error());
  Json list = Json::array();
  std::string text;
  for (const auto* rule : eventlog::AllRules()) {
    const auto found = std::ranges::find(*records, rule->name, &eventlog::Record::rule);
    const eventlog::Record record = found == records->end() ? eventlog::Record{} : *found;
    Json thresholds = Json::array();
    text += fmt::format("{}: {}\n  change      {}\n  gain        {}\n  confidence  {}\n", rule->name, rule->looks_for,
                        rule->change, rule->gain,
                        eventlog::Name(record.demoted() ? eventlog::Confidence::kLow : rule->confidence));
    for (const auto& threshold : rule->thresholds) {
      thresholds.push_back({{"name", threshold.name}, {"value", threshold.value}, {"from", threshold.from}});
      text += fmt::format("  threshold   {} {}: {}\n", threshold.name, threshold.value, threshold.from);
    }
    if (record.taken > 0) {
      text += fmt::format(
          "  record      taken {}, measured {}, kept its promise {}; promised {:.0f} %, gained {:.0f} %{}\n",
          record.taken, record.measured, record.hits, record.promised * 100, record.gained * 100,
          record.demoted() ? "; demoted" : "");
    }
    list.push_back({{"rule", rule->name},
                    {"looks_for", rule->looks_for},
                    {"change", rule->change},
                    {"gain", rule->gain},
                    {"confidence", eventlog::Name(rule->confidence)},
                    {"thresholds", thresholds},
                    {"taken", record.taken},
                    {"measured", record.measured},
                    {"hits", record.hits},
                    {"promised", record.promised},
                    {"gained", record.gained},
                    {"demoted", record.demoted()}});
  }
  if (flags.json) {
    PrintJson(list);
  } else {
    std::fputs(text.c_str(), stdout);
  }
  return kOk;
}

// ---- Logs ----

Result<std::vector<AdviceReport>> Reports(Program& program, const AdviseFlags& flags, const std::string& path) {
  std::vector<eventlog::Shape> shapes;
  for (const auto& text : flags.shapes) {
    ASSIGN_OR_RETURN(const auto shape, ShapeOf(text));
    shapes.push_back(shape);
  }
  ASSIGN_OR_RETURN(const auto prices, PricesOf(program, flags.prices));
  ASSIGN_OR_RETURN(const auto rates, RatesOf(program, flags.machine));
  ASSIGN_OR_RETURN(const auto records, RecordsOf(program, flags.machine));
  ASSIGN_OR_RETURN(const auto logs, FindEventLogs(*program.storage, program.AbsolutePath(path)));
  std::vector<AdviceReport> reports;
  for (const auto& files : logs) {
    ASSIGN_OR_RETURN(auto read, ReadEventLog(*program.storage, files));
    AdviceReport report{files.path, std::move(read.cut), std::move(read.log), {}, {}};
    report.findings = eventlog::FindAll(report.log);
    Demote(records, report.findings);
    report.what_if = eventlog::AskWhatIf(report.log, prices, rates, shapes);
    reports.push_back(std::move(report));
  }
  return reports;
}

// ---- Runs of the ledger ----

struct OwnRun {
  job::LedgerRun run;
  std::string event_log;  // of a run on Spark
  int64_t memory_bytes = 0;
};

Result<OwnRun> FindRun(Program& program, const AdviseFlags& flags) {
  ASSIGN_OR_RETURN(const auto ledger, LedgerIfThere(program, flags.machine));
  if (!ledger) {
    return InvalidArgument(fmt::format("name an event log of Spark; there is no ledger with runs at {} either",
                                       program.StatePath(flags.machine)));
  }
  OwnRun own;
  if (flags.run.empty()) {
    ASSIGN_OR_RETURN(auto runs, ledger->Runs("", 1));
    if (runs.empty()) return InvalidArgument("name an event log of Spark; the ledger has no runs yet");
    own.run = std::move(runs.front());
  } else {
    ASSIGN_OR_RETURN(own.run, ledger->Find(flags.run));
  }
  ASSIGN_OR_RETURN(const auto events, ledger->Events(own.run.id));
  for (const auto& line : events) {
    const auto event = Json::parse(line, nullptr, false);
    if (!event.is_object()) continue;
    if (event.contains("event_log")) own.event_log = event.value("event_log", "");
    if (event.value("type", "") == "run_started") own.memory_bytes = event.value("memory_bytes", int64_t{0});
  }
  return own;
}

int AdviseNative(const OwnRun& own, bool json, bool color) {
  const auto& f = own.run.figures;
  const advisor::NativeRun run{static_cast<double>(f.duration.count()) / 1e6,
                               own.run.quoted_seconds,
                               own.memory_bytes,
                               f.peak_memory_bytes,
                               f.peak_spill_bytes,
                               f.bytes_written,
                               f.files_written};
  const auto findings = advisor::FindInNativeRun(run);
  if (json) {
    PrintJson(
        {{"run", own.run.id}, {"job", own.run.job}, {"seconds", run.seconds}, {"findings", FindingsJson(findings)}});
  } else {
    std::printf("run %lld of %s, %s\n%s", static_cast<long long>(own.run.id), own.run.job.c_str(),
                own.run.engine.c_str(), FindingsText(findings, run.seconds, color).c_str());
  }
  return kOk;
}

// ---- --apply ----

Result<const eventlog::Finding*> Chosen(const AdviceReport& report, const std::string& rule) {
  for (const auto& finding : report.findings) {
    if (rule.empty() ? !finding.settings.empty() : finding.rule == rule) {
      if (finding.settings.empty())
        return InvalidArgument(fmt::format("the finding of {} is no setting: {}", rule, finding.advice));
      return &finding;
    }
  }
  return InvalidArgument(rule.empty() ? "no finding is a setting: there is nothing to write into a job file"
                                      : fmt::format("there is no finding of the rule {}", rule));
}

Status Apply(Program& program, const AdviseFlags& flags, const std::vector<AdviceReport>& reports) {
  if (reports.size() != 1) {
    return InvalidArgument(fmt::format("--apply is for the log of one application; there are {} here", reports.size()));
  }
  ASSIGN_OR_RETURN(const auto* finding, Chosen(reports.front(), flags.rule));
  ASSIGN_OR_RETURN(const auto job, LoadJob(program, {flags.apply, "", {}}));
  const std::string path = program.AbsolutePath(flags.apply);
  ASSIGN_OR_RETURN(const auto before, storage::ReadAll(*program.storage, path));
  ASSIGN_OR_RETURN(const auto after, document::SetEntries(before, "conf", finding->settings));
  if (before == after) return FailedPrecondition(fmt::format("{} says so already", flags.apply));
  std::printf("\n%s, by the rule %s:\n%s\n", flags.apply.c_str(), finding->rule.c_str(),
              document::LineDiff(before, after).c_str());
  ASSIGN_OR_RETURN(const bool yes, Ask(fmt::format("Write this into {}?", flags.apply), flags.yes));
  if (!yes) return Ok();
  // What is promised is of the time that the ledger will measure: with Spark's start, where a run of it is known.
  ASSIGN_OR_RETURN(const auto ledger, job::Ledger::Open(program.StatePath(flags.machine)));
  const auto& log = reports.front().log;
  eventlog::RunCost cost{log.ended, 0};
  ASSIGN_OR_RETURN(const auto runs, ledger->Runs(job.name, INT64_MAX));
  if (const auto run = std::ranges::find_if(runs, IsSparkRun); run != runs.end()) cost = CostOf(*run);
  RETURN_IF_ERROR(program.storage->Put(path, after));
  std::vector<std::string> changes;
  for (const auto& [key, value] : finding->settings) changes.push_back(key + "=" + value);
  const double whole = std::max(cost.seconds, 0.001);
  RETURN_IF_ERROR(ledger->Add(job::TakenAdvice{job.name, finding->rule, fmt::format("{}", fmt::join(changes, ", ")),
                                               FormatTimestamp(program.clock.Now()), finding->seconds.low / whole,
                                               finding->seconds.mid / whole, finding->seconds.high / whole,
                                               cost.seconds, static_cast<int64_t>(cost.rows)}));
  std::printf("written; `tidemill advise --rules` tells what the next runs make of it\n");
  return Ok();
}

}  // namespace

int Advise(Program& program, const AdviseFlags& flags) {
  if (flags.rules) return PrintRules(program, flags);
  std::string path = flags.log;
  if (path.empty()) {
    const auto own = FindRun(program, flags);
    if (!own.ok()) return Fail(own.error());
    if (own->event_log.empty()) {
      if (own->run.engine.starts_with("native")) return AdviseNative(*own, flags.json, program.color);
      return Fail(NotFound(fmt::format("run {} has no event log", own->run.id)));
    }
    path = own->event_log;
  }
  const auto reports = Reports(program, flags, path);
  if (!reports.ok()) return Fail(reports.error());
  if (!flags.html.empty()) {
    const std::string page = program.AbsolutePath(flags.html);
    const auto written = program.storage->Put(page, AdvicePage(*reports, program.version));
    if (!written.ok()) return Fail(written.error());
  }
  if (flags.json) {
    Json json = Json::array();
    for (const auto& report : *reports) json.push_back(AdviceJson(report));
    PrintJson(json);
  } else {
    for (const auto& report : *reports) {
      std::printf("%s%s", &report == &reports->front() ? "" : "\n", AdviceText(report, program.color).c_str());
    }
  }
  if (flags.apply.empty()) return kOk;
  const auto applied = Apply(program, flags, *reports);
  return applied.ok() ? kOk : Fail(applied.error());
}

}  // namespace tidemill::app
