#include "job/prepare.h"

#include "base/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "delta/clones.h"
#include "sql/parser.h"

namespace tidemill::job {
using document::Diagnostics;
namespace {

std::string ParentOf(const std::string& path) { return path.substr(0, std::max<size_t>(path.rfind('/'), 1)); }

// The folder part of a path or glob: what lies before the first wildcard.
std::string FixedFolder(const std::string& path) {
  const size_t wildcard = path.find_first_of("*?[{");
  return wildcard == std::string::npos ? path : ParentOf(path.substr(0, wildcard));
}

class Preparer {
 public:
  Preparer(const Job& job, RunEnvironment& environment, engine::Session& session, Teller& teller, Diagnostics& out)
      : job_(job), environment_(environment), session_(session), teller_(teller), out_(out) {}

  Prepared Take(const std::optional<Window>& window, Timestamp now) {
    prepared_.resolve.ansi = job_.ansi();
    prepared_.resolve.time_zone = job_.time_zone;
    prepared_.resolve.now_micros = now.time_since_epoch().count();
    prepared_.resolve.conf = job_.conf;
    OpenSources();
    if (job_.window) SetWindow(window);
    for (auto& opened : prepared_.sources) {
      if (!opened.source.window) Select(opened, std::nullopt);
      teller_.Tell(event::SourceRead{opened.spec->name, std::string(Name(opened.spec->format)),
                                     static_cast<int64_t>(opened.source.files.size()), opened.bytes(),
                                     opened.pruned_files});
    }
    for (const auto& step : job_.steps) ResolveStep(step);
    prepared_.last = job_.steps.empty() ? job_.sources.empty() ? "" : job_.sources[0].name : job_.steps.back().name;
    if (const auto* schema = prepared_.catalog.SchemaOf(prepared_.last)) prepared_.output = *schema;
    return std::move(prepared_);
  }

 private:
  void OpenSources() {
    for (const auto& spec : job_.sources) {
      auto opened = OpenSource(job_, spec, environment_, session_);
      if (!opened.ok()) {
        failed_.insert(LowerAscii(spec.name));
        out_.Error(spec.at, "", opened.error());
        continue;
      }
      prepared_.catalog.Add(spec.name, opened->source.schema);
      prepared_.sources.push_back(std::move(opened).value());
    }
  }

  void SetWindow(const std::optional<Window>& window) {
    if (!failed_.empty()) return;
    const auto chosen = WindowedSource(*job_.window, prepared_.sources);
    if (!chosen.ok()) return out_.Error(job_.window->at, "window.column", chosen.error().ToString());
    if (!window) return;
    Select(prepared_.sources[*chosen], engine::TimeRange{job_.window->column, window->start, window->end});
  }

  void Select(OpenedSource& opened, const std::optional<engine::TimeRange>& window) {
    const auto selected = SelectFiles(opened, window);
    if (!selected.ok()) out_.Error(opened.spec->at, "", selected.error());
  }

  void ResolveStep(const Step& step) {
    auto relation = Resolve(step.sql);
    if (!relation.ok()) {
      const bool earlier = ComesFromEarlier(relation.error());
      failed_.insert(LowerAscii(step.name));
      if (!earlier) {
        Error bare = relation.error();
        bare.at = {};
        out_.Error(step.sql.PlaceOf(relation.error().at), fmt::format("steps[{}]", step.name), bare.ToString());
      }
      return;
    }
    prepared_.catalog.Add(step.name, plan::typed::SchemaOf(**relation));
    teller_.Tell(event::StepPlanned{step.name, step.cache, static_cast<int>((*relation)->columns.size())});
    prepared_.steps.push_back({&step, std::move(relation).value()});
  }

  Result<plan::typed::RelationPtr> Resolve(const SqlText& sql) {
    sql::ParseOptions options;
    options.ansi = job_.ansi();
    ASSIGN_OR_RETURN(const auto query, sql::ParseQuery(sql.text, options));
    return sql::ResolveQuery(query, prepared_.catalog, prepared_.resolve);
  }

  // A step over a source or step that failed itself has nothing new to tell.
  bool ComesFromEarlier(const Error& error) const {
    if (error.error_class.find("TABLE_OR_VIEW_NOT_FOUND") == std::string::npos) return false;
    const std::string message = LowerAscii(error.message);
    return std::any_of(failed_.begin(), failed_.end(),
                       [&](const auto& name) { return message.find("`" + name + "`") != std::string::npos; });
  }

  const Job& job_;
  RunEnvironment& environment_;
  engine::Session& session_;
  Teller& teller_;
  Diagnostics& out_;
  Prepared prepared_;
  std::set<std::string> failed_;
};

}  // namespace

void JobCatalog::Add(const std::string& name, plan::Schema schema) {
  tables_[LowerAscii(name)] = Table{name, std::move(schema), nullptr};
}

Result<std::optional<sql::Catalog::Table>> JobCatalog::Find(const plan::Name& name) {
  if (name.size() != 1) return std::optional<Table>();
  const auto found = tables_.find(LowerAscii(name[0]));
  return found == tables_.end() ? std::optional<Table>() : std::optional<Table>(found->second);
}

std::vector<std::string> JobCatalog::Names() const {
  std::vector<std::string> names;
  for (const auto& [key, table] : tables_) names.push_back(table.key);
  return names;
}

const plan::Schema* JobCatalog::SchemaOf(const std::string& name) const {
  const auto found = tables_.find(LowerAscii(name));
  return found == tables_.end() ? nullptr : &found->second.schema;
}

engine::SessionOptions SessionOptionsFor(const Job& job, const RunEnvironment& environment, Timestamp now) {
  engine::SessionOptions options;
  options.memory_bytes = environment.memory_bytes;
  options.threads = environment.threads;
  options.temp_folder = environment.temp_folder;
  options.most_spill_bytes = job.budget.disk_bytes;
  options.time_zone = job.time_zone;
  options.ansi = job.ansi();
  options.now_micros = now.time_since_epoch().count();
  options.conf = job.conf;
  for (const auto& source : job.sources) {
    for (const auto& path : source.paths) options.allowed_folders.push_back(FixedFolder(job.Resolve(path)));
  }
  options.allowed_folders.push_back(job.Resolve(job.sink.path));
  options.allowed_folders.push_back(job.Resolve(job.sink.quarantine));
  // A shallow clone's files lie with its source. What cannot be read here is told when the table is opened.
  const auto allow_sources_of = [&](const std::string& root) {
    const auto roots = delta::CloneRoots({environment.storage, environment.checkpoints, root});
    if (!roots.ok()) return;
    options.allowed_folders.insert(options.allowed_folders.end(), roots->begin(), roots->end());
  };
  for (const auto& source : job.sources) {
    if (source.format == SourceFormat::kDelta && source.paths.size() == 1) {
      allow_sources_of(job.Resolve(source.paths[0]));
    }
  }
  allow_sources_of(job.Resolve(job.sink.path));
  return options;
}

Prepared Prepare(const Job& job, const std::optional<Window>& window, RunEnvironment& environment, Timestamp now,
                 engine::Session& session, Teller& teller, Diagnostics& out) {
  return Preparer(job, environment, session, teller, out).Take(window, now);
}

Status Register(const Prepared& prepared, engine::Session& session) {
  for (const auto& opened : prepared.sources) {
    if (auto added = session.AddSource(opened.source); !added.ok()) {
      return NameFiles(std::move(added).error(), {&opened.source});
    }
  }
  for (const auto& step : prepared.steps) {
    RETURN_IF_ERROR(session.AddStep(step.step->name, step.relation, step.step->cache));
  }
  return Ok();
}

Result<plan::typed::RelationPtr> ResolveText(const std::string& sql, Prepared& prepared) {
  sql::ParseOptions options;
  options.ansi = prepared.resolve.ansi;
  ASSIGN_OR_RETURN(const auto query, sql::ParseQuery(sql, options));
  return sql::ResolveQuery(query, prepared.catalog, prepared.resolve);
}

}  // namespace tidemill::job
