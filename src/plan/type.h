// Spark's data types as values.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tidemill::plan {

enum class TypeId : uint8_t {
  kNull,  // VOID: the type of a bare NULL
  kBoolean,
  kByte,
  kShort,
  kInt,
  kLong,
  kFloat,
  kDouble,
  kDecimal,
  kString,
  kBinary,
  kDate,
  kTimestamp,     // an instant, microseconds since the epoch
  kTimestampNtz,  // a local date and time
  kYearMonthInterval,
  kDayTimeInterval,
  kCalendarInterval,
  kArray,
  kMap,
  kStruct,
  kVariant,
};

// The fields an ANSI interval spans, in order: YEAR, MONTH | DAY, HOUR, MINUTE, SECOND.
enum class IntervalField : uint8_t { kYear, kMonth, kDay, kHour, kMinute, kSecond };

struct Field;

// Cheap to copy; equal when every part (nested nullability included) is equal.
class DataType {
 public:
  DataType() = default;             // VOID
  DataType(TypeId id) : id_(id) {}  // NOLINT: a simple type is its id

  static DataType Decimal(int precision, int scale);
  static DataType Char(int length);
  static DataType Varchar(int length);
  static DataType Collated(std::string collation);
  static DataType YearMonth(IntervalField from = IntervalField::kYear, IntervalField to = IntervalField::kMonth);
  static DataType DayTime(IntervalField from = IntervalField::kDay, IntervalField to = IntervalField::kSecond);
  static DataType Array(DataType element, bool contains_null = true);
  static DataType Map(DataType key, DataType value, bool value_contains_null = true);
  static DataType Struct(std::vector<Field> fields);

  TypeId id() const { return id_; }
  bool is(TypeId id) const { return id_ == id; }

  int precision() const { return first_; }  // decimal
  int scale() const { return second_; }
  int length() const { return first_; }  // char(n) and varchar(n); 0 for plain string
  bool is_char() const { return id_ == TypeId::kString && first_ > 0 && second_ == 1; }
  bool is_varchar() const { return id_ == TypeId::kString && first_ > 0 && second_ == 2; }
  const std::string& collation() const;  // of a string; empty means UTF8_BINARY
  IntervalField from() const { return static_cast<IntervalField>(first_); }
  IntervalField to() const { return static_cast<IntervalField>(second_); }

  const DataType& element() const;  // array
  bool contains_null() const { return first_ != 0; }
  const DataType& key() const;  // map
  const DataType& value() const;
  bool value_contains_null() const { return first_ != 0; }
  const std::vector<Field>& fields() const;  // struct; empty otherwise

  bool is_integral() const { return id_ >= TypeId::kByte && id_ <= TypeId::kLong; }
  bool is_numeric() const { return id_ >= TypeId::kByte && id_ <= TypeId::kDecimal; }
  bool is_fractional() const { return id_ == TypeId::kFloat || id_ == TypeId::kDouble; }
  bool is_datetime() const { return id_ >= TypeId::kDate && id_ <= TypeId::kTimestampNtz; }
  bool is_ansi_interval() const { return id_ == TypeId::kYearMonthInterval || id_ == TypeId::kDayTimeInterval; }
  bool is_nested() const { return id_ >= TypeId::kArray && id_ <= TypeId::kStruct; }

  // Spark's catalogString: "int", "decimal(10,2)", "array<struct<a:int,b:string>>".
  std::string ToString() const;
  // Spark's sql form, as in messages and generated names: "INT", "DECIMAL(10,2)", "STRUCT<a: INT, b: STRING>".
  std::string ToSql() const;

  // Structural equality.
  friend bool operator==(const DataType& a, const DataType& b);
  // Equal but for nullability of nested parts.
  bool SameType(const DataType& other) const;

 private:
  struct Nested;
  TypeId id_ = TypeId::kNull;
  int32_t first_ = 0;
  int32_t second_ = 0;
  std::shared_ptr<const Nested> nested_;
};

struct Field {
  std::string name;
  DataType type;
  bool nullable = true;
  // Spark's column metadata as canonical JSON text of an object ("" means {}): Delta keeps column mapping, generation
  // expressions and invariants there.
  std::string metadata{};
  bool operator==(const Field&) const = default;
};

// An ordered list of named columns; names may repeat in a query's result.
struct Schema {
  std::vector<Field> fields;
  bool operator==(const Schema&) const = default;
  // The index of the column of that name, ignoring case (Spark's default); -1 when there is none.
  int IndexOf(std::string_view name) const;
  // "struct<a:int,b:string>".
  std::string ToString() const;
};

}  // namespace tidemill::plan
