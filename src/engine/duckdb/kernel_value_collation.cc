// Functions whose answer depends on what texts compare as, under another collation than UTF8_BINARY. Each takes the
// collation's name first. Searching is UTF8_LCASE's own way, as Spark has it: a match may not end inside İ.
#include <algorithm>
#include <map>
#include <optional>

#include "engine/duckdb/kernel_collation.h"
#include "engine/duckdb/kernel_value.h"

namespace tidemill::engine::duckdb {

using plan::Value;

namespace {

plan::Collation CollationOf(const ValueCall& call) { return *plan::ParseCollation(call.text(0)); }

// How a call's collation reads the letters it searches.
struct Letters {
  explicit Letters(const ValueCall& call)
      : lower(CollationOf(call).kind == plan::Collation::Kind::kLowerCase), trims(CollationOf(call).trims) {}

  char32_t operator()(char32_t c) const { return lower ? LowerPoint(c) : c; }
  // What is searched for, without its blanks at the end where they do not count.
  Points Pattern(std::string_view text) const { return Exactly(trims ? text.substr(0, Ends(text)) : text); }
  Points Exactly(std::string_view text) const { return lower ? LowerPoints(PointsOf(text)) : PointsOf(text); }
  static size_t Ends(std::string_view text) { return text.find_last_not_of(' ') + 1; }

  bool lower, trims;
};

// The letters of a text from a place on, İ as two: how many of them the pattern takes, if it is there.
std::optional<size_t> MatchFrom(const Letters& letters, PointsView text, PointsView pattern, size_t from) {
  size_t at = from, matched = 0;
  bool dot = false;  // the second half of İ is still to be matched
  while ((at < text.size() || dot) && matched < pattern.size()) {
    char32_t c = dot ? U'\u0307' : letters(text[at++]);
    dot = c == kDottedLowerI;
    if (dot) c = U'i';
    if (c != pattern[matched++]) return std::nullopt;
  }
  return matched < pattern.size() || dot ? std::nullopt : std::optional(at - from);
}
// The same backwards, up to a place.
bool MatchUntil(const Letters& letters, PointsView text, PointsView pattern, size_t until) {
  size_t at = until, left = pattern.size();
  bool i = false;
  while ((at > 0 || i) && left > 0) {
    char32_t c = i ? U'i' : letters(text[--at]);
    i = c == kDottedLowerI;
    if (i) c = U'\u0307';
    if (c != pattern[--left]) return false;
  }
  return left == 0 && !i;
}
std::optional<size_t> Find(const Letters& letters, PointsView text, PointsView pattern, size_t from) {
  for (size_t at = from; at <= text.size(); ++at) {
    if (MatchFrom(letters, text, pattern, at)) return at;
  }
  return std::nullopt;
}
// The end of the last match that ends no later than there.
std::optional<size_t> FindBack(const Letters& letters, PointsView text, PointsView pattern, size_t until) {
  for (size_t at = until + 1; at-- > 0;) {
    if (MatchUntil(letters, text, pattern, at)) return at;
  }
  return std::nullopt;
}

Value Contains(Row&, const ValueCall& call) {
  const Letters letters(call);
  return {Find(letters, PointsOf(call.text(1)), letters.Pattern(call.text(2)), 0).has_value()};
}
Value StartsWith(Row&, const ValueCall& call) {
  const Letters letters(call);
  return {MatchFrom(letters, PointsOf(call.text(1)), letters.Pattern(call.text(2)), 0).has_value()};
}
Value EndsWith(Row&, const ValueCall& call) {
  const Letters letters(call);
  std::string_view text = call.text(1);
  if (letters.trims) text = text.substr(0, Letters::Ends(text));
  const Points points = PointsOf(text);
  return {MatchUntil(letters, points, letters.Pattern(call.text(2)), points.size())};
}
int64_t Place(const Letters& letters, const Points& text, const Points& pattern, size_t from) {
  if (pattern.empty()) return 1;
  const auto found = Find(letters, text, pattern, from);
  return found ? static_cast<int64_t>(*found) + 1 : 0;
}
Value Instr(Row&, const ValueCall& call) {
  const Letters letters(call);
  return {Place(letters, PointsOf(call.text(1)), letters.Pattern(call.text(2)), 0)};
}
Value Locate(Row&, const ValueCall& call) {
  if (call.null(3)) return {int64_t{0}};
  if (call.null(1) || call.null(2)) return {};
  if (call.number(3) <= 0) return {int64_t{0}};
  const Letters letters(call);
  return {
      Place(letters, PointsOf(call.text(2)), letters.Pattern(call.text(1)), static_cast<size_t>(call.number(3) - 1))};
}

Value SubstringIndex(Row&, const ValueCall& call) {
  const Letters letters(call);
  const Points text = PointsOf(call.text(1)), mark = letters.Pattern(call.text(2));
  int64_t count = call.number(3);
  if (mark.empty() || count == 0) return {std::string()};
  if (count > 0) {
    std::optional<size_t> at;
    for (; count > 0; --count) {
      at = Find(letters, text, mark, at ? *at + 1 : 0);
      if (!at) return {call.text(1)};
    }
    return {TextOf(PointsView(text).substr(0, *at))};
  }
  size_t at = text.size() + 1;
  for (; count < 0; ++count) {
    const auto found = at == 0 ? std::nullopt : FindBack(letters, text, mark, at - 1);
    if (!found) return {call.text(1)};
    at = *found;
  }
  return {TextOf(PointsView(text).substr(at))};
}

std::vector<Points> Parts(const Letters& letters, const Points& text, const Points& mark) {
  if (mark.empty() || text.empty()) return {text};
  std::vector<Points> parts;
  size_t from = 0;
  while (const auto at = Find(letters, text, mark, from)) {
    parts.push_back(text.substr(from, *at - from));
    from = *at + *MatchFrom(letters, text, mark, *at);
  }
  if (from <= text.size()) parts.push_back(text.substr(from));
  return parts;
}
Value SplitPart(Row& row, const ValueCall& call) {
  const Letters letters(call);
  int64_t part = call.number(3);
  if (part == 0) {
    row.Fail("INVALID_INDEX_OF_ZERO", "22003", "The index 0 is invalid. An index shall be either < 0 or > 0.");
    return {};
  }
  const auto parts = Parts(letters, PointsOf(call.text(1)), letters.Pattern(call.text(2)));
  const auto count = static_cast<int64_t>(parts.size());
  if (part > count || part < -count) return {std::string()};
  return {TextOf(parts[static_cast<size_t>(part > 0 ? part - 1 : count + part)])};
}
Value Replace(Row&, const ValueCall& call) {
  const Letters letters(call);
  const Points text = PointsOf(call.text(1)), search = letters.Exactly(call.text(2));
  if (search.empty()) return {call.text(1)};
  std::string replaced;
  size_t from = 0;
  while (const auto at = Find(letters, text, search, from)) {
    replaced += TextOf(PointsView(text).substr(from, *at - from)) + call.text(3);
    from = *at + *MatchFrom(letters, text, search, *at);
  }
  return {replaced + TextOf(PointsView(text).substr(from))};
}

// Whether the two letters that begin there are İ's in lower case.
bool IsDottedI(PointsView text, size_t at) {
  return at + 1 < text.size() && LowerPoint(text[at]) == U'i' && text[at + 1] == U'\u0307';
}

Value Translate(Row&, const ValueCall& call) {
  const Letters letters(call);
  const Points text = PointsOf(call.text(1)), from = PointsOf(call.text(2)), to = PointsOf(call.text(3));
  std::map<char32_t, std::optional<char32_t>> changed;
  for (size_t i = 0; i < from.size(); ++i) {
    changed.emplace(letters(from[i]), i < to.size() ? std::optional(to[i]) : std::nullopt);
  }
  const bool dotted = changed.contains(kDottedLowerI);
  Points translated;
  for (size_t at = 0; at < text.size(); ++at) {
    const bool two = dotted && IsDottedI(text, at);
    const auto found = changed.find(two ? kDottedLowerI : letters(text[at]));
    if (found == changed.end()) {
      translated += text[at];
    } else if (found->second) {
      translated += *found->second;
    }
    at += two ? 1 : 0;
  }
  return {TextOf(translated)};
}

// Blanks at the end that do not count stay where they are not asked to go, behind what is trimmed before them.
template <bool kLeft, bool kRight>
Value Trim(Row&, const ValueCall& call) {
  const Letters letters(call);
  const Points text = PointsOf(call.text(1)), asked = call.args.size() > 2 ? PointsOf(call.text(2)) : U" ";
  Points gone;
  for (const char32_t c : asked) gone += letters(c);
  const auto trimmed = [&](char32_t c) { return gone.find(c) != Points::npos; };
  size_t begin = 0, end = text.size();
  if (kRight && letters.trims && !trimmed(U' ')) end = text.find_last_not_of(U' ') + 1;
  const size_t kept = end;
  const bool dotted = trimmed(kDottedLowerI);
  while (kLeft && begin < end) {
    if (dotted && IsDottedI(text, begin)) {
      begin += 2;
    } else if (trimmed(letters(text[begin]))) {
      ++begin;
    } else {
      break;
    }
  }
  while (kRight && end > begin) {
    if (dotted && end - begin > 1 && IsDottedI(text, end - 2)) {
      end -= 2;
    } else if (trimmed(letters(text[end - 1]))) {
      --end;
    } else {
      break;
    }
  }
  return {TextOf(PointsView(text).substr(begin, end - begin)) + TextOf(PointsView(text).substr(kept))};
}

// ---- What needs only to know which texts are equal ----

Value FindInSet(Row& row, const ValueCall& call) {
  const std::string& word = call.text(1);
  if (word.find(',') != std::string::npos) return {int64_t{0}};
  const auto collation = CollationOf(call);
  const std::string key = CollationKeyOf(row, word, collation);
  std::string_view set = call.text(2);
  for (int64_t place = 1;; ++place) {
    const size_t comma = set.find(',');
    if (CollationKeyOf(row, set.substr(0, comma), collation) == key) return {place};
    if (comma == std::string_view::npos) return {int64_t{0}};
    set.remove_prefix(comma + 1);
  }
}

// What an array's texts compare by; nothing for a NULL.
using Keys = std::vector<std::optional<std::string>>;
Keys KeysOf(Row& row, const ValueCall& call, size_t i) {
  Keys keys;
  for (const auto& text : call.children(i)) {
    keys.push_back(text.is_null()
                       ? std::nullopt
                       : std::optional(CollationKeyOf(row, std::get<std::string>(text.data), CollationOf(call))));
  }
  return keys;
}
bool Has(const Keys& keys, const std::optional<std::string>& key) { return std::ranges::find(keys, key) != keys.end(); }

Value ArrayContains(Row& row, const ValueCall& call) {
  const Keys keys = KeysOf(row, call, 1);
  if (Has(keys, CollationKeyOf(row, call.text(2), CollationOf(call)))) return {true};
  return Has(keys, std::nullopt) ? Value{} : Value{false};
}
Value ArrayPosition(Row& row, const ValueCall& call) {
  const Keys keys = KeysOf(row, call, 1);
  const auto found = std::ranges::find(keys, std::optional(CollationKeyOf(row, call.text(2), CollationOf(call))));
  return {found == keys.end() ? int64_t{0} : found - keys.begin() + 1};
}
Value ArraysOverlap(Row& row, const ValueCall& call) {
  const Keys a = KeysOf(row, call, 1), b = KeysOf(row, call, 2);
  if (std::ranges::any_of(a, [&](const auto& key) { return key && Has(b, key); })) return {true};
  const bool unknown = !a.empty() && !b.empty() && (Has(a, std::nullopt) || Has(b, std::nullopt));
  return unknown ? Value{} : Value{false};
}
// The texts of which `taken` says so, the first of each.
template <typename Taken>
void AddTexts(Row& row, const ValueCall& call, size_t i, Keys& seen, std::vector<Value>& texts, const Taken& taken) {
  const Keys keys = KeysOf(row, call, i);
  for (size_t at = 0; at < keys.size(); ++at) {
    if (Has(seen, keys[at]) || !taken(keys[at])) continue;
    seen.push_back(keys[at]);
    texts.push_back(call.children(i)[at]);
  }
}
Value ArrayUnion(Row& row, const ValueCall& call) {
  Keys seen;
  std::vector<Value> texts;
  for (size_t i = 1; i < call.args.size(); ++i) AddTexts(row, call, i, seen, texts, [](const auto&) { return true; });
  return ChildrenValue(std::move(texts));
}
template <bool kIntersect>
Value ArrayMinus(Row& row, const ValueCall& call) {
  Keys seen;
  std::vector<Value> texts;
  const Keys other = KeysOf(row, call, 2);
  AddTexts(row, call, 1, seen, texts, [&](const auto& key) { return Has(other, key) == kIntersect; });
  return ChildrenValue(std::move(texts));
}

template <bool kGreatest>
Value Extreme(Row& row, const ValueCall& call) {
  size_t best = 0;
  std::string best_key;
  for (size_t i = 1; i < call.args.size(); ++i) {
    if (call.null(i)) continue;
    std::string key = CollationKeyOf(row, call.text(i), CollationOf(call));
    if (best != 0 && (kGreatest ? key <= best_key : key >= best_key)) continue;
    best = i;
    best_key = std::move(key);
  }
  return best == 0 ? Value{} : call.args[best];
}

}  // namespace

std::span<const ValueRow> CollationValues() {
  constexpr auto kSees = ValueRow::Nulls::kSees;
  static constexpr ValueRow kRows[] = {
      {"collated_contains", Contains},
      {"collated_startswith", StartsWith},
      {"collated_endswith", EndsWith},
      {"collated_instr", Instr},
      {"collated_locate", Locate, kSees},
      {"collated_substring_index", SubstringIndex},
      {"collated_split_part", SplitPart},
      {"collated_replace", Replace},
      {"collated_translate", Translate},
      {"collated_trim", Trim<true, true>},
      {"collated_btrim", Trim<true, true>},
      {"collated_ltrim", Trim<true, false>},
      {"collated_rtrim", Trim<false, true>},
      {"collated_find_in_set", FindInSet},
      {"collated_array_contains", ArrayContains},
      {"collated_array_position", ArrayPosition},
      {"collated_arrays_overlap", ArraysOverlap},
      {"collated_array_distinct", ArrayUnion},
      {"collated_array_union", ArrayUnion},
      {"collated_array_intersect", ArrayMinus<true>},
      {"collated_array_except", ArrayMinus<false>},
      {"collated_least", Extreme<false>, kSees},
      {"collated_greatest", Extreme<true>, kSees},
  };
  return kRows;
}

}  // namespace tidemill::engine::duckdb
