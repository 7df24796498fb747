#include "app/cluster_file.h"

#include <fmt/format.h>

#include <cstdio>

namespace tidemill::app {

Result<cloud::ClusterSpec> LoadCluster(Program& program, const std::string& file) {
  auto text = storage::ReadAll(*program.storage, program.AbsolutePath(file));
  if (!text.ok()) {
    if (text.error().kind != ErrorKind::kNotFound) return text.error();
    return InvalidArgument(fmt::format("there is no cluster file {0}; `tidemill cluster init {0}` writes one", file));
  }
  auto parsed = cloud::ParseCluster(*text, file, program.environment);
  for (const auto& diagnostic : parsed.diagnostics.Sorted()) {
    std::fprintf(stderr, "%s\n", diagnostic.ToString().c_str());
  }
  if (!parsed.diagnostics.has_errors()) return std::move(parsed.spec);
  const int errors = parsed.diagnostics.errors();
  return InvalidArgument(fmt::format("{} has {} mistake{}", file, errors, errors == 1 ? "" : "s"));
}

}  // namespace tidemill::app
