// Rules in code for CSV: the type of what is parsed is an argument.
#include <algorithm>
#include <charconv>
#include <map>

#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_operator.h"
#include "sql/detail/resolver_options.h"
#include "sql/detail/resolver_typed.h"
#include "sql/scalar_inference.h"

namespace tidemill::sql {

using plan::DataType;
using plan::TypeId;
using typed::ExprPtr;

namespace {

std::string Option(const Options& options, const char* name, const std::string& otherwise) {
  const auto found = options.find(name);
  return found == options.end() ? otherwise : found->second;
}

Ruled FromCsv(const PendingCall& call) {
  if (call.args.size() < 2 || call.args.size() > 3) return WrongCount(call, "[2, 3]");
  ASSIGN_OR_RETURN(auto type, TypeArgument(call, 1));
  if (!type.is(TypeId::kStruct)) {
    return AnalysisError("INVALID_SCHEMA.NON_STRUCT_TYPE", "42K07",
                         "The input schema <inputSchema> is not a valid schema string. The input expression should be "
                         "evaluated to struct type, but got <dataType>.",
                         {{"inputSchema", QuotedSql(call.arg_sql[1])}, {"dataType", QuotedType(type)}}, call.at);
  }
  ASSIGN_OR_RETURN(auto options, OptionsOf(call, 2));
  if (!call.args[0]->type.is(TypeId::kString) && !call.args[0]->type.is(TypeId::kNull)) {
    return UnexpectedType(call, 0, "\"STRING\"");
  }
  RETURN_IF_ERROR(FailsFast(call, options));
  RETURN_IF_ERROR(OnlyOptions(
      options, {"mode", "sep", "delimiter", "quote", "escape", "nullvalue", "dateformat", "timestampformat"}, call.at));
  for (const char* name : {"quote", "escape"}) {
    if (Option(options, name, "x").size() != 1) return Refused("a quote or escape that is not one character", call.at);
  }
  for (const auto& field : type.fields()) {
    if (field.type.is_nested()) {
      return AnalysisError("UNSUPPORTED_DATATYPE", "0A000", "Unsupported data type <typeName>.",
                           {{"typeName", QuotedType(field.type)}}, call.at);
    }
    if (field.type.is_ansi_interval() || field.type.is(TypeId::kCalendarInterval) || field.type.is(TypeId::kVariant)) {
      return Refused("from_csv to " + field.type.ToSql(), call.at);
    }
  }
  return MakeCall("from_csv", {CastTo(call.args[0], TypeId::kString), OptionsLiteral(options)}, type, true, call.at);
}

// The fields of one record without escapes; nothing: it takes a real reader.
std::optional<std::vector<std::string>> Fields(const std::string& record, const std::string& separator, char quote) {
  std::vector<std::string> fields;
  for (size_t at = 0;;) {
    const size_t end = std::min(record.find(separator, at), record.size());
    std::string field = record.substr(at, end - at);
    if (field.find(quote) != std::string::npos) {
      const bool whole = field.size() > 1 && field.front() == quote && field.find(quote, 1) == field.size() - 1;
      if (!whole || field.find('\\') != std::string::npos) return std::nullopt;
      field = field.substr(1, field.size() - 2);
    }
    fields.push_back(std::move(field));
    if (end == record.size()) return fields;
    at = end + separator.size();
  }
}

Ruled SchemaOfCsv(const PendingCall& call) {
  if (call.args.empty() || call.args.size() > 2) return WrongCount(call, "[1, 2]");
  ASSIGN_OR_RETURN(auto options, OptionsOf(call, 1));
  ASSIGN_OR_RETURN(auto text, ConstantArgument(call, 0, "csv"));
  RETURN_IF_ERROR(OnlyOptions(options, {"sep", "delimiter", "quote"}, call.at));
  const std::string separator = Option(options, "delimiter", Option(options, "sep", ","));
  const std::string quote = Option(options, "quote", "\"");
  auto fields =
      separator.empty() || quote.size() != 1 || text.empty() ? std::nullopt : Fields(text, separator, quote[0]);
  if (!fields) return Refused("schema_of_csv of this text", call.at);
  std::vector<plan::Field> schema;
  for (const auto& field : *fields) {
    DataType type = field.empty() ? DataType(TypeId::kString) : InferredFromCsv(field);
    schema.push_back({"_c" + std::to_string(schema.size()), type});
  }
  return StringLiteral(DataType::Struct(std::move(schema)).ToSql());
}

bool HoldsNested(const DataType& type) {
  return std::any_of(type.fields().begin(), type.fields().end(), [](const auto& f) {
    return f.type.is_nested() || f.type.is(TypeId::kVariant) || f.type.is(TypeId::kCalendarInterval);
  });
}

// The struct with its bytes as texts of spark.sql.binaryOutputStyle, where that is set.
ExprPtr WithBinaryAsText(const ExprPtr& value, const ResolveOptions& options) {
  const auto style = options.conf.find("spark.sql.binaryOutputStyle");
  const auto& fields = value->type.fields();
  const bool any = std::ranges::any_of(fields, [](const auto& f) { return f.type.is(TypeId::kBinary); });
  if (!any || style == options.conf.end()) return value;
  std::vector<ExprPtr> parts;
  std::vector<plan::Field> shown = fields;
  for (size_t i = 0; i < fields.size(); ++i) {
    auto part = typed::MakeExpr(typed::GetField{value, static_cast<int>(i)}, fields[i].type, true, value->at);
    if (fields[i].type.is(TypeId::kBinary)) {
      part = MakeCall("$binary_text", {part, StringLiteral(style->second)}, TypeId::kString, true, value->at);
      shown[i].type = TypeId::kString;
    }
    parts.push_back(StringLiteral(fields[i].name));
    parts.push_back(std::move(part));
  }
  const DataType type = DataType::Struct(std::move(shown));
  auto made = MakeCall("named_struct", std::move(parts), type, false, value->at);
  if (!value->nullable) return made;
  auto there = MakeCall("isnotnull", {value}, TypeId::kBoolean, false, value->at);
  return typed::MakeExpr(typed::Case{{{there, made}}, NullLiteral(type)}, type, true, value->at);
}

// (struct, separator, quote, escape, text of NULL, date format, timestamp format)
Ruled ToCsv(const PendingCall& call) {
  if (call.args.empty() || call.args.size() > 2) return WrongCount(call, "[1, 2]");
  ASSIGN_OR_RETURN(auto options, OptionsOf(call, 1));
  if (!call.args[0]->type.is(TypeId::kStruct)) {
    return Mismatch("UNSUPPORTED_INPUT_TYPE", call.sql, "The input of <functionName> can't be <dataType> type data.",
                    {{"functionName", "`to_csv`"}, {"dataType", QuotedType(call.args[0]->type)}}, call.at);
  }
  RETURN_IF_ERROR(OnlyOptions(
      options, {"sep", "delimiter", "quote", "escape", "nullvalue", "dateformat", "timestampformat"}, call.at));
  if (HoldsNested(call.args[0]->type)) return Refused("to_csv of nested values", call.at);
  std::vector<ExprPtr> args{WithBinaryAsText(call.args[0], *call.options)};
  for (const auto& text : {Option(options, "delimiter", Option(options, "sep", ",")), Option(options, "quote", "\""),
                           Option(options, "escape", "\\")}) {
    if (text.size() != 1) return Refused("a separator, quote or escape of to_csv that is not one character", call.at);
    args.push_back(StringLiteral(text));
  }
  for (const char* name : {"nullvalue", "dateformat", "timestampformat"}) {
    args.push_back(StringLiteral(Option(options, name, "")));
  }
  return MakeCall("to_csv", std::move(args), TypeId::kString, call.args[0]->nullable, call.at);
}

}  // namespace

Ruled CsvRule(const PendingCall& call) {
  static const auto* rules = new Rules{{"from_csv", FromCsv}, {"to_csv", ToCsv}, {"schema_of_csv", SchemaOfCsv}};
  return Apply(*rules, call);
}

}  // namespace tidemill::sql
