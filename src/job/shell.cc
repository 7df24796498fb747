#include "job/shell.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "job/sources.h"
#include "sql/parser.h"
#include "sql/shown.h"

namespace tidemill::job {
namespace {

using plan::TypeId;

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

plan::Value Text(std::string text) { return plan::Value{std::move(text)}; }

// Spark reads csv.`path` without a header, and every column as a string.
void AsSparkReadsPaths(SourceFormat format, plan::Schema& schema) {
  if (format != SourceFormat::kCsv) return;
  for (auto& field : schema.fields) field.type = TypeId::kString;
}

}  // namespace

Shell::Shell(RunEnvironment environment, std::string folder, std::map<std::string, std::string> conf)
    : environment_(std::move(environment)), folder_(std::move(folder)), conf_(std::move(conf)) {}

Shell::~Shell() = default;

bool Shell::ansi() const {
  const auto found = conf_.find("spark.sql.ansi.enabled");
  return found == conf_.end() || Lower(found->second) != "false";
}

std::string Shell::time_zone() const {
  const auto found = conf_.find("spark.sql.session.timeZone");
  return found == conf_.end() ? "UTC" : found->second;
}

Result<engine::Session*> Shell::Session() {
  if (session_) return session_.get();
  engine::SessionOptions options;
  options.memory_bytes = environment_.memory_bytes;
  options.threads = environment_.threads;
  options.temp_folder = environment_.temp_folder;
  options.time_zone = time_zone();
  options.ansi = ansi();
  options.now_micros = environment_.clock->Now().time_since_epoch().count();
  options.conf = conf_;
  ASSIGN_OR_RETURN(session_, environment_.engine->Open(options, *environment_.cancel, nullptr));
  return session_.get();
}

// An engine's session is made for one set of settings.
void Shell::ConfChanged(const std::string& key) {
  if (key != "spark.sql.ansi.enabled" && key != "spark.sql.session.timeZone") return;
  session_.reset();
  paths_.clear();
}

std::vector<std::string> Shell::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, table] : views_) names.push_back(name);
  return names;
}

Result<std::optional<sql::Catalog::Table>> Shell::Find(const plan::Name& name) {
  if (name.size() == 1) {
    const auto found = views_.find(Lower(name[0]));
    return found == views_.end() ? std::optional<Table>() : std::optional<Table>(found->second);
  }
  if (name.size() != 2) return std::optional<Table>();
  return OpenPath(Lower(name[0]), name[1]);
}

Result<std::optional<sql::Catalog::Table>> Shell::OpenPath(const std::string& format, const std::string& path) {
  const auto known = FromName<SourceFormat>(format);
  if (!known) return std::optional<Table>();
  const std::string key = format + "." + path;
  if (const auto found = paths_.find(key); found != paths_.end()) return std::optional<Table>(found->second);
  ASSIGN_OR_RETURN(auto* session, Session());
  Job job;
  job.folder = folder_;
  SourceSpec spec;
  spec.name = key;
  spec.format = *known;
  spec.paths = {path};
  ASSIGN_OR_RETURN(auto opened, OpenSource(job, spec, environment_, *session));
  RETURN_IF_ERROR(SelectFiles(opened, std::nullopt));
  AsSparkReadsPaths(*known, opened.source.schema);
  RETURN_IF_ERROR(session->AddSource(opened.source));
  return std::optional<Table>(paths_[key] = Table{key, opened.source.schema, nullptr});
}

Result<plan::typed::RelationPtr> Shell::Resolve(const plan::RelationPtr& query) {
  sql::ResolveOptions options;
  options.ansi = ansi();
  options.time_zone = time_zone();
  options.now_micros = environment_.clock->Now().time_since_epoch().count();
  options.conf = conf_;
  return sql::ResolveQuery(query, *this, options);
}

struct Shell::Handler {
  Shell& shell;
  int64_t most_rows;

  Result<engine::Rows> operator()(const plan::RelationPtr& query) {
    ASSIGN_OR_RETURN(const auto relation, shell.Resolve(query));
    ASSIGN_OR_RETURN(auto* session, shell.Session());
    ASSIGN_OR_RETURN(auto rows, session->Query(sql::AsShown(relation), most_rows));
    rows.schema = plan::typed::SchemaOf(*relation);
    return rows;
  }

  Result<engine::Rows> operator()(const plan::SetCommand& set) {
    engine::Rows rows{{{{"key", TypeId::kString}, {"value", TypeId::kString}}}, {}};
    if (set.reset) {
      const std::string key = set.key.value_or("");
      if (set.key) shell.conf_.erase(key);
      if (!set.key) shell.conf_.clear();
      shell.ConfChanged(set.key ? key : "spark.sql.ansi.enabled");
      return engine::Rows{};
    }
    if (set.key && set.value) {
      shell.conf_[*set.key] = *set.value;
      shell.ConfChanged(*set.key);
    }
    for (const auto& [key, value] : shell.conf_) {
      if (!set.key || *set.key == key) rows.rows.push_back({Text(key), Text(value)});
    }
    if (set.key && rows.rows.empty()) rows.rows.push_back({Text(*set.key), Text("<undefined>")});
    return rows;
  }

  Result<engine::Rows> operator()(const plan::CreateTempView& create) {
    const std::string name = Lower(create.name.back());
    if (!create.replace && shell.views_.contains(name)) {
      return Error{ErrorKind::kAlreadyExists,
                   fmt::format("there is a view {} already; write CREATE OR REPLACE", create.name.back()),
                   "TEMP_TABLE_OR_VIEW_ALREADY_EXISTS", "42P07"};
    }
    ASSIGN_OR_RETURN(const auto relation, shell.Resolve(create.query));
    plan::Schema schema = plan::typed::SchemaOf(*relation);
    if (!create.columns.empty() && create.columns.size() != schema.fields.size()) {
      return InvalidArgument(
          fmt::format("the view names {} columns, its query has {}", create.columns.size(), schema.fields.size()));
    }
    for (size_t i = 0; i < create.columns.size(); ++i) schema.fields[i].name = create.columns[i];
    shell.views_[name] = Table{name, std::move(schema), create.query};
    return engine::Rows{};
  }

  Result<engine::Rows> operator()(const plan::DropView& drop) {
    const bool there = shell.views_.erase(Lower(drop.name.back())) > 0;
    if (there || drop.if_exists) return engine::Rows{};
    return Error{ErrorKind::kNotFound, fmt::format("there is no view {}", drop.name.back()), "TABLE_OR_VIEW_NOT_FOUND",
                 "42P01"};
  }

  Result<engine::Rows> operator()(const plan::Explain& explain) {
    ASSIGN_OR_RETURN(const auto relation, shell.Resolve(explain.query));
    ASSIGN_OR_RETURN(auto* session, shell.Session());
    ASSIGN_OR_RETURN(auto text, session->Explain(relation));
    return engine::Rows{{{{"plan", TypeId::kString}}}, {{Text(std::move(text))}}};
  }

  Result<engine::Rows> operator()(const plan::DescribeQuery& describe) {
    ASSIGN_OR_RETURN(const auto relation, shell.Resolve(describe.query));
    engine::Rows rows{{{{"col_name", TypeId::kString}, {"data_type", TypeId::kString}, {"comment", TypeId::kString}}},
                      {}};
    for (const auto& column : relation->columns) {
      rows.rows.push_back({Text(column.name), Text(column.type.ToString()), plan::Value{}});
    }
    return rows;
  }

  Result<engine::Rows> operator()(const plan::UnsupportedStatement& statement) {
    return Unimplemented(statement.what + " is not done here yet; Spark can run it");
  }
};

Result<engine::Rows> Shell::Execute(std::string_view statement, int64_t most_rows) {
  sql::ParseOptions options;
  options.ansi = ansi();
  ASSIGN_OR_RETURN(const auto parsed, sql::ParseScript(statement, options));
  engine::Rows rows;
  for (const auto& one : parsed) {
    ASSIGN_OR_RETURN(rows, std::visit(Handler{*this, most_rows}, one.node));
  }
  return rows;
}

}  // namespace tidemill::job
