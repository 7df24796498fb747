#include "watch/courier.h"

#include <fmt/format.h>

#include <set>

namespace tidemill::watch {
namespace {

constexpr wire::HttpLimits kLimits{.connect = std::chrono::seconds(2), .total = std::chrono::seconds(5)};
constexpr size_t kLargestQueue = 1000;

}  // namespace

Courier::Courier(std::unique_ptr<wire::Http> http, std::function<void(const std::string& message)> trouble)
    : http_(std::move(http)), trouble_(std::move(trouble)), thread_([this] { Work(); }) {}

Courier::~Courier() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Courier::Post(std::string what, wire::HttpRequest request) {
  {
    const std::lock_guard lock(mutex_);
    if (parcels_.size() >= kLargestQueue) parcels_.pop_front();
    parcels_.push_back({std::move(what), std::move(request)});
  }
  changed_.notify_all();
}

void Courier::Work() {
  std::set<std::string> dead;  // by what was sent there
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stop_ || !parcels_.empty(); });
    if (parcels_.empty()) return;
    const Parcel parcel = std::move(parcels_.front());
    parcels_.pop_front();
    if (dead.contains(parcel.what)) continue;
    lock.unlock();
    const auto answer = http_->Send(parcel.request, kLimits);
    if (!answer.ok()) {
      dead.insert(parcel.what);
      trouble_(fmt::format("{} not sent: {}", parcel.what, answer.error().message));
    } else if (answer->status < 200 || answer->status > 299) {
      dead.insert(parcel.what);
      trouble_(fmt::format("{} not sent: {} answered {}", parcel.what, parcel.request.host, answer->status));
    }
    lock.lock();
  }
}

}  // namespace tidemill::watch
