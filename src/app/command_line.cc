#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>

#include "app/completion.h"
#include "app/exit_code.h"
#include "base/names.h"

namespace tidemill::app {
namespace {

void AddJob(CLI::App* app, JobFlags& flags) {
  app->add_option("job", flags.file, "The job file")->required()->type_name("JOB.yaml");
  app->add_option("--profile", flags.profile, "Lay this profile of the job file over it")->type_name("NAME");
  app->add_option("--set", flags.settings, "Change a key: --set sink.mode=overwrite")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

void AddMachine(CLI::App* app, MachineFlags& flags) {
  app->add_option("--memory", flags.memory, "Memory budget; larger work spills to disk (default: 60% of the machine)")
      ->type_name("SIZE");
  app->add_option("--threads", flags.threads, "Threads (default: all cores)")
      ->check(CLI::Range(1, 1024))
      ->type_name("N");
  app->add_option("--state", flags.state, "The ledger (default: .tidemill/state.db)")->type_name("FILE");
}

void AddWindows(CLI::App* app, WindowFlags& flags) {
  app->add_option("--window", flags.window, "One window: START/END, START, or all")->type_name("WINDOW");
  app->add_option("--from", flags.from, "Every window from this time on ...")->type_name("TIME");
  app->add_option("--to", flags.to, "... to this time (not included)")->type_name("TIME");
}

void AddOutput(CLI::App* app, OutputFlags& flags) {
  app->add_flag("--json", flags.json, "Print events as JSON lines");
  app->add_option("--report", flags.report, "Write an HTML report")->type_name("FILE.html");
  app->add_option("--junit", flags.junit, "Write check results as JUnit XML")->type_name("FILE.xml");
  app->add_option("--results", flags.results, "Write check results as JSON")->type_name("FILE.json");
}

// Every subcommand: its flags are declared on a CLI::App and end up in `command` when it is the one chosen.
class Declarations {
 public:
  explicit Declarations(CLI::App& app) : app_(app) {
    Run();
    Plan();
    Validate();
    Init();
    Sql();
    Convert();
    Table();
    Diff();
    Verify();
    Quarantine();
    Runs();
    Cluster();
    Storage();
    Cost();
    Schedule();
    Serve();
    Advise();
    Calibrate();
    Prices();
    Completion();
    Schema();
  }

  Command command;

 private:
  CLI::App* Add(CLI::App* parent, const std::string& name, const std::string& what) {
    return parent->add_subcommand(name, what);
  }

  template <typename Flags>
  void Chosen(CLI::App* sub, Flags& flags) {
    sub->callback([this, &flags] { command = flags; });
  }
  template <typename Flags>
  void Chosen(CLI::App* sub, Flags& flags, typename Flags::What what) {
    sub->callback([this, &flags, what] {
      flags.what = what;
      command = flags;
    });
  }

  void Run() {
    auto* sub = Add(&app_, "run", "Run a job: read, transform, check, commit");
    AddJob(sub, run_.job);
    AddWindows(sub, run_.windows);
    sub->add_option("--jobs", run_.jobs, "Windows run side by side")->check(CLI::Range(1, 64))->type_name("N");
    sub->add_option("--engine", run_.engine, "What runs it; auto: as `tidemill plan` decides (default: native)")
        ->check(CLI::IsMember({"native", "spark", "auto"}));
    sub->add_option("--master", run_.master, "spark: its master (default: local, with --threads)")->type_name("URL");
    sub->add_flag("--no-salt", run_.no_salt, "spark: leave skewed joins as they are written");
    sub->add_flag("--no-plan", run_.no_plan, "spark: Spark's own settings in place of the planner's");
    sub->add_option("--spark-conf", run_.spark_conf, "spark: a setting for spark-submit")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
    sub->add_option("--plan", run_.plan, "Run what `plan --out` wrote, or refuse because its ground moved")
        ->type_name("PLAN.json");
    sub->add_option("--prices", run_.prices, "A price list in place of the built-in one (`tidemill prices`)")
        ->type_name("FILE.json");
    sub->add_flag("--over-budget", run_.over_budget, "Run although the quote is above the job's budget");
    auto* replace = sub->add_flag("--replace", run_.replace,
                                  "Take out the rows of earlier runs of this window, in the same commit");
    sub->add_flag("--again", run_.again, "Run even if this run is committed already")->excludes(replace);
    AddOutput(sub, run_.output);
    AddMachine(sub, run_.machine);
    Chosen(sub, run_);
  }

  void Plan() {
    auto* sub = Add(&app_, "plan", "Show where and how a job would run, why, and what it would take");
    AddJob(sub, plan_.job);
    AddWindows(sub, plan_.windows);
    sub->add_option("--engine", plan_.engine, "Where it runs")->check(CLI::IsMember({"auto", "native", "spark"}));
    sub->add_option("--prices", plan_.prices, "A price list in place of the built-in one (`tidemill prices`)")
        ->type_name("FILE.json");
    sub->add_option("--against", plan_.against, "Show what changed since this plan")->type_name("PLAN.json");
    sub->add_option("--out", plan_.out, "Write the plan, for `run --plan` and --against")->type_name("PLAN.json");
    sub->add_option("--emit-spark", plan_.emit_spark,
                    "Write the job as one PySpark application, app.py, and its spark-submit line, submit.sh")
        ->type_name("DIR");
    sub->add_option("--html", plan_.html, "Write the plan as a page")->type_name("FILE.html");
    sub->add_flag("--json", plan_.json, "Print the plan as JSON");
    sub->add_flag("--brief", plan_.brief, "A line a decision, without its reasons");
    AddMachine(sub, plan_.machine);
    Chosen(sub, plan_);
  }

  void Validate() {
    auto* sub = Add(&app_, "validate", "Check a job file, its SQL and its sources without running it");
    AddJob(sub, validate_.job);
    sub->add_flag("--syntax-only", validate_.syntax_only, "Do not look at the sources");
    AddMachine(sub, validate_.machine);
    Chosen(sub, validate_);
  }

  void Init() {
    auto* sub = Add(&app_, "init", "Write a commented job file to start from");
    sub->add_option("file", init_.file, "Where (default: job.yaml)")->type_name("FILE");
    sub->add_option("--template", init_.type,
                    "etl: sources, SQL steps, a sink (default). spark_app: a program for Spark")
        ->check(CLI::IsMember({"etl", "spark_app"}));
    sub->add_flag("--force", init_.force, "Replace an existing file");
    Chosen(sub, init_);
  }

  void Sql() {
    auto* sub = Add(&app_, "sql", "Run Spark SQL and print the rows; at a terminal without -e or -f, a shell");
    auto* text = sub->add_option("-e,--execute", sql_.text, "The statements")->type_name("SQL");
    sub->add_option("-f,--file", sql_.file, "A file of statements; - is the standard input")
        ->type_name("FILE")
        ->excludes(text);
    sub->add_option("--output", sql_.output, "How rows are printed")
        ->check(CLI::IsMember({"table", "tsv", "csv", "json", "jsonl"}));
    sub->add_flag("--keep-going", sql_.keep_going, "Go on after a statement that failed");
    sub->add_option("--warehouse", sql_.warehouse,
                    "The folder of databases and tables; without it they last as long as the session")
        ->type_name("DIR");
    sub->add_option("--conf", sql_.conf, "A Spark SQL setting")->type_name("KEY=VALUE")->allow_extra_args(false);
    AddMachine(sub, sql_.machine);
    Chosen(sub, sql_);
  }

  void Convert() {
    auto* sub = Add(&app_, "convert", "Convert or ingest files without a job file");
    sub->add_option("paths", convert_.paths, "Files, folders or quoted globs, and the output's folder last")
        ->required()
        ->expected(2, 100000)
        ->type_name("IN... OUT");
    sub->add_option("--from-format", convert_.from_format, "Of the input (default: by its extension)")
        ->check(CLI::IsMember({"csv", "json", "text", "parquet", "delta"}));
    sub->add_option("--format", convert_.to_format, "Of the output")->check(CLI::IsMember({"delta", "parquet"}));
    sub->add_option("--partition-by", convert_.partition_by, "Columns, or year/month/day(time)")
        ->delimiter(',')
        ->type_name("COLUMNS");
    sub->add_option("--sort-by", convert_.sort_by, "Order inside files")->delimiter(',')->type_name("COLUMNS");
    sub->add_option("--mode", convert_.mode, "What happens to an existing table")
        ->check(CLI::IsMember({"append", "overwrite", "overwrite_partitions"}));
    sub->add_option("--compression", convert_.compression, "Of the output")
        ->check(CLI::IsMember({"snappy", "zstd", "gzip", "none"}));
    sub->add_option("--target-file-size", convert_.target_file_size, "Of the output's files (default: 256MB)")
        ->type_name("SIZE");
    sub->add_option("--schema", convert_.schema, "The input's columns as Spark DDL (default: inferred)")
        ->type_name("DDL");
    sub->add_option("--delimiter", convert_.delimiter, "csv: what separates fields");
    sub->add_option("--null-text", convert_.null_text, "csv: a field of this text is NULL");
    sub->add_option("--malformed", convert_.malformed, "Rows that do not fit")
        ->check(CLI::IsMember({"fail", "drop", "quarantine"}));
    sub->add_flag("--no-header", convert_.no_header, "csv: the first line holds data");
    sub->add_flag("--again", convert_.again, "Convert even if this was done already");
    AddOutput(sub, convert_.output);
    AddMachine(sub, convert_.machine);
    Chosen(sub, convert_);
  }

  void Table() {
    auto* sub = Add(&app_, "table", "Look at a Delta table");
    sub->require_subcommand(1);
    using What = TableFlags::What;
    const std::tuple<const char*, const char*, What> kinds[] = {
        {"describe", "Schema, partitions, size, properties", What::kDescribe},
        {"history", "Its commits, newest first", What::kHistory},
        {"files", "Its live files", What::kFiles},
        {"check", "Whether every file and the log are whole", What::kCheck}};
    for (const auto& [name, words, what] : kinds) {
      auto* kind = Add(sub, name, words);
      kind->add_option("path", table_.path, "The table's folder")->required()->type_name("PATH");
      if (what != What::kCheck && what != What::kHistory) {
        kind->add_option("--version", table_.version, "As of this version")->type_name("N");
      }
      if (what != What::kDescribe && what != What::kCheck) {
        kind->add_option("--limit", table_.limit, "At most so many lines")->type_name("N");
      }
      if (what == What::kCheck) {
        kind->add_flag("--history", table_.history, "Also whether each commit may follow the ones before it");
      }
      kind->add_flag("--json", table_.json, "Print JSON");
      Chosen(kind, table_, what);
    }
    Restore(sub);
    Vacuum(sub);
    Optimize(sub);
    Changes(sub);
    Clone(sub);
  }

  void Clone(CLI::App* table) {
    auto* sub = AddTableChange(table, "clone", "Copy a table; once more: what came since, or what is left to do",
                               TableFlags::What::kClone);
    sub->add_option("target", table_.target, "The clone's folder")->required()->type_name("TARGET");
    sub->add_option("--version", table_.version, "As of this version (default: the newest)")->type_name("N");
    AddMachine(sub, table_.machine);
  }

  void Changes(CLI::App* table) {
    auto* sub = Add(table, "changes", "The rows that came, went and changed (delta.enableChangeDataFeed)");
    sub->add_option("path", table_.path, "The table's folder")->required()->type_name("PATH");
    sub->add_option("--from", table_.from, "The first version")->required()->type_name("N");
    sub->add_option("--to", table_.to, "The last one (default: the newest)")->type_name("N");
    sub->add_option("--output", table_.output, "How rows are printed")
        ->check(CLI::IsMember({"table", "tsv", "csv", "json", "jsonl"}));
    AddMachine(sub, table_.machine);
    Chosen(sub, table_, TableFlags::What::kChanges);
  }

  CLI::App* AddTableChange(CLI::App* parent, const char* name, const char* words, TableFlags::What what) {
    auto* sub = Add(parent, name, words);
    sub->add_option("path", table_.path, "The table's folder")->required()->type_name("PATH");
    sub->add_flag("--json", table_.json, "Print JSON");
    Chosen(sub, table_, what);
    return sub;
  }

  void Restore(CLI::App* table) {
    auto* sub = AddTableChange(table, "restore", "Take the table back to an earlier version, as a new one",
                               TableFlags::What::kRestore);
    auto* version = sub->add_option("--version", table_.version, "To this version")->type_name("N");
    sub->add_option("--timestamp", table_.timestamp, "To the newest version not after this time")
        ->type_name("TIME")
        ->excludes(version);
    sub->add_flag("--dry-run", table_.dry_run, "Only tell what would change");
  }

  void Vacuum(CLI::App* table) {
    auto* sub = AddTableChange(table, "vacuum", "Show, or remove, files that no version within the retention needs",
                               TableFlags::What::kVacuum);
    sub->add_option("--retain", table_.retain, "Keep what versions younger than this need (default: as the table says)")
        ->type_name("DURATION");
    sub->add_flag("--delete", table_.remove, "Remove them; without it they are only shown");
    sub->add_flag("--force", table_.force, "Allow a shorter --retain than the table's own");
  }

  void Optimize(CLI::App* table) {
    auto* sub = AddTableChange(table, "optimize", "Write small files together, and deleted rows out of files",
                               TableFlags::What::kOptimize);
    sub->add_option("--where", table_.partitions, "Only this partition")->type_name("COLUMN=VALUE");
    sub->add_option("--target", table_.target_size, "How large files should be (default: 256MB)")->type_name("SIZE");
    auto* zorder = sub->add_option("--zorder", table_.zorder, "Order rows along a Z curve through these columns")
                       ->delimiter(',')
                       ->type_name("COLUMNS");
    sub->add_option("--cluster", table_.cluster, "Order rows along a Hilbert curve through these columns")
        ->delimiter(',')
        ->type_name("COLUMNS")
        ->excludes(zorder);
    sub->add_flag("--dry-run", table_.dry_run, "Only tell which files would be rewritten");
    AddMachine(sub, table_.machine);
  }

  void Diff() {
    auto* sub = Add(&app_, "diff", "Compare two Delta tables or versions, row for row");
    sub->add_option("one", diff_.one, "A table's folder, or FOLDER@VERSION")->required()->type_name("TABLE");
    sub->add_option("other", diff_.other, "The other one")->required()->type_name("TABLE");
    sub->add_option("--keys", diff_.keys, "Columns that identify a row: changed rows are shown side by side")
        ->delimiter(',')
        ->type_name("COLUMNS");
    sub->add_option("--without", diff_.without, "Columns that are not compared")->delimiter(',')->type_name("COLUMNS");
    sub->add_option("--limit", diff_.limit, "Show at most so many differing rows (default: 10)")->type_name("N");
    sub->add_flag("--json", diff_.json, "Print JSON");
    AddMachine(sub, diff_.machine);
    Chosen(sub, diff_);
  }

  void Verify() {
    auto* sub = Add(&app_, "verify", "Run a job on both engines into scratch tables and compare them");
    AddJob(sub, verify_.job);
    AddWindows(sub, verify_.windows);
    sub->add_option("--sample", verify_.sample, "Run only this share of the largest source's rows")->type_name("SHARE");
    AddMachine(sub, verify_.machine);
    Chosen(sub, verify_);
  }

  void Quarantine() {
    auto* sub = Add(&app_, "quarantine", "Look at rows that failed checks, and run them again");
    sub->require_subcommand(1);
    using What = QuarantineFlags::What;
    auto* ls = Add(sub, "ls", "Counts by run and reason");
    auto* show = Add(sub, "show", "The rows with their reasons");
    for (auto* kind : {ls, show}) {
      kind->add_option("path", quarantine_.path, "The table or its quarantine")->required()->type_name("PATH");
      kind->add_option("--run", quarantine_.run, "Only this run key")->type_name("KEY");
      kind->add_option("--limit", quarantine_.limit, "At most so many rows")->type_name("N");
      kind->add_flag("--json", quarantine_.json, "Print JSON");
      AddMachine(kind, quarantine_.machine);
    }
    auto* replay =
        Add(sub, "replay", "Test the quarantined rows with the job's checks of today; rows that pass go to the table");
    AddJob(replay, quarantine_.job);
    AddOutput(replay, quarantine_.output);
    AddMachine(replay, quarantine_.machine);
    Chosen(ls, quarantine_, What::kLs);
    Chosen(show, quarantine_, What::kShow);
    Chosen(replay, quarantine_, What::kReplay);
  }

  void Calibrate() {
    auto* sub = Add(&app_, "calibrate", "Measure this machine for a few seconds, so that quotes fit it");
    AddMachine(sub, calibrate_.machine);
    Chosen(sub, calibrate_);
  }

  void Prices() {
    auto* sub = Add(&app_, "prices", "Print the built-in price list, to be changed and given back with --prices");
    Chosen(sub, prices_);
  }

  void Runs() {
    auto* sub = Add(&app_, "runs", "The ledger of runs");
    sub->require_subcommand(1);
    using What = RunsFlags::What;
    auto* ls = Add(sub, "ls", "The newest runs");
    ls->add_option("--job", runs_.job, "Only this job")->type_name("NAME");
    ls->add_option("--limit", runs_.limit, "At most so many")->type_name("N");
    auto* show = Add(sub, "show", "One run with its checks and events");
    show->add_option("run", runs_.run, "Its number, as `runs ls` prints it, or a run key")
        ->required()
        ->type_name("RUN");
    auto* cost = Add(sub, "cost", "What runs took and cost, and how far off their quotes were");
    cost->add_option("--by", runs_.by, "What is summed up")->check(CLI::IsMember({"job", "class", "day", "tag"}));
    cost->add_option("--since", runs_.since, "Only runs from this time on")->type_name("TIME");
    auto* certificates = Add(sub, "certificates", "For which jobs both engines were seen to give the same rows");
    certificates->add_option("--job", runs_.job, "Only this job")->type_name("NAME");
    for (auto* kind : {ls, show, cost, certificates}) {
      kind->add_flag("--json", runs_.json, "Print JSON");
      kind->add_option("--state", runs_.machine.state, "The ledger (default: .tidemill/state.db)")->type_name("FILE");
    }
    Chosen(cost, runs_, What::kCost);
    Chosen(certificates, runs_, What::kCertificates);
    Chosen(ls, runs_, What::kLs);
    Chosen(show, runs_, What::kShow);
  }

  void Cluster() {
    auto* sub = Add(&app_, "cluster", "EMR clusters: plan, price, simulate, create, resize, end");
    sub->require_subcommand(1);
    using What = ClusterFlags::What;
    auto* init = Add(sub, "init", "Write a commented cluster file to start from");
    init->add_option("file", cluster_.file, "Where (default: cluster.yaml)")->type_name("FILE");
    init->add_flag("--force", cluster_.force, "Replace an existing file");
    auto* validate = Add(sub, "validate", "Check a cluster file: every mistake at once");
    auto* plan = Add(sub, "plan", "Show what would be made or changed, what it costs an hour, and why");
    for (auto* kind : {validate, plan}) {
      kind->add_option("file", cluster_.file, "The cluster file")->required()->type_name("CLUSTER.yaml");
    }
    auto* simulate = Add(sub, "simulate", "Try policies on days or months of jobs: times, missed deadlines, dollars");
    simulate->add_option("file", cluster_.file, "The cluster file (default: the standard cluster)")
        ->type_name("CLUSTER.yaml");
    simulate->add_option("--days", cluster_.days, "How long (default: 30)")->check(CLI::Range(0.01, 3660.0));
    simulate->add_option("--jobs", cluster_.jobs, "How many the model makes in that time (default: 10000)")
        ->check(CLI::Range(int64_t{1}, int64_t{1'000'000}))
        ->type_name("N");
    simulate->add_option("--seed", cluster_.seed, "The same seed gives the same output, byte for byte (default: 1)")
        ->type_name("N");
    simulate
        ->add_option("--policy", cluster_.policies,
                     "Which are compared: fixed_on_demand, autoscaled_on_demand, spot_without_bridge, managed, policy "
                     "(default: all)")
        ->type_name("NAME")
        ->delimiter(',');
    simulate->add_option("--workload", cluster_.workload, "Jobs from this file, or `ledger` (default: the model)")
        ->type_name("FILE.jsonl");
    simulate->add_option("--market", cluster_.market, "Spot prices and interruptions (default: the model)")
        ->type_name("FILE.jsonl");
    simulate->add_option("--html", cluster_.html, "Write the comparison as a page")->type_name("FILE.html");
    auto* create = Add(sub, "create", "Make the cluster, or change what differs from its file; go on after a kill");
    auto* resize = Add(sub, "resize", "Set the number of workers, within the file's bounds and cap");
    for (auto* kind : {create, resize}) {
      kind->add_option("file", cluster_.file, "The cluster file")->required()->type_name("CLUSTER.yaml");
    }
    resize->add_option("workers", cluster_.workers, "Core and task nodes")->required()->type_name("N");
    auto* status = Add(sub, "status", "How a cluster is, and what it costs an hour");
    auto* terminate = Add(sub, "terminate", "End a cluster and remove everything that was made for it");
    for (auto* kind : {status, terminate}) {
      kind->add_option("name", cluster_.name, "The cluster's name")->required()->type_name("NAME");
    }
    auto* ls = Add(sub, "ls", "The clusters that the ledger knows");
    auto* gc = Add(sub, "gc", "Show, or remove, what bears this program's mark in the account and no ledger knows");
    gc->add_flag("--delete", cluster_.remove, "Remove it; without it it is only shown");
    for (auto* kind : {status, terminate, gc}) {
      kind->add_option("--region", cluster_.region, "The AWS region (default: as the environment or the profile says)");
    }
    for (auto* kind : {create, resize, status, terminate, gc}) {
      kind->add_option("--profile", cluster_.profile, "A profile of ~/.aws (default: AWS_PROFILE)")->type_name("NAME");
    }
    auto* policy = Add(sub, "policy", "Print the IAM policy that these commands need: every call they make, no more");
    for (auto* kind : {create, resize, status}) {
      kind->add_option("--prices", cluster_.prices, "A price list in place of the built-in one (`tidemill prices`)")
          ->type_name("FILE.json");
    }
    for (auto* kind : {create, resize, status, terminate, ls, gc}) {
      kind->add_option("--state", cluster_.state, "The ledger (default: .tidemill/state.db)")->type_name("FILE");
    }
    for (auto* kind : {status, ls, gc}) kind->add_flag("--json", cluster_.json, "Print JSON");
    Chosen(create, cluster_, What::kCreate);
    Chosen(resize, cluster_, What::kResize);
    Chosen(status, cluster_, What::kStatus);
    Chosen(terminate, cluster_, What::kTerminate);
    Chosen(ls, cluster_, What::kLs);
    Chosen(gc, cluster_, What::kGc);
    Chosen(policy, cluster_, What::kPolicy);
    for (auto* kind : {plan, simulate}) {
      kind->add_option("--prices", cluster_.prices, "A price list in place of the built-in one (`tidemill prices`)")
          ->type_name("FILE.json");
      kind->add_flag("--json", cluster_.json, "Print JSON");
      kind->add_option("--state", cluster_.state, "The ledger (default: .tidemill/state.db)")->type_name("FILE");
    }
    Chosen(init, cluster_, What::kInit);
    Chosen(validate, cluster_, What::kValidate);
    Chosen(plan, cluster_, What::kPlan);
    Chosen(simulate, cluster_, What::kSimulate);
  }

  void Storage() {
    auto* sub = Add(&app_, "storage", "What tables cost to keep");
    sub->require_subcommand(1);
    auto* plan = Add(sub, "plan", "Which storage class each partition should lie in, what it saves and makes slower");
    plan->add_option("tables", storage_.tables, "Folders of Delta tables")->required()->type_name("TABLE...");
    plan->add_option("--infrequent-after", storage_.infrequent_after,
                     "To STANDARD_IA when nothing was written for so long (default: 30d)")
        ->type_name("DURATION");
    plan->add_option("--archive-after", storage_.archive_after, "To GLACIER (default: 90d)")->type_name("DURATION");
    plan->add_option("--prices", storage_.prices, "A price list in place of the built-in one (`tidemill prices`)")
        ->type_name("FILE.json");
    auto* json = plan->add_flag("--json", storage_.json, "Print JSON");
    plan->add_flag("--rules", storage_.rules, "Print it as an S3 lifecycle configuration")->excludes(json);
    Chosen(plan, storage_);
  }

  void Cost() {
    auto* sub = Add(&app_, "cost", "What the platform costs, against its targets");
    sub->require_subcommand(1);
    auto* report = Add(sub, "report", "Each target and success criterion: met or not, and measured or simulated");
    report->add_option("--since", cost_.since, "Only runs from this time on")->type_name("TIME");
    report->add_option("--table", cost_.tables, "A Delta table whose storage counts")->type_name("TABLE");
    report->add_flag("--simulate", cost_.simulate, "Simulate a month of the standard cluster for the compute cost");
    report->add_option("--investment", cost_.investment, "Dollars that the change costs once")->type_name("DOLLARS");
    report->add_option("--prices", cost_.prices, "A price list in place of the built-in one (`tidemill prices`)")
        ->type_name("FILE.json");
    report->add_option("--state", cost_.state, "The ledger (default: .tidemill/state.db)")->type_name("FILE");
    report->add_flag("--json", cost_.json, "Print JSON");
    Chosen(report, cost_);
  }

  void Schedule() {
    auto* sub = Add(&app_, "schedule", "When jobs run: look, simulate, and change what the scheduler does");
    sub->require_subcommand(1);
    auto* simulate = Add(sub, "simulate", "Show which job would run when and where, before anything runs");
    AddSchedulePath(simulate);
    simulate->add_option("--nights", schedule_.nights, "How many (default: 7)")
        ->check(CLI::Range(1, 400))
        ->type_name("N");
    simulate->add_option("--from", schedule_.from, "Begin at this time (default: the schedule's `start`, or today)")
        ->type_name("TIME");
    simulate->add_option("--seed", schedule_.seed, "Of what goes wrong: the same seed gives the same bytes")
        ->check(CLI::Range(int64_t{0}, int64_t{1} << 62))
        ->type_name("N");
    simulate->add_flag("--json", schedule_.json, "Print JSON");
    Chosen(simulate, schedule_, ScheduleFlags::What::kSimulate);
    auto* ls =
        AddScheduleKind(sub, "ls", "Each job: its class, what it waits for, what is parked", ScheduleFlags::What::kLs);
    ls->add_flag("--json", schedule_.json, "Print JSON");
    auto* show = AddScheduleKind(sub, "show", "One job: its windows that are due, run or are parked, and why",
                                 ScheduleFlags::What::kShow);
    show->add_flag("--json", schedule_.json, "Print JSON");
    auto* run = AddScheduleKind(sub, "run", "Run one window now, whatever the hour; a parked one again",
                                ScheduleFlags::What::kRun);
    run->add_option("--window", schedule_.window, "START of the window, or START/END (of a job without windows: none)")
        ->type_name("WINDOW");
    AddScheduleKind(sub, "pause", "Start no more runs of a job", ScheduleFlags::What::kPause);
    AddScheduleKind(sub, "resume", "Start runs of a job again", ScheduleFlags::What::kResume);
    auto* backfill = AddScheduleKind(sub, "backfill", "Run windows of the past again", ScheduleFlags::What::kBackfill);
    backfill->add_option("--from", schedule_.from, "The first window's start")->required()->type_name("TIME");
    backfill->add_option("--to", schedule_.to, "The last window's end")->required()->type_name("TIME");
    backfill->add_flag("--replace", schedule_.replace, "Take out the rows of earlier runs of each window");
  }

  CLI::App* AddScheduleKind(CLI::App* parent, const char* name, const char* words, ScheduleFlags::What what) {
    auto* sub = Add(parent, name, words);
    if (what != ScheduleFlags::What::kLs) {
      sub->add_option("job", schedule_.job, "The job's name")->required()->type_name("JOB");
    }
    sub->add_option("--schedule", schedule_.path, "A schedule.yaml, or a folder of job files (default: here)")
        ->type_name("PATH");
    sub->add_option("--state", schedule_.machine.state, "The ledger (default: .tidemill/state.db)")->type_name("FILE");
    Chosen(sub, schedule_, what);
    return sub;
  }

  void Serve() {
    auto* sub = Add(&app_, "serve", "Run jobs by their schedules until stopped; a second one takes over when it dies");
    sub->add_option("path", serve_.path, "A schedule.yaml, or a folder of job files (default: here)")
        ->type_name("PATH");
    sub->add_option("--prices", serve_.prices, "A price list in place of the built-in one (`tidemill prices`)")
        ->type_name("FILE.json");
    auto* from = sub->add_option("--time-from", serve_.time_from, "Begin at this time, for a demonstration ...")
                     ->type_name("TIME");
    sub->add_option("--speed", serve_.speed, "... with time that passes so many times faster; the ledger keeps both")
        ->check(CLI::Range(0.001, 1e6))
        ->needs(from)
        ->type_name("N");
    sub->add_option("--listen", serve_.listen, "Pages, JSON and /metrics, for this machine alone; none: nowhere")
        ->type_name("ADDRESS");
    sub->add_option("--until", serve_.until, "Stop when this time has come and nothing runs or waits any more")
        ->type_name("TIME");
    sub->add_option("--state", serve_.machine.state, "The ledger (default: .tidemill/state.db)")->type_name("FILE");
    Chosen(sub, serve_);
  }

  void AddSchedulePath(CLI::App* sub) {
    sub->add_option("path", schedule_.path, "A schedule.yaml, or a folder of job files (default: here)")
        ->type_name("PATH");
  }

  void Advise() {
    auto* sub =
        Add(&app_, "advise", "Read event logs of Spark: what made runs slow or dear, what to change, what it gains");
    auto* log =
        sub->add_option("log", advise_.log,
                        "An event log, a rolled one's folder, or a folder of logs; without it: a run of the ledger");
    log->type_name("LOG");
    sub->add_option("--run", advise_.run, "A run of the ledger (default: the newest)")->type_name("RUN")->excludes(log);
    auto* apply =
        sub->add_option("--apply", advise_.apply, "Write a finding's settings into this job file, after a question");
    apply->type_name("JOB.yaml");
    sub->add_option("--rule", advise_.rule, "--apply: of this rule's finding (default: the first with settings)")
        ->type_name("RULE")
        ->needs(apply);
    sub->add_flag("--yes", advise_.yes, "--apply: without asking")->needs(apply);
    sub->add_flag("--rules", advise_.rules, "The rules, their thresholds, and how often each kept its promise")
        ->excludes(log)
        ->excludes(apply);
    sub->add_option("--shape", advise_.shapes,
                    "Also ask what it would take on this cluster: 4x8 is 4 executors of 8 cores")
        ->type_name("NxCORES")
        ->allow_extra_args(false);
    sub->add_option("--prices", advise_.prices, "A price list in place of the built-in one (`tidemill prices`)")
        ->type_name("FILE.json");
    sub->add_flag("--json", advise_.json, "Print JSON");
    sub->add_option("--html", advise_.html, "Write it as a page")->type_name("FILE.html");
    sub->add_option("--state", advise_.machine.state, "The ledger (default: .tidemill/state.db)")->type_name("FILE");
    Chosen(sub, advise_);
  }

  void Completion() {
    auto* sub = Add(&app_, "completion", "Print a completion script for a shell");
    sub->add_option("shell", shell_, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
    sub->callback([this] { command = CompletionFlags{CompletionScript(shell_, TreeOf(app_))}; });
  }

  void Schema() {
    auto* sub = Add(&app_, "schema", "Print the JSON Schema of the job file");
    sub->group("");  // hidden
    auto* events = sub->add_flag("--events", schema_.events, "Of the events that --json prints instead");
    auto* cluster = sub->add_flag("--cluster", schema_.cluster, "Of the cluster file instead")->excludes(events);
    sub->add_flag("--schedule", schema_.schedule, "Of schedule.yaml instead")->excludes(events)->excludes(cluster);
    Chosen(sub, schema_);
  }

  static CommandTree TreeOf(const CLI::App& app) {
    CommandTree tree{app.get_name(), app.get_description(), {}, {}};
    for (const CLI::Option* option : app.get_options([](const CLI::Option* o) { return !o->get_positional(); })) {
      for (const auto& name : option->get_lnames()) tree.options.push_back({"--" + name, option->get_description()});
    }
    for (const CLI::App* sub : app.get_subcommands([](const CLI::App* s) { return !s->get_group().empty(); })) {
      tree.commands.push_back(TreeOf(*sub));
    }
    return tree;
  }

  CLI::App& app_;
  RunFlags run_;
  PlanFlags plan_;
  CalibrateFlags calibrate_;
  PricesFlags prices_;
  ValidateFlags validate_;
  InitFlags init_;
  SqlFlags sql_;
  ConvertFlags convert_;
  TableFlags table_;
  DiffFlags diff_;
  VerifyFlags verify_;
  QuarantineFlags quarantine_;
  RunsFlags runs_;
  ClusterFlags cluster_;
  StorageFlags storage_;
  CostFlags cost_;
  ScheduleFlags schedule_;
  ServeFlags serve_;
  AdviseFlags advise_;
  SchemaFlags schema_;
  std::string shell_;
};

std::vector<std::string> NamesOf(const CLI::App& app, bool options) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) {
      if (options) names.push_back("--" + name);
    }
  }
  for (const auto* sub : app.get_subcommands({})) {
    if (!options) names.push_back(sub->get_name());
  }
  return names;
}

// The first word that is no command or flag of where it stands, with the nearest that is; the library names it, if at
// all, without one.
void PrintMistake(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  const CLI::App* at = &app;
  std::string unknown, words;
  std::vector<std::string> known;
  for (int i = 1; i < argc && unknown.empty(); ++i) {
    const std::string word(argv[i]), name = word.substr(0, word.find('='));
    const bool option = word.starts_with("--");
    known = NamesOf(*at, option);
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      if (option || (!known.empty() && !word.starts_with("-"))) unknown = name;
    } else if (!option) {
      at = at->get_subcommands([&](const CLI::App* sub) { return sub->get_name() == name; }).front();
      words += " " + name;
    }
  }
  if (unknown.empty()) {
    std::fprintf(stderr, "tidemill: %s\n", error.what());
  } else {
    const auto nearest = NearestName(unknown, known);
    std::fprintf(stderr, "tidemill: there is no '%s' here%s\n", unknown.c_str(),
                 nearest ? ("; did you mean '" + *nearest + "'?").c_str() : "");
  }
  std::fprintf(stderr, "`tidemill%s --help` shows what there is\n", words.c_str());
}

}  // namespace

std::variant<Command, int> ParseCommandLine(int argc, char** argv, const std::string& version) {
  CLI::App app("Runs Spark batch jobs natively: the same rows, in the same Delta table, committed exactly once.",
               "tidemill");
  app.set_version_flag("--version", "tidemill " + version);
  app.require_subcommand(1);
  Declarations declarations(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    PrintMistake(app, error, argc, argv);
    return static_cast<int>(kUsage);
  }
  return std::move(declarations.command);
}

}  // namespace tidemill::app
