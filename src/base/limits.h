// SPDX-License-Identifier: MIT
// Every bound of the program. A new queue, buffer or loop takes its bound from here.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace sluice::limits {

inline constexpr std::size_t KiB = 1024;
inline constexpr std::size_t MiB = 1024 * KiB;

// HTTP.
inline constexpr std::size_t head_bytes_max = 16 * KiB;
inline constexpr std::size_t head_bytes_first =
    2 * KiB;  // A connection starts with this much and grows.
inline constexpr std::size_t header_count_max = 100;
inline constexpr std::size_t target_bytes_max = 8 * KiB;
inline constexpr std::size_t chunk_line_bytes_max = 256;
inline constexpr std::size_t trailer_bytes_max = 4 * KiB;
inline constexpr std::size_t form_bytes_max = 64 * KiB;  // Parameters of an API request.
inline constexpr std::size_t form_field_count_max = 100;
inline constexpr std::size_t json_depth_max = 16;
inline constexpr std::size_t multipart_boundary_bytes_max = 70;  // RFC 2046 5.1.1
inline constexpr std::size_t multipart_part_head_bytes_max = 8 * KiB;
inline constexpr std::size_t multipart_part_count_max = 100;
inline constexpr std::size_t connections_max = 20'000;
inline constexpr std::size_t accept_backlog = 1024;

// A body that nobody wants is read up to here to keep the connection; a longer one ends it.
inline constexpr std::size_t drain_bytes_max = 16 * MiB;
inline constexpr std::chrono::seconds linger_max{5};

// Bytes of uploads.
inline constexpr std::size_t buffer_bytes = 256 * KiB;
inline constexpr std::size_t buffer_budget_bytes_default = 64 * MiB;
// A buffer that is partly filled waits this long for more bytes of a fast sender, then it is
// written as it is.
inline constexpr std::chrono::milliseconds buffer_fill_patience{5};
inline constexpr std::uint64_t writeback_bytes = 8 * MiB;  // Distance of early writeback.
inline constexpr std::uint64_t checkpoint_bytes =
    64 * MiB;  // A running request is made durable this often.
inline constexpr std::chrono::seconds checkpoint_interval{5};
// Uploads in memory that no request uses.
inline constexpr std::size_t idle_uploads_cached_max = 4096;

// The wire's integers: JSON numbers that every client can hold.
inline constexpr std::uint64_t upload_id_max = (std::uint64_t{1} << 53U) - 1;
inline constexpr std::uint64_t file_size_max_default = std::uint64_t{1} << 42U;  // 4 TiB
inline constexpr std::uint64_t file_size_max = std::uint64_t{1} << 53U;

// Journal.
inline constexpr std::size_t commit_changes_max = 1024;  // Changes in one transaction.

// Delivery.
inline constexpr std::size_t deliveries_at_once_max = 4;
inline constexpr std::size_t answer_bytes_max = 1 * MiB;

// The probe's helper process.
inline constexpr std::chrono::seconds probe_time_max{10};
inline constexpr std::size_t probe_cpu_seconds_max = 8;
inline constexpr std::size_t probe_memory_bytes_max = 512 * MiB;
inline constexpr std::size_t probe_output_bytes_max = 64 * KiB;

static_assert(head_bytes_first <= head_bytes_max);
static_assert(target_bytes_max < head_bytes_max);
static_assert(multipart_part_head_bytes_max < buffer_bytes);
static_assert(buffer_bytes < writeback_bytes && writeback_bytes < checkpoint_bytes);
static_assert(buffer_budget_bytes_default >= 16 * buffer_bytes);
static_assert(file_size_max_default <= file_size_max);

}  // namespace sluice::limits
