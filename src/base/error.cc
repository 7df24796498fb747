#include "base/error.h"

#include <utility>

namespace tidemill {

std::string_view ErrorKindName(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kCancelled:
      return "cancelled";
    case ErrorKind::kInvalidArgument:
      return "invalid argument";
    case ErrorKind::kNotFound:
      return "not found";
    case ErrorKind::kAlreadyExists:
      return "already exists";
    case ErrorKind::kPermissionDenied:
      return "permission denied";
    case ErrorKind::kResourceExhausted:
      return "resource exhausted";
    case ErrorKind::kFailedPrecondition:
      return "failed precondition";
    case ErrorKind::kAborted:
      return "aborted";
    case ErrorKind::kUnimplemented:
      return "unsupported";
    case ErrorKind::kInternal:
      return "internal error";
    case ErrorKind::kUnavailable:
      return "unavailable";
    case ErrorKind::kDataLoss:
      return "damaged data";
  }
  return "unknown";
}

std::string Error::ToString() const {
  std::string text;
  if (!error_class.empty() && !message.starts_with('[')) text += "[" + error_class + "] ";
  text += message;
  if (!sqlstate.empty()) text += " SQLSTATE: " + sqlstate;
  if (at.line > 0) text += " (line " + std::to_string(at.line) + ", column " + std::to_string(at.column) + ")";
  return text;
}

namespace {
Error Make(ErrorKind kind, std::string message) { return Error{.kind = kind, .message = std::move(message)}; }
}  // namespace

Error InvalidArgument(std::string message) { return Make(ErrorKind::kInvalidArgument, std::move(message)); }
Error NotFound(std::string message) { return Make(ErrorKind::kNotFound, std::move(message)); }
Error FailedPrecondition(std::string message) { return Make(ErrorKind::kFailedPrecondition, std::move(message)); }
Error Unimplemented(std::string message) { return Make(ErrorKind::kUnimplemented, std::move(message)); }
Error Internal(std::string message) { return Make(ErrorKind::kInternal, std::move(message)); }
Error Unavailable(std::string message) { return Make(ErrorKind::kUnavailable, std::move(message)); }
Error DataLoss(std::string message) { return Make(ErrorKind::kDataLoss, std::move(message)); }

}  // namespace tidemill
