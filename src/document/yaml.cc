#include "document/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <sstream>

namespace tidemill::document {
namespace {

constexpr int kMostDepth = 100;
constexpr size_t kMostNodes = 200'000;  // a job file has hundreds; aliases of aliases can make billions
constexpr size_t kMostBytes = size_t{4} << 20;

struct TooMuch {
  YAML::Mark at;
  std::string message;
};

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

// Builds the tree from yaml-cpp's events, which carry marks that its own node type loses for keys.
class Builder final : public YAML::EventHandler {
 public:
  Builder(std::string_view text, const std::string& file, Diagnostics& out)
      : lines_(Lines(text)), file_(file), out_(out) {}

  Node TakeRoot() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { Finish(Leaf(mark, ""), anchor); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node = Leaf(mark, value);
    node.quoted = tag == "!";
    const bool null = !node.quoted && (value == "null" || value == "~" || value == "Null" || value == "NULL");
    if (!null) node.kind = Node::Kind::kScalar;
    PlaceText(mark, node);
    Finish(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw TooMuch{mark, "an alias inside its own anchor"};
    nodes_ += found->second.second;
    if (nodes_ > kMostNodes) throw TooMuch{mark, "aliases that multiply without end"};
    Finish(found->second.first, 0, found->second.second);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, Node::Kind::kList, anchor);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, Node::Kind::kMap, anchor);
  }
  void OnMapEnd() override { Close(); }

 private:
  struct Frame {
    Node node;
    YAML::anchor_t anchor = 0;
    size_t nodes_before = 0;
    bool has_key = false;
    std::string key;
    Place key_at;
  };

  Place At(const YAML::Mark& mark) const { return {file_, mark.line + 1, mark.column + 1}; }

  Node Leaf(const YAML::Mark& mark, const std::string& value) {
    Node node;
    node.at = At(mark);
    node.text = value;
    return node;
  }

  void PlaceText(const YAML::Mark& mark, Node& node) const {
    const auto line = static_cast<size_t>(std::max(mark.line, 0));
    if (line >= lines_.size()) return;
    const std::string_view rest = lines_[line].substr(std::min<size_t>(mark.column, lines_[line].size()));
    const char first = rest.empty() ? ' ' : rest.front();
    if (!node.quoted || first == '"' || first == '\'') {
      const bool one_line = node.text.find('\n') == std::string::npos;
      node.text_line = one_line ? mark.line + 1 : 0;
      node.text_column = mark.column + (node.quoted ? 2 : 1);
    } else if (first == '|') {
      node.text_line = mark.line + 2;
      node.text_column = 1;
      for (size_t i = line + 1; i < lines_.size(); ++i) {
        const size_t indent = lines_[i].find_first_not_of(" \r");
        if (indent == std::string_view::npos) continue;
        node.text_column = static_cast<int>(indent) + 1;
        break;
      }
    }
  }

  void Open(const YAML::Mark& mark, Node::Kind kind, YAML::anchor_t anchor) {
    if (stack_.size() >= kMostDepth) throw TooMuch{mark, fmt::format("more than {} levels of nesting", kMostDepth)};
    Frame frame;
    frame.node.kind = kind;
    frame.node.at = At(mark);
    frame.anchor = anchor;
    frame.nodes_before = nodes_;
    stack_.push_back(std::move(frame));
  }

  void Close() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    Finish(std::move(frame.node), frame.anchor, nodes_ - frame.nodes_before + 1);
  }

  void Finish(Node node, YAML::anchor_t anchor, size_t size = 1) {
    if (++nodes_ > kMostNodes) {
      throw TooMuch{YAML::Mark::null_mark(), fmt::format("more than {} values", kMostNodes)};
    }
    if (anchor != 0) anchors_[anchor] = {node, size};
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& parent = stack_.back();
    if (parent.node.is_list()) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.has_key) {
      TakeKey(parent, node);
    } else {
      parent.has_key = false;
      AddEntry(parent, std::move(node));
    }
  }

  void TakeKey(Frame& parent, const Node& node) {
    parent.has_key = true;
    parent.key = node.is_null() ? "null" : node.text;
    parent.key_at = node.at;
    if (node.is_list() || node.is_map()) {
      parent.key = "?";
      out_.Error(node.at, "", fmt::format("a key must be a text, this is {}", KindName(node.kind)));
    }
  }

  void AddEntry(Frame& parent, Node value) {
    if (const Node* earlier = parent.node.Find(parent.key)) {
      out_.Error(parent.key_at, parent.key, fmt::format("this key was given before, at line {}", earlier->at.line),
                 "remove one of the two");
      return;
    }
    parent.node.entries.push_back({parent.key, parent.key_at, std::move(value)});
  }

  std::vector<std::string_view> lines_;
  std::string file_;
  Diagnostics& out_;
  Node root_;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, std::pair<Node, size_t>> anchors_;
  size_t nodes_ = 0;
};

bool IsUtf8(std::string_view text, size_t& bad) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead < 0x80                   ? 1
                          : lead >= 0xC2 && lead < 0xE0 ? 2
                          : lead >= 0xE0 && lead < 0xF0 ? 3
                          : lead >= 0xF0 && lead < 0xF5 ? 4
                                                        : 0;
    bad = i;
    if (length == 0 || i + length > text.size()) return false;
    for (size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
    }
    i += length;
  }
  return true;
}

Place PlaceOfByte(std::string_view text, const std::string& file, size_t offset) {
  const auto before = text.substr(0, offset);
  const size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return {file, static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
          static_cast<int>(offset - line_start) + 1};
}

// What yaml-cpp would misread without a word: refused before it sees the text.
bool CheckBytes(std::string_view text, const std::string& file, Diagnostics& out) {
  size_t bad = 0;
  if (text.size() > kMostBytes) {
    out.Error({file}, "",
              fmt::format("the file has {} bytes, more than a job file may have ({})", text.size(), kMostBytes));
  } else if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    out.Error({file}, "", "the file is empty", "`tidemill init` writes a job file to start from");
  } else if (const size_t zero = text.find('\0'); zero != std::string_view::npos) {
    out.Error(PlaceOfByte(text, file, zero), "", "a zero byte: this is not a text file", "save it as UTF-8");
  } else if (!IsUtf8(text, bad)) {
    out.Error(PlaceOfByte(text, file, bad), "", "a byte that is not UTF-8", "save the file as UTF-8");
  } else {
    return true;
  }
  return false;
}

// The one mistake of YAML that everybody makes and no parser names.
std::string SyntaxHint(std::string_view text, int line) {
  const auto lines = Lines(text);
  for (int i = std::max(line - 1, 0); i <= line && i < static_cast<int>(lines.size()); ++i) {
    const size_t start = lines[i].find_first_not_of(' ');
    if (start != std::string_view::npos && lines[i][start] == '\t') {
      return fmt::format("line {} is indented with a tab; YAML wants spaces", i + 1);
    }
  }
  return "check the indentation, brackets and quotes of this line and the one before it";
}

std::string Plain(const Node& node) {
  if (node.is_null()) return "null";
  const bool safe = !node.text.empty() && node.text.find_first_of(":#{}[],&*!|>'\"%@`\\\n\t") == std::string::npos &&
                    (node.text.front() != '-' ||
                     (node.text.size() > 1 && std::isdigit(static_cast<unsigned char>(node.text[1])) != 0)) &&
                    node.text.front() != '?' && node.text.front() != ' ' && node.text.back() != ' ';
  if (safe && !node.quoted) return node.text;
  std::string quoted = "\"";
  for (const char c : node.text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c == '\t' ? std::string("\\t") : c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return quoted + "\"";
}

void Print(const Node& node, int indent, bool after_dash, std::string& out);

void PrintValue(const Node& node, int indent, std::string& out) {
  const std::string pad(static_cast<size_t>(indent), ' ');
  if (node.is_scalar() && node.text.find('\n') != std::string::npos) {
    out += node.text.ends_with('\n') ? " |\n" : " |-\n";
    for (const auto line : Lines(node.text)) out += line.empty() ? "\n" : pad + std::string(line) + "\n";
  } else if (node.is_scalar() || node.is_null()) {
    out += " " + Plain(node) + "\n";
  } else if (node.items.empty() && node.entries.empty()) {
    out += node.is_list() ? " []\n" : " {}\n";
  } else {
    out += "\n";
    Print(node, indent, false, out);
  }
}

void Print(const Node& node, int indent, bool after_dash, std::string& out) {
  const std::string pad(static_cast<size_t>(indent), ' ');
  bool first = after_dash;
  for (const Entry& entry : node.entries) {
    out += (first ? "" : pad) + entry.key + ":";
    first = false;
    PrintValue(entry.value, indent + 2, out);
  }
  for (const Node& item : node.items) {
    out += pad + "-";
    if (item.is_map() && !item.entries.empty()) {
      out += " ";
      Print(item, indent + 2, true, out);
    } else {
      PrintValue(item, indent + 2, out);
    }
  }
}

}  // namespace

const Node* Node::Find(std::string_view key) const {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.key == key; });
  return found == entries.end() ? nullptr : &found->value;
}

Node* Node::Find(std::string_view key) { return const_cast<Node*>(std::as_const(*this).Find(key)); }

std::string_view KindName(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::kNull:
      return "nothing";
    case Node::Kind::kScalar:
      return "a text";
    case Node::Kind::kList:
      return "a list";
    case Node::Kind::kMap:
      return "a map";
  }
  return "";
}

Node ParseYaml(std::string_view text, const std::string& file, Diagnostics& out) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (!CheckBytes(text, file, out)) return {};
  Builder builder(text, file, out);
  const auto place = [&](const YAML::Mark& mark) {
    return mark.is_null() ? Place{file} : Place{file, mark.line + 1, mark.column + 1};
  };
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    Node root = builder.TakeRoot();
    Builder rest(text, file, out);
    if (parser.HandleNextDocument(rest)) {
      out.Error(rest.TakeRoot().at, "", "a second YAML document", "one file holds one job; remove the `---`");
    }
    return root;
  } catch (const TooMuch& e) {
    out.Error(place(e.at), "", e.message);
  } catch (const YAML::Exception& e) {
    out.Error(place(e.mark), "", "this is not YAML: " + e.msg, SyntaxHint(text, e.mark.is_null() ? 0 : e.mark.line));
  } catch (const std::exception& e) {
    out.Error({file}, "", fmt::format("this is not YAML: {}", e.what()));
  }
  return {};
}

std::string ToYaml(const Node& node) {
  std::string text;
  Print(node, 0, false, text);
  return text;
}

}  // namespace tidemill::document
