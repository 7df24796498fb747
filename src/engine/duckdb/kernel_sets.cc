// Arrays as sets, each value where it first stands, NULL being a value like any other: by hash, so that a long array
// costs no more an element than a short one.
#include <duckdb.hpp>
#include <duckdb/catalog/catalog.hpp>
#include <duckdb/common/types/value_map.hpp>
#include <duckdb/parser/parsed_data/create_scalar_function_info.hpp>
#include <duckdb/planner/expression.hpp>

#include "engine/duckdb/kernel_vector.h"

namespace tidemill::engine::duckdb {
namespace {

namespace dd = ::duckdb;

// Which of the first array's values stay.
enum class Keep { kAll, kOthers, kShared };

dd::unique_ptr<dd::FunctionData> Bind(dd::ClientContext&, dd::ScalarFunction& function,
                                      dd::vector<dd::unique_ptr<dd::Expression>>& args) {
  for (const auto& arg : args) {
    if (arg->return_type.id() != dd::LogicalTypeId::LIST) throw dd::BinderException("an array is wanted");
  }
  function.SetReturnType(args[0]->return_type);
  return nullptr;
}

template <Keep kKeep>
void Run(dd::DataChunk& in, dd::ExpressionState&, dd::Vector& out) {
  out.SetVectorType(dd::VectorType::FLAT_VECTOR);
  const auto element = dd::ListType::GetChildType(out.GetType());
  for (dd::idx_t i = 0; i < in.size(); ++i) {
    auto array = in.data[0].GetValue(i);
    auto other = kKeep == Keep::kAll ? dd::Value() : in.data[1].GetValue(i);
    if (array.IsNull() || (kKeep != Keep::kAll && other.IsNull())) {
      dd::FlatVector::SetNull(out, i, true);
      continue;
    }
    dd::value_set_t seen, others;
    if (kKeep != Keep::kAll) {
      const auto& values = dd::ListValue::GetChildren(other);
      others.insert(values.begin(), values.end());
    }
    dd::vector<dd::Value> kept;
    for (const auto& value : dd::ListValue::GetChildren(array)) {
      bool stays = kKeep == Keep::kAll || (others.find(value) != others.end()) == (kKeep == Keep::kShared);
      if (stays && seen.insert(value).second) kept.push_back(value);
    }
    out.SetValue(i, dd::Value::LIST(element, std::move(kept)));
  }
  if (in.AllConstant()) out.SetVectorType(dd::VectorType::CONSTANT_VECTOR);
}

}  // namespace

// tm_once(a), tm_except(a, b), tm_intersect(a, b): arrays of one type.
Status RegisterSetKernels(duckdb_connection connection) {
  auto& context = *reinterpret_cast<dd::Connection*>(connection)->context;
  const auto any = dd::LogicalType::ANY;
  try {
    for (auto function : {dd::ScalarFunction("tm_once", {any}, any, Run<Keep::kAll>, Bind),
                          dd::ScalarFunction("tm_except", {any, any}, any, Run<Keep::kOthers>, Bind),
                          dd::ScalarFunction("tm_intersect", {any, any}, any, Run<Keep::kShared>, Bind)}) {
      function.null_handling = dd::FunctionNullHandling::SPECIAL_HANDLING;
      context.RunFunctionInTransaction([&] {
        dd::CreateScalarFunctionInfo info(std::move(function));
        dd::Catalog::GetSystemCatalog(context).CreateFunction(context, info);
      });
    }
  } catch (const std::exception& error) {
    return Internal(std::string("a function could not be registered in DuckDB: ") + error.what());
  }
  return Ok();
}

}  // namespace tidemill::engine::duckdb
