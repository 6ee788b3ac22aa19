// SPDX-License-Identifier: MIT
// A server with scripted answers, over TCP or a Unix socket.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace sluice::testing {

inline const boost::asio::ip::tcp::endpoint any_port{boost::asio::ip::address_v4::loopback(), 0};

// Gives each connection the next of its answers, after the whole request has come, and closes it.
template <class Protocol>
class RawServer {
 public:
  RawServer(const typename Protocol::endpoint& endpoint, std::vector<std::string> answers,
            bool hang = false)
      : acceptor_(context_, endpoint), answers_(std::move(answers)), hang_(hang) {
    thread_ = std::thread([this] { serve(); });
  }
  ~RawServer() { thread_.join(); }

  typename Protocol::endpoint endpoint() const { return acceptor_.local_endpoint(); }
  // Waits until the last answer is sent.
  std::vector<std::string> requests() {
    thread_.join();
    thread_ = std::thread([] {});
    return requests_;
  }

 private:
  void serve() {
    for (const std::string& answer : answers_) {
      typename Protocol::socket socket(context_);
      acceptor_.accept(socket);
      requests_.push_back(read_request(socket));
      boost::system::error_code ignored;
      boost::asio::write(socket, boost::asio::buffer(answer), ignored);
      if (hang_) {
        char byte = 0;
        boost::asio::read(socket, boost::asio::buffer(&byte, 1),
                          ignored);  // The client may close before it has read all.
      }
    }
  }

  static std::string read_request(typename Protocol::socket& socket) {
    std::string request;
    std::size_t wanted = std::string::npos;
    while (request.size() < wanted) {
      std::string piece(65536, '\0');
      boost::system::error_code error;
      const std::size_t count = socket.read_some(boost::asio::buffer(piece), error);
      if (error) {
        break;
      }
      request.append(piece, 0, count);
      const std::size_t end = request.find("\r\n\r\n");
      const std::size_t length = request.find("Content-Length: ");
      if (end != std::string::npos) {
        wanted = end + 4;
        if (length < end) {
          wanted += std::strtoull(request.c_str() + length + 16, nullptr, 10);
        }
      }
    }
    return request;
  }

  boost::asio::io_context context_;
  typename Protocol::acceptor acceptor_;
  const std::vector<std::string> answers_;
  const bool hang_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace sluice::testing
