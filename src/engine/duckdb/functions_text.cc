// Text functions.
#include <fmt/format.h>

#include "engine/duckdb/functions_rows.h"

namespace tidemill::engine::duckdb {

using plan::TypeId;

namespace {

const std::string* ConstantText(const Lowered& l, size_t i) {
  const auto* literal = std::get_if<typed::Literal>(&l.call.args[i]->node);
  return literal ? std::get_if<std::string>(&literal->value.data) : nullptr;
}
const int64_t* ConstantNumber(const Lowered& l, size_t i) {
  const auto* literal = std::get_if<typed::Literal>(&l.call.args[i]->node);
  return literal ? std::get_if<int64_t>(&literal->value.data) : nullptr;
}

// A regular expression that RE2 reads as Java does; look-around, back references and possessive quantifiers it lacks.
Status CheckRegex(const Lowered& l, size_t i) {
  const auto* pattern = ConstantText(l, i);
  if (!pattern) return Refuse("a regular expression that is not a constant", l.call.args[i]->at);
  for (const char* lacking : {"(?=", "(?!", "(?<=", "(?<!", "(?>", "*+", "++", "?+", "&&", "\\G", "\\Z", "\\p{", "\\P{",
                              "\\R", "\\h", "\\X", "$"}) {
    if (std::string_view(lacking) == "$" && (pattern->find('$') == std::string::npos || pattern->ends_with("$")))
      continue;
    if (pattern->find(lacking) != std::string::npos) {
      return Refuse("the regular expression part '" + std::string(lacking) + "'", l.call.args[i]->at);
    }
  }
  for (size_t at = 0; at + 1 < pattern->size(); ++at) {
    if ((*pattern)[at] != '\\') continue;
    if ((*pattern)[at + 1] >= '1' && (*pattern)[at + 1] <= '9') {
      return Refuse("a back reference in a regular expression", l.call.args[i]->at);
    }
    ++at;
  }
  return Ok();
}

// What DuckDB's loop over a text's matches does otherwise than Java's Matcher.find with matches of nothing: it finds
// one twice that an anchor places further on, and none right after a longer match.
enum class Empties { kPlaced, kAfterOthers, kAny };

// What a part of a pattern may match.
struct Reach {
  bool nothing = true, something = false, anchored = false;
};

// Reads alternatives up to a closing parenthesis or the end.
Reach ReachOf(std::string_view pattern, size_t& at) {
  Reach all{false, false, false}, branch;
  auto close = [&] {
    all = {all.nothing || branch.nothing, all.something || branch.something, all.anchored || branch.anchored};
    branch = {};
  };
  while (at < pattern.size() && pattern[at] != ')') {
    Reach atom{false, true, false};
    char c = pattern[at++];
    if (c == '|') {
      close();
      continue;
    }
    if (c == '^' || c == '$') atom = {true, false, true};
    if (c == '\\' && at < pattern.size()) {
      if (std::string_view("bBAz").find(pattern[at++]) != std::string_view::npos) atom = {true, false, true};
    } else if (c == '[') {
      if (at < pattern.size() && pattern[at] == '^') ++at;
      for (bool first = true; at < pattern.size() && (first || pattern[at] != ']'); ++at, first = false) {
        if (pattern[at] == '\\') ++at;
      }
      ++at;
    } else if (c == '(') {
      if (pattern.substr(at).starts_with('?')) {
        size_t end = pattern.find_first_of(":)>", at);
        at = end == std::string_view::npos ? pattern.size() : end + (pattern[end] == ')' ? 0 : 1);
      }
      atom = ReachOf(pattern, at);
      ++at;
    }
    if (at < pattern.size() && (pattern[at] == '*' || pattern[at] == '?')) atom.nothing = true;
    if (pattern.substr(at).starts_with("{0")) atom.nothing = true;
    while (at < pattern.size() && std::string_view("*+?").find(pattern[at]) != std::string_view::npos) ++at;
    if (at < pattern.size() && pattern[at] == '{') at = std::min(pattern.find('}', at), pattern.size() - 1) + 1;
    branch = {branch.nothing && atom.nothing, branch.something || atom.something, branch.anchored || atom.anchored};
  }
  close();
  return all;
}

Status CheckEmptyMatches(const Lowered& l, Empties harmful) {
  const std::string& pattern = *ConstantText(l, 1);
  size_t at = 0;
  Reach reach = ReachOf(pattern, at);
  bool differs = harmful == Empties::kPlaced        ? reach.anchored && pattern != "$" && pattern != "^"
                 : harmful == Empties::kAfterOthers ? reach.something
                                                    : true;
  if (!reach.nothing || !differs) return Ok();
  return Refuse(l.call.function + " of a pattern that matches nothing as well as something", l.call.args[1]->at);
}

Result<std::string> Rlike(const Lowered& l) {
  RETURN_IF_ERROR(CheckRegex(l, 1));
  return fmt::format("regexp_matches({}, {})", l.args[0], l.args[1]);
}

// Java's $1 is RE2's \1.
Result<std::string> RegexpReplace(const Lowered& l) {
  RETURN_IF_ERROR(CheckRegex(l, 1));
  RETURN_IF_ERROR(CheckEmptyMatches(l, Empties::kAfterOthers));
  const auto* replacement = ConstantText(l, 2);
  const auto* from = ConstantNumber(l, 3);
  if (!replacement) return Refuse("a replacement that is not a constant", l.call.args[2]->at);
  if (!from || *from != 1) return Refuse("regexp_replace from a position", l.expr.at);
  std::string re2;
  for (size_t i = 0; i < replacement->size(); ++i) {
    char c = (*replacement)[i];
    if (c == '\\' && i + 1 < replacement->size()) {
      char next = (*replacement)[++i];
      re2 += next == '\\' ? std::string("\\\\") : std::string(1, next);
    } else if (c == '$') {
      if (i + 1 == replacement->size() || !std::isdigit(static_cast<unsigned char>((*replacement)[i + 1]))) {
        return Refuse("a named group in a replacement", l.call.args[2]->at);
      }
      re2 += '\\';
    } else {
      re2 += c;
    }
  }
  return fmt::format("regexp_replace({}, {}, {}, 'g')", l.args[0], l.args[1], QuoteText(re2));
}

int Groups(const std::string& pattern) {
  int groups = 0;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\')
      ++i;
    else if (pattern[i] == '(' && pattern.compare(i, 2, "(?") != 0)
      ++groups;
  }
  return groups;
}

Result<std::string> RegexpExtract(const Lowered& l) {
  RETURN_IF_ERROR(CheckRegex(l, 1));
  const auto* group = ConstantNumber(l, 2);
  if (!group) return Refuse("a group that is not a constant", l.expr.at);
  int groups = Groups(*ConstantText(l, 1));
  if (*group < 0 || *group > groups) {
    // An error only where something matches.
    const auto message = fmt::format(
        "The value of parameter(s) `idx` in `{}` is invalid: Expects group index between 0 and {}, but got {}.",
        l.call.function, groups, *group);
    const auto raised =
        fmt::format("tm_raise_class('INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX', '22023', {})", QuoteText(message));
    const bool one = l.call.function == "regexp_extract";
    return fmt::format("CASE WHEN regexp_matches({0}, {1}) THEN {2} WHEN {0} IS NOT NULL THEN {3} END", l.args[0],
                       l.args[1], one ? raised : "[" + raised + "]", one ? "''" : "CAST([] AS VARCHAR[])");
  }
  const char* name = l.call.function == "regexp_extract" ? "regexp_extract" : "regexp_extract_all";
  if (l.call.function == "regexp_extract_all") RETURN_IF_ERROR(CheckEmptyMatches(l, Empties::kPlaced));
  return fmt::format("{}({}, {}, {})", name, l.args[0], l.args[1], *group);
}

Result<std::string> RegexpCount(const Lowered& l) {
  RETURN_IF_ERROR(CheckRegex(l, 1));
  RETURN_IF_ERROR(CheckEmptyMatches(l, Empties::kPlaced));
  return fmt::format("CAST(len(regexp_extract_all({}, {})) AS INTEGER)", l.args[0], l.args[1]);
}

Result<std::string> RegexpSubstr(const Lowered& l) {
  RETURN_IF_ERROR(CheckRegex(l, 1));
  return fmt::format("nullif(regexp_extract({0}, {1}, 0), '')", l.args[0], l.args[1]);
}

// Where the first match begins. Which group is asked for makes no difference to Spark.
Result<std::string> RegexpInstr(const Lowered& l) {
  RETURN_IF_ERROR(CheckRegex(l, 1));
  return fmt::format(
      "CASE WHEN {2} IS NULL THEN NULL WHEN regexp_matches({0}, {1}) THEN CAST(length(regexp_extract({0}, "
      "'(?s)^(.*?)(?-s:' || {1} || ')', 1)) + 1 AS INTEGER) WHEN {0} IS NOT NULL AND {1} IS NOT NULL THEN 0 END",
      l.args[0], l.args[1], l.args[2]);
}

// split(text, regex, -1); a pattern without special characters splits plainly.
Result<std::string> Split(const Lowered& l) {
  const auto* pattern = ConstantText(l, 1);
  const auto* limit = ConstantNumber(l, 2);
  if (!limit) return Refuse("split with a limit that is not a constant", l.expr.at);
  RETURN_IF_ERROR(CheckRegex(l, 1));
  if (pattern->empty()) {  // one by one, the last with what is left; an empty text is one part
    std::string one_by_one = "list_transform(range(1, {1}), lambda i: substring({0}, i, 1))";
    if (*limit <= 0) {
      return fmt::format(fmt::runtime("CASE WHEN {0} = '' THEN [''] ELSE " + one_by_one + " END"), l.args[0],
                         "length(" + l.args[0] + ") + 1");
    }
    return fmt::format(
        fmt::runtime("CASE WHEN {0} = '' THEN [''] ELSE list_append(" + one_by_one + ", substring({0}, {1})) END"),
        l.args[0], fmt::format("least(length({}), {})", l.args[0], *limit));
  }
  std::string plain;
  for (size_t i = 0; i < pattern->size(); ++i) {
    char c = (*pattern)[i];
    if (c == '\\' && i + 1 < pattern->size() && std::ispunct(static_cast<unsigned char>((*pattern)[i + 1]))) {
      plain += (*pattern)[++i];
    } else if (std::string_view("\\.[]{}()*+?^$|").find(c) != std::string_view::npos) {
      if (*limit > 0) return Refuse("split by a regular expression with a limit", l.expr.at);
      RETURN_IF_ERROR(CheckEmptyMatches(l, Empties::kAny));
      return fmt::format("string_split_regex({}, {})", l.args[0], l.args[1]);
    } else {
      plain += c;
    }
  }
  std::string parts = fmt::format("string_split({}, {})", l.args[0], QuoteText(plain));
  if (!limit || *limit <= 0) return parts;
  // The last part keeps the separators it holds.
  return fmt::format(
      "CASE WHEN {0} IS NULL THEN NULL WHEN len({0}) <= {1} THEN {0} ELSE list_append(list_slice({0}, 1, {1} - 1), "
      "array_to_string(list_slice({0}, "
      "{1}, len({0})), {2})) END",
      parts, *limit, QuoteText(plain));
}

// A constant start that counts from the left needs no kernel.
Result<std::string> Substring(const Lowered& l) {
  const auto *pos = ConstantNumber(l, 1), *len = ConstantNumber(l, 2);
  if (pos && len && *pos >= 1 && *len >= 0) {
    if (*len == INT32_MAX) return fmt::format("substring({}, {})", l.args[0], *pos);
    return fmt::format("substring({}, {}, {})", l.args[0], *pos, *len);
  }
  return fmt::format("tm_substring({}, {}, {})", l.args[0], l.args[1], l.args[2]);
}

Result<std::string> ConcatWs(const Lowered& l) {
  std::string all, between = l.args[0];
  bool arrays = false;
  for (size_t i = 1; i < l.args.size(); ++i) {
    bool array = l.type(i).is(TypeId::kArray);
    arrays = arrays || array;
    std::string part = array ? "coalesce(" + l.args[i] + ", [])" : "[" + l.args[i] + "]";
    all = all.empty() ? part : "list_concat(" + all + ", " + part + ")";
  }
  if (arrays) {
    return fmt::format("CASE WHEN {} IS NOT NULL THEN {} END", between, JoinedText(all, between));
  }
  if (l.args.size() == 1) return "CASE WHEN " + l.args[0] + " IS NOT NULL THEN '' END";
  return fmt::format("concat_ws({})", fmt::join(l.args, ", "));
}

Result<std::string> Concat(const Lowered& l) {
  std::string all = fmt::format("({})", fmt::join(l.args, " || "));
  if (l.args.empty() || !l.type(0).is(TypeId::kArray)) return all;
  std::string missing;  // DuckDB takes a NULL array for an empty one
  for (const auto& arg : l.args) missing += (missing.empty() ? "" : " OR ") + arg + " IS NULL";
  return "CASE WHEN " + missing + " THEN NULL ELSE " + all + " END";
}

// Decimals through their text, doubles as they are.
Result<std::string> FormatNumber(const Lowered& l) {
  const auto& type = l.type(0);
  if (type.is_fractional()) return fmt::format("tm_format_double(CAST({} AS DOUBLE), {})", l.args[0], l.args[1]);
  auto text = type.is(TypeId::kDecimal) ? "CAST(" + l.args[0] + " AS " + DuckDbType(type) + ")" : l.args[0];
  return fmt::format("tm_format_number(CAST({} AS VARCHAR), {})", text, l.args[1]);
}

Result<std::string> Sha2(const Lowered& l) {
  const auto* bits = ConstantNumber(l, 1);
  if (bits && (*bits == 0 || *bits == 256)) return "sha256(" + l.args[0] + ")";
  return ByValue(l);
}

// What fails is NULL only where the function says so.
Result<std::string> AesByValue(const Lowered& l) {
  std::vector<plan::DataType> types;
  for (size_t i = 0; i < l.args.size(); ++i) types.push_back(l.type(i));
  return ValueSql(l.call.function, l.args, types, l.expr.type);
}

// Bytes are padded with zeros where nothing else is said.
Result<std::string> PadBytes(const Lowered& l) {
  auto args = l.args;
  if (args.size() == 2) args.push_back("'\\x00'::BLOB");
  return ValueSql(l.call.function, args, {TypeId::kBinary, TypeId::kInt, TypeId::kBinary}, l.expr.type);
}

Result<std::string> Elt(const Lowered& l) {
  std::string sql = "CASE " + l.args[0];
  for (size_t i = 1; i < l.args.size(); ++i) sql += fmt::format(" WHEN {} THEN {}", i, l.args[i]);
  if (l.null_on_failure()) return sql + " END";
  return sql + fmt::format(
                   " WHEN NULL THEN NULL ELSE CASE WHEN {} IS NULL THEN NULL ELSE "
                   "CAST(tm_raise_class('INVALID_ARRAY_INDEX', '22003', "
                   "'The index is out of bounds. The array has {} elements.') AS {}) END END",
                   l.args[0], l.args.size() - 1, DuckDbType(l.expr.type));
}

}  // namespace

// DuckDB takes only a constant between, so it goes before every value and off the whole.
std::string JoinedText(const std::string& array, const std::string& between) {
  return fmt::format(
      "coalesce(substring(array_to_string(list_transform(list_filter({0}, lambda e: e IS NOT NULL), lambda e: {1} || "
      "e), "
      "''), length({1}) + 1), '')",
      array, between);
}

// DuckDB maps letter by letter. Where a text asks for more: İ becomes two, and Σ at a word's end is ς.
Result<std::string> LowerCase(const Lowered& l) {
  constexpr const char* kCased = "\\p{Lu}\\p{Ll}\\p{Lt}";
  constexpr const char* kBetween = "\\p{Mn}\\p{Me}\\p{Cf}\\p{Lm}\\p{Sk}''.:·’";
  const std::string last = fmt::format("'([{0}][{1}]*)Σ([{1}]*(?:[^{0}{1}]|$))'", kCased, kBetween);
  return fmt::format(
      "CASE WHEN contains({0}, 'Σ') OR contains({0}, 'İ') THEN lower(regexp_replace(replace({0}, 'İ', 'i̇'), {1}, "
      "'\\1ς\\2', 'g')) ELSE lower({0}) END",
      l.args[0], last);
}

std::span<const LoweringRow> TextLowerings() {
  static constexpr LoweringRow kRows[] = {
      {"aes_encrypt", "", nullptr, AesByValue},
      {"aes_decrypt", "", nullptr, AesByValue},
      {"try_aes_decrypt", "", nullptr, AesByValue},
      {"ascii", "", "ascii($1)", nullptr},
      {"base64", "", "to_base64($1)", nullptr},
      {"unbase64", "", nullptr, ByValue},
      {"bit_length", "string", "CAST(strlen($1) * 8 AS INTEGER)", nullptr},
      {"bit_length", "binary", "CAST(octet_length($1) * 8 AS INTEGER)", nullptr},
      {"btrim", "", nullptr,
       [](const Lowered& l) -> Result<std::string> {
         return fmt::format("trim({}, {})", l.args[0], l.args.size() == 2 ? l.args[1] : "' '");
       }},
      {"trim", "", nullptr,
       [](const Lowered& l) -> Result<std::string> {
         return fmt::format("trim({}, {})", l.args[0], l.args.size() == 2 ? l.args[1] : "' '");
       }},
      {"ltrim", "", nullptr,
       [](const Lowered& l) -> Result<std::string> {
         return fmt::format("ltrim({}, {})", l.args[0], l.args.size() == 2 ? l.args[1] : "' '");
       }},
      {"rtrim", "", nullptr,
       [](const Lowered& l) -> Result<std::string> {
         return fmt::format("rtrim({}, {})", l.args[0], l.args.size() == 2 ? l.args[1] : "' '");
       }},
      {"char", "", "tm_chr($1)", nullptr},
      {"char_length", "string", "CAST(length($1) AS INTEGER)", nullptr},
      {"char_length", "binary", "CAST(octet_length($1) AS INTEGER)", nullptr},
      {"concat", "array", nullptr, Concat},
      {"concat", "", nullptr, Concat},
      {"concat_ws", "", nullptr, ConcatWs},
      {"crc32", "", "tm_crc32($1)", nullptr},
      {"format_number", "", nullptr, FormatNumber},
      {"contains", "string", "contains($1, $2)", nullptr},
      {"elt", "", nullptr, Elt},
      {"endswith", "string", "suffix($1, $2)", nullptr},
      {"startswith", "string", "prefix($1, $2)", nullptr},
      {"find_in_set", "", "tm_find_in_set($1, $2)", nullptr},
      {"hex", "", "hex($1)", nullptr},
      {"initcap", "", "tm_initcap($1)", nullptr},
      {"instr", "", "tm_locate($2, $1, 1)", nullptr},
      {"locate", "", "CASE WHEN $3 IS NULL THEN 0 ELSE tm_locate($1, $2, $3) END", nullptr},
      {"lcase", "", nullptr, LowerCase},
      {"ucase", "", "upper(tm_upper_special($1))", nullptr},
      {"left", "string", "tm_substring($1, 1, $2)", nullptr},
      {"left", "binary", "tm_substring_bytes($1, 1, $2)", nullptr},
      {"right", "", "tm_right($1, $2)", nullptr},
      {"levenshtein", "", nullptr,
       [](const Lowered& l) -> Result<std::string> {
         if (l.args.size() == 3) return ByValue(l);
         return fmt::format("tm_levenshtein({}, {})", l.args[0], l.args[1]);
       }},
      {"contains", "binary", nullptr, ByValue},
      {"startswith", "binary", "(tm_substring_bytes($1, 1, CAST(octet_length($2) AS INTEGER)) = $2)", nullptr},
      {"endswith", "binary",
       "(octet_length($2) <= octet_length($1) AND tm_substring_bytes($1, CAST(octet_length($1) - octet_length($2) + 1 "
       "AS INTEGER), CAST(octet_length($2) AS INTEGER)) = $2)",
       nullptr},
      {"decode", "", nullptr, ByValue},
      {"encode", "", nullptr, ByValue},
      {"format_string", "", nullptr, ByValue},
      {"is_valid_utf8", "", nullptr, ByValue},
      {"luhn_check", "", nullptr, ByValue},
      {"make_valid_utf8", "", nullptr, ByValue},
      {"mask", "", nullptr, ByValue},
      {"parse_url", "", nullptr, ByValue},
      {"quote", "", nullptr, ByValue},
      {"soundex", "", nullptr, ByValue},
      {"to_binary", "", nullptr, ByValue},
      {"to_char", "", nullptr, ByValue},
      {"to_number", "", nullptr, ByValue},
      {"try_parse_url", "", nullptr, ByValue},
      {"try_to_binary", "", nullptr, ByValue},
      {"try_to_number", "", nullptr, ByValue},
      {"try_url_decode", "", nullptr, ByValue},
      {"try_validate_utf8", "", nullptr, ByValue},
      {"unhex", "", nullptr, ByValue},
      {"url_decode", "", nullptr, ByValue},
      {"url_encode", "", nullptr, ByValue},
      {"validate_utf8", "", nullptr, ByValue},
      {"lpad", "binary", nullptr, PadBytes},
      {"rpad", "binary", nullptr, PadBytes},
      {"lpad", "string", "tm_lpad($1, $2, $3)", nullptr},
      {"rpad", "string", "tm_rpad($1, $2, $3)", nullptr},
      {"md5", "", "md5($1)", nullptr},
      {"octet_length", "string", "CAST(strlen($1) AS INTEGER)", nullptr},
      {"octet_length", "binary", "CAST(octet_length($1) AS INTEGER)", nullptr},
      {"overlay", "string", "tm_overlay($1, $2, $3, $4)", nullptr},
      {"overlay", "binary",
       "(tm_substring_bytes($1, 1, greatest($3 - 1, 0)) || $2 || tm_substring_bytes($1, $3 + CASE WHEN $4 >= 0 THEN $4 "
       "ELSE CAST(octet_length($2) AS INTEGER) END, 2147483647))",
       nullptr},
      {"rlike", "", nullptr, Rlike},
      {"regexp_count", "", nullptr, RegexpCount},
      {"regexp_extract", "", nullptr, RegexpExtract},
      {"regexp_extract_all", "", nullptr, RegexpExtract},
      {"regexp_instr", "", nullptr, RegexpInstr},
      {"regexp_replace", "", nullptr, RegexpReplace},
      {"regexp_substr", "", nullptr, RegexpSubstr},
      {"repeat", "", "repeat($1, $2)", nullptr},
      {"replace", "", "replace($1, $2, $3)", nullptr},
      {"reverse", "string", "tm_reverse($1)", nullptr},
      {"sha", "", "sha1($1)", nullptr},
      {"sha2", "", nullptr, Sha2},
      {"str_to_map", "", nullptr, ByValue},
      {"space", "", "tm_space($1)", nullptr},
      {"split", "", nullptr, Split},
      {"split_part", "", "tm_split_part($1, $2, $3)", nullptr},
      {"substring", "string", nullptr, Substring},
      {"substring", "binary", "tm_substring_bytes($1, $2, $3)", nullptr},
      {"substring_index", "", "tm_substring_index($1, $2, $3)", nullptr},
      {"translate", "", "translate($1, $2, $3)", nullptr},
      {"uuid", "", "CAST(uuid() AS VARCHAR)", nullptr},
  };
  return kRows;
}

}  // namespace tidemill::engine::duckdb
