#include "advisor/eventlog/plan_tree.h"

#include <algorithm>
#include <cctype>
#include <functional>
#include <nlohmann/json.hpp>

namespace tidemill::advisor::eventlog {
namespace {

using Json = nlohmann::json;

constexpr size_t kMostText = 1000;
constexpr size_t kMostNodes = 5000;
constexpr int kMostDepth = 500;

std::string Text(const Json& info, const char* name) {
  const auto found = info.find(name);
  return found != info.end() && found->is_string() ? found->get<std::string>() : "";
}

void Take(const Json& info, int depth, int parent, std::vector<PlanNode>& out) {
  if (!info.is_object() || out.size() >= kMostNodes || depth > kMostDepth) return;
  const auto self = static_cast<int>(out.size());
  PlanNode node;
  node.name = Text(info, "nodeName");
  node.text = Text(info, "simpleString").substr(0, kMostText);
  node.depth = depth;
  node.parent = parent;
  if (const auto metadata = info.find("metadata"); metadata != info.end() && metadata->is_object()) {
    for (const auto& [key, value] : metadata->items()) {
      if (value.is_string()) node.metadata[key] = value.get<std::string>().substr(0, kMostText);
    }
  }
  if (const auto metrics = info.find("metrics"); metrics != info.end() && metrics->is_array()) {
    for (const Json& metric : *metrics) {
      const auto id = metric.find("accumulatorId");
      if (id != metric.end() && id->is_number()) node.accumulators[Text(metric, "name")] = id->get<int64_t>();
    }
  }
  out.push_back(std::move(node));
  if (const auto children = info.find("children"); children != info.end() && children->is_array()) {
    for (const Json& child : *children) Take(child, depth + 1, self, out);
  }
}

}  // namespace

bool IsWrapper(std::string_view name) {
  static constexpr std::string_view kWrappers[] = {"InputAdapter", "AdaptiveSparkPlan", "AQEShuffleRead",
                                                   "CustomShuffleReader", "ColumnarToRow"};
  return name.empty() || name.starts_with("WholeStageCodegen") || name.ends_with("QueryStage") ||
         std::ranges::find(kWrappers, name) != std::end(kWrappers);
}

std::string WithoutIds(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  const auto skip_digits = [&](size_t at) {
    while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0) ++at;
    return at;
  };
  for (size_t at = 0; at < text.size();) {
    if (text[at] == '#') {
      at = skip_digits(at + 1);
      if (at < text.size() && text[at] == 'L') ++at;
    } else if (text.substr(at).starts_with("plan_id=") || text.substr(at).starts_with("[id=#")) {
      at = skip_digits(text.find_first_of("0123456789", at));
    } else {
      out += text[at++];
    }
  }
  return out;
}

std::vector<PlanNode> PlanNodes(const Json& info) {
  std::vector<PlanNode> out;
  Take(info, 0, -1, out);
  // Children lie behind their parents.
  std::vector<std::string> below(out.size());
  for (size_t i = out.size(); i-- > 0;) {
    auto& node = out[i];
    const bool wrapper = IsWrapper(node.name);
    const std::string own = wrapper ? below[i] : WithoutIds(node.text) + "(" + below[i] + ")";
    node.fingerprint = std::hash<std::string>()(own);
    if (node.parent >= 0) {
      auto& above = below[static_cast<size_t>(node.parent)];
      above = std::to_string(node.fingerprint) + (above.empty() ? "" : "," + above);
    }
  }
  return out;
}

}  // namespace tidemill::advisor::eventlog
