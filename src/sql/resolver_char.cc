// CHAR and VARCHAR columns: they read as STRING, and comparing a CHAR column with a text pads the shorter of the two
// (Spark's ApplyCharTypePadding).
#include <algorithm>

#include "base/utf8.h"
#include "sql/detail/resolver_core.h"
#include "sql/detail/resolver_typed.h"

namespace tidemill::sql {

using typed::ExprPtr;

namespace {

int Characters(const std::string& text) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

ExprPtr Padded(const ExprPtr& text, int length) {
  return MakeCall("rpad", {text, IntLiteral(length), StringLiteral(" ")}, TypeId::kString, text->nullable, text->at);
}

}  // namespace

const DataType* Resolver::DeclaredType(typed::ColumnId id) const {
  const auto found = declared_.find(id);
  return found == declared_.end() ? nullptr : &found->second;
}

void Resolver::Declare(const Catalog::Table& table, const std::vector<typed::Column>& columns) {
  const auto& fields = table.declared.fields;
  for (size_t i = 0; i < columns.size() && i < fields.size(); ++i) {
    if (fields[i].type.is_char() || fields[i].type.is_varchar()) declared_.emplace(columns[i].id, fields[i].type);
  }
}

void Resolver::DeclareAs(const ExprPtr& from, typed::ColumnId to) {
  const auto* ref = std::get_if<typed::ColumnRef>(&from->node);
  const DataType* type = ref ? DeclaredType(ref->id) : nullptr;
  if (type) declared_.emplace(to, DataType(*type));
  if (const auto window = ref ? windows_of_time_.find(ref->id) : windows_of_time_.end();
      window != windows_of_time_.end()) {
    windows_of_time_.emplace(to, window->second);
  }
}

// 0: no CHAR column.
int Resolver::CharLength(const ExprPtr& expr) const {
  const auto* ref = std::get_if<typed::ColumnRef>(&expr->node);
  const DataType* type = ref ? DeclaredType(ref->id) : nullptr;
  return type && type->is_char() ? type->length() : 0;
}

// Of a comparison or IN. All CHAR columns and constants are as long as the longest; with any other text among them the
// arguments stay as they are.
void Resolver::PadChars(const std::string& function, std::vector<ExprPtr>& args) const {
  static constexpr const char* kComparisons[] = {"=", "==", "<=>", "<", "<=", ">", ">=", "!=", "<>", "in"};
  const bool compares = std::ranges::any_of(kComparisons, [&](const char* name) { return function == name; });
  if (!compares || declared_.empty()) return;
  int longest = 0;
  std::vector<int> lengths;
  bool any = false;
  if (std::ranges::none_of(args, [&](const auto& arg) { return CharLength(arg) > 0; })) return;
  for (auto& arg : args) {
    if (!AsLiteral(arg) && arg->type.is(TypeId::kString) && IsConstant(arg)) {
      if (auto value = catalog_->Evaluate(arg); value.ok()) {
        arg = typed::MakeExpr(typed::Literal{std::move(value).value()}, TypeId::kString, arg->nullable, arg->at);
      }
    }
    const auto text = LiteralText(arg);
    const int length = text ? Characters(*text) : CharLength(arg);
    any = any || (!text && length > 0);
    const bool null = AsLiteral(arg) && AsLiteral(arg)->value.is_null();
    if (!text && length == 0 && !null) return;
    lengths.push_back(null ? -1 : length);
    longest = std::max(longest, length);
  }
  if (!any) return;
  for (size_t i = 0; i < args.size(); ++i) {
    if (lengths[i] < 0 || lengths[i] == longest) continue;
    const auto text = LiteralText(args[i]);
    args[i] = text ? StringLiteral(*text + std::string(static_cast<size_t>(longest - lengths[i]), ' '))
                   : Padded(args[i], longest);
  }
}

}  // namespace tidemill::sql
