#include "sql/detail/resolver_error.h"

namespace tidemill::sql {

Error AnalysisError(std::string error_class, std::string sqlstate, std::string_view text,
                    std::map<std::string, std::string> params, Position at) {
  std::string message;
  for (size_t i = 0; i < text.size(); ++i) {
    size_t close = text[i] == '<' ? text.find('>', i) : std::string_view::npos;
    auto param =
        close == std::string_view::npos ? params.end() : params.find(std::string(text.substr(i + 1, close - i - 1)));
    if (param == params.end()) {
      message += text[i];
    } else {
      message += param->second;
      i = close;
    }
  }
  Error error = InvalidArgument(std::move(message));
  error.error_class = std::move(error_class);
  error.sqlstate = std::move(sqlstate);
  error.params = std::move(params);
  error.at = at;
  return error;
}

Error Mismatch(std::string subclass, std::string sql, std::string_view text, std::map<std::string, std::string> params,
               Position at) {
  params["sqlExpr"] = QuotedSql(sql);
  return AnalysisError("DATATYPE_MISMATCH." + std::move(subclass), "42K09",
                       "Cannot resolve <sqlExpr> due to data type mismatch: " + std::string(text), std::move(params),
                       at);
}

Error IllegalCast(const std::string& sql, const plan::DataType& from, const plan::DataType& to, TypeRules rules,
                  Position at) {
  using plan::TypeId;
  bool ansi = rules == TypeRules::kAnsi;
  const char* functions = !ansi                                       ? ""
                          : from.is_numeric() && to.is(TypeId::kDate) ? "`DATE_FROM_UNIX_DATE`"
                          : from.is(TypeId::kDate) && to.is_numeric() ? "`UNIX_DATE`"
                                                                      : "";
  std::map<std::string, std::string> params{{"srcType", QuotedType(from)}, {"targetType", QuotedType(to)}};
  if (*functions) {
    params["functionNames"] = functions;
    return Mismatch("CAST_WITH_FUNC_SUGGESTION", sql,
                    "cannot cast <srcType> to <targetType>. To convert values from <srcType> to <targetType>, you can "
                    "use the functions <functionNames> instead.",
                    params, at);
  }
  if (ansi && CanCast(from, to, TypeRules::kLegacy)) {
    return Mismatch("CAST_WITH_CONF_SUGGESTION", sql,
                    "cannot cast <srcType> to <targetType> with ANSI mode on. If you have to cast <srcType> to "
                    "<targetType>, you can set spark.sql.ansi.enabled as false.",
                    params, at);
  }
  return Mismatch("CAST_WITHOUT_SUGGESTION", sql, "cannot cast <srcType> to <targetType>.", params, at);
}

Error Refused(std::string what, Position at) {
  Error error =
      Unimplemented(std::move(what) + " is not supported here; rewrite the query without it, or run it on Spark");
  error.at = at;
  return error;
}

std::string QuotedName(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) {
    text += text.empty() ? "`" : ".`";
    for (char c : part) text += c == '`' ? std::string("``") : std::string(1, c);
    text += '`';
  }
  return text;
}

std::string QuotedSql(const std::string& sql) { return "\"" + sql + "\""; }
std::string QuotedType(const plan::DataType& type) { return QuotedSql(type.ToSql()); }

}  // namespace tidemill::sql
