// verdict.h: what follows from how an attempt ended. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "base/units.h"
#include "job/event.h"

namespace tidemill::scheduler {

enum class Verdict {
  kDone,
  kRetry,   // the same again may succeed
  kBigger,  // with more memory, or on the other engine
  kSettle,  // nobody knows what it did: running it again finds out, and is harmless
  kAgain,   // it was stopped; no failure of its own
  kPark,    // the same again would fail the same: a person must look
};

// `kind` matters for kFailed alone.
Verdict VerdictOn(job::Outcome outcome, ErrorKind kind);

// Full jitter: uniform in [0, min(most, first * 2^(failures - 1))], the same for the same identity.
Micros RetryDelay(Micros first, Micros most, int failures, std::string_view job, Timestamp slot);

// A number that depends on all of `seed` (SplitMix64's finaliser).
uint64_t Mix(uint64_t seed);

}  // namespace tidemill::scheduler
