#include "cloud/aws/sigv4.h"

#include <gtest/gtest.h>

namespace tidemill::cloud::aws {
namespace {

// The credentials of AWS's published examples; they are nobody's.
const Credentials kSuite{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""};
const Credentials kS3{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};

std::string SignatureOf(const HttpRequest& request) {
  for (const auto& [name, value] : request.headers) {
    if (name == "Authorization") return value.substr(value.find("Signature=") + 10);
  }
  return "";
}

std::string Suite(HttpRequest request) {
  request.host = "example.amazonaws.com";
  const auto time = ParseTimestamp("2015-08-30T12:36:00Z").value();
  return SignatureOf(Signed(std::move(request), kSuite, {"us-east-1", "service"}, time));
}

std::string S3(HttpRequest request) {
  request.host = "examplebucket.s3.amazonaws.com";
  const auto time = ParseTimestamp("2013-05-24T00:00:00Z").value();
  return SignatureOf(Signed(std::move(request), kS3, {"us-east-1", "s3"}, time));
}

TEST(SigV4, TheTestSuite) {
  EXPECT_EQ(Suite({}), "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  EXPECT_EQ(Suite({.method = "POST"}), "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
  EXPECT_EQ(Suite({.query = {{"Param2", "value2"}, {"Param1", "value1"}}}),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
  EXPECT_EQ(Suite({.path = "/example/.."}), Suite({}));
  EXPECT_EQ(Suite({.path = "//"}), Suite({}));
}

TEST(SigV4, TheExampleOfTheGuide) {
  HttpRequest request{.host = "iam.amazonaws.com",
                      .query = {{"Action", "ListUsers"}, {"Version", "2010-05-08"}},
                      .headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}}};
  const auto time = ParseTimestamp("2015-08-30T12:36:00Z").value();
  EXPECT_EQ(SignatureOf(Signed(request, kSuite, {"us-east-1", "iam"}, time)),
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

TEST(SigV4, TheExamplesOfS3) {
  EXPECT_EQ(S3({.path = "/test.txt", .headers = {{"Range", "bytes=0-9"}}}),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  EXPECT_EQ(S3({.method = "PUT",
                .path = "/test$file.text",
                .headers = {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                .body = "Welcome to Amazon S3."}),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
  EXPECT_EQ(S3({.query = {{"lifecycle", ""}}}), "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  EXPECT_EQ(S3({.query = {{"max-keys", "2"}, {"prefix", "J"}}}),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(SigV4, ASessionTokenIsSigned) {
  Credentials session = kSuite;
  session.session_token = "token";
  const auto request = Signed({.host = "h"}, session, {"us-east-1", "ec2"}, Timestamp());
  bool found = false;
  for (const auto& [name, value] : request.headers) {
    found |= name == "X-Amz-Security-Token" && value == "token";
    if (name != "Authorization") continue;
    EXPECT_NE(value.find("host;x-amz-date;x-amz-security-token"), std::string::npos);
  }
  EXPECT_TRUE(found);
}

// RFC 4231, cases 1 and 6.
TEST(Hmac, TheExamplesOfItsRfc) {
  const auto hex = [](const std::string& bytes) {
    std::string text;
    for (const unsigned char b : bytes) {
      constexpr char kDigits[] = "0123456789abcdef";
      text += kDigits[b >> 4];
      text += kDigits[b & 15];
    }
    return text;
  };
  EXPECT_EQ(hex(HmacSha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(HmacSha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HttpRequest, EncodesItsUrl) {
  const HttpRequest request{.host = "h:1", .path = "/a b/c+d", .query = {{"x", "1&2"}, {"a", "/"}}};
  EXPECT_EQ(request.Url(), "https://h:1/a%20b/c%2Bd?a=%2F&x=1%262");
}

}  // namespace
}  // namespace tidemill::cloud::aws
