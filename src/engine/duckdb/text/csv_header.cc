#include "engine/duckdb/text/csv_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/names.h"
#include "base/utf8.h"
#include "engine/duckdb/text/csv_record.h"
#include "engine/duckdb/text/scan.h"

namespace tidemill::engine::duckdb::text {
namespace {

Status CheckNames(const Source& source, const File& file, const std::vector<std::string>& names) {
  const auto& fields = source.schema.fields;
  if (names.empty()) {
    return DataLoss(fmt::format("{} is empty: it has no header line (source {})", file.path, source.name));
  }
  for (size_t i = 0; i < std::min(names.size(), fields.size()); ++i) {
    if (SameIgnoringCase(names[i], fields[i].name)) continue;
    const char* hint = names.size() == 1 && fields.size() > 1 ? "; is the `delimiter` right?" : "";
    return InvalidArgument(fmt::format("{}: column {} of the header is '{}', the schema of source {} says '{}'{}",
                                       file.path, i + 1, names[i], source.name, fields[i].name, hint));
  }
  if (names.size() != fields.size()) {
    return InvalidArgument(fmt::format("{}: the header has {} columns, the schema of source {} has {}", file.path,
                                       names.size(), source.name, fields.size()));
  }
  return Ok();
}

}  // namespace

Result<std::vector<std::string>> FirstFields(storage::Storage& storage, Traffic& traffic, const Source& source,
                                             const File& file) {
  CsvSplitter splitter(source.text);
  ASSIGN_OR_RETURN(auto reader, RecordReader::Open(storage, traffic, file, {0, 0, std::numeric_limits<int64_t>::max()},
                                                   RecordEndsOf(source)));
  while (true) {
    ASSIGN_OR_RETURN(const auto record, reader->Next());
    if (!record) return std::vector<std::string>{};
    if (splitter.IsSkipped(*record)) continue;
    const char* wrong = IsUtf8(*record) ? splitter.Split(*record) : "it is not UTF-8";
    if (wrong != nullptr) return DataLoss(fmt::format("{}: the first line: {}", file.path, wrong));
    std::vector<std::string> texts;
    for (const auto& field : splitter.fields()) texts.emplace_back(field.text);
    return texts;
  }
}

Status CheckHeaders(storage::Storage& storage, Traffic& traffic, const Source& source) {
  for (const auto& file : source.files) {
    ASSIGN_OR_RETURN(const auto names, FirstFields(storage, traffic, source, file));
    RETURN_IF_ERROR(CheckNames(source, file, names));
  }
  return Ok();
}

}  // namespace tidemill::engine::duckdb::text
