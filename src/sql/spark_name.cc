#include "sql/spark_name.h"

#include "base/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <span>
#include <string_view>

#include "sql/literal_text.h"
#include "sql/named_arguments.h"
#include "sql/resolver.h"

namespace tidemill::sql {
namespace {

using plan::ExprPtr;

// What a function is called in names, where that is not its own name in lower case.
struct Rename {
  std::string_view name;
  std::string_view printed;
};

constexpr Rename kRenames[] = {
    {"acos", "ACOS"},
    {"acosh", "ACOSH"},
    {"array_agg", "collect_list"},
    {"asin", "ASIN"},
    {"asinh", "ASINH"},
    {"atan", "ATAN"},
    {"atan2", "ATAN2"},
    {"atanh", "ATANH"},
    {"cbrt", "CBRT"},
    {"cos", "COS"},
    {"cosh", "COSH"},
    {"cot", "COT"},
    {"csc", "CSC"},
    {"curdate", "current_date"},
    {"current_database", "current_schema"},
    {"dateadd", "date_add"},
    {"degrees", "DEGREES"},
    {"dense_rank", "DENSE_RANK"},
    {"e", "E"},
    {"exp", "EXP"},
    {"expm1", "EXPM1"},
    {"hypot", "HYPOT"},
    {"log", "LOG"},
    {"log10", "LOG10"},
    {"log1p", "LOG1P"},
    {"log2", "LOG2"},
    {"percent_rank", "PERCENT_RANK"},
    {"pi", "PI"},
    {"power", "POWER"},
    {"radians", "RADIANS"},
    {"random", "rand"},
    {"rank", "RANK"},
    {"regexp", "REGEXP"},
    {"regexp_like", "REGEXP_LIKE"},
    {"rlike", "RLIKE"},
    {"sec", "SEC"},
    {"signum", "SIGNUM"},
    {"sin", "SIN"},
    {"sinh", "SINH"},
    {"spark_partition_id", "SPARK_PARTITION_ID"},
    {"sqrt", "SQRT"},
    {"tan", "TAN"},
    {"tanh", "TANH"},
    {"to_varchar", "to_char"},
};

// Arguments that Spark fills in and then prints: those that follow `given` written ones.
struct Default {
  std::string_view name;
  size_t given;
  std::string_view printed;
};

constexpr std::string_view kTimestampFormat = "yyyy-MM-dd HH:mm:ss";
constexpr Default kDefaults[] = {
    {"array_sort", 1,
     "lambdafunction((IF(((namedlambdavariable() IS NULL) AND (namedlambdavariable() IS NULL)), 0, "
     "(IF((namedlambdavariable() IS NULL), 1, (IF((namedlambdavariable() IS NULL), -1, (IF((namedlambdavariable() < "
     "namedlambdavariable()), -1, (IF((namedlambdavariable() > namedlambdavariable()), 1, 0)))))))))), "
     "namedlambdavariable(), namedlambdavariable())"},
    {"aes_decrypt", 2, "GCM, DEFAULT, "},
    {"aes_decrypt", 3, "DEFAULT, "},
    {"aes_decrypt", 4, ""},
    {"aes_encrypt", 2, "GCM, DEFAULT, , "},
    {"aes_encrypt", 3, "DEFAULT, , "},
    {"aes_encrypt", 4, ", "},
    {"aes_encrypt", 5, ""},
    {"approx_percentile", 2, "10000"},
    {"approx_top_k", 1, "5, 10000"},
    {"approx_top_k", 2, "10000"},
    {"bround", 1, "0"},
    {"from_unixtime", 1, kTimestampFormat},
    {"hll_sketch_agg", 1, "12"},
    {"lag", 1, "1, NULL"},
    {"lag", 2, "NULL"},
    {"lead", 1, "1, NULL"},
    {"lead", 2, "NULL"},
    {"listagg", 1, "NULL"},
    {"locate", 2, "1"},
    {"lpad", 2, " "},
    {"make_dt_interval", 0, "0, 0, 0, 0.000000"},
    {"make_dt_interval", 1, "0, 0, 0.000000"},
    {"make_dt_interval", 2, "0, 0.000000"},
    {"make_dt_interval", 3, "0.000000"},
    {"make_interval", 0, "0, 0, 0, 0, 0, 0, 0.000000"},
    {"make_interval", 1, "0, 0, 0, 0, 0, 0.000000"},
    {"make_interval", 2, "0, 0, 0, 0, 0.000000"},
    {"make_interval", 3, "0, 0, 0, 0.000000"},
    {"make_interval", 4, "0, 0, 0.000000"},
    {"make_interval", 5, "0, 0.000000"},
    {"make_interval", 6, "0.000000"},
    {"make_ym_interval", 0, "0, 0"},
    {"make_ym_interval", 1, "0"},
    {"mask", 1, "X, x, n, NULL"},
    {"mask", 2, "x, n, NULL"},
    {"mask", 3, "n, NULL"},
    {"mask", 4, "NULL"},
    {"months_between", 2, "true"},
    {"ntile", 0, "1"},
    {"overlay", 3, "-1"},
    {"percentile", 2, "1"},
    {"percentile_approx", 2, "10000"},
    {"position", 2, "1"},
    {"regexp_extract", 2, "1"},
    {"regexp_extract_all", 2, "1"},
    {"regexp_instr", 2, "0"},
    {"regexp_replace", 3, "1"},
    {"replace", 2, ""},
    {"round", 1, "0"},
    {"rpad", 2, " "},
    {"sentences", 1, ", "},
    {"sort_array", 1, "true"},
    {"split", 2, "-1"},
    {"str_to_map", 1, ",, :"},
    {"str_to_map", 2, ":"},
    {"string_agg", 1, "NULL"},
    {"substr", 2, "2147483647"},
    {"substring", 2, "2147483647"},
    {"to_unix_timestamp", 1, kTimestampFormat},
    {"unix_timestamp", 0, "current_timestamp(), yyyy-MM-dd HH:mm:ss"},
    {"unix_timestamp", 1, kTimestampFormat},
    {"try_aes_decrypt", 2, "GCM, DEFAULT, "},
    {"try_aes_decrypt", 3, "DEFAULT, "},
    {"try_aes_decrypt", 4, ""},
};

// Functions that are casts: printed as their argument.
constexpr std::string_view kCastFunctions[] = {"bigint", "binary", "boolean",  "date",   "decimal", "double",
                                               "float",  "int",    "smallint", "string", "tinyint", "timestamp"};
// Words that are calls where no column has their name.
constexpr Rename kWordCalls[] = {{"current_catalog", "current_catalog()"},
                                 {"current_database", "current_schema()"},
                                 {"current_date", "current_date()"},
                                 {"current_schema", "current_schema()"},
                                 {"current_time", "current_time()"},
                                 {"current_timestamp", "current_timestamp()"},
                                 {"current_user", "current_user()"},
                                 {"session_user", "current_user()"},
                                 {"user", "current_user()"}};
// Functions whose name means an operator.
constexpr std::string_view kOperatorFunctions[] = {"and", "or", "not", "like", "isnull", "isnotnull", "positive"};
// Window functions that choose their own frame: from the beginning to here, by rows.
constexpr std::string_view kRowFrames[] = {"row_number", "rank", "dense_rank", "percent_rank", "ntile"};

bool Contains(std::span<const std::string_view> list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

class Printer {
 public:
  explicit Printer(const PartText& part) : part_(part) {}

  std::string Print(const ExprPtr& expr) {
    const auto* attribute = std::get_if<plan::Attribute>(&expr->node);
    const auto* cast = std::get_if<plan::Cast>(&expr->node);
    const bool variable = attribute && std::ranges::find(variables_, attribute->parts[0]) != variables_.end();
    if (part_ && !variable) {
      if (auto text = part_(expr)) return *text;
    }
    // A TIMESTAMP literal without a zone is a cast in its literal's place; see literal.h.
    const auto* literal = cast ? std::get_if<plan::Literal>(&cast->child->node) : nullptr;
    if (literal && literal->type.is(plan::TypeId::kTimestampNtz) && cast->type.is(plan::TypeId::kTimestamp) &&
        cast->child->at == expr->at && !cast->double_colon) {
      return "TIMESTAMP" + LiteralText(*literal).substr(std::string_view("TIMESTAMP_NTZ").size());
    }
    return std::visit([this](const auto& node) { return Text(node); }, expr->node);
  }

  std::string PrintColumn(const plan::Name& parts) {
    if (parts.size() == 1) {
      const auto* word = std::ranges::find(kWordCalls, LowerAscii(parts[0]), &Rename::name);
      if (word != std::end(kWordCalls)) return std::string(word->printed);
    }
    return parts.back();
  }

 private:
  std::string List(std::span<const ExprPtr> exprs) {
    std::string text;
    for (size_t i = 0; i < exprs.size(); ++i) text += (i > 0 ? ", " : "") + Print(exprs[i]);
    return text;
  }

  std::string Text(const plan::Literal& node) { return LiteralText(node); }

  std::string Text(const plan::Attribute& node) {
    if (std::ranges::find(variables_, node.parts[0]) != variables_.end()) {
      std::string text = "namedlambdavariable()";
      for (size_t i = 1; i < node.parts.size(); ++i) text += "." + node.parts[i];
      return text;
    }
    return PrintColumn(node.parts);
  }

  std::string Text(const plan::Star& node) {
    std::string text;
    for (const auto& part : node.qualifier) text += part + ".";
    return text + "*";
  }

  std::string Text(const plan::Cast& node) {
    if (const auto* alias = std::get_if<plan::Alias>(&node.child->node)) return alias->names.front();
    if (node.type.is_nested()) return Print(node.child);  // as Spark has it
    if (node.type.is_char() || node.type.is_varchar()) return fmt::format("CAST({} AS STRING)", Print(node.child));
    return fmt::format("{}({} AS {})", node.try_cast ? "TRY_CAST" : "CAST", Print(node.child), node.type.ToSql());
  }

  std::string Text(const plan::Case& node) {
    std::string text = "CASE";
    for (const auto& [condition, result] : node.branches) {
      const std::string test =
          node.operand ? fmt::format("({} = {})", Print(node.operand), Print(condition)) : Print(condition);
      text += fmt::format(" WHEN {} THEN {}", test, Print(result));
    }
    if (node.otherwise) text += " ELSE " + Print(node.otherwise);
    return text + " END";
  }

  std::string Text(const plan::Lambda& node) {
    const size_t outer = variables_.size();
    variables_.insert(variables_.end(), node.params.begin(), node.params.end());
    std::string text = "lambdafunction(" + Print(node.body);
    variables_.resize(outer);
    for (size_t i = 0; i < node.params.size(); ++i) text += ", namedlambdavariable()";
    return text + ")";
  }

  std::string Text(const plan::SubqueryExpr& node) {
    if (node.kind == plan::SubqueryExpr::Kind::kScalar) return "scalarsubquery()";
    if (node.kind == plan::SubqueryExpr::Kind::kExists) return "exists()";
    const std::string needle =
        node.needle.size() == 1 ? Print(node.needle[0]) : NamedStruct(node.needle, /*quoted=*/true);
    return fmt::format("({} IN (listquery()))", needle);
  }

  std::string Text(const plan::Alias& node) { return fmt::format("{} AS {}", Print(node.child), node.names[0]); }
  std::string Text(const plan::Subscript& node) { return fmt::format("{}[{}]", Print(node.child), Print(node.index)); }
  std::string Text(const plan::FieldAccess& node) { return fmt::format("{}.{}", Print(node.child), node.field); }
  std::string Text(const plan::Parameter& node) { return node.name.empty() ? "?" : ":" + node.name; }
  std::string Text(const plan::IdentifierClause& node) { return fmt::format("IDENTIFIER({})", Print(node.expr)); }

  // (a, b): every member under its name, or colN.
  std::string NamedStruct(std::span<const ExprPtr> members, bool quoted) {
    std::string text;
    for (size_t i = 0; i < members.size(); ++i) {
      std::string name = fmt::format("col{}", i + 1);
      ExprPtr member = members[i];
      if (const auto* alias = std::get_if<plan::Alias>(&member->node)) {
        name = alias->names[0];
      } else if (const auto* attribute = std::get_if<plan::Attribute>(&member->node)) {
        name = attribute->parts.back();
      }
      const char* quote = quoted ? "'" : "";
      text += fmt::format("{}{}{}{}, {}", i == 0 ? "" : ", ", quote, name, quote, Print(member));
    }
    return fmt::format("named_struct({})", text);
  }

  // Spark keeps the word only where nothing below is looked up or cast.
  static const char* Unknown(const plan::Call& node) {
    const auto* literal = std::get_if<plan::Literal>(&node.args[0]->node);
    return literal && literal->type.is(plan::TypeId::kBoolean) ? "UNKNOWN" : "NULL";
  }

  std::string Negation(const plan::Call& node) {
    const auto* inner = std::get_if<plan::Call>(&node.args[0]->node);
    if (inner && inner->is_operator) {
      const std::string& name = inner->name[0];
      if (name == "isunknown") return fmt::format("({} IS NOT {})", Print(inner->args[0]), Unknown(*inner));
      // NOT LIKE ALL arrives as the negation of LIKE ANY, and the other way about.
      if (name == "like_any" || name == "ilike_any") return Patterns("notlikeall", *inner);
      if (name == "like_all" || name == "ilike_all") return Patterns("notlikeany", *inner);
    }
    return fmt::format("(NOT {})", Print(node.args[0]));
  }

  // Spark leaves out the patterns.
  std::string Patterns(std::string_view name, const plan::Call& node) {
    const std::string value = Print(node.args[0]);
    return fmt::format("{}({})", name, node.name[0].starts_with('i') ? fmt::format("lower({})", value) : value);
  }

  std::string Like(const plan::Call& node) {
    std::string text = fmt::format("{} LIKE {}", Print(node.args[0]), Print(node.args[1]));
    if (node.args.size() > 2) text += fmt::format(" ESCAPE '{}'", Print(node.args[2]));
    return text;
  }

  std::string Operator(const plan::Call& node) {
    const std::string name = LowerAscii(node.name[0]);
    const auto& args = node.args;
    if (args.empty()) return name + "()";
    if (name == "not") return Negation(node);
    if (name == "negative") return fmt::format("(- {})", Print(args[0]));
    if (name == "positive") return fmt::format("(+ {})", Print(args[0]));
    if (name == "~") return "~" + Print(args[0]);
    if (name == "isnull") return fmt::format("({} IS NULL)", Print(args[0]));
    if (name == "isunknown") return fmt::format("({} IS {})", Print(args[0]), Unknown(node));
    if (name == "isnotnull") return fmt::format("({} IS NOT NULL)", Print(args[0]));
    if (name == "istrue") return fmt::format("({} <=> true)", Print(args[0]));
    if (name == "isfalse") return fmt::format("({} <=> false)", Print(args[0]));
    if (name == "struct_row") return NamedStruct(args, /*quoted=*/false);
    if (name == "in") return fmt::format("({} IN ({}))", Print(args[0]), List(std::span(args).subspan(1)));
    if (name == "between") return fmt::format("between({})", List(args));
    if (name == "collate") return fmt::format("collate({})", List(args));
    if (name == "||") return fmt::format("concat({})", List(args));
    if (args.size() < 2) return fmt::format("{}({})", name, List(args));
    if (name == "like") return Like(node);
    if (name == "ilike") return fmt::format("ilike({})", List(std::span(args).first(2)));
    if (name == "rlike") return fmt::format("RLIKE({})", List(args));
    if (name == "like_all" || name == "ilike_all") return Patterns("likeall", node);
    if (name == "like_any" || name == "ilike_any") return Patterns("likeany", node);
    if (name == "!=") return fmt::format("(NOT ({} = {}))", Print(args[0]), Print(args[1]));
    std::string symbol = name;
    if (name == "and" || name == "or") symbol = name == "and" ? "AND" : "OR";
    return fmt::format("({} {} {})", Print(args[0]), symbol, Print(args[1]));
  }

  std::string SortKeys(std::span<const plan::SortKey> keys) {
    std::string text;
    for (const auto& key : keys) {
      text += fmt::format("{}{} {} NULLS {}", text.empty() ? "" : ", ", Print(key.expr), key.ascending ? "ASC" : "DESC",
                          key.nulls_first ? "FIRST" : "LAST");
    }
    return text;
  }

  std::string Bound(const plan::FrameBound& bound) {
    using Kind = plan::FrameBound::Kind;
    switch (bound.kind) {
      case Kind::kUnboundedPreceding:
        return "UNBOUNDED PRECEDING";
      case Kind::kPreceding:
        return Print(bound.offset) + " PRECEDING";
      case Kind::kCurrentRow:
        return "CURRENT ROW";
      case Kind::kFollowing:
        return Print(bound.offset) + " FOLLOWING";
      case Kind::kUnboundedFollowing:
        return "UNBOUNDED FOLLOWING";
    }
    return "";
  }

  // The frame as written, or the one that Spark puts in.
  std::string Frame(const plan::Call& call, const plan::WindowSpec& spec) {
    const std::string name = LowerAscii(call.name.back());
    if (name == "lag" || name == "lead") {
      const std::string offset = call.args.size() > 1 ? Print(call.args[1]) : "1";
      const std::string bound = fmt::format("{}{} FOLLOWING", name == "lag" ? "-" : "", offset);
      return fmt::format("ROWS BETWEEN {0} AND {0}", bound);
    }
    if (spec.frame) {
      return fmt::format("{} BETWEEN {} AND {}", spec.frame->rows ? "ROWS" : "RANGE", Bound(spec.frame->start),
                         Bound(spec.frame->end));
    }
    if (Contains(kRowFrames, name)) return "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW";
    if (name == "cume_dist") return "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW";
    return spec.order_by.empty() ? "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"
                                 : "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW";
  }

  std::string Over(const plan::Call& call) {
    const auto& spec = *call.over;
    if (!spec.reference.empty()) return " OVER " + spec.reference;
    std::string text = " OVER (";
    if (!spec.partition_by.empty()) text += fmt::format("PARTITION BY {} ", List(spec.partition_by));
    if (!spec.order_by.empty()) text += fmt::format("ORDER BY {} ", SortKeys(spec.order_by));
    return text + Frame(call, spec) + ")";
  }

  std::string WithinGroup(const plan::Call& call) {
    const std::string name = LowerAscii(call.name.back());
    if (name == "listagg" || name == "string_agg") {
      return fmt::format(" WITHIN GROUP (ORDER BY {})", SortKeys(call.within_group));
    }
    // Inverse distributions print their direction only when it is downward; mode's is turned about.
    std::string text;
    for (const auto& key : call.within_group) {
      const bool down = key.ascending == (name == "mode");
      text += fmt::format("{}{}{}", text.empty() ? "" : ", ", Print(key.expr), down ? " DESC" : "");
    }
    return fmt::format(" WITHIN GROUP (ORDER BY {})", text);
  }

  std::string Arguments(const std::string& name, const plan::Call& call) {
    std::span<const ExprPtr> args = call.args;
    const bool drops_flag = name == "first" || name == "last" || name == "any_value" || name == "first_value" ||
                            name == "last_value" || name == "from_json" || name == "from_csv" || name == "ilike" ||
                            name == "to_json" || name == "to_csv" || name == "schema_of_json" ||
                            name == "schema_of_csv" || name == "to_xml" || name == "from_xml" ||
                            name == "schema_of_xml" || name == "approx_count_distinct";
    if (drops_flag && args.size() > (name == "ilike" ? 2u : 1u)) args = args.first(name == "ilike" ? 2 : 1);
    if ((name == "variant_get" || name == "try_variant_get") && args.size() > 2) args = args.first(2);
    std::string text = call.distinct ? "DISTINCT " : "";
    if (name == "log" && args.size() == 1) text += "E(), ";
    if (name == "convert_timezone" && args.size() == 2) text += "current_timezone(), ";
    if (name == "count" && args.size() == 1 && !call.distinct && std::holds_alternative<plan::Star>(args[0]->node)) {
      return text + "1";
    }
    for (size_t i = 0; i < args.size(); ++i) {
      if (i > 0) text += ", ";
      if (i < call.arg_names.size() && !call.arg_names[i].empty()) text += call.arg_names[i] + " => ";
      text += Print(args[i]);
    }
    const std::string_view plain = std::string_view(name).substr(name == "try_make_interval" ? 4 : 0);
    for (const auto& row : kDefaults) {
      if (row.name == plain && row.given == args.size()) text += (args.empty() ? "" : ", ") + std::string(row.printed);
    }
    const bool folds = (name == "aggregate" || name == "reduce") && args.size() == 3;
    if (folds) text += ", lambdafunction(namedlambdavariable(), namedlambdavariable())";
    return text;
  }

  std::string PrintedName(const std::string& name, const plan::Call& call) {
    if (call.ignore_nulls == true && name == "first_value") return "first";
    if (call.ignore_nulls == true && name == "last_value") return "last";
    if (call.args.size() == 1 && name == "floor") return "FLOOR";
    if (call.args.size() == 1 && name == "ceil") return "CEIL";
    const auto* row = std::ranges::find(kRenames, name, &Rename::name);
    return row == std::end(kRenames) ? name : std::string(row->printed);
  }

  // The few functions with a form of their own.
  std::optional<std::string> SpecialForm(const std::string& name, const plan::Call& call) {
    const auto& args = call.args;
    if (name == "window" || name == "session_window") return name;
    if (args.size() == 3 && name == "if") return fmt::format("(IF({}))", List(args));
    if (args.size() == 2 && name == "mode") {
      const auto* flag = std::get_if<plan::Literal>(&args[1]->node);
      const auto* deterministic = flag ? std::get_if<bool>(&flag->value.data) : nullptr;
      if (deterministic && *deterministic) return fmt::format("mode() WITHIN GROUP (ORDER BY {} DESC)", Print(args[0]));
    }
    if (args.size() == 1 && name == "assert_true")
      return fmt::format("assert_true({0}, '{0}' is not true!)", Print(args[0]));
    if (args.size() == 1 && name == "raise_error") {
      return fmt::format("raise_error(USER_RAISED_EXCEPTION, map(errorMessage, {}))", Print(args[0]));
    }
    if (args.size() == 2 && name == "extract")
      return fmt::format("extract({} FROM {})", Print(args[0]), Print(args[1]));
    if (args.size() == 2 && (name == "trim" || name == "ltrim" || name == "rtrim")) {
      const char* side = name == "trim" ? "BOTH" : name == "ltrim" ? "LEADING" : "TRAILING";
      return fmt::format("TRIM({} {} FROM {})", side, Print(args[1]), Print(args[0]));
    }
    if (args.size() > 1 && name == "from_json") {
      const auto* type = std::get_if<plan::Literal>(&args[1]->node);
      const auto* text = type ? std::get_if<std::string>(&type->value.data) : nullptr;
      if (text && LowerAscii(*text).starts_with("map<")) return "entries";
    }
    if (args.size() == 1 && Contains(kCastFunctions, name)) return Print(args[0]);
    if (!args.empty() && Contains(kOperatorFunctions, name)) return Operator(call);
    return std::nullopt;
  }

  // to_char of a time is date_format.
  static bool IsTime(const plan::Expr& expr) {
    const auto* literal = std::get_if<plan::Literal>(&expr.node);
    const auto* cast = std::get_if<plan::Cast>(&expr.node);
    return literal ? literal->type.is_datetime() : cast && cast->type.is_datetime();
  }

  std::string Text(const plan::Call& written) {
    if (written.is_operator) return Operator(written);
    const auto positional = WithPositionalArguments(written, {});
    const plan::Call& node = positional.ok() ? *positional : written;
    std::string name = LowerAscii(node.name.back());
    if ((name == "to_char" || name == "to_varchar") && node.args.size() == 2 && IsTime(*node.args[0])) {
      name = "date_format";
    }
    if (node.name.size() == 1) {
      if (auto special = SpecialForm(name, node)) return *special;
    }
    std::string text = fmt::format("{}({})", PrintedName(name, node), Arguments(name, node));
    if (!node.within_group.empty()) text += WithinGroup(node);
    if (node.filter) text += fmt::format(" FILTER (WHERE {})", Print(node.filter));
    if (node.ignore_nulls == true && name == "nth_value") text += " ignore nulls";
    if (node.over) text += Over(node);
    return text;
  }

  const PartText& part_;
  std::vector<std::string> variables_;  // of the lambdas around
};

}  // namespace

std::string SparkText(const ExprPtr& expr, const PartText& part) { return Printer(part).Print(expr); }

// A column keeps its own name through a cast; a field of a struct does not.
std::string SparkNameWith(const ExprPtr& expr, const PartText& part) {
  Printer printer(part);
  if (const auto* alias = std::get_if<plan::Alias>(&expr->node)) return alias->names[0];
  if (const auto* column = std::get_if<plan::Attribute>(&expr->node)) return printer.PrintColumn(column->parts);
  const auto* cast = std::get_if<plan::Cast>(&expr->node);
  const auto* column = cast ? std::get_if<plan::Attribute>(&cast->child->node) : nullptr;
  if (!column) return printer.Print(expr);
  const std::string name = printer.Print(cast->child);
  return name == column->parts.back() ? name : printer.Print(expr);
}

std::string SparkName(const ExprPtr& expr) { return SparkNameWith(expr, {}); }

}  // namespace tidemill::sql
