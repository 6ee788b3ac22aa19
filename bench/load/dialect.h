// SPDX-License-Identifier: MIT
// The protocols of uploads. Pure: texts in, texts out.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "load/options.h"

namespace sluice::bench {

struct Piece {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

class Dialect {
 public:
  virtual ~Dialect() = default;

  // The request that creates an upload; empty where the first piece creates it.
  virtual std::string open_request(std::uint64_t size) const = 0;
  // The upload's path where no request creates it.
  virtual std::string path_of(unsigned upload) const = 0;
  // The head of the request that brings the piece.
  virtual std::string piece_head(const std::string& path, Piece piece,
                                 std::uint64_t size) const = 0;
  // The head of the request that brings a part of a multi-chunk session.
  virtual std::string part_head(const std::string& path, std::uint64_t part, Piece piece) const;
  // The request that asks how far an upload is; empty where there is none.
  virtual std::string status_request(const std::string& path, std::uint64_t size) const = 0;
};

inline constexpr const char* dialect_names =
    "panda, tus, tus-creation, rufh, rufh-once, put, formchunks, dav or dav-range";

// panda; tus; rufh; formchunks; tus-creation, rufh-once and put: the file comes with the request
// that creates it; dav: every piece a file of its own; dav-range: Content-Range into one file.
// Throws std::runtime_error for another name.
std::unique_ptr<Dialect> make_dialect(const Options& options);

// The form around a file, for dialects that take one.
struct Form {
  std::string begin;
  std::string end;
};
Form make_form();
std::string form_head(const std::string& path, std::uint64_t body_size);

}  // namespace sluice::bench
