#include "cloud/aws/client.h"

#include <gtest/gtest.h>

#include <deque>

#include "cloud/aws/ini.h"
#include "cloud/aws/sha1.h"
#include "cloud/aws/xml.h"

namespace tidemill::cloud::aws {
namespace {

class StillClock final : public Clock {
 public:
  Timestamp Now() const override { return now; }
  Micros Monotonic() const override { return now.time_since_epoch(); }
  Timestamp now = ParseTimestamp("2026-01-01T00:00:00Z").value();
};

// Gives answers in order and keeps what was asked.
class Script final : public Http {
 public:
  Result<HttpResponse> Send(const HttpRequest& request, const HttpLimits&) override {
    asked.push_back(request);
    if (answers.empty()) return Unavailable("the script is over");
    auto answer = answers.front();
    answers.pop_front();
    return answer;
  }
  void Says(int status, std::string body = "", std::map<std::string, std::string> headers = {}) {
    answers.push_back(HttpResponse{status, std::move(headers), std::move(body)});
  }
  std::deque<Result<HttpResponse>> answers;
  std::vector<HttpRequest> asked;
};

std::string HeaderOf(const HttpRequest& request, const std::string& name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return "";
}

class ClientTest : public ::testing::Test {
 protected:
  Client Make(int tries = 5) {
    return Client(http_, *credentials_, clock_, 1,
                  [this](Micros time) {
                    waits_.push_back(time);
                    return true;
                  },
                  {.tries = tries});
  }
  static Call Reads(bool repeatable = true) {
    return {.service = "ec2",
            .action = "ec2:DescribeThings",
            .region = "us-east-1",
            .request = {.host = "h"},
            .repeatable = repeatable};
  }

  StillClock clock_;
  Script http_;
  std::unique_ptr<CredentialSource> credentials_ =
      MakeCredentials({.environment = {{"AWS_ACCESS_KEY_ID", "A"}, {"AWS_SECRET_ACCESS_KEY", "S"}},
                       .read_file = [](const std::string&) { return Result<std::string>(NotFound("")); },
                       .http = &http_,
                       .clock = &clock_});
  std::vector<Micros> waits_;
};

TEST_F(ClientTest, TriesAgainWithGrowingRandomWaits) {
  for (int i = 0; i < 4; ++i) http_.Says(500);
  http_.Says(200, "done");
  const auto answer = Make().Send(Reads());
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->body, "done");
  ASSERT_EQ(waits_.size(), 4U);
  for (size_t i = 0; i < 4; ++i) EXPECT_LE(waits_[i], std::chrono::milliseconds(200) * (1 << i));
}

TEST_F(ClientTest, WhatMayNotBeRepeatedIsNot) {
  http_.Says(500);
  http_.Says(200);
  const auto answer = Make().Send(Reads(false));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(http_.asked.size(), 1U);
}

TEST_F(ClientTest, ThrottlingDidNothingAndIsAlwaysRepeated) {
  http_.Says(400, R"({"__type":"com.amazonaws#ThrottlingException","message":"slower"})");
  http_.Says(200);
  EXPECT_TRUE(Make().Send(Reads(false)).ok());
}

TEST_F(ClientTest, WhatWasNeverSentIsRepeated) {
  http_.answers.push_back(FailedPrecondition("no connection"));
  http_.Says(200);
  EXPECT_TRUE(Make().Send(Reads(false)).ok());
  http_.answers.push_back(Unavailable("the connection broke"));
  EXPECT_FALSE(Make().Send(Reads(false)).ok());
}

TEST_F(ClientTest, TheQuotaEndsRetries) {
  auto client = Make(1000);
  for (int i = 0; i < 300; ++i) http_.Says(503);
  EXPECT_FALSE(client.Send(Reads()).ok());
  EXPECT_EQ(http_.asked.size(), 101U);  // 500 tokens, 5 a retry
}

TEST_F(ClientTest, AClockThatIsOffIsCorrected) {
  const std::string skewed = "<Error><Code>RequestTimeTooSkewed</Code><Message>m</Message></Error>";
  http_.Says(403, skewed, {{"date", "Thu, 01 Jan 2026 01:00:00 GMT"}});
  http_.Says(200);
  http_.Says(200);
  auto client = Make();
  EXPECT_TRUE(client.Send(Reads()).ok());
  EXPECT_EQ(HeaderOf(http_.asked[0], "X-Amz-Date"), "20260101T000000Z");
  EXPECT_EQ(HeaderOf(http_.asked[1], "X-Amz-Date"), "20260101T010000Z");
  EXPECT_TRUE(client.Send(Reads()).ok());
  EXPECT_EQ(HeaderOf(http_.asked[2], "X-Amz-Date"), "20260101T010000Z");  // remembered
  EXPECT_TRUE(waits_.empty());
}

TEST_F(ClientTest, ErrorsSayWhatToDo) {
  http_.Says(403,
             "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are "
             "not</Message></Error></Errors></Response>");
  const auto answer = Make().Send(Reads());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::kPermissionDenied);
  EXPECT_NE(answer.error().message.find("allow ec2:DescribeThings in their policy"), std::string::npos);
}

TEST_F(ClientTest, AnswersOfFourHundredsCanBeLookedAt) {
  http_.Says(412);
  const auto answer = Make().SendForAnswer(Reads());
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->status, 412);
}

TEST(ServiceError, IsReadFromBothForms) {
  EXPECT_EQ(ServiceErrorOf({400, {}, R"({"__type":"ValidationException","Message":"m"})"}).code, "ValidationException");
  const auto xml = ServiceErrorOf(
      {404, {}, "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>a &lt; b</Message></Error></ErrorResponse>"});
  EXPECT_EQ(xml.code, "NoSuchEntity");
  EXPECT_EQ(xml.message, "a < b");
  EXPECT_EQ(ServiceErrorOf({500, {}, "oh"}).code, "");
}

TEST(Xml, ElementsOfOneNameInsideEachOther) {
  const auto items = XmlAll("<l><item>a<item>b</item></item><item>c</item></l>", "item");
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0], "a<item>b</item>");
  EXPECT_EQ(items[1], "c");
  EXPECT_TRUE(XmlAll("<item>open", "item").empty());
}

// FIPS 180's examples.
TEST(Sha1, TheExamples) {
  EXPECT_EQ(Sha1Hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(Sha1Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}

TEST(Ini, SectionsKeysAndComments) {
  const Ini ini = ParseIni("# c\n[default]\na = 1 # one\n[profile x]\nb=2=3\ns3 =\n  c = 4\n");
  EXPECT_EQ(ini.at("default").at("a"), "1");
  EXPECT_EQ(ini.at("profile x").at("b"), "2=3");
  EXPECT_FALSE(ini.at("profile x").contains("c"));
}

// --- credentials -------------------------------------------------------------------------------------------------

class CredentialsTest : public ::testing::Test {
 protected:
  Result<Credentials> Get() {
    source_ = MakeCredentials(
        {.environment = environment_,
         .profile = profile_,
         .read_file =
             [this](const std::string& path) {
               const auto file = files_.find(path);
               return file == files_.end() ? Result<std::string>(NotFound(path)) : Result<std::string>(file->second);
             },
         .run =
             [this](const std::string& command) {
               return command == "give" ? Result<std::string>(printed_) : Result<std::string>(NotFound(""));
             },
         .http = &http_,
         .clock = &clock_});
    return source_->Get();
  }
  std::string Key() {
    const auto found = Get();
    return found.ok() ? found->access_key : found.error().message;
  }

  std::map<std::string, std::string> environment_ = {{"HOME", "/h"}, {"AWS_EC2_METADATA_DISABLED", "true"}};
  std::map<std::string, std::string> files_;
  std::string profile_;
  std::string printed_;
  StillClock clock_;
  Script http_;
  std::unique_ptr<CredentialSource> source_;
};

constexpr const char* kStsAnswer =
    "<R><Credentials><AccessKeyId>ROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
    "<Expiration>2026-01-01T01:00:00Z</Expiration></Credentials></R>";

TEST_F(CredentialsTest, NoneSayWhereWasLooked) {
  const auto found = Get();
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().kind, ErrorKind::kPermissionDenied);
  EXPECT_NE(found.error().message.find("there are no AWS credentials"), std::string::npos);
}

TEST_F(CredentialsTest, TheEnvironmentComesFirstButNotBeforeANamedProfile) {
  files_["/h/.aws/credentials"] =
      "[default]\naws_access_key_id=FILE\naws_secret_access_key=s\n[x]\naws_access_key_id=X\naws_secret_access_key=s\n";
  EXPECT_EQ(Key(), "FILE");
  environment_["AWS_ACCESS_KEY_ID"] = "ENV";
  environment_["AWS_SECRET_ACCESS_KEY"] = "s";
  EXPECT_EQ(Key(), "ENV");
  profile_ = "x";
  EXPECT_EQ(Key(), "X");
}

TEST_F(CredentialsTest, AProcessGivesThem) {
  files_["/h/.aws/config"] = "[default]\ncredential_process = give\n";
  printed_ =
      R"({"Version":1,"AccessKeyId":"P","SecretAccessKey":"very-secret","SessionToken":"t","Expiration":"2026-01-01T01:00:00Z"})";
  const auto found = Get();
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->access_key, "P");
  EXPECT_EQ(found->expires, ParseTimestamp("2026-01-01T01:00:00Z").value());
  printed_ = R"({"SecretAccessKey":"very-secret"})";
  EXPECT_EQ(Key().find("very-secret"), std::string::npos);
}

TEST_F(CredentialsTest, ARoleIsAssumedFromItsSource) {
  files_["/h/.aws/config"] =
      "[profile r]\nrole_arn = arn:role\nsource_profile = base\nregion = eu-west-1\nexternal_id = e\n";
  files_["/h/.aws/credentials"] = "[base]\naws_access_key_id=BASE\naws_secret_access_key=s\n";
  environment_["AWS_PROFILE"] = "r";
  http_.Says(200, kStsAnswer);
  EXPECT_EQ(Key(), "ROLE");
  ASSERT_EQ(http_.asked.size(), 1U);
  EXPECT_EQ(http_.asked[0].host, "sts.eu-west-1.amazonaws.com");
  EXPECT_NE(HeaderOf(http_.asked[0], "Authorization").find("Credential=BASE/"), std::string::npos);
  EXPECT_NE(http_.asked[0].Url().find("ExternalId=e"), std::string::npos);
}

TEST_F(CredentialsTest, RolesInACircleEnd) {
  files_["/h/.aws/config"] = "[profile a]\nrole_arn=r\nsource_profile=b\n[profile b]\nrole_arn=r\nsource_profile=a\n";
  profile_ = "a";
  EXPECT_NE(Key().find("in a circle"), std::string::npos);
}

TEST_F(CredentialsTest, AWebIdentity) {
  environment_["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/token";
  environment_["AWS_ROLE_ARN"] = "arn:role";
  files_["/token"] = "jwt";
  http_.Says(200, kStsAnswer);
  EXPECT_EQ(Key(), "ROLE");
  EXPECT_NE(http_.asked[0].Url().find("WebIdentityToken=jwt"), std::string::npos);
  EXPECT_EQ(HeaderOf(http_.asked[0], "Authorization"), "");
}

TEST_F(CredentialsTest, AnSsoSession) {
  files_["/h/.aws/config"] =
      "[default]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = dev\n[sso-session corp]\nsso_region = "
      "eu-west-1\n";
  EXPECT_NE(Key().find("aws sso login"), std::string::npos);
  const std::string cache = "/h/.aws/sso/cache/" + Sha1Hex("corp") + ".json";
  files_[cache] = R"({"accessToken":"tok","expiresAt":"2025-12-31T00:00:00Z"})";
  EXPECT_NE(Key().find("has expired"), std::string::npos);
  files_[cache] = R"({"accessToken":"tok","expiresAt":"2026-01-01T08:00:00Z"})";
  http_.Says(
      200,
      R"({"roleCredentials":{"accessKeyId":"SSO","secretAccessKey":"s","sessionToken":"t","expiration":1767229200000}})");
  EXPECT_EQ(Key(), "SSO");
  EXPECT_EQ(http_.asked[0].host, "portal.sso.eu-west-1.amazonaws.com");
  EXPECT_EQ(HeaderOf(http_.asked[0], "x-amz-sso_bearer_token"), "tok");
}

TEST_F(CredentialsTest, AContainer) {
  environment_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1:1/creds";
  environment_["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = "/token";
  files_["/token"] = "tok";
  http_.Says(200, R"({"AccessKeyId":"C","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-01T01:00:00Z"})");
  EXPECT_EQ(Key(), "C");
  EXPECT_EQ(HeaderOf(http_.asked[0], "Authorization"), "tok");
}

TEST_F(CredentialsTest, AnInstanceByVersionTwoOfItsMetadata) {
  environment_["AWS_EC2_METADATA_DISABLED"] = "";
  http_.Says(200, "imds-token");
  http_.Says(200, "node-role");
  http_.Says(200, R"({"AccessKeyId":"I","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-01T06:00:00Z"})");
  EXPECT_EQ(Key(), "I");
  EXPECT_EQ(http_.asked[0].method, "PUT");
  EXPECT_EQ(HeaderOf(http_.asked[2], "X-aws-ec2-metadata-token"), "imds-token");
  EXPECT_TRUE(http_.asked[2].path.ends_with("/node-role"));
}

TEST_F(CredentialsTest, AreRenewedBeforeTheyEnd) {
  environment_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1:1/creds";
  http_.Says(200, R"({"AccessKeyId":"C1","SecretAccessKey":"s","Expiration":"2026-01-01T01:00:00Z"})");
  http_.Says(200, R"({"AccessKeyId":"C2","SecretAccessKey":"s","Expiration":"2026-01-01T02:00:00Z"})");
  EXPECT_EQ(Key(), "C1");
  clock_.now += std::chrono::minutes(54);
  EXPECT_EQ(source_->Get()->access_key, "C1");
  clock_.now += std::chrono::minutes(2);
  EXPECT_EQ(source_->Get()->access_key, "C2");
}

}  // namespace
}  // namespace tidemill::cloud::aws
