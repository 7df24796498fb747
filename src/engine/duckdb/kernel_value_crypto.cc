// sha2() of every length, and AES as Java's Cipher has it: ECB and CBC with PKCS5 padding, GCM with a tag of 16 bytes.
// An initialization vector stands before what it is for.
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <optional>

#include "engine/duckdb/kernel_value.h"

namespace tidemill::engine::duckdb {

using plan::Value;

namespace {

constexpr size_t kTagBytes = 16;

std::string Upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

const unsigned char* BytesOf(const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* BytesOf(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

Value Sha2(Row&, const ValueCall& call) {
  const int64_t bits = call.number(1);
  const EVP_MD* digest = bits == 224                ? EVP_sha224()
                         : bits == 0 || bits == 256 ? EVP_sha256()
                         : bits == 384              ? EVP_sha384()
                         : bits == 512              ? EVP_sha512()
                                                    : nullptr;
  if (!digest) return {};
  std::string sum(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  EVP_Digest(call.text(0).data(), call.text(0).size(), BytesOf(sum), &size, digest, nullptr);
  std::string text;
  for (unsigned int i = 0; i < size; ++i) {
    const auto byte = static_cast<unsigned char>(sum[i]);
    text += {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
  }
  return {text};
}

struct Mode {
  const char* name;
  const char* padding;  // besides DEFAULT
  size_t iv_bytes;      // 0: takes none
  bool tagged;          // takes what is authenticated besides
  const EVP_CIPHER* (*ciphers[3])();
};
constexpr Mode kModes[] = {{"ECB", "PKCS", 0, false, {EVP_aes_128_ecb, EVP_aes_192_ecb, EVP_aes_256_ecb}},
                           {"CBC", "PKCS", 16, false, {EVP_aes_128_cbc, EVP_aes_192_cbc, EVP_aes_256_cbc}},
                           {"GCM", "NONE", 12, true, {EVP_aes_128_gcm, EVP_aes_192_gcm, EVP_aes_256_gcm}}};

struct Free {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

struct Job {
  const Mode* mode;
  const EVP_CIPHER* cipher;
  const std::string& key;
};

// The mode and padding that arguments 2 and 3 name; null after an error.
const Mode* ModeOf(Row& row, const ValueCall& call) {
  const std::string mode = Upper(call.text(2)), padding = Upper(call.text(3));
  const auto* found = std::ranges::find_if(
      kModes, [&](const Mode& m) { return mode == m.name && (padding == "DEFAULT" || padding == m.padding); });
  if (found != std::end(kModes)) return found;
  row.Fail("UNSUPPORTED_FEATURE.AES_MODE", "0A000",
           "The feature is not supported: AES-" + call.text(2) + " with the padding " + call.text(3) +
               " by the `aes_encrypt`/`aes_decrypt` function.");
  return nullptr;
}

const EVP_CIPHER* CipherOf(Row& row, const Mode& mode, const std::string& key) {
  if (key.size() == 16 || key.size() == 24 || key.size() == 32) return mode.ciphers[(key.size() - 16) / 8]();
  row.Fail(
      "INVALID_PARAMETER_VALUE.AES_KEY_LENGTH", "22023",
      "The value of parameter(s) `key` in `aes_encrypt`/`aes_decrypt` is invalid: expects a binary value with 16, 24 "
      "or 32 bytes, but got " +
          std::to_string(key.size()) + " bytes.");
  return nullptr;
}

Value Broken(Row& row, const std::string& why) {
  row.Fail("INVALID_PARAMETER_VALUE.AES_CRYPTO_ERROR", "22023",
           "The value of parameter(s) `expr`, `key` in `aes_encrypt`/`aes_decrypt` is invalid: detail message: " + why);
  return {};
}

// One pass of the cipher; nothing when the padding or the tag is not right. `tag`: written, or compared.
std::optional<std::string> Pass(const Job& job, bool encrypt, const std::string& iv, const std::string& aad,
                                const std::string& input, std::string* tag) {
  const std::unique_ptr<EVP_CIPHER_CTX, Free> context(EVP_CIPHER_CTX_new());
  EVP_CIPHER_CTX* c = context.get();
  std::string output(input.size() + 32, '\0');
  int size = 0, last = 0;
  bool fine = EVP_CipherInit_ex(c, job.cipher, nullptr, BytesOf(job.key), iv.empty() ? nullptr : BytesOf(iv), encrypt);
  if (fine && !aad.empty()) {
    fine = EVP_CipherUpdate(c, nullptr, &size, BytesOf(aad), static_cast<int>(aad.size()));
  }
  fine = fine && EVP_CipherUpdate(c, BytesOf(output), &size, BytesOf(input), static_cast<int>(input.size()));
  if (fine && job.mode->tagged && !encrypt) {
    fine = EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, kTagBytes, tag->data());
  }
  fine = fine && EVP_CipherFinal_ex(c, BytesOf(output) + size, &last);
  if (fine && job.mode->tagged && encrypt) {
    fine = EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, kTagBytes, tag->data());
  }
  if (!fine) return std::nullopt;
  output.resize(static_cast<size_t>(size + last));
  return output;
}

// (text, key, mode, padding, iv, aad)
Value Encrypt(Row& row, const ValueCall& call) {
  const Mode* mode = ModeOf(row, call);
  if (!mode) return {};
  std::string iv = call.text(4);
  const std::string& aad = call.text(5);
  const auto unsupported = [&](const char* what, const char* name) {
    row.Fail(std::string("UNSUPPORTED_FEATURE.AES_MODE_") + what, "0A000",
             std::string("The feature is not supported: `aes_encrypt` with AES-") + mode->name + " does not support " +
                 name + ".");
    return Value{};
  };
  if (!iv.empty() && mode->iv_bytes == 0) return unsupported("IV", "initialization vectors (IVs)");
  if (!aad.empty() && !mode->tagged) return unsupported("AAD", "additional authenticate data (AAD)");
  const EVP_CIPHER* cipher = CipherOf(row, *mode, call.text(1));
  if (!cipher) return {};
  if (!iv.empty() && iv.size() != mode->iv_bytes) {
    row.Fail("INVALID_PARAMETER_VALUE.AES_IV_LENGTH", "22023",
             "The value of parameter(s) `iv` in `aes_encrypt`/`aes_decrypt` is invalid: supports 16-byte CBC IVs and "
             "12-byte GCM IVs, but got " +
                 std::to_string(iv.size()) + " bytes for " + mode->name + ".");
    return {};
  }
  if (iv.empty()) {
    iv.resize(mode->iv_bytes);
    if (!iv.empty()) RAND_bytes(BytesOf(iv), static_cast<int>(iv.size()));
  }
  std::string tag(mode->tagged ? kTagBytes : 0, '\0');
  const auto made = Pass({mode, cipher, call.text(1)}, true, iv, aad, call.text(0), &tag);
  if (!made) return Broken(row, "the cipher failed");
  return {iv + *made + tag};
}

// (bytes, key, mode, padding, aad)
Value Decrypt(Row& row, const ValueCall& call) {
  const Mode* mode = ModeOf(row, call);
  if (!mode) return {};
  const std::string& aad = call.text(4);
  if (!aad.empty() && !mode->tagged) {
    row.Fail("UNSUPPORTED_FEATURE.AES_MODE_AAD", "0A000",
             std::string("The feature is not supported: `aes_decrypt` with AES-") + mode->name +
                 " does not support additional authenticate data (AAD).");
    return {};
  }
  const EVP_CIPHER* cipher = CipherOf(row, *mode, call.text(1));
  if (!cipher) return {};
  std::string bytes = call.text(0);
  const size_t tag_bytes = mode->tagged ? kTagBytes : 0;
  if (bytes.size() < mode->iv_bytes) return Broken(row, "Invalid buffer arguments");
  const std::string iv = bytes.substr(0, mode->iv_bytes);
  bytes.erase(0, mode->iv_bytes);
  if (bytes.size() < tag_bytes) return Broken(row, "Input too short - need tag");
  std::string tag = bytes.substr(bytes.size() - tag_bytes);
  bytes.resize(bytes.size() - tag_bytes);
  const auto made = Pass({mode, cipher, call.text(1)}, false, iv, aad, bytes, &tag);
  if (!made) {
    return Broken(row, mode->tagged
                           ? "Tag mismatch!"
                           : "Given final block not properly padded. Such issues can arise if a bad key is used "
                             "during decryption.");
  }
  return {*made};
}

}  // namespace

std::span<const ValueRow> CryptoValues() {
  static constexpr ValueRow kRows[] = {{"sha2", Sha2}, {"aes_encrypt", Encrypt}, {"aes_decrypt", Decrypt}};
  return kRows;
}

}  // namespace tidemill::engine::duckdb
