// The job file's language as a table. A key added here is known everywhere; only parse.cc says what it means.
#pragma once

#include "document/keys.h"

namespace tidemill::job {

const document::Section& JobSection();

}  // namespace tidemill::job
