#include "watch/alerts.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "watch/alert_text.h"
#include "wire/mail.h"

namespace tidemill::watch {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr Timestamp kStart{hours(24 * 365 * 50)};

AlertSpec Spec() {
  AlertSpec spec;
  AlertTarget all, critical;
  all.name = "all";
  critical.name = "critical";
  critical.classes = {"critical"};
  critical.kinds = {AlertKind::kFailed};
  spec.targets = {all, critical};
  return spec;
}

job::ScheduleNotice Notice(const std::string& job, const std::string& what, const std::string& window = "w1") {
  static int64_t id = 0;
  return {"", job, window, what, "because", "", ++id};
}

Noticed Told(std::vector<job::ScheduleNotice> notices) {
  Noticed noticed;
  noticed.notices = std::move(notices);
  noticed.classes = {{"gold", "critical"}, {"tin", "development"}};
  return noticed;
}

job::LedgerRun Took(int64_t id, double took, int64_t bytes = 1 << 30) {
  job::LedgerRun run;
  run.id = id;
  run.job = "gold";
  run.window = "w1";
  run.outcome = "committed";
  run.source_bytes = bytes;
  run.figures.duration = Micros(static_cast<int64_t>(took * 1e6));
  run.figures.rows_in = 100;
  return run;
}

EndedRun After(const job::LedgerRun& run, const std::vector<double>& before) {
  EndedRun ended{run, {}};
  for (const double took : before) ended.before.push_back(Took(1, took));
  return ended;
}

// The messages in the outbox, as "target: subject".
std::vector<std::string> Outbox(const AlertState& state) {
  std::vector<std::string> messages;
  for (const auto& message : state.outbox) messages.push_back(message.target + ": " + SubjectOf(message));
  return messages;
}

using Lines = std::vector<std::string>;

TEST(Alerts, WhatComesWithinAGroupIsOneMessageATarget) {
  const auto spec = Spec();
  AlertState state;
  Step(spec, state, Told({Notice("gold", "parked"), Notice("tin", "late")}), kStart);
  Step(spec, state, Told({Notice("tin", "parked")}), kStart + seconds(10));
  EXPECT_EQ(Outbox(state), Lines{});
  Step(spec, state, Told({}), kStart + seconds(30));
  EXPECT_EQ(Outbox(state),
            (Lines{"all: [tidemill] 3 alerts: failed gold ...", "critical: [tidemill] 1 alert: failed gold"}));
}

TEST(Alerts, TheSameIsToldOnceAndAgainAfterTheRepeat) {
  const auto spec = Spec();
  AlertState state;
  Step(spec, state, Told({Notice("tin", "parked")}), kStart);
  Step(spec, state, Told({}), kStart + seconds(30));
  ASSERT_EQ(state.outbox.size(), 1);
  Sent(state, state.outbox.front().id);
  for (int minute = 1; minute < 240; ++minute) {
    Step(spec, state, Told({Notice("tin", "parked")}), kStart + std::chrono::minutes(minute));
    ASSERT_EQ(state.outbox.size(), 0) << minute;
  }
  Step(spec, state, Told({}), kStart + hours(4) + seconds(60));
  EXPECT_EQ(Outbox(state), Lines{"all: [tidemill] 1 alert: failed tin"});
}

TEST(Alerts, AnEndIsToldToThoseWhoWereTold) {
  const auto spec = Spec();
  AlertState state;
  Step(spec, state, Told({Notice("gold", "parked")}), kStart);
  Step(spec, state, Told({}), kStart + seconds(30));
  Step(spec, state, Told({Notice("gold", "done")}), kStart + seconds(60));
  Step(spec, state, Told({}), kStart + seconds(90));
  EXPECT_EQ(Outbox(state), (Lines{"all: [tidemill] 1 alert: failed gold", "critical: [tidemill] 1 alert: failed gold",
                                  "all: [tidemill] 1 over: failed gold", "critical: [tidemill] 1 over: failed gold"}));
  EXPECT_TRUE(state.alerts.empty());
}

TEST(Alerts, WhatIsOverBeforeItWasToldIsNotTold) {
  const auto spec = Spec();
  AlertState state;
  Step(spec, state, Told({Notice("tin", "late")}), kStart);
  Step(spec, state, Told({Notice("tin", "done")}), kStart + seconds(5));
  Step(spec, state, Told({}), kStart + hours(1));
  EXPECT_EQ(Outbox(state), Lines{});
}

TEST(Alerts, OnlyMoreThanTheScatterAndTwiceTheMedianIsSlow) {
  EXPECT_EQ(SlowerThanBefore(After(Took(9, 500), {60, 61, 62, 63})), "");  // too few
  EXPECT_EQ(SlowerThanBefore(After(Took(9, 119), {60, 61, 62, 63, 64})), "");
  EXPECT_NE(SlowerThanBefore(After(Took(9, 126), {60, 61, 62, 63, 64})), "");
  EXPECT_EQ(SlowerThanBefore(After(Took(9, 126), {20, 40, 62, 90, 110})), "");            // they scatter more
  EXPECT_EQ(SlowerThanBefore(After(Took(9, 126, 3LL << 30), {60, 61, 62, 63, 64})), "");  // three times the data
  EXPECT_EQ(SlowerThanBefore(After(Took(9, 4.9), {0.1, 0.1, 0.1, 0.1, 0.1})), "");        // nobody waits for it
}

TEST(Alerts, AnEndIsSeenWhenItWasLookedAt) {
  AlertState state;
  Noticed noticed;
  noticed.newest_event = 7;
  Step(Spec(), state, noticed, kStart);
  Step(Spec(), state, Noticed(), kStart);
  EXPECT_EQ(state.seen_event, 7);
}

TEST(Alerts, QualityCostAndSuccessRateComeAndGo) {
  auto spec = Spec();
  spec.dollars_per_day = 10;
  AlertState state;
  Noticed bad;
  bad.runs = {After(Took(1, 1), {})};
  bad.runs[0].run.figures.rows_quarantined = 6;
  bad.dollars_last_day = 10.5;
  bad.last_30_days.resize(2);
  bad.last_30_days[0].outcome = "committed";
  bad.last_30_days[0].runs = 998;
  bad.last_30_days[1].outcome = "failed";
  bad.last_30_days[1].runs = 2;
  Step(spec, state, bad, kStart);
  std::vector<std::string> summaries;
  for (const auto& [key, standing] : state.alerts) summaries.push_back(standing.alert.summary);
  EXPECT_EQ(summaries, (Lines{"runs of the last day cost $10.50, more than $10.00",
                              "w1: 6 of 100 rows (6.0 %) were set aside, more than 5.0 %",
                              "99.80 % of the attempts of 30 days succeeded; the target is 99.90 %"}));
  Noticed good;
  good.runs = {After(Took(2, 1), {})};
  good.last_30_days = {bad.last_30_days[0]};
  Step(spec, state, good, kStart + seconds(1));
  EXPECT_TRUE(state.alerts.empty());
}

TEST(Alerts, ADeadTargetIsTriedLessAndLessAndGivenUpAfterADay) {
  const auto spec = Spec();
  AlertState state;
  Step(spec, state, Told({Notice("tin", "parked")}), kStart);
  Step(spec, state, Told({}), kStart + seconds(30));
  Timestamp now = kStart + seconds(30);
  const int64_t id = state.outbox.front().id;
  int tries = 1;
  for (; !NotSent(state, id, now); ++tries) {
    ASSERT_LE(state.outbox.front().not_before - now, hours(1));
    now = state.outbox.front().not_before;
  }
  EXPECT_TRUE(state.outbox.empty());
  EXPECT_GE(now - kStart, hours(24));
  EXPECT_LT(tries, 70);
}

TEST(Alerts, TheStateComesBackFromItsText) {
  const auto spec = Spec();
  AlertState state;
  Step(spec, state, Told({Notice("gold", "parked", "<&\"\n")}), kStart);
  Step(spec, state, Told({Notice("tin", "late")}), kStart + seconds(31));
  const auto back = AlertStateFromJson(ToJson(state));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(ToJson(*back), ToJson(state));
  EXPECT_EQ(Outbox(*back), Outbox(state));
  EXPECT_FALSE(AlertStateFromJson("{}").ok());
  EXPECT_FALSE(AlertStateFromJson("nonsense").ok());
}

TEST(Alerts, TextOfJobsCallsNobodyInSlack) {
  Message message{1, "slack", {}, 0, kStart, kStart};
  message.alerts.push_back({AlertKind::kFailed, "gold", "w1", "critical", "<!channel> & <http://evil|click>"});
  const auto json = nlohmann::json::parse(SlackBody(message));
  EXPECT_EQ(json.at("text"),
            "*[tidemill] 1 alert: failed gold*\n:warning: failed gold w1: &lt;!channel&gt; &amp; "
            "&lt;http://evil|click&gt;\n");
}

TEST(Mail, HeadersCantBeForged) {
  const wire::Mail mail{"a@b\r\nBcc: x@y", {"c@d"}, "über\r\nX: y", "text\r\n.\r\n", kStart, "1"};
  const std::string text = wire::MessageText(mail);
  EXPECT_EQ(text.find("\r\nBcc:"), std::string::npos);
  EXPECT_EQ(text.find("\r\nX:"), std::string::npos);
  EXPECT_EQ(text.find("\r\n.\r\n"), std::string::npos);
  EXPECT_NE(text.find("Subject: =?UTF-8?B?w7xiZXIgIFg6IHk=?=\r\n"), std::string::npos);
}

}  // namespace
}  // namespace tidemill::watch
