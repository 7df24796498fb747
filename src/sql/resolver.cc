#include "sql/resolver.h"

#include "sql/detail/resolver_core.h"

namespace tidemill::sql {

Result<typed::RelationPtr> ResolveQuery(const plan::RelationPtr& query, Catalog& catalog,
                                        const ResolveOptions& options) {
  if (!options.ansi) return Unimplemented("spark.sql.ansi.enabled=false is not supported; remove it, or run on Spark");
  Resolver resolver(catalog, options);
  ASSIGN_OR_RETURN(auto rel, resolver.Query(query, nullptr));
  return rel.node;
}

}  // namespace tidemill::sql
