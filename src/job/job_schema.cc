#include "job/job_schema.h"

#include "document/json_schema.h"
#include "job/keys.h"

namespace tidemill::job {

std::string JobJsonSchema() {
  return document::JsonSchema(JobSection(), {"type", "spark_app", JobSection("spark_app")}, "Tidemill job");
}

}  // namespace tidemill::job
