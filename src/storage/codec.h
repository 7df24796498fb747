// codec.h: compressed text files decoded front to back: .gz, .zst, .bz2 (several streams in a file too), .snappy
// (Hadoop's block format, as Spark writes tables, the framing format, or snappy-java's stream, as Spark writes event
// logs; told apart by their first bytes), and the two other streams of Spark's event logs, .lz4 and .lzf (of lz4-java
// and compress-lzf).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "storage/storage.h"

namespace tidemill::storage {

// How many bytes `bytes` become, packed in memory as `gzip` and `bzip2` do by default; 0 when they can't be.
enum class Packing { kGzip, kBzip2 };
size_t PackedBytes(std::string_view bytes, Packing packing);

// By the file name's ending.
bool NeedsDecoding(const std::string& path);

// A reader of the decoded bytes; `encoded` itself when its name says that it is not compressed. ReadAt must go front to
// back (offset = bytes read so far) or start again at 0; size_bytes is the encoded size. Damaged or
// cut input is kDataLoss naming `path`, after the bytes before the damage. One thread at a time.
Result<std::unique_ptr<Reader>> Decode(std::unique_ptr<Reader> encoded, const std::string& path);

}  // namespace tidemill::storage
