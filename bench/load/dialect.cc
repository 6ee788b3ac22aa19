// SPDX-License-Identifier: MIT
#include "load/dialect.h"

#include <fmt/format.h>
#include <unistd.h>

#include <stdexcept>

namespace sluice::bench {
namespace {

constexpr const char* boundary = "----SluiceBenchmark7MA4YWxkTrZu0gW";

class Panda final : public Dialect {
 public:
  Panda(std::string path, bool of_parts)
      : path_(path.empty() ? "/videos/upload.json" : std::move(path)), of_parts_(of_parts) {}

  std::string open_request(std::uint64_t size) const override {
    const std::string body = fmt::format("file_size={}&file_name=benchmark.bin{}", size,
                                         of_parts_ ? "&multi_chunk=true" : "");
    return fmt::format(
        "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        "Content-Length: {}\r\n\r\n{}",
        path_, body.size(), body);
  }
  std::string path_of(unsigned) const override { return {}; }
  std::string piece_head(const std::string& path, Piece piece, std::uint64_t size) const override {
    return fmt::format(
        "PUT {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n"
        "Content-Range: bytes {}-{}/{}\r\nContent-Length: {}\r\n\r\n",
        path, piece.begin, piece.end - 1, size, piece.end - piece.begin);
  }
  std::string part_head(const std::string& path, std::uint64_t part, Piece piece) const override {
    return fmt::format(
        "PUT {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n"
        "X-Part: {}\r\nContent-Length: {}\r\n\r\n",
        path, part, piece.end - piece.begin);
  }
  std::string status_request(const std::string& path, std::uint64_t size) const override {
    return fmt::format(
        "PUT {} HTTP/1.1\r\nHost: localhost\r\nContent-Range: bytes */{}\r\n"
        "Content-Length: 0\r\n\r\n",
        path, size);
  }

 private:
  std::string path_;
  bool of_parts_;
};

class Tus final : public Dialect {
 public:
  explicit Tus(std::string path) : path_(path.empty() ? "/files" : std::move(path)) {}

  std::string open_request(std::uint64_t size) const override {
    return fmt::format(
        "POST {} HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nUpload-Length: {}\r\n"
        "Content-Length: 0\r\n\r\n",
        path_, size);
  }
  std::string path_of(unsigned) const override { return {}; }
  std::string piece_head(const std::string& path, Piece piece, std::uint64_t) const override {
    return fmt::format(
        "PATCH {} HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: {}\r\n"
        "Content-Type: application/offset+octet-stream\r\nContent-Length: {}\r\n\r\n",
        path, piece.begin, piece.end - piece.begin);
  }
  std::string status_request(const std::string& path, std::uint64_t) const override {
    return fmt::format("HEAD {} HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\n\r\n", path);
  }

 private:
  std::string path_;
};

// The first piece creates the upload, and is the whole file.
class TusCreation final : public Dialect {
 public:
  explicit TusCreation(std::string path) : path_(path.empty() ? "/files" : std::move(path)) {}

  std::string open_request(std::uint64_t) const override { return {}; }
  std::string path_of(unsigned) const override { return path_; }
  std::string piece_head(const std::string& path, Piece piece, std::uint64_t size) const override {
    return fmt::format(
        "POST {} HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nUpload-Length: {}\r\n"
        "Content-Type: application/offset+octet-stream\r\nContent-Length: {}\r\n\r\n",
        path, size, piece.end - piece.begin);
  }
  std::string status_request(const std::string&, std::uint64_t) const override { return {}; }

 private:
  std::string path_;
};

// The newest version of the IETF draft: the client wants 104.
class Rufh final : public Dialect {
 public:
  explicit Rufh(std::string path) : path_(path.empty() ? "/files" : std::move(path)) {}

  std::string open_request(std::uint64_t size) const override {
    return fmt::format(
        "POST {} HTTP/1.1\r\nHost: localhost\r\n"
        "Upload-Draft-Interop-Version: 10\r\nUpload-Complete: ?0\r\nUpload-Length: {}\r\n"
        "Content-Length: 0\r\n\r\n",
        path_, size);
  }
  std::string path_of(unsigned) const override { return {}; }
  std::string piece_head(const std::string& path, Piece piece, std::uint64_t size) const override {
    return fmt::format(
        "PATCH {} HTTP/1.1\r\nHost: localhost\r\n"
        "Upload-Draft-Interop-Version: 10\r\nUpload-Complete: ?{}\r\nUpload-Offset: {}\r\n"
        "Content-Type: application/partial-upload\r\nContent-Length: {}\r\n\r\n",
        path, piece.end == size ? 1 : 0, piece.begin, piece.end - piece.begin);
  }
  std::string status_request(const std::string& path, std::uint64_t) const override {
    return fmt::format(
        "HEAD {} HTTP/1.1\r\nHost: localhost\r\nUpload-Draft-Interop-Version: 10\r\n\r\n", path);
  }

 private:
  std::string path_;
};

// The whole file in the request that creates it: in the words of the draft, or in none.
class Once final : public Dialect {
 public:
  Once(std::string path, bool in_rufh)
      : path_(path.empty() ? "/files" : std::move(path)), in_rufh_(in_rufh) {}

  std::string open_request(std::uint64_t) const override { return {}; }
  std::string path_of(unsigned) const override { return path_; }
  std::string piece_head(const std::string& path, Piece piece, std::uint64_t) const override {
    return fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\n{}Content-Length: {}\r\n\r\n",
                       in_rufh_ ? "POST" : "PUT", path, in_rufh_ ? "Upload-Complete: ?1\r\n" : "",
                       piece.end - piece.begin);
  }
  std::string status_request(const std::string&, std::uint64_t) const override { return {}; }

 private:
  std::string path_;
  bool in_rufh_;
};

// A file that is one chunk, as Dropzone sends it. Its form does not end: only for `held`.
class FormChunks final : public Dialect {
 public:
  explicit FormChunks(std::string path) : path_(path.empty() ? "/files" : std::move(path)) {}

  std::string open_request(std::uint64_t) const override { return {}; }
  std::string path_of(unsigned upload) const override {
    return fmt::format("{}?dzuuid={}-{}", path_, ::getpid(), upload);
  }
  std::string piece_head(const std::string& path, Piece piece, std::uint64_t size) const override {
    const Form form = make_form();
    return form_head(
               fmt::format("{}&dzchunkindex=0&dztotalchunkcount=1&dztotalfilesize={}", path, size),
               form.begin.size() + (piece.end - piece.begin) + form.end.size()) +
           form.begin;
  }
  std::string status_request(const std::string&, std::uint64_t) const override { return {}; }

 private:
  std::string path_;
};

class Dav final : public Dialect {
 public:
  Dav(std::string path, bool one_file)
      : path_(path.empty() ? "/dav" : std::move(path)), one_file_(one_file) {}

  std::string open_request(std::uint64_t) const override { return {}; }
  std::string path_of(unsigned upload) const override {
    return fmt::format("{}/{}-{}", path_, ::getpid(), upload);
  }
  std::string piece_head(const std::string& path, Piece piece, std::uint64_t size) const override {
    const std::uint64_t length = piece.end - piece.begin;
    if (one_file_) {
      // The server takes a Content-Range only for a file that exists.
      const std::string range = piece.begin == 0 ? ""
                                                 : fmt::format("Content-Range: bytes {}-{}/{}\r\n",
                                                               piece.begin, piece.end - 1, size);
      return fmt::format("PUT {} HTTP/1.1\r\nHost: localhost\r\n{}Content-Length: {}\r\n\r\n", path,
                         range, length);
    }
    return fmt::format("PUT {}-{} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", path,
                       piece.begin, length);
  }
  std::string status_request(const std::string&, std::uint64_t) const override { return {}; }

 private:
  std::string path_;
  bool one_file_;
};

}  // namespace

std::string Dialect::part_head(const std::string&, std::uint64_t, Piece) const {
  throw std::runtime_error("this dialect knows no parts");
}

std::unique_ptr<Dialect> make_dialect(const Options& options) {
  if (options.dialect == "panda") {
    return std::make_unique<Panda>(options.path, options.parts);
  }
  if (options.dialect == "tus") {
    return std::make_unique<Tus>(options.path);
  }
  if (options.dialect == "tus-creation") {
    return std::make_unique<TusCreation>(options.path);
  }
  if (options.dialect == "rufh") {
    return std::make_unique<Rufh>(options.path);
  }
  if (options.dialect == "rufh-once" || options.dialect == "put") {
    return std::make_unique<Once>(options.path, options.dialect == "rufh-once");
  }
  if (options.dialect == "formchunks") {
    return std::make_unique<FormChunks>(options.path);
  }
  if (options.dialect == "dav" || options.dialect == "dav-range") {
    return std::make_unique<Dav>(options.path, options.dialect == "dav-range");
  }
  throw std::runtime_error(std::string("expected ") + dialect_names + ", got " + options.dialect);
}

Form make_form() {
  return {
      fmt::format("--{}\r\nContent-Disposition: form-data; name=\"file\"; "
                  "filename=\"benchmark.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n",
                  boundary),
      fmt::format("\r\n--{}--\r\n", boundary)};
}

std::string form_head(const std::string& path, std::uint64_t body_size) {
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary={}\r\n"
      "Content-Length: {}\r\n\r\n",
      path, boundary, body_size);
}

}  // namespace sluice::bench
