// SPDX-License-Identifier: MIT
#include "net/tls_stream.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "support/run.h"
#include "support/temporary_directory.h"
#include "support/tls_pair.h"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;

// The other end, on threads of its own.
class TlsClient {
 public:
  explicit TlsClient(int descriptor, int newest_version = TLS1_3_VERSION)
      : descriptor_(descriptor), context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), newest_version);
    session_.reset(SSL_new(context_.get()));
    SSL_set_fd(session_.get(), descriptor_);
  }
  ~TlsClient() { close(); }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  bool shake_hands() { return SSL_connect(session_.get()) == 1; }
  bool send(std::string_view text) {
    std::size_t sent = 0;
    return SSL_write_ex(session_.get(), text.data(), text.size(), &sent) == 1;
  }
  std::string receive(std::size_t size) {
    std::string text(size, '\0');
    std::size_t filled = 0;
    std::size_t count = 0;
    while (filled < size &&
           SSL_read_ex(session_.get(), text.data() + filled, size - filled, &count) == 1) {
      filled += count;
    }
    text.resize(filled);
    return text;
  }
  // Sends new keys, and asks the server for new ones.
  void update_keys() { SSL_key_update(session_.get(), SSL_KEY_UPDATE_REQUESTED); }
  void say_goodbye() { SSL_shutdown(session_.get()); }
  bool heard_goodbye() const {
    return (SSL_get_shutdown(session_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }
  void close() {
    if (descriptor_ >= 0) {
      ::close(std::exchange(descriptor_, -1));
    }
  }
  std::string certificate() const {
    return testing::subject_of(SSL_get0_peer_certificate(session_.get()));
  }

 private:
  int descriptor_;
  std::unique_ptr<SSL_CTX, TlsDelete> context_;
  std::unique_ptr<SSL, TlsDelete> session_;
};

class TlsStreamTest : public ::testing::Test {
 protected:
  struct Ends {
    std::unique_ptr<TlsStream> stream;
    std::unique_ptr<TlsClient> client;
  };

  TlsStreamTest() : identity_(open_identity()) {}

  std::unique_ptr<TlsIdentity> open_identity() {
    return TlsIdentity::open(testing::write_tls_pair(directory_.path(), "first")).value();
  }

  Ends connect(Duration timeout = 1min, int newest_version = TLS1_3_VERSION) {
    std::array<int, 2> ends{};
    SLUICE_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    server_descriptor_ = ends[0];
    Socket socket(context_.get_executor());
    socket.assign(boost::asio::generic::stream_protocol(AF_UNIX, 0), ends[0]);
    auto tcp = std::make_unique<TcpStream>(std::move(socket), "192.0.2.1", sweeper_);
    return {std::make_unique<TlsStream>(std::move(tcp), *identity_, timeout),
            std::make_unique<TlsClient>(ends[1], newest_version)};
  }

  // Shakes hands, and sends one byte so that there is something to wait for.
  Ends connected() {
    Ends ends = connect();
    auto there = std::async(std::launch::async,
                            [&] { return ends.client->shake_hands() && ends.client->send("!"); });
    EXPECT_TRUE(wait_readable(*ends.stream));
    EXPECT_TRUE(there.get());
    EXPECT_EQ(read(*ends.stream, 1), "!");
    return ends;
  }

  Result<> wait_readable(TlsStream& stream, Duration timeout = 1min) {
    return testing::run_in(context_, stream.wait_readable(timeout));
  }
  Result<> write(TlsStream& stream, std::string_view head, std::string_view body) {
    return testing::run_in(context_, stream.write(as_bytes(head), as_bytes(body), {1min}));
  }
  // All `size` bytes, or those before an end or an error, and the error behind them.
  std::string read(TlsStream& stream, std::size_t size) {
    std::string text;
    std::vector<std::byte> buffer(size);
    while (text.size() < size) {
      if (const Result<> readable = wait_readable(stream); !readable) {
        return text + "!" + info(readable.error().code()).name;
      }
      const auto count = stream.read_now(MutableBytes(buffer).first(size - text.size()));
      if (!count) {
        return text + "!" + info(count.error().code()).name;
      }
      if (*count == std::size_t{0}) {
        return text + "!end";
      }
      text += as_text(Bytes(buffer).first(count->value_or(0)));
    }
    return text;
  }

  testing::TemporaryDirectory directory_;
  runtime::DeadlineSweeper sweeper_;
  boost::asio::io_context context_{1};
  std::unique_ptr<TlsIdentity> identity_;
  int server_descriptor_ = -1;  // Of the last one connected.
};

std::string noise(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    text[i] = static_cast<char>(i * i % 251);
  }
  return text;
}

TEST_F(TlsStreamTest, CarriesBytesBothWays) {
  const Ends ends = connected();
  EXPECT_TRUE(ends.stream->is_secure());
  const std::string sent = noise(3'000'000);
  auto there = std::async(std::launch::async, [&] {
    EXPECT_TRUE(ends.client->send(sent));
    return ends.client->receive(2'000'004);
  });
  EXPECT_TRUE(read(*ends.stream, sent.size()) == sent);
  ASSERT_TRUE(write(*ends.stream, "head", noise(2'000'000)));
  EXPECT_TRUE(there.get() == "head" + noise(2'000'000));
}

// Encrypted and decrypted bytes share the buffer.
TEST_F(TlsStreamTest, RecordsOfAnySizeFitIntoBuffersOfAnySize) {
  const std::string sent = noise(700'000);
  for (const std::size_t buffer_size : {7'000U, 16'384U, 49'151U, 49'152U, 262'144U, 700'000U}) {
    const Ends ends = connected();
    auto there = std::async(std::launch::async, [&] {
      std::size_t size = 1;
      for (std::size_t at = 0; at < sent.size(); at += size) {
        size = at % 3 == 0 ? at % 999 + 1 : at % 40'000 + 1;
        EXPECT_TRUE(ends.client->send(std::string_view(sent).substr(at, size)));
      }
    });
    std::string text;
    while (text.size() < sent.size()) {
      const std::string more = read(*ends.stream, std::min(buffer_size, sent.size() - text.size()));
      ASSERT_EQ(sent.compare(text.size(), more.size(), more), 0) << buffer_size;
      text += more;
    }
    there.get();
    EXPECT_TRUE(text == sent) << buffer_size;
  }
}

TEST_F(TlsStreamTest, AnEndIsOneOnlyWithAGoodbye) {
  for (const bool polite : {true, false}) {
    const Ends ends = connected();
    ASSERT_TRUE(ends.client->send("abc"));
    if (polite) {
      ends.client->say_goodbye();
    }
    ends.client->close();
    EXPECT_EQ(read(*ends.stream, 10), polite ? "abc!end" : "abc!ConnectionLost");
  }
}

TEST_F(TlsStreamTest, SaysGoodbyeItself) {
  Ends ends = connected();
  ends.stream.reset();
  EXPECT_EQ(ends.client->receive(1), "");
  EXPECT_TRUE(ends.client->heard_goodbye()) << "the client cannot tell this end from an attack";
}

TEST_F(TlsStreamTest, OldVersionsAreRefused) {
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION}) {
    const Ends ends = connect(1min, version);
    auto there = std::async(std::launch::async, [&] {
      const bool shaken = ends.client->shake_hands();
      return shaken && ends.client->send("!");
    });
    const Result<> readable = wait_readable(*ends.stream);
    const bool is_new = version >= TLS1_2_VERSION;
    EXPECT_EQ(readable.has_value(), is_new) << version;
    EXPECT_EQ(there.get(), is_new) << version;
    if (!is_new) {
      EXPECT_EQ(readable.error().code(), Errc::closed_by_peer);
    }
  }
}

TEST_F(TlsStreamTest, AHandshakeThatStallsEnds) {
  const Ends ends = connect(20ms);
  const Result<> readable = wait_readable(*ends.stream);
  ASSERT_FALSE(readable);
  EXPECT_EQ(readable.error().code(), Errc::closed_by_peer);
}

TEST_F(TlsStreamTest, AnotherThreadReadsOnWhereTheLoopStopped) {
  const Ends ends = connected();
  const std::string sent = noise(200'000);
  auto there = std::async(std::launch::async, [&] { return ends.client->send(sent); });
  std::string text = read(*ends.stream, 100);
  auto reader = std::async(std::launch::async, [&] {
    std::string more;
    std::vector<std::byte> buffer(10'000);
    while (more.size() < 150'000) {
      EXPECT_TRUE(ends.stream->block_until_readable(1min));
      const auto count = ends.stream->read_now(buffer);
      EXPECT_TRUE(count);
      more += as_text(Bytes(buffer).first(count->value_or(0)));
    }
    return more;
  });
  text += reader.get();
  text += read(*ends.stream, sent.size() - text.size());
  EXPECT_TRUE(text == sent);
  EXPECT_TRUE(there.get());
}

TEST_F(TlsStreamTest, ABlockedThreadHearsWhenNothingComes) {
  const Ends unopened = connect();
  EXPECT_FALSE(unopened.stream->block_until_readable(1min)) << "a handshake needs its loop";

  const Ends ends = connected();
  std::array<std::byte, 1> buffer{};
  EXPECT_FALSE(ends.stream->block_until_readable(10ms));
  EXPECT_EQ(ends.stream->read_now(buffer).value(), std::nullopt);
  ASSERT_TRUE(ends.client->send("ab"));
  EXPECT_TRUE(ends.stream->block_until_readable(1min));
  EXPECT_EQ(ends.stream->read_now(buffer).value(), std::size_t{1});
  EXPECT_TRUE(ends.stream->block_until_readable(0ms)) << "decrypted, and no longer in the socket";
}

TEST_F(TlsStreamTest, NewKeysOfThePeerChangeNothing) {
  const Ends ends = connected();
  auto there = std::async(std::launch::async, [&] {
    EXPECT_TRUE(ends.client->send("before "));
    ends.client->update_keys();
    EXPECT_TRUE(ends.client->send("after"));
    return ends.client->receive(5);
  });
  EXPECT_EQ(read(*ends.stream, 12), "before after");
  ASSERT_TRUE(write(*ends.stream, "reply", ""));
  EXPECT_EQ(there.get(), "reply");
}

// Bytes that were received ahead cannot wait for the client to take the answer.
TEST_F(TlsStreamTest, NewKeysThatCannotBeAnsweredYetStopNoReading) {
  const Ends ends = connected();
  const std::string garbage(10'000, 'x');
  while (::send(server_descriptor_, garbage.data(), garbage.size(), MSG_DONTWAIT) > 0) {
  }
  ASSERT_TRUE(ends.client->send("abc"));
  ends.client->update_keys();
  ASSERT_TRUE(ends.client->send(noise(50'000)));
  EXPECT_TRUE(read(*ends.stream, 50'003) == "abc" + noise(50'000));
}

TEST_F(TlsStreamTest, AReloadIsForConnectionsFromThenOn) {
  const Ends old = connected();
  const TlsFiles renewed = testing::write_tls_pair(directory_.path(), "first", "second subject");
  identity_->become(*TlsIdentity::open(renewed).value());
  const Ends fresh = connected();
  EXPECT_EQ(old.client->certificate(), "/CN=first");
  EXPECT_EQ(fresh.client->certificate(), "/CN=second subject");
  for (const Ends* ends : {&old, &fresh}) {
    ASSERT_TRUE(ends->client->send("still here"));
    EXPECT_EQ(read(*ends->stream, 10), "still here");
  }
}

}  // namespace
}  // namespace sluice::net
