// Lines typed at a terminal, with editing, history and completion. Only line_editor.cc sees the library that reads
// them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tidemill::app {

struct Completion {
  size_t from = 0;                      // bytes of the line before the cursor that stay
  std::vector<std::string> candidates;  // each for what follows them, up to the cursor
};

class LineEditor {
 public:
  using Completer = std::function<Completion(std::string_view before_cursor, std::string_view after_cursor)>;

  // The history is read from the file and every remembered text appended to it; an empty name: none is kept. A file
  // that cannot be read or written costs the history, nothing else.
  LineEditor(std::string history_file, Completer completer);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  enum class Typed { kLine, kInterrupt, kEnd };
  // The next line, without its end. kInterrupt: Ctrl-C, the line is to be forgotten; kEnd: Ctrl-D, or the terminal is
  // gone.
  Typed Read(const std::string& prompt, std::string* line);

  void Remember(const std::string& text);

 private:
  struct Library;
  std::unique_ptr<Library> library_;
};

// One line of the history's file, and back.
std::string ToHistoryLine(std::string_view text);
std::string FromHistoryLine(std::string_view line);

}  // namespace tidemill::app
