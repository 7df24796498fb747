// from_xml (StaxXmlParser) and to_xml (StaxXmlGenerator).
#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>

#include "engine/duckdb/kernel_value.h"
#include "engine/duckdb/record_text.h"
#include "engine/duckdb/text_values.h"
#include "sql/literal_text.h"
#include "sql/xml_text.h"

namespace tidemill::engine::duckdb {

using plan::DataType;
using plan::Field;
using plan::TypeId;
using plan::Value;
using sql::XmlEvent;
using Kind = sql::XmlEvent::Kind;
using Attributes = std::vector<std::pair<std::string, std::string>>;

namespace {

// ---- from_xml ----

bool SameName(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

int FieldOf(const std::vector<Field>& fields, std::string_view name) {
  auto found = std::ranges::find_if(fields, [&](const Field& f) { return SameName(f.name, name); });
  return found == fields.end() ? -1 : static_cast<int>(found - fields.begin());
}

std::string_view Trimmed(std::string_view text) {
  const auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// Spark's reader pulls events, and after a value that does not convert goes on where it stood: what it then takes for
// the end of the record is the end here too.
class XmlReader {
 public:
  XmlReader(Row& row, const ValueCall& call, const TextRules& rules, const sql::XmlEvents& events)
      : row_(row), call_(call), rules_(rules), options_(sql::XmlOptionsOf(rules)), events_(events.events) {}

  // NULL: malformed, or no value of the root's attributes or text converts.
  Value Root(const DataType& type) {
    while (Peek().kind == Kind::kText) ++at_;
    if (Peek().kind != Kind::kStart) return Bad();
    const Attributes attributes = Take().attributes;
    partly_ = false;
    auto record = Object(type, attributes);
    bad_ = bad_ || partly_ || !record;
    return record.value_or(Value{});
  }
  bool bad() const { return bad_; }

 private:
  using Read = std::optional<Value>;  // nothing: Spark's exception

  Value Bad() {
    bad_ = true;
    return {};
  }
  const XmlEvent& Peek() const { return events_[at_]; }
  const XmlEvent& Take() { return events_[at_ + 1 < events_.size() ? at_++ : at_]; }

  Read Convert(const std::string& text, const DataType& type) {
    const std::string value(options_.keep_spaces ? std::string_view(text) : Trimmed(text));
    if (options_.null_value == value) return Value{};
    switch (type.id()) {
      case TypeId::kLong:
      case TypeId::kInt:
      case TypeId::kFloat:
      case TypeId::kDouble: {
        const bool negative = value.starts_with('-');
        auto number = Number(negative || value.starts_with('+') ? value.substr(1) : value, type);
        if (!number || !negative) return number;
        if (const auto* real = std::get_if<double>(&number->data)) return Value{-*real};
        return Value{-std::get<int64_t>(number->data)};
      }
      case TypeId::kByte:
      case TypeId::kShort:
        return Number(value, type);
      case TypeId::kDecimal: {
        std::string plain = value;
        std::erase(plain, ',');
        auto digits = ParseDecimal(plain, type.precision(), type.scale());
        return digits ? Read(Value{*digits}) : std::nullopt;
      }
      case TypeId::kBoolean: {
        if (SameName(value, "true") || value == "1") return Value{true};
        if (SameName(value, "false") || value == "0") return Value{false};
        return std::nullopt;
      }
      case TypeId::kDate:
      case TypeId::kTimestamp:
      case TypeId::kTimestampNtz:
        return ReadTime(row_, call_, value, type, rules_, true);
      case TypeId::kString:
      case TypeId::kBinary:
        return Value{value};
      default:
        return std::nullopt;
    }
  }

  Read Number(const std::string& text, const DataType& type) {
    if (type.is_integral()) {
      const int bits = type.is(TypeId::kByte) ? 8 : type.is(TypeId::kShort) ? 16 : type.is(TypeId::kInt) ? 32 : 64;
      const int64_t most = std::numeric_limits<int64_t>::max() >> (64 - bits);
      auto whole = ParseInteger(text, -most - 1, most);
      return whole ? Read(Value{*whole}) : std::nullopt;
    }
    if (type.is(TypeId::kFloat)) {
      if (auto real = ParseFloat(text)) return Value{static_cast<double>(*real)};
    } else if (auto real = ParseDouble(text)) {
      return Value{*real};
    }
    // java.text.NumberFormat would read the number that the text begins with.
    const size_t sign = text.starts_with('-') ? 1 : 0;
    const bool number = text.size() > sign && (std::isdigit(static_cast<unsigned char>(text[sign])) ||
                                               text[sign] == '.' || text[sign] == ',' || (text[sign] & 0x80));
    if (number) row_.Refuse("a number of XML with other characters behind it");
    return std::nullopt;
  }

  // False: something else than blanks before the end of the element `name`.
  bool SkipEnd(const std::string& name) {
    for (;;) {
      const XmlEvent& event = Take();
      if (event.kind == Kind::kText && sql::IsBlankText(event.text)) continue;
      return event.kind == Kind::kEnd && event.text == name;
    }
  }

  bool SkipElement() {
    for (int depth = 1; depth > 0;) {
      const XmlEvent& event = Take();
      if (event.kind == Kind::kMalformed || event.kind == Kind::kEndOfDocument) return false;
      depth += event.kind == Kind::kStart ? 1 : event.kind == Kind::kEnd ? -1 : 0;
    }
    return true;
  }

  // What stands in the element, as XML again, with nothing escaped.
  std::optional<std::string> Inside(const std::string& name) {
    std::string text;
    int depth = 0;
    do {
      const XmlEvent& event = Take();
      if (event.kind == Kind::kMalformed || event.kind == Kind::kEndOfDocument) return std::nullopt;
      if (event.kind == Kind::kText) text += event.text;
      if (event.kind == Kind::kEnd) {
        text += "</" + event.text + ">";
        --depth;
      }
      if (event.kind == Kind::kStart) {
        text += "<" + event.text;
        for (const auto& [key, value] : event.attributes) text += " " + key + "=\"" + value + "\"";
        text += ">";
        ++depth;
      }
    } while (Peek().kind != Kind::kEnd || depth > 0);
    return SkipEnd(name) ? std::optional(text) : std::nullopt;
  }

  // The value of the element `name`, whose start has been passed.
  Read Element(const DataType& type, const std::string& name, const Attributes& attributes = {}) {
    const XmlEvent event = Peek();
    if (event.kind == Kind::kMalformed || event.kind == Kind::kEndOfDocument) return std::nullopt;
    if (event.kind == Kind::kEnd) {
      if (!SkipEnd(name)) return std::nullopt;
      if (type.is(TypeId::kString) && options_.null_value != "") return Value{std::string()};
      return Value{};
    }
    if (type.is(TypeId::kString)) {
      auto text = Inside(name);
      return text ? Convert(*text, type) : std::nullopt;
    }
    if (type.is(TypeId::kStruct)) return Object(type, {});
    if (event.kind == Kind::kStart) {
      if (type.is(TypeId::kMap)) return Map(type, attributes);
      return type.is(TypeId::kArray) ? Element(type.element(), name) : std::nullopt;
    }
    if (type.is(TypeId::kArray)) {
      ++at_;
      auto value = Convert(event.text, type.element());
      return value && SkipEnd(name) ? value : std::nullopt;
    }
    if (sql::IsBlankText(event.text)) {
      ++at_;
      return Element(type, name, attributes);
    }
    auto value = Convert(event.text, type);
    if (!value) return std::nullopt;
    ++at_;
    return SkipEnd(name) ? value : std::nullopt;
  }

  Read Map(const DataType& type, const Attributes& attributes) {
    std::vector<Value> entries;
    auto put = [&](const std::string& key, const Value& value) {
      for (size_t i = 0; i < entries.size(); i += 2) {
        if (std::get<std::string>(entries[i].data) == key) row_.Refuse("from_xml to a map with a name twice");
      }
      entries.push_back({key});
      entries.push_back(value);
    };
    for (const auto& [name, text] : attributes) {
      auto value = Convert(text, type.value());
      if (!value) return std::nullopt;
      put(options_.attribute_prefix + name, *value);
    }
    for (;;) {
      const XmlEvent event = Take();
      Read value;
      if (event.kind == Kind::kMalformed) return std::nullopt;
      if (event.kind == Kind::kEnd || event.kind == Kind::kEndOfDocument) return ChildrenValue(std::move(entries));
      if (event.kind == Kind::kText && sql::IsBlankText(event.text)) continue;
      const bool text = event.kind == Kind::kText;
      value = text ? Convert(event.text, type.value()) : Element(type.value(), event.text);
      if (!value) return std::nullopt;
      put(text ? options_.value_tag : event.text, *value);
    }
  }

  bool SetAttributes(const std::vector<Field>& fields, const Attributes& attributes, std::vector<Value>& values) {
    for (const auto& [name, text] : sql::AttributeFields(attributes, options_)) {
      const int at = FieldOf(fields, name);
      if (at < 0) continue;
      auto value = Convert(text, fields[at].type);
      if (!value) return false;
      values[at] = *value;
    }
    return true;
  }

  // An element with attributes as a struct. The attributes are converted first.
  Read ObjectWithAttributes(const DataType& type, const std::string& name, const Attributes& attributes) {
    const auto& fields = type.fields();
    std::vector<Value> marks(fields.size());
    if (!SetAttributes(fields, attributes, marks)) return std::nullopt;
    auto value = Element(type, name);
    if (!value) return std::nullopt;
    auto values = value->is_null() ? std::vector<Value>(fields.size()) : *std::get<Value::Children>(value->data);
    SetAttributes(fields, attributes, values);
    return ChildrenValue(std::move(values));
  }

  static void Append(Value& list, const Value& value) {
    auto items = list.is_null() ? std::vector<Value>() : *std::get<Value::Children>(list.data);
    items.push_back(value);
    list = ChildrenValue(std::move(items));
  }

  // One child element of an object. False: Spark's exception.
  bool Child(const std::vector<Field>& fields, const XmlEvent& start, std::vector<Value>& values) {
    const int at = FieldOf(fields, start.text);
    if (at < 0) {
      const int any = FieldOf(fields, "xs_any");
      if (any < 0) return SkipElement();
      auto value = Element(TypeId::kString, start.text);
      if (!value) return false;
      if (fields[any].type.is(TypeId::kArray)) {
        Append(values[any], *value);
      } else {
        values[any] = *value;
      }
      return true;
    }
    const DataType& type = fields[at].type;
    const bool list = type.is(TypeId::kArray);
    const DataType& one = list ? type.element() : type;
    auto value = one.is(TypeId::kStruct) ? ObjectWithAttributes(one, start.text, start.attributes)
                                         : Element(one, start.text, list ? Attributes{} : start.attributes);
    if (!value) return false;
    if (list) {
      Append(values[at], *value);
    } else {
      values[at] = *value;
    }
    return true;
  }

  // Spark's convertObject: a child that fails leaves the rest to be read, and the object counts as partial: only of
  // the root is such a part kept.
  Read Object(const DataType& type, const Attributes& attributes) {
    const auto& fields = type.fields();
    std::vector<Value> values(fields.size());
    if (!SetAttributes(fields, attributes, values)) return std::nullopt;
    const bool root = depth_++ == 0;
    bool partly = false;
    for (;;) {
      const XmlEvent event = Take();
      if (event.kind == Kind::kMalformed || row_.failed()) return std::nullopt;
      if (event.kind == Kind::kEnd || event.kind == Kind::kEndOfDocument) break;
      if (event.kind == Kind::kStart) partly = !Child(fields, event, values) || partly;
      if (event.kind != Kind::kText || sql::IsBlankText(event.text)) continue;
      const auto found = std::ranges::find(fields, options_.value_tag, &Field::name);
      if (found == fields.end()) continue;
      const bool list = found->type.is(TypeId::kArray);
      auto value = Convert(event.text, list ? found->type.element() : found->type);
      if (!value) return std::nullopt;
      if (list) {
        Append(values[found - fields.begin()], *value);
      } else {
        values[found - fields.begin()] = *value;
      }
    }
    --depth_;
    if (partly && !root) return std::nullopt;
    partly_ = partly;
    return ChildrenValue(std::move(values));
  }

  Row& row_;
  const ValueCall& call_;
  const TextRules& rules_;
  const sql::XmlOptions options_;
  const std::vector<XmlEvent>& events_;
  size_t at_ = 0;
  int depth_ = 0;
  bool partly_ = false;
  bool bad_ = false;
};

// (text, options, NULL of the type with its instants)
Value FromXml(Row& row, const ValueCall& call) {
  if (call.null(0)) return {};
  const auto rules = RulesOf(call, 1);
  const auto events = sql::ReadXml(call.text(0));
  if (events.has_doctype) {
    row.Refuse("XML with a DOCTYPE");
    return {};
  }
  XmlReader reader(row, call, rules, events);
  const Value record = reader.Root(call.types[2]);
  if (row.failed()) return {};
  return Settled(row, record, reader.bad(), call.text(0), call.types[2], rules);
}

// ---- to_xml ----

std::string Escaped(std::string_view text, bool attribute) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '\r') {
      out += "&#xd;";
    } else if (attribute && c == '"') {
      out += "&quot;";
    } else if (attribute && (c == '\n' || c == '\t')) {
      out += c == '\n' ? "&#xa;" : "&#x9;";
    } else if (!attribute && c == '>' && (i == 0 || text[i - 1] == ']')) {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

bool IsXmlName(std::string_view name) {
  auto first = [](unsigned char c) { return std::isalpha(c) || c == '_' || c == ':' || c >= 0x80; };
  if (name.empty() || !first(name[0])) return false;
  return std::ranges::all_of(name,
                             [&](unsigned char c) { return first(c) || std::isdigit(c) || c == '-' || c == '.'; });
}

class XmlWriter {
 public:
  XmlWriter(Row& row, const TextRules& rules) : row_(row), options_(sql::XmlOptionsOf(rules)), rules_(rules) {}

  std::string Write(const Value& value, const Value& local, const DataType& type) {
    Element(Rule("rowtag", "ROW"), value, local, type);
    return Indent().empty() ? out_ + "\n" : out_;
  }

 private:
  std::string Rule(const char* name, const std::string& otherwise) const {
    const auto found = rules_.find(name);
    return found == rules_.end() ? otherwise : found->second;
  }
  std::string Indent() const { return Rule("indent", "    "); }
  void Break() {
    if (Indent().empty()) return;
    out_ += "\n";
    for (int i = 0; i < depth_; ++i) out_ += Indent();
  }

  // The start tag stays open for attributes until something follows.
  void CloseStart() {
    if (open_) out_ += ">";
    open_ = false;
  }
  void Start(const std::string& name) {
    if (!IsXmlName(name)) row_.Fail("", "", "Illegal name of an XML element: " + name);
    CloseStart();
    if (depth_ > 0) Break();
    out_ += "<" + name;
    open_ = true;
    holds_elements_ = false;
    ++depth_;
  }
  void End(const std::string& name) {
    --depth_;
    if (holds_elements_) Break();
    if (open_) {
      out_ += "/>";
    } else {
      out_ += "</" + name + ">";
    }
    open_ = false;
    holds_elements_ = true;
  }
  void Text(std::string_view text) {
    const auto control = [](unsigned char c) { return c < ' ' && c != '\t' && c != '\n' && c != '\r'; };
    if (std::ranges::any_of(text, control)) row_.Fail("", "", "Invalid white space character in text to output");
    CloseStart();
    out_ += Escaped(text, false);
    holds_elements_ = false;
  }

  bool IsAttribute(const std::string& name) const {
    return name.starts_with(options_.attribute_prefix) && name != options_.value_tag;
  }

  void Element(const std::string& name, const Value& value, const Value& local, const DataType& type) {
    const bool null = value.is_null() || type.is(TypeId::kNull);
    if (null && !options_.null_value) return;
    if (name == options_.value_tag) return Content(value, local, type);
    Start(name);
    Content(value, local, type);
    End(name);
  }

  void Child(const std::string& name, const Value& value, const Value& local, const DataType& type) {
    if (IsAttribute(name)) return Attribute(name.substr(options_.attribute_prefix.size()), value, type);
    if (!type.is(TypeId::kArray) || value.is_null()) return Element(name, value, local, type);
    const auto &items = *std::get<Value::Children>(value.data), &locals = *std::get<Value::Children>(local.data);
    for (size_t i = 0; i < items.size(); ++i) Element(name, items[i], locals[i], type.element());
  }

  // As Spark holds the value inside: dates and times are numbers.
  void Attribute(const std::string& name, const Value& value, const DataType& type) {
    if (value.is_null() && !options_.null_value) return;
    if (!value.is_null() && type.is_nested()) row_.Refuse("to_xml with a nested value as an attribute");
    if (!IsXmlName(name)) row_.Fail("", "", "Illegal name of an XML attribute: " + name);
    if (!open_) row_.Refuse("to_xml with an attribute behind text");
    const auto* number = std::get_if<int64_t>(&value.data);
    const std::string text = value.is_null() ? *options_.null_value
                             : number        ? std::to_string(*number)
                                             : Scalar(value, value, type);
    out_ += " " + name + "=\"" + Escaped(text, true) + "\"";
  }

  std::string Scalar(const Value& value, const Value& local, const DataType& type) {
    if (type.is_datetime()) {
      return WriteTime(row_, value, local, type, Rule("dateformat", ""), Rule("timestampformat", ""));
    }
    if (type.is(TypeId::kString)) return std::get<std::string>(value.data);
    if (type.is(TypeId::kDecimal)) return sql::LiteralText({value, type});
    return plan::ToSparkText(value, type);
  }

  void Content(const Value& value, const Value& local, const DataType& type) {
    if (row_.failed()) return;
    if (value.is_null()) return Text(*options_.null_value);
    if (!type.is_nested()) return Text(Scalar(value, local, type));
    const auto &values = *std::get<Value::Children>(value.data), &locals = *std::get<Value::Children>(local.data);
    if (type.is(TypeId::kArray)) {
      for (size_t i = 0; i < values.size(); ++i) {
        Child(Rule("arrayelementname", "item"), values[i], locals[i], type.element());
      }
      return;
    }
    for (const bool attributes : {true, false}) {
      if (type.is(TypeId::kStruct)) {
        for (size_t i = 0; i < values.size(); ++i) {
          const auto& field = type.fields()[i];
          if (IsAttribute(field.name) == attributes) Child(field.name, values[i], locals[i], field.type);
        }
        continue;
      }
      for (size_t i = 0; i + 1 < values.size(); i += 2) {
        const auto& key = std::get<std::string>(values[i].data);
        if (IsAttribute(key) == attributes) Child(key, values[i + 1], locals[i + 1], type.value());
      }
    }
  }

  Row& row_;
  const sql::XmlOptions options_;
  const TextRules& rules_;
  std::string out_;
  int depth_ = 0;
  bool open_ = false;
  bool holds_elements_ = false;  // the last thing written in the open element is an element
};

// (struct, the same with local times, options)
Value ToXml(Row& row, const ValueCall& call) {
  const auto rules = RulesOf(call, 2);
  XmlWriter writer(row, rules);
  return {writer.Write(call.args[0], call.args[1], call.types[0])};
}

}  // namespace

std::span<const ValueRow> XmlValues() {
  static constexpr ValueRow kRows[] = {{"from_xml", FromXml, ValueRow::Nulls::kSees}, {"to_xml", ToXml}};
  return kRows;
}

}  // namespace tidemill::engine::duckdb
