// What a star stands for: columns, a struct's fields, columns whose names match; and what EXCEPT takes away, also from
// inside a struct.
#include <algorithm>

#include "sql/detail/resolver_core.h"
#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_typed.h"
#include "sql/name_pattern.h"

namespace tidemill::sql {

using typed::ExprPtr;

namespace {

bool BeginsWith(const plan::Name& path, const plan::Name& begin, const std::function<bool(size_t)>& same) {
  if (begin.size() > path.size()) return false;
  for (size_t i = 0; i < begin.size(); ++i) {
    if (!same(i)) return false;
  }
  return true;
}

std::string Joined(const plan::Name& name) {
  std::string joined;
  for (const auto& part : name) joined += (joined.empty() ? "" : ".") + part;
  return joined;
}

}  // namespace

// The struct without the fields that the paths lead to.
Result<ExprPtr> Resolver::WithoutFields(const ExprPtr& value, const std::vector<plan::Name>& paths, Position at) {
  std::vector<ExprPtr> args;
  std::vector<plan::Field> fields;
  for (const auto& path : paths) {
    RETURN_IF_ERROR(Field(value, path[0], at));  // it is a struct, and has the field
  }
  for (const auto& field : value->type.fields()) {
    std::vector<plan::Name> inside;
    bool dropped = false;
    for (const auto& path : paths) {
      if (!SameName(path[0], field.name)) continue;
      dropped = dropped || path.size() == 1;
      inside.emplace_back(path.begin() + 1, path.end());
    }
    if (dropped) continue;
    ASSIGN_OR_RETURN(auto kept, Field(value, field.name, at));
    if (!inside.empty()) {
      ASSIGN_OR_RETURN(kept, WithoutFields(kept, inside, at));
    }
    args.push_back(StringLiteral(field.name));
    args.push_back(kept);
    fields.push_back({field.name, kept->type, field.nullable});
  }
  if (fields.empty()) return Refused("a struct without fields", at);
  const DataType type = DataType::Struct(std::move(fields));
  auto made = MakeCall("named_struct", std::move(args), type, false, at);
  if (!value->nullable) return made;
  auto there = MakeCall("isnotnull", {value}, TypeId::kBoolean, false, at);
  return typed::MakeExpr(typed::Case{{{there, made}}, NullLiteral(type)}, type, true, at);
}

Status Resolver::TakeAway(const plan::Star& star, std::vector<Binding>& columns, Position at, const Names& names) {
  for (size_t i = 0; i < star.except.size(); ++i) {
    for (size_t j = 0; j < star.except.size(); ++j) {
      const auto &longer = star.except[i], &shorter = star.except[j];
      const bool same = longer.size() == shorter.size();
      if (i == j || (same && i < j) ||
          !BeginsWith(longer, shorter, [&](size_t part) { return SameName(longer[part], shorter[part]); })) {
        continue;
      }
      return AnalysisError(
          "EXCEPT_OVERLAPPING_COLUMNS", "42702",
          "Columns in an EXCEPT list must be distinct and non-overlapping, but got (<columns>).",
          {{"columns", Joined(star.except[std::min(i, j)]) + ", " + Joined(star.except[std::max(i, j)])}}, at);
    }
  }
  std::vector<std::pair<Binding*, std::vector<plan::Name>>> inside;  // paths into a column may be written apart
  std::vector<const Binding*> gone;
  for (const auto& excluded : star.except) {
    bool found = false;
    for (auto& binding : columns) {
      // The column, behind as many parts of its qualifier as are written, and then a path into it.
      for (size_t before = 0; before < excluded.size(); ++before) {
        if (!SameName(binding.column.name, excluded[before])) continue;
        if (before > 0 && !QualifierMatches(binding.column.qualifier, excluded, before)) continue;
        const plan::Name path(excluded.begin() + static_cast<long>(before) + 1, excluded.end());
        if (!path.empty() && !binding.column.type.is(TypeId::kStruct)) continue;
        found = true;
        if (path.empty()) {
          gone.push_back(&binding);
        } else if (inside.empty() || inside.back().first != &binding) {
          inside.emplace_back(&binding, std::vector<plan::Name>{path});
        } else {
          inside.back().second.push_back(path);
        }
        break;
      }
    }
    if (!found) return UnresolvedColumn(excluded, at, names);
  }
  for (const auto& [binding, paths] : inside) {
    const ExprPtr value = binding->expr ? binding->expr : Ref(binding->column, at);
    ASSIGN_OR_RETURN(binding->expr, WithoutFields(value, paths, at));
    binding->column.type = binding->expr->type;
  }
  std::vector<Binding> kept;
  for (const auto& binding : columns) {
    if (std::ranges::find(gone, &binding) == gone.end()) kept.push_back(binding);
  }
  columns = std::move(kept);
  return Ok();
}

Result<std::vector<Binding>> Resolver::ExpandStar(const plan::Star& star, Position at, const Names& names) {
  std::vector<Binding> columns;
  const Layer& layer = *names.layers.front();
  for (const auto& binding : layer.bindings) {
    bool included = star.qualifier.empty()
                        ? binding.in_star
                        : QualifierMatches(binding.column.qualifier, star.qualifier, star.qualifier.size());
    if (included) columns.push_back(binding);
  }
  if (!star.pattern.empty()) {
    std::vector<std::string> all;
    for (const auto& binding : columns) all.push_back(binding.column.name);
    const auto matching = MatchingNames(star.pattern, all, options_.case_sensitive);
    if (!matching) return Refused("the regular expression `" + star.pattern + "` over column names", at);
    std::vector<Binding> kept;
    for (const size_t i : *matching) kept.push_back(columns[i]);
    return kept;
  }
  if (columns.empty() && !star.qualifier.empty()) {
    ASSIGN_OR_RETURN(columns, StarOfStruct(star, at, names));
  }
  RETURN_IF_ERROR(TakeAway(star, columns, at, names));
  return columns;
}

// s.*: the fields of a struct, or the columns of a table of the query around this one.
Result<std::vector<Binding>> Resolver::StarOfStruct(const plan::Star& star, Position at, const Names& names) {
  std::vector<Binding> columns;
  ASSIGN_OR_RETURN(auto found, LookUpHere(star.qualifier, at, names));
  if (found && (*found)->type.is(TypeId::kStruct)) {
    for (const auto& field : (*found)->type.fields()) {
      ASSIGN_OR_RETURN(auto value, Field(*found, field.name, at));
      columns.push_back({{NewId(), field.name, value->type, value->nullable, {}}, value});
    }
    return columns;
  }
  if (!found && names.outer && !names.outer->layers.empty()) {
    for (const auto& binding : names.outer->layers.front()->bindings) {
      if (!QualifierMatches(binding.column.qualifier, star.qualifier, star.qualifier.size())) continue;
      plan::Name full = binding.column.qualifier;
      full.push_back(binding.column.name);
      ASSIGN_OR_RETURN(auto value, LookUp(full, at, names));
      columns.push_back({{NewId(), binding.column.name, value->type, value->nullable, {}}, value});
    }
  }
  if (!columns.empty()) return columns;
  return AnalysisError("CANNOT_RESOLVE_STAR_EXPAND", "42704",
                       "Cannot resolve <targetString>.* given input columns <columns>. Please check that the "
                       "specified table or struct exists and is accessible in the input columns.",
                       {{"targetString", QuotedName(star.qualifier)}, {"columns", ""}}, at);
}

}  // namespace tidemill::sql
