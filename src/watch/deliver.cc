#include "watch/deliver.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>

#include "watch/alert_text.h"
#include "wire/mail.h"

namespace tidemill::watch {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr wire::HttpLimits kLimits{.connect = seconds(3), .total = seconds(8)};
constexpr Micros kMailLimit = seconds(15);
constexpr Micros kCommandLimit = seconds(30);

Status Post(const std::string& url, std::string body, wire::Http& http) {
  ASSIGN_OR_RETURN(wire::HttpRequest request, wire::RequestTo(url));
  request.method = "POST";
  request.headers.emplace_back("Content-Type", "application/json");
  request.headers.emplace_back("User-Agent", "tidemill");
  request.body = std::move(body);
  ASSIGN_OR_RETURN(const auto response, http.Send(request, kLimits));
  if (response.status >= 200 && response.status < 300) return Ok();
  return Unavailable(fmt::format("{} answered {}", request.host, response.status));
}

Status Mail(const Message& message, const AlertTarget& target, Timestamp now) {
  wire::Mail mail;
  mail.from = target.from;
  mail.to = target.to;
  mail.subject = SubjectOf(message);
  mail.text = TextOf(message);
  mail.date = now;
  mail.id = fmt::format("{}.{}", message.id, message.made.time_since_epoch().count());
  return wire::Send(target.server, mail, kMailLimit);
}

}  // namespace

Status Deliver(const Message& message, const AlertTarget& target, wire::Http& http, Timestamp now) {
  switch (target.how) {
    case AlertTarget::How::kWebhook:
      return Post(target.url, WebhookBody(message), http);
    case AlertTarget::How::kSlack:
      return Post(target.url, SlackBody(message), http);
    case AlertTarget::How::kMail:
      return Mail(message, target, now);
    case AlertTarget::How::kCommand:
      return RunWith(target.command, WebhookBody(message), kCommandLimit);
  }
  return Internal("a target of no kind");
}

Status RunWith(const std::vector<std::string>& command, const std::string& input, Micros limit) {
  if (command.empty()) return InvalidArgument("there is no command");
  // A file in memory: a program that does not read its input keeps nobody waiting.
  const int file = memfd_create("alert", MFD_CLOEXEC);
  if (file < 0) return Unavailable(fmt::format("no memory for a command's input: {}", std::strerror(errno)));
  const bool whole = write(file, input.data(), input.size()) == static_cast<ssize_t>(input.size());
  (void)lseek(file, 0, SEEK_SET);
  std::vector<char*> words;
  for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, file, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t child = 0;
  const int code = whole ? posix_spawnp(&child, words[0], &actions, &attributes, words.data(), environ) : ENOSPC;
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  close(file);
  if (code != 0) return FailedPrecondition(fmt::format("{} can't be run: {}", command[0], std::strerror(code)));
  int status = 0;
  pid_t ended = 0;
  for (const auto end = std::chrono::steady_clock::now() + limit; (ended = waitpid(child, &status, WNOHANG)) == 0;) {
    if (std::chrono::steady_clock::now() >= end) {
      (void)kill(-child, SIGKILL);
      (void)waitpid(child, &status, 0);
      return Unavailable(fmt::format("{} was not done after {}", command[0], FormatDuration(limit)));
    }
    std::this_thread::sleep_for(milliseconds(20));
  }
  if (ended != child) return Unavailable(fmt::format("nobody saw how {} ended", command[0]));
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return Ok();
  return Unavailable(WIFEXITED(status) ? fmt::format("{} ended with {}", command[0], WEXITSTATUS(status))
                                       : fmt::format("{} was ended by signal {}", command[0], WTERMSIG(status)));
}

}  // namespace tidemill::watch
