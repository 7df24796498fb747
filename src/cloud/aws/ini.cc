#include "cloud/aws/ini.h"

#include <algorithm>

namespace tidemill::cloud::aws {
namespace {

bool Blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && Blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && Blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

Ini ParseIni(std::string_view text) {
  Ini ini;
  std::string section;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view raw = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    std::string_view line = Trim(raw);
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (line[0] == '[') {
      section = Trim(line.substr(1, std::min(line.find(']'), line.size()) - 1));
      ini[section];
      continue;
    }
    const size_t equals = line.find('=');
    if (Blank(raw[0]) || equals == std::string_view::npos) continue;
    std::string_view value = line.substr(equals + 1);
    if (const size_t comment = value.find(" #"); comment != std::string_view::npos) value = value.substr(0, comment);
    ini[section][std::string(Trim(line.substr(0, equals)))] = Trim(value);
  }
  return ini;
}

}  // namespace tidemill::cloud::aws
