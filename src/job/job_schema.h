// The JSON Schema (draft 2020-12) of the job file, made from the table in keys.h: what schema/tidemill-job.schema.json
// holds and `tidemill schema` prints.
#pragma once

#include <string>

namespace tidemill::job {

std::string JobJsonSchema();

}  // namespace tidemill::job
