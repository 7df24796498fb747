#include "sql/functions.h"

#include "base/lower.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <unordered_map>

#include "base/result.h"
#include "sql/detail/resolver_function_rows.h"

namespace tidemill::sql {

using plan::DataType;
using plan::TypeId;

namespace {

const std::map<std::string_view, DataType>& PlainTypes() {
  static const auto* types = new std::map<std::string_view, DataType>{
      {"void", TypeId::kNull},
      {"boolean", TypeId::kBoolean},
      {"tinyint", TypeId::kByte},
      {"smallint", TypeId::kShort},
      {"int", TypeId::kInt},
      {"bigint", TypeId::kLong},
      {"float", TypeId::kFloat},
      {"double", TypeId::kDouble},
      {"string", TypeId::kString},
      {"binary", TypeId::kBinary},
      {"date", TypeId::kDate},
      {"timestamp", TypeId::kTimestamp},
      {"timestamp_ntz", TypeId::kTimestampNtz},
      {"interval", TypeId::kCalendarInterval},
      {"ym", DataType::YearMonth()},
      {"dt", DataType::DayTime()},
      {"days", DataType::DayTime(plan::IntervalField::kDay, plan::IntervalField::kDay)},
      {"variant", TypeId::kVariant},
  };
  return *types;
}

const std::map<std::string_view, Pattern::Kind>& Classes() {
  static const auto* classes = new std::map<std::string_view, Pattern::Kind>{
      {"any", Pattern::Kind::kAny},           {"numeric", Pattern::Kind::kNumeric},
      {"integral", Pattern::Kind::kIntegral}, {"decimal", Pattern::Kind::kDecimal},
      {"datetime", Pattern::Kind::kDatetime}, {"text", Pattern::Kind::kText},
      {"struct", Pattern::Kind::kStruct},
  };
  return *classes;
}

// Reads the little language of functions.h. The text is ours: a mistake in it is a bug.
class SignatureReader {
 public:
  explicit SignatureReader(std::string_view text) : text_(text) {}

  std::vector<Signature> ReadAll() {
    std::vector<Signature> all;
    do {
      all.push_back(ReadSignature());
    } while (Take('|'));
    CHECK(at_ == text_.size());
    return all;
  }

 private:
  Signature ReadSignature() {
    Signature signature;
    CHECK(Take('('));
    if (!Take(')')) {
      do {
        signature.params.push_back(ReadParameter());
      } while (Take(','));
      CHECK(Take(')'));
    }
    signature.result = ReadPattern();
    if (Take('?')) signature.nulls = Signature::Nulls::kAlways;
    if (Take('!')) signature.nulls = Signature::Nulls::kNever;
    if (Take('&')) signature.nulls = Signature::Nulls::kAllArguments;
    return signature;
  }

  FunctionParameter ReadParameter() {
    FunctionParameter param;
    param.pattern = ReadPattern();
    if (Take('=')) param.otherwise = ReadLiteral();
    if (Take('*')) param.repeat = FunctionParameter::Repeat::kAny;
    if (text_.substr(at_, 3) == "...") {
      at_ += 3;
      param.repeat = FunctionParameter::Repeat::kOneOrMore;
    }
    return param;
  }

  std::pair<plan::Value, DataType> ReadLiteral() {
    if (Take('\'')) {
      size_t end = text_.find('\'', at_);
      std::string body(text_.substr(at_, end - at_));
      at_ = end + 1;
      return {plan::Value{body}, TypeId::kString};
    }
    std::string word = ReadWord();
    if (word == "true" || word == "false") return {plan::Value{word == "true"}, TypeId::kBoolean};
    if (word == "null") return {plan::Value{}, TypeId::kNull};
    return {plan::Value{int64_t{std::stoll(word)}}, TypeId::kInt};
  }

  Pattern ReadPattern() {
    Pattern pattern;
    if (Take('$')) {
      pattern.kind = Pattern::Kind::kArgument;
      pattern.argument = std::stoi(ReadWord()) - 1;
      return pattern;
    }
    std::string word = ReadWord();
    if (auto plain = PlainTypes().find(word); plain != PlainTypes().end()) {
      pattern.kind = Pattern::Kind::kType;
      pattern.type = plain->second;
    } else if (word.size() == 1 && std::isupper(static_cast<unsigned char>(word[0]))) {
      pattern.kind = Pattern::Kind::kVariable;
      pattern.variable = word[0];
    } else if (word == "array" || word == "map") {
      pattern.kind = word == "array" ? Pattern::Kind::kArray : Pattern::Kind::kMap;
      ReadChildren('<', '>', pattern);
    } else if (word == "fn") {
      pattern.kind = Pattern::Kind::kLambda;
      ReadChildren('(', ')', pattern);
      CHECK(Take(':'));
      pattern.children.push_back(ReadPattern());
    } else {
      auto known = Classes().find(word);
      CHECK(known != Classes().end());
      pattern.kind = known->second;
      if (pattern.kind == Pattern::Kind::kStruct && Peek() == '<') ReadFields(pattern);
    }
    return pattern;
  }

  void ReadChildren(char open, char close, Pattern& pattern) {
    CHECK(Take(open));
    do {
      pattern.children.push_back(ReadPattern());
    } while (Take(','));
    CHECK(Take(close));
  }

  void ReadFields(Pattern& pattern) {
    CHECK(Take('<'));
    do {
      pattern.names.push_back(ReadWord());
      CHECK(Take(':'));
      pattern.children.push_back(ReadPattern());
    } while (Take(','));
    CHECK(Take('>'));
  }

  std::string ReadWord() {
    SkipSpace();
    size_t begin = at_;
    while (at_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_' || text_[at_] == '-')) {
      ++at_;
    }
    CHECK(at_ > begin);
    return std::string(text_.substr(begin, at_ - begin));
  }

  void SkipSpace() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  char Peek() {
    SkipSpace();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool Take(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
};

struct Registry {
  std::vector<std::unique_ptr<Function>> functions;
  std::unordered_map<std::string, const Function*> by_name;
  std::vector<std::string> names;

  Registry() {
    for (auto rows : {OperatorRows(), StringRows(), MathRows(), DatetimeRows(), CollectionRows(), ConditionalRows()}) {
      Add(rows, FunctionKind::kScalar);
    }
    Add(AggregateRows(), FunctionKind::kAggregate);
    Add(WindowRows(), FunctionKind::kWindow);
    Add(GeneratorRows(), FunctionKind::kGenerator);
  }

  void Add(std::span<const FunctionRow> rows, FunctionKind kind) {
    for (const auto& row : rows) Add(row, kind);
  }

  void Add(const FunctionRow& row, FunctionKind kind) {
    auto function = std::make_unique<Function>();
    function->kind = kind;
    if (std::string_view(row.signatures) != "custom") function->signatures = SignatureReader(row.signatures).ReadAll();
    std::string_view rest = row.names;
    while (!rest.empty()) {
      size_t space = rest.find(' ');
      std::string name(rest.substr(0, space));
      rest = space == std::string_view::npos ? std::string_view() : rest.substr(space + 1);
      if (function->name.empty()) function->name = name;
      CHECK(by_name.emplace(name, function.get()).second);
      if (std::isalpha(static_cast<unsigned char>(name[0]))) names.push_back(name);
    }
    functions.push_back(std::move(function));
  }
};

const Registry& TheRegistry() {
  static const auto* registry = new Registry;
  return *registry;
}

}  // namespace

int Signature::least_args() const {
  int count = 0;
  for (const auto& param : params) {
    if (!param.otherwise && param.repeat != FunctionParameter::Repeat::kAny) ++count;
  }
  return count;
}

int Signature::most_args() const {
  if (!params.empty() && params.back().repeat != FunctionParameter::Repeat::kOnce) return -1;
  return static_cast<int>(params.size());
}

const Function* FindFunction(std::string_view name) {
  std::string lower = LowerAscii(name);
  auto found = TheRegistry().by_name.find(lower);
  return found == TheRegistry().by_name.end() ? nullptr : found->second;
}

std::vector<const Function*> AllFunctions() {
  std::vector<const Function*> all;
  for (const auto& function : TheRegistry().functions) all.push_back(function.get());
  return all;
}

const std::vector<std::string>& FunctionNames() { return TheRegistry().names; }

std::vector<std::string> ListedFunctions() {
  static constexpr std::string_view kOfTheGrammar[] = {
      "iff",    "ilike_all", "ilike_any",  "isdistinctfrom", "isfalse",  "isnotfalse",   "isnottrue",    "isnotunknown",
      "istrue", "isunknown", "json_field", "like_all",       "like_any", "timestampadd", "timestampdiff"};
  static constexpr std::string_view kNoRows[] = {
      "!",  "!=", "%",  "&",  "*",   "+", "-", "/",  "<", "<<",   "<=",   "<=>",  "<>",    "=",
      "==", ">",  ">=", ">>", ">>>", "^", "|", "||", "~", "case", "cast", "when", "range", "sql_keywords"};
  std::vector<std::string> listed(std::begin(kNoRows), std::end(kNoRows));
  for (const auto& name : FunctionNames()) {
    if (std::ranges::find(kOfTheGrammar, name) == std::end(kOfTheGrammar)) listed.push_back(name);
  }
  std::ranges::sort(listed);
  listed.erase(std::unique(listed.begin(), listed.end()), listed.end());
  return listed;
}

}  // namespace tidemill::sql
