#include "engine/spark/installation.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "engine/spark/application.h"
#include "engine/spark/process.h"

namespace tidemill::engine::spark {
namespace {

std::string Get(const Environment& environment, const char* name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

// Where the pyspark package of a Python lies; empty: it has none.
std::string PysparkFolder(const std::string& python, const Environment& environment, const Cancel& cancel) {
  std::string folder;
  const Command ask{{python, "-c", "import os, pyspark; print('at ' + os.path.dirname(pyspark.__file__))"},
                    environment,
                    "/",
                    "/dev/null"};
  const auto code = RunProcess(ask, cancel, [&](const std::string& line) {
    if (line.starts_with("at ")) folder = line.substr(3);
  });
  return code.ok() && *code == 0 ? folder : "";
}

void UsePyspark(const std::string& python, const std::string& folder, Installation& found) {
  found.submit = folder + "/bin/spark-submit";
  found.environment["SPARK_HOME"] = folder;
  found.environment["PYSPARK_PYTHON"] = python;
  found.environment["PYSPARK_DRIVER_PYTHON"] = python;
}

Status Locate(const Cancel& cancel, Installation& found) {
  const Environment& environment = found.environment;
  const std::string python = Get(environment, "TIDEMILL_PYTHON"), home = Get(environment, "SPARK_HOME");
  if (!python.empty()) {
    const std::string folder = PysparkFolder(python, environment, cancel);
    if (folder.empty()) {
      return FailedPrecondition(
          fmt::format("TIDEMILL_PYTHON, {}, has no pyspark; install it: {} -m pip install "
                      "pyspark==4.1.*",
                      python, python));
    }
    UsePyspark(python, folder, found);
    return Ok();
  }
  if (!home.empty()) {
    found.submit = home + "/bin/spark-submit";
    if (access(found.submit.c_str(), X_OK) == 0) return Ok();
    return FailedPrecondition(
        fmt::format("SPARK_HOME is {}, which has no bin/spark-submit; point it at a Spark", home));
  }
  const std::string folders = Get(environment, "PATH");
  for (size_t at = 0; at <= folders.size();) {
    const size_t end = std::min(folders.find(':', at), folders.size());
    found.submit = folders.substr(at, end - at) + "/spark-submit";
    if (end > at && access(found.submit.c_str(), X_OK) == 0) return Ok();
    at = end + 1;
  }
  const std::string folder = PysparkFolder("python3", environment, cancel);
  if (folder.empty()) {
    return FailedPrecondition(
        "there is no Spark here: no SPARK_HOME, no spark-submit in PATH, no pyspark in python3; install one "
        "(python3 -m pip install pyspark==4.1.*), or name a Python that has it in TIDEMILL_PYTHON");
  }
  UsePyspark("python3", folder, found);
  return Ok();
}

// "   /___/ .__/\_,_/_/ /_/\_\   version 4.1.4" -> "4.1.4"
std::string VersionIn(const std::string& text) {
  const size_t at = text.find("version ");
  if (at == std::string::npos) return "";
  const size_t start = at + std::string_view("version ").size();
  return text.substr(start, text.find_first_not_of("0123456789.", start) - start);
}

Error CannotStart(const std::string& submit, const std::string& output) {
  const bool no_java = output.find("JAVA_HOME is not set") != std::string::npos ||
                       output.find("java: command not found") != std::string::npos ||
                       output.find("/bin/java: No such file") != std::string::npos ||
                       output.find("JAVA_GATEWAY_EXITED") != std::string::npos;
  const bool old_java = output.find("UnsupportedClassVersionError") != std::string::npos;
  if (no_java) return FailedPrecondition("Spark needs Java and finds none; install a JDK 17, or set JAVA_HOME");
  if (old_java) return FailedPrecondition("this Java is too old for this Spark; install a JDK 17, or set JAVA_HOME");
  std::string last = output.substr(0, output.find_last_not_of(" \n") + 1);
  last = last.substr(last.rfind('\n') == std::string::npos ? 0 : last.rfind('\n') + 1);
  return FailedPrecondition(fmt::format("{} does not start ({}); run `{} --version` to see why", submit,
                                        last.empty() ? "it says nothing" : last, submit));
}

Status AskVersion(const Cancel& cancel, Installation& found) {
  std::string output;
  const Command ask{{found.submit, "--version"}, found.environment, "/", ""};
  ASSIGN_OR_RETURN(const int code, RunProcess(ask, cancel, [&](const std::string& line) { output += line + "\n"; }));
  if (cancel) return Error{ErrorKind::kCancelled, "cancelled"};
  found.version = VersionIn(output);
  if (code != 0 || found.version.empty()) return CannotStart(found.submit, output);
  return Ok();
}

// The Delta jars must be those of this Spark: another one fails somewhere inside, much later.
Status TakeJars(Installation& found) {
  ASSIGN_OR_RETURN(const auto package, DeltaPackage(found.version));
  const std::string jars = Get(found.environment, "TIDEMILL_DELTA_JARS");
  for (size_t at = 0; at < jars.size();) {
    const size_t end = std::min(jars.find(',', at), jars.size());
    found.delta_jars.push_back(jars.substr(at, end - at));
    at = end + 1;
  }
  const std::string wanted = package.substr(package.find(':') + 1);  // delta-spark_2.13:4.1.0
  const std::string artifact = wanted.substr(0, wanted.find(':'));
  const std::string minor = wanted.substr(wanted.find(':') + 1, wanted.rfind('.') - wanted.find(':') - 1);
  for (const auto& jar : found.delta_jars) {
    if (access(jar.c_str(), R_OK) != 0) {
      return FailedPrecondition(fmt::format("TIDEMILL_DELTA_JARS names {}, which cannot be read", jar));
    }
    const std::string name = jar.substr(jar.rfind('/') + 1);
    if (name.starts_with("delta-spark_") && !name.starts_with(artifact + "-" + minor + ".")) {
      return FailedPrecondition(
          fmt::format("{} is not made for Spark {}; use {} and its delta-storage", name, found.version, package));
    }
  }
  return Ok();
}

}  // namespace

Result<Installation> FindSpark(const Environment& environment, const Cancel& cancel) {
  Installation found;
  found.environment = environment;
  RETURN_IF_ERROR(Locate(cancel, found));
  RETURN_IF_ERROR(AskVersion(cancel, found));
  RETURN_IF_ERROR(TakeJars(found));
  return found;
}

}  // namespace tidemill::engine::spark
