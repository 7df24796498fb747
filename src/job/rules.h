// What keys of a job mean together: combinations that cannot be, names that must be unique, keys that a format or a
// kind of check does not have.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "document/diagnostic.h"
#include "document/yaml.h"
#include "job/spec.h"

namespace tidemill::job {

// The keys of one kind of check besides those that every check has.
struct CheckRule {
  CheckKind kind;
  std::array<std::span<const std::string_view>, 2> required;  // of each group at least one
  std::span<const std::string_view> allowed;
};
const CheckRule& RuleOf(CheckKind kind);
bool IsKeyOfOtherKinds(const CheckRule& rule, std::string_view key);

void CheckRules(const Job& job, const document::Node& root, document::Diagnostics& out);

}  // namespace tidemill::job
