// run_story.h: what one attempt of a run said, gathered.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "job/event.h"

namespace tidemill::watch {

struct RunStory {
  struct Stage {
    std::string name;
    Timestamp from{};
    Timestamp to{};
  };

  std::string attempt;
  Timestamp from{};
  Timestamp to{};  // of `finished`
  job::event::RunStarted started;
  std::vector<job::event::SourceRead> sources;
  std::vector<Stage> stages;  // in the order of their ends
  std::vector<job::event::CheckResult> checks;
  std::optional<job::event::Committed> committed;
  std::optional<job::event::Quarantined> quarantined;
  std::optional<job::event::Invoiced> invoiced;
  std::optional<job::event::RunFinished> finished;
};

// The stories of several attempts at once. Of one thread.
class Stories {
 public:
  // The story as it is after the event.
  const RunStory& Add(const job::Event& event);
  void Forget(const std::string& attempt) { stories_.erase(attempt); }

 private:
  std::map<std::string, RunStory> stories_;
};

}  // namespace tidemill::watch
