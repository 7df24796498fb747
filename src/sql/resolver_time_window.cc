// window(), session_window() and window_time(). Spark puts a window of time below the block that calls it, as one more
// column of what the block reads: rows without a time are gone from there, a row stands there once for each sliding
// window that holds it, and the column can be named.
#include <algorithm>

#include "sql/coercion.h"
#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_operator.h"
#include "sql/detail/resolver_select.h"
#include "sql/detail/resolver_typed.h"
#include "sql/interval_literal.h"

namespace tidemill::sql {

using typed::ExprPtr;

namespace {

constexpr std::string_view kWindow = "window", kSession = "session_window", kTime = "window_time";

bool IsWindowOf(const typed::Expr& expr, std::string_view function) {
  const auto* call = std::get_if<typed::Call>(&expr.node);
  return call && call->function == function;
}

bool IsTimeWindow(const typed::Expr& expr) { return IsWindowOf(expr, kWindow) || IsWindowOf(expr, kSession); }

DataType WindowOf(const DataType& time) { return DataType::Struct({{"start", time, true}, {"end", time, true}}); }

bool IsWindow(const DataType& type) {
  if (!type.is(TypeId::kStruct) || type.fields().size() != 2) return false;
  const DataType& time = type.fields()[0].type;
  return (time.is(TypeId::kTimestamp) || time.is(TypeId::kTimestampNtz)) && type.fields()[1].type.SameType(time);
}

ExprPtr Long(int64_t value) { return IntLiteral(value, TypeId::kLong); }

// The greatest start + n * slide that is no later than the time, moved by `shift`; all in microseconds.
ExprPtr Edge(const ExprPtr& time, int64_t slide, int64_t start, ExprPtr shift) {
  return MakeCall("$window_edge", {time, Long(slide), Long(start), std::move(shift)}, time->type, time->nullable);
}

ExprPtr WindowStruct(const ExprPtr& start, const ExprPtr& end) {
  return MakeCall("named_struct", {StringLiteral("start"), start, StringLiteral("end"), end}, WindowOf(start->type),
                  false);
}

ExprPtr Is(const char* function, std::vector<ExprPtr> args) {
  return MakeCall(function, std::move(args), TypeId::kBoolean, false);
}

// A length in microseconds: a text that is an interval, or a number. Anything else, also what would be folded to one,
// Spark does not take.
Result<ExprPtr> Length(const PendingCall& call, size_t index) {
  const auto* literal = AsLiteral(call.args[index]);
  const DataType& type = call.args[index]->type;
  const auto* number = literal ? std::get_if<int64_t>(&literal->value.data) : nullptr;
  if (number && (type.is(TypeId::kInt) || type.is(TypeId::kLong))) return Long(*number);
  const auto text = LiteralText(call.args[index]);
  if (!text) {
    return AnalysisError("_LEGACY_ERROR_TEMP_1207", "",
                         "The duration and time inputs to window must be an integer, long or string literal.", {},
                         call.at);
  }
  const auto interval = IntervalFromString(*text);
  const bool mixed = !interval.ok() && interval.error().error_class.empty();
  if (mixed || (interval.ok() && interval->type.is(TypeId::kYearMonthInterval))) {
    return AnalysisError("_LEGACY_ERROR_TEMP_3231", "", "Intervals greater than a month is not supported (<interval>).",
                         {{"interval", *text}}, call.at);
  }
  if (!interval.ok()) {
    return AnalysisError("CANNOT_PARSE_INTERVAL", "22006",
                         "Unable to parse <intervalString>. Please ensure that the value provided is in a valid format "
                         "for defining an interval.",
                         {{"intervalString", "'" + *text + "'"}}, call.at);
  }
  return Long(std::get<int64_t>(interval->value.data));
}

Error OutOfRange(const PendingCall& call, const char* what, int64_t value) {
  return Mismatch(
      "VALUE_OUT_OF_RANGE", call.sql, "The <exprName> must be between <valueRange> (current value = <currentValue>).",
      {{"exprName", what}, {"valueRange", "(0, 9223372036854775807]"}, {"currentValue", std::to_string(value)}},
      call.at);
}

Error Unfit(const PendingCall& call, const char* left, const char* constraint, const char* right) {
  return Mismatch("PARAMETER_CONSTRAINT_VIOLATION", call.sql,
                  "The <leftExprName> must be <constraint> the <rightExprName>.",
                  {{"leftExprName", left}, {"constraint", constraint}, {"rightExprName", right}}, call.at);
}

struct Lengths {
  int64_t window, slide, start;
};

Lengths LengthsOf(const typed::Call& window) {
  const auto value = [&](size_t i) { return std::get<int64_t>(AsLiteral(window.args[i])->value.data); };
  return {value(1), value(2), value(3)};
}

Result<ExprPtr> Tumbling(const PendingCall& call, const ExprPtr& time) {
  std::vector<ExprPtr> args{time};
  for (size_t i = 1; i < call.args.size(); ++i) {
    ASSIGN_OR_RETURN(auto length, Length(call, i));
    args.push_back(std::move(length));
  }
  if (args.size() == 2) args.push_back(args[1]);
  if (args.size() == 3) args.push_back(Long(0));
  auto made = MakeCall(std::string(kWindow), std::move(args), WindowOf(time->type), true, call.at);
  const auto [window, slide, start] = LengthsOf(*AsCall(made));
  if (window <= 0) return OutOfRange(call, "window duration", window);
  if (slide <= 0) return OutOfRange(call, "slide duration", slide);
  if (slide > window) return Unfit(call, "slide duration", "<=", "window duration");
  if (start >= slide || start <= -slide) return Unfit(call, "abs(start time)", "<", "slide duration");
  return made;
}

Result<ExprPtr> Session(const PendingCall& call, const ExprPtr& time) {
  const DataType& gap = call.args[1]->type;
  if (!gap.is(TypeId::kString) && !gap.is(TypeId::kNull) && !gap.is(TypeId::kCalendarInterval)) {
    return AnalysisError("_LEGACY_ERROR_TEMP_1040", "",
                         "Gap duration expression used in session window must be CalendarIntervalType, but got <dt>.",
                         {{"dt", gap.ToString()}}, call.at);
  }
  return MakeCall(std::string(kSession), {time, CastTo(call.args[1], TypeId::kCalendarInterval)}, WindowOf(time->type),
                  true, call.at);
}

void EachCall(const plan::ExprPtr& expr, const std::function<void(const plan::ExprPtr&)>& visit);

void EachCall(const std::vector<plan::ExprPtr>& exprs, const std::function<void(const plan::ExprPtr&)>& visit) {
  for (const auto& expr : exprs) EachCall(expr, visit);
}

// Every call in the expression, those in subqueries aside.
void EachCall(const plan::ExprPtr& expr, const std::function<void(const plan::ExprPtr&)>& visit) {
  if (!expr) return;
  if (const auto* call = std::get_if<plan::Call>(&expr->node)) {
    visit(expr);
    EachCall(call->args, visit);
    EachCall(call->filter, visit);
    if (!call->over) return;
    EachCall(call->over->partition_by, visit);
    for (const auto& key : call->over->order_by) EachCall(key.expr, visit);
  } else if (const auto* node = std::get_if<plan::Case>(&expr->node)) {
    EachCall({node->operand, node->otherwise}, visit);
    for (const auto& [when, then] : node->branches) EachCall({when, then}, visit);
  } else if (const auto* alias = std::get_if<plan::Alias>(&expr->node)) {
    EachCall(alias->child, visit);
  } else if (const auto* cast = std::get_if<plan::Cast>(&expr->node)) {
    EachCall(cast->child, visit);
  } else if (const auto* field = std::get_if<plan::FieldAccess>(&expr->node)) {
    EachCall(field->child, visit);
  } else if (const auto* item = std::get_if<plan::Subscript>(&expr->node)) {
    EachCall({item->child, item->index}, visit);
  }
}

void EachKey(const plan::Grouping& grouping, const std::function<void(const plan::ExprPtr&)>& visit) {
  EachCall(grouping.exprs, visit);
  for (const auto& set : grouping.sets) EachCall(set, visit);
  for (const auto& element : grouping.elements) EachKey(element, visit);
}

// The relation with another column, or with another value of one that it has.
typed::RelationPtr With(const typed::RelationPtr& input, const typed::Column& column, const ExprPtr& value) {
  std::vector<typed::Column> columns;
  std::vector<typed::NamedExpr> exprs;
  for (const auto& old : input->columns) {
    if (old.id == column.id) continue;
    columns.push_back(old);
    exprs.push_back({old, Ref(old)});
  }
  columns.push_back(column);
  exprs.push_back({column, value});
  return typed::MakeRelation(typed::Project{input, std::move(exprs)}, std::move(columns), input->at);
}

typed::RelationPtr Where(const typed::RelationPtr& input, const ExprPtr& condition) {
  return typed::MakeRelation(typed::Filter{input, condition}, input->columns, input->at);
}

Result<ExprPtr> Replaced(const ExprPtr& expr, const ExprPtr& call, const typed::Column& column) {
  if (!expr) return expr;
  if (SameExpr(expr, call)) return Ref(column, expr->at);
  return MapChildren(expr, [&](const ExprPtr& child) { return Replaced(child, call, column); });
}

bool HoldsTimeWindow(const ExprPtr& expr) { return expr && Contains(expr, IsTimeWindow); }

}  // namespace

bool IsTimeWindowFunction(std::string_view name) { return name == kWindow || name == kSession || name == kTime; }

bool IsWindowTime(const typed::Call& call) { return call.function == kTime; }

bool HoldsWindowOfTime(const ExprPtr& expr) {
  return HoldsTimeWindow(expr) || Contains(expr, [](const typed::Expr& e) { return IsWindowOf(e, kTime); });
}

// The last microsecond of a window: of a column that is one.
Result<ExprPtr> Resolver::WindowTime(const PendingCall& call) {
  const ExprPtr& window = call.args[0];
  if (!IsWindow(window->type)) return UnexpectedType(call, 0, "\"STRUCT\"");
  const auto* ref = std::get_if<typed::ColumnRef>(&window->node);
  if (!ref || !windows_of_time_.contains(ref->id)) {
    return AnalysisError("_LEGACY_ERROR_TEMP_3101", "", "The input is not a correct window column: <windowTime>",
                         {{"windowTime", call.sql}}, call.at);
  }
  const DataType& time = window->type.fields()[1].type;
  auto end = typed::MakeExpr(typed::GetField{window, 1}, time, true, call.at);
  return MakeCall(std::string(kTime), {end}, time, true, call.at);
}

// Spark merges the rows of sessions that meet wherever such a column is compared for being equal.
bool Resolver::IsSession(typed::ColumnId id) const {
  const auto window = windows_of_time_.find(id);
  return window != windows_of_time_.end() && window->second;
}

Result<ExprPtr> Resolver::TimeWindowCall(const PendingCall& call) {
  const size_t least = call.name == kTime ? 1 : 2, most = call.name == kWindow ? 4 : least;
  if (call.args.size() < least || call.args.size() > most) {
    return WrongCount(call, least == most ? std::to_string(least) : "[2, 3, 4]");
  }
  if (call.name == kTime) return WindowTime(call);
  ExprPtr time = call.args[0];
  if (time->type.is(TypeId::kStruct)) {
    ASSIGN_OR_RETURN(time, WindowTime(call));
  } else if (!time->type.is(TypeId::kTimestampNtz)) {
    if (!CanImplicitlyCast(time->type, TypeId::kTimestamp, options_.rules())) {
      return UnexpectedType(call, 0, "(\"(TIMESTAMP OR TIMESTAMP WITHOUT TIME ZONE)\" or \"STRUCT\")");
    }
    time = CastTo(time, options_.timestamp_ntz() ? TypeId::kTimestampNtz : TypeId::kTimestamp);
  }
  return call.name == kWindow ? Tumbling(call, time) : Session(call, time);
}

// Rows of neighbouring sessions, of equal `others`, get the session that spans them all: one begins where no earlier
// one of them still goes on.
Result<typed::RelationPtr> Resolver::MergedSessions(typed::RelationPtr node, const typed::Column& session,
                                                    const std::vector<ExprPtr>& others) {
  const DataType& time = session.type.fields()[0].type;
  const ExprPtr start = typed::MakeExpr(typed::GetField{Ref(session), 0}, time, true);
  const ExprPtr end = typed::MakeExpr(typed::GetField{Ref(session), 1}, time, true);
  using Bound = plan::FrameBound::Kind;
  const auto over = [&](const char* function, const ExprPtr& arg, typed::WindowCall frame) {
    frame.call = typed::Call{function, {arg}};
    typed::Column column{NewId(), function, arg->type, true, {}};
    if (std::string_view(function) == "sum") column.type = TypeId::kLong;
    auto columns = node->columns;
    columns.push_back(column);
    auto made = typed::MakeExpr(std::move(frame), column.type, true);
    node = typed::MakeRelation(typed::Window{node, {{column, made}}}, std::move(columns), node->at);
    return Ref(column);
  };
  typed::WindowCall before{
      {}, others, {{start}}, true, {Bound::kUnboundedPreceding}, {Bound::kPreceding, IntLiteral(1)}};
  before.has_frame = true;
  const ExprPtr open_until = over("max", end, before);
  const ExprPtr goes_on = MakeCall("<=", {start, open_until}, TypeId::kBoolean, true);
  const ExprPtr begins = typed::MakeExpr(typed::Case{{{goes_on, Long(0)}}, Long(1)}, TypeId::kLong, false);
  typed::Column first{NewId(), "begins", TypeId::kLong, false, {}};
  node = With(node, first, begins);
  typed::WindowCall so_far{{}, others, {{start}}, false, {Bound::kUnboundedPreceding}, {Bound::kCurrentRow}};
  so_far.has_frame = true;
  auto partition = others;
  partition.push_back(over("sum", Ref(first), so_far));
  typed::WindowCall whole{{}, partition, {}, true, {Bound::kUnboundedPreceding}, {Bound::kUnboundedFollowing}};
  whole.has_frame = true;
  const ExprPtr from = over("min", start, whole), to = over("max", end, whole);
  return With(node, session, WindowStruct(from, to));
}

// Finds the block's window of time among its calls. What is wrong with one is told where it stands, but what Spark
// finds when it only reads the call.
Status SelectResolver::OpenTimeWindow() {
  std::optional<Error> error;
  const Names names{{&from_.layer}, outer_, nullptr, &select_.windows};
  std::vector<ExprPtr> windows;
  const auto look = [&](const plan::ExprPtr& written) {
    const auto& call = std::get<plan::Call>(written->node);
    const bool named = resolver_.SameName(call.name.back(), std::string(kWindow)) ||
                       resolver_.SameName(call.name.back(), std::string(kSession));
    if (!named || call.name.size() > 1 || call.over || error) return;
    auto made = resolver_.Expression(written, names);
    if (!made.ok()) {
      const auto& what = made.error().error_class;
      if (!what.starts_with("DATATYPE_MISMATCH") && !what.starts_with("UNRESOLVED_COLUMN")) error = made.error();
      return;
    }
    const auto same = [&](const ExprPtr& known) { return SameExpr(known, *made); };
    if (std::ranges::none_of(windows, same)) windows.push_back(*made);
  };
  for (const auto& item : select_.list) EachCall(item, look);
  EachKey(select_.group_by, look);
  // A sliding window would multiply the rows again in the sort.
  const bool grouped = select_.group_by.kind != plan::Grouping::Kind::kNone;
  for (size_t i = 0; sort_ && !grouped && i < sort_->keys.size(); ++i) EachCall(sort_->keys[i].expr, look);
  if (error) return *error;
  if (windows.empty()) return Ok();
  if (windows.size() > 1) {
    return AnalysisError("_LEGACY_ERROR_TEMP_1039", "",
                         "Multiple time/session window expressions would result in a cartesian product of rows, "
                         "therefore they are currently not supported.",
                         {}, windows[1]->at);
  }
  const ExprPtr& call = windows.front();
  const ExprPtr& time = AsCall(call)->args[0];
  if (ContainsAggregate(time)) {
    return AnalysisError("INVALID_WHERE_CONDITION", "42903",
                         "The WHERE condition <condition> contains invalid expressions: <expressionList>. Rewrite the "
                         "query to avoid window functions, aggregate functions, and generator functions in the WHERE "
                         "clause.",
                         {{"condition", "\"window\""}, {"expressionList", "window"}}, call->at);
  }
  if (ContainsWindow(time)) return Refused("a window of time over a window function", call->at);
  const std::string name = AsCall(call)->function;
  time_window_ = TimeWindow{call, {resolver_.NewId(), name, call->type, true, {}}};
  resolver_.windows_of_time_[time_window_->column.id] = name == kSession;
  // A column of the same name comes first.
  const auto same_name = [&](const Binding& b) { return resolver_.SameName(b.column.name, name); };
  if (std::ranges::any_of(from_.layer.bindings, same_name)) return Ok();
  from_.layer.bindings.push_back({.column = time_window_->column, .in_star = false});
  return Ok();
}

// Puts the window's column below the block, and in the place of its calls.
Status SelectResolver::PlaceTimeWindow(Groups& groups) {
  if (!time_window_) return Ok();
  const auto& [call, column] = *time_window_;
  const auto& window = *AsCall(call);
  const bool session = window.function == kSession;
  const bool sliding = !session && LengthsOf(window).slide != LengthsOf(window).window;
  const bool grouped = select_.group_by.kind != plan::Grouping::Kind::kNone || having_;
  if (HoldsTimeWindow(having_)) return Refused("a window of time in HAVING", having_->at);
  for (size_t i = 0; i < sort_keys_.size(); ++i) {
    if (sort_items_[i] >= 0) {
      sort_keys_[i].expr = items_[sort_items_[i]].expr;
    } else if (HoldsTimeWindow(sort_keys_[i].expr) && (grouped || sliding || select_.distinct)) {
      return Refused("a window of time in ORDER BY", sort_keys_[i].expr->at);
    }
  }
  for (auto& item : items_) {
    ASSIGN_OR_RETURN(item.expr, Replaced(item.expr, call, column));
  }
  for (auto* exprs : {&groups.keys, &groups.collated, &generator_args_}) {
    for (auto& expr : *exprs) {
      ASSIGN_OR_RETURN(expr, Replaced(expr, call, column));
    }
  }
  for (auto& key : sort_keys_) {
    ASSIGN_OR_RETURN(key.expr, Replaced(key.expr, call, column));
  }
  const typed::Column time{resolver_.NewId(), "time", window.args[0]->type, window.args[0]->nullable, {}};
  node_ = With(node_, time, window.args[0]);
  if (!session) return PlaceWindows(window, time);
  PendingCall sum{"+", {Ref(time), window.args[1]}, {}, {}, "", call->at, &resolver_.options_};
  auto ends = OperatorRule(sum);
  if (!ends.ok()) return std::move(ends).error();
  const typed::Column end{resolver_.NewId(), "end", time.type, true, {}};
  node_ = With(node_, end, **ends);
  node_ = Where(node_, Is("isnotnull", {Ref(time)}));
  node_ = Where(node_, MakeCall(">", {Ref(end), Ref(time)}, TypeId::kBoolean, true));
  node_ = With(node_, column, WindowStruct(Ref(time), Ref(end)));
  return Ok();
}

// The last window that holds the time, and those that begin as many slides before it as fit into its length.
Status SelectResolver::PlaceWindows(const typed::Call& window, const typed::Column& time) {
  const auto [length, slide, start] = LengthsOf(window);
  const typed::Column& column = time_window_->column;
  node_ = Where(node_, Is("isnotnull", {Ref(time)}));
  ExprPtr back = Long(0);
  const int64_t before = (length - 1) / slide;
  if (before > 0) {
    const DataType numbers = DataType::Array(TypeId::kLong, false);
    const typed::Column number{resolver_.NewId(), "number", TypeId::kLong, false, {}};
    auto columns = node_->columns;
    columns.push_back(number);
    auto all = MakeCall("sequence", {Long(0), Long(before)}, numbers, false);
    node_ = typed::MakeRelation(typed::Generate{node_, "explode", {all}, false, {number}}, std::move(columns), at_);
    back = MakeCall("*", {Ref(number), Long(-slide)}, TypeId::kLong, false);
  }
  auto end = MakeCall("+", {back, Long(length)}, TypeId::kLong, false);
  node_ = With(node_, column, WindowStruct(Edge(Ref(time), slide, start, back), Edge(Ref(time), slide, start, end)));
  if (length % slide == 0) return Ok();
  const auto edge = [&](int index) { return typed::MakeExpr(typed::GetField{Ref(column), index}, time.type, true); };
  auto begun = MakeCall(">=", {Ref(time), edge(0)}, TypeId::kBoolean, true);
  node_ = Where(node_, MakeCall("and", {begun, MakeCall("<", {Ref(time), edge(1)}, TypeId::kBoolean, true)},
                                TypeId::kBoolean, true));
  return Ok();
}

// The sessions of a group become one.
Status SelectResolver::MergeSessions(const Groups& groups) {
  for (const auto& key : groups.keys) {
    const auto* ref = std::get_if<typed::ColumnRef>(&key->node);
    if (!ref || !resolver_.IsSession(ref->id)) continue;
    if (groups.grouping_sets) return Refused("grouping sets of a session window", key->at);
    std::vector<ExprPtr> others;
    for (const auto& other : groups.keys) {
      if (!SameExpr(other, key)) others.push_back(other);
    }
    const auto column = std::ranges::find(node_->columns, ref->id, &typed::Column::id);
    if (column == node_->columns.end()) return Refused("GROUP BY a session window of another query", key->at);
    ASSIGN_OR_RETURN(node_, resolver_.MergedSessions(node_, typed::Column(*column), others));
    return Ok();
  }
  return Ok();
}

}  // namespace tidemill::sql
