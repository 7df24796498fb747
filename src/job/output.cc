#include "job/output.h"

#include "base/lower.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "delta/features.h"
#include "delta/schema_evolution.h"
#include "document/shape.h"
#include "job/predicate.h"

namespace tidemill::job {
using document::Diagnostics;
using document::Place;
using document::Suggest;
namespace {

using plan::DataType;
using plan::Field;
using plan::Schema;
using plan::TypeId;

std::vector<std::string> NamesOf(const Schema& schema) {
  std::vector<std::string> names;
  for (const auto& field : schema.fields) names.push_back(field.name);
  return names;
}

DataType NullableType(const DataType& type) {
  switch (type.id()) {
    case TypeId::kArray:
      return DataType::Array(NullableType(type.element()), true);
    case TypeId::kMap:
      return DataType::Map(NullableType(type.key()), NullableType(type.value()), true);
    case TypeId::kStruct:
      return DataType::Struct(AsNullable(Schema{type.fields()}).fields);
    default:
      return type;
  }
}

// Every value of `from` is a value of `to`, unchanged.
bool Widens(const DataType& from, const DataType& to) {
  if (from.is_integral() && to.is_integral()) return from.id() < to.id();
  if (from.is(TypeId::kFloat) && to.is(TypeId::kDouble)) return true;
  if (from.is(TypeId::kDecimal) && to.is(TypeId::kDecimal)) {
    return to.scale() >= from.scale() && to.precision() - to.scale() >= from.precision() - from.scale();
  }
  if (from.is(TypeId::kString) && to.is(TypeId::kString)) return to.length() == 0 && to.collation() == from.collation();
  return from.is(TypeId::kNull);
}

// Generated SQL that remembers which of its lines are the user's.
class SqlBuilder {
 public:
  void Add(const std::string& text, const SqlText* from = nullptr) {
    const int lines = static_cast<int>(std::count(text.begin(), text.end(), '\n')) + 1;
    if (from != nullptr) pieces_.push_back({line_, lines, from});
    sql_ += text + "\n";
    line_ += lines;
  }
  // Where the user wrote what stands at this position; the whole check otherwise.
  std::optional<Place> PlaceOf(Position at) const {
    for (const auto& piece : pieces_) {
      if (at.line >= piece.line && at.line < piece.line + piece.lines) {
        return piece.from->PlaceOf({at.line - piece.line + 1, at.column});
      }
    }
    return std::nullopt;
  }
  int line() const { return line_; }
  std::string Take() { return std::move(sql_); }

 private:
  struct Piece {
    int line;
    int lines;
    const SqlText* from;
  };
  std::string sql_;
  std::vector<Piece> pieces_;
  int line_ = 1;
};

class Composer {
 public:
  Composer(const Job& job, Prepared& prepared, const delta::Snapshot* snapshot, Diagnostics& out)
      : job_(job), prepared_(prepared), snapshot_(snapshot), out_(out) {}

  Output Compose() {
    SinkColumns();
    AlignWithTable();
    Partitions();
    CheckSinkNames();
    CollectChecks();
    if (!out_.has_errors()) Resolve();
    return std::move(output_);
  }

 private:
  struct Column {
    std::string name;
    std::string sql;  // over the last step, under the alias o
    DataType type;
    bool nullable = true;
  };

  void SinkColumns() {
    std::set<std::string> seen;
    for (const auto& field : prepared_.output.fields) {
      if (!seen.insert(LowerAscii(field.name)).second) {
        out_.Error(LastPlace(), "", fmt::format("the output has two columns '{}'", field.name),
                   "give one of them another name with AS");
      }
      if (field.type.is(TypeId::kNull)) {
        out_.Error(LastPlace(), "", fmt::format("the column '{}' is always NULL and has no type", field.name),
                   fmt::format("write CAST(NULL AS STRING) AS {}, or another type", field.name));
      }
      columns_.push_back({field.name, "o." + QuoteName(field.name), field.type, field.nullable});
    }
    for (const auto& partition : job_.sink.partition_by) {
      if (!partition.part.empty()) AddTimePart(partition, seen);
    }
  }

  void AddTimePart(const PartitionColumn& partition, std::set<std::string>& seen) {
    const int index = prepared_.output.IndexOf(partition.of);
    if (index < 0) return UnknownColumn(partition.of, job_.sink.at, "sink.partition_by");
    const auto& type = prepared_.output.fields[static_cast<size_t>(index)].type;
    if (!type.is_datetime()) {
      out_.Error(job_.sink.at, "sink.partition_by",
                 fmt::format("'{}' is {}, not a date or a timestamp", partition.of, type.ToSql()));
    }
    if (!seen.insert(LowerAscii(partition.name)).second) {
      out_.Error(job_.sink.at, "sink.partition_by", fmt::format("the output has a column '{}' already", partition.name),
                 fmt::format("write `{}` to partition by that column, or rename it", partition.name));
    }
    columns_.push_back(
        {partition.name, fmt::format("{}(o.{})", partition.part, QuoteName(partition.of)), TypeId::kInt, true});
  }

  Place LastPlace() const { return job_.steps.empty() ? job_.sink.at : job_.steps.back().sql.at; }

  void UnknownColumn(const std::string& name, const Place& at, const std::string& key) {
    out_.Error(at, key, fmt::format("the output has no column '{}'", name), Suggest(name, NamesOf(prepared_.output)));
  }

  Schema DataSchema() const {
    Schema schema;
    for (const auto& column : columns_) schema.fields.push_back({column.name, column.type, column.nullable});
    return schema;
  }

  // The table's columns in the table's order and types; new ones behind them when the job may add them.
  void AlignWithTable() {
    if (snapshot_ == nullptr) {
      output_.table = AsNullable(DataSchema());
      return;
    }
    const Schema& table = snapshot_->schema();
    WidenTo(table);
    Schema data = DataSchema();
    for (auto& field : data.fields) {  // a check enforces it instead
      const int index = table.IndexOf(field.name);
      if (index >= 0) field.nullable = table.fields[static_cast<size_t>(index)].nullable;
    }
    output_.table = table;
    if (job_.sink.merge_schema) {
      auto merged = delta::MergeSchema(table, data);
      if (!merged.ok()) return out_.Error(job_.sink.at, "sink", merged.error().ToString());
      output_.schema_changes = !(*merged == table);
      if (output_.schema_changes && snapshot_->column_mapping() != delta::ColumnMapping::kNone) {
        return out_.Error(job_.sink.at, "sink", "new columns of a table with column mapping are not added by a job",
                          "add them first: ALTER TABLE ... ADD COLUMN");
      }
      output_.table = std::move(merged).value();
    } else if (const auto fits = delta::EnforceSchema(table, data); !fits.ok()) {
      const bool extra = !delta::CompareSchemas(table, data).extra.empty();
      return out_.Error(job_.sink.at, "sink", fits.error().ToString(),
                        extra ? "write schema_evolution: merge to add columns to the table" : "");
    }
    Reorder();
  }

  void WidenTo(const Schema& table) {
    for (auto& column : columns_) {
      const int index = table.IndexOf(column.name);
      if (index < 0) continue;
      const auto& field = table.fields[static_cast<size_t>(index)];
      if (!column.type.SameType(field.type) && Widens(column.type, field.type)) {
        column.sql = fmt::format("CAST({} AS {})", column.sql, field.type.ToSql());
      } else if (!column.type.SameType(field.type)) {
        continue;
      }
      column.name = field.name;
      column.type = field.type;
    }
  }

  void Reorder() {
    std::vector<Column> ordered;
    for (const auto& field : output_.table.fields) {
      const auto found = std::find_if(columns_.begin(), columns_.end(), [&](const auto& column) {
        return LowerAscii(column.name) == LowerAscii(field.name);
      });
      if (found != columns_.end()) {
        ordered.push_back(*found);
      } else {
        ordered.push_back({field.name, fmt::format("CAST(NULL AS {})", field.type.ToSql()), field.type, true});
      }
    }
    columns_ = std::move(ordered);
  }

  void Partitions() {
    for (const auto& partition : job_.sink.partition_by) {
      const auto found = std::find_if(columns_.begin(), columns_.end(), [&](const auto& column) {
        return LowerAscii(column.name) == LowerAscii(partition.name);
      });
      if (found == columns_.end()) {
        if (partition.part.empty()) UnknownColumn(partition.name, job_.sink.at, "sink.partition_by");
        continue;
      }
      output_.partition_columns.push_back(static_cast<int>(found - columns_.begin()));
      output_.partitions.push_back(found->name);
    }
    if (snapshot_ != nullptr) {
      ComparePartitions();
    } else if (const auto fits = delta::CheckTableSchema(output_.table, output_.partitions); !fits.ok()) {
      out_.Error(job_.sink.at, "sink", fits.error().ToString());
    }
  }

  void ComparePartitions() {
    std::vector<std::string> ours, theirs;
    for (const auto& name : output_.partitions) ours.push_back(LowerAscii(name));
    for (const auto& name : snapshot_->partition_columns()) theirs.push_back(LowerAscii(name));
    if (ours == theirs) return;
    const auto words = [](const std::vector<std::string>& names) {
      return names.empty() ? std::string("nothing") : fmt::format("{}", fmt::join(names, ", "));
    };
    out_.Error(job_.sink.at, "sink.partition_by",
               fmt::format("the table is partitioned by {}, the job says {}", words(theirs), words(ours)),
               "write what the table has, or another path");
  }

  void CheckSinkNames() {
    for (const auto& key : job_.sink.keys) {
      if (DataSchema().IndexOf(key) < 0) UnknownColumn(key, job_.sink.at, "sink.keys");
    }
    for (const auto& key : job_.sink.sort_by) {
      if (DataSchema().IndexOf(key.column) < 0) UnknownColumn(key.column, job_.sink.at, "sink.sort_by");
    }
  }

  void CollectChecks() {
    for (const auto& check : job_.checks) {
      const bool known = CheckColumns(check);
      if (known && !check.of_table()) output_.checks.push_back(check);
    }
    if (snapshot_ != nullptr) AddTableDemands();
  }

  bool CheckColumns(const Check& check) {
    const std::string path = fmt::format("checks[{}]", check.name);
    const int before = out_.errors();
    for (const auto& name : check.columns) {
      if (prepared_.output.IndexOf(name) < 0) UnknownColumn(name, check.at, path);
    }
    const Schema* to = prepared_.catalog.SchemaOf(check.to);
    for (const auto& name : check.to_columns) {
      if (to != nullptr && to->IndexOf(name) < 0) {
        out_.Error(check.at, path + ".to", fmt::format("'{}' has no column '{}'", check.to, name),
                   Suggest(name, NamesOf(*to)));
      }
    }
    return out_.errors() == before;
  }

  // NOT NULL columns and CHECK constraints of the table: every row must pass, and NULL does not.
  void AddTableDemands() {
    output_.rows_conform = true;
    for (const auto& field : output_.table.fields) {
      for (const char* asks : {"delta.invariants", "delta.generationExpression", "delta.identity."}) {
        output_.rows_conform &= field.metadata.find(asks) == std::string::npos;
      }
      const bool has_default = field.metadata.find("CURRENT_DEFAULT") != std::string::npos;
      output_.rows_conform &= !has_default || DataSchema().IndexOf(field.name) >= 0;
      if (field.nullable) continue;
      Demand("not null " + field.name, fmt::format("{} IS NOT NULL", ColumnSql(field.name)));
    }
    for (const auto& [name, expression] : delta::CheckConstraintsOf(snapshot_->metadata().configuration)) {
      Demand("constraint " + name, fmt::format("coalesce(({}\n), FALSE)", expression));
    }
  }

  std::string ColumnSql(const std::string& name) const {
    const auto found = std::find_if(columns_.begin(), columns_.end(), [&](const auto& c) { return c.name == name; });
    return found == columns_.end() ? "o." + QuoteName(name) : found->sql;
  }

  void Demand(std::string name, std::string expression) {
    Check check;
    check.name = std::move(name);
    check.expression = {std::move(expression), job_.sink.at};
    check.on_fail = OnFail::kFail;
    check.max_bad = 0;
    check.at = job_.sink.at;
    output_.checks.push_back(std::move(check));
  }

  // A wrong check is reported and left out, and the rest resolved again, so that all wrong ones are found.
  void Resolve() {
    output_.data_columns = static_cast<int>(columns_.size());
    std::vector<Check> good = output_.checks;
    while (true) {
      SqlBuilder builder;
      const std::vector<int> first_lines = Build(good, builder);
      output_.sql = builder.Take();
      auto relation = ResolveText(output_.sql, prepared_);
      if (!relation.ok()) {
        if (!DropWrong(relation.error(), builder, first_lines, good)) return;
        continue;
      }
      output_.relation = std::move(relation).value();
      CheckBooleans(good);
      return;
    }
  }

  std::vector<int> Build(const std::vector<Check>& checks, SqlBuilder& builder) const {
    std::vector<int> first_lines;
    builder.Add("SELECT");
    for (size_t i = 0; i < columns_.size(); ++i) {
      builder.Add(fmt::format("{}{} AS {}", i == 0 ? "" : ", ", columns_[i].sql, QuoteName(columns_[i].name)));
    }
    for (size_t i = 0; i < checks.size(); ++i) {
      first_lines.push_back(builder.line());
      builder.Add(", (");
      for (const auto& piece : PredicateOf(checks[i], i)) builder.Add(piece.text, piece.from);
      builder.Add(fmt::format(") AS `check {}`", i));
    }
    builder.Add(fmt::format("FROM {} o", QuoteName(prepared_.last)));
    for (size_t i = 0; i < checks.size(); ++i) {
      if (const std::string join = JoinFor(checks[i], i); !join.empty()) builder.Add(join);
    }
    return first_lines;
  }

  bool DropWrong(const Error& error, const SqlBuilder& builder, const std::vector<int>& first_lines,
                 std::vector<Check>& checks) {
    Error bare = error;
    bare.at = {};
    const auto after = std::upper_bound(first_lines.begin(), first_lines.end(), error.at.line);
    if (after == first_lines.begin() || checks.empty()) {
      out_.Error(LastPlace(), "", bare.ToString());
      return false;
    }
    const auto index = after - first_lines.begin() - 1;
    const Check& check = checks[static_cast<size_t>(index)];
    out_.Error(builder.PlaceOf(error.at).value_or(check.at), fmt::format("checks[{}]", check.name), bare.ToString());
    checks.erase(checks.begin() + index);
    return true;
  }

  void CheckBooleans(const std::vector<Check>& checks) {
    for (size_t i = 0; i < checks.size(); ++i) {
      const auto& type = output_.relation->columns[columns_.size() + i].type;
      if (type.is(TypeId::kBoolean) || type.is(TypeId::kNull)) continue;
      out_.Error(checks[i].expression.at, fmt::format("checks[{}].expression", checks[i].name),
                 fmt::format("is {}, not BOOLEAN", type.ToSql()), "write a predicate, like amount > 0");
    }
  }

  const Job& job_;
  Prepared& prepared_;
  const delta::Snapshot* snapshot_;
  Diagnostics& out_;
  Output output_;
  std::vector<Column> columns_;
};

}  // namespace

Schema AsNullable(const Schema& schema) {
  Schema nullable;
  for (const auto& field : schema.fields) {
    nullable.fields.push_back({field.name, NullableType(field.type), true, field.metadata});
  }
  return nullable;
}

Output ComposeOutput(const Job& job, Prepared& prepared, const delta::Snapshot* snapshot, Diagnostics& out) {
  return Composer(job, prepared, snapshot, out).Compose();
}

}  // namespace tidemill::job
