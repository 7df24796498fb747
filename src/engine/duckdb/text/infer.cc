#include "engine/duckdb/text/infer.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>

#include "base/json_cursor.h"
#include "base/utf8.h"
#include "engine/duckdb/kernel_pattern.h"
#include "engine/duckdb/text/csv_header.h"
#include "engine/duckdb/text/csv_record.h"
#include "engine/duckdb/text/scan.h"
#include "engine/duckdb/text_values.h"

namespace tidemill::engine::duckdb::text {
namespace {

using plan::DataType;
using plan::Field;
using plan::Schema;
using plan::TypeId;

constexpr int kMostPrecision = 38;

DataType DecimalOrDouble(int range, int scale) {
  return range + scale > kMostPrecision ? DataType(TypeId::kDouble) : DataType::Decimal(range + scale, scale);
}

DataType WiderDecimal(const DataType& a, const DataType& b) {
  return DecimalOrDouble(std::max(a.precision() - a.scale(), b.precision() - b.scale()),
                         std::max(a.scale(), b.scale()));
}

// The type two values of one column meet at.
DataType Common(const DataType& a, const DataType& b);

DataType CommonStruct(const DataType& a, const DataType& b) {
  std::vector<Field> fields = a.fields();
  for (const auto& field : b.fields()) {
    const auto known = std::ranges::find(fields, field.name, &Field::name);
    if (known == fields.end()) {
      fields.push_back(field);
    } else {
      known->type = Common(known->type, field.type);
    }
  }
  return DataType::Struct(std::move(fields));
}

DataType Common(const DataType& a, const DataType& b) {
  if (a.SameType(b) || b.is(TypeId::kNull)) return a;
  if (a.is(TypeId::kNull)) return b;
  if (a.is(TypeId::kStruct) && b.is(TypeId::kStruct)) return CommonStruct(a, b);
  if (a.is(TypeId::kArray) && b.is(TypeId::kArray)) return DataType::Array(Common(a.element(), b.element()));
  if (a.is_numeric() && b.is_numeric()) {
    if (a.is(TypeId::kDouble) || b.is(TypeId::kDouble)) return TypeId::kDouble;
    const auto as_decimal = [](const DataType& type) {
      return type.is(TypeId::kDecimal) ? type : DataType::Decimal(type.is(TypeId::kInt) ? 10 : 20, 0);
    };
    if (a.is(TypeId::kDecimal) || b.is(TypeId::kDecimal)) return WiderDecimal(as_decimal(a), as_decimal(b));
    return TypeId::kLong;
  }
  const auto is_day_or_time = [](const DataType& type) {
    return type.is(TypeId::kDate) || type.is(TypeId::kTimestamp);
  };
  if (is_day_or_time(a) && is_day_or_time(b)) return TypeId::kTimestamp;
  return TypeId::kString;
}

// ---- CSV

// By default a date is yyyy-MM-dd to the letter; what else looks like one is a timestamp.
bool IsPlainDate(std::string_view text) {
  return text.size() == 10 && text[4] == '-' && text[7] == '-' && ParseDate(text).has_value();
}

class CsvTyper {
 public:
  static Result<CsvTyper> Make(const TextOptions& options) {
    CsvTyper typer;
    if (!options.date_format.empty()) {
      ASSIGN_OR_RETURN(typer.date_, DatetimePattern::ReadLocal(options.date_format));
    }
    if (!options.timestamp_format.empty()) {
      ASSIGN_OR_RETURN(typer.time_, DatetimePattern::ReadLocal(options.timestamp_format));
    }
    return typer;
  }

  // What a column that was `so_far` is with one more value.
  DataType Widen(const DataType& so_far, std::string_view text) const {
    const auto from = std::ranges::find(kOrder, so_far.id());
    for (auto id = from == std::end(kOrder) ? std::begin(kOrder) : from; id != std::end(kOrder); ++id) {
      if (const auto type = As(*id, text)) return Common(so_far, *type);
    }
    return TypeId::kString;
  }

 private:
  // Each is tried only after those before it: a value that fits one fits no narrower one.
  static constexpr TypeId kOrder[] = {TypeId::kInt,  TypeId::kLong,      TypeId::kDecimal, TypeId::kDouble,
                                      TypeId::kDate, TypeId::kTimestamp, TypeId::kBoolean};

  std::optional<DataType> As(TypeId id, std::string_view text) const {
    bool has_zone = false;
    bool fits = false;
    switch (id) {
      case TypeId::kInt:
        fits = ParseInteger(text, INT32_MIN, INT32_MAX).has_value();
        break;
      case TypeId::kLong:
        fits = ParseInteger(text, INT64_MIN, INT64_MAX).has_value();
        break;
      case TypeId::kDecimal:
        return WholeDecimal(text);
      case TypeId::kDouble:
        fits = ParseDouble(text).has_value();
        break;
      case TypeId::kDate:
        fits = date_ ? date_->Parse(text).has_value() : IsPlainDate(text);
        break;
      case TypeId::kTimestamp:
        fits = time_ ? time_->Parse(text).has_value() : ParseTimestamp(text, &has_zone).has_value();
        break;
      default:
        fits = ParseBoolean(text).has_value();
    }
    return fits ? std::optional(DataType(id)) : std::nullopt;
  }

  // Digits too many for a BIGINT; a decimal with a point is a double.
  static std::optional<DataType> WholeDecimal(std::string_view text) {
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    if (text.empty() || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
    const size_t zeros = std::min(text.find_first_not_of('0'), text.size() - 1);
    const size_t digits = text.size() - zeros;
    return digits > kMostPrecision ? std::nullopt : std::optional(DataType::Decimal(static_cast<int>(digits), 0));
  }

  std::optional<DatetimePattern> date_;
  std::optional<DatetimePattern> time_;
};

// ---- JSON

DataType TypeOfNumber(JsonToken token, std::string_view text) {
  if (token == JsonToken::kFraction) return TypeId::kDouble;
  if (ParseInteger(text, INT64_MIN, INT64_MAX)) return TypeId::kLong;
  if (text.starts_with('-')) text.remove_prefix(1);
  return text.size() > kMostPrecision ? DataType(TypeId::kDouble) : DataType::Decimal(static_cast<int>(text.size()), 0);
}

// The type of the value whose first token was `token`; none: the text is invalid.
std::optional<DataType> TypeOfJson(JsonCursor& cursor, JsonToken token) {
  switch (token) {
    case JsonToken::kBeginObject: {
      std::vector<Field> fields;
      for (JsonToken name = cursor.NextName(); name != JsonToken::kEndObject; name = cursor.NextName()) {
        if (name == JsonToken::kInvalid) return std::nullopt;
        Field field{std::string(cursor.value()), {}};
        const auto type = TypeOfJson(cursor, cursor.Next());
        if (!type) return std::nullopt;
        field.type = *type;
        const auto known = std::ranges::find(fields, field.name, &Field::name);
        if (known == fields.end()) {
          fields.push_back(std::move(field));
        } else {
          known->type = Common(known->type, field.type);
        }
      }
      return DataType::Struct(std::move(fields));
    }
    case JsonToken::kBeginArray: {
      DataType element;
      for (JsonToken next = cursor.Next(); next != JsonToken::kEndArray; next = cursor.Next()) {
        const auto type = TypeOfJson(cursor, next);
        if (!type) return std::nullopt;
        element = Common(element, *type);
      }
      return DataType::Array(std::move(element));
    }
    case JsonToken::kString:
      return cursor.value().empty() ? DataType() : DataType(TypeId::kString);
    case JsonToken::kWhole:
    case JsonToken::kFraction:
      return TypeOfNumber(token, cursor.value());
    case JsonToken::kTrue:
    case JsonToken::kFalse:
      return DataType(TypeId::kBoolean);
    case JsonToken::kNull:
      return DataType();
    default:
      return std::nullopt;
  }
}

// What stays of an inferred type: nulls are texts, objects without members are left out, members are sorted by name.
std::optional<DataType> Canonical(const DataType& type) {
  if (type.is(TypeId::kNull)) return DataType(TypeId::kString);
  if (type.is(TypeId::kArray)) {
    auto element = Canonical(type.element());
    return element ? std::optional(DataType::Array(*std::move(element))) : std::nullopt;
  }
  if (!type.is(TypeId::kStruct)) return type;
  std::vector<Field> fields;
  for (const auto& field : type.fields()) {
    auto inner = Canonical(field.type);
    if (inner && !field.name.empty()) fields.push_back({field.name, *std::move(inner)});
  }
  if (fields.empty()) return std::nullopt;
  std::ranges::sort(fields, {}, &Field::name);
  return DataType::Struct(std::move(fields));
}

// ---- both

// What one thread has found.
struct Found {
  std::vector<DataType> columns;           // csv
  DataType record = DataType::Struct({});  // json
  bool any = false;                        // json: an object was there

  void Merge(const Found& other) {
    for (size_t i = 0; i < columns.size(); ++i) columns[i] = Common(columns[i], other.columns[i]);
    record = Common(record, other.record);
    any |= other.any;
  }
};

class Inference {
 public:
  Inference(storage::Storage& storage, Traffic& traffic, const Source& source, const Cancel& cancel, CsvTyper typer,
            size_t columns)
      : storage_(storage),
        traffic_(traffic),
        source_(source),
        cancel_(cancel),
        typer_(std::move(typer)),
        columns_(columns),
        ends_(RecordEndsOf(source)),
        ranges_(CutIntoRanges(source.files, ends_.spans_lines)) {}

  Result<Found> Run(int threads) {
    const auto count = std::min<size_t>(static_cast<size_t>(std::max(threads, 1)), ranges_.size());
    std::vector<std::thread> pool;
    for (size_t i = 0; i < count; ++i) pool.emplace_back([this] { Work(); });
    for (auto& thread : pool) thread.join();
    if (cancel_) return Error{ErrorKind::kCancelled, "cancelled"};
    if (error_) return *std::move(error_);
    return total_;
  }

 private:
  void Work() {
    Found found{std::vector<DataType>(columns_)};
    for (size_t i = next_++; i < ranges_.size(); i = next_++) {
      const Status done = Read(ranges_[i], found);
      if (done.ok()) continue;
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = done.error();
      return;
    }
    const std::lock_guard lock(mutex_);
    if (total_.columns.empty()) total_.columns.resize(columns_);
    total_.Merge(found);
  }

  Status Read(const Range& range, Found& found) {
    ASSIGN_OR_RETURN(auto reader, RecordReader::Open(storage_, traffic_, source_.files[range.file], range, ends_));
    CsvSplitter splitter(source_.text);
    bool header = source_.format == Format::kCsv && source_.text.header && range.begin == 0;
    while (!cancel_) {
      ASSIGN_OR_RETURN(const auto record, reader->Next());
      if (!record) break;
      if (splitter.IsSkipped(*record) || std::exchange(header, false) || !IsUtf8(*record)) continue;
      source_.format == Format::kCsv ? ReadCsv(splitter, *record, found) : ReadJson(*record, found);
    }
    return Ok();
  }

  void ReadCsv(CsvSplitter& splitter, std::string_view record, Found& found) const {
    if (splitter.Split(record) != nullptr) return;
    const auto& fields = splitter.fields();
    for (size_t i = 0; i < std::min(fields.size(), columns_); ++i) {
      const std::string_view text = fields[i].text;
      if (text.empty() || text == source_.text.null_text || found.columns[i].is(TypeId::kString)) continue;
      found.columns[i] = typer_.Widen(found.columns[i], text);
    }
  }

  static void ReadJson(std::string_view record, Found& found) {
    JsonCursor cursor(record);
    const auto type = TypeOfJson(cursor, cursor.Next());
    if (!type) return;
    const DataType& row = type->is(TypeId::kArray) ? type->element() : *type;
    if (!row.is(TypeId::kStruct)) return;
    found.record = Common(found.record, row);
    found.any = true;
  }

  storage::Storage& storage_;
  Traffic& traffic_;
  const Source& source_;
  const Cancel& cancel_;
  const CsvTyper typer_;
  const size_t columns_;
  const RecordEnds ends_;
  const std::vector<Range> ranges_;
  std::atomic<size_t> next_{0};
  std::mutex mutex_;
  Found total_;
  std::optional<Error> error_;
};

}  // namespace

Result<Schema> InferText(storage::Storage& storage, Traffic& traffic, const Source& source, int threads,
                         const Cancel& cancel) {
  const std::string& first = source.files.front().path;
  std::vector<std::string> names;
  if (source.format == Format::kCsv) {
    ASSIGN_OR_RETURN(names, FirstFields(storage, traffic, source, source.files.front()));
    if (names.empty()) {
      return DataLoss(
          fmt::format("{} is empty: nothing to infer a schema from (source {}); give a `schema`", first, source.name));
    }
  }
  ASSIGN_OR_RETURN(auto typer, CsvTyper::Make(source.text));
  ASSIGN_OR_RETURN(const auto found,
                   Inference(storage, traffic, source, cancel, std::move(typer), names.size()).Run(threads));
  if (source.format == Format::kJson) {
    const auto type = Canonical(found.record);
    if (!found.any || !type) {
      return DataLoss(fmt::format("{} holds no JSON objects, one a line (source {})", first, source.name));
    }
    return Schema{type->fields()};
  }
  Schema schema;
  for (size_t i = 0; i < names.size(); ++i) {
    const bool unknown = found.columns[i].is(TypeId::kNull);
    schema.fields.push_back({source.text.header ? names[i] : fmt::format("_c{}", i),
                             unknown ? DataType(TypeId::kString) : found.columns[i]});
  }
  return schema;
}

}  // namespace tidemill::engine::duckdb::text
