// lexer.h: Spark SQL text -> tokens. Comments and white space are gone; every token knows where it stood.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tidemill::sql {

enum class Keyword : uint16_t {
  kNotAKeyword,
#define TM_KEYWORD(name, text, rank) name,
#include "sql/detail/keywords.inc"
#undef TM_KEYWORD
};

// How far a keyword may serve as a name.
enum class KeywordRank : uint8_t {
  kPlain,           // anywhere
  kStrict,          // not as a table's alias
  kReserved,        // nowhere, once reserved words are enforced
  kStrictReserved,  // both
};

Keyword FindKeyword(std::string_view word);  // ignoring case
KeywordRank RankOf(Keyword keyword);
std::string_view KeywordText(Keyword keyword);  // upper case
std::vector<std::string_view> KeywordTexts();   // of all, in order

enum class TokenKind : uint8_t {
  kEnd,
  kBroken,  // text that is no token; see LexFault
  kWord,    // an unquoted name or keyword
  kQuotedName,
  kString,  // with its quotes, and r in front when raw
  kInteger,
  kBigint,
  kSmallint,
  kTinyint,
  kDecimal,
  kExponent,
  kFloat,
  kDouble,
  kBigDecimal,
  kHintStart,
  kHintEnd,
  kSemicolon,
  kLeftParen,
  kRightParen,
  kLeftBracket,
  kRightBracket,
  kComma,
  kDot,
  kBang,
  kEqual,
  kNullSafeEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,  // `>>` and `>>>` arrive as touching `>`: in a type they close brackets
  kGreaterEqual,
  kShiftLeft,
  kPlus,
  kMinus,
  kStar,
  kSlash,
  kPercent,
  kTilde,
  kAmpersand,
  kPipe,
  kConcat,
  kPipeForward,
  kHat,
  kColon,
  kDoubleColon,
  kArrow,
  kFatArrow,
  kQuestion,
};

enum class LexFault : uint8_t { kNone, kUnclosedQuote, kUnclosedComment, kStrayCharacter };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  LexFault fault = LexFault::kNone;
  Keyword keyword = Keyword::kNotAKeyword;  // kWord only
  std::string_view text;                    // within the text that was lexed
  Position at;                              // columns count code points
};

struct LexOptions {
  bool double_quoted_identifiers = false;
  bool escaped_string_literals = false;  // a backslash is a plain character
};

// Always ends in one kEnd. A kBroken token takes the rest of the text with it where no end could be found.
std::vector<Token> Lex(std::string_view text, const LexOptions& options = {});

}  // namespace tidemill::sql
