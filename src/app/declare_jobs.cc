// The flags of jobs: writing, trying and running job files.
#include "app/declare.h"

namespace tidemill::app {
namespace {

void AddEmr(CLI::App* sub, EmrFlags& emr) {
  auto* cluster = sub->add_option("--cluster", emr.cluster, "emr: on this cluster, as a step of it");
  auto* dedicated =
      sub->add_option("--dedicated", emr.dedicated, "emr: on a cluster that is made for the run and ended after it")
          ->type_name("CLUSTER.yaml")
          ->excludes(cluster);
  auto* serverless = sub->add_option("--serverless", emr.serverless, "emr: on this application of EMR Serverless")
                         ->type_name("ID")
                         ->excludes(cluster)
                         ->excludes(dedicated);
  auto* role = sub->add_option("--role", emr.role, "serverless: the ARN of the role that reads and writes");
  role->needs(serverless);
  serverless->needs(role);
  sub->add_option("--staging", emr.staging, "emr: where the application goes (default: below the cluster's log_uri)")
      ->type_name("s3://...");
  sub->add_option("--aws-profile", emr.profile, "emr: a profile of ~/.aws (default: AWS_PROFILE)")->type_name("NAME");
  sub->add_option("--poll", emr.poll, "emr: how often AWS is asked how it is (default: 10s)")->type_name("DURATION");
}

}  // namespace

void DeclareRun(CLI::App& app, Command& command) {
  auto flags = std::make_shared<RunFlags>();
  auto* sub = app.add_subcommand("run", "Run a job: read, transform, check, commit");
  AddJob(sub, flags->job);
  AddWindows(sub, flags->windows);
  sub->add_option("--jobs", flags->jobs, "Windows run side by side")->check(CLI::Range(1, 64))->type_name("N");
  sub->add_option("--engine", flags->engine, "What runs it; auto: as `tidemill plan` decides (default: native)")
      ->check(CLI::IsMember({"native", "spark", "emr", "auto"}));
  sub->add_option("--master", flags->master, "spark: its master (default: local, with --threads)")->type_name("URL");
  sub->add_flag("--no-salt", flags->no_salt, "spark: leave skewed joins as they are written");
  sub->add_flag("--no-plan", flags->no_plan, "spark: Spark's own settings in place of the planner's");
  sub->add_option("--spark-conf", flags->spark_conf, "spark: a setting for spark-submit")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  AddEmr(sub, flags->emr);
  sub->add_option("--plan", flags->plan, "Run what `plan --out` wrote, or refuse because its ground moved")
      ->type_name("PLAN.json");
  AddPrices(sub, flags->prices);
  sub->add_flag("--over-budget", flags->over_budget, "Run although the quote is above the job's budget");
  auto* replace = sub->add_flag("--replace", flags->replace,
                                "Take out the rows of earlier runs of this window, in the same commit");
  sub->add_flag("--again", flags->again, "Run even if this run is committed already")->excludes(replace);
  AddOutput(sub, flags->output);
  AddMachine(sub, flags->machine);
  Chosen(sub, flags, command);
}

void DeclarePlan(CLI::App& app, Command& command) {
  auto flags = std::make_shared<PlanFlags>();
  auto* sub = app.add_subcommand("plan", "Show where and how a job would run, why, and what it would take");
  AddJob(sub, flags->job);
  AddWindows(sub, flags->windows);
  sub->add_option("--engine", flags->engine, "Where it runs")->check(CLI::IsMember({"auto", "native", "spark", "emr"}));
  AddPrices(sub, flags->prices);
  sub->add_option("--against", flags->against, "Show what changed since this plan")->type_name("PLAN.json");
  sub->add_option("--out", flags->out, "Write the plan, for `run --plan` and --against")->type_name("PLAN.json");
  sub->add_option("--emit-spark", flags->emit_spark,
                  "Write the job as one PySpark application, app.py, and its spark-submit line, submit.sh")
      ->type_name("DIR");
  sub->add_option("--html", flags->html, "Write the plan as a page")->type_name("FILE.html");
  sub->add_flag("--json", flags->json, "Print the plan as JSON");
  sub->add_flag("--brief", flags->brief, "A line a decision, without its reasons");
  AddMachine(sub, flags->machine);
  Chosen(sub, flags, command);
}

void DeclareValidate(CLI::App& app, Command& command) {
  auto flags = std::make_shared<ValidateFlags>();
  auto* sub = app.add_subcommand("validate", "Check a job file, its SQL and its sources without running it");
  AddJob(sub, flags->job);
  sub->add_flag("--syntax-only", flags->syntax_only, "Do not look at the sources");
  AddMachine(sub, flags->machine);
  Chosen(sub, flags, command);
}

void DeclareInit(CLI::App& app, Command& command) {
  auto flags = std::make_shared<InitFlags>();
  auto* sub = app.add_subcommand("init", "Write a commented job file to start from");
  sub->add_option("file", flags->file, "Where (default: job.yaml)")->type_name("FILE");
  sub->add_option("--template", flags->type,
                  "etl: sources, SQL steps, a sink (default). spark_app: a program for Spark")
      ->check(CLI::IsMember({"etl", "spark_app"}));
  sub->add_flag("--force", flags->force, "Replace an existing file");
  Chosen(sub, flags, command);
}

void DeclareVerify(CLI::App& app, Command& command) {
  auto flags = std::make_shared<VerifyFlags>();
  auto* sub = app.add_subcommand("verify", "Run a job on both engines into scratch tables and compare them");
  AddJob(sub, flags->job);
  AddWindows(sub, flags->windows);
  sub->add_option("--sample", flags->sample, "Run only this share of the largest source's rows")->type_name("SHARE");
  AddMachine(sub, flags->machine);
  Chosen(sub, flags, command);
}

}  // namespace tidemill::app
