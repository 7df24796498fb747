#include "app/certificate.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace tidemill::app {

std::string CertificatePath(Program& program, const MachineFlags& flags, const job::RunKey& key) {
  const std::string state = program.StatePath(flags);
  return fmt::format("{}/certificates/{}-{}.json", state.substr(0, state.rfind('/')), key.job, key.spec_hash);
}

bool IsCertified(Program& program, const MachineFlags& flags, const job::RunKey& key) {
  const auto text = storage::ReadAll(*program.storage, CertificatePath(program, flags, key));
  if (!text.ok()) return false;
  const auto certificate = nlohmann::json::parse(*text, nullptr, false);
  return certificate.is_object() && certificate.value("spec_hash", "") == key.spec_hash &&
         certificate.value("tidemill", "") == program.version;
}

}  // namespace tidemill::app
