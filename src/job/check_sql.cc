#include <fmt/format.h>

#include "job/parse.h"
#include "sql/parser.h"

namespace tidemill::job {
using document::Diagnostics;
namespace {

void AddError(const SqlText& sql, std::string key, const Error& error, Diagnostics& out) {
  Error bare = error;
  bare.at = {};
  out.Error(sql.PlaceOf(error.at), std::move(key), bare.ToString());
}

}  // namespace

void CheckSqlSyntax(const Job& job, Diagnostics& out) {
  sql::ParseOptions options;
  options.ansi = job.ansi();
  for (const auto& source : job.sources) {
    if (source.schema_text.empty()) continue;
    const auto schema = sql::ParseSchema(source.schema_text);
    if (!schema.ok()) {
      AddError({source.schema_text, source.at}, fmt::format("sources.{}.schema", source.name), schema.error(), out);
    }
  }
  for (const auto& step : job.steps) {
    if (step.sql.text.empty()) continue;
    const auto query = sql::ParseQuery(step.sql.text, options);
    if (!query.ok()) AddError(step.sql, fmt::format("steps[{}]", step.name), query.error(), out);
  }
  for (const auto& check : job.checks) {
    for (const SqlText* text : {&check.expression, &check.where}) {
      if (text->text.empty()) continue;
      const auto predicate = sql::ParseExpression(text->text, options);
      if (!predicate.ok()) AddError(*text, fmt::format("checks[{}]", check.name), predicate.error(), out);
    }
  }
}

}  // namespace tidemill::job
