// SPDX-License-Identifier: MIT
// Whether uploads survive what stands between a client and the server: proxies, balancers, networks
// that deliver content. Opens uploads of its own, never completes one, and removes them.
#pragma once

#include <string>
#include <vector>

#include "cli/findings.h"

namespace sluice::cli {

struct DoctorOptions {
  std::string url;                   // Under which clients know the server.
  std::vector<std::string> headers;  // "Name: value" lines of requests that open uploads.
  std::string ca_file;
  std::string files_path = "/files";            // dialects.path
  std::string origin = "https://page.example";  // Of a page that uploads.
  unsigned long_seconds = 0;                    // 0: no long request.
};

// Blocks, for some seconds and `long_seconds`.
void check_from_outside(const DoctorOptions& options, Findings& findings);

}  // namespace sluice::cli
