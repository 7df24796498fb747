// track.h: what became of advice that was taken: each rule's promise beside what the next runs took.
#pragma once

#include <string>
#include <vector>

namespace tidemill::advisor::eventlog {

struct RunCost {
  double seconds = 0;
  double rows = 0;  // that went in; 0: not known
};

// One rule's change of one job. Shares are of the run's time, 0 to 1.
struct Taken {
  std::string rule;
  double low = 0;
  double mid = 0;
  double high = 0;
  RunCost before;
  std::vector<RunCost> after;  // the runs since, newest last
};

// The share of its time that the run lost, per row where both are known: the median of the runs since. Below
// zero: it takes longer. Of no runs: 0.
double MeasuredGain(const Taken& taken);

struct Record {
  std::string rule;
  int taken = 0;
  int measured = 0;     // of them, those with runs since
  int hits = 0;         // of those, gained at least what was promised at the least
  double promised = 0;  // mean of the measured ones' mid
  double gained = 0;    // mean
  // A rule that missed more often than it hit, measured at least twice: its findings are worth less and come later.
  bool demoted() const { return measured >= 2 && 2 * hits < measured; }
};

// By rule, sorted.
std::vector<Record> RecordsOf(const std::vector<Taken>& taken);

}  // namespace tidemill::advisor::eventlog
