#include "view/maintain.h"

#include <gtest/gtest.h>

#include "sql/parser.h"
#include "sql/resolver.h"

namespace tidemill::view {
namespace {

using plan::TypeId;

// Two tables, `a` and `b`.
class TwoTables final : public sql::Catalog {
 public:
  Result<std::optional<Table>> Find(const plan::Name& name) override {
    if (name.back() != "a" && name.back() != "b") return std::optional<Table>();
    return std::optional(Table{name.back(),
                               {{{"k", TypeId::kInt},
                                 {"v", TypeId::kInt},
                                 {"f", TypeId::kDouble},
                                 {"m", plan::DataType::Map(TypeId::kInt, TypeId::kInt)}}},
                               nullptr,
                               nullptr});
  }
  std::vector<std::string> Names() const override { return {"a", "b"}; }
};

plan::typed::RelationPtr Resolved(const std::string& text) {
  TwoTables tables;
  const auto query = sql::ParseQuery(text);
  EXPECT_TRUE(query.ok()) << text;
  const auto typed = sql::ResolveQuery(*query, tables);
  EXPECT_TRUE(typed.ok()) << text << ": " << typed.error().ToString();
  return *typed;
}

// "append", "rows" or "keys 0 1", with the tables that are read as they were; or why it is none.
std::string PlanOf(const std::string& text, TableChange a, TableChange b) {
  Ids ids;
  const auto made = Maintain(Inlined(Resolved(text), {}, ids), {{"a", a}, {"b", b}}, ids);
  if (!made.ok()) return made.error().message;
  static constexpr const char* kKinds[] = {"append", "rows", "keys"};
  std::string told = kKinds[static_cast<int>(made->kind)];
  for (const int column : made->key_columns) told += " " + std::to_string(column);
  for (const auto& table : made->before) told += ", " + table + " before";
  return told;
}

constexpr auto kNone = TableChange::kNone, kInserts = TableChange::kInserts, kAny = TableChange::kAny;

TEST(MaintainTest, WhatFollowsAChange) {
  const struct {
    const char* query;
    TableChange a, b;
    const char* plan;
  } kCases[] = {
      {"SELECT k FROM a WHERE v > 1", kInserts, kNone, "append"},
      {"SELECT k FROM a WHERE v > 1", kAny, kNone, "rows"},
      {"SELECT k FROM a UNION ALL SELECT k FROM b", kInserts, kNone, "append"},
      {"SELECT k FROM a UNION ALL SELECT k FROM b", kInserts, kAny, "rows"},
      {"SELECT a.v, b.v AS w FROM a JOIN b ON a.k = b.k", kInserts, kNone, "append"},
      {"SELECT a.v, b.v AS w FROM a JOIN b ON a.k = b.k", kInserts, kInserts, "append, a before"},
      {"SELECT a.v, b.v AS w FROM a LEFT JOIN b ON a.k = b.k", kInserts, kNone, "append"},
      {"SELECT a.v, b.v AS w FROM a LEFT JOIN b ON a.k = b.k", kNone, kInserts, "rows, b before"},
      {"SELECT k, sum(v) FROM a GROUP BY k", kAny, kNone, "keys 0"},
      {"SELECT sum(v) AS s, k FROM a GROUP BY k HAVING sum(v) > 1", kAny, kNone, "keys 1"},
      {"SELECT sum(v) AS s FROM a GROUP BY k", kAny, kNone, "rows, a before"},
      {"SELECT b.k, max(a.v) FROM a JOIN b ON a.k = b.k GROUP BY b.k", kAny, kAny, "keys 0, a before"},
      {"SELECT DISTINCT k, v FROM a", kAny, kNone, "keys 0 1"},
      {"SELECT v, k FROM (SELECT *, row_number() OVER (PARTITION BY k ORDER BY v) AS r FROM a) WHERE r < 3", kAny,
       kNone, "keys 1"},
      {"WITH t AS (SELECT k, v FROM a) SELECT x.k FROM t x JOIN t y ON x.k = y.k", kAny, kNone, "rows, a before"},
      {"SELECT k, v FROM a ORDER BY k", kInserts, kNone, "append"},
  };
  for (const auto& c : kCases) EXPECT_EQ(PlanOf(c.query, c.a, c.b), c.plan) << c.query;
}

TEST(MaintainTest, WhatIsMadeAnew) {
  const struct {
    const char* query;
    const char* why;
  } kCases[] = {
      {"SELECT count(*) FROM a", "an aggregate without GROUP BY is one group of all rows"},
      {"SELECT k, count(*) FROM a GROUP BY ROLLUP (k)", "its groups are of several kinds"},
      {"SELECT k FROM a LIMIT 3", "LIMIT keeps rows by their place"},
      {"SELECT k, rand() FROM a", "rand() gives another value each time"},
      {"SELECT k FROM a WHERE v = (SELECT max(v) FROM b)", "a subquery in an expression"},
      {"SELECT k FROM a EXCEPT SELECT k FROM b", "INTERSECT and EXCEPT"},
      {"SELECT a.k FROM a FULL JOIN b ON a.v < b.v", "a full join without an equality"},
      {"SELECT k, sum(v) OVER (ORDER BY v) AS s FROM a", "a window without PARTITION BY"},
      {"SELECT m FROM a", "its column m is MAP<INT, INT>, by which rows can't be told apart"},
      {"SELECT s FROM (SELECT k, sum(f) AS s FROM a GROUP BY k)", "sum() of floating-point numbers"},
      {"SELECT s, count(*) FROM (SELECT k, first(v) AS s FROM a GROUP BY k) GROUP BY s", "first() below another"},
  };
  for (const auto& c : kCases) {
    const auto told = PlanOf(c.query, kAny, kAny);
    EXPECT_NE(told.find(c.why), std::string::npos) << c.query << ": " << told;
  }
}

TEST(MaintainTest, TheSamePlanIsTheSameText) {
  const auto print = [](const std::string& text) {
    return Fingerprint(Resolved(text), [](const std::string& table) { return table; });
  };
  const std::string query = "SELECT k, sum(v) AS s FROM a WHERE f > 1.5D GROUP BY k";
  EXPECT_EQ(print(query), print("SELECT x.k AS other, sum(x.v) AS t FROM a x WHERE x.f > 1.5D GROUP BY x.k"));
  for (const char* other : {"SELECT k, sum(v) AS s FROM b WHERE f > 1.5D GROUP BY k",
                            "SELECT k, sum(v) AS s FROM a WHERE f > 1.25D GROUP BY k",
                            "SELECT k, sum(DISTINCT v) AS s FROM a WHERE f > 1.5D GROUP BY k",
                            "SELECT k, sum(k) AS s FROM a WHERE f > 1.5D GROUP BY k"}) {
    EXPECT_NE(print(query), print(other)) << other;
  }
  Ids ids;
  const auto label = [](const std::string& table) { return table; };
  const auto with = "WITH t AS (SELECT k, v FROM a) SELECT x.k FROM t x JOIN t y ON x.k = y.k";
  EXPECT_EQ(Fingerprint(Inlined(Resolved(with), {}, ids), label), Fingerprint(Inlined(Resolved(with), {}, ids), label));
}

}  // namespace
}  // namespace tidemill::view
