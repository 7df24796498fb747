// What is a job's own where its type is spark_app.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "document/diagnostic.h"
#include "document/reader.h"
#include "job/spec.h"

namespace tidemill::job {

// The program's keys, its files read for the digest. `job` has its folder already.
App ReadApp(const document::Reader& top, const Job& job,
            const std::function<Result<std::string>(const std::string& path)>& read_file, document::Diagnostics& out);

// What the keys mean together.
void CheckApp(const Job& job, document::Diagnostics& out);

}  // namespace tidemill::job
