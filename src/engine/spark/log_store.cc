#include "engine/spark/log_store.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <system_error>

#include "base/sha256.h"
#include "engine/spark/process.h"

namespace tidemill::engine::spark {
namespace {

constexpr const char* kSource = R"java(package io.tidemill;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Iterator;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;

public class LinkLogStore extends io.delta.storage.HadoopFileSystemLogStore {
  public LinkLogStore(Configuration conf) {
    super(conf);
  }

  @Override
  public void write(org.apache.hadoop.fs.Path path, Iterator<String> actions, Boolean overwrite, Configuration conf)
      throws IOException {
    Path file = Paths.get(path.toUri().getPath());
    Files.createDirectories(file.getParent());
    Path whole = file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      StringBuilder text = new StringBuilder();
      while (actions.hasNext()) text.append(actions.next()).append('\n');
      try (FileChannel out = FileChannel.open(whole, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) out.write(bytes);
        out.force(true);
      }
      if (overwrite) {
        Files.deleteIfExists(file.resolveSibling("." + file.getFileName() + ".crc"));  // Hadoop's, of what was there
        Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } else {
        Files.createLink(file, whole);
      }
    } catch (FileAlreadyExistsException error) {
      throw new FileAlreadyExistsException(path.toString());
    } finally {
      Files.deleteIfExists(whole);
    }
  }

  @Override
  public Boolean isPartialWriteVisible(org.apache.hadoop.fs.Path path, Configuration conf) {
    return false;
  }
}
)java";

// A tool of the JDK: JAVA_HOME's, or whatever PATH has.
std::string Tool(const Installation& spark, const std::string& name) {
  const auto home = spark.environment.find("JAVA_HOME");
  return home == spark.environment.end() || home->second.empty() ? name : home->second + "/bin/" + name;
}

std::string SparkJars(const Installation& spark) {
  const auto home = spark.environment.find("SPARK_HOME");
  if (home != spark.environment.end() && !home->second.empty()) return home->second + "/jars";
  std::error_code failed;
  const auto submit = std::filesystem::canonical(spark.submit, failed);
  return submit.parent_path().parent_path().string() + "/jars";
}

Status RunTool(const Installation& spark, std::vector<std::string> words, const std::string& folder,
               const Cancel& cancel) {
  std::string said;
  const auto code = RunProcess({words, spark.environment, folder, ""}, cancel,
                               [&](const std::string& line) { said += (said.empty() ? "" : "; ") + line; });
  if (!code.ok()) return FailedPrecondition(fmt::format("{}; install a JDK", code.error().message));
  return *code == 0 ? Ok() : Status(FailedPrecondition(fmt::format("{} failed: {}", words[0], said)));
}

}  // namespace

Result<std::string> LinkLogStoreJar(const Installation& spark, const std::string& folder, const Cancel& cancel) {
  if (spark.delta_jars.empty())
    return FailedPrecondition("Delta's jars are not known here; name them in TIDEMILL_DELTA_JARS");
  std::string classes = SparkJars(spark) + "/*";
  for (const auto& jar : spark.delta_jars) classes += ":" + jar;
  const std::string name = "link-log-store-" + Sha256Hex(kSource + classes).substr(0, 8);
  const std::string jar = folder + "/" + name + ".jar";
  if (access(jar.c_str(), R_OK) == 0) return jar;
  // Made aside and renamed, since several runs may begin at once.
  const std::string work = fmt::format("{}/{}.{}", folder, name, getpid());
  std::error_code failed;
  std::filesystem::create_directories(work + "/classes", failed);
  std::ofstream(work + "/LinkLogStore.java") << kSource;
  Status made = RunTool(spark,
                        {Tool(spark, "javac"), "-nowarn", "-proc:none", "-cp", classes, "-d", work + "/classes",
                         work + "/LinkLogStore.java"},
                        folder, cancel);
  if (made.ok()) {
    made = RunTool(spark, {Tool(spark, "jar"), "cf", work + "/made.jar", "-C", work + "/classes", "."}, folder, cancel);
  }
  if (made.ok()) std::filesystem::rename(work + "/made.jar", jar, failed);
  std::error_code ignored;
  std::filesystem::remove_all(work, ignored);
  RETURN_IF_ERROR(made);
  if (failed) return Unavailable(fmt::format("{} cannot be made: {}", jar, failed.message()));
  return jar;
}

}  // namespace tidemill::engine::spark
