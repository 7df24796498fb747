#include "engine/duckdb/text/json_record.h"

#include <fmt/format.h>

#include <charconv>

#include "engine/duckdb/text_values.h"

namespace tidemill::engine::duckdb::text {
namespace {

using plan::DataType;
using plan::TypeId;

Slot ChildOf(const Slot& slot, size_t i) { return {duckdb_struct_vector_get_child(slot.vector, i), nullptr, slot.row}; }

// The element at `index` of a list's vector, which grows to hold it.
Slot ElementAt(duckdb_vector list, idx_t index) {
  duckdb_list_vector_reserve(list, index + 1);
  return {duckdb_list_vector_get_child(list), nullptr, index};
}

// The values that Jackson's numbers and Spark's names for them stand for.
std::string_view SpellFloating(std::string_view text) {
  if (text == "+INF" || text == "+Infinity") return "Infinity";
  return text == "-INF" ? "-Infinity" : text;
}

bool IsFloatingName(std::string_view text) {
  for (const std::string_view name : {"NaN", "+INF", "+Infinity", "Infinity", "-INF", "-Infinity"}) {
    if (text == name) return true;
  }
  return false;
}

// Jackson takes a byte as -128 to 255 and wraps it.
bool WriteByte(std::string_view text, const Slot& slot) {
  const auto value = ParseInteger(text, -128, 255);
  if (value) static_cast<int8_t*>(duckdb_vector_get_data(slot.vector))[slot.row] = static_cast<int8_t>(*value);
  return value.has_value();
}

// A time as whole seconds since the epoch.
bool WriteSeconds(std::string_view text, const Slot& slot) {
  int64_t micros = 0;
  const auto seconds = ParseInteger(text, INT64_MIN, INT64_MAX);
  if (!seconds || __builtin_mul_overflow(*seconds, 1'000'000, &micros)) return false;
  static_cast<int64_t*>(duckdb_vector_get_data(slot.vector))[slot.row] = micros;
  if (slot.zoned != nullptr) static_cast<bool*>(duckdb_vector_get_data(slot.zoned))[slot.row] = true;
  return true;
}

}  // namespace

Result<JsonRecord> JsonRecord::Make(const plan::Schema& schema, const TextOptions& options, bool utc) {
  JsonRecord record;
  for (const auto& field : schema.fields) {
    ASSIGN_OR_RETURN(auto node, MakeNode(field, options, false, utc));
    record.fields_.push_back(std::move(node));
  }
  return record;
}

Result<JsonRecord::Node> JsonRecord::MakeNode(const plan::Field& field, const TextOptions& options, bool nested,
                                              bool utc) {
  Node node{field.name, field.type, {}, {}};
  std::vector<plan::Field> children;
  switch (field.type.id()) {
    case TypeId::kStruct:
      children = field.type.fields();
      break;
    case TypeId::kArray:
      children = {{field.name, field.type.element()}};
      break;
    case TypeId::kMap:
      if (!field.type.key().is(TypeId::kString)) {
        return Unimplemented(
            fmt::format("column {}: {} from JSON, whose keys are texts", field.name, field.type.ToSql()));
      }
      children = {{field.name, field.type.value()}};
      break;
    case TypeId::kTimestamp:
      if (nested && !utc) {
        return Unimplemented(
            fmt::format("column {}: a TIMESTAMP inside a JSON value in a session zone other than UTC", field.name));
      }
      [[fallthrough]];
    default: {
      ASSIGN_OR_RETURN(node.cell, Cell::Make(field, options));
    }
  }
  for (const auto& child : children) {
    ASSIGN_OR_RETURN(auto made, MakeNode(child, options, true, utc));
    node.children.push_back(std::move(made));
  }
  return node;
}

bool JsonRecord::WriteMembers(JsonCursor& cursor, const std::vector<Node>& nodes, const std::vector<Slot>& slots) {
  bool good = true;
  std::vector<bool> seen(nodes.size(), false);
  size_t expected = 0;  // members mostly come in the schema's order
  while (true) {
    const JsonToken name = cursor.NextName();
    if (name == JsonToken::kInvalid) return false;
    if (name == JsonToken::kEndObject) break;
    size_t at = nodes.size();
    for (size_t step = 0; step < nodes.size(); ++step) {
      const size_t i = expected + step < nodes.size() ? expected + step : expected + step - nodes.size();
      if (nodes[i].name != cursor.value()) continue;
      at = i;
      break;
    }
    const JsonToken token = cursor.Next();
    if (at == nodes.size() || slots[at].vector == nullptr) {
      if (!cursor.Skip(token)) return false;
      if (at == nodes.size()) continue;
    } else {
      good = WriteValue(cursor, nodes[at], token, slots[at]) && good;
    }
    seen[at] = true;
    expected = at + 1 == nodes.size() ? 0 : at + 1;
  }
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (!seen[i] && slots[i].vector != nullptr) WriteNull(nodes[i], slots[i]);
  }
  return good;
}

bool JsonRecord::WriteValue(JsonCursor& cursor, const Node& node, JsonToken token, const Slot& slot) {
  if (token == JsonToken::kInvalid || token == JsonToken::kEnd) return false;
  if (token == JsonToken::kNull) return WriteNull(node, slot), true;
  SetValid(slot);
  const TypeId id = node.type.id();
  if (id == TypeId::kStruct && token == JsonToken::kBeginObject) return WriteStruct(cursor, node, slot);
  if (id == TypeId::kArray && token == JsonToken::kBeginArray) return WriteArray(cursor, node, slot);
  if (id == TypeId::kMap && token == JsonToken::kBeginObject) return WriteMap(cursor, node, slot);
  if (id == TypeId::kString) return WriteText(cursor, node, token, slot);
  if (!node.type.is_nested() && WriteScalar(cursor, node, token, slot)) return true;
  cursor.Skip(token);
  return false;
}

bool JsonRecord::WriteScalar(JsonCursor& cursor, const Node& node, JsonToken token, const Slot& slot) {
  const std::string_view text = cursor.value();
  const bool is_text = token == JsonToken::kString && !text.empty();
  const bool is_number = token == JsonToken::kWhole || token == JsonToken::kFraction;
  switch (node.type.id()) {
    case TypeId::kBoolean:
      if (token != JsonToken::kTrue && token != JsonToken::kFalse) return false;
      return node.cell.Write(token == JsonToken::kTrue ? "true" : "false", slot);
    case TypeId::kByte:
      return token == JsonToken::kWhole && WriteByte(text, slot);
    case TypeId::kShort:
    case TypeId::kInt:
    case TypeId::kLong:
      return token == JsonToken::kWhole && node.cell.Write(text, slot);
    case TypeId::kFloat:
    case TypeId::kDouble:
      return (is_number || (is_text && IsFloatingName(text))) && node.cell.Write(SpellFloating(text), slot);
    case TypeId::kDecimal:
      return (is_number || is_text) && node.cell.Write(text, slot);
    case TypeId::kTimestamp:
      return token == JsonToken::kWhole ? WriteSeconds(text, slot) : is_text && node.cell.Write(text, slot);
    default:
      return is_text && node.cell.Write(text, slot);
  }
}

// A string takes any value: one that is no text as it stands in the source.
bool JsonRecord::WriteText(JsonCursor& cursor, const Node& node, JsonToken token, const Slot& slot) {
  if (token == JsonToken::kString) return node.cell.Write(cursor.value(), slot);
  const size_t begin = cursor.token_begin();
  if (!cursor.Skip(token)) return false;
  return node.cell.Write(cursor.text().substr(begin, cursor.position() - begin), slot);
}

bool JsonRecord::WriteStruct(JsonCursor& cursor, const Node& node, const Slot& slot) {
  std::vector<Slot> slots;
  for (size_t i = 0; i < node.children.size(); ++i) slots.push_back(ChildOf(slot, i));
  return WriteMembers(cursor, node.children, slots);
}

bool JsonRecord::WriteArray(JsonCursor& cursor, const Node& node, const Slot& slot) {
  const idx_t begin = duckdb_list_vector_get_size(slot.vector);
  idx_t end = begin;
  bool good = true;
  for (JsonToken token = cursor.Next(); token != JsonToken::kEndArray; token = cursor.Next()) {
    if (token == JsonToken::kInvalid) return false;
    good = WriteValue(cursor, node.children[0], token, ElementAt(slot.vector, end++)) && good;
    duckdb_list_vector_set_size(slot.vector, end);
  }
  static_cast<duckdb_list_entry*>(duckdb_vector_get_data(slot.vector))[slot.row] = {begin, end - begin};
  return good;
}

bool JsonRecord::WriteMap(JsonCursor& cursor, const Node& node, const Slot& slot) {
  const idx_t begin = duckdb_list_vector_get_size(slot.vector);
  idx_t end = begin;
  bool good = true;
  for (JsonToken name = cursor.NextName(); name != JsonToken::kEndObject; name = cursor.NextName()) {
    if (name == JsonToken::kInvalid) return false;
    const Slot entry = ElementAt(slot.vector, end++);
    const std::string_view key = cursor.value();
    duckdb_vector_assign_string_element_len(ChildOf(entry, 0).vector, entry.row, key.data(), key.size());
    good = WriteValue(cursor, node.children[0], cursor.Next(), ChildOf(entry, 1)) && good;
    duckdb_list_vector_set_size(slot.vector, end);
  }
  static_cast<duckdb_list_entry*>(duckdb_vector_get_data(slot.vector))[slot.row] = {begin, end - begin};
  return good;
}

void JsonRecord::WriteNull(const Node& node, const Slot& slot) {
  SetNull(slot);
  if (node.type.is(TypeId::kStruct)) {
    for (size_t i = 0; i < node.children.size(); ++i) WriteNull(node.children[i], ChildOf(slot, i));
  } else if (node.type.is_nested()) {
    static_cast<duckdb_list_entry*>(duckdb_vector_get_data(slot.vector))[slot.row] = {0, 0};
  }
}

}  // namespace tidemill::engine::duckdb::text
