#include "scheduler/processes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

#include "job/event.h"

namespace tidemill::scheduler {
namespace {

constexpr int kKeptLock = 3;  // the descriptor of its lock in an attempt

struct Running {
  pid_t child = 0;  // 0: another process began it
  std::string lock;
  std::string log;     // events, a line each
  std::string errors;  // what it says besides
  Timestamp slot{};
};

std::string ReadTail(const std::string& path, std::streamoff most) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return "";
  file.seekg(0, std::ios::end);
  file.seekg(std::max<std::streamoff>(0, std::streamoff(file.tellg()) - most));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::optional<job::event::RunFinished> FinishOf(const std::string& log) {
  std::istringstream lines(ReadTail(log, 256 << 10));
  std::optional<job::event::RunFinished> finish;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("\"run_finished\"") == std::string::npos) continue;
    const auto body = job::BodyFromJson(line);
    if (body && std::holds_alternative<job::event::RunFinished>(*body)) {
      finish = std::get<job::event::RunFinished>(*body);
    }
  }
  return finish;
}

ErrorKind KindOf(const std::string& name) {
  for (int i = 1; i <= 15; ++i) {
    if (ErrorKindName(static_cast<ErrorKind>(i)) == name) return static_cast<ErrorKind>(i);
  }
  return ErrorKind::kInternal;
}

std::string LastLine(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

// `status` as of waitpid; none: nobody saw it.
EndedAttempt EndOf(const std::string& job, const Running& running, std::optional<int> status) {
  EndedAttempt end{job, running.slot};
  if (const auto finish = FinishOf(running.log)) {
    end.outcome = finish->outcome;
    end.kind = KindOf(finish->error);
    end.message = finish->message.empty() ? std::string(Name(finish->outcome)) : finish->message;
  } else if (status && WIFEXITED(*status)) {
    // It said why, and began no run.
    end.outcome = WEXITSTATUS(*status) == 2 ? job::Outcome::kRefused : job::Outcome::kFailed;
    end.message = LastLine(ReadTail(running.errors, 8 << 10));
  } else {
    end.message =
        status && WIFSIGNALED(*status) ? fmt::format("ended by signal {}", WTERMSIG(*status)) : "nobody saw its end";
  }
  return end;
}

class Processes final : public Attempts {
 public:
  explicit Processes(ProcessParts parts) : parts_(std::move(parts)) {}

  Status Begin(const ScheduledJob& job, const action::Start& start) override {
    const std::string base = BaseOf(job.name, start.slot);
    std::error_code failed;
    std::filesystem::create_directories(std::filesystem::path(base).parent_path(), failed);
    Running running = RunningOf(job.name, start.slot);
    const int lock = open(running.lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lock < 0) return Unavailable(fmt::format("{}: {}", running.lock, std::strerror(errno)));
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
      close(lock);
      running_[{job.name, start.slot.start}] = running;
      return Ok();
    }
    const auto begun = Spawn(WordsFor(job, start), lock, running);
    close(lock);
    RETURN_IF_ERROR(begun);
    running_[{job.name, start.slot.start}] = running;
    return Ok();
  }

  void Adopt(const ScheduledJob& job, const Slot& slot) override {
    running_[{job.name, slot.start}] = RunningOf(job.name, slot);
  }

  void Stop(const std::string& job, Timestamp slot) override {
    const auto found = running_.find({job, slot});
    if (found == running_.end()) return;
    if (found->second.child > 0) {
      kill(found->second.child, SIGTERM);
      return;
    }
    // The number in the file is its own as long as the lock is held.
    std::ifstream file(found->second.lock);
    pid_t process = 0;
    if (file >> process && process > 1 && IsLocked(found->second.lock)) kill(process, SIGTERM);
  }

  std::vector<EndedAttempt> Poll() override {
    std::vector<EndedAttempt> ended;
    for (auto at = running_.begin(); at != running_.end();) {
      const auto& [key, running] = *at;
      int status = 0;
      const bool gone = running.child > 0 ? waitpid(running.child, &status, WNOHANG) != 0 : !IsLocked(running.lock);
      if (!gone) {
        ++at;
        continue;
      }
      ended.push_back(EndOf(key.first, running, running.child > 0 ? std::optional(status) : std::nullopt));
      at = running_.erase(at);
    }
    // Those that were let go leave nothing behind either. Other children of this process are not ours to wait for.
    std::erase_if(let_go_, [](pid_t child) { return waitpid(child, nullptr, WNOHANG) != 0; });
    return ended;
  }

  void Forget() override {
    for (const auto& [key, running] : running_) {
      if (running.child > 0) let_go_.push_back(running.child);
    }
    running_.clear();
  }

 private:
  std::string BaseOf(const std::string& job, const Slot& slot) const {
    std::string name = FormatTimestamp(slot.start);
    std::erase_if(name, [](char c) { return c == ':' || c == '-'; });
    return fmt::format("{}/{}/{}", parts_.folder, job, name);
  }

  Running RunningOf(const std::string& job, const Slot& slot) const {
    const std::string base = BaseOf(job, slot);
    const std::string attempt = fmt::format("{}.{}", base, slot.starts);
    return {0, base + ".lock", attempt + ".jsonl", attempt + ".err", slot.start};
  }

  static bool IsLocked(const std::string& path) {
    const int lock = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (lock < 0) return false;
    const bool locked = flock(lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(lock);
    return locked;
  }

  std::vector<std::string> WordsFor(const ScheduledJob& job, const action::Start& start) const {
    const auto file = parts_.files.find(job.name);
    std::vector<std::string> words{parts_.program,
                                   "run",
                                   file == parts_.files.end() ? job.file : file->second,
                                   "--json",
                                   "--state",
                                   parts_.state,
                                   "--memory",
                                   fmt::format("{}", start.memory_bytes),
                                   "--threads",
                                   fmt::format("{}", start.threads),
                                   "--engine",
                                   start.slot.on_spark ? "spark" : job.engine};
    if (start.slot.windowed()) {
      words.push_back("--window");
      words.push_back(job::WindowText(start.slot.window()));
    }
    if (!parts_.prices.empty()) {
      words.push_back("--prices");
      words.push_back(parts_.prices);
    }
    if (start.slot.replace) words.push_back("--replace");
    // What an earlier firing committed is another run; but an attempt whose outcome is in doubt is the same one.
    if (job.again && !start.slot.replace) words.push_back("--again");
    return words;
  }

  // Everything is made ready before the fork: between it and exec nothing may allocate.
  static Status Spawn(const std::vector<std::string>& words, int lock, Running& running) {
    std::vector<char*> arguments;
    for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const int out = open(running.log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    const int errors = open(running.errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const pid_t child = out < 0 || errors < 0 || null < 0 ? -1 : fork();
    if (child == 0) Become(arguments.data(), lock, out, errors, null);
    const int reason = errno;
    for (const int file : {out, errors, null}) {
      if (file >= 0) close(file);
    }
    if (child < 0) return Unavailable(fmt::format("an attempt can't be started: {}", std::strerror(reason)));
    running.child = child;
    return Ok();
  }

  [[noreturn]] static void Become(char** arguments, int lock, int out, int errors, int null) {
    setpgid(0, 0);  // Ctrl-C is for the scheduler
    char number[16];
    size_t n = sizeof number;
    number[--n] = '\n';
    for (pid_t rest = getpid(); rest > 0; rest /= 10) number[--n] = static_cast<char>('0' + rest % 10);
    if (ftruncate(lock, 0) != 0 || pwrite(lock, number + n, sizeof number - n, 0) < 0) _exit(127);
    // dup'ed above what the three standard ones and the lock will be
    const int from[] = {fcntl(null, F_DUPFD, 10), fcntl(out, F_DUPFD, 10), fcntl(errors, F_DUPFD, 10),
                        fcntl(lock, F_DUPFD, 10)};
    for (int to = 0; to <= kKeptLock; ++to) {
      if (from[to] < 0 || dup2(from[to], to) < 0) _exit(127);
    }
    syscall(SYS_close_range, kKeptLock + 1, ~0U, 0);
    execv(arguments[0], arguments);
    _exit(127);
  }

  ProcessParts parts_;
  std::map<std::pair<std::string, Timestamp>, Running> running_;
  std::vector<pid_t> let_go_;  // children of ours that another scheduler has taken over
};

}  // namespace

std::unique_ptr<Attempts> MakeProcesses(ProcessParts parts) { return std::make_unique<Processes>(std::move(parts)); }

}  // namespace tidemill::scheduler
