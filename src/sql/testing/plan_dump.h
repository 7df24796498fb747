// A compact text of what a parser made, for the expectations of tests: (+ a 1), (select [a] from (table t)).
#pragma once

#include <string>
#include <vector>

#include "plan/relation.h"
#include "sql/literal_text.h"

namespace tidemill::sql {

class PlanDump {
 public:
  static std::string Of(const plan::ExprPtr& expr) {
    return expr ? std::visit([](const auto& node) { return Text(node); }, expr->node) : "null";
  }
  static std::string Of(const plan::RelationPtr& relation) {
    return relation ? std::visit([](const auto& node) { return Text(node); }, relation->node) : "null";
  }

 private:
  static std::string Join(const std::vector<std::string>& parts, const char* between) {
    std::string text;
    for (const auto& part : parts) text += (text.empty() ? "" : between) + part;
    return text;
  }
  static std::string List(const std::vector<plan::ExprPtr>& exprs) {
    std::vector<std::string> parts;
    for (const auto& expr : exprs) parts.push_back(Of(expr));
    return "[" + Join(parts, " ") + "]";
  }
  static std::string If(const char* word, const plan::ExprPtr& expr) {
    return expr ? std::string(" ") + word + " " + Of(expr) : "";
  }
  static std::string Keys(const std::vector<plan::SortKey>& keys) {
    std::vector<std::string> parts;
    for (const auto& key : keys) {
      parts.push_back(Of(key.expr) + (key.ascending ? "" : " desc") +
                      (key.nulls_first == key.ascending ? ""
                       : key.nulls_first                ? " nulls-first"
                                                        : " nulls-last"));
    }
    return "[" + Join(parts, ", ") + "]";
  }

  // Types tell themselves apart where the text alone does not.
  static std::string Text(const plan::Literal& node) {
    using plan::TypeId;
    const std::string text = LiteralText(node);
    switch (node.type.id()) {
      case TypeId::kString:
        return "'" + text + "'";
      case TypeId::kByte:
        return text + "Y";
      case TypeId::kShort:
        return text + "S";
      case TypeId::kLong:
        return text + "L";
      case TypeId::kFloat:
        return text + "F";
      case TypeId::kDouble:
        return text + "D";
      case TypeId::kDecimal:
        return text + "::" + node.type.ToString();
      default:
        return text;
    }
  }
  static std::string Text(const plan::Attribute& node) { return Join(node.parts, "."); }
  static std::string Text(const plan::Star& node) {
    std::string text = node.qualifier.empty() ? "*" : Join(node.qualifier, ".") + ".*";
    for (const auto& name : node.except) text += "-" + Join(name, ".");
    return text;
  }
  static std::string Text(const plan::Call& node) {
    std::string text = "(" + Join(node.name, ".") + (node.is_operator ? "" : "()");
    if (node.distinct) text += " distinct";
    for (size_t i = 0; i < node.args.size(); ++i) {
      text += " ";
      if (i < node.arg_names.size() && !node.arg_names[i].empty()) text += node.arg_names[i] + "=>";
      text += Of(node.args[i]);
    }
    if (node.ignore_nulls) text += *node.ignore_nulls ? " ignore-nulls" : " respect-nulls";
    text += If("filter", node.filter);
    if (!node.within_group.empty()) text += " within " + Keys(node.within_group);
    if (node.over) text += " over " + Window(*node.over);
    return text + ")";
  }
  static std::string Text(const plan::Cast& node) {
    return std::string(node.try_cast       ? "(try_cast "
                       : node.double_colon ? "(:: "
                                           : "(cast ") +
           Of(node.child) + " " + node.type.ToString() + ")";
  }
  static std::string Text(const plan::Case& node) {
    std::string text = "(case" + If("", node.operand);
    for (const auto& [condition, result] : node.branches) text += " [" + Of(condition) + " " + Of(result) + "]";
    return text + If("else", node.otherwise) + ")";
  }
  static std::string Text(const plan::Lambda& node) {
    return "(" + Join(node.params, " ") + " -> " + Of(node.body) + ")";
  }
  static std::string Text(const plan::SubqueryExpr& node) {
    using Kind = plan::SubqueryExpr::Kind;
    if (node.kind == Kind::kIn) return "(in-query " + List(node.needle) + " " + Of(node.query) + ")";
    return std::string(node.kind == Kind::kExists ? "(exists " : "(scalar ") + Of(node.query) + ")";
  }
  static std::string Text(const plan::Alias& node) {
    return "(as " + Of(node.child) + " " + Join(node.names, ",") + ")";
  }
  static std::string Text(const plan::Subscript& node) { return Of(node.child) + "[" + Of(node.index) + "]"; }
  static std::string Text(const plan::FieldAccess& node) { return "(. " + Of(node.child) + " " + node.field + ")"; }
  static std::string Text(const plan::Parameter& node) {
    return node.name.empty() ? "?" + std::to_string(node.ordinal) : ":" + node.name;
  }
  static std::string Text(const plan::IdentifierClause& node) {
    return "(identifier " + Of(node.expr) + (node.call ? " " + Text(*node.call) : "") + ")";
  }

  static std::string Bound(const plan::FrameBound& bound) {
    constexpr const char* kWords[] = {"-inf", "-", "0", "+", "+inf"};
    return kWords[static_cast<int>(bound.kind)] + (bound.offset ? Of(bound.offset) : "");
  }
  static std::string Window(const plan::WindowSpec& spec) {
    if (!spec.reference.empty()) return spec.reference;
    std::string text = "{";
    if (!spec.partition_by.empty()) text += "by " + List(spec.partition_by);
    if (!spec.order_by.empty()) text += "order " + Keys(spec.order_by);
    if (spec.frame) {
      text +=
          std::string(spec.frame->rows ? "rows " : "range ") + Bound(spec.frame->start) + ".." + Bound(spec.frame->end);
    }
    return text + "}";
  }

  static std::string Text(const plan::TableRef& node) {
    std::string text = "(table " + (node.identifier ? "identifier " + Of(node.identifier) : Join(node.name, "."));
    text += If("version", node.version_as_of) + If("timestamp", node.timestamp_as_of);
    for (const auto& [key, value] : node.options) text += " " + key + "=" + value;
    return text + ")";
  }
  static std::string Text(const plan::TableFunction& node) {
    return "(table() " + Join(node.name, ".") + " " + List(node.args) + ")";
  }
  static std::string Text(const plan::Values& node) {
    std::string text = "(values";
    for (const auto& row : node.rows) text += " " + List(row);
    return text + ")";
  }
  static std::string Text(const plan::OneRow&) { return "(one)"; }
  static std::string Text(const plan::Aliased& node) {
    return "(as " + Of(node.input) + " " + node.alias +
           (node.columns.empty() ? "" : "(" + Join(node.columns, ",") + ")") + ")";
  }
  static std::string Text(const plan::Join& node) {
    constexpr const char* kWords[] = {"inner", "left", "right", "full", "cross", "semi", "anti"};
    std::string text = std::string("(join ") + (node.natural ? "natural " : "") + (node.lateral ? "lateral " : "") +
                       kWords[static_cast<int>(node.type)] + " " + Of(node.left) + " " + Of(node.right);
    if (!node.using_columns.empty()) text += " using " + Join(node.using_columns, ",");
    return text + If("on", node.condition) + ")";
  }
  static std::string Text(const plan::LateralView& node) {
    return std::string("(view ") + (node.outer ? "outer " : "") + Of(node.input) + " " + Of(node.generator) + " " +
           node.alias + "(" + Join(node.columns, ",") + "))";
  }
  static std::string Text(const plan::Grouping& node) {
    constexpr const char* kWords[] = {"none", "by", "rollup", "cube", "sets", "all"};
    std::string text = std::string("(") + kWords[static_cast<int>(node.kind)];
    if (!node.exprs.empty()) text += " " + List(node.exprs);
    for (const auto& set : node.sets) text += " {" + List(set) + "}";
    for (const auto& element : node.elements) text += " " + Text(element);
    return text + ")";
  }
  static std::string Text(const plan::Select& node) {
    std::string text = "(select ";
    for (const auto& hint : node.hints) text += "+" + hint.name + List(hint.args) + " ";
    text += (node.distinct ? "distinct " : "") + List(node.list);
    if (!std::holds_alternative<plan::OneRow>(node.from->node)) text += " from " + Of(node.from);
    text += If("where", node.where);
    if (node.group_by.kind != plan::Grouping::Kind::kNone) text += " group " + Text(node.group_by);
    text += If("having", node.having);
    for (const auto& [name, spec] : node.windows) text += " window " + name + " " + Window(spec);
    return text + ")";
  }
  static std::string Text(const plan::SetOp& node) {
    constexpr const char* kWords[] = {"union", "intersect", "except"};
    return std::string("(") + kWords[static_cast<int>(node.kind)] + (node.all ? " all" : "") +
           (node.by_name ? " by-name" : "") + " " + Of(node.left) + " " + Of(node.right) + ")";
  }
  static std::string Text(const plan::Sort& node) {
    std::string text = std::string("(sort ") + (node.global ? "" : "local ") + Of(node.input);
    text += node.all ? " all" + Keys({node.all_direction}) : " " + Keys(node.keys);
    return text + (node.distribute_by.empty() ? "" : " distribute " + List(node.distribute_by)) + ")";
  }
  static std::string Text(const plan::Limit& node) {
    return "(limit " + Of(node.input) + If("limit", node.limit) + If("offset", node.offset) + ")";
  }
  static std::string Text(const plan::With& node) {
    std::string text = std::string("(with") + (node.recursive ? " recursive" : "");
    for (const auto& table : node.tables) {
      text += " " + table.name + (table.columns.empty() ? "" : "(" + Join(table.columns, ",") + ")");
      if (table.max_recursion >= 0) text += " max " + std::to_string(table.max_recursion);
      text += "=" + Of(table.query);
    }
    return text + " " + Of(node.body) + ")";
  }
  static std::string Text(const plan::Pivot& node) {
    return "(pivot " + Of(node.input) + " " + List(node.aggregates) + " for " + List(node.columns) + " in " +
           List(node.values) + ")";
  }
  static std::string Text(const plan::Unpivot& node) {
    std::string text = std::string("(unpivot ") + (node.include_nulls ? "nulls " : "") + Of(node.input) + " " +
                       Join(node.value_names, ",") + " for " + node.name_column + " in";
    for (const auto& group : node.groups) text += " " + List(group.columns) + group.alias;
    return text + ")";
  }
  static std::string Text(const plan::Sample& node) {
    std::string text = "(sample " + Of(node.input);
    if (node.rows) {
      text += " rows " + Of(node.rows);
    } else if (node.kind == plan::Sample::Kind::kBucket) {
      text += " bucket " + std::to_string(node.bucket) + "/" + std::to_string(node.buckets);
    } else {
      text += " percent " + std::to_string(static_cast<int>(node.percent));
    }
    return text + (node.seed ? " seed " + std::to_string(*node.seed) : "") + ")";
  }

  static std::string Text(const plan::Pipe::Where& part) { return "where " + Of(part.condition); }
  static std::string Text(const plan::Pipe::SelectList& part) {
    return std::string("select ") + (part.distinct ? "distinct " : "") + List(part.list);
  }
  static std::string Text(const plan::Pipe::Extend& part) { return "extend " + List(part.list); }
  static std::string Text(const plan::Pipe::Set& part) {
    std::string text = "set";
    for (const auto& [name, value] : part.assignments) text += " " + Join(name, ".") + "=" + Of(value);
    return text;
  }
  static std::string Text(const plan::Pipe::Drop& part) {
    std::string text = "drop";
    for (const auto& name : part.columns) text += " " + Join(name, ".");
    return text;
  }
  static std::string Text(const plan::Pipe::As& part) { return "as " + part.alias; }
  static std::string Text(const plan::Pipe::Aggregate& part) {
    return "aggregate " + List(part.list) + " " + Text(part.group_by);
  }
  static std::string Text(const plan::Pipe& node) {
    return "(|> " + Of(node.input) + " " + std::visit([](const auto& part) { return Text(part); }, node.part) + ")";
  }
};

}  // namespace tidemill::sql
