// What DuckDB's C interface cannot say, through its C++ interface; of our functions only these and kernel_value.cc
// include it.
#include <duckdb.hpp>
#include <duckdb/catalog/catalog.hpp>
#include <duckdb/execution/expression_executor.hpp>
#include <duckdb/parser/parsed_data/create_scalar_function_info.hpp>
#include <duckdb/planner/expression.hpp>

#include "engine/duckdb/kernel_vector.h"

namespace tidemill::engine::duckdb {
namespace {

namespace dd = ::duckdb;

using Arguments = dd::vector<dd::unique_ptr<dd::Expression>>;

// The same bits under another type.
void Reinterpret(dd::DataChunk& in, dd::ExpressionState&, dd::Vector& out) { out.Reinterpret(in.data[0]); }

template <typename T>
void Widen(dd::Vector& in, dd::Vector& out, dd::idx_t count) {
  dd::UnaryExecutor::Execute<T, dd::hugeint_t>(in, out, count, [](T digits) { return dd::hugeint_t(digits); });
}

// tm_unscaled(DECIMAL) -> HUGEINT: the digits without their point.
void Unscaled(dd::DataChunk& in, dd::ExpressionState&, dd::Vector& out) {
  auto& vector = in.data[0];
  switch (vector.GetType().InternalType()) {
    case dd::PhysicalType::INT16:
      return Widen<int16_t>(vector, out, in.size());
    case dd::PhysicalType::INT32:
      return Widen<int32_t>(vector, out, in.size());
    case dd::PhysicalType::INT64:
      return Widen<int64_t>(vector, out, in.size());
    default:
      return out.Reinterpret(vector);
  }
}

dd::unique_ptr<dd::FunctionData> BindUnscaled(dd::ClientContext&, dd::ScalarFunction& function, Arguments& args) {
  if (args[0]->return_type.id() != dd::LogicalTypeId::DECIMAL) {
    throw dd::BinderException("tm_unscaled takes a DECIMAL, not %s", args[0]->return_type.ToString());
  }
  function.arguments[0] = args[0]->return_type;
  return nullptr;
}

// tm_decimal(digits HUGEINT, precision, scale) -> DECIMAL(precision, scale); more digits than fit are an error, or
// NULL.
template <typename T, bool kTry>
void Narrow(dd::DataChunk& in, dd::Vector& out) {
  dd::hugeint_t limit = dd::Hugeint::POWERS_OF_TEN[dd::DecimalType::GetWidth(out.GetType())];
  dd::UnaryExecutor::ExecuteWithNulls<dd::hugeint_t, T>(
      in.data[0], out, in.size(), [&](dd::hugeint_t digits, dd::ValidityMask& mask, dd::idx_t i) -> T {
        if (digits < limit && digits > -limit) return dd::Hugeint::Cast<T>(digits);
        if (!kTry) {
          throw dd::InvalidInputException(
              EncodeError("NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION", "22003",
                          "The value cannot be represented as " + out.GetType().ToString() +
                              ". Use `try_cast`, or a decimal with more digits before the point."));
        }
        mask.SetInvalid(i);
        return T{};
      });
}

template <bool kTry>
void ToDecimal(dd::DataChunk& in, dd::ExpressionState&, dd::Vector& out) {
  switch (out.GetType().InternalType()) {
    case dd::PhysicalType::INT16:
      return Narrow<int16_t, kTry>(in, out);
    case dd::PhysicalType::INT32:
      return Narrow<int32_t, kTry>(in, out);
    case dd::PhysicalType::INT64:
      return Narrow<int64_t, kTry>(in, out);
    default:
      return Narrow<dd::hugeint_t, kTry>(in, out);
  }
}

dd::unique_ptr<dd::FunctionData> BindDecimal(dd::ClientContext& context, dd::ScalarFunction& function,
                                             Arguments& args) {
  auto constant = [&](size_t i) {
    return static_cast<uint8_t>(dd::ExpressionExecutor::EvaluateScalar(context, *args[i]).GetValue<int32_t>());
  };
  function.SetReturnType(dd::LogicalType::DECIMAL(constant(1), constant(2)));
  return nullptr;
}

void Add(dd::Connection& connection, dd::ScalarFunction function) {
  auto& context = *connection.context;
  context.RunFunctionInTransaction([&] {
    dd::CreateScalarFunctionInfo info(std::move(function));
    dd::Catalog::GetSystemCatalog(context).CreateFunction(context, info);
  });
}

dd::ScalarFunction Fallible(dd::ScalarFunction function) {
  function.SetFallible();
  return function;
}

}  // namespace

void kernel::MarkFallible(duckdb_scalar_function function) {
  reinterpret_cast<dd::ScalarFunction*>(function)->SetFallible();
}

Status RegisterBridge(duckdb_connection connection) {
  auto& conn = *reinterpret_cast<dd::Connection*>(connection);
  using T = dd::LogicalType;
  try {
    Add(conn, dd::ScalarFunction("tm_local", {T::TIMESTAMP_TZ}, T::TIMESTAMP, Reinterpret));
    Add(conn, dd::ScalarFunction("tm_instant", {T::TIMESTAMP}, T::TIMESTAMP_TZ, Reinterpret));
    Add(conn, dd::ScalarFunction("tm_unscaled", {T(dd::LogicalTypeId::DECIMAL)}, T::HUGEINT, Unscaled, BindUnscaled));
    Add(conn, Fallible(dd::ScalarFunction("tm_decimal", {T::HUGEINT, T::INTEGER, T::INTEGER},
                                          T(dd::LogicalTypeId::DECIMAL), ToDecimal<false>, BindDecimal)));
    Add(conn, dd::ScalarFunction("tm_try_decimal", {T::HUGEINT, T::INTEGER, T::INTEGER}, T(dd::LogicalTypeId::DECIMAL),
                                 ToDecimal<true>, BindDecimal));
  } catch (const std::exception& error) {
    return Internal(std::string("a function could not be registered in DuckDB: ") + error.what());
  }
  return Ok();
}

}  // namespace tidemill::engine::duckdb
