#include "document/overlay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/names.h"

namespace tidemill::document {
namespace {

std::string DidYouMean(std::string_view name, const std::vector<std::string>& candidates) {
  const auto nearest = NearestName(name, candidates);
  return nearest ? fmt::format("did you mean '{}'?", *nearest) : std::string();
}

void Lay(Node& below, const Node& above) {
  if (!below.is_map() || !above.is_map()) {
    below = above;
    return;
  }
  for (const Entry& entry : above.entries) {
    if (Node* there = below.Find(entry.key)) {
      Lay(*there, entry.value);
    } else {
      below.entries.push_back(entry);
    }
  }
}

std::vector<std::string> KeysOf(const Node& map) {
  std::vector<std::string> keys;
  for (const Entry& entry : map.entries) keys.push_back(entry.key);
  return keys;
}

Node* FindItem(Node& list, const std::string& part) {
  for (Node& item : list.items) {
    const Node* name = item.Find("name");
    if (name != nullptr && name->text == part) return &item;
  }
  size_t index = 0;
  const auto [end, code] = std::from_chars(part.data(), part.data() + part.size(), index);
  const bool whole = code == std::errc{} && end == part.data() + part.size();
  return whole && index < list.items.size() ? &list.items[index] : nullptr;
}

std::vector<std::string> SplitPath(std::string_view path) {
  std::vector<std::string> parts(1);
  for (const char c : path) {
    if (c == '.') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// The node at `part` below `node`, made when a map lacks it; null pointer for a list without such an item.
Node* Descend(Node& node, const std::string& part, const Place& at) {
  if (node.is_list()) return FindItem(node, part);
  if (!node.is_map()) {
    node = Node{};
    node.kind = Node::Kind::kMap;
    node.at = at;
  }
  if (Node* there = node.Find(part)) return there;
  Node fresh;
  fresh.at = at;
  node.entries.push_back({part, at, fresh});
  return &node.entries.back().value;
}

void ReAt(Node& node, const Place& at) {
  node.at = at;
  node.text_line = node.text_column = 0;
  for (Node& item : node.items) ReAt(item, at);
  for (Entry& entry : node.entries) {
    entry.at = at;
    ReAt(entry.value, at);
  }
}

class Replacer {
 public:
  Replacer(const std::map<std::string, std::string>& variables, Diagnostics& out) : variables_(variables), out_(out) {
    for (const auto& [name, value] : variables) names_.push_back(name);
  }

  void Visit(Node& node, const std::string& path) {
    for (Node& item : node.items) Visit(item, path);
    for (Entry& entry : node.entries) Visit(entry.value, path.empty() ? entry.key : path + "." + entry.key);
    if (node.is_scalar() && node.text.find("${") != std::string::npos) node.text = Replace(node, path);
  }

 private:
  std::string Replace(const Node& node, const std::string& path) {
    const std::string_view text = node.text;
    std::string result;
    for (size_t i = 0; i < text.size();) {
      if (text.substr(i).starts_with("$${")) {
        result += "${";
        i += 3;
      } else if (text.substr(i).starts_with("${")) {
        const size_t end = text.find('}', i);
        if (end == std::string_view::npos) {
          out_.Error(node.at, path, "a '${' without its '}'", "write $${ for a plain ${");
          return result;
        }
        result += Value(text.substr(i + 2, end - i - 2), node, path);
        i = end + 1;
      } else {
        result += text[i++];
      }
    }
    return result;
  }

  std::string Value(std::string_view inside, const Node& node, const std::string& path) {
    const size_t dash = inside.find(":-");
    const std::string name(inside.substr(0, dash));
    const bool valid =
        !name.empty() && !std::isdigit(static_cast<unsigned char>(name[0])) &&
        std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) || c == '_'; });
    if (!valid) {
      out_.Error(node.at, path, fmt::format("'${{{}}}' is not a variable", inside),
                 "write ${NAME} or ${NAME:-default}");
      return "";
    }
    const auto found = variables_.find(name);
    const bool set = found != variables_.end() && (dash == std::string_view::npos || !found->second.empty());
    if (set) return found->second;
    if (dash != std::string_view::npos) return std::string(inside.substr(dash + 2));
    const std::string meant = DidYouMean(name, names_);
    out_.Error(node.at, path, fmt::format("the environment has no {}", name),
               (meant.empty() ? "" : meant + " Else ") + fmt::format("set it, or write ${{{}:-default}}", name));
    return "";
  }

  const std::map<std::string, std::string>& variables_;
  Diagnostics& out_;
  std::vector<std::string> names_;
};

}  // namespace

void ApplyProfile(Node& root, const std::string& profile, Diagnostics& out) {
  const auto found = std::find_if(root.entries.begin(), root.entries.end(),
                                  [](const Entry& entry) { return entry.key == "profiles"; });
  const Node profiles = found == root.entries.end() ? Node{} : found->value;
  if (found != root.entries.end()) root.entries.erase(found);
  if (!profiles.is_map() && !profiles.is_null()) {
    out.Error(profiles.at, "profiles",
              fmt::format("must be a map from profile names to parts of the job, this is {}", KindName(profiles.kind)));
  }
  for (const Entry& entry : profiles.entries) {
    if (!entry.value.is_map() && !entry.value.is_null()) {
      out.Error(entry.value.at, "profiles." + entry.key,
                fmt::format("must be a map of job keys, this is {}", KindName(entry.value.kind)));
    }
  }
  if (profile.empty()) return;
  const Node* chosen = profiles.Find(profile);
  if (chosen == nullptr) {
    out.Error(profiles.is_null() ? root.at : profiles.at, "profiles", fmt::format("there is no profile '{}'", profile),
              DidYouMean(profile, KeysOf(profiles)));
  } else if (chosen->is_map()) {
    Lay(root, *chosen);
  }
}

void ApplySetting(Node& root, std::string_view setting, Diagnostics& out) {
  const Place at{fmt::format("--set {}", setting)};
  const size_t equals = setting.find('=');
  const std::string path(setting.substr(0, equals));
  if (equals == std::string_view::npos || path.empty()) {
    out.Error(at, "", "is not an assignment", "write --set key=value, like --set sink.mode=overwrite");
    return;
  }
  Node* node = &root;
  for (const std::string& part : SplitPath(path)) {
    node = part.empty() ? nullptr : Descend(*node, part, at);
    if (node == nullptr) {
      out.Error(at, path, fmt::format("there is no item '{}' in the list", part),
                "name an item by its `name` or by its index from 0");
      return;
    }
  }
  const std::string_view value = setting.substr(equals + 1);
  Diagnostics inside;
  Node parsed;
  if (value.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    parsed.kind = Node::Kind::kScalar;
    parsed.quoted = true;
  } else {
    parsed = ParseYaml(value, at.file, inside);
  }
  if (inside.has_errors()) {
    out.Error(at, path, fmt::format("the value '{}' is not YAML", value), "put quotes around it");
    return;
  }
  ReAt(parsed, at);
  *node = std::move(parsed);
}

void ReplaceVariables(Node& root, const std::map<std::string, std::string>& variables, Diagnostics& out) {
  Replacer(variables, out).Visit(root, "");
}

}  // namespace tidemill::document
