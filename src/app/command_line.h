// Room app: `main` and the subcommands. Builds the real objects and hands them down; nothing else in the house reads
// flags, the environment or files of settings.
//
// command_line.h: the flags of every subcommand as values. Only command_line.cc and declare*.cc see the library that
// reads them.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace tidemill::app {

struct JobFlags {
  std::string file;
  std::string profile;
  std::vector<std::string> settings;
};

struct MachineFlags {
  std::string memory;  // empty: 60 % of the machine
  int threads = 0;     // 0: all cores
  std::string state;   // empty: .tidemill/state.db
};

struct OutputFlags {
  bool json = false;
  std::string report;
  std::string junit;
  std::string results;
};

struct WindowFlags {
  std::string window;
  std::string from;
  std::string to;
};

// Where a run goes on EMR.
struct EmrFlags {
  std::string cluster;     // one that the ledger knows
  std::string dedicated;   // the file of a cluster that is made for the run
  std::string serverless;  // the id of an application of EMR Serverless
  std::string role;        // serverless: the ARN of its role
  std::string staging;     // s3://: where the application goes; empty: below the cluster's log_uri
  std::string profile;     // of ~/.aws; empty: as the environment says
  std::string poll = "10s";
};

struct RunFlags {
  JobFlags job;
  MachineFlags machine;
  OutputFlags output;
  WindowFlags windows;
  int jobs = 1;
  std::string plan;    // a plan to run exactly, or not at all
  std::string prices;  // a price list of the user's; empty: the built-in one
  bool over_budget = false;
  bool replace = false;
  bool again = false;
  std::string engine = "native";        // native, spark, auto
  std::string master;                   // of Spark; empty: local
  std::vector<std::string> spark_conf;  // KEY=VALUE
  bool no_salt = false;
  bool no_plan = false;
  EmrFlags emr;
};

struct PlanFlags {
  JobFlags job;
  MachineFlags machine;
  WindowFlags windows;
  std::string engine = "auto";
  std::string prices;      // a price list of the user's; empty: the built-in one
  std::string against;     // an earlier plan, to show what changed
  std::string out;         // where the plan goes as JSON
  std::string emit_spark;  // the folder that gets the PySpark application
  std::string html;        // the file that gets it as a page
  bool json = false;
  bool brief = false;
};

struct ValidateFlags {
  JobFlags job;
  MachineFlags machine;
  bool syntax_only = false;
};

struct InitFlags {
  std::string file;
  std::string type = "etl";  // etl, spark_app
  bool force = false;
};

struct SqlFlags {
  std::string text;  // -e
  std::string file;  // -f
  std::string output = "table";
  bool keep_going = false;
  std::string warehouse;  // empty: tables last as long as the session
  std::vector<std::string> conf;
  MachineFlags machine;
};

struct ConvertFlags {
  std::vector<std::string> paths;  // inputs, then the output
  std::string from_format;
  std::string to_format = "delta";
  std::vector<std::string> partition_by;
  std::vector<std::string> sort_by;
  std::string mode = "append";
  std::string compression = "snappy";
  std::string target_file_size;
  std::string schema;
  std::string delimiter;
  std::string null_text;
  std::string malformed = "fail";
  bool no_header = false;
  bool again = false;
  MachineFlags machine;
  OutputFlags output;
};

struct TableFlags {
  enum class What {
    kDescribe,
    kHistory,
    kFiles,
    kCheck,
    kRestore,
    kVacuum,
    kOptimize,
    kChanges,
    kClone,
    kFreshness
  } what = What::kDescribe;
  std::string path;
  std::optional<int64_t> version;
  std::string timestamp;                // restore
  int64_t from = 0;                     // changes
  std::optional<int64_t> to;            // changes
  std::string output = "table";         // changes
  std::string target;                   // clone
  bool shallow = false;                 // clone
  bool verify = false;                  // clone
  bool history = false;                 // check: the commits, too
  bool deep = false;                    // check: the rows, too
  bool repair = false;                  // check
  bool drop_damaged = false;            // check: what cannot be read right leaves the table
  bool yes = false;                     // check: without asking
  std::string retain;                   // vacuum; empty: as the table says
  bool remove = false;                  // vacuum: not only tell
  bool force = false;                   // vacuum: a shorter retention than the table's
  bool dry_run = false;                 // restore, optimize, check
  std::string target_size;              // optimize
  std::vector<std::string> partitions;  // optimize: COLUMN=VALUE
  std::vector<std::string> zorder;      // optimize
  std::vector<std::string> cluster;     // optimize
  MachineFlags machine;
  int64_t limit = 0;
  bool json = false;
};

struct DiffFlags {
  std::string one;  // a table's folder, or FOLDER@VERSION
  std::string other;
  std::vector<std::string> keys;
  std::vector<std::string> without;  // columns that are not compared
  int64_t limit = 10;
  bool json = false;
  MachineFlags machine;
};

struct VerifyFlags {
  JobFlags job;
  WindowFlags windows;
  std::string sample;  // "1%"; empty: everything
  MachineFlags machine;
};

struct QuarantineFlags {
  enum class What { kLs, kShow, kReplay } what = What::kLs;
  std::string path;  // the table, its quarantine, or (replay) a job file
  JobFlags job;
  std::string run;
  int64_t limit = 20;
  bool json = false;
  MachineFlags machine;
  OutputFlags output;
};

struct RunsFlags {
  enum class What { kLs, kShow, kCost, kCertificates, kBackup, kRebuild } what = What::kLs;
  std::string file;                 // backup
  std::vector<std::string> tables;  // rebuild
  std::string run;
  std::string job;
  std::string by = "job";  // cost: job, class, day, tag
  std::string since;
  int64_t limit = 20;
  bool json = false;
  MachineFlags machine;
};

struct RecoverFlags {
  enum class What { kPlan, kDrill, kRun } what = What::kPlan;
  std::string table;
  std::string clone;               // empty: the newest that the ledger knows
  std::optional<int64_t> version;  // run: back to this version of the table itself
  std::string into;                // drill: where to; empty: a folder beside the ledger
  bool keep = false;               // drill: what it made
  bool deep = false;               // run: read all rows to find what is damaged
  bool dry_run = false;
  bool yes = false;
  bool json = false;
  MachineFlags machine;
};

struct ClusterFlags {
  enum class What {
    kInit,
    kValidate,
    kPlan,
    kSimulate,
    kCreate,
    kStatus,
    kResize,
    kTerminate,
    kLs,
    kGc,
    kPolicy,
    kWatch
  } what = What::kPlan;
  std::string file;    // cluster.yaml; simulate: empty is the standard cluster
  bool force = false;  // init
  std::string prices;  // a price list of the user's; empty: the built-in one
  bool json = false;
  std::string state;  // the ledger
  // simulate
  double days = 30;
  int64_t jobs = 10'000;
  uint64_t seed = 1;
  std::vector<std::string> policies;  // empty: all
  std::string workload;               // a file of jobs; "ledger": the runs of the ledger; empty: the model
  std::string market;                 // a file of prices and interruptions; empty: the model
  std::string html;
  // on AWS
  std::string name;     // status, terminate
  std::string profile;  // of ~/.aws; empty: as the environment says
  std::string region;   // status, terminate, gc; empty: as the environment or the profile says
  int workers = 0;      // resize
  bool remove = false;  // gc: not only tell
  // watch
  std::string every = "1m";
  int64_t steps = 0;  // 0: until the cluster ends
  std::string now;    // a clock of its own, for demonstrations: it goes on by `every` a step; empty: the real one
};

struct StorageFlags {
  enum class What { kPlan, kApply, kReport } what = What::kPlan;
  std::vector<std::string> tables;
  std::string infrequent_after;  // empty: 30 days
  std::string archive_after;     // empty: 90 days
  std::string prices;
  bool json = false;
  bool rules = false;
  bool dry_run = false;  // apply
};

struct CostFlags {
  enum class What { kReport, kOpportunities } what = What::kReport;
  std::vector<std::string> clusters;  // opportunities: cluster files
  std::vector<std::string> texts;     // opportunities: folders of text
  bool measure = false;               // opportunities: by CloudWatch
  int days = 14;                      // that are measured
  std::string profile;
  std::string since;
  std::vector<std::string> tables;
  double investment = 0;  // dollars; 0: not said
  bool simulate = false;
  std::string prices;
  std::string state;
  bool json = false;
};

struct ScheduleFlags {
  enum class What { kSimulate, kLs, kShow, kRun, kPause, kResume, kBackfill } what = What::kSimulate;
  std::string path;  // a schedule.yaml or a folder; empty: here, and for simulate the example when nothing is here
  std::string job;
  std::string window;  // run
  std::string from;    // simulate, backfill
  std::string to;      // backfill
  int nights = 7;
  int64_t seed = 1;
  bool replace = false;
  bool json = false;
  MachineFlags machine;
};

struct ServeFlags {
  std::string path = ".";
  std::string prices;
  std::string time_from;  // a clock of its own, for demonstrations
  double speed = 1;
  std::string until;  // by that clock; empty: until stopped
  std::string listen = "127.0.0.1:8400";
  MachineFlags machine;
};

struct AdviseFlags {
  std::string log;                  // a file or folder of Spark's event logs; empty: a run of the ledger
  std::string run;                  // its number or key; empty: the newest
  bool rules = false;               // the rules and their record instead
  std::string apply;                // the job file that gets the settings of a finding
  std::string rule;                 // of which one; empty: the first that has any
  bool yes = false;                 // without asking
  std::vector<std::string> shapes;  // EXECUTORSxCORES
  std::string prices;               // a price list of the user's; empty: the built-in one
  std::string html;                 // the file that gets it as a page
  bool json = false;
  MachineFlags machine;
};

struct CompletionFlags {
  std::string script;  // ready to be printed
};
struct CalibrateFlags {
  MachineFlags machine;
};
struct PricesFlags {};
struct SchemaFlags {
  bool events = false;
  bool cluster = false;
  bool schedule = false;
};

using Command =
    std::variant<RunFlags, PlanFlags, ValidateFlags, InitFlags, SqlFlags, ConvertFlags, TableFlags, DiffFlags,
                 VerifyFlags, QuarantineFlags, RunsFlags, RecoverFlags, ClusterFlags, StorageFlags, CostFlags,
                 ScheduleFlags, ServeFlags, AdviseFlags, CompletionFlags, CalibrateFlags, PricesFlags, SchemaFlags>;

// The command, or the exit code when there is nothing more to do (help was printed, or a mistake was).
std::variant<Command, int> ParseCommandLine(int argc, char** argv, const std::string& version);

}  // namespace tidemill::app
