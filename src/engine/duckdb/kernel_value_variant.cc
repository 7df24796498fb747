// VARIANT: from JSON and from values, paths into it, and its parts as values.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>

#include "engine/duckdb/kernel_value.h"
#include "plan/variant.h"
#include "sql/json_text.h"

namespace tidemill::engine::duckdb {

using plan::DataType;
using plan::Int128;
using plan::TypeId;
using plan::Value;
using plan::Variant;
using sql::JsonNode;
using Kind = Variant::Kind;

namespace {

Value Encoded(const Variant& variant) { return {plan::EncodeVariant(variant)}; }
Variant VariantAt(const ValueCall& call, size_t i) { return plan::DecodeVariant(call.text(i)); }

// ---- parse_json ----

// What ParseJson takes and Jackson by itself does not: other quotes, and control characters in a text.
bool IsStrict(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c == '\\' && text.substr(++i, 1) == "'") return false;
      quoted = c != '"';
    } else if (c == '\'') {
      return false;
    } else {
      if (c == '-' && i > 0 && std::isdigit(static_cast<unsigned char>(text[i - 1]))) return false;
      quoted = c == '"';
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
    }
    const bool ended = !quoted && depth == 0 && (c == '"' || c == '}' || c == ']');
    if (ended) return true;
  }
  return true;
}

// A number without an exponent is a decimal of up to 38 digits, any other that has a point or more digits a double.
Variant NumberOf(const JsonNode& node) {
  const std::string& text = node.text;
  if (node.kind == JsonNode::Kind::kInteger) {
    int64_t whole = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
    if (error == std::errc() && end == text.data() + text.size()) return {.kind = Kind::kLong, .number = whole};
  }
  const size_t point = text.find('.');
  std::string digits;
  for (const char c : text) {
    if (c >= '0' && c <= '9') digits += c;
  }
  const int scale = point == std::string::npos ? 0 : static_cast<int>(text.size() - point - 1);
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  const bool plain = text.find_first_not_of("-.0123456789") == std::string::npos;
  if (plain && digits.size() <= 38 && scale <= 38) {
    Int128 value = 0;
    for (const char c : digits) value = value * 10 + (c - '0');
    return plan::DecimalVariant(text[0] == '-' ? -value : value, scale);
  }
  return {.kind = Kind::kDouble, .real = std::strtod(text.c_str(), nullptr)};
}

// Nothing where a key is there twice.
std::optional<Variant> FromJson(const JsonNode& node) {
  switch (node.kind) {
    case JsonNode::Kind::kNull:
      return Variant{};
    case JsonNode::Kind::kTrue:
    case JsonNode::Kind::kFalse:
      return Variant{.kind = Kind::kBoolean, .number = node.kind == JsonNode::Kind::kTrue};
    case JsonNode::Kind::kInteger:
    case JsonNode::Kind::kFraction:
      return NumberOf(node);
    case JsonNode::Kind::kString:
      return Variant{.kind = Kind::kString, .text = node.text};
    default:
      break;
  }
  const bool object = node.kind == JsonNode::Kind::kObject;
  std::vector<size_t> order(node.items.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  if (object) std::ranges::sort(order, {}, [&](size_t i) { return node.keys[i]; });
  Variant variant{.kind = object ? Kind::kObject : Kind::kArray};
  for (const size_t i : order) {
    if (object) {
      if (!variant.keys.empty() && variant.keys.back() == node.keys[i]) return std::nullopt;
      variant.keys.push_back(node.keys[i]);
    }
    auto item = FromJson(node.items[i]);
    if (!item) return std::nullopt;
    variant.items.push_back(std::move(*item));
  }
  return variant;
}

Value ParseJson(Row& row, const ValueCall& call) {
  const auto root = IsStrict(call.text(0)) ? sql::ParseJson(call.text(0)) : std::nullopt;
  const auto variant = root ? FromJson(*root) : std::nullopt;
  if (variant) return Encoded(*variant);
  row.Fail("MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION", "22023",
           "Malformed records are detected in record parsing: " + call.text(0) +
               ".\nParse Mode: FAILFAST. To process malformed records as null result, try setting the option 'mode' as "
               "'PERMISSIVE'.");
  return {};
}

// ---- from values ----

Variant FromValue(const Value& value, const DataType& type) {
  if (value.is_null()) return {};
  switch (type.id()) {
    case TypeId::kVariant:
      return plan::DecodeVariant(std::get<std::string>(value.data));
    case TypeId::kBoolean:
      return {.kind = Kind::kBoolean, .number = std::get<bool>(value.data)};
    case TypeId::kFloat:
      return {.kind = Kind::kFloat, .real = std::get<double>(value.data)};
    case TypeId::kDouble:
      return {.kind = Kind::kDouble, .real = std::get<double>(value.data)};
    case TypeId::kDecimal:
      return plan::DecimalVariant(std::get<Int128>(value.data), type.scale());
    case TypeId::kString:
      return {.kind = Kind::kString, .text = std::get<std::string>(value.data)};
    case TypeId::kBinary:
      return {.kind = Kind::kBinary, .text = std::get<std::string>(value.data)};
    case TypeId::kDate:
      return {.kind = Kind::kDate, .number = std::get<int64_t>(value.data)};
    case TypeId::kTimestampNtz:
      return {.kind = Kind::kTimestampNtz, .number = std::get<int64_t>(value.data)};
    case TypeId::kArray:
    case TypeId::kMap:
    case TypeId::kStruct:
      break;
    default:
      return {.kind = Kind::kLong, .number = std::get<int64_t>(value.data)};
  }
  const auto& children = *std::get<Value::Children>(value.data);
  if (type.is(TypeId::kArray)) {
    Variant array{.kind = Kind::kArray};
    for (const auto& child : children) array.items.push_back(FromValue(child, type.element()));
    return array;
  }
  std::vector<std::pair<std::string, Variant>> fields;
  for (size_t i = 0; i < children.size(); ++i) {
    if (type.is(TypeId::kMap)) {
      fields.emplace_back(std::get<std::string>(children[i].data), FromValue(children[i + 1], type.value()));
      ++i;
    } else {
      fields.emplace_back(type.fields()[i].name, FromValue(children[i], type.fields()[i].type));
    }
  }
  std::ranges::stable_sort(fields, {}, [](const auto& field) { return field.first; });
  Variant object{.kind = Kind::kObject};
  for (auto& [name, field] : fields) {
    object.keys.push_back(name);
    object.items.push_back(std::move(field));
  }
  return object;
}
Value ToVariant(Row&, const ValueCall& call) { return Encoded(FromValue(call.args[0], call.types[0])); }

// ---- paths ----

const Variant* Named(const Variant& variant, std::string_view name) {
  if (variant.kind != Kind::kObject) return nullptr;
  const auto found = std::ranges::find(variant.keys, name);
  return found == variant.keys.end() ? nullptr : &variant.items[static_cast<size_t>(found - variant.keys.begin())];
}

// $.name ['name'] ["name"] [0]; false: no such path. The part that is not there is null.
bool Follow(std::string_view path, const Variant** at) {
  if (!path.starts_with('$')) return false;
  path.remove_prefix(1);
  while (!path.empty()) {
    const char first = path[0];
    path.remove_prefix(1);
    std::string_view name;
    if (first == '.') {
      const size_t end = std::min(path.find_first_of(".["), path.size());
      if (end == 0) return false;
      name = path.substr(0, end);
      path.remove_prefix(end);
    } else if (first == '[' && (path.starts_with('\'') || path.starts_with('"'))) {
      const size_t end = path.find(path[0], 1);
      if (end == std::string_view::npos || path.substr(end + 1, 1) != "]") return false;
      name = path.substr(1, end - 1);
      path.remove_prefix(end + 2);
    } else if (first == '[') {
      uint32_t index = 0;
      const size_t end = std::min(path.find(']'), path.size());
      const auto [stop, error] = std::from_chars(path.data(), path.data() + end, index);
      if (end == 0 || end == path.size() || error != std::errc() || stop != path.data() + end) return false;
      path.remove_prefix(end + 1);
      const bool there = *at && (*at)->kind == Kind::kArray && index < (*at)->items.size();
      *at = there ? &(*at)->items[index] : nullptr;
      continue;
    } else {
      return false;
    }
    *at = *at ? Named(**at, name) : nullptr;
  }
  return true;
}
Value Path(Row& row, const ValueCall& call) {
  const Variant root = VariantAt(call, 0);
  const Variant* at = &root;
  if (Follow(call.text(1), &at)) return at ? Encoded(*at) : Value{};
  row.Fail("INVALID_VARIANT_GET_PATH", "22023",
           "The path `" + call.text(1) +
               "` is not a valid variant extraction path in `variant_get`.\nA valid path should start with `$` and is "
               "followed by zero or more segments like `[123]`, `.name`, `['name']`, or `[\"name\"]`.");
  return {};
}
Value Field(Row&, const ValueCall& call) {
  const Variant root = VariantAt(call, 0);
  const Variant* field = Named(root, call.text(1));
  return field ? Encoded(*field) : Value{};
}

// ---- parts as values ----

Value KindName(Row&, const ValueCall& call) { return {std::string(1, static_cast<char>(VariantAt(call, 0).kind))}; }

// The value, of the type that the call's result is; NULL where it is of another kind.
Value Scalar(Row& row, const ValueCall& call) {
  const Variant variant = VariantAt(call, 0);
  switch (variant.kind) {
    case Kind::kBoolean:
      return call.result.is(TypeId::kBoolean) ? Value{variant.number != 0} : Value{};
    case Kind::kLong:
      return call.result.is(TypeId::kLong) ? Value{variant.number} : Value{};
    case Kind::kFloat:
    case Kind::kDouble:
      return call.result.is_fractional() ? Value{variant.real} : Value{};
    case Kind::kString:
      return call.result.is(TypeId::kString) ? Value{variant.text} : Value{};
    case Kind::kDate:
      return call.result.is(TypeId::kDate) ? Value{variant.number} : Value{};
    case Kind::kTimestampNtz:
      return call.result.is(TypeId::kTimestampNtz) ? Value{variant.number} : Value{};
    case Kind::kDecimal: {
      if (!call.result.is(TypeId::kDecimal)) return {};
      Int128 digits = variant.digits, limit = 1;
      for (int i = 0; i < 38; ++i) limit *= 10;
      bool fits = variant.number <= call.result.scale();
      for (auto scale = variant.number; fits && scale < call.result.scale(); ++scale) {
        fits = digits < limit / 10 && digits > -limit / 10;
        digits *= 10;
      }
      if (!fits) row.Refuse("a cast of a VARIANT that holds a decimal of so many digits");
      return {digits};
    }
    default:
      return {};
  }
}
Value Json(Row&, const ValueCall& call) { return {plan::VariantJson(VariantAt(call, 0))}; }
Value Text(Row&, const ValueCall& call) {
  const Variant variant = VariantAt(call, 0);
  return variant.kind == Kind::kNull ? Value{} : Value{plan::VariantText(variant)};
}
Value Schema(Row&, const ValueCall& call) { return {plan::VariantSchema(VariantAt(call, 0))}; }
Value IsNull(Row&, const ValueCall& call) { return {!call.null(0) && VariantAt(call, 0).kind == Kind::kNull}; }
Value Items(Row&, const ValueCall& call) {
  std::vector<Value> items;
  for (const auto& item : VariantAt(call, 0).items) items.push_back(Encoded(item));
  return ChildrenValue(std::move(items));
}
// (pos, key, value) of each part; NULL where there are none.
Value Entries(Row&, const ValueCall& call) {
  const Variant variant = VariantAt(call, 0);
  std::vector<Value> entries;
  for (size_t i = 0; i < variant.items.size(); ++i) {
    const Value key = variant.kind == Kind::kObject ? Value{variant.keys[i]} : Value{};
    entries.push_back(ChildrenValue({Value{static_cast<int64_t>(i)}, key, Encoded(variant.items[i])}));
  }
  return ChildrenValue(std::move(entries));
}

Value BadCast(Row& row, const ValueCall& call) {
  row.Fail("INVALID_VARIANT_CAST", "22023",
           "The variant value `" + plan::VariantJson(VariantAt(call, 0)) + "` cannot be cast into `\"" + call.text(1) +
               "\"`. Please use `try_variant_get` instead.");
  return {};
}

}  // namespace

std::span<const ValueRow> VariantValues() {
  static constexpr ValueRow kRows[] = {
      {"parse_json", ParseJson},     {"variant_of", ToVariant, ValueRow::Nulls::kNullForNull},
      {"variant_path", Path},        {"variant_field", Field},
      {"variant_kind", KindName},    {"variant_scalar", Scalar},
      {"variant_json", Json},        {"variant_text", Text},
      {"variant_schema", Schema},    {"variant_is_null", IsNull, ValueRow::Nulls::kSees},
      {"variant_items", Items},      {"variant_entries", Entries},
      {"variant_bad_cast", BadCast},
  };
  return kRows;
}

}  // namespace tidemill::engine::duckdb
