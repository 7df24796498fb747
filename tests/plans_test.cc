// Golden plans: tests/plans/NAME.json is a situation as facts laid over base.json; NAME.txt is the plan's text, read by
// a person before it was kept. TIDEMILL_PLANS=write writes the texts anew, to be read again.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "advisor/plan_text.h"

namespace tidemill {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<fs::path> Situations() {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator("tests/plans")) {
    if (entry.path().extension() == ".json" && entry.path().stem() != "base") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

// The decisions on these topics, and the quotes when they are asked for; everything when nothing is.
std::string Shown(advisor::Plan plan, const std::set<std::string>& topics) {
  std::erase_if(plan.decisions, [&](const auto& d) { return !topics.empty() && !topics.contains(d.topic); });
  std::string text = advisor::DecisionsText(plan, nullptr, {});
  if (topics.empty() || topics.contains("quotes")) text += advisor::QuotesText(plan, {});
  return text;
}

class GoldenPlan : public testing::TestWithParam<fs::path> {};

TEST_P(GoldenPlan, SaysWhatItSaid) {
  const Json situation = Json::parse(ReadFile(GetParam()));
  Json given = Json::parse(ReadFile("tests/plans/base.json"));
  given.merge_patch(situation.at("facts"));
  const auto facts = advisor::FactsFromJson(given.dump());
  ASSERT_TRUE(facts.ok()) << facts.error().ToString();
  const auto prices = advisor::PricesFromJson(advisor::BuiltInPrices());
  ASSERT_TRUE(prices.ok());
  const auto plan = advisor::MakePlan(*facts, {}, *prices);
  const std::string text = "# " + situation.at("situation").get<std::string>() + "\n" +
                           Shown(plan, situation.at("show").get<std::set<std::string>>());
  fs::path golden = GetParam();
  golden.replace_extension(".txt");
  if (const char* write = std::getenv("TIDEMILL_PLANS"); write != nullptr && std::string(write) == "write") {
    std::ofstream(golden) << text;
  }
  EXPECT_EQ(text, ReadFile(golden)) << golden;

  // A plan survives its file.
  const auto again = advisor::PlanFromJson(advisor::PlanJson(plan));
  ASSERT_TRUE(again.ok()) << again.error().ToString();
  EXPECT_EQ(advisor::PlanJson(*again), advisor::PlanJson(plan));
}

INSTANTIATE_TEST_SUITE_P(Plans, GoldenPlan, testing::ValuesIn(Situations()), [](const auto& info) {
  std::string name = info.param.stem();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(Plans, ManyEnough) { EXPECT_GE(Situations().size(), 40u); }

TEST(Facts, UnknownKeyIsNamed) {
  const auto facts = advisor::FactsFromJson(R"({"machine": {"memroy_bytes": 1}})");
  ASSERT_FALSE(facts.ok());
  EXPECT_NE(facts.error().message.find("machine. has the unknown key memroy_bytes"), std::string::npos)
      << facts.error().message;
}

TEST(Prices, MistakesAreNamed) {
  EXPECT_FALSE(advisor::PricesFromJson("[]").ok());
  const auto without = advisor::PricesFromJson(R"({"date": "x"})");
  ASSERT_FALSE(without.ok());
  EXPECT_NE(without.error().message.find("source"), std::string::npos) << without.error().message;
}

}  // namespace
}  // namespace tidemill
