// Queries: WITH, set operations, ORDER BY and its like, LIMIT.
#include <fmt/format.h>

#include <charconv>

#include "sql/detail/parser_impl.h"

namespace tidemill::sql {
namespace {

using enum Keyword;

// EXCEPT and MINUS are one operation.
std::optional<plan::SetOpKind> SetOpOf(Keyword keyword) {
  if (keyword == kUnion) return plan::SetOpKind::kUnion;
  if (keyword == kIntersect) return plan::SetOpKind::kIntersect;
  if (keyword == kExcept || keyword == kMinus) return plan::SetOpKind::kExcept;
  return std::nullopt;
}

}  // namespace

// Does a query begin with the token at `at`, parentheses aside?
bool Parser::StartsQuery(size_t at) const {
  const size_t ahead = at - next_;
  switch (Peek(ahead).keyword) {
    case kSelect:
      return !Is(TokenKind::kRightParen, ahead + 1) && !Is(TokenKind::kComma, ahead + 1);
    case kWith:
      return IsName(ahead + 1) || Is(kRecursive, ahead + 1);
    case kTable:
      return IsName(ahead + 1);
    case kFrom:
      return IsName(ahead + 1) || Is(TokenKind::kLeftParen, ahead + 1);
    case kValues: {
      const TokenKind next = Peek(ahead + 1).kind;
      return next == TokenKind::kLeftParen || next == TokenKind::kString || next == TokenKind::kMinus ||
             (next >= TokenKind::kInteger && next <= TokenKind::kBigDecimal) || Is(kNull, ahead + 1) ||
             (IsName(ahead + 1) && !IsAny({kFrom, kAs}, ahead + 1));
    }
    case kMap:
    case kReduce:
      return IsName(ahead + 1) && !IsAny({kFrom, kAs}, ahead + 1);
    default:
      return false;
  }
}

// Can the token at `at` follow a parenthesised query within a query?
bool Parser::ContinuesQuery(size_t at) const {
  const size_t ahead = at - next_;
  const Token& token = Peek(ahead);
  if (token.kind == TokenKind::kRightParen || token.kind == TokenKind::kPipeForward) return true;
  if (SetOpOf(token.keyword)) return !IsAny({kJoin}, ahead + 1);
  if (IsAny({kOrder, kSort, kCluster, kDistribute}, ahead)) return Is(kBy, ahead + 1);
  return token.keyword == kLimit || token.keyword == kOffset;
}

// Does the parenthesis at `open` hold a query? `((SELECT 1) + 1)` and `((a) JOIN b)` do not: what follows the inner
// parentheses decides, from the inside out.
bool Parser::StartsParenthesizedQuery(size_t open) const {
  size_t inner = open;
  while (tokens_[inner].kind == TokenKind::kLeftParen) ++inner;
  if (!StartsQuery(inner)) return false;
  for (size_t i = inner - 1; i > open; --i) {
    if (!ContinuesQuery(std::min(AfterParen(i), tokens_.size() - 1))) return false;
  }
  return true;
}

plan::RelationPtr Parser::ParseQuery() {
  const Level level(this);
  if (failed()) return nullptr;
  const Position at = Peek().at;
  if (Is(kWith)) {
    plan::With with;
    if (!ParseCommonTables(&with)) return nullptr;
    auto body = ParseQueryTerm();
    with.body = body ? ParseQueryOrganization(std::move(body)) : nullptr;
    return with.body ? plan::MakeRelation(std::move(with), at) : nullptr;
  }
  auto query = ParseQueryTerm();
  return query ? ParseQueryOrganization(std::move(query)) : nullptr;
}

bool Parser::ParseCommonTables(plan::With* with) {
  Advance();
  if (Is(kRecursive) && !Is(kAs, 1) && !Is(TokenKind::kLeftParen, 1)) {
    Advance();
    with->recursive = true;
  }
  do {
    if (!ParseCommonTable(with->recursive, &with->tables.emplace_back())) return false;
  } while (Take(TokenKind::kComma));
  return true;
}

// name [(columns)] [MAX RECURSION LEVEL n] [AS] (query)
bool Parser::ParseCommonTable(bool recursive, plan::CommonTable* table) {
  if (!ParseName(&table->name, "the name of a common table expression")) return false;
  if (Is(TokenKind::kLeftParen) && !StartsParenthesizedQuery(next_) && !ParseNameList(&table->columns)) return false;
  if (Is(kMax) && Is(kRecursion, 1)) {
    if (!recursive) {
      return Fail("_LEGACY_ERROR_TEMP_0035", "",
                  "Operation not allowed: Cannot specify MAX RECURSION LEVEL when the CTE is not marked as RECURSIVE.",
                  Peek().at);
    }
    next_ += 2;
    if (!Expect(kLevel)) return false;
    const std::string_view text = Peek().text;
    if (!Expect(TokenKind::kInteger)) return false;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), table->max_recursion);
    if (error != std::errc()) return FailSyntax("a smaller recursion level");
  }
  Take(kAs);
  if (!Expect(TokenKind::kLeftParen)) return false;
  table->query = ParseQuery();
  return table->query && Expect(TokenKind::kRightParen);
}

// Set operations from the left; INTERSECT binds tighter. Pipes apply to all that stands before them.
plan::RelationPtr Parser::ParseQueryTerm() {
  auto left = ParseIntersections();
  while (left) {
    if (Is(TokenKind::kPipeForward)) {
      left = ParsePipe(std::move(left));
      if (left && !Deepen()) return nullptr;
      continue;
    }
    const Position at = Peek().at;
    const auto kind = SetOpOf(Peek().keyword);
    if (!kind || *kind == plan::SetOpKind::kIntersect) break;
    Advance();
    left = CombineQueries(std::move(left), *kind, at, /*intersect_binds=*/true);
  }
  return left;
}

plan::RelationPtr Parser::ParseIntersections() {
  auto left = ParseQueryPrimary();
  while (left && Is(kIntersect)) {
    const Position at = Peek().at;
    Advance();
    left = CombineQueries(std::move(left), plan::SetOpKind::kIntersect, at, /*intersect_binds=*/false);
  }
  return left;
}

// Behind the operation's word: [ALL | DISTINCT] [BY NAME] right.
plan::RelationPtr Parser::CombineQueries(plan::RelationPtr left, plan::SetOpKind kind, Position at,
                                         bool intersect_binds) {
  plan::SetOp op{.kind = kind, .left = std::move(left)};
  op.all = Take(kAll);
  if (!op.all) Take(kDistinct);
  if (kind == plan::SetOpKind::kUnion && Take(kBy, kName)) op.by_name = true;
  op.right = intersect_binds ? ParseIntersections() : ParseQueryPrimary();
  if (!op.right || !Deepen()) return nullptr;
  return plan::MakeRelation(std::move(op), at);
}

plan::RelationPtr Parser::ParseQueryPrimary() {
  const Position at = Peek().at;
  if (Is(TokenKind::kLeftParen)) {
    Advance();
    auto query = ParseQuery();
    return query && Expect(TokenKind::kRightParen) ? query : nullptr;
  }
  if (Is(kSelect)) return ParseSelect(nullptr);
  if (Is(kFrom)) return ParseFromFirst();
  if (Is(kValues)) return ParseInlineTable();
  if (IsAny({kMap, kReduce}) && StartsQuery(next_)) {
    Refuse(fmt::format("{} ... USING runs a script and is not supported. Write a SELECT.", Peek().text), at);
    return nullptr;
  }
  if (!Is(kTable)) {
    FailSyntax("a query (SELECT, FROM, VALUES, TABLE or WITH)");
    return nullptr;
  }
  Advance();
  plan::TableRef table;
  if (IsIdentifierClause()) {
    if (!ParseIdentifierClause(&table.name, &table.identifier)) return nullptr;
  } else if (!ParseQualifiedName(&table.name, "the name of a table")) {
    return nullptr;
  }
  return plan::MakeRelation(std::move(table), at);
}

// FROM t SELECT a; several SELECTs are their UNION ALL; none at all is FROM t itself.
plan::RelationPtr Parser::ParseFromFirst() {
  const Position at = Peek().at;
  auto from = ParseFrom();
  if (!from || !Is(kSelect)) return from;
  plan::RelationPtr all;
  while (Is(kSelect)) {
    auto select = ParseSelect(from);
    if (select) select = ParseQueryOrganization(std::move(select));
    if (!select) return nullptr;
    if (!all) {
      all = std::move(select);
      continue;
    }
    if (!Deepen()) return nullptr;
    all = plan::MakeRelation(
        plan::SetOp{.kind = plan::SetOpKind::kUnion, .all = true, .left = std::move(all), .right = std::move(select)},
        at);
  }
  return all;
}

// VALUES (1, 'a'), (2, 'b') [AS t (x, y)]; a row of one column needs no parentheses.
plan::RelationPtr Parser::ParseInlineTable() {
  const Position at = Peek().at;
  Advance();
  plan::Values values;
  do {
    auto row = ParseExpression();
    if (!row) return nullptr;
    const auto* call = std::get_if<plan::Call>(&row->node);
    const bool tuple = call && ((call->is_operator && call->name[0] == "struct_row") ||
                                (call->name.size() == 1 && FindKeyword(call->name[0]) == kStruct));
    values.rows.push_back(tuple ? call->args : std::vector<plan::ExprPtr>{row});
    const size_t expected = values.rows.front().size();
    if (values.rows.back().size() != expected) {
      Fail("INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH", "42000",
           fmt::format("Invalid inline table. Inline table expected {} columns but found {} columns in row {}.",
                       expected, values.rows.back().size(), values.rows.size() - 1),
           row->at);
      return nullptr;
    }
  } while (Take(TokenKind::kComma));
  const size_t columns = values.rows.front().size();
  auto table = ParseOptionalAlias(plan::MakeRelation(std::move(values), at));
  if (!table) return nullptr;
  const auto* aliased = std::get_if<plan::Aliased>(&table->node);
  if (aliased && !aliased->columns.empty() && aliased->columns.size() != columns) {
    Fail("INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH", "42000",
         fmt::format("Invalid inline table. Inline table expected {} columns but found {} columns in row 0.",
                     aliased->columns.size(), columns),
         at);
    return nullptr;
  }
  return table;
}

// Several of ORDER, CLUSTER, DISTRIBUTE and SORT BY exclude each other; only DISTRIBUTE goes with SORT.
plan::RelationPtr Parser::ParseQueryOrganization(plan::RelationPtr input, bool piped) {
  const bool limit_first = IsAny({kLimit, kOffset});
  if (!ParseSorting(&input)) return nullptr;
  if (piped && !limit_first) {
    if (!IsAny({kLimit, kOffset, kWindow})) return input;
    Fail("MULTIPLE_QUERY_RESULT_CLAUSES_WITH_PIPE_OPERATORS", "42000",
         fmt::format("ORDER BY and {} cannot coexist in the same SQL pipe operator using '|>'. Please separate the "
                     "clauses into separate pipe operators.",
                     KeywordText(Peek().keyword)),
         Peek().at);
    return nullptr;
  }
  if (!piped && Is(kWindow) && IsName(1) && Is(kAs, 2) && !ParseLateWindows(&input)) return nullptr;
  return ParseLimit(&input) ? input : nullptr;
}

bool Parser::ParseSorting(plan::RelationPtr* query) {
  const Position at = Peek().at;
  plan::Sort sort{.global = false};
  const bool order = Take(kOrder, kBy);
  if (order) {
    sort.global = true;
    if (!ParseSortKeys(&sort.keys)) return false;
    const auto* word = std::get_if<plan::Attribute>(&sort.keys[0].expr->node);
    if (sort.keys.size() == 1 && word && word->parts.size() == 1 && FindKeyword(word->parts[0]) == kAll) {
      sort.all = true;
      sort.all_direction = sort.keys[0];
      sort.keys.clear();
    }
  }
  const bool cluster = Take(kCluster, kBy);
  if (cluster) {
    if (!ParseExpressions(&sort.distribute_by)) return false;
    for (const auto& expr : sort.distribute_by) sort.keys.push_back({.expr = expr});
  }
  const bool distribute = Take(kDistribute, kBy);
  if (distribute && !ParseExpressions(&sort.distribute_by)) return false;
  const bool sorted = Take(kSort, kBy);
  if (sorted && !ParseSortKeys(&sort.keys)) return false;
  if ((order && (cluster || distribute || sorted)) || (cluster && (distribute || sorted))) {
    return Fail("UNSUPPORTED_FEATURE.COMBINATION_QUERY_RESULT_CLAUSES", "0A000",
                "The feature is not supported: Combination of ORDER BY/SORT BY/DISTRIBUTE BY/CLUSTER BY.", at);
  }
  if (!order && !cluster && !distribute && !sorted) return true;
  sort.input = std::move(*query);
  *query = plan::MakeRelation(std::move(sort), at);
  return true;
}

// WINDOW behind ORDER BY belongs to the SELECT below.
bool Parser::ParseLateWindows(plan::RelationPtr* query) {
  const Position at = Peek().at;
  std::vector<std::pair<std::string, plan::WindowSpec>> windows;
  if (!ParseWindows(&windows)) return false;
  plan::Relation top = **query;
  auto* sort = std::get_if<plan::Sort>(&top.node);
  plan::Relation below = sort ? *sort->input : top;
  auto* pipe = std::get_if<plan::Pipe>(&below.node);
  auto* piped = pipe ? std::get_if<plan::Pipe::SelectList>(&pipe->part) : nullptr;
  auto* select = std::get_if<plan::Select>(&below.node);
  if (!select && !piped) {
    return Refuse("A WINDOW clause behind a set operation or in parentheses is not supported. Put it into the SELECT.",
                  at);
  }
  auto& own = select ? select->windows : piped->windows;
  own.insert(own.end(), windows.begin(), windows.end());
  auto changed = std::make_shared<const plan::Relation>(std::move(below));
  if (sort) {
    sort->input = std::move(changed);
    changed = std::make_shared<const plan::Relation>(std::move(top));
  }
  *query = std::move(changed);
  return true;
}

bool Parser::ParseLimit(plan::RelationPtr* query) {
  const Position at = Peek().at;
  plan::Limit limit;
  if (Take(kLimit) && !Take(kAll)) {
    limit.limit = ParseExpression();
    if (!limit.limit) return false;
  }
  if (Take(kOffset)) {
    limit.offset = ParseExpression();
    if (!limit.offset) return false;
  }
  if (!limit.limit && !limit.offset) return true;
  limit.input = std::move(*query);
  *query = plan::MakeRelation(std::move(limit), at);
  return true;
}

bool Parser::ParseSortKeys(std::vector<plan::SortKey>* keys) {
  do {
    if (!ParseSortKey(&keys->emplace_back())) return false;
  } while (Take(TokenKind::kComma));
  return true;
}

bool Parser::ParseSortKey(plan::SortKey* key) {
  key->expr = ParseExpression();
  if (!key->expr) return false;
  if (!Take(kAsc)) key->ascending = !(Take(kDesc));
  key->nulls_first = key->ascending;
  if (!Take(kNulls)) return true;
  if (!Is(kFirst) && !Is(kLast)) return FailSyntax("FIRST or LAST");
  key->nulls_first = Is(kFirst);
  Advance();
  return true;
}

}  // namespace tidemill::sql
