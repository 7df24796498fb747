// Wrong job files, one a file of tests/bad_input: each says at its head what must be reported, and nothing else may be.
//   # expect: a part of one diagnostic's text, in the order of their places
//   # profile: NAME   # set: KEY=VALUE   # env: NAME=VALUE   # sql: 1 (parse the SQL too)
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "job/parse.h"

namespace tidemill::job {
namespace {

namespace fs = std::filesystem;

struct Case {
  ParseInput input;
  std::vector<std::string> expected;
  bool sql = false;
};

Case Read(const fs::path& path) {
  Case test;
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  test.input.text = text.str();
  test.input.file = "job.yaml";
  test.input.folder = "/jobs";
  test.input.read_file = [](const std::string& name) -> Result<std::string> { return NotFound("there is no " + name); };
  std::istringstream lines(test.input.text);
  for (std::string line; std::getline(lines, line) && line.starts_with("# ");) {
    const size_t colon = line.find(": ");
    const std::string key = line.substr(2, colon - 2), value = line.substr(colon + 2);
    if (key == "expect") test.expected.push_back(value);
    if (key == "profile") test.input.profile = value;
    if (key == "set") test.input.settings.push_back(value);
    if (key == "env") test.input.variables[value.substr(0, value.find('='))] = value.substr(value.find('=') + 1);
    if (key == "sql") test.sql = true;
  }
  return test;
}

// Every expected text is in a diagnostic of its own, and no diagnostic is left over.
void Expect(const Case& test, const document::Diagnostics& diagnostics) {
  std::vector<std::string> found;
  for (const auto& diagnostic : diagnostics.Sorted()) found.push_back(diagnostic.ToString());
  for (const auto& expected : test.expected) {
    const auto match = std::find_if(found.begin(), found.end(),
                                    [&](const auto& text) { return text.find(expected) != std::string::npos; });
    if (match == found.end()) {
      ADD_FAILURE() << "not reported: " << expected;
    } else {
      found.erase(match);
    }
  }
  for (const auto& text : found) ADD_FAILURE() << "not expected: " << text;
}

TEST(BadInput, EveryFileIsReportedAsItSays) {
  int cases = 0;
  for (const auto& entry : fs::directory_iterator("tests/bad_input")) {
    if (entry.path().extension() != ".yaml") continue;
    SCOPED_TRACE(entry.path().filename().string());
    const Case test = Read(entry.path());
    ASSERT_FALSE(test.expected.empty());
    ParsedJob parsed = ParseJob(test.input);
    if (test.sql) CheckSqlSyntax(parsed.job, parsed.diagnostics);
    Expect(test, parsed.diagnostics);
    ++cases;
  }
  EXPECT_GE(cases, 140);
}

std::string OnlyDiagnostic(const std::string& text) {
  ParseInput input;
  input.text = text;
  input.file = "job.yaml";
  const auto list = ParseJob(input).diagnostics.Sorted();
  return list.size() == 1 ? list[0].ToString() : std::to_string(list.size()) + " diagnostics";
}

TEST(BadInput, FilesThatAreNoText) {
  EXPECT_EQ(OnlyDiagnostic(""), "job.yaml: the file is empty; `tidemill init` writes a job file to start from");
  EXPECT_EQ(OnlyDiagnostic(" \n\n"), "job.yaml: the file is empty; `tidemill init` writes a job file to start from");
  EXPECT_EQ(OnlyDiagnostic(std::string("job: a\0b", 8)),
            "job.yaml:1:7: a zero byte: this is not a text file; save it as UTF-8");
  EXPECT_EQ(OnlyDiagnostic("job: a\nx: caf\xE9\n"), "job.yaml:2:7: a byte that is not UTF-8; save the file as UTF-8");
  EXPECT_EQ(OnlyDiagnostic("\xFF\xFEj\0o\0b\0"), "job.yaml:1:1: a byte that is not UTF-8; save the file as UTF-8");
  EXPECT_NE(OnlyDiagnostic(std::string(5 << 20, 'x')).find("more than a job file may have"), std::string::npos);
}

// No prefix of a good file makes the reader crash or hang, and every one that is not good says so.
TEST(BadInput, TruncatedAnywhere) {
  const std::string good =
      "job: orders\nsources:\n  orders: {format: csv, path: \"in/*.csv\", header: true}\nsteps:\n  - name: a\n    sql: "
      "|\n"
      "      SELECT *\n      FROM orders\nsink: {path: out}\n";
  for (size_t length = 0; length < good.size() - 8; ++length) {
    ParseInput input;
    input.text = good.substr(0, length);
    input.file = "job.yaml";
    EXPECT_TRUE(ParseJob(input).diagnostics.has_errors()) << length;
  }
}

}  // namespace
}  // namespace tidemill::job
