#include "cloud/aws/xml.h"

#include <fmt/format.h>

namespace tidemill::cloud::aws {

std::vector<std::string> XmlAll(std::string_view xml, std::string_view name) {
  const std::string open = fmt::format("<{}>", name), close = fmt::format("</{}>", name);
  std::vector<std::string> all;
  for (size_t begin = xml.find(open); begin != std::string_view::npos; begin = xml.find(open)) {
    xml.remove_prefix(begin + open.size());
    // An element inside one of the same name ends first: <item> in EC2's lists.
    size_t end = 0, depth = 1;
    for (size_t at = 0; depth > 0;) {
      const size_t next_close = xml.find(close, at), next_open = xml.find(open, at);
      if (next_close == std::string_view::npos) return all;
      if (next_open < next_close) {
        ++depth;
        at = next_open + open.size();
      } else {
        --depth;
        end = next_close;
        at = next_close + close.size();
      }
    }
    all.emplace_back(xml.substr(0, end));
    xml.remove_prefix(end + close.size());
  }
  return all;
}

std::string XmlText(std::string_view xml, std::string_view name) {
  const auto all = XmlAll(xml, name);
  if (all.empty()) return "";
  static constexpr std::pair<std::string_view, char> kEntities[] = {
      {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&#34;", '"'}, {"&#39;", '\''}, {"&amp;", '&'}};
  std::string text;
  for (std::string_view rest = all.front(); !rest.empty();) {
    bool entity = false;
    for (const auto& [written, meant] : kEntities) {
      if (!rest.starts_with(written)) continue;
      text += meant;
      rest.remove_prefix(written.size());
      entity = true;
      break;
    }
    if (entity) continue;
    text += rest.front();
    rest.remove_prefix(1);
  }
  return text;
}

}  // namespace tidemill::cloud::aws
