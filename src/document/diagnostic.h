// What is wrong in a text the user wrote, and where: all of it, not the first mistake alone.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace tidemill::document {

// A place in a file (or in an option such as "--set a.b"). Lines and columns count from 1; 0 means unknown.
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
};

struct Diagnostic {
  Place at;
  std::string key;         // the path of the key: "sources.flights.format"; empty: the whole file
  std::string message;     // what is wrong
  std::string suggestion;  // one thing to do: "did you mean 'format'?"
  bool warning = false;
  ErrorKind kind = ErrorKind::kInvalidArgument;  // what the world said, where the mistake is not the file's

  // "job.yaml:12:5: sources.flights.fromat: unknown key; did you mean 'format'?"
  std::string ToString() const;
};

class Diagnostics {
 public:
  void Error(const Place& at, std::string key, std::string message, std::string suggestion = "");
  // The job file names something that failed: the data, the disk.
  void Error(const Place& at, std::string key, const tidemill::Error& cause);
  void Warning(const Place& at, std::string key, std::string message, std::string suggestion = "");

  // In the order of their places.
  std::vector<Diagnostic> Sorted() const;
  bool has_errors() const { return errors_ > 0; }
  int errors() const { return errors_; }
  bool empty() const { return list_.empty(); }

 private:
  std::vector<Diagnostic> list_;
  int errors_ = 0;
};

// The errors as one Error, a line each: kInvalidArgument, or what the world said where it failed.
tidemill::Error AsError(const Diagnostics& diagnostics);

}  // namespace tidemill::document
