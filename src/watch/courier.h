// courier.h: requests that go out beside the work. A target that is dead costs a run a few seconds at its very end,
// once.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "wire/http.h"

namespace tidemill::watch {

class Courier {
 public:
  // `trouble` is called from the courier's thread, once for each target that does not take what it is sent.
  Courier(std::unique_ptr<wire::Http> http, std::function<void(const std::string& message)> trouble);
  // Sends what is left, unless its target is dead.
  ~Courier();

  // In the order given. `what` names the request for people: "lineage". Thread-safe.
  void Post(std::string what, wire::HttpRequest request);

 private:
  struct Parcel {
    std::string what;
    wire::HttpRequest request;
  };
  void Work();

  const std::unique_ptr<wire::Http> http_;
  const std::function<void(const std::string& message)> trouble_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Parcel> parcels_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace tidemill::watch
