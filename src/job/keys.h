// The job file's language as a table. A key added here is known everywhere; only parse.cc says what it means.
#pragma once

#include <string_view>

#include "document/keys.h"

namespace tidemill::job {

// Of a job of this `type`: "spark_app"; any other word: a job of sources and steps.
const document::Section& JobSection(std::string_view type = "");

}  // namespace tidemill::job
