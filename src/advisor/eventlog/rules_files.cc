// What files a run reads and writes, and how.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "advisor/eventlog/rules.h"
#include "advisor/figures.h"
#include "base/lower.h"

namespace tidemill::advisor::eventlog {
namespace {

using Findings = std::vector<Finding>;

constexpr std::string_view kFiles = "number of files read", kFileBytes = "size of files read",
                           kRows = "number of output rows", kWritten = "number of written files",
                           kWrittenBytes = "written output";
constexpr double kTargetBytes = 128.0 * (1 << 20);  // of spark.sql.files.maxPartitionBytes

double Number(int64_t value) { return static_cast<double>(value); }

// A file scan that ran, with the stage that ran it (null: none that the log has).
struct Scan {
  const Execution* execution;
  const PlanNode* node;
  const Stage* stage;
  double files;
  double bytes;
  std::string Format() const {
    std::string format = LowerAscii(node->metadata.contains("Format") ? node->metadata.at("Format") : "");
    return format;
  }
  std::string Location() const {
    const auto found = node->metadata.find("Location");
    if (found == node->metadata.end()) return node->name;
    const size_t open = found->second.find('[');
    return open == std::string::npos ? found->second : found->second.substr(open);
  }
  bool IsText() const { return Format() == "csv" || Format() == "json" || Format() == "text"; }
};

std::vector<Scan> Scans(const Log& log) {
  std::vector<Scan> out;
  for (const auto& execution : log.executions) {
    for (const auto& node : execution.nodes) {
      if (!node.metrics.contains(std::string(kFiles))) continue;
      out.push_back(
          {&execution, &node, log.FindStage(node.StageOf(kRows)), node.Value(kFiles), node.Value(kFileBytes)});
    }
  }
  return out;
}

constexpr Threshold kSmallRead[] = {
    {"files", 100, "fewer open in less than a second"},
    {"average bytes", 16.0 * (1 << 20), "as the planner's own kSmallFile; Delta's optimize aims at 256 MB and more"},
    {"bytes a second of a core", 30e6,
     "half of what a core parses of CSV (docs/performance.md): above it the files are not the matter"},
};

Findings SmallFilesRead(const Rule& rule, const Case& now) {
  Findings out;
  for (const Scan& scan : Scans(now.log)) {
    if (scan.files < rule.At("files") || scan.bytes > rule.At("average bytes") * scan.files || scan.stage == nullptr)
      continue;
    const Stage& stage = *scan.stage;
    const double needs = std::max(scan.bytes / rule.At("bytes a second of a core"), 0.15 * stage.seconds.sum());
    if (needs >= stage.seconds.sum()) continue;
    const auto tasks = std::max<int64_t>(now.slots, static_cast<int64_t>(scan.bytes / kTargetBytes));
    Finding finding;
    finding.what = fmt::format("{} reads {} files of {} on average: {}", Called(stage), CountText(scan.files),
                               BytesText(scan.bytes / scan.files), scan.Location());
    finding.stages = {stage.id};
    finding.figures = {{"files", CountText(scan.files)},
                       {"bytes", BytesText(scan.bytes)},
                       {"a second of a core", BytesText(scan.bytes / std::max(stage.seconds.sum(), 0.001))},
                       {"listing", SecondsText(scan.node->Value("metadata time") / 1000)}};
    finding.advice =
        scan.Format() == "parquet" || scan.Format() == "delta"
            ? "OPTIMIZE the table (`tidemill table optimize PATH`), or write fewer files where they are written"
            : fmt::format("make {} files of it once: `tidemill convert IN OUT`", tasks);
    finding.seconds = Around(now.Gain(stage, {tasks, needs / Number(tasks)}), rule.confidence);
    out.push_back(std::move(finding));
  }
  return out;
}

constexpr Threshold kUnsplit[] = {
    {"bytes of the largest task", 8.0 * (1 << 20),
     "twice spark.sql.files.openCostInBytes, from which on Spark would have split it"},
    {"its share of the rows", 0.8, "one task does the stage's work"},
};

Findings UnsplitFiles(const Rule& rule, const Case& now) {
  Findings out;
  std::set<int64_t> seen;
  for (const Scan& scan : Scans(now.log)) {
    if (scan.stage == nullptr || !seen.insert(scan.stage->id).second || now.slots < 2) continue;
    const Stage& stage = *scan.stage;
    const auto count = stage.seconds.count();
    const bool few = count < now.slots && scan.files <= Number(count);
    const bool one =
        stage.rows.count() > 1 && stage.rows.largest() >= rule.At("its share of the rows") * stage.rows.sum();
    if ((!few && !one) || Number(stage.slowest_bytes) < rule.At("bytes of the largest task")) continue;
    const int64_t tasks = 3 * now.slots;
    Finding finding;
    finding.what = fmt::format("{} reads {} in one piece while other cores wait: {}", Called(stage),
                               BytesText(Number(stage.slowest_bytes)), scan.Location());
    finding.stages = {stage.id};
    finding.figures = {{"files", CountText(scan.files)},
                       {"tasks", CountText(Number(count))},
                       {"cores", CountText(now.slots)},
                       {"largest task", SecondsText(stage.slowest)}};
    finding.advice = scan.IsText()
                         ? "gzip and multi-line files can't be split: write them as bzip2, zstd Parquet or several "
                           "files, or SELECT /*+ REPARTITION(n) */ right after reading"
                         : "its row groups are too large to be split: write it again with parquet.block.size of 128 MB";
    finding.seconds = Around(now.Gain(stage, {tasks, stage.seconds.sum() / Number(tasks)}), rule.confidence);
    out.push_back(std::move(finding));
  }
  return out;
}

constexpr Threshold kSmallWritten[] = {
    {"files", 50, "fewer are no burden to who reads them"},
    {"average bytes", 16.0 * (1 << 20), "as the planner's own kSmallFile"},
    {"a file's own time, seconds", 0.01,
     "opened, closed and committed, on a local disk; object stores take ten times that"},
};

Findings SmallFilesWritten(const Rule& rule, const Case& now) {
  Findings out;
  for (const auto& execution : now.log.executions) {
    for (const auto& node : execution.nodes) {
      const double files = node.Value(kWritten), bytes = node.Value(kWrittenBytes);
      if (files < rule.At("files") || bytes > rule.At("average bytes") * files) continue;
      const Stage* stage = now.log.FindStage(node.StageOf("task commit time"));
      const auto enough = std::max<int64_t>(1, static_cast<int64_t>(std::ceil(bytes / kTargetBytes)));
      const double parts = std::max(node.Value("number of dynamic part"), 1.0);
      if (files < 4 * std::max(parts, Number(enough))) continue;
      Finding finding;
      finding.what = fmt::format("{} files of {} are written", CountText(files), BytesText(bytes / files));
      double gain = files * rule.At("a file's own time, seconds") / now.slots;
      if (stage != nullptr) {
        finding.stages = {stage->id};
        const double own = std::min(stage->seconds.Quantile(0.1), 0.1) * files;
        const double left = std::max(0.2 * stage->seconds.sum(), stage->seconds.sum() - own);
        const int64_t tasks = std::max<int64_t>(enough, now.slots);
        gain = std::max(gain, now.Gain(*stage, {tasks, left / Number(tasks)}));
      }
      finding.figures = {{"files", CountText(files)},
                         {"bytes", BytesText(bytes)},
                         {"partitions", CountText(parts)},
                         {"commit", SecondsText(node.Value("job commit time") / 1000)}};
      finding.settings = {{"spark.sql.shuffle.partitions", std::to_string(std::max<int64_t>(enough, now.slots))},
                          {"spark.sql.adaptive.advisoryPartitionSizeInBytes", "134217728"}};
      finding.advice =
          "SELECT /*+ REBALANCE */ ... as the last step, by the partition columns where there are some; who reads "
          "the table gains each time";
      finding.seconds = Around(gain, rule.confidence);
      out.push_back(std::move(finding));
    }
  }
  return out;
}

constexpr Threshold kTextAgain[] = {
    {"times read", 2, "the second reading parses what the first did"},
    {"time that columns save", 0.6, "Parquet reads a third of CSV's time for the same columns, and skips the others"},
};

Findings TextReadAgain(const Rule& rule, const Case& now) {
  std::map<std::string, std::vector<Scan>> by_location;
  for (const Scan& scan : Scans(now.log)) {
    if (scan.IsText() && scan.stage != nullptr) by_location[scan.Location()].push_back(scan);
  }
  Findings out;
  for (const auto& [location, scans] : by_location) {
    std::map<const Stage*, Tasks> changed;
    for (const Scan& scan : scans) {
      const auto tasks = std::max<int64_t>(scan.stage->seconds.count(), 1);
      changed[scan.stage] = {tasks,
                             scan.stage->seconds.sum() * (1 - rule.At("time that columns save")) / Number(tasks)};
    }
    if (Number(std::ssize(changed)) < rule.At("times read")) continue;
    Finding finding;
    finding.what = fmt::format("{} of {} is parsed {} times: {}", BytesText(scans.front().bytes),
                               scans.front().Format(), changed.size(), location);
    for (const auto& [stage, tasks] : changed) finding.stages.push_back(stage->id);
    finding.figures = {{"readings", CountText(Number(std::ssize(changed)))}, {"format", scans.front().Format()}};
    finding.advice =
        "write it once as Parquet or Delta (`tidemill convert IN OUT`) and read that; or cache the parsed rows";
    finding.seconds = Around(now.Gain(changed), rule.confidence);
    out.push_back(std::move(finding));
  }
  return out;
}

constexpr Threshold kCodec[] = {
    {"CPU by run time", 0.7, "below it the disk or the network decides, and the smaller file wins"},
    {"time that zstd saves", 0.4, "gzip packs at a third of zstd's speed for the same size"}};

Findings SlowCodec(const Rule& rule, const Case& now) {
  Findings out;
  const std::string codec = now.log.Conf("spark.sql.parquet.compression.codec", "snappy");
  for (const auto& execution : now.log.executions) {
    for (const auto& node : execution.nodes) {
      if (!node.metrics.contains(std::string(kWritten))) continue;
      const bool gzip = codec == "gzip" || codec == "brotli" || node.text.find("compression=gzip") != std::string::npos;
      const Stage* stage = now.log.FindStage(node.StageOf("task commit time"));
      if (!gzip || stage == nullptr || stage->sums.cpu < rule.At("CPU by run time") * stage->sums.run) continue;
      const auto tasks = std::max<int64_t>(stage->seconds.count(), 1);
      Finding finding;
      finding.what = fmt::format("{} packs {} as gzip and is bound by its cores", Called(*stage),
                                 BytesText(node.Value(kWrittenBytes)));
      finding.stages = {stage->id};
      finding.figures = {{"CPU", ShareText(stage->sums.cpu / stage->sums.run)}, {"codec", "gzip"}};
      finding.settings = {{"spark.sql.parquet.compression.codec", "zstd"}};
      finding.seconds = Around(
          now.Gain(*stage, {tasks, stage->seconds.sum() * (1 - rule.At("time that zstd saves")) / Number(tasks)}),
          rule.confidence);
      out.push_back(std::move(finding));
    }
  }
  return out;
}

constexpr Threshold kFullScan[] = {
    {"partitions read", 8, "fewer are no matter"},
    {"rows that stay", 0.3, "where more stay, most partitions are needed"},
};

Findings FullScan(const Rule& rule, const Case& now) {
  Findings out;
  for (const Scan& scan : Scans(now.log)) {
    const double parts = scan.node->Value("number of partitions read");
    const auto filters = scan.node->metadata.find("PartitionFilters");
    if (parts < rule.At("partitions read") || scan.stage == nullptr || filters == scan.node->metadata.end() ||
        (filters->second != "[]" && filters->second.find("isnotnull") == std::string::npos) ||
        filters->second.find(", (") != std::string::npos) {
      continue;
    }
    const double read = scan.node->Value(kRows);
    const PlanNode* filter = nullptr;
    for (int at = scan.node->parent; at >= 0; at = scan.execution->nodes[static_cast<size_t>(at)].parent) {
      const PlanNode& above = scan.execution->nodes[static_cast<size_t>(at)];
      if (above.name == "Filter") filter = &above;
      if (above.name == "Exchange" || above.name.find("Join") != std::string::npos ||
          above.name.find("Aggregate") != std::string::npos)
        break;
    }
    if (filter == nullptr || read <= 0 || filter->Value(kRows) > rule.At("rows that stay") * read) continue;
    const double stays = filter->Value(kRows) / read;
    const auto tasks = std::max<int64_t>(scan.stage->seconds.count(), 1);
    Finding finding;
    finding.what = fmt::format("{} reads all {} partitions and keeps {} of the rows: {}", Called(*scan.stage),
                               CountText(parts), ShareText(stays), scan.Location());
    finding.stages = {scan.stage->id};
    finding.figures = {{"partitions", CountText(parts)},
                       {"rows read", CountText(read)},
                       {"rows kept", CountText(filter->Value(kRows))},
                       {"filter", filter->text.substr(0, 200)}};
    finding.advice =
        "add to WHERE the condition on the partition column that follows from this one, without a function around "
        "the column; or cluster the table by what is filtered";
    finding.seconds =
        Around(now.Gain(*scan.stage, {tasks, scan.stage->seconds.sum() * std::max(stays, 0.05) / Number(tasks)}),
               rule.confidence);
    out.push_back(std::move(finding));
  }
  return out;
}

constexpr Rule kRules[] = {
    {"small_files_read", "many small files", "compaction", "the stage at 30 MB/s a core", kSmallRead,
     Confidence::kMedium, SmallFilesRead},
    {"unsplit_files", "a large file in one task while cores wait", "a codec that can be split, or REPARTITION",
     "the stage's work in three tasks a core", kUnsplit, Confidence::kMedium, UnsplitFiles},
    {"small_files_written", "many small files", "REBALANCE before the write",
     "without what the shortest tasks took, of each file", kSmallWritten, Confidence::kMedium, SmallFilesWritten},
    {"text_read_again", "CSV, JSON or text that is parsed several times", "Parquet, or a cache", "60 % of these stages",
     kTextAgain, Confidence::kMedium, TextReadAgain},
    {"slow_codec", "gzip in stages bound by their cores", "zstd", "40 % of the writing stages", kCodec,
     Confidence::kLow, SlowCodec},
    {"full_scan", "all partitions read, few rows kept", "a condition on the partition column",
     "the stage with the rows it keeps", kFullScan, Confidence::kMedium, FullScan},
};

}  // namespace

std::span<const Rule> FileRules() { return kRules; }

}  // namespace tidemill::advisor::eventlog
