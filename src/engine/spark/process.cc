#include "engine/spark/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>

namespace tidemill::engine::spark {
namespace {

constexpr int kPollMs = 100;
constexpr int kExecFailed = 127;

// Made before the fork: the child may not allocate.
struct Prepared {
  std::vector<std::string> entries;
  std::vector<char*> arguments;
  std::vector<char*> environment;
  std::string path;
};

bool IsProgram(const std::string& path) { return access(path.c_str(), X_OK) == 0; }

Result<std::string> PathOf(const Command& command) {
  const std::string& program = command.words[0];
  if (program.find('/') != std::string::npos) {
    if (IsProgram(program)) return program;
    return NotFound(fmt::format("there is no program {}", program));
  }
  const auto path = command.environment.find("PATH");
  std::string folders = path == command.environment.end() ? "" : path->second;
  for (size_t at = 0; at <= folders.size();) {
    const size_t end = std::min(folders.find(':', at), folders.size());
    const std::string found = folders.substr(at, end - at) + "/" + program;
    if (end > at && IsProgram(found)) return found;
    at = end + 1;
  }
  return NotFound(fmt::format("there is no program {} in PATH", program));
}

void Prepare(const Command& command, Prepared& out) {
  for (const auto& [name, value] : command.environment) out.entries.push_back(name + "=" + value);
  for (auto& entry : out.entries) out.environment.push_back(entry.data());
  out.environment.push_back(nullptr);
  for (const auto& word : command.words) out.arguments.push_back(const_cast<char*>(word.c_str()));
  out.arguments.push_back(nullptr);
}

[[noreturn]] void BecomeChild(const Prepared& prepared, const Command& command, int output, int log, pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(kExecFailed);  // it died before the line above
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE}) std::signal(signal, SIG_DFL);
  if (command.keep_open >= 0) fcntl(command.keep_open, F_SETFD, 0);
  if (chdir(command.folder.c_str()) == 0)
    execve(prepared.path.c_str(), prepared.arguments.data(), prepared.environment.data());
  _exit(kExecFailed);
}

class Lines {
 public:
  explicit Lines(const std::function<void(const std::string&)>& on_line) : on_line_(on_line) {}
  ~Lines() {
    if (!rest_.empty()) on_line_(rest_);
  }
  void Take(const char* bytes, size_t size) {
    rest_.append(bytes, size);
    size_t start = 0;
    for (size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', start)) {
      on_line_(rest_.substr(start, end - start));
      start = end + 1;
    }
    rest_.erase(0, start);
  }

 private:
  const std::function<void(const std::string&)>& on_line_;
  std::string rest_;
};

// Until the output ends, which is when the last process that holds it does.
void Follow(int output, pid_t child, const Cancel& cancel, int grace_ms, Lines& lines) {
  using Clock = std::chrono::steady_clock;
  std::optional<Clock::time_point> asked;
  char bytes[4096];
  for (;;) {
    if (cancel && !asked) {
      kill(-child, SIGTERM);
      asked = Clock::now();
    } else if (asked && Clock::now() - *asked > std::chrono::milliseconds(grace_ms)) {
      kill(-child, SIGKILL);
    }
    pollfd ready{output, POLLIN, 0};
    if (poll(&ready, 1, kPollMs) <= 0) continue;
    const ssize_t size = read(output, bytes, sizeof bytes);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;
    lines.Take(bytes, static_cast<size_t>(size));
  }
}

int Wait(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

Error Failed(const char* what) { return Unavailable(fmt::format("{}: {}", what, std::strerror(errno))); }

}  // namespace

Result<int> RunProcess(const Command& command, const Cancel& cancel,
                       const std::function<void(const std::string&)>& on_line, int grace_ms) {
  Prepared prepared;
  ASSIGN_OR_RETURN(prepared.path, PathOf(command));
  Prepare(command, prepared);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Failed("a pipe to a process");
  const int log = command.log_file.empty()
                      ? ends[1]
                      : open(command.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const pid_t parent = getpid();
  const pid_t child = log < 0 ? -1 : fork();
  if (child == 0) BecomeChild(prepared, command, ends[1], log, parent);
  close(ends[1]);
  if (log >= 0 && log != ends[1]) close(log);
  if (child < 0) {
    close(ends[0]);
    return Failed(log < 0 ? command.log_file.c_str() : "a new process");
  }
  setpgid(child, child);  // whichever of the two comes first
  {
    Lines lines(on_line);
    Follow(ends[0], child, cancel, grace_ms, lines);
  }
  close(ends[0]);
  const int code = Wait(child);
  kill(-child, SIGKILL);  // what of the group is left
  return code;
}

}  // namespace tidemill::engine::spark
