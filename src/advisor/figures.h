// Estimated figures as people read them.
#pragma once

#include <string>

namespace tidemill::advisor {

std::string BytesText(double bytes);      // "412.0 MB"
std::string SecondsText(double seconds);  // "4.3 s"
std::string CountText(double count);      // "336,776"
std::string ShareText(double share);      // "52 %", "0.7 %"
std::string DollarsText(double dollars);  // "$0.0042", "$12.30"

}  // namespace tidemill::advisor
