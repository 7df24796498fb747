// Quote and invoice of a run, told as events; the same for every engine.
#pragma once

#include "advisor/quote.h"
#include "base/result.h"
#include "job/event.h"
#include "job/run.h"
#include "job/spec.h"

namespace tidemill::job {

// Tells the quote. kFailedPrecondition when it is above the job's budget, unless `over_budget`.
Status TellQuote(const advisor::Quote& quote, const Budget& budget, bool over_budget, Teller& teller);

// The quote's price of a second, for the seconds it took; what attempts before it took is in the sum. Gives the dollars
// of this attempt.
double TellInvoice(const advisor::Quote& quote, Micros duration, const std::optional<HandedOver>& before,
                   Teller& teller);

}  // namespace tidemill::job
