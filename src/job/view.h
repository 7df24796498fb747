// A materialized view: a query over Delta tables whose rows are kept in a Delta table of their own.
//
// The view's table says by itself what it is: its properties hold the query as written, the tables it reads and a
// digest of its typed plan; its commits carry one transaction a table, whose version is the table's that the rows were
// made from. So data and what is known of it are one commit, and whoever comes later, or again, sees what is left to
// do.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/snapshot.h"
#include "engine/engine.h"
#include "job/prepare.h"
#include "job/run.h"
#include "job/target.h"
#include "plan/typed.h"
#include "view/maintain.h"

namespace tidemill::job {

// How a view's table is known, and its transactions: of each refresh, and of each table it reads, by the table's id.
inline constexpr const char* kViewPlanProperty = "tidemill.view.plan";
inline constexpr const char* kRefreshTxn = "tidemill:view";
inline std::string SourceTxn(const std::string& id) { return "tidemill:view:" + id; }

// A table that a view reads.
struct ViewSource {
  std::string name;             // the engine's name of it, as the query's scans have it
  delta::SnapshotPtr snapshot;  // what that is
  plan::Schema schema;          // as the engine has it
  bool pinned = false;          // it is always this version
};

struct ViewQuery {
  plan::typed::RelationPtr relation;  // over tables that the engine's session knows
  view::Steps steps;                  // those of them that are queries
  std::vector<ViewSource> sources;
  std::string text;      // as written
  std::string settings;  // whatever else its rows depend on, by SettingsOfView
};
std::string SettingsOfView(bool ansi, const std::string& time_zone);

// The same for two queries that give the same rows of the same versions of tables, in whatever order: what a view's
// table keeps.
std::string PlanDigest(const ViewQuery& query);

// Whether nobody but refreshes has changed the rows of the view's table; false also where its log does not tell.
Result<bool> OnlyRefreshed(const delta::Snapshot& snapshot);

// What its table's properties say of the query.
delta::StringMap ViewProperties(const ViewQuery& query);

// Where a view stands.
enum class ViewState {
  kFresh,  // its rows are the query's
  kBehind,
  kToMake,  // there is no table yet, or its rows are no base to go on from
};
struct ViewStanding {
  ViewState state = ViewState::kToMake;
  std::string why;                      // for people, of kToMake
  std::map<std::string, int64_t> seen;  // by id of a table: the version its rows are made from
};
// kInvalidArgument: the table there is none of a view. kFailedPrecondition: a source has gone back.
Result<ViewStanding> StandingOf(const ViewQuery& query, const Target& target);

// What the table says of itself; nothing when it is no view's.
struct ViewDescription {
  struct Source {
    std::string name;
    std::string path;
    std::string id;
    int64_t seen = -1;
    bool pinned = false;
  };
  std::string text;
  std::string digest;
  std::vector<Source> sources;
};
std::optional<ViewDescription> DescribeView(const delta::Snapshot& snapshot);

struct ViewRefresh {
  enum class Kind { kNothing, kIncremental, kFull } kind = Kind::kNothing;
  std::string how;       // for people: of what was incremental, or why all rows were made anew
  int64_t version = -1;  // of the view's table
  int64_t rows_came = 0;
  int64_t rows_went = 0;
  int64_t rows_written = 0;  // those of files that were written anew among them
  int64_t files_written = 0;
  int64_t bytes_written = 0;
  int64_t files_removed = 0;
  std::vector<std::string> warnings;
  std::string unknown;  // not empty: whether it was committed is not known, for this reason; run it again
};
const char* Name(ViewRefresh::Kind kind);

struct ViewOptions {
  bool full = false;  // never incremental
  std::string run;    // the run key and attempt, for the commit; empty: none
  std::string attempt;
  std::vector<std::string> partition_by{};  // of a table that is made
  delta::StringMap properties{};            // likewise
  int64_t target_file_bytes = int64_t{256} << 20;
  engine::Compression compression = engine::Compression::kSnappy;
  std::function<void(const char* stage)> on_stage{};
};

// A job of type view whose sources are open and whose steps are resolved.
ViewQuery ViewQueryOf(const Job& job, const Prepared& prepared);

// Brings the view at `root` up to the versions of its sources that `query` has, by one commit or, when there is nothing
// to do, none. Tables and steps of the query are known to the session; what this adds to it, it takes away again.
// kAborted: others changed the view's table every time.
Result<ViewRefresh> RefreshView(const ViewQuery& query, const std::string& root, const ViewOptions& options,
                                engine::Session& session, RunEnvironment& environment);

// How far a view is behind one of the tables it reads.
struct SourceFreshness {
  ViewDescription::Source source;
  int64_t version = -1;                // the table's newest; -1: it can't be read, and `problem` says why
  int64_t commits_behind = 0;          // that changed rows
  std::optional<int64_t> rows_behind;  // that these commits wrote or took out; none: they don't tell
  std::optional<Timestamp> behind_since;
  std::string problem;
};
Result<std::vector<SourceFreshness>> FreshnessOf(const ViewDescription& view, const RunEnvironment& environment);

}  // namespace tidemill::job
