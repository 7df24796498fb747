// The flags of clusters, storage classes, costs.
#include "app/declare.h"

namespace tidemill::app {

void DeclareCluster(CLI::App& app, Command& command) {
  auto flags = std::make_shared<ClusterFlags>();
  auto* sub = app.add_subcommand("cluster", "EMR clusters: plan, price, simulate, create, resize, end");
  sub->require_subcommand(1);
  using What = ClusterFlags::What;
  auto* init = sub->add_subcommand("init", "Write a commented cluster file to start from");
  init->add_option("file", flags->file, "Where (default: cluster.yaml)")->type_name("FILE");
  init->add_flag("--force", flags->force, "Replace an existing file");
  auto* validate = sub->add_subcommand("validate", "Check a cluster file: every mistake at once");
  auto* plan = sub->add_subcommand("plan", "Show what would be made or changed, what it costs an hour, and why");
  for (auto* kind : {validate, plan}) {
    kind->add_option("file", flags->file, "The cluster file")->required()->type_name("CLUSTER.yaml");
  }
  auto* simulate =
      sub->add_subcommand("simulate", "Try policies on days or months of jobs: times, missed deadlines, dollars");
  simulate->add_option("file", flags->file, "The cluster file (default: the standard cluster)")
      ->type_name("CLUSTER.yaml");
  simulate->add_option("--days", flags->days, "How long (default: 30)")->check(CLI::Range(0.01, 3660.0));
  simulate->add_option("--jobs", flags->jobs, "How many the model makes in that time (default: 10000)")
      ->check(CLI::Range(int64_t{1}, int64_t{1'000'000}))
      ->type_name("N");
  simulate->add_option("--seed", flags->seed, "The same seed gives the same output, byte for byte (default: 1)")
      ->type_name("N");
  simulate
      ->add_option("--policy", flags->policies,
                   "Which are compared: fixed_on_demand, autoscaled_on_demand, spot_without_bridge, managed, policy "
                   "(default: all)")
      ->type_name("NAME")
      ->delimiter(',');
  simulate->add_option("--workload", flags->workload, "Jobs from this file, or `ledger` (default: the model)")
      ->type_name("FILE.jsonl");
  simulate->add_option("--market", flags->market, "Spot prices and interruptions (default: the model)")
      ->type_name("FILE.jsonl");
  simulate->add_option("--html", flags->html, "Write the comparison as a page")->type_name("FILE.html");
  auto* create =
      sub->add_subcommand("create", "Make the cluster, or change what differs from its file; go on after a kill");
  auto* resize = sub->add_subcommand("resize", "Set the number of workers, within the file's bounds and cap");
  for (auto* kind : {create, resize}) {
    kind->add_option("file", flags->file, "The cluster file")->required()->type_name("CLUSTER.yaml");
  }
  resize->add_option("workers", flags->workers, "Core and task nodes")->required()->type_name("N");
  auto* watch = sub->add_subcommand(
      "watch", "Scale a running cluster by its load, bridge spot that does not come, go back; until it ends");
  watch->add_option("file", flags->file, "The cluster file")->required()->type_name("CLUSTER.yaml");
  watch->add_option("--every", flags->every, "How often it is looked at (default: 1m)")->type_name("DURATION");
  watch->add_option("--steps", flags->steps, "So many looks and no more, as from cron (default: until it ends)")
      ->check(CLI::Range(int64_t{1}, int64_t{1'000'000}))
      ->type_name("N");
  watch
      ->add_option("--now", flags->now,
                   "A clock of its own that goes on by --every a look, without waiting: for trials")
      ->type_name("TIME");
  auto* status = sub->add_subcommand("status", "How a cluster is, and what it costs an hour");
  auto* terminate = sub->add_subcommand("terminate", "End a cluster and remove everything that was made for it");
  for (auto* kind : {status, terminate}) {
    kind->add_option("name", flags->name, "The cluster's name")->required()->type_name("NAME");
  }
  auto* ls = sub->add_subcommand("ls", "The clusters that the ledger knows");
  auto* gc =
      sub->add_subcommand("gc", "Show, or remove, what bears this program's mark in the account and no ledger knows");
  gc->add_flag("--delete", flags->remove, "Remove it; without it it is only shown");
  for (auto* kind : {status, terminate, gc}) {
    kind->add_option("--region", flags->region, "The AWS region (default: as the environment or the profile says)");
  }
  for (auto* kind : {create, resize, watch, status, terminate, gc}) {
    kind->add_option("--profile", flags->profile, "A profile of ~/.aws (default: AWS_PROFILE)")->type_name("NAME");
  }
  auto* policy =
      sub->add_subcommand("policy", "Print the IAM policy that these commands need: every call they make, no more");
  for (auto* kind : {create, resize, watch, status}) {
    AddPrices(kind, flags->prices);
  }
  for (auto* kind : {create, resize, watch, status, terminate, ls, gc}) {
    AddState(kind, flags->state);
  }
  for (auto* kind : {watch, status, ls, gc}) kind->add_flag("--json", flags->json, "Print JSON");
  Chosen(create, flags, What::kCreate, command);
  Chosen(resize, flags, What::kResize, command);
  Chosen(watch, flags, What::kWatch, command);
  Chosen(status, flags, What::kStatus, command);
  Chosen(terminate, flags, What::kTerminate, command);
  Chosen(ls, flags, What::kLs, command);
  Chosen(gc, flags, What::kGc, command);
  Chosen(policy, flags, What::kPolicy, command);
  for (auto* kind : {plan, simulate}) {
    AddPrices(kind, flags->prices);
    kind->add_flag("--json", flags->json, "Print JSON");
    AddState(kind, flags->state);
  }
  Chosen(init, flags, What::kInit, command);
  Chosen(validate, flags, What::kValidate, command);
  Chosen(plan, flags, What::kPlan, command);
  Chosen(simulate, flags, What::kSimulate, command);
}

void DeclareStorage(CLI::App& app, Command& command) {
  auto flags = std::make_shared<StorageFlags>();
  auto* sub = app.add_subcommand("storage", "What tables cost to keep");
  sub->require_subcommand(1);
  using What = StorageFlags::What;
  auto* plan =
      sub->add_subcommand("plan", "Which storage class each partition should lie in, what it saves and makes slower");
  auto* apply = sub->add_subcommand("apply", "Move the data files on S3 that lie in a dearer class than the plan has");
  auto* report = sub->add_subcommand("report", "How a table's files on S3 lie, and what they cost a month");
  for (auto* kind : {plan, apply, report}) {
    kind->add_option("tables", flags->tables, "Folders of Delta tables")->required()->type_name("TABLE...");
    kind->add_option("--infrequent-after", flags->infrequent_after,
                     "To STANDARD_IA when nothing was written for so long (default: 30d)")
        ->type_name("DURATION");
    kind->add_option("--archive-after", flags->archive_after, "To GLACIER (default: 90d)")->type_name("DURATION");
    AddPrices(kind, flags->prices);
  }
  auto* json = plan->add_flag("--json", flags->json, "Print JSON");
  plan->add_flag("--rules", flags->rules, "Print it as an S3 lifecycle configuration")->excludes(json);
  for (auto* kind : {apply, report}) kind->add_flag("--json", flags->json, "Print JSON");
  apply->add_flag("--dry-run", flags->dry_run, "Only say what would be moved");
  Chosen(plan, flags, What::kPlan, command);
  Chosen(apply, flags, What::kApply, command);
  Chosen(report, flags, What::kReport, command);
}

void DeclareCost(CLI::App& app, Command& command) {
  auto flags = std::make_shared<CostFlags>();
  auto* sub = app.add_subcommand("cost", "What the platform costs, against its targets");
  sub->require_subcommand(1);
  auto* report =
      sub->add_subcommand("report", "Each target and success criterion: met or not, and measured or simulated");
  report->add_option("--since", flags->since, "Only runs from this time on")->type_name("TIME");
  report->add_option("--table", flags->tables, "A Delta table whose storage counts")->type_name("TABLE");
  report->add_flag("--simulate", flags->simulate, "Simulate a month of the standard cluster for the compute cost");
  report->add_option("--investment", flags->investment, "Dollars that the change costs once")->type_name("DOLLARS");
  AddPrices(report, flags->prices);
  AddState(report, flags->state);
  report->add_flag("--json", flags->json, "Print JSON");
  auto* found = sub->add_subcommand("opportunities",
                                    "Where money could be saved: dollars a month, and the command that takes each");
  found->add_option("--cluster", flags->clusters, "The file of a cluster")->type_name("CLUSTER.yaml");
  found->add_flag("--measure", flags->measure, "Ask CloudWatch how busy the clusters were, where they run");
  found->add_option("--days", flags->days, "How far back (default: 14)")->check(CLI::Range(1, 60));
  found->add_option("--table", flags->tables, "A Delta table: its storage classes and small files")->type_name("TABLE");
  found->add_option("--text", flags->texts, "A folder of CSV or JSON files")->type_name("DIR");
  found->add_option("--aws-profile", flags->profile, "A profile of ~/.aws (default: AWS_PROFILE)")->type_name("NAME");
  AddPrices(found, flags->prices);
  AddState(found, flags->state);
  found->add_flag("--json", flags->json, "Print JSON");
  Chosen(report, flags, CostFlags::What::kReport, command);
  Chosen(found, flags, CostFlags::What::kOpportunities, command);
}

}  // namespace tidemill::app
