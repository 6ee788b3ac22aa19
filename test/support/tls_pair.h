// SPDX-License-Identifier: MIT
// Certificates for tests, made on the spot.
#pragma once

#include <openssl/types.h>

#include <string>

#include "net/tls_identity.h"

namespace sluice::testing {

// A key and a certificate that vouches for itself, as DIRECTORY/NAME.pem and DIRECTORY/NAME.key.
// Files of that name are replaced. Its subject is `name`, or the given one.
net::TlsFiles write_tls_pair(const std::string& directory, const std::string& name,
                             const std::string& subject = {});
// As "/CN=name".
std::string subject_of(const X509* certificate);

}  // namespace sluice::testing
