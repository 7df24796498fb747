#include <gtest/gtest.h>

#include "engine/duckdb/kernel_vector.h"
#include "engine/duckdb/kernels.h"

namespace tidemill::engine::duckdb {
namespace {

struct Case {
  const char* duckdb;
  ErrorKind kind;
  const char* error_class;
  const char* sqlstate;
  const char* says;  // part of the message
};

class KernelError : public testing::TestWithParam<Case> {};

TEST_P(KernelError, IsSparks) {
  Error error = FromDuckDb(GetParam().duckdb);
  EXPECT_EQ(error.kind, GetParam().kind);
  EXPECT_EQ(error.error_class, GetParam().error_class);
  EXPECT_EQ(error.sqlstate, GetParam().sqlstate);
  EXPECT_NE(error.message.find(GetParam().says), std::string::npos) << error.message;
  for (const char* wording : {"INT32", "INT64", "INT128", "HUGEINT", "memory_limit", "LINE 1"}) {
    EXPECT_EQ(error.message.find(wording), std::string::npos) << error.message;
  }
}

constexpr auto kWrong = ErrorKind::kInvalidArgument;

INSTANTIATE_TEST_SUITE_P(
    Messages, KernelError,
    testing::Values(
        Case{"Out of Range Error: Overflow in addition of INT32 (2147483647 + 1)!", kWrong, "ARITHMETIC_OVERFLOW",
             "22003", "integer overflow. Use `try_add`"},
        Case{"Out of Range Error: Overflow in multiplication of INT16 (100 * 1000)!", kWrong,
             "BINARY_ARITHMETIC_OVERFLOW", "22003", "short overflow. Use `try_multiply`"},
        Case{"Out of Range Error: Overflow in HUGEINT addition: 9 + 9", kWrong,
             "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION", "22003", "decimal"},
        Case{"Conversion Error: Type INT64 with value 300 can't be cast because the value is out of range for the "
             "destination type INT8 when casting from source column range\n\nLINE 1: select",
             kWrong, "CAST_OVERFLOW", "22003", "The value 300 of the type \"BIGINT\" cannot be cast to \"TINYINT\""},
        Case{"Conversion Error: Casting value \"123.4\" to type DECIMAL(3,1) failed: value is out of range!", kWrong,
             "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION", "22003",
             "The value 123.4 cannot be represented as DECIMAL(3,1)"},
        Case{"Invalid Input Error: Map keys must be unique.", kWrong, "DUPLICATED_MAP_KEY", "23505",
             "Duplicate map key"},
        Case{"Out of Memory Error: could not allocate block of size 256.0 KiB (1.8 GiB/1.8 GiB used)\n* SET "
             "memory_limit",
             ErrorKind::kResourceExhausted, "", "",
             "the memory budget of this run is used up; raise --memory or lower --threads"},
        Case{"INTERRUPT Error: Interrupted!", ErrorKind::kCancelled, "", "", "cancelled"}));

TEST(KernelError, OwnErrorsComeBackAsTheyWere) {
  std::string text = "Invalid Input Error: " + EncodeError("DIVIDE_BY_ZERO", "22012", "Division by zero.") + " more";
  Error error = FromDuckDb(text.c_str());
  EXPECT_EQ(error.error_class, "DIVIDE_BY_ZERO");
  EXPECT_EQ(error.sqlstate, "22012");
  EXPECT_EQ(error.message, "Division by zero.");
}

}  // namespace
}  // namespace tidemill::engine::duckdb
