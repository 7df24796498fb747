#include "job/ledger_json.h"

#include <nlohmann/json.hpp>

namespace tidemill::job {

using Json = nlohmann::ordered_json;

Json JsonOf(const LedgerRun& run) {
  const auto& f = run.figures;
  return {{"id", run.id},
          {"run_key", run.run_key},
          {"attempt", run.attempt},
          {"job", run.job},
          {"window", run.window},
          {"engine", run.engine},
          {"table", run.table},
          {"started", run.started},
          {"finished", run.finished.empty() ? Json(nullptr) : Json(run.finished)},
          {"outcome", run.outcome},
          {"message", run.message},
          {"version", f.version},
          {"duration_ms", static_cast<double>(f.duration.count()) / 1000},
          {"rows_in", f.rows_in},
          {"rows_written", f.rows_written},
          {"rows_quarantined", f.rows_quarantined},
          {"rows_malformed", f.rows_malformed},
          {"files_written", f.files_written},
          {"bytes_read", f.bytes_read},
          {"bytes_written", f.bytes_written},
          {"peak_memory_bytes", f.peak_memory_bytes},
          {"peak_spill_bytes", f.peak_spill_bytes},
          {"class", run.job_class},
          {"tags", run.tags},
          {"quoted_seconds", run.quoted_seconds < 0 ? Json(nullptr) : Json(run.quoted_seconds)},
          {"dollars", run.dollars < 0 ? Json(nullptr) : Json(run.dollars)}};
}

Json JsonOf(const LedgerCheck& check) {
  return {{"check", check.check}, {"kind", check.kind}, {"on_fail", check.on_fail}, {"status", check.status},
          {"bad", check.bad},     {"rows", check.rows}, {"message", check.message}};
}

Json JsonOf(const Cost& cost, const std::string& by) {
  return {{by, cost.group},
          {"runs", cost.runs},
          {"seconds", cost.seconds},
          {"bytes_read", cost.bytes_read},
          {"dollars", cost.dollars},
          {"dollars_per_gb", cost.dollars_per_gb()},
          {"median_quote_error", cost.median_quote_error ? Json(*cost.median_quote_error) : Json(nullptr)}};
}

}  // namespace tidemill::job
