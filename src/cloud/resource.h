// What a cluster is made of, as resources with attributes, and how what is wanted differs from what is known to be
// there.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "cloud/cluster.h"

namespace tidemill::cloud {

struct Resource {
  std::string address;  // "emr.fleet.core": the same for the resource's whole life
  std::map<std::string, std::string> attributes;
  std::string id;  // as AWS gave it; empty: not made yet
};

// In the order in which they are made: each needs only earlier ones.
std::vector<Resource> DesiredResources(const ClusterSpec& spec);

enum class ChangeKind { kCreate, kUpdate, kReplace, kDestroy };

struct AttributeChange {
  std::string name;
  std::string before;  // empty: not there
  std::string after;
  bool forces_replacement = false;  // AWS can't change it in place
};

struct Change {
  ChangeKind kind = ChangeKind::kCreate;
  std::string address;
  std::string id;
  std::vector<AttributeChange> attributes;
};

// Changes in the order they are to be made: what is wanted in its order, then what goes, the last made first. What is
// the same is left out.
std::vector<Change> Difference(const std::vector<Resource>& known, const std::vector<Resource>& wanted);

// A resource's attributes as the ledger keeps them.
std::string AttributesToJson(const std::map<std::string, std::string>& attributes);
Result<std::map<std::string, std::string>> AttributesFromJson(const std::string& json);

}  // namespace tidemill::cloud
