// Statements that change rows: INSERT, DELETE, UPDATE, MERGE.
#include <fmt/format.h>

#include "sql/detail/parser_impl.h"

namespace tidemill::sql {
namespace {

using enum Keyword;

}  // namespace

// WITH tables, then INSERT, DELETE, UPDATE or MERGE, whose queries see them.
bool Parser::ParseWithChange(plan::Statement* statement) {
  const Position at = Peek().at;
  plan::With with;
  if (!ParseCommonTables(&with)) return false;
  if (Is(kFrom) ? !ParseMultiInsert(statement) : !ParseStatementNode(statement)) return false;
  const auto around = [&](plan::RelationPtr& query) {
    with.body = std::move(query);
    query = plan::MakeRelation(with, at);
  };
  if (auto* insert = std::get_if<plan::Insert>(&statement->node)) {
    around(insert->query);
  } else if (auto* several = std::get_if<plan::MultiInsert>(&statement->node)) {
    for (auto& each : several->inserts) around(each.query);
  } else if (auto* merge = std::get_if<plan::Merge>(&statement->node)) {
    around(merge->source);
  } else {
    return Refuse("WITH before this statement is not supported. Put it into the subquery.", at);
  }
  return true;
}

bool Parser::ParseInsert(plan::Statement* statement) {
  if (Is(kOverwrite, 1) && (Is(kDirectory, 2) || (Is(kLocal, 2) && Is(kDirectory, 3)))) {
    if (!ParseForeign(statement)) return false;
    statement->node = plan::UnsupportedStatement{"INSERT OVERWRITE DIRECTORY"};
    return true;
  }
  plan::Insert insert;
  if (!ParseInsertInto(&insert)) return false;
  insert.query = ParseQuery();
  if (!insert.query) return false;
  statement->node = std::move(insert);
  return true;
}

// Everything of an INSERT before its query.
bool Parser::ParseInsertInto(plan::Insert* insert) {
  Advance();
  if (Take(kOverwrite)) {
    insert->mode = plan::Insert::Mode::kOverwrite;
  } else if (!Expect(kInto)) {
    return false;
  }
  if (Is(kTable) && !Is(TokenKind::kDot, 1)) Advance();
  if (!ParseObject(&insert->table, "the name of a table")) return false;
  if (Is(kWith) && Is(TokenKind::kLeftParen, 1))
    return Refuse("WITH (options) of an INSERT is not supported.", Peek().at);
  if (Is(kReplace) && Is(kWhere, 1)) {
    next_ += 2;
    insert->mode = plan::Insert::Mode::kReplaceWhere;
    insert->replace_where = ParseExpression();
    return insert->replace_where != nullptr;
  }
  if (Is(kPartition)) {
    if (!ParsePartition(&insert->partition)) return false;
    insert->if_not_exists = TakeIfNotExists();
  }
  if (Take(kBy, kName)) {
    insert->by_name = true;
  } else if (Is(TokenKind::kLeftParen) && !StartsParenthesizedQuery(next_)) {
    return ParseNameList(&insert->columns);
  }
  return true;
}

// FROM relation INSERT INTO a SELECT ... INSERT INTO b SELECT ...
bool Parser::ParseMultiInsert(plan::Statement* statement) {
  auto from = ParseFrom();
  if (!from) return false;
  plan::MultiInsert several;
  while (Is(kInsert)) {
    auto& insert = several.inserts.emplace_back();
    if (!ParseInsertInto(&insert)) return false;
    if (!Is(kSelect)) return FailSyntax("SELECT");
    insert.query = ParseSelect(from);
    if (insert.query) insert.query = ParseQueryOrganization(insert.query);
    if (!insert.query) return false;
  }
  if (several.inserts.size() == 1) {
    statement->node = std::move(several.inserts[0]);
  } else {
    statement->node = std::move(several);
  }
  return true;
}

bool Parser::ParseChangedTable(plan::ObjectName* table, std::string* alias) {
  if (!ParseObject(table, "the name of a table")) return false;
  std::vector<std::string> columns;
  if (Is(kSet) || Is(kUsing)) return true;
  if (!ParseAliasAndColumns(alias, &columns)) return false;
  if (columns.empty()) return true;
  return Fail("COLUMN_ALIASES_NOT_ALLOWED", "42601", "Column aliases are not allowed here.", table->at);
}

bool Parser::ParseDelete(plan::Statement* statement) {
  Advance();
  plan::Delete change;
  if (!Expect(kFrom) || !ParseChangedTable(&change.table, &change.alias)) return false;
  if (Take(kWhere)) {
    change.where = ParseExpression();
    if (!change.where) return false;
  }
  statement->node = std::move(change);
  return true;
}

bool Parser::ParseUpdate(plan::Statement* statement) {
  Advance();
  plan::Update change;
  if (!ParseChangedTable(&change.table, &change.alias)) return false;
  if (!Expect(kSet) || !ParseAssignments(&change.assignments)) return false;
  if (Take(kWhere)) {
    change.where = ParseExpression();
    if (!change.where) return false;
  }
  statement->node = std::move(change);
  return true;
}

bool Parser::ParseAssignments(std::vector<plan::Assignment>* assignments) {
  do {
    auto& assignment = assignments->emplace_back();
    if (!ParseQualifiedName(&assignment.column, "the name of a column") || !Expect(TokenKind::kEqual)) return false;
    assignment.value = ParseExpression();
    if (!assignment.value) return false;
  } while (Take(TokenKind::kComma));
  return true;
}

// MERGE [WITH SCHEMA EVOLUTION] INTO t USING source ON condition WHEN ...
bool Parser::ParseMerge(plan::Statement* statement) {
  Advance();
  plan::Merge merge;
  if (Is(kWith) && Is(kSchema, 1) && Is(kEvolution, 2)) {
    next_ += 3;
    merge.schema_evolution = true;
  }
  if (!Expect(kInto) || !ParseChangedTable(&merge.target, &merge.target_alias)) return false;
  if (!Expect(kUsing)) return false;
  merge.source = ParseRelationPrimary();
  if (!merge.source || !Expect(kOn)) return false;
  merge.condition = ParseExpression();
  if (!merge.condition) return false;
  while (Is(kWhen)) {
    if (!ParseMergeClause(&merge.clauses.emplace_back())) return false;
  }
  if (merge.clauses.empty()) {
    return Fail("MERGE_WITHOUT_WHEN", "42601", "There must be at least one WHEN clause in a MERGE statement.",
                statement->at);
  }
  statement->node = std::move(merge);
  return true;
}

bool Parser::ParseMergeClause(plan::MergeClause* clause) {
  using When = plan::MergeClause::When;
  using Action = plan::MergeClause::Action;
  Advance();
  if (Take(kNot)) clause->when = When::kNotMatched;
  if (!Expect(kMatched)) return false;
  if (clause->when == When::kNotMatched && Take(kBy)) {
    if (Take(kSource)) {
      clause->when = When::kNotMatchedBySource;
    } else if (!Expect(kTarget)) {
      return false;
    }
  }
  if (Take(kAnd)) {
    clause->condition = ParseExpression();
    if (!clause->condition) return false;
  }
  if (!Expect(kThen)) return false;
  if (clause->when == When::kNotMatched) return ParseMergeInsert(clause);
  if (Take(kDelete)) {
    clause->action = Action::kDelete;
    return true;
  }
  if (!Expect(kUpdate, kSet)) return false;
  clause->action = Action::kUpdate;
  if (clause->when == When::kMatched && Take(TokenKind::kStar)) {
    clause->action = Action::kUpdateAll;
    return true;
  }
  return ParseAssignments(&clause->assignments);
}

// INSERT * | INSERT (columns) VALUES (values)
bool Parser::ParseMergeInsert(plan::MergeClause* clause) {
  if (!Expect(kInsert)) return false;
  clause->action = plan::MergeClause::Action::kInsert;
  if (Take(TokenKind::kStar)) {
    clause->action = plan::MergeClause::Action::kInsertAll;
    return true;
  }
  const Position at = Peek().at;
  std::vector<plan::Name> columns;
  if (!Expect(TokenKind::kLeftParen)) return false;
  do {
    if (!ParseQualifiedName(&columns.emplace_back(), "the name of a column")) return false;
  } while (Take(TokenKind::kComma));
  std::vector<plan::ExprPtr> values;
  if (!Expect(TokenKind::kRightParen) || !Expect(kValues) || !Expect(TokenKind::kLeftParen)) return false;
  if (!ParseExpressions(&values) || !Expect(TokenKind::kRightParen)) return false;
  if (columns.size() != values.size()) {
    return Fail("PARSE_SYNTAX_ERROR", "42601",
                fmt::format("The number of inserted values ({}) is not that of the columns ({}).", values.size(),
                            columns.size()),
                at);
  }
  for (size_t i = 0; i < columns.size(); ++i) clause->assignments.push_back({columns[i], values[i]});
  return true;
}

}  // namespace tidemill::sql
