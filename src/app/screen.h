// What a person sees of a run: plain lines, and on a terminal one live line below them that is gone when it is over.
#pragma once

#include <cstdio>
#include <map>
#include <string>

#include "app/eta.h"
#include "job/event.h"

namespace tidemill::app {

class Screen {
 public:
  // Lines go to `lines`, how a run failed to stderr; the live line, when `live`, to stderr. `several`: runs side by
  // side, so lines name theirs.
  Screen(std::FILE* lines, bool live, bool color, bool several)
      : lines_(lines), live_(live), color_(color), several_(several) {}
  ~Screen() { Erase(); }

  // An event sink; EventStream calls it one event at a time.
  void Show(const job::Event& event);

 private:
  struct Look;
  void Line(const job::Event& event, const std::string& text, std::FILE* to = nullptr);
  void Draw(const job::Event& event, const job::event::Progress& progress);
  void Erase();
  std::string Paint(const char* code, const std::string& text) const;

  std::FILE* lines_;
  bool live_;
  bool color_;
  bool several_;
  bool drawn_ = false;
  Micros last_draw_{};
  std::map<std::string, std::string> names_;  // attempt -> window
  std::map<std::string, Micros> starts_;      // attempt + stage -> start
  std::map<std::string, Eta> etas_;           // attempt + stage
};

// "336,776 rows", "1 row".
std::string Rows(int64_t rows);
// "5.2 GB/min".
std::string Rate(int64_t bytes, Micros duration);

}  // namespace tidemill::app
