// Rules in code for dates and timestamps: functions with several forms, and units written as names.
#include <algorithm>
#include <map>
#include <set>

#include "base/lower.h"
#include "sql/coercion.h"
#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_operator.h"
#include "sql/detail/resolver_typed.h"

namespace tidemill::sql {

using plan::DataType;
using plan::TypeId;
using typed::ExprPtr;

namespace {

ExprPtr Constant(int64_t value, TypeId type, Position at) {
  return typed::MakeExpr(typed::Literal{plan::Value{value}}, type, false, at);
}

int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b < 0); }

// now() and current_date() are the run's own, so that a retry sees the same.
Ruled Now(const PendingCall& call) {
  if (!call.args.empty()) return WrongCount(call, "0");
  return Constant(call.options->now_micros, TypeId::kTimestamp, call.at);
}
Ruled Today(const PendingCall& call) {
  if (!call.args.empty()) return WrongCount(call, "0");
  if (call.options->time_zone == "UTC") {
    return Constant(FloorDiv(call.options->now_micros, 86400000000), TypeId::kDate, call.at);
  }
  return CastTo(Constant(call.options->now_micros, TypeId::kTimestamp, call.at), TypeId::kDate);
}
Ruled LocalNow(const PendingCall& call) {
  return CastTo(Constant(call.options->now_micros, TypeId::kTimestamp, call.at), TypeId::kTimestampNtz);
}
// A call that takes a pattern; one of java.text.SimpleDateFormat's bears a mark.
ExprPtr WithPattern(const PendingCall& call, const std::string& name, std::vector<ExprPtr> args, const DataType& type,
                    bool nullable) {
  auto policy = call.options->conf.find("spark.sql.legacy.timeParserPolicy");
  std::string chosen = LowerAscii(policy == call.options->conf.end() ? "" : policy->second);
  if (chosen == "legacy") args.push_back(BoolLiteral(true));
  return MakeCall(name, std::move(args), type, nullable, call.at);
}

// date_format(time, pattern), from_unixtime(seconds [, pattern]).
Ruled FormatTime(const PendingCall& call) {
  bool unix_time = call.name == "from_unixtime";
  if (call.args.size() != 2 && !(unix_time && call.args.size() == 1))
    return WrongCount(call, unix_time ? "[1, 2]" : "2");
  ASSIGN_OR_RETURN(auto time, Implicit(call, 0, unix_time ? TypeId::kLong : TypeId::kTimestamp));
  ExprPtr pattern = StringLiteral("yyyy-MM-dd HH:mm:ss");
  if (call.args.size() == 2) {
    ASSIGN_OR_RETURN(pattern, Implicit(call, 1, TypeId::kString));
  }
  return WithPattern(call, call.name, {time, pattern}, TypeId::kString,
                     unix_time || time->nullable || pattern->nullable);
}

Ruled TimeZoneName(const PendingCall& call) { return StringLiteral(call.options->time_zone); }

// date_add(d, n) and date_sub(d, n): n may be a string that is an integer, not a bigint.
Ruled AddDays(const PendingCall& call) {
  if (call.args.size() == 3) return Refused(call.name + " with a unit", call.at);
  if (call.args.size() != 2) return WrongCount(call, "2");
  ASSIGN_OR_RETURN(auto date, Implicit(call, 0, TypeId::kDate));
  const DataType& type = call.args[1]->type;
  if (!type.is_integral() && !type.is(TypeId::kString) && !type.is(TypeId::kNull)) {
    return UnexpectedType(call, 1, "(\"INT\" or \"SMALLINT\" or \"TINYINT\")");
  }
  if (type.is(TypeId::kLong)) return UnexpectedType(call, 1, "(\"INT\" or \"SMALLINT\" or \"TINYINT\")");
  // Outside ANSI mode only a constant that is a whole number.
  if (type.is(TypeId::kString) && !call.options->ansi) {
    if (!IsConstant(call.args[1])) return UnexpectedType(call, 1, "(\"INT\" or \"SMALLINT\" or \"TINYINT\")");
    auto text = LiteralText(call.args[1]);
    bool whole = text && !text->empty() && text->find_first_not_of("+-0123456789") == std::string::npos;
    if (!whole) {
      return AnalysisError("SECOND_FUNCTION_ARGUMENT_NOT_INTEGER", "22023",
                           "The second argument of <functionName> function needs to be an integer.",
                           {{"functionName", call.name}}, call.at);
    }
  }
  ASSIGN_OR_RETURN(auto days, Implicit(call, 1, TypeId::kInt));
  return MakeCall(call.name, {date, days}, TypeId::kDate, date->nullable || days->nullable, call.at);
}

Ruled DateDiff(const PendingCall& call) {
  if (call.args.size() == 3) {
    auto unit = LiteralText(call.args[0]);
    if (!unit) return Refused(call.name + " with this unit", call.at);
    std::vector<ExprPtr> args{StringLiteral(*unit)};
    for (size_t i = 1; i < 3; ++i) {
      ASSIGN_OR_RETURN(auto time, Implicit(call, i, TypeId::kTimestamp));
      args.push_back(time);
    }
    return MakeCall("timestampdiff", args, TypeId::kLong, AnyNullable(args), call.at);
  }
  if (call.args.size() != 2) return WrongCount(call, "2");
  ASSIGN_OR_RETURN(auto end, Implicit(call, 0, TypeId::kDate));
  ASSIGN_OR_RETURN(auto start, Implicit(call, 1, TypeId::kDate));
  return MakeCall("date_diff", {end, start}, TypeId::kInt, end->nullable || start->nullable, call.at);
}

// A local time taken for one of UTC, whatever the session's zone: so Spark reads it where a pattern might stand.
ExprPtr InstantOfUtc(const ExprPtr& local) {
  if (!local->type.is(TypeId::kTimestampNtz)) return local;
  return MakeCall("$instant_of_utc", {local}, TypeId::kTimestamp, local->nullable, local->at);
}

// A string with a pattern, or anything castable without one.
Ruled Parse(const PendingCall& call) {
  if (call.args.empty() || call.args.size() > 2) return WrongCount(call, "[1, 2]");
  bool is_try = call.name.starts_with("try_");
  bool date = call.name.ends_with("_date");
  bool ntz = call.name == "to_timestamp_ntz" ||
             (call.options->timestamp_ntz() && (call.name == "to_timestamp" || call.name == "try_to_timestamp"));
  DataType type = date ? TypeId::kDate : ntz ? TypeId::kTimestampNtz : TypeId::kTimestamp;
  const DataType& from = call.args[0]->type;
  if (call.args.size() == 1 || !from.is(TypeId::kString)) {
    if (!CanCast(from, type, call.options->rules()))
      return UnexpectedType(call, 0, "(\"STRING\" or \"DATE\" or \"TIMESTAMP\" or \"TIMESTAMP_NTZ\")");
    auto mode = is_try ? typed::Cast::Mode::kTry : typed::Cast::Mode::kPlain;
    return CastTo(call.args.size() == 2 && !ntz ? InstantOfUtc(call.args[0]) : call.args[0], type, mode);
  }
  ASSIGN_OR_RETURN(auto pattern, Implicit(call, 1, TypeId::kString));
  std::string name = (is_try ? "try_to_" : "to_") + std::string(date ? "date" : ntz ? "timestamp_ntz" : "timestamp");
  if (is_try && date) name = "try_to_date";
  return WithPattern(call, name, {call.args[0], pattern}, type, is_try || call.args[0]->nullable || pattern->nullable);
}

// Cut off towards 1970, where unix_seconds rounds down.
Ruled UnixTimestamp(const PendingCall& call) {
  if (call.args.empty()) {
    return Constant(FloorDiv(call.options->now_micros, 1000000), TypeId::kLong, call.at);
  }
  if (call.args.size() > 2) return WrongCount(call, "[0, 1, 2]");
  if (!call.args[0]->type.is(TypeId::kString)) {
    ExprPtr time = InstantOfUtc(call.args[0]);
    if (!time->type.is(TypeId::kTimestamp)) {
      ASSIGN_OR_RETURN(time, Implicit(call, 0, TypeId::kTimestamp));
    }
    return MakeCall("$whole_seconds", {time}, TypeId::kLong, time->nullable, call.at);
  }
  ExprPtr pattern = StringLiteral("yyyy-MM-dd HH:mm:ss");
  if (call.args.size() == 2) {
    ASSIGN_OR_RETURN(pattern, Implicit(call, 1, TypeId::kString));
  }
  bool nullable = call.args[0]->nullable || pattern->nullable;
  auto time = WithPattern(call, "to_timestamp", {call.args[0], pattern}, TypeId::kTimestamp, nullable);
  return MakeCall("$whole_seconds", {time}, TypeId::kLong, nullable, call.at);
}

// make_timestamp(y, mo, d, h, mi, s [, zone]); the seconds are decimal(16, 6).
Ruled MakeTimestamp(const PendingCall& call) {
  bool zoned = call.args.size() == 7 && !call.name.ends_with("_ntz");
  if (call.args.size() == 2) return Refused(call.name + " of date and time", call.at);
  if (call.args.size() != 6 && !zoned) return WrongCount(call, call.name.ends_with("_ntz") ? "6" : "[6, 7]");
  std::vector<ExprPtr> args;
  for (size_t i = 0; i < 6; ++i) {
    ASSIGN_OR_RETURN(auto arg, Implicit(call, i, i == 5 ? DataType::Decimal(16, 6) : DataType(TypeId::kInt)));
    args.push_back(arg);
  }
  bool ntz = call.name.ends_with("_ntz") || (call.name.ends_with("make_timestamp") && call.options->timestamp_ntz());
  bool is_try = call.name.starts_with("try_");
  auto local = MakeCall(is_try ? "try_make_timestamp_ntz" : "make_timestamp_ntz", args, TypeId::kTimestampNtz,
                        is_try || AnyNullable(args), call.at);
  if (ntz || !zoned) return ntz ? local : CastTo(local, TypeId::kTimestamp);
  ASSIGN_OR_RETURN(auto zone, Implicit(call, 6, TypeId::kString));
  return MakeCall("$instant_in_zone", {local, zone}, TypeId::kTimestamp, local->nullable || zone->nullable, call.at);
}

Ruled TimestampSeconds(const PendingCall& call) {
  if (call.args.size() != 1) return WrongCount(call, "1");
  const DataType& type = call.args[0]->type;
  if (!type.is_numeric() && !type.is(TypeId::kNull)) return UnexpectedType(call, 0, "\"NUMERIC\"");
  return MakeCall("timestamp_seconds",
                  {call.args[0]->type.is(TypeId::kNull) ? CastTo(call.args[0], TypeId::kLong) : call.args[0]},
                  TypeId::kTimestamp, true, call.at);
}

// extract(field FROM x), date_part('field', x).
Ruled Extract(const PendingCall& call) {
  if (call.args.size() != 2) return WrongCount(call, "2");
  auto written = LiteralText(call.args[0]);
  if (!written) return Refused("extract() of a field that is not a constant", call.at);
  std::string field = LowerAscii(*written);
  ExprPtr source = call.args[1];
  if (source->type.is(TypeId::kString) || source->type.is(TypeId::kNull)) source = CastTo(source, TypeId::kTimestamp);
  if (!source->type.is_datetime()) return UnexpectedType(call, 1, "(\"TIMESTAMP\" or \"INTERVAL\")");
  static const auto* of_date = new std::map<std::string, std::string>{{"year", "year"},
                                                                      {"y", "year"},
                                                                      {"years", "year"},
                                                                      {"yr", "year"},
                                                                      {"yrs", "year"},
                                                                      {"yearofweek", "$yearofweek"},
                                                                      {"quarter", "quarter"},
                                                                      {"qtr", "quarter"},
                                                                      {"month", "month"},
                                                                      {"mon", "month"},
                                                                      {"mons", "month"},
                                                                      {"months", "month"},
                                                                      {"week", "weekofyear"},
                                                                      {"w", "weekofyear"},
                                                                      {"weeks", "weekofyear"},
                                                                      {"day", "day"},
                                                                      {"d", "day"},
                                                                      {"days", "day"},
                                                                      {"dayofweek", "dayofweek"},
                                                                      {"dow", "dayofweek"},
                                                                      {"dayofweek_iso", "$dayofweek_iso"},
                                                                      {"dow_iso", "$dayofweek_iso"},
                                                                      {"doy", "dayofyear"}};
  static const auto* of_time = new std::map<std::string, std::string>{
      {"hour", "hour"},     {"h", "hour"},   {"hours", "hour"}, {"hr", "hour"},     {"hrs", "hour"},
      {"minute", "minute"}, {"m", "minute"}, {"min", "minute"}, {"mins", "minute"}, {"minutes", "minute"}};
  static const auto* of_second = new std::set<std::string>{"second", "s", "sec", "seconds", "secs"};
  if (auto found = of_date->find(field); found != of_date->end()) {
    auto date = CastTo(source, TypeId::kDate);
    return MakeCall(found->second, {date}, TypeId::kInt, date->nullable, call.at);
  }
  if (source->type.is(TypeId::kDate)) source = CastTo(source, TypeId::kTimestamp);
  if (auto found = of_time->find(field); found != of_time->end()) {
    return MakeCall(found->second, {source}, TypeId::kInt, source->nullable, call.at);
  }
  if (of_second->contains(field)) {
    return MakeCall("$second_with_fraction", {source}, DataType::Decimal(8, 6), source->nullable, call.at);
  }
  return AnalysisError(
      "INVALID_EXTRACT_FIELD", "42601", "Cannot extract <field> from <expr>.",
      {{"field", "`" + *written + "`"}, {"expr", QuotedSql(call.arg_sql.size() > 1 ? call.arg_sql[1] : "")}}, call.at);
}

// timestampadd(unit, n, ts), dateadd(unit, n, ts).
Ruled TimestampAdd(const PendingCall& call) {
  if (call.args.size() != 3) return WrongCount(call, "3");
  auto unit = LiteralText(call.args[0]);
  if (!unit) return Refused(call.name + " with this unit", call.at);
  ASSIGN_OR_RETURN(auto count, Implicit(call, 1, TypeId::kInt));
  ExprPtr time = call.args[2]->type.is(TypeId::kTimestampNtz) ? call.args[2] : nullptr;
  if (!time) {
    ASSIGN_OR_RETURN(time, Implicit(call, 2, TypeId::kTimestamp));
  }
  return MakeCall("timestampadd", {StringLiteral(*unit), count, time}, time->type, count->nullable || time->nullable,
                  call.at);
}

}  // namespace

Ruled DatetimeRule(const PendingCall& call) {
  static const auto* rules = new Rules{
      {"current_timestamp", Now},
      {"current_date", Today},
      {"localtimestamp", LocalNow},
      {"current_timezone", TimeZoneName},
      {"date_add", AddDays},
      {"date_sub", AddDays},
      {"date_diff", DateDiff},
      {"timestampdiff", DateDiff},
      {"to_date", Parse},
      {"try_to_date", Parse},
      {"to_timestamp", Parse},
      {"to_timestamp_ltz", Parse},
      {"to_timestamp_ntz", Parse},
      {"try_to_timestamp", Parse},
      {"unix_timestamp", UnixTimestamp},
      {"to_unix_timestamp", UnixTimestamp},
      {"make_timestamp", MakeTimestamp},
      {"make_timestamp_ltz", MakeTimestamp},
      {"make_timestamp_ntz", MakeTimestamp},
      {"try_make_timestamp", MakeTimestamp},
      {"try_make_timestamp_ltz", MakeTimestamp},
      {"try_make_timestamp_ntz", MakeTimestamp},
      {"timestamp_seconds", TimestampSeconds},
      {"date_part", Extract},
      {"date_format", FormatTime},
      {"from_unixtime", FormatTime},
      {"timestampadd", TimestampAdd},
  };
  if (call.args.size() == 3 && call.name == "date_add") return TimestampAdd(call);
  return Apply(*rules, call);
}

}  // namespace tidemill::sql
