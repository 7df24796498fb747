// Collations of texts, in the resolver alone: what is compared under a collation is compared as keys made of plain
// texts, so that no engine ever compares a collated text itself. Whose collation wins follows Spark's
// CollationTypeCoercion: an explicit one (COLLATE), then a column's, then a literal's. What is not known to be exact is
// refused by name.
#include <algorithm>
#include <set>

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

ExprPtr Plain(const ExprPtr& expr) {
  if (expr->type.collation().empty()) return expr;
  return typed::MakeExpr(typed::Cast{expr, typed::Cast::Mode::kBits}, TypeId::kString, expr->nullable, expr->at);
}

bool IsTrimmed(const std::string& collation) { return collation.ends_with(kTrimmed); }
bool FoldsCase(const std::string& collation) { return collation.starts_with("UTF8_LCASE"); }

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
                                        "initcap",
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
                                        "isnan",
                                        "space",
                                        "url_encode",
                                        "url_decode"});
  return names->contains(function);
}

bool IsComparison(const std::string& function) {
  static const auto* names = new std::set<std::string>{"=", "==", "<=>", "<", "<=", ">", ">=", "!=", "<>", "in"};
  return names->contains(function);
}

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

// Under UTF8_LCASE texts are equal whose characters are, each in lower case: İ becomes two, and both small sigmas are
// one.
Result<ExprPtr> CollationKey(const ExprPtr& expr) {
  if (!HoldsCollation(expr->type)) return expr;
  const std::string& collation = expr->type.collation();
  if (!expr->type.is(TypeId::kString)) {
    return Refused("comparing " + expr->type.ToString(), expr->at);
  }
  if (collation == kIndeterminate) {
    return AnalysisError("INDETERMINATE_COLLATION_IN_EXPRESSION", "42P22",
                         "Data type of <expr> has indeterminate collation. Use COLLATE clause to set the collation "
                         "explicitly.",
                         {{"expr", "the expression"}}, expr->at);
  }
  if (!FoldsCase(collation) && collation != "UTF8_BINARY_RTRIM") {
    return Refused("comparing texts of collation " + collation, expr->at);
  }
  const auto text = [&](const char* function, std::vector<ExprPtr> args) {
    return MakeCall(FindFunction(function)->name, std::move(args), TypeId::kString, expr->nullable, expr->at);
  };
  ExprPtr key = Plain(expr);
  if (IsTrimmed(collation)) key = text("rtrim", {key});
  if (FoldsCase(collation)) {
    key = text("lower", {text("replace", {key, StringLiteral("İ"), StringLiteral("i̇")})});
    key = text("replace", {key, StringLiteral("ς"), StringLiteral("σ")});
  }
  return key;
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
  Strength most = Strength::kNone;
  bool any = false, nested = false;
  for (const auto& arg : args) {
    if (!arg) continue;
    nested = nested || (!arg->type.is(TypeId::kString) && HoldsCollation(arg->type));
    const Strength strength = StrengthOf(arg);
    any = any || strength == Strength::kExplicit || !arg->type.collation().empty();
    if (strength == Strength::kNone || strength == Strength::kDefault) {
      most = std::max(most, strength);
      continue;
    }
    const std::string& name = arg->type.collation();
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
  static const auto* carriers =
      new std::set<std::string>{"struct",     "named_struct", "size",   "cardinality", "array_size",
                                "element_at", "$subscript",   "isnull", "isnotnull",   "typeof"};
  if (nested && !carriers->contains(function)) return Refused(function + " of texts with a collation", at);
  if (!any || nested || function == "struct" || function == "named_struct" || function == "collation" ||
      function == "typeof") {
    return std::optional<Collation>();
  }
  found.is_explicit = most == Strength::kExplicit;
  const bool indifferent = IsIndifferent(function);
  if (found.name == kIndeterminate && !indifferent) {
    const bool whole = function == "split_part" || function == "str_to_map";
    return AnalysisError(whole ? "INDETERMINATE_COLLATION" : "INDETERMINATE_COLLATION_IN_EXPRESSION", "42P22",
                         "Data type of <expr> has indeterminate collation. Use COLLATE clause to set the collation "
                         "explicitly.",
                         {{"expr", QuotedSql(sql)}}, at);
  }
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
    const bool accents_only =
        found.name.find("_AI") != std::string::npos && found.name.find("_CI") == std::string::npos;
    if (accents_only) {
      PendingCall pending{function, args, std::vector<std::string>(args.size(), sql), {}, sql, at, &options_};
      return UnexpectedType(pending, 0, "\"STRING\"");
    }
    return Refused(function + " of texts of collation " + found.name, at);
  }
  for (auto& arg : args) {
    if (arg && arg->type.is(TypeId::kString)) arg = Plain(arg);
  }
  return std::optional<Collation>(found);
}

void Resolver::NameLiterals(const std::vector<plan::ExprPtr>& written, const std::optional<Collation>& collation) {
  if (!collation || collation->name.empty()) return;
  for (const auto& arg : written) {
    const auto* literal = std::get_if<plan::Literal>(&arg->node);
    if (literal && literal->type.is(TypeId::kString)) collated_literals_[arg.get()] = collation->name;
  }
}

ExprPtr Resolver::WithCollation(ExprPtr result, const std::optional<Collation>& collation) {
  if (!collation || !collation->answers || !result->type.is(TypeId::kString)) return result;
  if (collation->name.empty() && !collation->is_explicit) return result;
  const bool nullable = result->nullable;
  const Position at = result->at;
  return MakeCall(collation->is_explicit ? kExplicit : kImplicit, {std::move(result)},
                  DataType::Collated(collation->name.empty() ? "UTF8_BINARY" : collation->name), nullable, at);
}

}  // namespace tidemill::sql
