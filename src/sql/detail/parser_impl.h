// The recursive-descent parser behind parser.h; its methods are spread over parser_*.cc by subject.
//
// Inside, a failure is a null pointer or false, and the first error is kept in the parser: frames stay small, which is
// what lets a deep query be refused by max_depth long before the stack ends. Entry points turn it into a Result.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sql/interval_literal.h"
#include "sql/lexer.h"
#include "sql/parser.h"

namespace tidemill::sql {

class Parser {
 public:
  Parser(std::string_view text, const ParseOptions& options);

  std::vector<plan::Statement> ParseStatements();
  plan::RelationPtr ParseWholeQuery();
  plan::ExprPtr ParseWholeExpression();
  bool ParseWholeType(plan::DataType* type);
  bool ParseWholeSchema(plan::Schema* schema);

  bool failed() const { return error_.has_value(); }
  Error TakeError() { return std::move(*error_); }

 private:
  struct BinaryOperator {
    std::string_view name;
    int precedence = 0;  // the larger binds the tighter
    size_t tokens = 1;
  };

  // One level of nesting. The tree built so far inside the innermost level is at most `height_` levels high; together
  // with `depth_` that bounds every tree, left-deep chains included, so that no recursion over it can run away.
  class Level {
   public:
    explicit Level(Parser* parser) : parser_(parser), outer_height_(parser->height_) {
      ++parser_->depth_;
      parser_->height_ = 0;
      if (parser_->depth_ > parser_->options_.max_depth) parser_->FailTooDeep();
    }
    ~Level() {
      --parser_->depth_;
      parser_->height_ = std::max(outer_height_, parser_->height_ + 1);
    }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Parser* parser_;
    int outer_height_;
  };

  // One of several subtrees side by side: their heights do not add up.
  class Branch {
   public:
    explicit Branch(Parser* parser) : parser_(parser), outer_height_(parser->height_) { parser_->height_ = 0; }
    ~Branch() { parser_->height_ = std::max(outer_height_, parser_->height_); }
    Branch(const Branch&) = delete;
    Branch& operator=(const Branch&) = delete;

   private:
    Parser* parser_;
    int outer_height_;
  };

  // ---- tokens (parser.cc)
  const Token& Peek(size_t ahead = 0) const { return tokens_[std::min(next_ + ahead, tokens_.size() - 1)]; }
  const Token& Last() const { return tokens_[next_ - 1]; }
  void Advance() { next_ += next_ + 1 < tokens_.size(); }
  bool Is(TokenKind kind, size_t ahead = 0) const { return Peek(ahead).kind == kind; }
  bool Is(Keyword keyword, size_t ahead = 0) const { return Peek(ahead).keyword == keyword; }
  bool IsAny(std::initializer_list<Keyword> keywords, size_t ahead = 0) const;
  template <typename What>
  bool Take(What what) {
    if (!Is(what)) return false;
    Advance();
    return true;
  }
  bool Take(Keyword first, Keyword second) {
    if (!Is(first) || !Is(second, 1)) return false;
    next_ += 2;
    return true;
  }
  bool Expect(TokenKind kind);
  bool Expect(Keyword keyword);
  bool Expect(Keyword first, Keyword second) { return Expect(first) && Expect(second); }
  // Do two tokens touch, as in `>>`?
  bool Touching(size_t ahead) const { return Peek(ahead).text.end() == Peek(ahead + 1).text.begin(); }
  // The place after the parenthesis that closes the one at `open`; the end of the text when none does.
  size_t AfterParen(size_t open) const { return closing_[open] + 1; }

  // ---- errors (parser_error.cc)
  bool Fail(Error error, Position at);
  bool Fail(std::string error_class, std::string sqlstate, std::string message, Position at);
  bool FailSyntax(std::string_view expected);
  bool FailTooDeep();
  bool Refuse(std::string what, Position at);
  // What FailSyntax says of a token that is no token.
  bool FailBroken(const Token& token);
  std::string MisspellingHint() const;
  // Counts one more link of a left-deep chain.
  bool Deepen();

  // ---- names (parser_name.cc)
  bool IsName(size_t ahead = 0) const;        // an identifier, keywords included where they may be
  bool IsStrictName(size_t ahead = 0) const;  // not a word of joins and set operations
  bool IsImplicitAlias(bool strict) const;    // a name without AS that does not begin the next clause
  bool BeginsClause() const;
  bool ParseName(std::string* name, std::string_view expected = "a name");
  bool ParseNameList(std::vector<std::string>* names);      // (a, b)
  bool ParseBareNameList(std::vector<std::string>* names);  // a, b
  bool ParseQualifiedName(plan::Name* name, std::string_view expected = "a name");
  bool ParseIdentifierText(std::string* name);  // IDENTIFIER('literal')
  bool IsIdentifierClause(size_t ahead = 0) const;
  bool ParseIdentifierClause(plan::Name* name, plan::ExprPtr* expr);
  bool ParseNameText(const std::string& text, Position at, plan::Name* name);
  static std::optional<std::string> ConstantText(const plan::ExprPtr& expr);
  bool ParseAliasAndColumns(std::string* alias, std::vector<std::string>* columns);

  // ---- queries (parser_query.cc)
  bool StartsQuery(size_t at) const;
  bool StartsParenthesizedQuery(size_t open) const;
  bool ContinuesQuery(size_t at) const;
  plan::RelationPtr ParseQuery();
  bool ParseCommonTables(plan::With* with);
  bool ParseCommonTable(bool recursive, plan::CommonTable* table);
  plan::RelationPtr ParseQueryTerm();
  plan::RelationPtr ParseIntersections();
  plan::RelationPtr ParseQueryPrimary();
  plan::RelationPtr CombineQueries(plan::RelationPtr left, plan::SetOpKind kind, Position at, bool intersect_binds);
  plan::RelationPtr ParseQueryOrganization(plan::RelationPtr input, bool piped = false);
  bool ParseSorting(plan::RelationPtr* query);
  bool ParseLateWindows(plan::RelationPtr* query);
  bool ParseLimit(plan::RelationPtr* query);
  plan::RelationPtr ParseFromFirst();
  plan::RelationPtr ParseInlineTable();
  bool ParseSortKeys(std::vector<plan::SortKey>* keys);
  bool ParseSortKey(plan::SortKey* key);

  // ---- one SELECT (parser_select.cc)
  plan::RelationPtr ParseSelect(plan::RelationPtr from);
  bool ParseHints(std::vector<plan::Hint>* hints);
  bool ParseHint(plan::Hint* hint);
  bool ParseGroupBy(plan::Grouping* grouping);
  bool ParseGroupingElement(plan::Grouping* element);
  bool ParseGroupingSets(std::vector<std::vector<plan::ExprPtr>>* sets);
  bool ParseGroupingSet(std::vector<plan::ExprPtr>* set);
  bool ParseNestedSets(plan::Grouping* grouping);
  bool ParseWindows(std::vector<std::pair<std::string, plan::WindowSpec>>* windows);
  bool ParseWindowSpec(plan::WindowSpec* spec);
  bool ParseWindowFrame(plan::WindowFrame* frame);
  bool ParseFrameBound(plan::FrameBound* bound);

  // ---- FROM (parser_relation.cc)
  plan::RelationPtr ParseFrom();
  plan::RelationPtr ParseRelation();
  plan::RelationPtr ParseRelationExtensions(plan::RelationPtr relation);
  plan::RelationPtr ParseRelationPrimary();
  plan::RelationPtr ParseTableOrFunction();
  plan::RelationPtr ParseParenthesizedRelation();
  plan::RelationPtr ParseTableFunction(plan::Name name, Position at);
  plan::RelationPtr ParseLateralViews(plan::RelationPtr input);
  plan::RelationPtr ParseLateralView(plan::RelationPtr input);
  plan::RelationPtr ParseOptionalAlias(plan::RelationPtr input);
  plan::RelationPtr ParseOptionalSample(plan::RelationPtr input);
  bool ParseSampleMethod(plan::Sample* sample);
  bool ParseTimeTravel(plan::TableRef* table);
  bool ParseProperties(std::map<std::string, std::string>* options);
  plan::JoinType TakeJoinType();
  bool StartsJoin() const;
  plan::RelationPtr ParseJoin(plan::RelationPtr left);
  plan::RelationPtr ParsePivot(plan::RelationPtr input);
  plan::RelationPtr ParseUnpivot(plan::RelationPtr input);
  bool ParseUnpivotGroup(bool several, plan::Unpivot::Group* group);

  // ---- |> (parser_pipe.cc)
  plan::RelationPtr ParsePipe(plan::RelationPtr input);
  bool ParsePipePart(plan::Pipe* pipe);
  bool ParsePipeSet(plan::Pipe::Set* set);
  bool ParsePipeAggregate(plan::Pipe::Aggregate* aggregate);
  bool RefusePipeAggregate(std::string_view what, Position at);

  // ---- expressions (parser_expr.cc)
  plan::ExprPtr ParseExpression();
  plan::ExprPtr ParseConjunction();
  plan::ExprPtr ParseNegation();
  plan::ExprPtr ParsePredicated();
  plan::ExprPtr ParsePredicate(plan::ExprPtr value);
  plan::ExprPtr ParseIs(plan::ExprPtr value, Position at);
  plan::ExprPtr ParseIn(plan::ExprPtr value, Position at);
  plan::ExprPtr ParseLike(plan::ExprPtr value, bool like, Position at);
  plan::ExprPtr ParseValue(int precedence = 0);
  plan::ExprPtr ParseUnary();
  plan::ExprPtr ParsePrimary();
  std::optional<BinaryOperator> PeekBinary() const;
  plan::ExprPtr ParsePatterns(plan::ExprPtr value, bool like, bool negated, Position at);
  plan::ExprPtr Negated(bool negated, plan::ExprPtr expr, Position at);
  plan::ExprPtr ParseSuffixes(plan::ExprPtr expr);
  plan::ExprPtr Balanced(std::string_view op, std::vector<plan::ExprPtr>* operands, size_t low, size_t high);
  plan::ExprPtr ParseVariantPath(plan::ExprPtr variant, Position at);
  plan::ExprPtr ParseNamedExpression();
  bool ParseExpressions(std::vector<plan::ExprPtr>* list);  // a, b
  bool ParseNamedExpressions(std::vector<plan::ExprPtr>* list);

  // ---- primaries (parser_primary.cc)
  plan::ExprPtr ParseAtom();
  plan::ExprPtr ParseWord();
  plan::ExprPtr ParseSpecialForm();
  plan::ExprPtr ParseNumber(bool negative);
  plan::ExprPtr ParseStrings();
  plan::ExprPtr ParseParameter();
  plan::ExprPtr ParseParenthesized();
  plan::ExprPtr ParseCase();
  plan::ExprPtr ParseCast();
  plan::ExprPtr ParseStar(plan::Name qualifier);
  plan::ExprPtr ParseLambda();
  plan::ExprPtr ParseAttributeOrCall();
  plan::ExprPtr ParseInterval();
  size_t IntervalTermLength(size_t ahead) const;
  IntervalTerm TakeIntervalTerm();
  bool StartsLambda() const;
  bool StartsCase() const;
  bool IsColumnWord() const;

  // ---- calls (parser_call.cc)
  plan::ExprPtr ParseCall(plan::Name name, Position at);
  bool ParseArguments(plan::Call* call);
  bool ParseArgument(plan::Call* call);
  bool ContainsInside(Keyword keyword) const;  // between the parenthesis ahead and its end, outside deeper ones
  plan::ExprPtr ParseCallSuffixes(plan::Call call, Position at);
  plan::ExprPtr ParseIdentifierCall(Position at);
  plan::ExprPtr FinishCall(plan::Call call, Position at);
  bool TakeDatePart(plan::Call* call, Position at);
  plan::ExprPtr ParseStruct();
  plan::ExprPtr ParseExtract();
  plan::ExprPtr ParseTrim();
  plan::ExprPtr ParseSubstring();
  plan::ExprPtr ParsePosition();
  plan::ExprPtr ParseOverlay();

  // ---- types (parser_type.cc)
  bool ParseType(plan::DataType* type);
  bool ParseIntervalType(plan::DataType* type);
  bool ParseNestedType(Keyword keyword, plan::DataType* type);
  bool ParseStructFields(std::vector<plan::Field>* fields);
  bool ParseField(bool in_struct, plan::Field* field);
  bool ParseSizedType(Keyword keyword, plan::DataType* type, Position at);
  bool ParseTypeSizes(std::vector<int>* sizes);

  // ---- statements (parser_statement.cc)
  bool ParseStatement(plan::Statement* statement);
  bool ParseStatementNode(plan::Statement* statement);
  bool ParseSet(plan::Statement* statement);
  bool ParseReset(plan::Statement* statement);
  bool ParseTimeZone(plan::SetCommand* command);
  bool ParseForeign(plan::Statement* statement);
  void SkipCompound();
  bool IsStatementStart() const;
  bool ParseExplain(plan::Statement* statement);
  std::string_view TextBetween(size_t from, size_t to) const;
  size_t StatementEnd() const;
  size_t FindDataChange() const;

  // ---- CREATE, DROP (parser_create.cc)
  bool ParseCreate(plan::Statement* statement);
  bool ParseCreateTable(plan::CreateTable table, plan::Statement* statement);
  bool ParseTableClause(plan::CreateTable* table, bool* more);
  bool ParsePartitioning(plan::CreateTable* table);
  bool ParseBuckets(plan::CreateTable* table);
  bool ParseColumns(std::vector<plan::ColumnSpec>* columns);
  bool ParseColumn(plan::ColumnSpec* column);
  bool ParseCreateView(plan::CreateView view, plan::Statement* statement);
  bool ParseViewUsing(const plan::CreateView& view, plan::Statement* statement);
  bool ParseViewClauses(plan::CreateView* view);
  bool ParseCreateDatabase(plan::Statement* statement);
  bool ParseCreateFunction(plan::CreateFunction function, plan::Statement* statement);
  bool ParseRoutineParameter(plan::RoutineParameter* parameter);
  bool ParseRoutineClauses(plan::CreateFunction* function);
  bool ParseDrop(plan::Statement* statement);
  bool TakeIfNotExists();
  bool ParseObject(plan::ObjectName* object, std::string_view expected = "a name");
  bool ParseText(std::string* text);
  bool ParseQueryText(plan::QueryText* query);
  bool ParseExprText(std::optional<plan::ExprText>* expr);
  bool ParseIdentity(plan::ColumnSpec* column, bool always);

  // ---- ALTER (parser_alter.cc)
  bool ParseAlter(plan::Statement* statement);
  bool ParseAlterTable(plan::AlterTable* alter, bool* known);
  bool ParseAddColumns(plan::AlterTable* alter);
  bool ParseDropColumns(plan::AlterTable* alter);
  bool ParseChangeColumn(plan::AlterTable* alter);
  bool ParseColumnChange(plan::AlterTable::ChangeColumn* change);
  bool ParseAddPartitions(plan::AlterTable* alter);
  bool ParsePlace(std::optional<plan::ColumnPlace>* place);
  bool ParsePartition(plan::PartitionSpec* partition);
  bool ParseCommentOn(plan::Statement* statement);
  bool ParseTruncate(plan::Statement* statement);
  bool StartsDeltaStatement() const;
  bool ParseDeltaStatement(plan::Statement* statement);
  bool StartsClone() const;
  bool ParseClone(plan::CreateTable table, plan::Statement* statement);
  bool ParseVacuum(plan::Statement* statement);
  bool ParseOptimize(plan::Statement* statement);
  bool TakeWord(std::string_view word);
  bool ParseRepair(plan::Statement* statement);

  // ---- rows (parser_change.cc)
  bool ParseInsert(plan::Statement* statement);
  bool ParseInsertInto(plan::Insert* insert);
  bool ParseMultiInsert(plan::Statement* statement);
  bool ParseWithChange(plan::Statement* statement);
  bool ParseDelete(plan::Statement* statement);
  bool ParseUpdate(plan::Statement* statement);
  bool ParseMerge(plan::Statement* statement);
  bool ParseMergeClause(plan::MergeClause* clause);
  bool ParseMergeInsert(plan::MergeClause* clause);
  bool ParseAssignments(std::vector<plan::Assignment>* assignments);
  bool ParseChangedTable(plan::ObjectName* table, std::string* alias);

  // ---- SHOW, DESCRIBE and what concerns the session (parser_show.cc)
  bool ParseShow(plan::Statement* statement);
  bool ParseShowObjects(plan::Show* show);
  bool ParseShowFunctions(plan::Statement* statement);
  bool ParseDescribe(plan::Statement* statement);
  bool ParseDescribeTable(plan::Statement* statement);
  bool ParseCache(plan::Statement* statement);
  bool ParseRefresh(plan::Statement* statement);
  bool ParseAnalyze(plan::Statement* statement);
  bool ParseUse(plan::Statement* statement);
  bool ParseSetCatalog(plan::Statement* statement);
  bool ParseDeclare(plan::Statement* statement);
  bool ParseSetVariables(plan::Statement* statement);
  bool ParseExecute(plan::Statement* statement);

  plan::ExprPtr Operator(std::string_view name, std::vector<plan::ExprPtr> args, Position at);
  plan::ExprPtr Function(std::string_view name, std::vector<plan::ExprPtr> args, Position at);
  plan::ExprPtr StringConstant(std::string text, Position at);
  std::string StringText(const Token& token) const;

  std::string_view text_;
  ParseOptions options_;
  std::vector<Token> tokens_;
  std::vector<uint32_t> closing_;  // for each token: the token that closes it, if it opens a parenthesis
  size_t next_ = 0;
  int depth_ = 0;
  int height_ = 0;
  int named_ = 0;       // expressions of lists around here that may have an alias
  int parameters_ = 0;  // `?` seen so far
  std::optional<Error> error_;
};

}  // namespace tidemill::sql
