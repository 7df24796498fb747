#include "sql/script.h"

#include "sql/lexer.h"

namespace tidemill::sql {
namespace {

std::string_view Between(const Token& first, const Token& last) {
  return {first.text.begin(), static_cast<size_t>(last.text.end() - first.text.begin())};
}

}  // namespace

std::vector<std::string_view> SplitScript(std::string_view text) {
  const auto tokens = Lex(text);
  std::vector<std::string_view> statements;
  const Token* first = nullptr;
  const Token* last = nullptr;
  for (const auto& token : tokens) {
    if (token.kind == TokenKind::kSemicolon || token.kind == TokenKind::kEnd) {
      if (first) statements.push_back(Between(*first, *last));
      first = nullptr;
      continue;
    }
    if (!first) first = &token;
    last = &token;
  }
  return statements;
}

bool EndsStatement(std::string_view text) {
  const auto tokens = Lex(text);
  return tokens.size() > 1 && tokens[tokens.size() - 2].kind == TokenKind::kSemicolon;
}

std::string OnOneLine(std::string_view text) {
  std::string line;
  const char* end = nullptr;  // of the token before
  for (const auto& token : Lex(text)) {
    if (token.kind == TokenKind::kEnd) break;
    if (end != nullptr && end != token.text.data() && token.kind != TokenKind::kSemicolon) line += ' ';
    line += token.text;
    end = token.text.data() + token.text.size();
  }
  return line;
}

std::string PointAt(std::string_view text, Position at) {
  if (at.line < 1 || at.column < 1) return "";
  for (int line = 1; line < at.line; ++line) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return "";
    text.remove_prefix(end + 1);
  }
  std::string_view line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  std::string pointer;
  int column = 1;
  for (size_t i = 0; i < line.size() && column < at.column; ++i) {
    const bool continues = i + 1 < line.size() && (static_cast<unsigned char>(line[i + 1]) & 0xC0) == 0x80;
    if (continues) continue;
    pointer.push_back(line[i] == '\t' ? '\t' : ' ');
    ++column;
  }
  return std::string(line) + "\n" + pointer + "^";
}

}  // namespace tidemill::sql
