// What a name means: columns, struct fields behind them, aliases, lambda variables.
#include <algorithm>
#include <cctype>
#include <set>

#include "base/names.h"
#include "sql/detail/resolver_core.h"
#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_typed.h"

namespace tidemill::sql {

using typed::ExprPtr;

namespace {

// The expression as a subquery sees it: its columns belong to the enclosing query.
Result<ExprPtr> FromOutside(const ExprPtr& expr) {
  if (const auto* ref = std::get_if<typed::ColumnRef>(&expr->node)) {
    return typed::MakeExpr(typed::ColumnRef{ref->id, true}, expr->type, expr->nullable, expr->at);
  }
  return MapChildren(expr, FromOutside);
}

ExprPtr Meaning(const Binding& binding, Position at) { return binding.expr ? binding.expr : Ref(binding.column, at); }

std::vector<const Binding*> VisibleBindings(const Names& names) {
  std::vector<const Binding*> all;
  for (const Names* scope = &names; scope; scope = scope->outer) {
    for (const auto* layer : scope->layers) {
      for (const auto& binding : layer->bindings) all.push_back(&binding);
    }
    if (!all.empty()) break;  // suggestions come from the innermost query that has columns
  }
  return all;
}

}  // namespace

bool Resolver::SameName(const std::string& a, const std::string& b) const {
  if (options_.case_sensitive) return a == b;
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// The first `count` parts name the end of the qualifier: t or db.t for {"db", "t"}.
bool Resolver::QualifierMatches(const std::vector<std::string>& qualifier, const plan::Name& parts,
                                size_t count) const {
  if (count == 0 || count > qualifier.size()) return false;
  size_t skip = qualifier.size() - count;
  for (size_t i = 0; i < count; ++i) {
    if (!SameName(qualifier[skip + i], parts[i])) return false;
  }
  return true;
}

Result<ExprPtr> Resolver::Field(const ExprPtr& child, const std::string& field, Position at) {
  if (child->type.is(TypeId::kMap)) {
    auto key = CastTo(StringLiteral(field), child->type.key());
    return MakeCall("$subscript", {child, key}, child->type.value(), true, at);
  }
  DataType holder = child->type.is(TypeId::kArray) ? child->type.element() : child->type;
  if (!holder.is(TypeId::kStruct)) {
    return AnalysisError(
        "INVALID_EXTRACT_BASE_FIELD_TYPE", "42000",
        "Can't extract a value from \"<base>\". Need a complex type [STRUCT, ARRAY, MAP] but got <other>.",
        {{"base", field}, {"other", QuotedType(holder)}}, at);
  }
  if (child->type.is(TypeId::kArray)) return Refused("extracting the field " + field + " from an array of structs", at);
  const auto& fields = holder.fields();
  int found = -1;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (!SameName(fields[i].name, field)) continue;
    if (found >= 0) {
      return AnalysisError("AMBIGUOUS_REFERENCE_TO_FIELDS", "42000",
                           "Ambiguous reference to the field <field>. It appears 2 times in the schema.",
                           {{"field", QuotedName({field})}, {"count", "2"}}, at);
    }
    found = static_cast<int>(i);
  }
  if (found < 0) {
    std::string names;
    for (const auto& f : fields) names += (names.empty() ? "" : ", ") + QuotedName({f.name});
    return AnalysisError("FIELD_NOT_FOUND", "42704", "No such struct field <fieldName> in <fields>.",
                         {{"fieldName", QuotedName({field})}, {"fields", names}}, at);
  }
  if (const auto* call = AsCall(child); call && call->function == "named_struct") return call->args[2 * found + 1];
  return typed::MakeExpr(typed::GetField{child, found}, fields[found].type, child->nullable || fields[found].nullable,
                         at);
}

// Within one query, not looking outward. Nothing: the name is not there.
Result<std::optional<ExprPtr>> Resolver::LookUpHere(const plan::Name& parts, Position at, const Names& names) {
  for (const auto* layer : names.layers) {
    // Qualified forms first (db.t.a, then t.a), then the bare column; what is left are struct fields.
    for (size_t qualifier = std::min<size_t>(parts.size() - 1, 3) + 1; qualifier-- > 0;) {
      const Binding* found = nullptr;
      std::set<std::string> candidates;
      int count = 0;
      for (const auto& binding : layer->bindings) {
        bool matches =
            qualifier == 0 ? !binding.qualified_only : QualifierMatches(binding.column.qualifier, parts, qualifier);
        if (!matches || !SameName(binding.column.name, parts[qualifier])) continue;
        // One column under one name twice (SELECT a, a) is not ambiguous.
        if (found && !binding.expr && !found->expr && found->column.id == binding.column.id) continue;
        found = found ? found : &binding;
        ++count;
        auto full = binding.column.qualifier;
        full.push_back(binding.column.name);
        candidates.insert(QuotedName(full));
      }
      if (count > 1) {
        std::string list;
        for (const auto& candidate : candidates) list += (list.empty() ? "" : ", ") + candidate;
        return AnalysisError("AMBIGUOUS_REFERENCE", "42704",
                             "Reference <name> is ambiguous, could be: [<referenceNames>].",
                             {{"name", QuotedName(parts)}, {"referenceNames", list}}, at);
      }
      if (!found) continue;
      ExprPtr value = Meaning(*found, at);
      for (size_t i = qualifier + 1; i < parts.size(); ++i) {
        ASSIGN_OR_RETURN(value, Field(value, parts[i], at));
      }
      return std::optional(value);
    }
  }
  return std::optional<ExprPtr>();
}

Result<ExprPtr> Resolver::LookUp(const plan::Name& parts, Position at, const Names& names) {
  ASSIGN_OR_RETURN(auto here, LookUpHere(parts, at, names));
  if (here) return *here;
  if (names.outer) {  // the query around this one; Spark looks no further out
    ASSIGN_OR_RETURN(auto around, LookUpHere(parts, at, *names.outer));
    if (around) return FromOutside(*around);
  }
  if (auto variable = LookUpVariable(parts, at)) return *variable;
  return UnresolvedColumn(parts, at, names);
}

Error Resolver::UnresolvedColumn(const plan::Name& parts, Position at, const Names& names) {
  std::vector<std::string> candidates;
  std::set<std::string> qualifiers;
  for (const auto* binding : VisibleBindings(names)) {
    if (!binding->column.qualifier.empty()) qualifiers.insert(binding->column.qualifier.back());
  }
  for (const auto* binding : VisibleBindings(names)) {
    bool qualify = qualifiers.size() > 1 && !binding->column.qualifier.empty();
    std::vector<std::string> full;
    if (qualify) full.push_back(binding->column.qualifier.back());
    full.push_back(binding->column.name);
    auto quoted = QuotedName(full);
    if (std::find(candidates.begin(), candidates.end(), quoted) == candidates.end()) candidates.push_back(quoted);
  }
  auto written = QuotedName(parts);
  if (candidates.empty()) {
    return AnalysisError("UNRESOLVED_COLUMN.WITHOUT_SUGGESTION", "42703",
                         "A column, variable, or function parameter with name <objectName> cannot be resolved.",
                         {{"objectName", written}}, at);
  }
  std::stable_sort(candidates.begin(), candidates.end(), [&](const std::string& a, const std::string& b) {
    return EditDistance(a, written) < EditDistance(b, written);
  });
  std::string proposal;
  for (size_t i = 0; i < std::min<size_t>(5, candidates.size()); ++i) proposal += (i ? ", " : "") + candidates[i];
  return AnalysisError("UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703",
                       "A column, variable, or function parameter with name <objectName> cannot be resolved. "
                       "Did you mean one of the following? [<proposal>].",
                       {{"objectName", written}, {"proposal", proposal}}, at);
}

Layer Resolver::LayerOf(const std::vector<typed::Column>& columns, const std::vector<std::string>& qualifier) {
  Layer layer;
  for (auto column : columns) {
    column.qualifier = qualifier;
    layer.bindings.push_back({column});
  }
  return layer;
}

}  // namespace tidemill::sql
