// functions.h: how DuckDB computes Spark's functions: one row a function, the twin of sql/functions.h.
//
// A row is a template: $1..$9 stand for the arguments' SQL, $* for all of them, $Z for the
// session time zone as a string, $T for the result's DuckDB type, $L1 for a TIMESTAMP argument as local time. A
// template that begins with @ gives a local time, which becomes an instant where the result is a TIMESTAMP. Rows of one
// name are tried in order; `when` restricts a row to a class of the first argument: a type's name ("string", "array",
// "timestamp", "double") or a list of them. Where a template is not enough, a row has a function in code.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/duckdb/compile_expr.h"

namespace tidemill::engine::duckdb {

// A call with its arguments compiled.
struct Lowered {
  const ExprCompiler& compiler;
  const typed::Call& call;
  const typed::Expr& expr;
  std::vector<std::string> args;
  const plan::DataType& type(size_t i) const { return call.args[i]->type; }
  // What fails is NULL: the try_ form of a function, or any function where spark.sql.ansi.enabled is false.
  bool null_on_failure() const { return !compiler.options().ansi || call.function.starts_with("try_"); }
  const char* try_() const { return null_on_failure() ? "try_" : ""; }
};

struct LoweringRow {
  const char* name;
  const char* when;  // "" for any first argument
  const char* sql;   // null: `code`
  Result<std::string> (*code)(const Lowered&);
};

// The row for that function and first argument's type; null when there is none. Outside ANSI mode the rows of
// functions_legacy.cc come first.
const LoweringRow* FindLowering(std::string_view name, const plan::DataType* first, bool ansi = true);
bool HasLowering(std::string_view name);
Result<std::string> Lower(const LoweringRow& row, const Lowered& lowered);
// A call that orders values DuckDB does not order as Spark does; empty for any other.
Result<std::string> OrderedCall(const Lowered& lowered);
// Functions that the resolver knows and this engine refuses, because DuckDB's answer would not be Spark's.
std::vector<std::string_view> RefusedHere();

}  // namespace tidemill::engine::duckdb
