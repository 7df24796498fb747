#include "sql/shown.h"

#include "sql/detail/resolver_typed.h"

namespace tidemill::sql {

using plan::DataType;
using plan::TypeId;

DataType WithLocalTimes(const DataType& type) {
  switch (type.id()) {
    case TypeId::kTimestamp:
      return TypeId::kTimestampNtz;
    case TypeId::kArray:
      return DataType::Array(WithLocalTimes(type.element()), type.contains_null());
    case TypeId::kMap:
      return DataType::Map(WithLocalTimes(type.key()), WithLocalTimes(type.value()), type.value_contains_null());
    case TypeId::kStruct: {
      auto fields = type.fields();
      for (auto& field : fields) field.type = WithLocalTimes(field.type);
      return DataType::Struct(std::move(fields));
    }
    default:
      return type;
  }
}

typed::RelationPtr AsShown(const typed::RelationPtr& query) {
  std::vector<typed::NamedExpr> exprs;
  std::vector<typed::Column> columns;
  bool same = true;
  for (auto column : query->columns) {
    auto value = CastTo(Ref(column), WithLocalTimes(column.type));
    same = same && value->type == column.type;
    column.type = value->type;
    columns.push_back(column);
    exprs.push_back({column, value});
  }
  if (same) return query;
  return typed::MakeRelation(typed::Project{query, std::move(exprs)}, std::move(columns), query->at);
}

}  // namespace tidemill::sql
