#include "watch/run_story.h"

namespace tidemill::watch {
namespace {

namespace event = job::event;

struct Take {
  RunStory& story;
  Timestamp at;

  void operator()(const event::RunStarted& started) const {
    story.started = started;
    story.from = at;
  }
  void operator()(const event::SourceRead& source) const { story.sources.push_back(source); }
  void operator()(const event::StageFinished& stage) const {
    story.stages.push_back({stage.stage, at - stage.duration, at});
  }
  void operator()(const event::CheckResult& check) const { story.checks.push_back(check); }
  void operator()(const event::Committed& committed) const { story.committed = committed; }
  void operator()(const event::Quarantined& quarantined) const { story.quarantined = quarantined; }
  void operator()(const event::Invoiced& invoiced) const { story.invoiced = invoiced; }
  void operator()(const event::RunFinished& finished) const {
    story.finished = finished;
    story.to = at;
  }
  template <typename Other>
  void operator()(const Other&) const {}
};

}  // namespace

const RunStory& Stories::Add(const job::Event& event) {
  RunStory& story = stories_[event.attempt];
  story.attempt = event.attempt;
  std::visit(Take{story, event.at}, event.body);
  return story;
}

}  // namespace tidemill::watch
