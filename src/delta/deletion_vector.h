// "Deletion Vectors": which rows of a data file are deleted.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/actions.h"
#include "delta/delta.h"

namespace tidemill::delta {

// The deleted rows' indexes in the file, ascending, counted from 0. Reads the vector's file where it is not inline;
// checks size, CRC-32 and cardinality (kDataLoss naming the file).
Result<std::vector<int64_t>> ReadDeletionVector(const Table& table, const DeletionVector& vector);

// The file a vector lies in; kInvalidArgument for an inline one.
Result<std::string> DeletionVectorPath(const Table& table, const DeletionVector& vector);

// The serialised bitmap ("Deletion Vector Format": magic number and RoaringBitmapArray) of ascending row indexes.
std::string EncodeRowIndexes(std::span<const int64_t> ascending);
Result<std::vector<int64_t>> DecodeRowIndexes(std::string_view bytes);

// Writes one file at the table's root that holds a vector for each list of ascending row indexes, and gives them in
// that order. The file is nobody's until a commit names it.
Result<std::vector<DeletionVector>> WriteDeletionVectors(const Table& table,
                                                         std::span<const std::vector<int64_t>> ascending,
                                                         std::mt19937_64& random);

// An inline vector, for small ones.
DeletionVector MakeInlineDeletionVector(std::span<const int64_t> ascending);

}  // namespace tidemill::delta
