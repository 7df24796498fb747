#include "delta/transaction.h"

#include <chrono>

#include "delta/detail/committer.h"
#include "delta/schema_evolution.h"
#include "plan/schema_json.h"

namespace tidemill::delta {
namespace {

constexpr std::string_view kConflictNames[] = {"table-exists",      "metadata-changed",  "protocol-changed",
                                               "concurrent-append", "concurrent-delete", "duplicate-transaction",
                                               "rival-transaction", "domain-changed",    "too-many-retries"};

}  // namespace

std::string_view ConflictKindName(ConflictKind kind) { return kConflictNames[static_cast<int>(kind)]; }

Transaction Transaction::Begin(SnapshotPtr snapshot) {
  Transaction transaction;
  transaction.table_ = snapshot->table();
  transaction.base_ = std::move(snapshot);
  return transaction;
}

Transaction Transaction::Create(Table table, Metadata metadata) {
  Transaction transaction;
  transaction.table_ = std::move(table);
  transaction.metadata_ = std::move(metadata);
  return transaction;
}

Result<Metadata> Transaction::NewMetadata(const plan::Schema& schema, std::vector<std::string> partition_columns,
                                          StringMap configuration, const Clock& clock, std::mt19937_64& random) {
  RETURN_IF_ERROR(CheckTableSchema(schema, partition_columns));
  const auto now = std::chrono::floor<std::chrono::milliseconds>(clock.Now().time_since_epoch());
  return Metadata{.id = NewUuid(random),
                  .schema_string = plan::SchemaToJson(schema),
                  .partition_columns = std::move(partition_columns),
                  .configuration = std::move(configuration),
                  .created_time_ms = now.count()};
}

void Transaction::SetMetadata(Metadata metadata) { metadata_ = std::move(metadata); }
void Transaction::SetProtocol(Protocol protocol) { protocol_ = std::move(protocol); }
void Transaction::AddFile(Add add) { adds_.push_back(std::move(add)); }
void Transaction::AddChange(Cdc change) { changes_.push_back(std::move(change)); }
void Transaction::RemoveFile(const Add& add, bool data_change) { removes_.push_back(MakeRemove(add, 0, data_change)); }

void Transaction::RemoveAllFiles() {
  ReadWholeTable();
  if (base_ == nullptr) return;
  for (const auto& add : base_->files()) RemoveFile(add);
}

void Transaction::SetTxn(Txn txn) {
  std::erase_if(txns_, [&](const Txn& other) { return other.app_id == txn.app_id; });
  txns_.push_back(std::move(txn));
}

void Transaction::ExcludeTxns(std::function<bool(const Txn&)> rival) { rival_ = std::move(rival); }
void Transaction::SetDomain(DomainMetadata domain) { domains_.push_back(std::move(domain)); }
void Transaction::Describe(CommitDescription description) { description_ = std::move(description); }
void Transaction::ReadWholeTable() { read_whole_table_ = true; }
void Transaction::ReadPartitions(Predicate predicate) { read_partitions_.push_back(std::move(predicate)); }
void Transaction::ReadRowsAlone() { read_rows_alone_ = true; }
void Transaction::MarkRows(const std::string& path, std::vector<int64_t> rows) { marked_rows_[path] = std::move(rows); }
void Transaction::ReadFile(const delta::Add& add) { read_files_.push_back(add.path); }

Result<CommitOutcome> Transaction::Commit(const Clock& clock, std::mt19937_64& random, const CommitOptions& options) {
  CHECK(id_.empty());  // committed once
  id_ = NewUuid(random);
  return Committer(*this, clock, random, options).Run();
}

}  // namespace tidemill::delta
