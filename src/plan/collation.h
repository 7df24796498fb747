// Spark's collations by name: UTF8_BINARY and UTF8_LCASE, which are Spark's own, and those of ICU's locales; what one
// does not tell apart stands after its locale's name: sr_Cyrl_SRB_CI_AI_RTRIM.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tidemill::plan {

// A locale that has collations.
struct CollationLocale {
  const char* name;      // Spark's, with the country in three letters
  const char* icu;       // ICU's
  const char* language;  // in English
  const char* country;   // in English; "": none
};
// UNICODE aside, in Spark's order.
std::span<const CollationLocale> CollationLocales();

struct Collation {
  enum class Kind { kBinary, kLowerCase, kLocale };
  Kind kind = Kind::kBinary;
  const CollationLocale* locale = nullptr;  // of kLocale; null: UNICODE
  bool ignores_case = false;                // of kLocale
  bool ignores_accents = false;             // of kLocale
  bool trims = false;                       // blanks at the end do not count

  std::string name() const;
  bool operator==(const Collation&) const = default;
};

// The collation of that name in any case, its marks in any order; nothing where there is none.
std::optional<Collation> ParseCollation(std::string_view name);

}  // namespace tidemill::plan
