#include "app/pricing.h"

namespace tidemill::app {

Result<advisor::Prices> PricesOf(Program& program, const std::string& file) {
  if (file.empty()) return advisor::PricesFromJson(advisor::BuiltInPrices());
  ASSIGN_OR_RETURN(const auto text, storage::ReadAll(*program.storage, program.AbsolutePath(file)));
  return advisor::PricesFromJson(text);
}

std::string RatesPath(Program& program, const MachineFlags& flags) {
  const std::string state = program.StatePath(flags);
  return state.substr(0, state.rfind('/')) + "/rates.json";
}

Result<advisor::Rates> RatesOf(Program& program, const MachineFlags& flags) {
  const std::string path = RatesPath(program, flags);
  if (!program.storage->Stat(path).ok()) return advisor::Rates();
  ASSIGN_OR_RETURN(const auto text, storage::ReadAll(*program.storage, path));
  auto rates = advisor::RatesFromJson(text);
  if (!rates.ok()) return InvalidArgument(path + ": " + rates.error().message);
  return rates;
}

}  // namespace tidemill::app
