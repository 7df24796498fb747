#include <fmt/format.h>

#include <atomic>

#include "storage/storage.h"

namespace tidemill::storage {
namespace {

constexpr std::string_view kOpNames[] = {"open-read",     "read", "open-write", "append", "close",
                                         "put-if-absent", "put",  "stat",       "list",   "remove"};

// Shared by a store and the readers and writers it gave out.
class Injector {
 public:
  explicit Injector(FaultPlan decide) : decide_(std::move(decide)) {}

  // Runs `real` as the plan says; `R` is a Result.
  template <typename R, typename Real>
  R Run(Op op, const std::string& path, const Real& real) {
    const int64_t ordinal = next_.fetch_add(1);
    const Fault fault = decide_(ordinal, op, path);
    if (fault == Fault::kFailBefore) return Injected(ordinal, op, path, "before");
    R result = real();
    if (fault == Fault::kFailAfter) return Injected(ordinal, op, path, "after");
    return result;
  }

 private:
  static Error Injected(int64_t ordinal, Op op, const std::string& path, std::string_view when) {
    return Unavailable(fmt::format("injected fault {} operation {} ({} '{}')", when, ordinal, OpName(op), path));
  }

  FaultPlan decide_;
  std::atomic<int64_t> next_{0};
};
using InjectorPtr = std::shared_ptr<Injector>;

class FaultyReader final : public Reader {
 public:
  FaultyReader(InjectorPtr injector, std::string path, std::unique_ptr<Reader> real)
      : injector_(std::move(injector)), path_(std::move(path)), real_(std::move(real)) {}
  int64_t size_bytes() const override { return real_->size_bytes(); }
  Timestamp modified() const override { return real_->modified(); }
  Result<int64_t> ReadAt(int64_t offset, std::span<char> out) override {
    return injector_->Run<Result<int64_t>>(Op::kRead, path_, [&] { return real_->ReadAt(offset, out); });
  }

 private:
  InjectorPtr injector_;
  std::string path_;
  std::unique_ptr<Reader> real_;
};

class FaultyWriter final : public Writer {
 public:
  FaultyWriter(InjectorPtr injector, std::string path, std::unique_ptr<Writer> real)
      : injector_(std::move(injector)), path_(std::move(path)), real_(std::move(real)) {}
  Status Append(std::span<const char> bytes) override {
    return injector_->Run<Status>(Op::kAppend, path_, [&] { return real_->Append(bytes); });
  }
  Status Close() override {
    return injector_->Run<Status>(Op::kClose, path_, [&] { return real_->Close(); });
  }
  int64_t size_bytes() const override { return real_->size_bytes(); }

 private:
  InjectorPtr injector_;
  std::string path_;
  std::unique_ptr<Writer> real_;
};

class FaultyStorage final : public Storage {
 public:
  FaultyStorage(Storage& real, FaultPlan decide)
      : real_(real), injector_(std::make_shared<Injector>(std::move(decide))) {}

  Result<std::unique_ptr<Reader>> OpenRead(const std::string& path) override {
    using R = Result<std::unique_ptr<Reader>>;
    return injector_->Run<R>(Op::kOpenRead, path, [&]() -> R {
      ASSIGN_OR_RETURN(auto reader, real_.OpenRead(path));
      return std::unique_ptr<Reader>(std::make_unique<FaultyReader>(injector_, path, std::move(reader)));
    });
  }
  Result<std::unique_ptr<Writer>> OpenWrite(const std::string& path) override {
    using R = Result<std::unique_ptr<Writer>>;
    return injector_->Run<R>(Op::kOpenWrite, path, [&]() -> R {
      ASSIGN_OR_RETURN(auto writer, real_.OpenWrite(path));
      return std::unique_ptr<Writer>(std::make_unique<FaultyWriter>(injector_, path, std::move(writer)));
    });
  }
  Status PutIfAbsent(const std::string& path, std::string_view bytes) override {
    return injector_->Run<Status>(Op::kPutIfAbsent, path, [&] { return real_.PutIfAbsent(path, bytes); });
  }
  Status Put(const std::string& path, std::string_view bytes) override {
    return injector_->Run<Status>(Op::kPut, path, [&] { return real_.Put(path, bytes); });
  }
  Result<FileInfo> Stat(const std::string& path) override {
    return injector_->Run<Result<FileInfo>>(Op::kStat, path, [&] { return real_.Stat(path); });
  }
  Result<std::vector<FileInfo>> List(const std::string& folder, std::string_view from_name) override {
    return injector_->Run<Result<std::vector<FileInfo>>>(Op::kList, folder,
                                                         [&] { return real_.List(folder, from_name); });
  }
  Result<std::vector<FileInfo>> ListRecursive(const std::string& folder) override {
    return injector_->Run<Result<std::vector<FileInfo>>>(Op::kList, folder,
                                                         [&] { return real_.ListRecursive(folder); });
  }
  Status Remove(const std::string& path) override {
    return injector_->Run<Status>(Op::kRemove, path, [&] { return real_.Remove(path); });
  }

 private:
  Storage& real_;
  InjectorPtr injector_;
};

}  // namespace

std::string_view OpName(Op op) { return kOpNames[static_cast<int>(op)]; }

std::unique_ptr<Storage> MakeFaulty(Storage& real, FaultPlan decide) {
  return std::make_unique<FaultyStorage>(real, std::move(decide));
}

}  // namespace tidemill::storage
