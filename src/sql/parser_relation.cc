// FROM: tables, functions, subqueries, joins, lateral views, samples, pivots.
#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <cstdlib>

#include "sql/detail/parser_impl.h"

namespace tidemill::sql {
namespace {

using enum Keyword;

template <typename T>
bool ReadNumber(std::string_view text, T* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

// FROM a, LATERAL (...) b LATERAL VIEW ... PIVOT (...)
// The comma binds as tight as JOIN, from the left: in `a, b JOIN c ON ...` the condition sees a, as in Spark unless
// spark.sql.ansi.relationPrecedence is set.
plan::RelationPtr Parser::ParseFrom() {
  Advance();
  plan::RelationPtr from;
  do {
    const Position at = Peek().at;
    const bool lateral = Is(kLateral) && !Is(kView, 1);
    if (lateral) Advance();
    auto primary = ParseRelationPrimary();
    if (!primary) return nullptr;
    if (from) {
      if (!Deepen()) return nullptr;
      plan::Join join{.left = std::move(from), .right = std::move(primary), .lateral = lateral};
      primary = plan::MakeRelation(std::move(join), at);
    }
    from = ParseRelationExtensions(std::move(primary));
    if (!from) return nullptr;
  } while (Take(TokenKind::kComma));
  const bool views = Is(kLateral) && Is(kView, 1);
  from = ParseLateralViews(std::move(from));
  if (from && views && StartsJoin()) {  // a join's sides are tables; a lateral view is none
    FailSyntax("the end of FROM after LATERAL VIEW");
    return nullptr;
  }
  return from ? ParseRelationExtensions(std::move(from)) : nullptr;
}

plan::RelationPtr Parser::ParseRelation() {
  const Level level(this);
  if (failed()) return nullptr;
  if (Is(kLateral) && !Is(kView, 1)) Advance();
  auto primary = ParseRelationPrimary();
  return primary ? ParseRelationExtensions(std::move(primary)) : nullptr;
}

plan::RelationPtr Parser::ParseRelationExtensions(plan::RelationPtr relation) {
  while (relation) {
    if (StartsJoin()) {
      relation = ParseJoin(std::move(relation));
    } else if (Is(kPivot) && Is(TokenKind::kLeftParen, 1)) {
      relation = ParsePivot(std::move(relation));
    } else if (Is(kUnpivot) && (Is(TokenKind::kLeftParen, 1) || IsAny({kInclude, kExclude}, 1))) {
      relation = ParseUnpivot(std::move(relation));
    } else {
      return relation;
    }
    if (relation && !Deepen()) return nullptr;
  }
  return nullptr;
}

bool Parser::StartsJoin() const {
  switch (Peek().keyword) {
    case kJoin:
      return true;
    case kInner:
    case kCross:
    case kSemi:
    case kAnti:
      return Is(kJoin, 1);
    case kLeft:
    case kRight:
    case kFull:
      return IsAny({kJoin, kOuter, kSemi, kAnti}, 1);
    case kNatural:
      return IsAny({kJoin, kInner, kCross, kLeft, kRight, kFull, kSemi, kAnti}, 1);
    default:
      return false;
  }
}

// The words before JOIN. No words: an inner join.
plan::JoinType Parser::TakeJoinType() {
  using plan::JoinType;
  if (Take(kInner)) return JoinType::kInner;
  if (Take(kCross)) return JoinType::kCross;
  if (Take(kSemi)) return JoinType::kLeftSemi;
  if (Take(kAnti)) return JoinType::kLeftAnti;
  if (Take(kLeft)) {
    if (Take(kSemi)) return JoinType::kLeftSemi;
    if (Take(kAnti)) return JoinType::kLeftAnti;
    Take(kOuter);
    return JoinType::kLeft;
  }
  if (Take(kRight)) {
    Take(kOuter);
    return JoinType::kRight;
  }
  if (Take(kFull)) {
    Take(kOuter);
    return JoinType::kFull;
  }
  return JoinType::kInner;
}

plan::RelationPtr Parser::ParseJoin(plan::RelationPtr left) {
  const Position at = Peek().at;
  plan::Join join{.left = std::move(left)};
  join.natural = Take(kNatural);
  join.type = TakeJoinType();
  if (!Expect(kJoin)) return nullptr;
  join.lateral = Take(kLateral);
  if (join.natural && join.type == plan::JoinType::kCross) {
    Fail("INCOMPATIBLE_JOIN_TYPES", "42613", "The join types NATURAL and CROSS are incompatible. Write one of the two.",
         at);
    return nullptr;
  }
  if (join.natural && join.lateral) {
    Fail("INCOMPATIBLE_JOIN_TYPES", "42613",
         "The join types NATURAL and LATERAL are incompatible. Write the condition with ON.", at);
    return nullptr;
  }
  join.right = ParseRelationPrimary();
  if (!join.right) return nullptr;
  if (!join.natural && Take(kOn)) {
    join.condition = ParseExpression();
    if (!join.condition) return nullptr;
  } else if (!join.natural && Is(kUsing)) {
    Advance();
    if (join.lateral) {
      Fail("UNSUPPORTED_FEATURE.LATERAL_JOIN_USING", "0A000",
           "The feature is not supported: JOIN USING with LATERAL correlation. Write ON.", at);
      return nullptr;
    }
    if (!ParseNameList(&join.using_columns)) return nullptr;
  }
  return plan::MakeRelation(std::move(join), at);
}

plan::RelationPtr Parser::ParseRelationPrimary() {
  const Position at = Peek().at;
  if (Is(TokenKind::kLeftParen)) return ParseParenthesizedRelation();
  if (Is(kValues) && StartsQuery(next_)) return ParseInlineTable();
  if (IsIdentifierClause() && !(Is(TokenKind::kString, 2) && Is(TokenKind::kDot, 4))) {
    plan::TableRef table;
    if (!ParseIdentifierClause(&table.name, &table.identifier)) return nullptr;
    if (Is(TokenKind::kLeftParen)) {
      if (!table.identifier) return ParseTableFunction(std::move(table.name), at);
      Refuse("IDENTIFIER() naming a table function is not supported. Write the function's name.", at);
      return nullptr;
    }
    if (!ParseTimeTravel(&table)) return nullptr;
    return ParseOptionalSample(plan::MakeRelation(std::move(table), at));
  }
  return ParseTableOrFunction();
}

plan::RelationPtr Parser::ParseTableOrFunction() {
  const Position at = Peek().at;
  plan::TableRef table;
  if (BeginsClause() || Is(kSelect)) {
    FailSyntax("a table, a function or a subquery in parentheses");
    return nullptr;
  }
  if (!ParseQualifiedName(&table.name, "a table, a function or a subquery in parentheses")) return nullptr;
  if (Is(TokenKind::kLeftParen)) return ParseTableFunction(std::move(table.name), at);
  if (!ParseTimeTravel(&table)) return nullptr;
  if (Is(kWith) && Is(TokenKind::kLeftParen, 1)) {
    Advance();
    if (!ParseProperties(&table.options)) return nullptr;
  }
  return ParseOptionalSample(plan::MakeRelation(std::move(table), at));
}

// A subquery, or a relation in parentheses.
plan::RelationPtr Parser::ParseParenthesizedRelation() {
  const bool query_follows = StartsParenthesizedQuery(next_);
  Advance();
  auto inner = query_follows ? ParseQuery() : ParseRelation();
  if (!inner || !Expect(TokenKind::kRightParen)) return nullptr;
  return ParseOptionalSample(std::move(inner));
}

plan::RelationPtr Parser::ParseTableFunction(plan::Name name, Position at) {
  plan::TableFunction function{.name = std::move(name)};
  Advance();
  plan::Call call;
  call.name = {""};
  for (size_t i = next_; !Is(TokenKind::kRightParen) && i < closing_[next_ - 1]; ++i) {
    const bool table = tokens_[i].keyword == kTable && i + 1 < tokens_.size() &&
                       (tokens_[i + 1].kind == TokenKind::kLeftParen || tokens_[i + 1].kind == TokenKind::kWord);
    if (table) {
      Refuse("A TABLE argument of a table function is not supported. Use a subquery or a join.", tokens_[i].at);
      return nullptr;
    }
    if (tokens_[i].kind == TokenKind::kLeftParen) i = closing_[i];
  }
  if (!ParseArguments(&call)) return nullptr;
  function.args = std::move(call.args);
  function.arg_names = std::move(call.arg_names);
  return ParseOptionalAlias(plan::MakeRelation(std::move(function), at));
}

plan::RelationPtr Parser::ParseOptionalAlias(plan::RelationPtr input) {
  const Position at = Peek().at;
  plan::Aliased aliased;
  if (!ParseAliasAndColumns(&aliased.alias, &aliased.columns)) return nullptr;
  if (aliased.alias.empty()) return input;
  aliased.input = std::move(input);
  return plan::MakeRelation(std::move(aliased), at);
}

plan::RelationPtr Parser::ParseLateralViews(plan::RelationPtr input) {
  while (input && Is(kLateral) && Is(kView, 1)) {
    input = ParseLateralView(std::move(input));
    if (input && !Deepen()) return nullptr;
  }
  return input;
}

// LATERAL VIEW [OUTER] generator(...) alias [[AS] a, b]; without an alias, AS itself is the alias, as in Spark.
plan::RelationPtr Parser::ParseLateralView(plan::RelationPtr input) {
  const Position at = Peek().at;
  next_ += 2;
  plan::LateralView view{.input = std::move(input)};
  view.outer = Take(kOuter);
  const Position call_at = Peek().at;
  plan::Call call;
  if (!ParseQualifiedName(&call.name, "a generator such as explode(...)") || !Expect(TokenKind::kLeftParen) ||
      !ParseArguments(&call)) {
    return nullptr;
  }
  view.generator = plan::MakeExpr(std::move(call), call_at);
  if (!ParseName(&view.alias, "the name of the lateral view")) return nullptr;
  const bool columns = Take(kAs) || (IsImplicitAlias(/*strict=*/false) && !(Is(kLateral) || StartsJoin()));
  if (columns && !ParseBareNameList(&view.columns)) return nullptr;
  return plan::MakeRelation(std::move(view), at);
}

// [FOR] VERSION | SYSTEM_VERSION AS OF n, [FOR] TIMESTAMP | SYSTEM_TIME AS OF expr
bool Parser::ParseTimeTravel(plan::TableRef* table) {
  const size_t word = Is(kFor) ? 1 : 0;
  if (!Is(kAs, word + 1) || !Is(kOf, word + 2)) return true;
  const bool version = IsAny({kVersion, kSystemVersion}, word);
  if (!version && !IsAny({kTimestamp, kSystemTime}, word)) return true;
  next_ += word + 3;
  if (!version) {
    table->timestamp_as_of = ParseValue();
    return table->timestamp_as_of != nullptr;
  }
  if (!Is(TokenKind::kInteger) && !Is(TokenKind::kString)) return FailSyntax("a version");
  table->version_as_of = ParseAtom();
  return table->version_as_of != nullptr;
}

// (key = value, 'other key' 'value', flag)
bool Parser::ParseProperties(std::map<std::string, std::string>* options) {
  if (!Expect(TokenKind::kLeftParen)) return false;
  do {
    std::string key;
    if (Is(TokenKind::kString)) {
      key = StringText(Peek());
      Advance();
    } else {
      plan::Name parts;
      if (!ParseQualifiedName(&parts, "an option")) return false;
      for (const auto& part : parts) key += (key.empty() ? "" : ".") + part;
    }
    Take(TokenKind::kEqual);
    std::string& value = (*options)[key];
    if (Is(TokenKind::kString)) {
      value = StringText(Peek());
    } else if (Is(TokenKind::kInteger) || Is(TokenKind::kDecimal) || Is(kTrue) || Is(kFalse)) {
      value = Peek().text;
    } else if (!Is(TokenKind::kComma) && !Is(TokenKind::kRightParen)) {
      return FailSyntax("a number, a string, TRUE or FALSE");
    } else {
      continue;
    }
    Advance();
  } while (Take(TokenKind::kComma));
  return Expect(TokenKind::kRightParen);
}

// [TABLESAMPLE (...)] [alias]
plan::RelationPtr Parser::ParseOptionalSample(plan::RelationPtr input) {
  if (!Is(kTablesample) || !Is(TokenKind::kLeftParen, 1)) return ParseOptionalAlias(std::move(input));
  const Position at = Peek().at;
  next_ += 2;
  plan::Sample sample{.input = std::move(input)};
  if (!ParseSampleMethod(&sample) || !Expect(TokenKind::kRightParen)) return nullptr;
  if (Take(kRepeatable)) {
    if (!Expect(TokenKind::kLeftParen)) return nullptr;
    int64_t& seed = sample.seed.emplace(0);
    if (!ReadNumber(Peek().text, &seed)) {
      FailSyntax("a whole number of 64 bits");
      return nullptr;
    }
    if (!Expect(TokenKind::kInteger) || !Expect(TokenKind::kRightParen)) return nullptr;
  }
  return ParseOptionalAlias(plan::MakeRelation(std::move(sample), at));
}

// 10 PERCENT | expr ROWS | BUCKET x OUT OF y
bool Parser::ParseSampleMethod(plan::Sample* sample) {
  const auto not_supported = [&](const char* what) {
    return Fail("_LEGACY_ERROR_TEMP_0015", "", fmt::format("TABLESAMPLE({}) is not supported.", what), Peek().at);
  };
  const auto check = [&](double fraction) {
    const bool within = fraction >= 0 && fraction <= 1;
    return within || Fail("_LEGACY_ERROR_TEMP_0064", "",
                          fmt::format("Sampling fraction ({}) must be on interval [0, 1].", fraction), Last().at);
  };
  if (Is(TokenKind::kRightParen)) {
    return Fail("_LEGACY_ERROR_TEMP_0014", "", "TABLESAMPLE does not accept empty inputs.", Peek().at);
  }
  const size_t sign = Is(TokenKind::kMinus) ? 1 : 0;
  if ((Is(TokenKind::kInteger, sign) || Is(TokenKind::kDecimal, sign)) && Is(kPercent, sign + 1)) {
    next_ += sign;
    sample->percent = std::strtod(std::string(Peek().text).c_str(), nullptr) * (sign ? -1 : 1);
    next_ += 2;
    return check(sample->percent / 100);
  }
  if (Is(kBucket) && Is(TokenKind::kInteger, 1)) {
    Advance();
    sample->kind = plan::Sample::Kind::kBucket;
    if (!ReadNumber(Peek().text, &sample->bucket)) return FailSyntax("a smaller number");
    Advance();
    if (!Expect(kOut, kOf)) return false;
    if (!Is(TokenKind::kInteger) || !ReadNumber(Peek().text, &sample->buckets)) return FailSyntax("a whole number");
    Advance();
    if (Is(kOn)) return not_supported("BUCKET x OUT OF y ON colname");
    return check(static_cast<double>(sample->bucket) / sample->buckets);
  }
  sample->kind = plan::Sample::Kind::kRows;
  const Token& first = Peek();
  sample->rows = ParseExpression();
  if (!sample->rows) return false;
  if (Take(kRows)) return true;
  // 10M: a number of bytes.
  const bool bytes = !first.text.empty() && std::isdigit(static_cast<unsigned char>(first.text[0])) &&
                     std::string_view("bBkKmMgG").find(first.text.back()) != std::string_view::npos;
  if (bytes) return not_supported("byteLengthLiteral");
  return Fail("_LEGACY_ERROR_TEMP_0016", "",
              fmt::format("{} is not a valid byte length literal, expected syntax: DIGIT+ ('B' | 'K' | 'M' | 'G').",
                          first.text),
              first.at);
}

// PIVOT (sum(x) AS s, ... FOR y IN (1 AS one, 2)) or FOR (y, z) IN ((1, 2), ...)
plan::RelationPtr Parser::ParsePivot(plan::RelationPtr input) {
  const Position at = Peek().at;
  next_ += 2;
  plan::Pivot pivot{.input = std::move(input)};
  do {
    auto aggregate = ParseExpression();
    if (!aggregate) return nullptr;
    const bool as = Take(kAs);
    if (as || (IsName() && !(Is(kFor) && !Is(kFor, 1)))) {
      plan::Alias alias{.child = aggregate};
      if (!ParseName(&alias.names.emplace_back())) return nullptr;
      aggregate = plan::MakeExpr(std::move(alias), aggregate->at);
    }
    pivot.aggregates.push_back(std::move(aggregate));
  } while (Take(TokenKind::kComma));
  if (!Expect(kFor)) return nullptr;
  const bool several = Take(TokenKind::kLeftParen);
  do {
    const Position column_at = Peek().at;
    plan::Attribute column;
    if (!ParseName(&column.parts.emplace_back(), "the name of a column")) return nullptr;
    pivot.columns.push_back(plan::MakeExpr(std::move(column), column_at));
  } while (several && Take(TokenKind::kComma));
  if (several && !Expect(TokenKind::kRightParen)) return nullptr;
  if (!Expect(kIn) || !Expect(TokenKind::kLeftParen)) return nullptr;
  if (!ParseNamedExpressions(&pivot.values)) return nullptr;
  if (!Expect(TokenKind::kRightParen) || !Expect(TokenKind::kRightParen)) return nullptr;
  return ParseOptionalAlias(plan::MakeRelation(std::move(pivot), at));
}

// UNPIVOT [INCLUDE | EXCLUDE NULLS] (v FOR n IN (a, b AS x)) or ((v, w) FOR n IN ((a, b) AS x, ...))
plan::RelationPtr Parser::ParseUnpivot(plan::RelationPtr input) {
  const Position at = Peek().at;
  Advance();
  plan::Unpivot unpivot{.input = std::move(input)};
  unpivot.include_nulls = Take(kInclude, kNulls);
  if (!unpivot.include_nulls) Take(kExclude, kNulls);
  if (!Expect(TokenKind::kLeftParen)) return nullptr;
  const bool several = Is(TokenKind::kLeftParen);
  if (several ? !ParseNameList(&unpivot.value_names) : !ParseName(&unpivot.value_names.emplace_back())) return nullptr;
  if (!Expect(kFor) || !ParseName(&unpivot.name_column) || !Expect(kIn) || !Expect(TokenKind::kLeftParen)) {
    return nullptr;
  }
  do {
    if (!ParseUnpivotGroup(several, &unpivot.groups.emplace_back())) return nullptr;
  } while (Take(TokenKind::kComma));
  if (!Expect(TokenKind::kRightParen) || !Expect(TokenKind::kRightParen)) return nullptr;
  return ParseOptionalAlias(plan::MakeRelation(std::move(unpivot), at));
}

bool Parser::ParseUnpivotGroup(bool several, plan::Unpivot::Group* group) {
  if (several && !Expect(TokenKind::kLeftParen)) return false;
  do {
    const Position at = Peek().at;
    plan::Attribute column;
    if (!ParseQualifiedName(&column.parts, "the name of a column")) return false;
    group->columns.push_back(plan::MakeExpr(std::move(column), at));
  } while (several && Take(TokenKind::kComma));
  if (several && !Expect(TokenKind::kRightParen)) return false;
  return !(Take(kAs) || IsName()) || ParseName(&group->alias, "an alias");
}

}  // namespace tidemill::sql
