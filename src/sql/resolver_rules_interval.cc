// Rules in code for intervals: how they are made from numbers, and their fields.
#include <algorithm>
#include <array>
#include <map>

#include "base/lower.h"
#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_operator.h"
#include "sql/detail/resolver_typed.h"

namespace tidemill::sql {

using plan::DataType;
using plan::IntervalField;
using plan::TypeId;
using typed::ExprPtr;

namespace {

const DataType kSeconds = DataType::Decimal(18, 6);

ExprPtr ZeroOf(const DataType& type) {
  if (!type.is(TypeId::kDecimal)) return IntLiteral(0);
  return typed::MakeExpr(typed::Literal{plan::Value{plan::Int128{0}}}, type, false);
}

// make_interval(years, months, weeks, days, hours, minutes, seconds) and its kin: whole numbers, the seconds aside, and
// zero where left out.
Ruled MakeInterval(const PendingCall& call) {
  static const auto* results =
      new std::map<std::string, std::pair<size_t, DataType>>{{"make_interval", {7, TypeId::kCalendarInterval}},
                                                             {"try_make_interval", {7, TypeId::kCalendarInterval}},
                                                             {"make_dt_interval", {4, DataType::DayTime()}},
                                                             {"make_ym_interval", {2, DataType::YearMonth()}}};
  const auto& [count, type] = results->at(call.name);
  if (call.args.size() > count) {
    std::string counts = "0";
    for (size_t i = 1; i <= count; ++i) counts += ", " + std::to_string(i);
    return WrongCount(call, "[" + counts + "]");
  }
  std::vector<ExprPtr> args;
  for (size_t i = 0; i < count; ++i) {
    bool seconds = count > 2 && i + 1 == count;
    DataType wanted = seconds ? kSeconds : DataType(TypeId::kInt);
    ExprPtr arg = ZeroOf(wanted);
    if (i < call.args.size()) {
      ASSIGN_OR_RETURN(arg, Implicit(call, i, wanted));
    }
    args.push_back(arg);
  }
  bool may_fail = count == 7 && (call.name == "try_make_interval" || !call.options->ansi);
  return MakeCall(call.name, args, type, may_fail || AnyNullable(args), call.at);
}

struct Part {
  std::array<const char*, 5> names;
  IntervalField field;
  DataType type;
};

const std::vector<Part>& Parts() {
  static const auto* parts = new std::vector<Part>{
      {{"year", "y", "years", "yr", "yrs"}, IntervalField::kYear, TypeId::kInt},
      {{"month", "mon", "mons", "months", ""}, IntervalField::kMonth, TypeId::kByte},
      {{"day", "d", "days", "", ""}, IntervalField::kDay, TypeId::kInt},
      {{"hour", "h", "hours", "hr", "hrs"}, IntervalField::kHour, TypeId::kByte},
      {{"minute", "m", "min", "mins", "minutes"}, IntervalField::kMinute, TypeId::kByte},
      {{"second", "s", "sec", "seconds", "secs"}, IntervalField::kSecond, DataType::Decimal(8, 6)}};
  return *parts;
}

bool Has(const DataType& interval, IntervalField field) {
  return interval.is(TypeId::kCalendarInterval) || (interval.from() <= field && field <= interval.to());
}

// extract(field FROM interval).
Ruled PartOfInterval(const PendingCall& call) {
  auto written = LiteralText(call.args[0]);
  if (!written) return Refused("extract() of a field that is not a constant", call.at);
  std::string name = LowerAscii(*written);
  const ExprPtr& interval = call.args[1];
  for (const auto& part : Parts()) {
    if (name.empty() || std::find(part.names.begin(), part.names.end(), name) == part.names.end()) continue;
    if (!Has(interval->type, part.field)) continue;
    return MakeCall("$extract_interval", {interval, IntLiteral(static_cast<int>(part.field))}, part.type,
                    interval->nullable, call.at);
  }
  return AnalysisError(
      "INVALID_EXTRACT_FIELD", "42601", "Cannot extract <field> from <expr>.",
      {{"field", "`" + *written + "`"}, {"expr", QuotedSql(call.arg_sql.size() > 1 ? call.arg_sql[1] : "")}}, call.at);
}

bool IsInterval(const DataType& type) { return type.is_ansi_interval() || type.is(TypeId::kCalendarInterval); }

}  // namespace

Ruled IntervalRule(const PendingCall& call) {
  if (call.name.ends_with("_interval") && !call.name.starts_with("$")) return MakeInterval(call);
  if (call.name == "date_part" && call.args.size() == 2 && IsInterval(call.args[1]->type)) return PartOfInterval(call);
  return std::optional<ExprPtr>();
}

}  // namespace tidemill::sql
