// connection.h: DuckDB's C API with owners and Results: a database, statements that can be interrupted, rows as plan
// values.
#pragma once

#include <duckdb.h>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plan/type.h"
#include "plan/value.h"

namespace tidemill::engine::duckdb {

// One finished statement's result, read chunk by chunk.
class Answer {
 public:
  explicit Answer(const duckdb_result& result) : result_(result) {}
  ~Answer() { duckdb_destroy_result(&result_); }
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  int columns() { return static_cast<int>(duckdb_column_count(&result_)); }
  std::string column_name(int i) { return duckdb_column_name(&result_, static_cast<idx_t>(i)); }
  // Rows appended to `out`, at most `most` in all (-1: no limit); values read as `types`, which the columns must hold.
  Status Read(const std::vector<plan::DataType>& types, int64_t most, std::vector<std::vector<plan::Value>>& out);
  // The only cell of a one-row statement, as text; empty when NULL or no row.
  Result<std::string> Text();
  // All cells as text; NULL is nullopt.
  Result<std::vector<std::vector<std::string>>> Texts();
  int64_t rows_changed() { return static_cast<int64_t>(duckdb_rows_changed(&result_)); }
  duckdb_result* get() { return &result_; }

 private:
  duckdb_result result_;
};

// An in-memory database and its one connection. One statement at a time; Interrupt from any thread.
class Connection {
 public:
  struct Setting {
    std::string name;
    std::string value;
  };
  static Result<std::unique_ptr<Connection>> Open(const std::vector<Setting>& settings);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Result<std::unique_ptr<Answer>> Run(const std::string& sql);
  void Interrupt() { duckdb_interrupt(connection_); }
  // Of the running statement: 0..1 or negative when unknown; and rows done.
  double fraction(int64_t* rows_done);

  duckdb_connection get() const { return connection_; }
  duckdb_database database() const { return database_; }

 private:
  Connection() = default;
  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
};

// One cell of a flat vector that holds `type`.
plan::Value Cell(duckdb_vector vector, idx_t row, const plan::DataType& type);

// 'it''s', "my ""name""".
std::string QuoteText(std::string_view text);
std::string QuoteName(std::string_view name);

}  // namespace tidemill::engine::duckdb
