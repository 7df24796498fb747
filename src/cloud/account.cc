#include "cloud/account.h"

#include <fmt/format.h>

#include <algorithm>

#include "cloud/aws/xml.h"
#include "cloud/emr.h"

namespace tidemill::cloud {
namespace {

using aws::Parameters;
using aws::XmlAll;
using aws::XmlText;

constexpr std::string_view kIam = "iam", kEc2 = "ec2", kWatch = "cloudwatch";
constexpr std::string_view kPath = "/tidemill/";  // of all that is ours in IAM
constexpr const char* kPolicyName = "tidemill";

// An answer, or fine all the same when the error is of that kind.
template <typename T>
Status Unless(const Result<T>& answer, ErrorKind fine) {
  if (answer.ok() || answer.error().kind == fine) return Ok();
  return answer.error();
}

// Every page of an IAM or EC2 list: the insides of `item`.
Result<std::vector<std::string>> AllPages(aws::Api& api, std::string_view service, std::string_view operation,
                                          const Parameters& parameters, std::string_view list, std::string_view item,
                                          const char* next, const char* ask) {
  std::vector<std::string> items;
  std::string marker;
  do {
    Parameters with = parameters;
    if (!marker.empty()) with.emplace_back(ask, marker);
    ASSIGN_OR_RETURN(const auto xml, api.Query(service, operation, with));
    const auto inside = XmlAll(xml, list);
    if (!inside.empty()) {
      for (auto& one : XmlAll(inside.front(), item)) items.push_back(std::move(one));
    }
    marker = XmlText(xml, next);
  } while (!marker.empty());
  return items;
}

Result<std::vector<std::string>> NamesBelowPath(aws::Api& api, std::string_view operation, std::string_view list,
                                                std::string_view name) {
  ASSIGN_OR_RETURN(const auto items, AllPages(api, kIam, operation, {{"PathPrefix", std::string(kPath)}}, list,
                                              "member", "Marker", "Marker"));
  std::vector<std::string> names;
  for (const auto& item : items) names.push_back(XmlText(item, name));
  return names;
}

Error NotOurs(const std::string& what, const std::string& name) {
  return {.kind = ErrorKind::kAlreadyExists,
          .message = fmt::format("there is a {} '{}' that this program did not make; choose another cluster name", what,
                                 name)};
}

void AddTags(const ClusterSpec& spec, const std::string& prefix, Parameters& parameters) {
  auto tags = spec.tags;
  tags[std::string(kClusterTag)] = spec.name;
  int number = 0;
  for (const auto& [key, value] : tags) {
    ++number;
    parameters.emplace_back(fmt::format("{}.{}.Key", prefix, number), key);
    parameters.emplace_back(fmt::format("{}.{}.Value", prefix, number), value);
  }
}

Result<std::string> VpcOf(aws::Api& api, const std::string& subnet) {
  ASSIGN_OR_RETURN(const auto xml, api.Query(kEc2, "DescribeSubnets", {{"SubnetId.1", subnet}}));
  const std::string vpc = XmlText(xml, "vpcId");
  if (vpc.empty()) return NotFound(fmt::format("there is no subnet {}", subnet));
  return vpc;
}

// Our groups; of that name, when it is not empty.
Result<std::vector<std::string>> GroupsOf(aws::Api& api, const std::string& name) {
  Parameters filter = {{"Filter.1.Name", "tag-key"}, {"Filter.1.Value.1", std::string(kClusterTag)}};
  if (!name.empty()) filter.insert(filter.end(), {{"Filter.2.Name", "group-name"}, {"Filter.2.Value.1", name}});
  return AllPages(api, kEc2, "DescribeSecurityGroups", filter, "securityGroupInfo", "item", "nextToken", "NextToken");
}

// EMR lets the two groups of a cluster in at each other; a group that another one's rules name can't be deleted.
Status RevokeRulesNaming(aws::Api& api, const std::string& id) {
  ASSIGN_OR_RETURN(const auto groups, GroupsOf(api, ""));
  for (const auto& group : groups) {
    const auto permissions = XmlAll(group, "ipPermissions");
    const auto named = permissions.empty() ? std::vector<std::string>() : XmlAll(permissions.front(), "groupId");
    if (std::find(named.begin(), named.end(), id) == named.end()) continue;
    const std::string owner = XmlText(group, "groupId");
    ASSIGN_OR_RETURN(const auto rules, AllPages(api, kEc2, "DescribeSecurityGroupRules",
                                                {{"Filter.1.Name", "group-id"}, {"Filter.1.Value.1", owner}},
                                                "securityGroupRuleSet", "item", "nextToken", "NextToken"));
    Parameters revoke = {{"GroupId", owner}};
    for (const auto& rule : rules) {
      if (XmlText(rule, "isEgress") == "true") continue;
      revoke.emplace_back(fmt::format("SecurityGroupRuleId.{}", revoke.size()), XmlText(rule, "securityGroupRuleId"));
    }
    if (revoke.size() == 1) continue;
    RETURN_IF_ERROR(Unless(api.Query(kEc2, "RevokeSecurityGroupIngress", revoke), ErrorKind::kNotFound));
  }
  return Ok();
}

struct AlarmKind {
  std::string_view kind;
  const char* metric;
  const char* comparison;
  double (*threshold)(const Alarms&);
  int64_t (*minutes)(const Alarms&);
};
constexpr AlarmKind kAlarms[] = {
    {"hdfs", "HDFSUtilization", "GreaterThanThreshold", [](const Alarms& a) { return a.hdfs_used * 100; },
     [](const Alarms&) { return int64_t{5}; }},
    {"unhealthy", "MRUnhealthyNodes", "GreaterThanOrEqualToThreshold",
     [](const Alarms& a) { return double(a.unhealthy_nodes); }, [](const Alarms&) { return int64_t{5}; }},
    {"idle", "IsIdle", "GreaterThanOrEqualToThreshold", [](const Alarms&) { return 1.0; },
     [](const Alarms& a) {
       return std::max<int64_t>(std::chrono::duration_cast<std::chrono::minutes>(a.idle).count(), 5);
     }},
    {"blocks", "MissingBlocks", "GreaterThanThreshold", [](const Alarms&) { return 0.0; },
     [](const Alarms&) { return int64_t{5}; }},
};

}  // namespace

Status EnsureRole(aws::Api& api, const ClusterSpec& spec, const RoleSpec& role) {
  Parameters create = {{"RoleName", role.name}, {"Path", std::string(kPath)}, {"AssumeRolePolicyDocument", role.trust}};
  AddTags(spec, "Tags.member", create);
  const auto made = api.Query(kIam, "CreateRole", create);
  RETURN_IF_ERROR(Unless(made, ErrorKind::kAlreadyExists));
  if (!made.ok()) {
    ASSIGN_OR_RETURN(const auto ours, NamesBelowPath(api, "ListRoles", "Roles", "RoleName"));
    if (std::find(ours.begin(), ours.end(), role.name) == ours.end()) return NotOurs("role", role.name);
  }
  return Unless(api.Query(kIam, "PutRolePolicy",
                          {{"RoleName", role.name}, {"PolicyName", kPolicyName}, {"PolicyDocument", role.policy}}),
                ErrorKind::kCancelled);
}

Status DropRole(aws::Api& api, const std::string& name) {
  RETURN_IF_ERROR(Unless(api.Query(kIam, "DeleteRolePolicy", {{"RoleName", name}, {"PolicyName", kPolicyName}}),
                         ErrorKind::kNotFound));
  return Unless(api.Query(kIam, "DeleteRole", {{"RoleName", name}}), ErrorKind::kNotFound);
}

Status EnsureProfile(aws::Api& api, const ClusterSpec& spec, const std::string& name) {
  Parameters create = {{"InstanceProfileName", name}, {"Path", std::string(kPath)}};
  AddTags(spec, "Tags.member", create);
  const auto made = api.Query(kIam, "CreateInstanceProfile", create);
  RETURN_IF_ERROR(Unless(made, ErrorKind::kAlreadyExists));
  if (!made.ok()) {
    ASSIGN_OR_RETURN(const auto ours,
                     NamesBelowPath(api, "ListInstanceProfiles", "InstanceProfiles", "InstanceProfileName"));
    if (std::find(ours.begin(), ours.end(), name) == ours.end()) return NotOurs("instance profile", name);
  }
  // A profile holds one role: LimitExceeded says that it is in already.
  return Unless(api.Query(kIam, "AddRoleToInstanceProfile", {{"InstanceProfileName", name}, {"RoleName", name}}),
                ErrorKind::kResourceExhausted);
}

Status DropProfile(aws::Api& api, const std::string& name) {
  RETURN_IF_ERROR(
      Unless(api.Query(kIam, "RemoveRoleFromInstanceProfile", {{"InstanceProfileName", name}, {"RoleName", name}}),
             ErrorKind::kNotFound));
  return Unless(api.Query(kIam, "DeleteInstanceProfile", {{"InstanceProfileName", name}}), ErrorKind::kNotFound);
}

Result<std::string> EnsureGroup(aws::Api& api, const ClusterSpec& spec, const std::string& name) {
  Parameters create = {{"GroupName", name}, {"GroupDescription", fmt::format("EMR cluster {}", spec.name)}};
  if (!spec.subnets.empty()) {
    ASSIGN_OR_RETURN(const auto vpc, VpcOf(api, spec.subnets.front()));
    create.emplace_back("VpcId", vpc);
  }
  create.emplace_back("TagSpecification.1.ResourceType", "security-group");
  AddTags(spec, "TagSpecification.1.Tag", create);
  const auto made = api.Query(kEc2, "CreateSecurityGroup", create);
  RETURN_IF_ERROR(Unless(made, ErrorKind::kAlreadyExists));
  if (made.ok()) return XmlText(*made, "groupId");
  ASSIGN_OR_RETURN(const auto ours, GroupsOf(api, name));
  if (ours.empty()) return NotOurs("security group", name);
  return XmlText(ours.front(), "groupId");
}

Status DropGroup(aws::Api& api, const std::string& id) {
  RETURN_IF_ERROR(RevokeRulesNaming(api, id));
  return Unless(api.Query(kEc2, "DeleteSecurityGroup", {{"GroupId", id}}), ErrorKind::kNotFound);
}

Result<std::string> PutAlarm(aws::Api& api, const ClusterSpec& spec, const std::string& kind,
                             const std::string& cluster) {
  const auto alarm =
      std::find_if(std::begin(kAlarms), std::end(kAlarms), [&](const AlarmKind& a) { return a.kind == kind; });
  if (alarm == std::end(kAlarms)) return Internal("no alarm " + kind);
  constexpr int64_t kPeriodMinutes = 5;  // EMR tells its metrics that often
  const std::string name = fmt::format("tidemill-{}-{}", spec.name, kind);
  Parameters put = {{"AlarmName", name},
                    {"Namespace", "AWS/ElasticMapReduce"},
                    {"MetricName", alarm->metric},
                    {"Dimensions.member.1.Name", "JobFlowId"},
                    {"Dimensions.member.1.Value", cluster},
                    {"Statistic", "Average"},
                    {"Period", std::to_string(kPeriodMinutes * 60)},
                    {"EvaluationPeriods", std::to_string(alarm->minutes(spec.alarms) / kPeriodMinutes)},
                    {"ComparisonOperator", alarm->comparison},
                    {"Threshold", fmt::format("{:g}", alarm->threshold(spec.alarms))}};
  if (!spec.alarms.notify.empty()) put.emplace_back("AlarmActions.member.1", spec.alarms.notify);
  AddTags(spec, "Tags.member", put);
  ASSIGN_OR_RETURN(const auto done, api.Query(kWatch, "PutMetricAlarm", put));
  return name;
}

Status DropAlarm(aws::Api& api, const std::string& name) {
  return Unless(api.Query(kWatch, "DeleteAlarms", {{"AlarmNames.member.1", name}}), ErrorKind::kNotFound);
}

Result<std::vector<Owned>> OwnedRolesAndGroups(aws::Api& api) {
  std::vector<Owned> owned;
  ASSIGN_OR_RETURN(const auto groups, GroupsOf(api, ""));
  for (const auto& group : groups) {
    Owned one{"ec2.security_group", XmlText(group, "groupId"), ""};
    const auto sets = XmlAll(group, "tagSet");
    for (const auto& tag : sets.empty() ? std::vector<std::string>() : XmlAll(sets.front(), "item")) {
      if (XmlText(tag, "key") == kClusterTag) one.cluster = XmlText(tag, "value");
    }
    owned.push_back(std::move(one));
  }
  ASSIGN_OR_RETURN(const auto profiles,
                   NamesBelowPath(api, "ListInstanceProfiles", "InstanceProfiles", "InstanceProfileName"));
  for (const auto& name : profiles) owned.push_back({"iam.instance_profile", name, ""});
  ASSIGN_OR_RETURN(const auto roles, NamesBelowPath(api, "ListRoles", "Roles", "RoleName"));
  for (const auto& name : roles) owned.push_back({"iam.role", name, ""});
  return owned;
}

}  // namespace tidemill::cloud
