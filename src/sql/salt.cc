#include "sql/salt.h"

#include "base/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "sql/parser.h"

namespace tidemill::sql {
namespace {

std::string Quoted(std::string_view name) {
  std::string quoted = "`";
  for (const char c : name) quoted += c == '`' ? "``" : std::string(1, c);
  return quoted + "`";
}

std::string QuotedText(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

// A table of FROM: the name it stands under, and where its text begins.
struct Standing {
  std::string name;
  std::string alias;  // empty: none of its own
  Position at;
  const std::string& called() const { return alias.empty() ? name : alias; }
};

struct Equality {
  std::string left_table, left_column, right_table, right_column;
};

class Shape {
 public:
  // Fills what is below from FROM; the reason when it has another shape.
  Status Read(const plan::RelationPtr& from) {
    if (const auto* join = std::get_if<plan::Join>(&from->node)) {
      RETURN_IF_ERROR(Read(join->left));
      if (join->lateral || join->natural || !join->using_columns.empty()) {
        return Unimplemented("a join that is lateral, natural or USING can't be salted");
      }
      RETURN_IF_ERROR(ReadTable(join->right));
      joins.push_back(join);
      return Ok();
    }
    return ReadTable(from);
  }

  std::vector<Standing> tables;
  std::vector<const plan::Join*> joins;  // the i-th joins tables[i + 1] to those before

 private:
  Status ReadTable(const plan::RelationPtr& relation) {
    std::string alias;
    const plan::Relation* table = relation.get();
    if (const auto* aliased = std::get_if<plan::Aliased>(&table->node)) {
      if (!aliased->columns.empty()) return Unimplemented("a table with renamed columns can't be salted");
      alias = aliased->alias;
      table = aliased->input.get();
    }
    const auto* ref = std::get_if<plan::TableRef>(&table->node);
    if (ref == nullptr || ref->name.size() != 1) return Unimplemented("only joins of tables and steps can be salted");
    tables.push_back({ref->name[0], alias, table->at});
    return Ok();
  }
};

// The equalities of `a.x = b.y AND ...`, and where the first of them begins; nothing when the first conjunct is no
// plain equality, because text could not be put before it safely.
struct Conjuncts {
  std::vector<Equality> equalities;
  std::optional<Position> begin;

  void Read(const plan::ExprPtr& condition) {
    const auto* call = condition ? std::get_if<plan::Call>(&condition->node) : nullptr;
    if (call == nullptr || !call->is_operator) return;
    if (LowerAscii(call->name.back()) == "and") {
      for (const auto& arg : call->args) Read(arg);
      return;
    }
    const bool first = !seen_;
    seen_ = true;
    if (call->name.back() != "=") return;
    const auto* left = std::get_if<plan::Attribute>(&call->args[0]->node);
    const auto* right = std::get_if<plan::Attribute>(&call->args[1]->node);
    if (left == nullptr || right == nullptr || left->parts.size() != 2 || right->parts.size() != 2) return;
    if (first) begin = call->args[0]->at;
    equalities.push_back({left->parts[0], left->parts[1], right->parts[0], right->parts[1]});
  }

 private:
  bool seen_ = false;
};

bool HasStar(const plan::ExprPtr& expr) {
  if (std::holds_alternative<plan::Star>(expr->node)) return true;
  const auto* alias = std::get_if<plan::Alias>(&expr->node);
  return alias != nullptr && HasStar(alias->child);
}

size_t OffsetOf(std::string_view text, Position at) {
  size_t offset = 0;
  for (int line = 1; line < at.line; ++line) offset = text.find('\n', offset) + 1;
  // Columns count characters, of which UTF-8 may take several bytes.
  for (int column = 1; column < at.column && offset < text.size(); ++column) {
    do ++offset;
    while (offset < text.size() && (static_cast<unsigned char>(text[offset]) & 0xC0) == 0x80);
  }
  return offset;
}

// The name at the start of `text`, as written.
size_t NameLength(std::string_view text) {
  if (text.starts_with('`')) {
    size_t end = 1;
    while (end < text.size() && (text[end] != '`' || (end + 1 < text.size() && text[end + 1] == '`'))) {
      end += text[end] == '`' ? 2 : 1;
    }
    return std::min(text.size(), end + 1);
  }
  size_t end = 0;
  while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) != 0 || text[end] == '_' ||
                               static_cast<unsigned char>(text[end]) >= 0x80)) {
    ++end;
  }
  return end;
}

const Standing* Only(const std::vector<Standing>& tables, const std::string& name) {
  const Standing* found = nullptr;
  for (const auto& table : tables) {
    if (LowerAscii(table.name) != LowerAscii(name)) continue;
    if (found != nullptr) return nullptr;
    found = &table;
  }
  return found;
}

}  // namespace

Result<Salted> SaltJoin(std::string_view sql, const SaltSpec& spec) {
  ASSIGN_OR_RETURN(const auto query, ParseQuery(sql));
  const auto* select = std::get_if<plan::Select>(&query->node);
  if (select == nullptr) return Unimplemented("only a plain SELECT can be salted");
  if (std::any_of(select->list.begin(), select->list.end(), HasStar)) {
    return Unimplemented("SELECT * would show the salt; name the columns");
  }
  Shape shape;
  RETURN_IF_ERROR(shape.Read(select->from));
  const Standing* hot = Only(shape.tables, spec.table);
  const Standing* other = Only(shape.tables, spec.other);
  if (hot == nullptr || other == nullptr) return Unimplemented("each side must stand once in FROM");
  const size_t place = static_cast<size_t>(std::max(hot, other) - shape.tables.data());
  const plan::Join& join = *shape.joins[place - 1];
  const bool left = join.type == plan::JoinType::kLeft && hot < other;
  if (join.type != plan::JoinType::kInner && !left) return Unimplemented("only inner and left joins can be salted");
  // A later join that may lack the salted side, or sees it as missing, does not look at the salt: it stays as it is.
  Conjuncts conjuncts;
  conjuncts.Read(join.condition);
  if (!conjuncts.begin) return Unimplemented("the join's condition must begin with an equality of two columns");
  std::string other_column;
  for (const auto& e : conjuncts.equalities) {
    const bool forward = LowerAscii(e.left_table) == LowerAscii(hot->called()) &&
                         LowerAscii(e.right_table) == LowerAscii(other->called());
    const bool backward = LowerAscii(e.right_table) == LowerAscii(hot->called()) &&
                          LowerAscii(e.left_table) == LowerAscii(other->called());
    if (forward && LowerAscii(e.left_column) == LowerAscii(spec.column)) other_column = e.right_column;
    if (backward && LowerAscii(e.right_column) == LowerAscii(spec.column)) other_column = e.left_column;
  }
  if (other_column.empty()) return Unimplemented("no equality compares " + spec.column + " with the other side");

  std::string values;
  for (const auto& value : spec.values) values += (values.empty() ? "" : ", ") + QuotedText(value);
  const auto is_hot = [&](const std::string& column) {
    return fmt::format("CAST({} AS STRING) IN ({})", Quoted(column), values);
  };
  const std::string hot_view = hot->name + "__salted_by_row", other_view = other->name + "__salted_copies";
  Salted salted;
  salted.views.emplace_back(
      hot_view,
      fmt::format("SELECT *, CASE WHEN {} THEN CAST(pmod(monotonically_increasing_id(), {}) AS INT) ELSE 0 END AS "
                  "__salt FROM {}",
                  is_hot(spec.column), spec.count, Quoted(hot->name)));
  salted.views.emplace_back(
      other_view,
      fmt::format("SELECT *, explode(CASE WHEN {} THEN sequence(0, {}) ELSE array(0) END) AS __salt FROM {}",
                  is_hot(other_column), spec.count - 1, Quoted(other->name)));

  struct Edit {
    size_t at;
    size_t length;
    std::string text;
  };
  const auto reading = [&](const Standing& table, const std::string& view) {
    const size_t at = OffsetOf(sql, table.at);
    return Edit{at, NameLength(sql.substr(at)),
                Quoted(view) + (table.alias.empty() ? " AS " + Quoted(table.name) : "")};
  };
  std::vector<Edit> edits{
      reading(*hot, hot_view), reading(*other, other_view),
      Edit{OffsetOf(sql, *conjuncts.begin), 0,
           fmt::format("{}.__salt = {}.__salt AND ", Quoted(hot->called()), Quoted(other->called()))}};
  std::sort(edits.begin(), edits.end(), [](const auto& a, const auto& b) { return a.at > b.at; });
  salted.sql = sql;
  for (const auto& edit : edits) salted.sql.replace(edit.at, edit.length, edit.text);
  ASSIGN_OR_RETURN(const auto check, ParseQuery(salted.sql));
  (void)check;
  return salted;
}

}  // namespace tidemill::sql
