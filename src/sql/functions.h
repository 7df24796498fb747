// functions.h: Spark's built-in functions as rows of data. A row says what a function is called, what it takes and what
// it gives; how an engine computes it is the engine's business (engine/duckdb/functions.cc has a row for each).
//
// A signature is text: "(string, int, int=2147483647) string". Its words:
//   boolean tinyint smallint int bigint float double string binary date timestamp timestamp_ntz interval ym dt
//     that type; an argument of another type is cast if Spark does so by itself.
//   decimal       any decimal, numbers become one.     numeric, integral, datetime: any of the class.
//   text          string or binary, as given.          any: anything, as given.
//   T U K V A R   type variables: every argument of one variable is cast to the type they all meet at.
//   array<p> map<p,q> struct                           nested patterns.
//   fn(p,q):r     a lambda.                            $1: (in a result) the type of the first argument.
//   p=literal     the parameter may be left out.       p...: any number of these, at least one.   p*: any number.
// A result may end in `?` (may be NULL even when no argument is), `!` (never NULL), `&` (NULL only when all arguments
// may be); without a mark it is NULL when any argument is. Several signatures are parted by " | ": the first that takes
// the arguments as they are wins, then the first that takes them with casts. "custom" stands for a rule in code.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plan/type.h"
#include "plan/value.h"

namespace tidemill::sql {

enum class FunctionKind { kScalar, kAggregate, kWindow, kGenerator };

struct FunctionRow {
  const char* names;  // the canonical name, then aliases
  const char* signatures;
};

// What a parameter takes, or what a result is.
struct Pattern {
  enum class Kind {
    kType,
    kAny,
    kVariable,
    kNumeric,
    kIntegral,
    kDecimal,
    kDatetime,
    kText,
    kArray,
    kMap,
    kStruct,
    kLambda,
    kArgument
  };
  Kind kind = Kind::kAny;
  plan::DataType type;            // kType
  char variable = 0;              // kVariable
  int argument = 0;               // kArgument: counts from 0
  std::vector<Pattern> children;  // kArray, kMap; kStruct in results: fields; kLambda: parameters, then the result
  std::vector<std::string> names;
};

struct FunctionParameter {
  Pattern pattern;
  std::optional<std::pair<plan::Value, plan::DataType>> otherwise;
  enum class Repeat { kOnce, kOneOrMore, kAny } repeat = Repeat::kOnce;
};

struct Signature {
  enum class Nulls { kAnyArgument, kAlways, kNever, kAllArguments };
  std::vector<FunctionParameter> params;
  Pattern result;
  Nulls nulls = Nulls::kAnyArgument;
  int least_args() const;
  int most_args() const;  // -1: no limit
};

struct Function {
  std::string name;
  FunctionKind kind = FunctionKind::kScalar;
  std::vector<Signature> signatures;  // empty: a rule in code
};

// The function of that name or alias, ignoring case; null when there is none.
const Function* FindFunction(std::string_view name);
// Every function once, by canonical name.
std::vector<const Function*> AllFunctions();
// All names and aliases, for "did you mean".
const std::vector<std::string>& FunctionNames();
// What SHOW FUNCTIONS lists of what can be called here: operators and table functions too, but nothing that only the
// grammar calls. Sorted.
std::vector<std::string> ListedFunctions();

}  // namespace tidemill::sql
