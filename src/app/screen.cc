#include "app/screen.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "advisor/figures.h"
#include "base/units.h"

namespace tidemill::app {
namespace {

using job::Event;
namespace event = job::event;

constexpr Micros kLeastBetweenDraws = std::chrono::milliseconds(100);
constexpr Micros kShortStage = std::chrono::milliseconds(5);
constexpr const char* kGreen = "32";
constexpr const char* kYellow = "33";
constexpr const char* kRed = "31";
constexpr const char* kBold = "1";

size_t TerminalWidth() {
  struct winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string Bar(double fraction) {
  constexpr int kCells = 20;
  const int full = std::clamp(static_cast<int>(fraction * kCells + 0.5), 0, kCells);
  std::string bar;
  for (int i = 0; i < kCells; ++i) bar += i < full ? "━" : "─";
  return bar;
}

const char* OutcomeColor(job::Outcome outcome) {
  switch (outcome) {
    case job::Outcome::kCommitted:
    case job::Outcome::kAlreadyCommitted:
      return kGreen;
    case job::Outcome::kConflict:
    case job::Outcome::kUnknown:
    case job::Outcome::kCancelled:
    case job::Outcome::kHandedOff:
      return kYellow;
    default:
      return kRed;
  }
}

std::string Summary(const event::RunFinished& end) {
  if (end.outcome != job::Outcome::kCommitted) return end.message;
  if (end.version < 0) return fmt::format("{} in {}", end.message, FormatDuration(end.duration));
  std::string text =
      fmt::format("{}: {}, {} file{}, {} in {}", end.message, Rows(end.rows_written), FormatCount(end.files_written),
                  end.files_written == 1 ? "" : "s", FormatBytes(end.bytes_written), FormatDuration(end.duration));
  if (end.bytes_read > 0) {
    text += fmt::format("; read {} at {}", FormatBytes(end.bytes_read), Rate(end.bytes_read, end.duration));
  }
  if (end.peak_memory_bytes > 0) text += fmt::format(", {} memory", FormatBytes(end.peak_memory_bytes));
  if (end.peak_spill_bytes > 0) text += fmt::format(", {} spilled", FormatBytes(end.peak_spill_bytes));
  return text;
}

}  // namespace

std::string Rows(int64_t rows) { return fmt::format("{} row{}", FormatCount(rows), rows == 1 ? "" : "s"); }

std::string Rate(int64_t bytes, Micros duration) {
  const double minutes = std::max(static_cast<double>(duration.count()), 1.0) / 60e6;
  return fmt::format("{:.2f} GB/min", static_cast<double>(bytes) / (1 << 30) / minutes);
}

// One event as a line; most of the run's words are here.
struct Screen::Look {
  Screen& screen;
  const Event& at;

  void operator()(const event::RunStarted& e) {
    screen.names_[at.attempt] = e.window;
    screen.Line(at, fmt::format("{}  window {}  {}  {} memory  {} threads", screen.Paint(kBold, e.job), e.window,
                                e.engine, FormatBytes(e.memory_bytes), e.threads));
  }
  void operator()(const event::Quoted& e) {
    screen.Line(at, fmt::format("  quote    {} ({} to {}), {}, {} memory", advisor::SecondsText(e.seconds),
                                advisor::SecondsText(e.seconds_low), advisor::SecondsText(e.seconds_high),
                                advisor::DollarsText(e.dollars), FormatBytes(e.memory_bytes)));
  }
  void operator()(const event::Invoiced& e) {
    const double share = e.quoted_seconds > 0 ? e.seconds / e.quoted_seconds - 1 : 0;
    const std::string all = e.run_seconds > e.seconds
                                ? fmt::format("; with the attempt before {}, {}", advisor::SecondsText(e.run_seconds),
                                              advisor::DollarsText(e.run_dollars))
                                : "";
    screen.Line(at, fmt::format("  invoice  {}, {}; {} {} the quote{}", advisor::SecondsText(e.seconds),
                                advisor::DollarsText(e.dollars), advisor::ShareText(std::abs(share)),
                                share < 0 ? "under" : "over", all));
  }
  void operator()(const event::SourceRead& e) {
    const std::string pruned = e.pruned_files > 0 ? fmt::format(", {} pruned", FormatCount(e.pruned_files)) : "";
    screen.Line(at, fmt::format("  source {}: {} {} file{}, {}{}", e.source, FormatCount(e.files), e.format,
                                e.files == 1 ? "" : "s", FormatBytes(e.bytes), pruned));
  }
  void operator()(const event::StepPlanned&) {}
  void operator()(const event::StageStarted& e) { screen.starts_[at.attempt + e.stage] = at.monotonic; }
  void operator()(const event::StageFinished& e) {
    if (e.duration >= kShortStage) screen.Line(at, fmt::format("  {:<8} {}", e.stage, FormatDuration(e.duration)));
  }
  void operator()(const event::Progress& e) {
    if (screen.live_) screen.Draw(at, e);
  }
  void operator()(const event::CheckResult& e) {
    const char* color = e.status == job::CheckStatus::kFailed   ? kRed
                        : e.status == job::CheckStatus::kWarned ? kYellow
                                                                : kGreen;
    const char* word = e.status == job::CheckStatus::kFailed   ? "FAILED"
                       : e.status == job::CheckStatus::kWarned ? (e.on_fail == "quarantine" ? "aside" : "warned")
                                                               : "passed";
    screen.Line(at, fmt::format("  check {}: {}: {}", e.check, screen.Paint(color, word), e.message));
  }
  void operator()(const event::Quarantined& e) {
    const std::string malformed = e.malformed > 0 ? fmt::format(" and {} malformed", FormatCount(e.malformed)) : "";
    screen.Line(at, fmt::format("  quarantined {}{} in {}", Rows(e.rows), malformed, e.table));
  }
  void operator()(const event::Committed& e) {
    const std::string removed =
        e.removed_files > 0 ? fmt::format(", {} files taken out", FormatCount(e.removed_files)) : "";
    screen.Line(at, fmt::format("  table {}: version {}{}", e.table, e.version, removed));
  }
  void operator()(const event::SparkFigures& e) {
    const std::string failed = e.failed_tasks > 0 ? fmt::format(", {} failed", FormatCount(e.failed_tasks)) : "";
    const std::string spilled = e.spill_disk_bytes > 0 ? ", spilled " + FormatBytes(e.spill_disk_bytes) : "";
    screen.Line(at,
                fmt::format("  spark    {} stages, {} tasks{}; {} in tasks, {} of it garbage collection; shuffled {}{}",
                            FormatCount(e.stages), FormatCount(e.tasks), failed, FormatDuration(e.run),
                            FormatDuration(e.gc), FormatBytes(e.shuffle_write_bytes), spilled));
  }
  void operator()(const event::Warning& e) { screen.Line(at, "  " + screen.Paint(kYellow, "warning: ") + e.message); }
  void operator()(const event::RunFinished& e) { screen.Line(at, screen.Paint(OutcomeColor(e.outcome), Summary(e))); }
};

void Screen::Show(const Event& event) { std::visit(Look{*this, event}, event.body); }

void Screen::Line(const Event& event, const std::string& text, std::FILE* to) {
  if (to == nullptr) to = lines_;
  Erase();
  const std::string prefix = several_ ? "[" + names_[event.attempt] + "] " : "";
  std::fprintf(to, "%s%s\n", prefix.c_str(), text.c_str());
  std::fflush(to);
}

void Screen::Draw(const Event& event, const event::Progress& progress) {
  const std::string key = event.attempt + progress.stage;
  const auto eta = etas_[key].Update(event.monotonic, progress.fraction);
  if (event.monotonic - last_draw_ < kLeastBetweenDraws) return;
  last_draw_ = event.monotonic;
  const Micros elapsed = event.monotonic - starts_[key];
  std::string text = fmt::format("  {:<8} {:3.0f} % ", progress.stage, progress.fraction * 100);
  if (progress.rows > 0) text += "  " + Rows(progress.rows);
  if (progress.bytes > 0) text += fmt::format("  {}  {}", FormatBytes(progress.bytes), Rate(progress.bytes, elapsed));
  text += "  " + (eta ? "ETA " + FormatDuration(*eta) : FormatDuration(elapsed));
  if (progress.memory_bytes > 0) text += "  mem " + FormatBytes(progress.memory_bytes);
  if (progress.spill_bytes > 0) text += "  spill " + FormatBytes(progress.spill_bytes);
  const size_t width = TerminalWidth();
  if (text.size() + 24 < width) text.insert(17, Bar(progress.fraction) + " ");  // its cells are wider than one byte
  if (text.size() > width && width > 1 && text.find("━") == std::string::npos) text.resize(width - 1);
  std::fprintf(stderr, "\r\x1b[K%s", text.c_str());
  std::fflush(stderr);
  drawn_ = true;
}

void Screen::Erase() {
  if (!drawn_) return;
  std::fprintf(stderr, "\r\x1b[K");
  std::fflush(stderr);
  drawn_ = false;
}

std::string Screen::Paint(const char* code, const std::string& text) const {
  return color_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
}

}  // namespace tidemill::app
