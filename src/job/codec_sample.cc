#include "job/codec_sample.h"

#include <fmt/format.h>

#include <filesystem>

#include "storage/codec.h"

namespace tidemill::job {
namespace {

constexpr int64_t kRows = 50'000;
constexpr int64_t kTextBytes = int64_t{2} << 20;

class Sampler {
 public:
  explicit Sampler(const RunEnvironment& environment) : environment_(environment) {}

  // Parquet of each codec, in terms of Parquet that is not compressed.
  void Parquet(const std::string& sample, Prepared& prepared, engine::Session& session) {
    const auto relation = ResolveText(fmt::format("SELECT * FROM {} LIMIT {}", QuoteName(sample), kRows), prepared);
    if (!relation.ok()) return;
    double plain = 0;
    for (const auto codec : {engine::Compression::kNone, engine::Compression::kSnappy, engine::Compression::kZstd,
                             engine::Compression::kGzip}) {
      engine::WriteSpec spec;
      spec.folder = CodecSampleFolder(environment_) + "/" + std::string(Name(codec));
      spec.file_id = "sample";
      spec.data_columns = static_cast<int>((*relation)->columns.size());
      spec.compression = codec;
      const Micros start = environment_.clock->Monotonic();
      const auto written = session.Write(*relation, spec);
      if (!written.ok()) return;
      double bytes = 0;
      for (const auto& file : written->files) bytes += static_cast<double>(file.size_bytes);
      if (codec == engine::Compression::kNone) plain = bytes;
      Keep(std::string(Name(codec)), plain, bytes, start);
    }
  }

  // The beginning of the text itself, as an archive or a file for others would hold it.
  void Text(const OpenedSource& opened) {
    if (opened.source.files.empty()) return;
    const auto& path = opened.source.files.front().path;
    auto file = environment_.storage->OpenRead(path);
    if (!file.ok()) return;
    auto reader = storage::Decode(std::move(file).value(), path);
    if (!reader.ok()) return;
    std::string text(kTextBytes, '\0');
    size_t size = 0;
    while (size < text.size()) {
      const auto more = (*reader)->ReadAt(static_cast<int64_t>(size), std::span(text).subspan(size));
      if (!more.ok() || *more == 0) break;
      size += static_cast<size_t>(*more);
    }
    text.resize(size);
    for (const auto& [name, codec] :
         {std::pair("gzip of text", storage::Packing::kGzip), std::pair("bzip2 of text", storage::Packing::kBzip2)}) {
      const Micros start = environment_.clock->Monotonic();
      Keep(name, static_cast<double>(size), static_cast<double>(storage::PackedBytes(text, codec)), start);
    }
  }

  std::map<std::string, advisor::CodecFacts> Take() { return std::move(found_); }

 private:
  void Keep(const std::string& name, double plain, double packed, Micros start) {
    if (plain <= 0) return;
    const double seconds = static_cast<double>((environment_.clock->Monotonic() - start).count()) / 1e6;
    found_[name] = {packed / plain, seconds / plain * 1e9};
  }

  const RunEnvironment& environment_;
  std::map<std::string, advisor::CodecFacts> found_;
};

}  // namespace

std::string CodecSampleFolder(const RunEnvironment& environment) { return environment.temp_folder + "/codecs"; }

std::map<std::string, advisor::CodecFacts> SampleCodecs(const OpenedSource& opened, const std::string& sample,
                                                        Prepared& prepared, engine::Session& session,
                                                        const RunEnvironment& environment) {
  Sampler sampler(environment);
  sampler.Parquet(sample, prepared, session);
  if (opened.source.format != engine::Format::kParquet) sampler.Text(opened);
  std::error_code ignored;
  std::filesystem::remove_all(CodecSampleFolder(environment), ignored);
  return sampler.Take();
}

}  // namespace tidemill::job
