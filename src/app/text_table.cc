#include "app/text_table.h"

#include <algorithm>

namespace tidemill::app {
namespace {

std::string Cut(const std::string& text, size_t width) {
  if (TextWidth(text) <= width) return text;
  size_t bytes = 0;
  for (size_t characters = 0; bytes < text.size(); ++bytes) {
    const bool begins = (static_cast<unsigned char>(text[bytes]) & 0xC0) != 0x80;
    if (begins && ++characters == width) break;
  }
  return text.substr(0, bytes) + "…";
}

std::string OneLine(std::string text) {
  std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < 0x20; }, ' ');
  return text;
}

std::string Padded(const std::string& text, size_t width, bool right) {
  const std::string pad(width - std::min(width, TextWidth(text)), ' ');
  return right ? pad + text : text + pad;
}

std::string Line(const std::vector<TextColumn>& columns, const std::vector<std::string>& cells,
                 const std::vector<size_t>& widths) {
  std::string line;
  for (size_t i = 0; i < columns.size(); ++i) {
    line += (i == 0 ? "" : "  ") + Padded(cells[i], widths[i], columns[i].right);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace

size_t TextWidth(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string TextTable(const std::vector<TextColumn>& columns, const std::vector<std::vector<std::string>>& rows,
                      size_t most_width) {
  std::vector<std::vector<std::string>> cells;
  std::vector<std::string> heading;
  std::vector<size_t> widths;
  for (const auto& column : columns) {
    heading.push_back(column.name);
    widths.push_back(TextWidth(column.name));
  }
  for (const auto& row : rows) {
    auto& line = cells.emplace_back();
    for (size_t i = 0; i < columns.size(); ++i) {
      line.push_back(Cut(OneLine(i < row.size() ? row[i] : ""), most_width));
      widths[i] = std::max(widths[i], TextWidth(line.back()));
    }
  }
  std::string text = Line(columns, heading, widths);
  for (const auto& line : cells) text += Line(columns, line, widths);
  return text;
}

}  // namespace tidemill::app
