#include "sql/name_pattern.h"

#include "base/lower.h"

#include <algorithm>
#include <cctype>
#include <functional>
#include <limits>
#include <memory>

namespace tidemill::sql {
namespace {

constexpr int kMany = std::numeric_limits<int>::max();

struct Node {
  enum class Kind { kLetter, kAny, kClass, kGroup } kind = Kind::kLetter;
  char letter = 0;
  std::string letters;  // kClass
  bool negated = false;
  std::vector<std::vector<Node>> branches;  // kGroup
  int least = 1, most = 1;
  enum class Hunger { kGreedy, kLazy, kPossessive } hunger = Hunger::kGreedy;
};
using Branch = std::vector<Node>;

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<std::vector<Branch>> Read() {
    auto branches = Branches();
    return ok_ && at_ == text_.size() ? std::optional(std::move(branches)) : std::nullopt;
  }

 private:
  std::vector<Branch> Branches() {
    std::vector<Branch> branches(1);
    while (ok_ && at_ < text_.size() && text_[at_] != ')') {
      if (Take('|')) {
        branches.emplace_back();
        continue;
      }
      branches.back().push_back(Quantified(Atom()));
    }
    return branches;
  }

  Node Atom() {
    Node node;
    const char c = text_[at_++];
    if (c == '.') {
      node.kind = Node::Kind::kAny;
    } else if (c == '(') {
      node.kind = Node::Kind::kGroup;
      if (at_ < text_.size() && text_[at_] == '?') ok_ = false;
      node.branches = Branches();
      ok_ = ok_ && Take(')');
    } else if (c == '[') {
      node.kind = Node::Kind::kClass;
      node.negated = Take('^');
      while (at_ < text_.size() && text_[at_] != ']') AddToClass(node);
      ok_ = ok_ && !node.letters.empty() && Take(']');
    } else if (c == '\\') {
      ok_ = ok_ && at_ < text_.size() && std::ispunct(static_cast<unsigned char>(text_[at_]));
      node.letter = ok_ ? text_[at_++] : 0;
    } else {
      ok_ = ok_ && std::string_view("*+?{}^$").find(c) == std::string_view::npos;
      node.letter = c;
    }
    return node;
  }

  void AddToClass(Node& node) {
    const char from = text_[at_++];
    if (std::string_view("\\[&").find(from) != std::string_view::npos) ok_ = false;
    if (at_ + 1 >= text_.size() || text_[at_] != '-' || text_[at_ + 1] == ']') {
      node.letters += from;
      return;
    }
    const char to = text_[at_ + 1];
    for (int c = static_cast<unsigned char>(from); c <= static_cast<unsigned char>(to); ++c) {
      node.letters += static_cast<char>(c);
    }
    at_ += 2;
  }

  Node Quantified(Node node) {
    if (Take('?')) {
      node.least = 0;
    } else if (Take('*')) {
      node.least = 0;
      node.most = kMany;
    } else if (Take('+')) {
      node.most = kMany;
    } else {
      return node;
    }
    if (Take('?')) node.hunger = Node::Hunger::kLazy;
    if (Take('+')) node.hunger = Node::Hunger::kPossessive;
    return node;
  }

  bool Take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
  bool ok_ = true;
};

// Backtracking; `then` is asked with the place behind what has matched.
using Then = std::function<bool(size_t)>;

class Matcher {
 public:
  explicit Matcher(std::string_view name) : name_(name) {}

  bool Any(const std::vector<Branch>& branches, size_t at, const Then& then) {
    return std::ranges::any_of(branches, [&](const Branch& branch) { return From(branch, 0, at, then); });
  }

 private:
  bool From(const Branch& branch, size_t index, size_t at, const Then& then) {
    if (index == branch.size()) return then(at);
    const Node& node = branch[index];
    const Then rest = [&](size_t after) { return From(branch, index + 1, after, then); };
    if (node.hunger != Node::Hunger::kPossessive) return Repeat(node, 0, at, rest);
    // The most there is, and no less of it later.
    size_t end = at;
    return Repeat(node, 0, at,
                  [&](size_t after) {
                    end = after;
                    return true;
                  }) &&
           rest(end);
  }

  bool Repeat(const Node& node, int count, size_t at, const Then& then) {
    const auto once_more = [&] {
      return count < node.most && One(
                                      node, at,
                                      [&](size_t after) {
                                        return (after > at || count < node.least) &&
                                               Repeat(node, count + 1, after, then);
                                      });
    };
    const auto enough = [&] { return count >= node.least && then(at); };
    return node.hunger == Node::Hunger::kLazy ? enough() || once_more() : once_more() || enough();
  }

  bool One(const Node& node, size_t at, const Then& then) {
    if (node.kind == Node::Kind::kGroup) return Any(node.branches, at, then);
    if (at == name_.size()) return false;
    const bool listed = node.letters.find(name_[at]) != std::string::npos;
    const bool matches = node.kind == Node::Kind::kAny     ? name_[at] != '\n'
                         : node.kind == Node::Kind::kClass ? listed != node.negated
                                                           : name_[at] == node.letter;
    return matches && then(at + 1);
  }

  std::string_view name_;
};

}  // namespace

std::optional<std::vector<size_t>> MatchingNames(std::string_view pattern, const std::vector<std::string>& names,
                                                 bool case_sensitive) {
  const auto plain = [](std::string_view text) {
    return std::ranges::all_of(text, [](unsigned char c) { return c < 0x80; });
  };
  const std::string folded = case_sensitive ? std::string(pattern) : LowerAscii(pattern);
  const auto branches = Reader(folded).Read();
  if (!branches || pattern.size() > 200 || !plain(pattern)) return std::nullopt;
  std::vector<size_t> found;
  for (size_t i = 0; i < names.size(); ++i) {
    if (!plain(names[i])) return std::nullopt;
    const std::string name = case_sensitive ? names[i] : LowerAscii(names[i]);
    if (Matcher(name).Any(*branches, 0, [&](size_t end) { return end == name.size(); })) found.push_back(i);
  }
  return found;
}

}  // namespace tidemill::sql
