#include "sql/named_arguments.h"

#include "base/lower.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <vector>

#include "sql/detail/resolver_error.h"

namespace tidemill::sql {
namespace {

using plan::TypeId;

struct Parameter {
  const char* name;
  std::optional<plan::Literal> otherwise{};
};

plan::Literal Text(const char* text) { return {plan::Value{std::string(text)}, TypeId::kString}; }

const std::map<std::string, std::vector<Parameter>>& Signatures() {
  static const auto* signatures = new std::map<std::string, std::vector<Parameter>>{
      {"mask",
       {{"str"},
        {"upperChar", Text("X")},
        {"lowerChar", Text("x")},
        {"digitChar", Text("n")},
        {"otherChar", plan::Literal{{}, TypeId::kNull}}}},
      {"count_min_sketch", {{"column"}, {"epsilon"}, {"confidence"}, {"seed"}}},
      {"explode", {{"collection"}}},
      {"variant_explode", {{"input"}}},
      {"variant_explode_outer", {{"input"}}},
      {"explode_outer", {{"collection"}}},
      {"inline", {{"input"}}},
      {"inline_outer", {{"input"}}},
      {"posexplode", {{"collection"}}},
      {"posexplode_outer", {{"collection"}}},
      {"variant_explode", {{"input"}}},
      {"variant_explode_outer", {{"input"}}},
  };
  return *signatures;
}

}  // namespace

Result<plan::Call> WithPositionalArguments(const plan::Call& call, Position at) {
  auto is_named = [](const std::string& name) { return !name.empty(); };
  if (std::none_of(call.arg_names.begin(), call.arg_names.end(), is_named)) return call;
  const std::string function = LowerAscii(call.name.back());
  const std::string quoted = QuotedName({function});
  auto found = Signatures().find(function);
  if (found == Signatures().end()) {
    return AnalysisError("NAMED_PARAMETERS_NOT_SUPPORTED", "4274K",
                         "Named parameters are not supported for function <functionName>; please retry the query with "
                         "positional arguments to the function call instead.",
                         {{"functionName", quoted}}, at);
  }
  const auto& parameters = found->second;
  std::vector<plan::ExprPtr> args(parameters.size());
  bool named = false;
  for (size_t i = 0; i < call.args.size(); ++i) {
    const std::string name = i < call.arg_names.size() ? call.arg_names[i] : "";
    if (name.empty()) {
      if (named) {
        return AnalysisError("UNEXPECTED_POSITIONAL_ARGUMENT", "4274K",
                             "Cannot invoke routine <routineName> because it contains positional argument(s) following "
                             "the named argument assigned to <parameterName>; please rearrange them so the positional "
                             "arguments come first and then retry the query again.",
                             {{"routineName", quoted}, {"parameterName", QuotedName({call.arg_names[i - 1]})}}, at);
      }
      if (i >= args.size()) {
        return AnalysisError("WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "42605",
                             "The <functionName> requires <expectedNum> parameters but the actual number is "
                             "<actualNum>.",
                             {{"functionName", quoted},
                              {"expectedNum", std::to_string(parameters.size())},
                              {"actualNum", std::to_string(call.args.size())}},
                             at);
      }
      args[i] = call.args[i];
      continue;
    }
    named = true;
    auto place = std::find_if(parameters.begin(), parameters.end(), [&](const Parameter& parameter) {
      return LowerAscii(parameter.name) == LowerAscii(name);
    });
    if (place == parameters.end()) {
      return AnalysisError("UNRECOGNIZED_PARAMETER_NAME", "4274K",
                           "Cannot invoke routine <routineName> because the routine call included a named argument "
                           "reference for the argument named <argumentName>, but this routine does not include any "
                           "signature containing an argument with this name.",
                           {{"routineName", quoted}, {"argumentName", QuotedName({name})}}, at);
    }
    auto& slot = args[static_cast<size_t>(place - parameters.begin())];
    if (slot) {
      bool twice = std::count_if(call.arg_names.begin(), call.arg_names.end(),
                                 [&](const std::string& other) { return LowerAscii(other) == LowerAscii(name); }) > 1;
      return AnalysisError(twice ? "DUPLICATE_ROUTINE_PARAMETER_ASSIGNMENT.DOUBLE_NAMED_ARGUMENT_REFERENCE"
                                 : "DUPLICATE_ROUTINE_PARAMETER_ASSIGNMENT.BOTH_POSITIONAL_AND_NAMED",
                           "4274K",
                           "Call to routine <routineName> is invalid because it includes multiple argument assignments "
                           "to the same parameter name <parameterName>.",
                           {{"routineName", quoted}, {"parameterName", QuotedName({name})}}, at);
    }
    slot = call.args[i];
  }
  while (!args.empty() && !args.back()) args.pop_back();
  for (size_t i = 0; i < parameters.size(); ++i) {
    bool given = i < args.size() && args[i];
    if (given) continue;
    if (!parameters[i].otherwise) {
      return AnalysisError(
          "REQUIRED_PARAMETER_NOT_FOUND", "4274K",
          "Cannot invoke routine <routineName> because the parameter named <parameterName> is "
          "required, but the routine call did not supply a value. Please update the routine call to "
          "supply an argument value (either positionally at index <index> or by name) and retry the "
          "query again.",
          {{"routineName", quoted}, {"parameterName", QuotedName({parameters[i].name})}, {"index", std::to_string(i)}},
          at);
    }
    if (i < args.size()) args[i] = plan::MakeExpr(*parameters[i].otherwise, at);
  }
  plan::Call positional = call;
  positional.args = std::move(args);
  positional.arg_names.clear();
  return positional;
}

}  // namespace tidemill::sql
