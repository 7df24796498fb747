// "Table Features" and protocol versions: what this program can read and write, by name.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/actions.h"
#include "plan/type.h"

namespace tidemill::delta {

// kUnimplemented naming the feature (or version) that a reader would need.
Status CheckReadable(const Protocol& protocol);
// Whether a commit that changes data may be made. `rows_conform`: see CommitOptions.
Status CheckWritable(const Protocol& protocol, const Metadata& metadata, const plan::Schema& schema, bool rows_conform);

// "CHECK Constraints": what the table's configuration demands of every row, SQL by the constraint's name.
StringMap CheckConstraintsOf(const StringMap& configuration);

// Properties "delta.feature.<name>" = "supported" ask for a feature in a table's first protocol, or in an upgrade; they
// are no part of the metadata.
void DropFeatureRequests(StringMap& configuration);

// kFailedPrecondition for a column with a DEFAULT in a table whose protocol does not allow it.
Status CheckDefaultsAllowed(const Protocol& protocol, const Metadata& metadata, const plan::Schema& schema);

// Whether the protocol has the writer feature, by list or by an old version number that implied it.
bool HasWriterFeature(const Protocol& protocol, const std::string& feature);

// The least protocol a new table of this metadata needs: (1,2), or (3,7) with features. kUnimplemented when it asks for
// a feature that is not here.
Result<Protocol> ProtocolFor(const Metadata& metadata, const plan::Schema& schema);

// The protocol an existing table needs so that this metadata may replace its own; none when it needs no change.
Result<std::optional<Protocol>> UpgradeFor(const Protocol& protocol, const Metadata& metadata,
                                           const plan::Schema& schema);

}  // namespace tidemill::delta
