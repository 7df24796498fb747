// Delta's own LogStore for a local disk looks whether a version is there and then renames: two writers can both win.
// Ours commits by a hard link, which only one can make, as the native engine does; so both engines may write to one
// table.
#pragma once

#include <string>

#include "base/result.h"
#include "engine/engine.h"
#include "engine/spark/installation.h"

namespace tidemill::engine::spark {

inline constexpr const char* kLinkLogStoreClass = "io.tidemill.LinkLogStore";

// The jar of the class, made in `folder` by the JDK's compiler when it is not there yet. kFailedPrecondition: there is
// no compiler, or the jars to compile against are not known.
Result<std::string> LinkLogStoreJar(const Installation& spark, const std::string& folder, const Cancel& cancel);

}  // namespace tidemill::engine::spark
