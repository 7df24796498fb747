#include <fmt/format.h>

#include <algorithm>

#include "storage/hidden.h"
#include "storage/storage.h"

namespace tidemill::storage {
namespace {

using Segments = std::vector<std::string>;

Segments Split(std::string_view path) {
  Segments segments;
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    if (slash > 0) segments.emplace_back(path.substr(0, slash));
    path.remove_prefix(std::min(path.size(), slash + 1));
  }
  return segments;
}

bool IsWild(std::string_view text) { return text.find_first_of("*?[{\\") != std::string_view::npos; }

// "{a,b}.csv" -> "a.csv", "b.csv"; braces nest. An unclosed brace stands for itself.
void ExpandBraces(const std::string& pattern, std::vector<std::string>& out) {
  const size_t open = pattern.find('{');
  size_t close = open;
  std::vector<size_t> cuts;
  for (int depth = 0; close < pattern.size(); ++close) {
    const char c = pattern[close];
    if (c == '{' && depth++ == 0) cuts.push_back(close);
    if (c == ',' && depth == 1) cuts.push_back(close);
    if (c == '}' && --depth == 0) break;
  }
  if (open == std::string::npos || close >= pattern.size()) {
    out.push_back(pattern);
    return;
  }
  cuts.push_back(close);
  for (size_t i = 0; i + 1 < cuts.size(); ++i) {
    const auto choice = pattern.substr(cuts[i] + 1, cuts[i + 1] - cuts[i] - 1);
    ExpandBraces(pattern.substr(0, open) + choice + pattern.substr(close + 1), out);
  }
}

// Whether `c` is in the class at the start of `pattern` ("[a-z]", "[!0-9]"); `length` gets the class's length, 0 when
// it is not closed.
bool InClass(std::string_view pattern, char c, size_t& length) {
  size_t at = 1;
  const bool negated = at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^');
  if (negated) ++at;
  bool found = false;
  for (const size_t first = at; at < pattern.size() && (pattern[at] != ']' || at == first); ++at) {
    if (at + 2 < pattern.size() && pattern[at + 1] == '-' && pattern[at + 2] != ']') {
      found = found || (pattern[at] <= c && c <= pattern[at + 2]);
      at += 2;
    } else {
      found = found || pattern[at] == c;
    }
  }
  length = at < pattern.size() ? at + 1 : 0;
  return found != negated;
}

bool MatchName(std::string_view pattern, std::string_view name) {
  while (!pattern.empty()) {
    if (pattern[0] == '*') {
      for (size_t skip = 0; skip <= name.size(); ++skip) {
        if (MatchName(pattern.substr(1), name.substr(skip))) return true;
      }
      return false;
    }
    if (name.empty()) return false;
    size_t used = 1;
    bool match = pattern[0] == '?' || pattern[0] == name[0];
    if (pattern[0] == '[') {
      size_t length = 0;
      const bool in_class = InClass(pattern, name[0], length);
      if (length > 0) {
        match = in_class;
        used = length;
      }
    } else if (pattern[0] == '\\' && pattern.size() > 1) {
      match = pattern[1] == name[0];
      used = 2;
    }
    if (!match) return false;
    pattern.remove_prefix(used);
    name.remove_prefix(1);
  }
  return name.empty();
}

bool AllVisible(std::span<const std::string> names) { return std::none_of(names.begin(), names.end(), IsHidden); }

// A file matches when its path does, or when a folder above it does and nothing below that folder is hidden.
bool MatchPath(std::span<const std::string> pattern, std::span<const std::string> path) {
  if (pattern.empty()) return AllVisible(path);
  if (pattern[0] == "**") {
    if (MatchPath(pattern.subspan(1), path)) return true;
    return !path.empty() && !IsHidden(path[0]) && MatchPath(pattern, path.subspan(1));
  }
  if (path.empty() || !MatchName(pattern[0], path[0])) return false;
  if (IsHidden(path[0]) && !IsHidden(pattern[0])) return false;
  return MatchPath(pattern.subspan(1), path.subspan(1));
}

Result<std::vector<FileInfo>> ExpandPlain(Storage& storage, const std::string& path) {
  auto file = storage.Stat(path);
  if (file.ok()) return std::vector<FileInfo>{*std::move(file)};
  if (file.error().kind != ErrorKind::kNotFound) return std::move(file).error();
  ASSIGN_OR_RETURN(auto files, storage.ListRecursive(path));
  std::erase_if(files, [&](const FileInfo& info) {
    return AnyHidden(std::string_view(info.path).substr(std::min(info.path.size(), path.size())));
  });
  return files;
}

Result<std::vector<FileInfo>> ExpandWild(Storage& storage, const std::string& pattern) {
  // A scheme's root is kept as it is: "s3://bucket" and the names below it.
  const size_t scheme = pattern.find("://");
  std::string folder = scheme == std::string::npos ? "" : pattern.substr(0, pattern.find('/', scheme + 3));
  const Segments segments = Split(std::string_view(pattern).substr(folder.size()));
  size_t plain = 0;
  while (plain < segments.size() && !IsWild(segments[plain])) folder += "/" + segments[plain++];
  ASSIGN_OR_RETURN(auto files, storage.ListRecursive(folder.empty() ? "/" : folder));
  const std::span<const std::string> rest = std::span(segments).subspan(plain);
  std::erase_if(files, [&](const FileInfo& info) {
    const Segments below = Split(std::string_view(info.path).substr(folder.size()));
    return !MatchPath(rest, below);
  });
  return files;
}

}  // namespace

bool IsHidden(std::string_view name) {
  return name.starts_with('.') || (name.starts_with('_') && name.find('=') == std::string_view::npos);
}

bool AnyHidden(std::string_view path) {
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    if (end > 0 && IsHidden(path.substr(0, end))) return true;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return false;
}

Result<std::vector<FileInfo>> Expand(Storage& storage, const std::string& pattern) {
  // A file whose name happens to look like a pattern is that file.
  if (auto file = storage.Stat(pattern); file.ok()) return std::vector<FileInfo>{*std::move(file)};
  std::vector<std::string> patterns;
  ExpandBraces(pattern, patterns);
  std::vector<FileInfo> all;
  for (auto one : patterns) {
    while (one.size() > 1 && one.ends_with('/')) one.pop_back();
    ASSIGN_OR_RETURN(auto files, IsWild(one) ? ExpandWild(storage, one) : ExpandPlain(storage, one));
    all.insert(all.end(), std::make_move_iterator(files.begin()), std::make_move_iterator(files.end()));
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  all.erase(std::unique(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.path == b.path; }),
            all.end());
  if (all.empty()) return NotFound(fmt::format("no file matches '{}'. Check the path or the pattern.", pattern));
  return all;
}

Result<std::string> ReadAll(Storage& storage, const std::string& path, int64_t most_bytes) {
  ASSIGN_OR_RETURN(const auto reader, storage.OpenRead(path));
  const int64_t size = reader->size_bytes();
  if (size > most_bytes) {
    return Error{ErrorKind::kResourceExhausted, fmt::format("'{}' has {}, more than the {} that may be read at once",
                                                            path, FormatBytes(size), FormatBytes(most_bytes))};
  }
  std::string bytes(static_cast<size_t>(size), '\0');
  ASSIGN_OR_RETURN(const int64_t got, reader->ReadAt(0, bytes));
  bytes.resize(static_cast<size_t>(got));
  return bytes;
}

}  // namespace tidemill::storage
