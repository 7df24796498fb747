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
  for (auto* kind : {create, resize, status, terminate, gc}) {
    kind->add_option("--profile", flags->profile, "A profile of ~/.aws (default: AWS_PROFILE)")->type_name("NAME");
  }
  auto* policy =
      sub->add_subcommand("policy", "Print the IAM policy that these commands need: every call they make, no more");
  for (auto* kind : {create, resize, status}) {
    AddPrices(kind, flags->prices);
  }
  for (auto* kind : {create, resize, status, terminate, ls, gc}) {
    AddState(kind, flags->state);
  }
  for (auto* kind : {status, ls, gc}) kind->add_flag("--json", flags->json, "Print JSON");
  Chosen(create, flags, What::kCreate, command);
  Chosen(resize, flags, What::kResize, command);
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
  auto* plan =
      sub->add_subcommand("plan", "Which storage class each partition should lie in, what it saves and makes slower");
  plan->add_option("tables", flags->tables, "Folders of Delta tables")->required()->type_name("TABLE...");
  plan->add_option("--infrequent-after", flags->infrequent_after,
                   "To STANDARD_IA when nothing was written for so long (default: 30d)")
      ->type_name("DURATION");
  plan->add_option("--archive-after", flags->archive_after, "To GLACIER (default: 90d)")->type_name("DURATION");
  AddPrices(plan, flags->prices);
  auto* json = plan->add_flag("--json", flags->json, "Print JSON");
  plan->add_flag("--rules", flags->rules, "Print it as an S3 lifecycle configuration")->excludes(json);
  Chosen(plan, flags, command);
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
  Chosen(report, flags, command);
}

}  // namespace tidemill::app
