#include "document/json_schema.h"

#include <nlohmann/json.hpp>

namespace tidemill::document {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kVariable = "\\$\\{";

// A value that is no text may still be written as ${VAR}.
Json OrVariable(Json type) {
  return {{"anyOf", Json::array({std::move(type), {{"type", "string"}, {"pattern", kVariable}}})}};
}

Json Pattern(std::string_view pattern) { return {{"type", "string"}, {"pattern", pattern}}; }

Json TypeSchema(const Key& key);

Json TextOrVariable(std::string_view pattern) {
  return Pattern("^(" + std::string(pattern) + ")$|" + std::string(kVariable));
}

Json ChoiceSchema(const Key& key) {
  Json words = Json::array();
  for (const auto word : key.allowed) words.push_back(word == "false" ? Json(false) : Json(word));
  return OrVariable({{"enum", words}});
}

Json SectionSchema(const Section& section) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const Key& key : section.keys) {
    Json property = TypeSchema(key);
    property["description"] = key.description;
    if (key.type == KeyType::kBoolean) {
      property["default"] = key.default_text == "true";
    } else if (!key.default_text.empty()) {
      property["default"] = key.default_text == "false" ? Json(false) : Json(key.default_text);
    }
    properties[std::string(key.name)] = std::move(property);
    if (key.required) required.push_back(key.name);
  }
  Json schema = {{"type", "object"},
                 {"description", section.description},
                 {"additionalProperties", false},
                 {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

Json Reference(const Section& section) { return {{"$ref", "#/$defs/" + std::string(section.name)}}; }

Json TypeSchema(const Key& key) {
  const Json text = {{"type", "string"}};
  const Json value = {{"type", Json::array({"string", "number", "boolean"})}};
  switch (key.type) {
    case KeyType::kText:
      return {{"type", Json::array({"string", "number"})}, {"minLength", 1}};
    case KeyType::kAnyText:
      return {{"type", Json::array({"string", "number", "boolean"})}};
    case KeyType::kName:
      return TextOrVariable("[A-Za-z_][A-Za-z0-9_]*");
    case KeyType::kJobName:
      return TextOrVariable("[A-Za-z0-9_][A-Za-z0-9._-]*");
    case KeyType::kInteger:
      return OrVariable({{"type", "integer"}, {"minimum", 0}});
    case KeyType::kBoolean:
      return OrVariable({{"type", "boolean"}});
    case KeyType::kChoice:
      return ChoiceSchema(key);
    case KeyType::kBytes:
      return {{"anyOf", Json::array({{{"type", "integer"}, {"minimum", 1}}, Pattern("^[0-9.]+ *[A-Za-z]*$|\\$\\{")})}};
    case KeyType::kDuration:
    case KeyType::kTime:
      return {{"type", "string"}, {"minLength", 1}};
    case KeyType::kShare:
      return {{"anyOf",
               Json::array({{{"type", "number"}, {"minimum", 0}, {"maximum", 1}}, Pattern("^[0-9.]+ *%?$|\\$\\{")})}};
    case KeyType::kTexts:
      return {{"anyOf", Json::array({text, {{"type", "array"}, {"items", text}, {"minItems", 1}}})}};
    case KeyType::kValue:
      return value;
    case KeyType::kValues:
      return {{"type", "array"}, {"items", {{"type", Json::array({"string", "number", "boolean", "null"})}}}};
    case KeyType::kSection:
      return Reference(*key.section);
    case KeyType::kSections:
      return {{"type", "array"}, {"items", Reference(*key.section)}};
    case KeyType::kNamed:
      return {{"type", "object"},
              {"propertyNames", Pattern("^[A-Za-z_][A-Za-z0-9_]*$")},
              {"minProperties", 1},
              {"additionalProperties", Reference(*key.section)}};
    case KeyType::kTextMap:
      return {{"type", "object"}, {"additionalProperties", value}};
    case KeyType::kOverlay:
      return {{"type", "object"}, {"additionalProperties", {{"type", "object"}}}};
  }
  return {};
}

// Sections lie inside sections: each gets one definition, the outer before the inner.
void Define(const Section& section, Json& definitions) {
  for (const Key& key : section.keys) {
    if (key.section == nullptr || definitions.contains(std::string(key.section->name))) continue;
    definitions[std::string(key.section->name)] = SectionSchema(*key.section);
    Define(*key.section, definitions);
  }
}

Json Head(std::string_view title) {
  return {{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", title}};
}

}  // namespace

std::string JsonSchema(const Section& root, const Variant& variant, std::string_view title) {
  const Json is_variant = {{"properties", {{variant.key, {{"const", variant.word}}}}},
                           {"required", Json::array({variant.key})}};
  Json schema = Head(title);
  schema.update({{"if", is_variant}, {"then", Reference(variant.section)}, {"else", Reference(root)}});
  Json definitions = Json::object();
  for (const Section* section : {&root, &variant.section}) {
    definitions[std::string(section->name)] = SectionSchema(*section);
    Define(*section, definitions);
  }
  schema["$defs"] = std::move(definitions);
  return schema.dump(2) + "\n";
}

std::string JsonSchema(const Section& root, std::string_view title) {
  Json schema = Head(title);
  schema.update(SectionSchema(root));
  Json definitions = Json::object();
  Define(root, definitions);
  schema["$defs"] = std::move(definitions);
  return schema.dump(2) + "\n";
}

}  // namespace tidemill::document
