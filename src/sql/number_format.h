// number_format.h: the formats of to_number and to_char: 0 9 . D , G $ S MI PR (Spark's ToNumberParser). Pure
// functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plan/value.h"

namespace tidemill::sql {

class NumberFormat {
 public:
  // INVALID_FORMAT.* where it is none.
  static Result<NumberFormat> Read(std::string_view text);

  int precision() const { return before_ + after_; }
  int scale() const { return after_; }
  // The unscaled digits at scale(); nothing where the text does not match.
  std::optional<plan::Int128> Parse(std::string_view text) const;
  // `digits` at `scale`; more of them than the format has give '#'.
  std::string Format(plan::Int128 digits, int scale) const;

 private:
  enum class Kind { kDigits, kPoint, kDollar, kSign, kMinus, kOpen, kClose, kOther };
  // The sizes of a run of digits between separators; `exact` where it begins with 0 before the point.
  struct Group {
    int size = 0;
    bool exact = false;
  };
  struct Token {
    Kind kind = Kind::kDigits;
    std::vector<Group> groups{};   // kDigits, left to right; a separator lies between two
    bool loose_separator = false;  // a separator without digits on both sides
    std::string name{};
  };

  static std::vector<Token> Tokens(std::string_view text);
  Status Check(std::string_view text) const;
  bool ParseDigits(const Token& token, std::string_view& text, bool fraction, std::string& out) const;
  void FormatDigits(const Token& token, const std::string& digits, size_t& at, bool fraction, std::string& out) const;

  std::vector<Token> tokens_;
  int before_ = 0;
  int after_ = 0;
};

}  // namespace tidemill::sql
