// SQL without a job: statements one by one over tables named by their path (csv.`in/a.csv`, parquet.`...`, delta.`...`)
// and temporary views.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/engine.h"
#include "job/run.h"
#include "sql/resolver.h"

namespace tidemill::job {

class Shell final : public sql::Catalog {
 public:
  // Relative paths are read from `folder`.
  Shell(RunEnvironment environment, std::string folder, std::map<std::string, std::string> conf);
  ~Shell() override;

  // One statement; `most_rows` < 0: all. A statement without rows gives an empty schema.
  Result<engine::Rows> Execute(std::string_view statement, int64_t most_rows = -1);

  Result<std::optional<Table>> Find(const plan::Name& name) override;
  std::vector<std::string> Names() const override;

 private:
  struct Handler;

  Result<engine::Session*> Session();
  Result<std::optional<Table>> OpenPath(const std::string& format, const std::string& path);
  Result<plan::typed::RelationPtr> Resolve(const plan::RelationPtr& query);
  bool ansi() const;
  std::string time_zone() const;
  void ConfChanged(const std::string& key);

  RunEnvironment environment_;
  std::string folder_;
  std::map<std::string, std::string> conf_;
  std::map<std::string, Table> views_;  // by lower-case name
  std::map<std::string, Table> paths_;  // by key
  std::unique_ptr<engine::Session> session_;
};

}  // namespace tidemill::job
