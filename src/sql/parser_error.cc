// What the parser says when the text is wrong.
#include <fmt/format.h>

#include "base/names.h"
#include "sql/detail/parser_impl.h"

namespace tidemill::sql {
namespace {

// Words that carry a query's structure: what a misspelt word in the wrong place was probably meant to be.
const std::vector<std::string>& StructureWords() {
  static const std::vector<std::string> words = {
      "SELECT",    "FROM",      "WHERE", "GROUP",   "HAVING",    "ORDER",      "LIMIT",    "OFFSET",   "UNION",
      "INTERSECT", "EXCEPT",    "JOIN",  "INNER",   "LEFT",      "RIGHT",      "FULL",     "OUTER",    "CROSS",
      "NATURAL",   "LATERAL",   "USING", "WITH",    "RECURSIVE", "VALUES",     "DISTINCT", "BETWEEN",  "LIKE",
      "EXISTS",    "CASE",      "WHEN",  "THEN",    "ELSE",      "CREATE",     "INSERT",   "DESCRIBE", "EXPLAIN",
      "WINDOW",    "PARTITION", "PIVOT", "UNPIVOT", "CLUSTER",   "DISTRIBUTE", "TABLE",    "DROP",     "DELETE",
      "UPDATE",    "MERGE",     "AND",   "NOT",     "NULL"};
  return words;
}

std::string Describe(const Token& token) {
  return token.kind == TokenKind::kEnd ? "end of input" : fmt::format("'{}'", token.text);
}

// A name is refused by its letters before it is refused by its place.
bool HasForeignLetter(std::string_view word) {
  return std::ranges::any_of(word, [](unsigned char c) { return c >= 0x80; });
}

}  // namespace

bool Parser::Fail(Error error, Position at) {
  if (!error_) {
    if (error.at.line == 0) error.at = at;
    error_ = std::move(error);
  }
  return false;
}

bool Parser::Fail(std::string error_class, std::string sqlstate, std::string message, Position at) {
  if (error_) return false;
  Error error = InvalidArgument(std::move(message));
  error.error_class = std::move(error_class);
  error.sqlstate = std::move(sqlstate);
  return Fail(std::move(error), at);
}

// The word that failed, or the one before it: in `SELECT a FORM t` the text goes wrong only at `t`.
std::string Parser::MisspellingHint() const {
  const auto nearest = [](const Token& token) -> std::optional<std::string> {
    if (token.kind != TokenKind::kWord || token.keyword != Keyword::kNotAKeyword) return std::nullopt;
    return NearestName(token.text, StructureWords());
  };
  for (const size_t back : {size_t{0}, size_t{1}}) {
    if (back > next_) break;
    const Token& token = tokens_[next_ - back];
    if (const auto word = nearest(token)) return fmt::format(" Did you mean {} instead of {}?", *word, token.text);
  }
  return "";
}

bool Parser::FailSyntax(std::string_view expected) {
  if (error_) return false;
  const Token& token = Peek();
  if (token.kind == TokenKind::kBroken) return FailBroken(token);
  if (token.kind == TokenKind::kWord && HasForeignLetter(token.text)) {
    return Fail("INVALID_IDENTIFIER", "42602",
                fmt::format("The unquoted identifier {0} is invalid and must be back quoted as: `{0}`.", token.text),
                token.at);
  }
  Error error = InvalidArgument(
      fmt::format("Syntax error at or near {}: expected {}.{}", Describe(token), expected, MisspellingHint()));
  error.error_class = "PARSE_SYNTAX_ERROR";
  error.sqlstate = "42601";
  error.params = {{"error", Describe(token)}, {"hint", ""}};
  return Fail(std::move(error), token.at);
}

bool Parser::FailBroken(const Token& token) {
  if (token.fault == LexFault::kUnclosedComment) {
    return Fail("UNCLOSED_BRACKETED_COMMENT", "42601",
                "Found an unclosed bracketed comment. Please, append */ at the end of the comment.", token.at);
  }
  const bool quote = token.fault == LexFault::kUnclosedQuote;
  return Fail("PARSE_SYNTAX_ERROR", "42601",
              fmt::format("Syntax error at or near '{}': {}.", token.text.substr(0, 1),
                          quote ? "the quote that opens here is never closed" : "no token begins with this character"),
              token.at);
}

bool Parser::FailTooDeep() {
  return Fail(
      "FAILED_TO_PARSE_TOO_COMPLEX", "54001",
      fmt::format("The statement nests deeper than {} levels. Divide it into common table expressions or views.",
                  options_.max_depth),
      Peek().at);
}

bool Parser::Refuse(std::string what, Position at) { return Fail(Unimplemented(std::move(what)), at); }

bool Parser::Deepen() {
  ++height_;
  return depth_ + height_ <= options_.max_depth || FailTooDeep();
}

bool Parser::Expect(TokenKind kind) {
  if (Take(kind) || (kind == TokenKind::kEnd && Is(kind))) return true;
  switch (kind) {
    case TokenKind::kLeftParen:
      return FailSyntax("'('");
    case TokenKind::kRightParen:
      return FailSyntax("')'");
    case TokenKind::kRightBracket:
      return FailSyntax("']'");
    case TokenKind::kComma:
      return FailSyntax("','");
    case TokenKind::kEqual:
      return FailSyntax("'='");
    case TokenKind::kLess:
      return FailSyntax("'<'");
    case TokenKind::kGreater:
      return FailSyntax("'>'");
    case TokenKind::kString:
      return FailSyntax("a string");
    case TokenKind::kInteger:
      return FailSyntax("a whole number");
    case TokenKind::kEnd:
      return FailSyntax("the end of the text");
    default:
      return FailSyntax("another symbol");
  }
}

bool Parser::Expect(Keyword keyword) { return Take(keyword) || FailSyntax(KeywordText(keyword)); }

}  // namespace tidemill::sql
