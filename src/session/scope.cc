#include "session/scope.h"

#include <fmt/format.h>

#include "base/lower.h"
#include "base/names.h"
#include "session/error.h"
#include "session/routines.h"
#include "session/tree.h"
#include "sql/parser.h"

namespace tidemill::session {
namespace {

constexpr const char* kAnsi = "spark.sql.ansi.enabled";

// session.x, system.session.x, x
std::optional<std::string> SessionName(const plan::Name& name) {
  if (name.size() == 1) return LowerAscii(name[0]);
  if (name.size() == 2 && SameIgnoringCase(name[0], "session")) return LowerAscii(name[1]);
  if (name.size() == 3 && SameIgnoringCase(name[0], "system") && SameIgnoringCase(name[1], "session")) {
    return LowerAscii(name[2]);
  }
  return std::nullopt;
}

}  // namespace

plan::Name Scope::InDatabase(const plan::Name& name) const {
  return name.size() == 1 ? plan::Name{database(), name[0]} : name;
}

Result<std::optional<sql::Catalog::Table>> Scope::Find(const plan::Name& name) {
  if (temporary_) {
    plan::Name temporary = name;
    if (name.size() > 1 && !SameIgnoringCase(name[0], kGlobalTemporary)) {
      if (const auto own = SessionName(name)) temporary = {*own};
    }
    if (const TemporaryView* view = state_.FindView(temporary)) {
      const bool global = temporary.size() == 2;
      state_.seen.temporary.emplace_back("VIEW", temporary);
      plan::Name full = global ? plan::Name{kGlobalTemporary, LowerAscii(name[1])} : plan::Name{temporary[0]};
      if (!state_.seen.defining.empty() && state_.seen.defining == plan::Name{LowerAscii(view->name)}) {
        return SqlError("RECURSIVE_VIEW", "42K0H",
                        fmt::format("Recursive view {} detected. Write another name.", Quoted({view->name})));
      }
      if (view->source_key) return std::optional(Table{*view->source_key, view->schema, nullptr, nullptr, full});
      return std::optional(Table{"", view->schema, view->query, view->scope, full, {}, view->collation});
    }
  }
  if (name.size() == 2 && name[0] == kRawTable) return state_.Raw(name[1]);
  const plan::Name full = InDatabase(name);
  ASSIGN_OR_RETURN(const auto place, state_.PlaceOf(full));
  ASSIGN_OR_RETURN(const auto table, state_.warehouse.FindTable(place.database, place.name));
  if (table && table->view) return OpenView(*table);
  if (table) {
    ASSIGN_OR_RETURN(auto opened, state_.Open(*table));
    return std::optional(std::move(opened));
  }
  if (name.size() != 2) return std::optional<Table>();
  return state_.OpenPath(LowerAscii(name[0]), name[1]);
}

// A view of the catalog under what it was made under: its database, no temporary objects, and its mode, which must be
// the session's.
Result<std::optional<sql::Catalog::Table>> Scope::OpenView(const session::Table& view) {
  if (state_.seen.defining == view.FullName()) {
    return SqlError("RECURSIVE_VIEW", "42K0H",
                    fmt::format("Recursive view {0} detected (cycle: {0} -> {0}).", Quoted(view.FullName())));
  }
  const auto ansi = view.view->conf.find(kAnsi);
  const bool made_ansi = ansi == view.view->conf.end() || LowerAscii(ansi->second) != "false";
  if (made_ansi != state_.ansi()) {
    return Unimplemented(
        fmt::format("the view {} was made under spark.sql.ansi.enabled={}, which is not the session's; "
                    "set it likewise",
                    view.name, made_ansi));
  }
  auto parsed = sql::ParseQuery(view.view->text, state_.parse_options());
  if (!parsed.ok()) return std::move(parsed).error();
  // The columns the query had when the view was made, of the types they had.
  plan::RelationPtr query = *parsed;
  std::vector<plan::ExprPtr> list;
  bool unique = true;
  const auto& names = view.view->columns;
  for (size_t i = 0; i < names.size() && i < view.schema.fields.size(); ++i) {
    for (size_t j = 0; j < i; ++j) unique &= !SameIgnoringCase(names[i], names[j]);
    const auto& field = view.schema.fields[i];
    const auto type = AsRead(view.schema).fields[i].type;
    // There STRING would be of the view's collation.
    const bool plain = type == plan::DataType(plan::TypeId::kString) && !view.collation.empty();
    list.push_back(Named(plain ? Column({names[i]}) : CastTo(Column({names[i]}), type), field.name));
  }
  if (unique && !list.empty()) query = SelectFrom(std::move(list), AliasOf(query, "__view"));
  return std::optional(Table{"", AsRead(view.schema), query,
                             std::make_shared<Scope>(state_, view.view->database, false), view.FullName(),
                             Declared(view.schema), view.collation});
}

Result<std::optional<session::Table>> Scope::TravelTable(const plan::Name& name) const {
  if (temporary_ && state_.FindView(name) != nullptr) {
    return SqlError("UNSUPPORTED_FEATURE.TIME_TRAVEL", "0A000",
                    fmt::format("The feature is not supported: Time travel on the relation: {}.", Quoted(name)));
  }
  ASSIGN_OR_RETURN(const auto place, state_.PlaceOf(InDatabase(name)));
  ASSIGN_OR_RETURN(auto table, state_.warehouse.FindTable(place.database, place.name));
  if (table && (table->view || table->provider != "delta")) {
    return SqlError(
        "UNSUPPORTED_FEATURE.TIME_TRAVEL", "0A000",
        fmt::format("The feature is not supported: Time travel on the relation: {}.", Quoted(table->FullName())));
  }
  if (!table && name.size() == 2 && LowerAscii(name[0]) == "delta") {
    table.emplace();
    table->database = "delta";
    table->name = name[1];
    table->provider = "delta";
    table->location = state_.AbsolutePath(name[1]);
  }
  return table;
}

Result<std::optional<sql::Catalog::Table>> Scope::FindVersion(const plan::Name& name,
                                                              const sql::TableVersion& version) {
  ASSIGN_OR_RETURN(const auto table, TravelTable(name));
  if (!table) return std::optional<Table>();
  ASSIGN_OR_RETURN(auto opened, state_.Open(*table, version));
  return std::optional(std::move(opened));
}

Result<std::shared_ptr<const sql::Routine>> Scope::FindRoutine(const plan::Name& name) {
  using Found = std::shared_ptr<const sql::Routine>;
  if (temporary_) {
    if (const auto own = SessionName(name)) {
      if (const auto found = state_.routines.find(*own); found != state_.routines.end()) {
        state_.seen.temporary.emplace_back("FUNCTION", plan::Name{*own});
        state_.seen.routines.insert({*own});
        return found->second;
      }
    }
  }
  const plan::Name full = InDatabase(name);
  if (full.size() > 3 || (full.size() == 3 && !SameIgnoringCase(full[0], kCatalogName))) return Found();
  const std::string database = LowerAscii(full[full.size() - 2]);
  ASSIGN_OR_RETURN(const auto function, state_.warehouse.FindFunction(database, LowerAscii(full.back())));
  if (!function) return Found();
  state_.seen.routines.insert({kCatalogName, database, LowerAscii(full.back())});
  return RoutineOf(state_, *function);
}

std::optional<sql::Variable> Scope::FindVariable(const plan::Name& name) {
  if (!temporary_) return std::nullopt;
  const auto own = SessionName(name);
  if (!own) return std::nullopt;
  const auto found = state_.variables.find(*own);
  if (found == state_.variables.end()) return std::nullopt;
  state_.seen.temporary.emplace_back("VARIABLE", plan::Name{*own});
  return found->second.value;
}

std::vector<std::string> Scope::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, view] : state_.views) names.push_back(name);
  if (const auto tables = state_.warehouse.Tables(database()); tables.ok()) {
    names.insert(names.end(), tables->begin(), tables->end());
  }
  return names;
}

}  // namespace tidemill::session
