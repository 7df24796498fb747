#include "engine/duckdb/types.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <iterator>
#include <limits>

#include "engine/duckdb/compile.h"
#include "engine/duckdb/connection.h"
#include "engine/duckdb/text_values.h"

namespace tidemill::engine::duckdb {
namespace {

using plan::DataType;
using plan::Field;
using plan::Int128;
using plan::TypeId;
using plan::Value;

struct Simple {
  duckdb_type duck;
  TypeId spark;
};

// Parquet's and Arrow's physical variety, as Spark's Parquet reader widens it.
constexpr Simple kSimple[] = {
    {DUCKDB_TYPE_BOOLEAN, TypeId::kBoolean},
    {DUCKDB_TYPE_TINYINT, TypeId::kByte},
    {DUCKDB_TYPE_SMALLINT, TypeId::kShort},
    {DUCKDB_TYPE_INTEGER, TypeId::kInt},
    {DUCKDB_TYPE_BIGINT, TypeId::kLong},
    {DUCKDB_TYPE_UTINYINT, TypeId::kShort},
    {DUCKDB_TYPE_USMALLINT, TypeId::kInt},
    {DUCKDB_TYPE_UINTEGER, TypeId::kLong},
    {DUCKDB_TYPE_FLOAT, TypeId::kFloat},
    {DUCKDB_TYPE_DOUBLE, TypeId::kDouble},
    {DUCKDB_TYPE_VARCHAR, TypeId::kString},
    {DUCKDB_TYPE_BLOB, TypeId::kBinary},
    {DUCKDB_TYPE_DATE, TypeId::kDate},
    {DUCKDB_TYPE_TIMESTAMP_TZ, TypeId::kTimestamp},
    {DUCKDB_TYPE_TIMESTAMP, TypeId::kTimestampNtz},
    {DUCKDB_TYPE_TIMESTAMP_NS, TypeId::kTimestampNtz},
    {DUCKDB_TYPE_TIMESTAMP_MS, TypeId::kTimestampNtz},
    {DUCKDB_TYPE_UUID, TypeId::kString},
    {DUCKDB_TYPE_SQLNULL, TypeId::kNull},
};

// Owns a logical type for the length of a scope.
class Logical {
 public:
  explicit Logical(duckdb_logical_type type) : type_(type) {}
  ~Logical() { duckdb_destroy_logical_type(&type_); }
  Logical(const Logical&) = delete;
  Logical& operator=(const Logical&) = delete;
  operator duckdb_logical_type() const { return type_; }

 private:
  duckdb_logical_type type_;
};

Result<DataType> StructOf(duckdb_logical_type type) {
  std::vector<Field> fields;
  for (idx_t i = 0; i < duckdb_struct_type_child_count(type); ++i) {
    char* name = duckdb_struct_type_child_name(type, i);
    Field field{.name = name, .type = {}};
    duckdb_free(name);
    ASSIGN_OR_RETURN(field.type, TypeOf(Logical(duckdb_struct_type_child_type(type, i))));
    fields.push_back(std::move(field));
  }
  return DataType::Struct(std::move(fields));
}

std::string DecimalText(Int128 unscaled, int scale) {
  std::string digits = plan::Int128ToString(unscaled < 0 ? -unscaled : unscaled);
  if (static_cast<int>(digits.size()) <= scale) {
    digits.insert(0, static_cast<size_t>(scale) + 1 - digits.size(), '0');
  }
  if (scale > 0) digits.insert(digits.size() - static_cast<size_t>(scale), ".");
  return (unscaled < 0 ? "-" : "") + digits;
}

std::string Hex(const std::string& bytes) {
  std::string text;
  for (const unsigned char c : bytes) text += fmt::format("{:02X}", c);
  return text;
}

// remap_struct's third argument: new name -> old name, or a row of the old name and what lies below; "" when nothing
// below is renamed.
std::string Remapping(const DataType& from, const DataType& to) {
  const auto part = [](std::string_view name, std::string_view old, const std::string& below) {
    return fmt::format("{}: {}", QuoteText(name),
                       below.empty() ? QuoteText(old) : fmt::format("row({}, {})", QuoteText(old), below));
  };
  switch (to.id()) {
    case TypeId::kArray: {
      const std::string below = Remapping(from.element(), to.element());
      return below.empty() ? below : fmt::format("{{{}}}", part("list", "list", below));
    }
    case TypeId::kMap: {
      const std::string key = Remapping(from.key(), to.key()), value = Remapping(from.value(), to.value());
      if (key.empty() && value.empty()) return "";
      return fmt::format("{{{}, {}}}", part("key", "key", key), part("value", "value", value));
    }
    case TypeId::kStruct: {
      bool renamed = false;
      std::string parts;
      for (size_t i = 0; i < to.fields().size(); ++i) {
        const auto& old = from.fields()[i];
        const auto& field = to.fields()[i];
        const std::string below = Remapping(old.type, field.type);
        renamed |= !below.empty() || old.name != field.name;
        parts += (i == 0 ? "" : ", ") + part(field.name, old.name, below);
      }
      return renamed ? fmt::format("{{{}}}", parts) : "";
    }
    default:
      return "";
  }
}

}  // namespace

std::string RenamedSql(const std::string& value, const DataType& from, const DataType& to) {
  const std::string mapping = Remapping(from, to);
  if (mapping.empty()) return value;
  return fmt::format("remap_struct({}, CAST(NULL AS {}), {}, NULL)", value, DuckDbType(to), mapping);
}

Result<DataType> TypeOf(duckdb_logical_type type) {
  const duckdb_type id = duckdb_get_type_id(type);
  for (const auto& simple : kSimple) {
    if (simple.duck == id) return DataType(simple.spark);
  }
  switch (id) {
    case DUCKDB_TYPE_DECIMAL:
      return DataType::Decimal(duckdb_decimal_width(type), duckdb_decimal_scale(type));
    case DUCKDB_TYPE_UBIGINT:
      return DataType::Decimal(20, 0);
    case DUCKDB_TYPE_LIST: {
      ASSIGN_OR_RETURN(auto element, TypeOf(Logical(duckdb_list_type_child_type(type))));
      return DataType::Array(std::move(element));
    }
    case DUCKDB_TYPE_MAP: {
      ASSIGN_OR_RETURN(auto key, TypeOf(Logical(duckdb_map_type_key_type(type))));
      ASSIGN_OR_RETURN(auto value, TypeOf(Logical(duckdb_map_type_value_type(type))));
      return DataType::Map(std::move(key), std::move(value));
    }
    case DUCKDB_TYPE_STRUCT:
      return StructOf(type);
    default:
      return Unimplemented(fmt::format("a type (number {}) that has no Spark type", static_cast<int>(id)));
  }
}

duckdb_logical_type LogicalType(const DataType& type) {
  switch (type.id()) {
    case TypeId::kDecimal:
      return duckdb_create_decimal_type(static_cast<uint8_t>(type.precision()), static_cast<uint8_t>(type.scale()));
    case TypeId::kArray:
      return duckdb_create_list_type(Logical(LogicalType(type.element())));
    case TypeId::kMap:
      return duckdb_create_map_type(Logical(LogicalType(type.key())), Logical(LogicalType(type.value())));
    case TypeId::kStruct: {
      std::deque<Logical> children;
      std::vector<duckdb_logical_type> types;
      std::vector<const char*> names;
      for (const auto& field : type.fields()) {
        types.push_back(children.emplace_back(LogicalType(field.type)));
        names.push_back(field.name.c_str());
      }
      return duckdb_create_struct_type(types.data(), names.data(), types.size());
    }
    default: {
      const auto simple = std::ranges::find(kSimple, type.id(), &Simple::spark);
      return duckdb_create_logical_type(simple == std::end(kSimple) ? DUCKDB_TYPE_VARCHAR : simple->duck);
    }
  }
}

std::string ConstantSql(const Value& value, const DataType& type) {
  const std::string name = DuckDbType(type);
  if (value.is_null()) return fmt::format("CAST(NULL AS {})", name);
  switch (type.id()) {
    case TypeId::kBoolean:
      return std::get<bool>(value.data) ? "true" : "false";
    case TypeId::kFloat:
    case TypeId::kDouble:
      return fmt::format("CAST('{}' AS {})", std::get<double>(value.data), name);
    case TypeId::kDecimal:
      return fmt::format("CAST('{}' AS {})", DecimalText(std::get<Int128>(value.data), type.scale()), name);
    case TypeId::kString:
      return QuoteText(std::get<std::string>(value.data));
    case TypeId::kBinary:
      return fmt::format("from_hex('{}')", Hex(std::get<std::string>(value.data)));
    case TypeId::kDate:
      return fmt::format("(DATE '1970-01-01' + CAST({} AS INTEGER))", std::get<int64_t>(value.data));
    case TypeId::kTimestamp:
      return fmt::format("make_timestamptz({})", std::get<int64_t>(value.data));
    case TypeId::kTimestampNtz:
      return fmt::format("make_timestamp({})", std::get<int64_t>(value.data));
    default:
      return fmt::format("CAST('{}' AS {})", std::get<int64_t>(value.data), name);
  }
}

std::optional<Value> ParseConstant(const std::string& text, const DataType& type) {
  const auto integer = [&](int64_t least, int64_t most) -> std::optional<Value> {
    const auto parsed = ParseInteger(text, least, most);
    return parsed ? std::optional(Value{*parsed}) : std::nullopt;
  };
  bool has_zone = false;
  switch (type.id()) {
    case TypeId::kBoolean: {
      if (text == "0" || text == "1") return Value{text == "1"};
      const auto parsed = ParseBoolean(text);
      return parsed ? std::optional(Value{*parsed}) : std::nullopt;
    }
    case TypeId::kByte:
    case TypeId::kShort:
    case TypeId::kInt:
    case TypeId::kLong:
      return integer(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max());
    case TypeId::kFloat:
    case TypeId::kDouble: {
      double value = 0;
      const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
      return Value{value};
    }
    case TypeId::kDecimal: {
      const auto parsed = ParseDecimal(text, type.precision(), type.scale());
      return parsed ? std::optional(Value{*parsed}) : std::nullopt;
    }
    case TypeId::kString:
      return Value{text};
    case TypeId::kDate: {
      const auto parsed = ParseDate(text);
      return parsed ? std::optional(Value{int64_t{*parsed}}) : std::nullopt;
    }
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz: {
      const auto parsed = ParseTimestamp(text, &has_zone);
      return parsed ? std::optional(Value{*parsed}) : std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

}  // namespace tidemill::engine::duckdb
