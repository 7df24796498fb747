#include "base/json_cursor.h"

#include <gtest/gtest.h>

namespace tidemill {
namespace {

// The tokens of the first value as one text: {a:1 b:[s"x" null]}.
std::string Tokens(std::string_view json) {
  JsonCursor cursor(json);
  std::string out;
  const auto value = [&](auto&& self, JsonToken token) -> bool {
    switch (token) {
      case JsonToken::kBeginObject:
        out += '{';
        while (true) {
          const auto name = cursor.NextName();
          if (name == JsonToken::kEndObject) return out += '}', true;
          if (name != JsonToken::kString) return false;
          out += std::string(cursor.value()) + ":";
          if (!self(self, cursor.Next())) return false;
          out += ' ';
        }
      case JsonToken::kBeginArray:
        out += '[';
        for (auto next = cursor.Next(); next != JsonToken::kEndArray; next = cursor.Next()) {
          if (!self(self, next)) return false;
          out += ' ';
        }
        return out += ']', true;
      case JsonToken::kString:
        return out += "s\"" + std::string(cursor.value()) + "\"", true;
      case JsonToken::kWhole:
        return out += "i" + std::string(cursor.value()), true;
      case JsonToken::kFraction:
        return out += "f" + std::string(cursor.value()), true;
      case JsonToken::kTrue:
        return out += "true", true;
      case JsonToken::kFalse:
        return out += "false", true;
      case JsonToken::kNull:
        return out += "null", true;
      default:
        return false;
    }
  };
  return value(value, cursor.Next()) ? out : "invalid";
}

TEST(JsonCursor, Values) {
  EXPECT_EQ(Tokens(R"({"a":1,"b":["x",null,true,false],"c":{}})"), R"({a:i1 b:[s"x" null true false ] c:{} })");
  EXPECT_EQ(Tokens(" [ 1 , -2.50 , 1e3 , 1E-3 ] "), "[i1 f-2.50 f1e3 f1E-3 ]");
  EXPECT_EQ(Tokens("[NaN, -Infinity, Infinity, +INF, -INF]"), "[fNaN f-Infinity fInfinity f+INF f-INF ]");
  EXPECT_EQ(Tokens(R"({'a':'it"s'})"), R"({a:s"it"s" })");
  EXPECT_EQ(Tokens(R"("\u00e9\n\"\ud83d\ude00\ud83d")"), "s\"\xC3\xA9\n\"\xF0\x9F\x98\x80?\"");
}

TEST(JsonCursor, WhatFollowsTheFirstValueIsNotRead) { EXPECT_EQ(Tokens("{} x"), "{}"); }

TEST(JsonCursor, Invalid) {
  for (const char* bad :
       {"",         "x",          "{",     "[",   "[1",       "[1,]",    "[,1]",      "[1 2]", "{\"a\"}",
        "{\"a\":}", "{\"a\":1,}", "{a:1}", "01",  "+1",       "1.",      ".5",        "-",     "1e",
        "tru",      "truex",      "nul",   "\"a", "\"a\tb\"", "\"\\x\"", "\"\\u12\"", "[1}",   "INF"}) {
    EXPECT_EQ(Tokens(bad), "invalid") << bad;
  }
  EXPECT_EQ(Tokens(std::string(1001, '[')), "invalid");
}

TEST(JsonCursor, SkipsWholeValues) {
  JsonCursor cursor(R"({"a":{"b":[1,{"c":2}]},"d":3})");
  ASSERT_EQ(cursor.Next(), JsonToken::kBeginObject);
  ASSERT_EQ(cursor.NextName(), JsonToken::kString);
  ASSERT_TRUE(cursor.Skip(cursor.Next()));
  ASSERT_EQ(cursor.NextName(), JsonToken::kString);
  EXPECT_EQ(cursor.value(), "d");
  EXPECT_EQ(cursor.Next(), JsonToken::kWhole);
  EXPECT_EQ(cursor.NextName(), JsonToken::kEndObject);
}

}  // namespace
}  // namespace tidemill
