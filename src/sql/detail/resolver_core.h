// The resolver's own parts: what names mean (Layer, Names), and the class that walks a query. One file per subject:
// resolver_scope (names), resolver_star, resolver_expr and resolver_call (expressions), resolver_operator (coercion of
// operators), resolver_select, resolver_aggregate, resolver_window, resolver_generate (a SELECT block),
// resolver_relation, resolver_join, resolver_pivot, resolver_pipe (the rest of FROM and of queries).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "plan/typed.h"
#include "sql/functions.h"
#include "sql/functions_refused.h"
#include "sql/resolver.h"
#include "sql/spark_name.h"

namespace tidemill::sql {

namespace typed = plan::typed;
using plan::DataType;
using plan::TypeId;

// One name that can be seen.
struct Binding {
  typed::Column column;
  typed::ExprPtr expr{};        // what the name stands for; null: the column itself
  bool qualified_only = false;  // seen as t.a but not as a (the other side of a USING column)
  bool in_star = true;
};

// Names that are seen together; a name found in one layer hides those of later layers.
struct Layer {
  std::vector<Binding> bindings;
};

// What an expression can see. Points into values of its maker's, who outlives it.
struct Names {
  std::vector<const Layer*> layers;
  const Names* outer = nullptr;             // the enclosing query
  const Names* inside_aggregate = nullptr;  // what arguments of an aggregate see instead
  const std::vector<std::pair<std::string, plan::WindowSpec>>* windows = nullptr;
};

// A relation and the names it gives.
struct Rel {
  typed::RelationPtr node;
  Layer layer;
};

// One column of a SELECT list on its way: the expression may still hold aggregates and window calls.
struct Item {
  typed::ExprPtr expr;
  std::string name;
  std::vector<std::string> aliases;    // of a generator: all its names
  std::vector<std::string> qualifier;  // where the item is a plain column
  bool generator = false;
  bool aliased = false;
};

// ---- Collations (resolver_collation.cc) ----

// What the texts of a call compare by; an empty name is UTF8_BINARY.
struct Collation {
  std::string name;
  bool is_explicit = false;
  bool is_default = false;  // of literals alone
  bool answers = true;      // a text that the call gives has it
  std::string compares;     // the function, where its answer depends on what texts compare as
};

bool HoldsCollation(const DataType& type);
// What a text of a collation is compared, sorted and grouped by; any other expression is its own.
Result<typed::ExprPtr> CollationKey(const typed::ExprPtr& expr);
// The same of a plain text that is of the collation.
Result<typed::ExprPtr> KeyUnder(const Collation& collation, const typed::ExprPtr& text);

// ---- Windows of time (resolver_time_window.cc) ----

// window, session_window, window_time.
bool IsTimeWindowFunction(std::string_view name);
bool IsWindowTime(const typed::Call& call);
bool HoldsWindowOfTime(const typed::ExprPtr& expr);

struct PendingCall;

class Resolver {
 public:
  Resolver(Catalog& catalog, const ResolveOptions& options)
      : catalog_(&catalog), options_(options), default_collation_(options.collation) {}

  Result<Rel> Relation(const plan::RelationPtr& relation, const Names* outer);
  // The relation with the columns of SELECT * alone: a join's column of USING is one.
  Result<Rel> Query(const plan::RelationPtr& relation, const Names* outer);
  Result<typed::ExprPtr> Expression(const plan::ExprPtr& expr, const Names& names);
  // The expression as a condition: BOOLEAN, no aggregates; `clause` names its place.
  Result<typed::ExprPtr> Condition(const plan::ExprPtr& expr, const Names& names, const char* clause);
  // The column's type where it is a table's CHAR or VARCHAR; null otherwise.
  const DataType* DeclaredType(typed::ColumnId id) const;

 private:
  friend class SelectResolver;

  // resolver_expr.cc
  Result<typed::ExprPtr> Resolve(const plan::Literal& node, const plan::Expr& expr, const Names& names);
  Result<typed::ExprPtr> Resolve(const plan::Attribute& node, const plan::Expr& expr, const Names& names);
  Result<typed::ExprPtr> Resolve(const plan::Star& node, const plan::Expr& expr, const Names& names);
  Result<typed::ExprPtr> Resolve(const plan::Call& node, const plan::Expr& expr, const Names& names);
  Result<typed::ExprPtr> Resolve(const plan::Cast& node, const plan::Expr& expr, const Names& names);
  Result<typed::ExprPtr> Resolve(const plan::Case& node, const plan::Expr& expr, const Names& names);
  Result<typed::ExprPtr> Resolve(const plan::Lambda& node, const plan::Expr& expr, const Names& names);
  Result<typed::ExprPtr> Resolve(const plan::SubqueryExpr& node, const plan::Expr& expr, const Names& names);
  Result<typed::ExprPtr> Resolve(const plan::Alias& node, const plan::Expr& expr, const Names& names);
  Result<typed::ExprPtr> Resolve(const plan::Subscript& node, const plan::Expr& expr, const Names& names);
  Result<typed::ExprPtr> Resolve(const plan::FieldAccess& node, const plan::Expr& expr, const Names& names);
  Result<typed::ExprPtr> Resolve(const plan::Parameter& node, const plan::Expr& expr, const Names& names);
  Result<typed::ExprPtr> Resolve(const plan::IdentifierClause& node, const plan::Expr& expr, const Names& names);
  // STRING is of the default collation where none is written.
  DataType DefaultCollated(const DataType& type) const;
  Result<std::vector<typed::ExprPtr>> Expressions(const std::vector<plan::ExprPtr>& exprs, const Names& names);

  // resolver_scope.cc
  Result<typed::ExprPtr> LookUp(const plan::Name& parts, Position at, const Names& names);
  Result<std::optional<typed::ExprPtr>> LookUpHere(const plan::Name& parts, Position at, const Names& names);
  Error UnresolvedColumn(const plan::Name& parts, Position at, const Names& names);
  Result<typed::ExprPtr> Field(const typed::ExprPtr& child, const std::string& field, Position at);
  bool SameName(const std::string& a, const std::string& b) const;
  bool QualifierMatches(const std::vector<std::string>& qualifier, const plan::Name& parts, size_t count) const;

  // resolver_star.cc
  Result<std::vector<Binding>> ExpandStar(const plan::Star& star, Position at, const Names& names);
  Result<std::vector<Binding>> StarOfStruct(const plan::Star& star, Position at, const Names& names);
  Status TakeAway(const plan::Star& star, std::vector<Binding>& columns, Position at, const Names& names);
  Result<typed::ExprPtr> WithoutFields(const typed::ExprPtr& value, const std::vector<plan::Name>& paths, Position at);

  // resolver_call.cc
  Result<typed::ExprPtr> CallFunction(const Function& function, const plan::Call& call, const plan::Expr& expr,
                                      const Names& names);
  Result<std::vector<plan::ExprPtr>> Positional(const plan::Call& call, const plan::Expr& expr);
  // WRONG_NUM_ARGS, else that the function is refused.
  Error RefusedCall(const RefusedFunction& function, const plan::Call& call, const plan::Expr& expr);
  Result<std::vector<plan::ExprPtr>> ExpandArguments(const std::vector<plan::ExprPtr>& args, const Names& names);
  Result<typed::ExprPtr> BySignature(const Function& function, const plan::Call& call, const plan::Expr& expr,
                                     const Names& names, std::optional<Collation>* collation);
  Result<typed::ExprPtr> Decorate(const Function& function, typed::ExprPtr result, const plan::Call& call,
                                  const plan::Expr& expr, const Names& names);
  Result<typed::Lambda> ResolveLambda(const plan::ExprPtr& arg, const std::vector<DataType>& params,
                                      const std::vector<bool>& nullable, const Names& names, typed::ExprPtr* body);
  Result<std::optional<typed::ExprPtr>> HigherOrder(const Function& function, const std::vector<plan::ExprPtr>& args,
                                                    const plan::Expr& expr, const Names& names);
  Result<std::optional<typed::ExprPtr>> MapZipWith(const std::vector<plan::ExprPtr>& args, const plan::Expr& expr,
                                                   const Names& names);

  void Declare(const Catalog::Table& table, const std::vector<typed::Column>& columns);
  void DeclareAs(const typed::ExprPtr& from, typed::ColumnId to);
  int CharLength(const typed::ExprPtr& expr) const;
  void PadChars(const std::string& function, std::vector<typed::ExprPtr>& args) const;

  // resolver_collation.cc
  Result<typed::ExprPtr> CollateCall(const std::vector<typed::ExprPtr>& args, const std::string& sql, Position at);
  // Makes the arguments of the function plain texts: of a comparison, its keys. Gives what the answer's texts have.
  Result<std::optional<Collation>> Collate(const std::string& function, std::vector<typed::ExprPtr>& args,
                                           const std::string& sql, Position at);
  void NameLiterals(const std::vector<plan::ExprPtr>& written, const std::optional<Collation>& collation);
  static Result<typed::ExprPtr> WithCollation(typed::ExprPtr result, const std::optional<Collation>& collation);
  Result<Rel> DistinctRows(const Rel& rel, Position at);

  // resolver_window.cc
  Result<typed::ExprPtr> Over(typed::Call call, DataType type, bool nullable, const plan::Call& written,
                              const plan::Expr& expr, const Names& names);
  Result<plan::WindowSpec> NamedWindow(const plan::WindowSpec& spec, Position at, const Names& names);
  Result<typed::SortKey> Key(const plan::SortKey& key, const Names& names);

  // resolver_time_window.cc
  Result<typed::ExprPtr> TimeWindowCall(const PendingCall& call);
  Result<typed::ExprPtr> WindowTime(const PendingCall& call);
  bool IsSession(typed::ColumnId id) const;
  Result<typed::RelationPtr> MergedSessions(typed::RelationPtr node, const typed::Column& session,
                                            const std::vector<typed::ExprPtr>& others);

  // resolver_routine.cc
  Result<typed::ExprPtr> CallRoutine(const Routine& routine, const plan::Call& call, const plan::Expr& expr,
                                     const Names& names);
  Result<Rel> TableRoutine(const Routine& routine, const plan::TableFunction& node, const plan::Relation& relation,
                           const Names* outer);
  Result<Layer> BindParameters(const Routine& routine, const std::vector<plan::ExprPtr>& args,
                               const std::vector<std::string>& arg_names, Position at, const Names& names);
  std::optional<typed::ExprPtr> LookUpVariable(const plan::Name& parts, Position at);
  Result<std::string> ConstantString(const plan::ExprPtr& expr, const char* place);

  // resolver_name.cc; what the resolver knows of the names of what it resolved under those names.
  PartText PartNames(const Names& names);
  std::optional<std::string> FieldText(const plan::Attribute& column, Position at, const Names& names);

  // resolver_relation.cc
  Result<Rel> ExpandView(const Catalog::Table& table, Position at);
  Result<Rel> Resolve(const plan::TableRef& node, const plan::Relation& relation, const Names* outer);
  Result<Rel> Resolve(const plan::TableFunction& node, const plan::Relation& relation, const Names* outer);
  Result<Rel> Resolve(const plan::Values& node, const plan::Relation& relation, const Names* outer);
  Result<Rel> Resolve(const plan::OneRow& node, const plan::Relation& relation, const Names* outer);
  Result<Rel> Resolve(const plan::Aliased& node, const plan::Relation& relation, const Names* outer);
  Result<Rel> Resolve(const plan::Join& node, const plan::Relation& relation, const Names* outer);
  Result<Rel> Resolve(const plan::LateralView& node, const plan::Relation& relation, const Names* outer);
  Result<Rel> Resolve(const plan::Select& node, const plan::Relation& relation, const Names* outer);
  Result<Rel> Resolve(const plan::SetOp& node, const plan::Relation& relation, const Names* outer);
  Result<Rel> Resolve(const plan::Sort& node, const plan::Relation& relation, const Names* outer);
  Result<Rel> Resolve(const plan::Limit& node, const plan::Relation& relation, const Names* outer);
  Result<Rel> Resolve(const plan::With& node, const plan::Relation& relation, const Names* outer);
  Result<Rel> Resolve(const plan::Pivot& node, const plan::Relation& relation, const Names* outer);
  Result<std::string> PivotValueName(const plan::ExprPtr& value);
  Result<plan::ExprPtr> PivotMatch(const plan::Pivot& node, const std::vector<typed::ExprPtr>& columns,
                                   const plan::ExprPtr& value, const Names& names);
  Result<Rel> Resolve(const plan::Unpivot& node, const plan::Relation& relation, const Names* outer);
  Result<Rel> Resolve(const plan::Sample& node, const plan::Relation& relation, const Names* outer);
  Result<Rel> Resolve(const plan::Pipe& node, const plan::Relation& relation, const Names* outer);
  Result<Rel> TableByName(const plan::Name& name, const TableVersion& version, Position at);
  Result<Rel> Opened(const Catalog::Table& table, const plan::Name& name, Position at);
  Error NoTable(const plan::Name& name, Position at);
  Result<Rel> RangeFunction(const plan::TableFunction& node, const plan::Relation& relation, const Names* outer);
  Result<Rel> TableChanges(const plan::TableFunction& node, Position at);
  Result<TableVersion> ChangesBound(const plan::ExprPtr& bound, Position at);
  Result<int64_t> ConstantCount(const plan::ExprPtr& expr, const char* clause);
  Result<Rel> Generated(const Rel& input, const plan::Call& call, bool outer_rows,
                        const std::vector<std::string>& names, const std::string& qualifier, const Names* outer,
                        Position at);
  Result<Rel> JoinOn(const plan::Join& node, const plan::Relation& relation, Rel left, Rel right, const Names* outer);
  Result<Rel> JoinUsing(const plan::Join& node, const plan::Relation& relation, Rel left, Rel right);
  Result<std::vector<std::string>> JoinColumns(const plan::Join& node, const plan::Relation& relation, const Rel& left,
                                               const Rel& right);
  Result<Rel> CollatedSet(const plan::SetOp& node, const Rel& left, const Rel& right,
                          const std::vector<typed::Column>& columns, Position at);
  Status MatchByName(const plan::SetOp& node, Rel* left, Rel* right, Position at);
  Status CheckNestedNames(const plan::With& node, Position at) const;

  // resolver_recursion.cc
  Result<typed::With::Table> RecursiveTable(const plan::CommonTable& table, const Names* outer, Position at);
  Result<typed::With::Table> Recursion(const plan::CommonTable& table, const plan::SetOp& levels, const Names* outer,
                                       Position at);
  Result<Rel> OfTypes(const Rel& rel, const std::vector<typed::Column>& columns, Position at);
  Result<plan::Name> NameFromText(const std::string& text, Position at);
  Result<plan::ExprPtr> InputColumn(const plan::ExprPtr& key, const plan::RelationPtr& from, const Names* outer);
  Result<Rel> PipeSet(const plan::Pipe::Set& set, const plan::RelationPtr& from, const plan::Relation& relation,
                      const Names* outer);
  static const plan::TableFunction* LateralGenerator(const plan::RelationPtr& relation);
  Result<Rel> LateralGenerate(const Rel& left, const plan::Join& node, const plan::TableFunction& function,
                              const Names* outer, Position at);
  bool IsKnownTableFunction(const std::string& name) const;
  // resolver_tables.cc; nothing for any other function.
  Result<std::optional<Rel>> KnownTable(const plan::TableFunction& node, const plan::Relation& relation);

  typed::ColumnId NewId() { return next_id_++; }
  // A relation's own columns as names, without qualifiers unless `qualifier` is given.
  static Layer LayerOf(const std::vector<typed::Column>& columns, const std::vector<std::string>& qualifier = {});
  Rel Projected(const Rel& input, std::vector<typed::NamedExpr> exprs, Position at);

  struct CommonTable {
    int id = 0;
    std::vector<typed::Column> columns;
    int pass = 0;
    // A recursive table inside its own definition: whether its rows may be read there, and whether they are.
    enum class Self { kNone, kForbidden, kReadable } self = Self::kNone;
    bool* read = nullptr;
  };
  using CommonTables = std::vector<std::pair<std::string, CommonTable>>;
  const CommonTable* FindCommonTable(const std::string& name) const;

  Catalog* catalog_;  // of the query, or of the view or function whose body is being resolved
  const ResolveOptions& options_;
  std::string default_collation_;  // of literals and casts in what is being resolved; empty: UTF8_BINARY
  typed::ColumnId next_id_ = 1;
  int next_cte_ = 1;
  int next_lambda_ = 1;
  int depth_ = 0;
  int view_depth_ = 0;
  int routine_depth_ = 0;
  std::map<typed::ColumnId, DataType> declared_;     // CHAR and VARCHAR
  std::map<typed::ColumnId, bool> windows_of_time_;  // columns that are one; whether of a session
  // Text constants that took a call's collation, which Spark shows in names.
  std::map<const plan::Expr*, std::string> collated_literals_;
  // Calls that turned into others, under whose name Spark shows them: + of a date, to_char of a time.
  std::map<const plan::Expr*, typed::ExprPtr> turned_calls_;
  CommonTables common_tables_;  // innermost last
  // Spark's legacy.ctePrecedencePolicy=LEGACY puts the tables of a WITH in place of their names in passes: a WITH
  // inside a common table or a subquery waits for the next pass, when names that an earlier pass knew are gone from its
  // body, and those tables are not seen by its own tables. In other modes all is one pass.
  int pass_ = 0;
  int first_pass_ = 0;  // tables of earlier passes are not seen
  bool next_pass_ = false;
};

}  // namespace tidemill::sql
