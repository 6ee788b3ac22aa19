// SPDX-License-Identifier: MIT
// The protocol between the server and the probe's helper program.
#pragma once

#include "jail/helper.h"

namespace sluice::video {

// The media file, read-only, in the helper. Standard output takes one line of JSON (media_info.h).
inline constexpr int probe_media_descriptor = jail::file_descriptor;

// With this argument, and the size of the file behind it, the helper asks for the file's bytes.
inline constexpr const char* probe_size_flag = "--size=";

// The helper's exit status. Every other one is a crash.
inline constexpr int probe_recognised = 0;
inline constexpr int probe_not_recognised = 3;
inline constexpr int probe_not_jailed = jail::not_jailed;  // It refused to read the file.

}  // namespace sluice::video
