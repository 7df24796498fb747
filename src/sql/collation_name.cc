#include "sql/collation_name.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <string_view>

#include "sql/detail/resolver_error.h"

namespace tidemill::sql {
namespace {

std::string Upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

}  // namespace

Result<std::string> CollationNamed(const std::string& written, Position at) {
  const std::string name = Upper(written);
  static constexpr const char* kNames[] = {"UTF8_BINARY", "UTF8_LCASE", "UTF8_BINARY_RTRIM", "UTF8_LCASE_RTRIM"};
  if (std::any_of(std::begin(kNames), std::end(kNames), [&](const char* known) { return name == known; })) return name;
  // A locale's name, then what is not told apart. Whether there is such a locale is told by its language's letters.
  std::string base = written, marks;
  while (true) {
    bool found = false;
    for (const char* mark : {"_RTRIM", "_CI", "_CS", "_AI", "_AS"}) {
      if (!Upper(base).ends_with(mark)) continue;
      base.resize(base.size() - std::char_traits<char>::length(mark));
      if (std::string_view(mark) != "_CS" && std::string_view(mark) != "_AS") marks = mark + marks;
      found = true;
    }
    if (!found) break;
  }
  if (Upper(base) == "UNICODE") return "UNICODE" + marks;
  static const auto* languages = new std::set<std::string>{
      "af", "am", "ar", "as", "az", "be", "bg", "bn",  "bo", "bs", "ca", "cs", "cy", "da", "de",  "dz", "ee",
      "el", "en", "eo", "es", "et", "fa", "fi", "fil", "fo", "fr", "fy", "ga", "gl", "gu", "ha",  "he", "hi",
      "hr", "hu", "hy", "id", "ig", "is", "it", "ja",  "ka", "kk", "kl", "km", "kn", "ko", "kok", "ku", "ky",
      "lb", "ln", "lo", "lt", "lv", "mk", "ml", "mn",  "mr", "ms", "mt", "my", "nb", "ne", "nl",  "nn", "om",
      "or", "pa", "pl", "ps", "pt", "ro", "ru", "sa",  "se", "si", "sk", "sl", "sq", "sr", "sv",  "sw", "ta",
      "te", "th", "tk", "to", "tr", "ug", "uk", "ur",  "uz", "vi", "wo", "xh", "yi", "yo", "zh",  "zu"};
  std::string language = base.substr(0, base.find('_'));
  std::transform(language.begin(), language.end(), language.begin(), [](unsigned char c) { return std::tolower(c); });
  const bool script = base.size() > language.size() && base.size() <= language.size() + 9;
  if (languages->contains(language) && (base.size() == language.size() || script)) {
    return language + base.substr(language.size()) + marks;
  }
  return AnalysisError("COLLATION_INVALID_NAME", "42704",
                       "The value <collationName> does not represent a correct collation name. Suggested valid "
                       "collation names: [<proposals>].",
                       {{"collationName", QuotedName({written})}, {"proposals", "UTF8_BINARY, UTF8_LCASE, UNICODE"}},
                       at);
}

}  // namespace tidemill::sql
