#include "delta/statistics.h"

#include <fmt/format.h>

#include <cmath>

#include "base/units.h"
#include "base/utf8.h"
#include "delta/detail/json_fields.h"
#include "delta/detail/scalar.h"

namespace tidemill::delta {
namespace {

using plan::DataType;
using plan::Int128;
using plan::TypeId;
using plan::Value;

// ---- reading

// A JSON number behind the point has been through a double: its first 14 significant digits are surely the writer's.
std::optional<Value> DecimalFromDouble(double number, const DataType& type) {
  const double unscaled = std::round(number * std::pow(10.0, type.scale()));
  if (!(std::fabs(unscaled) < 1e14)) return std::nullopt;
  return Value{static_cast<Int128>(static_cast<int64_t>(unscaled))};
}

std::optional<Value> BoundFromJson(const Json& json, const DataType& type) {
  if (json.is_string()) {
    auto value = ParseScalar(json.get_ref<const std::string&>(), type);
    // NaN as a bound says nothing about the other rows.
    if (value && std::holds_alternative<double>(value->data) && std::isnan(std::get<double>(value->data))) return {};
    return type.is(TypeId::kBinary) ? std::nullopt : value;
  }
  if (json.is_boolean() && type.is(TypeId::kBoolean)) return Value{json.get<bool>()};
  if (!json.is_number()) return std::nullopt;
  if (type.is(TypeId::kDouble)) return Value{json.get<double>()};
  if (type.is(TypeId::kFloat)) return Value{static_cast<double>(json.get<float>())};  // the text is a float's shortest
  if (type.is(TypeId::kDecimal) && json.is_number_float()) return DecimalFromDouble(json.get<double>(), type);
  if (!json.is_number_integer()) return std::nullopt;
  return ParseScalar(Dump(json), type);  // byte .. long, decimal; nothing else has a number
}

// Timestamps are cut to milliseconds in statistics, so the true maximum may lie up to 999 microseconds above.
void WidenMaximum(std::optional<Value>& max, const DataType& type) {
  if (!max || (!type.is(TypeId::kTimestamp) && !type.is(TypeId::kTimestampNtz))) return;
  auto& micros = std::get<int64_t>(max->data);
  if (micros <= INT64_MAX - 999) micros += 999;
}

const Json* Member(const Json& json, const char* group, const std::string& column) {
  const auto found = json.find(group);
  if (found == json.end() || !found->is_object()) return nullptr;
  const auto member = found->find(column);
  return member == found->end() || member->is_null() ? nullptr : &*member;
}

ColumnStatistics ParseColumn(const Json& json, const std::string& physical_name, const DataType& type) {
  ColumnStatistics column;
  if (const Json* min = Member(json, "minValues", physical_name)) column.min = BoundFromJson(*min, type);
  if (const Json* max = Member(json, "maxValues", physical_name)) column.max = BoundFromJson(*max, type);
  WidenMaximum(column.max, type);
  const Json* nulls = Member(json, "nullCount", physical_name);
  if (nulls != nullptr && nulls->is_number_integer()) column.null_count = nulls->get<int64_t>();
  return column;
}

// ---- writing

constexpr size_t kStringPrefix = 32;                                 // characters, Delta's own limit
constexpr std::string_view kGreatestCharacter = "\xF4\x8F\xBF\xBF";  // U+10FFFF

// The bytes of the first `count` characters.
size_t PrefixBytes(std::string_view text, size_t count) {
  size_t at = 0;
  for (; at < text.size(); ++at) {
    const bool starts = (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
    if (starts && count-- == 0) break;
  }
  return at;
}

std::optional<std::string> StringBound(const std::string& text, bool is_max) {
  if (!IsUtf8(text)) return std::nullopt;
  const size_t keep = PrefixBytes(text, kStringPrefix);
  std::string bound = text.substr(0, keep);
  if (keep < text.size() && is_max) {
    if (text.compare(keep, kGreatestCharacter.size(), kGreatestCharacter) == 0) return std::nullopt;
    bound += kGreatestCharacter;
  }
  return Dump(Json(bound));
}

constexpr int64_t kEndOfYear9999Ms = 253'402'300'800'000;  // 10000-01-01, the first time that readers cannot parse

// Whole milliseconds, down for a minimum and up for a maximum.
std::optional<std::string> TimeBound(int64_t micros, bool is_max, bool local) {
  int64_t millis = micros / 1000;
  if (micros % 1000 != 0) millis += micros < 0 ? (is_max ? 0 : -1) : (is_max ? 1 : 0);
  if (millis >= kEndOfYear9999Ms) return std::nullopt;
  std::string text = FormatTimestamp(Timestamp(std::chrono::milliseconds(millis)));
  text.pop_back();
  if (text.find('.') == std::string::npos) text += ".000000";
  text.resize(text.size() - 3);
  return fmt::format("\"{}{}\"", text, local ? "" : "Z");
}

std::optional<std::string> BoundToJson(const Value& value, const DataType& type, bool is_max) {
  switch (type.id()) {
    case TypeId::kByte:
    case TypeId::kShort:
    case TypeId::kInt:
    case TypeId::kLong:
    case TypeId::kDecimal:
      return FormatScalar(value, type);
    case TypeId::kFloat:
    case TypeId::kDouble: {
      const auto* number = std::get_if<double>(&value.data);
      if (number == nullptr || !std::isfinite(*number)) return std::nullopt;
      return Dump(Json(*number));
    }
    case TypeId::kString: {
      const auto* text = std::get_if<std::string>(&value.data);
      return text == nullptr ? std::nullopt : StringBound(*text, is_max);
    }
    case TypeId::kDate: {
      const auto text = FormatScalar(value, type);
      return text ? std::optional("\"" + *text + "\"") : std::nullopt;
    }
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz: {
      const auto* micros = std::get_if<int64_t>(&value.data);
      return micros == nullptr ? std::nullopt : TimeBound(*micros, is_max, type.is(TypeId::kTimestampNtz));
    }
    default:
      return std::nullopt;
  }
}

void AppendMember(std::string& object, const std::string& name, const std::string& json) {
  if (!object.empty()) object += ',';
  object += Dump(Json(name)) + ":" + json;
}

}  // namespace

FileStatistics ParseStatistics(std::string_view text, const plan::Schema& schema, ColumnMapping mapping) {
  FileStatistics statistics;
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return statistics;
  if (const auto records = json.find("numRecords"); records != json.end() && records->is_number_integer()) {
    statistics.num_records = records->get<int64_t>();
  }
  if (const auto tight = json.find("tightBounds"); tight != json.end() && tight->is_boolean()) {
    statistics.tight_bounds = tight->get<bool>();
  }
  for (const auto& field : schema.fields) {
    if (field.type.is(TypeId::kStruct)) continue;
    auto column = ParseColumn(json, PhysicalName(field, mapping), field.type);
    if (column.min || column.max || column.null_count) statistics.columns[field.name] = std::move(column);
  }
  return statistics;
}

std::string StatisticsToJson(const FileStatistics& statistics, const plan::Schema& schema) {
  std::string min, max, nulls;
  for (const auto& field : schema.fields) {
    const auto found = statistics.columns.find(field.name);
    if (found == statistics.columns.end()) continue;
    const ColumnStatistics& column = found->second;
    if (column.min) {
      if (const auto json = BoundToJson(*column.min, field.type, false)) AppendMember(min, field.name, *json);
    }
    if (column.max) {
      if (const auto json = BoundToJson(*column.max, field.type, true)) AppendMember(max, field.name, *json);
    }
    if (column.null_count) AppendMember(nulls, field.name, std::to_string(*column.null_count));
  }
  std::string body;
  if (statistics.num_records) AppendMember(body, "numRecords", std::to_string(*statistics.num_records));
  AppendMember(body, "minValues", "{" + min + "}");
  AppendMember(body, "maxValues", "{" + max + "}");
  AppendMember(body, "nullCount", "{" + nulls + "}");
  if (!statistics.tight_bounds) AppendMember(body, "tightBounds", "false");
  return "{" + body + "}";
}

std::string WithWideBounds(std::string_view json) {
  auto statistics = nlohmann::ordered_json::parse(json, nullptr, false);
  if (!statistics.is_object()) return std::string(json);
  statistics["tightBounds"] = false;
  return Dump(statistics);
}

}  // namespace tidemill::delta
