// script.h: the text of a script as a person writes it: where statements end, and where in it an error lies. Nothing
// here parses, so a shell can go on after a statement that is wrong.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tidemill::sql {

// The statements between the semicolons, without the comments around them. What is left open takes the rest with it.
std::vector<std::string_view> SplitScript(std::string_view text);

// The last thing in the text is a semicolon, with no quote or comment left open: nothing more is waited for.
bool EndsStatement(std::string_view text);

// The text on as few lines as it can stand on, without its comments, to be recalled and edited as one line.
std::string OnOneLine(std::string_view text);

// The line of `text` at `at`, and below it a caret under the column. Empty when the text has no such line.
std::string PointAt(std::string_view text, Position at);

}  // namespace tidemill::sql
