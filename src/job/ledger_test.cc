#include "job/ledger.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace tidemill::job {
namespace {

class LedgerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("ledger_test_" + NewUuid(random_));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string Path() const { return folder_ / "deep/state.db"; }

  std::mt19937_64 random_ = SystemRandom();
  std::filesystem::path folder_;
};

Event At(int64_t micros, const char* attempt, decltype(Event::body) body) {
  return {Timestamp(Micros(micros)), Micros(micros), attempt, std::move(body)};
}

TEST_F(LedgerTest, KeepsCertificates) {
  const auto ledger = Ledger::Open(Path());
  ASSERT_TRUE(ledger.ok()) << ledger.error().ToString();
  ASSERT_TRUE((*ledger)->Add({"job", "all", "hash", "1.5", "4.1", "0.1", "1 file", "now", 7, 2, 0.5}).ok());
  EXPECT_TRUE((*ledger)->Certificates("other")->empty());
  const auto found = (*ledger)->Certificates("job");
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().spec_hash, "hash");
  EXPECT_EQ(found->front().quarantined, 2);
  EXPECT_EQ(found->front().sample, 0.5);
}

TEST_F(LedgerTest, KeepsWhatClustersAreMadeOf) {
  const auto ledger = Ledger::Open(Path());
  ASSERT_TRUE(ledger.ok()) << ledger.error().ToString();
  ASSERT_TRUE((*ledger)->Put({"etl", "emr.cluster", "", "token", "making", "{}", "now"}).ok());
  ASSERT_TRUE((*ledger)->Put({"etl", "emr.scaling", "", "t2", "making", "{}", "now"}).ok());
  ASSERT_TRUE((*ledger)->Put({"etl", "emr.cluster", "j-1", "token", "there", "{}", "then"}).ok());
  const auto found = (*ledger)->ClusterResources("etl");
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ(found->front().id, "j-1");
  EXPECT_EQ(found->front().state, "there");
  ASSERT_TRUE((*ledger)->Remove("etl", "emr.cluster").ok());
  EXPECT_EQ((*ledger)->ClusterResources("")->size(), 1U);
  EXPECT_TRUE((*ledger)->ClusterResources("other")->empty());
}

TEST_F(LedgerTest, KeepsARunItsChecksAndEvents) {
  {
    const auto ledger = Ledger::Open(Path());
    ASSERT_TRUE(ledger.ok()) << ledger.error().ToString();
    (*ledger)->Record(At(0, "a", event::RunStarted{"key", "job", "all", "native 1", "/t", "append", 1, 2}));
    (*ledger)->Record(
        At(1, "a", event::CheckResult{"c", "expression", "fail", CheckStatus::kFailed, 3, 10, 0.0, "bad"}));
    event::RunFinished finished;
    finished.outcome = Outcome::kChecksFailed;
    finished.rows_in = 10;
    finished.duration = Micros(5);
    (*ledger)->Record(At(2, "a", finished));
    EXPECT_FALSE((*ledger)->failure());
  }
  const auto ledger = Ledger::Open(Path());
  ASSERT_TRUE(ledger.ok());
  const auto run = (*ledger)->Find("key");
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run->outcome, "checks_failed");
  EXPECT_EQ(run->figures.rows_in, 10);
  EXPECT_EQ(run->figures.duration, Micros(5));
  EXPECT_EQ(run->started, "1970-01-01T00:00:00Z");
  EXPECT_EQ((*ledger)->Checks(run->id)->at(0).bad, 3);
  EXPECT_EQ((*ledger)->Events(run->id)->size(), 3U);
  EXPECT_EQ((*ledger)->Runs("job", 10)->size(), 1U);
  EXPECT_EQ((*ledger)->Runs("other", 10)->size(), 0U);
  EXPECT_EQ((*ledger)->Find("7").error().kind, ErrorKind::kNotFound);
}

TEST_F(LedgerTest, TwoProcessesMayWrite) {
  const auto one = Ledger::Open(Path()), two = Ledger::Open(Path());
  ASSERT_TRUE(one.ok() && two.ok());
  (*one)->Record(At(0, "a", event::RunStarted{"k1", "job", "all"}));
  (*two)->Record(At(0, "b", event::RunStarted{"k2", "job", "all"}));
  EXPECT_EQ((*one)->Runs("", 10)->size(), 2U);
}

TEST_F(LedgerTest, AnAttemptThatNeverEndedWasKilled) {
  const auto ledger = Ledger::Open(Path());
  ASSERT_TRUE(ledger.ok());
  (*ledger)->Record(At(0, "a", event::RunStarted{"key", "job", "all"}));
  EXPECT_EQ((*ledger)->Find("1")->outcome, "running");
  (*ledger)->Record(At(1, "b", event::RunStarted{"key", "job", "all"}));
  EXPECT_EQ((*ledger)->Find("1")->outcome, "killed");
  EXPECT_EQ((*ledger)->Find("2")->outcome, "running");
}

TEST_F(LedgerTest, AFileThatIsNoLedgerIsRefused) {
  const auto ledger = Ledger::Open("/proc/no/such/place/state.db");
  ASSERT_FALSE(ledger.ok());
  EXPECT_NE(ledger.error().message.find("--state"), std::string::npos);
}

TEST(Event, IsOneLine) {
  const Event event = At(0, "a", event::Warning{"two\nlines \"quoted\""});
  EXPECT_EQ(
      ToJson(event),
      R"({"v":1,"type":"warning","time":"1970-01-01T00:00:00Z","attempt":"a","message":"two\nlines \"quoted\""})");
}

}  // namespace
}  // namespace tidemill::job
