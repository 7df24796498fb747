#include "watch/lineage.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace tidemill::watch {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kSpec = "https://openlineage.io/spec/";

class Teller {
 public:
  Teller(const RunStory& story, const job::Job& job, const std::string& name_space, const std::string& version)
      : story_(story), job_(job), name_space_(name_space), version_(version), producer_("urn:tidemill:" + version) {}

  Json Event() const {
    const bool over = story_.finished.has_value();
    return {{"eventType", over ? EndOf(story_.finished->outcome) : "START"},
            {"eventTime", FormatTimestamp(over ? story_.to : story_.from)},
            {"run", {{"runId", story_.attempt}, {"facets", RunFacets()}}},
            {"job", {{"namespace", name_space_}, {"name", story_.started.job}, {"facets", {{"jobType", JobType()}}}}},
            {"inputs", Inputs()},
            {"outputs", Outputs()},
            {"producer", producer_},
            {"schemaURL", std::string(kSpec) + "2-0-2/OpenLineage.json#/$defs/RunEvent"}};
  }

 private:
  static const char* EndOf(job::Outcome outcome) {
    switch (outcome) {
      case job::Outcome::kCommitted:
      case job::Outcome::kAlreadyCommitted:
        return "COMPLETE";
      case job::Outcome::kCancelled:
      case job::Outcome::kHandedOff:
        return "ABORT";
      default:
        return "FAIL";
    }
  }

  Json Facet(const std::string& name, const char* version, Json members) const {
    Json facet = {{"_producer", producer_},
                  {"_schemaURL", kSpec + ("facets/" + std::string(version)) + "/" + name + ".json#/$defs/" + name}};
    facet.update(members);
    return facet;
  }

  Json RunFacets() const {
    const std::string& engine = story_.started.engine;
    const size_t space = engine.find(' ');
    Json facets = {{"processing_engine", Facet("ProcessingEngineRunFacet", "1-1-1",
                                               {{"version", space == std::string::npos ? "" : engine.substr(space + 1)},
                                                {"name", engine.substr(0, space)},
                                                {"openlineageAdapterVersion", version_}})}};
    const std::string& window = story_.started.window;
    if (const size_t slash = window.find('/'); slash != std::string::npos) {
      facets["nominalTime"] =
          Facet("NominalTimeRunFacet", "1-0-1",
                {{"nominalStartTime", window.substr(0, slash)}, {"nominalEndTime", window.substr(slash + 1)}});
    }
    if (story_.finished && std::string_view(EndOf(story_.finished->outcome)) == "FAIL") {
      facets["errorMessage"] = Facet("ErrorMessageRunFacet", "1-0-1",
                                     {{"message", story_.finished->message}, {"programmingLanguage", "SQL"}});
    }
    return facets;
  }

  Json JobType() const {
    return Facet("JobTypeJobFacet", "2-0-4",
                 {{"processingType", "BATCH"}, {"integration", "TIDEMILL"}, {"jobType", "JOB"}});
  }

  Json Dataset(const std::string& path) const {
    std::string name_space = "file", name = path;
    if (const size_t scheme = path.find("://"); scheme != std::string::npos) {
      const size_t slash = std::min(path.find('/', scheme + 3), path.size());
      name_space = path.substr(0, slash);
      name = slash < path.size() ? path.substr(slash + 1) : "/";
    }
    return {{"namespace", name_space}, {"name", name}, {"facets", Json::object()}};
  }

  Json Inputs() const {
    Json inputs = Json::array();
    for (const auto& source : job_.sources) {
      const auto read = std::find_if(story_.sources.begin(), story_.sources.end(),
                                     [&](const auto& other) { return other.source == source.name; });
      for (const auto& path : source.paths) {
        Json input = Dataset(job_.Resolve(path));
        // What was read is known of the source as a whole.
        if (read != story_.sources.end() && source.paths.size() == 1) {
          input["inputFacets"]["inputStatistics"] =
              Facet("InputStatisticsInputDatasetFacet", "1-0-0", {{"size", read->bytes}, {"fileCount", read->files}});
        }
        inputs.push_back(std::move(input));
      }
    }
    return inputs;
  }

  Json Assertions() const {
    Json assertions = Json::array();
    for (const auto& check : story_.checks) {
      assertions.push_back({{"assertion", check.kind},
                            {"name", check.check},
                            {"success", check.status == job::CheckStatus::kPassed},
                            {"severity", check.status == job::CheckStatus::kFailed ? "error" : "warn"},
                            {"description", check.message}});
    }
    return assertions;
  }

  Json Outputs() const {
    Json outputs = Json::array();
    if (job_.sink.path.empty()) return outputs;
    Json output = Dataset(story_.started.table.empty() ? job_.Resolve(job_.sink.path) : story_.started.table);
    if (story_.committed) {
      output["facets"]["version"] =
          Facet("DatasetVersionDatasetFacet", "1-0-1", {{"datasetVersion", std::to_string(story_.committed->version)}});
      output["outputFacets"]["outputStatistics"] = Facet("OutputStatisticsOutputDatasetFacet", "1-0-2",
                                                         {{"rowCount", story_.committed->rows},
                                                          {"size", story_.committed->bytes},
                                                          {"fileCount", story_.committed->files}});
    }
    if (!story_.checks.empty()) {
      output["facets"]["dataQualityAssertions"] =
          Facet("DataQualityAssertionsDatasetFacet", "1-1-0", {{"assertions", Assertions()}});
    }
    outputs.push_back(std::move(output));
    if (story_.quarantined) {
      Json aside = Dataset(story_.quarantined->table);
      aside["outputFacets"]["outputStatistics"] =
          Facet("OutputStatisticsOutputDatasetFacet", "1-0-2",
                {{"rowCount", story_.quarantined->rows + story_.quarantined->malformed}});
      outputs.push_back(std::move(aside));
    }
    return outputs;
  }

  const RunStory& story_;
  const job::Job& job_;
  const std::string& name_space_;
  const std::string& version_;
  const std::string producer_;
};

}  // namespace

std::string LineageEvent(const RunStory& story, const job::Job& job, const std::string& name_space,
                         const std::string& version) {
  return Teller(story, job, name_space, version).Event().dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tidemill::watch
