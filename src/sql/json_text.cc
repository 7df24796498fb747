#include "sql/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>

#include "base/utf8.h"
#include "plan/value.h"
#include "sql/coercion.h"

namespace tidemill::sql {
namespace {

using plan::DataType;
using plan::Field;
using plan::TypeId;
using Kind = JsonNode::Kind;

constexpr int kMaxDepth = 1000;

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  std::optional<JsonNode> Read(int depth = 0) {
    SkipBlanks();
    if (rest_.empty() || depth > kMaxDepth) return std::nullopt;
    char c = rest_.front();
    if (c == '{' || c == '[') return ReadNested(c == '{', depth);
    if (c == '"' || c == '\'') {
      JsonNode node{Kind::kString};
      if (!ReadString(node.text)) return std::nullopt;
      return node;
    }
    for (auto [word, kind] :
         {std::pair("null", Kind::kNull), std::pair("true", Kind::kTrue), std::pair("false", Kind::kFalse)}) {
      if (TakeWord(word)) return JsonNode{kind};
    }
    return ReadNumber();
  }

 private:
  void SkipBlanks() {
    while (!rest_.empty() && std::string_view(" \t\r\n").find(rest_.front()) != std::string_view::npos) {
      rest_.remove_prefix(1);
    }
  }
  bool Take(char c) {
    SkipBlanks();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool TakeWord(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    if (rest_.size() > word.size() && std::isalnum(static_cast<unsigned char>(rest_[word.size()]))) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  std::optional<JsonNode> ReadNested(bool object, int depth) {
    JsonNode node{object ? Kind::kObject : Kind::kArray};
    rest_.remove_prefix(1);
    const char close = object ? '}' : ']';
    if (Take(close)) return node;
    do {
      SkipBlanks();
      if (object) {
        if (rest_.empty() || (rest_.front() != '"' && rest_.front() != '\'')) return std::nullopt;
        std::string key;
        if (!ReadString(key) || !Take(':')) return std::nullopt;
        node.keys.push_back(std::move(key));
      }
      auto item = Read(depth + 1);
      if (!item) return std::nullopt;
      node.items.push_back(std::move(*item));
    } while (Take(','));
    if (!Take(close)) return std::nullopt;
    return node;
  }

  bool ReadHex(uint32_t& unit) {
    if (rest_.size() < 4) return false;
    auto [end, error] = std::from_chars(rest_.data(), rest_.data() + 4, unit, 16);
    if (error != std::errc() || end != rest_.data() + 4) return false;
    rest_.remove_prefix(4);
    return true;
  }

  bool ReadEscape(std::string& out) {
    if (rest_.empty()) return false;
    char c = rest_.front();
    rest_.remove_prefix(1);
    constexpr std::string_view kLetters = "bfnrt", kMeans = "\b\f\n\r\t";
    if (size_t at = kLetters.find(c); at != kLetters.npos) {
      out += kMeans[at];
      return true;
    }
    if (c != 'u') {
      out += c;
      return c == '"' || c == '\\' || c == '/' || c == '\'';
    }
    uint32_t unit = 0, low = 0;
    if (!ReadHex(unit)) return false;
    if (unit >= 0xD800 && unit < 0xDC00 && rest_.starts_with("\\u")) {
      rest_.remove_prefix(2);
      if (!ReadHex(low)) return false;
      unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    }
    AppendUtf8(out, unit >= 0xD800 && unit < 0xE000 ? '?' : unit);
    return true;
  }

  bool ReadString(std::string& out) {
    const char quote = rest_.front();
    rest_.remove_prefix(1);
    while (!rest_.empty()) {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == quote) return true;
      if (c == '\\') {
        if (!ReadEscape(out)) return false;
      } else {
        out += c;
      }
    }
    return false;
  }

  std::optional<JsonNode> ReadNumber() {
    size_t at = rest_.starts_with('-') ? 1 : 0;
    auto digits = [&] {
      size_t from = at;
      while (at < rest_.size() && std::isdigit(static_cast<unsigned char>(rest_[at]))) ++at;
      return at > from;
    };
    size_t first = at;
    if (!digits() || (rest_[first] == '0' && at > first + 1)) return std::nullopt;
    JsonNode node{Kind::kInteger};
    if (at < rest_.size() && rest_[at] == '.') {
      ++at;
      if (!digits()) return std::nullopt;
      node.kind = Kind::kFraction;
    }
    if (at < rest_.size() && (rest_[at] == 'e' || rest_[at] == 'E')) {
      ++at;
      if (at < rest_.size() && (rest_[at] == '-' || rest_[at] == '+')) ++at;
      if (!digits()) return std::nullopt;
      node.kind = Kind::kFraction;
    }
    if (at < rest_.size() && (std::isalpha(static_cast<unsigned char>(rest_[at])) || rest_[at] == '_'))
      return std::nullopt;
    node.text = std::string(rest_.substr(0, at));
    rest_.remove_prefix(at);
    return node;
  }

  std::string_view rest_;
};

void Write(const JsonNode& node, std::string& out) {
  switch (node.kind) {
    case Kind::kNull:
      out += "null";
      break;
    case Kind::kTrue:
    case Kind::kFalse:
      out += node.kind == Kind::kTrue ? "true" : "false";
      break;
    case Kind::kInteger:
      out += node.text;
      break;
    case Kind::kFraction:
      out += plan::DoubleToJavaText(std::strtod(node.text.c_str(), nullptr));
      break;
    case Kind::kString:
      out += QuoteJson(node.text);
      break;
    case Kind::kArray:
    case Kind::kObject:
      out += node.kind == Kind::kArray ? '[' : '{';
      for (size_t i = 0; i < node.items.size(); ++i) {
        if (i) out += ',';
        if (node.kind == Kind::kObject) out += QuoteJson(node.keys[i]) + ":";
        Write(node.items[i], out);
      }
      out += node.kind == Kind::kArray ? ']' : '}';
      break;
  }
}

DataType Merged(const DataType& a, const DataType& b);

DataType MergedStructs(const DataType& a, const DataType& b) {
  auto fields = a.fields();
  for (const auto& field : b.fields()) {
    auto same = std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == field.name; });
    if (same == fields.end()) {
      fields.push_back(field);
    } else {
      same->type = Merged(same->type, field.type);
    }
  }
  std::sort(fields.begin(), fields.end(), [](const Field& x, const Field& y) { return x.name < y.name; });
  return DataType::Struct(std::move(fields));
}

// JsonInferSchema.compatibleType.
DataType Merged(const DataType& a, const DataType& b) {
  if (a.is(TypeId::kNull)) return b;
  if (b.is(TypeId::kNull)) return a;
  if (auto type = a.is_nested() || b.is_nested() ? std::nullopt : TightestCommonType(a, b, TypeRules::kLegacy))
    return *type;
  if (a.is(TypeId::kStruct) && b.is(TypeId::kStruct)) return MergedStructs(a, b);
  if (a.is(TypeId::kArray) && b.is(TypeId::kArray)) return DataType::Array(Merged(a.element(), b.element()));
  if (a.is_numeric() && b.is_numeric()) return TypeId::kDouble;
  return TypeId::kString;
}

DataType Inferred(const JsonNode& node) {
  switch (node.kind) {
    case Kind::kNull:
      return TypeId::kNull;
    case Kind::kTrue:
    case Kind::kFalse:
      return TypeId::kBoolean;
    case Kind::kInteger: {
      int64_t value = 0;
      auto [end, error] = std::from_chars(node.text.data(), node.text.data() + node.text.size(), value);
      if (error == std::errc()) return TypeId::kLong;
      int digits = static_cast<int>(node.text.size()) - (node.text.starts_with('-') ? 1 : 0);
      return digits <= 38 ? DataType::Decimal(digits, 0) : DataType(TypeId::kDouble);
    }
    case Kind::kFraction:
      return TypeId::kDouble;
    case Kind::kString:
      return TypeId::kString;
    case Kind::kArray: {
      DataType element;
      for (const auto& item : node.items) element = Merged(element, Inferred(item));
      return DataType::Array(element);
    }
    case Kind::kObject: {
      DataType type = DataType::Struct({});
      for (size_t i = 0; i < node.items.size(); ++i) {
        type = MergedStructs(type, DataType::Struct({{node.keys[i], Inferred(node.items[i])}}));
      }
      return type;
    }
  }
  return {};
}

// What was never seen but as NULL is a string.
DataType Canonical(const DataType& type) {
  if (type.is(TypeId::kNull)) return TypeId::kString;
  if (type.is(TypeId::kArray)) return DataType::Array(Canonical(type.element()));
  if (!type.is(TypeId::kStruct)) return type;
  auto fields = type.fields();
  for (auto& field : fields) field.type = Canonical(field.type);
  return DataType::Struct(std::move(fields));
}

}  // namespace

std::optional<JsonNode> ParseJson(std::string_view text) { return Reader(text).Read(); }

std::string WriteJson(const JsonNode& node) {
  std::string out;
  Write(node, out);
  return out;
}

std::string QuoteJson(std::string_view text) {
  constexpr std::string_view kShort = "\b\f\n\r\t\"\\", kLetters = "bfnrt\"\\";
  std::string out = "\"";
  for (unsigned char c : text) {
    if (size_t at = kShort.find(static_cast<char>(c)); at != kShort.npos) {
      out += '\\';
      out += kLetters[at];
    } else if (c < 0x20) {
      out += fmt::format("\\u{:04X}", c);
    } else {
      out += static_cast<char>(c);
    }
  }
  return out + "\"";
}

DataType JsonType(const JsonNode& node) { return Canonical(Inferred(node)); }

}  // namespace tidemill::sql
