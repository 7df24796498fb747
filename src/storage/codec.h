// codec.h: compressed text files that the engine can't read by itself, decoded front to back: .bz2 (concatenated
// streams too), and .snappy (Hadoop's block format, as Spark writes it, or the framing format, told apart by its first
// bytes).
#pragma once

#include <memory>
#include <string>

#include "storage/storage.h"

namespace tidemill::storage {

// By the file name's ending.
bool NeedsDecoding(const std::string& path);

// A reader of the decoded bytes. ReadAt must go front to back (offset = bytes read so far) or start again at 0;
// size_bytes is the encoded size. Damaged input is kDataLoss naming `path`. One thread at a time.
Result<std::unique_ptr<Reader>> Decode(std::unique_ptr<Reader> encoded, const std::string& path);

}  // namespace tidemill::storage
