// VARIANT: a value that carries its own type, as parse_json() makes one of JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plan/type.h"
#include "plan/value.h"

namespace tidemill::plan {

struct Variant {
  enum class Kind : char {
    kNull = 'n',
    kBoolean = 'b',
    kLong = 'l',  // whole numbers of any size that fits
    kFloat = 'f',
    kDouble = 'd',
    kDecimal = 'm',  // without zeros at its end
    kString = 's',
    kBinary = 'x',
    kDate = 'D',
    kTimestampNtz = 'N',
    kArray = 'a',
    kObject = 'o',
  };
  Kind kind = Kind::kNull;
  int64_t number = 0;  // kBoolean, kLong; kDate: days; kTimestampNtz: microseconds; kDecimal: the scale
  double real = 0;     // kFloat, kDouble
  Int128 digits = 0;   // kDecimal
  std::string text{};  // kString, kBinary
  std::vector<Variant> items{};
  std::vector<std::string> keys{};  // of kObject, in order, parallel to items
};

// The decimal as a variant has it.
Variant DecimalVariant(Int128 digits, int scale);
// What Value holds of a VARIANT: bytes of our own, never stored.
std::string EncodeVariant(const Variant& variant);
Variant DecodeVariant(std::string_view bytes);

std::string VariantJson(const Variant& variant);
// As a cast to STRING gives it: a text without quotes.
std::string VariantText(const Variant& variant);
// As schema_of_variant() tells it: OBJECT<a: BIGINT, b: ARRAY<VARIANT>>.
std::string VariantSchema(const Variant& variant);
// The schema that all of them have; VOID of none.
std::string VariantsSchema(const std::vector<Variant>& variants);

bool HoldsVariant(const DataType& type);

}  // namespace tidemill::plan
