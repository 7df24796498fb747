#include "advisor/eventlog/track.h"

#include <gtest/gtest.h>

namespace tidemill::advisor::eventlog {
namespace {

TEST(Track, GainsAreByRowsAndMedians) {
  Taken taken{"skew", 0.2, 0.4, 0.5, {100, 1000}, {}};
  EXPECT_EQ(MeasuredGain(taken), 0);
  taken.after = {{100, 2000}, {60, 1000}, {500, 1000}};
  EXPECT_DOUBLE_EQ(MeasuredGain(taken), 0.4);
  taken.after = {{80, 0}};
  EXPECT_NEAR(MeasuredGain(taken), 0.2, 1e-9);
}

TEST(Track, ARuleThatMissesIsDemoted) {
  const Taken hit{"skew", 0.2, 0.4, 0.5, {100, 0}, {{70, 0}}}, miss{"gc", 0.2, 0.4, 0.5, {100, 0}, {{95, 0}}};
  const Taken unmeasured{"gc", 0.2, 0.4, 0.5, {100, 0}, {}};
  const auto records = RecordsOf({hit, miss, unmeasured, miss});
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].rule, "gc");
  EXPECT_EQ(records[0].taken, 3);
  EXPECT_EQ(records[0].measured, 2);
  EXPECT_TRUE(records[0].demoted());
  EXPECT_EQ(records[1].hits, 1);
  EXPECT_FALSE(records[1].demoted());
}

}  // namespace
}  // namespace tidemill::advisor::eventlog
