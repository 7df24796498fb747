// DELETE, UPDATE and MERGE of Delta tables: the files that hold rows to be changed are written anew, in one commit.
//
// A statement's conditions are evaluated in joins and WHERE alone, once for which rows they touch (by file and row) and
// once for the new rows, over one snapshot.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/names.h"
#include "delta/changes.h"
#include "delta/deletion_vector.h"
#include "delta/features.h"
#include "delta/statistics.h"
#include "delta/transaction.h"
#include "job/sources.h"
#include "session/columns.h"
#include "session/error.h"
#include "session/scope.h"
#include "session/statements.h"
#include "session/stored_rows.h"
#include "session/tree.h"

namespace tidemill::session {
namespace {

using plan::ExprPtr;
using plan::JoinType;
using plan::RelationPtr;

constexpr const char* kTarget = "statement target";
constexpr const char* kRewritten = "statement rewritten";
constexpr const char* kMergeSource = "statement source";
constexpr const char* kMatched = "statement matched";
constexpr const char* kUnmatched = "statement unmatched";
constexpr const char* kNewRows = "statement new rows ";

// The types of change in a change data feed.
constexpr const char *kInserted = "insert", *kDeleted = "delete", *kBefore = "update_preimage",
                     *kAfter = "update_postimage";

RelationPtr Raw(const char* name, const std::string& alias) { return AliasOf(TableNamed({kRawTable, name}), alias); }

class Changer {
 public:
  Changer(State& state, Table table, const std::string& alias)
      : state_(state), table_(std::move(table)), alias_(alias.empty() ? table_.name : alias) {}

  Status Begin(const std::string& operation) {
    if (table_.provider != "delta") return NoSuchOperation(table_.FullName(), operation);
    ASSIGN_OR_RETURN(snapshot_, SnapshotOf(state_, table_));
    ASSIGN_OR_RETURN(auto source, job::SnapshotSource(kTarget, *snapshot_));
    source.schema = AsRead(source.schema);
    source.file_columns = true;
    if (source.files.empty()) source.file_columns = false;
    empty_ = source.files.empty();
    marks_ = snapshot_->Property("delta.enableDeletionVectors") == "true" &&
             delta::HasWriterFeature(snapshot_->protocol(), "deletionVectors");
    records_ = snapshot_->Property(delta::kChangeFeedProperty) == "true";
    source_ = source;
    return state_.Register(source);
  }

  bool empty() const { return empty_; }
  const Table& table() const { return table_; }
  RelationPtr Target() const { return Raw(kTarget, alias_); }
  RelationPtr Rewritten() const { return Raw(kRewritten, alias_); }
  ExprPtr OfTarget(const std::string& column) const { return Column({alias_, column}); }

  // Which rows meet the condition, as a computed table of file, row and `action`.
  Status Find(const char* name, RelationPtr from, ExprPtr where, ExprPtr action) {
    std::vector<ExprPtr> list{Named(OfTarget("_file"), "f"), Named(OfTarget("_row"), "r"),
                              Named(std::move(action), "action")};
    ASSIGN_OR_RETURN(const auto rows, state_.Resolve(SelectFrom(std::move(list), std::move(from), std::move(where))));
    return state_.Materialize(name, rows);
  }

  ExprPtr SameRow(const char* alias) const {
    return Operation("and", {Operation("=", {OfTarget("_file"), Column({alias, "f"})}),
                             Operation("=", {OfTarget("_row"), Column({alias, "r"})})});
  }

  // The files with rows of an action: to be replaced, ready to be read as Rewritten(), or to be marked where the table
  // has deletion vectors.
  Status ChooseFiles(const std::vector<const char*>& found) {
    std::map<std::string, std::vector<int64_t>> touched;
    for (const char* name : found) {
      std::vector<ExprPtr> list{Column({"f"})};
      if (marks_) list.push_back(Column({"r"}));
      ASSIGN_OR_RETURN(const auto rows,
                       state_.Query(SelectFrom(std::move(list), Raw(name, "m"),
                                               Operation(">=", {Column({"action"}), Whole(0)}), true)));
      for (const auto& row : rows.rows) {
        auto& deleted = touched[std::get<std::string>(row[0].data)];
        if (marks_) deleted.push_back(std::get<int64_t>(row[1].data));
      }
    }
    for (const auto& add : snapshot_->files()) {
      ASSIGN_OR_RETURN(const auto path, snapshot_->PathOf(add));
      const auto rows = touched.find(path);
      if (rows != touched.end()) RETURN_IF_ERROR(Take(add, std::move(rows->second)));
    }
    if (marks_ || removal_.empty()) return Ok();
    engine::Source rewritten = source_;
    rewritten.name = kRewritten;
    std::erase_if(rewritten.files, [&](const engine::File& file) { return !touched.contains(file.path); });
    return state_.Register(rewritten);
  }

  // For the change data feed: the new rows, computed once, so that the feed and the table get the same.
  Status Record(StoredRows& rows, const char* type) {
    if (!records_) return Ok();
    const std::string name = kNewRows + std::to_string(changes_.size());
    ASSIGN_OR_RETURN(const auto resolved, state_.Resolve(rows.query));
    RETURN_IF_ERROR(state_.Materialize(name, resolved));
    rows.query = SelectFrom({plan::MakeExpr(plan::Star{})}, TableNamed({kRawTable, name}));
    std::vector<ExprPtr> list;
    for (const auto& field : table_.schema.fields) list.push_back(Column({field.name}));
    list.push_back(Named(Text(type), delta::kChangeType));
    changes_.push_back(SelectFrom(std::move(list), TableNamed({kRawTable, name})));
    return Ok();
  }

  // And the rows as they were that one of `actions` touches; none: any action.
  void RecordBefore(const char* found, std::optional<int64_t> action, const char* type) {
    if (!records_) return;
    const auto chosen =
        action ? Operation("=", {Column({"action"}), Whole(*action)}) : Operation(">=", {Column({"action"}), Whole(0)});
    const auto touched = AliasOf(SelectFrom({Column({"f"}), Column({"r"})}, Raw(found, "m"), chosen), "gone");
    std::vector<ExprPtr> list;
    for (const auto& field : table_.schema.fields) list.push_back(OfTarget(field.name));
    list.push_back(Named(Text(type), delta::kChangeType));
    changes_.push_back(SelectFrom(std::move(list), JoinOf(Target(), touched, JoinType::kLeftSemi, SameRow("gone"))));
  }

  // No row's fate hangs on other rows.
  void JudgeRowsAlone() { removal_.rows_alone = true; }

  bool nothing_to_do() const { return removal_.empty(); }

  // `rows` with those of the replaced files that no action touches.
  void AddKept(const std::vector<const char*>& found, StoredRows& rows) const {
    if (marks_ || nothing_to_do()) return;
    const auto kept = Kept(found, rows.rules.size());
    rows.query = rows.query ? UnionAll({rows.query, kept}) : kept;
  }

  // No rows, as many columns as the table has.
  StoredRows NoRows() const {
    StoredRows none;
    none.columns = static_cast<int>(table_.schema.fields.size());
    none.query = NoRowsOf(AsRead(table_.schema));
    return none;
  }

  // New values of the table's columns over `from`, as they may be stored; null: the table computes it.
  Result<StoredRows> Stored(std::vector<ExprPtr> values, RelationPtr from, ExprPtr where) {
    std::vector<std::string> names;
    std::vector<ExprPtr> list;
    for (size_t i = 0; i < values.size(); ++i) {
      names.push_back(fmt::format("c{}", i));
      list.push_back(Named(values[i] ? values[i] : Null(), names.back()));
    }
    const auto query = SelectFrom(std::move(list), std::move(from), std::move(where));
    ASSIGN_OR_RETURN(const auto resolved, state_.Resolve(query));
    std::vector<Given> given;
    for (size_t i = 0; i < names.size(); ++i) {
      given.push_back({values[i] ? Column({"__source", names[i]}) : nullptr, resolved->columns[i].type});
    }
    return Assign(state_, table_, given, AliasOf(query, "__source", names));
  }

  // The column an assignment names: c, alias.c, or with all the parts of the table's name.
  Result<size_t> AssignedColumn(const plan::Name& name) const {
    const bool qualified = name.size() > 1 && (SameIgnoringCase(name[name.size() - 2], alias_));
    const int index = table_.schema.IndexOf(name.back());
    if (name.size() > 1 && !qualified) {
      if (table_.schema.IndexOf(name[0]) >= 0) {
        return Unimplemented(fmt::format("assigning to the field {} of a struct is not supported", Quoted(name)));
      }
    }
    if (index < 0 || (name.size() > 1 && !qualified)) {
      return SqlError(
          "UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703",
          fmt::format("A column, variable, or function parameter with name {} cannot be resolved.", Quoted(name)));
    }
    return static_cast<size_t>(index);
  }

  Result<std::vector<ExprPtr>> Assigned(const std::vector<plan::Assignment>& assignments,
                                        std::vector<ExprPtr> values) const {
    std::set<size_t> seen;
    for (const auto& assignment : assignments) {
      ASSIGN_OR_RETURN(const size_t column, AssignedColumn(assignment.column));
      if (!seen.insert(column).second) {
        return SqlError("DELTA_CONFLICT_SET_COLUMN", "42701",
                        fmt::format("There is a conflict from these SET columns: {}.", Quoted(assignment.column)));
      }
      const auto* word = std::get_if<plan::Attribute>(&assignment.value->node);
      const bool is_default = word != nullptr && word->parts.size() == 1 && SameIgnoringCase(word->parts[0], "default");
      const auto& field = table_.schema.fields[column];
      if (const auto identity = IdentityOf(field)) {
        const bool inserts = values[column] == nullptr;
        if (inserts && is_default) continue;
        if (!inserts) {
          return SqlError("DELTA_IDENTITY_COLUMNS_UPDATE_NOT_SUPPORTED", "42808",
                          fmt::format("UPDATE on IDENTITY column {} is not supported.", field.name));
        }
        if (!identity->explicit_allowed) return NoExplicitIdentity(field);
      }
      if (is_default && GenerationOf(field)) {
        values[column] = nullptr;
      } else if (is_default) {
        ASSIGN_OR_RETURN(values[column], DefaultOf(table_.schema.fields[column]));
      } else {
        values[column] = assignment.value;
      }
    }
    return values;
  }

  // What a row keeps when it is updated; generated columns follow the others.
  std::vector<ExprPtr> OwnValues() const {
    std::vector<ExprPtr> values;
    for (const auto& field : table_.schema.fields) {
      values.push_back(GenerationOf(field) ? nullptr : OfTarget(field.name));
    }
    return values;
  }

  Result<Answer> Commit(const StoredRows& rows, const std::string& operation) {
    const auto changes = changes_.empty() ? nullptr : changes_.size() == 1 ? changes_[0] : UnionAll(changes_);
    RETURN_IF_ERROR(ReplaceFiles(state_, table_, snapshot_, rows, removal_, changes, operation));
    return Nothing();
  }

  Result<Answer> CommitRemoval() {
    removal_.files = snapshot_->files();
    return Commit(NoRows(), "DELETE");
  }

 private:
  // The rows of the replaced files that no action touches, with empty columns for `rules`.
  RelationPtr Kept(const std::vector<const char*>& found, size_t rules) const {
    RelationPtr from = Rewritten();
    for (const char* name : found) {
      const auto touched =
          SelectFrom({Column({"f"}), Column({"r"})}, Raw(name, "m"), Operation(">=", {Column({"action"}), Whole(0)}));
      from = JoinOf(from, AliasOf(touched, "gone"), JoinType::kLeftAnti, SameRow("gone"));
    }
    std::vector<ExprPtr> list;
    for (const auto& field : table_.schema.fields) list.push_back(OfTarget(field.name));
    for (size_t i = 0; i < rules; ++i) {
      list.push_back(Named(plan::MakeExpr(plan::Cast{Null(), plan::TypeId::kBoolean}), fmt::format("rule {}", i)));
    }
    return SelectFrom(std::move(list), from);
  }

  // The file leaves the table, or stays without these rows.
  Status Take(const delta::Add& add, std::vector<int64_t> rows) {
    if (marks_) {
      std::ranges::sort(rows);
      const auto own = rows;
      if (add.deletion_vector) {
        ASSIGN_OR_RETURN(const auto before, delta::ReadDeletionVector(snapshot_->table(), *add.deletion_vector));
        rows.insert(rows.end(), before.begin(), before.end());
      }
      std::ranges::sort(rows);
      rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
      const auto statistics = delta::ParseStatistics(add.stats.value_or(""), {}, snapshot_->column_mapping());
      if (statistics.num_records != std::ssize(rows)) {
        removal_.marked.push_back({add, std::move(rows), own});
        return Ok();
      }
    }
    removal_.files.push_back(add);
    return Ok();
  }

  State& state_;
  Table table_;
  std::string alias_;
  delta::SnapshotPtr snapshot_;
  engine::Source source_;
  Removal removal_;
  std::vector<RelationPtr> changes_;  // for the change data feed
  bool marks_ = false;                // rows are deleted by deletion vectors
  bool records_ = false;              // the table has a change data feed
  bool empty_ = false;
};

// 0, 1, ... by the first clause whose condition holds; -1: none of them.
ExprPtr ActionOf(const std::vector<const plan::MergeClause*>& clauses) {
  plan::Case choice;
  for (size_t i = 0; i < clauses.size(); ++i) {
    const auto condition = clauses[i]->condition ? IsTrue(clauses[i]->condition) : Truth(true);
    choice.branches.emplace_back(condition, Whole(static_cast<int64_t>(i)));
  }
  if (choice.branches.empty()) return Whole(-1);
  choice.otherwise = Whole(-1);
  return plan::MakeExpr(std::move(choice));
}

class Merger {
 public:
  Merger(State& state, const plan::Merge& merge, Table table)
      : state_(state), merge_(merge), changer_(state, std::move(table), merge.target_alias) {
    using When = plan::MergeClause::When;
    for (const auto& clause : merge.clauses) {
      (clause.when == When::kMatched      ? matched_
       : clause.when == When::kNotMatched ? inserted_
                                          : orphaned_)
          .push_back(&clause);
    }
  }

  Result<Answer> Run() {
    if (merge_.schema_evolution) return Unimplemented("MERGE WITH SCHEMA EVOLUTION is not supported here");
    RETURN_IF_ERROR(changer_.Begin("MERGE INTO TABLE"));
    RETURN_IF_ERROR(ReadSource());
    if (!changer_.empty()) RETURN_IF_ERROR(FindRows());
    RETURN_IF_ERROR(AddUpdates());
    RETURN_IF_ERROR(AddInserts());
    StoredRows all;
    all.columns = static_cast<int>(changer_.table().schema.fields.size());
    RETURN_IF_ERROR(JoinParts(all));
    changer_.AddKept(found_, all);
    if (!all.query && changer_.nothing_to_do()) return Nothing();
    if (!all.query) all = changer_.NoRows();
    return changer_.Commit(all, "MERGE");
  }

 private:
  // The clauses' rows as one query: each rule is a column of all, TRUE where a part does not have it.
  Status JoinParts(StoredRows& all) {
    std::vector<RelationPtr> queries;
    for (const auto& part : parts_) {
      for (const auto& rule : part.rules) all.rules.push_back(rule);
      for (const int column : part.identities) {
        if (!all.identities.empty()) return Unimplemented("a MERGE with two INSERT clauses that draw identity numbers");
        all.identities.push_back(column);
      }
    }
    size_t first = 0;
    for (const auto& part : parts_) {
      std::vector<ExprPtr> list;
      for (const auto& field : changer_.table().schema.fields) list.push_back(Column({field.name}));
      for (size_t i = 0; i < all.rules.size(); ++i) {
        const bool own = i >= first && i < first + part.rules.size();
        list.push_back(
            Named(own ? Column({fmt::format("rule {}", i - first)}) : Truth(true), fmt::format("rule {}", i)));
      }
      first += part.rules.size();
      queries.push_back(SelectFrom(std::move(list), AliasOf(part.query, "__part")));
    }
    if (!queries.empty()) all.query = queries.size() == 1 ? queries[0] : UnionAll(std::move(queries));
    return Ok();
  }

  RelationPtr Source() const { return Raw(kMergeSource, source_alias_); }

  // The source is read once, so that all parts see the same rows.
  Status ReadSource() {
    source_alias_ = "__merge_source";
    if (const auto* aliased = std::get_if<plan::Aliased>(&merge_.source->node)) source_alias_ = aliased->alias;
    if (const auto* table = std::get_if<plan::TableRef>(&merge_.source->node); table && !table->name.empty()) {
      source_alias_ = table->name.back();
    }
    plan::Star star;
    ASSIGN_OR_RETURN(const auto rows, state_.Resolve(SelectFrom({plan::MakeExpr(star)}, merge_.source)));
    source_schema_ = plan::typed::SchemaOf(*rows);
    return state_.Materialize(kMergeSource, rows);
  }

  Status FindRows() {
    const auto joined = JoinOf(changer_.Target(), Source(), JoinType::kInner, merge_.condition);
    RETURN_IF_ERROR(changer_.Find(kMatched, joined, nullptr, ActionOf(matched_)));
    found_.push_back(kMatched);
    RETURN_IF_ERROR(RefuseSeveralMatches());
    if (!orphaned_.empty()) {
      const auto alone = JoinOf(changer_.Target(), Raw(kMatched, "m"), JoinType::kLeftAnti, changer_.SameRow("m"));
      RETURN_IF_ERROR(changer_.Find(kUnmatched, alone, nullptr, ActionOf(orphaned_)));
      found_.push_back(kUnmatched);
    }
    return changer_.ChooseFiles(found_);
  }

  Status RefuseSeveralMatches() {
    const bool only_delete =
        matched_.size() == 1 && !matched_[0]->condition && matched_[0]->action == plan::MergeClause::Action::kDelete;
    if (only_delete || matched_.empty()) return Ok();
    plan::Select select;
    select.list = {Function("count", {Whole(1)})};
    select.from = Raw(kMatched, "m");
    select.where = Operation(">=", {Column({"action"}), Whole(0)});
    select.group_by.kind = plan::Grouping::Kind::kSimple;
    select.group_by.exprs = {Column({"f"}), Column({"r"})};
    select.having = Operation(">", {Function("count", {Whole(1)}), Whole(1)});
    ASSIGN_OR_RETURN(const auto rows, state_.Query(plan::MakeRelation(std::move(select)), 1));
    if (rows.rows.empty()) return Ok();
    return SqlError("DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE", "21506",
                    "Cannot perform Merge as multiple source rows matched and attempted to modify the same target row "
                    "in the Delta table in possibly conflicting ways. Make the source's keys unique.");
  }

  // `*`: the target's columns from the source's columns of the same names.
  Result<std::vector<ExprPtr>> FromSource(bool updates) const {
    std::vector<ExprPtr> values;
    for (const auto& field : changer_.table().schema.fields) {
      if (source_schema_.IndexOf(field.name) < 0) {
        return SqlError(
            "DELTA_MERGE_UNRESOLVED_EXPRESSION", "42601",
            fmt::format("Cannot resolve {} in the clause's *: the source has no such column.", Quoted({field.name})));
      }
      if (const auto identity = IdentityOf(field); identity && (updates || !identity->explicit_allowed)) {
        return NoExplicitIdentity(field);
      }
      values.push_back(Column({source_alias_, field.name}));
    }
    return values;
  }

  Status AddUpdates() {
    if (changer_.empty()) return Ok();
    const auto joined = JoinOf(changer_.Target(), Source(), JoinType::kInner, merge_.condition);
    for (size_t i = 0; i < matched_.size(); ++i) {
      const auto& clause = *matched_[i];
      const bool deletes = clause.action == plan::MergeClause::Action::kDelete;
      changer_.RecordBefore(kMatched, static_cast<int64_t>(i), deletes ? kDeleted : kBefore);
      if (deletes) continue;
      auto values = clause.action == plan::MergeClause::Action::kUpdateAll
                        ? FromSource(true)
                        : changer_.Assigned(clause.assignments, changer_.OwnValues());
      if (!values.ok()) return values.error();
      const auto here = Operation("=", {ActionOf(matched_), Whole(static_cast<int64_t>(i))});
      ASSIGN_OR_RETURN(auto rows, changer_.Stored(std::move(*values), joined, here));
      RETURN_IF_ERROR(changer_.Record(rows, kAfter));
      parts_.push_back(std::move(rows));
    }
    for (size_t i = 0; i < orphaned_.size(); ++i) {
      const auto& clause = *orphaned_[i];
      const bool deletes = clause.action == plan::MergeClause::Action::kDelete;
      changer_.RecordBefore(kUnmatched, static_cast<int64_t>(i), deletes ? kDeleted : kBefore);
      if (deletes) continue;
      ASSIGN_OR_RETURN(auto values, changer_.Assigned(clause.assignments, changer_.OwnValues()));
      const auto alone = JoinOf(changer_.Target(), Raw(kUnmatched, "__u"), JoinType::kInner, changer_.SameRow("__u"));
      const auto here = Operation("=", {Column({"__u", "action"}), Whole(static_cast<int64_t>(i))});
      ASSIGN_OR_RETURN(auto rows, changer_.Stored(std::move(values), alone, here));
      RETURN_IF_ERROR(changer_.Record(rows, kAfter));
      parts_.push_back(std::move(rows));
    }
    return Ok();
  }

  Status AddInserts() {
    const auto alone = JoinOf(Source(), changer_.Target(), JoinType::kLeftAnti, merge_.condition);
    for (size_t i = 0; i < inserted_.size(); ++i) {
      const auto& clause = *inserted_[i];
      std::vector<ExprPtr> values;
      if (clause.action == plan::MergeClause::Action::kInsertAll) {
        ASSIGN_OR_RETURN(values, FromSource(false));
      } else {
        for (const auto& field : changer_.table().schema.fields) {
          if (IsComputed(field)) {
            values.push_back(nullptr);
            continue;
          }
          ASSIGN_OR_RETURN(auto value, DefaultOf(field));
          values.push_back(CastTo(std::move(value), AsRead(plan::Schema{{field}}).fields[0].type));
        }
        ASSIGN_OR_RETURN(values, changer_.Assigned(clause.assignments, std::move(values)));
      }
      const auto here = Operation("=", {ActionOf(inserted_), Whole(static_cast<int64_t>(i))});
      ASSIGN_OR_RETURN(auto rows, changer_.Stored(std::move(values), alone, here));
      RETURN_IF_ERROR(changer_.Record(rows, kInserted));
      parts_.push_back(std::move(rows));
    }
    return Ok();
  }

  State& state_;
  const plan::Merge& merge_;
  Changer changer_;
  std::vector<const plan::MergeClause*> matched_, inserted_, orphaned_;
  std::string source_alias_;
  plan::Schema source_schema_;
  std::vector<const char*> found_;
  std::vector<StoredRows> parts_;
};

}  // namespace

Result<Answer> Run(State& state, const plan::Delete& change) {
  ASSIGN_OR_RETURN(auto table, ChangeableTable(state, change.table, "DELETE"));
  Changer changer(state, std::move(table), change.alias);
  RETURN_IF_ERROR(changer.Begin("DELETE"));
  if (changer.empty()) return Nothing();
  if (!change.where) return changer.CommitRemoval();
  RETURN_IF_ERROR(changer.Find(kMatched, changer.Target(), change.where, Whole(0)));
  if (!sql::HoldsSubquery(change.where)) changer.JudgeRowsAlone();
  RETURN_IF_ERROR(changer.ChooseFiles({kMatched}));
  if (changer.nothing_to_do()) return Nothing();
  changer.RecordBefore(kMatched, {}, kDeleted);
  StoredRows rows = changer.NoRows();
  changer.AddKept({kMatched}, rows);
  return changer.Commit(rows, "DELETE");
}

Result<Answer> Run(State& state, const plan::Update& change) {
  ASSIGN_OR_RETURN(auto table, ChangeableTable(state, change.table, "UPDATE"));
  Changer changer(state, std::move(table), change.alias);
  RETURN_IF_ERROR(changer.Begin("UPDATE TABLE"));
  ASSIGN_OR_RETURN(auto values, changer.Assigned(change.assignments, changer.OwnValues()));
  ASSIGN_OR_RETURN(auto rows, changer.Stored(std::move(values), changer.Target(), change.where));
  if (changer.empty()) return Nothing();
  const auto where = change.where ? change.where : Truth(true);
  RETURN_IF_ERROR(changer.Find(kMatched, changer.Target(), where, Whole(0)));
  RETURN_IF_ERROR(changer.ChooseFiles({kMatched}));
  if (changer.nothing_to_do()) return Nothing();
  changer.RecordBefore(kMatched, {}, kBefore);
  RETURN_IF_ERROR(changer.Record(rows, kAfter));
  changer.AddKept({kMatched}, rows);
  return changer.Commit(rows, "UPDATE");
}

Result<Answer> Run(State& state, const plan::Merge& merge) {
  ASSIGN_OR_RETURN(auto table, ChangeableTable(state, merge.target, "MERGE INTO TABLE"));
  return Merger(state, merge, std::move(table)).Run();
}

Result<Answer> ReplaceRows(State& state, const Table& table, const plan::ExprPtr& condition, const StoredRows& rows) {
  Changer changer(state, table, "");
  RETURN_IF_ERROR(changer.Begin("INSERT REPLACE WHERE"));
  StoredRows all = rows;
  std::vector<plan::ExprPtr> list;
  for (const auto& field : table.schema.fields) list.push_back(Column({field.name}));
  for (size_t i = 0; i < rows.rules.size(); ++i) list.push_back(Column({fmt::format("rule {}", i)}));
  list.push_back(Named(IsTrue(condition), fmt::format("rule {}", rows.rules.size())));
  all.rules.push_back(
      {"replace where", SqlError("DELTA_REPLACE_WHERE_MISMATCH", "44000",
                                 "Written data does not conform to partial table overwrite condition or constraint.")});
  all.query = SelectFrom(std::move(list), AliasOf(rows.query, table.name));
  if (!changer.empty()) {
    RETURN_IF_ERROR(changer.Find(kMatched, changer.Target(), condition, Whole(0)));
    RETURN_IF_ERROR(changer.ChooseFiles({kMatched}));
    changer.RecordBefore(kMatched, {}, kDeleted);
  }
  RETURN_IF_ERROR(changer.Record(all, kInserted));
  if (!changer.empty()) changer.AddKept({kMatched}, all);
  return changer.Commit(all, "WRITE");
}

}  // namespace tidemill::session
