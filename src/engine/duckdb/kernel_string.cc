// Text functions on code points, as Spark's UTF8String.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string>
#include <vector>

#include "engine/duckdb/kernel_vector.h"

namespace tidemill::engine::duckdb {

namespace {

// The byte length of the code point that begins with this byte.
size_t Width(unsigned char lead) { return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4; }

int64_t CountPoints(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

// The byte offset of a code point; the end when there are fewer.
size_t OffsetOf(std::string_view text, int64_t point) {
  size_t at = 0;
  for (; point > 0 && at < text.size(); --point) at += Width(text[at]);
  return std::min(at, text.size());
}

std::string_view Points(std::string_view text, int64_t from, int64_t until) {
  if (until <= from || until <= 0) return {};
  size_t begin = OffsetOf(text, std::max<int64_t>(from, 0));
  std::string_view rest = text.substr(begin);
  return rest.substr(0, OffsetOf(rest, until - std::max<int64_t>(from, 0)));
}

// substring(s, pos, len): counts from 1, 0 counts as 1, negative from the end.
std::string Substring(Row&, std::string_view text, int32_t pos, int32_t len) {
  int64_t start = pos > 0 ? int64_t{pos} - 1 : pos < 0 ? CountPoints(text) + pos : 0;
  return std::string(Points(text, start, start + len));
}
Blob SubstringBytes(Row&, Bytes bytes, int32_t pos, int32_t len) {
  int64_t size = static_cast<int64_t>(bytes.data.size());
  int64_t start = pos > 0 ? int64_t{pos} - 1 : pos < 0 ? size + pos : 0;
  int64_t end = std::min(size, start + len);
  start = std::max<int64_t>(start, 0);
  return {end > start ? std::string(bytes.data.substr(start, end - start)) : std::string()};
}
std::string Right(Row&, std::string_view text, int32_t len) {
  int64_t count = CountPoints(text);
  return len <= 0 ? "" : std::string(Points(text, std::max<int64_t>(count - len, 0), count));
}

// A pattern of LIKE whose escape character stands only before a wildcard or itself, and never at the end.
std::string LikePattern(Row& row, std::string_view, std::string_view pattern, std::string_view escape) {
  for (size_t i = 0; escape.size() == 1 && i < pattern.size(); ++i) {
    if (pattern[i] != escape[0]) continue;
    const bool last = ++i == pattern.size();
    if (!last && (pattern[i] == '_' || pattern[i] == '%' || pattern[i] == escape[0])) continue;
    row.Fail(last ? "INVALID_FORMAT.ESC_AT_THE_END" : "INVALID_FORMAT.ESC_IN_THE_MIDDLE", "42601",
             fmt::format("The format is invalid: '{}'. The escape character is not allowed to {}.", pattern,
                         last ? "end with" : fmt::format("precede '{}'", pattern[i])));
    break;
  }
  return std::string(pattern);
}

std::string Reverse(Row&, std::string_view text) {
  std::string reversed;
  reversed.reserve(text.size());
  for (size_t end = text.size(); end > 0;) {
    size_t begin = end - 1;
    while (begin > 0 && (text[begin] & 0xC0) == 0x80) --begin;
    reversed += text.substr(begin, end - begin);
    end = begin;
  }
  return reversed;
}

std::string Padding(std::string_view pad, int64_t points) {
  std::string text;
  for (int64_t size = CountPoints(pad); points > 0; points -= size) text += Points(pad, 0, points);
  return text;
}
template <bool kLeft>
std::string Pad(Row&, std::string_view text, int32_t len, std::string_view pad) {
  int64_t missing = len - CountPoints(text);
  if (missing <= 0 || pad.empty()) return std::string(Points(text, 0, len));
  return kLeft ? Padding(pad, missing) + std::string(text) : std::string(text) + Padding(pad, missing);
}

// locate(needle, text, pos): 0 when it is not there, or pos is not positive.
int32_t Locate(Row&, std::string_view needle, std::string_view text, int32_t pos) {
  if (pos <= 0) return 0;
  if (needle.empty()) return 1;
  size_t from = OffsetOf(text, pos - 1);
  if (pos - 1 > CountPoints(text)) return 0;
  size_t found = text.find(needle, from);
  return found == std::string_view::npos ? 0 : static_cast<int32_t>(CountPoints(text.substr(0, found))) + 1;
}

// substring_index('a.b.c', '.', 2) = 'a.b'; negative counts from the end.
std::string SubstringIndex(Row&, std::string_view text, std::string_view mark, int32_t count) {
  if (count == 0 || mark.empty()) return "";
  if (count > 0) {
    size_t at = std::string_view::npos, from = 0;
    for (; count > 0; --count) {
      at = text.find(mark, from);
      if (at == std::string_view::npos) return std::string(text);
      from = at + 1;
    }
    return std::string(text.substr(0, at));
  }
  size_t at = text.size();
  for (; count < 0; ++count) {
    if (at == 0) return std::string(text);
    at = text.rfind(mark, at - 1);
    if (at == std::string_view::npos) return std::string(text);
  }
  return std::string(text.substr(at + mark.size()));
}

// The first letter of each word large, the rest small. Letters outside ASCII are refused, not guessed.
std::string InitCap(Row& row, std::string_view text) {
  std::string result(text);
  bool first = true;
  for (char& c : result) {
    if (c & 0x80) {
      row.Refuse("initcap of letters outside ASCII");
      return "";
    }
    c = static_cast<char>(first ? std::toupper(c) : std::tolower(c));
    first = c == ' ';
  }
  return result;
}

// Letters whose capital form is several letters, which DuckDB's upper() leaves single: those of Unicode's SpecialCasing
// that occur in text.
std::string UpperSpecial(Row&, std::string_view text) {
  static constexpr std::pair<std::string_view, std::string_view> kSpecial[] = {
      {"\u00DF", "SS"},      {"\u0149", "\u02BCN"}, {"\u01F0", "J\u030C"}, {"\u0587", "\u0535\u0552"},
      {"\uFB00", "FF"},      {"\uFB01", "FI"},      {"\uFB02", "FL"},      {"\uFB03", "FFI"},
      {"\uFB04", "FFL"},     {"\uFB05", "ST"},      {"\uFB06", "ST"},      {"\u1E96", "H\u0331"},
      {"\u1E97", "T\u0308"}, {"\u1E98", "W\u030A"}, {"\u1E99", "Y\u030A"}, {"\u1E9A", "A\u02BE"}};
  std::string result(text);
  if (std::none_of(text.begin(), text.end(), [](char c) { return c & 0x80; })) return result;
  for (const auto& [small, large] : kSpecial) {
    for (size_t at = result.find(small); at != std::string::npos; at = result.find(small, at + large.size())) {
      result.replace(at, small.size(), large);
    }
  }
  return result;
}

std::string Chr(Row&, int64_t code) {
  if (code < 0) return "";
  unsigned char c = code & 0xFF;
  if (c < 0x80) return std::string(1, static_cast<char>(c));
  return {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 0x3F))};
}

std::string Space(Row&, int32_t count) { return std::string(std::max(count, 0), ' '); }

int32_t FindInSet(Row&, std::string_view word, std::string_view set) {
  if (word.find(',') != std::string_view::npos) return 0;
  for (int32_t index = 1;; ++index) {
    size_t comma = set.find(',');
    if (set.substr(0, comma) == word) return index;
    if (comma == std::string_view::npos) return 0;
    set.remove_prefix(comma + 1);
  }
}

// overlay(text PLACING with FROM pos [FOR len]); a negative len is the length of `with`.
std::string Overlay(Row&, std::string_view text, std::string_view with, int32_t pos, int32_t len) {
  int64_t length = len >= 0 ? len : CountPoints(with);
  int64_t count = CountPoints(text);
  // As UTF8String.substringSQL has it: what counts from the end counts from there.
  int64_t place = int64_t{pos} + length;
  std::string result(Points(text, 0, int64_t{pos} - 1));
  result += with;
  return result += Points(text, place > 0 ? place - 1 : place < 0 ? count + place : 0, count);
}

int32_t Levenshtein(Row&, std::string_view a, std::string_view b) {
  auto points = [](std::string_view text) {
    std::vector<std::string_view> all;
    for (size_t at = 0; at < text.size(); at += Width(text[at])) all.push_back(text.substr(at, Width(text[at])));
    return all;
  };
  auto x = points(a), y = points(b);
  std::vector<int32_t> row(y.size() + 1);
  for (size_t j = 0; j <= y.size(); ++j) row[j] = static_cast<int32_t>(j);
  for (size_t i = 1; i <= x.size(); ++i) {
    int32_t diagonal = row[0];
    row[0] = static_cast<int32_t>(i);
    for (size_t j = 1; j <= y.size(); ++j) {
      int32_t changed = diagonal + (x[i - 1] != y[j - 1]);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

std::string SplitPart(Row& row, std::string_view text, std::string_view mark, int32_t index) {
  if (index == 0) {
    row.Fail("INVALID_INDEX_OF_ZERO", "22003",
             "The index 0 is invalid. An index shall be either < 0 or > 0 (the first element has index 1).");
    return "";
  }
  std::vector<std::string_view> parts;
  while (!mark.empty()) {
    size_t at = text.find(mark);
    if (at == std::string_view::npos) break;
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + mark.size());
  }
  parts.push_back(text);
  int64_t size = static_cast<int64_t>(parts.size());
  int64_t at = index > 0 ? index - 1 : size + index;
  return at < 0 || at >= size ? "" : std::string(parts[at]);
}

// 1234567.891 with 2 places is 1,234,567.89.
std::string WithCommas(std::string_view whole, std::string_view fraction, bool negative) {
  std::string text = negative ? "-" : "";
  for (size_t i = 0; i < whole.size(); ++i) {
    if (i > 0 && (whole.size() - i) % 3 == 0) text += ',';
    text += whole[i];
  }
  return fraction.empty() ? text : text + "." + std::string(fraction);
}

// A number as its plain text, rounded half even to `places`.
std::string FormatNumber(Row& row, std::string_view text, int32_t places) {
  if (places < 0) {
    row.Null();
    return "";
  }
  bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  size_t point = std::min(text.find('.'), text.size());
  std::string digits = "0" + std::string(text.substr(0, point));
  std::string fraction(point < text.size() ? text.substr(point + 1) : "");
  std::string rest = fraction.size() > static_cast<size_t>(places) ? fraction.substr(places) : "";
  fraction.resize(places, '0');
  digits += fraction;
  bool half = rest.starts_with('5') && rest.find_first_not_of('0', 1) == std::string::npos;
  bool up = half ? (digits.back() - '0') % 2 == 1 : !rest.empty() && rest[0] >= '5';
  for (size_t i = digits.size(); up && i-- > 0;) {
    up = digits[i] == '9';
    digits[i] = up ? '0' : static_cast<char>(digits[i] + 1);
  }
  std::string whole = digits.substr(0, digits.size() - places);
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size() - 1));
  return WithCommas(whole, std::string_view(digits).substr(digits.size() - places), negative);
}

// 1.25E3 as 1250.0, 1.25E-3 as 0.00125.
std::string WithoutExponent(std::string text) {
  size_t e = text.find('E');
  if (e == std::string::npos) return text;
  int exponent = std::stoi(text.substr(e + 1));
  std::string sign = text[0] == '-' ? "-" : "";
  std::string digits = text.substr(sign.size(), e - sign.size());
  digits.erase(digits.find('.'), 1);  // one digit stands before it
  if (exponent < 0) return sign + "0." + std::string(static_cast<size_t>(-exponent) - 1, '0') + digits;
  auto whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= whole) digits.resize(whole + 1, '0');
  return sign + digits.insert(whole, ".");
}

// java.text.DecimalFormat: the digits are those that Double.toString prints; rounded, half even, it is the exact value.
std::string FormatDouble(Row& row, double value, int32_t places) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-\u221e" : "\u221e";
  std::string shortest = WithoutExponent(plan::DoubleToJavaText(value));
  size_t point = std::min(shortest.find('.'), shortest.size());
  bool rounds = shortest.size() > point + 1 + static_cast<size_t>(std::max(places, 0));
  return FormatNumber(row, rounds ? fmt::format("{:.{}f}", value, std::max(places, 0)) : shortest, places);
}

// The checksum of gzip and PNG.
int64_t Crc32(Row&, Bytes bytes) {
  uint32_t crc = ~0U;
  for (unsigned char byte : bytes.data) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320U : 0);
  }
  return static_cast<uint32_t>(~crc);
}

}  // namespace

Status RegisterTextKernels(duckdb_connection c) {
  RETURN_IF_ERROR(RegisterKernel<Substring>(c, "tm_substring"));
  RETURN_IF_ERROR(RegisterKernel<SubstringBytes>(c, "tm_substring_bytes"));
  RETURN_IF_ERROR(RegisterKernel<Right>(c, "tm_right"));
  RETURN_IF_ERROR(RegisterKernel<Reverse>(c, "tm_reverse"));
  RETURN_IF_ERROR(RegisterKernel<LikePattern>(c, "tm_like_pattern"));
  RETURN_IF_ERROR(RegisterKernel<Pad<true>>(c, "tm_lpad"));
  RETURN_IF_ERROR(RegisterKernel<Pad<false>>(c, "tm_rpad"));
  RETURN_IF_ERROR(RegisterKernel<Locate>(c, "tm_locate"));
  RETURN_IF_ERROR(RegisterKernel<SubstringIndex>(c, "tm_substring_index"));
  RETURN_IF_ERROR(RegisterKernel<InitCap>(c, "tm_initcap"));
  RETURN_IF_ERROR(RegisterKernel<UpperSpecial>(c, "tm_upper_special"));
  RETURN_IF_ERROR(RegisterKernel<Chr>(c, "tm_chr"));
  RETURN_IF_ERROR(RegisterKernel<Space>(c, "tm_space"));
  RETURN_IF_ERROR(RegisterKernel<FormatNumber>(c, "tm_format_number"));
  RETURN_IF_ERROR(RegisterKernel<FormatDouble>(c, "tm_format_double"));
  RETURN_IF_ERROR(RegisterKernel<Crc32>(c, "tm_crc32"));
  RETURN_IF_ERROR(RegisterKernel<FindInSet>(c, "tm_find_in_set"));
  RETURN_IF_ERROR(RegisterKernel<Overlay>(c, "tm_overlay"));
  RETURN_IF_ERROR(RegisterKernel<Levenshtein>(c, "tm_levenshtein"));
  return RegisterKernel<SplitPart>(c, "tm_split_part");
}

}  // namespace tidemill::engine::duckdb
