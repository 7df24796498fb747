#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "advisor/figures.h"
#include "advisor/plan.h"

namespace tidemill::advisor {
namespace {

constexpr double kSplitBytes = 128.0 * (1 << 20);  // Spark's spark.sql.files.maxPartitionBytes
constexpr double kOpenBytes = 4.0 * (1 << 20);     // Spark's spark.sql.files.openCostInBytes
constexpr double kTaskBytes = 128.0 * (1 << 20);   // a shuffle partition's, unpacked
constexpr double kBandLow = 128.0 * (1 << 20), kBandHigh = 1024.0 * (1 << 20);
constexpr int kMostPartitionsPerCore = 400;  // the ADR's 200-400

// One task reads a packed text file whole.
bool Splits(const SourceFacts& source) { return source.codec.empty() || source.codec == "bzip2"; }

// As Spark packs them: a task takes whole small files, each at the price of opening it.
double SplitsOf(const SourceFacts& source) {
  const double files = static_cast<double>(source.files);
  const double packed = std::ceil((static_cast<double>(source.bytes) + files * kOpenBytes) / kSplitBytes);
  return Splits(source) ? packed : std::min(files, packed);
}

bool TooLargeToSplit(const SourceFacts& source) {
  return !Splits(source) && static_cast<double>(source.largest_file) > 4 * kSplitBytes;
}

bool TooSmall(const SourceFacts& source) { return source.files > 16 && source.small_files * 2 > source.files; }

std::string Tasks(double count) { return CountText(count) + (count == 1 ? " task" : " tasks"); }

// A source whose files hold Spark back.
Decision Splitting(const SourceFacts& source) {
  Decision decision{"read", source.name, Tasks(SplitsOf(source)), "", {}, "", ""};
  decision.figures = {{"files", CountText(static_cast<double>(source.files))},
                      {"bytes", BytesText(static_cast<double>(source.bytes))},
                      {"largest file", BytesText(static_cast<double>(source.largest_file))}};
  decision.override_with = "conf: spark.sql.files.maxPartitionBytes";
  if (TooLargeToSplit(source)) {
    decision.why = fmt::format("{} text can't be split, so one task reads {} alone", source.codec,
                               BytesText(static_cast<double>(source.largest_file)));
    decision.changes = "the files written smaller, or as bzip2 or Parquet, which split";
  } else {
    decision.why =
        fmt::format("{} of {} files are below {}: opening them costs more than reading",
                    CountText(static_cast<double>(source.small_files)), CountText(static_cast<double>(source.files)),
                    BytesText(static_cast<double>(kSmallFile)));
    decision.changes = "fewer, larger files (128 MB to 1 GB) from whoever writes them";
  }
  return decision;
}

Decision Pruning(const SourceFacts& source) {
  const bool columns = source.columns_read > 0 && source.columns_read < source.columns;
  Decision decision{"pushdown", source.name, "", "", {}, "", "nothing to override: the rows are the same"};
  std::vector<std::string> what;
  if (columns) what.push_back(fmt::format("{} of {} columns read", source.columns_read, source.columns));
  if (source.pruned_files > 0) {
    what.push_back(fmt::format("{} of {} files left out", CountText(static_cast<double>(source.pruned_files)),
                               CountText(static_cast<double>(source.pruned_files + source.files))));
  }
  decision.what = fmt::format("{}", fmt::join(what, ", "));
  decision.why = source.pruned_files > 0 ? "their partition values or statistics can't match the window or filter"
                                         : "the steps use no others";
  decision.changes = "steps that use other columns, another window";
  decision.figures = {{"columns", std::to_string(source.columns)},
                      {"files read", CountText(static_cast<double>(source.files))}};
  return decision;
}

}  // namespace

void DecideReading(const Situation& now, Plan& plan) {
  double tasks = 0;
  for (const auto& source : now.facts.sources) tasks += SplitsOf(source);
  plan.decisions.push_back(
      {"input splits",
       "",
       Tasks(tasks),
       fmt::format("a task reads at most {} of one file", BytesText(kSplitBytes)),
       {{"read", BytesText(now.estimate.bytes_read)}, {"sources", std::to_string(now.facts.sources.size())}},
       "more or fewer bytes or files",
       "conf: spark.sql.files.maxPartitionBytes"});
  for (const auto& source : now.facts.sources) {
    if (TooLargeToSplit(source) || TooSmall(source)) plan.decisions.push_back(Splitting(source));
    const bool columns = source.columns_read > 0 && source.columns_read < source.columns;
    if (columns || source.pruned_files > 0) plan.decisions.push_back(Pruning(source));
  }
}

void DecidePartitions(const Situation& now, Plan& plan) {
  const SparkShape shape = ShapeOf(now, plan);
  const double most = double(shape.cores) * kMostPartitionsPerCore;
  double shuffled = now.estimate.shuffle_bytes;
  for (const auto& table : plan.broadcasts) {  // of those joins neither side moves
    const auto joined = now.estimate.join_bytes.find(table);
    if (joined != now.estimate.join_bytes.end()) shuffled -= joined->second;
  }
  const double wanted = std::ceil(shuffled / kTaskBytes);
  const double rounded = std::ceil(wanted / shape.cores) * shape.cores;  // whole waves of tasks
  Decision decision{"shuffle partitions", "", "", "", {}, "", "conf: spark.sql.shuffle.partitions"};
  decision.figures = {{"shuffled", BytesText(shuffled)},
                      {"cores", std::to_string(shape.cores)},
                      {"upper bound", fmt::format("{} a core", kMostPartitionsPerCore)}};
  if (now.facts.choices.shuffle_partitions > 0) {
    plan.shuffle_partitions = now.facts.choices.shuffle_partitions;
    decision.why = "the job's conf says so";
    decision.changes = "the conf taken out";
  } else if (rounded > most) {
    plan.shuffle_partitions = static_cast<int>(most);
    decision.why = fmt::format("{} a partition would need {} of them; more than {} a core cost more than they give",
                               BytesText(kTaskBytes), CountText(wanted), kMostPartitionsPerCore);
    decision.changes = "more cores, or a smaller window";
  } else {
    plan.shuffle_partitions = std::max(shape.cores, static_cast<int>(rounded));
    decision.why = wanted < shape.cores
                       ? "a task for each core; the data would need fewer"
                       : fmt::format("{} a partition, in whole waves of {} tasks", BytesText(kTaskBytes), shape.cores);
    decision.changes = "more shuffled bytes, or another number of cores";
  }
  decision.what = std::to_string(plan.shuffle_partitions);
  plan.decisions.push_back(std::move(decision));
}

void DecideFiles(const Situation& now, Plan& plan) {
  const auto& sink = now.facts.sink;
  const double written = now.estimate.bytes_written;
  const double target = static_cast<double>(sink.target_file_bytes);
  const bool parted = !sink.partition_by.empty();
  const double partitions = parted ? std::max<double>(1, static_cast<double>(sink.partitions)) : 1;
  const double each = written / partitions;
  const double files = partitions * std::max(1.0, std::ceil(each / target));
  Decision decision{"files",
                    "",
                    fmt::format("{} of about {}", CountText(files), BytesText(written / files)),
                    "",
                    {},
                    "",
                    "sink: target_file_size, partition_by"};
  decision.figures = {{"written", BytesText(written)},
                      {"partitions", parted && sink.partitions < 0 ? "not known" : CountText(partitions)},
                      {"target", BytesText(target)}};
  if (parted && sink.partitions < 0) {
    decision.what = "one or more a partition";
    decision.why = "how many partitions this run writes is not known before it runs";
    decision.changes = "an earlier run in the ledger, which would tell";
  } else if (parted && each < kBandLow) {
    decision.why =
        fmt::format("a partition gets {}, below the band of {} to {}: it is partitioned too finely by {}",
                    BytesText(each), BytesText(kBandLow), BytesText(kBandHigh), fmt::join(sink.partition_by, ", "));
    decision.changes =
        fmt::format("{} or coarser partitions", sink.partition_by.size() > 1
                                                    ? fmt::format("partition_by without {}", sink.partition_by.back())
                                                    : std::string("no partition_by"));
  } else if (files == 1 && written < kBandLow) {
    decision.why = "all of it fits one file";
    decision.changes = "more rows";
  } else {
    decision.why = fmt::format("files of {} lie in the band of {} to {}", BytesText(written / files),
                               BytesText(kBandLow), BytesText(kBandHigh));
    decision.changes = "another target_file_size";
  }
  plan.decisions.push_back(std::move(decision));

  if (parted) {
    Decision repartition{"repartition",
                         "",
                         fmt::format("by {} before the write", fmt::join(sink.partition_by, ", ")),
                         fmt::format("without it each of {} Spark tasks would write a file into each partition",
                                     plan.shuffle_partitions),
                         {},
                         "a sink that is not partitioned",
                         "nothing: the native engine writes so by itself"};
    if (sink.partitions >= 0) {
      repartition.figures = {{"files with", CountText(files)},
                             {"files without", CountText(partitions * plan.shuffle_partitions)}};
    }
    plan.decisions.push_back(std::move(repartition));
  } else if (files < plan.shuffle_partitions) {
    plan.decisions.push_back(
        {"coalesce",
         "",
         fmt::format("to {} before the write", CountText(files)),
         fmt::format("{} tasks would write as many files of {}", plan.shuffle_partitions,
                     BytesText(written / plan.shuffle_partitions)),
         {{"files with", CountText(files)}, {"files without", std::to_string(plan.shuffle_partitions)}},
         "more bytes written",
         "sink: target_file_size"});
  }

  Decision codec{"compression", "", sink.compression, "", {}, "", "sink: compression"};
  for (const auto& [name, facts] : now.facts.codecs) {
    codec.figures.push_back(
        {name, fmt::format("{} of the plain size, {:.1f} s a GB", ShareText(facts.ratio), facts.seconds_per_gb)});
  }
  const auto used = now.facts.codecs.find(sink.compression), zstd = now.facts.codecs.find("zstd");
  if (used != now.facts.codecs.end() && zstd != now.facts.codecs.end() &&
      zstd->second.ratio < 0.8 * used->second.ratio) {
    codec.why = fmt::format(
        "tables are written and read often, and {} is fast; zstd would take {} of its space for "
        "{:.1f} s more a GB",
        sink.compression, ShareText(zstd->second.ratio / used->second.ratio),
        zstd->second.seconds_per_gb - used->second.seconds_per_gb);
    codec.changes = "a table that is kept long and read little: zstd";
  } else {
    codec.why = sink.compression == "snappy" ? "fast to write and read, which tables are often; gzip is for text that "
                                               "leaves, bzip2 for archives"
                                             : "the job's sink says so";
    codec.changes = "a measured sample in which another codec is much smaller";
  }
  plan.decisions.push_back(std::move(codec));
}

}  // namespace tidemill::advisor
