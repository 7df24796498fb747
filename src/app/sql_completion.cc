#include "app/sql_completion.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/lower.h"
#include "base/names.h"
#include "sql/lexer.h"

namespace tidemill::app {
namespace {

using sql::Keyword;
using sql::Token;
using sql::TokenKind;

bool IsName(const Token& token) { return token.kind == TokenKind::kWord || token.kind == TokenKind::kQuotedName; }

// The next name is a table's.
bool LeadsToTable(const Token& token) {
  constexpr std::string_view kWords[] = {"FROM", "JOIN", "INTO", "TABLE", "UPDATE", "USING", "DESCRIBE"};
  return token.keyword != Keyword::kNotAKeyword &&
         std::ranges::find(kWords, sql::KeywordText(token.keyword)) != std::end(kWords);
}

struct NamedTable {
  std::string name;   // as written
  std::string alias;  // or its last part
};

// a, a.b, csv.`x`: from `at`, which moves behind it.
NamedTable ReadTable(const std::vector<Token>& tokens, size_t& at) {
  NamedTable table;
  while (at < tokens.size() && IsName(tokens[at])) {
    table.name += tokens[at].text;
    table.alias = tokens[at].text;
    if (tokens[++at].kind != TokenKind::kDot) break;
    if (!IsName(tokens[++at])) break;
    table.name += ".";
  }
  if (tokens[at].keyword == sql::FindKeyword("AS")) ++at;
  const bool named =
      tokens[at].kind == TokenKind::kWord &&
      (tokens[at].keyword == Keyword::kNotAKeyword || sql::RankOf(tokens[at].keyword) == sql::KeywordRank::kPlain);
  if (named) table.alias = tokens[at].text;
  return table;
}

std::vector<NamedTable> TablesIn(const std::vector<Token>& tokens) {
  std::vector<NamedTable> tables;
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (!LeadsToTable(tokens[i]) || !IsName(tokens[i + 1])) continue;
    size_t at = i + 1;
    tables.push_back(ReadTable(tokens, at));
    while (tokens[at].kind == TokenKind::kWord) ++at;  // an alias
    if (tokens[at].kind == TokenKind::kComma && IsName(tokens[at + 1])) tables.push_back(ReadTable(tokens, ++at));
    i = at - 1;
  }
  return tables;
}

bool StartsWith(std::string_view text, std::string_view start) {
  return text.size() >= start.size() && SameIgnoringCase(text.substr(0, start.size()), start);
}

bool IsNameByte(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0; }

class Candidates {
 public:
  explicit Candidates(std::string_view typed) : typed_(typed) {}
  void Add(const SqlNames::List& names, const char* suffix = "") {
    for (const auto& name : names) {
      if (StartsWith(name, typed_)) found_.insert(name + suffix);
    }
  }
  void AddKeywords() {
    const bool lower = typed_.empty() || std::islower(static_cast<unsigned char>(typed_.back())) != 0;
    for (const auto text : sql::KeywordTexts()) {
      const bool function = found_.contains(LowerAscii(text) + "(");
      if (StartsWith(text, typed_) && !function) found_.insert(lower ? LowerAscii(text) : std::string(text));
    }
  }
  Completion From(size_t from) && { return {from, {found_.begin(), found_.end()}}; }

 private:
  std::string_view typed_;
  std::set<std::string> found_;
};

// The quote that is still open before the cursor, as what follows it.
std::optional<std::string_view> OpenQuote(std::string_view before) {
  const auto tokens = sql::Lex(before);
  for (const auto& token : tokens) {
    if (token.kind == TokenKind::kBroken && token.fault == sql::LexFault::kUnclosedQuote) {
      return before.substr(static_cast<size_t>(token.text.data() - before.data()) + 1);
    }
  }
  return std::nullopt;
}

}  // namespace

Completion CompleteSql(std::string_view before, std::string_view after, size_t line_start, const SqlNames& names) {
  if (const auto path = OpenQuote(before)) {
    const size_t slash = path->rfind('/');
    const auto folder = slash == std::string_view::npos ? std::string_view() : path->substr(0, slash + 1);
    const size_t from = before.size() - path->size() + folder.size();
    if (from < line_start) return {};
    Candidates candidates(before.substr(from));
    candidates.Add(names.files(std::string(folder)));
    return std::move(candidates).From(from - line_start);
  }
  size_t from = before.size();
  while (from > line_start && IsNameByte(before[from - 1])) --from;
  Candidates candidates(before.substr(from));
  const auto earlier = sql::Lex(before.substr(0, from));
  const Token* last = earlier.size() > 1 ? &earlier[earlier.size() - 2] : nullptr;
  const std::string whole = std::string(before) + std::string(after);
  const auto tables = TablesIn(sql::Lex(whole));
  if (last != nullptr && last->kind == TokenKind::kDot) {
    const auto back = [&](size_t count) {
      return earlier.size() > count ? earlier[earlier.size() - 1 - count] : Token{};
    };
    const std::string qualifier(back(2).text);
    const auto owner = std::find_if(tables.begin(), tables.end(),
                                    [&](const auto& table) { return SameIgnoringCase(table.alias, qualifier); });
    const bool database = LeadsToTable(back(3)) || owner == tables.end();
    candidates.Add(database ? names.tables(qualifier) : names.columns(owner->name));
    return std::move(candidates).From(from - line_start);
  }
  if (last != nullptr && LeadsToTable(*last)) {
    candidates.Add(names.tables(""));
    candidates.Add(names.databases(), ".");
    return std::move(candidates).From(from - line_start);
  }
  for (const auto& table : tables) candidates.Add(names.columns(table.name));
  if (from < before.size()) {  // the whole of Spark's functions says nothing
    candidates.Add(names.functions(), "(");
    candidates.AddKeywords();
  }
  return std::move(candidates).From(from - line_start);
}

}  // namespace tidemill::app
