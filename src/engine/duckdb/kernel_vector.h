// kernel_vector.h: from plain functions on values to vectorised DuckDB functions.
//
//   void CastInt(Row& row, std::string_view text)  becomes  tm_cast_int(VARCHAR) -> INTEGER
//
// A kernel takes a Row and one value an argument; it returns its value. NULL in any argument is NULL out, and the
// kernel isn't called. It may call row.Null() or row.Fail(...) and return anything.
#pragma once

#include <duckdb.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/result.h"
#include "plan/value.h"

namespace tidemill::engine::duckdb {

// Types that DuckDB tells apart and C++ does not.
struct Date {
  int32_t days = 0;
};
struct LocalTime {
  int64_t micros = 0;
};
struct InstantTime {
  int64_t micros = 0;
};
struct Bytes {
  std::string_view data;
};
struct Blob {
  std::string data;
};

// What a kernel may say about its row besides its value.
class Row {
 public:
  void Null() { null_ = true; }
  // Spark's error: class, SQLSTATE, message.
  void Fail(std::string_view error_class, std::string_view sqlstate, std::string_view message);
  // What this engine does not do, which no try_ form turns into NULL.
  void Refuse(std::string_view what);
  bool refused() const { return refused_; }
  bool null() const { return null_; }
  bool failed() const { return !error_.empty(); }
  const std::string& error() const { return error_; }

 private:
  bool null_ = false;
  bool refused_ = false;
  std::string error_;
};

// An error as text that FromDuckDb reads back.
std::string EncodeError(std::string_view error_class, std::string_view sqlstate, std::string_view message);

namespace kernel {

template <typename T>
struct Type;
// Copied, not dereferenced: DuckDB keeps 16 byte integers at multiples of 8, where a read of an __int128 may crash.
#define TM_PLAIN_TYPE(CPP, ID, RAW)                                                   \
  template <>                                                                         \
  struct Type<CPP> {                                                                  \
    static constexpr duckdb_type kId = ID;                                            \
    static CPP Read(const void* data, idx_t i) {                                      \
      RAW raw;                                                                        \
      std::memcpy(&raw, static_cast<const char*>(data) + i * sizeof raw, sizeof raw); \
      return CPP(raw);                                                                \
    }                                                                                 \
    static void Write(duckdb_vector, void* data, idx_t i, const CPP& v) {             \
      std::memcpy(static_cast<char*>(data) + i * sizeof(RAW), &v, sizeof(RAW));       \
    }                                                                                 \
  };
TM_PLAIN_TYPE(bool, DUCKDB_TYPE_BOOLEAN, bool)
TM_PLAIN_TYPE(int8_t, DUCKDB_TYPE_TINYINT, int8_t)
TM_PLAIN_TYPE(int16_t, DUCKDB_TYPE_SMALLINT, int16_t)
TM_PLAIN_TYPE(int32_t, DUCKDB_TYPE_INTEGER, int32_t)
TM_PLAIN_TYPE(int64_t, DUCKDB_TYPE_BIGINT, int64_t)
TM_PLAIN_TYPE(float, DUCKDB_TYPE_FLOAT, float)
TM_PLAIN_TYPE(double, DUCKDB_TYPE_DOUBLE, double)
TM_PLAIN_TYPE(plan::Int128, DUCKDB_TYPE_HUGEINT, plan::Int128)
TM_PLAIN_TYPE(Date, DUCKDB_TYPE_DATE, int32_t)
TM_PLAIN_TYPE(LocalTime, DUCKDB_TYPE_TIMESTAMP, int64_t)
TM_PLAIN_TYPE(InstantTime, DUCKDB_TYPE_TIMESTAMP_TZ, int64_t)
#undef TM_PLAIN_TYPE

inline std::string_view ReadText(const void* data, idx_t i) {
  auto& text = const_cast<duckdb_string_t&>(static_cast<const duckdb_string_t*>(data)[i]);
  return {duckdb_string_t_data(&text), duckdb_string_t_length(text)};
}
template <>
struct Type<std::string_view> {
  static constexpr duckdb_type kId = DUCKDB_TYPE_VARCHAR;
  static std::string_view Read(const void* data, idx_t i) { return ReadText(data, i); }
};
template <>
struct Type<Bytes> {
  static constexpr duckdb_type kId = DUCKDB_TYPE_BLOB;
  static Bytes Read(const void* data, idx_t i) { return {ReadText(data, i)}; }
};
template <>
struct Type<std::string> {
  static constexpr duckdb_type kId = DUCKDB_TYPE_VARCHAR;
  static void Write(duckdb_vector out, void*, idx_t i, const std::string& v) {
    duckdb_vector_assign_string_element_len(out, i, v.data(), v.size());
  }
};
template <>
struct Type<Blob> {
  static constexpr duckdb_type kId = DUCKDB_TYPE_BLOB;
  static void Write(duckdb_vector out, void*, idx_t i, const Blob& v) {
    duckdb_vector_assign_string_element_len(out, i, v.data.data(), v.data.size());
  }
};

// kTry: what would fail is NULL.
template <bool kTry, auto Function, typename Out, typename... In>
struct Loop {
  template <size_t... Is>
  static void Run(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_vector out, std::index_sequence<Is...>) {
    idx_t count = duckdb_data_chunk_get_size(chunk);
    duckdb_vector vectors[] = {duckdb_data_chunk_get_vector(chunk, Is)..., nullptr};
    const void* data[] = {duckdb_vector_get_data(vectors[Is])..., nullptr};
    uint64_t* validity[] = {duckdb_vector_get_validity(vectors[Is])..., nullptr};
    void* result = duckdb_vector_get_data(out);
    uint64_t* result_validity = nullptr;
    for (idx_t i = 0; i < count; ++i) {
      bool valid = ((!validity[Is] || duckdb_validity_row_is_valid(validity[Is], i)) && ... && true);
      Row row;
      if (valid) {
        auto value = Function(row, Type<In>::Read(data[Is], i)...);
        if (row.failed() && (!kTry || row.refused()))
          return duckdb_scalar_function_set_error(info, row.error().c_str());
        if (!row.null() && !row.failed()) {
          Type<Out>::Write(out, result, i, value);
          continue;
        }
      }
      if (!result_validity) {
        duckdb_vector_ensure_validity_writable(out);
        result_validity = duckdb_vector_get_validity(out);
      }
      duckdb_validity_set_row_invalid(result_validity, i);
    }
  }
  static void Entry(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_vector out) {
    Run(info, chunk, out, std::index_sequence_for<In...>());
  }
};

// Lets DuckDB know that the function can raise, so that it is neither moved before a filter nor run on values that no
// row has (kernel_bridge.cc).
void MarkFallible(duckdb_scalar_function function);

Status RegisterEntry(duckdb_connection connection, const char* name, const duckdb_type* args, size_t count,
                     duckdb_type result, duckdb_scalar_function_t entry);

template <bool kTry, auto Function, typename Out, typename... In>
Status RegisterTyped(duckdb_connection connection, const char* name, Out (*)(Row&, In...)) {
  duckdb_type args[] = {Type<In>::kId..., DUCKDB_TYPE_INVALID};
  return RegisterEntry(connection, name, args, sizeof...(In), Type<Out>::kId, &Loop<kTry, Function, Out, In...>::Entry);
}

}  // namespace kernel

// RegisterKernel<CastInt>(connection, "tm_cast_int");
template <auto Function>
Status RegisterKernel(duckdb_connection connection, const char* name) {
  return kernel::RegisterTyped<false, Function>(connection, name, Function);
}
// The same as tm_<name>, and as tm_try_<name>, which gives NULL where the other fails.
template <auto Function>
Status RegisterBoth(duckdb_connection connection, const std::string& name) {
  RETURN_IF_ERROR((kernel::RegisterTyped<false, Function>(connection, ("tm_" + name).c_str(), Function)));
  return kernel::RegisterTyped<true, Function>(connection, ("tm_try_" + name).c_str(), Function);
}

// The families; kernels.cc registers them all.
Status RegisterCastKernels(duckdb_connection connection);
Status RegisterMathKernels(duckdb_connection connection);
Status RegisterTextKernels(duckdb_connection connection);
Status RegisterTimeKernels(duckdb_connection connection);
Status RegisterCollectionKernels(duckdb_connection connection);
Status RegisterIntervalKernels(duckdb_connection connection);
Status RegisterRandomKernels(duckdb_connection connection);
Status RegisterSetKernels(duckdb_connection connection);
// Functions that need DuckDB's C++ interface: decimals of any precision, and the same bits under another type.
Status RegisterBridge(duckdb_connection connection);

}  // namespace tidemill::engine::duckdb
