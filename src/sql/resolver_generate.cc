#include "sql/detail/resolver_generate.h"

#include "sql/coercion.h"
#include "sql/detail/resolver_core.h"
#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_operator.h"
#include "sql/detail/resolver_typed.h"

namespace tidemill::sql {

using plan::Field;
using typed::ExprPtr;

namespace {

Error WrongInput(const std::string& function, const std::string& required, const DataType& type, Position at) {
  return Mismatch(
      "UNEXPECTED_INPUT_TYPE", function + "(...)",
      "The <paramIndex> parameter requires the <requiredType> type, however <inputSql> has the type <inputType>.",
      {{"paramIndex", "first"}, {"requiredType", required}, {"inputSql", function}, {"inputType", QuotedType(type)}},
      at);
}

Result<std::vector<Field>> Exploded(const std::string& function, const DataType& type, bool position, Position at) {
  std::vector<Field> fields;
  if (position) fields.push_back({"pos", TypeId::kInt, false});
  if (type.is(TypeId::kArray)) {
    fields.push_back({"col", type.element(), type.contains_null()});
  } else if (type.is(TypeId::kMap)) {
    fields.push_back({"key", type.key(), false});
    fields.push_back({"value", type.value(), type.value_contains_null()});
  } else {
    return WrongInput(function, "(\"ARRAY\" or \"MAP\")", type, at);
  }
  return fields;
}

Result<std::vector<Field>> Inlined(const DataType& type, Position at) {
  if (!type.is(TypeId::kArray) || !type.element().is(TypeId::kStruct)) {
    return WrongInput("inline", "\"ARRAY<STRUCT>\"", type, at);
  }
  auto fields = type.element().fields();
  for (auto& field : fields) field.nullable = field.nullable || type.contains_null();
  return fields;
}

// stack(n, e1, ..., ek): n rows, filled row by row; what is missing at the end is NULL.
Result<std::vector<Field>> Stacked(std::vector<ExprPtr>& args, TypeRules rules, Position at) {
  auto rows = args.empty() ? std::nullopt : ConstantInteger(args[0]);
  if (!rows || *rows < 1 || args.size() < 2) return Refused("stack() without a positive constant number of rows", at);
  size_t count = args.size() - 1;
  size_t width = (count + *rows - 1) / *rows;
  args.resize(1 + width * *rows, NullLiteral(TypeId::kNull));
  std::vector<Field> fields;
  for (size_t column = 0; column < width; ++column) {
    std::vector<DataType> types;
    for (size_t i = 1 + column; i < args.size(); i += width) {
      types.push_back(args[i]->type);
    }
    auto common = WiderType(types, rules);
    if (!common) {
      return Mismatch("STACK_COLUMN_DIFF_TYPES", "stack(...)",
                      "The data type of the column (<columnIndex>) do not have the same type.",
                      {{"columnIndex", std::to_string(column)}}, at);
    }
    for (size_t i = 1 + column; i < args.size(); i += width) args[i] = CastTo(args[i], *common);
    fields.push_back({"col" + std::to_string(column), *common, true});
  }
  return fields;
}

// json_tuple(text, name, ...): a column of text for each name.
Result<std::vector<Field>> Tupled(const std::vector<ExprPtr>& args, Position at) {
  std::vector<Field> fields;
  for (const auto& arg : args) {
    if (!arg->type.is(TypeId::kString) && !arg->type.is(TypeId::kNull)) {
      return Mismatch("NON_STRING_TYPE", "json_tuple(...)", "all arguments must be strings.", {}, at);
    }
    fields.push_back({"c" + std::to_string(fields.size()), TypeId::kString, true});
  }
  fields.pop_back();
  return fields;
}

}  // namespace

const Function* GeneratorOf(const plan::ExprPtr& expr) {
  const plan::Expr* inner = expr.get();
  if (const auto* alias = std::get_if<plan::Alias>(&inner->node)) inner = alias->child.get();
  const auto* call = std::get_if<plan::Call>(&inner->node);
  const Function* function = call ? FindFunction(call->name.back()) : nullptr;
  return function && function->kind == FunctionKind::kGenerator ? function : nullptr;
}

Result<GeneratorCall> MakeGenerator(const Function& function, std::vector<ExprPtr> args,
                                    const std::vector<std::string>& names, bool outer, TypeRules rules,
                                    const std::function<typed::ColumnId()>& new_id, Position at) {
  GeneratorCall made{function.name, outer, std::move(args), {}};
  if (made.function.ends_with("_outer")) {
    made.outer = true;
    made.function.resize(made.function.size() - 6);
  }
  bool tuple = made.function == "json_tuple";
  if (tuple && made.args.size() < 2) {
    PendingCall pending{made.function, made.args, {}, {}, "", at};
    return WrongCount(pending, "> 1");
  }
  if (made.function != "stack" && !tuple && made.args.size() != 1) {
    PendingCall pending{made.function, made.args, {}, {}, "", at};
    return WrongCount(pending, "1");
  }
  if (made.function == "variant_explode") {
    if (!made.args[0]->type.is(TypeId::kVariant)) {
      PendingCall pending{"variant_explode", made.args, {}, {}, "", at};
      return UnexpectedType(pending, 0, "\"VARIANT\"");
    }
    const DataType entry = DataType::Struct(
        {{"pos", TypeId::kInt, false}, {"key", TypeId::kString, true}, {"value", TypeId::kVariant, false}});
    made.args[0] = MakeCall("$variant_entries", {made.args[0]}, DataType::Array(entry, false), true, at);
    made.function = "inline";
  }
  auto fields = tuple                      ? Tupled(made.args, at)
                : made.function == "stack" ? Stacked(made.args, rules, at)
                : made.function == "inline"
                    ? Inlined(made.args[0]->type, at)
                    : Exploded(made.function, made.args[0]->type, made.function == "posexplode", at);
  if (!fields.ok()) return std::move(fields).error();
  if (!names.empty() && names.size() != fields->size()) {
    return AnalysisError("UDTF_ALIAS_NUMBER_MISMATCH", "42802",
                         "The number of aliases supplied in the AS clause does not match the number of columns output "
                         "by the UDTF. Expected <aliasesSize> aliases, but got <aliasesNames>. Please ensure that the "
                         "number of aliases provided matches the number of columns output by the UDTF.",
                         {{"aliasesSize", std::to_string(fields->size())}, {"aliasesNames", names.front()}}, at);
  }
  for (size_t i = 0; i < fields->size(); ++i) {
    const auto& field = (*fields)[i];
    made.columns.push_back(
        {new_id(), names.empty() ? field.name : names[i], field.type, field.nullable || made.outer, {}});
  }
  return made;
}

}  // namespace tidemill::sql
