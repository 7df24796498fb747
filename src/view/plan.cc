#include "view/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <type_traits>

#include "view/detail/parts.h"

namespace tidemill::view {
namespace {

using typed::ColumnId;
using typed::ExprPtr;
using typed::RelationPtr;

// Gives the column another id and the same everything.
class Copier {
 public:
  using Rename = std::function<std::string(const std::string&)>;
  using CommonTables = std::map<int, RelationPtr>;

  Copier(Ids& ids, const Steps& steps, const Rename& rename, CommonTables tables, bool inline_tables)
      : ids_(ids), steps_(steps), rename_(rename), tables_(std::move(tables)), inline_tables_(inline_tables) {}

  RelationPtr Copy(const RelationPtr& relation) {
    if (const auto* with = std::get_if<typed::With>(&relation->node); with && inline_tables_) return Body(*with);
    if (const auto* ref = std::get_if<typed::CteRef>(&relation->node)) {
      if (const auto found = tables_.find(ref->cte); found != tables_.end()) return Behind(found->second, ref->columns);
    }
    if (const auto* scan = std::get_if<typed::Scan>(&relation->node)) {
      if (const auto found = steps_.find(scan->table); found != steps_.end()) {
        Copier other(ids_, steps_, rename_, {}, inline_tables_);
        return Renamed(other.Copy(found->second), scan->columns);
      }
    }
    auto copy = *relation;
    for (auto& column : copy.columns) Made(column);
    if (auto* scan = std::get_if<typed::Scan>(&copy.node); scan && rename_) scan->table = rename_(scan->table);
    std::visit([this](auto& node) { Parts<Copier>(*this).Of(node); }, copy.node);
    return std::make_shared<const typed::Relation>(std::move(copy));
  }

  // ---- what Parts calls
  template <typename Plain>
  void Say(const Plain&) {}
  void Constant(plan::Value&) {}
  void Variable(std::string&) {}
  void Table(int&) {}
  void Id(ColumnId& id) { id = New(id); }
  void Made(typed::Column& column) { column.id = New(column.id); }
  void One(ExprPtr& expr) {
    if (!expr) return;
    auto copy = *expr;
    std::visit([this](auto& node) { Parts<Copier>(*this).Of(node); }, copy.node);
    expr = std::make_shared<const typed::Expr>(std::move(copy));
  }
  void One(RelationPtr& relation) {
    if (relation) relation = Copy(relation);
  }

 private:
  ColumnId New(ColumnId id) {
    const auto [found, is_new] = new_.try_emplace(id, 0);
    if (is_new) found->second = ids_.Next();
    return found->second;
  }

  RelationPtr Body(const typed::With& with) {
    typed::With kept;
    for (const auto& table : with.tables) {
      if (table.recursion) {
        kept.tables.push_back(table);
      } else {
        // What is in it was made by now; its own ids are its own.
        tables_[table.cte] = table.query;
      }
    }
    if (kept.tables.empty()) return Copy(with.body);
    for (auto& table : kept.tables) {
      table.query = Copy(table.query);
      table.recursion = Copy(table.recursion);
    }
    kept.body = Copy(with.body);
    const auto columns = kept.body->columns;
    return typed::MakeRelation(std::move(kept), columns);
  }

  RelationPtr Behind(const RelationPtr& query, const std::vector<typed::Column>& columns) {
    Copier other(ids_, steps_, rename_, tables_, inline_tables_);
    return Renamed(other.Copy(query), columns);
  }

  // The rows of `made`, which stand where `columns` are read.
  RelationPtr Renamed(const RelationPtr& made, std::vector<typed::Column> columns) {
    typed::Project project;
    project.input = made;
    for (size_t i = 0; i < columns.size(); ++i) {
      Made(columns[i]);
      const auto& from = made->columns[i];
      project.exprs.push_back({columns[i], typed::MakeExpr(typed::ColumnRef{from.id}, from.type, from.nullable)});
    }
    return typed::MakeRelation(std::move(project), std::move(columns));
  }

  Ids& ids_;
  const Steps& steps_;
  const Rename& rename_;
  CommonTables tables_;
  bool inline_tables_;
  std::map<ColumnId, ColumnId> new_;
};

void Append(std::string& text, const plan::Value& value) {
  std::visit(
      [&](const auto& data) {
        using Data = std::decay_t<decltype(data)>;
        text += fmt::format("{}:", value.data.index());
        if constexpr (std::is_same_v<Data, bool> || std::is_same_v<Data, int64_t>) {
          text += fmt::format("{}", data);
        } else if constexpr (std::is_same_v<Data, double>) {
          text += fmt::format("{:x}", std::bit_cast<uint64_t>(data));
        } else if constexpr (std::is_same_v<Data, plan::Int128>) {
          text += plan::Int128ToString(data);
        } else if constexpr (std::is_same_v<Data, std::string>) {
          text += fmt::format("{}:{}", data.size(), data);
        } else if constexpr (std::is_same_v<Data, plan::IntervalParts>) {
          text += fmt::format("{},{},{}", data.months, data.days, data.micros);
        } else if constexpr (std::is_same_v<Data, plan::Value::Children>) {
          text += fmt::format("[{}", data->size());
          for (const auto& child : *data) Append(text, child);
          text += "]";
        }
        text += ";";
      },
      value.data);
}

// Numbers ids, variables and common tables by where they come first.
class Printer {
 public:
  explicit Printer(const std::function<std::string(const std::string&)>& label) : label_(label) {}

  void Print(const RelationPtr& relation) {
    auto copy = *relation;  // parts are visited as things that may change
    text_ += fmt::format("({} ", copy.node.index());
    if (auto* scan = std::get_if<typed::Scan>(&copy.node)) scan->table = label_(scan->table);
    std::visit([this](auto& node) { Parts<Printer>(*this).Of(node); }, copy.node);
    text_ += ">";
    for (const auto& column : copy.columns) text_ += fmt::format("{},", Number(ids_, column.id));
    text_ += ")";
  }
  std::string Take() { return std::move(text_); }

  // ---- what Parts calls
  void Say(const std::string& word) { text_ += fmt::format("{}:{} ", word.size(), word); }
  template <typename Plain>
    requires std::is_arithmetic_v<Plain>
  void Say(Plain plain) {
    text_ += fmt::format("{} ", plain);
  }
  void Constant(plan::Value& value) { Append(text_, value); }
  void Variable(std::string& name) { text_ += fmt::format("v{} ", Number(variables_, name)); }
  void Table(int& table) { text_ += fmt::format("t{} ", Number(tables_, table)); }
  void Id(ColumnId& id) { text_ += fmt::format("#{} ", Number(ids_, id)); }
  void Made(typed::Column& column) {
    text_ += fmt::format("@{}{}{} ", Number(ids_, column.id), column.type.ToString(), column.nullable ? "?" : "");
  }
  void One(ExprPtr& expr) {
    if (!expr) {
      text_ += "- ";
      return;
    }
    auto copy = *expr;
    text_ += fmt::format("<{} {} ", copy.node.index(), copy.type.ToString());
    std::visit([this](auto& node) { Parts<Printer>(*this).Of(node); }, copy.node);
    text_ += ">";
  }
  void One(RelationPtr& relation) {
    if (relation) {
      Print(relation);
    } else {
      text_ += "- ";
    }
  }

 private:
  template <typename Key>
  static size_t Number(std::map<Key, size_t>& numbers, const Key& key) {
    return numbers.try_emplace(key, numbers.size()).first->second;
  }

  const std::function<std::string(const std::string&)>& label_;
  std::string text_;
  std::map<ColumnId, size_t> ids_;
  std::map<std::string, size_t> variables_;
  std::map<int, size_t> tables_;
};

class Walker {
 public:
  Walker(const std::function<void(const typed::Relation&)>& see,
         const std::function<void(const typed::Expr&)>& see_expr)
      : see_(see), see_expr_(see_expr) {}

  template <typename Plain>
  void Say(const Plain&) {}
  void Constant(plan::Value&) {}
  void Variable(std::string&) {}
  void Table(int&) {}
  void Id(ColumnId&) {}
  void Made(typed::Column&) {}
  void One(ExprPtr& expr) {
    if (!expr) return;
    see_expr_(*expr);
    auto copy = *expr;
    std::visit([this](auto& node) { Parts<Walker>(*this).Of(node); }, copy.node);
  }
  void One(RelationPtr& relation) {
    if (!relation) return;
    see_(*relation);
    auto copy = *relation;
    std::visit([this](auto& node) { Parts<Walker>(*this).Of(node); }, copy.node);
  }

 private:
  const std::function<void(const typed::Relation&)>& see_;
  const std::function<void(const typed::Expr&)>& see_expr_;
};

}  // namespace

RelationPtr Inlined(const RelationPtr& relation, const Steps& steps, Ids& ids) {
  return Copier(ids, steps, {}, {}, true).Copy(relation);
}

RelationPtr Copied(const RelationPtr& relation, Ids& ids, const std::function<std::string(const std::string&)>& table) {
  static const Steps kNone;
  return Copier(ids, kNone, table, {}, false).Copy(relation);
}

std::string Fingerprint(const RelationPtr& relation, const std::function<std::string(const std::string&)>& label) {
  Printer printer(label);
  printer.Print(relation);
  return printer.Take();
}

std::vector<std::string> TablesOf(const RelationPtr& relation) {
  std::vector<std::string> tables;
  Walk(
      relation,
      [&](const typed::Relation& node) {
        const auto* scan = std::get_if<typed::Scan>(&node.node);
        if (scan && std::find(tables.begin(), tables.end(), scan->table) == tables.end()) tables.push_back(scan->table);
      },
      [](const typed::Expr&) {});
  return tables;
}

void Walk(const RelationPtr& relation, const std::function<void(const typed::Relation&)>& see,
          const std::function<void(const typed::Expr&)>& see_expr) {
  RelationPtr root = relation;
  Walker(see, see_expr).One(root);
}

void Walk(const ExprPtr& expr, const std::function<void(const typed::Expr&)>& see_expr) {
  ExprPtr root = expr;
  const std::function<void(const typed::Relation&)> see = [](const typed::Relation&) {};
  Walker(see, see_expr).One(root);
}

}  // namespace tidemill::view
