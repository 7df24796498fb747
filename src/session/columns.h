// Columns as statements write them, and as the catalog keeps them: comments and defaults are in a field's metadata, as
// Spark and Delta have them.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "plan/statement.h"
#include "session/state.h"

namespace tidemill::session {

// Checks the default. `statement` names it in errors.
Result<plan::Field> FieldOf(State& state, const plan::ColumnSpec& spec, const std::string& statement);
Status CheckDefault(State& state, const plan::Field& field, const plan::ExprText& value, const std::string& statement);

// DEFAULT COLLATION as a table or view keeps it: by its own name, nothing for UTF8_BINARY.
Result<std::string> DefaultCollation(const State& state, const std::optional<std::string>& written);

std::optional<std::string> MetadataText(const plan::Field& field, const std::string& key);
// None removes it.
void SetMetadataText(plan::Field& field, const std::string& key, const std::optional<std::string>& text);

// What a Delta table fills in itself: an expression over the row's other columns, or a number of a sequence.
std::optional<std::string> GenerationOf(const plan::Field& field);
struct Identity {
  int64_t start = 1;
  int64_t step = 1;
  std::optional<int64_t> high_water_mark{};  // the last number drawn
  bool explicit_allowed = false;             // BY DEFAULT
};
std::optional<Identity> IdentityOf(const plan::Field& field);
void SetIdentity(plan::Field& field, const Identity& identity);
bool IsComputed(const plan::Field& field);
// Whether the table's generated columns can be computed from the others, one row at a time.
Status CheckGenerated(State& state, const plan::Schema& schema);

inline constexpr const char* kGeneration = "delta.generationExpression";
inline constexpr const char* kComment = "comment";
inline constexpr const char* kCurrentDefault = "CURRENT_DEFAULT";
inline constexpr const char* kExistsDefault = "EXISTS_DEFAULT";

}  // namespace tidemill::session
