#include "plan/type.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/result.h"

namespace tidemill::plan {

struct DataType::Nested {
  std::vector<DataType> types;  // array: element; map: key, value
  std::vector<Field> fields;    // struct
  std::string collation;        // string
};

namespace {

constexpr std::string_view kIntervalFieldNames[] = {"year", "month", "day", "hour", "minute", "second"};

std::string IntervalName(const DataType& type) {
  const auto from = kIntervalFieldNames[static_cast<int>(type.from())];
  const auto to = kIntervalFieldNames[static_cast<int>(type.to())];
  return from == to ? fmt::format("interval {}", from) : fmt::format("interval {} to {}", from, to);
}

std::string Upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

std::string SimpleName(const DataType& type) {
  switch (type.id()) {
    case TypeId::kNull:
      return "void";
    case TypeId::kBoolean:
      return "boolean";
    case TypeId::kByte:
      return "tinyint";
    case TypeId::kShort:
      return "smallint";
    case TypeId::kInt:
      return "int";
    case TypeId::kLong:
      return "bigint";
    case TypeId::kFloat:
      return "float";
    case TypeId::kDouble:
      return "double";
    case TypeId::kDecimal:
      return fmt::format("decimal({},{})", type.precision(), type.scale());
    case TypeId::kString:
      if (type.is_char()) return fmt::format("char({})", type.length());
      if (type.is_varchar()) return fmt::format("varchar({})", type.length());
      return type.collation().empty() ? "string" : fmt::format("string collate {}", type.collation());
    case TypeId::kBinary:
      return "binary";
    case TypeId::kDate:
      return "date";
    case TypeId::kTimestamp:
      return "timestamp";
    case TypeId::kTimestampNtz:
      return "timestamp_ntz";
    case TypeId::kYearMonthInterval:
    case TypeId::kDayTimeInterval:
      return IntervalName(type);
    case TypeId::kCalendarInterval:
      return "interval";
    case TypeId::kVariant:
      return "variant";
    case TypeId::kArray:
    case TypeId::kMap:
    case TypeId::kStruct:
      break;
  }
  return "";
}

// Spark quotes a field name in a type's text only when it is not a plain identifier.
std::string FieldName(const std::string& name, bool quote) {
  const bool plain = !name.empty() &&
                     std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) || c == '_'; });
  if (plain || !quote) return name;
  std::string quoted = "`";
  for (const char c : name) quoted += c == '`' ? std::string("``") : std::string(1, c);
  return quoted + "`";
}

}  // namespace

DataType DataType::Decimal(int precision, int scale) {
  DataType type(TypeId::kDecimal);
  type.first_ = precision;
  type.second_ = scale;
  return type;
}

DataType DataType::Char(int length) {
  DataType type(TypeId::kString);
  type.first_ = length;
  type.second_ = 1;
  return type;
}

DataType DataType::Varchar(int length) {
  DataType type(TypeId::kString);
  type.first_ = length;
  type.second_ = 2;
  return type;
}

DataType DataType::Collated(std::string collation) {
  DataType type(TypeId::kString);
  if (Upper(collation) != "UTF8_BINARY") type.nested_ = std::make_shared<Nested>(Nested{{}, {}, std::move(collation)});
  return type;
}

DataType DataType::YearMonth(IntervalField from, IntervalField to) {
  DataType type(TypeId::kYearMonthInterval);
  type.first_ = static_cast<int>(from);
  type.second_ = static_cast<int>(to);
  return type;
}

DataType DataType::DayTime(IntervalField from, IntervalField to) {
  DataType type(TypeId::kDayTimeInterval);
  type.first_ = static_cast<int>(from);
  type.second_ = static_cast<int>(to);
  return type;
}

DataType DataType::Array(DataType element, bool contains_null) {
  DataType type(TypeId::kArray);
  type.first_ = contains_null ? 1 : 0;
  type.nested_ = std::make_shared<Nested>(Nested{{std::move(element)}, {}, {}});
  return type;
}

DataType DataType::Map(DataType key, DataType value, bool value_contains_null) {
  DataType type(TypeId::kMap);
  type.first_ = value_contains_null ? 1 : 0;
  type.nested_ = std::make_shared<Nested>(Nested{{std::move(key), std::move(value)}, {}, {}});
  return type;
}

DataType DataType::Struct(std::vector<Field> fields) {
  DataType type(TypeId::kStruct);
  type.nested_ = std::make_shared<Nested>(Nested{{}, std::move(fields), {}});
  return type;
}

const std::string& DataType::collation() const {
  static const std::string kBinary;
  return nested_ ? nested_->collation : kBinary;
}

const DataType& DataType::element() const {
  CHECK(id_ == TypeId::kArray);
  return nested_->types[0];
}

const DataType& DataType::key() const {
  CHECK(id_ == TypeId::kMap);
  return nested_->types[0];
}

const DataType& DataType::value() const {
  CHECK(id_ == TypeId::kMap);
  return nested_->types[1];
}

const std::vector<Field>& DataType::fields() const {
  static const std::vector<Field> kNone;
  return id_ == TypeId::kStruct ? nested_->fields : kNone;
}

std::string DataType::ToString() const {
  switch (id_) {
    case TypeId::kArray:
      return fmt::format("array<{}>", element().ToString());
    case TypeId::kMap:
      return fmt::format("map<{},{}>", key().ToString(), value().ToString());
    case TypeId::kStruct: {
      std::string text;
      for (const auto& field : fields()) {
        text += fmt::format("{}{}:{}", text.empty() ? "" : ",", FieldName(field.name, false), field.type.ToString());
      }
      return "struct<" + text + ">";
    }
    default:
      return SimpleName(*this);
  }
}

std::string DataType::ToSql() const {
  switch (id_) {
    case TypeId::kArray:
      return fmt::format("ARRAY<{}>", element().ToSql());
    case TypeId::kMap:
      return fmt::format("MAP<{}, {}>", key().ToSql(), value().ToSql());
    case TypeId::kStruct: {
      std::string text;
      for (const auto& field : fields()) {
        text += fmt::format("{}{}: {}{}", text.empty() ? "" : ", ", FieldName(field.name, true), field.type.ToSql(),
                            field.nullable ? "" : " NOT NULL");
      }
      return "STRUCT<" + text + ">";
    }
    case TypeId::kString:
      return collation().empty() ? Upper(SimpleName(*this)) : "STRING COLLATE " + collation();
    default:
      return Upper(SimpleName(*this));
  }
}

bool operator==(const DataType& a, const DataType& b) {
  if (a.id_ != b.id_ || a.first_ != b.first_ || a.second_ != b.second_) return false;
  if (a.nested_ == b.nested_) return true;
  if (!a.nested_ || !b.nested_) return false;
  return a.nested_->types == b.nested_->types && a.nested_->fields == b.nested_->fields &&
         a.nested_->collation == b.nested_->collation;
}

bool DataType::SameType(const DataType& other) const {
  if (id_ != other.id_) return false;
  switch (id_) {
    case TypeId::kArray:
      return element().SameType(other.element());
    case TypeId::kMap:
      return key().SameType(other.key()) && value().SameType(other.value());
    case TypeId::kStruct:
      return std::equal(fields().begin(), fields().end(), other.fields().begin(), other.fields().end(),
                        [](const Field& a, const Field& b) { return a.name == b.name && a.type.SameType(b.type); });
    default:
      return *this == other;
  }
}

int Schema::IndexOf(std::string_view name) const {
  const auto same = [&](const Field& field) {
    return std::equal(field.name.begin(), field.name.end(), name.begin(), name.end(), [](char a, char b) {
      return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
    });
  };
  const auto found = std::find_if(fields.begin(), fields.end(), same);
  return found == fields.end() ? -1 : static_cast<int>(found - fields.begin());
}

std::string Schema::ToString() const { return DataType::Struct(fields).ToString(); }

}  // namespace tidemill::plan
