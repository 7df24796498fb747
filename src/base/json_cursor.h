// json_cursor.h: JSON text as tokens, read as Spark reads it (Jackson with Spark's defaults): single quotes and NaN,
// Infinity, +-INF are accepted, comments, leading zeros and raw control characters are not, and what follows the first
// value is never looked at. (RFC 8259; org.apache.spark.sql.catalyst.json.JSONOptions.)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tidemill {

enum class JsonToken : uint8_t {
  kEnd,  // of the text
  kBeginObject,
  kEndObject,
  kBeginArray,
  kEndArray,
  kString,
  kWhole,     // a number without point and exponent
  kFraction,  // any other number, NaN and the infinities too
  kTrue,
  kFalse,
  kNull,
  kInvalid,
};

// Not thread-safe. `text` outlives the cursor.
class JsonCursor {
 public:
  explicit JsonCursor(std::string_view text) : text_(text) {}

  // The next value or end of a container: separators are checked and passed over. An object's member is its name, by
  // NextName, then its value.
  JsonToken Next();
  // kString: the member's name is in value(); kEndObject: there is no other.
  JsonToken NextName();
  // Passes over the rest of the value whose first token was `token`. False: the text is invalid.
  bool Skip(JsonToken token);

  // Of a string: the unescaped text. Of a number: as written. Good until the next call.
  std::string_view value() const { return value_; }
  // Where the last token begins, and where the next one may.
  size_t token_begin() const { return token_begin_; }
  size_t position() const { return at_; }
  std::string_view text() const { return text_; }

 private:
  JsonToken Scan();
  JsonToken String(char quote);
  JsonToken Number();
  JsonToken Word(std::string_view word, JsonToken token);
  bool Escape(std::string& out);
  bool HexDigits(uint32_t& out);
  JsonToken Fail() { return failed_ = true, JsonToken::kInvalid; }
  void SkipBlanks();
  bool Separator(char end);  // false: the container ends here

  std::string_view text_;
  size_t at_ = 0;
  size_t token_begin_ = 0;
  std::string_view value_;
  std::string unescaped_;
  std::string containers_;  // '[' and '{', innermost last
  bool first_ = true;       // nothing was read in the innermost container
  bool failed_ = false;
};

}  // namespace tidemill
