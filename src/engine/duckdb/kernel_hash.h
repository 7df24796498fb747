// kernel_hash.h: Murmur3_x86_32 as Spark has it (kernel_value_hash.cc).
#pragma once

#include <cstdint>
#include <string>

namespace tidemill::engine::duckdb {

uint32_t MurmurOfBytes(const std::string& bytes, uint32_t seed);
uint32_t MurmurOfInt(int32_t value, uint32_t seed);

}  // namespace tidemill::engine::duckdb
