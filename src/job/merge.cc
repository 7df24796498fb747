#include "job/merge.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "delta/changes.h"
#include "job/sources.h"

namespace tidemill::job {
namespace {

// Names that no source or step can have.
constexpr const char* kNew = "new rows";
constexpr const char* kTable = "table rows";
constexpr const char* kRewritten = "rewritten rows";

class Merger {
 public:
  Merger(const Job& job, const Output& output, const Target& target, Prepared& prepared, engine::Session& session)
      : job_(job), output_(output), target_(target), prepared_(prepared), session_(session) {}

  Result<MergePlan> Plan() {
    for (const char* name : {kNew, kTable, kRewritten}) RETURN_IF_ERROR(session_.Drop(name));
    RETURN_IF_ERROR(session_.AddStep(kNew, output_.relation, true));
    prepared_.catalog.Add(kNew, plan::typed::SchemaOf(*output_.relation));
    RETURN_IF_ERROR(RefuseDoubles());
    if (target_.snapshot && target_.snapshot->Property(delta::kChangeFeedProperty) == "true") {
      return Unimplemented(
          fmt::format("the table records its changes ({}), which a job's merge does not; merge with SQL",
                      delta::kChangeFeedProperty));
    }
    MergePlan plan;
    ASSIGN_OR_RETURN(plan.new_rows, Count());
    if (target_.snapshot) {
      ASSIGN_OR_RETURN(plan.rewritten, FindRewritten());
    }
    const std::string text = plan.rewritten.empty() ? fmt::format("SELECT * FROM {}", QuoteName(kNew)) : Rewrite();
    if (!plan.rewritten.empty()) RETURN_IF_ERROR(AddRewritten(plan.rewritten));
    ASSIGN_OR_RETURN(plan.relation, ResolveText(text, prepared_));
    return plan;
  }

 private:
  std::string Keys(const char* alias) const {
    std::vector<std::string> keys;
    for (const auto& key : job_.sink.keys) keys.push_back(fmt::format("{}.{}", alias, QuoteName(key)));
    return fmt::format("{}", fmt::join(keys, ", "));
  }

  std::string SameKeys() const {
    std::vector<std::string> tests;
    for (const auto& key : job_.sink.keys) tests.push_back(fmt::format("t.{0} = n.{0}", QuoteName(key)));
    return fmt::format("{}", fmt::join(tests, " AND "));
  }

  // New rows that no check puts aside.
  std::string Good() const {
    std::string good = "TRUE";
    for (size_t i = 0; i < output_.checks.size(); ++i) {
      if (output_.checks[i].on_fail == OnFail::kQuarantine) good += fmt::format(" AND coalesce(n.`check {}`, TRUE)", i);
    }
    return good;
  }

  Result<engine::Rows> Query(const std::string& sql) {
    ASSIGN_OR_RETURN(const auto relation, ResolveText(sql, prepared_));
    return session_.Query(relation);
  }

  Result<int64_t> Count() {
    ASSIGN_OR_RETURN(const auto rows, Query(fmt::format("SELECT count(*) FROM {}", QuoteName(kNew))));
    return std::get<int64_t>(rows.rows.at(0).at(0).data);
  }

  Status RefuseDoubles() {
    std::string known;
    for (const auto& key : job_.sink.keys) known += fmt::format(" AND n.{} IS NOT NULL", QuoteName(key));
    ASSIGN_OR_RETURN(
        const auto rows,
        Query(fmt::format("SELECT {0}, count(*) FROM {1} n WHERE {2}{3} GROUP BY {0} HAVING count(*) > 1 LIMIT 1",
                          Keys("n"), QuoteName(kNew), Good(), known)));
    if (rows.rows.empty()) return Ok();
    std::vector<std::string> example;
    for (size_t i = 0; i < job_.sink.keys.size(); ++i) {
      example.push_back(
          fmt::format("{} = {}", job_.sink.keys[i], plan::ToSparkText(rows.rows[0][i], rows.schema.fields[i].type)));
    }
    return FailedPrecondition(fmt::format(
        "{} new rows have the same keys ({}), so which of them to merge is not known; make the keys unique in "
        "the last step, with row_number() for example",
        std::get<int64_t>(rows.rows[0].back().data), fmt::join(example, ", ")));
  }

  Result<std::vector<delta::Add>> FindRewritten() {
    ASSIGN_OR_RETURN(auto source, SnapshotSource(kTable, *target_.snapshot));
    if (source.files.empty()) return std::vector<delta::Add>();
    source.file_columns = true;
    plan::Schema schema = source.schema;
    schema.fields.push_back({"_file", plan::TypeId::kString, false});
    schema.fields.push_back({"_row", plan::TypeId::kLong, false});
    RETURN_IF_ERROR(session_.AddSource(source));
    prepared_.catalog.Add(kTable, schema);
    ASSIGN_OR_RETURN(
        const auto rows,
        Query(fmt::format("SELECT DISTINCT t._file FROM {} t LEFT SEMI JOIN (SELECT {} FROM {} n WHERE {}) n ON {}",
                          QuoteName(kTable), Keys("n"), QuoteName(kNew), Good(), SameKeys())));
    std::map<std::string, const delta::Add*> by_path;
    for (const auto& add : target_.snapshot->files()) {
      ASSIGN_OR_RETURN(const auto path, target_.snapshot->PathOf(add));
      by_path[path] = &add;
    }
    std::vector<delta::Add> rewritten;
    for (const auto& row : rows.rows) {
      const auto found = by_path.find(std::get<std::string>(row[0].data));
      if (found == by_path.end()) return Internal("a merged row came from a file that is not the table's");
      rewritten.push_back(*found->second);
    }
    return rewritten;
  }

  Status AddRewritten(const std::vector<delta::Add>& files) {
    ASSIGN_OR_RETURN(auto source, SnapshotSource(kRewritten, *target_.snapshot));
    std::map<std::string, bool> wanted;
    for (const auto& add : files) {
      ASSIGN_OR_RETURN(const auto path, target_.snapshot->PathOf(add));
      wanted[path] = true;
    }
    std::erase_if(source.files, [&](const auto& file) { return !wanted.contains(file.path); });
    RETURN_IF_ERROR(session_.AddSource(source));
    prepared_.catalog.Add(kRewritten, source.schema);
    return Ok();
  }

  std::string Rewrite() const {
    std::string kept;
    const auto& table = target_.snapshot->schema();
    for (const auto& field : output_.table.fields) {
      const std::string name = QuoteName(field.name);
      kept += kept.empty() ? "" : ", ";
      kept += table.IndexOf(field.name) >= 0 ? "t." + name
                                             : fmt::format("CAST(NULL AS {}) AS {}", field.type.ToSql(), name);
    }
    for (size_t i = 0; i < output_.checks.size(); ++i) kept += fmt::format(", CAST(NULL AS BOOLEAN) AS `check {}`", i);
    return fmt::format(
        "SELECT * FROM {0} UNION ALL SELECT {1} FROM {2} t LEFT ANTI JOIN (SELECT {3} FROM {0} n WHERE {4}) n ON {5}",
        QuoteName(kNew), kept, QuoteName(kRewritten), Keys("n"), Good(), SameKeys());
  }

  const Job& job_;
  const Output& output_;
  const Target& target_;
  Prepared& prepared_;
  engine::Session& session_;
};

}  // namespace

Result<MergePlan> PlanMerge(const Job& job, const Output& output, const Target& target, Prepared& prepared,
                            engine::Session& session) {
  return Merger(job, output, target, prepared, session).Plan();
}

}  // namespace tidemill::job
