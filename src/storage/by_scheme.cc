#include "storage/by_scheme.h"

namespace tidemill::storage {
namespace {

class ByScheme final : public Storage {
 public:
  ByScheme(std::unique_ptr<Storage> others, std::string scheme, std::function<Result<Storage*>()> make)
      : others_(std::move(others)), scheme_(std::move(scheme)), make_(std::move(make)) {}

  Result<std::unique_ptr<Reader>> OpenRead(const std::string& path) override {
    ASSIGN_OR_RETURN(auto* store, Of(path));
    return store->OpenRead(path);
  }
  Result<std::unique_ptr<Writer>> OpenWrite(const std::string& path) override {
    ASSIGN_OR_RETURN(auto* store, Of(path));
    return store->OpenWrite(path);
  }
  Status PutIfAbsent(const std::string& path, std::string_view bytes) override {
    ASSIGN_OR_RETURN(auto* store, Of(path));
    return store->PutIfAbsent(path, bytes);
  }
  Status Put(const std::string& path, std::string_view bytes) override {
    ASSIGN_OR_RETURN(auto* store, Of(path));
    return store->Put(path, bytes);
  }
  Result<FileInfo> Stat(const std::string& path) override {
    ASSIGN_OR_RETURN(auto* store, Of(path));
    return store->Stat(path);
  }
  Result<std::vector<FileInfo>> List(const std::string& folder, std::string_view from_name) override {
    ASSIGN_OR_RETURN(auto* store, Of(folder));
    return store->List(folder, from_name);
  }
  Result<std::vector<FileInfo>> ListRecursive(const std::string& folder) override {
    ASSIGN_OR_RETURN(auto* store, Of(folder));
    return store->ListRecursive(folder);
  }
  Status Remove(const std::string& path) override {
    ASSIGN_OR_RETURN(auto* store, Of(path));
    return store->Remove(path);
  }

 private:
  Result<Storage*> Of(const std::string& path) {
    if (!path.starts_with(scheme_)) return others_.get();
    return make_();
  }

  const std::unique_ptr<Storage> others_;
  const std::string scheme_;
  const std::function<Result<Storage*>()> make_;
};

}  // namespace

std::unique_ptr<Storage> MakeByScheme(std::unique_ptr<Storage> others, std::string scheme,
                                      std::function<Result<Storage*>()> make) {
  return std::make_unique<ByScheme>(std::move(others), std::move(scheme), std::move(make));
}

}  // namespace tidemill::storage
