#include "sql/salt.h"

#include <gtest/gtest.h>

namespace tidemill::sql {
namespace {

const SaltSpec kSpec{"orders", "returns", "customer", {"7", "it's"}, 4};

TEST(Salt, InnerJoin) {
  const auto salted = SaltJoin(
      "SELECT o.id,\n  r.reason FROM orders o\n JOIN Returns AS r ON o.customer = r.cust AND r.day > o.day WHERE o.id "
      "> 1",
      kSpec);
  ASSERT_TRUE(salted.ok()) << salted.error().ToString();
  EXPECT_EQ(
      salted->sql,
      "SELECT o.id,\n  r.reason FROM `orders__salted_by_row` o\n JOIN `Returns__salted_copies` AS r ON `o`.__salt = "
      "`r`.__salt AND o.customer = r.cust AND r.day > o.day WHERE o.id > 1");
  ASSERT_EQ(salted->views.size(), 2u);
  EXPECT_EQ(salted->views[0].second,
            "SELECT *, CASE WHEN CAST(`customer` AS STRING) IN ('7', 'it\\'s') THEN "
            "CAST(pmod(monotonically_increasing_id(), 4) AS INT) ELSE 0 END AS __salt FROM `orders`");
  EXPECT_EQ(
      salted->views[1].second,
      "SELECT *, explode(CASE WHEN CAST(`cust` AS STRING) IN ('7', 'it\\'s') THEN sequence(0, 3) ELSE array(0) END) AS "
      "__salt FROM `Returns`");
}

TEST(Salt, WithoutAliases) {
  const auto salted =
      SaltJoin("SELECT orders.id FROM `orders` LEFT JOIN returns ON (returns.c = orders.customer)", kSpec);
  ASSERT_TRUE(salted.ok()) << salted.error().ToString();
  EXPECT_EQ(
      salted->sql,
      "SELECT orders.id FROM `orders__salted_by_row` AS `orders` LEFT JOIN `returns__salted_copies` AS `returns` ON "
      "(`orders`.__salt = `returns`.__salt AND returns.c = orders.customer)");
}

TEST(Salt, AmongOtherTables) {
  const auto salted = SaltJoin(
      "SELECT 'é' AS e, o.id FROM days d JOIN orders o ON d.day = o.day JOIN returns r ON r.c = o.customer LEFT JOIN "
      "days2 x ON "
      "x.d = r.d",
      kSpec);
  ASSERT_TRUE(salted.ok()) << salted.error().ToString();
  EXPECT_NE(salted->sql.find(
                "JOIN `orders__salted_by_row` o ON d.day = o.day JOIN `returns__salted_copies` r ON `o`.__salt = "
                "`r`.__salt AND r.c = o.customer LEFT JOIN"),
            std::string::npos)
      << salted->sql;
}

TEST(Salt, OtherShapesAreRefused) {
  for (const char* sql : {
           "SELECT * FROM orders o JOIN returns r ON o.customer = r.c",
           "SELECT o.* FROM orders o JOIN returns r ON o.customer = r.c",
           "SELECT o.id FROM orders o JOIN returns r USING (customer)",
           "SELECT o.id FROM orders o NATURAL JOIN returns r",
           "SELECT o.id FROM orders o FULL JOIN returns r ON o.customer = r.c",
           "SELECT o.id FROM returns r LEFT JOIN orders o ON o.customer = r.c",
           "SELECT o.id FROM orders o JOIN returns r ON (o.a = 1 OR o.b = 2) AND o.customer = r.c",
           "SELECT o.id FROM orders o JOIN returns r ON o.customer = r.c OR o.customer = r.d",
           "SELECT o.id FROM orders o JOIN returns r ON o.other = r.c",
           "SELECT o.id FROM orders o JOIN returns r ON customer = c",
           "SELECT o.id FROM orders o JOIN orders p ON o.id = p.id JOIN returns r ON o.customer = r.c",
           "SELECT o.id FROM orders o JOIN (SELECT * FROM returns) r ON o.customer = r.c",
           "WITH x AS (SELECT 1) SELECT o.id FROM orders o JOIN returns r ON o.customer = r.c",
           "SELECT o.id FROM orders o JOIN returns r ON o.customer = r.c UNION SELECT 1",
       }) {
    const auto salted = SaltJoin(sql, kSpec);
    ASSERT_FALSE(salted.ok()) << sql;
    EXPECT_EQ(salted.error().kind, ErrorKind::kUnimplemented) << sql << salted.error().ToString();
  }
}

}  // namespace
}  // namespace tidemill::sql
