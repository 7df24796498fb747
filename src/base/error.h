// What went wrong, and what the caller should do about it.
//
// The kind alone decides the caller's next step; the numbers are gRPC's. The message tells the user what is wrong,
// where, and one thing to do. SQL errors additionally carry Spark's error class and SQLSTATE.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace tidemill {

enum class ErrorKind {
  kCancelled = 1,           // the user asked to stop
  kInvalidArgument = 3,     // change the request
  kNotFound = 5,            // the named thing is not there
  kAlreadyExists = 6,       // the named thing is there already (a lost put-if-absent)
  kPermissionDenied = 7,    // the world forbids it
  kResourceExhausted = 8,   // memory or disk is used up
  kFailedPrecondition = 9,  // repair something first
  kAborted = 10,            // redo the transaction
  kUnimplemented = 12,      // refused by name: this program (or engine) does not do it
  kInternal = 13,           // our bug
  kUnavailable = 14,        // retry the call
  kDataLoss = 15,           // the bytes are wrong
};

std::string_view ErrorKindName(ErrorKind kind);

// A place in a text the user wrote. Lines and columns count from 1; 0 means unknown.
struct Position {
  int line = 0;
  int column = 0;
  bool operator==(const Position&) const = default;
};

struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string message;
  std::string error_class{};                    // Spark's, e.g. DIVIDE_BY_ZERO; empty outside SQL
  std::string sqlstate{};                       // e.g. 22012
  std::map<std::string, std::string> params{};  // Spark's message parameters
  Position at{};

  // The message led by its position and error class, as shown to the user.
  std::string ToString() const;
};

Error InvalidArgument(std::string message);
Error NotFound(std::string message);
Error FailedPrecondition(std::string message);
Error Unimplemented(std::string message);
Error Internal(std::string message);
Error Unavailable(std::string message);
Error DataLoss(std::string message);

}  // namespace tidemill
