// Shallow clones: tables whose files are those of another one, their source.
//
// Either side says so in a file beside its log, which other readers pass over. The source's names the clone: by it
// vacuum keeps what the clone needs, and a log cannot lead readers into the folder of a table that did not agree. The
// clone's names the folders that its files lie in.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "delta/delta.h"

namespace tidemill::delta {

// Makes `clone` (its root) known to the table at `source_root`, then the source to the clone. Doing it again does no
// harm.
Status LinkClone(const Table& clone, const std::string& source_root);

// The folders outside of the table that its files may lie in: those that its file names and that know it.
Result<std::vector<std::string>> CloneRoots(const Table& table);

// The same table, which may be read where it agreed with others.
Result<Table> WithCloneRoots(Table table);

// The roots of the clones that the table was told of, those too that are gone since.
Result<std::vector<std::string>> KnownClones(const Table& table);

}  // namespace tidemill::delta
