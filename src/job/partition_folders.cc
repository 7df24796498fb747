#include "job/partition_folders.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>

#include "base/names.h"
#include "delta/partition_value.h"
#include "delta/path.h"

namespace tidemill::job {
namespace {

using plan::DataType;
using plan::TypeId;
using Texts = std::vector<std::optional<std::string>>;  // of one column, one a file

struct Folders {
  std::vector<std::string> names;
  std::vector<std::optional<std::string>> values;
};

constexpr std::string_view kNull = "__HIVE_DEFAULT_PARTITION__";

// The folders between the root and the file that are name=value.
Result<Folders> FoldersOf(const std::string& root, const std::string& path) {
  Folders folders;
  std::string_view below = std::string_view(path).substr(root.size() + 1);
  for (size_t slash; (slash = below.find('/')) != std::string_view::npos; below.remove_prefix(slash + 1)) {
    const std::string_view part = below.substr(0, slash);
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    if (equals + 1 == part.size())
      return InvalidArgument(fmt::format("the folder {} of {} names no value", part, path));
    ASSIGN_OR_RETURN(auto name, delta::DecodePath(part.substr(0, equals)));
    ASSIGN_OR_RETURN(auto value, delta::DecodePath(part.substr(equals + 1)));
    folders.names.push_back(std::move(name));
    folders.values.push_back(value == kNull ? std::nullopt : std::optional(std::move(value)));
  }
  return folders;
}

bool MatchesDigits(std::string_view text, std::string_view form) {  // 'd' in the form: a digit
  return text.size() >= form.size() && std::equal(form.begin(), form.end(), text.begin(), [](char f, char c) {
           return f == 'd' ? c >= '0' && c <= '9' : c == f;
         });
}

// What Spark takes the text for (PartitioningUtils.inferPartitionColumnValue).
Result<DataType> TypeOf(const std::string& text) {
  std::string_view number = text;
  if (number.starts_with('+')) number.remove_prefix(1);
  int64_t whole = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), whole);
  if (end == number.data() + number.size() && !number.empty()) {
    if (error == std::errc::result_out_of_range)
      return Unimplemented(fmt::format("a partition value as large as {}", text));
    if (error == std::errc{}) return DataType(whole == static_cast<int32_t>(whole) ? TypeId::kInt : TypeId::kLong);
  }
  char* stop = nullptr;
  std::strtod(text.c_str(), &stop);
  if (!text.empty() && *stop == '\0') {
    // Spark finds a decimal in what has no digit behind its point.
    const bool plain = text.find_first_not_of("0123456789+-.") == std::string::npos && text.back() != '.';
    if (plain) return DataType(TypeId::kDouble);
    return Unimplemented(fmt::format("a partition value like {}", text));
  }
  if (MatchesDigits(text, "dddd-dd-dd")) {
    if (text.size() == 10 && delta::ParsePartitionValue(text, TypeId::kDate).ok()) return DataType(TypeId::kDate);
    if (MatchesDigits(text, "dddd-dd-dd dd"))
      return Unimplemented(fmt::format("a partition value of a time, {}", text));
  }
  return DataType(TypeId::kString);
}

// The type of a column with values of both (PartitioningUtils.findWiderTypeForPartitionColumn).
DataType Wider(const DataType& a, const DataType& b) {
  if (a == b) return a;
  const auto pair = [&](TypeId x, TypeId y) { return (a.is(x) && b.is(y)) || (a.is(y) && b.is(x)); };
  if (pair(TypeId::kInt, TypeId::kLong)) return TypeId::kLong;
  if (pair(TypeId::kInt, TypeId::kDouble)) return TypeId::kDouble;
  return TypeId::kString;
}

Result<DataType> TypeOf(const Texts& texts) {
  std::optional<DataType> type;
  for (const auto& text : texts) {
    if (!text) continue;
    ASSIGN_OR_RETURN(const auto one, TypeOf(*text));
    type = type ? Wider(*type, one) : one;
  }
  if (!type) return Unimplemented("a partition column that is NULL in every folder, whose type nothing tells");
  return *type;
}

Result<plan::Value> ValueOf(const std::optional<std::string>& text, const DataType& type) {
  if (text && type.is(TypeId::kString)) return plan::Value{*text};  // the empty text too
  if (text && type.is(TypeId::kDouble)) return plan::Value{std::strtod(text->c_str(), nullptr)};
  const bool sign = text && text->starts_with('+');
  return delta::ParsePartitionValue(sign ? std::optional(text->substr(1)) : text, type);
}

}  // namespace

Status AddPartitionFolders(const std::string& root, std::vector<engine::File>& files, plan::Schema& schema) {
  std::vector<std::string> names;
  std::vector<Texts> columns;
  std::vector<size_t> below;  // indexes of the files
  for (size_t i = 0; i < files.size(); ++i) {
    if (!files[i].path.starts_with(root + "/")) continue;
    ASSIGN_OR_RETURN(auto folders, FoldersOf(root, files[i].path));
    if (below.empty()) {
      names = folders.names;
      columns.resize(names.size());
    }
    if (!std::ranges::equal(names, folders.names,
                            [](const auto& a, const auto& b) { return SameIgnoringCase(a, b); })) {
      return InvalidArgument(fmt::format("{} and {} differ in their partition folders; read each by itself",
                                         files[below.empty() ? i : below[0]].path, files[i].path));
    }
    for (size_t c = 0; c < names.size(); ++c) columns[c].push_back(folders.values[c]);
    below.push_back(i);
  }
  for (size_t c = 0; c < names.size(); ++c) {
    int at = schema.IndexOf(names[c]);
    if (at >= 0 && static_cast<size_t>(at) + names.size() != schema.fields.size() + c) {
      return Unimplemented(
          fmt::format("the column {} of both the files and their folders; write it as one of the "
                      "last columns of a schema, where it is the folders'",
                      names[c]));
    }
    if (at < 0) {
      ASSIGN_OR_RETURN(auto type, TypeOf(columns[c]));
      at = static_cast<int>(schema.fields.size());
      schema.fields.push_back({names[c], std::move(type)});
    }
    const auto& field = schema.fields[static_cast<size_t>(at)];
    for (size_t i = 0; i < below.size(); ++i) {
      ASSIGN_OR_RETURN(files[below[i]].partition_values[field.name], ValueOf(columns[c][i], field.type));
    }
  }
  return Ok();
}

}  // namespace tidemill::job
