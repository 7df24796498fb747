#include "advisor/facts.h"

#include <functional>
#include <nlohmann/json.hpp>
#include <set>

namespace tidemill::advisor {
namespace {

using Json = nlohmann::json;

// Reads the members of one object; the first mistake is kept.
class Reader {
 public:
  Reader(const Json& object, std::string where, std::string& mistake)
      : object_(object), where_(std::move(where)), mistake_(mistake) {
    if (!object.is_object()) Fail("is not an object");
  }
  ~Reader() {
    if (!object_.is_object()) return;
    for (const auto& [key, value] : object_.items()) {
      if (!seen_.contains(key)) Fail("has the unknown key " + key);
    }
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  template <typename T>
  Reader& Get(const char* key, T& out) {
    if (const Json* value = Find(key)) {
      try {
        value->get_to(out);
      } catch (const Json::exception& error) {
        Fail(std::string(key) + ": " + error.what());
      }
    }
    return *this;
  }

  // An object, or an array of objects, each read by `read`.
  using Read = std::function<void(Reader&)>;
  Reader& Object(const char* key, const Read& read) {
    if (const Json* value = Find(key)) {
      Reader inner(*value, where_ + key + ".", mistake_);
      read(inner);
    }
    return *this;
  }
  template <typename T>
  Reader& List(const char* key, std::vector<T>& out, void (*read)(Reader&, T&)) {
    const Json* value = Find(key);
    if (value == nullptr) return *this;
    for (const auto& element : *value) {
      Reader inner(element, where_ + key + "[].", mistake_);
      read(inner, out.emplace_back());
    }
    return *this;
  }
  template <typename T>
  Reader& Map(const char* key, std::map<std::string, T>& out, void (*read)(Reader&, T&)) {
    const Json* value = Find(key);
    if (value == nullptr) return *this;
    for (const auto& [name, element] : value->items()) {
      Reader inner(element, where_ + key + "." + name + ".", mistake_);
      read(inner, out[name]);
    }
    return *this;
  }
  const Json* Find(const char* key) {
    seen_.insert(key);
    if (!object_.is_object()) return nullptr;
    const auto found = object_.find(key);
    return found == object_.end() ? nullptr : &*found;
  }

 private:
  void Fail(const std::string& what) {
    if (mistake_.empty()) mistake_ = "facts: " + where_ + " " + what;
  }

  const Json& object_;
  std::string where_;
  std::string& mistake_;
  std::set<std::string> seen_;
};

void ReadSource(Reader& in, SourceFacts& out) {
  in.Get("name", out.name).Get("format", out.format).Get("codec", out.codec).Get("files", out.files);
  in.Get("bytes", out.bytes).Get("rows", out.rows).Get("largest_file", out.largest_file);
  in.Get("small_files", out.small_files).Get("pruned_files", out.pruned_files);
  in.Get("columns", out.columns).Get("columns_read", out.columns_read).Get("sampled_rows", out.sampled_rows);
  const Json* keys = in.Find("hot_keys");
  if (keys == nullptr) return;
  for (const auto& [column, values] : keys->items()) {
    for (const auto& [value, share] : values.items()) out.hot_keys[column].push_back({value, share.get<double>()});
  }
}

void ReadOperation(Reader& in, Operation& out) {
  in.Get("kind", out.kind).Get("type", out.type).Get("left", out.left).Get("right", out.right).Get("keys", out.keys);
}

void ReadStep(Reader& in, StepFacts& out) {
  in.Get("name", out.name).Get("cache", out.cache).Get("reads", out.reads).Get("refused", out.refused);
  in.List("operations", out.operations, ReadOperation);
}

void ReadRun(Reader& in, RunFacts& out) {
  in.Get("engine", out.engine).Get("bytes_read", out.bytes_read).Get("rows_in", out.rows_in);
  in.Get("bytes_written", out.bytes_written).Get("seconds", out.seconds);
  in.Get("peak_memory_bytes", out.peak_memory_bytes).Get("spill_bytes", out.spill_bytes);
  in.Get("gc_share", out.gc_share).Get("idle_executor_share", out.idle_executor_share);
  in.Get("quoted_seconds", out.quoted_seconds).Get("memory_bytes", out.memory_bytes);
  in.Get("handed_over", out.handed_over);
}

void ReadCodec(Reader& in, CodecFacts& out) { in.Get("ratio", out.ratio).Get("seconds_per_gb", out.seconds_per_gb); }

void ReadJob(Reader& in, JobFacts& out) {
  in.Get("job", out.job).Get("class", out.job_class).Get("sla", out.sla).Get("sla_seconds", out.sla_seconds);
  in.Get("certified", out.certified).Get("program", out.program);
  in.Object("window", [&](Reader& window) {
    out.window.emplace();
    window.Get("hours", out.window->hours).Get("bytes_per_hour", out.window->bytes_per_hour);
  });
  in.List("sources", out.sources, ReadSource).List("steps", out.steps, ReadStep).List("runs", out.runs, ReadRun);
  in.Map("codecs", out.codecs, ReadCodec);
  in.Object("sink", [&](Reader& sink) {
    sink.Get("format", out.sink.format).Get("mode", out.sink.mode).Get("partition_by", out.sink.partition_by);
    sink.Get("partitions", out.sink.partitions).Get("target_file_bytes", out.sink.target_file_bytes);
    sink.Get("compression", out.sink.compression).Get("sorted", out.sink.sorted);
  });
  in.Object("machine", [&](Reader& machine) {
    machine.Get("memory_bytes", out.machine.memory_bytes).Get("threads", out.machine.threads);
    machine.Get("disk_free_bytes", out.machine.disk_free_bytes);
  });
  in.Object("choices", [&](Reader& choices) {
    choices.Get("engine", out.choices.engine).Get("certify", out.choices.certify).Get("conf", out.choices.conf);
    choices.Get("shuffle_partitions", out.choices.shuffle_partitions);
    choices.Get("budget_dollars", out.choices.budget_dollars).Get("budget_seconds", out.choices.budget_seconds);
  });
}

}  // namespace

Result<JobFacts> FactsFromJson(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return InvalidArgument("facts: not JSON");
  JobFacts facts;
  std::string mistake;
  {
    Reader reader(json, "", mistake);
    ReadJob(reader, facts);
  }
  if (!mistake.empty()) return InvalidArgument(mistake);
  return facts;
}

}  // namespace tidemill::advisor
