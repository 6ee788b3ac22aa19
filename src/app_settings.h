// SPDX-License-Identifier: MIT
// From the operator's settings to those of each part. Errors are for the operator.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "delivery/http_backend.h"
#include "hooks/hook_settings.h"
#include "http/server_session.h"
#include "net/connection_limits.h"
#include "ops/config.h"
#include "upload/upload_engine.h"

namespace sluice {

// The first line of the file, without blanks at its ends; nothing without a file.
Result<std::string> read_secret(const std::string& path);
std::size_t worker_count(const ops::Config& config);
net::ConnectionLimits::Settings connection_limits(const ops::Config& config);
upload::EngineSettings engine_settings(const ops::Config& config);
http::SessionSettings session_settings(const ops::Config& config);
// The names of the server, as protocol::ProtocolSettings has them.
std::vector<std::string> host_names(const ops::Config::Server& server);
// Reads the secret.
Result<delivery::HttpBackendSettings> backend_settings(const ops::Config::Backend& backend);
// Reads the secret. REQUIRES: URLs that were checked when the settings were read.
Result<hooks::HookSettings> hook_settings(const ops::Config& config);

// How long the wall clock has to agree with the machine's before something is deleted by it: no
// longer than the shortest time after which something is.
Duration clock_agreement(const ops::Config& config);

}  // namespace sluice
