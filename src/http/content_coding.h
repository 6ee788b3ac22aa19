// SPDX-License-Identifier: MIT
// Codings that would have to be undone to get at the bytes of a body. None is: a coded file would
// be kept as another file than the one that was sent.
#pragma once

#include "base/error.h"
#include "http/message.h"

namespace sluice::http {

// unsupported_media_type where the head of a request or of a form's part names a coding that
// changes bytes, as Content-Encoding (RFC 9110 8.4) or Content-Transfer-Encoding (RFC 2045 6.1).
Result<> expect_no_coding(const Headers& headers);

}  // namespace sluice::http
