#include "job/report_page.h"

#include <fmt/format.h>

#include "job/report_style.h"

namespace tidemill::job {

std::string Html(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      case '\0':
        escaped += "\xEF\xBF\xBD";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string Card(std::string_view title, const std::string& body) {
  return body.empty() ? "" : fmt::format("<section class=\"card\"><h2>{}</h2>{}</section>\n", Html(title), body);
}

std::string Page(std::string_view title, const std::string& body, std::string_view version) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\"><title>{0} · "
      "Tidemill</title><style>{1}</style></head><body><main>\n"
      "{2}<footer>Tidemill {3}</footer></main></body></html>\n",
      Html(title), kReportStyle, body, Html(version));
}

}  // namespace tidemill::job
