#include "engine/spark/application.h"
#include "engine/spark/advice.h"

#include <gtest/gtest.h>

#include "engine/spark/event_log.h"

namespace tidemill::engine::spark {
namespace {

Application Small() {
  Application application{"small", "1.0", "tidemill:small:all:00", "tidemill:small:all:", "tidemill:small:"};
  application.sources.push_back({"rows", "csv", {"/in/*.csv"}, "id INT"});
  application.steps.push_back({"last", "SELECT id\nFROM rows\nWHERE name <> \"x\\y\" AND id > 0", true});
  application.last = "last";
  application.sink = {"/out/t", "/out/t_quarantine", "append"};
  return application;
}

bool Has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(Application, SameValuesSameText) { EXPECT_EQ(PythonText(Small()), PythonText(Small())); }

TEST(Application, SqlOfSeveralLinesStaysAsWritten) {
  const std::string text = PythonText(Small());
  EXPECT_TRUE(Has(text, "(\"last\", True, r\"\"\"\nSELECT id\nFROM rows\nWHERE name <> \"x\\y\" AND id > 0\n\"\"\")"))
      << text;
}

TEST(Application, TextThatWouldEndALiteralIsEscaped) {
  auto application = Small();
  application.steps[0].sql = "SELECT '\"\"\"'\nFROM rows -- \\";
  application.sources[0].text.null_text = "\"\n\x01";
  const std::string text = PythonText(application);
  EXPECT_TRUE(Has(text, R"py(("last", True, "SELECT '\"\"\"'\nFROM rows -- \\"))py")) << text;
  EXPECT_TRUE(Has(text, R"("nullValue": "\"\n\x01")")) << text;
}

TEST(Application, AWindowIsWrittenWithoutItsZone) {
  auto application = Small();
  application.window = TimeRange{"at", Timestamp(Micros(0)), Timestamp(Micros(3'600'000'000))};
  EXPECT_TRUE(Has(PythonText(application), R"("start": "1970-01-01 00:00:00", "end": "1970-01-01 01:00:00"})"));
}

TEST(Application, DeltaGoesWithSpark) {
  EXPECT_EQ(DeltaPackage("3.5.6").value(), "io.delta:delta-spark_2.12:3.3.2");
  EXPECT_EQ(DeltaPackage("4.1.4").value(), "io.delta:delta-spark_2.13:4.1.0");
  EXPECT_EQ(DeltaPackage("2.4.0").error().kind, ErrorKind::kUnimplemented);
}

TEST(Application, JarsAtHandAreNotFetched) {
  const std::vector<std::string> fetched = {"--name", "tidemill small", "--packages",
                                            "io.delta:delta-spark_2.13:4.1.0"};
  const std::vector<std::string> here = {"--name", "tidemill small", "--jars", "/a.jar,/b.jar"};
  EXPECT_EQ(SubmitArguments("small", "4.1.4", {}, {}), fetched);
  EXPECT_EQ(SubmitArguments("small", "4.1.4", {"/a.jar"}, {"/b.jar"}), here);
}

TEST(EventLog, TellsHowFarTheJobsAre) {
  LogProgress progress;
  AddLogLine(R"({"Event":"SparkListenerJobStart","Job ID":0,"Stage Infos":[{"Stage ID":0,"Number of Tasks":3},)"
             R"({"Stage ID":1,"Number of Tasks":1}]})",
             progress);
  AddLogLine(R"({"Event":"SparkListenerTaskEnd","Stage ID":0})", progress);
  AddLogLine(R"({"Event":"SparkListenerTaskEnd","Stage ID":7})", progress);
  EXPECT_EQ(progress.tasks(), 4);
  EXPECT_EQ(progress.fraction(), 0.25);
  AddLogLine(R"({"Event":"SparkListenerJobEnd","Job ID":0})", progress);
  EXPECT_EQ(progress.tasks(), 0);
  EXPECT_EQ(progress.fraction(), 0);
}

TEST(Advice, NamesTheWayOut) {
  EXPECT_NE(Advice(1, "java.io.IOException: No space left on device").find("spark.local.dir"), std::string::npos);
  EXPECT_NE(Advice(137, "").find("--memory"), std::string::npos);
  EXPECT_EQ(Advice(1, "something else"), "");
}

TEST(Program, IsSubmittedWithItsArguments) {
  Program program{"train", "/jobs/train.py"};
  program.args = {"--day=it's today"};
  program.conf = {{"spark.a", "1"}};
  program.jars = {"/jobs/a.jar"};
  program.environment = {{"TIDEMILL_JOB", "train"}};
  const std::vector<std::string> words = {"--conf", "spark.a=1", "/jobs/train.py", "--day=it's today"};
  EXPECT_EQ(ProgramWords(program), words);
  const std::string script = SubmitScript(program);
  EXPECT_TRUE(Has(script, "export TIDEMILL_JOB=train\n")) << script;
  EXPECT_TRUE(Has(script, "--jars \"$DELTA_JARS\",/jobs/a.jar")) << script;
  EXPECT_TRUE(Has(script, "--packages \"$delta\" --jars /jobs/a.jar")) << script;
  EXPECT_TRUE(Has(script, "/jobs/train.py '--day=it'\\''s today'\n")) << script;
}

}  // namespace
}  // namespace tidemill::engine::spark
