#include "job/run_windows.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

namespace tidemill::job {
namespace {

bool InTable(const RunResult& result) {
  return result.finished.outcome == Outcome::kCommitted || result.finished.outcome == Outcome::kAlreadyCommitted;
}

}  // namespace

std::vector<RunResult> RunWindows(const Job& job, RunOptions options, const std::vector<std::optional<Window>>& windows,
                                  int at_once, const RunEnvironment& environment, EventStream& stream,
                                  const RunOne& run) {
  const size_t workers = std::clamp<size_t>(static_cast<size_t>(std::max(at_once, 1)), 1, windows.size());
  std::vector<std::optional<RunResult>> slots(windows.size());
  std::atomic<size_t> next = 0;
  std::atomic<bool> stop = false;
  std::mt19937_64 seeds = environment.random;
  const auto work = [&](RunEnvironment mine) {
    for (size_t i = next++; i < windows.size() && !stop; i = next++) {
      RunOptions own = options;
      own.window = windows[i];
      slots[i] = run(job, own, mine, stream);
      mine.random.seed(mine.random());  // the next run's names are others
      if (!InTable(*slots[i])) stop = true;
    }
  };
  std::vector<std::thread> threads;
  for (size_t i = 0; i < workers; ++i) {
    RunEnvironment mine = environment;
    mine.random.seed(seeds());
    mine.memory_bytes = environment.memory_bytes / static_cast<int64_t>(workers);
    mine.threads = std::max(1, environment.threads / static_cast<int>(workers));
    if (i + 1 == workers) {
      work(std::move(mine));
    } else {
      threads.emplace_back(work, std::move(mine));
    }
  }
  for (auto& thread : threads) thread.join();
  std::vector<RunResult> results;
  for (auto& slot : slots) {
    if (slot) results.push_back(std::move(*slot));
  }
  return results;
}

}  // namespace tidemill::job
