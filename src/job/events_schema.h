// The JSON Schema of one line that `--json` prints: what schema/tidemill-events.schema.json holds.
#pragma once

#include <string>

namespace tidemill::job {

std::string EventsJsonSchema();

}  // namespace tidemill::job
