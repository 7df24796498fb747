#include "app/row_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/text_table.h"

namespace tidemill::app {
namespace {

using Json = nlohmann::ordered_json;

std::string Cell(const engine::Rows& rows, const std::vector<plan::Value>& row, size_t column) {
  return plan::ToSparkText(row[column], rows.schema.fields[column].type);
}

std::string CsvField(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

Json JsonCell(const engine::Rows& rows, const std::vector<plan::Value>& row, size_t column) {
  const auto& value = row[column];
  const auto& type = rows.schema.fields[column].type;
  if (value.is_null()) return nullptr;
  if (type.is(plan::TypeId::kBoolean)) return std::get<bool>(value.data);
  if (type.is_integral()) return std::get<int64_t>(value.data);
  if (type.is_fractional()) return std::get<double>(value.data);
  return Cell(rows, row, column);
}

// One text of several lines is a page to read (a plan, a CREATE TABLE), not a cell.
bool IsPage(const engine::Rows& rows) {
  return rows.rows.size() == 1 && rows.schema.fields.size() == 1 &&
         Cell(rows, rows.rows[0], 0).find('\n') != std::string::npos;
}

// What would break the frame is written as in a string literal, as show() does.
std::string InFrame(const std::string& text) {
  constexpr std::string_view kBreaking = "\n\r\t\f\b\v\a";
  constexpr std::string_view kLetters = "nrtfbva";
  std::string escaped;
  for (const char c : text) {
    const size_t at = kBreaking.find(c);
    escaped += at == std::string_view::npos ? std::string(1, c) : std::string("\\") + kLetters[at];
  }
  return escaped;
}

std::string Dump(const Json& json, int indent) { return json.dump(indent, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::string AsTable(const session::Answer& answer) {
  const auto& rows = answer.rows;
  const size_t columns = rows.schema.fields.size();
  if (columns == 0) return "";
  if (IsPage(rows)) return Cell(rows, rows.rows[0], 0) + "\n";
  std::vector<std::vector<std::string>> cells;
  std::vector<size_t> widths;
  std::vector<std::string> names;
  for (const auto& field : rows.schema.fields) {
    names.push_back(InFrame(field.name));
    widths.push_back(std::max<size_t>(TextWidth(names.back()), 3));
  }
  for (const auto& row : rows.rows) {
    auto& line = cells.emplace_back();
    for (size_t i = 0; i < columns; ++i) {
      line.push_back(InFrame(Cell(rows, row, i)));
      widths[i] = std::max(widths[i], TextWidth(line.back()));
    }
  }
  std::string rule = "+";
  for (const size_t width : widths) rule += std::string(width, '-') + "+";
  const auto print = [&](const auto& text_of) {
    std::string line = "|";
    for (size_t i = 0; i < columns; ++i) {
      const std::string text = text_of(i);
      line += std::string(widths[i] - TextWidth(text), ' ') + text + "|";
    }
    return line + "\n";
  };
  std::string text = rule + "\n" + print([&](size_t i) { return names[i]; }) + rule + "\n";
  for (const auto& line : cells) text += print([&](size_t i) { return line[i]; });
  return text + rule + "\n" + fmt::format("{} row{}\n", cells.size(), cells.size() == 1 ? "" : "s");
}

std::string AsTsv(const session::Answer& answer) {
  const auto& rows = answer.rows;
  std::string text;
  for (const auto& line : answer.lines) text += line + "\n";
  if (!text.empty()) return text;
  for (const auto& row : rows.rows) {
    for (size_t i = 0; i < row.size(); ++i) text += (i == 0 ? "" : "\t") + Cell(rows, row, i);
    text += "\n";
  }
  return text;
}

std::string AsCsv(const session::Answer& answer) {
  const auto& rows = answer.rows;
  std::string text;
  for (size_t i = 0; i < rows.schema.fields.size(); ++i)
    text += (i == 0 ? "" : ",") + CsvField(rows.schema.fields[i].name);
  if (!text.empty()) text += "\n";
  for (const auto& row : rows.rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      text += (i == 0 ? "" : ",") + (row[i].is_null() ? "" : CsvField(Cell(rows, row, i)));
    }
    text += "\n";
  }
  return text;
}

std::string AsJson(const session::Answer& answer) {
  const auto& rows = answer.rows;
  Json list = Json::array();
  for (const auto& row : rows.rows) {
    Json object = Json::object();
    for (size_t i = 0; i < row.size(); ++i) object[rows.schema.fields[i].name] = JsonCell(rows, row, i);
    list.push_back(std::move(object));
  }
  return Dump(list, 2) + "\n";
}

std::string AsJsonLine(std::string_view sql, const Result<session::Answer>& result, Micros took) {
  Json json = {{"sql", sql}, {"schema", nullptr}, {"rows", Json::array()}, {"error", nullptr}};
  if (result.ok()) {
    const auto& rows = result->rows;
    json["schema"] = rows.schema.ToString();
    for (const auto& line : result->lines) json["rows"].push_back(Json::array({line}));
    for (size_t r = 0; r < rows.rows.size() && result->lines.empty(); ++r) {
      Json cells = Json::array();
      for (size_t i = 0; i < rows.rows[r].size(); ++i) cells.push_back(Cell(rows, rows.rows[r], i));
      json["rows"].push_back(std::move(cells));
    }
  } else {
    const Error& error = result.error();
    const std::string error_class =
        error.error_class.empty() ? std::string(ErrorKindName(error.kind)) : error.error_class;
    json["error"] = {{"class", error_class}, {"sqlstate", error.sqlstate}, {"message", error.ToString()}};
  }
  json["ms"] = static_cast<double>(took.count()) / 1000;
  return Dump(json, -1) + "\n";
}

}  // namespace tidemill::app
