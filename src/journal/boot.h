// SPDX-License-Identifier: MIT
// Whether the machine may have lost power since the journal was written: the kernel gives each of
// its runs a random name, the journal keeps the name of the run that wrote it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/error.h"
#include "journal/sqlite_connection.h"

namespace sluice::journal {

// Empty where the kernel does not say.
std::string current_boot_id();

// Blocks. Under another name than the one that the journal keeps, or none, unsynced bytes are
// stored no longer. In one transaction; reads the few rows that have such bytes.
Result<> take_over_boot(Connection& connection, const std::string& boot_id);

// Where the store's file of an upload ends; 0 where there is none. Blocks.
using BlobSize = std::function<Result<std::uint64_t>(std::uint64_t upload_id)>;

// Journals of version 13 say of some unfinished files that more may be stored than they name: all
// that the blob holds behind it. Names those bytes. A row whose blob cannot be looked at stays as
// it is, which is damaged. Blocks.
Result<> name_bytes_of_blobs(Connection& connection, const BlobSize& blob_size);

}  // namespace sluice::journal
