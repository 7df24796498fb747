#include "sql/number_format.h"

#include <algorithm>
#include <cctype>
#include <map>

namespace tidemill::sql {

using plan::Int128;

namespace {

Error BadFormat(std::string_view text, const std::string& subclass, const std::string& why) {
  Error error = InvalidArgument("The format is invalid: '" + std::string(text) + "'. " + why);
  error.error_class = "INVALID_FORMAT." + subclass;
  error.sqlstate = "42601";
  return error;
}

bool IsDigitLetter(char c) { return c == '0' || c == '9'; }

// The character goes before the blanks at the end.
void AppendBeforeBlanks(std::string& text, char c) {
  size_t end = text.find_last_not_of(' ');
  text.insert(end == std::string::npos ? 0 : end + 1, 1, c);
}

// A blank goes before the signs at the end.
void AppendBlank(std::string& text) {
  size_t at = text.size();
  while (at > 0 && (text[at - 1] == '+' || text[at - 1] == '-' || text[at - 1] == '<')) --at;
  text.insert(at, 1, ' ');
}

// A point with no digit behind it is not written.
void DropLonePoint(std::string& text) {
  size_t point = text.find('.');
  if (point == std::string::npos) return;
  if (point + 1 == text.size() || text[point + 1] == ' ') text[point] = ' ';
}

}  // namespace

std::vector<NumberFormat::Token> NumberFormat::Tokens(std::string_view text) {
  std::vector<Token> tokens;
  bool reached_point = false, after_separator = false;
  auto add = [&](Kind kind, std::string name) {
    if (after_separator && !tokens.empty()) tokens.back().loose_separator = true;
    after_separator = false;
    tokens.push_back({kind, {}, false, std::move(name)});
  };
  for (size_t i = 0; i < text.size();) {
    char c = text[i];
    bool in_digits = !tokens.empty() && tokens.back().kind == Kind::kDigits;
    if (IsDigitLetter(c)) {
      size_t end = i;
      while (end < text.size() && IsDigitLetter(text[end])) ++end;
      if (!in_digits) add(Kind::kDigits, "digit sequence");
      tokens.back().groups.push_back({static_cast<int>(end - i), c == '0' && !reached_point});
      after_separator = false;
      i = end;
      continue;
    }
    ++i;
    if (c == ',' || c == 'G') {
      if (!in_digits) {
        add(Kind::kDigits, "digit sequence");
        tokens.back().loose_separator = true;
      }
      if (after_separator) tokens.back().loose_separator = true;
      after_separator = true;
    } else if (c == '.' || c == 'D') {
      add(Kind::kPoint, ". or D");
      reached_point = true;
    } else if (c == '$') {
      add(Kind::kDollar, "$");
    } else if (c == 'S') {
      add(Kind::kSign, "S");
    } else if (c == 'M' && i < text.size() && text[i] == 'I') {
      add(Kind::kMinus, "MI");
      ++i;
    } else if (c == 'P' && i < text.size() && text[i] == 'R') {
      add(Kind::kClose, "PR");
      tokens.insert(tokens.begin(), Token{Kind::kOpen, {}, false, "PR"});
      ++i;
    } else {
      add(Kind::kOther, "character '" + std::string(1, c) + "''");
    }
  }
  if (after_separator) tokens.back().loose_separator = true;
  return tokens;
}

Status NumberFormat::Check(std::string_view text) const {
  auto first = [&](Kind kind) {
    auto found = std::find_if(tokens_.begin(), tokens_.end(), [&](const Token& t) { return t.kind == kind; });
    return found - tokens_.begin();
  };
  const auto none = static_cast<std::ptrdiff_t>(tokens_.size());
  auto point = first(Kind::kPoint), digits = first(Kind::kDigits), dollar = first(Kind::kDollar);
  if (text.empty()) return BadFormat(text, "EMPTY", "The number format string cannot be empty.");
  bool any_digits = std::any_of(tokens_.begin(), tokens_.end(), [](const Token& t) { return t.kind == Kind::kDigits; });
  if (!any_digits) return BadFormat(text, "WRONG_NUM_DIGIT", "The format string requires at least one number digit.");
  if (dollar != none && digits < dollar) {
    return BadFormat(text, "CUR_MUST_BEFORE_DIGIT", "Currency characters must appear before digits.");
  }
  if (dollar != none && point < dollar) {
    return BadFormat(text, "CUR_MUST_BEFORE_DEC", "Currency characters must appear before any decimal point.");
  }
  for (std::ptrdiff_t i = 0; i < none; ++i) {
    if (tokens_[i].kind != Kind::kDigits || i > point) continue;
    if (tokens_[i].loose_separator) {
      return BadFormat(text, "CONT_THOUSANDS_SEPS", "Thousands separators must have digits in between them.");
    }
  }
  for (std::ptrdiff_t i = point; i < none; ++i) {
    bool separated = tokens_[i].groups.size() > 1 || tokens_[i].loose_separator;
    if (tokens_[i].kind == Kind::kDigits && separated) {
      return BadFormat(text, "THOUSANDS_SEPS_MUST_BEFORE_DEC",
                       "Thousands separators may not appear after the decimal point.");
    }
  }
  std::map<Kind, int> counts;
  for (const auto& token : tokens_) ++counts[token.kind];
  for (Kind kind : {Kind::kPoint, Kind::kSign, Kind::kMinus, Kind::kDollar, Kind::kClose}) {
    if (counts[kind] > 1) return BadFormat(text, "WRONG_NUM_TOKEN", "At most one of each sign is allowed.");
  }
  static const std::vector<std::vector<Kind>> kOrder = {{Kind::kOpen},   {Kind::kMinus, Kind::kSign},
                                                        {Kind::kDollar}, {Kind::kDigits},
                                                        {Kind::kPoint},  {Kind::kDigits},
                                                        {Kind::kDollar}, {Kind::kMinus, Kind::kSign, Kind::kClose}};
  std::ptrdiff_t at = 0;
  for (const auto& allowed : kOrder) {
    if (at < none && std::find(allowed.begin(), allowed.end(), tokens_[at].kind) != allowed.end()) ++at;
  }
  if (at == none) return Ok();
  return BadFormat(text, "UNEXPECTED_TOKEN",
                   "Found the unexpected " + tokens_[at].name +
                       " in the format string; the structure of the format string must match: `[MI|S]` `[$]` "
                       "`[0|9|G|,]*` `[.|D]` `[0|9]*` `[$]` `[PR|MI|S]`.");
}

Result<NumberFormat> NumberFormat::Read(std::string_view text) {
  NumberFormat format;
  format.tokens_ = Tokens(text);
  RETURN_IF_ERROR(format.Check(text));
  bool reached_point = false;
  for (const auto& token : format.tokens_) {
    reached_point = reached_point || token.kind == Kind::kPoint;
    for (const auto& group : token.groups) (reached_point ? format.after_ : format.before_) += group.size;
  }
  return format;
}

// The input's groups are compared with the format's from the right: leading groups may be missing.
bool NumberFormat::ParseDigits(const Token& token, std::string_view& text, bool, std::string& out) const {
  std::vector<int> sizes{0};
  while (!text.empty()) {
    unsigned char c = text.front();
    if (std::isdigit(c)) {
      ++sizes.back();
      out += static_cast<char>(c);
    } else if (c == ',') {
      sizes.push_back(0);
    } else if (!std::isspace(c)) {
      break;
    }
    text.remove_prefix(1);
  }
  const auto& groups = token.groups;
  if (sizes.size() > groups.size()) return false;
  for (size_t i = 0; i < groups.size(); ++i) {
    const Group& wanted = groups[groups.size() - 1 - i];
    int size = i < sizes.size() ? sizes[sizes.size() - 1 - i] : 0;
    if (wanted.exact ? size != wanted.size : size > wanted.size) return false;
  }
  return true;
}

std::optional<Int128> NumberFormat::Parse(std::string_view text) const {
  std::string before, after;
  bool reached_point = false, negative = false, opened = false, closed = false;
  auto take = [&](char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
  };
  for (const auto& token : tokens_) {
    switch (token.kind) {
      case Kind::kDigits:
        if (!ParseDigits(token, text, reached_point, reached_point ? after : before)) return std::nullopt;
        break;
      case Kind::kPoint:
        reached_point = take('.') || reached_point;
        break;
      case Kind::kDollar:
        if (!text.empty() && !take('$')) return std::nullopt;
        break;
      case Kind::kSign:
        if (!take('+') && take('-')) negative = !negative;
        break;
      case Kind::kMinus:
        if (take('-')) negative = !negative;
        break;
      case Kind::kOpen:
        opened = take('<');
        break;
      case Kind::kClose:
        if (!take('>')) break;
        if (!opened) return std::nullopt;
        closed = true;
        negative = !negative;
        break;
      default:
        return std::nullopt;
    }
  }
  if (!text.empty() || opened != closed || (before.empty() && after.empty())) return std::nullopt;
  after.resize(static_cast<size_t>(after_), '0');
  Int128 digits = 0;
  for (char c : before + after) digits = digits * 10 + (c - '0');
  return negative ? -digits : digits;
}

void NumberFormat::FormatDigits(const Token& token, const std::string& digits, size_t& at, bool fraction,
                                std::string& out) const {
  for (size_t g = 0; g < token.groups.size(); ++g) {
    if (g > 0) {
      if (!out.empty() && std::isdigit(static_cast<unsigned char>(out.back()))) {
        out += ',';
      } else {
        AppendBlank(out);
      }
    }
    for (int i = 0; i < token.groups[g].size; ++i, ++at) {
      char c = digits[at];
      if (c != ' ' || fraction) {
        out += c;
      } else if (token.groups[g].exact) {
        out += '0';
      } else {
        AppendBlank(out);
      }
    }
  }
}

std::string NumberFormat::Format(Int128 digits, int scale) const {
  std::string text = plan::Int128ToString(digits < 0 ? -digits : digits);
  if (static_cast<int>(text.size()) <= scale) text.insert(0, static_cast<size_t>(scale) + 1 - text.size(), '0');
  std::string before = text.substr(0, text.size() - static_cast<size_t>(scale));
  std::string after = text.substr(text.size() - static_cast<size_t>(scale));
  before.erase(0, std::min(before.find_first_not_of('0'), before.size()));
  after.erase(after.find_last_not_of('0') + 1);
  const auto most_before = static_cast<size_t>(before_), most_after = static_cast<size_t>(after_);
  if (before.size() > most_before || after.size() > most_after) {
    before = std::string(most_before, '#');
    after = std::string(most_after, '#');
  }
  before.insert(0, most_before - before.size(), ' ');
  after.resize(most_after, '0');
  std::string out;
  size_t at_before = 0, at_after = 0;
  bool reached_point = false;
  for (const auto& token : tokens_) {
    switch (token.kind) {
      case Kind::kDigits:
        if (reached_point) {
          FormatDigits(token, after, at_after, true, out);
        } else {
          FormatDigits(token, before, at_before, false, out);
        }
        break;
      case Kind::kPoint:
        if (!out.empty() && out.back() == ' ') out.back() = '0';
        out += '.';
        reached_point = true;
        break;
      case Kind::kDollar:
        out += '$';
        break;
      case Kind::kSign:
        DropLonePoint(out);
        AppendBeforeBlanks(out, digits < 0 ? '-' : '+');
        break;
      case Kind::kMinus:
        if (digits < 0) {
          DropLonePoint(out);
          AppendBeforeBlanks(out, '-');
        } else {
          out += ' ';
        }
        break;
      case Kind::kOpen:
        if (digits < 0) out += '<';
        break;
      case Kind::kClose:
        DropLonePoint(out);
        if (digits < 0) {
          AppendBeforeBlanks(out, '>');
        } else {
          out += "  ";
        }
        break;
      default:
        break;
    }
  }
  DropLonePoint(out);
  return out.empty() || out == "+" || out == "-" ? "0" : out;
}

}  // namespace tidemill::sql
