#include "serve/page.h"

#include <string_view>

namespace tidemill::serve {
namespace {

struct Type {
  std::string_view ending;
  const char* type;
};
constexpr Type kTypes[] = {{".html", "text/html; charset=utf-8"},
                           {".css", "text/css; charset=utf-8"},
                           {".js", "text/javascript; charset=utf-8"}};

}  // namespace

Response PageOf(const std::string& path) {
  const std::string name = path == "/" ? "index.html" : path.substr(1);
  for (const EmbeddedFile& file : PageFiles()) {
    if (name != file.name) continue;
    for (const Type& type : kTypes) {
      if (name.ends_with(type.ending)) return {200, type.type, file.text};
    }
  }
  return {404, "text/plain; charset=utf-8", "there is no such page\n"};
}

}  // namespace tidemill::serve
