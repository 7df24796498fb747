#include "job/events_schema.h"

#include <nlohmann/json.hpp>

#include "job/event_fields.h"

namespace tidemill::job {
namespace {

using Json = nlohmann::ordered_json;

struct ToType {
  Json& properties;
  Json& required;
  void Add(const FieldInfo& info, std::string_view type) {
    properties[std::string(info.name)] = {{"type", type}, {"description", info.description}};
    required.push_back(info.name);
  }
  void operator()(const FieldInfo& info, const std::string&) { Add(info, "string"); }
  void operator()(const FieldInfo& info, int64_t) { Add(info, "integer"); }
  void operator()(const FieldInfo& info, int) { Add(info, "integer"); }
  void operator()(const FieldInfo& info, double) { Add(info, "number"); }
  void operator()(const FieldInfo& info, bool) { Add(info, "boolean"); }
  void operator()(const FieldInfo& info, Micros) { Add(info, "number"); }
  void operator()(const FieldInfo& info, Outcome) { Add(info, "string"); }
  void operator()(const FieldInfo& info, CheckStatus) { Add(info, "string"); }
};

template <size_t Index>
void AddAlternatives(Json& out) {
  using Bodies = decltype(Event::body);
  if constexpr (Index < std::variant_size_v<Bodies>) {
    const auto& name = kEventNames[Index];
    Json properties = {{"v", {{"const", 1}}},
                       {"type", {{"const", name.name}}},
                       {"time", {{"type", "string"}, {"format", "date-time"}}},
                       {"attempt", {{"type", "string"}}}};
    Json required = Json::array({"v", "type", "time", "attempt"});
    VisitFields(std::variant_alternative_t<Index, Bodies>{}, ToType{properties, required});
    out.push_back({{"title", name.name},
                   {"description", name.description},
                   {"type", "object"},
                   {"properties", properties},
                   {"required", required}});
    AddAlternatives<Index + 1>(out);
  }
}

}  // namespace

std::string EventsJsonSchema() {
  Json alternatives = Json::array();
  AddAlternatives<0>(alternatives);
  const Json schema = {
      {"$schema", "https://json-schema.org/draft/2020-12/schema"},
      {"title", "Tidemill event"},
      {"description", "One line of `tidemill run --json`. Version 1 may gain members and types, never lose them."},
      {"oneOf", alternatives}};
  return schema.dump(2) + "\n";
}

}  // namespace tidemill::job
