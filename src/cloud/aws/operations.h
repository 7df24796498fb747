// Every AWS operation this program carries out, as data: how it is spoken, whether it may be repeated, and what a
// policy must say to allow it. Nothing else is ever called, so that the policy made from this table is the least one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tidemill::cloud::aws {

enum class Protocol { kJson, kQuery, kRest };

// On what a policy allows an operation.
enum class On {
  kAnything,    // AWS knows no narrower resource
  kNewCluster,  // with the tag `tidemill:cluster` asked for
  kCluster,     // that has the tag
  kRole,        // below the path /tidemill/
  kProfile,
  kNewGroup,
  kGroup,
  kAlarm,        // named tidemill-*
  kApplication,  // of EMR Serverless
};

struct Operation {
  std::string_view service;  // in the signature and in policies: "elasticmapreduce"
  std::string_view name;
  bool repeatable = true;  // carrying it out twice is as good as once
  On on = On::kAnything;
};

std::span<const Operation> Operations();
// CHECKs that it is there.
const Operation& OperationOf(std::string_view service, std::string_view name);

struct Service {
  std::string_view name;
  std::string_view variable;  // AWS_ENDPOINT_URL_EMR names another endpoint
  Protocol protocol = Protocol::kQuery;
  std::string_view version;  // of the query; for JSON the prefix of the target; REST has none
  std::string_view host;     // {} is the region
};
const Service& ServiceOf(std::string_view name);

}  // namespace tidemill::cloud::aws
