#include "job/bill.h"

#include <fmt/format.h>

#include "advisor/figures.h"

namespace tidemill::job {
namespace {

double Seconds(Micros duration) { return static_cast<double>(duration.count()) / 1e6; }

std::string OverBudget(const advisor::Quote& quote, const Budget& budget) {
  if (budget.dollars > 0 && quote.dollars.mid > budget.dollars) {
    return fmt::format("the run is quoted at {}, above the job's budget of {}", advisor::DollarsText(quote.dollars.mid),
                       advisor::DollarsText(budget.dollars));
  }
  if (budget.time > Micros(0) && quote.seconds.mid > Seconds(budget.time)) {
    return fmt::format("the run is quoted to take {}, above the job's budget of {}",
                       advisor::SecondsText(quote.seconds.mid), advisor::SecondsText(Seconds(budget.time)));
  }
  return "";
}

}  // namespace

Status TellQuote(const advisor::Quote& quote, const Budget& budget, bool over_budget, Teller& teller) {
  teller.Tell(event::Quoted{quote.place, quote.seconds.mid, quote.seconds.low, quote.seconds.high, quote.dollars.mid,
                            quote.dollars.low, quote.dollars.high, static_cast<int64_t>(quote.memory_bytes)});
  const std::string over = OverBudget(quote, budget);
  if (over.empty() || over_budget) return Ok();
  return FailedPrecondition(over + "; --over-budget runs it all the same");
}

double TellInvoice(const advisor::Quote& quote, Micros duration, const std::optional<HandedOver>& before,
                   Teller& teller) {
  const double price = quote.seconds.mid > 0 ? quote.dollars.mid / quote.seconds.mid : 0;
  const double seconds = Seconds(duration), dollars = seconds * price;
  teller.Tell(event::Invoiced{quote.place, seconds, dollars, quote.seconds.mid, quote.dollars.mid,
                              seconds + (before ? before->seconds : 0), dollars + (before ? before->dollars : 0)});
  return dollars;
}

}  // namespace tidemill::job
