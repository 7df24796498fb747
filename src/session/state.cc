#include "session/state.h"

#include "base/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/names.h"
#include "delta/snapshot.h"
#include "job/sources.h"
#include "session/error.h"
#include "session/scope.h"
#include "session/table_files.h"
#include "session/text_table.h"
#include "session/tree.h"
#include "sql/parser.h"

namespace tidemill::session {
namespace {

using plan::DataType;
using plan::TypeId;

constexpr const char* kAnsi = "spark.sql.ansi.enabled";
constexpr const char* kTimeZone = "spark.sql.session.timeZone";

DataType PlainText(const DataType& type) {
  switch (type.id()) {
    case TypeId::kString:
      return type.is_char() || type.is_varchar() ? DataType(TypeId::kString) : type;
    case TypeId::kArray:
      return DataType::Array(PlainText(type.element()), type.contains_null());
    case TypeId::kMap:
      return DataType::Map(PlainText(type.key()), PlainText(type.value()), type.value_contains_null());
    case TypeId::kStruct: {
      auto fields = type.fields();
      for (auto& field : fields) field.type = PlainText(field.type);
      return DataType::Struct(std::move(fields));
    }
    default:
      return type;
  }
}

std::optional<engine::Format> FormatOf(const std::string& provider) {
  static const std::map<std::string, engine::Format> formats = {{"parquet", engine::Format::kParquet},
                                                                {"csv", engine::Format::kCsv},
                                                                {"json", engine::Format::kJson},
                                                                {"text", engine::Format::kText}};
  const auto found = formats.find(provider);
  return found == formats.end() ? std::nullopt : std::optional(found->second);
}

bool SameFiles(const engine::Source& a, const engine::Source& b) {
  const auto same = [](const engine::File& x, const engine::File& y) {
    return x.path == y.path && x.size_bytes == y.size_bytes && !x.deleted_rows == !y.deleted_rows &&
           (!x.deleted_rows || *x.deleted_rows == *y.deleted_rows);
  };
  return a.schema == b.schema && a.file_schema == b.file_schema && a.text == b.text &&
         a.file_columns == b.file_columns && std::ranges::equal(a.files, b.files, same);
}

// Spark reads csv.`path` without a header, and every column as a string.
void AsSparkReadsPaths(job::SourceFormat format, engine::Source& source) {
  if (format != job::SourceFormat::kCsv) return;
  for (auto& field : source.schema.fields) {
    const bool partition = !source.files.empty() && source.files[0].partition_values.contains(field.name);
    if (!partition) field.type = TypeId::kString;
  }
}

// CHAR columns of files that others may have written, padded as Spark pads them when it reads.
plan::RelationPtr Padded(const plan::Schema& declared, const std::string& key) {
  std::vector<plan::ExprPtr> list;
  for (const auto& field : declared.fields) {
    auto column = Column({field.name});
    if (field.type.is_char()) {
      auto shorter = Operation("<", {Function("length", {column}), Whole(field.type.length())});
      column =
          Named(If(shorter, Function("rpad", {column, Whole(field.type.length()), Text(" ")}), column), field.name);
    }
    list.push_back(std::move(column));
  }
  return SelectFrom(std::move(list), TableNamed({kRawTable, key}));
}

}  // namespace

plan::Schema AsRead(const plan::Schema& schema) {
  plan::Schema read = schema;
  for (auto& field : read.fields) field.type = PlainText(field.type);
  return read;
}

plan::Schema Declared(const plan::Schema& schema) {
  const bool sized = std::ranges::any_of(
      schema.fields, [](const auto& field) { return field.type.is_char() || field.type.is_varchar(); });
  return sized ? schema : plan::Schema();
}

State::State(job::RunEnvironment given, std::string base, std::string warehouse_folder, plan::Properties settings)
    : environment(std::move(given)),
      folder(std::move(base)),
      warehouse(environment.storage, std::move(warehouse_folder)),
      conf(std::move(settings)),
      scope_(std::make_shared<Scope>(*this, std::nullopt, true)) {}

// ---- Settings ----

std::string State::Setting(const std::string& key, const std::string& otherwise) const {
  const auto found = conf.find(key);
  return found == conf.end() ? otherwise : found->second;
}

bool State::ansi() const { return LowerAscii(Setting(kAnsi, "true")) != "false"; }

std::string State::time_zone() const { return Setting(kTimeZone, "UTC"); }

// An engine's session is made for one set of settings.
void State::SettingChanged(const std::string& key) {
  if (!key.empty() && key != kAnsi && key != kTimeZone) return;
  session_.reset();
  registered_.clear();
  computed_.clear();
  paths_.clear();
}

sql::ParseOptions State::parse_options() const { return sql::ParseOptionsOf(conf); }

// ---- Names ----

Result<plan::Name> State::NameOf(const plan::ObjectName& object) {
  if (!object.identifier) return object.name;
  const auto wrong = [&](const char* subclass, const char* why) {
    return SqlError(
        fmt::format("NOT_A_CONSTANT_STRING.{}", subclass), "42601",
        fmt::format("The expression used for IDENTIFIER() must be a constant STRING which is NOT NULL. {}", why),
        object.at);
  };
  ASSIGN_OR_RETURN(const auto expr, sql::ResolveConstant(object.identifier, *scope_, resolve_options()));
  if (!expr->type.is(TypeId::kString)) return wrong("WRONG_TYPE", "It is no STRING.");
  ASSIGN_OR_RETURN(const auto value, Evaluate(expr));
  if (value.is_null()) return wrong("NULL", "It is NULL.");
  const auto& text = std::get<std::string>(value.data);
  auto parsed = sql::ParseExpression(text, parse_options());
  if (!parsed.ok()) return std::move(parsed).error();
  const auto* attribute = std::get_if<plan::Attribute>(&(*parsed)->node);
  if (attribute == nullptr) {
    return SqlError("PARSE_SYNTAX_ERROR", "42601", fmt::format("'{}' is no name. Write a name.", text), object.at);
  }
  return attribute->parts;
}

Result<State::Place> State::PlaceOf(const plan::Name& name) const {
  const plan::Name namespace_parts(name.begin(), name.end() - 1);
  if (name.size() > 3 || (name.size() == 3 && !SameIgnoringCase(name[0], kCatalogName))) {
    return SqlError(
        "REQUIRES_SINGLE_PART_NAMESPACE", "42K05",
        fmt::format("spark_catalog requires a single-part namespace, but got {}.", Quoted(namespace_parts)));
  }
  return Place{name.size() == 1 ? database : LowerAscii(name[name.size() - 2]), LowerAscii(name.back())};
}

Result<std::string> State::DatabaseOf(const plan::Name& name) const {
  if (name.empty()) return database;
  if (name.size() == 1) return LowerAscii(name[0]);
  if (name.size() == 2 && SameIgnoringCase(name[0], kCatalogName)) return LowerAscii(name[1]);
  return SqlError("REQUIRES_SINGLE_PART_NAMESPACE", "42K05",
                  fmt::format("spark_catalog requires a single-part namespace, but got {}.", Quoted(name)));
}

const TemporaryView* State::FindView(const plan::Name& name) const {
  const auto in = [](const auto& map, const std::string& key) {
    const auto found = map.find(LowerAscii(key));
    return found == map.end() ? nullptr : &found->second;
  };
  if (name.size() == 1) return in(views, name[0]);
  if (name.size() == 2 && SameIgnoringCase(name[0], kGlobalTemporary)) return in(global_views, name[1]);
  return nullptr;
}

// Of a Delta table the log is the truth, not the catalog.
Result<std::optional<Table>> State::FindTable(const plan::Name& name) const {
  ASSIGN_OR_RETURN(const auto place, PlaceOf(name));
  ASSIGN_OR_RETURN(auto table, warehouse.FindTable(place.database, place.name));
  if (!table || table->provider != "delta") return table;
  const auto snapshot = delta::LoadSnapshot({environment.storage, environment.checkpoints, table->location});
  if (!snapshot.ok()) return snapshot.error();
  table->schema = (*snapshot)->schema();
  table->partition_columns = (*snapshot)->partition_columns();
  table->properties = (*snapshot)->metadata().configuration;
  return table;
}

Result<Table> State::GetTable(const plan::Name& name, Position at) const {
  ASSIGN_OR_RETURN(auto table, FindTable(name));
  if (!table) return NoTable(name, at);
  return std::move(*table);
}

// ---- The engine ----

Result<engine::Session*> State::engine() {
  if (session_) return session_.get();
  engine::SessionOptions options;
  options.memory_bytes = environment.memory_bytes;
  options.threads = environment.threads;
  options.temp_folder = environment.temp_folder;
  options.time_zone = time_zone();
  options.ansi = ansi();
  options.now_micros = environment.clock->Now().time_since_epoch().count();
  options.conf = conf;
  ASSIGN_OR_RETURN(session_, environment.engine->Open(options, *environment.cancel, nullptr));
  return session_.get();
}

sql::ResolveOptions State::resolve_options() const {
  sql::ResolveOptions options;
  options.ansi = ansi();
  options.time_zone = time_zone();
  options.now_micros = environment.clock->Now().time_since_epoch().count();
  options.conf = conf;
  options.database = database;
  options.user = user;
  options.parameters = parameters;
  options.case_sensitive = sql::Flag(conf, "spark.sql.caseSensitive", false);
  return options;
}

Result<plan::typed::RelationPtr> State::Resolve(const plan::RelationPtr& query) {
  return sql::ResolveQuery(query, *scope_, resolve_options());
}

Result<engine::Rows> State::Query(const plan::RelationPtr& query, int64_t most_rows) {
  ASSIGN_OR_RETURN(const auto relation, Resolve(query));
  ASSIGN_OR_RETURN(auto* session, engine());
  return session->Query(relation, most_rows);
}

Result<plan::Value> State::Evaluate(const plan::ExprPtr& expr) {
  ASSIGN_OR_RETURN(const auto resolved, sql::ResolveConstant(expr, *scope_, resolve_options()));
  return Evaluate(resolved);
}

Result<plan::Value> State::Evaluate(const plan::typed::ExprPtr& expr) {
  if (const auto* literal = std::get_if<plan::typed::Literal>(&expr->node)) return literal->value;
  ASSIGN_OR_RETURN(auto* session, engine());
  namespace typed = plan::typed;
  const typed::Column column{1 << 30, "value", expr->type, expr->nullable, {}};
  const auto one = typed::MakeRelation(typed::OneRow{}, {});
  ASSIGN_OR_RETURN(const auto rows,
                   session->Query(typed::MakeRelation(typed::Project{one, {{column, expr}}}, {column})));
  if (rows.rows.size() != 1) return Internal("a constant has no value");
  return rows.rows[0][0];
}

std::shared_ptr<sql::Catalog> State::NewScope(bool temporary) const {
  return std::make_shared<Scope>(const_cast<State&>(*this), database, temporary);
}

std::string State::AbsolutePath(const std::string& path) const {
  std::string_view plain = path;
  if (plain.starts_with("file:")) {
    plain.remove_prefix(5);
    while (plain.starts_with("//")) plain.remove_prefix(1);
  }
  return job::ResolvePath(folder, std::string(plain));
}

Status State::Register(const engine::Source& source) {
  ASSIGN_OR_RETURN(auto* session, engine());
  const auto found = registered_.find(source.name);
  if (found != registered_.end() && SameFiles(found->second, source)) return Ok();
  if (found != registered_.end()) RETURN_IF_ERROR(session->Drop(source.name));
  registered_.erase(source.name);
  RETURN_IF_ERROR(session->AddSource(source));
  registered_[source.name] = source;
  return Ok();
}

Status State::Materialize(const std::string& name, const plan::typed::RelationPtr& rows) {
  ASSIGN_OR_RETURN(auto* session, engine());
  if (computed_.erase(name) > 0) RETURN_IF_ERROR(session->Drop(name));
  RETURN_IF_ERROR(session->AddStep(name, rows, true));
  computed_[name] = plan::typed::SchemaOf(*rows);
  return Ok();
}

std::optional<sql::Catalog::Table> State::Raw(const std::string& name) const {
  if (const auto found = computed_.find(name); found != computed_.end()) {
    return sql::Catalog::Table{name, found->second, nullptr, nullptr, {name}};
  }
  const auto found = registered_.find(name);
  if (found == registered_.end()) return std::nullopt;
  plan::Schema schema = found->second.schema;
  if (found->second.file_columns) {
    schema.fields.push_back({"_file", TypeId::kString, false});
    schema.fields.push_back({"_row", TypeId::kLong, false});
  }
  return sql::Catalog::Table{name, std::move(schema), nullptr, nullptr, {name}};
}

delta::SnapshotPtr State::SnapshotOf(const std::string& key) const {
  const auto found = snapshots_.find(key);
  return found == snapshots_.end() ? nullptr : found->second;
}

Result<sql::Catalog::Table> State::Open(const Table& table, const sql::TableVersion& version) {
  const plan::Name full = table.FullName();
  std::string key = fmt::format("{}.{}", table.database, table.name);
  if (table.provider == "delta") {
    delta::AsOf as_of{version.version, std::nullopt};
    if (version.timestamp_micros) as_of.timestamp = Timestamp(Micros(*version.timestamp_micros));
    ASSIGN_OR_RETURN(const auto snapshot,
                     delta::LoadSnapshot({environment.storage, environment.checkpoints, table.location}, as_of));
    if (version.version || version.timestamp_micros) key += fmt::format("@v{}", snapshot->version());
    ASSIGN_OR_RETURN(auto source, job::SnapshotSource(key, *snapshot));
    const auto declared = source.schema;
    source.schema = AsRead(source.schema);
    RETURN_IF_ERROR(Register(source));
    snapshots_[key] = snapshot;
    return sql::Catalog::Table{key, source.schema, nullptr, nullptr, full, Declared(declared)};
  }
  if (version.version || version.timestamp_micros) return NoSuchOperation(full, "time travel");
  const auto format = FormatOf(table.provider);
  if (!format) return Unimplemented(fmt::format("reading a table of format {} is not supported", table.provider));
  engine::Source source;
  source.name = key;
  source.format = *format;
  source.schema = AsRead(table.schema);
  ASSIGN_OR_RETURN(source.text, TextOptionsOf(table));
  ASSIGN_OR_RETURN(source.files, ListFiles(*environment.storage, table));
  RETURN_IF_ERROR(Register(source));
  sql::Catalog::Table opened{key, source.schema, nullptr, nullptr, full, Declared(table.schema)};
  const bool has_char =
      std::ranges::any_of(table.schema.fields, [](const auto& field) { return field.type.is_char(); });
  if (has_char && (table.external || IsTextProvider(table.provider)) &&
      LowerAscii(Setting("spark.sql.readSideCharPadding", "true")) == "true") {
    opened.view = Padded(table.schema, key);
  }
  return opened;
}

Result<std::optional<sql::Catalog::Table>> State::OpenPath(const std::string& format, const std::string& path) {
  const auto known = job::FromName<job::SourceFormat>(format);
  if (!known) return std::optional<sql::Catalog::Table>();
  const std::string key = format + "." + path;
  if (const auto found = paths_.find(key); found != paths_.end()) return std::optional(found->second);
  ASSIGN_OR_RETURN(auto* session, engine());
  job::Job job;
  job.folder = folder;
  job::SourceSpec spec;
  spec.name = key;
  spec.format = *known;
  spec.paths = {path.starts_with("file:") ? AbsolutePath(path) : path};
  ASSIGN_OR_RETURN(auto opened, job::OpenSource(job, spec, environment, *session));
  RETURN_IF_ERROR(job::SelectFiles(opened, std::nullopt));
  AsSparkReadsPaths(*known, opened.source);
  RETURN_IF_ERROR(session->AddSource(opened.source));
  if (opened.snapshot) snapshots_[key] = opened.snapshot;
  return std::optional(paths_[key] = sql::Catalog::Table{key, opened.source.schema, nullptr, nullptr, {}});
}

}  // namespace tidemill::session
