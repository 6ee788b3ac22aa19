// SPDX-License-Identifier: MIT
#include "s3/signer.h"

#include <algorithm>

#include "base/digest.h"
#include "base/encoding.h"

namespace sluice::s3 {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

// "20130524T000000Z"
std::string amz_date(Timestamp time) {
  std::string text = to_iso8601(time);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

std::string scope_of(const SigningKey& key, std::string_view date) {
  std::string scope(date.substr(0, 8));
  scope += '/' + key.region + '/' + key.service + "/aws4_request";
  return scope;
}

// Without blanks at both ends, and with one where several follow each other.
std::string canonical_value(std::string_view value) {
  std::string canonical;
  for (const char c : trimmed(value)) {
    if (c != ' ' || !canonical.ends_with(' ')) {
      canonical += c;
    }
  }
  return canonical;
}

struct CanonicalHeaders {
  std::string lines;
  std::string names;
};

CanonicalHeaders canonical_headers(const SignedParts& parts) {
  std::vector<std::pair<std::string, std::string>> sorted{{"host", parts.host}};
  for (const auto& [name, value] : parts.headers) {
    sorted.emplace_back(to_lower(name), canonical_value(value));
  }
  std::ranges::sort(sorted);
  CanonicalHeaders canonical;
  for (const auto& [name, value] : sorted) {
    canonical.lines += name + ':';
    canonical.lines += value + '\n';
    canonical.names += (canonical.names.empty() ? "" : ";") + name;
  }
  return canonical;
}

std::string canonical_request(const SignedParts& parts, const CanonicalHeaders& headers,
                              std::string_view payload_hash) {
  std::string text = parts.method;
  for (const std::string_view line :
       {std::string_view(parts.path), std::string_view(parts.query),
        std::string_view(headers.lines), std::string_view(headers.names), payload_hash}) {
    text += '\n';
    text += line;
  }
  return text;
}

std::string signature(const SigningKey& key, std::string_view date, std::string_view request) {
  std::string text(algorithm);
  text += '\n';
  text += date;
  text += '\n' + scope_of(key, date) + '\n' + to_hex(sha256(request));
  Sha256Digest derived = hmac_sha256("AWS4" + key.secret_key, date.substr(0, 8));
  for (const std::string_view step : {std::string_view(key.region), std::string_view(key.service),
                                      std::string_view("aws4_request"), std::string_view(text)}) {
    derived = hmac_sha256(as_text(derived), step);
  }
  return to_hex(derived);
}

}  // namespace

std::string encode_path(std::string_view path) {
  std::string encoded;
  while (true) {
    const std::size_t slash = path.find('/');
    encoded += percent_encode(path.substr(0, slash));
    if (slash == std::string_view::npos) {
      return encoded;
    }
    encoded += '/';
    path.remove_prefix(slash + 1);
  }
}

std::string encode_query(const Query& query) {
  Query encoded;
  for (const auto& [name, value] : query) {
    encoded.emplace_back(percent_encode(name), percent_encode(value));
  }
  std::ranges::sort(encoded);
  std::string text;
  for (const auto& [name, value] : encoded) {
    text += (text.empty() ? "" : "&") + name;
    text += '=' + value;
  }
  return text;
}

std::string authorization(const SignedParts& parts, std::string_view payload_hash,
                          const SigningKey& key, Timestamp now) {
  const std::string date = amz_date(now);
  const CanonicalHeaders headers = canonical_headers(parts);
  std::string value(algorithm);
  value += " Credential=" + key.access_key + '/' + scope_of(key, date);
  value += ", SignedHeaders=" + headers.names + ", Signature=";
  value += signature(key, date, canonical_request(parts, headers, payload_hash));
  return value;
}

void sign(SignedParts& parts, std::string_view payload_hash, const SigningKey& key, Timestamp now) {
  parts.headers.emplace_back("x-amz-content-sha256", payload_hash);
  parts.headers.emplace_back("x-amz-date", amz_date(now));
  if (!key.session_token.empty()) {
    parts.headers.emplace_back("x-amz-security-token", key.session_token);
  }
  parts.headers.emplace_back("Authorization", authorization(parts, payload_hash, key, now));
}

std::string presigned_query(const SignedParts& parts, std::chrono::seconds valid,
                            const SigningKey& key, Timestamp now) {
  const std::string date = amz_date(now);
  const CanonicalHeaders headers = canonical_headers(parts);
  Query query{{"X-Amz-Algorithm", std::string(algorithm)},
              {"X-Amz-Credential", key.access_key + '/' + scope_of(key, date)},
              {"X-Amz-Date", date},
              {"X-Amz-Expires", std::to_string(valid.count())},
              {"X-Amz-SignedHeaders", headers.names}};
  if (!key.session_token.empty()) {
    query.emplace_back("X-Amz-Security-Token", key.session_token);
  }
  SignedParts signed_parts = parts;
  signed_parts.query = encode_query(query);
  const std::string made =
      signature(key, date, canonical_request(signed_parts, headers, "UNSIGNED-PAYLOAD"));
  return signed_parts.query + "&X-Amz-Signature=" + made;
}

}  // namespace sluice::s3
