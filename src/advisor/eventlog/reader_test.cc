#include "advisor/eventlog/reader.h"

#include <gtest/gtest.h>

namespace tidemill::advisor::eventlog {
namespace {

TEST(EventLog, SumsTasks) {
  Reader reader;
  reader.Add(R"({"Event":"SparkListenerJobStart","Job ID":0,"Submission Time":1000,"Stage IDs":[4]})");
  reader.Add(
      R"({"Event":"SparkListenerTaskEnd","Stage ID":4,"Task End Reason":{"Reason":"Success"},"Task Info":{"Failed":false,)"
      R"("Launch Time":1000,"Finish Time":1500,"Executor ID":"1","Host":"a","Accumulables":[{"ID":1,"Index":[7]}]},)"
      R"("Task Metrics":{"Executor Run Time":7,"Executor CPU Time":5000000,"JVM GC Time":2,"Peak Execution Memory":10,)"
      R"("Disk Bytes Spilled":3,"Shuffle Read Metrics":{"Remote Bytes Read":1,"Local Bytes Read":2}}})");
  reader.Add(
      R"({"Event":"SparkListenerTaskEnd","Stage ID":4,"Task End Reason":{"Reason":"ExceptionFailure","Class Name":"E"},)"
      R"("Task Info":{"Failed":true,"Launch Time":1700,"Finish Time":1800,"Executor ID":"1","Host":"a"}})");
  reader.Add("{\"Event\":\"SparkListenerTaskEnd");  // the file of a killed application ends anywhere
  EXPECT_TRUE(reader.seen_event());
  const Log log = reader.Finish();
  EXPECT_EQ(log.jobs.size(), 1U);
  EXPECT_EQ(log.sums.tasks, 2);
  EXPECT_EQ(log.sums.failed, 1);
  EXPECT_DOUBLE_EQ(log.sums.cpu, 0.005);
  EXPECT_EQ(log.sums.shuffle_read_bytes, 3);
  EXPECT_EQ(log.sums.spill_disk_bytes, 3);
  EXPECT_EQ(log.unread_lines, 1);
  EXPECT_FALSE(log.whole);
  ASSERT_EQ(log.stages.size(), 1U);
  EXPECT_EQ(log.stages[0].failures.at("ExceptionFailure: E"), 1);
  EXPECT_EQ(log.stages[0].slowest_executor, "1");
  ASSERT_EQ(log.busy.size(), 2U);
  EXPECT_DOUBLE_EQ(log.busy[0].second, 0.5);
  EXPECT_DOUBLE_EQ(log.executors[0].busy, 0.6);
}

TEST(Distribution, QuantilesAreWithinOnePercent) {
  Distribution values;
  for (int i = 1; i <= 1000; ++i) values.Add(i);
  EXPECT_NEAR(values.median(), 500, 6);
  EXPECT_NEAR(values.Quantile(0.9), 900, 10);
  EXPECT_EQ(values.largest(), 1000);
  EXPECT_EQ(values.sum(), 500500);
  EXPECT_EQ(Distribution().median(), 0);
}

}  // namespace
}  // namespace tidemill::advisor::eventlog
