#include "job/facts.h"

#include "base/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>

#include "base/units.h"
#include "job/app.h"
#include "job/codec_sample.h"
#include "job/inputs.h"
#include "job/run_key.h"
#include "job/target.h"

namespace tidemill::job {
using document::Diagnostics;
namespace {

using advisor::JobFacts;
using advisor::SourceFacts;

constexpr size_t kSampledFiles = 8;
constexpr int64_t kSampledRows = 200'000;
constexpr double kHotShare = 0.01;
constexpr int64_t kEarlierRuns = 50;

double Seconds(Micros duration) { return static_cast<double>(duration.count()) / 1e6; }

std::string CodecOf(const std::string& path) {
  static constexpr std::pair<std::string_view, std::string_view> kCodecs[] = {
      {".gz", "gzip"}, {".bz2", "bzip2"}, {".zst", "zstd"}, {".snappy", "snappy"}};
  for (const auto& [ending, codec] : kCodecs) {
    if (path.ends_with(ending)) return std::string(codec);
  }
  return "";
}

SourceFacts SourceFactsOf(const OpenedSource& opened, const std::map<std::string, int>& columns_read) {
  SourceFacts facts;
  facts.name = opened.spec->name;
  facts.format = std::string(Name(opened.spec->format));
  facts.files = std::ssize(opened.source.files);
  facts.pruned_files = opened.pruned_files;
  facts.columns = static_cast<int>(opened.source.schema.fields.size());
  const auto read = columns_read.find(LowerAscii(facts.name));
  facts.columns_read = read == columns_read.end() ? facts.columns : read->second;
  int64_t rows = 0;
  bool known = !opened.source.files.empty();
  for (const auto& file : opened.source.files) {
    facts.bytes += file.size_bytes;
    facts.largest_file = std::max(facts.largest_file, file.size_bytes);
    facts.small_files += file.size_bytes < advisor::kSmallFile;
    known = known && file.rows >= 0;
    rows += file.rows;
  }
  if (known) facts.rows = rows;
  const bool text = opened.source.format != engine::Format::kParquet;
  if (text && facts.files > 0) facts.codec = CodecOf(opened.source.files.front().path);
  return facts;
}

// Single keys of joins, groups and windows, by the source that may hold them.
std::map<std::string, std::set<std::string>> KeysToSample(const JobFacts& facts, const Prepared& prepared) {
  std::map<std::string, std::set<std::string>> keys;
  for (const auto& step : facts.steps) {
    for (const auto& operation : step.operations) {
      if (operation.keys.size() != 1 || operation.keys[0].empty()) continue;
      for (const auto& opened : prepared.sources) {
        if (opened.source.schema.IndexOf(operation.keys[0]) >= 0) keys[opened.spec->name].insert(operation.keys[0]);
      }
    }
  }
  return keys;
}

// A few files spread over all of them: sorted files differ most between their ends.
engine::Source Sampled(const OpenedSource& opened, const std::string& name) {
  engine::Source source = opened.source;
  source.name = name;
  if (source.files.size() > kSampledFiles) {
    std::vector<engine::File> files;
    for (size_t i = 0; i < kSampledFiles; ++i) files.push_back(source.files[i * source.files.size() / kSampledFiles]);
    source.files = std::move(files);
  }
  if (source.text.malformed == engine::Malformed::kFail) source.text.malformed = engine::Malformed::kDrop;
  return source;
}

// The name of the sample; nothing when it can't be read: the run will say why.
std::optional<std::string> AddSample(const OpenedSource& opened, Prepared& prepared, engine::Session& session) {
  std::string name = "tidemill_sample_of_" + opened.spec->name;
  if (!session.AddSource(Sampled(opened, name)).ok()) return std::nullopt;
  prepared.catalog.Add(name, opened.source.schema);
  return name;
}

// The values with more than a hundredth of the rows of a sample.
void SampleKeys(const std::string& name, const std::set<std::string>& columns, Prepared& prepared,
                engine::Session& session, SourceFacts& facts) {
  for (const auto& column : columns) {
    const auto relation = ResolveText(
        fmt::format(
            "SELECT CAST(k AS STRING), n, sum(n) OVER () FROM (SELECT k, count(*) AS n FROM (SELECT {} AS k FROM {} "
            "LIMIT {}) GROUP BY k) ORDER BY n DESC, k LIMIT 20",
            QuoteName(column), QuoteName(name), kSampledRows),
        prepared);
    if (!relation.ok()) continue;
    const auto rows = session.Query(*relation, 20);
    if (!rows.ok()) continue;
    for (const auto& row : rows->rows) {
      const auto count = std::get<int64_t>(row[1].data), all = std::get<int64_t>(row[2].data);
      facts.sampled_rows = all;
      const double share = static_cast<double>(count) / static_cast<double>(all);
      if (share < kHotShare) continue;
      facts.hot_keys[column].push_back({row[0].is_null() ? "NULL" : std::get<std::string>(row[0].data), share});
    }
  }
}

advisor::RunFacts RunFactsOf(const LedgerRun& run) {
  advisor::RunFacts facts;
  facts.engine = run.engine.substr(0, run.engine.find(' '));
  facts.bytes_read = run.source_bytes;
  facts.rows_in = run.figures.rows_in;
  facts.bytes_written = run.figures.bytes_written;
  facts.seconds = Seconds(run.figures.duration);
  facts.peak_memory_bytes = run.figures.peak_memory_bytes;
  facts.spill_bytes = run.figures.peak_spill_bytes;
  facts.quoted_seconds = run.quoted_seconds;
  facts.memory_bytes = run.memory_bytes;
  return facts;
}

// Partitions by parts of the window's own time column are known before anything runs.
int64_t PartitionsOfWindow(const Job& job, const std::optional<Window>& window) {
  if (!window || !job.window) return -1;
  std::string finest;
  for (const auto& column : job.sink.partition_by) {
    if (column.part.empty() || column.of != job.window->column) return -1;
    finest = column.part;
  }
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(window->end - window->start).count();
  if (finest == "hour") return std::max<int64_t>(1, hours);
  if (finest == "day") return std::max<int64_t>(1, (hours + 23) / 24);
  return std::max<int64_t>(1, (hours + 24 * 28 - 1) / (24 * 28));
}

advisor::SinkFacts SinkFactsOf(const Job& job, const std::optional<Window>& window, int64_t before) {
  advisor::SinkFacts facts;
  facts.format = std::string(Name(job.sink.format));
  facts.mode = std::string(Name(job.sink.mode));
  for (const auto& column : job.sink.partition_by) facts.partition_by.push_back(column.name);
  facts.partitions = PartitionsOfWindow(job, window);
  if (facts.partitions < 0) facts.partitions = before;
  facts.target_file_bytes = job.sink.target_file_bytes;
  facts.compression = std::string(Name(job.sink.compression));
  facts.sorted = !job.sink.sort_by.empty();
  return facts;
}

int64_t DiskFree(const std::string& folder) {
  for (std::filesystem::path path = folder; !path.empty(); path = path.parent_path()) {
    std::error_code code;
    const auto space = std::filesystem::space(path, code);
    if (!code) return static_cast<int64_t>(space.available);
    if (path == path.parent_path()) break;
  }
  return 0;
}

}  // namespace

Pricing PricingOf(const Job& job, const Ledger* ledger, advisor::Prices prices, advisor::Rates rates,
                  const RunEnvironment& environment) {
  Pricing pricing{std::move(prices), std::move(rates), {}};
  if (ledger == nullptr) return pricing;
  if (const auto certificates = ledger->Certificates(job.name); certificates.ok()) {
    for (const auto& c : *certificates) {
      const bool holds = c.tidemill == environment.version && c.native == environment.engine->version();
      if (auto& share = pricing.certified[c.spec_hash]; holds) share = std::max(share, c.sample);
    }
  }
  const auto found = ledger->Runs(job.name, kEarlierRuns);
  if (!found.ok()) return pricing;
  for (const auto& run : *found) {
    const bool handed_over = run.outcome == Name(Outcome::kHandedOff);
    if (run.outcome != Name(Outcome::kCommitted) && !handed_over) continue;
    pricing.runs.push_back(RunFactsOf(run));
    if (handed_over) pricing.runs.back().handed_over = run.message;
    // With one file a partition, the files it wrote tell how many partitions it wrote into.
    if (pricing.partitions_before < 0 && run.figures.files_written > 0) {
      pricing.partitions_before = run.figures.files_written;
    }
  }
  return pricing;
}

Result<std::map<std::string, std::string>> PlanStandsOn(const Job& job, const std::optional<Window>& window,
                                                        std::string inputs, const RunEnvironment& environment) {
  std::map<std::string, std::string> stands{{"run key", KeyOf(job, window).ToString()}, {"sources", std::move(inputs)}};
  stands["table version"] = "none";
  if (job.sink.format == SinkFormat::kDelta) {
    ASSIGN_OR_RETURN(const Target target, OpenTarget(job.Resolve(job.sink.path), environment));
    if (target.snapshot) stands["table version"] = std::to_string(target.snapshot->version());
  }
  return stands;
}

JobFacts FactsOf(const Job& job, const std::optional<Window>& window, const Prepared& prepared,
                 const RunEnvironment& environment, const Pricing& pricing) {
  JobFacts facts;
  facts.job = job.name;
  facts.job_class = std::string(Name(job.job_class));
  if (job.sla) {
    facts.sla = std::string(Name(job.sla->kind));
    facts.sla_seconds = Seconds(job.sla->limit);
  }
  if (job.window && window) facts.window = advisor::WindowFacts{Seconds(window->end - window->start) / 3600, -1};
  const auto columns_read = ColumnsRead(prepared);
  for (const auto& opened : prepared.sources) facts.sources.push_back(SourceFactsOf(opened, columns_read));
  for (const auto& planned : prepared.steps) facts.steps.push_back(StepFactsOf(planned));
  facts.sink = SinkFactsOf(job, window, pricing.partitions_before);
  facts.machine = {environment.memory_bytes, environment.threads, DiskFree(environment.temp_folder)};
  facts.runs = pricing.runs;
  facts.choices.conf = job.conf;
  if (const auto set = job.conf.find("spark.sql.shuffle.partitions"); set != job.conf.end()) {
    facts.choices.shuffle_partitions = std::atoi(set->second.c_str());
  }
  facts.choices.certify = job.certify;
  const std::string spec_hash = KeyOf(job, window).spec_hash;
  const auto certified = pricing.certified.find(spec_hash);
  facts.certified = certified == pricing.certified.end() ? 0 : certified->second;
  facts.choices.budget_dollars = job.budget.dollars;
  facts.choices.budget_seconds = Seconds(job.budget.time);
  return facts;
}

std::optional<Gathered> GatherFacts(const Job& job, const std::optional<Window>& window, RunEnvironment environment,
                                    const Pricing& pricing, Diagnostics& out, bool try_codecs) {
  if (job.app) {
    auto gathered = GatherAppFacts(job, window, environment, pricing);
    if (!gathered.ok()) return out.Error(job.app->at, "reads", gathered.error()), std::nullopt;
    return *std::move(gathered);
  }
  EventStream silent({});
  Teller teller(silent, *environment.clock, "");
  const Timestamp now = environment.clock->Now();
  auto options = SessionOptionsFor(job, environment, now);
  options.allowed_folders.push_back(CodecSampleFolder(environment));
  auto session = environment.engine->Open(options, *environment.cancel, nullptr);
  if (!session.ok()) return out.Error({job.file}, "", session.error().ToString()), std::nullopt;
  Prepared prepared = Prepare(job, window, environment, now, **session, teller, out);
  if (out.has_errors()) return std::nullopt;

  auto stands = PlanStandsOn(job, window, InputsOf(prepared.sources), environment);
  if (!stands.ok()) return out.Error(job.sink.at, "", stands.error()), std::nullopt;
  JobFacts facts = FactsOf(job, window, prepared, environment, pricing);
  for (const auto& opened : prepared.sources) {
    if (const auto added = (*session)->AddSource(opened.source); !added.ok()) {
      return out.Error(opened.spec->at, "", NameFiles(added.error(), {&opened.source})), std::nullopt;
    }
  }
  for (size_t i = 0; i < prepared.steps.size(); ++i) {
    const auto& planned = prepared.steps[i];
    const auto added = (*session)->AddStep(planned.step->name, planned.relation, false);
    if (added.ok()) continue;
    if (added.error().kind != ErrorKind::kUnimplemented) {
      return out.Error(planned.step->at, "", added.error().ToString()), std::nullopt;
    }
    facts.steps[i].refused = added.error().message;
    break;  // what reads this step can't be looked at
  }
  const auto keys = KeysToSample(facts, prepared);
  const auto bytes = [](const SourceFacts& one, const SourceFacts& other) { return one.bytes < other.bytes; };
  const auto largest = std::max_element(facts.sources.begin(), facts.sources.end(), bytes) - facts.sources.begin();
  for (size_t i = 0; i < prepared.sources.size(); ++i) {
    const auto& opened = prepared.sources[i];
    const auto found = keys.find(facts.sources[i].name);
    const bool is_tried = try_codecs && static_cast<ptrdiff_t>(i) == largest;
    if (found == keys.end() && !is_tried) continue;
    const auto sample = AddSample(opened, prepared, **session);
    if (!sample) continue;
    if (found != keys.end()) SampleKeys(*sample, found->second, prepared, **session, facts.sources[i]);
    if (is_tried) facts.codecs = SampleCodecs(opened, *sample, prepared, **session, environment);
  }
  return Gathered{std::move(facts), *std::move(stands)};
}

}  // namespace tidemill::job
