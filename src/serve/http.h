// Room serve: everything that listens on a port. What it answers with comes from others as values; no business rules
// here.
//
// http.h: a small HTTP/1.1 server for machines and people on this one: GET, HEAD and POST without a body, one answer a
// connection. It binds loopback addresses only, and refuses every request whose Host is not its own (421) and every
// POST from a page that is not its own (403), so that no page from elsewhere can reach it by a name of its choosing.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"

namespace tidemill::serve {

struct Request {
  std::string method;  // GET, HEAD or POST
  std::string path;    // without the query, percent-decoded
  std::map<std::string, std::string> query;
};

// What is sent next, which may be nothing yet; no value: that was all. Called about twice a second, for all streams by
// one thread, so it must not wait.
using Stream = std::function<std::optional<std::string>()>;

struct Response {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
  Stream stream{};  // goes on after the body
};

// Called from threads of the server, several at a time.
using Handler = std::function<Response(const Request&)>;

// Listens until it is destroyed.
class Server {
 public:
  // "127.0.0.1:8400", "[::1]:8400", "localhost:0" (any free port). kInvalidArgument for what is no loopback address;
  // kUnavailable when the port is taken.
  static Result<std::unique_ptr<Server>> Start(const std::string& address, Handler handler);
  virtual ~Server() = default;
  virtual int port() const = 0;
};

}  // namespace tidemill::serve
