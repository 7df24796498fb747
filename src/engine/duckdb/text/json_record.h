// json_record.h: JSON objects as rows of DuckDB vectors, by the rules of Spark's JacksonParser: names are told apart by
// case, a member that comes twice counts as the later one, text is no number and a fraction no integer.
#pragma once

#include <duckdb.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/json_cursor.h"
#include "base/result.h"
#include "engine/duckdb/text/cell.h"
#include "plan/type.h"

namespace tidemill::engine::duckdb::text {

// Thread-safe.
class JsonRecord {
 public:
  // `utc`: the session's zone is UTC. kUnimplemented for types that are not read from JSON; a TIMESTAMP inside a nested
  // value is one when the zone is another, because its zone is settled behind the scan.
  static Result<JsonRecord> Make(const plan::Schema& schema, const TextOptions& options, bool utc);

  // The members of an object whose brace the cursor has passed, one a slot; a slot without a vector is passed over.
  // False: the record is malformed, and the slots hold anything.
  bool Write(JsonCursor& cursor, const std::vector<Slot>& slots) const { return WriteMembers(cursor, fields_, slots); }

 private:
  struct Node {
    std::string name;  // of a struct's field
    plan::DataType type;
    Cell cell;                   // scalars
    std::vector<Node> children;  // struct: its fields; array: the element; map: the value
  };
  static Result<Node> MakeNode(const plan::Field& field, const TextOptions& options, bool nested, bool utc);
  static bool WriteMembers(JsonCursor& cursor, const std::vector<Node>& nodes, const std::vector<Slot>& slots);
  static bool WriteValue(JsonCursor& cursor, const Node& node, JsonToken token, const Slot& slot);
  static bool WriteScalar(JsonCursor& cursor, const Node& node, JsonToken token, const Slot& slot);
  static bool WriteText(JsonCursor& cursor, const Node& node, JsonToken token, const Slot& slot);
  static bool WriteStruct(JsonCursor& cursor, const Node& node, const Slot& slot);
  static bool WriteArray(JsonCursor& cursor, const Node& node, const Slot& slot);
  static bool WriteMap(JsonCursor& cursor, const Node& node, const Slot& slot);
  static void WriteNull(const Node& node, const Slot& slot);

  std::vector<Node> fields_;
};

}  // namespace tidemill::engine::duckdb::text
