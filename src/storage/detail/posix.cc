#include "storage/detail/posix.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace tidemill::storage {
namespace {

struct ErrnoMeaning {
  int code;
  ErrorKind kind;
  std::string_view advice;
};

constexpr ErrnoMeaning kMeanings[] = {
    {ENOENT, ErrorKind::kNotFound, "Check the path"},
    {ENOTDIR, ErrorKind::kNotFound, "A part of the path is a file; check the path"},
    {EEXIST, ErrorKind::kAlreadyExists, "Another writer was first"},
    {EACCES, ErrorKind::kPermissionDenied, "Give this user the permission, or choose another path"},
    {EPERM, ErrorKind::kPermissionDenied, "Give this user the permission, or choose another path"},
    {EROFS, ErrorKind::kPermissionDenied, "Choose a path on a writable file system"},
    {ENOSPC, ErrorKind::kResourceExhausted, "Free space on the disk and run again"},
    {EDQUOT, ErrorKind::kResourceExhausted, "Free space within the quota and run again"},
    {EFBIG, ErrorKind::kResourceExhausted, "The file system does not hold files of this size"},
    {EMFILE, ErrorKind::kResourceExhausted, "Raise the limit of open files (ulimit -n)"},
    {ENFILE, ErrorKind::kResourceExhausted, "The system has too many open files"},
    {ENOMEM, ErrorKind::kResourceExhausted, "The system is out of memory"},
    {EISDIR, ErrorKind::kInvalidArgument, "It is a folder; name a file"},
    {ENAMETOOLONG, ErrorKind::kInvalidArgument, "Choose a shorter name"},
    {ELOOP, ErrorKind::kInvalidArgument, "The path goes round in symbolic links"},
    {EINVAL, ErrorKind::kInvalidArgument, "Check the path"},
};

}  // namespace

Error FromErrno(int code, std::string_view doing, const std::string& path) {
  ErrorKind kind = ErrorKind::kUnavailable;
  std::string_view advice = "Try again";
  for (const auto& meaning : kMeanings) {
    if (meaning.code != code) continue;
    kind = meaning.kind;
    advice = meaning.advice;
  }
  return Error{kind,
               fmt::format("cannot {} '{}': {}. {}.", doing, path, std::generic_category().message(code), advice)};
}

}  // namespace tidemill::storage
