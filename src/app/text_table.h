// Rows of texts as columns that line up.
#pragma once

#include <string>
#include <vector>

namespace tidemill::app {

struct TextColumn {
  std::string name;
  bool right = false;  // numbers
};

// A heading and the rows, two spaces between columns; a cell wider than `most_width` is cut.
std::string TextTable(const std::vector<TextColumn>& columns, const std::vector<std::vector<std::string>>& rows,
                      size_t most_width = 120);

// Characters, not bytes, of UTF-8 text.
size_t TextWidth(const std::string& text);

}  // namespace tidemill::app
