#include "base/json_cursor.h"

#include <cctype>

#include "base/utf8.h"

namespace tidemill {
namespace {

constexpr size_t kMostNesting = 1000;  // Jackson's StreamReadConstraints

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

void JsonCursor::SkipBlanks() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
    ++at_;
}

// Passes over the comma between two members.
bool JsonCursor::Separator(char end) {
  SkipBlanks();
  if (at_ < text_.size() && text_[at_] == end) return false;
  if (!first_) {
    if (at_ == text_.size() || text_[at_] != ',') failed_ = true;
    ++at_;
    SkipBlanks();
  }
  first_ = false;
  return true;
}

JsonToken JsonCursor::Next() {
  if (failed_) return JsonToken::kInvalid;
  if (!containers_.empty() && containers_.back() == '[') {
    if (!Separator(']')) {
      token_begin_ = at_++;
      containers_.pop_back();
      first_ = false;
      return JsonToken::kEndArray;
    }
    if (failed_) return JsonToken::kInvalid;
  }
  return Scan();
}

JsonToken JsonCursor::NextName() {
  if (failed_) return JsonToken::kInvalid;
  if (!Separator('}')) {
    token_begin_ = at_++;
    containers_.pop_back();
    first_ = false;
    return JsonToken::kEndObject;
  }
  if (failed_ || at_ >= text_.size() || (text_[at_] != '"' && text_[at_] != '\'')) return Fail();
  if (String(text_[at_]) != JsonToken::kString) return JsonToken::kInvalid;
  SkipBlanks();
  if (at_ >= text_.size() || text_[at_] != ':') return Fail();
  ++at_;
  return JsonToken::kString;
}

JsonToken JsonCursor::Scan() {
  SkipBlanks();
  token_begin_ = at_;
  if (at_ >= text_.size()) return containers_.empty() ? JsonToken::kEnd : Fail();
  const char c = text_[at_];
  switch (c) {
    case '{':
    case '[':
      if (containers_.size() == kMostNesting) return Fail();
      containers_ += c;
      first_ = true;
      ++at_;
      return c == '{' ? JsonToken::kBeginObject : JsonToken::kBeginArray;
    case '"':
    case '\'':
      return String(c);
    case 't':
      return Word("true", JsonToken::kTrue);
    case 'f':
      return Word("false", JsonToken::kFalse);
    case 'n':
      return Word("null", JsonToken::kNull);
    case 'N':
      return Word("NaN", JsonToken::kFraction);
    case 'I':
      return Word("Infinity", JsonToken::kFraction);
    default:
      return Number();
  }
}

JsonToken JsonCursor::Word(std::string_view word, JsonToken token) {
  if (!text_.substr(at_).starts_with(word)) return Fail();
  value_ = text_.substr(at_, word.size());
  at_ += word.size();
  const bool goes_on = at_ < text_.size() &&
                       (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_' || text_[at_] == '$');
  return goes_on ? Fail() : token;
}

JsonToken JsonCursor::Number() {
  const size_t begin = at_;
  const auto digits = [&] {
    const size_t from = at_;
    while (at_ < text_.size() && IsDigit(text_[at_])) ++at_;
    return at_ - from;
  };
  const bool signed_number = text_[at_] == '-' || text_[at_] == '+';
  if (signed_number) {
    for (const std::string_view word : {"Infinity", "INF"}) {
      if (text_.substr(at_ + 1).starts_with(word)) {
        value_ = text_.substr(at_, word.size() + 1);
        at_ += word.size() + 1;
        return JsonToken::kFraction;
      }
    }
    if (text_[at_] == '+') return Fail();
    ++at_;
  }
  const bool zero = at_ < text_.size() && text_[at_] == '0';
  const size_t whole = digits();
  if (whole == 0 || (zero && whole > 1)) return Fail();
  JsonToken token = JsonToken::kWhole;
  if (at_ < text_.size() && text_[at_] == '.') {
    ++at_;
    if (digits() == 0) return Fail();
    token = JsonToken::kFraction;
  }
  if (at_ < text_.size() && (text_[at_] | 0x20) == 'e') {
    ++at_;
    if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
    if (digits() == 0) return Fail();
    token = JsonToken::kFraction;
  }
  value_ = text_.substr(begin, at_ - begin);
  return token;
}

bool JsonCursor::HexDigits(uint32_t& out) {
  if (at_ + 4 > text_.size()) return false;
  out = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = text_[at_++];
    const int digit = IsDigit(c) ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
    if (digit < 0) return false;
    out = out * 16 + static_cast<uint32_t>(digit);
  }
  return true;
}

// Behind a backslash.
bool JsonCursor::Escape(std::string& out) {
  if (at_ == text_.size()) return false;
  const char c = text_[at_++];
  constexpr std::string_view kFrom = "\"\\/bfnrt'", kTo = "\"\\/\b\f\n\r\t'";
  // Jackson takes \' only where single quotes are on, as they are.
  if (const size_t i = kFrom.find(c); i != std::string_view::npos) return out += kTo[i], true;
  uint32_t code = 0;
  if (c != 'u' || !HexDigits(code)) return false;
  if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_, 2) == "\\u") {
    const size_t before = at_;
    uint32_t low = 0;
    at_ += 2;
    if (!HexDigits(low)) return false;
    if (low >= 0xDC00 && low < 0xE000) return AppendUtf8(out, 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)), true;
    at_ = before;
  }
  // Half a surrogate pair has no UTF-8: Java writes a question mark.
  if (code >= 0xD800 && code < 0xE000) return out += '?', true;
  return AppendUtf8(out, code), true;
}

JsonToken JsonCursor::String(char quote) {
  const size_t begin = ++at_;
  while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\\' &&
         static_cast<unsigned char>(text_[at_]) >= ' ')
    ++at_;
  if (at_ < text_.size() && text_[at_] == quote) {
    value_ = text_.substr(begin, at_ - begin);
    ++at_;
    return JsonToken::kString;
  }
  unescaped_.assign(text_.substr(begin, at_ - begin));
  while (at_ < text_.size() && text_[at_] != quote) {
    const char c = text_[at_++];
    if (c == '\\') {
      if (!Escape(unescaped_)) return Fail();
    } else if (static_cast<unsigned char>(c) < ' ') {
      return Fail();
    } else {
      unescaped_ += c;
    }
  }
  if (at_ == text_.size()) return Fail();
  ++at_;
  value_ = unescaped_;
  return JsonToken::kString;
}

bool JsonCursor::Skip(JsonToken token) {
  if (token == JsonToken::kInvalid || token == JsonToken::kEnd) return false;
  if (token != JsonToken::kBeginObject && token != JsonToken::kBeginArray) return true;
  const size_t depth = containers_.size() - 1;
  while (containers_.size() > depth) {
    if (containers_.back() == '{') {
      const JsonToken name = NextName();
      if (name == JsonToken::kInvalid) return false;
      if (name == JsonToken::kEndObject) continue;
    }
    if (Next() == JsonToken::kInvalid) return false;
  }
  return true;
}

}  // namespace tidemill
