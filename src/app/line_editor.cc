#include "app/line_editor.h"

#include <fcntl.h>
#include <histedit.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "app/text_table.h"

namespace tidemill::app {
namespace {

constexpr int kMostRemembered = 2000;

std::string CommonStart(const std::vector<std::string>& texts) {
  std::string start = texts.front();
  for (const auto& text : texts) {
    const auto [end, ignored] = std::mismatch(start.begin(), start.end(), text.begin(), text.end());
    start.erase(end, start.end());
  }
  return start;
}

void PrintInColumns(const std::vector<std::string>& texts, size_t screen) {
  size_t width = 0;
  for (const auto& text : texts) width = std::max(width, TextWidth(text) + 2);
  const size_t columns = std::max<size_t>(1, screen / width);
  for (size_t i = 0; i < texts.size(); ++i) {
    const bool last = i + 1 == texts.size() || (i + 1) % columns == 0;
    std::printf("%s%s", texts[i].c_str(), last ? "\n" : std::string(width - TextWidth(texts[i]), ' ').c_str());
  }
}

}  // namespace

struct LineEditor::Library {
  EditLine* editor = nullptr;
  History* history = nullptr;
  std::string history_file;
  Completer completer;
  std::string prompt;
  bool interrupted = false;
  std::string last;  // remembered

  static Library& Of(EditLine* editor) {
    void* self = nullptr;
    el_get(editor, EL_CLIENTDATA, &self);
    return *static_cast<Library*>(self);
  }

  static char* Prompt(EditLine* editor) { return Of(editor).prompt.data(); }

  static unsigned char Interrupt(EditLine* editor, int /*key*/) {
    Of(editor).interrupted = true;
    return CC_NEWLINE;
  }

  static unsigned char Complete(EditLine* editor, int /*key*/) {
    const LineInfo* line = el_line(editor);
    const std::string_view before(line->buffer, static_cast<size_t>(line->cursor - line->buffer));
    const std::string_view after(line->cursor, static_cast<size_t>(line->lastchar - line->cursor));
    // A pasted indentation is no question.
    if (before.find_last_not_of(" \t") == std::string_view::npos) return Insert(editor, "  ");
    const auto completion = Of(editor).completer(before, after);
    if (completion.candidates.empty()) return CC_REFRESH_BEEP;
    const std::string typed(before.substr(completion.from));
    const std::string start = CommonStart(completion.candidates);
    if (start != typed && TextWidth(start) >= TextWidth(typed)) {
      el_deletestr(editor, static_cast<int>(TextWidth(typed)));
      return Insert(editor, start);
    }
    if (completion.candidates.size() == 1) return CC_REFRESH;
    std::printf("\n");
    int columns = 80;
    el_get(editor, EL_GETTC, "co", &columns, nullptr);
    PrintInColumns(completion.candidates, static_cast<size_t>(columns));
    std::fflush(stdout);
    return CC_REDISPLAY;
  }

  static unsigned char Insert(EditLine* editor, const std::string& text) {
    return el_insertstr(editor, text.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
  }

  void Add(const std::string& text) {
    HistEvent event;
    ::history(history, &event, H_ENTER, text.c_str());
  }
};

LineEditor::LineEditor(std::string history_file, Completer completer) : library_(std::make_unique<Library>()) {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  library_->history_file = std::move(history_file);
  library_->completer = std::move(completer);
  library_->history = history_init();
  HistEvent event;
  ::history(library_->history, &event, H_SETSIZE, kMostRemembered);
  ::history(library_->history, &event, H_SETUNIQUE, 1);
  std::ifstream earlier(library_->history_file);
  for (std::string line; std::getline(earlier, line);) library_->Add(FromHistoryLine(line));

  EditLine* editor = library_->editor = el_init("tidemill", stdin, stdout, stderr);
  el_set(editor, EL_CLIENTDATA, library_.get());
  el_set(editor, EL_PROMPT, &Library::Prompt);
  el_set(editor, EL_EDITOR, "emacs");
  el_set(editor, EL_HIST, ::history, library_->history);
  el_set(editor, EL_ADDFN, "tidemill-complete", "Complete a name", &Library::Complete);
  el_set(editor, EL_ADDFN, "tidemill-interrupt", "Forget the statement", &Library::Interrupt);
  el_set(editor, EL_BIND, "^I", "tidemill-complete", nullptr);
  el_set(editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  // While a line is typed Ctrl-C is a key like others; while a statement runs it is the signal that stops it.
  el_set(editor, EL_SETTY, "-d", "-isig", nullptr);
  el_set(editor, EL_BIND, "^C", "tidemill-interrupt", nullptr);
}

LineEditor::~LineEditor() {
  el_end(library_->editor);
  history_end(library_->history);
}

LineEditor::Typed LineEditor::Read(const std::string& prompt, std::string* line) {
  library_->prompt = prompt;
  library_->interrupted = false;
  int count = 0;
  const char* text = el_gets(library_->editor, &count);
  if (library_->interrupted) return Typed::kInterrupt;
  if (text == nullptr || count <= 0) return Typed::kEnd;
  line->assign(text, static_cast<size_t>(count));
  while (!line->empty() && (line->back() == '\n' || line->back() == '\r')) line->pop_back();
  return Typed::kLine;
}

void LineEditor::Remember(const std::string& text) {
  if (text == library_->last) return;
  library_->last = text;
  library_->Add(text);
  if (library_->history_file.empty()) return;
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(library_->history_file).parent_path(), ignored);
  // One write at the end of the file: shells side by side keep each other's lines.
  const int file = open(library_->history_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return;
  const std::string line = ToHistoryLine(text) + "\n";
  [[maybe_unused]] const auto written = write(file, line.data(), line.size());
  close(file);
}

std::string ToHistoryLine(std::string_view text) {
  std::string line;
  for (const char c : text)
    line += c == '\n' ? std::string("\\n") : c == '\\' ? std::string("\\\\") : std::string(1, c);
  return line;
}

std::string FromHistoryLine(std::string_view line) {
  std::string text;
  for (size_t i = 0; i < line.size(); ++i) {
    const bool escape = line[i] == '\\' && i + 1 < line.size();
    if (escape) ++i;
    text += escape && line[i] == 'n' ? '\n' : line[i];
  }
  return text;
}

}  // namespace tidemill::app
