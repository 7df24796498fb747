#include "cloud/submission.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/sha256.h"
#include "cloud/aws/json.h"

namespace tidemill::cloud {
namespace {

using Json = nlohmann::json;
using aws::PartOf, aws::TextOf;

constexpr std::string_view kEmr = "elasticmapreduce", kServerless = "emr-serverless";
constexpr int kMostSends = 3;
constexpr Micros kAfterDoubt = std::chrono::seconds(2);  // what was sent may be seen a little later

struct StateWord {
  std::string_view word;
  SubmissionState state;
};
// Of both services. A word that is not here is a state before the end.
constexpr StateWord kStates[] = {
    {"PENDING", SubmissionState::kWaiting},       {"SUBMITTED", SubmissionState::kWaiting},
    {"SCHEDULED", SubmissionState::kWaiting},     {"QUEUED", SubmissionState::kWaiting},
    {"RUNNING", SubmissionState::kRunning},       {"CANCEL_PENDING", SubmissionState::kStopping},
    {"CANCELLING", SubmissionState::kStopping},   {"COMPLETED", SubmissionState::kSucceeded},
    {"SUCCESS", SubmissionState::kSucceeded},     {"FAILED", SubmissionState::kFailed},
    {"INTERRUPTED", SubmissionState::kCancelled}, {"CANCELLED", SubmissionState::kCancelled},
};
SubmissionState StateOf(const std::string& word) {
  const auto found = std::ranges::find(kStates, word, &StateWord::word);
  return found == std::end(kStates) ? SubmissionState::kWaiting : found->state;
}

std::string WithSlash(std::string folder) {
  if (!folder.empty() && !folder.ends_with('/')) folder += '/';
  return folder;
}

class Steps final : public SparkPlace {
 public:
  Steps(aws::Api& api, std::string name, std::string id, std::string log_uri)
      : api_(api), name_(std::move(name)), cluster_(std::move(id)), log_uri_(WithSlash(std::move(log_uri))) {}

  std::string Describe() const override { return fmt::format("cluster {} ({})", name_, cluster_); }

  // The first page has the newest ones, and those that wait come last in no more than 256.
  Result<std::vector<Submission>> Recent() override {
    Json active = {{"ClusterId", cluster_}, {"StepStates", {"PENDING", "RUNNING", "CANCEL_PENDING"}}};
    ASSIGN_OR_RETURN(auto items, aws::AllPages(api_, kEmr, "ListSteps", std::move(active), "Steps"));
    ASSIGN_OR_RETURN(const Json newest, api_.Json(kEmr, "ListSteps", {{"ClusterId", cluster_}}));
    for (const auto& item : PartOf(newest, "Steps")) items.push_back(item);
    std::vector<Submission> steps;
    for (const auto& item : items) {
      auto step = StepOf(item);
      const auto known = std::ranges::find(steps, step.id, &Submission::id);
      if (known == steps.end()) {
        steps.push_back(std::move(step));
      } else {
        *known = std::move(step);
      }
    }
    return steps;
  }

  Result<std::string> Submit(const std::string& name, const SparkWords& words) override {
    std::vector<std::string> args = {"spark-submit", "--deploy-mode", "client"};  // its output is the step's
    args.insert(args.end(), words.options.begin(), words.options.end());
    args.push_back(words.application);
    args.insert(args.end(), words.arguments.begin(), words.arguments.end());
    const Json step = {{"Name", name},
                       {"ActionOnFailure", "CONTINUE"},
                       {"HadoopJarStep", {{"Jar", "command-runner.jar"}, {"Args", args}}}};
    ASSIGN_OR_RETURN(const Json answer,
                     api_.Json(kEmr, "AddJobFlowSteps", {{"JobFlowId", cluster_}, {"Steps", Json::array({step})}}));
    const Json& ids = PartOf(answer, "StepIds");
    if (!ids.is_array() || ids.empty() || !ids[0].is_string())
      return DataLoss("elasticmapreduce:AddJobFlowSteps: the answer has no StepIds");
    return ids[0].get<std::string>();
  }

  Result<Submission> Look(const std::string& id) override {
    ASSIGN_OR_RETURN(const Json answer, api_.Json(kEmr, "DescribeStep", {{"ClusterId", cluster_}, {"StepId", id}}));
    return StepOf(PartOf(answer, "Step"));
  }

  Status Cancel(const std::string& id) override {
    const auto answer = api_.Json(
        kEmr, "CancelSteps",
        {{"ClusterId", cluster_}, {"StepIds", Json::array({id})}, {"StepCancellationOption", "TERMINATE_PROCESS"}});
    return answer.ok() ? Ok() : Status(answer.error());
  }

  std::string OutputFile(const std::string& id) const override { return File(id, "stdout.gz"); }
  std::string ErrorFile(const std::string& id) const override { return File(id, "stderr.gz"); }

 private:
  static Submission StepOf(const Json& json) {
    const Json& status = PartOf(json, "Status");
    std::string reason = TextOf(PartOf(status, "FailureDetails"), "Reason");
    if (reason.empty()) reason = TextOf(PartOf(status, "StateChangeReason"), "Message");
    return {TextOf(json, "Id"), TextOf(json, "Name"), StateOf(TextOf(status, "State")), std::move(reason)};
  }
  std::string File(const std::string& id, const char* name) const {
    return log_uri_.empty() ? "" : fmt::format("{}{}/steps/{}/{}", log_uri_, cluster_, id, name);
  }

  aws::Api& api_;
  const std::string name_;
  const std::string cluster_;
  const std::string log_uri_;
};

// As a shell would take them.
std::string Quoted(const std::string& word) {
  return word.find(' ') == std::string::npos ? word : fmt::format("\"{}\"", word);
}

class Serverless final : public SparkPlace {
 public:
  Serverless(aws::Api& api, std::string application, std::string role, std::string log_uri)
      : api_(api), application_(std::move(application)), role_(std::move(role)), log_uri_(std::move(log_uri)) {}

  std::string Describe() const override { return "EMR Serverless application " + application_; }

  Result<std::vector<Submission>> Recent() override {
    std::vector<Submission> runs;
    std::string token;
    do {
      aws::Parameters query = {{"maxResults", "50"}};
      if (!token.empty()) query.emplace_back("nextToken", token);
      ASSIGN_OR_RETURN(const Json answer, api_.Rest(kServerless, "ListJobRuns", "GET", Path(""), query, {}));
      for (const auto& item : PartOf(answer, "jobRuns")) runs.push_back(RunOf(item));
      token = TextOf(answer, "nextToken");
    } while (!token.empty());
    return runs;
  }

  Result<std::string> Submit(const std::string& name, const SparkWords& words) override {
    std::string options;
    for (const auto& word : words.options) options += (options.empty() ? "" : " ") + Quoted(word);
    Json body = {{"clientToken", Sha256Hex(name)},  // AWS takes 64 characters
                 {"name", name},
                 {"executionRoleArn", role_},
                 {"jobDriver",
                  {{"sparkSubmit",
                    {{"entryPoint", words.application},
                     {"entryPointArguments", words.arguments},
                     {"sparkSubmitParameters", options}}}}}};
    if (!log_uri_.empty())
      body["configurationOverrides"] = {
          {"monitoringConfiguration", {{"s3MonitoringConfiguration", {{"logUri", log_uri_}}}}}};
    if (words.timeout > Micros(0))
      body["executionTimeoutMinutes"] = std::max<int64_t>(1, words.timeout / std::chrono::minutes(1));
    ASSIGN_OR_RETURN(const Json answer, api_.Rest(kServerless, "StartJobRun", "POST", Path(""), {}, body));
    const std::string id = TextOf(answer, "jobRunId");
    if (id.empty()) return DataLoss("emr-serverless:StartJobRun: the answer has no jobRunId");
    return id;
  }

  Result<Submission> Look(const std::string& id) override {
    ASSIGN_OR_RETURN(const Json answer, api_.Rest(kServerless, "GetJobRun", "GET", Path(id), {}, {}));
    return RunOf(PartOf(answer, "jobRun"));
  }

  Status Cancel(const std::string& id) override {
    const auto answer = api_.Rest(kServerless, "CancelJobRun", "DELETE", Path(id), {}, {});
    return answer.ok() ? Ok() : Status(answer.error());
  }

  std::string OutputFile(const std::string& id) const override { return File(id, "stdout.gz"); }
  std::string ErrorFile(const std::string& id) const override { return File(id, "stderr.gz"); }

 private:
  std::string Path(const std::string& run) const {
    return fmt::format("/applications/{}/jobruns{}{}", application_, run.empty() ? "" : "/", run);
  }
  // GetJobRun calls it jobRunId, ListJobRuns id.
  static Submission RunOf(const Json& json) {
    std::string id = TextOf(json, "jobRunId");
    if (id.empty()) id = TextOf(json, "id");
    return {std::move(id), TextOf(json, "name"), StateOf(TextOf(json, "state")), TextOf(json, "stateDetails")};
  }
  std::string File(const std::string& id, const char* name) const {
    return log_uri_.empty()
               ? ""
               : fmt::format("{}applications/{}/jobs/{}/SPARK_DRIVER/{}", WithSlash(log_uri_), application_, id, name);
  }

  aws::Api& api_;
  const std::string application_;
  const std::string role_;
  const std::string log_uri_;
};

}  // namespace

std::string_view Name(SubmissionState state) {
  constexpr std::string_view kNames[] = {"waiting", "running", "stopping", "succeeded", "failed", "cancelled"};
  return kNames[static_cast<size_t>(state)];
}

std::unique_ptr<SparkPlace> MakeSteps(aws::Api& api, std::string cluster_name, std::string cluster_id,
                                      std::string log_uri) {
  return std::make_unique<Steps>(api, std::move(cluster_name), std::move(cluster_id), std::move(log_uri));
}

std::unique_ptr<SparkPlace> MakeServerless(aws::Api& api, std::string application_id, std::string role,
                                           std::string log_uri) {
  return std::make_unique<Serverless>(api, std::move(application_id), std::move(role), std::move(log_uri));
}

Result<Sent> SubmitOnce(SparkPlace& place, const std::string& name, const SparkWords& words,
                        const std::function<bool(Micros)>& sleep) {
  std::optional<Error> doubt;  // an earlier try may be there, or still on its way
  for (int sent = 0;; ++sent) {
    const auto recent = place.Recent();
    if (!recent.ok() && !doubt) return recent.error();
    if (!recent.ok()) return Sent{"", doubt};
    const auto there = std::ranges::find(*recent, name, &Submission::name);
    if (there != recent->end()) return Sent{there->id, {}};
    if (sent == kMostSends) return Sent{"", doubt};
    auto answer = place.Submit(name, words);
    if (answer.ok()) return Sent{*std::move(answer), {}};
    if (answer.error().kind != ErrorKind::kUnavailable && !doubt) return answer.error();
    if (answer.error().kind != ErrorKind::kUnavailable) return Sent{"", doubt};
    doubt = answer.error();
    if (!sleep(kAfterDoubt)) return Sent{"", doubt};
  }
}

}  // namespace tidemill::cloud
