// page.h: the pages and what they are made of.
#pragma once

#include <string>
#include <vector>

#include "base/embedded_file.h"
#include "serve/http.h"

namespace tidemill::serve {

const std::vector<EmbeddedFile>& PageFiles();

// "/" is index.html; 404 for what is none of the files.
Response PageOf(const std::string& path);

}  // namespace tidemill::serve
