// Text: masks, checksums, encodings, formats.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/utf8.h"
#include "engine/duckdb/base64.h"
#include "engine/duckdb/kernel_value.h"

namespace tidemill::engine::duckdb {

using plan::Int128;
using plan::TypeId;
using plan::Value;

namespace {

// ---- UTF-8 ----

// The code points; bytes that are no UTF-8 come as U+FFFD, one for each maximal part, and `valid` is cleared.
std::u32string Points(std::string_view text, bool* valid = nullptr) {
  std::u32string points;
  for (size_t i = 0; i < text.size();) {
    unsigned char lead = text[i];
    size_t more = lead < 0x80                   ? 0
                  : lead >= 0xC2 && lead < 0xE0 ? 1
                  : lead >= 0xE0 && lead < 0xF0 ? 2
                  : lead >= 0xF0 && lead < 0xF5 ? 3
                                                : 9;
    char32_t point = more == 0 ? lead : more == 1 ? lead & 0x1F : more == 2 ? lead & 0x0F : lead & 0x07;
    size_t taken = 1;
    for (; more < 9 && taken <= more && i + taken < text.size(); ++taken) {
      unsigned char next = text[i + taken];
      unsigned char least = taken > 1 ? 0x80 : lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
      unsigned char most = taken > 1 ? 0xBF : lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
      if (next < least || next > most) break;
      point = point << 6 | (next & 0x3F);
    }
    bool good = more < 9 && taken == more + 1;
    if (!good && valid) *valid = false;
    points += good ? point : char32_t{0xFFFD};
    i += taken;
  }
  return points;
}

std::string Utf8(const std::u32string& points) {
  std::string text;
  for (char32_t c : points) AppendUtf8(text, c);
  return text;
}

void NotUtf8(Row& row, const std::string& bytes) {
  std::string hex;
  for (unsigned char c : bytes) hex += fmt::format("\\x{:02X}", c);
  row.Fail("INVALID_UTF8_STRING", "22029", "Invalid UTF8 byte sequence found in string: " + hex + ".");
}

Value IsValidUtf8(Row&, const ValueCall& call) {
  bool valid = true;
  Points(call.text(0), &valid);
  return {valid};
}
Value MakeValidUtf8(Row&, const ValueCall& call) { return {Utf8(Points(call.text(0)))}; }
Value ValidateUtf8(Row& row, const ValueCall& call) {
  bool valid = true;
  Points(call.text(0), &valid);
  if (!valid) NotUtf8(row, call.text(0));
  return call.args[0];
}

// ---- Character sets ----

enum class Charset { kAscii, kLatin1, kUtf8, kUtf16, kUtf16Be, kUtf16Le, kUtf32 };

std::optional<Charset> CharsetOf(Row& row, const char* function, const std::string& name) {
  static constexpr std::pair<const char*, Charset> kNames[] = {
      {"US-ASCII", Charset::kAscii},   {"ISO-8859-1", Charset::kLatin1}, {"UTF-8", Charset::kUtf8},
      {"UTF-16BE", Charset::kUtf16Be}, {"UTF-16LE", Charset::kUtf16Le},  {"UTF-16", Charset::kUtf16},
      {"UTF-32", Charset::kUtf32}};
  std::string upper;
  for (unsigned char c : name) upper += static_cast<char>(std::toupper(c));
  for (const auto& [known, charset] : kNames) {
    if (upper == known) return charset;
  }
  row.Fail("INVALID_PARAMETER_VALUE.CHARSET", "22023",
           fmt::format("The value of parameter(s) `charset` in `{}` is invalid: expects one of the iso-8859-1, "
                       "us-ascii, utf-16, utf-16be, utf-16le, utf-32, utf-8, but got {}.",
                       function, name));
  return std::nullopt;
}

void BadCharacters(Row& row, const char* function, const std::string& charset) {
  row.Fail("MALFORMED_CHARACTER_CODING", "22000",
           fmt::format("Invalid value found when performing `{}` with {}.", function, charset));
}

void AppendUnit(std::string& out, uint32_t unit, int bytes, bool little) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(unit >> 8 * (little ? i : bytes - 1 - i));
}

Value Encode(Row& row, const ValueCall& call) {
  auto charset = CharsetOf(row, "encode", call.text(1));
  if (!charset) return {};
  if (*charset == Charset::kUtf8) return call.args[0];
  std::string out = *charset == Charset::kUtf16 ? "\xFE\xFF" : "";
  if (*charset == Charset::kUtf16 && call.text(0).empty()) return {std::string()};
  for (char32_t c : Points(call.text(0))) {
    if (*charset == Charset::kAscii || *charset == Charset::kLatin1) {
      if (c >= (*charset == Charset::kAscii ? 0x80U : 0x100U)) {
        BadCharacters(row, "encode", call.text(1));
        return {};
      }
      out += static_cast<char>(c);
    } else if (*charset == Charset::kUtf32) {
      AppendUnit(out, c, 4, false);
    } else {
      bool little = *charset == Charset::kUtf16Le;
      if (c < 0x10000) {
        AppendUnit(out, c, 2, little);
      } else {
        AppendUnit(out, 0xD800 + ((c - 0x10000) >> 10), 2, little);
        AppendUnit(out, 0xDC00 + ((c - 0x10000) & 0x3FF), 2, little);
      }
    }
  }
  return {out};
}

std::optional<std::string> FromUnits(std::string_view bytes, Charset charset) {
  std::string out;
  size_t width = charset == Charset::kUtf32 ? 4 : 2;
  bool little = charset == Charset::kUtf16Le;
  if (bytes.size() % width != 0) return std::nullopt;
  auto unit = [&](size_t at) {
    uint32_t value = 0;
    for (size_t i = 0; i < width; ++i) {
      value = value << 8 | static_cast<unsigned char>(bytes[at + (little ? width - 1 - i : i)]);
    }
    return value;
  };
  size_t at = 0;
  if (charset == Charset::kUtf16 && bytes.size() >= 2 && (unit(0) == 0xFEFF || unit(0) == 0xFFFE)) {
    little = unit(0) == 0xFFFE;
    at = 2;
  }
  if (charset == Charset::kUtf32 && bytes.size() >= 4 && unit(0) == 0xFEFF) at = 4;
  for (; at < bytes.size(); at += width) {
    char32_t c = unit(at);
    if (width == 2 && c >= 0xD800 && c < 0xE000) {
      if (c >= 0xDC00 || at + 4 > bytes.size()) return std::nullopt;
      uint32_t low = unit(at + 2);
      if (low < 0xDC00 || low >= 0xE000) return std::nullopt;
      c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
      at += 2;
    }
    if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) return std::nullopt;
    AppendUtf8(out, c);
  }
  return out;
}

Value Decode(Row& row, const ValueCall& call) {
  auto charset = CharsetOf(row, "decode", call.text(1));
  if (!charset) return {};
  const std::string& bytes = call.text(0);
  std::optional<std::string> text = std::string();
  if (*charset == Charset::kUtf8) {
    bool valid = true;
    Points(bytes, &valid);
    text = valid ? std::optional(bytes) : std::nullopt;
  } else if (*charset == Charset::kAscii || *charset == Charset::kLatin1) {
    for (unsigned char c : bytes) {
      if (c >= 0x80 && *charset == Charset::kAscii) {
        text.reset();
        break;
      }
      AppendUtf8(*text, c);
    }
  } else {
    text = FromUnits(bytes, *charset);
  }
  if (!text) BadCharacters(row, "decode", call.text(1));
  return text ? Value{*text} : Value{};
}

// ---- Bytes as text ----

int HexDigit(unsigned char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<unsigned char>(std::tolower(c));
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::optional<std::string> FromHex(std::string_view text) {
  std::string bytes;
  size_t i = 0;
  if (text.size() % 2 == 1) {  // the first digit stands alone
    int digit = HexDigit(text[i++]);
    if (digit < 0) return std::nullopt;
    bytes += static_cast<char>(digit);
  }
  for (; i < text.size(); i += 2) {
    int high = HexDigit(text[i]), low = HexDigit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high << 4 | low);
  }
  return bytes;
}

Value Unhex(Row&, const ValueCall& call) {
  auto bytes = FromHex(call.text(0));
  return bytes ? Value{*bytes} : Value{};
}

Value Unbase64(Row& row, const ValueCall& call) {
  auto bytes = FromBase64(call.text(0));
  if (!bytes) row.Refuse("unbase64 of a text that is not base64");
  return bytes ? Value{*bytes} : Value{};
}

Value ToBinary(Row& row, const ValueCall& call) {
  std::string format;
  for (unsigned char c : call.text(1)) format += static_cast<char>(std::tolower(c));
  std::optional<std::string> bytes;
  if (format == "utf-8" || format == "utf8") bytes = call.text(0);
  if (format == "hex") bytes = FromHex(call.text(0));
  if (format == "base64") bytes = FromBase64(call.text(0));
  if (!bytes) {
    row.Fail("CONVERSION_INVALID_INPUT", "22018",
             fmt::format("The value '{}' ('{}') cannot be converted to \"BINARY\" because it is malformed.",
                         call.text(0), format));
    return {};
  }
  return {*bytes};
}

Value ContainsBytes(Row&, const ValueCall& call) { return {call.text(0).find(call.text(1)) != std::string::npos}; }

template <bool kLeft>
Value PadBytes(Row&, const ValueCall& call) {
  const std::string &bytes = call.text(0), &pad = call.text(2);
  auto size = static_cast<size_t>(std::max<int64_t>(call.number(1), 0));
  if (size <= bytes.size() || pad.empty()) return {bytes.substr(0, size)};
  std::string padding;
  while (padding.size() < size - bytes.size()) padding += pad;
  padding.resize(size - bytes.size());
  return {kLeft ? padding + bytes : bytes + padding};
}

// ---- Small functions of words ----

// Letters and digits by what stands for them; NULL leaves them. Letters outside ASCII are refused, not guessed.
Value Mask(Row& row, const ValueCall& call) {
  if (call.null(0)) return {};
  std::string out;
  for (char32_t c : Points(call.text(0))) {
    if (c >= 0x80) {
      row.Refuse("mask of letters outside ASCII");
      return {};
    }
    size_t kind = std::isupper(static_cast<int>(c))   ? 1
                  : std::islower(static_cast<int>(c)) ? 2
                  : std::isdigit(static_cast<int>(c)) ? 3
                                                      : 4;
    if (call.null(kind)) {
      AppendUtf8(out, c);
    } else {
      out += call.text(kind);
    }
  }
  return {out};
}

Value LuhnCheck(Row&, const ValueCall& call) {
  const std::string& digits = call.text(0);
  int sum = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    unsigned char c = digits[digits.size() - 1 - i];
    if (!std::isdigit(c)) return {false};
    int digit = c - '0';
    if (i % 2 == 1) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return {!digits.empty() && sum % 10 == 0};
}

// As UTF8String.soundex: a text that begins with no letter is itself.
Value Soundex(Row&, const ValueCall& call) {
  static constexpr char kCodes[] = "01230120022455012623010202";  // 7 in Spark's table for H and W: they do not part
  const std::string& text = call.text(0);
  if (text.empty() || !std::isalpha(static_cast<unsigned char>(text[0]))) return call.args[0];
  auto code_of = [](unsigned char c) -> char {
    c = static_cast<unsigned char>(std::toupper(c));
    if (c == 'H' || c == 'W') return '7';
    return kCodes[c - 'A'];
  };
  std::string out(1, static_cast<char>(std::toupper(static_cast<unsigned char>(text[0]))));
  char last = code_of(static_cast<unsigned char>(text[0]));
  for (size_t i = 1; i < text.size() && out.size() < 4; ++i) {
    unsigned char c = text[i];
    if (!std::isalpha(c)) {
      last = '0';
      continue;
    }
    char code = code_of(c);
    if (code == '7') continue;
    if (code != '0' && code != last) out += code;
    last = code;
  }
  out.resize(4, '0');
  return {out};
}

// The distance, or -1 when it is over the threshold.
Value LevenshteinWithin(Row&, const ValueCall& call) {
  auto a = Points(call.text(0)), b = Points(call.text(1));
  std::vector<int64_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = static_cast<int64_t>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    int64_t diagonal = row[0];
    row[0] = static_cast<int64_t>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      int64_t changed = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return {row.back() > call.number(2) ? int64_t{-1} : row.back()};
}

Value Quote(Row&, const ValueCall& call) {
  std::string out = "'";
  for (char c : call.text(0)) {
    if (c == '\'') out += '\\';
    out += c;
  }
  return {out + "'"};
}

// ---- printf ----

struct Spec {
  std::string flags;
  int width = -1, precision = -1;
  char letter = 0;
  bool has(char flag) const { return flags.find(flag) != std::string::npos; }
};

std::string Padded(const Spec& spec, std::string text, bool number) {
  auto width = static_cast<size_t>(std::max(spec.width, 0));
  size_t size = Points(text).size();
  if (size >= width) return text;
  std::string blanks(width - size, number && spec.has('0') ? '0' : ' ');
  if (spec.has('-')) return text + blanks;
  if (blanks[0] == '0' && (text[0] == '-' || text[0] == '+')) return text.substr(0, 1) + blanks + text.substr(1);
  return blanks + text;
}

std::string Signed(const Spec& spec, std::string digits, bool negative) {
  if (spec.has(',')) {
    size_t point = std::min(digits.find('.'), digits.size());
    for (size_t at = point; at > 3;) digits.insert(at -= 3, 1, ',');
  }
  if (negative) return spec.has('(') ? "(" + digits + ")" : "-" + digits;
  return (spec.has('+') ? "+" : spec.has(' ') ? " " : "") + digits;
}

// Java rounds the digits that a double is shown by, half up; the C library its exact value.
class JavaDigits {
 public:
  explicit JavaDigits(double value) {
    char buffer[64];
    auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
    const std::string_view text(buffer, end);
    exponent_ = std::atoi(buffer + text.find('e') + 1);
    for (char c : text.substr(0, text.find('e'))) {
      if (c != '.') digits_ += c;
    }
    if (value == 0) exponent_ = 0;
  }
  // As 12.50, of that many places.
  std::string Fixed(int places) && {
    Round(exponent_ + 1 + places);
    const int whole = exponent_ + 1;
    if (whole <= 0) digits_.insert(0, static_cast<size_t>(1 - whole), '0');
    const auto point = static_cast<size_t>(std::max(whole, 1));
    digits_.resize(point + static_cast<size_t>(places), '0');
    if (places > 0) digits_.insert(point, 1, '.');
    return digits_;
  }
  // As 1.250000e+01.
  std::string Scientific(int places) && {
    Round(places + 1);
    digits_.resize(static_cast<size_t>(places) + 1, '0');
    if (places > 0) digits_.insert(1, 1, '.');
    return digits_ + fmt::format("e{}{:02}", exponent_ < 0 ? '-' : '+', std::abs(exponent_));
  }

 private:
  void Round(int keep) {
    if (keep >= static_cast<int>(digits_.size())) return;
    if (keep < 0) {
      digits_ = "0";
      return;
    }
    bool up = digits_[static_cast<size_t>(keep)] >= '5';
    digits_.resize(static_cast<size_t>(keep));
    for (size_t i = digits_.size(); up && i-- > 0;) {
      up = digits_[i] == '9';
      digits_[i] = up ? '0' : static_cast<char>(digits_[i] + 1);
    }
    if (up) {
      digits_.insert(0, 1, '1');
      ++exponent_;
    }
    if (digits_.empty()) digits_ = "0";
  }

  std::string digits_;  // d.dd times ten to the exponent
  int exponent_ = 0;
};

// BigDecimal.toString: with an exponent where more than six zeros would follow the point.
std::string JavaDecimal(const Value& value, const plan::DataType& type) {
  const auto number = std::get<plan::Int128>(value.data);
  std::string digits = plan::Int128ToString(number < 0 ? -number : number);
  const int exponent = static_cast<int>(digits.size()) - 1 - type.scale();
  if (exponent >= -6) return plan::ToSparkText(value, type);
  if (digits.size() > 1) digits.insert(1, 1, '.');
  return (number < 0 ? "-" : "") + digits + "E" + std::to_string(exponent);
}

std::optional<std::string> FormatOne(const Spec& spec, const Value& value, const plan::DataType& type) {
  char letter = static_cast<char>(std::tolower(spec.letter));
  std::string text;
  if (letter == 'b' && !value.is_null() && !type.is(TypeId::kBoolean)) return Padded(spec, "true", false);
  if (value.is_null()) {
    text = letter == 'b' ? "false" : "null";
    if (spec.precision >= 0) text = text.substr(0, static_cast<size_t>(spec.precision));
    return Padded(spec, text, false);
  }
  const auto* whole = std::get_if<int64_t>(&value.data);
  bool integral = whole && type.is_integral();
  if (letter == 's' || letter == 'b') {
    text = type.is(TypeId::kDecimal) ? JavaDecimal(value, type) : plan::ToSparkText(value, type);
    if (type.is_nested()) return std::nullopt;
    if (spec.precision >= 0) text = Utf8(Points(text).substr(0, static_cast<size_t>(spec.precision)));
    return Padded(spec, text, false);
  }
  if (letter == 'd' && integral) {
    return Padded(spec, Signed(spec, plan::Int128ToString(*whole < 0 ? -Int128{*whole} : Int128{*whole}), *whole < 0),
                  true);
  }
  if ((letter == 'x' || letter == 'o') && integral) {
    int bits = type.is(TypeId::kByte) ? 8 : type.is(TypeId::kShort) ? 16 : type.is(TypeId::kInt) ? 32 : 64;
    uint64_t mask = bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
    return Padded(
        spec,
        letter == 'x' ? fmt::format("{:x}", uint64_t(*whole) & mask) : fmt::format("{:o}", uint64_t(*whole) & mask),
        true);
  }
  if (letter == 'c' && integral) {
    AppendUtf8(text, static_cast<char32_t>(*whole));
    return Padded(spec, text, false);
  }
  if (const auto* number = std::get_if<double>(&value.data); number && (letter == 'f' || letter == 'e')) {
    if (std::isnan(*number)) return Padded(spec, "NaN", false);
    if (std::isinf(*number)) return Padded(spec, Signed(spec, "Infinity", *number < 0), false);
    int places = spec.precision < 0 ? 6 : spec.precision;
    JavaDigits digits(std::fabs(*number));
    text = letter == 'f' ? std::move(digits).Fixed(places) : std::move(digits).Scientific(places);
    return Padded(spec, Signed(spec, text, std::signbit(*number)), true);
  }
  return std::nullopt;
}

// java.util.Formatter's %[argument$][flags][width][.precision]letter for s b d x o c f e n %.
Value FormatString(Row& row, const ValueCall& call) {
  if (call.null(0)) return {};
  const std::string& format = call.text(0);
  std::string out;
  size_t next = 1;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out += format[i];
      continue;
    }
    Spec spec;
    size_t at = i + 1, argument = 0;
    auto number = [&] {
      int value = -1;
      for (; at < format.size() && std::isdigit(static_cast<unsigned char>(format[at])); ++at) {
        value = std::max(value, 0) * 10 + (format[at] - '0');
      }
      return value;
    };
    size_t start = at;
    if (int index = number(); index > 0 && at < format.size() && format[at] == '$') {
      argument = static_cast<size_t>(index);
      ++at;
    } else {
      at = start;
    }
    while (at < format.size() && std::string_view("-#+ 0,(").find(format[at]) != std::string_view::npos)
      spec.flags += format[at++];
    spec.width = number();
    if (at < format.size() && format[at] == '.') {
      ++at;
      spec.precision = number();
    }
    spec.letter = at < format.size() ? format[at] : '\0';
    i = at;
    if (spec.letter == '%' || spec.letter == 'n') {
      out += spec.letter == '%' ? Padded(spec, "%", false) : "\n";
      continue;
    }
    if (argument == 0) argument = next++;
    std::optional<std::string> text;
    if (argument < call.args.size()) text = FormatOne(spec, call.args[argument], call.types[argument]);
    if (!text) {
      row.Refuse("This use of %" + std::string(1, spec.letter) + " in format_string");
      return {};
    }
    if (std::isupper(static_cast<unsigned char>(spec.letter))) {
      std::transform(text->begin(), text->end(), text->begin(), [](unsigned char c) { return std::toupper(c); });
    }
    out += *text;
  }
  return {out};
}

// str_to_map(text, between pairs, between key and value). Both are regular expressions to Spark.
Value StrToMap(Row& row, const ValueCall& call) {
  const std::string &text = call.text(0), &pairs = call.text(1), &values = call.text(2);
  for (const auto* pattern : {&pairs, &values}) {
    if (pattern->empty() || pattern->find_first_of("\\^$.|?*+()[]{}") != std::string::npos) {
      row.Refuse("str_to_map with a delimiter that is a pattern");
      return {};
    }
  }
  std::vector<Value> entries;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(pairs, at), text.size());
    const std::string pair = text.substr(at, end - at);
    const size_t cut = pair.find(values);
    const std::string key = pair.substr(0, cut);
    for (size_t i = 0; i < entries.size(); i += 2) {
      if (std::get<std::string>(entries[i].data) != key) continue;
      row.Fail("DUPLICATED_MAP_KEY", "23505", "Duplicate map key " + key + " was found, please check the input data.");
      return {};
    }
    entries.push_back({key});
    entries.push_back(cut == std::string::npos ? Value{} : Value{pair.substr(cut + values.size())});
    if (end == text.size()) break;
    at = end + pairs.size();
  }
  return ChildrenValue(std::move(entries));
}

}  // namespace

std::span<const ValueRow> TextValues() {
  using Nulls = ValueRow::Nulls;
  static constexpr ValueRow kRows[] = {{"str_to_map", StrToMap},
                                       {"is_valid_utf8", IsValidUtf8},
                                       {"make_valid_utf8", MakeValidUtf8},
                                       {"validate_utf8", ValidateUtf8},
                                       {"encode", Encode},
                                       {"decode", Decode},
                                       {"unhex", Unhex},
                                       {"unbase64", Unbase64},
                                       {"to_binary", ToBinary},
                                       {"contains", ContainsBytes},
                                       {"lpad", PadBytes<true>},
                                       {"rpad", PadBytes<false>},
                                       {"mask", Mask, Nulls::kSees},
                                       {"luhn_check", LuhnCheck},
                                       {"soundex", Soundex},
                                       {"levenshtein", LevenshteinWithin},
                                       {"quote", Quote},
                                       {"format_string", FormatString, Nulls::kSees}};
  return kRows;
}

}  // namespace tidemill::engine::duckdb
