// SPDX-License-Identifier: MIT
// From the operator's settings to those of each part. Errors are for the operator.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "delivery/http_backend.h"
#include "hooks/hook_settings.h"
#include "http/server_session.h"
#include "ops/config.h"
#include "upload/upload_engine.h"

namespace sluice {

upload::EngineSettings engine_settings(const ops::Config& config);
http::SessionSettings session_settings(const ops::Config& config);
// The names of the server, as protocol::ProtocolSettings has them.
std::vector<std::string> host_names(const ops::Config::Server& server);
// Reads the secret.
Result<delivery::HttpBackendSettings> backend_settings(const ops::Config::Backend& backend);
// Reads the secret. REQUIRES: URLs that were checked when the settings were read.
Result<hooks::HookSettings> hook_settings(const ops::Config& config);

}  // namespace sluice
