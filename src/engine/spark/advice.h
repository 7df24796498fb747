// What to do about a Spark that ended badly, where its words tell the cause.
#pragma once

#include <string>
#include <string_view>

namespace tidemill::engine::spark {

// `code`: the exit code, 128 + signal when a signal ended it. `words`: what Spark said, its log. Empty: nothing known.
std::string Advice(int code, std::string_view words);

}  // namespace tidemill::engine::spark
