// SPDX-License-Identifier: MIT
#include "floor/requests.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "program.h"

namespace sluice::bench {
namespace {

constexpr std::size_t buffer_bytes = 256 << 10;
constexpr std::size_t pipe_bytes = 1 << 20;
// The part size of multi-chunk sessions.
constexpr std::uint64_t part_bytes = 5 << 20;

std::uint64_t number_behind(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  std::uint64_t value = 0;
  if (at != std::string_view::npos) {
    std::from_chars(text.data() + at + name.size(), text.data() + text.size(), value);
  }
  return value;
}

class Client {
 public:
  Client(int descriptor, Files& files, bool splices)
      : descriptor_(descriptor), files_(files), splices_(splices) {
    if (splices && (::pipe2(pipe_.data(), O_CLOEXEC) != 0 ||
                    ::fcntl(pipe_[1], F_SETPIPE_SZ, static_cast<int>(pipe_bytes)) < 0)) {
      throw_error("a pipe");
    }
  }
  ~Client() {
    for (const int each : {descriptor_, pipe_[0], pipe_[1]}) {
      ::close(each);
    }
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void serve() {
    for (;;) {
      std::string_view unread(buffer_.get(), filled_);
      std::size_t end = unread.find("\r\n\r\n");
      while (end == std::string_view::npos) {
        if (!receive(buffer_bytes - filled_, 0)) {
          return;
        }
        unread = {buffer_.get(), filled_};
        end = unread.find("\r\n\r\n");
      }
      const std::string head(unread.substr(0, end + 4));
      drop(head.size());
      answer(head);
    }
  }

 private:
  // False at the end of the stream.
  bool receive(std::size_t size, int flags) {
    const ssize_t count = ::recv(descriptor_, buffer_.get() + filled_, size, flags);
    if (count < 0) {
      throw_error("recv");
    }
    filled_ += static_cast<std::size_t>(count);
    return count > 0;
  }

  void drop(std::size_t size) {
    std::copy(buffer_.get() + size, buffer_.get() + filled_, buffer_.get());
    filled_ -= size;
  }

  void reply(std::string_view response) const {
    if (::send(descriptor_, response.data(), response.size(), MSG_NOSIGNAL) < 0) {
      throw_error("send");
    }
  }

  void answer(std::string_view head) {
    const std::uint64_t length = number_behind(head, "Content-Length: ");
    if (head.starts_with("POST /videos")) {
      create(length);
      return;
    }
    if (head.starts_with("POST /files")) {
      create_in_tus(head, length);
      return;
    }
    if (head.starts_with("PATCH /uploads/")) {
      const Files::Written written =
          store(number_behind(head, "/uploads/"), number_behind(head, "Upload-Offset: "), length);
      reply(fmt::format("HTTP/1.1 204 No Content\r\nUpload-Offset: {}\r\n\r\n", written.stored));
      return;
    }
    if (!head.starts_with("PUT /uploads/")) {
      throw std::runtime_error(fmt::format("a request that the floor does not know: {}", head));
    }
    const std::uint64_t upload = number_behind(head, "/uploads/");
    if (length == 0) {
      reply(fmt::format("HTTP/1.1 204 No Content\r\nRange: 0-{}\r\n\r\n", files_.stored(upload)));
      return;
    }
    const std::uint64_t begin =
        number_behind(head, "Content-Range: bytes ") + number_behind(head, "X-Part: ") * part_bytes;
    const Files::Written written = store(upload, begin, length);
    reply(written.complete
              ? std::string("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
              : fmt::format("HTTP/1.1 204 No Content\r\nRange: 0-{}\r\n\r\n", written.stored - 1));
  }

  void create_in_tus(std::string_view head, std::uint64_t length) {
    const std::uint64_t upload = files_.create(number_behind(head, "Upload-Length: "));
    const std::uint64_t stored = length == 0 ? 0 : store(upload, 0, length).stored;
    reply(
        fmt::format("HTTP/1.1 201 Created\r\nLocation: /uploads/{}\r\nUpload-Offset: {}\r\n"
                    "Content-Length: 0\r\n\r\n",
                    upload, stored));
  }

  void create(std::uint64_t length) {
    while (filled_ < length) {
      if (!receive(buffer_bytes - filled_, 0)) {
        throw std::runtime_error("the connection ended within a request");
      }
    }
    const std::uint64_t size = number_behind({buffer_.get(), length}, "file_size=");
    drop(length);
    const std::string body = fmt::format(R"({{"location":"/uploads/{}","part_size":"{}"}})",
                                         files_.create(size), part_bytes);
    reply(fmt::format("HTTP/1.1 201 Created\r\nContent-Length: {}\r\n\r\n{}", body.size(), body));
  }

  Files::Written store(std::uint64_t upload, std::uint64_t offset, std::uint64_t length) {
    Files::Part part(files_, upload);
    while (length > 0) {
      if (splices_ && filled_ == 0) {
        const std::uint64_t moved = move(part, length, offset);
        offset += moved;
        length -= moved;
        continue;
      }
      const std::uint64_t most = splices_ ? filled_ : buffer_bytes;
      const std::uint64_t wanted = std::min<std::uint64_t>(length, most);
      while (filled_ < wanted) {
        if (!receive(wanted - filled_, MSG_WAITALL)) {
          throw std::runtime_error("the connection ended within a body");
        }
      }
      part.write(buffer_.get(), wanted, offset);
      drop(wanted);
      offset += wanted;
      length -= wanted;
    }
    return part.finish();
  }

  // Moves at least a buffer of bytes, unless fewer are to come.
  std::uint64_t move(Files::Part& part, std::uint64_t length, std::uint64_t offset) const {
    std::size_t in_pipe = 0;
    while (in_pipe < std::min<std::uint64_t>(length, buffer_bytes)) {
      const std::size_t room = std::min<std::uint64_t>(length, pipe_bytes) - in_pipe;
      const ssize_t count = ::splice(descriptor_, nullptr, pipe_[1], nullptr, room, 0);
      if (count <= 0) {
        throw_error("splice from a socket");
      }
      in_pipe += static_cast<std::size_t>(count);
    }
    part.move(pipe_[0], in_pipe, offset);
    return in_pipe;
  }

  const int descriptor_;
  Files& files_;
  const bool splices_;
  std::array<int, 2> pipe_{-1, -1};
  const std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(buffer_bytes);
  std::size_t filled_ = 0;
};

}  // namespace

void serve_connection(int descriptor, Files& files, bool splices) {
  Client(descriptor, files, splices).serve();
}

}  // namespace sluice::bench
