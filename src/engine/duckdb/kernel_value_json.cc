// JSON: get_json_object, json_tuple's parts, to_json, from_json and the small ones.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

#include "base/base64.h"
#include "engine/duckdb/base64.h"
#include "engine/duckdb/kernel_value.h"
#include "engine/duckdb/record_text.h"
#include "engine/duckdb/text_values.h"
#include "plan/variant.h"
#include "sql/json_text.h"
#include "sql/literal_text.h"

namespace tidemill::engine::duckdb {

using plan::DataType;
using plan::TypeId;
using plan::Value;
using sql::JsonNode;
using Kind = sql::JsonNode::Kind;

namespace {

// ---- get_json_object ----

struct Step {
  enum class Kind { kName, kIndex, kAnyName, kAnyIndex } kind;
  std::string name{};
  size_t index = 0;
};

// $.name, ['name'], [0], [*], .*
std::optional<std::vector<Step>> ParsePath(std::string_view path) {
  std::vector<Step> steps;
  if (!path.starts_with('$')) return std::nullopt;
  path.remove_prefix(1);
  while (!path.empty()) {
    bool bracket = path.front() == '[';
    if (!bracket && path.front() != '.') return std::nullopt;
    path.remove_prefix(1);
    if (bracket && path.starts_with('\'')) {
      size_t end = path.find('\'', 1);
      if (end == path.npos || end + 1 >= path.size() || path[end + 1] != ']') return std::nullopt;
      std::string name(path.substr(1, end - 1));
      if (name.empty() || name.find('?') != name.npos) return std::nullopt;
      steps.push_back(name == "*" ? Step{Step::Kind::kAnyName} : Step{Step::Kind::kName, name});
      path.remove_prefix(end + 2);
    } else if (bracket) {
      size_t end = path.find(']');
      if (end == path.npos) return std::nullopt;
      std::string_view body = path.substr(0, end);
      size_t index = 0;
      auto [stop, error] = std::from_chars(body.data(), body.data() + body.size(), index);
      bool number = error == std::errc() && stop == body.data() + body.size() && !body.empty();
      if (!number && body != "*") return std::nullopt;
      steps.push_back(number ? Step{Step::Kind::kIndex, "", index} : Step{Step::Kind::kAnyIndex});
      path.remove_prefix(end + 1);
    } else {
      size_t end = std::min(path.find_first_of(".["), path.size());
      std::string name(path.substr(0, end));
      if (name.empty() || name.find('?') != name.npos) return std::nullopt;
      steps.push_back(name == "*" ? Step{Step::Kind::kAnyName} : Step{Step::Kind::kName, name});
      path.remove_prefix(end);
    }
  }
  return steps;
}

enum class Style { kRaw, kQuoted, kFlatten };

// Hive's evaluation, as Spark has it: values go to `out`; true when any did.
bool Evaluate(const JsonNode& node, std::span<const Step> path, Style style, std::vector<std::string>& out) {
  auto list = [](const std::vector<std::string>& parts) {
    std::string text;
    for (const auto& part : parts) text += (text.empty() ? "" : ",") + part;
    return text;
  };
  if (path.empty()) {
    if (node.kind == Kind::kString && style == Style::kRaw) {
      out.push_back(node.text);
      return true;
    }
    if (node.kind == Kind::kArray && style == Style::kFlatten) {
      bool any = false;
      for (const auto& item : node.items) any = Evaluate(item, path, style, out) || any;
      return any;
    }
    out.push_back(sql::WriteJson(node));
    return true;
  }
  const Step& step = path.front();
  auto rest = path.subspan(1);
  // A wildcard matches no object, although the path's syntax has it.
  if (node.kind == Kind::kObject && step.kind == Step::Kind::kName) {
    for (size_t i = 0; i < node.items.size(); ++i) {
      if (node.keys[i] != step.name || node.items[i].kind == Kind::kNull) continue;
      if (Evaluate(node.items[i], rest, style, out)) return true;
    }
    return false;
  }
  if (node.kind != Kind::kArray) return false;
  if (step.kind == Step::Kind::kIndex) {
    if (step.index >= node.items.size()) return false;
    bool many = !rest.empty() && rest.front().kind == Step::Kind::kAnyIndex;
    return Evaluate(node.items[step.index], rest, many ? Style::kQuoted : style, out);
  }
  if (step.kind != Step::Kind::kAnyIndex) return false;
  std::vector<std::string> parts;
  size_t found = 0;
  bool twice = !rest.empty() && rest.front().kind == Step::Kind::kAnyIndex;
  if (twice) {
    for (const auto& item : node.items) found += Evaluate(item, rest.subspan(1), Style::kFlatten, parts);
    out.push_back("[" + list(parts) + "]");
    return found > 0;
  }
  Style next = style == Style::kFlatten ? Style::kFlatten : Style::kQuoted;
  for (const auto& item : node.items) found += Evaluate(item, rest, next, parts);
  if (style == Style::kQuoted || found > 1) {
    out.push_back("[" + list(parts) + "]");
  } else if (found == 1) {
    out.push_back(list(parts));
  }
  return found > 0;
}

Value GetJsonObject(Row&, const ValueCall& call) {
  auto path = ParsePath(call.text(1));
  auto root = path ? sql::ParseJson(call.text(0)) : std::nullopt;
  if (!root) return {};
  std::vector<std::string> out;
  if (!Evaluate(*root, *path, Style::kRaw, out) || out.empty()) return {};
  return {out.front()};
}

// One column of json_tuple: the value of a top-level key, the last of that name.
Value JsonField(Row&, const ValueCall& call) {
  auto root = sql::ParseJson(call.text(0));
  if (!root || root->kind != Kind::kObject) return {};
  for (size_t i = root->items.size(); i-- > 0;) {
    if (root->keys[i] != call.text(1)) continue;
    const auto& item = root->items[i];
    if (item.kind == Kind::kNull) return {};
    return {item.kind == Kind::kString ? item.text : sql::WriteJson(item)};
  }
  return {};
}

Value JsonArrayLength(Row&, const ValueCall& call) {
  auto root = sql::ParseJson(call.text(0));
  if (!root || root->kind != Kind::kArray) return {};
  return {static_cast<int64_t>(root->items.size())};
}

Value JsonObjectKeys(Row&, const ValueCall& call) {
  auto root = sql::ParseJson(call.text(0));
  if (!root || root->kind != Kind::kObject) return {};
  std::vector<Value> keys;
  for (const auto& key : root->keys) keys.push_back({key});
  return ChildrenValue(std::move(keys));
}

// ---- to_json ----

struct JsonWriter {
  Row& row;
  bool ignore_nulls = true;
  const std::string& date_format;  // empty: Spark's own
  const std::string& timestamp_format;

  // `local` is the value with its instants as local times.
  std::string Text(const Value& value, const Value& local, const DataType& type) const {
    if (value.is_null()) return "null";
    switch (type.id()) {
      case TypeId::kString:
        return sql::QuoteJson(std::get<std::string>(value.data));
      case TypeId::kBinary:
        return "\"" + Base64(std::get<std::string>(value.data)) + "\"";
      case TypeId::kFloat:
      case TypeId::kDouble: {
        std::string text = plan::ToSparkText(value, type);
        return std::isfinite(std::get<double>(value.data)) ? text : "\"" + text + "\"";
      }
      case TypeId::kDecimal:
        return sql::LiteralText({value, type});
      case TypeId::kVariant:
        return plan::VariantJson(plan::DecodeVariant(std::get<std::string>(value.data)));
      case TypeId::kCalendarInterval:
        return "\"" + plan::ToSparkText(value, type) + "\"";
      case TypeId::kDate:
      case TypeId::kTimestamp:
      case TypeId::kTimestampNtz:
        return sql::QuoteJson(WriteTime(row, value, local, type, date_format, timestamp_format));
      case TypeId::kYearMonthInterval:
      case TypeId::kDayTimeInterval:
        return "\"" + sql::LiteralText({value, type}) + "\"";
      case TypeId::kArray:
      case TypeId::kStruct:
      case TypeId::kMap:
        return Nested(*std::get<Value::Children>(value.data), *std::get<Value::Children>(local.data), type);
      default:
        return plan::ToSparkText(value, type);
    }
  }

  std::string Nested(const std::vector<Value>& values, const std::vector<Value>& locals, const DataType& type) const {
    std::string text;
    auto add = [&](const std::string& part) { text += (text.empty() ? "" : ",") + part; };
    if (type.is(TypeId::kArray)) {
      for (size_t i = 0; i < values.size(); ++i) add(Text(values[i], locals[i], type.element()));
      return "[" + text + "]";
    }
    for (size_t i = 0; i < values.size(); ++i) {
      if (type.is(TypeId::kMap)) {
        std::string key = plan::ToSparkText(values[i], type.key());
        add(sql::QuoteJson(key) + ":" + Text(values[i + 1], locals[i + 1], type.value()));
        ++i;
      } else if (!(ignore_nulls && values[i].is_null())) {
        add(sql::QuoteJson(type.fields()[i].name) + ":" + Text(values[i], locals[i], type.fields()[i].type));
      }
    }
    return "{" + text + "}";
  }
};

// (value, the same with local times, ignore nulls, date format, timestamp format)
Value ToJson(Row& row, const ValueCall& call) {
  return {JsonWriter{row, call.flag(2), call.text(3), call.text(4)}.Text(call.args[0], call.args[1], call.types[0])};
}

// ---- from_json ----

// JacksonParser's converters. A field that does not convert is NULL, the record is marked bad.
class JsonReader {
 public:
  JsonReader(Row& row, const ValueCall& call, const TextRules& rules) : row_(row), call_(call), rules_(rules) {}

  bool bad() const { return bad_; }

  Value Convert(const JsonNode& node, const DataType& type) {
    if (node.kind == Kind::kNull) return {};
    auto value = Try(node, type);
    if (value) return *value;
    bad_ = true;
    return {};
  }

 private:
  template <typename T>
  static std::optional<Value> Whole(const std::string& text) {
    T value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() ? std::optional(Value{int64_t{value}}) : std::nullopt;
  }

  static std::optional<Value> Floating(const JsonNode& node) {
    if (node.kind == Kind::kInteger || node.kind == Kind::kFraction) {
      return Value{std::strtod(node.text.c_str(), nullptr)};
    }
    if (node.kind != Kind::kString) return std::nullopt;
    if (node.text == "NaN") return Value{std::numeric_limits<double>::quiet_NaN()};
    if (node.text == "+INF" || node.text == "+Infinity" || node.text == "Infinity") {
      return Value{std::numeric_limits<double>::infinity()};
    }
    if (node.text == "-INF" || node.text == "-Infinity") return Value{-std::numeric_limits<double>::infinity()};
    return std::nullopt;
  }

  // One item that does not convert spoils its whole array or map.
  bool AddItem(const JsonNode& item, const DataType& type, std::vector<Value>& items) {
    items.push_back(Convert(item, type));
    return item.kind == Kind::kNull || !items.back().is_null();
  }

  std::optional<Value> Try(const JsonNode& node, const DataType& type) {
    bool integer = node.kind == Kind::kInteger, text = node.kind == Kind::kString;
    switch (type.id()) {
      case TypeId::kBoolean:
        if (node.kind != Kind::kTrue && node.kind != Kind::kFalse) return std::nullopt;
        return Value{node.kind == Kind::kTrue};
      case TypeId::kByte:
        return integer ? Whole<int8_t>(node.text) : std::nullopt;
      case TypeId::kShort:
        return integer ? Whole<int16_t>(node.text) : std::nullopt;
      case TypeId::kInt:
        return integer ? Whole<int32_t>(node.text) : std::nullopt;
      case TypeId::kLong:
        return integer ? Whole<int64_t>(node.text) : std::nullopt;
      case TypeId::kFloat:
      case TypeId::kDouble:
        return Floating(node);
      case TypeId::kDecimal: {
        if (!integer && !text && node.kind != Kind::kFraction) return std::nullopt;
        auto digits = ParseDecimal(node.text, type.precision(), type.scale());
        return digits ? std::optional(Value{*digits}) : std::nullopt;
      }
      case TypeId::kString:
        // A number as it was written.
        return Value{text || integer || node.kind == Kind::kFraction ? node.text : sql::WriteJson(node)};
      case TypeId::kBinary: {
        auto bytes = text ? FromBase64(node.text) : std::nullopt;
        return bytes ? std::optional(Value{*bytes}) : std::nullopt;
      }
      case TypeId::kDate:
      case TypeId::kTimestamp:
      case TypeId::kTimestampNtz: {
        if (integer && type.is(TypeId::kTimestamp)) {
          auto seconds = Whole<int64_t>(node.text);
          if (!seconds) return std::nullopt;
          if (!call_.result.SameType(call_.types.back())) {
            row_.Refuse("a time as a number of seconds, under a session zone other than UTC,");
          }
          return Value{std::get<int64_t>(seconds->data) * 1000000};
        }
        return text ? ReadTime(row_, call_, node.text, type, rules_, false) : std::nullopt;
      }
      case TypeId::kArray: {
        if (node.kind != Kind::kArray) return std::nullopt;
        std::vector<Value> items;
        for (const auto& item : node.items) {
          if (!AddItem(item, type.element(), items)) return std::nullopt;
        }
        return ChildrenValue(std::move(items));
      }
      case TypeId::kMap: {
        if (node.kind != Kind::kObject) return std::nullopt;
        std::vector<Value> entries;
        for (size_t i = 0; i < node.items.size(); ++i) {
          entries.push_back({node.keys[i]});
          if (!AddItem(node.items[i], type.value(), entries)) return std::nullopt;
        }
        return ChildrenValue(std::move(entries));
      }
      case TypeId::kStruct: {
        if (node.kind != Kind::kObject) return std::nullopt;
        std::vector<Value> fields(type.fields().size());
        for (size_t i = 0; i < node.items.size(); ++i) {
          for (size_t f = 0; f < fields.size(); ++f) {
            if (type.fields()[f].name == node.keys[i]) fields[f] = Convert(node.items[i], type.fields()[f].type);
          }
        }
        return ChildrenValue(std::move(fields));
      }
      default:
        return std::nullopt;
    }
  }

  Row& row_;
  const ValueCall& call_;
  const TextRules& rules_;
  bool bad_ = false;
};

// (text, options, NULL of the type with its instants)
Value FromJson(Row& row, const ValueCall& call) {
  if (call.null(0)) return {};
  const std::string& text = call.text(0);
  const DataType& type = call.types[2];
  const auto rules = RulesOf(call, 1);
  if (std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isspace(c); })) return {};
  auto root = sql::ParseJson(text);
  JsonReader reader(row, call, rules);
  Value value;
  const JsonNode* node = root ? &*root : nullptr;
  // An array of structs may come as one struct.
  bool lone = node && node->kind == Kind::kObject && type.is(TypeId::kArray) && type.element().is(TypeId::kStruct);
  if (lone) {
    value = ChildrenValue({reader.Convert(*node, type.element())});
  } else if (node) {
    value = reader.Convert(*node, type);
  }
  bool bad = !node || reader.bad();
  // A bare null is a record all the same: one whose fields are all missing.
  if (node && node->kind == Kind::kNull && type.is(TypeId::kStruct)) bad = true;
  if (row.failed()) return {};
  const Value settled = Settled(row, value, bad, text, type, rules);
  return type.is(TypeId::kStruct) ? settled : value;
}

}  // namespace

std::span<const ValueRow> JsonValues() {
  static constexpr ValueRow kRows[] = {
      {"get_json_object", GetJsonObject},   {"json_field", JsonField}, {"json_array_length", JsonArrayLength},
      {"json_object_keys", JsonObjectKeys}, {"to_json", ToJson},       {"from_json", FromJson, ValueRow::Nulls::kSees}};
  return kRows;
}

}  // namespace tidemill::engine::duckdb
