#include "job/clone.h"

#include <fmt/format.h>

#include <functional>
#include <set>
#include <vector>

#include "base/sha256.h"
#include "delta/deletion_vector.h"
#include "delta/transaction.h"

namespace tidemill::job {
namespace {

constexpr size_t kPieceBytes = size_t{4} << 20;

// The SHA-256 of the SHA-256s of a file's pieces, so that no file need fit in memory; each piece also goes to `piece`.
Result<std::string> DigestOf(storage::Storage& storage, const std::string& path,
                             const std::function<Status(std::span<const char>)>& piece = nullptr) {
  ASSIGN_OR_RETURN(const auto reader, storage.OpenRead(path));
  std::string bytes(kPieceBytes, '\0'), digests;
  for (int64_t offset = 0;;) {
    ASSIGN_OR_RETURN(const int64_t count, reader->ReadAt(offset, bytes));
    if (count == 0) return Sha256Hex(digests);
    const std::span<const char> read(bytes.data(), static_cast<size_t>(count));
    digests += Sha256Hex({read.data(), read.size()});
    if (piece) RETURN_IF_ERROR(piece(read));
    offset += count;
  }
}

// A file of the log: the data file, and the deletion vector of it that is in force.
std::string IdentityOf(const delta::Add& add) {
  return add.path + "\n" + (add.deletion_vector ? add.deletion_vector->UniqueId() : "");
}

class Cloner {
 public:
  Cloner(const delta::Table& source, const delta::Table& target, RunEnvironment& environment)
      : source_(source), target_(target), environment_(environment) {}

  Result<CloneResult> Run(std::optional<int64_t> version) {
    ASSIGN_OR_RETURN(from_, delta::LoadSnapshot(source_, {.version = version}));
    result_.source_version = from_->version();
    run_ = "tidemill:clone:" + from_->metadata().id;
    ASSIGN_OR_RETURN(const bool exists, delta::TableExists(target_));
    if (exists) {
      ASSIGN_OR_RETURN(there_, delta::LoadSnapshot(target_));
      const auto* before = there_->FindTxn(run_);
      if (before == nullptr) {
        return FailedPrecondition(
            fmt::format("'{}' is a table, and no clone of '{}'. Choose another place.", target_.root, source_.root));
      }
      if (before->version == from_->version()) return result_;
      if (before->version > from_->version()) {
        return FailedPrecondition(fmt::format("'{}' is a clone of version {}, which is later than {}", target_.root,
                                              before->version, from_->version()));
      }
    }
    RETURN_IF_ERROR(Copy());
    return Commit();
  }

 private:
  Status Copy() {
    std::set<std::string> known;
    if (there_) {
      for (const auto& add : there_->files()) known.insert(IdentityOf(add));
    }
    for (const auto& add : from_->files()) {
      if (*environment_.cancel) return Error{ErrorKind::kCancelled, "stopped; running it again goes on from here"};
      if (known.contains(IdentityOf(add))) {
        ++result_.files_kept;
        continue;
      }
      ASSIGN_OR_RETURN(const auto path, from_->PathOf(add));
      RETURN_IF_ERROR(CopyFile(path, add.size_bytes));
      if (add.deletion_vector && add.deletion_vector->storage_type != 'i') {
        ASSIGN_OR_RETURN(const auto vector, delta::DeletionVectorPath(source_, *add.deletion_vector));
        RETURN_IF_ERROR(CopyFile(vector, -1));
      }
      added_.push_back(add);
    }
    return Ok();
  }

  // `size_bytes` < 0: not told by the log.
  Status CopyFile(const std::string& path, int64_t size_bytes) {
    if (!path.starts_with(source_.root + "/")) {
      return Unimplemented(
          fmt::format("'{}' lies outside the table '{}'; such a table is not cloned", path, source_.root));
    }
    const std::string copy = target_.root + path.substr(source_.root.size());
    if (!copied_.insert(copy).second) return Ok();
    const auto there = target_.storage->Stat(copy);
    if (!there.ok() && there.error().kind != ErrorKind::kNotFound) return there.error();
    std::string digest;
    if (there.ok()) {
      ASSIGN_OR_RETURN(digest, DigestOf(*source_.storage, path));
      ASSIGN_OR_RETURN(const auto found, DigestOf(*target_.storage, copy));
      if (found == digest) {
        ++result_.files_found;
        return Ok();
      }
    }
    ASSIGN_OR_RETURN(const auto writer, target_.storage->OpenWrite(copy));
    ASSIGN_OR_RETURN(
        digest, DigestOf(*source_.storage, path, [&](std::span<const char> piece) { return writer->Append(piece); }));
    if (size_bytes >= 0 && writer->size_bytes() != size_bytes) {
      return DataLoss(fmt::format("'{}' has {} bytes, but the log says {}", path, writer->size_bytes(), size_bytes));
    }
    result_.bytes_copied += writer->size_bytes();
    RETURN_IF_ERROR(writer->Close());
    ASSIGN_OR_RETURN(const auto written, DigestOf(*target_.storage, copy));
    if (written != digest) return DataLoss(fmt::format("the copy '{}' is not what '{}' holds", copy, path));
    ++result_.files_copied;
    return Ok();
  }

  Result<CloneResult> Commit() {
    delta::Metadata metadata = from_->metadata();
    metadata.id = there_ ? there_->metadata().id : NewUuid(environment_.random);
    auto transaction = there_ ? delta::Transaction::Begin(there_) : delta::Transaction::Create(target_, metadata);
    if (there_) {
      transaction.ReadWholeTable();
      if (metadata != there_->metadata()) transaction.SetMetadata(metadata);
      std::set<std::string> wanted;
      for (const auto& add : from_->files()) wanted.insert(IdentityOf(add));
      for (const auto& add : there_->files()) {
        if (wanted.contains(IdentityOf(add))) continue;
        transaction.RemoveFile(add);
        ++result_.files_removed;
      }
    }
    if (!there_ || from_->protocol() != there_->protocol()) transaction.SetProtocol(from_->protocol());
    for (const auto& [name, domain] : from_->domains()) transaction.SetDomain(domain);
    for (const auto& add : added_) {
      delta::Add copy = add;
      copy.data_change = true;
      transaction.AddFile(std::move(copy));
    }
    transaction.SetTxn({run_, from_->version(), environment_.clock->Now().time_since_epoch().count() / 1000});
    transaction.Describe({.operation = "CLONE",
                          .parameters = {{"source", source_.root},
                                         {"sourceVersion", std::to_string(from_->version())},
                                         {"isShallow", "false"}},
                          .metrics = {{"numCopiedFiles", std::to_string(result_.files_copied + result_.files_found)},
                                      {"copiedFilesSize", std::to_string(result_.bytes_copied)},
                                      {"numRemovedFiles", std::to_string(result_.files_removed)},
                                      {"sourceNumOfFiles", std::to_string(from_->files().size())},
                                      {"sourceTableSize", std::to_string(from_->total_bytes())}},
                          .engine_info = "Tidemill/" + environment_.version});
    delta::CommitOptions options;
    options.rows_conform = true;  // they are another table's
    ASSIGN_OR_RETURN(const auto outcome, transaction.Commit(*environment_.clock, environment_.random, options));
    if (const auto* conflict = std::get_if<delta::Conflict>(&outcome)) {
      return Error{ErrorKind::kAborted, "the clone changed meanwhile: " + conflict->message + "; run it again"};
    }
    if (const auto* unknown = std::get_if<delta::Unknown>(&outcome)) {
      return Unavailable("whether the commit is in the clone is not known: " + unknown->message + "; run it again");
    }
    result_.version = std::get<delta::Committed>(outcome).version;
    ASSIGN_OR_RETURN(const auto made, delta::LoadSnapshot(target_, {.version = result_.version}));
    if (made->files().size() != from_->files().size() || made->total_bytes() != from_->total_bytes()) {
      return DataLoss(fmt::format("the clone has {} files of {} bytes, its source {} of {}", made->files().size(),
                                  made->total_bytes(), from_->files().size(), from_->total_bytes()));
    }
    return result_;
  }

  const delta::Table& source_;
  const delta::Table& target_;
  RunEnvironment& environment_;
  delta::SnapshotPtr from_, there_;
  std::string run_;
  std::set<std::string> copied_;
  std::vector<delta::Add> added_;
  CloneResult result_;
};

}  // namespace

Result<CloneResult> CloneTable(const delta::Table& source, const delta::Table& target, std::optional<int64_t> version,
                               RunEnvironment& environment) {
  return Cloner(source, target, environment).Run(version);
}

}  // namespace tidemill::job
