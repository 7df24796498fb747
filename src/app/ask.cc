#include "app/ask.h"

#include <unistd.h>

#include <cstdio>
#include <iostream>

namespace tidemill::app {

Result<bool> Ask(const std::string& question, bool yes, bool by_program) {
  if (yes) return true;
  if (by_program || isatty(STDIN_FILENO) == 0) {
    return FailedPrecondition("nothing was changed: there is nobody to ask; say --yes");
  }
  std::printf("%s [y/N] ", question.c_str());
  std::fflush(stdout);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "yes";
}

}  // namespace tidemill::app
