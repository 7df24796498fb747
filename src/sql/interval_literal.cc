#include "sql/interval_literal.h"

#include "base/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <limits>
#include <optional>

namespace tidemill::sql {
namespace {

using plan::IntervalField;

struct Unit {
  std::string_view name;
  IntervalField field;
  int64_t size;  // months for year and month, microseconds for the others
};

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr Unit kUnits[] = {
    {"year", IntervalField::kYear, 12},
    {"month", IntervalField::kMonth, 1},
    {"week", IntervalField::kDay, 7 * 86'400 * kMicrosPerSecond},
    {"day", IntervalField::kDay, 86'400 * kMicrosPerSecond},
    {"hour", IntervalField::kHour, 3'600 * kMicrosPerSecond},
    {"minute", IntervalField::kMinute, 60 * kMicrosPerSecond},
    {"second", IntervalField::kSecond, kMicrosPerSecond},
    {"millisecond", IntervalField::kSecond, 1'000},
    {"microsecond", IntervalField::kSecond, 1},
};

const Unit* FindUnit(std::string_view word) {
  if (word.ends_with('s')) word.remove_suffix(1);
  const auto* unit = std::ranges::find(kUnits, word, &Unit::name);
  return unit == std::end(kUnits) ? nullptr : unit;
}

bool IsYearMonth(IntervalField field) { return field <= IntervalField::kMonth; }

Error FormatError(std::string_view text, std::string subclass, std::string why) {
  Error error = InvalidArgument(fmt::format(
      "Error parsing '{}' to interval. Please ensure that the value provided is in a valid format for defining an "
      "interval. {}",
      text, why));
  error.error_class = "INVALID_INTERVAL_FORMAT." + subclass;
  error.sqlstate = "22006";
  error.params = {{"input", std::string(text)}};
  return error;
}

Error OverflowError(std::string_view text) {
  return FormatError(text, "ARITHMETIC_EXCEPTION", "The value is out of range.");
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Signs, digits and a fraction, read off the head of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool AtEnd() const { return rest_.empty(); }
  bool AtDigit() const { return !rest_.empty() && IsDigit(rest_.front()); }
  bool Take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void SkipBlanks() {
    while (!rest_.empty() && std::isspace(static_cast<unsigned char>(rest_.front()))) rest_.remove_prefix(1);
  }
  // Any number of signs, blanks between them; true when the result is negative.
  bool TakeSigns() {
    bool negative = false;
    for (SkipBlanks(); !rest_.empty() && (rest_.front() == '-' || rest_.front() == '+'); SkipBlanks()) {
      negative ^= rest_.front() == '-';
      rest_.remove_prefix(1);
    }
    return negative;
  }
  // Nothing without a digit, or beyond 64 bits.
  std::optional<int64_t> TakeNumber() {
    if (!AtDigit()) return std::nullopt;
    int64_t value = 0;
    for (; AtDigit(); rest_.remove_prefix(1)) {
      if (__builtin_mul_overflow(value, 10, &value)) return std::nullopt;
      if (__builtin_add_overflow(value, rest_.front() - '0', &value)) return std::nullopt;
    }
    return value;
  }
  // The digits after a point as microseconds; nothing with more than nine of them.
  std::optional<int64_t> TakeFraction() {
    int64_t micros = 0, unit = kMicrosPerSecond;
    int count = 0;
    for (; AtDigit(); rest_.remove_prefix(1), ++count) {
      unit /= 10;
      micros += unit * (rest_.front() - '0');
    }
    if (count > 9) return std::nullopt;
    return micros;
  }
  std::string_view TakeWord() {
    size_t length = 0;
    while (length < rest_.size() && std::isalpha(static_cast<unsigned char>(rest_[length]))) ++length;
    const auto word = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return word;
  }

 private:
  std::string_view rest_;
};

// The sum of terms, and the fields they span.
class Sum {
 public:
  explicit Sum(std::string text) : text_(std::move(text)) {}

  Status Add(bool negative, int64_t whole, std::optional<int64_t> fraction, const Unit& unit) {
    if (fraction && unit.name != "second") {
      return FormatError(text_, "INVALID_FRACTION",
                         fmt::format("Only seconds may have a fraction; write {} as a whole number.", unit.name));
    }
    if (!any_) from_ = to_ = unit.field;
    if (any_ && IsYearMonth(from_) != IsYearMonth(unit.field)) {
      return InvalidArgument("Cannot mix year-month and day-time fields: interval " + text_ +
                             ". Add two intervals instead.");
    }
    any_ = true;
    from_ = std::min(from_, unit.field);
    to_ = std::max(to_, unit.field);
    int64_t amount = 0;
    if (__builtin_mul_overflow(whole, unit.size, &amount) ||
        __builtin_add_overflow(amount, fraction.value_or(0), &amount) ||
        __builtin_add_overflow(total_, negative ? -amount : amount, &total_)) {
      return OverflowError(text_);
    }
    return Ok();
  }

  Result<plan::Literal> Finish() const {
    if (!IsYearMonth(from_)) return plan::Literal{plan::Value{total_}, plan::DataType::DayTime(from_, to_)};
    if (total_ > std::numeric_limits<int32_t>::max() || total_ < std::numeric_limits<int32_t>::min()) {
      return OverflowError(text_);
    }
    return plan::Literal{plan::Value{total_}, plan::DataType::YearMonth(from_, to_)};
  }

  const std::string& text() const { return text_; }

 private:
  std::string text_;
  bool any_ = false;
  IntervalField from_ = IntervalField::kDay;
  IntervalField to_ = IntervalField::kDay;
  int64_t total_ = 0;
};

// One signed number of `unit`, read off `reader`.
Status AddTerm(Reader* reader, Sum* sum, const Unit* unit_or_null) {
  const bool negative = reader->TakeSigns();
  const bool digit = reader->AtDigit();
  const auto whole = digit ? reader->TakeNumber() : std::optional<int64_t>(0);
  if (!whole) return OverflowError(sum->text());
  std::optional<int64_t> fraction;
  if (reader->Take('.')) {
    if (!digit && !reader->AtDigit()) return FormatError(sum->text(), "UNRECOGNIZED_NUMBER", "Expected a number.");
    fraction = reader->TakeFraction();
    if (!fraction) return FormatError(sum->text(), "INVALID_PRECISION", "At most nine digits of a second.");
  } else if (!digit) {
    return FormatError(sum->text(), "UNRECOGNIZED_NUMBER", "Expected a number before each unit.");
  }
  reader->SkipBlanks();
  if (!unit_or_null) {
    std::string word = LowerAscii(reader->TakeWord());
    unit_or_null = FindUnit(word);
    if (!unit_or_null) return FormatError(sum->text(), "INVALID_UNIT", "Expected a unit such as day or hours.");
  }
  return sum->Add(negative, *whole, fraction, *unit_or_null);
}

std::string TermsText(const std::vector<IntervalTerm>& terms) {
  std::string text;
  for (const auto& term : terms) text += fmt::format("{}{} {}", text.empty() ? "" : " ", term.value, term.unit);
  return text;
}

// The fields of DAY TO SECOND in order, each behind its separator.
struct Part {
  IntervalField field;
  char separator;  // before the next part
  int64_t limit;   // of a part that is not the first
};
constexpr Part kDayTimeParts[] = {{IntervalField::kDay, ' ', std::numeric_limits<int64_t>::max()},
                                  {IntervalField::kHour, ':', 23},
                                  {IntervalField::kMinute, ':', 59},
                                  {IntervalField::kSecond, '\0', 59}};

Error UnmatchedError(std::string_view text, std::string_view shape, std::string_view from, std::string_view to) {
  return FormatError(text, "UNMATCHED_FORMAT_STRING_WITH_NOTICE",
                     fmt::format("An interval {} TO {} is written '{}'.", from, to, shape));
}

Result<plan::Literal> YearToMonth(std::string_view text) {
  Reader reader(text);
  reader.SkipBlanks();
  const bool negative = reader.TakeSigns();
  const auto years = reader.TakeNumber();
  const bool dash = reader.Take('-');
  const auto months = reader.TakeNumber();
  reader.SkipBlanks();
  if (!years || !dash || !months || !reader.AtEnd()) return UnmatchedError(text, "[+|-]y-m", "YEAR", "MONTH");
  if (*months > 11) return FormatError(text, "INTERVAL_PARSING", "Months go from 0 to 11.");
  Sum sum{std::string(text)};
  RETURN_IF_ERROR(sum.Add(negative, *years, {}, *FindUnit("year")));
  RETURN_IF_ERROR(sum.Add(negative, *months, {}, *FindUnit("month")));
  return sum.Finish();
}

Result<plan::Literal> DayTimeRange(std::string_view text, const Unit& from, const Unit& to) {
  constexpr std::string_view kShape = "[+|-]d h:m:s.n";
  Reader reader(text);
  const bool negative = reader.TakeSigns();
  Sum sum{std::string(text)};
  for (const auto& part : kDayTimeParts) {
    if (part.field < from.field || part.field > to.field) continue;
    const auto number = reader.TakeNumber();
    if (!number) return UnmatchedError(text, kShape, from.name, to.name);
    const bool first = part.field == from.field;
    if (!first && *number > part.limit) {
      return FormatError(text, "INTERVAL_PARSING",
                         fmt::format("{} is outside the range [0, {}].", *number, part.limit));
    }
    std::optional<int64_t> fraction;
    if (part.field == IntervalField::kSecond && reader.Take('.')) fraction = reader.TakeFraction();
    const Unit& unit =
        *std::ranges::find_if(kUnits, [&](const Unit& u) { return u.field == part.field && u.name != "week"; });
    RETURN_IF_ERROR(sum.Add(negative, *number, fraction, unit));
    if (part.field != to.field && !reader.Take(part.separator)) {
      return UnmatchedError(text, kShape, from.name, to.name);
    }
  }
  reader.SkipBlanks();
  if (!reader.AtEnd()) return UnmatchedError(text, kShape, from.name, to.name);
  return sum.Finish();
}

}  // namespace

bool IsIntervalUnit(std::string_view lower_case_word) { return FindUnit(lower_case_word) != nullptr; }

Result<plan::Literal> IntervalFromTerms(const std::vector<IntervalTerm>& terms) {
  Sum sum(TermsText(terms));
  for (const auto& term : terms) {
    Reader reader(term.value);
    RETURN_IF_ERROR(AddTerm(&reader, &sum, FindUnit(term.unit)));
    reader.SkipBlanks();
    if (!reader.AtEnd()) return FormatError(sum.text(), "INVALID_UNIT", "Write one number before each unit.");
  }
  return sum.Finish();
}

Result<plan::Literal> IntervalFromString(std::string_view text) {
  Reader reader(text);
  reader.SkipBlanks();
  Reader after_word = reader;
  std::string word = LowerAscii(after_word.TakeWord());
  if (word == "interval") reader = after_word;
  reader.SkipBlanks();
  Sum sum{std::string(text)};
  do {
    RETURN_IF_ERROR(AddTerm(&reader, &sum, nullptr));
    reader.SkipBlanks();
  } while (!reader.AtEnd());
  return sum.Finish();
}

Result<plan::Literal> IntervalFromRange(std::string_view text, std::string_view from, std::string_view to) {
  const Unit* first = FindUnit(from);
  const Unit* last = FindUnit(to);
  if (first && last && first->name == "year" && last->name == "month") return YearToMonth(text);
  if (!first || !last || IsYearMonth(first->field) || first->field >= last->field) {
    return FormatError(text, "UNSUPPORTED_FROM_TO_EXPRESSION",
                       fmt::format("Cannot support an interval from {} to {}.", from, to));
  }
  return DayTimeRange(text, *first, *last);
}

}  // namespace tidemill::sql
