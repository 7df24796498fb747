// The flags of data without a job file: SQL, conversion, Delta tables.
#include "app/declare.h"

namespace tidemill::app {
namespace {

CLI::App* AddTableChange(CLI::App* parent, const std::shared_ptr<TableFlags>& flags, Command& command, const char* name,
                         const char* words, TableFlags::What what) {
  auto* sub = parent->add_subcommand(name, words);
  sub->add_option("path", flags->path, "The table's folder")->required()->type_name("PATH");
  sub->add_flag("--json", flags->json, "Print JSON");
  Chosen(sub, flags, what, command);
  return sub;
}

void Check(CLI::App* table, const std::shared_ptr<TableFlags>& flags, Command& command) {
  auto* sub =
      AddTableChange(table, flags, command, "check",
                     "Whether the log and every file are whole; what is not, and its cure", TableFlags::What::kCheck);
  sub->add_flag("--deep", flags->deep, "Also read all rows: footers, row counts, bounds and NULL counts must hold");
  sub->add_flag("--history", flags->history, "Also whether each commit may follow the ones before it");
  auto* repair = sub->add_flag("--repair", flags->repair, "Mend what is safe to mend; no file's bytes are deleted");
  sub->add_flag("--dry-run", flags->dry_run, "Only tell what --repair would do")->needs(repair);
  sub->add_flag("--yes", flags->yes, "Without asking")->needs(repair);
  sub->add_flag("--drop-damaged", flags->drop_damaged, "Files that cannot be read right leave the table, too")
      ->needs(repair);
  AddMachine(sub, flags->machine);
}

void Clone(CLI::App* table, const std::shared_ptr<TableFlags>& flags, Command& command) {
  auto* sub =
      AddTableChange(table, flags, command, "clone", "Copy a table; once more: what came since, or what is left to do",
                     TableFlags::What::kClone);
  sub->add_option("target", flags->target, "The clone's folder")->required()->type_name("TARGET");
  sub->add_option("--version", flags->version, "As of this version (default: the newest)")->type_name("N");
  sub->add_flag("--shallow", flags->shallow, "Copy no file: name the source's, which must then stay where they are");
  sub->add_flag("--verify", flags->verify, "Compare every file with its source, also those that were copied before");
  AddMachine(sub, flags->machine);
}

void Changes(CLI::App* table, const std::shared_ptr<TableFlags>& flags, Command& command) {
  auto* sub = table->add_subcommand("changes", "The rows that came, went and changed (delta.enableChangeDataFeed)");
  sub->add_option("path", flags->path, "The table's folder")->required()->type_name("PATH");
  sub->add_option("--from", flags->from, "The first version")->required()->type_name("N");
  sub->add_option("--to", flags->to, "The last one (default: the newest)")->type_name("N");
  sub->add_option("--output", flags->output, "How rows are printed")
      ->check(CLI::IsMember({"table", "tsv", "csv", "json", "jsonl"}));
  AddMachine(sub, flags->machine);
  Chosen(sub, flags, TableFlags::What::kChanges, command);
}

void Restore(CLI::App* table, const std::shared_ptr<TableFlags>& flags, Command& command) {
  auto* sub = AddTableChange(table, flags, command, "restore",
                             "Take the table back to an earlier version, as a new one", TableFlags::What::kRestore);
  auto* version = sub->add_option("--version", flags->version, "To this version")->type_name("N");
  sub->add_option("--timestamp", flags->timestamp, "To the newest version not after this time")
      ->type_name("TIME")
      ->excludes(version);
  sub->add_flag("--dry-run", flags->dry_run, "Only tell what would change");
}

void Vacuum(CLI::App* table, const std::shared_ptr<TableFlags>& flags, Command& command) {
  auto* sub =
      AddTableChange(table, flags, command, "vacuum",
                     "Show, or remove, files that no version within the retention needs", TableFlags::What::kVacuum);
  sub->add_option("--retain", flags->retain, "Keep what versions younger than this need (default: as the table says)")
      ->type_name("DURATION");
  sub->add_flag("--delete", flags->remove, "Remove them; without it they are only shown");
  sub->add_flag("--force", flags->force, "Allow a shorter --retain than the table's own");
}

void Optimize(CLI::App* table, const std::shared_ptr<TableFlags>& flags, Command& command) {
  auto* sub = AddTableChange(table, flags, command, "optimize",
                             "Write small files together, and deleted rows out of files", TableFlags::What::kOptimize);
  sub->add_option("--where", flags->partitions, "Only this partition")->type_name("COLUMN=VALUE");
  sub->add_option("--target", flags->target_size, "How large files should be (default: 256MB)")->type_name("SIZE");
  auto* zorder = sub->add_option("--zorder", flags->zorder, "Order rows along a Z curve through these columns")
                     ->delimiter(',')
                     ->type_name("COLUMNS");
  sub->add_option("--cluster", flags->cluster, "Order rows along a Hilbert curve through these columns")
      ->delimiter(',')
      ->type_name("COLUMNS")
      ->excludes(zorder);
  sub->add_flag("--dry-run", flags->dry_run, "Only tell which files would be rewritten");
  AddMachine(sub, flags->machine);
}

}  // namespace

void DeclareSql(CLI::App& app, Command& command) {
  auto flags = std::make_shared<SqlFlags>();
  auto* sub = app.add_subcommand("sql", "Run Spark SQL and print the rows; at a terminal without -e or -f, a shell");
  auto* text = sub->add_option("-e,--execute", flags->text, "The statements")->type_name("SQL");
  sub->add_option("-f,--file", flags->file, "A file of statements; - is the standard input")
      ->type_name("FILE")
      ->excludes(text);
  sub->add_option("--output", flags->output, "How rows are printed")
      ->check(CLI::IsMember({"table", "tsv", "csv", "json", "jsonl"}));
  sub->add_flag("--keep-going", flags->keep_going, "Go on after a statement that failed");
  sub->add_option("--warehouse", flags->warehouse,
                  "The folder of databases and tables; without it they last as long as the session")
      ->type_name("DIR");
  sub->add_option("--conf", flags->conf, "A Spark SQL setting")->type_name("KEY=VALUE")->allow_extra_args(false);
  AddMachine(sub, flags->machine);
  Chosen(sub, flags, command);
}

void DeclareConvert(CLI::App& app, Command& command) {
  auto flags = std::make_shared<ConvertFlags>();
  auto* sub = app.add_subcommand("convert", "Convert or ingest files without a job file");
  sub->add_option("paths", flags->paths, "Files, folders or quoted globs, and the output's folder last")
      ->required()
      ->expected(2, 100000)
      ->type_name("IN... OUT");
  sub->add_option("--from-format", flags->from_format, "Of the input (default: by its extension)")
      ->check(CLI::IsMember({"csv", "json", "text", "parquet", "delta"}));
  sub->add_option("--format", flags->to_format, "Of the output")->check(CLI::IsMember({"delta", "parquet"}));
  sub->add_option("--partition-by", flags->partition_by, "Columns, or year/month/day(time)")
      ->delimiter(',')
      ->type_name("COLUMNS");
  sub->add_option("--sort-by", flags->sort_by, "Order inside files")->delimiter(',')->type_name("COLUMNS");
  sub->add_option("--mode", flags->mode, "What happens to an existing table")
      ->check(CLI::IsMember({"append", "overwrite", "overwrite_partitions"}));
  sub->add_option("--compression", flags->compression, "Of the output")
      ->check(CLI::IsMember({"snappy", "zstd", "gzip", "none"}));
  sub->add_option("--target-file-size", flags->target_file_size, "Of the output's files (default: 256MB)")
      ->type_name("SIZE");
  sub->add_option("--schema", flags->schema, "The input's columns as Spark DDL (default: inferred)")->type_name("DDL");
  sub->add_option("--delimiter", flags->delimiter, "csv: what separates fields");
  sub->add_option("--null-text", flags->null_text, "csv: a field of this text is NULL");
  sub->add_option("--malformed", flags->malformed, "Rows that do not fit")
      ->check(CLI::IsMember({"fail", "drop", "quarantine"}));
  sub->add_flag("--no-header", flags->no_header, "csv: the first line holds data");
  sub->add_flag("--again", flags->again, "Convert even if this was done already");
  AddOutput(sub, flags->output);
  AddMachine(sub, flags->machine);
  Chosen(sub, flags, command);
}

void DeclareTable(CLI::App& app, Command& command) {
  auto flags = std::make_shared<TableFlags>();
  auto* sub = app.add_subcommand("table", "Look at a Delta table");
  sub->require_subcommand(1);
  using What = TableFlags::What;
  const std::tuple<const char*, const char*, What> kinds[] = {
      {"describe", "Schema, partitions, size, properties", What::kDescribe},
      {"history", "Its commits, newest first", What::kHistory},
      {"files", "Its live files", What::kFiles},
      {"freshness", "A materialized view against the tables it reads", What::kFreshness}};
  for (const auto& [name, words, what] : kinds) {
    auto* kind = sub->add_subcommand(name, words);
    kind->add_option("path", flags->path, "The table's folder")->required()->type_name("PATH");
    const bool whole = what == What::kFreshness;
    if (!whole && what != What::kHistory) {
      kind->add_option("--version", flags->version, "As of this version")->type_name("N");
    }
    if (!whole && what != What::kDescribe) {
      kind->add_option("--limit", flags->limit, "At most so many lines")->type_name("N");
    }
    kind->add_flag("--json", flags->json, "Print JSON");
    Chosen(kind, flags, what, command);
  }
  Check(sub, flags, command);
  Restore(sub, flags, command);
  Vacuum(sub, flags, command);
  Optimize(sub, flags, command);
  Changes(sub, flags, command);
  Clone(sub, flags, command);
}

void DeclareDiff(CLI::App& app, Command& command) {
  auto flags = std::make_shared<DiffFlags>();
  auto* sub = app.add_subcommand("diff", "Compare two Delta tables or versions, row for row");
  sub->add_option("one", flags->one, "A table's folder, or FOLDER@VERSION")->required()->type_name("TABLE");
  sub->add_option("other", flags->other, "The other one")->required()->type_name("TABLE");
  sub->add_option("--keys", flags->keys, "Columns that identify a row: changed rows are shown side by side")
      ->delimiter(',')
      ->type_name("COLUMNS");
  sub->add_option("--without", flags->without, "Columns that are not compared")->delimiter(',')->type_name("COLUMNS");
  sub->add_option("--limit", flags->limit, "Show at most so many differing rows (default: 10)")->type_name("N");
  sub->add_flag("--json", flags->json, "Print JSON");
  AddMachine(sub, flags->machine);
  Chosen(sub, flags, command);
}

}  // namespace tidemill::app
