#include "advisor/estimate.h"

#include <algorithm>

namespace tidemill::advisor {
namespace {

// Bytes in memory of a byte in the file.
double Unpacked(const SourceFacts& source) {
  if (source.format == "parquet" || source.format == "delta") return 3;
  const double packed = source.codec.empty() ? 1 : source.codec == "snappy" ? 2.5 : 5;
  return packed * (source.format == "json" ? 0.7 : 1);
}

constexpr double kRowBytes = 100;    // of a row about which nothing else is known
constexpr double kGroupShare = 0.2;  // groups of a row, where keys were not sampled
constexpr double kDistinctShare = 0.5;
constexpr double kHashOverhead = 1.5;   // a hash table or a sort to its rows
constexpr double kWrittenShare = 0.35;  // Parquet with snappy to values in memory
// What the native engine holds however small the data: buffers of reading and writing, by thread.
constexpr double kBaseBytes = 100e6, kThreadBytes = 120e6;
constexpr double kOpenSeconds = 0.0002;  // of one more file read
// Partitions of a run about which nothing is known: most of them are days, and too few quote too little.
constexpr double kUnknownPartitions = 200;
// Rows of a partitioned write that wait in memory.
constexpr double kHeldBackRows = 1'000'000;

Flow FlowOf(const SourceFacts& source) {
  Flow flow;
  const double read = source.columns > 0 && source.columns_read > 0 ? double(source.columns_read) / source.columns : 1;
  const double all = static_cast<double>(source.bytes) * Unpacked(source);
  flow.bytes = all * read;
  flow.rows = source.rows >= 0 ? static_cast<double>(source.rows) : all / kRowBytes;
  return flow;
}

double RowBytes(const Flow& flow) { return flow.rows > 0 ? flow.bytes / flow.rows : 0; }

Flow Of(const Estimate& estimate, const std::string& name) {
  const auto found = estimate.flows.find(name);
  return found == estimate.flows.end() ? Flow{} : found->second;
}

// Goes through a step's operations as its text has them; what was joined so far is the largest of what it read.
class StepEstimator {
 public:
  StepEstimator(Estimate& estimate, const Rates& rates) : estimate_(estimate), rates_(rates) {}

  Flow Take(const StepFacts& step) {
    for (const auto& name : step.reads) {
      const Flow flow = Of(estimate_, name);
      if (flow.rows >= now_.rows) now_ = flow;
    }
    for (const auto& operation : step.operations) Apply(operation);
    if (step.cache) estimate_.working_bytes += now_.bytes;
    return now_;
  }

 private:
  void Apply(const Operation& operation) {
    estimate_.core_seconds += now_.rows / rates_.operation_rows;
    if (operation.kind == "join") return Join(operation);
    estimate_.shuffle_bytes += now_.bytes;
    if (operation.kind == "aggregate" && operation.keys.empty()) {
      now_ = {1, RowBytes(now_)};
      return;
    }
    if (operation.kind == "aggregate" || operation.kind == "distinct") {
      const double share = operation.kind == "aggregate" ? kGroupShare : kDistinctShare;
      now_ = {now_.rows * share, now_.bytes * share};
    }
    estimate_.working_bytes += now_.bytes * kHashOverhead;
  }

  void Join(const Operation& operation) {
    const Flow left = operation.left.empty() ? now_ : Of(estimate_, operation.left);
    const Flow right = operation.right.empty() ? now_ : Of(estimate_, operation.right);
    const Flow& small = left.bytes < right.bytes ? left : right;
    const Flow& large = left.bytes < right.bytes ? right : left;
    estimate_.working_bytes += small.bytes * kHashOverhead;
    estimate_.shuffle_bytes += left.bytes + right.bytes;
    estimate_.join_bytes[SideToSend(operation)] += left.bytes + right.bytes;
    if (operation.type == "semi" || operation.type == "anti") {
      now_ = left;
    } else if (operation.type == "cross") {
      now_ = {left.rows * right.rows, left.rows * right.rows * (RowBytes(left) + RowBytes(right))};
    } else {  // a key of the small side is taken to have one row
      now_ = {large.rows, large.rows * (RowBytes(left) + RowBytes(right))};
    }
  }

  Estimate& estimate_;
  const Rates& rates_;
  Flow now_;
};

// What earlier runs on the native engine used, scaled to this run's input.
void Correct(const JobFacts& facts, Estimate& estimate) {
  double memory = 0;
  for (const auto& run : facts.runs) {
    // An attempt that handed over says how much is too little, not how much is enough.
    if (run.engine != "native" || run.bytes_read <= 0 || !run.handed_over.empty()) continue;
    const double scale = estimate.bytes_read / static_cast<double>(run.bytes_read);
    const double floor = kBaseBytes + kThreadBytes * facts.machine.threads;
    const double used = static_cast<double>(run.peak_memory_bytes + run.spill_bytes);
    memory = std::max(memory, scale > 1 ? floor + std::max(0.0, used - floor) * scale : used);
  }
  if (memory <= 0) return;
  estimate.memory_bytes = memory;
  estimate.measured = true;
}

}  // namespace

const std::string& SideToSend(const Operation& join) { return join.right.empty() ? join.left : join.right; }

Estimate EstimateOf(const JobFacts& facts, const Rates& rates) {
  Estimate estimate;
  for (const auto& source : facts.sources) {
    const Flow flow = FlowOf(source);
    estimate.flows[source.name] = flow;
    estimate.bytes_read += static_cast<double>(source.bytes);
    const auto rate = rates.read_bytes.find(source.format);
    const double speed = rate == rates.read_bytes.end() ? 100e6 : rate->second;
    // Packed text is read at the speed of what comes out of it, and of unpacking.
    const double packed = source.codec.empty() ? 1 : 6;
    estimate.core_seconds += static_cast<double>(source.bytes) * packed / speed;
    estimate.core_seconds += static_cast<double>(source.files) * kOpenSeconds;
    estimate.output = flow;
    if (!facts.program.empty()) estimate.shuffle_bytes += flow.bytes;  // what it does is not known: all of it, once
  }
  for (const auto& step : facts.steps) {
    const Flow flow = StepEstimator(estimate, rates).Take(step);
    estimate.flows[step.name] = flow;
    estimate.output = flow;
  }
  if (facts.steps.empty() && !facts.sources.empty()) estimate.output = estimate.flows[facts.sources.front().name];
  if (facts.sink.sorted) estimate.working_bytes += estimate.output.bytes * kHashOverhead;
  if (!facts.sink.partition_by.empty()) {
    estimate.working_bytes += std::min(estimate.output.rows, kHeldBackRows) * RowBytes(estimate.output);
    if (facts.sink.mode == "append") estimate.shuffle_bytes += estimate.output.bytes;
  }
  estimate.core_seconds += estimate.output.bytes / rates.write_bytes;
  estimate.bytes_written = estimate.output.bytes * kWrittenShare;
  const double unknown = facts.sink.partition_by.empty() ? 1 : kUnknownPartitions;
  const double partitions = facts.sink.partitions < 0 ? unknown : static_cast<double>(facts.sink.partitions);
  estimate.core_seconds += std::max(1.0, partitions) * rates.file_seconds;
  estimate.memory_bytes = kBaseBytes + kThreadBytes * facts.machine.threads + estimate.working_bytes;
  Correct(facts, estimate);
  return estimate;
}

}  // namespace tidemill::advisor
