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
inline constexpr std::size_t upload_metadata_bytes_max = 16 * KiB;  // The field of tus.
inline constexpr std::size_t head_bytes_max = upload_metadata_bytes_max + 8 * KiB;
inline constexpr std::size_t head_bytes_first = 2 * KiB;  // A connection begins with it.
inline constexpr std::size_t header_count_max = 100;
inline constexpr std::size_t target_bytes_max = 8 * KiB;
inline constexpr std::size_t chunk_line_bytes_max = 256;
inline constexpr std::size_t trailer_bytes_max = 4 * KiB;
inline constexpr std::size_t concatenated_uploads_max = 1000;
inline constexpr std::size_t form_bytes_max = 64 * KiB;  // Parameters of an API request.
inline constexpr std::size_t form_field_count_max = 100;
inline constexpr std::size_t json_depth_max = 16;
inline constexpr std::size_t multipart_boundary_bytes_max = 70;  // RFC 2046 5.1.1
inline constexpr std::size_t multipart_preamble_bytes_max = 8 * KiB;
inline constexpr std::size_t multipart_padding_bytes_max = 64;  // Blanks behind a boundary.
inline constexpr std::size_t multipart_part_head_bytes_max = 8 * KiB;
inline constexpr std::size_t multipart_part_count_max = 100;
// A form upload's body is read in steps of this size while no buffer is borrowed.
inline constexpr std::size_t form_prefetch_bytes = 4 * KiB;
inline constexpr std::uint64_t form_skipped_bytes_max = 1 * MiB;  // Beside the file, together.
inline constexpr std::size_t file_name_bytes_max = 16 * KiB;
inline constexpr std::size_t excerpt_bytes_max = 100;  // Of a client's words in an error message.
inline constexpr std::size_t list_per_page_max = 100;
inline constexpr std::uint64_t list_page_max = 1'000'000'000;
inline constexpr std::size_t list_page_bytes = 1 * MiB;  // Of its videos, about.
// A client that wants to hear how far its running request is stored hears it once in this time.
inline constexpr std::chrono::seconds progress_told_pause{1};
// Bytes of answers in memory that clients have not taken yet, all together. Beyond, the answer that
// has been on its way for longest is given up. One below the least is not counted.
inline constexpr std::uint64_t unsent_bytes_max = 64 * MiB;
inline constexpr std::size_t unsent_bytes_least = 4 * KiB;
inline constexpr std::size_t connections_max = 20'000;
// Idle connections that were told to go for new ones and are still there.
inline constexpr std::size_t connections_leaving_max = 256;
// Enough for an office behind one address, few beside connections_max.
inline constexpr std::uint64_t connections_per_address_max = 1000;
inline constexpr std::uint64_t requests_per_connection_max = 1000;
// A client that moves fewer bytes than this in each window holds a connection for nothing. Eight
// bytes a second: a slower client would need a day for half a MiB.
inline constexpr std::chrono::minutes progress_window{2};
inline constexpr std::uint64_t progress_bytes = 1 * KiB;
// From a head's first byte to its last; between two requests; for one byte of a body or an answer.
inline constexpr std::chrono::seconds head_timeout_default{15};
inline constexpr std::chrono::seconds idle_timeout_default{60};
inline constexpr std::chrono::seconds body_timeout_default{60};
inline constexpr std::chrono::seconds write_timeout_default{60};
inline constexpr std::size_t accept_backlog = 1024;
// After the system ran out of descriptors or memory for another connection.
inline constexpr std::chrono::milliseconds accept_pause{100};
// An unwanted body is read up to here to keep the connection; a longer one ends it.
inline constexpr std::size_t drain_bytes_max = 16 * MiB;
inline constexpr std::chrono::seconds linger_max{30};
inline constexpr std::chrono::seconds linger_silence_max{5};
inline constexpr std::size_t chunked_input_bytes = 32 * KiB;  // Raw, read at once.
inline constexpr std::size_t discard_bytes = 16 * KiB;        // Read at once, onto the stack.

// Bytes of uploads.
inline constexpr std::size_t buffer_bytes = 256 * KiB;
// Bytes that a storage thread moves from a socket into a file at once, without copying them. One
// pipe for each thread at the most; it holds pages of the kernel, and is empty between two streams.
inline constexpr std::size_t pipe_bytes = 1 * MiB;
inline constexpr std::size_t buffer_budget_bytes_default = 64 * MiB;
// A partly filled buffer waits so long for more bytes of a fast sender before it is written.
inline constexpr std::chrono::milliseconds buffer_fill_patience{5};
// However steadily bytes trickle in, a buffer is not held for longer than this to be filled.
inline constexpr std::chrono::milliseconds buffer_fill_time_max{100};
// Once a buffer was filled, a storage thread reads on by itself for as long as the sender fills
// each further buffer within this time, and gives the others their turn after so much.
inline constexpr std::chrono::milliseconds stream_patience{2};
inline constexpr std::chrono::milliseconds stream_time_max{20};
inline constexpr std::uint64_t stream_bytes_max = 8 * MiB;
// Of a body of which so much is left, it is enough to tell a fast sender by a trial of this much.
// A slow one takes nothing else: these few buffers come on top of the budget.
inline constexpr std::uint64_t large_rest_bytes = 512 * KiB;
inline constexpr std::size_t trial_bytes = 32 * KiB;
inline constexpr std::size_t trial_buffers_max = 8;
// Stored bytes are compared with those that come in steps of this size, on a thread's stack.
inline constexpr std::size_t compare_bytes = 16 * KiB;
// Bytes that an earlier process wrote are written anew in steps of this size.
inline constexpr std::size_t rewrite_bytes = 256 * KiB;
inline constexpr std::uint64_t writeback_bytes = 8 * MiB;  // Distance of early writeback.
// A running request is made durable when it has brought so much; when it has brought the least for
// so long; and whatever it has brought after the longest interval, or while its sender is silent.
inline constexpr std::uint64_t checkpoint_bytes = 64 * MiB;
inline constexpr std::uint64_t checkpoint_bytes_least = 1 * MiB;
inline constexpr std::chrono::seconds checkpoint_interval{10};
inline constexpr std::chrono::seconds checkpoint_interval_longest{60};
inline constexpr std::uint64_t checkpoint_bytes_of_silent = 64 * KiB;
inline constexpr std::chrono::seconds sender_silence{1};
// Uploads with acknowledged bytes that wait for a round (durability = interval or none), each with
// an open file. A further upload syncs, and commits, before it acknowledges.
inline constexpr std::size_t unsynced_uploads_max = 1024;
inline constexpr std::size_t unsynced_uploads_page_count = 100;
inline constexpr std::size_t deferred_syncs_at_once = 8;
// How long a newer request waits for an older one's last bytes to reach the disk.
inline constexpr std::chrono::seconds takeover_wait_max{30};
inline constexpr std::chrono::seconds commit_wait_max{60};
// How often a change of an upload is tried that others came before.
inline constexpr int commit_tries_max = 8;
inline constexpr std::chrono::seconds buffer_wait_max{30};
// After the last expected byte of a body its end is waited for so long at a time.
inline constexpr std::chrono::milliseconds body_end_patience{5};
// A chunk of a file that comes as forms waits so long: the last one for the others, and each for a
// request that opens its upload.
inline constexpr std::chrono::seconds other_chunks_wait_max{10};
// So long after its end a file is the same one whose identifier says only its name and size.
inline constexpr std::chrono::seconds finished_chunks_window{60};
// A status query waits so long for the bytes of a connection that has just broken.
inline constexpr std::chrono::seconds settling_wait_max{2};
// It waits so long until what has arrived of requests that still run is durable. Of that, so long
// for them to write what they have taken: one whose sender has been silent for the patience has
// written all of it.
inline constexpr std::chrono::milliseconds status_wait_max{250};
inline constexpr std::chrono::milliseconds arrival_wait_max{150};
inline constexpr std::chrono::milliseconds arrival_patience{5};
inline constexpr std::chrono::seconds free_space_known_for{1};
// With fewer inodes nothing new begins: uploads that are there need some, and their answers.
inline constexpr std::uint64_t free_files_min = 100;
inline constexpr std::uint64_t uploads_max = 1'000'000;  // Unfinished ones.
inline constexpr std::size_t reaper_batch_count = 100;
// Uploads in memory that no request uses: their number, and the bytes of all that are in memory.
inline constexpr std::size_t idle_uploads_cached_max = 4096;
inline constexpr std::size_t uploads_cached_bytes_max = 64 * MiB;
inline constexpr std::size_t evictions_at_once_max = 64;

// The wall clock. It was set when it leaves what the machine's own clock counts by so much.
inline constexpr std::chrono::seconds clock_step_least{10};
// After a start, and after it was set, nothing is deleted by it before the two have agreed for so
// long, or for the shortest time of [expiry] where that is less.
inline constexpr std::chrono::minutes clock_agreement_time{15};
// Records from before the clock was set ahead are kept that much longer, up to this.
inline constexpr std::chrono::hours clock_set_ahead_kept_max{24};

// Multi-chunk sessions. A bigger file has bigger parts, not more of them.
inline constexpr std::uint64_t part_bytes_min = 5 * MiB;
inline constexpr std::uint64_t part_bytes_unit = 1 * MiB;  // Part sizes are multiples of it.
inline constexpr std::uint64_t part_count_max = 10'000;    // Of all files of a session, about.
// Pieces of parts that broke off, which the journal keeps for an upload beside its whole parts.
inline constexpr std::size_t broken_parts_kept_max = 16;
inline constexpr std::size_t extra_files_max = 100;
inline constexpr std::size_t extra_file_tag_bytes_max = 256;
inline constexpr std::size_t part_connections_default = 8;
inline constexpr std::size_t part_connections_max = 1000;

// The wire's integers: JSON numbers that every client can hold.
inline constexpr std::uint64_t upload_id_max = (std::uint64_t{1} << 53U) - 1;
inline constexpr std::uint64_t file_size_max_default = std::uint64_t{1} << 42U;  // 4 TiB
inline constexpr std::uint64_t file_size_max = std::uint64_t{1} << 53U;

// Threads.
inline constexpr std::size_t storage_threads = 16;
// Of its own, so that a revoked credential ends however long probes and disks take.
inline constexpr std::size_t credentials_threads = 1;

// Journal.
inline constexpr std::size_t commit_changes_max = 1024;   // Changes in one transaction.
inline constexpr std::size_t journal_queue_max = 65'536;  // Commits, and reads, that wait.
inline constexpr int journal_checkpoint_pages = 2000;     // Pages of 4 KiB in the write-ahead log.
// Texts of a client beyond this count as a further record of their owner, and so on.
inline constexpr std::size_t record_text_bytes = 4 * KiB;
// Aborted and expired uploads of one owner that the journal knows; older ones are forgotten.
inline constexpr std::size_t gone_uploads_per_owner_max = 1000;
// One step of a long read, between two transactions: entries of an index, bytes of rows.
inline constexpr std::size_t read_step_entries = 4096;
inline constexpr std::size_t read_step_bytes = 256 * KiB;
// Rows that cannot be read and are known by name: logged once each, counted, and told to fsck.
inline constexpr std::size_t damaged_rows_known_max = 10'000;

// How long an upload is kept: before its first byte, without requests, in all, and at its end.
inline constexpr std::chrono::hours untouched_life_default{1};
inline constexpr std::chrono::days idle_life_default{1};
inline constexpr std::chrono::days upload_life_default{7};
inline constexpr std::chrono::days finished_life_default{7};
inline constexpr std::chrono::days refused_life_default{7};
inline constexpr std::chrono::days failed_life_default{30};

// Delivery.
inline constexpr std::chrono::seconds answer_wait_default{25};  // Of a client for the answer.
inline constexpr std::chrono::seconds retry_first_default{1};
inline constexpr std::chrono::minutes retry_longest_default{5};
inline constexpr std::chrono::days delivery_give_up_default{1};
inline constexpr std::chrono::seconds hook_timeout_default{10};
inline constexpr std::chrono::days hook_give_up_default{1};
inline constexpr std::size_t delivery_threads = 4;  // For what blocks: moving and probing files.
inline constexpr std::uint64_t deliveries_at_once_default = 16;
inline constexpr std::uint64_t deliveries_at_once_max = 256;
inline constexpr std::size_t deliveries_in_memory_max = 1000;  // The rest waits in the journal.
// Of one owner, so that what an owner has waiting leaves room for the files of others.
inline constexpr std::size_t deliveries_of_owner_in_memory_max = 250;
inline constexpr std::size_t deliveries_page_count = 100;
// Headers to the backend that a client's values make: one, and all together. Many servers refuse
// heads of more than 16 KiB.
inline constexpr std::size_t handoff_header_bytes_max = 4 * KiB;
inline constexpr std::size_t handoff_headers_bytes_max = 8 * KiB;
inline constexpr std::size_t file_media_type_bytes_max = 255;
inline constexpr std::size_t secret_bytes_min = 16;
inline constexpr std::size_t secret_bytes_max = 1 * KiB;
inline constexpr std::size_t answer_bytes_max = 1 * MiB;  // In the journal; more goes to a file.
inline constexpr std::uint64_t answer_file_bytes_default = 64 * MiB;
inline constexpr std::uint64_t answer_file_bytes_max = 1024 * MiB;
inline constexpr std::size_t described_answer_bytes_max = 64 * KiB;  // With its upload.
// The name of a file that is downloaded: file systems take no longer one.
inline constexpr std::size_t told_file_name_bytes_max = 255;
// A file is sent in pieces of this size: the memory that each reading client costs.
inline constexpr std::size_t answer_piece_bytes = 16 * KiB;
inline constexpr std::size_t failure_bytes_max = 1 * KiB;  // Of the reason that is kept.
// What is remembered of an upload while it is in memory, and of the words of each of these events.
inline constexpr std::size_t story_events_max = 32;
inline constexpr std::size_t story_words_bytes_max = 160;
// Clients that wait for the backend; further ones are told at once to come again.
inline constexpr std::size_t answer_waiters_max = 4096;

// Files made of partial uploads: so many are written at once; one that failed is tried again then.
inline constexpr std::size_t concatenations_at_once = 4;
inline constexpr std::chrono::seconds concatenation_pause{10};

// The control socket, and pages for operators.
inline constexpr std::size_t control_connections_max = 16;
inline constexpr std::size_t admin_connections_max = 64;  // Of admin.listen.
// Uploads in one answer to an operator. A name has up to 16 KiB, and the answer has to fit into the
// next but one.
inline constexpr std::size_t operator_page_count_max = 100;
inline constexpr std::chrono::seconds control_time_max{60};  // For a command to be answered.
inline constexpr std::size_t control_answer_bytes_max = 16 * MiB;
// Of a search, and of an order that the journal has not: uploads looked at for one answer.
inline constexpr std::size_t operator_search_count_max = 10'000;
// Of a name or an owner, by which uploads are put in order.
inline constexpr std::size_t operator_sort_bytes_max = 256;

// A supervisor like systemd is told this often how the server does, and an event loop that hangs
// holds up the end of the program no longer than that.
inline constexpr std::chrono::seconds supervisor_status_pause{10};
inline constexpr std::chrono::seconds supervisor_end_max{2};

// The console. Its listeners hear of what has changed once a tick, of as many uploads as fit into a
// table, and those that leave so many bytes of it unread are let go.
inline constexpr std::size_t console_listeners_max = 16;
inline constexpr std::chrono::seconds console_tick{1};
inline constexpr std::size_t console_rows_max = 200;
inline constexpr std::size_t console_unread_bytes_max = 4 * MiB;
inline constexpr std::size_t console_search_bytes_max = 256;
// So that no event loop looks at thousands of uploads.
inline constexpr std::size_t console_threads = 1;
// The figures of the last hour: one sample in so many ticks.
inline constexpr std::size_t console_sample_ticks = 10;
inline constexpr std::size_t console_samples_max = 360;
inline constexpr std::size_t console_owners_max = 200;  // Those with the most bytes.

// Requests that the server itself makes, under way or waiting: each purpose has its own bound.
inline constexpr std::size_t authorize_questions_max = 1024;
inline constexpr std::size_t outgoing_piece_bytes = 256 * KiB;  // Of a body's file, at once.
// A body that is taken more slowly ends its request, however long the answer may take.
inline constexpr std::uint64_t outgoing_bytes_per_second_min = 256 * KiB;
inline constexpr std::size_t outgoing_answer_head_bytes_max = 64 * KiB;

// Object stores. An answer in XML; and keys in one page of a list, each of which may have 1024
// bytes that are percent-encoded.
inline constexpr std::size_t s3_document_bytes_max = 1 * MiB;
inline constexpr std::size_t s3_prefix_bytes_max = 512;              // Of all keys of a server.
inline constexpr std::size_t s3_requests_max = 1024;                 // Of one server, at once.
inline constexpr std::chrono::milliseconds s3_ping_time_max{2'000};  // Then the store is away.
inline constexpr std::size_t s3_list_page_count = 250;
inline constexpr std::ptrdiff_t s3_removal_keys_max = 1000;  // In one request.
inline constexpr std::uint64_t s3_get_bytes_max = 16 * MiB;  // Read at once.
inline constexpr std::uint64_t s3_part_bytes_min = 5 * MiB;  // But for the last of an upload.
inline constexpr std::uint64_t s3_part_bytes_max = 5120 * MiB;
inline constexpr unsigned s3_parts_max = 10'000;
inline constexpr std::uint64_t s3_object_bytes_max = std::uint64_t{5} << 40U;
// The parts of a merge are as large as leaves this number of them; those of a rest come beside it.
inline constexpr std::uint64_t s3_planned_parts = 9000;
// So many small extents, or so many bytes of them, become one object. Small is what no part may be.
inline constexpr std::size_t s3_fold_extents = 256;
inline constexpr std::uint64_t s3_fold_bytes = 16 * MiB;
// Small extents of an upload are looked for when it has got so many more, of so many uploads at
// once; and of so many it is known how many they have got.
inline constexpr std::size_t fold_look_extents = 64;
inline constexpr std::size_t folds_at_once = 2;
inline constexpr std::size_t folds_watched_max = 10'000;
// Tries of a request begin within the time of the call, and each has the time of a try.
inline constexpr unsigned s3_tries_max = 3;
inline constexpr std::chrono::milliseconds s3_call_time_max{30'000};
inline constexpr std::chrono::milliseconds s3_try_time_max{12'000};
inline constexpr std::chrono::milliseconds s3_connect_time_max{5'000};
inline constexpr std::chrono::milliseconds s3_stall_time_max{10'000};
inline constexpr std::chrono::milliseconds s3_pause{200};
// The store itself moves the bytes: up to s3_part_bytes_max in a part, and all parts of an object.
inline constexpr std::chrono::minutes s3_copy_time_max{5};
inline constexpr std::chrono::minutes s3_completion_time_max{10};
// A store whose time is further away is followed. It refuses a request that is 15 minutes off.
inline constexpr std::chrono::milliseconds s3_clock_tolerance{10'000};

// PostgreSQL. Connections of a process, and threads that use them.
inline constexpr std::size_t postgres_connections = 8;
inline constexpr int postgres_connect_seconds = 2;  // To each address of each host; libpq's least.
// From the call to its answer, the wait for a connection counted.
inline constexpr std::chrono::milliseconds postgres_call_time_max{5'000};
inline constexpr std::chrono::minutes postgres_migration_time_max{10};
// Of a transaction that the server has undone because it and another waited for each other.
inline constexpr int postgres_tries_max = 3;
// A server whose time is further away is followed.
inline constexpr std::chrono::milliseconds postgres_clock_tolerance{10'000};
// Between two tries to listen to other nodes; without a signal, until the connection is looked at.
inline constexpr std::chrono::milliseconds postgres_signals_pause{500};
inline constexpr std::chrono::milliseconds postgres_signals_silence_max{10'000};
// Numbers of uploads that a process gets at once: the sequence's increment.
inline constexpr std::uint64_t postgres_id_block = 1000;
// Nodes that share a journal. Clients that wait for an answer look for it so often; uploads of all
// nodes are counted so often; a request of this age ends when a newer one begins on another node.
inline constexpr std::chrono::milliseconds shared_look_pause{1'000};
inline constexpr std::chrono::milliseconds shared_counts_pause{5'000};
inline constexpr std::chrono::milliseconds superseded_after{1'000};
// A request whose signature was good when it was judged has committed its use after so long, on
// whichever node: until then the use is remembered.
inline constexpr std::chrono::hours signatures_kept_past{1};

// Stores of objects. Bytes of an upload go into objects of this size, of a large file into so many
// about that are equal; so many are written at once, of a blob and of all.
inline constexpr std::uint64_t extent_bytes = 16 * MiB;
inline constexpr std::uint64_t extents_max = 9000;
inline constexpr std::uint64_t scratch_bytes_default = 4096 * MiB;
inline constexpr std::uint64_t scratch_bytes_min = 64 * MiB;
inline constexpr std::size_t extent_puts_of_blob_max = 4;
inline constexpr std::size_t extent_puts_max = 64;
inline constexpr std::size_t extents_page_count = 1024;  // Of the journal's rows, at once.
inline constexpr std::chrono::seconds extent_wait_max{60};
// Finished files are read ahead so far, in requests of this size beside each other.
inline constexpr std::uint64_t extent_read_bytes = 1 * MiB;
inline constexpr std::size_t extent_window_chunks = 4;
inline constexpr std::chrono::milliseconds extent_look_pause{200};  // For the end of the server.
// A URL for a finished file in an object store is good for so long.
inline constexpr std::chrono::hours reference_url_life{12};
// Parts of one object that are made beside each other; and bytes of small objects that become those
// of one: each has up to twice the bytes of the least part in scratch.
inline constexpr std::size_t merge_parts_at_once = 4;
inline constexpr std::size_t gathers_at_once = 2;
// Objects of an upload are listed and removed until there are none, but not more often.
inline constexpr int extent_removal_rounds_max = 4;
// A store refuses a request that was signed longer ago, with some time for its bytes.
inline constexpr std::chrono::minutes extent_late_max{20};
// Free room of a store that knows no bound.
inline constexpr std::uint64_t unbounded_space = std::uint64_t{1} << 62U;

// Hooks.
inline constexpr std::size_t notifications_at_once_max = 16;
inline constexpr std::size_t outgoing_requests_max =
    authorize_questions_max + notifications_at_once_max + deliveries_at_once_max;
inline constexpr std::size_t hook_answer_bytes_max = 64 * KiB;
inline constexpr std::chrono::hours retry_after_max{24};      // A longer one is taken for this.
inline constexpr std::chrono::minutes notifier_pause_max{1};  // Between two looks for work.

// The probe's helper process, which waits for processor and disk behind all other programs.
inline constexpr std::chrono::seconds probe_time_max{30};
inline constexpr int probe_niceness = 5;
inline constexpr std::size_t probe_cpu_seconds_max = 8;
inline constexpr std::size_t probe_memory_bytes_max = 512 * MiB;
inline constexpr std::size_t probe_output_bytes_max = 64 * KiB;
inline constexpr std::size_t probe_open_files_max = 16;
inline constexpr std::size_t probe_analyze_bytes_max = 8 * MiB;  // Of packets; headers beside it.
inline constexpr std::chrono::seconds probe_analyze_media_time_max{10};
inline constexpr std::size_t probe_streams_max = 200;
// Packets are read where a file keeps no bit rates or no duration; the file's end tells it.
inline constexpr std::size_t probe_sample_bytes_max = 64 * MiB;
inline constexpr std::size_t probe_packets_max = 200'000;
inline constexpr std::size_t probe_tail_bytes_max = 32 * MiB;
// A file of no descriptor is read in chunks for the helper that asks; the last few are kept.
inline constexpr std::size_t asked_bytes_max = 64 * KiB;  // At once.
inline constexpr std::size_t asked_chunk_bytes = 1 * MiB;
inline constexpr std::size_t asked_chunks_kept = 8;
inline constexpr std::uint64_t asked_read_bytes_max = 1024 * MiB;
inline constexpr std::chrono::minutes asked_read_time_max{10};  // Beside the helper's own.

// Checks before a hand-off. Whatever the settings say, a thread each.
inline constexpr std::uint64_t checks_at_once_default = 4;
inline constexpr std::uint64_t checks_at_once_max = 64;
inline constexpr std::size_t check_patterns_max = 256;  // Of types, in one list.
inline constexpr std::size_t type_bytes_max = 1 * MiB;  // That tell the type of a file.
inline constexpr std::size_t type_text_bytes_max = 256;
inline constexpr std::chrono::seconds check_type_time_max{10};
inline constexpr std::chrono::minutes check_program_time_default{1};
inline constexpr std::uint64_t check_program_memory_bytes_default = 1024 * MiB;
inline constexpr std::size_t check_program_open_files_max = 64;
inline constexpr std::chrono::seconds clamd_time_default{120};
// A scanner that takes bytes more slowly is given up, however long clamd_time is.
inline constexpr std::uint64_t clamd_bytes_per_second_min = 256 * KiB;
inline constexpr std::size_t clamd_reply_bytes_max = 4 * KiB;

// The library of the embedded backends.
inline constexpr std::size_t library_leftovers_batch = 100;
inline constexpr std::chrono::seconds library_change_patience{30};  // With one before it.

// Backups. The journal's thread copies so many pages between two transactions.
inline constexpr int backup_step_pages = 256;
// For the running server to copy its journal and to give all its files a second name.
inline constexpr std::chrono::hours backup_begin_time_max{1};

// fsck. A page of records may hold an answer of answer_bytes_max each.
inline constexpr std::size_t fsck_page_count = 64;
inline constexpr std::size_t fsck_unrecorded_files_max = 1024;  // Looked up in one walk.
inline constexpr std::chrono::hours fsck_cut_upload_life{24};   // At least, after a repair.

// Rates of creation. Addresses and owners whose rates are known; beyond, the one that has created
// nothing for longest begins anew.
inline constexpr std::size_t rates_known_max = 10'000;
inline constexpr std::uint64_t creations_per_minute_max = 1'000'000;

// Settings.
inline constexpr std::uint64_t low_water_bytes_default = 1024 * MiB;
inline constexpr std::uint64_t workers_max = 256;
inline constexpr std::uint64_t sessions_setting_max = 1'000'000'000;
inline constexpr std::uint64_t connections_setting_max = 1'000'000;
inline constexpr std::uint64_t count_setting_max = 1'000'000'000;
inline constexpr std::uint64_t buffer_budget_bytes_min = 4 * buffer_bytes;
inline constexpr std::uint64_t buffer_budget_bytes_max = std::uint64_t{1} << 40U;
inline constexpr std::chrono::days duration_setting_max{3650};
// Of settings, in the life of a server: each costs a few KiB to its end (base/changeable.h).
inline constexpr std::size_t reloads_max = 10'000;
inline constexpr std::size_t config_file_bytes_max = 1 * MiB;
inline constexpr std::size_t setting_name_bytes_max = 128;  // A longer name resembles none.

// Credentials.
inline constexpr std::size_t credentials_max = 10'000;
inline constexpr std::size_t credential_text_bytes_max = 256;
inline constexpr std::size_t credential_clouds_max = 1000;
// Of the names and values that a signature covers: the bound on the cost of computing one. A file
// name of the greatest length and all other parameters of real clients fit in.
inline constexpr std::size_t signed_bytes_max = 32 * KiB;
inline constexpr std::size_t signature_text_bytes = 44;  // HMAC-SHA256 in base64.
inline constexpr std::size_t host_names_max = 16;
inline constexpr std::size_t files_path_bytes_max = 256;  // Of the path where uploads are opened.
// How old a signature may be; and that of a file's request, when the request begins.
inline constexpr std::chrono::minutes signature_window_default{5};
inline constexpr std::chrono::minutes file_signature_window_default{30};
inline constexpr std::chrono::seconds credentials_poll{1};  // Between two looks at their file.
// A file in a form whose credential comes behind it has to be here after so long.
inline constexpr std::chrono::hours form_upload_time_max{24};
// A smaller one has less time: so long, and as long as it takes at this pace.
inline constexpr std::chrono::minutes form_upload_time_least{10};
inline constexpr std::uint64_t form_upload_bytes_per_second_min = 16 * KiB;
// Room that is promised for a file of which nothing has come and no size is known.
inline constexpr std::uint64_t unknown_size_room = 16 * MiB;
// A file without a session gives room that it did not need back when it is more than this.
inline constexpr std::uint64_t unused_room_max = 64 * KiB;
// Bytes of a file without a session, when the server dies, go after this at the latest.
inline constexpr std::chrono::hours unidentified_file_life{1};
inline constexpr std::uint64_t sessions_per_owner_default = 1'000'000;
inline constexpr std::uint64_t records_per_owner_default = 10'000'000;
// For all strangers together, and for those behind one address.
inline constexpr std::uint64_t unauthenticated_bytes_default = 4096 * MiB;
inline constexpr std::uint64_t unauthenticated_bytes_per_address_default = 1024 * MiB;
// Percent of the free room that one client may have promised before its bytes come.
inline constexpr std::uint64_t room_share_default = 50;

// Log lines.
inline constexpr std::size_t log_value_bytes_max = 4 * KiB;  // Of one field; the rest is cut off.
// Of systemd's journal, as one datagram: fields twice, once in the message.
inline constexpr std::size_t log_entry_bytes_max = 128 * KiB;
inline constexpr std::size_t log_queue_bytes_max = 4 * MiB;  // That wait for their descriptor.
inline constexpr std::chrono::milliseconds log_gather_time{2};
// At the end of the program; a descriptor that takes nothing for so long gets no more.
inline constexpr std::chrono::seconds log_flush_time_max{2};

// The end of the program, after the operator's own drain time.
inline constexpr std::chrono::seconds admin_drain_max{1};  // For pages under way.
inline constexpr std::chrono::seconds cut_wait_max{15};
inline constexpr std::chrono::seconds outbox_close_wait_max{15};
inline constexpr std::chrono::seconds last_sync_wait_max{60};

static_assert(s3_planned_parts < s3_parts_max);
static_assert(2 * (s3_object_bytes_max / s3_planned_parts + 1) <= s3_part_bytes_max);
static_assert(s3_list_page_count * 4 * KiB <= s3_document_bytes_max);
static_assert(head_bytes_first <= head_bytes_max);
static_assert(target_bytes_max < head_bytes_max);
static_assert(multipart_part_head_bytes_max < buffer_bytes);
static_assert(file_name_bytes_max < signed_bytes_max && signed_bytes_max < form_bytes_max);
static_assert(drain_bytes_max >= form_skipped_bytes_max);
static_assert(trial_bytes < buffer_bytes && buffer_bytes < large_rest_bytes);
static_assert(buffer_bytes <= pipe_bytes && pipe_bytes <= stream_bytes_max);
static_assert(buffer_bytes < writeback_bytes && writeback_bytes < checkpoint_bytes);
static_assert(buffer_fill_time_max < arrival_wait_max && arrival_wait_max < status_wait_max);
static_assert(buffer_budget_bytes_default >= 16 * buffer_bytes);
static_assert(file_size_max_default <= file_size_max);
static_assert(16 * answer_bytes_max <= unsent_bytes_max);
static_assert(16 * list_page_bytes <= unsent_bytes_max);
static_assert(answer_bytes_max < answer_file_bytes_default);
static_assert(answer_file_bytes_default <= answer_file_bytes_max);

}  // namespace sluice::limits
