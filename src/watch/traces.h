// traces.h: a finished run as OpenTelemetry traces it: a span of the run and one a stage, in OTLP's JSON encoding
// (opentelemetry-proto, ExportTraceServiceRequest). Pure.
#pragma once

#include <string>

#include "watch/run_story.h"

namespace tidemill::watch {

// The attempt is the trace: its UUID without hyphens is the trace's id.
std::string TraceOf(const RunStory& story, const std::string& service, const std::string& version);

}  // namespace tidemill::watch
