// A YAML text as a tree in which every node knows where it was written. The only place that sees yaml-cpp.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "document/diagnostic.h"

namespace tidemill::document {

struct Entry;

struct Node {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  Place at;
  std::string text;     // scalar: as meant, without quotes
  bool quoted = false;  // scalar: written with quotes or as a block, so never a number, a boolean or null
  // Where the lines of a scalar's text lie in the file, for positions inside SQL: line 1, column 1 of the text. Zero
  // when lines were folded together and only the beginning is known.
  int text_line = 0;
  int text_column = 0;
  std::vector<Node> items;     // list
  std::vector<Entry> entries;  // map, in the order of the file, keys unique

  bool is_null() const { return kind == Kind::kNull; }
  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }
  // The value of a map's key; null pointer when it is not there.
  const Node* Find(std::string_view key) const;
  Node* Find(std::string_view key);
};

struct Entry {
  std::string key;
  Place at;
  Node value;
};

// "a text", "a list", "a map", "nothing".
std::string_view KindName(Node::Kind kind);

// One document. What is not YAML, a second document, keys given twice, anchors that blow up and nesting deeper than 100
// are errors in `out`; the tree then holds what could be read.
Node ParseYaml(std::string_view text, const std::string& file, Diagnostics& out);

// The tree as YAML again, in block style.
std::string ToYaml(const Node& node);

}  // namespace tidemill::document
