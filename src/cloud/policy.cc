#include "cloud/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cloud/aws/operations.h"

namespace tidemill::cloud {
namespace {

using Json = nlohmann::ordered_json;

// What EMR calls in EC2 to launch, resize and end fleets.
constexpr std::string_view kServiceActions[] = {"ec2:AuthorizeSecurityGroupEgress",
                                                "ec2:AuthorizeSecurityGroupIngress",
                                                "ec2:CancelSpotInstanceRequests",
                                                "ec2:CreateFleet",
                                                "ec2:CreateLaunchTemplate",
                                                "ec2:CreateLaunchTemplateVersion",
                                                "ec2:CreateNetworkInterface",
                                                "ec2:CreateTags",
                                                "ec2:DeleteLaunchTemplate",
                                                "ec2:DeleteNetworkInterface",
                                                "ec2:DeleteVolume",
                                                "ec2:DescribeAccountAttributes",
                                                "ec2:DescribeImages",
                                                "ec2:DescribeInstanceStatus",
                                                "ec2:DescribeInstances",
                                                "ec2:DescribeLaunchTemplates",
                                                "ec2:DescribeNetworkInterfaces",
                                                "ec2:DescribeSecurityGroups",
                                                "ec2:DescribeSpotInstanceRequests",
                                                "ec2:DescribeSpotPriceHistory",
                                                "ec2:DescribeSubnets",
                                                "ec2:DescribeVolumes",
                                                "ec2:DescribeVpcs",
                                                "ec2:DetachVolume",
                                                "ec2:ModifyInstanceAttribute",
                                                "ec2:RequestSpotInstances",
                                                "ec2:RevokeSecurityGroupEgress",
                                                "ec2:RunInstances",
                                                "ec2:TerminateInstances"};
constexpr std::string_view kBucketActions[] = {"s3:ListBucket", "s3:GetBucketLocation"};
constexpr std::string_view kObjectActions[] = {"s3:GetObject", "s3:PutObject", "s3:DeleteObject",
                                               "s3:AbortMultipartUpload"};

struct Scope {
  aws::On on;
  const char* resource;
  const char* condition;  // a tag's key; empty: none
};
constexpr Scope kScopes[] = {
    {aws::On::kAnything, "*", ""},
    {aws::On::kNewCluster, "*", "aws:RequestTag/tidemill:cluster"},
    {aws::On::kCluster, "arn:aws:elasticmapreduce:*:*:cluster/*", "aws:ResourceTag/tidemill:cluster"},
    {aws::On::kRole, "arn:aws:iam::*:role/tidemill/*", ""},
    {aws::On::kProfile, "arn:aws:iam::*:instance-profile/tidemill/*", ""},
    {aws::On::kNewGroup, "*", ""},
    {aws::On::kGroup, "arn:aws:ec2:*:*:security-group/*", "aws:ResourceTag/tidemill:cluster"},
    {aws::On::kAlarm, "arn:aws:cloudwatch:*:*:alarm:tidemill-*", ""},
    {aws::On::kApplication, "arn:aws:emr-serverless:*:*:/applications/*", ""},
};

Json Document(Json statements) { return {{"Version", "2012-10-17"}, {"Statement", std::move(statements)}}; }

Json Trust(std::string_view service) {
  return Document(
      Json::array({{{"Effect", "Allow"}, {"Principal", {{"Service", service}}}, {"Action", "sts:AssumeRole"}}}));
}

// "s3://bucket/prefix" -> "bucket".
std::string BucketOf(std::string_view path) {
  if (path.starts_with("s3://")) path.remove_prefix(5);
  return std::string(path.substr(0, path.find('/')));
}

}  // namespace

std::string OperatorPolicy() {
  Json statements = Json::array();
  for (const Scope& scope : kScopes) {
    Json actions = Json::array();
    for (const auto& operation : aws::Operations()) {
      if (operation.on == scope.on) actions.push_back(fmt::format("{}:{}", operation.service, operation.name));
    }
    Json statement = {{"Effect", "Allow"}, {"Action", std::move(actions)}, {"Resource", scope.resource}};
    if (*scope.condition != '\0') statement["Condition"] = {{"Null", {{scope.condition, "false"}}}};
    statements.push_back(std::move(statement));
  }
  statements.push_back({{"Effect", "Allow"},
                        {"Action", Json::array({"iam:PassRole"})},
                        {"Resource", "arn:aws:iam::*:role/tidemill/*"},
                        {"Condition",
                         {{"StringEquals",
                           {{"iam:PassedToService", Json::array({"elasticmapreduce.amazonaws.com", "ec2.amazonaws.com",
                                                                 "emr-serverless.amazonaws.com"})}}}}}});
  return Document(std::move(statements)).dump(2) + "\n";
}

std::string ServicePolicy(const ClusterSpec& spec) {
  Json ec2 = {{"Effect", "Allow"},
              {"Action", kServiceActions},
              {"Resource", "*"},
              {"Condition", {{"StringEquals", {{"aws:RequestedRegion", spec.region}}}}}};
  Json pass = {{"Effect", "Allow"},
               {"Action", Json::array({"iam:PassRole"})},
               {"Resource", fmt::format("arn:aws:iam::*:role/tidemill/{}-emr-node", spec.name)},
               {"Condition", {{"StringEquals", {{"iam:PassedToService", "ec2.amazonaws.com"}}}}}};
  return Document(Json::array({std::move(ec2), std::move(pass)})).dump();
}

std::string ServiceTrust() { return Trust("elasticmapreduce.amazonaws.com").dump(); }

std::string NodePolicy(const ClusterSpec& spec) {
  std::vector<std::string> buckets = spec.security.buckets;
  if (!spec.log_uri.empty()) buckets.push_back(spec.log_uri);
  buckets.insert(buckets.end(), spec.bootstrap.begin(), spec.bootstrap.end());
  Json whole = Json::array(), objects = Json::array();
  for (const auto& path : buckets) {
    const Json bucket = "arn:aws:s3:::" + BucketOf(path), object = "arn:aws:s3:::" + BucketOf(path) + "/*";
    if (std::find(whole.begin(), whole.end(), bucket) != whole.end()) continue;
    whole.push_back(bucket);
    objects.push_back(object);
  }
  Json statements = Json::array();
  if (!whole.empty()) {
    statements.push_back({{"Effect", "Allow"}, {"Action", kBucketActions}, {"Resource", whole}});
    statements.push_back({{"Effect", "Allow"}, {"Action", kObjectActions}, {"Resource", objects}});
  }
  if (!spec.security.kms_key.empty()) {
    statements.push_back({{"Effect", "Allow"},
                          {"Action", Json::array({"kms:Decrypt", "kms:GenerateDataKey"})},
                          {"Resource", spec.security.kms_key}});
  }
  // A policy must say something.
  if (statements.empty()) {
    statements.push_back({{"Effect", "Deny"}, {"Action", Json::array({"iam:PassRole"})}, {"Resource", "*"}});
  }
  return Document(std::move(statements)).dump();
}

std::string NodeTrust() { return Trust("ec2.amazonaws.com").dump(); }

}  // namespace tidemill::cloud
