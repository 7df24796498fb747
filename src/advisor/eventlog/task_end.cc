#include "advisor/eventlog/task_end.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/json_cursor.h"

namespace tidemill::advisor::eventlog {
namespace {

// The event's members by name, whatever object inside it they are in: no name means two things, but for "Executor ID",
// of which the task's own is the later one.
struct Number {
  std::string_view name;
  int64_t TaskEnd::* field;
};
constexpr Number kNumbers[] = {
    {"Bytes Read", &TaskEnd::input_bytes},
    {"Bytes Written", &TaskEnd::output_bytes},
    {"Disk Bytes Spilled", &TaskEnd::spill_disk_bytes},
    {"Executor CPU Time", &TaskEnd::cpu_ns},
    {"Executor Deserialize Time", &TaskEnd::deserialize_ms},
    {"Executor Run Time", &TaskEnd::run_ms},
    {"Failed", &TaskEnd::failed},
    {"Fetch Wait Time", &TaskEnd::fetch_wait_ms},
    {"Finish Time", &TaskEnd::finish_ms},
    {"Getting Result Time", &TaskEnd::fetch_ms},
    {"Index", &TaskEnd::index},
    {"JVM GC Time", &TaskEnd::gc_ms},
    {"JVMHeapMemory", &TaskEnd::heap_bytes},
    {"Killed", &TaskEnd::killed},
    {"Launch Time", &TaskEnd::launch_ms},
    {"Local Bytes Read", &TaskEnd::local_bytes},
    {"Memory Bytes Spilled", &TaskEnd::spill_memory_bytes},
    {"Peak Execution Memory", &TaskEnd::peak_memory_bytes},
    {"Records Read", &TaskEnd::input_rows},
    {"Records Written", &TaskEnd::output_rows},
    {"Remote Bytes Read", &TaskEnd::remote_bytes},
    {"Result Size", &TaskEnd::result_bytes},
    {"Shuffle Bytes Written", &TaskEnd::shuffle_write_bytes},
    {"Speculative", &TaskEnd::speculative},
    {"Stage Attempt ID", &TaskEnd::stage_attempt},
    {"Stage ID", &TaskEnd::stage},
    {"Total Records Read", &TaskEnd::shuffle_rows},
};
static_assert(std::ranges::is_sorted(kNumbers, {}, &Number::name));

struct Text {
  std::string_view name;
  std::string TaskEnd::* field;
};
constexpr Text kTexts[] = {
    {"Class Name", &TaskEnd::error},  {"Executor ID", &TaskEnd::executor}, {"Host", &TaskEnd::host},
    {"Kill Reason", &TaskEnd::error}, {"Loss Reason", &TaskEnd::error},    {"Reason", &TaskEnd::reason},
};
static_assert(std::ranges::is_sorted(kTexts, {}, &Text::name));

template <typename Row, size_t kCount>
const Row* Find(const Row (&rows)[kCount], std::string_view name) {
  const auto at = std::ranges::lower_bound(rows, name, {}, &Row::name);
  return at != std::end(rows) && at->name == name ? &*at : nullptr;
}

// The cursor stands behind the brace.
bool ReadObject(JsonCursor& cursor, TaskEnd& out) {
  while (true) {
    const JsonToken member = cursor.NextName();
    if (member == JsonToken::kEndObject) return true;
    if (member != JsonToken::kString) return false;
    const Number* number = Find(kNumbers, cursor.value());
    const Text* text = number == nullptr ? Find(kTexts, cursor.value()) : nullptr;
    const JsonToken value = cursor.Next();
    if (value == JsonToken::kBeginObject) {
      if (!ReadObject(cursor, out)) return false;
    } else if (value == JsonToken::kWhole && number != nullptr) {
      std::from_chars(cursor.value().data(), cursor.value().data() + cursor.value().size(), out.*number->field);
    } else if (value == JsonToken::kTrue && number != nullptr) {
      out.*number->field = 1;
    } else if (value == JsonToken::kString && text != nullptr) {
      out.*text->field = cursor.value();
    } else if (!cursor.Skip(value)) {
      return false;
    }
  }
}

}  // namespace

bool ReadTaskEnd(std::string_view line, TaskEnd& out) {
  JsonCursor cursor(line);
  return cursor.Next() == JsonToken::kBeginObject && ReadObject(cursor, out);
}

}  // namespace tidemill::advisor::eventlog
