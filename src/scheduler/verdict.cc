#include "scheduler/verdict.h"

#include <algorithm>
#include <optional>

namespace tidemill::scheduler {
namespace {

using job::Outcome;

struct Row {
  Outcome outcome;
  std::optional<ErrorKind> kind;  // none: every kind
  Verdict verdict;
};
// The first that fits. Whatever is not named is parked.
constexpr Row kRows[] = {
    {Outcome::kCommitted, {}, Verdict::kDone},
    {Outcome::kAlreadyCommitted, {}, Verdict::kDone},
    {Outcome::kConflict, {}, Verdict::kRetry},
    {Outcome::kUnknown, {}, Verdict::kSettle},
    {Outcome::kHandedOff, {}, Verdict::kSettle},
    {Outcome::kCancelled, {}, Verdict::kAgain},
    {Outcome::kRefused, ErrorKind::kUnavailable, Verdict::kRetry},
    {Outcome::kFailed, ErrorKind::kCancelled, Verdict::kAgain},
    {Outcome::kFailed, ErrorKind::kUnavailable, Verdict::kRetry},
    {Outcome::kFailed, ErrorKind::kAborted, Verdict::kRetry},
    {Outcome::kFailed, ErrorKind::kResourceExhausted, Verdict::kBigger},
};

}  // namespace

Verdict VerdictOn(Outcome outcome, ErrorKind kind) {
  for (const Row& row : kRows) {
    if (row.outcome == outcome && (!row.kind || *row.kind == kind)) return row.verdict;
  }
  return Verdict::kPark;
}

uint64_t Mix(uint64_t seed) {
  seed += 0x9E3779B97F4A7C15ULL;
  seed = (seed ^ seed >> 30) * 0xBF58476D1CE4E5B9ULL;
  seed = (seed ^ seed >> 27) * 0x94D049BB133111EBULL;
  return seed ^ seed >> 31;
}

Micros RetryDelay(Micros first, Micros most, int failures, std::string_view job, Timestamp slot) {
  Micros longest = first;
  for (int i = 1; i < failures && longest < most; ++i) longest *= 2;
  longest = std::min(longest, most);
  uint64_t seed = static_cast<uint64_t>(failures);
  for (const unsigned char c : job) seed = Mix(seed ^ c);
  seed = Mix(seed ^ static_cast<uint64_t>(slot.time_since_epoch().count()));
  return Micros(static_cast<int64_t>(seed % static_cast<uint64_t>(longest.count() + 1)));
}

}  // namespace tidemill::scheduler
