#include "plan/collation.h"

#include <algorithm>
#include <cctype>

namespace tidemill::plan {
namespace {

std::string Upper(std::string_view text) {
  std::string upper(text);
  std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return std::toupper(c); });
  return upper;
}

// What a mark says, and which mark of the same subject excludes it.
enum class Subject { kCase, kAccents, kBlanks };
struct Mark {
  std::string_view text;
  Subject subject;
  bool set;
};
constexpr Mark kMarks[] = {{"_CI", Subject::kCase, true},
                           {"_CS", Subject::kCase, false},
                           {"_AI", Subject::kAccents, true},
                           {"_AS", Subject::kAccents, false},
                           {"_RTRIM", Subject::kBlanks, true}};

}  // namespace

std::span<const CollationLocale> CollationLocales() {
  static constexpr CollationLocale kRows[] = {
      {"af", "af", "Afrikaans", ""},
      {"am", "am", "Amharic", ""},
      {"ar", "ar", "Arabic", ""},
      {"ar_SAU", "ar_SA", "Arabic", "Saudi Arabia"},
      {"as", "as", "Assamese", ""},
      {"az", "az", "Azerbaijani", ""},
      {"be", "be", "Belarusian", ""},
      {"bg", "bg", "Bulgarian", ""},
      {"bn", "bn", "Bangla", ""},
      {"bo", "bo", "Tibetan", ""},
      {"br", "br", "Breton", ""},
      {"bs", "bs", "Bosnian", ""},
      {"bs_Cyrl", "bs_Cyrl", "Bosnian", ""},
      {"ca", "ca", "Catalan", ""},
      {"ceb", "ceb", "Cebuano", ""},
      {"chr", "chr", "Cherokee", ""},
      {"cs", "cs", "Czech", ""},
      {"cy", "cy", "Welsh", ""},
      {"da", "da", "Danish", ""},
      {"de", "de", "German", ""},
      {"de_AUT", "de_AT", "German", "Austria"},
      {"dsb", "dsb", "Lower Sorbian", ""},
      {"dz", "dz", "Dzongkha", ""},
      {"ee", "ee", "Ewe", ""},
      {"el", "el", "Greek", ""},
      {"en", "en", "English", ""},
      {"en_USA", "en_US", "English", "United States"},
      {"eo", "eo", "Esperanto", ""},
      {"es", "es", "Spanish", ""},
      {"et", "et", "Estonian", ""},
      {"fa", "fa", "Persian", ""},
      {"fa_AFG", "fa_AF", "Persian", "Afghanistan"},
      {"ff", "ff", "Fula", ""},
      {"ff_Adlm", "ff_Adlm", "Fula", ""},
      {"fi", "fi", "Finnish", ""},
      {"fil", "fil", "Filipino", ""},
      {"fo", "fo", "Faroese", ""},
      {"fr", "fr", "French", ""},
      {"fr_CAN", "fr_CA", "French", "Canada"},
      {"fy", "fy", "Western Frisian", ""},
      {"ga", "ga", "Irish", ""},
      {"gl", "gl", "Galician", ""},
      {"gu", "gu", "Gujarati", ""},
      {"ha", "ha", "Hausa", ""},
      {"haw", "haw", "Hawaiian", ""},
      {"he", "he", "Hebrew", ""},
      {"he_ISR", "he_IL", "Hebrew", "Israel"},
      {"hi", "hi", "Hindi", ""},
      {"hr", "hr", "Croatian", ""},
      {"hsb", "hsb", "Upper Sorbian", ""},
      {"hu", "hu", "Hungarian", ""},
      {"hy", "hy", "Armenian", ""},
      {"id", "id", "Indonesian", ""},
      {"id_IDN", "id_ID", "Indonesian", "Indonesia"},
      {"ig", "ig", "Igbo", ""},
      {"is", "is", "Icelandic", ""},
      {"it", "it", "Italian", ""},
      {"ja", "ja", "Japanese", ""},
      {"ka", "ka", "Georgian", ""},
      {"kk", "kk", "Kazakh", ""},
      {"kl", "kl", "Kalaallisut", ""},
      {"km", "km", "Khmer", ""},
      {"kn", "kn", "Kannada", ""},
      {"ko", "ko", "Korean", ""},
      {"kok", "kok", "Konkani", ""},
      {"ku", "ku", "Kurdish", ""},
      {"ky", "ky", "Kyrgyz", ""},
      {"lb", "lb", "Luxembourgish", ""},
      {"lij", "lij", "Ligurian", ""},
      {"lkt", "lkt", "Lakota", ""},
      {"ln", "ln", "Lingala", ""},
      {"lo", "lo", "Lao", ""},
      {"lt", "lt", "Lithuanian", ""},
      {"lv", "lv", "Latvian", ""},
      {"mk", "mk", "Macedonian", ""},
      {"ml", "ml", "Malayalam", ""},
      {"mn", "mn", "Mongolian", ""},
      {"mr", "mr", "Marathi", ""},
      {"ms", "ms", "Malay", ""},
      {"mt", "mt", "Maltese", ""},
      {"my", "my", "Burmese", ""},
      {"nb", "nb", "Norwegian Bokmål", ""},
      {"nb_NOR", "nb_NO", "Norwegian Bokmål", "Norway"},
      {"ne", "ne", "Nepali", ""},
      {"nl", "nl", "Dutch", ""},
      {"nn", "nn", "Norwegian Nynorsk", ""},
      {"no", "no", "Norwegian", ""},
      {"nso", "nso", "Northern Sotho", ""},
      {"om", "om", "Oromo", ""},
      {"or", "or", "Odia", ""},
      {"pa", "pa", "Punjabi", ""},
      {"pa_Guru", "pa_Guru", "Punjabi", ""},
      {"pa_Guru_IND", "pa_Guru_IN", "Punjabi", "India"},
      {"pl", "pl", "Polish", ""},
      {"ps", "ps", "Pashto", ""},
      {"pt", "pt", "Portuguese", ""},
      {"ro", "ro", "Romanian", ""},
      {"ru", "ru", "Russian", ""},
      {"sa", "sa", "Sanskrit", ""},
      {"se", "se", "Northern Sami", ""},
      {"si", "si", "Sinhala", ""},
      {"sk", "sk", "Slovak", ""},
      {"sl", "sl", "Slovenian", ""},
      {"smn", "smn", "Inari Sami", ""},
      {"sq", "sq", "Albanian", ""},
      {"sr", "sr", "Serbian", ""},
      {"sr_Cyrl", "sr_Cyrl", "Serbian", ""},
      {"sr_Cyrl_BIH", "sr_Cyrl_BA", "Serbian", "Bosnia & Herzegovina"},
      {"sr_Cyrl_MNE", "sr_Cyrl_ME", "Serbian", "Montenegro"},
      {"sr_Cyrl_SRB", "sr_Cyrl_RS", "Serbian", "Serbia"},
      {"sr_Latn", "sr_Latn", "Serbian", ""},
      {"sr_Latn_BIH", "sr_Latn_BA", "Serbian", "Bosnia & Herzegovina"},
      {"sr_Latn_SRB", "sr_Latn_RS", "Serbian", "Serbia"},
      {"st", "st", "Southern Sotho", ""},
      {"sv", "sv", "Swedish", ""},
      {"sw", "sw", "Swahili", ""},
      {"ta", "ta", "Tamil", ""},
      {"te", "te", "Telugu", ""},
      {"th", "th", "Thai", ""},
      {"tk", "tk", "Turkmen", ""},
      {"tn", "tn", "Tswana", ""},
      {"to", "to", "Tongan", ""},
      {"tr", "tr", "Turkish", ""},
      {"ug", "ug", "Uyghur", ""},
      {"uk", "uk", "Ukrainian", ""},
      {"ur", "ur", "Urdu", ""},
      {"uz", "uz", "Uzbek", ""},
      {"vi", "vi", "Vietnamese", ""},
      {"wae", "wae", "Walser", ""},
      {"wo", "wo", "Wolof", ""},
      {"xh", "xh", "Xhosa", ""},
      {"yi", "yi", "Yiddish", ""},
      {"yo", "yo", "Yoruba", ""},
      {"zh", "zh", "Chinese", ""},
      {"zh_Hans", "zh_Hans", "Chinese", ""},
      {"zh_Hans_CHN", "zh_Hans_CN", "Chinese", "China"},
      {"zh_Hans_SGP", "zh_Hans_SG", "Chinese", "Singapore"},
      {"zh_Hant", "zh_Hant", "Chinese", ""},
      {"zh_Hant_HKG", "zh_Hant_HK", "Chinese", "Hong Kong SAR China"},
      {"zh_Hant_MAC", "zh_Hant_MO", "Chinese", "Macao SAR China"},
      {"zh_Hant_TWN", "zh_Hant_TW", "Chinese", "Taiwan"},
      {"zu", "zu", "Zulu", ""},
  };
  return kRows;
}

std::string Collation::name() const {
  std::string name = kind == Kind::kBinary      ? "UTF8_BINARY"
                     : kind == Kind::kLowerCase ? "UTF8_LCASE"
                     : locale                   ? locale->name
                                                : "UNICODE";
  if (ignores_case) name += "_CI";
  if (ignores_accents) name += "_AI";
  if (trims) name += "_RTRIM";
  return name;
}

std::optional<Collation> ParseCollation(std::string_view name) {
  std::string base = Upper(name);
  bool seen[3] = {false, false, false}, set[3] = {false, false, false};
  for (bool again = true; again;) {
    again = false;
    for (const auto& mark : kMarks) {
      const auto subject = static_cast<size_t>(mark.subject);
      if (!base.ends_with(mark.text)) continue;
      if (seen[subject]) return std::nullopt;
      seen[subject] = true;
      set[subject] = mark.set;
      base.resize(base.size() - mark.text.size());
      again = true;
    }
  }
  Collation collation{.ignores_case = set[0], .ignores_accents = set[1], .trims = set[2]};
  if (base == "UTF8_BINARY" || base == "UTF8_LCASE") {
    if (seen[0] || seen[1]) return std::nullopt;
    collation.kind = base == "UTF8_LCASE" ? Collation::Kind::kLowerCase : Collation::Kind::kBinary;
    return collation;
  }
  collation.kind = Collation::Kind::kLocale;
  if (base == "UNICODE") return collation;
  const auto found = std::ranges::find_if(CollationLocales(), [&](const auto& row) { return Upper(row.name) == base; });
  if (found == CollationLocales().end()) return std::nullopt;
  collation.locale = &*found;
  return collation;
}

}  // namespace tidemill::plan
