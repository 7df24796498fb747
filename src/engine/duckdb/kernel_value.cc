// Values between DuckDB's vectors and plan::Value, through DuckDB's C++ interface.
#include "engine/duckdb/kernel_value.h"

#include <duckdb.hpp>
#include <duckdb/catalog/catalog.hpp>
#include <duckdb/execution/expression_executor.hpp>
#include <duckdb/parser/parsed_data/create_scalar_function_info.hpp>
#include <duckdb/planner/expression.hpp>
#include <duckdb/planner/expression/bound_function_expression.hpp>
#include <map>

#include "engine/duckdb/compile.h"
#include "plan/schema_json.h"

namespace tidemill::engine::duckdb {

using plan::DataType;
using plan::Int128;
using plan::TypeId;
using plan::Value;

namespace {

namespace dd = ::duckdb;

Int128 DigitsOf(const dd::Value& value) {
  switch (value.type().InternalType()) {
    case dd::PhysicalType::INT16:
      return value.GetValueUnsafe<int16_t>();
    case dd::PhysicalType::INT32:
      return value.GetValueUnsafe<int32_t>();
    case dd::PhysicalType::INT64:
      return value.GetValueUnsafe<int64_t>();
    default: {
      auto digits = value.GetValueUnsafe<dd::hugeint_t>();
      return static_cast<Int128>(static_cast<unsigned __int128>(digits.upper) << 64 | digits.lower);
    }
  }
}

Value FromDuck(const dd::Value& value, const DataType& type) {
  if (value.IsNull()) return {};
  switch (type.id()) {
    case TypeId::kNull:
      return {};
    case TypeId::kBoolean:
      return {value.GetValueUnsafe<bool>()};
    case TypeId::kFloat:
      return {static_cast<double>(value.GetValueUnsafe<float>())};
    case TypeId::kDouble:
      return {value.GetValueUnsafe<double>()};
    case TypeId::kDecimal:
      return {DigitsOf(value)};
    case TypeId::kString:
    case TypeId::kBinary:
    case TypeId::kVariant:
      return {dd::StringValue::Get(value)};
    case TypeId::kDate:
      return {int64_t{value.GetValueUnsafe<dd::date_t>().days}};
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
      return {value.GetValueUnsafe<dd::timestamp_t>().value};
    case TypeId::kCalendarInterval: {
      auto parts = value.GetValueUnsafe<dd::interval_t>();
      return {plan::IntervalParts{parts.months, parts.days, parts.micros}};
    }
    case TypeId::kArray: {
      std::vector<Value> children;
      for (const auto& child : dd::ListValue::GetChildren(value)) children.push_back(FromDuck(child, type.element()));
      return ChildrenValue(std::move(children));
    }
    case TypeId::kMap: {
      std::vector<Value> children;
      for (const auto& entry : dd::MapValue::GetChildren(value)) {
        const auto& pair = dd::StructValue::GetChildren(entry);
        children.push_back(FromDuck(pair[0], type.key()));
        children.push_back(FromDuck(pair[1], type.value()));
      }
      return ChildrenValue(std::move(children));
    }
    case TypeId::kStruct: {
      std::vector<Value> children;
      const auto& parts = dd::StructValue::GetChildren(value);
      for (size_t i = 0; i < parts.size(); ++i) children.push_back(FromDuck(parts[i], type.fields()[i].type));
      return ChildrenValue(std::move(children));
    }
    default:
      return {value.GetValue<int64_t>()};
  }
}

dd::Value DecimalValue(Int128 digits, const dd::LogicalType& type) {
  uint8_t width = dd::DecimalType::GetWidth(type), scale = dd::DecimalType::GetScale(type);
  switch (type.InternalType()) {
    case dd::PhysicalType::INT16:
      return dd::Value::DECIMAL(static_cast<int16_t>(digits), width, scale);
    case dd::PhysicalType::INT32:
      return dd::Value::DECIMAL(static_cast<int32_t>(digits), width, scale);
    case dd::PhysicalType::INT64:
      return dd::Value::DECIMAL(static_cast<int64_t>(digits), width, scale);
    default: {
      dd::hugeint_t huge;
      huge.lower = static_cast<uint64_t>(digits);
      huge.upper = static_cast<int64_t>(digits >> 64);
      return dd::Value::DECIMAL(huge, width, scale);
    }
  }
}

dd::Value ToDuck(const Value& value, const DataType& type, const dd::LogicalType& duck) {
  if (value.is_null()) return dd::Value(duck);
  switch (type.id()) {
    case TypeId::kBoolean:
      return dd::Value::BOOLEAN(std::get<bool>(value.data));
    case TypeId::kFloat:
      return dd::Value::FLOAT(static_cast<float>(std::get<double>(value.data)));
    case TypeId::kDouble:
      return dd::Value::DOUBLE(std::get<double>(value.data));
    case TypeId::kDecimal:
      return DecimalValue(std::get<Int128>(value.data), duck);
    case TypeId::kString: {
      const auto& text = std::get<std::string>(value.data);
      if (!dd::Value::StringIsValid(text)) {
        throw dd::InvalidInputException(EncodeError(
            "UNSUPPORTED_FEATURE", "0A000", "A string that is not UTF-8 is not supported by the native engine."));
      }
      return dd::Value(text);
    }
    case TypeId::kBinary:
    case TypeId::kVariant:
      return dd::Value::BLOB(dd::const_data_ptr_cast(std::get<std::string>(value.data).data()),
                             std::get<std::string>(value.data).size());
    case TypeId::kDate:
      return dd::Value::DATE(dd::date_t(static_cast<int32_t>(std::get<int64_t>(value.data))));
    case TypeId::kTimestamp:
      return dd::Value::TIMESTAMPTZ(dd::timestamp_tz_t(std::get<int64_t>(value.data)));
    case TypeId::kTimestampNtz:
      return dd::Value::TIMESTAMP(dd::timestamp_t(std::get<int64_t>(value.data)));
    case TypeId::kCalendarInterval: {
      const auto& parts = std::get<plan::IntervalParts>(value.data);
      return dd::Value::INTERVAL(parts.months, parts.days, parts.micros);
    }
    case TypeId::kArray: {
      const auto& element = dd::ListType::GetChildType(duck);
      dd::vector<dd::Value> children;
      for (const auto& child : *std::get<Value::Children>(value.data)) {
        children.push_back(ToDuck(child, type.element(), element));
      }
      return dd::Value::LIST(element, std::move(children));
    }
    case TypeId::kMap: {
      const auto &key = dd::MapType::KeyType(duck), &of = dd::MapType::ValueType(duck);
      dd::vector<dd::Value> keys, values;
      const auto& children = *std::get<Value::Children>(value.data);
      for (size_t i = 0; i + 1 < children.size(); i += 2) {
        keys.push_back(ToDuck(children[i], type.key(), key));
        values.push_back(ToDuck(children[i + 1], type.value(), of));
      }
      return dd::Value::MAP(key, of, std::move(keys), std::move(values));
    }
    case TypeId::kStruct: {
      dd::vector<dd::Value> children;
      const auto& parts = *std::get<Value::Children>(value.data);
      for (size_t i = 0; i < parts.size(); ++i) {
        children.push_back(ToDuck(parts[i], type.fields()[i].type, dd::StructType::GetChildType(duck, i)));
      }
      return dd::Value::STRUCT(duck, std::move(children));
    }
    default:
      return dd::Value::Numeric(duck, std::get<int64_t>(value.data));
  }
}

struct Bound : dd::FunctionData {
  const ValueRow* row = nullptr;
  bool null_on_failure = false;
  std::vector<DataType> types;
  DataType result;

  dd::unique_ptr<dd::FunctionData> Copy() const override { return dd::make_uniq<Bound>(*this); }
  bool Equals(const dd::FunctionData& other) const override {
    const auto& bound = other.Cast<Bound>();
    return row == bound.row && null_on_failure == bound.null_on_failure && types == bound.types &&
           result == bound.result;
  }
};

dd::unique_ptr<dd::FunctionData> Bind(dd::ClientContext& context, dd::ScalarFunction& function,
                                      dd::vector<dd::unique_ptr<dd::Expression>>& args) {
  auto constant = [&](size_t i) {
    return dd::StringValue::Get(dd::ExpressionExecutor::EvaluateScalar(context, *args[i]));
  };
  auto bound = dd::make_uniq<Bound>();
  std::string name = constant(0);
  bound->row = FindValueFunction(name);
  if (!bound->row && name.starts_with("try_")) {
    bound->null_on_failure = true;
    bound->row = FindValueFunction(name.substr(4));
  }
  auto schema = plan::SchemaFromJson(constant(1));
  if (!bound->row || !schema.ok()) throw dd::BinderException("tm_value: no function %s", name);
  for (const auto& field : schema->fields) bound->types.push_back(field.type);
  bound->result = bound->types.back();
  bound->types.pop_back();
  function.SetReturnType(dd::TransformStringToLogicalType(DuckDbType(bound->result), context));
  return bound;
}

// The result as text goes in without a detour.
void Write(dd::Vector& out, dd::idx_t i, const Value& value, const DataType& type) {
  if (value.is_null()) return dd::FlatVector::SetNull(out, i, true);
  const auto* text = std::get_if<std::string>(&value.data);
  if (text && (type.is(TypeId::kBinary) || type.is(TypeId::kVariant) || dd::Value::StringIsValid(*text))) {
    dd::FlatVector::GetData<dd::string_t>(out)[i] = dd::StringVector::AddStringOrBlob(out, *text);
    return;
  }
  out.SetValue(i, ToDuck(value, type, out.GetType()));
}

void Run(dd::DataChunk& in, dd::ExpressionState& state, dd::Vector& out) {
  const auto& bound = state.expr.Cast<dd::BoundFunctionExpression>().bind_info->Cast<Bound>();
  out.SetVectorType(dd::VectorType::FLAT_VECTOR);
  std::vector<Value> args(bound.types.size());
  for (dd::idx_t i = 0; i < in.size(); ++i) {
    bool null = false;
    for (size_t a = 0; a < args.size(); ++a) {
      args[a] = FromDuck(in.data[a + 2].GetValue(i), bound.types[a]);
      null = null || args[a].is_null();
    }
    Row row;
    Value value;
    if (!null || bound.row->nulls == ValueRow::Nulls::kSees) {
      value = bound.row->run(row, ValueCall{args, bound.types, bound.result});
    }
    if (row.failed() && (!bound.null_on_failure || row.refused())) throw dd::InvalidInputException(row.error());
    Write(out, i, row.null() || row.failed() ? Value{} : value, bound.result);
  }
  if (in.AllConstant()) out.SetVectorType(dd::VectorType::CONSTANT_VECTOR);
}

}  // namespace

Value ChildrenValue(std::vector<Value> children) {
  return {std::make_shared<const std::vector<Value>>(std::move(children))};
}

const ValueRow* FindValueFunction(std::string_view name) {
  static const auto* rows = [] {
    auto* all = new std::map<std::string_view, const ValueRow*>;
    for (auto family :
         {CastValues(), CollationValues(), CryptoValues(), CsvValues(), HashValues(), IntervalValues(), JsonValues(),
          NumberValues(), SketchValues(), TextValues(), UrlValues(), VariantValues(), XmlValues(), XpathValues()}) {
      for (const auto& row : family) all->emplace(row.name, &row);
    }
    return all;
  }();
  auto found = rows->find(name);
  return found == rows->end() ? nullptr : found->second;
}

Status RegisterValueFunctions(duckdb_connection connection) {
  auto& conn = *reinterpret_cast<dd::Connection*>(connection);
  using T = dd::LogicalType;
  try {
    dd::ScalarFunction function("tm_value", {T::VARCHAR, T::VARCHAR}, T::ANY, Run, Bind);
    function.varargs = T::ANY;
    function.null_handling = dd::FunctionNullHandling::SPECIAL_HANDLING;
    function.SetFallible();
    auto& context = *conn.context;
    context.RunFunctionInTransaction([&] {
      dd::CreateScalarFunctionInfo info(std::move(function));
      dd::Catalog::GetSystemCatalog(context).CreateFunction(context, info);
    });
  } catch (const std::exception& error) {
    return Internal(std::string("a function could not be registered in DuckDB: ") + error.what());
  }
  return Ok();
}

}  // namespace tidemill::engine::duckdb
