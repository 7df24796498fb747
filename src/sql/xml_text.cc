#include "sql/xml_text.h"

#include "base/lower.h"

#include <expat.h>

#include <algorithm>
#include <cctype>
#include <memory>

#include "sql/coercion.h"
#include "sql/scalar_inference.h"

namespace tidemill::sql {

using plan::DataType;
using plan::Field;
using plan::TypeId;
using Kind = XmlEvent::Kind;

namespace {

// ---- Expat's callbacks ----

struct Collector {
  XML_Parser parser;
  XmlEvents read;
  bool text_open = false;  // the last event is text that more may be added to
};

Collector& Of(void* user) { return *static_cast<Collector*>(user); }

void OnStart(void* user, const XML_Char* name, const XML_Char** attributes) {
  XmlEvent event{Kind::kStart, name};
  for (; *attributes != nullptr; attributes += 2) event.attributes.emplace_back(attributes[0], attributes[1]);
  Of(user).read.events.push_back(std::move(event));
  Of(user).text_open = false;
}

void OnEnd(void* user, const XML_Char* name) {
  Of(user).read.events.push_back({Kind::kEnd, name});
  Of(user).text_open = false;
}

void OnText(void* user, const XML_Char* text, int size) {
  Collector& to = Of(user);
  if (!to.text_open) to.read.events.push_back({Kind::kText});
  to.read.events.back().text.append(text, static_cast<size_t>(size));
  to.text_open = true;
}

void OnComment(void* user, const XML_Char*) { Of(user).text_open = false; }
void OnInstruction(void* user, const XML_Char*, const XML_Char*) { Of(user).text_open = false; }

void OnDoctype(void* user, const XML_Char*, const XML_Char*, const XML_Char*, int) {
  Of(user).read.has_doctype = true;
  XML_StopParser(Of(user).parser, XML_FALSE);
}

// ---- XmlInferSchema ----

DataType Sorted(std::vector<Field> fields) {
  std::stable_sort(fields.begin(), fields.end(), [](const Field& a, const Field& b) { return a.name < b.name; });
  return DataType::Struct(std::move(fields));
}

class Inference {
 public:
  Inference(const XmlEvents& events, const XmlOptions& options) : events_(events.events), options_(options) {}

  // The object whose start, with these attributes, has been passed. Nothing: malformed.
  std::optional<DataType> Object(const std::vector<std::pair<std::string, std::string>>& attributes) {
    std::vector<Field> fields;
    for (const auto& [name, value] : AttributeFields(attributes, options_)) AddTo(fields, name, TypeOf(value));
    for (;;) {
      const XmlEvent& event = events_[at_];
      if (event.kind == Kind::kMalformed) return std::nullopt;
      ++at_;
      if (event.kind == Kind::kEnd || event.kind == Kind::kEndOfDocument) return Sorted(std::move(fields));
      if (event.kind == Kind::kText && !IsBlankText(event.text)) AddTo(fields, options_.value_tag, TypeOf(event.text));
      if (event.kind != Kind::kStart) continue;
      auto type = Element(AttributeFields(event.attributes, options_));
      if (!type) return std::nullopt;
      AddTo(fields, event.text, *type);
    }
  }

  bool SkipToRoot() {
    while (events_[at_].kind == Kind::kText) ++at_;
    return events_[at_].kind == Kind::kStart;
  }
  const XmlEvent& Take() { return events_[at_++]; }

 private:
  DataType TypeOf(const std::string& text) const {
    return options_.null_value == text ? DataType(TypeId::kNull) : InferredFromXml(text);
  }

  bool IsValue(const Field& field) const {
    return LowerAscii(field.name) == LowerAscii(options_.value_tag) && !field.type.is_nested();
  }

  std::optional<DataType> Element(const std::vector<std::pair<std::string, std::string>>& attributes) {
    DataType type;
    if (events_[at_].kind == Kind::kMalformed) return std::nullopt;
    if (events_[at_].kind == Kind::kEnd) {
      ++at_;
    } else {
      const bool text = events_[at_].kind == Kind::kText;
      auto object = Object({});
      if (!object) return std::nullopt;
      type = *object;
      if (text && type.fields().empty()) type = {};
      if (text && type.fields().size() == 1 && IsValue(type.fields()[0])) type = DataType(type.fields()[0].type);
    }
    if (attributes.empty()) return type;
    std::vector<Field> fields = type.fields();
    if (!type.is(TypeId::kStruct) && !type.is(TypeId::kNull)) fields.push_back({options_.value_tag, type});
    for (const auto& [name, value] : attributes) fields.push_back({name, TypeOf(value)});
    return Sorted(std::move(fields));
  }

  // Names that differ in case are one field, by the first of them; one that comes again is an array.
  void AddTo(std::vector<Field>& fields, const std::string& name, const DataType& type) {
    auto same = std::find_if(fields.begin(), fields.end(),
                             [&](const Field& f) { return LowerAscii(f.name) == LowerAscii(name); });
    if (same == fields.end()) {
      fields.push_back({name, type});
    } else {
      const DataType& old = same->type;
      same->type = DataType::Array(Merged(old.is(TypeId::kArray) ? old.element() : old, type));
    }
  }

  // XmlInferSchema.compatibleType.
  DataType Merged(const DataType& a, const DataType& b) {
    if (a.is(TypeId::kNull)) return b;
    if (b.is(TypeId::kNull)) return a;
    if (a.is(TypeId::kStruct) && b.is(TypeId::kStruct)) return MergedStructs(a, b);
    if (a.is(TypeId::kStruct)) return MergedValue(a, b);
    if (b.is(TypeId::kStruct)) return MergedValue(b, a);
    if (a.is(TypeId::kArray) && b.is(TypeId::kArray)) return DataType::Array(Merged(a.element(), b.element()));
    if (a.is(TypeId::kArray)) return DataType::Array(Merged(a.element(), b));
    if (b.is(TypeId::kArray)) return DataType::Array(Merged(a, b.element()));
    auto common = TightestCommonType(a, b, TypeRules::kLegacy);
    return common ? *common : DataType(TypeId::kString);
  }

  DataType MergedStructs(const DataType& a, const DataType& b) {
    std::vector<Field> fields = a.fields();
    for (const auto& field : b.fields()) {
      auto same = std::find_if(fields.begin(), fields.end(),
                               [&](const Field& f) { return LowerAscii(f.name) == LowerAscii(field.name); });
      if (same == fields.end()) {
        fields.push_back(field);
      } else {
        same->type = Merged(same->type, field.type);
      }
    }
    return Sorted(std::move(fields));
  }

  // An object that holds a value beside its parts, and a plain value.
  DataType MergedValue(const DataType& object, const DataType& value) {
    std::vector<Field> fields = object.fields();
    auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return IsValue(f); });
    if (found == fields.end()) return TypeId::kString;
    found->type = Merged(found->type, value);
    return DataType::Struct(std::move(fields));
  }

  const std::vector<XmlEvent>& events_;
  const XmlOptions& options_;
  size_t at_ = 0;
};

// What was never seen but empty is a string; an object without parts is left out.
std::optional<DataType> Canonical(const DataType& type) {
  if (type.is(TypeId::kNull)) return TypeId::kString;
  if (type.is(TypeId::kArray)) {
    auto element = Canonical(type.element());
    return element ? std::optional(DataType::Array(*element)) : std::nullopt;
  }
  if (!type.is(TypeId::kStruct)) return type;
  std::vector<Field> fields;
  for (const auto& field : type.fields()) {
    if (auto kept = Canonical(field.type); kept && !field.name.empty()) fields.push_back({field.name, *kept});
  }
  if (fields.empty()) return std::nullopt;
  return DataType::Struct(std::move(fields));
}

}  // namespace

XmlEvents ReadXml(const std::string& text) {
  std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser(XML_ParserCreate("UTF-8"), XML_ParserFree);
  Collector to{parser.get(), {}, false};
  XML_SetUserData(parser.get(), &to);
  XML_SetElementHandler(parser.get(), OnStart, OnEnd);
  XML_SetCharacterDataHandler(parser.get(), OnText);
  XML_SetCommentHandler(parser.get(), OnComment);
  XML_SetProcessingInstructionHandler(parser.get(), OnInstruction);
  XML_SetStartDoctypeDeclHandler(parser.get(), OnDoctype);
  to.read.well_formed = XML_Parse(parser.get(), text.data(), static_cast<int>(text.size()), XML_TRUE) == XML_STATUS_OK;
  to.read.events.push_back({to.read.well_formed ? Kind::kEndOfDocument : Kind::kMalformed});
  return std::move(to.read);
}

bool IsBlankText(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; });
}

XmlOptions XmlOptionsOf(const std::map<std::string, std::string>& options) {
  XmlOptions made;
  auto find = [&](const char* name) -> const std::string* {
    auto found = options.find(name);
    return found == options.end() ? nullptr : &found->second;
  };
  if (auto* text = find("attributeprefix")) made.attribute_prefix = *text;
  if (auto* text = find("valuetag")) made.value_tag = *text;
  if (auto* text = find("nullvalue")) made.null_value = *text;
  if (auto* text = find("ignoresurroundingspaces")) made.keep_spaces = LowerAscii(*text) == "false";
  if (auto* text = find("excludeattribute")) made.without_attributes = LowerAscii(*text) == "true";
  return made;
}

std::vector<std::pair<std::string, std::string>> AttributeFields(
    const std::vector<std::pair<std::string, std::string>>& attributes, const XmlOptions& options) {
  std::vector<std::pair<std::string, std::string>> fields;
  if (options.without_attributes) return fields;
  for (const auto& [name, value] : attributes) fields.emplace_back(options.attribute_prefix + name, value);
  return fields;
}

std::optional<DataType> XmlType(const XmlEvents& events, const XmlOptions& options) {
  Inference inference(events, options);
  if (!inference.SkipToRoot()) return std::nullopt;
  auto type = inference.Object(inference.Take().attributes);
  if (!type) return std::nullopt;
  auto canonical = Canonical(*type);
  return canonical ? *canonical : DataType::Struct({});
}

}  // namespace tidemill::sql
