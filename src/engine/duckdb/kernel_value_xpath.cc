// xpath and its kin: XPath 1.0 over a document that was found well formed.
#include <cmath>
#include <limits>
#include <pugixml.hpp>

#include "engine/duckdb/kernel_value.h"
#include "sql/xml_text.h"

namespace tidemill::engine::duckdb {

using plan::TypeId;
using plan::Value;

namespace {

// Prefixes mean something else to Java's XPath than to this one.
bool HasPrefix(std::string_view path) {
  char quote = '\0';
  for (size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (quote != '\0') {
      quote = c == quote ? '\0' : quote;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == ':') {
      if (i + 1 == path.size() || path[i + 1] != ':') return true;
      ++i;
    }
  }
  return false;
}

bool HasPrefix(const sql::XmlEvents& events) {
  for (const auto& event : events.events) {
    if (event.kind != sql::XmlEvent::Kind::kStart) continue;
    if (event.text.find(':') != std::string::npos) return true;
    for (const auto& [name, value] : event.attributes) {
      if (name.find(':') != std::string::npos || name == "xmlns") return true;
    }
  }
  return false;
}

// As Java's XPath writes a number.
std::string NumberText(double number) {
  std::string text = plan::DoubleToJavaText(number);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

Value Number(double number, TypeId type) {
  auto whole = [&](int64_t least, int64_t most) -> int64_t {
    if (std::isnan(number)) return 0;
    if (number <= static_cast<double>(least)) return least;
    return number >= static_cast<double>(most) ? most : static_cast<int64_t>(number);
  };
  const int64_t as_int = whole(std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max());
  if (type == TypeId::kInt) return {as_int};
  if (type == TypeId::kShort) return {int64_t{static_cast<int16_t>(as_int)}};
  if (type == TypeId::kLong) return {whole(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max())};
  return {type == TypeId::kFloat ? static_cast<double>(static_cast<float>(number)) : number};
}

Value Nodes(Row& row, const pugi::xpath_query& query, const pugi::xml_document& document) {
  std::vector<Value> values;
  auto nodes = query.evaluate_node_set(document);
  nodes.sort();
  for (const auto& found : nodes) {
    if (found.attribute()) {
      values.push_back({std::string(found.attribute().value())});
      continue;
    }
    const auto type = found.node().type();
    const bool text = type == pugi::node_pcdata || type == pugi::node_cdata;
    const auto before = found.node().previous_sibling().type();
    if (text && (before == pugi::node_pcdata || before == pugi::node_cdata)) row.Refuse("XPath to text beside a CDATA");
    const bool valued = text || type == pugi::node_comment || type == pugi::node_pi;
    values.push_back(valued ? Value{std::string(found.node().value())} : Value{});
  }
  return ChildrenValue(std::move(values));
}

// (text, path)
Value Path(Row& row, const ValueCall& call) {
  const std::string &text = call.text(0), &path = call.text(1);
  if (text.empty() || path.empty()) return {};
  const auto events = sql::ReadXml(text);
  const bool prefixed = HasPrefix(path) || HasPrefix(events);
  if (events.has_doctype || prefixed) {
    row.Refuse(prefixed ? "XPath with namespaces" : "XML with a DOCTYPE");
    return {};
  }
  if (path.find('$') != std::string::npos) {
    row.Refuse("XPath with variables");
    return {};
  }
  try {
    const pugi::xpath_query query(path.c_str());
    pugi::xml_document document;
    const auto read = document.load_buffer(
        text.data(), text.size(), pugi::parse_default | pugi::parse_ws_pcdata | pugi::parse_comments | pugi::parse_pi,
        pugi::encoding_utf8);
    if (!events.well_formed || !read) {
      row.Fail("", "", "Error loading expression '" + path + "': the XML is malformed");
      return {};
    }
    switch (call.result.id()) {
      case TypeId::kArray:
        if (query.return_type() == pugi::xpath_type_node_set) return Nodes(row, query, document);
        row.Fail("", "", "The XPath '" + path + "' gives no nodes");
        return {};
      case TypeId::kBoolean:
        return {query.evaluate_boolean(document)};
      case TypeId::kString: {
        if (query.return_type() != pugi::xpath_type_number) return {query.evaluate_string(document)};
        const std::string number = NumberText(query.evaluate_number(document));
        if (number.find('E') != std::string::npos) row.Refuse("XPath to the text of so large or small a number");
        return {number};
      }
      default:
        return Number(query.evaluate_number(document), call.result.id());
    }
  } catch (const pugi::xpath_exception& error) {
    row.Fail("", "", "Invalid XPath '" + path + "': " + error.what());
    return {};
  }
}

}  // namespace

std::span<const ValueRow> XpathValues() {
  static constexpr ValueRow kRows[] = {{"xpath", Path},       {"xpath_boolean", Path}, {"xpath_double", Path},
                                       {"xpath_float", Path}, {"xpath_int", Path},     {"xpath_long", Path},
                                       {"xpath_short", Path}, {"xpath_string", Path}};
  return kRows;
}

}  // namespace tidemill::engine::duckdb
