#include "app/event_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <functional>
#include <map>

#include "advisor/eventlog/reader.h"
#include "storage/codec.h"

namespace tidemill::app {
namespace {

using storage::FileInfo;

constexpr size_t kPieceBytes = 1 << 20;
constexpr size_t kMostLine = size_t{256} << 20;  // a longer line is passed over
constexpr size_t kProbeBytes = 64 << 10;         // within them a log's first event begins

std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }
std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

// The path up to its codec's ending: Spark adds what state the file is in.
std::string WithoutState(std::string path) {
  for (const std::string_view state : {".inprogress", ".compact"}) {
    if (path.ends_with(state)) path.resize(path.size() - state.size());
  }
  return path;
}

bool IsRolled(const std::string& folder) { return NameOf(folder).starts_with("eventlog_v2_"); }

// "events_12_application..." -> 12; -1: no part of a rolled log.
int64_t PartOf(const std::string& path) {
  const std::string name = NameOf(path);
  int64_t part = -1;
  constexpr std::string_view kStart = "events_";
  if (name.starts_with(kStart)) std::from_chars(name.data() + kStart.size(), name.data() + name.size(), part);
  return part;
}

// The parts of a folder in order; those that a compacted one stands for are left out.
EventLogFiles Rolled(const std::string& folder, std::vector<FileInfo> parts) {
  std::ranges::sort(parts, {}, [](const FileInfo& file) { return std::pair(PartOf(file.path), file.path.size()); });
  const auto compact = std::ranges::find_if(parts.rbegin(), parts.rend(),
                                            [](const auto& file) { return file.path.ends_with(".compact"); });
  if (compact != parts.rend()) parts.erase(parts.begin(), compact.base() - 1);
  EventLogFiles log{folder, {}, 0};
  for (auto& part : parts) {
    log.size_bytes += part.size_bytes;
    log.files.push_back(std::move(part.path));
  }
  return log;
}

using TakeLine = std::function<void(std::string_view)>;

// The file's lines; true: to its end. The last line may have no end.
Status EachLine(storage::Reader& reader, const TakeLine& take) {
  std::string buffer;
  bool too_long = false;
  for (int64_t offset = 0;;) {
    const size_t kept = buffer.size();
    buffer.resize(kept + kPieceBytes);
    const auto count = reader.ReadAt(offset, {buffer.data() + kept, kPieceBytes});
    buffer.resize(kept + (count.ok() ? static_cast<size_t>(*count) : 0));
    offset += count.ok() ? *count : 0;
    size_t begin = 0;
    for (size_t from = kept;;) {
      const void* end = std::memchr(buffer.data() + from, '\n', buffer.size() - from);
      if (end == nullptr) break;
      const auto at = static_cast<size_t>(static_cast<const char*>(end) - buffer.data());
      if (!too_long) take(std::string_view(buffer).substr(begin, at - begin));
      too_long = false;
      begin = from = at + 1;
    }
    if (!count.ok() || *count == 0) {
      if (!too_long && begin < buffer.size()) take(std::string_view(buffer).substr(begin));
      return count.ok() ? Ok() : Status(count.error());
    }
    buffer.erase(0, begin);
    if (buffer.size() > kMostLine) {
      too_long = true;
      buffer.clear();
    }
  }
}

Result<std::unique_ptr<storage::Reader>> OpenLog(storage::Storage& storage, const std::string& path) {
  ASSIGN_OR_RETURN(auto reader, storage.OpenRead(path));
  return storage::Decode(std::move(reader), WithoutState(path));
}

// Whether a file of a folder, of whatever name, begins with an event.
bool BeginsWithEvent(storage::Storage& storage, const std::string& path) {
  auto reader = OpenLog(storage, path);
  if (!reader.ok()) return false;
  std::string start(kProbeBytes, '\0');
  const auto count = (*reader)->ReadAt(0, start);
  return count.ok() && std::string_view(start).substr(0, static_cast<size_t>(*count)).starts_with(R"({"Event":")");
}

}  // namespace

Result<std::vector<EventLogFiles>> FindEventLogs(storage::Storage& storage, const std::string& path) {
  if (const auto file = storage.Stat(path); file.ok())
    return std::vector{EventLogFiles{path, {path}, file->size_bytes}};
  ASSIGN_OR_RETURN(const auto files, storage.ListRecursive(path));
  if (files.empty()) return NotFound(fmt::format("{} is not there, or is an empty folder", path));
  std::map<std::string, std::vector<FileInfo>> rolled;
  std::vector<EventLogFiles> logs;
  for (const auto& file : files) {
    const std::string name = NameOf(file.path), folder = FolderOf(file.path);
    if (name.starts_with('.') || name.starts_with('_') || file.size_bytes == 0) continue;
    if (IsRolled(folder)) {
      if (PartOf(file.path) >= 0) rolled[folder].push_back(file);
    } else if (BeginsWithEvent(storage, file.path)) {
      logs.push_back({file.path, {file.path}, file.size_bytes});
    }
  }
  for (auto& [folder, parts] : rolled) logs.push_back(Rolled(folder, std::move(parts)));
  if (logs.empty()) {
    return NotFound(
        fmt::format("none of the {} files in {} is an event log of Spark; it writes them to the folder of "
                    "spark.eventLog.dir when spark.eventLog.enabled is true",
                    files.size(), path));
  }
  std::ranges::sort(logs, {}, &EventLogFiles::path);
  return logs;
}

Result<ReadLog> ReadEventLog(storage::Storage& storage, const EventLogFiles& files) {
  advisor::eventlog::Reader reader;
  ReadLog out;
  int64_t lines = 0;
  for (const auto& path : files.files) {
    ASSIGN_OR_RETURN(auto bytes, OpenLog(storage, path));
    const auto read = EachLine(*bytes, [&](std::string_view line) {
      ++lines;
      reader.Add(line);
    });
    if (read.ok()) continue;
    if (read.error().kind != ErrorKind::kDataLoss) return read.error();
    out.cut = read.error().message;
    break;
  }
  if (!reader.seen_event()) {
    if (lines == 0 && out.cut.empty()) return Error{ErrorKind::kInvalidArgument, files.path + " is empty"};
    return InvalidArgument(fmt::format("{} is not an event log of Spark{}", files.path,
                                       out.cut.empty() ? ": no line of it is an event" : ": " + out.cut));
  }
  out.log = reader.Finish();
  return out;
}

}  // namespace tidemill::app
