// Lineage and traces of this process's runs, when the standard variables of the environment ask for them:
//   OPENLINEAGE_URL, OPENLINEAGE_ENDPOINT (api/v1/lineage), OPENLINEAGE_API_KEY, OPENLINEAGE_NAMESPACE,
//   OPENLINEAGE_DISABLED OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS,
//   OTEL_SERVICE_NAME, OTEL_SDK_DISABLED
#pragma once

#include <memory>

#include "app/program.h"
#include "job/event.h"
#include "job/spec.h"

namespace tidemill::app {

class Telemetry {
 public:
  // Nothing when nothing is asked for. What is asked for wrongly is a warning.
  static std::unique_ptr<Telemetry> From(const Program& program, const job::Job& job);
  virtual ~Telemetry() = default;
  // An event sink.
  virtual void Take(const job::Event& event) = 0;
};

}  // namespace tidemill::app
