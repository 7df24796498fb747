#include "job/parse.h"

#include <gtest/gtest.h>

#include "document/overlay.h"
#include "document/shape.h"
#include "document/yaml.h"
#include "job/run_key.h"

namespace tidemill::job {
using document::Diagnostics;
using document::ParseShare;
using document::ParseYaml;
using document::Place;
using document::ToYaml;
namespace {

constexpr const char* kJob = R"(job: flights
class: critical
sla: 45m
sources:
  flights:
    format: csv
    path: ${DATA:-data}/*.csv
    header: true
    delimiter: "\t"
steps:
  - name: joined
    sql: |
      SELECT a,
             b
      FROM flights
checks:
  - kind: not_null
    column: a
  - kind: row_count
    min: 1
sink:
  path: out/t
  partition_by: [region, year/month/day(time)]
  sort_by: [a, b desc]
profiles:
  dev:
    sink: {path: out/dev, target_file_size: 128MB}
)";

ParsedJob Parse(const std::string& text, const std::string& profile = "", std::vector<std::string> settings = {},
                std::map<std::string, std::string> variables = {}) {
  return ParseJob({text, "job.yaml", "/home/me/jobs", std::move(variables), profile, std::move(settings), nullptr});
}

std::string Messages(const ParsedJob& parsed) {
  std::string text;
  for (const auto& diagnostic : parsed.diagnostics.Sorted()) text += diagnostic.ToString() + "\n";
  return text;
}

TEST(Parse, ReadsAJob) {
  const ParsedJob parsed = Parse(kJob);
  ASSERT_EQ(Messages(parsed), "");
  const Job& job = parsed.job;
  EXPECT_EQ(job.name, "flights");
  EXPECT_EQ(job.job_class, JobClass::kCritical);
  EXPECT_EQ(job.sla->limit, std::chrono::minutes(45));
  EXPECT_EQ(job.sources.at(0).paths, std::vector<std::string>{"data/*.csv"});
  EXPECT_EQ(job.sources[0].text.delimiter, "\t");
  EXPECT_TRUE(job.sources[0].text.header);
  EXPECT_EQ(job.Resolve("../x"), "/home/me/x");
  ASSERT_EQ(job.sink.partition_by.size(), 4U);
  EXPECT_EQ(job.sink.partition_by[3].name, "day");
  EXPECT_EQ(job.sink.partition_by[3].of, "time");
  EXPECT_FALSE(job.sink.sort_by[1].ascending);
  EXPECT_EQ(job.sink.quarantine, "out/t_quarantine");
  EXPECT_EQ(job.checks[0].name, "not_null_a");
  EXPECT_EQ(job.checks[0].on_fail, OnFail::kQuarantine);
  EXPECT_DOUBLE_EQ(job.checks[0].max_bad, 0.05);
  EXPECT_EQ(job.checks[1].on_fail, OnFail::kFail);
}

TEST(Parse, PlacesOfSqlAreThoseOfTheFile) {
  const ParsedJob parsed = Parse(kJob);
  const Place place = parsed.job.steps.at(0).sql.PlaceOf({2, 8});  // the b
  EXPECT_EQ(place.line, 14);
  EXPECT_EQ(place.column, 14);
}

TEST(Parse, TheLaterWordWins) {
  const ParsedJob parsed = Parse(kJob, "dev", {"sink.path=${OUT}", "steps.joined.cache=true"}, {{"OUT", "elsewhere"}});
  ASSERT_EQ(Messages(parsed), "");
  EXPECT_EQ(parsed.job.sink.path, "elsewhere");
  EXPECT_EQ(parsed.job.sink.target_file_bytes, int64_t{128} << 20);
  EXPECT_TRUE(parsed.job.steps[0].cache);
}

TEST(Parse, AllMistakesAtOnce) {
  const ParsedJob parsed = Parse("job: a b\nsorces: {}\nsink:\n  path: x\n  mode: apend\n");
  EXPECT_EQ(Messages(parsed),
            "job.yaml:1:1: sources: is missing; add it: Where rows come from, by name\n"
            "job.yaml:1:6: job: 'a b' is not a name of letters, digits, '.', '_' and '-'\n"
            "job.yaml:2:1: sorces: unknown key; did you mean 'sources'?\n"
            "job.yaml:5:9: sink.mode: 'apend' is not one of append, overwrite, overwrite_partitions, merge; did you "
            "mean 'append'?\n");
}

TEST(Parse, UnknownProfileAndVariable) {
  EXPECT_NE(Messages(Parse(kJob, "dve")).find("there is no profile 'dve'; did you mean 'dev'?"), std::string::npos);
  const std::string text = std::string(kJob) + "description: ${HOEM}\n";
  EXPECT_NE(Messages(Parse(text, "", {}, {{"HOME", "x"}})).find("the environment has no HOEM; did you mean 'HOME'?"),
            std::string::npos);
}

TEST(Parse, AliasesDoNotExplode) {
  std::string text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) text += before + ",";
    text += before + "]\n";
  }
  EXPECT_NE(Messages(Parse(text)).find("multiply"), std::string::npos);
}

TEST(Parse, DeepNestingIsAnError) {
  EXPECT_NE(Messages(Parse("a: " + std::string(5000, '[') + std::string(5000, ']'))).find("nesting"),
            std::string::npos);
}

TEST(Yaml, PrintsWhatItRead) {
  Diagnostics none;
  const std::string text = "a: 1\nb:\n  - x: \"1\"\n    y: |\n      two\n      lines\n  - []\nc: {}\n";
  EXPECT_EQ(ToYaml(ParseYaml(text, "f", none)),
            "a: 1\nb:\n  - x: \"1\"\n    y: |\n      two\n      lines\n  - []\nc: {}\n");
  EXPECT_TRUE(none.empty());
}

TEST(Share, Forms) {
  EXPECT_DOUBLE_EQ(*ParseShare("5%"), 0.05);
  EXPECT_DOUBLE_EQ(*ParseShare("0.5 %"), 0.005);
  EXPECT_DOUBLE_EQ(*ParseShare("0.25"), 0.25);
  EXPECT_FALSE(ParseShare("5"));
  EXPECT_FALSE(ParseShare("-1%"));
  EXPECT_FALSE(ParseShare("x"));
}

TEST(RunKey, ReadsItself) {
  const auto window = ParseWindow("2013-01-01T05:00:00Z/2013-01-01T06:00:00Z");
  ASSERT_TRUE(window.ok());
  const RunKey key = KeyOf(Parse(kJob).job, *window);
  EXPECT_TRUE(key.ToString().starts_with("tidemill:flights:2013-01-01T05:00:00Z/2013-01-01T06:00:00Z:"));
  const auto again = RunKey::Parse(key.ToString());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->ToString(), key.ToString());
  EXPECT_EQ(again->window, key.window);
  EXPECT_FALSE(RunKey::Parse("spark:1"));
}

TEST(RunKey, OnlyWhatDecidesRowsIsHashed) {
  const auto hash = [](const std::vector<std::string>& settings) {
    return KeyOf(Parse(kJob, "", settings).job, std::nullopt).spec_hash;
  };
  const std::string base = hash({});
  EXPECT_EQ(base, hash({"description=other", "class=regular", "sla=1h", "sink.compression=zstd", "sink.path=y",
                        "steps.joined.cache=true"}));
  EXPECT_NE(base, hash({"steps.joined.sql=select 1"}));
  EXPECT_NE(base, hash({"sources.flights.header=false"}));
  EXPECT_NE(base, hash({"time_zone=Europe/Berlin"}));
  EXPECT_NE(base, hash({"sink.mode=overwrite"}));
}

TEST(Windows, AlignedToTheEpoch) {
  const auto hour = std::chrono::hours(1);
  const auto from = *ParseTimestamp("2013-01-01T05:00"), to = *ParseTimestamp("2013-01-01T08:00");
  const auto windows = SplitWindows(from, to, hour);
  ASSERT_TRUE(windows.ok());
  ASSERT_EQ(windows->size(), 3U);
  EXPECT_EQ(WindowText((*windows)[2]), "2013-01-01T07:00:00Z/2013-01-01T08:00:00Z");
  EXPECT_FALSE(SplitWindows(from + std::chrono::minutes(1), to, hour).ok());
  EXPECT_FALSE(SplitWindows(to, from, hour).ok());
  EXPECT_TRUE(CheckAligned({from, from + hour}, hour).ok());
  EXPECT_FALSE(CheckAligned({from, to}, hour).ok());
  EXPECT_FALSE(CheckAligned({from + std::chrono::minutes(30), from + std::chrono::minutes(90)}, hour).ok());
}

}  // namespace
}  // namespace tidemill::job
