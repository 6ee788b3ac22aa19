// SPDX-License-Identifier: MIT
// The certificate and key that the server shows, and what it speaks with them: TLS 1.2 and 1.3.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/mutex.h"

namespace sluice::net {

struct TlsFiles {
  std::string certificate;  // PEM: the server's own first, then those that vouch for it.
  std::string key;          // PEM, without a pass phrase.
};

struct TlsDelete {
  void operator()(SSL_CTX* context) const noexcept;
  void operator()(SSL* session) const noexcept;
};

// Any thread.
class TlsIdentity {
 public:
  // The error names the file and what is wrong with it.
  static Result<std::unique_ptr<TlsIdentity>> open(const TlsFiles& files);

  // Shows what `other` would, on connections from now on. `other` is used up.
  void become(TlsIdentity& other);
  // The server's end of a new connection.
  std::unique_ptr<SSL, TlsDelete> new_session() const;

 private:
  using Context = std::unique_ptr<SSL_CTX, TlsDelete>;

  static Result<Context> load(const TlsFiles& files);

  explicit TlsIdentity(Context context) : context_(std::move(context)) {}

  mutable Mutex mutex_;
  Context context_ GUARDED_BY(mutex_);
};

}  // namespace sluice::net
