#include "cloud/aws/credentials.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cloud/aws/ini.h"
#include "cloud/aws/sha1.h"
#include "cloud/aws/xml.h"

namespace tidemill::cloud::aws {
namespace {

using Json = nlohmann::json;
using Found = Result<std::optional<Credentials>>;  // none: this way is not set up; an error: it is, and failed

Found None() { return std::optional<Credentials>(); }

constexpr Micros kRenewBefore = std::chrono::minutes(5);
constexpr int kMostRoles = 5;  // one assumed from another
const wire::HttpLimits kNear{.connect = std::chrono::seconds(1), .total = std::chrono::seconds(5)};
const wire::HttpLimits kFar{.connect = std::chrono::seconds(5), .total = std::chrono::seconds(20)};

Error Denied(std::string message) { return {.kind = ErrorKind::kPermissionDenied, .message = std::move(message)}; }

std::string TextOf(const Json& json, const char* key) {
  return json.is_object() && json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : "";
}

// {"AccessKeyId": ..., "SecretAccessKey": ..., "Token" or "SessionToken": ..., "Expiration": ...}
Found FromJson(const std::string& text, const std::string& where) {
  const Json json = Json::parse(text, nullptr, false);
  Credentials found{TextOf(json, "AccessKeyId"), TextOf(json, "SecretAccessKey"), TextOf(json, "SessionToken")};
  if (found.session_token.empty()) found.session_token = TextOf(json, "Token");
  if (found.access_key.empty() || found.secret_key.empty()) return Denied(where + " gave no credentials");
  if (const auto ends = ParseTimestamp(TextOf(json, "Expiration")); ends.ok()) found.expires = *ends;
  return std::optional(std::move(found));
}

// Of a URL, or a host and a path that are asked by https; of what is neither, a request to nowhere.
HttpRequest Get(std::string_view url) {
  const auto request =
      wire::RequestTo(url.find("://") == std::string_view::npos ? "https://" + std::string(url) : std::string(url));
  return request.ok() ? *request : HttpRequest{};
}

class Chain final : public CredentialSource {
 public:
  explicit Chain(Surroundings s) : s_(std::move(s)) {}

  Result<Credentials> Get() override {
    const std::lock_guard lock(mutex_);
    if (held_ && held_->expires > s_.clock->Now() + kRenewBefore) return *held_;
    ASSIGN_OR_RETURN(held_, Find());
    return *held_;
  }

  void Renew() override {
    const std::lock_guard lock(mutex_);
    held_.reset();
  }

 private:
  Result<Credentials> Find() {
    ReadFiles();
    using Way = Found (Chain::*)();
    // The environment does not override a profile that was asked for by name.
    constexpr Way kWays[] = {&Chain::Environment, &Chain::Profile, &Chain::WebIdentity, &Chain::Container,
                             &Chain::Instance};
    for (const Way way : kWays) {
      ASSIGN_OR_RETURN(auto found, (this->*way)());
      if (found) return *std::move(found);
    }
    return Denied("there are no AWS credentials: none in the environment (AWS_ACCESS_KEY_ID), in the profile '" +
                  ProfileName() +
                  "' of ~/.aws, from a web identity, a container or an instance; `aws configure` or `aws sso login` "
                  "sets them up");
  }

  std::string Variable(const char* name) const {
    const auto found = s_.environment.find(name);
    return found == s_.environment.end() ? "" : found->second;
  }

  std::string ProfileName() const {
    if (!s_.profile.empty()) return s_.profile;
    const std::string named = Variable("AWS_PROFILE");
    return named.empty() ? "default" : named;
  }

  std::string FilePath(const char* variable, const char* name) const {
    const std::string named = Variable(variable);
    return named.empty() ? Variable("HOME") + "/.aws/" + name : named;
  }

  void ReadFiles() {
    const auto read = [&](const std::string& path) {
      auto text = s_.read_file(path);
      return text.ok() ? ParseIni(*text) : Ini();
    };
    shared_ = read(FilePath("AWS_SHARED_CREDENTIALS_FILE", "credentials"));
    config_ = read(FilePath("AWS_CONFIG_FILE", "config"));
  }

  // A key of a profile: of the credentials file first.
  std::string Setting(const std::string& profile, const std::string& key) const {
    for (const auto& [ini, section] :
         {std::pair(&shared_, profile), std::pair(&config_, profile == "default" ? profile : "profile " + profile)}) {
      const auto found = ini->find(section);
      if (found == ini->end()) continue;
      if (const auto value = found->second.find(key); value != found->second.end()) return value->second;
    }
    return "";
  }

  Found Environment() {
    if (!s_.profile.empty()) return None();
    Credentials found{Variable("AWS_ACCESS_KEY_ID"), Variable("AWS_SECRET_ACCESS_KEY"), Variable("AWS_SESSION_TOKEN")};
    if (found.access_key.empty()) return None();
    if (found.secret_key.empty()) return Denied("AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not");
    return std::optional(std::move(found));
  }

  Found Profile() { return OfProfile(ProfileName(), 0); }

  Found OfProfile(const std::string& profile, int depth) {
    if (depth > kMostRoles) return Denied(fmt::format("the profile '{}': roles are assumed in a circle", profile));
    if (!Setting(profile, "role_arn").empty()) {
      if (!Setting(profile, "web_identity_token_file").empty()) {
        return AssumeByToken(Setting(profile, "role_arn"), Setting(profile, "web_identity_token_file"));
      }
      return AssumeByProfile(profile, depth);
    }
    if (!Setting(profile, "sso_account_id").empty()) return Sso(profile);
    Credentials found{Setting(profile, "aws_access_key_id"), Setting(profile, "aws_secret_access_key"),
                      Setting(profile, "aws_session_token")};
    if (!found.access_key.empty()) {
      if (found.secret_key.empty())
        return Denied(fmt::format("the profile '{}' has no aws_secret_access_key", profile));
      return std::optional(std::move(found));
    }
    if (const std::string command = Setting(profile, "credential_process"); !command.empty()) {
      auto printed = s_.run(command);
      if (!printed.ok()) return Denied(fmt::format("the credential_process of profile '{}' failed", profile));
      return FromJson(*printed, fmt::format("the credential_process of profile '{}'", profile));
    }
    return None();
  }

  Found AssumeByProfile(const std::string& profile, int depth) {
    const std::string source = Setting(profile, "source_profile"), kind = Setting(profile, "credential_source");
    Found base = std::optional<Credentials>();
    if (!source.empty() && source != profile) base = OfProfile(source, depth + 1);
    if (source == profile) {
      base = std::optional(Credentials{Setting(profile, "aws_access_key_id"), Setting(profile, "aws_secret_access_key"),
                                       Setting(profile, "aws_session_token")});
    }
    if (kind == "Environment") base = Environment();
    if (kind == "EcsContainer") base = Container();
    if (kind == "Ec2InstanceMetadata") base = Instance();
    if (!base.ok()) return base;
    if (!*base)
      return Denied(fmt::format("the profile '{}' assumes a role, and its source has no credentials", profile));
    HttpRequest request = StsRequest("AssumeRole", Setting(profile, "role_arn"));
    if (const auto id = Setting(profile, "external_id"); !id.empty()) request.query.emplace_back("ExternalId", id);
    if (const auto time = Setting(profile, "duration_seconds"); !time.empty()) {
      request.query.emplace_back("DurationSeconds", time);
    }
    return AskSts(Signed(request, **base, {StsRegion(), "sts"}, s_.clock->Now()));
  }

  Found WebIdentity() {
    const std::string file = Variable("AWS_WEB_IDENTITY_TOKEN_FILE"), role = Variable("AWS_ROLE_ARN");
    if (file.empty() || role.empty()) return None();
    return AssumeByToken(role, file);
  }

  Found AssumeByToken(const std::string& role, const std::string& file) {
    const auto token = s_.read_file(file);
    if (!token.ok()) return Denied(fmt::format("the web identity token {} can't be read", file));
    HttpRequest request = StsRequest("AssumeRoleWithWebIdentity", role);
    request.query.emplace_back("WebIdentityToken", *token);
    return AskSts(request);
  }

  std::string StsRegion() const {
    const std::string region = RegionOf(s_);
    return region.empty() ? "us-east-1" : region;
  }

  HttpRequest StsRequest(const char* action, const std::string& role) const {
    std::string endpoint = Variable("AWS_ENDPOINT_URL_STS");
    if (endpoint.empty()) endpoint = Variable("AWS_ENDPOINT_URL");
    if (endpoint.empty()) endpoint = fmt::format("https://sts.{}.amazonaws.com", StsRegion());
    HttpRequest request = aws::Get(endpoint);
    const std::string session = Variable("AWS_ROLE_SESSION_NAME");
    request.query = {{"Action", action},
                     {"Version", "2011-06-15"},
                     {"RoleArn", role},
                     {"RoleSessionName", session.empty() ? "tidemill" : session}};
    return request;
  }

  Found AskSts(const HttpRequest& request) {
    const auto answer = s_.http->Send(request, kFar);
    if (!answer.ok()) return Denied("STS can't be reached: " + answer.error().message);
    if (answer->status != 200) {
      return Denied(fmt::format("STS refused to assume the role: {} {}", XmlText(answer->body, "Code"),
                                XmlText(answer->body, "Message")));
    }
    Credentials found{XmlText(answer->body, "AccessKeyId"), XmlText(answer->body, "SecretAccessKey"),
                      XmlText(answer->body, "SessionToken")};
    if (found.access_key.empty()) return Denied("STS gave no credentials");
    if (const auto ends = ParseTimestamp(XmlText(answer->body, "Expiration")); ends.ok()) found.expires = *ends;
    return std::optional(std::move(found));
  }

  // The token that `aws sso login` left, exchanged for the role's credentials.
  Found Sso(const std::string& profile) {
    const std::string session = Setting(profile, "sso_session");
    const auto of_session = [&](const char* key) {
      const auto found = config_.find("sso-session " + session);
      if (session.empty() || found == config_.end()) return Setting(profile, key);
      const auto value = found->second.find(key);
      return value == found->second.end() ? Setting(profile, key) : value->second;
    };
    const std::string name = session.empty() ? of_session("sso_start_url") : session;
    const auto cached = s_.read_file(fmt::format("{}/.aws/sso/cache/{}.json", Variable("HOME"), Sha1Hex(name)));
    const std::string again = fmt::format("run `aws sso login --profile {}`", profile);
    if (!cached.ok()) return Denied("there is no SSO session: " + again);
    const Json token = Json::parse(*cached, nullptr, false);
    const auto ends = ParseTimestamp(TextOf(token, "expiresAt"));
    if (!ends.ok() || *ends <= s_.clock->Now()) return Denied("the SSO session has expired: " + again);
    std::string endpoint = Variable("AWS_ENDPOINT_URL_SSO");
    if (endpoint.empty()) endpoint = fmt::format("https://portal.sso.{}.amazonaws.com", of_session("sso_region"));
    HttpRequest request = aws::Get(endpoint + "/federation/credentials");
    request.query = {{"account_id", Setting(profile, "sso_account_id")},
                     {"role_name", Setting(profile, "sso_role_name")}};
    request.headers = {{"x-amz-sso_bearer_token", TextOf(token, "accessToken")}};
    const auto answer = s_.http->Send(request, kFar);
    if (!answer.ok()) return Denied("SSO can't be reached: " + answer.error().message);
    if (answer->status != 200) return Denied("SSO refused the session: " + again);
    const Json role = Json::parse(answer->body, nullptr, false);
    const Json given = role.is_object() && role.contains("roleCredentials") ? role["roleCredentials"] : Json();
    Credentials found{TextOf(given, "accessKeyId"), TextOf(given, "secretAccessKey"), TextOf(given, "sessionToken")};
    if (found.access_key.empty()) return Denied("SSO gave no credentials");
    if (given.contains("expiration") && given["expiration"].is_number()) {
      found.expires = Timestamp(std::chrono::milliseconds(given["expiration"].get<int64_t>()));
    }
    return std::optional(std::move(found));
  }

  Found Container() {
    const std::string relative = Variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const std::string url =
        relative.empty() ? Variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") : "http://169.254.170.2" + relative;
    if (url.empty()) return None();
    HttpRequest request = aws::Get(url);
    std::string token = Variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (const auto file = Variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); !file.empty()) {
      const auto read = s_.read_file(file);
      if (!read.ok()) return Denied(fmt::format("the container's token {} can't be read", file));
      token = *read;
    }
    if (!token.empty()) request.headers.emplace_back("Authorization", token);
    const auto answer = s_.http->Send(request, kFar);
    if (!answer.ok() || answer->status != 200) return Denied("the container's credentials can't be reached");
    return FromJson(answer->body, "the container");
  }

  // Version 2 only: a token first, so that a request tricked out of this machine gets nothing.
  Found Instance() {
    if (Variable("AWS_EC2_METADATA_DISABLED") == "true") return None();
    std::string endpoint = Variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    if (endpoint.empty()) endpoint = "http://169.254.169.254";
    while (endpoint.ends_with('/')) endpoint.pop_back();
    HttpRequest ask = aws::Get(endpoint + "/latest/api/token");
    ask.method = "PUT";
    ask.headers = {{"X-aws-ec2-metadata-token-ttl-seconds", "21600"}};
    const auto token = s_.http->Send(ask, kNear);
    if (!token.ok() || token->status != 200) return None();  // no instance
    const auto get = [&](const std::string& path) {
      HttpRequest request = aws::Get(endpoint + path);
      request.headers = {{"X-aws-ec2-metadata-token", token->body}};
      return s_.http->Send(request, kNear);
    };
    constexpr const char* kRoles = "/latest/meta-data/iam/security-credentials/";
    const auto role = get(kRoles);
    if (!role.ok() || role->status != 200 || role->body.empty()) return None();
    const auto answer = get(kRoles + role->body.substr(0, role->body.find('\n')));
    if (!answer.ok() || answer->status != 200) return Denied("the instance's role has no credentials now");
    return FromJson(answer->body, "the instance's role");
  }

  const Surroundings s_;
  std::mutex mutex_;
  std::optional<Credentials> held_;
  Ini shared_;
  Ini config_;
};

}  // namespace

std::unique_ptr<CredentialSource> MakeCredentials(Surroundings surroundings) {
  return std::make_unique<Chain>(std::move(surroundings));
}

std::string RegionOf(const Surroundings& s) {
  const auto variable = [&](const char* name) {
    const auto found = s.environment.find(name);
    return found == s.environment.end() ? std::string() : found->second;
  };
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (const auto region = variable(name); !region.empty()) return region;
  }
  const std::string file = variable("AWS_CONFIG_FILE"), named = variable("AWS_PROFILE");
  const auto text = s.read_file(file.empty() ? variable("HOME") + "/.aws/config" : file);
  if (!text.ok()) return "";
  const std::string profile = !s.profile.empty() ? s.profile : named.empty() ? "default" : named;
  Ini ini = ParseIni(*text);
  return ini[profile == "default" ? profile : "profile " + profile]["region"];
}

}  // namespace tidemill::cloud::aws
