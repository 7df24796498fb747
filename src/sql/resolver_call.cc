// Function calls: from a name and arguments to a typed call, by a signature or by a rule in code.
#include <algorithm>
#include <map>
#include <set>

#include "base/names.h"
#include "sql/coercion.h"
#include "sql/detail/resolver_core.h"
#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_operator.h"
#include "sql/detail/resolver_typed.h"
#include "sql/functions_refused.h"
#include "sql/named_arguments.h"

namespace tidemill::sql {

using typed::ExprPtr;

namespace {

struct Variables {
  TypeRules rules;
  bool widens_decimals = false;
  std::map<char, DataType> types{};
};

// Type variables stand for what all their arguments meet at.
bool Unify(Variables& variables, char name, const DataType& type) {
  auto [slot, fresh] = variables.types.emplace(name, type);
  if (fresh) return true;
  // A string meets no other type here.
  bool null = type.is(TypeId::kNull) || slot->second.is(TypeId::kNull);
  if (!null && type.is(TypeId::kString) != slot->second.is(TypeId::kString)) return false;
  auto common = variables.widens_decimals ? WiderType(slot->second, type, variables.rules)
                                          : TightestCommonType(slot->second, type, variables.rules);
  if (!common) return false;
  slot->second = *common;
  return true;
}

bool IsClass(const Pattern& pattern, const DataType& type) {
  switch (pattern.kind) {
    case Pattern::Kind::kNumeric:
      return type.is_numeric();
    case Pattern::Kind::kIntegral:
      return type.is_integral();
    case Pattern::Kind::kDecimal:
      return type.is(TypeId::kDecimal);
    case Pattern::Kind::kDatetime:
      return type.is_datetime();
    case Pattern::Kind::kText:
      return type.is(TypeId::kString) || type.is(TypeId::kBinary);
    case Pattern::Kind::kStruct:
      return type.is(TypeId::kStruct);
    default:
      return true;
  }
}

// A type of that class that an argument outside it becomes by itself.
std::optional<DataType> ClassCast(const Pattern& pattern, const DataType& type, TypeRules rules) {
  bool text = type.is(TypeId::kString), null = type.is(TypeId::kNull);
  switch (pattern.kind) {
    case Pattern::Kind::kNumeric:
      if (text || null) return DataType(TypeId::kDouble);
      return std::nullopt;
    case Pattern::Kind::kIntegral:
      if (text) return DataType(TypeId::kLong);
      if (null) return DataType(TypeId::kInt);
      return std::nullopt;
    case Pattern::Kind::kDecimal:
      if (type.is_numeric()) return DecimalForType(type);
      if (text || null) return DataType::Decimal(38, 18);
      return std::nullopt;
    case Pattern::Kind::kDatetime:
      if (text || null) return DataType(TypeId::kTimestamp);
      return std::nullopt;
    case Pattern::Kind::kText:
      if (CanImplicitlyCast(type, TypeId::kString, rules)) return DataType(TypeId::kString);
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

// Whether an argument of that type can go there; variables are bound on the way.
bool Accepts(const Pattern& pattern, const DataType& type, bool casts, Variables& variables) {
  bool null = type.is(TypeId::kNull);
  switch (pattern.kind) {
    case Pattern::Kind::kType:
      if (type.SameType(pattern.type) || null) return true;
      if (type.id() == pattern.type.id() && type.is_ansi_interval()) return true;
      return casts && CanImplicitlyCast(type, pattern.type, variables.rules);
    case Pattern::Kind::kVariable:
      return Unify(variables, pattern.variable, type);
    case Pattern::Kind::kArray:
      return null || (type.is(TypeId::kArray) && Accepts(pattern.children[0], type.element(), casts, variables));
    case Pattern::Kind::kMap:
      return null || (type.is(TypeId::kMap) && Accepts(pattern.children[0], type.key(), casts, variables) &&
                      Accepts(pattern.children[1], type.value(), casts, variables));
    default:
      return IsClass(pattern, type) || (casts && ClassCast(pattern, type, variables.rules).has_value());
  }
}

DataType Concrete(const Pattern& pattern, const Variables& variables, const std::vector<DataType>& args) {
  switch (pattern.kind) {
    case Pattern::Kind::kType:
      return pattern.type;
    case Pattern::Kind::kVariable: {
      auto found = variables.types.find(pattern.variable);
      return found == variables.types.end() ? DataType() : found->second;
    }
    case Pattern::Kind::kArray:
      return DataType::Array(Concrete(pattern.children[0], variables, args));
    case Pattern::Kind::kMap:
      return DataType::Map(Concrete(pattern.children[0], variables, args),
                           Concrete(pattern.children[1], variables, args));
    case Pattern::Kind::kStruct: {
      std::vector<plan::Field> fields;
      for (size_t i = 0; i < pattern.children.size(); ++i) {
        fields.push_back({pattern.names[i], Concrete(pattern.children[i], variables, args), pattern.names[i] != "key"});
      }
      return DataType::Struct(std::move(fields));
    }
    case Pattern::Kind::kArgument:
      return args.at(pattern.argument);
    default:
      return DataType();
  }
}

ExprPtr CastArgument(const Pattern& pattern, const ExprPtr& arg, const Variables& variables) {
  switch (pattern.kind) {
    case Pattern::Kind::kType:
      if (arg->type.id() == pattern.type.id() && arg->type.is_ansi_interval()) return arg;
      return CastTo(arg, pattern.type);
    case Pattern::Kind::kVariable:
    case Pattern::Kind::kArray:
    case Pattern::Kind::kMap: {
      DataType target = Concrete(pattern, variables, {});
      return CastTo(arg, target);
    }
    default: {
      if (IsClass(pattern, arg->type)) return arg;
      auto target = ClassCast(pattern, arg->type, variables.rules);
      return target ? CastTo(arg, *target) : arg;
    }
  }
}

const FunctionParameter& ParameterAt(const Signature& signature, size_t index) {
  return signature.params[std::min(index, signature.params.size() - 1)];
}

std::string Describe(const Pattern& pattern) {
  switch (pattern.kind) {
    case Pattern::Kind::kType:
      return QuotedType(pattern.type);
    case Pattern::Kind::kNumeric:
      return "\"NUMERIC\"";
    case Pattern::Kind::kIntegral:
      return "\"INTEGRAL\"";
    case Pattern::Kind::kDecimal:
      return "\"DECIMAL\"";
    case Pattern::Kind::kDatetime:
      return "(\"DATE\" or \"TIMESTAMP\")";
    case Pattern::Kind::kText:
      return "(\"STRING\" or \"BINARY\")";
    case Pattern::Kind::kArray:
      return "\"ARRAY\"";
    case Pattern::Kind::kMap:
      return "\"MAP\"";
    case Pattern::Kind::kStruct:
      return "\"STRUCT\"";
    default:
      return "\"ANY\"";
  }
}

bool Takes(const Signature& signature, size_t count) {
  int most = signature.most_args();
  return static_cast<int>(count) >= signature.least_args() && (most < 0 || static_cast<int>(count) <= most);
}

// "2", "[1, 2]".
std::string CountsText(const std::set<int>& counts) {
  if (counts.size() == 1) return std::to_string(*counts.begin());
  std::string text;
  for (int count : counts) text += (text.empty() ? "[" : ", ") + std::to_string(count);
  return text + "]";
}

// The arguments' counts a function takes, as in Spark's message: "2", "[1, 2]", "> 0".
std::string ExpectedCounts(const Function& function) {
  std::set<int> counts;
  for (const auto& signature : function.signatures) {
    if (signature.most_args() < 0) return "> " + std::to_string(signature.least_args() - 1);
    for (int i = signature.least_args(); i <= signature.most_args(); ++i) counts.insert(i);
  }
  return CountsText(counts);
}

bool ResultNullable(const Signature& signature, const std::vector<ExprPtr>& args) {
  switch (signature.nulls) {
    case Signature::Nulls::kAlways:
      return true;
    case Signature::Nulls::kNever:
      return false;
    case Signature::Nulls::kAllArguments:
      return std::all_of(args.begin(), args.end(), [](const ExprPtr& arg) { return arg->nullable; });
    case Signature::Nulls::kAnyArgument:
      break;
  }
  return AnyNullable(args);
}

Error UnresolvedRoutine(const plan::Name& name, Position at) {
  std::string message = "Cannot resolve routine <routineName> on search path [`system`.`builtin`, `system`.`session`].";
  if (auto near = NearestName(name.back(), FunctionNames())) message += " Did you mean `" + *near + "`?";
  return AnalysisError("UNRESOLVED_ROUTINE", "42883", message,
                       {{"routineName", QuotedName(name)}, {"searchPath", "[`system`.`builtin`, `system`.`session`]"}},
                       at);
}

}  // namespace

Error WrongCount(const PendingCall& call, const std::string& expected) {
  return AnalysisError("WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "42605",
                       "The <functionName> requires <expectedNum> parameters but the actual number is <actualNum>.",
                       {{"functionName", QuotedName({call.name})},
                        {"expectedNum", expected},
                        {"actualNum", std::to_string(call.args.size())}},
                       call.at);
}

Error UnexpectedType(const PendingCall& call, size_t index, const std::string& required) {
  static constexpr const char* kOrdinals[] = {"first", "second", "third", "fourth", "fifth", "sixth", "seventh"};
  return Mismatch(
      "UNEXPECTED_INPUT_TYPE", call.sql,
      "The <paramIndex> parameter requires the <requiredType> type, however <inputSql> has the type <inputType>.",
      {{"paramIndex", kOrdinals[std::min<size_t>(index, 6)]},
       {"requiredType", required},
       {"inputSql", QuotedSql(index < call.arg_sql.size() ? call.arg_sql[index] : "")},
       {"inputType", QuotedType(call.args[index]->type)}},
      call.at);
}

Error DifferentTypes(const PendingCall& call, const std::vector<DataType>& types) {
  std::string list;
  for (const auto& type : types) list += (list.empty() ? "" : " or ") + QuotedType(type);
  return Mismatch("DATA_DIFF_TYPES", call.sql,
                  "Input to <functionName> should all be the same type, but it's <dataType>.",
                  {{"functionName", QuotedName({call.name})}, {"dataType", "(" + list + ")"}}, call.at);
}

Result<std::vector<ExprPtr>> CastAllToCommon(const PendingCall& call, const std::vector<ExprPtr>& args) {
  std::vector<DataType> types;
  for (const auto& arg : args) types.push_back(arg->type);
  auto common = WiderType(types, call.options->rules());
  if (!common) return DifferentTypes(call, types);
  std::vector<ExprPtr> cast;
  for (const auto& arg : args) cast.push_back(CastTo(arg, *common));
  return cast;
}

Result<ExprPtr> Implicit(const PendingCall& call, size_t index, const DataType& type) {
  if (!CanImplicitlyCast(call.args[index]->type, type, call.options->rules()))
    return UnexpectedType(call, index, QuotedType(type));
  return CastTo(call.args[index], type);
}

Result<ExprPtr> Resolver::Resolve(const plan::Call& node, const plan::Expr& expr, const Names& names) {
  const std::string& name = node.name.back();
  if (node.is_operator && name == "struct_row") {  // (a, b)
    plan::Call row = node;
    row.name = {"struct"};
    row.is_operator = false;
    return Resolve(row, expr, names);
  }
  const Function* function = FindFunction(name);
  const RefusedFunction* refused = function || node.name.size() > 1 ? nullptr : FindRefusedFunction(name);
  if (refused) return RefusedCall(*refused, node, expr);
  bool builtin_path = node.name.size() == 1 || (node.name.size() <= 3 && node.name[node.name.size() - 2] == "builtin");
  if (!function || !builtin_path) {
    ASSIGN_OR_RETURN(const auto routine, catalog_->FindRoutine(node.name));
    return routine ? CallRoutine(*routine, node, expr, names) : UnresolvedRoutine(node.name, expr.at);
  }
  if (function->kind == FunctionKind::kGenerator) {
    return AnalysisError("UNSUPPORTED_GENERATOR.NESTED_IN_EXPRESSIONS", "42K0E",
                         "The generator is not supported: nested in expressions <expression>.",
                         {{"expression", QuotedSql(SparkName(plan::MakeExpr(node, expr.at)))}}, expr.at);
  }
  return CallFunction(*function, node, expr, names);
}

Error Resolver::RefusedCall(const RefusedFunction& function, const plan::Call& call, const plan::Expr& expr) {
  auto args = Positional(call, expr);
  if (!args.ok()) return std::move(args).error();
  const int count = static_cast<int>(args->size()), least = function.least_args, most = function.most_args;
  if (count >= least && (most < 0 || count <= most)) {
    const bool of_time = function.name.find("time") != std::string_view::npos;
    if (!of_time) return Refused("the function " + call.name.back(), expr.at);
    return AnalysisError("UNSUPPORTED_TIME_TYPE", "0A000", "The data type TIME is not supported.", {}, expr.at);
  }
  PendingCall pending{std::string(function.name), std::vector<ExprPtr>(args->size()), {}, {}, "", expr.at, &options_};
  std::set<int> counts;
  for (int i = least; i <= most; ++i) counts.insert(i);
  return WrongCount(pending, most < 0 ? "> " + std::to_string(least - 1) : CountsText(counts));
}

Result<std::vector<plan::ExprPtr>> Resolver::Positional(const plan::Call& call, const plan::Expr& expr) {
  ASSIGN_OR_RETURN(auto positional, WithPositionalArguments(call, expr.at));
  return positional.args;
}

// A star among the arguments stands for the columns: count(*) aside, which the parser or the rule makes count(1).
Result<std::vector<plan::ExprPtr>> Resolver::ExpandArguments(const std::vector<plan::ExprPtr>& args,
                                                             const Names& names) {
  std::vector<plan::ExprPtr> expanded;
  for (const auto& arg : args) {
    const auto* star = std::get_if<plan::Star>(&arg->node);
    if (!star) {
      expanded.push_back(arg);
      continue;
    }
    ASSIGN_OR_RETURN(auto columns, ExpandStar(*star, arg->at, names));
    for (const auto& binding : columns) {
      const bool part = binding.expr && binding.column.qualifier.empty() && !star->qualifier.empty();
      const auto* ref = part ? std::get_if<typed::ColumnRef>(&binding.expr->node) : nullptr;
      plan::Name full = part ? star->qualifier : binding.column.qualifier;
      full.push_back(binding.column.name);
      auto column = plan::MakeExpr(plan::Attribute{full}, arg->at);
      if (part && !(ref && ref->outer)) {  // a struct's field
        auto whole = plan::MakeExpr(plan::Attribute{star->qualifier}, arg->at);
        column = plan::MakeExpr(plan::FieldAccess{std::move(whole), binding.column.name}, arg->at);
        column = plan::MakeExpr(plan::Alias{std::move(column), {binding.column.name}}, arg->at);
      }
      expanded.push_back(std::move(column));
    }
  }
  return expanded;
}

Result<ExprPtr> Resolver::CallFunction(const Function& function, const plan::Call& call, const plan::Expr& expr,
                                       const Names& names) {
  bool aggregate = function.kind == FunctionKind::kAggregate;
  const Names& seen = aggregate && !call.over && names.inside_aggregate ? *names.inside_aggregate : names;
  if (!function.signatures.empty()) {
    std::optional<Collation> collation;
    ASSIGN_OR_RETURN(auto made, BySignature(function, call, expr, seen, &collation));
    if (collation && call.distinct) return Refused("DISTINCT of texts with a collation", expr.at);
    ASSIGN_OR_RETURN(auto decorated, Decorate(function, std::move(made), call, expr, names));
    return WithCollation(std::move(decorated), collation);
  }
  ASSIGN_OR_RETURN(auto written, Positional(call, expr));
  bool count_star = function.name == "count" && written.size() == 1 &&
                    std::holds_alternative<plan::Star>(written[0]->node) &&
                    std::get<plan::Star>(written[0]->node).qualifier.empty();
  if (count_star) written = {plan::MakeExpr(plan::Literal{plan::Value{int64_t{1}}, TypeId::kInt}, expr.at)};
  if (call.is_operator && function.name != "in" &&
      std::ranges::any_of(written, [](const auto& arg) { return std::holds_alternative<plan::Star>(arg->node); })) {
    return AnalysisError("INVALID_USAGE_OF_STAR_OR_REGEX", "42000", "Invalid usage of <elem> in <prettyName>.",
                         {{"elem", "'*' or a regular expression"}, {"prettyName", "an operator"}}, expr.at);
  }
  ASSIGN_OR_RETURN(written, ExpandArguments(written, seen));
  ASSIGN_OR_RETURN(auto higher, HigherOrder(function, written, expr, seen));
  if (higher) return *higher;
  PendingCall pending;
  pending.name = function.name;
  pending.at = expr.at;
  pending.options = &options_;
  pending.distinct = call.distinct;
  pending.sql = SparkName(plan::MakeExpr(call, expr.at));
  for (const auto& arg : written) {
    // datediff(DAY, ...) and the like: the unit arrives as a bare name.
    ASSIGN_OR_RETURN(auto value, Expression(arg, seen));
    pending.args.push_back(value);
    pending.arg_sql.push_back(SparkName(arg));
    const auto* alias = std::get_if<plan::Alias>(&arg->node);
    const auto* attribute = std::get_if<plan::Attribute>(&arg->node);
    const auto* field = std::get_if<plan::FieldAccess>(&arg->node);
    pending.arg_names.push_back(alias       ? alias->names.front()
                                : attribute ? attribute->parts.back()
                                : field     ? field->field
                                            : "");
  }
  if (function.name == "collate") return CollateCall(pending.args, pending.sql, expr.at);
  if (function.name == "collation" && pending.args.size() == 1 && pending.args[0]->type.is(TypeId::kString)) {
    const std::string& name = pending.args[0]->type.collation();
    return StringLiteral("SYSTEM.BUILTIN." + (name.empty() ? "UTF8_BINARY" : name));
  }
  RETURN_IF_ERROR(CheckVariants(function.name, pending.args, call.distinct, pending.sql, expr.at));
  PadChars(pending.name, pending.args);
  ASSIGN_OR_RETURN(const auto collation, Collate(function.name, pending.args, pending.sql, expr.at));
  NameLiterals(written, collation);
  if (collation && call.distinct && !collation->name.empty() && function.name != "max" && function.name != "min") {
    if (function.name != "count") return Refused("DISTINCT of texts with a collation", expr.at);
    for (auto& arg : pending.args) {
      ASSIGN_OR_RETURN(arg, KeyUnder(*collation, arg));
    }
  }
  const Names& sorted = names.inside_aggregate && !call.over ? *names.inside_aggregate : names;
  for (const auto& key : call.within_group) {
    ASSIGN_OR_RETURN(auto resolved, Key(key, sorted));
    pending.within_group.push_back(resolved);
  }
  if (IsTimeWindowFunction(function.name)) {
    ASSIGN_OR_RETURN(auto made, TimeWindowCall(pending));
    return Decorate(function, std::move(made), call, expr, names);
  }
  for (auto* rule : {OperatorRule, ConditionalRule, StringRule, TextRule, JsonRule, VariantRule, CsvRule, XmlRule,
                     MathRule, IntervalRule, DatetimeRule, CollectionRule, AggregateRule, PercentileRule}) {
    auto made = rule(pending);
    if (!made.ok()) return std::move(made).error();
    if (!*made) continue;
    const bool arithmetic = call.is_operator && function.name.size() == 1;
    const auto* turned = AsCall(**made);
    if (arithmetic || (turned && turned->function == "date_format")) turned_calls_[&expr] = **made;
    ASSIGN_OR_RETURN(auto decorated, Decorate(function, **made, call, expr, names));
    return WithCollation(std::move(decorated), collation);
  }
  return Refused("the function " + function.name, expr.at);
}

Result<ExprPtr> Resolver::BySignature(const Function& function, const plan::Call& call, const plan::Expr& expr,
                                      const Names& names, std::optional<Collation>* collation) {
  ASSIGN_OR_RETURN(auto written, Positional(call, expr));
  ASSIGN_OR_RETURN(written, ExpandArguments(written, names));
  bool any_count = std::any_of(function.signatures.begin(), function.signatures.end(),
                               [&](const Signature& s) { return Takes(s, written.size()); });
  if (!any_count) {
    PendingCall pending{function.name, std::vector<ExprPtr>(written.size()), {}, {}, "", expr.at, &options_};
    return WrongCount(pending, ExpectedCounts(function));
  }
  std::vector<ExprPtr> args(written.size());
  for (size_t i = 0; i < written.size(); ++i) {
    if (std::holds_alternative<plan::Lambda>(written[i]->node)) continue;
    ASSIGN_OR_RETURN(args[i], Expression(written[i], names));
  }
  RETURN_IF_ERROR(CheckVariants(function.name, args, call.distinct, SparkName(plan::MakeExpr(call, expr.at)), expr.at));
  ASSIGN_OR_RETURN(*collation, Collate(function.name, args, SparkName(plan::MakeExpr(call, expr.at)), expr.at));
  if (function.name != "btrim") NameLiterals(written, *collation);
  bool searches = function.name == "array_contains" || function.name == "array_position";
  if (searches && args[1] && args[1]->type.is(TypeId::kNull)) {
    return Mismatch("NULL_TYPE", SparkName(plan::MakeExpr(call, expr.at)),
                    "Null typed values cannot be used as arguments of <functionName>.",
                    {{"functionName", QuotedName({function.name})}}, expr.at);
  }
  static const auto* of_two_arrays =
      new std::set<std::string>{"array_union", "array_except", "array_intersect", "arrays_overlap"};
  const bool untyped = std::ranges::any_of(args, [](const auto& arg) { return arg && arg->type.is(TypeId::kNull); });
  if (untyped && of_two_arrays->contains(function.name)) {
    return Mismatch("BINARY_ARRAY_DIFF_TYPES", SparkName(plan::MakeExpr(call, expr.at)),
                    "Input to function <functionName> should have been two arrays with same element type.",
                    {{"functionName", QuotedName({function.name})}}, expr.at);
  }
  if (function.name == "sort_array" && args.size() == 2 && args[1]->type.is(TypeId::kString)) {
    PendingCall pending{function.name, args, {}, {}, SparkName(plan::MakeExpr(call, expr.at)), expr.at, &options_};
    for (const auto& arg : written) pending.arg_sql.push_back(SparkName(arg));
    return UnexpectedType(pending, 1, "\"BOOLEAN\"");
  }
  if (function.name == "bit_count" && args[0]->type.is(TypeId::kString)) {
    PendingCall pending{function.name, args, {}, {}, SparkName(plan::MakeExpr(call, expr.at)), expr.at, &options_};
    return UnexpectedType(pending, 0, "(\"INTEGRAL\" or \"BOOLEAN\")");
  }
  if (function.name == "array_insert" && Flag(options_.conf, "spark.sql.legacy.negativeIndexInArrayInsert", false)) {
    // There the last place is -1, not before it.
    PendingCall at{"array_insert", {}, {}, {}, "", expr.at, &options_};
    ASSIGN_OR_RETURN(auto negative, Comparison(at, "<", args[1], IntLiteral(0)));
    auto moved =
        MakeCall("-", {CastTo(args[1], TypeId::kInt), IntLiteral(1)}, TypeId::kInt, args[1]->nullable, expr.at);
    typed::Case chosen{{{negative, moved}}, CastTo(args[1], TypeId::kInt)};
    args[1] = typed::MakeExpr(std::move(chosen), TypeId::kInt, args[1]->nullable, expr.at);
  }
  // Spark casts no argument of these by itself.
  static const auto* as_given =
      new std::set<std::string>{"bit_and",          "bit_or",        "bit_xor",         "bitmap_and_agg",
                                "bitmap_count",     "bitmap_or_agg", "get_json_object", "json_array_length",
                                "json_object_keys", "parse_url",     "try_parse_url",   "soundex",
                                "unix_date",        "unix_micros",   "unix_millis",     "unix_seconds"};
  size_t furthest = 0;
  const Pattern* wanted = nullptr;
  for (bool casts : {false, true}) {
    const auto may_cast = [&](const ExprPtr& arg) {
      return casts && (arg->type.is(TypeId::kNull) || !as_given->contains(function.name));
    };
    for (const auto& signature : function.signatures) {
      if (!Takes(signature, written.size())) continue;
      bool looks_up = function.name == "array_contains" || function.name == "map_contains_key";
      Variables variables{options_.rules(), looks_up};
      bool fits = true;
      for (size_t i = 0; fits && i < args.size(); ++i) {
        const auto& pattern = ParameterAt(signature, i).pattern;
        fits = args[i] ? pattern.kind != Pattern::Kind::kLambda &&
                             Accepts(pattern, args[i]->type, may_cast(args[i]), variables)
                       : pattern.kind == Pattern::Kind::kLambda;
        if (!fits && casts && i >= furthest) {
          furthest = i;
          wanted = &pattern;
        }
      }
      if (!fits) continue;
      for (size_t i = 0; i < args.size(); ++i) {
        const auto& pattern = ParameterAt(signature, i).pattern;
        if (args[i]) {
          args[i] = CastArgument(pattern, args[i], variables);
          continue;
        }
        std::vector<DataType> params;
        for (size_t p = 0; p + 1 < pattern.children.size(); ++p)
          params.push_back(Concrete(pattern.children[p], variables, {}));
        ExprPtr body;
        ASSIGN_OR_RETURN(auto lambda, ResolveLambda(written[i], params, {}, names, &body));
        if (!Accepts(pattern.children.back(), body->type, true, variables)) {
          PendingCall pending{
              function.name, {body},   {SparkName(written[i])}, {}, SparkName(plan::MakeExpr(call, expr.at)),
              expr.at,       &options_};
          return UnexpectedType(pending, 0, Describe(pattern.children.back()));
        }
        lambda.body = CastArgument(pattern.children.back(), body, variables);
        DataType type = lambda.body->type;
        args[i] = typed::MakeExpr(std::move(lambda), type, false, written[i]->at);
      }
      for (size_t i = args.size(); i < signature.params.size(); ++i) {
        if (!signature.params[i].otherwise) break;
        const auto& [value, type] = *signature.params[i].otherwise;
        auto literal = typed::MakeExpr(typed::Literal{value}, type, value.is_null(), expr.at);
        args.push_back(CastArgument(signature.params[i].pattern, literal, variables));
      }
      std::vector<DataType> types;
      for (const auto& arg : args) types.push_back(arg->type);
      return MakeCall(function.name, args, Concrete(signature.result, variables, types),
                      ResultNullable(signature, args), expr.at);
    }
  }
  if (!args[furthest]) {
    bool higher_order = std::any_of(function.signatures.begin(), function.signatures.end(), [](const Signature& s) {
      return std::any_of(s.params.begin(), s.params.end(),
                         [](const auto& param) { return param.pattern.kind == Pattern::Kind::kLambda; });
    });
    if (higher_order) return Refused("this lambda of " + function.name, expr.at);
    return AnalysisError(
        "INVALID_LAMBDA_FUNCTION_CALL.NON_HIGHER_ORDER_FUNCTION", "42K0D",
        "Invalid lambda function call. A lambda function should only be used in a higher order function. "
        "However, its class is <class>, which is not a higher order function.",
        {{"class", function.name}}, expr.at);
  }
  PendingCall pending{function.name, args, {}, {}, SparkName(plan::MakeExpr(call, expr.at)), expr.at, &options_};
  for (const auto& arg : written) pending.arg_sql.push_back(SparkName(arg));
  if (furthest > 0 && wanted && args[0]->type.is(TypeId::kMap) && wanted->kind == Pattern::Kind::kVariable) {
    return Mismatch("MAP_FUNCTION_DIFF_TYPES", pending.sql,
                    "Input to <functionName> should have been a map followed by a key of its key's type.",
                    {{"functionName", QuotedName({function.name})}}, expr.at);
  }
  if (furthest > 0 && wanted && args[0]->type.is(TypeId::kArray)) {
    bool value = wanted->kind == Pattern::Kind::kVariable;
    bool array = wanted->kind == Pattern::Kind::kArray && args[furthest]->type.is(TypeId::kArray);
    if (value || array) {
      return Mismatch(
          value ? "ARRAY_FUNCTION_DIFF_TYPES" : "BINARY_ARRAY_DIFF_TYPES", pending.sql,
          "Input to <functionName> should have been values of one type, but it's [<leftType>, <rightType>].",
          {{"functionName", QuotedName({function.name})},
           {"leftType", QuotedType(args[0]->type)},
           {"rightType", QuotedType(args[furthest]->type)}},
          expr.at);
    }
  }
  return UnexpectedType(pending, furthest, wanted ? Describe(*wanted) : "\"ANY\"");
}

Result<typed::Lambda> Resolver::ResolveLambda(const plan::ExprPtr& arg, const std::vector<DataType>& params,
                                              const std::vector<bool>& nullable, const Names& names, ExprPtr* body) {
  const auto* written = std::get_if<plan::Lambda>(&arg->node);
  if (!written) {  // a value stands for the lambda that gives it whatever its arguments are
    ASSIGN_OR_RETURN(*body, Expression(arg, names));
    return typed::Lambda{{{"l" + std::to_string(next_lambda_++)}}, *body};
  }
  if (written->params.size() > params.size()) {
    return AnalysisError(
        "INVALID_LAMBDA_FUNCTION_CALL.NUM_ARGS_MISMATCH", "42K0D",
        "Invalid lambda function call. A higher order function expects <expectedNumArgs> arguments, "
        "but got <actualNumArgs>.",
        {{"expectedNumArgs", std::to_string(params.size())}, {"actualNumArgs", std::to_string(written->params.size())}},
        arg->at);
  }
  typed::Lambda lambda;
  Layer layer;
  for (size_t i = 0; i < written->params.size(); ++i) {
    typed::LambdaVariable variable{"l" + std::to_string(next_lambda_++)};
    bool may_null = i < nullable.size() ? nullable[i] : true;
    layer.bindings.push_back(
        {{0, written->params[i], params[i], may_null, {}}, typed::MakeExpr(variable, params[i], may_null, arg->at)});
    lambda.params.push_back(variable);
  }
  Names inside = names;
  inside.layers.insert(inside.layers.begin(), &layer);
  ASSIGN_OR_RETURN(*body, Expression(written->body, inside));
  lambda.body = *body;
  return lambda;
}

// FILTER, DISTINCT, IGNORE NULLS, WITHIN GROUP and OVER around a finished call.
Result<ExprPtr> Resolver::Decorate(const Function& function, ExprPtr result, const plan::Call& call,
                                   const plan::Expr& expr, const Names& names) {
  bool aggregate = function.kind == FunctionKind::kAggregate;
  bool ordered = IsInverseDistribution(function.name) || function.name == "listagg";
  if ((!aggregate && (call.distinct || call.filter)) || (!ordered && !call.within_group.empty())) {
    const char* syntax = !call.within_group.empty() ? "WITHIN GROUP (ORDER BY ...)"
                         : call.distinct            ? "DISTINCT"
                                                    : "FILTER";
    return AnalysisError("INVALID_SQL_SYNTAX.FUNCTION_WITH_UNSUPPORTED_SYNTAX", "42000",
                         "Invalid SQL syntax: The function <prettyName> does not support <syntax>.",
                         {{"prettyName", QuotedName({function.name})}, {"syntax", syntax}}, expr.at);
  }
  if (function.kind == FunctionKind::kScalar) {
    if (!call.over) return result;
    return AnalysisError("UNSUPPORTED_EXPR_FOR_WINDOW", "42P20",
                         "Expression <sqlExpr> not supported within a window function.",
                         {{"sqlExpr", QuotedSql(SparkName(plan::MakeExpr(call, expr.at)))}}, expr.at);
  }
  const auto* made = AsCall(result);
  if (!made) return result;
  typed::Call decorated = *made;
  decorated.distinct = call.distinct && function.name != "max" && function.name != "min";
  if (call.ignore_nulls) decorated.ignore_nulls = *call.ignore_nulls;
  const Names& seen = names.inside_aggregate && !call.over ? *names.inside_aggregate : names;
  if (call.filter) {
    ASSIGN_OR_RETURN(decorated.filter, Condition(call.filter, seen, "FILTER"));
  }
  for (const auto& key : call.within_group) {
    if (function.name != "listagg") break;  // the others took the key as an argument
    ASSIGN_OR_RETURN(auto resolved, Key(key, seen));
    decorated.within_group.push_back(resolved);
  }
  for (const auto& arg : decorated.args) {
    if (!call.over && aggregate && ContainsAggregate(arg)) {
      return AnalysisError("NESTED_AGGREGATE_FUNCTION", "42607",
                           "It is not allowed to use an aggregate function in the argument of another aggregate "
                           "function. Please use the inner aggregate function in a sub-query.",
                           {}, expr.at);
    }
  }
  if (call.over) return Over(std::move(decorated), result->type, result->nullable, call, expr, names);
  if (function.kind == FunctionKind::kWindow) {
    return AnalysisError("WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE", "42601",
                         "Window function <funcName> requires an OVER clause.",
                         {{"funcName", QuotedSql(SparkName(plan::MakeExpr(call, expr.at)))}}, expr.at);
  }
  return typed::MakeExpr(std::move(decorated), result->type, result->nullable, expr.at);
}

}  // namespace tidemill::sql
