// page.h: the pages and what they are made of.
#pragma once

#include <string>
#include <vector>

#include "base/embedded_file.h"
#include "serve/http.h"

namespace tidemill::serve {

const std::vector<EmbeddedFile>& PageFiles();

// A page's address is index.html, whose script draws it; 404 for what is neither that nor one of the files.
Response PageOf(const std::string& path);

}  // namespace tidemill::serve
