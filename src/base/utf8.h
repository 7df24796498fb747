// utf8.h: text as UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF). Pure.
#pragma once

#include <string>
#include <string_view>

namespace tidemill {

bool IsUtf8(std::string_view bytes);
// Each byte that belongs to no character becomes U+FFFD.
std::string ReplaceInvalidUtf8(std::string_view bytes);
// `code` is a code point, no surrogate: the caller looks.
void AppendUtf8(std::string& out, char32_t code);

}  // namespace tidemill
