#include "advisor/plan_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "advisor/figures.h"

namespace tidemill::advisor {
namespace {

using Json = nlohmann::ordered_json;

class Painter {
 public:
  explicit Painter(bool color) : color_(color) {}
  std::string Bold(const std::string& text) const { return Wrap("1", text); }
  std::string Dim(const std::string& text) const { return Wrap("2", text); }
  std::string Good(const std::string& text) const { return Wrap("32", text); }
  std::string Changed(const std::string& text) const { return Wrap("33", text); }
  std::string Bad(const std::string& text) const { return Wrap("31", text); }

 private:
  std::string Wrap(const char* code, const std::string& text) const {
    return color_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
  }
  bool color_;
};

std::string Heading(const Decision& decision) {
  return decision.about.empty() ? decision.topic : decision.topic + " " + decision.about;
}

std::string Range(const Interval& interval, std::string (*text)(double)) {
  return fmt::format("{} ({} to {})", text(interval.mid), text(interval.low), text(interval.high));
}

Json IntervalJson(const Interval& interval) { return {interval.low, interval.mid, interval.high}; }

}  // namespace

std::string DecisionsText(const Plan& plan, const Plan* before, const TextStyle& style) {
  const Painter paint(style.color);
  std::string text;
  const auto line = [&](const char* word, const std::string& what) {
    if (!what.empty()) text += fmt::format("    {} {}\n", paint.Dim(fmt::format("{:<9}", word)), what);
  };
  for (const auto& decision : plan.decisions) {
    const Decision* was = FindSame(before, decision);
    const bool changed = was != nullptr && was->what != decision.what;
    const bool fresh = before != nullptr && was == nullptr;
    const char* mark = changed ? "~" : fresh ? "+" : " ";
    const std::string what = changed ? fmt::format("{} -> {}", was->what, decision.what) : decision.what;
    text += fmt::format("{} {}: {}\n", changed || fresh ? paint.Changed(mark) : mark, paint.Bold(Heading(decision)),
                        changed ? paint.Changed(what) : what);
    if (!style.reasons) continue;
    if (decision.figures.empty() && decision.changes.empty()) {  // a setting: its name is how to override it
      text.insert(text.size() - 1, paint.Dim("  (" + decision.why + ")"));
      continue;
    }
    line("because", decision.why);
    std::string figures;
    for (const auto& [name, value] : decision.figures) {
      figures += fmt::format("{}{}: {}", figures.empty() ? "" : "; ", name, value);
    }
    line("from", figures);
    line("changes", decision.changes);
    line("override", decision.override_with);
  }
  if (before == nullptr) return text;
  for (const auto& decision : before->decisions) {
    if (FindSame(&plan, decision) == nullptr) {
      text += fmt::format("{} {}: {}\n", paint.Bad("-"), paint.Bold(Heading(decision)), decision.what);
    }
  }
  return text;
}

std::string QuotesText(const Plan& plan, const TextStyle& style) {
  const Painter paint(style.color);
  std::string text;
  for (const auto& quote : plan.quotes) {
    const double gb = quote.bytes_read / 1e9;
    const double per_gb = gb > 0 ? quote.dollars.mid / gb : 0;
    text += fmt::format("{} {}\n", quote.fits ? paint.Good("fits ") : paint.Bad("no   "), paint.Bold(quote.place));
    text += fmt::format("      {}, {}\n", Range(quote.seconds, SecondsText), Range(quote.dollars, DollarsText));
    std::string more;
    if (quote.memory_bytes > 0) more += BytesText(quote.memory_bytes) + " memory; ";
    more += fmt::format("reads {}, writes {}", BytesText(quote.bytes_read), BytesText(quote.bytes_written));
    if (gb >= 0.1) {
      more += fmt::format("; {} a GB of {}", DollarsText(per_gb), DollarsText(kProcessingPerGb));
    }
    if (!quote.problem.empty()) more += "; " + quote.problem;
    text += fmt::format("      {}\n", paint.Dim(more));
  }
  return text;
}

std::string PlanJson(const Plan& plan) {
  Json decisions = Json::array(), quotes = Json::array(), salts = Json::array();
  for (const auto& decision : plan.decisions) {
    Json figures = Json::object();
    for (const auto& [name, value] : decision.figures) figures[name] = value;
    decisions.push_back({{"topic", decision.topic},
                         {"about", decision.about},
                         {"what", decision.what},
                         {"why", decision.why},
                         {"figures", figures},
                         {"changes", decision.changes},
                         {"override", decision.override_with}});
  }
  for (const auto& quote : plan.quotes) {
    quotes.push_back({{"place", quote.place},
                      {"engine", quote.engine},
                      {"seconds", IntervalJson(quote.seconds)},
                      {"dollars", IntervalJson(quote.dollars)},
                      {"memory_bytes", quote.memory_bytes},
                      {"bytes_read", quote.bytes_read},
                      {"bytes_written", quote.bytes_written},
                      {"fits", quote.fits},
                      {"problem", quote.problem}});
  }
  for (const auto& salt : plan.salts) {
    salts.push_back({{"step", salt.step},
                     {"table", salt.table},
                     {"other", salt.other},
                     {"column", salt.column},
                     {"values", salt.values},
                     {"count", salt.count}});
  }
  const Cluster& c = plan.cluster;
  const Json cluster = {{"master", c.master},
                        {"core", c.core},
                        {"core_nodes", c.core_nodes},
                        {"core_spot_share", c.core_spot_share},
                        {"task", c.task},
                        {"task_nodes", c.task_nodes},
                        {"dedicated", c.dedicated},
                        {"hourly_on_demand", c.hourly_on_demand},
                        {"hourly_spot", c.hourly_spot}};
  const Json json = {{"v", 1},
                     {"job", plan.job},
                     {"stands_on", plan.stands_on},
                     {"engine", plan.engine},
                     {"place", plan.place},
                     {"over_budget", plan.over_budget},
                     {"shuffle_partitions", plan.shuffle_partitions},
                     {"side_by_side", plan.side_by_side},
                     {"spark_conf", plan.spark_conf},
                     {"broadcasts", plan.broadcasts},
                     {"salts", salts},
                     {"cluster", cluster},
                     {"quotes", quotes},
                     {"decisions", decisions}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

Result<Plan> PlanFromJson(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return InvalidArgument("the plan is not a JSON object");
  Plan plan;
  const auto interval = [](const Json& value) { return Interval{value.at(0), value.at(1), value.at(2)}; };
  try {
    if (json.at("v") != 1) return InvalidArgument("the plan is of another version of this program");
    json.at("job").get_to(plan.job);
    json.at("stands_on").get_to(plan.stands_on);
    json.at("engine").get_to(plan.engine);
    json.at("place").get_to(plan.place);
    json.at("over_budget").get_to(plan.over_budget);
    json.at("shuffle_partitions").get_to(plan.shuffle_partitions);
    json.at("side_by_side").get_to(plan.side_by_side);
    json.at("spark_conf").get_to(plan.spark_conf);
    json.at("broadcasts").get_to(plan.broadcasts);
    for (const auto& salt : json.at("salts")) {
      plan.salts.push_back({salt.at("step"), salt.at("table"), salt.at("other"), salt.at("column"), salt.at("values"),
                            salt.at("count")});
    }
    const Json& cluster = json.at("cluster");
    Cluster& c = plan.cluster;
    c.master = cluster.at("master");
    c.core = cluster.at("core");
    c.core_nodes = cluster.at("core_nodes");
    c.core_spot_share = cluster.at("core_spot_share");
    c.task = cluster.at("task");
    c.task_nodes = cluster.at("task_nodes");
    c.dedicated = cluster.at("dedicated");
    c.hourly_on_demand = cluster.at("hourly_on_demand");
    c.hourly_spot = cluster.at("hourly_spot");
    for (const auto& quote : json.at("quotes")) {
      plan.quotes.push_back({quote.at("place"), quote.at("engine"), interval(quote.at("seconds")),
                             interval(quote.at("dollars")), quote.at("memory_bytes"), quote.at("bytes_read"),
                             quote.at("bytes_written"), quote.at("fits"), quote.at("problem")});
    }
    for (const auto& decision : json.at("decisions")) {
      Decision& made = plan.decisions.emplace_back();
      made.topic = decision.at("topic");
      made.about = decision.at("about");
      made.what = decision.at("what");
      made.why = decision.at("why");
      for (const auto& [name, value] : decision.at("figures").items()) made.figures.emplace_back(name, value);
      made.changes = decision.at("changes");
      made.override_with = decision.at("override");
    }
  } catch (const Json::exception& error) {
    return InvalidArgument(std::string("the plan: ") + error.what());
  }
  return plan;
}

}  // namespace tidemill::advisor
