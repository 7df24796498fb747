// Rules in code for text: encodings, masks, and numbers by format.
#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "base/lower.h"
#include "sql/coercion.h"
#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_operator.h"
#include "sql/detail/resolver_typed.h"
#include "sql/number_format.h"

namespace tidemill::sql {

using plan::DataType;
using plan::TypeId;
using typed::ExprPtr;

namespace {

Error NotFoldable(const PendingCall& call, size_t index, const std::string& name, const std::string& type) {
  return Mismatch("NON_FOLDABLE_INPUT", call.sql,
                  "the input <inputName> should be a foldable <inputType> expression; however, got <inputExpr>.",
                  {{"inputName", "`" + name + "`"}, {"inputType", type}, {"inputExpr", QuotedSql(call.arg_sql[index])}},
                  call.at);
}

bool IsNullLiteral(const ExprPtr& expr) {
  const auto* literal = AsLiteral(expr);
  return literal && literal->value.is_null();
}

// decode(bytes, charset), or Oracle's decode(x, search, result, ..., default) with NULL equal to NULL.
Ruled Decode(const PendingCall& call) {
  if (call.args.size() < 2) return WrongCount(call, "> 1");
  if (call.args.size() == 2) {
    ASSIGN_OR_RETURN(auto bytes, Implicit(call, 0, TypeId::kBinary));
    ASSIGN_OR_RETURN(auto charset, Implicit(call, 1, TypeId::kString));
    return MakeCall("decode", {bytes, charset}, TypeId::kString, bytes->nullable || charset->nullable, call.at);
  }
  size_t pairs = (call.args.size() - 1) / 2;
  std::vector<ExprPtr> results;
  for (size_t i = 0; i < pairs; ++i) results.push_back(call.args[2 + 2 * i]);
  bool otherwise = call.args.size() % 2 == 0;
  if (otherwise) results.push_back(call.args.back());
  ASSIGN_OR_RETURN(auto values, CastAllToCommon(call, results));
  typed::Case made;
  for (size_t i = 0; i < pairs; ++i) {
    ASSIGN_OR_RETURN(auto same, Comparison(call, "<=>", call.args[0], call.args[1 + 2 * i]));
    made.branches.emplace_back(same, values[i]);
  }
  if (otherwise) made.otherwise = values.back();
  DataType type = values[0]->type;
  return typed::MakeExpr(std::move(made), type, true, call.at);
}

// to_binary(text [, format]): the format is a constant.
Ruled ToBinary(const PendingCall& call) {
  if (call.args.empty() || call.args.size() > 2) return WrongCount(call, "[1, 2]");
  std::string name = call.name.starts_with("try_") ? "try_to_binary" : "to_binary";
  ASSIGN_OR_RETURN(auto text, Implicit(call, 0, TypeId::kString));
  ExprPtr format = StringLiteral("hex");
  if (call.args.size() == 2) {
    const auto& given = call.args[1];
    if (!IsConstant(given)) return NotFoldable(call, 1, "fmt", "\"STRING\"");
    if (IsNullLiteral(given)) return NullLiteral(TypeId::kBinary);
    if (!given->type.is(TypeId::kString)) return UnexpectedType(call, 1, "\"STRING\"");
    format = given;
    if (auto constant = LiteralText(given)) {
      std::string lower = LowerAscii(*constant);
      static const std::set<std::string> kFormats = {"hex", "utf-8", "utf8", "base64"};
      if (!kFormats.contains(lower)) {
        return Mismatch("INVALID_ARG_VALUE", call.sql,
                        "The <inputName> value must to be a <requireType> literal of <validValues>, but got "
                        "<inputValue>.",
                        {{"inputName", "`fmt`"},
                         {"requireType", "case-insensitive \"STRING\""},
                         {"validValues", "'hex', 'utf-8', 'utf8', or 'base64'"},
                         {"inputValue", "'" + lower + "'"}},
                        call.at);
      }
    }
  }
  bool null = name == "try_to_binary" || text->nullable;
  return MakeCall(name, {text, format}, TypeId::kBinary, null, call.at);
}

// Spark wants its replacements to be constants of one character, or NULL.
Ruled Mask(const PendingCall& call) {
  static constexpr const char* kNames[] = {"str", "upperChar", "lowerChar", "digitChar", "otherChar"};
  if (call.args.empty() || call.args.size() > 5) return WrongCount(call, "[1, 2, 3, 4, 5]");
  std::vector<ExprPtr> args;
  for (size_t i = 0; i < call.args.size(); ++i) {
    const DataType& type = call.args[i]->type;
    if (!type.is(TypeId::kString) && !type.is(TypeId::kNull)) return UnexpectedType(call, i, "\"STRING\"");
    auto arg = CastTo(call.args[i], TypeId::kString);
    if (i > 0 && !IsConstant(arg)) return NotFoldable(call, i, kNames[i], "\"STRING\"");
    auto text = LiteralText(arg);
    auto points = text ? std::count_if(text->begin(), text->end(), [](char c) { return (c & 0xC0) != 0x80; }) : 1;
    if (i > 0 && points != 1) {
      return Mismatch("INPUT_SIZE_NOT_ONE", call.sql, "Length of <exprName> should be 1.", {{"exprName", kNames[i]}},
                      call.at);
    }
    args.push_back(arg);
  }
  for (const char* otherwise : {"X", "x", "n"}) {
    if (args.size() < 4 && args.size() == static_cast<size_t>(*otherwise == 'X' ? 1 : *otherwise == 'x' ? 2 : 3)) {
      args.push_back(StringLiteral(otherwise));
    }
  }
  if (args.size() == 4) args.push_back(NullLiteral(TypeId::kString));
  bool nullable = args[0]->nullable;
  return MakeCall("mask", args, TypeId::kString, nullable, call.at);
}

Ruled FormatString(const PendingCall& call) {
  if (call.args.empty()) return WrongCount(call, "> 0");
  std::vector<ExprPtr> args = call.args;
  ASSIGN_OR_RETURN(args[0], Implicit(call, 0, TypeId::kString));
  if (auto format = LiteralText(args[0]); format && format->find("%0$") != std::string::npos) {
    return AnalysisError("INVALID_PARAMETER_VALUE.ZERO_INDEX", "22023",
                         "The value of parameter(s) <parameter> in <functionName> is invalid: expects %1$, %2$ and so "
                         "on, but got %0$.",
                         {{"parameter", "`strfmt`"}, {"functionName", "`format_string`"}}, call.at);
  }
  bool nullable = args[0]->nullable;
  return MakeCall("format_string", args, TypeId::kString, nullable, call.at);
}

// A format as a constant; nothing for a NULL.
Result<std::optional<NumberFormat>> ConstantFormat(const PendingCall& call) {
  if (!IsConstant(call.args[1])) return NotFoldable(call, 1, "format", "\"STRING\"");
  if (IsNullLiteral(call.args[1])) return std::optional<NumberFormat>();
  auto text = LiteralText(call.args[1]);
  if (!text) return Refused("a number format that is not a literal", call.at);
  auto format = NumberFormat::Read(*text);
  if (format.ok()) return std::optional(*format);
  Error error = format.error();
  error.at = call.at;
  return error;
}

Ruled ToNumber(const PendingCall& call) {
  if (call.args.size() != 2) return WrongCount(call, "2");
  ASSIGN_OR_RETURN(auto text, Implicit(call, 0, TypeId::kString));
  ASSIGN_OR_RETURN(auto format, ConstantFormat(call));
  DataType type = format ? DataType::Decimal(format->precision(), format->scale()) : DataType::Decimal(38, 18);
  if (!format) return NullLiteral(type);
  bool null = call.name == "try_to_number" || text->nullable;
  return MakeCall(call.name, {text, call.args[1]}, type, null, call.at);
}

// to_char of a number by a number's format, of a time by a date's, of bytes by an encoding's name.
Ruled ToChar(const PendingCall& call) {
  if (call.args.size() != 2) return WrongCount(call, "2");
  const ExprPtr &value = call.args[0], &format = call.args[1];
  if (value->type.is_datetime()) {
    auto time = CastTo(value, TypeId::kTimestamp);
    PendingCall format_time = call;
    format_time.name = "date_format";
    format_time.args[0] = time;
    return DatetimeRule(format_time);
  }
  if (value->type.is(TypeId::kBinary)) {
    auto text = LiteralText(format);
    std::string lower = LowerAscii(text.value_or(""));
    const char* function = lower == "hex" ? "hex" : lower == "base64" ? "base64" : nullptr;
    if (lower == "utf-8") {
      return MakeCall("decode", {value, StringLiteral("UTF-8")}, TypeId::kString, value->nullable, call.at);
    }
    if (!function) {
      return AnalysisError(
          "INVALID_PARAMETER_VALUE.BINARY_FORMAT", "22023",
          "The value of parameter(s) <parameter> in <functionName> is invalid: expects one of binary "
          "formats 'base64', 'hex', 'utf-8', but got <invalidFormat>.",
          {{"parameter", "`format`"}, {"functionName", "`" + call.name + "`"}, {"invalidFormat", "'" + lower + "'"}},
          call.at);
    }
    return MakeCall(function, {value}, TypeId::kString, value->nullable, call.at);
  }
  ExprPtr number = value;
  if (number->type.is(TypeId::kString) || number->type.is(TypeId::kNull)) {
    number = CastTo(number, DataType::Decimal(38, 18));
  }
  if (!number->type.is_numeric()) return UnexpectedType(call, 0, "\"DECIMAL\"");
  number = CastTo(number, DecimalForType(number->type));
  ASSIGN_OR_RETURN(auto read, ConstantFormat(call));
  if (!read) return NullLiteral(TypeId::kString);
  return MakeCall("to_char", {number, format}, TypeId::kString, number->nullable, call.at);
}

// str_to_map(text [, between pairs [, between key and value]]): texts only, nothing is cast.
Ruled StrToMap(const PendingCall& call) {
  if (call.args.empty() || call.args.size() > 3) return WrongCount(call, "[1, 2, 3]");
  std::vector<ExprPtr> args;
  for (size_t i = 0; i < call.args.size(); ++i) {
    const DataType& type = call.args[i]->type;
    if (!type.is(TypeId::kString) && !type.is(TypeId::kNull)) return UnexpectedType(call, i, "\"STRING\"");
    args.push_back(CastTo(call.args[i], TypeId::kString));
  }
  if (args.size() < 2) args.push_back(StringLiteral(","));
  if (args.size() < 3) args.push_back(StringLiteral(":"));
  const bool nullable = AnyNullable(args);
  return MakeCall("str_to_map", std::move(args), DataType::Map(TypeId::kString, TypeId::kString), nullable, call.at);
}

}  // namespace

Ruled TextRule(const PendingCall& call) {
  static const auto* rules =
      new Rules{{"decode", Decode},      {"to_binary", ToBinary},     {"try_to_binary", ToBinary},
                {"mask", Mask},          {"str_to_map", StrToMap},    {"format_string", FormatString},
                {"to_number", ToNumber}, {"try_to_number", ToNumber}, {"to_char", ToChar}};
  return Apply(*rules, call);
}

}  // namespace tidemill::sql
