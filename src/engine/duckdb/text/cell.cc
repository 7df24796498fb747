#include "engine/duckdb/text/cell.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>

#include "engine/duckdb/text_values.h"

namespace tidemill::engine::duckdb::text {
namespace {

using plan::DataType;
using plan::TypeId;

constexpr int64_t kMicrosPerDay = int64_t{86400} * 1'000'000;

template <typename T>
bool Put(const Slot& slot, T value) {
  static_cast<T*>(duckdb_vector_get_data(slot.vector))[slot.row] = value;
  return true;
}

bool PutTime(const Slot& slot, int64_t micros, bool has_zone) {
  if (slot.zoned != nullptr) Put(Slot{slot.zoned, nullptr, slot.row}, has_zone);
  return Put(slot, micros);
}

template <typename T>
bool WriteInteger(const Cell&, std::string_view text, const Slot& slot) {
  const auto value = ParseInteger(text, std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
  return value && Put(slot, static_cast<T>(*value));
}

bool WriteFloat(const Cell&, std::string_view text, const Slot& slot) {
  const auto value = ParseFloat(text);
  return value && Put(slot, *value);
}

bool WriteDouble(const Cell&, std::string_view text, const Slot& slot) {
  const auto value = ParseDouble(text);
  return value && Put(slot, *value);
}

bool WriteDecimal(const Cell& cell, std::string_view text, const Slot& slot) {
  const int precision = cell.type().precision();
  const auto value = ParseDecimal(text, precision, cell.type().scale());
  if (!value) return false;
  if (precision <= 4) return Put(slot, static_cast<int16_t>(*value));
  if (precision <= 9) return Put(slot, static_cast<int32_t>(*value));
  if (precision <= 18) return Put(slot, static_cast<int64_t>(*value));
  return Put(slot, duckdb_hugeint{static_cast<uint64_t>(*value), static_cast<int64_t>(*value >> 64)});
}

bool WriteBoolean(const Cell&, std::string_view text, const Slot& slot) {
  const auto value = ParseBoolean(text);
  return value && Put(slot, *value);
}

bool WriteString(const Cell&, std::string_view text, const Slot& slot) {
  duckdb_vector_assign_string_element_len(slot.vector, slot.row, text.data(), text.size());
  return true;
}

bool WriteDate(const Cell&, std::string_view text, const Slot& slot) {
  const auto value = ParseDate(text);
  return value && Put(slot, *value);
}

bool WriteTime(const Cell&, std::string_view text, const Slot& slot) {
  bool has_zone = false;
  const auto value = ParseTimestamp(text, &has_zone);
  return value && PutTime(slot, *value, has_zone);
}

bool WriteLocalTime(const Cell&, std::string_view text, const Slot& slot) {
  bool has_zone = false;
  const auto value = ParseTimestamp(text, &has_zone);
  return value && !has_zone && Put(slot, *value);
}

void SetRow(duckdb_vector vector, idx_t row, bool valid) {
  if (valid) {
    uint64_t* const validity = duckdb_vector_get_validity(vector);
    if (validity != nullptr) duckdb_validity_set_row_valid(validity, row);
    return;
  }
  duckdb_vector_ensure_validity_writable(vector);
  duckdb_validity_set_row_invalid(duckdb_vector_get_validity(vector), row);
}

}  // namespace

struct Cell::Row {
  TypeId id;
  Writer write;
  Writer by_pattern = nullptr;
};

const Cell::Row Cell::kRows[] = {
    {TypeId::kBoolean, WriteBoolean},
    {TypeId::kByte, WriteInteger<int8_t>},
    {TypeId::kShort, WriteInteger<int16_t>},
    {TypeId::kInt, WriteInteger<int32_t>},
    {TypeId::kLong, WriteInteger<int64_t>},
    {TypeId::kFloat, WriteFloat},
    {TypeId::kDouble, WriteDouble},
    {TypeId::kDecimal, WriteDecimal},
    {TypeId::kString, WriteString},
    {TypeId::kDate, WriteDate, WritePatternDate},
    {TypeId::kTimestamp, WriteTime, WritePatternTime},
    {TypeId::kTimestampNtz, WriteLocalTime, WritePatternTime},
};

bool Cell::WritePatternDate(const Cell& cell, std::string_view text, const Slot& slot) {
  const auto micros = cell.pattern_->Parse(text);
  if (!micros) return false;
  return Put(slot, static_cast<int32_t>(*micros / kMicrosPerDay - (*micros % kMicrosPerDay < 0 ? 1 : 0)));
}

bool Cell::WritePatternTime(const Cell& cell, std::string_view text, const Slot& slot) {
  const auto micros = cell.pattern_->Parse(text);
  return micros && PutTime(slot, *micros, false);
}

Result<Cell> Cell::Make(const plan::Field& field, const TextOptions& options) {
  const auto row = std::ranges::find(kRows, field.type.id(), &Row::id);
  if (row == std::end(kRows)) {
    return Unimplemented(
        fmt::format("column {}: a text field cannot be read as {}; read it as STRING", field.name, field.type.ToSql()));
  }
  Cell cell;
  cell.type_ = field.type;
  cell.write_ = row->write;
  const std::string& pattern = field.type.is(TypeId::kDate) ? options.date_format : options.timestamp_format;
  if (row->by_pattern != nullptr && !pattern.empty()) {
    ASSIGN_OR_RETURN(cell.pattern_, DatetimePattern::ReadLocal(pattern));
    cell.pattern_text_ = pattern;
    cell.write_ = row->by_pattern;
  }
  return cell;
}

std::string Cell::TypeText() const {
  return pattern_ ? fmt::format("{} written as '{}'", type_.ToSql(), pattern_text_) : type_.ToSql();
}

void SetNull(const Slot& slot) {
  SetRow(slot.vector, slot.row, false);
  if (slot.zoned != nullptr) SetRow(slot.zoned, slot.row, false);
}

void SetValid(const Slot& slot) {
  SetRow(slot.vector, slot.row, true);
  if (slot.zoned != nullptr) SetRow(slot.zoned, slot.row, true);
}

}  // namespace tidemill::engine::duckdb::text
