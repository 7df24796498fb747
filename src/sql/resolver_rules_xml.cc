// Rules in code for XML.
#include <map>

#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_operator.h"
#include "sql/detail/resolver_options.h"
#include "sql/detail/resolver_typed.h"
#include "sql/xml_text.h"

namespace tidemill::sql {

using plan::DataType;
using plan::TypeId;
using typed::ExprPtr;

namespace {

Result<ExprPtr> TextArgument(const PendingCall& call, size_t index) {
  if (!call.args[index]->type.is(TypeId::kString) && !call.args[index]->type.is(TypeId::kNull)) {
    return UnexpectedType(call, index, "\"STRING\"");
  }
  return CastTo(call.args[index], TypeId::kString);
}

// A part that XML's text is not read as here.
bool HoldsUnread(const DataType& type) {
  if (type.is(TypeId::kVariant) || type.is_ansi_interval() || type.is(TypeId::kCalendarInterval)) return true;
  if (type.is(TypeId::kArray)) return HoldsUnread(type.element());
  if (type.is(TypeId::kMap)) return !type.key().is(TypeId::kString) || HoldsUnread(type.value());
  for (const auto& field : type.fields()) {
    if (HoldsUnread(field.type)) return true;
  }
  return false;
}

Ruled FromXml(const PendingCall& call) {
  if (call.args.size() < 2 || call.args.size() > 3) return WrongCount(call, "[2, 3]");
  ASSIGN_OR_RETURN(auto type, TypeArgument(call, 1));
  ASSIGN_OR_RETURN(auto options, OptionsOf(call, 2));
  ASSIGN_OR_RETURN(auto text, TextArgument(call, 0));
  if (!type.is(TypeId::kStruct) && !type.is(TypeId::kVariant)) {
    return Mismatch("INVALID_XML_SCHEMA", call.sql, "Input schema <schema> must be a struct or a variant.",
                    {{"schema", QuotedType(type)}}, call.at);
  }
  RETURN_IF_ERROR(FailsFast(call, options));
  RETURN_IF_ERROR(OnlyOptions(options,
                              {"mode", "rowtag", "attributeprefix", "valuetag", "nullvalue", "ignoresurroundingspaces",
                               "excludeattribute", "dateformat", "timestampformat"},
                              call.at));
  if (HoldsUnread(type)) return Refused("from_xml to " + type.ToSql(), call.at);
  return MakeCall("from_xml", {text, OptionsLiteral(options)}, type, true, call.at);
}

// A part that Spark's writer writes; of maps, those with text for names.
bool IsWritten(const DataType& type) {
  if (type.is(TypeId::kArray)) return IsWritten(type.element());
  if (type.is(TypeId::kMap)) return type.key().is(TypeId::kString) && IsWritten(type.value());
  for (const auto& field : type.fields()) {
    if (!IsWritten(field.type)) return false;
  }
  return type.is_numeric() || type.is_datetime() || type.is(TypeId::kStruct) || type.is(TypeId::kString) ||
         type.is(TypeId::kBoolean) || type.is(TypeId::kNull);
}

Ruled ToXml(const PendingCall& call) {
  if (call.args.empty() || call.args.size() > 2) return WrongCount(call, "[1, 2]");
  ASSIGN_OR_RETURN(auto options, OptionsOf(call, 1));
  const DataType& type = call.args[0]->type;
  if (type.is(TypeId::kNull)) return NullLiteral(TypeId::kString);
  if (!type.is(TypeId::kStruct)) return UnexpectedType(call, 0, "\"STRUCT\"");
  RETURN_IF_ERROR(OnlyOptions(options,
                              {"mode", "rowtag", "attributeprefix", "valuetag", "nullvalue", "indent",
                               "arrayelementname", "dateformat", "timestampformat"},
                              call.at));
  if (!IsWritten(type)) return Refused("to_xml of " + type.ToSql(), call.at);
  return MakeCall("to_xml", {call.args[0], OptionsLiteral(options)}, TypeId::kString, true, call.at);
}

Ruled SchemaOfXml(const PendingCall& call) {
  if (call.args.empty() || call.args.size() > 2) return WrongCount(call, "[1, 2]");
  ASSIGN_OR_RETURN(auto options, OptionsOf(call, 1));
  ASSIGN_OR_RETURN(auto text, ConstantArgument(call, 0, "xml"));
  RETURN_IF_ERROR(
      OnlyOptions(options, {"rowtag", "attributeprefix", "valuetag", "nullvalue", "excludeattribute"}, call.at));
  const XmlEvents events = ReadXml(text);
  if (events.has_doctype) return Refused("XML with a DOCTYPE", call.at);
  const auto type = XmlType(events, XmlOptionsOf(options));
  return StringLiteral((type ? *type : DataType::Struct({{"_corrupt_record", TypeId::kString}})).ToSql());
}

// xpath(text, path) and its kin: the path is a constant.
Ruled Path(const PendingCall& call) {
  static const auto* types = new std::map<std::string, DataType>{{"xpath", DataType::Array(TypeId::kString, false)},
                                                                 {"xpath_boolean", TypeId::kBoolean},
                                                                 {"xpath_double", TypeId::kDouble},
                                                                 {"xpath_float", TypeId::kFloat},
                                                                 {"xpath_int", TypeId::kInt},
                                                                 {"xpath_long", TypeId::kLong},
                                                                 {"xpath_short", TypeId::kShort},
                                                                 {"xpath_string", TypeId::kString}};
  if (call.args.size() != 2) return WrongCount(call, "2");
  if (!IsConstant(call.args[1])) {
    return Mismatch("NON_FOLDABLE_INPUT", call.sql,
                    "the input <inputName> should be a foldable <inputType> expression; however, got <inputExpr>.",
                    {{"inputName", "`path`"}, {"inputType", "\"STRING\""}, {"inputExpr", QuotedSql(call.arg_sql[1])}},
                    call.at);
  }
  ASSIGN_OR_RETURN(auto text, TextArgument(call, 0));
  ASSIGN_OR_RETURN(auto path, TextArgument(call, 1));
  return MakeCall(call.name, {text, path}, types->at(call.name), true, call.at);
}

}  // namespace

Ruled XmlRule(const PendingCall& call) {
  static const auto* rules = new Rules{{"from_xml", FromXml}, {"to_xml", ToXml}, {"schema_of_xml", SchemaOfXml}};
  if (call.name.starts_with("xpath")) return Path(call);
  return Apply(*rules, call);
}

}  // namespace tidemill::sql
