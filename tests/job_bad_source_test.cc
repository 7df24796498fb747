// Sources and sinks that are missing, damaged or not what the job says: each run ends with words that name the trouble,
// and leaves no table behind.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "engine/duckdb/checkpoint_io.h"
#include "engine/duckdb/engine.h"
#include "job/parse.h"
#include "job/run.h"

namespace tidemill::job {
namespace {

namespace fs = std::filesystem;
using std::string_literals::operator""s;

constexpr const char* kJob = R"(job: orders
sources:
  orders: {format: csv, path: in.csv, header: true, schema: "id INT, day DATE, amount INT"}
sink: {path: table}
)";
const std::string kHeader = "id,day,amount\n";
const std::string kGood = kHeader + "1,2024-01-01,10\n";

struct Case {
  const char* name;
  std::map<std::string, std::string> files;
  std::vector<std::string> settings;
  std::vector<std::string> said;  // parts of the message, ignoring case
};

std::vector<std::string> Format(const char* format, const char* path) {
  return {std::string("sources.orders={format: ") + format + ", path: " + path + "}"};
}

const Case kCases[] = {
    {"MissingFile", {}, {}, {"source 'orders'", "in.csv"}},
    {"GlobWithoutFiles", {}, {"sources.orders.path=in/*.csv"}, {"source 'orders'", "in/*.csv"}},
    {"OneOfTwoMissing", {{"in.csv", kGood}}, {"sources.orders.path=[in.csv, no.csv]"}, {"no.csv"}},
    {"EmptyCsv", {{"in.csv", ""}}, {}, {"in.csv", "empty"}},
    {"WrongDelimiter", {{"in.csv", "id;day;amount\n1;2024-01-01;10\n"}}, {}, {"in.csv", "delimiter"}},
    {"WrongColumns", {{"in.csv", "id,date,amount\n1,2024-01-01,10\n"}}, {}, {"in.csv", "column 2", "'date'", "'day'"}},
    {"ColumnsInOtherOrder", {{"in.csv", "day,id,amount\n2024-01-01,1,10\n"}}, {}, {"in.csv", "column 1"}},
    {"NoHeader", {{"in.csv", "1,2024-01-01,10\n2,2024-01-02,20\n"}}, {}, {"in.csv", "header"}},
    {"TooFewFields", {{"in.csv", kHeader + "1,2024-01-01\n"}}, {}, {"in.csv"}},
    {"TooManyFields", {{"in.csv", kHeader + "1,2024-01-01,10,11\n"}}, {}, {"in.csv"}},
    {"NotANumber", {{"in.csv", kHeader + "one,2024-01-01,10\n"}}, {}, {"id", "'one'", "INT"}},
    {"NumberTooLarge", {{"in.csv", kHeader + "3000000000,2024-01-01,10\n"}}, {}, {"id", "'3000000000'", "INT"}},
    {"ImpossibleDate", {{"in.csv", kHeader + "1,2024-02-30,10\n"}}, {}, {"day", "'2024-02-30'", "DATE"}},
    {"OpenQuote", {{"in.csv", kHeader + "1,2024-01-01,\"10\n2,2024-01-02,20\n"}}, {}, {"in.csv"}},
    {"Latin1",
     {{"in.csv", "id,name\n1,caf\xE9\n"}},
     {"sources.orders.schema=id INT, name STRING"},
     {"in.csv", "utf-8"}},
    {"Utf16", {{"in.csv", "\xFF\xFEi\0d\0\n\0001\0\n\0"s}}, {"sources.orders.schema=id INT"}, {"in.csv"}},
    {"GzipThatIsNone", {{"in.csv.gz", kGood}}, {"sources.orders.path=in.csv.gz"}, {"in.csv.gz", "gzip"}},
    {"GzipTruncated",
     {{"in.csv.gz", "\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb"s}},
     {"sources.orders.path=in.csv.gz"},
     {"in.csv.gz"}},
    {"Bzip2ThatIsNone", {{"in.csv.bz2", kGood}}, {"sources.orders.path=in.csv.bz2"}, {"in.csv.bz2"}},
    {"ZstdThatIsNone", {{"in.csv.zst", kGood}}, {"sources.orders.path=in.csv.zst"}, {"in.csv.zst"}},
    {"SnappyThatIsNone", {{"in.csv.snappy", kGood}}, {"sources.orders.path=in.csv.snappy"}, {"in.csv.snappy"}},
    {"ParquetEmpty", {{"in.parquet", ""}}, Format("parquet", "in.parquet"), {"in.parquet"}},
    {"ParquetThatIsNone", {{"in.parquet", kGood}}, Format("parquet", "in.parquet"), {"in.parquet"}},
    {"ParquetTruncated", {{"in.parquet", "PAR1\x15\x04\x15"}}, Format("parquet", "in.parquet"), {"in.parquet"}},
    {"JsonBroken",
     {{"in.json", "{\"id\": 1}\n{\"id\": \n"}},
     {"sources.orders={format: json, path: in.json, schema: id INT}"},
     {"in.json"}},
    {"JsonOtherType",
     {{"in.json", "{\"id\": \"one\"}\n"}},
     {"sources.orders={format: json, path: in.json, schema: id INT}"},
     {"in.json", "one"}},
    {"PartitionFolders",
     {{"in/year=2024/a.csv", kGood}, {"in/b.csv", kGood}},
     {"sources.orders.path=in"},
     {"partition folders", "year=2024"}},
    {"DeltaThatIsNone", {{"in/a.txt", "x"}}, Format("delta", "in"), {"source 'orders'", "in"}},
    {"DeltaTornCommit",
     {{"in/_delta_log/00000000000000000000.json", "{\"protocol\":{\"minReaderVersion\":1"}},
     Format("delta", "in"),
     {"00000000000000000000.json"}},
    {"DeltaEmptyCommit",
     {{"in/_delta_log/00000000000000000000.json", ""}},
     Format("delta", "in"),
     {"00000000000000000000.json"}},
    {"DeltaEscapes",
     {{"in/_delta_log/00000000000000000000.json",
       "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n"
       "{\"metaData\":{\"id\":\"a\",\"format\":{\"provider\":\"parquet\",\"options\":{}},\"schemaString\":"
       "\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":\\\"id\\\",\\\"type\\\":\\\"integer\\\","
       "\\\"nullable\\\":true,\\\"metadata\\\":{}}]}\",\"partitionColumns\":[],\"configuration\":{}}}\n"
       "{\"add\":{\"path\":\"../../../../etc/passwd\",\"partitionValues\":{},\"size\":1,\"modificationTime\":0,"
       "\"dataChange\":true}}\n"}},
     Format("delta", "in"),
     {"etc/passwd"}},
    {"SinkIsAFile", {{"in.csv", kGood}, {"table", "x"}}, {}, {"table"}},
    {"SinkCannotBeMade", {{"in.csv", kGood}}, {"sink.path=/proc/nowhere/table"}, {"/proc/nowhere"}},
    {"SinkLogIsTorn",
     {{"in.csv", kGood}, {"table/_delta_log/00000000000000000000.json", "{"}},
     {},
     {"00000000000000000000.json"}},
    {"TwoColumnsOfOneName",
     {{"in.csv", kGood}},
     {"steps=[{name: a, sql: 'SELECT id, id FROM orders'}]"},
     {"two columns 'id'"}},
    {"ColumnWithoutType",
     {{"in.csv", kGood}},
     {"steps=[{name: a, sql: 'SELECT NULL AS x FROM orders'}]"},
     {"x", "CAST"}},
    {"PartitionIsEverything", {{"in.csv", kGood}}, {"sink.partition_by=[id, day, amount]"}, {"partition"}},
    {"PartitionNotThere", {{"in.csv", kGood}}, {"sink.partition_by=[dya]"}, {"dya", "day"}},
    {"PartOfNoTime", {{"in.csv", kGood}}, {"sink.partition_by=[year(id)]"}, {"id", "not a date"}},
    {"SortNotThere", {{"in.csv", kGood}}, {"sink.sort_by=[amuont]"}, {"amuont", "amount"}},
    {"UnknownFunction",
     {{"in.csv", kGood}},
     {"steps=[{name: a, sql: 'SELECT summ(id) FROM orders'}]"},
     {"summ", "sum"}},
    {"UnknownTable", {{"in.csv", kGood}}, {"steps=[{name: a, sql: 'SELECT * FROM order'}]"}, {"order"}},
    {"TableByPath", {{"in.csv", kGood}}, {"steps=[{name: a, sql: 'SELECT * FROM csv.`/etc/passwd`'}]"}, {"etc/passwd"}},
    {"DivisionByZero",
     {{"in.csv", kGood}},
     {"steps=[{name: a, sql: 'SELECT id / 0 AS x FROM orders'}]"},
     {"DIVIDE_BY_ZERO"}},
    {"Overflow",
     {{"in.csv", kGood}},
     {"steps=[{name: a, sql: 'SELECT id + 2147483647 AS x FROM orders'}]"},
     {"ARITHMETIC_OVERFLOW"}},
};

class BadSource : public testing::TestWithParam<Case> {};

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

TEST_P(BadSource, IsNamedAndNothingIsLeft) {
  std::mt19937_64 random = SystemRandom();
  const fs::path folder = fs::temp_directory_path() / ("tidemill-bad-" + NewUuid(random));
  fs::create_directories(folder);
  for (const auto& [name, text] : GetParam().files) {
    fs::create_directories((folder / name).parent_path());
    std::ofstream(folder / name, std::ios::binary) << text;
  }
  ParseInput input;
  input.text = kJob;
  input.file = "job.yaml";
  input.folder = folder.string();
  input.settings = GetParam().settings;
  const ParsedJob parsed = ParseJob(input);
  ASSERT_FALSE(parsed.diagnostics.has_errors()) << parsed.diagnostics.Sorted()[0].ToString();

  const auto storage = storage::MakeLocal();
  const auto engine = engine::duckdb::MakeEngine(*storage);
  const auto checkpoints = engine::duckdb::MakeCheckpointIo(*storage);
  const SystemClock clock;
  const engine::Cancel cancel{false};
  RunEnvironment environment;
  environment.storage = storage.get();
  environment.engine = engine.get();
  environment.checkpoints = checkpoints.get();
  environment.clock = &clock;
  environment.cancel = &cancel;
  environment.random = random;
  environment.memory_bytes = int64_t{256} << 20;
  environment.temp_folder = (folder / "tmp").string();
  EventStream silent({});
  const RunResult result = job::Run(parsed.job, {}, std::move(environment), silent);

  const std::string message = result.finished.message;
  EXPECT_TRUE(result.error) << message;
  EXPECT_EQ(message.find("internal error"), std::string::npos) << message;
  EXPECT_TRUE(!result.error || result.error->kind != ErrorKind::kInternal) << message;
  for (const auto& said : GetParam().said) EXPECT_NE(Lower(message).find(Lower(said)), std::string::npos) << message;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string path = fs::relative(entry.path(), folder).string();
    const bool given = GetParam().files.contains(path);
    EXPECT_TRUE(given || entry.is_directory() || path.starts_with("tmp")) << path << " was left behind";
  }
  fs::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(All, BadSource, testing::ValuesIn(kCases), [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace tidemill::job
