// Arrays: which places they have.
#include <cstdlib>
#include <string>

#include "engine/duckdb/kernel_vector.h"

namespace tidemill::engine::duckdb {

namespace {

std::string OutOfBounds(int32_t index, int64_t size, const char* instead) {
  return "The index " + std::to_string(index) + " is out of bounds. The array has " + std::to_string(size) +
         " elements. Use " + instead + " to tolerate accessing element at invalid index and return NULL instead.";
}

// a[i]: counts from 0.
bool IndexIn(Row& row, int32_t index, int64_t size) {
  if (index >= 0 && index < size) return true;
  row.Fail("INVALID_ARRAY_INDEX", "22003", OutOfBounds(index, size, "the SQL function `get()`"));
  return false;
}

// element_at(a, i): counts from 1, and backwards from the end.
template <bool kTry>
bool ElementIn(Row& row, int32_t index, int64_t size) {
  if (index != 0 && std::abs(int64_t{index}) <= size) return true;
  if (index == 0) {
    row.Fail("INVALID_INDEX_OF_ZERO", "22003",
             "The index 0 is invalid. An index shall be either < 0 or > 0 (the first element has index 1).");
  } else if (!kTry) {
    row.Fail("INVALID_ARRAY_INDEX_IN_ELEMENT_AT", "22003", OutOfBounds(index, size, "`try_element_at`"));
  }
  return false;
}

// Whether steps of that sign lead over that distance.
bool SequenceOk(Row& row, int64_t distance, int64_t step) {
  if (distance == 0 || (distance > 0 ? step > 0 : step < 0)) return true;
  row.Fail(
      "ILLEGAL_SEQUENCE_BOUNDARIES", "22023",
      "Illegal sequence boundaries: the step " + std::to_string(step) + " does not lead from the start to the stop.");
  return false;
}

// Java's arrays hold no more; a shorter one that this engine has no memory for fails as such.
bool SequenceFits(Row& row, int64_t start, int64_t stop, int64_t step) {
  constexpr int64_t kMost = 2147483632;
  plan::Int128 distance = plan::Int128{stop} - start;
  plan::Int128 count =
      step == 0 ? 1 : (distance < 0 ? -distance : distance) / (step < 0 ? -plan::Int128{step} : step) + 1;
  if (count <= kMost) return true;
  row.Fail("COLLECTION_SIZE_LIMIT_EXCEEDED.PARAMETER", "54000",
           "Can't create array with " + plan::Int128ToString(count) +
               " elements which exceeding the array size limit 2147483632, the value returned for the parameter(s) "
               "`count` in the function `sequence` is incorrect.");
  return false;
}

// slice(a, start, length).
bool SliceOk(Row& row, int32_t start, int32_t length) {
  if (start == 0) {
    row.Fail("INVALID_PARAMETER_VALUE.START", "22023",
             "The value of parameter(s) `start` in `slice` is invalid: Expects a positive or a negative value for "
             "`start`, but got 0.");
  } else if (length < 0) {
    row.Fail("INVALID_PARAMETER_VALUE.LENGTH", "22023",
             "The value of parameter(s) `length` in `slice` is invalid: Expects `length` greater than or equal to 0, "
             "but got " +
                 std::to_string(length) + ".");
  }
  return true;
}

}  // namespace

Status RegisterCollectionKernels(duckdb_connection c) {
  RETURN_IF_ERROR(RegisterKernel<IndexIn>(c, "tm_index_in"));
  RETURN_IF_ERROR(RegisterKernel<ElementIn<false>>(c, "tm_element_in"));
  RETURN_IF_ERROR(RegisterKernel<SequenceOk>(c, "tm_sequence_ok"));
  RETURN_IF_ERROR(RegisterKernel<SequenceFits>(c, "tm_sequence_fits"));
  RETURN_IF_ERROR(RegisterKernel<SliceOk>(c, "tm_slice_ok"));
  return RegisterKernel<ElementIn<true>>(c, "tm_try_element_in");
}

}  // namespace tidemill::engine::duckdb
