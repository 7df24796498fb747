// SHA-1 (FIPS 180-4), only because the AWS CLI names its cache of SSO tokens by it.
#pragma once

#include <string>
#include <string_view>

namespace tidemill::cloud::aws {

// 40 lower-case hexadecimal digits.
std::string Sha1Hex(std::string_view bytes);

}  // namespace tidemill::cloud::aws
