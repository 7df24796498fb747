#include "sql/resolver.h"

#include "sql/detail/resolver_core.h"
#include "sql/settings.h"

namespace tidemill::sql {

Result<typed::RelationPtr> ResolveQuery(const plan::RelationPtr& query, Catalog& catalog,
                                        const ResolveOptions& options) {
  RETURN_IF_ERROR(CheckSettings(options.conf));
  Resolver resolver(catalog, options);
  ASSIGN_OR_RETURN(auto rel, resolver.Query(query, nullptr));
  return rel.node;
}

Result<plan::Schema> DeclaredSchema(const plan::RelationPtr& query, Catalog& catalog, const ResolveOptions& options) {
  Resolver resolver(catalog, options);
  ASSIGN_OR_RETURN(const auto rel, resolver.Query(query, nullptr));
  auto schema = typed::SchemaOf(*rel.node);
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    if (const auto* type = resolver.DeclaredType(rel.node->columns[i].id)) schema.fields[i].type = *type;
  }
  return schema;
}

Result<typed::ExprPtr> ResolveConstant(const plan::ExprPtr& expr, Catalog& catalog, const ResolveOptions& options) {
  Resolver resolver(catalog, options);
  return resolver.Expression(expr, Names{});
}

}  // namespace tidemill::sql
