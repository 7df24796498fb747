#include "advisor/eventlog/track.h"

#include <algorithm>
#include <map>

namespace tidemill::advisor::eventlog {

double MeasuredGain(const Taken& taken) {
  std::vector<double> shares;
  for (const auto& run : taken.after) {
    const bool by_rows = run.rows > 0 && taken.before.rows > 0;
    const double before = by_rows ? taken.before.seconds / taken.before.rows : taken.before.seconds;
    const double after = by_rows ? run.seconds / run.rows : run.seconds;
    if (before > 0) shares.push_back(1 - after / before);
  }
  if (shares.empty()) return 0;
  std::ranges::sort(shares);
  const size_t half = shares.size() / 2;
  return shares.size() % 2 == 1 ? shares[half] : (shares[half - 1] + shares[half]) / 2;
}

std::vector<Record> RecordsOf(const std::vector<Taken>& taken) {
  std::map<std::string, Record> records;
  for (const auto& one : taken) {
    auto& record = records[one.rule];
    record.rule = one.rule;
    ++record.taken;
    if (one.after.empty()) continue;
    ++record.measured;
    const double gained = MeasuredGain(one);
    if (gained >= one.low) ++record.hits;
    record.promised += one.mid;
    record.gained += gained;
  }
  std::vector<Record> out;
  for (auto& [rule, record] : records) {
    if (record.measured > 0) {
      record.promised /= record.measured;
      record.gained /= record.measured;
    }
    out.push_back(std::move(record));
  }
  return out;
}

}  // namespace tidemill::advisor::eventlog
