#include "cloud/s3.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <ctime>
#include <mutex>

#include "cloud/aws/xml.h"

namespace tidemill::cloud {
namespace {

using aws::Call;
using aws::HttpResponse;
using storage::FileInfo;

constexpr std::string_view kScheme = "s3://";

struct Place {
  std::string bucket;
  std::string key;
};

Result<Place> PlaceOf(const std::string& path) {
  const size_t slash = path.find('/', kScheme.size());
  if (!path.starts_with(kScheme) || slash == kScheme.size()) {
    return InvalidArgument(fmt::format("'{}' is not s3://bucket/key", path));
  }
  if (slash == std::string::npos) return Place{path.substr(kScheme.size()), ""};
  return Place{path.substr(kScheme.size(), slash - kScheme.size()), path.substr(slash + 1)};
}

std::string HeaderOf(const HttpResponse& answer, const char* name) {
  const auto found = answer.headers.find(name);
  return found == answer.headers.end() ? "" : found->second;
}

int64_t NumberOf(std::string_view text) {
  int64_t number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Timestamp ModifiedOf(const HttpResponse& answer) {
  std::tm time{};
  if (strptime(HeaderOf(answer, "last-modified").c_str(), "%a, %d %b %Y %H:%M:%S GMT", &time) == nullptr) return {};
  return Timestamp(std::chrono::seconds(timegm(&time)));
}

// Keys come percent-encoded, because XML can't hold every character.
std::string Decoded(std::string_view text) {
  std::string decoded;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      decoded += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

class S3 final : public storage::Storage {
 public:
  S3(aws::Client& client, S3Options options, std::function<bool(Micros)> sleep)
      : client_(client), options_(std::move(options)), sleep_(std::move(sleep)) {}

  Result<std::unique_ptr<storage::Reader>> OpenRead(const std::string& path) override;
  Result<std::unique_ptr<storage::Writer>> OpenWrite(const std::string& path) override;

  Status PutIfAbsent(const std::string& path, std::string_view bytes) override {
    bool doubtful = false;  // an earlier try may have landed
    Error last = Unavailable("not tried");
    for (int tried = 0; tried < options_.tries; ++tried) {
      if (tried > 0 && !sleep_(Micros(std::chrono::milliseconds(50) * (1 << tried)))) break;
      ASSIGN_OR_RETURN(auto call, CallFor("PUT", "s3:PutObject", path));
      call.request.headers.emplace_back("If-None-Match", "*");
      call.request.body = bytes;
      call.repeatable = false;  // each try is looked at
      const auto answer = Ask(call);
      if (answer.ok() && answer->status / 100 == 2) return Ok();
      if (answer.ok() && answer->status == 412) {
        if (!doubtful) return Taken(path);
        return IsOurs(path, bytes);
      }
      if (answer.ok() && answer->status == 409) continue;  // another's conditional write is under way: look again
      const Error error = answer.ok() ? ErrorOf(aws::ServiceErrorOf(*answer), call) : answer.error();
      if (error.kind == ErrorKind::kUnavailable) {
        doubtful = true;
        last = error;
        continue;
      }
      if (!doubtful) return error;
      // This try is refused, but an earlier one may be there, or still on its way.
      last = Unavailable(fmt::format("{}; before that: {}", error.message, last.message));
      break;
    }
    if (doubtful) {
      const Status ours = IsOurs(path, bytes);
      // What is not there now may still land: only what is there decides.
      if (ours.ok() || ours.error().kind == ErrorKind::kAlreadyExists) return ours;
    }
    return last.message == "not tried" ? Unavailable(fmt::format("{}: others keep writing it", path)) : last;
  }

  Status Put(const std::string& path, std::string_view bytes) override {
    ASSIGN_OR_RETURN(auto call, CallFor("PUT", "s3:PutObject", path));
    call.request.body = bytes;
    return Succeed(call);
  }

  Result<FileInfo> Stat(const std::string& path) override {
    ASSIGN_OR_RETURN(const auto answer, Head(path));
    return FileInfo{path, NumberOf(HeaderOf(answer, "content-length")), ModifiedOf(answer)};
  }

  Result<std::vector<FileInfo>> List(const std::string& folder, std::string_view from_name) override {
    // What comes after the name without its last letter holds all names from it on, and some before.
    const std::string_view before = from_name.empty() ? from_name : from_name.substr(0, from_name.size() - 1);
    return ListPages(folder, "/", before, from_name);
  }

  Result<std::vector<FileInfo>> ListRecursive(const std::string& folder) override {
    return ListPages(folder, "", "", "");
  }

  Status Remove(const std::string& path) override {
    ASSIGN_OR_RETURN(const auto call, CallFor("DELETE", "s3:DeleteObject", path));
    const Status done = Succeed(call);
    return !done.ok() && done.error().kind == ErrorKind::kNotFound ? Ok() : done;
  }

  // A call on a path, to the region its bucket is known to be in.
  Result<Call> CallFor(const char* method, const char* action, const std::string& path) {
    ASSIGN_OR_RETURN(const auto place, PlaceOf(path));
    Call call{.service = "s3", .action = action, .region = RegionOf(place.bucket)};
    call.request.method = method;
    if (options_.endpoint.empty()) {
      call.request.host = fmt::format("{}.s3.{}.amazonaws.com", place.bucket, call.region);
      call.request.path = "/" + place.key;
    } else {
      std::string_view endpoint = options_.endpoint;
      if (const size_t scheme = endpoint.find("://"); scheme != std::string_view::npos) {
        call.request.scheme = endpoint.substr(0, scheme);
        endpoint.remove_prefix(scheme + 3);
      }
      while (endpoint.ends_with('/')) endpoint.remove_suffix(1);
      call.request.host = endpoint;
      call.request.path = fmt::format("/{}/{}", place.bucket, place.key);
    }
    return call;
  }

  // The answer, after a bucket in another region told where it is.
  Result<HttpResponse> Ask(Call call) {
    ASSIGN_OR_RETURN(auto answer, client_.SendForAnswer(call));
    const std::string region = HeaderOf(answer, "x-amz-bucket-region");
    if (region.empty() || region == call.region || answer.status / 100 == 2) return answer;
    if (answer.status != 301 && answer.status != 400 && answer.status != 307) return answer;
    if (!options_.endpoint.empty()) {
      return InvalidArgument(fmt::format("the bucket of {} is in {}, not in {}; set AWS_REGION and the endpoint to it",
                                         call.request.path, region, call.region));
    }
    const std::string bucket = call.request.host.substr(0, call.request.host.find('.'));
    {
      const std::lock_guard lock(mutex_);
      regions_[bucket] = region;
    }
    call.region = region;
    call.request.host = fmt::format("{}.s3.{}.amazonaws.com", bucket, region);
    return client_.SendForAnswer(call);
  }

  // 2xx, or an error.
  Result<HttpResponse> AskWell(const Call& call, const std::string& path) {
    ASSIGN_OR_RETURN(auto answer, Ask(call));
    if (answer.status / 100 == 2) return answer;
    if (answer.status == 404) return NotFound(fmt::format("there is no file '{}'. Check the path.", path));
    return ErrorOf(aws::ServiceErrorOf(answer), call);
  }

  Status Succeed(const Call& call) {
    const auto answer = AskWell(call, call.request.path);
    return answer.ok() ? Ok() : Status(answer.error());
  }

  Result<HttpResponse> Head(const std::string& path) {
    ASSIGN_OR_RETURN(const auto call, CallFor("HEAD", "s3:GetObject", path));
    return AskWell(call, path);
  }

  const S3Options& options() const { return options_; }

  // Calls `take` with every object below `folder` and its storage class; a delimiter keeps to the folder itself.
  Status EachObject(const std::string& folder, const char* delimiter, std::string_view after,
                    const std::function<void(FileInfo, const std::string&)>& take) {
    ASSIGN_OR_RETURN(const auto place, PlaceOf(folder));
    const std::string prefix = place.key.empty() || place.key.ends_with('/') ? place.key : place.key + "/";
    std::string token;
    do {
      ASSIGN_OR_RETURN(auto call, CallFor("GET", "s3:ListBucket", fmt::format("{}{}/", kScheme, place.bucket)));
      call.request.query = {{"list-type", "2"}, {"prefix", prefix}, {"encoding-type", "url"}};
      if (*delimiter != '\0') call.request.query.emplace_back("delimiter", delimiter);
      if (!after.empty()) call.request.query.emplace_back("start-after", prefix + std::string(after));
      if (!token.empty()) call.request.query.emplace_back("continuation-token", token);
      ASSIGN_OR_RETURN(const auto answer, AskWell(call, folder));
      for (const auto& item : aws::XmlAll(answer.body, "Contents")) {
        const std::string key = Decoded(aws::XmlText(item, "Key"));
        if (key.ends_with('/')) continue;
        const auto modified = ParseTimestamp(aws::XmlText(item, "LastModified"));
        take({fmt::format("{}{}/{}", kScheme, place.bucket, key), NumberOf(aws::XmlText(item, "Size")),
              modified.ok() ? *modified : Timestamp()},
             aws::XmlText(item, "StorageClass"));
      }
      token =
          aws::XmlText(answer.body, "IsTruncated") == "true" ? aws::XmlText(answer.body, "NextContinuationToken") : "";
    } while (!token.empty());
    return Ok();
  }

 private:
  static Error Taken(const std::string& path) {
    return {.kind = ErrorKind::kAlreadyExists, .message = fmt::format("cannot create '{}': it exists", path)};
  }

  Status IsOurs(const std::string& path, std::string_view bytes) {
    ASSIGN_OR_RETURN(const auto call, CallFor("GET", "s3:GetObject", path));
    ASSIGN_OR_RETURN(const auto answer, AskWell(call, path));
    if (answer.body == bytes) return Ok();
    return Taken(path);
  }

  std::string RegionOf(const std::string& bucket) {
    const std::lock_guard lock(mutex_);
    const auto found = regions_.find(bucket);
    return found == regions_.end() ? options_.region : found->second;
  }

  Result<std::vector<FileInfo>> ListPages(const std::string& folder, const char* delimiter, std::string_view after,
                                          std::string_view from_name) {
    std::vector<FileInfo> files;
    RETURN_IF_ERROR(EachObject(folder, delimiter, after, [&](FileInfo file, const std::string&) {
      if (file.path.substr(file.path.rfind('/') + 1) >= from_name || from_name.empty())
        files.push_back(std::move(file));
    }));
    std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    return files;
  }

  aws::Client& client_;
  const S3Options options_;
  const std::function<bool(Micros)> sleep_;
  std::mutex mutex_;
  std::map<std::string, std::string> regions_;  // of buckets that told
};

// Reads by ranges of one version of the object: a file replaced meanwhile is an error, never a mixture.
class S3Reader final : public storage::Reader {
 public:
  S3Reader(S3& s3, std::string path, int64_t size, Timestamp modified, std::string etag)
      : s3_(s3), path_(std::move(path)), size_(size), modified_(modified), etag_(std::move(etag)) {}

  int64_t size_bytes() const override { return size_; }
  Timestamp modified() const override { return modified_; }

  Result<int64_t> ReadAt(int64_t offset, std::span<char> out) override {
    const int64_t count = std::clamp<int64_t>(size_ - offset, 0, std::ssize(out));
    if (count == 0) return int64_t{0};
    const int64_t block = s3_.options().block_bytes;
    if (count >= block) return Fetch(offset, count, out.data());
    const std::lock_guard lock(mutex_);
    for (int64_t done = 0; done < count;) {
      RETURN_IF_ERROR(Hold((offset + done) / block * block));
      const int64_t inside = offset + done - held_at_;
      const int64_t piece = std::min(count - done, std::ssize(held_) - inside);
      if (piece <= 0) return DataLoss(fmt::format("'{}' ends before byte {}", path_, offset + done));
      std::memcpy(out.data() + done, held_.data() + inside, static_cast<size_t>(piece));
      done += piece;
    }
    return count;
  }

 private:
  Status Hold(int64_t at) {
    if (held_at_ == at && !held_.empty()) return Ok();
    held_.resize(static_cast<size_t>(std::min(s3_.options().block_bytes, size_ - at)));
    held_at_ = at;
    const auto fetched = Fetch(at, std::ssize(held_), held_.data());
    if (fetched.ok()) return Ok();
    held_.clear();
    return fetched.error();
  }

  Result<int64_t> Fetch(int64_t offset, int64_t count, char* out) {
    ASSIGN_OR_RETURN(auto call, s3_.CallFor("GET", "s3:GetObject", path_));
    call.request.headers = {{"Range", fmt::format("bytes={}-{}", offset, offset + count - 1)}};
    if (!etag_.empty()) call.request.headers.emplace_back("If-Match", etag_);
    ASSIGN_OR_RETURN(const auto answer, s3_.Ask(call));
    if (answer.status == 412) return Unavailable(fmt::format("'{}' was replaced while it was read", path_));
    if (answer.status / 100 != 2) return ErrorOf(aws::ServiceErrorOf(answer), call);
    if (std::ssize(answer.body) != count) {
      return DataLoss(
          fmt::format("'{}': {} bytes came for the {} from byte {}", path_, answer.body.size(), count, offset));
    }
    std::memcpy(out, answer.body.data(), static_cast<size_t>(count));
    return count;
  }

  S3& s3_;
  const std::string path_;
  const int64_t size_;
  const Timestamp modified_;
  const std::string etag_;
  std::mutex mutex_;
  int64_t held_at_ = -1;
  std::vector<char> held_;
};

// One PUT, or a multipart upload once there is more than a part. Nothing is seen before Close.
class S3Writer final : public storage::Writer {
 public:
  S3Writer(S3& s3, std::string path) : s3_(s3), path_(std::move(path)) {}
  ~S3Writer() override {
    if (!upload_.empty()) (void)EndUpload("DELETE", "s3:AbortMultipartUpload", "");
  }

  Status Append(std::span<const char> bytes) override {
    held_.append(bytes.data(), bytes.size());
    size_ += std::ssize(bytes);
    const auto part = static_cast<size_t>(s3_.options().part_bytes);
    while (held_.size() > part) {
      RETURN_IF_ERROR(SendPart(held_.substr(0, part)));
      held_.erase(0, part);
    }
    return Ok();
  }

  Status Close() override {
    if (upload_.empty()) return s3_.Put(path_, held_);
    if (!held_.empty()) RETURN_IF_ERROR(SendPart(std::move(held_)));
    std::string parts;
    for (size_t i = 0; i < etags_.size(); ++i) {
      parts += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", i + 1, etags_[i]);
    }
    ASSIGN_OR_RETURN(const auto answer, EndUpload("POST", "s3:PutObject",
                                                  "<CompleteMultipartUpload>" + parts + "</CompleteMultipartUpload>"));
    // It answers 200 before it is done, and may say an error then.
    if (answer.body.find("<Error>") != std::string::npos) {
      return Unavailable(fmt::format("'{}': {}", path_, aws::XmlText(answer.body, "Message")));
    }
    upload_.clear();
    return Ok();
  }

  int64_t size_bytes() const override { return size_; }

 private:
  Status SendPart(std::string bytes) {
    if (upload_.empty()) {
      ASSIGN_OR_RETURN(auto begin, s3_.CallFor("POST", "s3:PutObject", path_));
      begin.request.query = {{"uploads", ""}};
      ASSIGN_OR_RETURN(const auto answer, s3_.AskWell(begin, path_));
      upload_ = aws::XmlText(answer.body, "UploadId");
      if (upload_.empty()) return DataLoss(fmt::format("'{}': S3 gave no upload id", path_));
    }
    ASSIGN_OR_RETURN(auto call, s3_.CallFor("PUT", "s3:PutObject", path_));
    call.request.query = {{"partNumber", std::to_string(etags_.size() + 1)}, {"uploadId", upload_}};
    call.request.body = std::move(bytes);
    ASSIGN_OR_RETURN(const auto answer, s3_.AskWell(call, path_));
    etags_.push_back(HeaderOf(answer, "etag"));
    return Ok();
  }

  Result<HttpResponse> EndUpload(const char* method, const char* action, std::string body) {
    ASSIGN_OR_RETURN(auto call, s3_.CallFor(method, action, path_));
    call.request.query = {{"uploadId", upload_}};
    call.request.body = std::move(body);
    return s3_.AskWell(call, path_);
  }

  S3& s3_;
  const std::string path_;
  std::string held_;
  int64_t size_ = 0;
  std::string upload_;  // its id; empty: none
  std::vector<std::string> etags_;
};

Result<std::unique_ptr<storage::Reader>> S3::OpenRead(const std::string& path) {
  ASSIGN_OR_RETURN(const auto answer, Head(path));
  const int64_t size = NumberOf(HeaderOf(answer, "content-length"));
  if (size < 0) return DataLoss(fmt::format("S3 does not say how large '{}' is", path));
  return std::unique_ptr<storage::Reader>(
      std::make_unique<S3Reader>(*this, path, size, ModifiedOf(answer), HeaderOf(answer, "etag")));
}

Result<std::unique_ptr<storage::Writer>> S3::OpenWrite(const std::string& path) {
  return std::unique_ptr<storage::Writer>(std::make_unique<S3Writer>(*this, path));
}

class S3Classes final : public StorageClasses {
 public:
  S3Classes(aws::Client& client, S3Options options, std::function<bool(Micros)> sleep)
      : s3_(client, std::move(options), std::move(sleep)) {}

  Result<std::map<std::string, std::string>> Below(const std::string& folder) override {
    std::map<std::string, std::string> classes;
    RETURN_IF_ERROR(s3_.EachObject(folder, "", "", [&](const FileInfo& file, const std::string& storage_class) {
      classes[file.path] = storage_class;
    }));
    return classes;
  }

  Status Change(const std::string& path, const std::string& storage_class) override {
    ASSIGN_OR_RETURN(const auto place, PlaceOf(path));
    ASSIGN_OR_RETURN(auto call, s3_.CallFor("PUT", "s3:PutObject", path));
    call.request.headers = {{"x-amz-copy-source", wire::PercentEncoded("/" + place.bucket + "/" + place.key, true)},
                            {"x-amz-storage-class", storage_class},
                            {"x-amz-metadata-directive", "COPY"}};
    ASSIGN_OR_RETURN(const auto answer, s3_.AskWell(call, path));
    // It answers 200 before it is done, and may say an error then.
    if (answer.body.find("<Error>") == std::string::npos) return Ok();
    return Unavailable(fmt::format("'{}': {}", path, aws::XmlText(answer.body, "Message")));
  }

 private:
  S3 s3_;
};

}  // namespace

std::unique_ptr<storage::Storage> MakeS3(aws::Client& client, S3Options options, std::function<bool(Micros)> sleep) {
  return std::make_unique<S3>(client, std::move(options), std::move(sleep));
}

std::unique_ptr<StorageClasses> MakeStorageClasses(aws::Client& client, S3Options options,
                                                   std::function<bool(Micros)> sleep) {
  return std::make_unique<S3Classes>(client, std::move(options), std::move(sleep));
}

}  // namespace tidemill::cloud
