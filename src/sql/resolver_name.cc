// What Spark calls an item of a select list that has no alias, where that depends on more than its text.
#include <algorithm>
#include <string_view>

#include "base/lower.h"
#include "sql/detail/resolver_select.h"
#include "sql/detail/resolver_typed.h"
#include "sql/spark_name.h"

namespace tidemill::sql {

using typed::ExprPtr;

namespace {

// The name of + - * and / of times and intervals, which is that of what they turned into: the time, or the interval
// that is multiplied, stands first.
std::optional<std::string> TimeArithmeticName(const plan::Call& call, const ExprPtr& expr, const PartText& part) {
  const std::string& op = call.name.back();
  if (call.args.size() != 2 || (op != "+" && op != "-" && op != "*" && op != "/")) return std::nullopt;
  const auto* text = std::get_if<typed::Cast>(&expr->node);
  const auto* made = AsCall(text && expr->type.is(TypeId::kString) ? text->child : expr);
  if (!made || made->args.size() != 2) return std::nullopt;
  // What stands first in the sum was written second.
  const Position &first_at = made->args[0]->at, &second_at = call.args[1]->at;
  bool moved =
      first_at.line > second_at.line || (first_at.line == second_at.line && first_at.column >= second_at.column);
  plan::ExprPtr first = call.args[moved ? 1 : 0], second = call.args[moved ? 0 : 1];
  std::string left = SparkText(first, part), right = SparkText(second, part);
  if (made->function == "$interval_multiply" || made->function == "$interval_divide") {
    bool calendar = expr->type.is(TypeId::kCalendarInterval);
    if (calendar) return made->function.substr(10) + "_interval(" + left + ", " + right + ")";
    return "(" + left + " " + op + " " + right + ")";
  }
  if (made->function == "date_add" || made->function == "date_sub") {
    // Of a number, or of a constant interval's days.
    const auto* literal = std::get_if<plan::Literal>(&second->node);
    bool interval = literal && literal->type.is_ansi_interval();
    if (interval) right = "extractansiintervaldays(" + right + ")";
    if (interval && op == "-") right = "(- " + right + ")";
    return made->function + "(" + left + ", " + right + ")";
  }
  bool sum = made->function.starts_with("$date_add") || made->function.starts_with("$timestamp_add");
  if (!sum) return std::nullopt;
  return left + " " + op + " " + right;
}

}  // namespace

// st.f, m[key]: the names of fields stay behind that of the column they are in.
std::optional<std::string> Resolver::FieldText(const plan::Attribute& column, Position at, const Names& names) {
  auto found = LookUpHere(column.parts, at, names);
  if (found.ok() && !*found && names.outer) found = LookUpHere(column.parts, at, *names.outer);
  if (!found.ok() || !*found) return std::nullopt;
  std::vector<bool> in_map;  // of the fields, from the last to the first
  ExprPtr value = **found;
  while (in_map.size() + 1 < column.parts.size()) {
    const auto* field = std::get_if<typed::GetField>(&value->node);
    const auto* call = AsCall(value);
    if (!field && !(call && call->function == "$subscript")) break;
    in_map.push_back(!field);
    value = field ? field->child : call->args[0];
  }
  size_t part = column.parts.size() - 1 - in_map.size();
  std::string text = column.parts[part];
  while (!in_map.empty()) {
    const std::string& name = column.parts[++part];
    text += in_map.back() ? "[" + name + "]" : "." + name;
    in_map.pop_back();
  }
  return text;
}

// What the resolver knows of a part that it has resolved: texts that took a collation, fields, functions of the user's,
// windows under a name, and calls that stand for another.
PartText Resolver::PartNames(const Names& names) {
  return [this, &names](const plan::ExprPtr& expr) -> std::optional<std::string> {
    if (const auto collated = collated_literals_.find(expr.get()); collated != collated_literals_.end()) {
      const auto& text = std::get<std::string>(std::get<plan::Literal>(expr->node).value.data);
      return "'" + text + "' collate " + collated->second;
    }
    if (const auto* column = std::get_if<plan::Attribute>(&expr->node)) {
      return column->parts.size() > 1 ? FieldText(*column, expr->at, names) : std::nullopt;
    }
    const auto* call = std::get_if<plan::Call>(&expr->node);
    if (!call) return std::nullopt;
    const auto known = turned_calls_.find(expr.get());
    const ExprPtr turned = known == turned_calls_.end() ? nullptr : known->second;
    if (turned && call->is_operator) {
      if (auto name = TimeArithmeticName(*call, turned, PartNames(names))) return name;
    }
    plan::Call copy = *call;
    bool changed = false;
    if (call->over && !call->over->reference.empty()) {
      auto spec = NamedWindow(*call->over, expr->at, names);
      if (spec.ok()) copy.over = std::make_shared<const plan::WindowSpec>(*spec);
      changed = spec.ok();
    }
    const bool to_char = SameName(call->name.back(), "to_char") || SameName(call->name.back(), "to_varchar");
    if (to_char && turned && AsCall(turned) && AsCall(turned)->function == "date_format") {
      copy.name = {"date_format"};  // to_char and to_varchar of a time
      changed = true;
    }
    const bool starred =
        std::ranges::any_of(call->args, [](const auto& arg) { return std::holds_alternative<plan::Star>(arg->node); });
    if (starred && !SameName(call->name.back(), "count")) {
      auto args = ExpandArguments(call->args, names);
      if (args.ok()) copy.args = *args;
      changed = changed || args.ok();
    }
    if (!call->is_operator && !FindFunction(call->name.back())) {
      const auto routine = catalog_->FindRoutine(call->name);
      std::string whole;
      if (routine.ok() && *routine && (*routine)->name.size() > 1) {
        for (const auto& part : (*routine)->name) whole += (whole.empty() ? "" : ".") + part;
        changed = changed || copy.name != plan::Name{LowerAscii(whole)};
        copy.name = {LowerAscii(whole)};
      }
    }
    if (!changed) return std::nullopt;
    return SparkText(plan::MakeExpr(std::move(copy), expr->at), PartNames(names));
  };
}

// A name that only an alias to the left has.
std::string SelectResolver::NameOf(const plan::ExprPtr& written) const {
  if (aliases_.bindings.empty()) return SparkNameWith(written, resolver_.PartNames(names_));
  Layer aliases;
  for (const auto& binding : aliases_.bindings) {
    const auto& name = binding.column.name;
    const bool column = std::ranges::any_of(from_.layer.bindings, [&](const Binding& from) {
      return resolver_.SameName(from.column.name, name) && !from.qualified_only;
    });
    if (!column) aliases.bindings.push_back(binding);
  }
  const auto known = resolver_.PartNames(names_);
  return SparkNameWith(written, [&](const plan::ExprPtr& part) -> std::optional<std::string> {
    const auto* name = std::get_if<plan::Attribute>(&part->node);
    const auto same = [&](const Binding& alias) { return resolver_.SameName(alias.column.name, name->parts[0]); };
    if (name && name->parts.size() == 1 && std::ranges::any_of(aliases.bindings, same)) {
      return "lateralAliasReference(" + name->parts[0] + ")";
    }
    return known(part);
  });
}

// A subquery's name lists this query's columns that it reads, each as often as it does: scalarsubquery(a, b).
std::string SelectResolver::WithOuterNames(std::string name, const ExprPtr& expr) const {
  constexpr std::string_view kMarks[] = {"scalarsubquery()", "exists()", "listquery()"};
  std::vector<std::string> lists;
  Visit(expr, [&](const typed::Expr& e) {
    const auto* subquery = std::get_if<typed::Subquery>(&e.node);
    if (!subquery) return true;
    std::string list;
    VisitRelation(subquery->query, [&](const typed::Expr& part) {
      const auto* ref = std::get_if<typed::ColumnRef>(&part.node);
      for (const auto& binding : from_.layer.bindings) {
        if (ref && ref->outer && ref->id == binding.column.id) {
          list += (list.empty() ? "" : ", ") + binding.column.name;
          break;
        }
      }
      return true;
    });
    lists.push_back(std::move(list));
    return true;
  });
  size_t at = 0;
  for (const auto& list : lists) {
    size_t next = std::string::npos, length = 0;
    for (const auto mark : kMarks) {
      if (const size_t found = name.find(mark, at); found < next) {
        next = found;
        length = mark.size();
      }
    }
    if (next == std::string::npos) break;
    name.insert(next + length - 1, list);
    at = next + length + list.size();
  }
  return name;
}

}  // namespace tidemill::sql
