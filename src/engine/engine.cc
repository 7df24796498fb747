#include "engine/engine.h"

namespace tidemill::engine {

plan::Schema QuarantineSchema() {
  using plan::DataType;
  using plan::TypeId;
  return plan::Schema{{
      {"run_key", TypeId::kString, false},
      {"job", TypeId::kString, false},
      {"window_start", TypeId::kTimestamp},
      {"window_end", TypeId::kTimestamp},
      {"reasons", DataType::Array(TypeId::kString, false), false},  // names of the failed checks, or "malformed"
      {"row", TypeId::kString},                                     // the row as JSON, in the sink's columns
      {"source", TypeId::kString},                                  // malformed rows: where they came from
      {"file", TypeId::kString},
      {"line", TypeId::kLong},
      {"raw", TypeId::kString},
      {"detail", TypeId::kString},
      {"quarantined_at", TypeId::kTimestamp, false},
  }};
}

}  // namespace tidemill::engine
