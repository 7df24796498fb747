#include "app/exit_code.h"

namespace tidemill::app {

ExitCode ExitCodeOf(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kCancelled:
      return kInterrupted;
    case ErrorKind::kInvalidArgument:
    case ErrorKind::kUnimplemented:
      return kUsage;
    case ErrorKind::kAborted:
      return kConflict;
    default:
      return kFailed;
  }
}

}  // namespace tidemill::app
