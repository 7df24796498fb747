#include "job/curve.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "job/spec.h"

namespace tidemill::job {
namespace {

constexpr int kBits = 10;  // of a coordinate
constexpr int kParts = 1 << kBits;

std::string Coordinate(size_t i) { return fmt::format("`curve {}`", i); }

// One step of the transformation below: coordinate i takes the new value, all else stays.
class Layers {
 public:
  Layers(std::string query, std::string columns, size_t count)
      : query_(std::move(query)), columns_(std::move(columns)), count_(count) {}

  void Set(const std::vector<std::pair<size_t, std::string>>& values) {
    std::string list = columns_;
    for (size_t i = 0; i < count_; ++i) {
      std::string value = Coordinate(i);
      for (const auto& [index, text] : values) {
        if (index == i) value = fmt::format("{} AS {}", text, value);
      }
      list += ", " + value;
    }
    query_ = fmt::format("SELECT {} FROM ({})", list, query_);
  }
  const std::string& query() const { return query_; }

 private:
  std::string query_;
  std::string columns_;
  size_t count_;
};

// Skilling, "Programming the Hilbert curve" (2004): coordinates become those whose interleaved bits are the place.
void ToHilbert(Layers& layers, size_t count) {
  for (int q = kParts >> 1; q > 1; q >>= 1) {
    const int low = q - 1;
    for (size_t i = 0; i < count; ++i) {
      const std::string first = Coordinate(0), own = Coordinate(i);
      const std::string bit = fmt::format("({} & {}) != 0", own, q);
      const std::string swap = fmt::format("(({} ^ {}) & {})", first, own, low);
      if (i == 0) {
        layers.Set({{0, fmt::format("IF({}, {} ^ {}, {})", bit, first, low, first)}});
      } else {
        layers.Set({{0, fmt::format("IF({}, {} ^ {}, {} ^ {})", bit, first, low, first, swap)},
                    {i, fmt::format("IF({}, {}, {} ^ {})", bit, own, own, swap)}});
      }
    }
  }
  for (size_t i = 1; i < count; ++i) layers.Set({{i, fmt::format("{} ^ {}", Coordinate(i), Coordinate(i - 1))}});
  std::string turn = "0L";
  for (int q = kParts >> 1; q > 1; q >>= 1) {
    turn = fmt::format("{} ^ IF(({} & {}) != 0, {}L, 0L)", turn, Coordinate(count - 1), q, q - 1);
  }
  std::vector<std::pair<size_t, std::string>> turned;
  for (size_t i = 0; i < count; ++i) turned.emplace_back(i, fmt::format("{} ^ ({})", Coordinate(i), turn));
  layers.Set(turned);
}

// The coordinates' bits in turn, the highest of the first column first.
std::string Interleaved(size_t count) {
  std::vector<std::string> bits;
  for (int bit = 0; bit < kBits; ++bit) {
    for (size_t i = 0; i < count; ++i) {
      const size_t place = static_cast<size_t>(bit) * count + (count - 1 - i);
      bits.push_back(fmt::format("shiftleft(shiftright({}, {}) & 1L, {})", Coordinate(i), bit, place));
    }
  }
  return fmt::format("{}", fmt::join(bits, " + "));
}

}  // namespace

std::string OrderedText(const std::string& table, const plan::Schema& schema, const std::vector<std::string>& columns,
                        Curve curve) {
  std::vector<std::string> names;
  for (const auto& field : schema.fields) names.push_back(QuoteName(field.name));
  const std::string own = fmt::format("{}", fmt::join(names, ", "));
  std::string query = own;
  for (size_t i = 0; i < columns.size(); ++i) {
    query += fmt::format(", CAST(ntile({}) OVER (ORDER BY {}) - 1 AS BIGINT) AS {}", kParts, QuoteName(columns[i]),
                         Coordinate(i));
  }
  Layers layers(fmt::format("SELECT {} FROM {}", query, table), own, columns.size());
  if (curve == Curve::kHilbert && columns.size() > 1) ToHilbert(layers, columns.size());
  return fmt::format("SELECT {}, {} AS `curve place` FROM ({})", own, Interleaved(columns.size()), layers.query());
}

}  // namespace tidemill::job
