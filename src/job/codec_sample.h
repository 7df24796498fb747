// What each codec would make of a run's data, measured on a sample of its largest source.
#pragma once

#include <map>
#include <string>

#include "advisor/facts.h"
#include "engine/engine.h"
#include "job/prepare.h"
#include "job/run.h"

namespace tidemill::job {

// Where samples are written for a moment: a folder that the session must be allowed to use.
std::string CodecSampleFolder(const RunEnvironment& environment);

// Of Parquet files by the sink's words for codecs; of a text source also "gzip of text" and "bzip2 of text". `sample`:
// the catalog's name of rows of that source. What can't be measured is not there.
std::map<std::string, advisor::CodecFacts> SampleCodecs(const OpenedSource& opened, const std::string& sample,
                                                        Prepared& prepared, engine::Session& session,
                                                        const RunEnvironment& environment);

}  // namespace tidemill::job
