// Types, and the column lists of schemas.
#include <fmt/format.h>

#include <charconv>

#include "sql/collation_name.h"
#include "sql/detail/parser_impl.h"

namespace tidemill::sql {
namespace {

using enum Keyword;
using plan::DataType;
using plan::IntervalField;
using plan::TypeId;

struct SimpleType {
  Keyword keyword;
  TypeId type;
};

constexpr SimpleType kSimpleTypes[] = {
    {kBoolean, TypeId::kBoolean},
    {kTinyint, TypeId::kByte},
    {kByte, TypeId::kByte},
    {kSmallint, TypeId::kShort},
    {kShort, TypeId::kShort},
    {kInt, TypeId::kInt},
    {kInteger, TypeId::kInt},
    {kBigint, TypeId::kLong},
    {kLong, TypeId::kLong},
    {kFloat, TypeId::kFloat},
    {kReal, TypeId::kFloat},
    {kDouble, TypeId::kDouble},
    {kDate, TypeId::kDate},
    {kTimestamp, TypeId::kTimestamp},
    {kTimestampLtz, TypeId::kTimestamp},
    {kTimestampNtz, TypeId::kTimestampNtz},
    {kString, TypeId::kString},
    {kBinary, TypeId::kBinary},
    {kVoid, TypeId::kNull},
    {kInterval, TypeId::kCalendarInterval},
    {kVariant, TypeId::kVariant},
};

struct FieldWord {
  Keyword keyword;
  IntervalField field;
};

constexpr FieldWord kFieldWords[] = {{kYear, IntervalField::kYear},     {kMonth, IntervalField::kMonth},
                                     {kDay, IntervalField::kDay},       {kHour, IntervalField::kHour},
                                     {kMinute, IntervalField::kMinute}, {kSecond, IntervalField::kSecond}};

std::optional<IntervalField> FieldOf(Keyword keyword) {
  const auto* word = std::ranges::find(kFieldWords, keyword, &FieldWord::keyword);
  if (word == std::end(kFieldWords)) return std::nullopt;
  return word->field;
}

std::string UpperText(std::string_view text) {
  std::string upper(text);
  std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return std::toupper(c); });
  return upper;
}

// Canonical JSON of a text; column metadata keeps comments that way.
std::string JsonText(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      out.push_back(c);
    }
  }
  return out + "\"";
}

}  // namespace

bool Parser::ParseType(DataType* type) {
  const Level level(this);
  if (failed()) return false;
  const Token& token = Peek();
  if (token.kind != TokenKind::kWord) return FailSyntax("a type");
  const Keyword keyword = token.keyword;
  if (keyword == kArray || keyword == kMap || keyword == kStruct) return ParseNestedType(keyword, type);
  if (keyword == kInterval && FieldOf(Peek(1).keyword)) return ParseIntervalType(type);
  Advance();
  if (keyword == kChar || keyword == kCharacter || keyword == kVarchar || keyword == kDecimal || keyword == kDec ||
      keyword == kNumeric) {
    return ParseSizedType(keyword, type, token.at);
  }
  if (keyword == kTime) return Fail("UNSUPPORTED_TIME_TYPE", "0A000", "The data type TIME is not supported.", token.at);
  const auto* simple = std::ranges::find(kSimpleTypes, keyword, &SimpleType::keyword);
  if (simple == std::end(kSimpleTypes) || Is(TokenKind::kLeftParen)) {
    std::vector<int> sizes;
    if (!ParseTypeSizes(&sizes)) return false;
    Error error = Unimplemented(fmt::format("Unsupported data type \"{}\".", UpperText(token.text)));
    error.error_class = "UNSUPPORTED_DATATYPE";
    error.sqlstate = "0A000";
    return Fail(std::move(error), token.at);
  }
  *type = simple->type;
  if (keyword == kTimestamp && options_.timestamp_ntz) *type = TypeId::kTimestampNtz;
  if (keyword != kString || !Take(kCollate)) return true;
  std::string collation;
  if (!ParseName(&collation, "the name of a collation")) return false;
  auto name = CollationNamed(collation, token.at);
  if (!name.ok()) return Fail(std::move(name).error(), token.at);
  *type = DataType::Collated(*name);
  return true;
}

bool Parser::ParseIntervalType(DataType* type) {
  const Position at = Peek().at;
  Advance();
  const IntervalField from = *FieldOf(Peek().keyword);
  Advance();
  IntervalField to = from;
  if (Is(kTo) && FieldOf(Peek(1).keyword)) {
    to = *FieldOf(Peek(1).keyword);
    next_ += 2;
    const bool same_kind = (from <= IntervalField::kMonth) == (to <= IntervalField::kMonth);
    if (!same_kind || to <= from) {
      return Fail("PARSE_SYNTAX_ERROR", "42601",
                  fmt::format("Syntax error at or near 'TO': an interval cannot go from {} to {}.",
                              Peek(0).text.empty() ? "" : tokens_[next_ - 3].text, Last().text),
                  at);
    }
  }
  *type = from <= IntervalField::kMonth ? DataType::YearMonth(from, to) : DataType::DayTime(from, to);
  return true;
}

bool Parser::ParseNestedType(Keyword keyword, DataType* type) {
  const Token& word = Peek();
  Advance();
  if (keyword == kStruct && Take(TokenKind::kNotEqual)) {  // STRUCT<>
    *type = DataType::Struct({});
    return true;
  }
  if (!Is(TokenKind::kLess)) {
    return Fail(
        "INCOMPLETE_TYPE_DEFINITION." + UpperText(word.text), "42K01",
        fmt::format("Incomplete complex type: the definition of \"{0}\" type is incomplete. Write its elements' "
                    "types in angle brackets, for example \"{0}<{1}>\".",
                    UpperText(word.text),
                    keyword == kArray ? "INT"
                    : keyword == kMap ? "STRING, INT"
                                      : "name: INT"),
        word.at);
  }
  Advance();
  if (keyword == kStruct) {
    std::vector<plan::Field> fields;
    if (!Is(TokenKind::kGreater) && !ParseStructFields(&fields)) return false;
    *type = DataType::Struct(std::move(fields));
    return Expect(TokenKind::kGreater);
  }
  DataType first;
  if (!ParseType(&first)) return false;
  if (keyword == kArray) {
    *type = DataType::Array(std::move(first));
    return Expect(TokenKind::kGreater);
  }
  DataType second;
  if (!Expect(TokenKind::kComma) || !ParseType(&second)) return false;
  *type = DataType::Map(std::move(first), std::move(second));
  return Expect(TokenKind::kGreater);
}

bool Parser::ParseStructFields(std::vector<plan::Field>* fields) {
  do {
    if (!ParseField(/*in_struct=*/true, &fields->emplace_back())) return false;
  } while (Take(TokenKind::kComma));
  return true;
}

// name[:] type [NOT NULL] [COMMENT 'text']
bool Parser::ParseField(bool in_struct, plan::Field* field) {
  if (!ParseName(&field->name, "the name of a column")) return false;
  if (in_struct) Take(TokenKind::kColon);
  if (!ParseType(&field->type)) return false;
  if (Take(kNot, kNull)) field->nullable = false;
  if (Take(kComment)) {
    const Token& comment = Peek();
    if (!Expect(TokenKind::kString)) return false;
    field->metadata = fmt::format("{{\"comment\":{}}}", JsonText(StringText(comment)));
  }
  return true;
}

// (a, b): nothing when there are no parentheses.
bool Parser::ParseTypeSizes(std::vector<int>* sizes) {
  if (!Take(TokenKind::kLeftParen)) return true;
  do {
    const std::string_view text = Peek().text;
    if (!Expect(TokenKind::kInteger)) return false;
    int& size = sizes->emplace_back(0);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error != std::errc() || end != text.data() + text.size()) size = std::numeric_limits<int>::max();
  } while (Take(TokenKind::kComma));
  return Expect(TokenKind::kRightParen);
}

bool Parser::ParseSizedType(Keyword keyword, DataType* type, Position at) {
  constexpr int kMaxPrecision = 38;
  std::vector<int> sizes;
  if (!ParseTypeSizes(&sizes)) return false;
  const bool decimal = keyword == kDecimal || keyword == kDec || keyword == kNumeric;
  if (!decimal && sizes.empty()) {
    return Fail("DATATYPE_MISSING_SIZE", "42K01",
                fmt::format("DataType \"{0}\" requires a length parameter, for example \"{0}\"(10). Please specify the "
                            "length.",
                            KeywordText(keyword)),
                at);
  }
  if (sizes.size() > (decimal ? 2 : 1)) {
    return Fail("UNSUPPORTED_DATATYPE", "0A000",
                fmt::format("Unsupported data type \"{}\" with {} parameters.", KeywordText(keyword), sizes.size()),
                at);
  }
  if (!decimal) {
    if (sizes[0] < 1) return Fail("", "", fmt::format("{} length must be greater than 0.", KeywordText(keyword)), at);
    *type = keyword == kVarchar ? DataType::Varchar(sizes[0]) : DataType::Char(sizes[0]);
    return true;
  }
  const int precision = sizes.empty() ? 10 : sizes[0];
  const int scale = sizes.size() < 2 ? 0 : sizes[1];
  if (precision > kMaxPrecision) {
    return Fail("DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION", "22003",
                fmt::format("Decimal precision {} exceeds max precision {}.", precision, kMaxPrecision), at);
  }
  if (scale > precision) {
    return Fail("", "", fmt::format("Decimal scale ({}) cannot be greater than precision ({}).", scale, precision), at);
  }
  *type = DataType::Decimal(precision, scale);
  return true;
}

}  // namespace tidemill::sql
