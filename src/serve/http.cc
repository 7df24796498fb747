#include "serve/http.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <list>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "base/lower.h"
#include "wire/http.h"

namespace tidemill::serve {
namespace {

constexpr size_t kMostHead = 16 << 10;
constexpr int kPatienceMs = 5'000;
constexpr int kThreads = 4;
constexpr auto kStreamTurn = std::chrono::milliseconds(500);
constexpr size_t kMostStreams = 256;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  int get() const { return number_; }

 private:
  int number_;
};

bool Ready(int socket, short what, int timeout_ms) {
  pollfd waits{socket, what, 0};
  return poll(&waits, 1, timeout_ms) > 0;
}

// The request line and headers, up to the empty line; nothing when they do not come or are too long.
std::optional<std::string> ReadHead(int socket) {
  std::string head;
  char buffer[4096];
  while (head.size() < kMostHead && Ready(socket, POLLIN, kPatienceMs)) {
    const ssize_t n = recv(socket, buffer, sizeof buffer, 0);
    if (n <= 0) return std::nullopt;
    head.append(buffer, static_cast<size_t>(n));
    const size_t end = head.find("\r\n\r\n");
    if (end != std::string::npos) return head.substr(0, end + 2);
  }
  return std::nullopt;
}

void SendAll(int socket, std::string_view bytes) {
  while (!bytes.empty() && Ready(socket, POLLOUT, kPatienceMs)) {
    const ssize_t n = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

// A name or value of a query: '+' stands for a blank.
std::string DecodePlus(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return wire::PercentDecoded(spaced);
}

struct Head {
  std::string method, target, host, origin, length;
  int hosts = 0;
};

std::optional<Head> ParseHead(std::string_view text) {
  Head head;
  size_t line_end = text.find("\r\n");
  std::string_view line = text.substr(0, line_end);
  const size_t first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last || !line.substr(last + 1).starts_with("HTTP/1.")) {
    return std::nullopt;
  }
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  while (line_end + 2 < text.size()) {
    text.remove_prefix(line_end + 2);
    line_end = text.find("\r\n");
    line = text.substr(0, line_end);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string name = LowerAscii(line.substr(0, colon));
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    while (value.ends_with(' ')) value.remove_suffix(1);
    if (name == "host") ++head.hosts;
    if (name == "host") head.host = LowerAscii(value);
    if (name == "origin") head.origin = LowerAscii(value);
    if (name == "content-length") head.length = value;
  }
  return head;
}

std::string_view Reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 421:
      return "Misdirected Request";
    case 503:
      return "Service Unavailable";
  }
  return "Internal Server Error";
}

class Listener final : public Server {
 public:
  Listener(Descriptor socket, int port, Handler handler)
      : socket_(std::move(socket)), port_(port), handler_(std::move(handler)) {
    for (int i = 0; i < kThreads; ++i) threads_.emplace_back([this] { Work(); });
    threads_.emplace_back([this] { Feed(); });
  }
  ~Listener() override {
    stop_ = true;
    for (auto& thread : threads_) thread.join();
  }
  int port() const override { return port_; }

 private:
  void Work() {
    while (!stop_) {
      if (!Ready(socket_.get(), POLLIN, 200)) continue;
      Descriptor connection(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (connection.get() >= 0) Answer(std::move(connection));
    }
  }

  // Feeds every stream in turn. Who does not take what is sent within the socket's buffer is let go: it may come again.
  void Feed() {
    while (!stop_) {
      std::this_thread::sleep_for(kStreamTurn);
      std::list<Streaming> streams;
      {
        const std::lock_guard lock(mutex_);
        streams.swap(streams_);
      }
      streams.remove_if([](Streaming& streaming) {
        const auto next = streaming.stream();
        if (!next) return true;
        const auto size = static_cast<ssize_t>(next->size());
        char byte;
        const bool gone = recv(streaming.connection.get(), &byte, 1, MSG_DONTWAIT) == 0;
        return gone || (size > 0 && send(streaming.connection.get(), next->data(), next->size(),
                                         MSG_NOSIGNAL | MSG_DONTWAIT) != size);
      });
      const std::lock_guard lock(mutex_);
      streams_.splice(streams_.end(), streams);
    }
  }

  bool IsOwnHost(const std::string& host) const {
    for (const char* name : {"127.0.0.1", "localhost", "[::1]"}) {
      if (host == fmt::format("{}:{}", name, port_)) return true;
    }
    return false;
  }

  Response ResponseTo(const Head& head) const {
    if (head.hosts != 1 || !IsOwnHost(head.host)) {
      return {421, "text/plain; charset=utf-8", "this server answers to localhost alone\n"};
    }
    if (head.method != "GET" && head.method != "HEAD" && head.method != "POST") {
      return {405, "text/plain; charset=utf-8", "only GET, HEAD and POST\n"};
    }
    if (head.method == "POST" && !head.origin.empty() && head.origin != "http://" + head.host) {
      return {403, "text/plain; charset=utf-8", "a page from elsewhere changes nothing here\n"};
    }
    if (head.method == "POST" && !head.length.empty() && head.length != "0") {
      return {413, "text/plain; charset=utf-8", "what is asked for is said in the address, without a body\n"};
    }
    Request request{head.method, "", {}};
    const size_t mark = std::min(head.target.find('?'), head.target.size());
    request.path = wire::PercentDecoded(std::string_view(head.target).substr(0, mark));
    std::string_view query = std::string_view(head.target).substr(std::min(mark + 1, head.target.size()));
    while (!query.empty()) {
      const size_t end = std::min(query.find('&'), query.size());
      const auto part = query.substr(0, end);
      const size_t equals = std::min(part.find('='), part.size());
      request.query[DecodePlus(part.substr(0, equals))] = DecodePlus(part.substr(std::min(equals + 1, part.size())));
      query.remove_prefix(std::min(end + 1, query.size()));
    }
    return handler_(request);
  }

  void Answer(Descriptor connection) {
    const auto text = ReadHead(connection.get());
    if (!text) return;
    const auto head = ParseHead(*text);
    Response response =
        head ? ResponseTo(*head) : Response{400, "text/plain; charset=utf-8", "this is no HTTP request\n"};
    const bool streams = static_cast<bool>(response.stream);
    std::string answer = fmt::format(
        "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nConnection: close\r\nCache-Control: no-store\r\n"
        "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
        "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n",
        response.status, Reason(response.status), response.type);
    if (!streams) answer += fmt::format("Content-Length: {}\r\n", response.body.size());
    answer += "\r\n";
    const bool whole = !head || head->method != "HEAD";
    if (whole) answer += response.body;
    SendAll(connection.get(), answer);
    if (!streams || !whole) return;
    const std::lock_guard lock(mutex_);
    if (streams_.size() < kMostStreams) streams_.push_back({std::move(connection), std::move(response.stream)});
  }

  struct Streaming {
    Descriptor connection;
    serve::Stream stream;
  };

  Descriptor socket_;
  int port_;
  Handler handler_;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  std::list<Streaming> streams_;
  std::vector<std::thread> threads_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::Start(const std::string& address, Handler handler) {
  const size_t colon = address.rfind(':');
  const std::string host = address.substr(0, colon);
  int port = -1;
  if (colon != std::string::npos) {
    const char* end = address.data() + address.size();
    if (std::from_chars(address.data() + colon + 1, end, port).ptr != end) port = -1;
  }
  const bool six = host == "[::1]";
  if ((host != "127.0.0.1" && host != "localhost" && !six) || port < 0 || port > 65535) {
    return InvalidArgument(
        fmt::format("'{}' is not a loopback address and a port; write it like 127.0.0.1:8400", address));
  }
  sockaddr_in four_address{};
  four_address.sin_family = AF_INET;
  four_address.sin_port = htons(static_cast<uint16_t>(port));
  four_address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_in6 six_address{};
  six_address.sin6_family = AF_INET6;
  six_address.sin6_port = htons(static_cast<uint16_t>(port));
  six_address.sin6_addr = in6addr_loopback;
  auto* to = six ? reinterpret_cast<sockaddr*>(&six_address) : reinterpret_cast<sockaddr*>(&four_address);
  socklen_t size = six ? sizeof six_address : sizeof four_address;
  Descriptor socket(::socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int yes = 1;
  (void)setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (socket.get() < 0 || bind(socket.get(), to, size) != 0 || listen(socket.get(), 128) != 0) {
    return Unavailable(fmt::format("nothing listens on {}: {}", address, std::strerror(errno)));
  }
  (void)getsockname(socket.get(), to, &size);
  const int bound = ntohs(six ? six_address.sin6_port : four_address.sin_port);
  return std::unique_ptr<Server>(std::make_unique<Listener>(std::move(socket), bound, std::move(handler)));
}

}  // namespace tidemill::serve
