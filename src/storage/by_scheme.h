// One store out of two: paths with a scheme ("s3://...") go to one, all others to the other.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "storage/storage.h"

namespace tidemill::storage {

// `make` gives the store of the scheme when a path first needs it; its error is that path's error, and it is asked
// again.
std::unique_ptr<Storage> MakeByScheme(std::unique_ptr<Storage> others, std::string scheme,
                                      std::function<Result<Storage*>()> make);

}  // namespace tidemill::storage
