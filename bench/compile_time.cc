// How long SQL takes from text to DuckDB's SQL: parsed, resolved, compiled. One JSON line a query.
//
//   compile_time FOLDER FILE.sql...     FOLDER holds TABLE.parquet; each file one query
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/duckdb/compile.h"
#include "engine/duckdb/engine.h"
#include "job/prepare.h"
#include "sql/parser.h"
#include "storage/storage.h"

namespace {

using namespace tidemill;
namespace fs = std::filesystem;

constexpr int kRounds = 9;

double Since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

Result<job::JobCatalog> Tables(const fs::path& folder) {
  const auto storage = storage::MakeLocal();
  const auto engine = engine::duckdb::MakeEngine(*storage);
  const engine::Cancel cancel{false};
  engine::SessionOptions options;
  options.temp_folder = fs::temp_directory_path() / "tidemill-compile-time";
  ASSIGN_OR_RETURN(const auto session, engine->Open(options, cancel, nullptr));
  job::JobCatalog catalog;
  for (const auto& entry : fs::directory_iterator(folder)) {
    engine::Source source;
    source.name = entry.path().stem();
    source.files = {{entry.path(), static_cast<int64_t>(fs::file_size(entry.path()))}};
    ASSIGN_OR_RETURN(auto schema, session->InferSchema(source));
    catalog.Add(source.name, std::move(schema));
  }
  return catalog;
}

struct Times {
  double parse = 1e9, resolve = 1e9, compile = 1e9;
};

Result<Times> Measure(const std::string& text, job::JobCatalog& catalog) {
  engine::duckdb::CompileOptions options;
  options.table_name = [](const std::string& table) { return table; };
  Times best;
  for (int round = 0; round < kRounds; ++round) {
    auto start = std::chrono::steady_clock::now();
    ASSIGN_OR_RETURN(const auto query, sql::ParseQuery(text));
    best.parse = std::min(best.parse, Since(start));
    start = std::chrono::steady_clock::now();
    ASSIGN_OR_RETURN(const auto relation, sql::ResolveQuery(query, catalog, {}));
    best.resolve = std::min(best.resolve, Since(start));
    start = std::chrono::steady_clock::now();
    ASSIGN_OR_RETURN(const auto sql, engine::duckdb::Compile(relation, options));
    best.compile = std::min(best.compile, Since(start));
    if (sql.empty()) return Internal("compiled to nothing");
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  auto catalog = Tables(argv[1]);
  if (!catalog.ok()) return std::fprintf(stderr, "%s\n", catalog.error().ToString().c_str()), 1;
  for (int i = 2; i < argc; ++i) {
    std::ifstream in(argv[i]);
    std::stringstream text;
    text << in.rdbuf();
    const std::string name = fs::path(argv[i]).stem();
    const auto times = Measure(text.str(), *catalog);
    if (!times.ok()) {
      std::fprintf(stderr, "%s: %s\n", name.c_str(), times.error().ToString().c_str());
      continue;
    }
    std::printf(R"({"query": "%s", "parse_ms": %.3f, "resolve_ms": %.3f, "compile_ms": %.3f})"
                "\n",
                name.c_str(), times->parse, times->resolve, times->compile);
  }
  return 0;
}
