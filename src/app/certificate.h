// Certificates: for which spec of a job both engines were seen to give the same rows (`tidemill verify`).
#pragma once

#include <string>

#include "app/program.h"
#include "job/run_key.h"
#include "job/spec.h"

namespace tidemill::app {

// Beside the ledger: one file for a job and a spec.
std::string CertificatePath(Program& program, const MachineFlags& flags, const job::RunKey& key);

// Whether one is there, made by this version of the program.
bool IsCertified(Program& program, const MachineFlags& flags, const job::RunKey& key);

}  // namespace tidemill::app
