// SPDX-License-Identifier: MIT
// From the operator's settings to those of each part. Errors are for the operator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "admin/operator_listener.h"
#include "auth/authenticator.h"
#include "base/error.h"
#include "base/metrics.h"
#include "checks/file_checks.h"
#include "config/config.h"
#include "delivery/http_backend.h"
#include "delivery/outbox.h"
#include "hooks/hook_settings.h"
#include "http/server_session.h"
#include "net/connection_limits.h"
#include "protocol/protocol_settings.h"
#include "protocol/route.h"
#include "upload/upload_engine.h"

namespace sluice {

std::size_t worker_count(const config::Config& config);
net::ConnectionLimits::Settings connection_limits(const config::Config& config);
// `node` is the name of this process among those that share the journal, as for the next.
upload::EngineSettings engine_settings(const config::Config& config, const std::string& node);
checks::CheckSettings check_settings(const config::Config& config);
delivery::OutboxSettings outbox_settings(const config::Config& config, const std::string& node);
auth::AuthenticatorSettings authenticator_settings(const config::Config& config);
// Without the location's base and the names of clients, which are objects of the server.
protocol::ProtocolSettings protocol_settings(const config::Config& config);
admin::OperatorListener::Settings admin_listener_settings(const config::Config& config);
admin::OperatorListener::Settings control_listener_settings(const config::Config& config,
                                                            const std::string& data_directory);
http::SessionSettings session_settings(const config::Config& config);
// Reads the secret.
Result<delivery::HttpBackendSettings> backend_settings(const config::Config& config);
// Reads the secret. REQUIRES: URLs that were checked when the settings were read.
Result<hooks::HookSettings> hook_settings(const config::Config& config, const std::string& node,
                                          Metrics& metrics);

// Whether there is a console: its listener and the setting.
bool has_console(const config::Config& config);

// Whether the page has what it needs: the setting, the files and the dialect that it speaks.
bool has_upload_page(const config::Config& config);
// None where it has not.
std::vector<protocol::Route> upload_page(const config::Config& config,
                                         std::function<std::uint64_t()> file_size_max);

// How long the wall clock has to agree with the machine's before something is deleted by it: no
// longer than the shortest time after which something is.
Duration clock_agreement(const config::Config& config);

}  // namespace sluice
