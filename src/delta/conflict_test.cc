// Each row of the conflict matrix, met under both isolation levels, and disjoint changes, which meet in none.
#include "delta/detail/conflict.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "delta/deletion_vector.h"
#include "delta/snapshot.h"

namespace tidemill::delta {
namespace {

using plan::TypeId;

Add File(const std::string& name, const std::string& partition = "1") {
  return {.path = name, .partition_values = {{"p", partition}}, .size_bytes = 1};
}

Add Marked(const std::string& name, std::vector<int64_t> rows) {
  Add add = File(name);
  add.deletion_vector = MakeInlineDeletionVector(rows);
  return add;
}

CommitInfo Info(bool blind) {
  CommitInfo info;
  info.operation = "WRITE";
  info.is_blind_append = blind;
  return info;
}

const Snapshot& Base() {
  static const Snapshot snapshot({}, [] {
    Snapshot::State state;
    state.version = 5;
    state.schema = {{{"a", TypeId::kInt}, {"p", TypeId::kInt}}};
    state.metadata.partition_columns = {"p"};
    state.files = {File("mine"), File("other"), File("second", "2")};
    return state;
  }());
  return snapshot;
}

// The whole table was read, and "mine" is taken out.
Intent Mine() {
  Intent mine{.base = &Base(), .read_whole_table = true};
  static const std::vector<Predicate> none;
  mine.read_partitions = &none;
  mine.removed_paths = {"mine"};
  return mine;
}

struct Case {
  Meeting meeting;
  std::vector<Action> winner;
  RowsByPath marked{};      // by this one
  RowsByPath their_rows{};  // by the winner
};

std::vector<Case> Cases() {
  const Remove gone = MakeRemove(File("mine"), 1), other = MakeRemove(File("other"), 1);
  return {
      {Meeting::kBlindAppend, {Info(true), File("new")}},
      {Meeting::kAppend, {Info(false), File("new")}},
      {Meeting::kRemovedRead, {Info(false), other}},
      {Meeting::kRemovedOwn, {Info(false), gone}},
      {Meeting::kMovedRead, {Info(false), MakeRemove(File("other"), 1, false)}},
      {Meeting::kMarkedRead, {Info(false), other, Marked("other", {3})}},
      {Meeting::kMarkedOwnRows, {Info(false), gone, Marked("mine", {3})}, {{"mine", {2, 3}}}, {{"mine", {3}}}},
      {Meeting::kMarkedOwnRows, {Info(false), gone, Marked("mine", {3})}},
      {Meeting::kMarkedOtherRows, {Info(false), gone, Marked("mine", {3})}, {{"mine", {1, 2}}}, {{"mine", {3}}}},
  };
}

TEST(ConflictMatrix, EveryMeetingUnderBothLevels) {
  std::set<Meeting> met;
  for (const auto& one : Cases()) {
    met.insert(one.meeting);
    const auto rule = std::ranges::find(kConflictMatrix, one.meeting, &ConflictRule::meeting);
    ASSERT_NE(rule, std::end(kConflictMatrix));
    for (const bool serializable : {false, true}) {
      Intent mine = Mine();
      mine.serializable = serializable;
      mine.marked_rows = one.marked;
      const auto found = FindConflict(mine, one.winner, 6, one.their_rows);
      const Verdict verdict = serializable ? rule->serializable : rule->write_serializable;
      EXPECT_EQ(found.has_value(), verdict == Verdict::kConflict)
          << static_cast<int>(one.meeting) << " " << serializable;
      if (found) {
        EXPECT_EQ(found->kind, rule->kind);
      }
    }
  }
  EXPECT_EQ(met.size(), std::size(kConflictMatrix));
}

TEST(ConflictMatrix, WhatIsDisjointDoesNotMeet) {
  const delta::Test test{"p", delta::Test::Op::kEqual, {plan::Value{int64_t{1}}}};
  const std::vector<Predicate> first{{{test}}};
  Intent mine = Mine();
  mine.read_whole_table = false;
  mine.read_partitions = &first;
  for (const bool serializable : {false, true}) {
    mine.serializable = serializable;
    EXPECT_FALSE(FindConflict(mine, {Info(false), File("new", "2"), MakeRemove(File("second", "2"), 1)}, 6));
    EXPECT_TRUE(FindConflict(mine, {Info(false), File("new", "1")}, 6));
  }
  // Rows judged one by one: what others take away elsewhere is no matter, what they bring is.
  Intent alone = Mine();
  alone.read_rows_alone = true;
  EXPECT_FALSE(FindConflict(alone, {Info(false), MakeRemove(File("other"), 1)}, 6));
  EXPECT_TRUE(FindConflict(alone, {Info(false), MakeRemove(File("other"), 1), File("new")}, 6));
  // A deletion vector that shrinks brings rows back.
  EXPECT_TRUE(FindConflict(alone, {Info(false), MakeRemove(Marked("other", {1, 2}), 1), Marked("other", {1})}, 6));
  EXPECT_FALSE(FindConflict(alone, {Info(false), MakeRemove(Marked("other", {1}), 1), Marked("other", {1, 2})}, 6));
}

}  // namespace
}  // namespace tidemill::delta
