// Fuzzing entry: no text may crash, hang or overflow the parser, and what it names is printable.
// Build by hand: clang++ -std=c++20 -fsanitize=fuzzer,address -Isrc src/sql/parser_fuzz.cc <room_sql, plan, base> -lfmt
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sql/parser.h"
#include "sql/resolver.h"
#include "sql/script.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tidemill;
  if (size == 0) return 0;
  // The first byte chooses the options and the entry point.
  const sql::ParseOptions options{.ansi = (data[0] & 1) == 0,
                                  .enforce_reserved_keywords = (data[0] & 2) != 0,
                                  .double_quoted_identifiers = (data[0] & 4) != 0,
                                  .escaped_string_literals = (data[0] & 8) != 0};
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto script = sql::ParseScript(text, options);
  if (!script.ok()) {
    (void)script.error().ToString();
    (void)sql::PointAt(text, script.error().at);
  }
  for (const auto part : sql::SplitScript(text)) {
    const auto expr = sql::ParseExpression(part, options);
    if (expr.ok()) (void)sql::SparkName(expr.value());
  }
  (void)sql::ParseType(text);
  (void)sql::ParseSchema(text);
  return 0;
}
