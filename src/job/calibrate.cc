#include "job/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "job/prepare.h"
#include "sql/parser.h"

namespace tidemill::job {
namespace {

constexpr int64_t kRows = 1'000'000;
constexpr int kRounds = 3;  // the fastest counts: what else the machine did is no property of it
constexpr const char* kSchema = "id BIGINT, customer INT, amount DOUBLE, name STRING";

std::string CsvText(int64_t rows) {
  std::string text;
  for (int64_t i = 0; i < rows; ++i) {
    fmt::format_to(std::back_inserter(text), "{},{},{}.{:02},name of {}\n", i, i * 7919 % 50'000, i % 1000, i % 100, i);
  }
  return text;
}

std::string JsonText(int64_t rows) {
  std::string text;
  for (int64_t i = 0; i < rows; ++i) {
    fmt::format_to(std::back_inserter(text), R"({{"id":{},"customer":{},"amount":{}.{:02},"name":"name of {}"}})", i,
                   i * 7919 % 50'000, i % 1000, i % 100, i);
    text += '\n';
  }
  return text;
}

class Bench {
 public:
  Bench(std::string folder, const RunEnvironment& environment, engine::Session& session)
      : folder_(std::move(folder)), environment_(environment), session_(session) {}

  Result<advisor::Rates> Go() {
    advisor::Rates rates;
    const int threads = std::max(1, environment_.threads);
    ASSIGN_OR_RETURN(const auto csv, Put("csv", engine::Format::kCsv, CsvText(kRows)));
    ASSIGN_OR_RETURN(const auto json, Put("json", engine::Format::kJson, JsonText(kRows / 4)));
    ASSIGN_OR_RETURN(const auto parquet, Write("csv"));
    ASSIGN_OR_RETURN(const double csv_seconds, Seconds("SELECT count(*), sum(amount), max(name) FROM csv"));
    ASSIGN_OR_RETURN(const double json_seconds, Seconds("SELECT count(*), sum(amount), max(name) FROM json"));
    ASSIGN_OR_RETURN(const double read_seconds, Seconds("SELECT count(*), sum(amount), max(name) FROM parquet"));
    ASSIGN_OR_RETURN(
        const double group_seconds,
        Seconds("SELECT count(*) FROM (SELECT customer, name, sum(amount) FROM parquet GROUP BY customer, name)"));
    const double read = std::max(read_seconds, 1e-3);
    rates.read_bytes["csv"] = static_cast<double>(csv) / csv_seconds / threads;
    rates.read_bytes["json"] = static_cast<double>(json) / json_seconds / threads;
    rates.read_bytes["parquet"] = rates.read_bytes["delta"] = static_cast<double>(parquet) / read / threads;
    rates.operation_rows = static_cast<double>(kRows) / std::max(group_seconds - read, 1e-3) / threads;
    rates.write_bytes = static_cast<double>(csv) / std::max(write_seconds_ - csv_seconds, 1e-3) / threads;
    return rates;
  }

 private:
  Result<int64_t> Put(const std::string& name, engine::Format format, const std::string& text) {
    const std::string path = folder_ + "/" + name + ".txt";
    RETURN_IF_ERROR(environment_.storage->Put(path, text));
    RETURN_IF_ERROR(Add(name, format, {{path, std::ssize(text)}}));
    return std::ssize(text);
  }

  Status Add(const std::string& name, engine::Format format, std::vector<engine::File> files) {
    engine::Source source;
    source.name = name;
    source.format = format;
    source.files = std::move(files);
    ASSIGN_OR_RETURN(source.schema, sql::ParseSchema(kSchema));
    prepared_.catalog.Add(name, source.schema);
    return session_.AddSource(source);
  }

  // Its rows as Parquet, under the name `parquet`; gives the bytes written.
  Result<int64_t> Write(const std::string& from) {
    ASSIGN_OR_RETURN(const auto relation, ResolveText("SELECT * FROM " + from, prepared_));
    engine::WriteSpec spec;
    spec.folder = folder_ + "/parquet";
    spec.file_id = "calibrate";
    spec.data_columns = static_cast<int>(relation->columns.size());
    const Micros start = environment_.clock->Monotonic();
    ASSIGN_OR_RETURN(const auto written, session_.Write(relation, spec));
    write_seconds_ = Since(start);
    int64_t bytes = 0;
    std::vector<engine::File> files;
    for (const auto& file : written.files) {
      files.push_back({file.path, file.size_bytes});
      bytes += file.size_bytes;
    }
    RETURN_IF_ERROR(Add("parquet", engine::Format::kParquet, std::move(files)));
    return bytes;
  }

  Result<double> Seconds(const std::string& sql) {
    ASSIGN_OR_RETURN(const auto relation, ResolveText(sql, prepared_));
    double best = 1e9;
    for (int round = 0; round < kRounds; ++round) {
      const Micros start = environment_.clock->Monotonic();
      ASSIGN_OR_RETURN(const auto rows, session_.Query(relation, -1));
      (void)rows;
      best = std::min(best, Since(start));
    }
    return best;
  }

  double Since(Micros start) const {
    return static_cast<double>((environment_.clock->Monotonic() - start).count()) / 1e6;
  }

  std::string folder_;
  const RunEnvironment& environment_;
  engine::Session& session_;
  Prepared prepared_;
  double write_seconds_ = 0;
};

}  // namespace

Result<advisor::Rates> Calibrate(const std::string& folder, const RunEnvironment& environment) {
  engine::SessionOptions options;
  options.memory_bytes = environment.memory_bytes;
  options.threads = environment.threads;
  options.temp_folder = environment.temp_folder;
  options.now_micros = environment.clock->Now().time_since_epoch().count();
  options.allowed_folders = {folder};
  ASSIGN_OR_RETURN(auto session, environment.engine->Open(options, *environment.cancel, nullptr));
  auto rates = Bench(folder, environment, *session).Go();
  session.reset();
  std::error_code code;
  std::filesystem::remove_all(folder, code);
  return rates;
}

}  // namespace tidemill::job
