#include "cloud/aws/operations.h"

#include <algorithm>

#include "base/result.h"

namespace tidemill::cloud::aws {
namespace {

constexpr std::string_view kEmr = "elasticmapreduce", kEc2 = "ec2", kIam = "iam", kWatch = "cloudwatch",
                           kServerless = "emr-serverless";

constexpr Operation kOperations[] = {
    // RunJobFlow takes no token of its own: the caller looks for a cluster with its tag before asking again.
    {kEmr, "RunJobFlow", false, On::kNewCluster},
    {kEmr, "ListClusters", true, On::kAnything},
    {kEmr, "DescribeCluster", true, On::kCluster},
    {kEmr, "ListInstanceFleets", true, On::kCluster},
    {kEmr, "ModifyInstanceFleet", true, On::kCluster},
    {kEmr, "AddInstanceFleet", true, On::kCluster},  // a cluster takes one task fleet: a second one is refused
    {kEmr, "PutManagedScalingPolicy", true, On::kCluster},
    {kEmr, "PutAutoTerminationPolicy", true, On::kCluster},
    {kEmr, "TerminateJobFlows", true, On::kCluster},
    // A step has no token of its own either: the caller looks for one of its name.
    {kEmr, "AddJobFlowSteps", false, On::kCluster},
    {kEmr, "ListSteps", true, On::kCluster},
    {kEmr, "DescribeStep", true, On::kCluster},
    {kEmr, "CancelSteps", true, On::kCluster},
    {kEmr, "ListInstances", true, On::kCluster},
    {kServerless, "StartJobRun", true, On::kApplication},  // with a client token
    {kServerless, "ListJobRuns", true, On::kApplication},
    {kServerless, "GetJobRun", true, On::kApplication},
    {kServerless, "CancelJobRun", true, On::kApplication},
    {kEc2, "CreateSecurityGroup", true, On::kNewGroup},
    {kEc2, "DescribeSecurityGroups", true, On::kAnything},
    {kEc2, "DescribeSubnets", true, On::kAnything},
    {kEc2, "DescribeSecurityGroupRules", true, On::kAnything},
    {kEc2, "RevokeSecurityGroupIngress", true, On::kGroup},
    {kEc2, "DeleteSecurityGroup", true, On::kGroup},
    {kEc2, "DescribeSpotInstanceRequests", true, On::kAnything},
    {kEc2, "DescribeSpotPriceHistory", true, On::kAnything},
    {kIam, "CreateRole", true, On::kRole},
    {kIam, "PutRolePolicy", true, On::kRole},
    {kIam, "ListRoles", true, On::kAnything},
    {kIam, "DeleteRolePolicy", true, On::kRole},
    {kIam, "DeleteRole", true, On::kRole},
    {kIam, "CreateInstanceProfile", true, On::kProfile},
    {kIam, "AddRoleToInstanceProfile", true, On::kProfile},
    {kIam, "ListInstanceProfiles", true, On::kAnything},
    {kIam, "RemoveRoleFromInstanceProfile", true, On::kProfile},
    {kIam, "DeleteInstanceProfile", true, On::kProfile},
    {kWatch, "PutMetricAlarm", true, On::kAlarm},
    {kWatch, "DeleteAlarms", true, On::kAlarm},
    {kWatch, "GetMetricData", true, On::kAnything},
};

constexpr Service kServices[] = {
    {kEmr, "AWS_ENDPOINT_URL_EMR", Protocol::kJson, "ElasticMapReduce", "elasticmapreduce.{}.amazonaws.com"},
    {kEc2, "AWS_ENDPOINT_URL_EC2", Protocol::kQuery, "2016-11-15", "ec2.{}.amazonaws.com"},
    {kIam, "AWS_ENDPOINT_URL_IAM", Protocol::kQuery, "2010-05-08", "iam.amazonaws.com"},
    {kWatch, "AWS_ENDPOINT_URL_CLOUDWATCH", Protocol::kQuery, "2010-08-01", "monitoring.{}.amazonaws.com"},
    {kServerless, "AWS_ENDPOINT_URL_EMR_SERVERLESS", Protocol::kRest, "", "emr-serverless.{}.amazonaws.com"},
};

}  // namespace

std::span<const Operation> Operations() { return kOperations; }

const Operation& OperationOf(std::string_view service, std::string_view name) {
  const auto found = std::find_if(std::begin(kOperations), std::end(kOperations),
                                  [&](const Operation& o) { return o.service == service && o.name == name; });
  CHECK(found != std::end(kOperations));
  return *found;
}

const Service& ServiceOf(std::string_view name) {
  const auto found =
      std::find_if(std::begin(kServices), std::end(kServices), [&](const Service& s) { return s.name == name; });
  CHECK(found != std::end(kServices));
  return *found;
}

}  // namespace tidemill::cloud::aws
