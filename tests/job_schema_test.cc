// Files in the repository that the program can print itself are what it prints.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app/command_line.h"
#include "cloud/cluster.h"
#include "job/events_schema.h"
#include "job/job_schema.h"
#include "scheduler/spec.h"

namespace tidemill {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string Completion(std::string shell) {
  std::string program = "tidemill", command = "completion";
  char* arguments[] = {program.data(), command.data(), shell.data(), nullptr};
  const auto parsed = app::ParseCommandLine(3, arguments, "test");
  return std::get<app::CompletionFlags>(std::get<app::Command>(parsed)).script;
}

TEST(Printed, SchemasAreThoseOfTheTables) {
  EXPECT_EQ(ReadFile("schema/tidemill-job.schema.json"), job::JobJsonSchema()) << "tidemill schema prints it";
  EXPECT_EQ(ReadFile("schema/tidemill-cluster.schema.json"), cloud::ClusterJsonSchema()) << "tidemill schema --cluster";
  EXPECT_EQ(ReadFile("schema/tidemill-events.schema.json"), job::EventsJsonSchema()) << "tidemill schema --events";
  EXPECT_EQ(ReadFile("schema/tidemill-schedule.schema.json"), scheduler::ScheduleJsonSchema())
      << "tidemill schema --schedule";
}

TEST(Printed, CompletionsAreThoseOfTheFlags) {
  EXPECT_EQ(ReadFile("share/completions/tidemill.bash"), Completion("bash"));
  EXPECT_EQ(ReadFile("share/completions/_tidemill"), Completion("zsh"));
  EXPECT_EQ(ReadFile("share/completions/tidemill.fish"), Completion("fish"));
}

// Every key has words of description, wherever it stands.
void ExpectDescribed(const nlohmann::json& schema, const std::string& path) {
  if (!schema.contains("properties")) return;
  for (const auto& [name, property] : schema["properties"].items()) {
    EXPECT_FALSE(property.value("description", "").empty()) << path << "." << name;
  }
}

TEST(Printed, EveryKeyIsDescribed) {
  for (const auto& text : {job::JobJsonSchema(), scheduler::ScheduleJsonSchema()}) {
    const auto schema = nlohmann::json::parse(text);
    ExpectDescribed(schema, schema["title"]);
    for (const auto& [name, section] : schema["$defs"].items()) ExpectDescribed(section, name);
  }
}

}  // namespace
}  // namespace tidemill
