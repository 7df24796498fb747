// Operators and functions whose argument and result types follow a rule in code. Each takes resolved arguments.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "plan/typed.h"
#include "sql/resolver.h"

namespace tidemill::sql {

namespace typed = plan::typed;

// A call whose arguments are resolved and which is to become a typed expression.
struct PendingCall {
  std::string name;  // canonical
  std::vector<typed::ExprPtr> args;
  std::vector<std::string> arg_sql;    // each argument's SQL, for messages
  std::vector<std::string> arg_names;  // each argument's column name, for struct(); may be empty
  std::string sql;                     // the whole call's, for messages
  Position at;
  const ResolveOptions* options = nullptr;
  bool distinct = false;
  std::vector<typed::SortKey> within_group;
};

// What a rule answers: an expression, an error, or nothing: no rule of that family bears this name.
class Ruled : public Result<std::optional<typed::ExprPtr>> {
 public:
  using Result::Result;
  Ruled(typed::ExprPtr expr) : Result(std::optional(std::move(expr))) {}
  Ruled(Result<typed::ExprPtr> made)
      : Result(made.ok() ? Result(std::optional(std::move(made).value())) : Result(std::move(made).error())) {}
};

using Rule = Ruled (*)(const PendingCall&);
using Rules = std::map<std::string, Rule>;
// What the rule of the call's name answers.
Ruled Apply(const Rules& rules, const PendingCall& call);

Ruled OperatorRule(const PendingCall& call);     // arithmetic, comparison, logic
Ruled IntervalRule(const PendingCall& call);     // make_interval, extract() from an interval, ...
Ruled DatetimeRule(const PendingCall& call);     // date and timestamp functions with several forms
Ruled CollectionRule(const PendingCall& call);   // array, map, struct, element_at, ...
Ruled ConditionalRule(const PendingCall& call);  // coalesce, if, greatest, casts by name, ...
Ruled MathRule(const PendingCall& call);         // round, ceil, abs, ...
Ruled StringRule(const PendingCall& call);       // concat, elt, ...
Ruled TextRule(const PendingCall& call);         // decode, mask, to_number, ...
Ruled JsonRule(const PendingCall& call);         // from_json, to_json, ...
Ruled VariantRule(const PendingCall& call);      // parse_json, variant_get, ...
Ruled CsvRule(const PendingCall& call);          // from_csv, to_csv, ...
Ruled XmlRule(const PendingCall& call);          // from_xml, to_xml, xpath, ...
Ruled AggregateRule(const PendingCall& call);    // sum, avg, count, lead, ...
Ruled PercentileRule(const PendingCall& call);   // percentile, median, mode, ...

// ---- VARIANT (resolver_rules_variant.cc) ----

// The value as a variant; a variant as a value of the type, or an error or (try) NULL where it is none.
Result<typed::ExprPtr> VariantOf(const typed::ExprPtr& expr, Position at);
Result<typed::ExprPtr> CastVariant(const typed::ExprPtr& variant, const plan::DataType& type, bool is_try, Position at);
// Refuses a call that would compare variants, as Spark does or by name.
Status CheckVariants(const std::string& function, const std::vector<typed::ExprPtr>& args, bool distinct,
                     const std::string& sql, Position at);

// ---- Parts shared by the rules ----

Error WrongCount(const PendingCall& call, const std::string& expected);
// DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE for argument `index`.
Error UnexpectedType(const PendingCall& call, size_t index, const std::string& required);
// DATATYPE_MISMATCH.DATA_DIFF_TYPES.
Error DifferentTypes(const PendingCall& call, const std::vector<plan::DataType>& types);
// All arguments cast to the type they meet at; DATATYPE_MISMATCH.DATA_DIFF_TYPES when there is none.
Result<std::vector<typed::ExprPtr>> CastAllToCommon(const PendingCall& call, const std::vector<typed::ExprPtr>& args);
// Argument `index` cast to the type as Spark does by itself.
Result<typed::ExprPtr> Implicit(const PendingCall& call, size_t index, const plan::DataType& type);

// percentile_cont, percentile_disc, mode: what they work on stands in WITHIN GROUP (ORDER BY ...).
bool IsInverseDistribution(const std::string& name);

// The comparison `name` of two operands, cast to where they meet.
Result<typed::ExprPtr> Comparison(const PendingCall& call, const std::string& name, typed::ExprPtr left,
                                  typed::ExprPtr right);

}  // namespace tidemill::sql
