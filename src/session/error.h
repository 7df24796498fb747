// Spark's errors of statements: class, SQLSTATE, message.
#pragma once

#include <string>

#include "base/error.h"
#include "plan/expr.h"

namespace tidemill::session {

Error SqlError(std::string error_class, std::string sqlstate, std::string message, Position at = {});

// `a`.`b`
std::string Quoted(const plan::Name& name);

// TABLE_OR_VIEW_NOT_FOUND and its like.
Error NoTable(const plan::Name& name, Position at = {});
Error NoSchema(const plan::Name& name, Position at = {});
// "This table does not support X", as Spark says of formats without row-level changes.
Error NoSuchOperation(const plan::Name& table, const std::string& operation);

}  // namespace tidemill::session
