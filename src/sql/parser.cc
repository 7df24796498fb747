// Tokens, levels and the entry points.
#include "sql/parser.h"

#include "sql/detail/parser_impl.h"
#include "sql/literal.h"

namespace tidemill::sql {
namespace {

LexOptions LexOptionsOf(const ParseOptions& options) {
  return {.double_quoted_identifiers = options.ansi && options.double_quoted_identifiers,
          .escaped_string_literals = options.escaped_string_literals};
}

// For each opening parenthesis the index of its closing one; the last token where there is none.
std::vector<uint32_t> MatchParens(const std::vector<Token>& tokens) {
  std::vector<uint32_t> closing(tokens.size(), static_cast<uint32_t>(tokens.size() - 1));
  std::vector<uint32_t> open;
  for (uint32_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].kind == TokenKind::kLeftParen) open.push_back(i);
    if (tokens[i].kind == TokenKind::kSemicolon) open.clear();
    if (tokens[i].kind == TokenKind::kRightParen && !open.empty()) {
      closing[open.back()] = i;
      open.pop_back();
    }
  }
  return closing;
}

}  // namespace

Parser::Parser(std::string_view text, const ParseOptions& options)
    : text_(text), options_(options), tokens_(Lex(text, LexOptionsOf(options))), closing_(MatchParens(tokens_)) {
  options_.enforce_reserved_keywords &= options.ansi;
}

bool Parser::IsAny(std::initializer_list<Keyword> keywords, size_t ahead) const {
  const Keyword keyword = Peek(ahead).keyword;
  return keyword != Keyword::kNotAKeyword && std::ranges::find(keywords, keyword) != keywords.end();
}

plan::RelationPtr Parser::ParseWholeQuery() {
  auto query = ParseQuery();
  while (query && Take(TokenKind::kSemicolon)) continue;
  if (!query || !Expect(TokenKind::kEnd)) return nullptr;
  return query;
}

plan::ExprPtr Parser::ParseWholeExpression() {
  auto expr = ParseNamedExpression();
  if (!expr || !Expect(TokenKind::kEnd)) return nullptr;
  return expr;
}

bool Parser::ParseWholeType(plan::DataType* type) { return ParseType(type) && Expect(TokenKind::kEnd); }

bool Parser::ParseWholeSchema(plan::Schema* schema) {
  if (Is(Keyword::kStruct) && Is(TokenKind::kLess, 1)) {
    plan::DataType type;
    if (!ParseWholeType(&type)) return false;
    schema->fields = type.fields();
    return true;
  }
  if (Is(TokenKind::kEnd)) return true;
  do {
    if (!ParseField(/*in_struct=*/false, &schema->fields.emplace_back())) return false;
  } while (Take(TokenKind::kComma));
  return Expect(TokenKind::kEnd);
}

plan::ExprPtr Parser::Operator(std::string_view name, std::vector<plan::ExprPtr> args, Position at) {
  plan::Call call;
  call.name = {std::string(name)};
  call.args = std::move(args);
  call.is_operator = true;
  return plan::MakeExpr(std::move(call), at);
}

plan::ExprPtr Parser::Function(std::string_view name, std::vector<plan::ExprPtr> args, Position at) {
  plan::Call call;
  call.name = {std::string(name)};
  call.args = std::move(args);
  return plan::MakeExpr(std::move(call), at);
}

plan::ExprPtr Parser::StringConstant(std::string text, Position at) {
  return plan::MakeExpr(plan::Literal{plan::Value{std::move(text)}, plan::TypeId::kString}, at);
}

std::string Parser::StringText(const Token& token) const {
  return UnquoteString(token.text, options_.escaped_string_literals);
}

Result<std::vector<plan::Statement>> ParseScript(std::string_view text, const ParseOptions& options) {
  Parser parser(text, options);
  auto statements = parser.ParseStatements();
  if (parser.failed()) return parser.TakeError();
  return statements;
}

Result<plan::RelationPtr> ParseQuery(std::string_view text, const ParseOptions& options) {
  Parser parser(text, options);
  auto query = parser.ParseWholeQuery();
  if (parser.failed()) return parser.TakeError();
  return query;
}

Result<plan::ExprPtr> ParseExpression(std::string_view text, const ParseOptions& options) {
  Parser parser(text, options);
  auto expr = parser.ParseWholeExpression();
  if (parser.failed()) return parser.TakeError();
  return expr;
}

Result<plan::DataType> ParseType(std::string_view text) {
  Parser parser(text, {});
  plan::DataType type;
  if (!parser.ParseWholeType(&type)) return parser.TakeError();
  return type;
}

Result<plan::Schema> ParseSchema(std::string_view text) {
  Parser parser(text, {});
  plan::Schema schema;
  if (!parser.ParseWholeSchema(&schema)) return parser.TakeError();
  return schema;
}

}  // namespace tidemill::sql
