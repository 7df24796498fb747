#include "serve/page.h"

#include <algorithm>
#include <string_view>

namespace tidemill::serve {
namespace {

struct Type {
  std::string_view ending;
  const char* type;
};
constexpr Type kTypes[] = {{".html", "text/html; charset=utf-8"},
                           {".css", "text/css; charset=utf-8"},
                           {".js", "text/javascript; charset=utf-8"},
                           {".svg", "image/svg+xml"}};

constexpr std::string_view kPages[] = {"/", "/jobs", "/runs", "/run", "/tables", "/clusters", "/cost", "/advice"};

}  // namespace

Response PageOf(const std::string& path) {
  const bool page = std::find(std::begin(kPages), std::end(kPages), path) != std::end(kPages);
  const std::string name = page ? "index.html" : path.substr(std::min<size_t>(1, path.size()));
  for (const EmbeddedFile& file : PageFiles()) {
    if (name != file.name) continue;
    for (const Type& type : kTypes) {
      if (name.ends_with(type.ending)) return {200, type.type, file.text};
    }
  }
  return {404, "text/plain; charset=utf-8", "there is no such page\n"};
}

}  // namespace tidemill::serve
