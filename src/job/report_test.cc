#include "job/report.h"

#include <gtest/gtest.h>

#include "job/partition_rows.h"
#include "job/report_charts.h"
#include "job/results.h"

namespace tidemill::job {
namespace {

struct Told {
  RunResult result;
  std::vector<Event> events;
};

// A run whose every text is hostile, with many partitions and files.
Told Hostile() {
  Told told;
  const std::string evil = "<script>alert(1)</script>\"'&";
  const auto at = [&](int64_t ms, decltype(Event::body) body) {
    told.events.push_back({Timestamp(Micros(ms * 1000)), Micros(ms * 1000), "a", std::move(body)});
  };
  at(0, event::RunStarted{evil, evil, evil, evil, evil, "append", 1, 1});
  at(1, event::SourceRead{evil, "csv", 1, 10, 0});
  at(2, event::StageStarted{"read"});
  for (int i = 3; i < 30; ++i) at(i, event::Progress{"read", 0.1, i, int64_t{i} << 20, 1, 0});
  at(40, event::StageFinished{"read", Micros(38'000)});
  at(41, event::CheckResult{evil, "expression", "quarantine", CheckStatus::kFailed, 3, 10, 0.05, evil});
  at(42, event::Warning{evil});
  told.result.run_key = evil;
  told.result.finished.outcome = Outcome::kCommitted;
  told.result.finished.bytes_read = 1 << 30;
  told.result.finished.duration = Micros(60'000'000);
  for (int i = 0; i < 5000; ++i) {
    told.result.partitions.push_back({evil + std::to_string(i), i, i, 1});
    told.result.file_sizes.push_back(int64_t{1} << (i % 34));
  }
  told.result.sample.push_back({evil, std::string(100'000, '<'), evil});
  return told;
}

TEST(Report, EscapesEverythingAndStaysSmall) {
  const Told told = Hostile();
  Job job;
  job.name = "<script>";
  job.effective_yaml = std::string(1 << 20, '<');
  const std::string html = HtmlReport(job, {{&told.result, &told.events}, {&told.result, &told.events}}, "1");
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_EQ(html.find("http"), std::string::npos) << "it must stand alone";
  EXPECT_LT(html.size(), size_t{1} << 20);
  EXPECT_NE(html.find("prefers-color-scheme:dark"), std::string::npos);
}

TEST(Report, OfARunThatNeverBegan) {
  RunResult result;
  result.finished.message = "the disk is <gone>";
  const std::vector<Event> none;
  const std::string html = HtmlReport(Job{}, {{&result, &none}}, "1");
  EXPECT_NE(html.find("the disk is &lt;gone&gt;"), std::string::npos);
}

TEST(Report, PartitionsAreInNumberOrder) {
  EXPECT_TRUE(InNumberOrder("2013/9/30", "2013/10/1"));
  EXPECT_FALSE(InNumberOrder("2013/10/1", "2013/9/30"));
  EXPECT_TRUE(InNumberOrder("a", "b"));
  EXPECT_TRUE(InNumberOrder("2013", "2013/1"));
  EXPECT_FALSE(InNumberOrder("x", "x"));
}

TEST(Results, JUnitIsXmlWhateverTheNames) {
  const Told told = Hostile();
  CheckedRun run{&told.result, "all", {std::get<event::CheckResult>(told.events[told.events.size() - 2].body)}};
  const std::string xml = JUnitXml("<job>", {run});
  EXPECT_NE(xml.find("failures=\"1\""), std::string::npos);
  EXPECT_EQ(xml.find("<script"), std::string::npos);
  EXPECT_NE(ResultsJson("job", {run}).find("\"status\": \"failed\""), std::string::npos);
}

}  // namespace
}  // namespace tidemill::job
