// Aggregates and window functions: DuckDB's own, made to give Spark's types and NULLs.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/duckdb/compile_expr.h"
#include "engine/duckdb/functions_rows.h"

namespace tidemill::engine::duckdb {

using plan::DataType;
using plan::TypeId;

namespace {

// Where FILTER and OVER go: after every call of DuckDB's in a template. kOver is for a call with a FILTER of its own,
// which the user's condition is part of.
constexpr char kHere = '\1';
constexpr char kOver = '\2';

// Aggregates that are DuckDB's own under that name, with the same type and NULLs.
const std::map<std::string, std::string>& Plain() {
  static const auto* names = new std::map<std::string, std::string>{{"min", "min"},
                                                                    {"max", "max"},
                                                                    {"bool_and", "bool_and"},
                                                                    {"bool_or", "bool_or"},
                                                                    {"bit_and", "bit_and"},
                                                                    {"bit_or", "bit_or"},
                                                                    {"bit_xor", "bit_xor"},
                                                                    {"covar_pop", "covar_pop"},
                                                                    {"covar_samp", "covar_samp"},
                                                                    {"stddev_pop", "stddev_pop"},
                                                                    {"std", "stddev_samp"},
                                                                    {"var_pop", "var_pop"},
                                                                    {"var_samp", "var_samp"},
                                                                    {"max_by", "arg_max_null"},
                                                                    {"min_by", "arg_min_null"},
                                                                    {"regr_avgx", "regr_avgx"},
                                                                    {"regr_avgy", "regr_avgy"},
                                                                    {"regr_sxx", "regr_sxx"},
                                                                    {"regr_sxy", "regr_sxy"},
                                                                    {"regr_syy", "regr_syy"},
                                                                    {"kurtosis", "kurtosis_pop"}};
  return *names;
}

struct AggregateJob {
  const ExprCompiler& compiler;
  const typed::Call& call;
  const typed::Expr& expr;
  std::vector<std::string> args;
  bool window;
  std::string condition;  // of the user's FILTER; empty when there is none
  bool null_on_failure() const { return !compiler.options().ansi || call.function.starts_with("try_"); }
  const DataType& type(size_t i = 0) const { return call.args[i]->type; }
  std::string Distinct() const { return call.distinct ? "DISTINCT " : ""; }
  std::string All() const { return fmt::format("{}", fmt::join(args, ", ")); }
  // FILTER and OVER of a call that passes over NULLs.
  std::string Known(const std::string& value) const {
    std::string also = condition.empty() ? "" : "(" + condition + ") AND ";
    return fmt::format(" FILTER (WHERE {}{} IS NOT NULL){}", also, value, kOver);
  }
  // The values that are not NULL, as a list; NULL when there are none.
  std::string Values(const std::string& value) const {
    return fmt::format("list({}{}){}", Distinct(), value, Known(value));
  }
  std::string ByValue(const std::string& name, const std::string& values, const DataType& element) const {
    std::vector<std::string> all{values};
    std::vector<DataType> types{DataType::Array(element)};
    for (size_t i = 1; i < args.size(); ++i) {
      all.push_back(args[i]);
      types.push_back(call.args[i]->type);
    }
    return ValueSql(name, all, types, expr.type);
  }
};

std::string Count(const AggregateJob& job) {
  bool literal = job.args.size() == 1 && std::holds_alternative<typed::Literal>(job.call.args[0]->node) &&
                 !job.call.args[0]->nullable;
  if (literal && !job.call.distinct) return fmt::format("count(*){}", kHere);
  if (job.args.size() == 1) return fmt::format("count({}{}){}", job.Distinct(), job.args[0], kHere);
  std::string all_there;
  for (const auto& arg : job.args) all_there += (all_there.empty() ? "" : " AND ") + arg + " IS NOT NULL";
  return fmt::format("count({}CASE WHEN {} THEN ({}) END){}", job.Distinct(), all_there, job.All(), kHere);
}

// The digits of the sum of decimals. Where too many digits are NULL, in two halves: DuckDB's own sum of 128 bits fails
// before 38 digits are twice used up.
std::string SumOfDigits(const AggregateJob& job) {
  if (!job.null_on_failure() || job.type().precision() <= 28) {
    return fmt::format("tm_unscaled(sum({}{}){})", job.Distinct(), job.args[0], kHere);
  }
  auto half = [&](const char* op) {
    return fmt::format("sum({}tm_unscaled({}) {} 10000000000000000000::HUGEINT){}", job.Distinct(), job.args[0], op,
                       kHere);
  };
  return fmt::format("tm_try_join_digits({}, {})", half("//"), half("%"));
}

Result<std::string> Sum(const AggregateJob& job) {
  bool is_try = job.null_on_failure();
  std::string sum = fmt::format("sum({}{}){}", job.Distinct(), job.args[0], kHere);
  if (job.type().is_fractional()) return sum;
  if (job.type().is_ansi_interval()) {
    const char* unit = job.type().is(TypeId::kYearMonthInterval) ? "months" : "micros";
    return fmt::format("tm_{}{}({})", job.call.function == "try_sum" ? "try_" : "", unit, sum);
  }
  // DuckDB adds up 128 bits, which hold more than 38 digits.
  if (job.type().is(TypeId::kDecimal) && job.type().precision() > 28) {
    if (is_try && job.call.distinct) return Refuse("a sum of distinct decimals of so many digits", job.expr.at);
    return fmt::format("tm_{}decimal({}, 38, {})", is_try ? "try_" : "", SumOfDigits(job), job.expr.type.scale());
  }
  bool wraps = job.type().is_integral() && job.call.function == "sum" && is_try;
  if (wraps) return "tm_wrap_bigint(" + sum + ")";
  return fmt::format("{}({} AS {})", is_try ? "TRY_CAST" : "CAST", sum, DuckDbType(job.expr.type));
}

Result<std::string> Average(const AggregateJob& job) {
  const DataType& type = job.type();
  if (type.is(TypeId::kDecimal)) {
    if (job.null_on_failure() && job.call.distinct && type.precision() > 28) {
      return Refuse("an average of distinct decimals of so many digits", job.expr.at);
    }
    return fmt::format("tm_{6}decimal(tm_average({7}, count({0}{1}){2}, {3}), {4}, {5})", job.Distinct(), job.args[0],
                       kHere, job.expr.type.scale() - type.scale(), job.expr.type.precision(), job.expr.type.scale(),
                       job.null_on_failure() ? "try_" : "", SumOfDigits(job));
  }
  if (type.is_ansi_interval()) {
    return fmt::format("tm_{3}average_{4}(sum({0}{1}){2}, count({0}{1}){2})", job.Distinct(), job.args[0], kHere,
                       job.call.function == "try_avg" ? "try_" : "",
                       type.is(TypeId::kYearMonthInterval) ? "months" : "micros");
  }
  // Spark adds up doubles; below 2^53 the sum is the same either way.
  std::string arg =
      type.is(TypeId::kLong) || type.is(TypeId::kFloat) ? "CAST(" + job.args[0] + " AS DOUBLE)" : job.args[0];
  return fmt::format("avg({}{}){}", job.Distinct(), arg, kHere);
}

Result<std::string> First(const AggregateJob& job) {
  const std::string& name = job.call.function;
  if (job.window) {
    return fmt::format("{}({}{}){}", name == "last" ? "last_value" : "first_value", job.args[0],
                       job.call.ignore_nulls ? " IGNORE NULLS" : "", kHere);
  }
  if (!job.call.ignore_nulls) return fmt::format("{}({}){}", name == "last" ? "last" : "first", job.args[0], kHere);
  if (name != "last") return fmt::format("any_value({}){}", job.args[0], kHere);
  return fmt::format("last({}){}", job.args[0], job.Known(job.args[0]));
}

Result<std::string> Collect(const AggregateJob& job) {
  bool set = job.call.function == "collect_set" || job.call.distinct;
  return fmt::format("coalesce(list({}{}){}, CAST([] AS {}))", set ? "DISTINCT " : "", job.args[0],
                     job.Known(job.args[0]), DuckDbType(job.expr.type));
}

// The value at a share of the sorted list s; l[i] counts from 1.
std::string AtShare(const AggregateJob& job, const std::string& share) {
  const DataType& type = job.type();
  const auto& kind = std::get<std::string>(std::get<typed::Literal>(job.call.args[2]->node).value.data);
  std::string value;
  if (kind == "disc") {
    value = fmt::format("s[CAST(greatest(ceil(len(s) * {}), 1) AS BIGINT)]", share);
  } else if (kind == "floor") {
    value = fmt::format("s[CAST(floor((len(s) - 1) * {}) AS BIGINT) + 1]", share);
  } else {
    value = fmt::format(
        "list_transform([(len(s) - 1) * {}], lambda p: list_transform([{{'a': CAST(s[CAST(floor(p) AS BIGINT) + 1] AS "
        "DOUBLE), 'b': CAST(s[CAST(ceil(p) AS BIGINT) + 1] AS DOUBLE)}}], lambda e: CASE WHEN e.a = e.b THEN e.a ELSE "
        "(ceil(p) - p) * e.a + (p - floor(p)) * e.b END)[1])[1]",
        share);
  }
  return type.is_ansi_interval() ? fmt::format("CAST(trunc({}) AS {})", value, DuckDbType(type)) : value;
}

std::string Percentile(const AggregateJob& job) {
  bool down = std::get<bool>(std::get<typed::Literal>(job.call.args[3]->node).value.data);
  std::string sorted = fmt::format("list_{}sort({})", down ? "reverse_" : "", job.Values(job.args[0]));
  if (!job.call.args[1]->type.is(TypeId::kArray)) {
    return fmt::format("list_transform([{}], lambda s: {})[1]", sorted, AtShare(job, job.args[1]));
  }
  return fmt::format(
      "list_transform([{}], lambda s: CASE WHEN len(s) > 0 AND len({}) > 0 THEN list_transform({}, lambda q: {}) "
      "END)[1]",
      sorted, job.args[1], job.args[1], AtShare(job, "q"));
}

std::string Mode(const AggregateJob& job) {
  auto counts = fmt::format("histogram({}){}", job.args[0], kHere);
  DataType map = DataType::Map(job.type(), TypeId::kLong, false);
  auto typed_counts = fmt::format("CAST({} AS {})", counts, DuckDbType(map));
  return ValueSql("mode", {typed_counts, job.args[1]}, {map, TypeId::kString}, job.expr.type);
}

// (value, share, frequency)
std::string PercentileCounts(const AggregateJob& job) {
  DataType pair = DataType::Struct({{"v", job.type(), true}, {"f", TypeId::kLong, true}});
  auto values = job.Values(fmt::format("{{'v': {}, 'f': {}}}", job.args[0], job.args[2]));
  return ValueSql("percentile_counts", {values, job.args[1]}, {DataType::Array(pair), job.type(1)}, job.expr.type);
}

Result<std::string> ListAgg(const AggregateJob& job) {
  std::string order;
  if (!job.call.within_group.empty()) {
    ASSIGN_OR_RETURN(auto keys, job.compiler.SortKeys(job.call.within_group));
    order = " ORDER BY " + keys;
  }
  return fmt::format("string_agg({}{}, {}{}){}", job.Distinct(), job.args[0], job.args[1], order, kHere);
}

Result<std::string> Shift(const AggregateJob& job) {
  bool no_default = std::holds_alternative<typed::Literal>(job.call.args[2]->node) && job.call.args[2]->nullable;
  return fmt::format("{}({}, {}{}{}){}", job.call.function, job.args[0], job.args[1],
                     no_default ? "" : ", " + job.args[2], job.call.ignore_nulls ? " IGNORE NULLS" : "", kHere);
}

// By a key, where DuckDB's own order of the values is not Spark's.
std::string Extreme(const AggregateJob& job) {
  const std::string& name = job.call.function;
  size_t by = name.ends_with("_by") ? 1 : 0;
  std::string key = OrderKey(job.args[by], job.type(by));
  return fmt::format("{}{}({}, {}){}", name.starts_with("max") ? "arg_max" : "arg_min", by ? "_null" : "", job.args[0],
                     key, kHere);
}

// The call with kHere wherever FILTER and OVER belong.
Result<std::string> Template(const AggregateJob& job) {
  const std::string& name = job.call.function;
  bool extreme = name == "min" || name == "max" || name == "min_by" || name == "max_by";
  if (extreme && !OrdersAlike(job.type(job.args.size() - 1))) return Extreme(job);
  if (auto plain = Plain().find(name); plain != Plain().end()) {
    return fmt::format("{}({}{}){}", plain->second, job.Distinct(), job.All(), kHere);
  }
  if (name == "count") return Count(job);
  if (name == "count_if") return fmt::format("count(CASE WHEN {} THEN 1 END){}", job.args[0], kHere);
  if (name == "sum" || name == "try_sum") return Sum(job);
  if (name == "avg" || name == "try_avg") return Average(job);
  if (name == "first" || name == "last" || name == "any_value") return First(job);
  if (name == "array_agg" || name == "collect_set") return Collect(job);
  if (name == "listagg") return ListAgg(job);
  if (name == "percentile") return Percentile(job);
  if (name == "$percentile_counts") return PercentileCounts(job);
  if (name == "mode") return Mode(job);
  if (name == "approx_percentile") return job.ByValue("percentile_approx", job.Values(job.args[0]), job.type());
  if (name == "approx_count_distinct") {
    const auto hash = ValueSql("xxhash64", {job.args[0]}, {job.type()}, TypeId::kLong);
    const auto hashes = fmt::format("coalesce(list(DISTINCT {}){}, [])", hash, job.Known(job.args[0]));
    return ValueSql("hll_count", {hashes, job.args.size() > 1 ? job.args[1] : "CAST(0.05 AS DOUBLE)"},
                    {DataType::Array(TypeId::kLong), TypeId::kDouble}, TypeId::kLong);
  }
  if (name.starts_with("bitmap_") || name == "schema_of_variant_agg") {  // of no value, something too
    return ValueSql(name, {fmt::format("coalesce({}, [])", job.Values(job.args[0]))}, {DataType::Array(job.type())},
                    job.expr.type);
  }
  if (name == "histogram_numeric" || name == "skewness") return job.ByValue(name, job.Values(job.args[0]), job.type());
  if (name == "corr") {
    // Spark divides by the variances, and raises where they are zero.
    std::string variances = fmt::format("(regr_sxx({0}){1} * regr_syy({0}){1})", job.All(), kHere);
    return fmt::format(
        "CASE WHEN regr_count({0}){1} > 1 THEN CASE WHEN {2} = 0 THEN tm_divide(1, {2}) ELSE corr({0}){1} END END",
        job.All(), kHere, variances);
  }
  if (name == "regr_slope" || name == "regr_intercept") {
    return fmt::format("CASE WHEN regr_sxx({0}){1} <> 0 THEN {2}({0}){1} END", job.All(), kHere, name);
  }
  if (name == "regr_r2") {
    return fmt::format(
        "CASE WHEN regr_sxx({0}){1} = 0 THEN NULL WHEN regr_syy({0}){1} = 0 THEN 1 ELSE pow(regr_sxy({0}){1} / "
        "sqrt(regr_sxx({0}){1} * regr_syy({0}){1}), 2) END",
        job.All(), kHere);
  }
  // Only of its count does DuckDB know that it is 0 over no row, also in a subquery per row.
  if (name == "regr_count") {
    return fmt::format("count(CASE WHEN {} IS NOT NULL AND {} IS NOT NULL THEN 1 END){}", job.args[0], job.args[1],
                       kHere);
  }
  if (name == "lead" || name == "lag") return Shift(job);
  if (name == "nth_value") {
    return fmt::format("nth_value({}, {}{}){}", job.args[0], job.args[1], job.call.ignore_nulls ? " IGNORE NULLS" : "",
                       kHere);
  }
  if (name == "row_number" || name == "rank" || name == "dense_rank") {
    return fmt::format("CAST({}(){} AS INTEGER)", name, kHere);
  }
  if (name == "ntile") return fmt::format("CAST(ntile({}){} AS INTEGER)", job.args[0], kHere);
  if (name == "percent_rank" || name == "cume_dist") return fmt::format("{}(){}", name, kHere);
  return Refuse("the function " + name, job.expr.at);
}

std::string Fill(const std::string& text, const std::string& condition, const std::string& over) {
  std::string filter = condition.empty() ? "" : " FILTER (WHERE " + condition + ")";
  std::string filled;
  for (char c : text) filled += c == kHere ? filter + over : c == kOver ? over : std::string(1, c);
  return filled;
}

// DuckDB would take an aggregate over the enclosing query's columns for one of that query.
bool ReadsOutside(const typed::ExprPtr& expr) {
  if (const auto* ref = std::get_if<typed::ColumnRef>(&expr->node)) return ref->outer;
  if (const auto* cast = std::get_if<typed::Cast>(&expr->node)) return ReadsOutside(cast->child);
  const auto* call = std::get_if<typed::Call>(&expr->node);
  return call && std::any_of(call->args.begin(), call->args.end(), ReadsOutside);
}

Result<AggregateJob> Prepare(const ExprCompiler& compiler, const typed::Call& call, const typed::Expr& expr,
                             bool window) {
  AggregateJob job{compiler, call, expr, {}, window, ""};
  if (call.filter) {
    ASSIGN_OR_RETURN(job.condition, compiler.Compile(call.filter));
  }
  for (const auto& arg : call.args) {
    if (ReadsOutside(arg)) return Refuse("an aggregate over columns of the enclosing query", expr.at);
    // A sum is as wide as it gets, whatever its input's digits.
    bool sums = call.function == "sum" || call.function == "avg";
    ASSIGN_OR_RETURN(auto sql, sums ? compiler.Compile(arg) : compiler.CompileExact(arg));
    if (arg->type.is_fractional() && call.distinct) sql = "(" + sql + " + 0)";
    job.args.push_back(sql);
  }
  return job;
}

}  // namespace

Result<std::string> ExprCompiler::CompileAggregate(const typed::Call& call, const typed::Expr& expr) const {
  ASSIGN_OR_RETURN(auto job, Prepare(*this, call, expr, false));
  ASSIGN_OR_RETURN(auto text, Template(job));
  return Fill(text, job.condition, "");
}

Result<std::string> ExprCompiler::CompileWindow(const typed::WindowCall& window, const typed::Expr& expr) const {
  ASSIGN_OR_RETURN(auto job, Prepare(*this, window.call, expr, true));
  ASSIGN_OR_RETURN(auto text, Template(job));
  std::string over = " OVER (";
  std::string partition;
  for (const auto& key : window.partition_by) {
    ASSIGN_OR_RETURN(auto sql, CompileExact(key));
    if (std::holds_alternative<typed::Literal>(key->node)) continue;
    partition += (partition.empty() ? "PARTITION BY " : ", ") + sql;
  }
  over += partition;
  if (!window.order_by.empty()) {
    ASSIGN_OR_RETURN(auto keys, SortKeys(window.order_by));
    over += std::string(partition.empty() ? "" : " ") + "ORDER BY " + keys;
  }
  if (window.has_frame) {
    ASSIGN_OR_RETURN(auto start, Bound(window, window.start));
    ASSIGN_OR_RETURN(auto end, Bound(window, window.end));
    over += fmt::format(" {} BETWEEN {} AND {}", window.rows ? "ROWS" : "RANGE", start, end);
  }
  return Fill(text, job.condition, over + ")");
}

}  // namespace tidemill::engine::duckdb
