// A file of the repository as it was when the program was built (cmake/embed.cmake).
#pragma once

namespace tidemill {

struct EmbeddedFile {
  const char* name;
  const char* text;
};

}  // namespace tidemill
