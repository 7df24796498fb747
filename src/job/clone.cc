#include "job/clone.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "base/sha256.h"
#include "delta/clones.h"
#include "delta/deletion_vector.h"
#include "delta/history.h"
#include "delta/path.h"
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

std::string AbsoluteUri(const std::string& path) { return "file:" + delta::EncodePath(path); }

class Cloner {
 public:
  Cloner(const delta::Table& source, const delta::Table& target, const CloneOptions& options,
         RunEnvironment& environment)
      : source_(source), target_(target), options_(options), environment_(environment) {}

  Result<CloneResult> Run() {
    ASSIGN_OR_RETURN(from_, delta::LoadSnapshot(source_, options_.as_of));
    source_ = from_->table();
    result_.source_version = from_->version();
    result_.source_files = std::ssize(from_->files());
    result_.source_bytes = from_->total_bytes();
    run_ = kCloneRun + from_->metadata().id;
    if (options_.shallow) RETURN_IF_ERROR(Link());
    ASSIGN_OR_RETURN(const bool exists, delta::TableExists(target_));
    if (exists) {
      ASSIGN_OR_RETURN(there_, delta::LoadSnapshot(target_));
      RETURN_IF_ERROR(CheckTarget());
    }
    for (const auto& add : from_->files()) {
      ASSIGN_OR_RETURN(auto wanted, AsCloned(add));
      wanted_.emplace_back(&add, std::move(wanted));
    }
    RETURN_IF_ERROR(Take());
    RETURN_IF_ERROR(CommitIfChanged());
    if (options_.verify) RETURN_IF_ERROR(Verify());
    result_.rows = delta::Describe(*from_).num_records.value_or(-1);
    return result_;
  }

 private:
  // Before any commit names a file of the source, so that no vacuum of it comes in between.
  Status Link() {
    if (!source_.root.starts_with('/') || !target_.root.starts_with('/')) {
      return Unimplemented("shallow clones are made on the machine's own disk only; leave --shallow out");
    }
    RETURN_IF_ERROR(delta::LinkClone(target_, source_.root));
    for (const auto& root : source_.more_roots) RETURN_IF_ERROR(delta::LinkClone(target_, root));
    ASSIGN_OR_RETURN(target_, delta::WithCloneRoots(target_));
    return Ok();
  }

  Status CheckTarget() {
    const auto* before = there_->FindTxn(run_);
    if (before == nullptr && !options_.replace) {
      return FailedPrecondition(
          fmt::format("'{}' is a table, and no clone of '{}'. Choose another place.", target_.root, source_.root));
    }
    before_ = before == nullptr ? -1 : before->version;
    if (before_ > from_->version()) {
      return FailedPrecondition(fmt::format("'{}' is a clone of version {}, which is later than {}", target_.root,
                                            before_, from_->version()));
    }
    return Ok();
  }

  // The file as the clone's log names it.
  Result<delta::Add> AsCloned(const delta::Add& add) const {
    delta::Add cloned = add;
    cloned.data_change = true;
    ASSIGN_OR_RETURN(const auto path, from_->PathOf(add));
    auto& vector = cloned.deletion_vector;
    if (options_.shallow) {
      cloned.path = AbsoluteUri(path);
      if (vector && vector->storage_type == 'u') {
        ASSIGN_OR_RETURN(const auto file, delta::DeletionVectorPath(source_, *vector));
        vector->storage_type = 'p';
        vector->path_or_inline = AbsoluteUri(file);
      }
      return cloned;
    }
    if (vector && vector->storage_type == 'p') {
      return Unimplemented(
          fmt::format("'{}' is itself a shallow clone with deletion vectors of its source's, which is "
                      "not copied; clone '{}' instead",
                      source_.root, source_.more_roots.empty() ? "its source" : source_.more_roots[0]));
    }
    ASSIGN_OR_RETURN(const auto below, BelowItsRoot(path));
    cloned.path = delta::EncodePath(below);
    return cloned;
  }

  Result<std::string> BelowItsRoot(const std::string& path) const {
    if (path.starts_with(source_.root + "/")) return path.substr(source_.root.size() + 1);
    for (const auto& root : source_.more_roots) {
      if (path.starts_with(root + "/")) return path.substr(root.size() + 1);
    }
    return Internal(fmt::format("'{}' lies in none of the table's folders", path));
  }

  Status Take() {
    std::set<std::string> known;
    if (there_) {
      for (const auto& add : there_->files()) known.insert(IdentityOf(add));
    }
    for (const auto& [add, cloned] : wanted_) {
      if (*environment_.cancel) return Error{ErrorKind::kCancelled, "stopped; running it again goes on from here"};
      if (known.contains(IdentityOf(cloned))) {
        ++result_.files_kept;
        continue;
      }
      if (options_.shallow) {
        RETURN_IF_ERROR(CheckThere(*add));
        ++result_.files_named;
      } else {
        RETURN_IF_ERROR(ForFiles(*add, [&](const std::string& from, const std::string& to, int64_t size_bytes) {
          return CopyFile(from, to, size_bytes);
        }));
      }
      added_.push_back(cloned);
    }
    return Ok();
  }

  Status CheckThere(const delta::Add& add) const {
    ASSIGN_OR_RETURN(const auto path, from_->PathOf(add));
    ASSIGN_OR_RETURN(const auto file, source_.storage->Stat(path));
    if (file.size_bytes == add.size_bytes) return Ok();
    return DataLoss(fmt::format("'{}' has {} bytes, but the log says {}", path, file.size_bytes, add.size_bytes));
  }

  // The data file and the deletion vector's: where they lie, where the clone has them, and their size (-1: the log does
  // not tell).
  Status ForFiles(const delta::Add& add,
                  const std::function<Status(const std::string&, const std::string&, int64_t)>& each) const {
    ASSIGN_OR_RETURN(const auto path, from_->PathOf(add));
    ASSIGN_OR_RETURN(const auto below, BelowItsRoot(path));
    RETURN_IF_ERROR(each(path, target_.root + "/" + below, add.size_bytes));
    if (!add.deletion_vector || add.deletion_vector->storage_type == 'i') return Ok();
    ASSIGN_OR_RETURN(const auto vector, delta::DeletionVectorPath(source_, *add.deletion_vector));
    ASSIGN_OR_RETURN(const auto vector_below, BelowItsRoot(vector));
    return each(vector, target_.root + "/" + vector_below, -1);
  }

  Status CopyFile(const std::string& path, const std::string& copy, int64_t size_bytes) {
    if (!verified_.insert(copy).second) return Ok();
    ASSIGN_OR_RETURN(const int64_t bytes, CopyVerified(*source_.storage, path, *target_.storage, copy, size_bytes));
    if (bytes < 0) {
      ++result_.files_found;
    } else {
      ++result_.files_copied;
      result_.bytes_copied += bytes;
    }
    return Ok();
  }

  Status CommitIfChanged() {
    std::set<std::string> wanted;
    for (const auto& [add, cloned] : wanted_) wanted.insert(IdentityOf(cloned));
    std::vector<const delta::Add*> removed;
    if (there_) {
      for (const auto& add : there_->files()) {
        if (!wanted.contains(IdentityOf(add))) removed.push_back(&add);
      }
    }
    delta::Metadata metadata = from_->metadata();
    for (const auto& [key, value] : options_.properties) metadata.configuration[key] = value;
    metadata.id = there_ ? there_->metadata().id : NewUuid(environment_.random);
    const bool same = there_ && added_.empty() && removed.empty() && metadata == there_->metadata();
    if (same && before_ == from_->version()) return Ok();
    auto transaction = there_ ? delta::Transaction::Begin(there_) : delta::Transaction::Create(target_, metadata);
    if (there_) {
      transaction.ReadWholeTable();
      if (metadata != there_->metadata()) transaction.SetMetadata(metadata);
      for (const auto* add : removed) {
        transaction.RemoveFile(*add);
        result_.bytes_removed += add->size_bytes;
      }
      result_.files_removed = std::ssize(removed);
    }
    if (!there_ || from_->protocol() != there_->protocol()) transaction.SetProtocol(from_->protocol());
    for (const auto& [name, domain] : from_->domains()) transaction.SetDomain(domain);
    for (auto& add : added_) transaction.AddFile(std::move(add));
    // A clone of this version that somebody wrote to has the transaction already.
    if (before_ < from_->version()) {
      transaction.SetTxn({run_, from_->version(), environment_.clock->Now().time_since_epoch().count() / 1000});
    }
    for (const auto& [id, txn] : from_->txns()) {
      const auto* known = there_ ? there_->FindTxn(id) : nullptr;
      if (!id.starts_with(kCloneRun) && (known == nullptr || known->version < txn.version)) transaction.SetTxn(txn);
    }
    transaction.Describe({.operation = "CLONE",
                          .parameters = {{"source", options_.source_name.empty() ? source_.root : options_.source_name},
                                         {"sourceVersion", std::to_string(from_->version())},
                                         {"isShallow", options_.shallow ? "true" : "false"}},
                          .metrics = {{"numCopiedFiles", std::to_string(result_.files_copied + result_.files_found)},
                                      {"copiedFilesSize", std::to_string(result_.bytes_copied)},
                                      {"numRemovedFiles", std::to_string(result_.files_removed)},
                                      {"removedFilesSize", std::to_string(result_.bytes_removed)},
                                      {"sourceNumOfFiles", std::to_string(result_.source_files)},
                                      {"sourceTableSize", std::to_string(result_.source_bytes)}},
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
    return Ok();
  }

  // Files that were copied or found by this attempt have been compared.
  Status Verify() {
    result_.files_verified = 0;
    for (const auto& [add, cloned] : wanted_) {
      if (*environment_.cancel) return Error{ErrorKind::kCancelled, "stopped while the clone was compared"};
      ++result_.files_verified;
      if (options_.shallow) {
        RETURN_IF_ERROR(CheckThere(*add));
        continue;
      }
      RETURN_IF_ERROR(ForFiles(*add, [&](const std::string& from, const std::string& to, int64_t) -> Status {
        if (!verified_.insert(to).second) return Ok();
        ASSIGN_OR_RETURN(const auto digest, DigestOf(*source_.storage, from));
        ASSIGN_OR_RETURN(const auto copied, DigestOf(*target_.storage, to));
        if (copied == digest) return Ok();
        return DataLoss(
            fmt::format("the copy '{}' is not what '{}' holds; remove it, and clone again into an empty "
                        "folder",
                        to, from));
      }));
    }
    return Ok();
  }

  delta::Table source_;
  delta::Table target_;
  const CloneOptions& options_;
  RunEnvironment& environment_;
  delta::SnapshotPtr from_, there_;
  std::string run_;
  int64_t before_ = -1;                                           // the source's version that the clone is of
  std::vector<std::pair<const delta::Add*, delta::Add>> wanted_;  // the source's files, and as the clone has them
  std::set<std::string> verified_;                                // copies that were compared with their sources
  std::vector<delta::Add> added_;
  CloneResult result_;
};

}  // namespace

Result<int64_t> CopyVerified(storage::Storage& from, const std::string& path, storage::Storage& to,
                             const std::string& copy, int64_t size_bytes) {
  const auto there = to.Stat(copy);
  if (!there.ok() && there.error().kind != ErrorKind::kNotFound) return there.error();
  if (there.ok()) {
    ASSIGN_OR_RETURN(const auto digest, DigestOf(from, path));
    ASSIGN_OR_RETURN(const auto found, DigestOf(to, copy));
    if (found == digest) return -1;
  }
  ASSIGN_OR_RETURN(const auto writer, to.OpenWrite(copy));
  ASSIGN_OR_RETURN(const auto digest,
                   DigestOf(from, path, [&](std::span<const char> piece) { return writer->Append(piece); }));
  const int64_t bytes = writer->size_bytes();
  if (size_bytes >= 0 && bytes != size_bytes) {
    return DataLoss(fmt::format("'{}' has {} bytes, but the log says {}", path, bytes, size_bytes));
  }
  RETURN_IF_ERROR(writer->Close());
  ASSIGN_OR_RETURN(const auto written, DigestOf(to, copy));
  if (written != digest) return DataLoss(fmt::format("the copy '{}' is not what '{}' holds", copy, path));
  return bytes;
}

Result<CloneResult> CloneTable(const delta::Table& source, const delta::Table& target, const CloneOptions& options,
                               RunEnvironment& environment) {
  return Cloner(source, target, options, environment).Run();
}

}  // namespace tidemill::job
