#include "engine/spark/advice.h"

#include <csignal>

namespace tidemill::engine::spark {
namespace {

struct Cause {
  std::string_view words;
  std::string_view advice;
};
// The first that is found; a cause before what follows from it.
constexpr Cause kCauses[] = {
    {"No space left on device",
     "the disk is full where Spark puts its shuffles and spills; free some, or name a larger disk with --spark-conf "
     "spark.local.dir=FOLDER (the folder of --state is taken otherwise)"},
    {"Disk quota exceeded",
     "the disk quota is used up where Spark puts its shuffles; name another place with --spark-conf "
     "spark.local.dir=FOLDER"},
    {"java.lang.OutOfMemoryError", "Spark ran out of memory; give it more with --memory, or run fewer windows at once"},
    {"Could not reserve enough space", "this machine has not the memory that Spark asks for; give less with --memory"},
    {"insufficient memory for the Java Runtime",
     "this machine has not the memory that Spark asks for; give less with "
     "--memory"},
    {"Could not create the Java Virtual Machine",
     "Java refuses one of its options; look at spark.driver.extraJavaOptions and spark.driver.memory in `conf` and "
     "--spark-conf"},
    {"ClassNotFoundException: io.delta", "Delta's jars are not those of this Spark; see TIDEMILL_DELTA_JARS"},
    {"DATA_SOURCE_NOT_FOUND", "Delta's jars are not there; see TIDEMILL_DELTA_JARS"},
    {"NoSuchMethodError", "jars of other versions are on the class path; use the Delta that is made for this Spark"},
    {"Failed to find the class", "the jar has no such class; see main_class"},
    {"Failed to load class", "the jar has no such class; see main_class"},
    {"ModuleNotFoundError", "Spark's Python lacks a module; install it there, or name it in py_files"},
    {"unresolved dependency", "Maven could not be reached for Delta's jars; name them in TIDEMILL_DELTA_JARS"},
    {"UnknownHostException", "a host cannot be found; for Delta's jars without a network see TIDEMILL_DELTA_JARS"},
    {"BindException", "Spark found no free port on this machine"},
};

}  // namespace

std::string Advice(int code, std::string_view words) {
  for (const auto& cause : kCauses) {
    if (words.find(cause.words) != std::string_view::npos) return std::string(cause.advice);
  }
  if (code == 128 + SIGKILL) {
    return "something killed it; was it the system, for memory? Then give Spark less with --memory";
  }
  return "";
}

}  // namespace tidemill::engine::spark
