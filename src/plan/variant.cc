#include "plan/variant.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>
#include <map>

namespace tidemill::plan {
namespace {

using Kind = Variant::Kind;

template <typename T>
void Append(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
void AppendText(std::string& out, const std::string& text) {
  Append(out, static_cast<uint32_t>(text.size()));
  out += text;
}

void Encode(const Variant& variant, std::string& out) {
  out += static_cast<char>(variant.kind);
  switch (variant.kind) {
    case Kind::kNull:
      break;
    case Kind::kFloat:
    case Kind::kDouble:
      Append(out, variant.real);
      break;
    case Kind::kDecimal:
      Append(out, variant.number);
      Append(out, variant.digits);
      break;
    case Kind::kString:
    case Kind::kBinary:
      AppendText(out, variant.text);
      break;
    case Kind::kArray:
    case Kind::kObject:
      Append(out, static_cast<uint32_t>(variant.items.size()));
      for (size_t i = 0; i < variant.items.size(); ++i) {
        if (variant.kind == Kind::kObject) AppendText(out, variant.keys[i]);
        Encode(variant.items[i], out);
      }
      break;
    default:
      Append(out, variant.number);
  }
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  Variant Read() {
    Variant variant;
    variant.kind = static_cast<Kind>(Take<char>());
    switch (variant.kind) {
      case Kind::kNull:
        break;
      case Kind::kFloat:
      case Kind::kDouble:
        variant.real = Take<double>();
        break;
      case Kind::kDecimal:
        variant.number = Take<int64_t>();
        variant.digits = Take<Int128>();
        break;
      case Kind::kString:
      case Kind::kBinary:
        variant.text = TakeText();
        break;
      case Kind::kArray:
      case Kind::kObject:
        for (auto left = Take<uint32_t>(); left > 0 && !rest_.empty(); --left) {
          if (variant.kind == Kind::kObject) variant.keys.push_back(TakeText());
          variant.items.push_back(Read());
        }
        break;
      default:
        variant.number = Take<int64_t>();
    }
    return variant;
  }

 private:
  template <typename T>
  T Take() {
    T value{};
    if (rest_.size() < sizeof value) return value;
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    return value;
  }
  std::string TakeText() {
    const size_t size = std::min<size_t>(Take<uint32_t>(), rest_.size());
    std::string text(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return text;
  }

  std::string_view rest_;
};

// As Jackson writes a text.
std::string Quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    constexpr std::string_view kPlain = "\"\\\b\f\n\r\t", kEscaped = "\"\\bfnrt";
    if (const size_t at = kPlain.find(c); at != std::string_view::npos) {
      out += {'\\', kEscaped[at]};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += {'\\', 'u', '0', '0', "0123456789ABCDEF"[c >> 4], "0123456789ABCDEF"[c & 15]};
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string Scalar(const Variant& variant) {
  switch (variant.kind) {
    case Kind::kNull:
      return "null";
    case Kind::kBoolean:
      return variant.number ? "true" : "false";
    case Kind::kLong:
      return std::to_string(variant.number);
    case Kind::kFloat:
      return FloatToJavaText(static_cast<float>(variant.real));
    case Kind::kDouble:
      return DoubleToJavaText(variant.real);
    case Kind::kDecimal: {
      const int scale = static_cast<int>(variant.number);
      return ToSparkText(Value{variant.digits}, DataType::Decimal(38, scale));
    }
    case Kind::kDate:
      return DateToText(variant.number);
    case Kind::kTimestampNtz:
      return TimestampToText(variant.number);
    case Kind::kBinary: {
      std::string text = BinaryText(variant.text, BinaryStyle::kBase64);
      text.append((4 - text.size() % 4) % 4, '=');
      return text;
    }
    default:
      return variant.text;
  }
}

// ---- schema_of_variant ----

// What a schema may be: a scalar type, or the parts of an array or object.
struct Shape {
  enum class Kind { kType, kDecimal, kArray, kObject, kVariant } kind = Kind::kType;
  std::string type{};  // kType
  int whole = 0, scale = 0;
  std::vector<Shape> element{};  // kArray: one
  std::map<std::string, Shape> fields{};
};

Shape DecimalShape(int whole, int scale) { return {.kind = Shape::Kind::kDecimal, .whole = whole, .scale = scale}; }

Shape Merged(const Shape& a, const Shape& b) {
  using K = Shape::Kind;
  if (a.kind == K::kType && a.type == "VOID") return b;
  if (b.kind == K::kType && b.type == "VOID") return a;
  if (a.kind == K::kType && b.kind == K::kType && a.type == b.type) return a;
  const auto number = [](const Shape& s) { return s.kind == K::kDecimal || s.type == "BIGINT" || s.type == "DOUBLE"; };
  const auto digits = [](const Shape& s) { return s.kind == K::kDecimal ? s : DecimalShape(20, 0); };
  const bool numbers = number(a) && number(b) && a.kind != K::kArray && b.kind != K::kArray;
  if (numbers && a.kind <= K::kDecimal && b.kind <= K::kDecimal) {
    if (a.type == "DOUBLE" || b.type == "DOUBLE") return {.type = "DOUBLE"};
    const Shape x = digits(a), y = digits(b);
    const int whole = std::max(x.whole, y.whole), scale = std::max(x.scale, y.scale);
    return whole + scale > 38 ? Shape{.type = "DOUBLE"} : DecimalShape(whole, scale);
  }
  if (a.kind == K::kArray && b.kind == K::kArray) {
    return {.kind = K::kArray, .element = {Merged(a.element[0], b.element[0])}};
  }
  if (a.kind != K::kObject || b.kind != K::kObject) return {.kind = K::kVariant};
  Shape both = a;
  for (const auto& [name, shape] : b.fields) {
    const auto [slot, fresh] = both.fields.emplace(name, shape);
    if (!fresh) slot->second = Merged(slot->second, shape);
  }
  return both;
}

Shape ShapeOf(const Variant& variant) {
  switch (variant.kind) {
    case Kind::kNull:
      return {.type = "VOID"};
    case Kind::kBoolean:
      return {.type = "BOOLEAN"};
    case Kind::kLong:
      return {.type = "BIGINT"};
    case Kind::kFloat:
      return {.type = "FLOAT"};
    case Kind::kDouble:
      return {.type = "DOUBLE"};
    case Kind::kString:
      return {.type = "STRING"};
    case Kind::kBinary:
      return {.type = "BINARY"};
    case Kind::kDate:
      return {.type = "DATE"};
    case Kind::kTimestampNtz:
      return {.type = "TIMESTAMP_NTZ"};
    case Kind::kDecimal: {
      const int scale = static_cast<int>(variant.number);
      const Int128 size = variant.digits < 0 ? -variant.digits : variant.digits;
      const int precision = std::max(static_cast<int>(Int128ToString(size).size()), scale);
      return DecimalShape(precision - scale, scale);
    }
    case Kind::kArray: {
      Shape element{.type = "VOID"};
      for (const auto& item : variant.items) element = Merged(element, ShapeOf(item));
      return {.kind = Shape::Kind::kArray, .element = {element}};
    }
    case Kind::kObject: {
      Shape object{.kind = Shape::Kind::kObject};
      for (size_t i = 0; i < variant.items.size(); ++i)
        object.fields.emplace(variant.keys[i], ShapeOf(variant.items[i]));
      return object;
    }
  }
  return {.kind = Shape::Kind::kVariant};
}

std::string Name(const std::string& name) {
  const bool plain =
      !name.empty() && !std::isdigit(static_cast<unsigned char>(name[0])) &&
      std::ranges::all_of(name, [](unsigned char c) { return c < 0x80 && (std::isalnum(c) || c == '_'); });
  if (plain) return name;
  std::string quoted = "`";
  for (const char c : name) quoted += c == '`' ? std::string("``") : std::string(1, c);
  return quoted + "`";
}

std::string Text(const Shape& shape) {
  switch (shape.kind) {
    case Shape::Kind::kType:
      return shape.type;
    case Shape::Kind::kDecimal:
      return "DECIMAL(" + std::to_string(shape.whole + shape.scale) + "," + std::to_string(shape.scale) + ")";
    case Shape::Kind::kArray:
      return "ARRAY<" + Text(shape.element[0]) + ">";
    case Shape::Kind::kObject: {
      std::string fields;
      for (const auto& [name, field] : shape.fields) {
        fields += (fields.empty() ? "" : ", ") + Name(name) + ": " + Text(field);
      }
      return "OBJECT<" + fields + ">";
    }
    case Shape::Kind::kVariant:
      break;
  }
  return "VARIANT";
}

}  // namespace

Variant DecimalVariant(Int128 digits, int scale) {
  while (scale > 0 && digits % 10 == 0) {
    digits /= 10;
    --scale;
  }
  return {.kind = Kind::kDecimal, .number = scale, .digits = digits};
}

std::string EncodeVariant(const Variant& variant) {
  std::string bytes;
  Encode(variant, bytes);
  return bytes;
}

Variant DecodeVariant(std::string_view bytes) { return Reader(bytes).Read(); }

std::string VariantJson(const Variant& variant) {
  const bool array = variant.kind == Kind::kArray;
  if (!array && variant.kind != Kind::kObject) {
    const bool real = variant.kind == Kind::kFloat || variant.kind == Kind::kDouble;
    const bool bare = variant.kind == Kind::kNull || variant.kind == Kind::kBoolean || variant.kind == Kind::kLong ||
                      variant.kind == Kind::kDecimal || (real && std::isfinite(variant.real));
    return bare ? Scalar(variant) : Quoted(Scalar(variant));
  }
  std::string parts;
  for (size_t i = 0; i < variant.items.size(); ++i) {
    if (i > 0) parts += ",";
    if (!array) parts += Quoted(variant.keys[i]) + ":";
    parts += VariantJson(variant.items[i]);
  }
  return array ? "[" + parts + "]" : "{" + parts + "}";
}

std::string VariantText(const Variant& variant) {
  const bool nested = variant.kind == Kind::kArray || variant.kind == Kind::kObject;
  return nested ? VariantJson(variant) : Scalar(variant);
}

std::string VariantsSchema(const std::vector<Variant>& variants) {
  Shape all{.type = "VOID"};
  for (const auto& variant : variants) all = Merged(all, ShapeOf(variant));
  return Text(all);
}
std::string VariantSchema(const Variant& variant) { return Text(ShapeOf(variant)); }

bool HoldsVariant(const DataType& type) {
  switch (type.id()) {
    case TypeId::kVariant:
      return true;
    case TypeId::kArray:
      return HoldsVariant(type.element());
    case TypeId::kMap:
      return HoldsVariant(type.key()) || HoldsVariant(type.value());
    case TypeId::kStruct:
      return std::any_of(type.fields().begin(), type.fields().end(),
                         [](const auto& field) { return HoldsVariant(field.type); });
    default:
      return false;
  }
}

}  // namespace tidemill::plan
