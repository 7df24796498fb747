#include "app/diff.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/exit_code.h"
#include "app/print_json.h"
#include "app/program.h"
#include "app/run_job.h"
#include "app/text_table.h"
#include "job/spec.h"
#include "plan/value.h"
#include "session/session.h"

namespace tidemill::app {
namespace {

using Json = nlohmann::ordered_json;
using plan::Schema;

// More than this makes no comparison faster: 10,000,000 rows took as long with 3.8 GB.
constexpr const char* kDefaultMemory = "1500MB";

// "FOLDER" or "FOLDER@7" as a relation of Spark SQL.
std::string RelationOf(Program& program, const std::string& text) {
  const size_t at = text.rfind('@');
  const std::string digits = at == std::string::npos ? "" : text.substr(at + 1);
  const bool version = !digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos;
  const std::string folder = program.AbsolutePath(version ? text.substr(0, at) : text);
  return fmt::format("delta.{}{}", job::QuoteName(folder), version ? " VERSION AS OF " + digits : "");
}

// A map is equal to none and no group, and equal doubles may differ in their sign of zero: both are compared as text.
bool ComparedAsText(const plan::DataType& type) {
  return type.is_fractional() || type.is(plan::TypeId::kMap) || type.is(plan::TypeId::kVariant);
}

bool HoldsSuch(const plan::DataType& type) {
  if (ComparedAsText(type)) return true;
  if (type.is(plan::TypeId::kArray)) return HoldsSuch(type.element());
  if (!type.is(plan::TypeId::kStruct)) return false;
  for (const auto& field : type.fields()) {
    if (HoldsSuch(field.type)) return true;
  }
  return false;
}

// What two equal values hash alike by, and two different ones, in all likelihood, not: Spark's hash passes NULLs over
// and takes both zeros for one.
std::string Hashed(const plan::Field& field) {
  const std::string name = job::QuoteName(field.name);
  const std::string null = fmt::format("{} IS NULL", name);
  if (field.type.is(plan::TypeId::kFloat) || field.type.is(plan::TypeId::kDouble)) {
    return fmt::format("{0}, IF({0} = 0, CAST({0} AS STRING), ''), {1}", name, null);
  }
  const bool nested =
      HoldsSuch(field.type) || field.type.is(plan::TypeId::kArray) || field.type.is(plan::TypeId::kStruct);
  if (!nested || field.type.is_fractional()) return fmt::format("{}, {}", name, null);
  return fmt::format("to_json(named_struct('v', {})), {}", name, null);
}

std::string Exact(const plan::Field& field) {
  const std::string name = job::QuoteName(field.name);
  if (!HoldsSuch(field.type)) return name;
  if (field.type.is_fractional()) return fmt::format("CAST({0} AS STRING) AS {0}", name);
  return fmt::format("to_json(named_struct('v', {0})) AS {0}", name);
}

class Differ {
 public:
  Differ(session::Session& session, std::string one, std::string other, const DiffFlags& flags)
      : session_(session), one_(std::move(one)), other_(std::move(other)), flags_(flags) {}

  Result<Difference> Compare() {
    ASSIGN_OR_RETURN(const Schema one, SchemaOf(one_));
    ASSIGN_OR_RETURN(const Schema other, SchemaOf(other_));
    CompareSchemas(one, other);
    if (!found_.schema.empty()) return found_;
    std::vector<std::string> exact, names, hashed;
    for (const auto& field : one.fields) {
      if (IsLeftOut(field.name)) continue;
      hashed.push_back(Hashed(field));
      exact.push_back(Exact(field));
      names.push_back(job::QuoteName(field.name));
      found_.columns.push_back(field.name);
    }
    for (const auto& key : flags_.keys) {
      if (one.IndexOf(key) < 0) return InvalidArgument(fmt::format("--keys: the tables have no column '{}'", key));
    }
    ASSIGN_OR_RETURN(const bool same, SameSums(fmt::format("{}", fmt::join(hashed, ", "))));
    if (same) return found_;
    const std::string list = fmt::format("{}", fmt::join(names, ", "));
    const std::string counted = fmt::format(
        "SELECT {0}, sum(` n`) AS ` n`, sum(if(` n` > 0, 1, 0)) AS ` a`, sum(if(` n` < 0, 1, 0)) AS ` b` FROM (SELECT "
        "{1}, 1 "
        "AS ` n` FROM {2} UNION ALL SELECT {1}, -1 AS ` n` FROM {3}) GROUP BY {0}",
        list, fmt::format("{}", fmt::join(exact, ", ")), one_, other_);
    RETURN_IF_ERROR(Totals(counted));
    if (found_.count == 0) return found_;
    std::vector<std::string> order;
    for (const auto& key : flags_.keys) order.push_back(job::QuoteName(key));
    order.push_back(order.empty() ? list : "` n` DESC");
    ASSIGN_OR_RETURN(const auto rows, session_.Execute(fmt::format(
                                          "SELECT ` n`, {0} FROM ({1}) WHERE ` n` <> 0 ORDER BY {2} LIMIT {3}", list,
                                          counted, fmt::format("{}", fmt::join(order, ", ")), flags_.limit)));
    for (const auto& row : rows.rows.rows) found_.rows.push_back(Shown(row, rows.rows.schema));
    return found_;
  }

 private:
  bool IsLeftOut(const std::string& column) const {
    return std::find(flags_.without.begin(), flags_.without.end(), column) != flags_.without.end();
  }

  // Rows and the sums of two 64-bit hashes of each: tables that agree in all three have the same rows. One pass over
  // each, with no memory to speak of; which rows differ is asked only where some do.
  Result<bool> SameSums(const std::string& hashed) {
    std::string sums[2];
    int64_t* const rows[] = {&found_.one_rows, &found_.other_rows};
    for (int i = 0; i < 2; ++i) {
      ASSIGN_OR_RETURN(auto answer,
                       session_.Execute(fmt::format(
                           "SELECT count(*), concat_ws(' ', count(*), sum(CAST(xxhash64({0}) AS DECIMAL(19,0))), "
                           "sum(CAST(xxhash64('again', {0}) AS DECIMAL(19,0)))) FROM {1}",
                           hashed, i == 0 ? one_ : other_)));
      *rows[i] = std::get<int64_t>(answer.rows.rows.at(0).at(0).data);
      sums[i] = std::get<std::string>(answer.rows.rows.at(0).at(1).data);
    }
    return sums[0] == sums[1];
  }

  Result<Schema> SchemaOf(const std::string& relation) {
    ASSIGN_OR_RETURN(auto answer, session_.Execute(fmt::format("SELECT * FROM {} LIMIT 0", relation)));
    return std::move(answer.rows.schema);
  }

  void CompareSchemas(const Schema& one, const Schema& other) {
    for (const auto& field : one.fields) {
      if (IsLeftOut(field.name)) continue;
      const int index = other.IndexOf(field.name);
      if (index < 0) {
        found_.schema.push_back(fmt::format("only {} has the column {}", flags_.one, field.name));
      } else if (const auto& type = other.fields[static_cast<size_t>(index)].type; !type.SameType(field.type)) {
        found_.schema.push_back(fmt::format("{} is {} in {} and {} in {}", field.name, field.type.ToSql(), flags_.one,
                                            type.ToSql(), flags_.other));
      }
    }
    for (const auto& field : other.fields) {
      if (one.IndexOf(field.name) < 0 && !IsLeftOut(field.name)) {
        found_.schema.push_back(fmt::format("only {} has the column {}", flags_.other, field.name));
      }
    }
  }

  Status Totals(const std::string& counted) {
    ASSIGN_OR_RETURN(const auto answer,
                     session_.Execute(fmt::format("SELECT coalesce(sum(abs(` n`)), 0), coalesce(sum(` a`), 0), "
                                                  "coalesce(sum(` b`), 0) FROM ({})",
                                                  counted)));
    int64_t* numbers[] = {&found_.count, &found_.one_rows, &found_.other_rows};
    for (size_t i = 0; i < 3; ++i) *numbers[i] = std::get<int64_t>(answer.rows.rows.at(0).at(i).data);
    return Ok();
  }

  std::vector<std::string> Shown(const std::vector<plan::Value>& row, const Schema& schema) const {
    const int64_t more = std::get<int64_t>(row[0].data);
    std::vector<std::string> shown = {more > 0 ? flags_.one : flags_.other, FormatCount(more > 0 ? more : -more)};
    for (size_t i = 1; i < row.size(); ++i) {
      shown.push_back(row[i].is_null() ? "NULL" : plan::ToSparkText(row[i], schema.fields[i].type));
    }
    return shown;
  }

  session::Session& session_;
  const std::string one_;
  const std::string other_;
  const DiffFlags& flags_;
  Difference found_;
};

Json JsonOf(const Difference& found) {
  Json rows = Json::array();
  for (const auto& row : found.rows) rows.push_back(row);
  return {{"same", found.same()},
          {"schema", found.schema},
          {"one_rows", found.one_rows},
          {"other_rows", found.other_rows},
          {"differing_rows", found.count},
          {"columns", found.columns},
          {"rows", rows}};
}

}  // namespace

Result<Difference> CompareTables(Program& program, const DiffFlags& flags) {
  MachineFlags machine = flags.machine;
  if (machine.memory.empty()) machine.memory = kDefaultMemory;
  ASSIGN_OR_RETURN(auto environment, EnvironmentFor(program, machine));
  const std::string warehouse = environment.temp_folder + "/diff";  // nothing is ever in it
  session::Session session(std::move(environment), {program.folder, warehouse, {}});
  return Differ(session, RelationOf(program, flags.one), RelationOf(program, flags.other), flags).Compare();
}

void PrintDifference(const Difference& found) {
  for (const auto& line : found.schema) std::printf("%s\n", line.c_str());
  if (!found.schema.empty()) return;
  if (found.count == 0) {
    std::printf("the same %s rows\n", FormatCount(found.one_rows).c_str());
    return;
  }
  std::printf("%s of %s and %s rows have no equal in the other table\n", FormatCount(found.count).c_str(),
              FormatCount(found.one_rows).c_str(), FormatCount(found.other_rows).c_str());
  std::vector<TextColumn> columns = {{"only in"}, {"times"}};
  for (const auto& name : found.columns) columns.push_back({name});
  std::printf("%s", TextTable(columns, found.rows).c_str());
}

int Diff(Program& program, const DiffFlags& flags) {
  const auto found = CompareTables(program, flags);
  if (!found.ok()) return Fail(found.error());
  flags.json ? PrintJson(JsonOf(*found)) : PrintDifference(*found);
  return found->same() ? kOk : kFailed;
}

}  // namespace tidemill::app
