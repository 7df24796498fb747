#include "sql/lexer.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/result.h"

namespace tidemill::sql {
namespace {

struct KeywordRow {
  std::string_view text;
  KeywordRank rank;
};

using enum KeywordRank;
constexpr KeywordRow kKeywords[] = {
#define TM_KEYWORD(name, text, rank) {text, rank},
#include "sql/detail/keywords.inc"
#undef TM_KEYWORD
};
static_assert(std::ranges::is_sorted(kKeywords, {}, &KeywordRow::text));

constexpr size_t kLongestKeyword = 24;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
// Bytes of letters outside ASCII are taken into the word here and refused by name in the parser.
bool IsWordByte(char c) { return IsLetter(c) || IsDigit(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80; }

struct Symbol {
  std::string_view text;
  TokenKind kind;
};

// Longer symbols before their own beginnings.
constexpr Symbol kSymbols[] = {
    {"/*+", TokenKind::kHintStart},   {"<=>", TokenKind::kNullSafeEqual},
    {"<<", TokenKind::kShiftLeft},    {"<>", TokenKind::kNotEqual},
    {"<=", TokenKind::kLessEqual},    {"!=", TokenKind::kNotEqual},
    {"!>", TokenKind::kLessEqual},    {"!<", TokenKind::kGreaterEqual},
    {">=", TokenKind::kGreaterEqual}, {"==", TokenKind::kEqual},
    {"=>", TokenKind::kFatArrow},     {"||", TokenKind::kConcat},
    {"|>", TokenKind::kPipeForward},  {"->", TokenKind::kArrow},
    {"::", TokenKind::kDoubleColon},  {"*/", TokenKind::kHintEnd},
    {";", TokenKind::kSemicolon},     {"(", TokenKind::kLeftParen},
    {")", TokenKind::kRightParen},    {"[", TokenKind::kLeftBracket},
    {"]", TokenKind::kRightBracket},  {",", TokenKind::kComma},
    {".", TokenKind::kDot},           {"!", TokenKind::kBang},
    {"=", TokenKind::kEqual},         {"<", TokenKind::kLess},
    {">", TokenKind::kGreater},       {"+", TokenKind::kPlus},
    {"-", TokenKind::kMinus},         {"*", TokenKind::kStar},
    {"/", TokenKind::kSlash},         {"%", TokenKind::kPercent},
    {"~", TokenKind::kTilde},         {"&", TokenKind::kAmpersand},
    {"|", TokenKind::kPipe},          {"^", TokenKind::kHat},
    {":", TokenKind::kColon},         {"?", TokenKind::kQuestion},
};

// White space outside ASCII that Spark skips, as UTF-8.
constexpr std::string_view kWideSpaces[] = {
    "\u00A0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006",
    "\u2007", "\u2008", "\u2009", "\u200A", "\u2028", "\u202F", "\u205F", "\u3000",
};

class Lexer {
 public:
  Lexer(std::string_view text, const LexOptions& options) : text_(text), options_(options) {}

  std::vector<Token> Run() {
    tokens_.reserve(text_.size() / 4 + 2);
    while (SkipBlank()) Next();
    Emit(TokenKind::kEnd, 0);
    return std::move(tokens_);
  }

 private:
  char At(size_t i) const { return i < text_.size() ? text_[i] : '\0'; }
  std::string_view Rest() const { return text_.substr(here_); }

  void Emit(TokenKind kind, size_t length) {
    Token token{.kind = kind, .text = text_.substr(here_, length), .at = Where()};
    if (kind == TokenKind::kWord) token.keyword = FindKeyword(token.text);
    tokens_.push_back(token);
    here_ += length;
  }

  void EmitBroken(LexFault fault, size_t length) {
    Emit(TokenKind::kBroken, length);
    tokens_.back().fault = fault;
  }

  // Walks on from the last token's position, so that the whole text is counted once.
  Position Where() {
    for (; counted_ < here_; ++counted_) {
      const char c = text_[counted_];
      if (c == '\n') {
        position_ = {position_.line + 1, 1};
      } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
        ++position_.column;
      }
    }
    return position_;
  }

  // False at the end of the text.
  bool SkipBlank() {
    while (here_ < text_.size()) {
      const size_t before = here_;
      SkipSpace();
      if (Rest().starts_with("--")) SkipLineComment();
      if (Rest().starts_with("/*") && At(here_ + 2) != '+' && !SkipBracketedComment()) return true;
      if (here_ == before) return true;
    }
    return false;
  }

  // The bytes of the white space character at `i`; 0 when there is none.
  size_t SpaceLength(size_t i) const {
    const char c = At(i);
    if (c == ' ' || (c >= '\t' && c <= '\r')) return 1;
    if (static_cast<unsigned char>(c) < 0x80) return 0;
    const std::string_view rest = text_.substr(i);
    const auto* wide = std::ranges::find_if(kWideSpaces, [&](auto space) { return rest.starts_with(space); });
    return wide == std::end(kWideSpaces) ? 0 : wide->size();
  }

  void SkipSpace() {
    while (const size_t length = SpaceLength(here_)) here_ += length;
  }

  // A backslash at a line's end carries the comment on.
  void SkipLineComment() {
    while (here_ < text_.size()) {
      if (text_[here_] == '\n') return;
      here_ += Rest().starts_with("\\\n") ? 2 : 1;
    }
  }

  // Comments nest. False, with `here_` still at the opening, when the comment has no end.
  bool SkipBracketedComment() {
    int depth = 0;
    for (size_t i = here_; i + 1 < text_.size(); ++i) {
      if (text_[i] == '/' && text_[i + 1] == '*') {
        ++depth;
        ++i;
      } else if (text_[i] == '*' && text_[i + 1] == '/') {
        ++i;
        if (--depth == 0) {
          here_ = i + 1;
          return true;
        }
      }
    }
    return false;
  }

  void Next() {
    const char c = text_[here_];
    if (Rest().starts_with("/*") && At(here_ + 2) != '+') {
      return EmitBroken(LexFault::kUnclosedComment, text_.size() - here_);
    }
    if (c == '\'' || c == '"') return Quoted(c);
    if ((c == 'r' || c == 'R') && (At(here_ + 1) == '\'' || At(here_ + 1) == '"')) return Raw();
    if (c == '`') return BackQuoted();
    if (IsDigit(c) || (c == '.' && IsDigit(At(here_ + 1)))) return NumberOrWord();
    if (IsWordByte(c)) return Word();
    for (const auto& symbol : kSymbols) {
      if (Rest().starts_with(symbol.text)) return Emit(symbol.kind, symbol.text.size());
    }
    EmitBroken(LexFault::kStrayCharacter, 1);
  }

  size_t WordLength(size_t from) const {
    size_t end = from;
    while (end < text_.size() && IsWordByte(text_[end]) && SpaceLength(end) == 0) ++end;
    return end - from;
  }

  void Word() { Emit(TokenKind::kWord, WordLength(here_)); }

  // A doubled quote is one quote; a backslash takes the next character with it.
  void Quoted(char quote) {
    size_t end = here_ + 1;
    while (end < text_.size()) {
      if (text_[end] == '\\' && !options_.escaped_string_literals) {
        end += 2;
      } else if (text_[end] != quote) {
        ++end;
      } else if (At(end + 1) == quote) {
        end += 2;
      } else {
        const bool name = quote == '"' && options_.double_quoted_identifiers;
        return Emit(name ? TokenKind::kQuotedName : TokenKind::kString, end + 1 - here_);
      }
    }
    EmitBroken(LexFault::kUnclosedQuote, text_.size() - here_);
  }

  void Raw() {
    const size_t end = text_.find(text_[here_ + 1], here_ + 2);
    if (end == std::string_view::npos) return EmitBroken(LexFault::kUnclosedQuote, text_.size() - here_);
    Emit(TokenKind::kString, end + 1 - here_);
  }

  void BackQuoted() {
    size_t end = here_ + 1;
    while (end < text_.size()) {
      if (text_[end] != '`') {
        ++end;
      } else if (At(end + 1) == '`') {
        end += 2;
      } else {
        return Emit(TokenKind::kQuotedName, end + 1 - here_);
      }
    }
    EmitBroken(LexFault::kUnclosedQuote, text_.size() - here_);
  }

  size_t SkipDigits(size_t i) const {
    while (IsDigit(At(i))) ++i;
    return i;
  }

  // The end of an exponent that starts at `i`, or `i`.
  size_t SkipExponent(size_t i) const {
    if (At(i) != 'e' && At(i) != 'E') return i;
    const size_t sign = i + 1 + (At(i + 1) == '+' || At(i + 1) == '-');
    return IsDigit(At(sign)) ? SkipDigits(sign) : i;
  }

  // A number's suffix at `i`: moves `i` behind it. Whole numbers have three more.
  TokenKind TakeSuffix(size_t* i, TokenKind plain, bool whole) const {
    const auto upper = [](char c) { return static_cast<char>(std::toupper(static_cast<unsigned char>(c))); };
    const char c = upper(At(*i));
    if (c == 'B' && upper(At(*i + 1)) == 'D') {
      *i += 2;
      return TokenKind::kBigDecimal;
    }
    TokenKind kind = plain;
    if (c == 'F') kind = TokenKind::kFloat;
    if (c == 'D') kind = TokenKind::kDouble;
    if (whole && c == 'L') kind = TokenKind::kBigint;
    if (whole && c == 'S') kind = TokenKind::kSmallint;
    if (whole && c == 'Y') kind = TokenKind::kTinyint;
    *i += kind != plain;
    return kind;
  }

  // The longest of: a number with a point (only where no letter, digit or underscore follows), a number without one, a
  // word that begins with digits. `1.5x` is therefore 1 . 5x, as in Spark.
  void NumberOrWord() {
    const size_t whole = SkipDigits(here_);
    if (At(whole) == '.') {
      const size_t fraction = SkipDigits(whole + 1);
      size_t end = SkipExponent(fraction);
      const auto kind = TakeSuffix(&end, end == fraction ? TokenKind::kDecimal : TokenKind::kExponent, false);
      const char next = At(end);
      if (!IsLetter(next) && !IsDigit(next) && next != '_') return Emit(kind, end - here_);
      if (whole == here_) return Emit(TokenKind::kDot, 1);
    }
    size_t end = SkipExponent(whole);
    const auto kind = TakeSuffix(&end, end == whole ? TokenKind::kInteger : TokenKind::kExponent, end == whole);
    if (WordLength(here_) > end - here_) return Word();
    Emit(kind, end - here_);
  }

  std::string_view text_;
  LexOptions options_;
  std::vector<Token> tokens_;
  size_t here_ = 0;
  size_t counted_ = 0;
  Position position_{1, 1};
};

}  // namespace

Keyword FindKeyword(std::string_view word) {
  if (word.size() > kLongestKeyword) return Keyword::kNotAKeyword;
  std::array<char, kLongestKeyword> upper;
  std::ranges::transform(word, upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  const std::string_view key(upper.data(), word.size());
  const auto* row = std::ranges::lower_bound(kKeywords, key, {}, &KeywordRow::text);
  if (row == std::end(kKeywords) || row->text != key) return Keyword::kNotAKeyword;
  return static_cast<Keyword>(row - kKeywords + 1);
}

KeywordRank RankOf(Keyword keyword) {
  CHECK(keyword != Keyword::kNotAKeyword);
  return kKeywords[static_cast<size_t>(keyword) - 1].rank;
}

std::string_view KeywordText(Keyword keyword) {
  CHECK(keyword != Keyword::kNotAKeyword);
  return kKeywords[static_cast<size_t>(keyword) - 1].text;
}

std::vector<std::string_view> KeywordTexts() {
  std::vector<std::string_view> texts;
  for (const auto& row : kKeywords) texts.push_back(row.text);
  return texts;
}

std::vector<Token> Lex(std::string_view text, const LexOptions& options) { return Lexer(text, options).Run(); }

}  // namespace tidemill::sql
