// xml_text.h: XML text as the events that Spark's reader of it sees (StaxXmlParserUtils): no comments, no instructions,
// text in one piece between them, names with their prefix. Strict as to what is well formed. A DOCTYPE, and with it
// every entity but the five of XML, is never read. Pure functions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plan/type.h"

namespace tidemill::sql {

struct XmlEvent {
  enum class Kind {
    kStart,
    kEnd,
    kText,
    kEndOfDocument,
    kMalformed  // the last one: what follows cannot be read
  };
  Kind kind;
  std::string text{};  // an element's name, or text
  std::vector<std::pair<std::string, std::string>> attributes{};
};

struct XmlEvents {
  std::vector<XmlEvent> events;
  bool well_formed = false;
  bool has_doctype = false;
};
XmlEvents ReadXml(const std::string& text);

bool IsBlankText(std::string_view text);

struct XmlOptions {
  std::string attribute_prefix = "_";
  std::string value_tag = "_VALUE";
  std::optional<std::string> null_value;
  bool keep_spaces = false;
  bool without_attributes = false;
};
// Names in lower case; others than these five are not looked at.
XmlOptions XmlOptionsOf(const std::map<std::string, std::string>& options);

// The names and values of the attributes as fields.
std::vector<std::pair<std::string, std::string>> AttributeFields(
    const std::vector<std::pair<std::string, std::string>>& attributes, const XmlOptions& options);

// The type schema_of_xml finds. Nothing: the text is malformed.
std::optional<plan::DataType> XmlType(const XmlEvents& events, const XmlOptions& options);

}  // namespace tidemill::sql
