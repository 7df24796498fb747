// ALTER, COMMENT ON, TRUNCATE, and the partitions they name.
#include <fmt/format.h>

#include "sql/detail/parser_impl.h"

namespace tidemill::sql {
namespace {

using enum Keyword;
using Alter = plan::AlterTable;

}  // namespace

// (a = 1, b): a value left out is a dynamic one.
bool Parser::ParsePartition(plan::PartitionSpec* partition) {
  if (!Expect(kPartition) || !Expect(TokenKind::kLeftParen)) return false;
  do {
    auto& [column, value] = partition->emplace_back();
    if (!ParseName(&column, "the name of a partition column")) return false;
    if (Take(TokenKind::kEqual)) {
      value = ParseValue();
      if (!value) return false;
    } else if (!Is(TokenKind::kComma) && !Is(TokenKind::kRightParen)) {
      return Is(kLike) || Is(TokenKind::kNotEqual) || Is(TokenKind::kLess) || Is(TokenKind::kGreater) ||
                     Is(TokenKind::kLessEqual) || Is(TokenKind::kGreaterEqual)
                 ? Refuse("A partition is named by column = value here.", Peek().at)
                 : FailSyntax("= and a value");
    }
  } while (Take(TokenKind::kComma));
  return Expect(TokenKind::kRightParen);
}

bool Parser::ParsePlace(std::optional<plan::ColumnPlace>* place) {
  if (Take(kFirst)) {
    place->emplace();
  } else if (Take(kAfter)) {
    return ParseName(&place->emplace().after, "the name of a column");
  }
  return true;
}

bool Parser::ParseAlter(plan::Statement* statement) {
  const size_t first = next_;
  Advance();
  if (IsAny({kDatabase, kSchema, kNamespace})) {
    Advance();
    plan::AlterDatabase database;
    if (!ParseObject(&database.name, "the name of a schema")) return false;
    if (Is(kSet) && IsAny({kDbproperties, kProperties}, 1)) {
      next_ += 2;
      if (!ParseProperties(&database.properties)) return false;
    } else if (Take(kSet, kLocation)) {
      if (!ParseText(&database.location.emplace())) return false;
    } else {
      next_ = first;
      return ParseForeign(statement);
    }
    statement->node = std::move(database);
    return true;
  }
  Alter alter;
  alter.view = Is(kView);
  if (!alter.view && !Is(kTable)) {
    next_ = first;
    return ParseForeign(statement);
  }
  Advance();
  bool known = true;
  if (!ParseObject(&alter.name, alter.view ? "the name of a view" : "the name of a table")) return false;
  if (!ParseAlterTable(&alter, &known)) return false;
  if (!known) {
    next_ = first;
    return ParseForeign(statement);
  }
  statement->node = std::move(alter);
  return true;
}

bool Parser::ParseAlterTable(Alter* alter, bool* known) {
  if (Take(kRename, kTo)) return ParseObject(&alter->change.emplace<Alter::Rename>().to);
  if (Take(kRename, kColumn)) {
    auto& rename = alter->change.emplace<Alter::RenameColumn>();
    return ParseQualifiedName(&rename.from) && Expect(kTo) && ParseName(&rename.to);
  }
  if (Take(kSet, kTblproperties)) return ParseProperties(&alter->change.emplace<Alter::SetProperties>().properties);
  if (Take(kUnset, kTblproperties)) {
    auto& unset = alter->change.emplace<Alter::UnsetProperties>();
    unset.if_exists = Take(kIf, kExists);
    plan::Properties keys;
    if (!ParseProperties(&keys)) return false;
    for (const auto& [key, value] : keys) unset.keys.push_back(key);
    return true;
  }
  if (alter->view && (Is(kAs) || StartsQuery(next_))) {
    Take(kAs);
    return ParseQueryText(&alter->change.emplace<Alter::ViewQuery>().query);
  }
  if (Take(kSet, kLocation)) return ParseText(&alter->change.emplace<Alter::SetLocation>().location);
  if (Take(kRecover, kPartitions)) {
    alter->change.emplace<Alter::RecoverPartitions>();
    return true;
  }
  if (Is(kPartition) && Is(TokenKind::kLeftParen, 1)) {
    plan::PartitionSpec from;
    if (!ParsePartition(&from)) return false;
    if (Take(kRename, kTo)) return ParsePartition(&alter->change.emplace<Alter::RenamePartition>(from).to);
    if (Take(kSet, kLocation)) return ParseText(&alter->change.emplace<Alter::SetLocation>(from).location);
    *known = false;
    return true;
  }
  if (Is(kAdd)) {
    const bool partition = Is(kPartition, 1) || (Is(kIf, 1) && Is(kPartition, 4));
    if (partition) return ParseAddPartitions(alter);
    if (IsAny({kColumn, kColumns}, 1)) return ParseAddColumns(alter);
  }
  if (Take(kReplace, kColumns)) {
    return Expect(TokenKind::kLeftParen) && ParseColumns(&alter->change.emplace<Alter::ReplaceColumns>().columns) &&
           Expect(TokenKind::kRightParen);
  }
  if (Is(kDrop)) {
    const bool guarded = Is(kIf, 1) && Is(kPartition, 3);
    if (guarded || Is(kPartition, 1)) {
      auto& drop = alter->change.emplace<Alter::DropPartitions>();
      drop.if_exists = guarded;
      next_ += guarded ? 3 : 1;
      do {
        if (!ParsePartition(&drop.partitions.emplace_back())) return false;
      } while (Take(TokenKind::kComma));
      Take(kPurge);
      return true;
    }
    if (IsAny({kColumn, kColumns}, 1)) return ParseDropColumns(alter);
  }
  if (IsAny({kAlter, kChange})) return ParseChangeColumn(alter);
  *known = false;
  return true;
}

bool Parser::ParseAddColumns(Alter* alter) {
  next_ += 2;
  auto& add = alter->change.emplace<Alter::AddColumns>();
  add.if_not_exists = TakeIfNotExists();
  const bool paren = Take(TokenKind::kLeftParen);
  do {
    auto& column = add.columns.emplace_back();
    if (!ParseQualifiedName(&column.name, "the name of a column") || !ParseType(&column.type)) return false;
    while (true) {
      if (Take(kNot, kNull)) {
        column.nullable = false;
      } else if (Take(kDefault)) {
        if (!ParseExprText(&column.default_value)) return false;
      } else if (Take(kComment)) {
        if (!ParseText(&column.comment.emplace())) return false;
      } else if (IsAny({kFirst, kAfter})) {
        if (!ParsePlace(&column.place)) return false;
      } else {
        break;
      }
    }
  } while (Take(TokenKind::kComma));
  return !paren || Expect(TokenKind::kRightParen);
}

bool Parser::ParseDropColumns(Alter* alter) {
  next_ += 2;
  auto& drop = alter->change.emplace<Alter::DropColumns>();
  drop.if_exists = Take(kIf, kExists);
  const bool paren = Take(TokenKind::kLeftParen);
  do {
    if (!ParseQualifiedName(&drop.columns.emplace_back(), "the name of a column")) return false;
  } while (Take(TokenKind::kComma));
  return !paren || Expect(TokenKind::kRightParen);
}

// ALTER [COLUMN] c change, or Hive's CHANGE [COLUMN] c new_name type [COMMENT 'x'] [FIRST | AFTER a].
bool Parser::ParseChangeColumn(Alter* alter) {
  Advance();
  Take(kColumn);
  auto& change = alter->change.emplace<Alter::ChangeColumn>();
  if (!ParseQualifiedName(&change.column, "the name of a column")) return false;
  if (!IsAny({kType, kComment, kSet, kDrop, kFirst, kAfter}) && IsName()) {
    if (!ParseName(&change.rename.emplace()) || !ParseType(&change.type.emplace())) return false;
    if (Take(kNot, kNull)) change.nullable = false;
    if (Take(kComment) && !ParseText(&change.comment.emplace())) return false;
    return ParsePlace(&change.place);
  }
  if (!ParseColumnChange(&change)) return false;
  return !Is(TokenKind::kComma) || Refuse("ALTER COLUMN of several columns at once is not supported.", Peek().at);
}

bool Parser::ParseColumnChange(Alter::ChangeColumn* change) {
  if (Take(kType)) return ParseType(&change->type.emplace());
  if (Take(kComment)) return ParseText(&change->comment.emplace());
  if (IsAny({kFirst, kAfter})) return ParsePlace(&change->place);
  if (Is(kSet) && Is(kNot, 1) && Is(kNull, 2)) {
    next_ += 3;
    change->nullable = false;
    return true;
  }
  if (Is(kDrop) && Is(kNot, 1) && Is(kNull, 2)) {
    next_ += 3;
    change->nullable = true;
    return true;
  }
  if (Take(kSet, kDefault)) return ParseExprText(&change->default_value);
  if (Take(kDrop, kDefault)) {
    change->drop_default = true;
    return true;
  }
  return FailSyntax("TYPE, COMMENT, FIRST, AFTER, SET or DROP");
}

bool Parser::ParseAddPartitions(Alter* alter) {
  Advance();
  auto& add = alter->change.emplace<Alter::AddPartitions>();
  add.if_not_exists = TakeIfNotExists();
  while (Is(kPartition)) {
    auto& [partition, location] = add.partitions.emplace_back();
    if (!ParsePartition(&partition)) return false;
    if (Take(kLocation) && !ParseText(&location.emplace())) return false;
    Take(TokenKind::kComma);
  }
  return true;
}

// MSCK REPAIR TABLE t: the partitions that are there are those that are seen.
bool Parser::ParseRepair(plan::Statement* statement) {
  const size_t first = next_;
  Take(kMsck);
  Alter alter;
  alter.change.emplace<Alter::RecoverPartitions>();
  if (!Take(kRepair, kTable) || !ParseObject(&alter.name) || IsAny({kDrop, kSync})) {
    next_ = first;
    return ParseForeign(statement);
  }
  if (Take(kAdd)) Expect(kPartitions);
  statement->node = std::move(alter);
  return true;
}

bool Parser::ParseCommentOn(plan::Statement* statement) {
  const size_t first = next_;
  Advance();
  plan::CommentOn comment;
  if (!Expect(kOn)) return false;
  if (IsAny({kDatabase, kSchema, kNamespace})) {
    comment.kind = plan::ObjectKind::kDatabase;
  } else if (!Is(kTable)) {
    next_ = first;
    return ParseForeign(statement);
  }
  Advance();
  if (!ParseObject(&comment.name) || !Expect(kIs)) return false;
  if (!Take(kNull) && !ParseText(&comment.comment)) return false;
  statement->node = std::move(comment);
  return true;
}

bool Parser::ParseTruncate(plan::Statement* statement) {
  Advance();
  plan::Truncate truncate;
  if (!Expect(kTable) || !ParseObject(&truncate.name, "the name of a table")) return false;
  if (Is(kPartition) && !ParsePartition(&truncate.partition)) return false;
  statement->node = std::move(truncate);
  return true;
}

}  // namespace tidemill::sql
