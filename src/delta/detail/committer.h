// Making one transaction's commit: the race for a version, and clearing up lost answers.
#pragma once

#include <random>
#include <string>
#include <variant>
#include <vector>

#include "delta/detail/conflict.h"
#include "delta/transaction.h"

namespace tidemill::delta {

class Committer {
 public:
  Committer(Transaction& transaction, const Clock& clock, std::mt19937_64& random, const CommitOptions& options)
      : transaction_(transaction), clock_(clock), random_(random), options_(options) {}

  Result<CommitOutcome> Run();

 private:
  // What lies at a version.
  struct Absent {};
  struct Ours {};
  struct Others {
    std::vector<Action> actions;
  };
  using Found = std::variant<Absent, Ours, Others>;

  Status Prepare();
  void MakeBody();
  Result<std::optional<Conflict>> FindEarlier();
  Result<CommitOutcome> Race();
  Result<CommitOutcome> Finish(int64_t version);
  // Looks at the version until the answer is clear, a few times.
  Result<Found> LookUp(int64_t version);
  Result<Found> LookUpOnce(int64_t version);
  // Steps over the winner at version_ and every later one; a conflict ends it.
  Result<std::optional<Conflict>> CatchUp(Others winner);

  Result<RowsByPath> TheirRows(const std::vector<Action>& winner) const;
  Status JoinVectors(const std::vector<Action>& winner, const RowsByPath& their_rows);

  bool BlindAppend() const;
  std::string CommitBytes(int64_t version);
  std::optional<std::string> WriteCheckpointIfDue(int64_t version);

  Transaction& transaction_;
  const Clock& clock_;
  std::mt19937_64& random_;
  const CommitOptions& options_;
  Intent intent_;
  Protocol protocol_;  // in force after the commit
  Metadata metadata_;
  std::string body_;  // every line but commitInfo, and adds whose rows are numbered
  bool tracks_rows_ = false;
  int64_t row_id_mark_ = -1;  // the last row id that is taken
  int64_t version_ = 0;
  int64_t last_commit_ms_ = INT64_MIN;  // of the version before, for in-commit timestamps
};

}  // namespace tidemill::delta
