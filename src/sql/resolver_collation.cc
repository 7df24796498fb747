// Collations of texts, in the resolver alone: what is compared under a collation is compared as keys made of plain
// texts, so that no engine ever compares a collated text itself; a function that compares texts on its own is told the
// collation ($by_collation). Whose collation wins follows Spark's CollationTypeCoercion: an explicit one (COLLATE),
// then a column's, then a literal's. What is not known to be exact is refused by name.
#include <algorithm>
#include <set>

#include "plan/collation.h"
#include "sql/collation_name.h"
#include "sql/detail/resolver_core.h"
#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_operator.h"
#include "sql/detail/resolver_typed.h"

namespace tidemill::sql {

using typed::ExprPtr;

namespace {

constexpr const char* kExplicit = "collate";    // the call that gives a text a collation
constexpr const char* kImplicit = "$collated";  // the same of a function's answer
constexpr const char* kIndeterminate = "null";  // as Spark shows it
constexpr std::string_view kTrimmed = "_RTRIM";

// How firmly an expression holds its collation.
enum class Strength { kNone, kDefault, kImplicit, kExplicit };

Strength StrengthOf(const ExprPtr& expr) {
  if (!expr || !expr->type.is(TypeId::kString)) return Strength::kNone;
  if (AsLiteral(expr)) return Strength::kDefault;
  if (const auto* cast = std::get_if<typed::Cast>(&expr->node)) {
    return std::max(Strength::kDefault, StrengthOf(cast->child));
  }
  const auto* call = AsCall(expr);
  if (!call) return Strength::kImplicit;
  if (call->function == kExplicit) return Strength::kExplicit;
  if (call->function == kImplicit) return Strength::kImplicit;
  Strength most = Strength::kDefault;
  for (const auto& arg : call->args) most = std::max(most, StrengthOf(arg));
  return most;
}

// The type with every text in it of UTF8_BINARY.
DataType PlainType(const DataType& type) {
  if (type.is(TypeId::kString)) return type.collation().empty() ? type : DataType(TypeId::kString);
  if (type.is(TypeId::kArray)) return DataType::Array(PlainType(type.element()), type.contains_null());
  return type;
}
ExprPtr Retyped(const ExprPtr& expr, const DataType& type) {
  if (expr->type == type) return expr;
  return typed::MakeExpr(typed::Cast{expr, typed::Cast::Mode::kBits}, type, expr->nullable, expr->at);
}
ExprPtr Plain(const ExprPtr& expr) { return Retyped(expr, PlainType(expr->type)); }

// A text or an array of texts: what they compare by, and how firmly.
struct Held {
  Strength strength = Strength::kNone;
  std::string name;
};
Held HeldBy(const ExprPtr& expr) {
  if (expr->type.is(TypeId::kString)) return {StrengthOf(expr), expr->type.collation()};
  if (!expr->type.is(TypeId::kArray) || !expr->type.element().is(TypeId::kString)) return {};
  const std::string& name = expr->type.element().collation();
  return {name.empty() ? Strength::kDefault : Strength::kImplicit, name};
}

// The functions of these names and aliases, by the one name each bears here.
const std::set<std::string>* Canonical(std::initializer_list<const char*> names) {
  auto* all = new std::set<std::string>;
  for (const char* name : names) {
    const Function* function = FindFunction(name);
    all->insert(function ? function->name : name);
  }
  return all;
}

// Functions whose answer does not depend on what texts compare as; a text among it has their collation.
bool IsIndifferent(const std::string& function) {
  static const auto* names = Canonical({"concat",
                                        "||",
                                        "concat_ws",
                                        "elt",
                                        "lower",
                                        "upper",
                                        "substring",
                                        "substr",
                                        "left",
                                        "right",
                                        "lpad",
                                        "rpad",
                                        "repeat",
                                        "reverse",
                                        "coalesce",
                                        "ifnull",
                                        "nvl",
                                        "nvl2",
                                        "if",
                                        "length",
                                        "char_length",
                                        "octet_length",
                                        "bit_length",
                                        "ascii",
                                        "base64",
                                        "unbase64",
                                        "hex",
                                        "unhex",
                                        "md5",
                                        "sha",
                                        "sha1",
                                        "sha2",
                                        "crc32",
                                        "first",
                                        "last",
                                        "any_value",
                                        "first_value",
                                        "last_value",
                                        "lag",
                                        "lead",
                                        "nth_value",
                                        "isnull",
                                        "isnotnull",
                                        "count",
                                        "soundex",
                                        "levenshtein",
                                        "format_number",
                                        "format_string",
                                        "printf",
                                        "overlay",
                                        "chr",
                                        "char",
                                        "encode",
                                        "decode",
                                        "to_binary",
                                        "try_to_binary",
                                        "luhn_check",
                                        "is_valid_utf8",
                                        "make_valid_utf8",
                                        "validate_utf8",
                                        "try_validate_utf8",
                                        "sentences",
                                        "quote",
                                        "to_date",
                                        "to_timestamp",
                                        "to_number",
                                        "typeof",
                                        "collation",
                                        "struct",
                                        "named_struct",
                                        "array",
                                        "array_size",
                                        "cardinality",
                                        "element_at",
                                        "get",
                                        "hash",
                                        "xxhash64",
                                        "collect_list",
                                        "isnan",
                                        "space",
                                        "url_encode",
                                        "url_decode"});
  return names->contains(function);
}

bool IsComparison(const std::string& function) {
  static const auto* names = new std::set<std::string>{
      "=", "==", "<=>", "equal_null", "<", "<=", ">", ">=", "!=", "<>", "in", "isdistinctfrom"};
  return names->contains(function);
}

// Functions that engines have under a collation; the first search, which is done only as UTF8_LCASE and the UTF8_BINARY
// that trims do.
bool Searches(const std::string& function) {
  static const auto* names =
      Canonical({"contains", "startswith", "endswith", "instr", "locate", "replace", "split_part", "substring_index",
                 "translate", "trim", "btrim", "ltrim", "rtrim"});
  return names->contains(function);
}
bool Compares(const std::string& function) {
  static const auto* names =
      Canonical({"find_in_set", "array_contains", "array_position", "array_distinct", "array_union", "array_intersect",
                 "array_except", "arrays_overlap", "least", "greatest"});
  return names->contains(function);
}
bool IsExtreme(const std::string& function) { return function == "max" || function == "min"; }

}  // namespace

bool HoldsCollation(const DataType& type) {
  switch (type.id()) {
    case TypeId::kString:
      return !type.collation().empty();
    case TypeId::kArray:
      return HoldsCollation(type.element());
    case TypeId::kMap:
      return HoldsCollation(type.key()) || HoldsCollation(type.value());
    case TypeId::kStruct:
      return std::any_of(type.fields().begin(), type.fields().end(),
                         [](const auto& field) { return HoldsCollation(field.type); });
    default:
      return false;
  }
}

Result<ExprPtr> CollationKey(const ExprPtr& expr) {
  if (!HoldsCollation(expr->type)) return expr;
  if (!expr->type.is(TypeId::kString)) return Refused("comparing " + expr->type.ToString(), expr->at);
  const std::string& collation = expr->type.collation();
  if (collation == kIndeterminate) {
    return AnalysisError("INDETERMINATE_COLLATION_IN_EXPRESSION", "42P22",
                         "Data type of <expr> has indeterminate collation. Use COLLATE clause to set the collation "
                         "explicitly.",
                         {{"expr", "the expression"}}, expr->at);
  }
  return MakeCall("$collation_key", {Plain(expr), StringLiteral(collation)}, TypeId::kBinary, expr->nullable, expr->at);
}

// x COLLATE name, collate(x, 'name').
Result<ExprPtr> Resolver::CollateCall(const std::vector<ExprPtr>& args, const std::string& sql, Position at) {
  PendingCall pending{"collate", args, {}, {}, sql, at, &options_};
  if (args.size() != 2) return WrongCount(pending, "2");
  const auto name = LiteralText(args[1]);
  if (!name) return Refused("collate() by a name that is no constant", at);
  pending.arg_sql = {sql, sql};
  if (!args[0]->type.is(TypeId::kString) && !args[0]->type.is(TypeId::kNull)) {
    return UnexpectedType(pending, 0, "\"STRING\"");
  }
  ASSIGN_OR_RETURN(const auto collation, CollationNamed(*name, at));
  const auto text = Plain(CastTo(args[0], args[0]->type.is(TypeId::kNull) ? DataType(TypeId::kString) : args[0]->type));
  return MakeCall(kExplicit, {text}, DataType::Collated(collation), text->nullable, at);
}

Result<std::optional<Collation>> Resolver::Collate(const std::string& function, std::vector<ExprPtr>& args,
                                                   const std::string& sql, Position at) {
  Collation found;
  std::string of_literals;  // in a view of another default collation
  Strength most = Strength::kNone;
  bool any = false, nested = false;
  for (const auto& arg : args) {
    if (!arg) continue;
    const auto [strength, name] = HeldBy(arg);
    nested = nested || (strength == Strength::kNone && HoldsCollation(arg->type));
    any = any || strength == Strength::kExplicit || !name.empty();
    if (strength == Strength::kNone || strength == Strength::kDefault) {
      most = std::max(most, strength);
      if (!name.empty()) of_literals = name;
      continue;
    }
    if (strength > most) {
      found.name = name;
    } else if (strength == most && name != found.name) {
      if (strength == Strength::kExplicit) {
        return AnalysisError("COLLATION_MISMATCH.EXPLICIT", "42P21",
                             "Could not determine which collation to use for string functions and operators. Error "
                             "occurred due to the mismatch between explicit collations: [<explicitTypes>]. Decide on a "
                             "single explicit collation and remove others.",
                             {{"explicitTypes", found.name + ", " + name}}, at);
      }
      found.name = kIndeterminate;
    }
    most = std::max(most, strength);
  }
  if (most <= Strength::kDefault) found.name = of_literals;
  static const auto* carriers =
      new std::set<std::string>{"struct",     "named_struct", "size",   "cardinality", "array_size",
                                "element_at", "$subscript",   "isnull", "isnotnull",   "typeof"};
  if (nested && !carriers->contains(function)) return Refused(function + " of texts with a collation", at);
  if (!any || nested || function == "struct" || function == "named_struct" || function == "collation" ||
      function == "typeof") {
    return std::optional<Collation>();
  }
  found.is_explicit = most == Strength::kExplicit;
  found.is_default = most == Strength::kDefault;
  const bool indifferent = IsIndifferent(function);
  if (found.name == kIndeterminate && !indifferent) {
    const bool whole = function == "split_part" || function == "str_to_map";
    return AnalysisError(whole ? "INDETERMINATE_COLLATION" : "INDETERMINATE_COLLATION_IN_EXPRESSION", "42P22",
                         "Data type of <expr> has indeterminate collation. Use COLLATE clause to set the collation "
                         "explicitly.",
                         {{"expr", QuotedSql(sql)}}, at);
  }
  const bool arrays = std::ranges::any_of(
      args, [](const auto& arg) { return arg && !arg->type.is(TypeId::kString) && HoldsCollation(arg->type); });
  const bool of_texts = IsComparison(function) || IsExtreme(function) || function == "least" ||
                        function == "greatest" || function == "nullif";
  if (arrays && of_texts) return Refused(function + " of arrays of texts with a collation", at);
  if (IsComparison(function)) {
    for (auto& arg : args) {
      if (!arg->type.is(TypeId::kString)) continue;
      const auto of_it =
          typed::MakeExpr(typed::Cast{Plain(arg), typed::Cast::Mode::kBits},
                          DataType::Collated(found.name.empty() ? "UTF8_BINARY" : found.name), arg->nullable, arg->at);
      ASSIGN_OR_RETURN(arg, CollationKey(of_it));
    }
    found.answers = false;
    return std::optional<Collation>(found);
  }
  if (!found.name.empty() && !indifferent) {
    const auto collation = plan::ParseCollation(found.name);
    const bool locale = collation->kind == plan::Collation::Kind::kLocale;
    if (collation->ignores_accents && !collation->ignores_case && !Compares(function) && !IsExtreme(function)) {
      PendingCall pending{function, args, std::vector<std::string>(args.size(), sql), {}, sql, at, &options_};
      return UnexpectedType(pending, 0, "\"STRING\"");
    }
    const bool both_explicit = function == "nullif" && args.size() == 2 && StrengthOf(args[0]) == Strength::kExplicit &&
                               StrengthOf(args[1]) == Strength::kExplicit;
    if (!(Searches(function) && !locale) && !Compares(function) && !IsExtreme(function) && !both_explicit) {
      return Refused(function + " of texts of collation " + found.name, at);
    }
    found.compares = function;
  }
  for (auto& arg : args) {
    if (arg) arg = Plain(arg);
  }
  return std::optional<Collation>(found);
}

Result<ExprPtr> KeyUnder(const Collation& collation, const ExprPtr& text) {
  if (!text->type.is(TypeId::kString) || collation.name.empty()) return text;
  return CollationKey(Retyped(text, DataType::Collated(collation.name)));
}

void Resolver::NameLiterals(const std::vector<plan::ExprPtr>& written, const std::optional<Collation>& collation) {
  if (!collation || collation->name.empty()) return;
  for (const auto& arg : written) {
    const auto* literal = std::get_if<plan::Literal>(&arg->node);
    if (literal && literal->type.is(TypeId::kString)) collated_literals_[arg.get()] = collation->name;
  }
}

namespace {

// max and min, also over a window: the text of the greatest or least key.
Result<ExprPtr> ExtremeByKey(const ExprPtr& result, const Collation& collation) {
  const auto by_key = [&](typed::Call call) -> Result<typed::Call> {
    ASSIGN_OR_RETURN(auto key, KeyUnder(collation, call.args[0]));
    call.function += "_by";
    call.args.push_back(std::move(key));
    return call;
  };
  if (const auto* window = std::get_if<typed::WindowCall>(&result->node)) {
    typed::WindowCall made = *window;
    ASSIGN_OR_RETURN(made.call, by_key(window->call));
    return typed::MakeExpr(std::move(made), result->type, result->nullable, result->at);
  }
  ASSIGN_OR_RETURN(auto made, by_key(std::get<typed::Call>(result->node)));
  return typed::MakeExpr(std::move(made), result->type, result->nullable, result->at);
}

}  // namespace

Result<ExprPtr> Resolver::WithCollation(ExprPtr result, const std::optional<Collation>& collation) {
  if (!collation) return result;
  if (IsExtreme(collation->compares)) {
    ASSIGN_OR_RETURN(result, ExtremeByKey(result, *collation));
  } else if (collation->compares == "nullif") {
    const auto& made = std::get<typed::Case>(result->node);
    const ExprPtr& kept = made.otherwise;
    const auto& equal = std::get<typed::Call>(made.branches[0].first->node);
    ASSIGN_OR_RETURN(auto left, KeyUnder(*collation, equal.args[0]));
    ASSIGN_OR_RETURN(auto right, KeyUnder(*collation, equal.args[1]));
    auto same = MakeCall("=", {left, right}, TypeId::kBoolean, left->nullable || right->nullable, result->at);
    result = typed::MakeExpr(typed::Case{{{same, made.branches[0].second}}, kept}, result->type, true, result->at);
  } else if (const auto* call = AsCall(result); call && !collation->compares.empty()) {
    std::vector<ExprPtr> args{StringLiteral(call->function), StringLiteral(collation->name)};
    args.insert(args.end(), call->args.begin(), call->args.end());
    result = MakeCall("$by_collation", std::move(args), result->type, result->nullable, result->at);
  }
  const bool text = result->type.is(TypeId::kString);
  const bool texts = result->type.is(TypeId::kArray) && result->type.element().is(TypeId::kString);
  if (!collation->answers || !(text || texts)) return result;
  if (collation->name.empty() && !collation->is_explicit) return result;
  const DataType collated = DataType::Collated(collation->name.empty() ? "UTF8_BINARY" : collation->name);
  if (texts) return Retyped(result, DataType::Array(collated, result->type.contains_null()));
  if (collation->is_default) return Retyped(result, collated);
  const bool nullable = result->nullable;
  const Position at = result->at;
  return MakeCall(collation->is_explicit ? kExplicit : kImplicit, {std::move(result)}, collated, nullable, at);
}

// One row of each that compare alike, with the values of any of them.
Result<Rel> Resolver::DistinctRows(const Rel& rel, Position at) {
  const auto& columns = rel.node->columns;
  if (std::ranges::none_of(columns, [](const auto& column) { return HoldsCollation(column.type); })) {
    return Rel{typed::MakeRelation(typed::Distinct{rel.node}, columns, at), rel.layer};
  }
  typed::Aggregate made;
  made.input = rel.node;
  std::vector<typed::Column> grouped;
  std::vector<int> all;
  std::vector<typed::NamedExpr> exprs;
  for (const auto& column : columns) {
    ASSIGN_OR_RETURN(auto key, CollationKey(Ref(column)));
    all.push_back(static_cast<int>(made.keys.size()));
    made.keys.push_back({{NewId(), column.name, key->type, key->nullable, {}}, key});
    grouped.push_back(made.keys.back().column);
  }
  made.sets = {all};
  for (size_t i = 0; i < columns.size(); ++i) {
    typed::Column from = made.keys[i].column;
    if (HoldsCollation(columns[i].type)) {
      auto any = MakeCall("first", {Plain(Ref(columns[i])), BoolLiteral(false)}, TypeId::kString, columns[i].nullable);
      made.aggregates.push_back({{NewId(), columns[i].name, any->type, any->nullable, {}}, any});
      from = made.aggregates.back().column;
      grouped.push_back(from);
    }
    exprs.push_back({{NewId(), columns[i].name, columns[i].type, columns[i].nullable, columns[i].qualifier},
                     Retyped(Ref(from), columns[i].type)});
    DeclareAs(Ref(columns[i]), exprs.back().column.id);
  }
  return Projected(Rel{typed::MakeRelation(std::move(made), std::move(grouped), at), {}}, std::move(exprs), at);
}

}  // namespace tidemill::sql
