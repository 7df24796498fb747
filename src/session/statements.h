// Every statement as a function of the session's state: one file a family.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "delta/snapshot.h"
#include "plan/statement.h"
#include "session/state.h"
#include "session/stored_rows.h"

namespace tidemill::session {

// create.cc
Result<Answer> Run(State& state, const plan::CreateTable& create);
Result<Answer> Run(State& state, const plan::Drop& drop);
Result<Answer> Run(State& state, const plan::CreateDatabase& create);
Result<Answer> Run(State& state, const plan::AlterDatabase& alter);
Result<Answer> Run(State& state, const plan::CommentOn& comment);
Result<Answer> Run(State& state, const plan::Use& use);
Result<Answer> Run(State& state, const plan::SetCatalog& set);
// views.cc
Result<Answer> Run(State& state, const plan::CreateView& create);
Result<Answer> Run(State& state, const plan::CreateViewUsing& create);
Result<Answer> AlterView(State& state, const Table& view, const plan::QueryText& query);
Result<Answer> AlterTemporaryView(State& state, const plan::Name& name, const plan::QueryText& query);
Result<Answer> Run(State& state, const plan::Cache& cache);
Result<Answer> Run(State& state, const plan::Uncache& uncache);
Result<Answer> Run(State& state, const plan::Refresh& refresh);
Result<Answer> Run(State& state, const plan::Analyze& analyze);
// materialized.cc
Result<Answer> MakeMaterializedView(State& state, const plan::CreateView& create);
Result<Answer> RefreshMaterializedView(State& state, const plan::Refresh& refresh);
// A query with the parts that a fresh materialized view holds read from there; and what to say about it.
struct ReadsViews {
  plan::typed::RelationPtr relation;
  std::vector<std::string> notes;
};
Result<ReadsViews> WithViews(State& state, plan::typed::RelationPtr relation);
// alter.cc
Result<Answer> Run(State& state, const plan::AlterTable& alter);
// insert.cc
Result<Answer> Run(State& state, const plan::Insert& insert);
Result<Answer> Run(State& state, const plan::MultiInsert& inserts);
Result<Answer> Run(State& state, const plan::Truncate& truncate);
// change.cc
// Delta: `rows` take the place of those that meet the condition, and must meet it.
Result<Answer> ReplaceRows(State& state, const Table& table, const plan::ExprPtr& condition, const StoredRows& rows);
Result<Answer> Run(State& state, const plan::Delete& change);
Result<Answer> Run(State& state, const plan::Update& change);
Result<Answer> Run(State& state, const plan::Merge& merge);
// clone.cc
Result<Answer> CloneTable(State& state, const plan::CreateTable& create);
// delta_log.cc
// The version or time that one of the two expressions gives; `use`: what for, in words.
Result<delta::AsOf> AsOfOf(State& state, const plan::ExprPtr& version, const plan::ExprPtr& timestamp,
                           const std::string& use);
Answer Figures(const std::vector<std::pair<const char*, int64_t>>& figures);
Result<Answer> Run(State& state, const plan::DescribeHistory& describe);
Result<Answer> Run(State& state, const plan::RestoreTable& restore);
Result<Answer> Run(State& state, const plan::OptimizeTable& optimize);
Result<Answer> Run(State& state, const plan::VacuumTable& vacuum);
// variables.cc
Result<Answer> Run(State& state, const plan::DeclareVariable& declare);
Result<Answer> Run(State& state, const plan::SetVariables& set);
Result<Answer> DropVariable(State& state, const plan::Drop& drop);
// settings.cc
Result<Answer> Run(State& state, const plan::SetCommand& set);
// routines.cc
Result<Answer> Run(State& state, const plan::CreateFunction& create);
Result<Answer> DropFunction(State& state, const plan::Drop& drop);
// show.cc
Result<Answer> Run(State& state, const plan::Show& show);
// describe.cc
Result<Answer> Run(State& state, const plan::Describe& describe);
Result<Answer> Run(State& state, const plan::DescribeQuery& describe);
// session.cc
Result<Answer> Run(State& state, const plan::RelationPtr& query);
Result<Answer> Run(State& state, const plan::ExecuteImmediate& execute);
Result<Answer> Run(State& state, const plan::Explain& explain);
Result<Answer> Run(State& state, const plan::UnsupportedStatement& statement);

// A table a statement may change: of the catalog, or delta.`path`. Views are an error.
Result<Table> ChangeableTable(State& state, const plan::ObjectName& name, const std::string& operation);

// ---- Answers

Answer Nothing();
Answer TextRows(std::vector<std::string> columns, std::vector<std::vector<std::string>> rows);
plan::Value TextValue(std::string text);

}  // namespace tidemill::session
