#include "document/edit.h"

#include <fmt/format.h>

#include <algorithm>

#include "document/yaml.h"

namespace tidemill::document {
namespace {

std::vector<std::string> LinesOf(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return lines;
}

std::string Quoted(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// The line with the scalar that begins at `column` (from 1) replaced; what stands behind it, a comment, stays.
Result<std::string> WithValue(const std::string& line, int column, const Node& value, std::string_view with) {
  const auto at = static_cast<size_t>(column - 1);
  if (column < 1 || at > line.size()) return Internal("a value lies outside its line");
  size_t end = at;
  const char first = at < line.size() ? line[at] : '\0';
  if (first == '|' || first == '>') return Unimplemented("a value over several lines is not changed; write it in one");
  if (first == '"' || first == '\'') {
    for (++end; end < line.size() && line[end] != first; ++end) {
      if (first == '"' && line[end] == '\\') ++end;
    }
    if (end >= line.size()) return Unimplemented("a value over several lines is not changed; write it in one");
    ++end;
  } else {
    end = std::min(line.find(" #", at), line.size());
    while (end > at && line[end - 1] == ' ') --end;
    if (line.substr(at, end - at) != value.text)
      return Unimplemented("a value over several lines is not changed; write it in one");
  }
  return line.substr(0, at) + Quoted(with) + line.substr(end);
}

// The last line (from 1) of a node.
int LastLine(const Node& node) {
  int last = node.at.line;
  for (const auto& item : node.items) last = std::max(last, LastLine(item));
  for (const auto& entry : node.entries) last = std::max({last, entry.at.line, LastLine(entry.value)});
  return last;
}

Result<Node> Parse(std::string_view text) {
  Diagnostics diagnostics;
  Node top = ParseYaml(text, "the file", diagnostics);
  if (diagnostics.errors() > 0 || !top.is_map()) return InvalidArgument("the file is not a map in YAML");
  return top;
}

bool Holds(const Node& top, std::string_view section, const std::vector<std::pair<std::string, std::string>>& entries) {
  const Node* map = top.Find(section);
  return map != nullptr && map->is_map() && std::ranges::all_of(entries, [&](const auto& entry) {
           const Node* value = map->Find(entry.first);
           return value != nullptr && value->is_scalar() && value->text == entry.second;
         });
}

}  // namespace

Result<std::string> SetEntries(std::string_view text, std::string_view section,
                               const std::vector<std::pair<std::string, std::string>>& entries) {
  ASSIGN_OR_RETURN(const Node top, Parse(text));
  std::vector<std::string> lines = LinesOf(text);
  const Node* map = top.Find(section);
  std::string indent = "  ";
  size_t behind = lines.size();  // the line that new entries come before
  if (map == nullptr) {
    if (!lines.empty() && !lines.back().empty()) lines.emplace_back();
    lines.push_back(fmt::format("{}:", section));
    behind = lines.size();
  } else if (map->is_map() && !map->entries.empty()) {
    const auto& first = map->entries.front();
    const std::string& line = lines[static_cast<size_t>(first.at.line - 1)];
    indent = line.substr(0, static_cast<size_t>(first.at.column - 1));
    if (indent.find_first_not_of(' ') != std::string::npos) {
      return Unimplemented(fmt::format("{} is written in braces; write it line by line to have it changed", section));
    }
    behind = static_cast<size_t>(LastLine(*map));
  } else {
    const auto found = std::ranges::find(top.entries, section, &Entry::key);
    behind = static_cast<size_t>(found->at.line);
    if (map->is_map())
      return Unimplemented(fmt::format("{} is written in braces; write it line by line to have it changed", section));
  }
  std::vector<std::string> added;
  for (const auto& [key, value] : entries) {
    const Node* old = map == nullptr ? nullptr : map->Find(key);
    if (old == nullptr) {
      added.push_back(fmt::format("{}{}: {}", indent, key, Quoted(value)));
      continue;
    }
    auto& line = lines[static_cast<size_t>(old->at.line - 1)];
    ASSIGN_OR_RETURN(line, WithValue(line, old->at.column, *old, value));
  }
  lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(behind), added.begin(), added.end());
  std::string out;
  for (const auto& line : lines) out += line + "\n";
  ASSIGN_OR_RETURN(const Node after, Parse(out));
  if (!Holds(after, section, entries)) return Internal("the changed file does not say what it should");
  return out;
}

std::string LineDiff(std::string_view before, std::string_view after) {
  const auto a = LinesOf(before), b = LinesOf(after);
  // Lengths of the longest common subsequences of the rests.
  std::vector<std::vector<int>> common(a.size() + 1, std::vector<int>(b.size() + 1, 0));
  for (size_t i = a.size(); i-- > 0;) {
    for (size_t j = b.size(); j-- > 0;) {
      common[i][j] = a[i] == b[j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  std::vector<std::pair<char, std::string>> lines;
  for (size_t i = 0, j = 0; i < a.size() || j < b.size();) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      lines.emplace_back(' ', a[i]);
      ++i, ++j;
    } else if (j == b.size() || (i < a.size() && common[i + 1][j] >= common[i][j + 1])) {
      lines.emplace_back('-', a[i++]);
    } else {
      lines.emplace_back('+', b[j++]);
    }
  }
  constexpr size_t kAround = 2;
  std::string out;
  size_t shown = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    const size_t from = i < kAround ? 0 : i - kAround, to = std::min(lines.size(), i + kAround + 1);
    const bool near =
        std::any_of(lines.begin() + static_cast<std::ptrdiff_t>(from), lines.begin() + static_cast<std::ptrdiff_t>(to),
                    [](const auto& line) { return line.first != ' '; });
    if (!near) continue;
    if (!out.empty() && shown + 1 < i) out += "...\n";
    shown = i;
    out += fmt::format("{} {}\n", lines[i].first, lines[i].second);
  }
  return out;
}

}  // namespace tidemill::document
