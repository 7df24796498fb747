// The names a query can use, in one of the places queries stand: the session itself, or a view's or function's body,
// which sees the database it was made in.
#pragma once

#include <optional>
#include <string>

#include "session/state.h"
#include "sql/resolver.h"

namespace tidemill::session {

inline constexpr const char* kGlobalTemporary = "global_temp";
// {kRawTable, key} names what the engine knows under that key; no user's name has an empty part.
inline constexpr const char* kRawTable = "";

class Scope final : public sql::Catalog {
 public:
  // `database`: none: the session's current one. `temporary`: temporary objects are seen.
  Scope(State& state, std::optional<std::string> database, bool temporary)
      : state_(state), database_(std::move(database)), temporary_(temporary) {}

  Result<std::optional<Table>> Find(const plan::Name& name) override;
  Result<std::optional<Table>> FindVersion(const plan::Name& name, const sql::TableVersion& version) override;
  Result<std::optional<Table>> FindChanges(const plan::Name& name, const sql::TableVersion& from,
                                           const sql::TableVersion& to) override;  // change_feed.cc
  Result<std::shared_ptr<const sql::Routine>> FindRoutine(const plan::Name& name) override;
  std::optional<sql::Variable> FindVariable(const plan::Name& name) override;
  Result<plan::Value> Evaluate(const plan::typed::ExprPtr& expr) override { return state_.Evaluate(expr); }
  std::vector<std::string> Names() const override;

 private:
  const std::string& database() const { return database_ ? *database_ : state_.database; }
  // The Delta table of that name, or at delta.`path`; nothing where there is none, an error for one of another kind.
  Result<std::optional<session::Table>> TravelTable(const plan::Name& name) const;
  plan::Name InDatabase(const plan::Name& name) const;
  Result<std::optional<Table>> OpenView(const session::Table& view);

  State& state_;
  std::optional<std::string> database_;
  bool temporary_;
};

}  // namespace tidemill::session
