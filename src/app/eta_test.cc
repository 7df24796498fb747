#include "app/eta.h"

#include <gtest/gtest.h>

namespace tidemill::app {
namespace {

using std::chrono::seconds;

TEST(Eta, CountsDown) {
  Eta eta;
  EXPECT_FALSE(eta.Update(seconds(0), 0));
  EXPECT_EQ(eta.Update(seconds(10), 0.5), Micros(seconds(10)));
  EXPECT_EQ(eta.Update(seconds(15), 0.75), Micros(seconds(5)));
}

TEST(Eta, NeverGrowsFasterThanTheClock) {
  Eta eta;
  eta.Update(seconds(0), 0);
  std::optional<Micros> before = eta.Update(seconds(1), 0.5);
  ASSERT_EQ(before, Micros(seconds(1)));
  for (int second = 2; second < 20; ++second) {  // stuck at one half
    const auto now = eta.Update(seconds(second), 0.5);
    EXPECT_LE(*now, *before + seconds(1));
    before = now;
  }
}

}  // namespace
}  // namespace tidemill::app
