#include "app/pricing.h"

namespace tidemill::app {

Result<advisor::Prices> PricesOf(Program& program, const std::string& file) {
  if (file.empty()) return advisor::PricesFromJson(advisor::BuiltInPrices());
  ASSIGN_OR_RETURN(const auto text, storage::ReadAll(*program.storage, program.AbsolutePath(file)));
  return advisor::PricesFromJson(text);
}

}  // namespace tidemill::app
