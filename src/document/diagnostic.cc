#include "document/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <tuple>

namespace tidemill::document {

std::string Diagnostic::ToString() const {
  std::string text = at.file;
  if (at.line > 0 && !at.file.empty()) text += fmt::format(":{}:{}", at.line, at.column);
  if (!text.empty()) text += ": ";
  if (warning) text += "warning: ";
  if (!key.empty()) text += key + ": ";
  text += message;
  if (!suggestion.empty()) text += "; " + suggestion;
  return text;
}

void Diagnostics::Error(const Place& at, std::string key, std::string message, std::string suggestion) {
  list_.push_back({at, std::move(key), std::move(message), std::move(suggestion), false});
  ++errors_;
}

void Diagnostics::Error(const Place& at, std::string key, const tidemill::Error& cause) {
  Error(at, std::move(key), cause.ToString());
  list_.back().kind = cause.kind;
}

void Diagnostics::Warning(const Place& at, std::string key, std::string message, std::string suggestion) {
  list_.push_back({at, std::move(key), std::move(message), std::move(suggestion), true});
}

std::vector<Diagnostic> Diagnostics::Sorted() const {
  std::vector<Diagnostic> sorted = list_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.at.file, a.at.line, a.at.column) < std::tie(b.at.file, b.at.line, b.at.column);
  });
  return sorted;
}

tidemill::Error AsError(const Diagnostics& diagnostics) {
  constexpr ErrorKind kWorlds[] = {ErrorKind::kDataLoss, ErrorKind::kUnavailable, ErrorKind::kPermissionDenied,
                                   ErrorKind::kResourceExhausted, ErrorKind::kInternal};
  std::string text;
  auto kind = ErrorKind::kInvalidArgument;
  for (const auto& diagnostic : diagnostics.Sorted()) {
    if (diagnostic.warning) continue;
    if (std::find(std::begin(kWorlds), std::end(kWorlds), diagnostic.kind) != std::end(kWorlds)) kind = diagnostic.kind;
    if (!text.empty()) text += "\n";
    text += diagnostic.ToString();
  }
  return tidemill::Error{.kind = kind, .message = std::move(text)};
}

}  // namespace tidemill::document
