// SPDX-License-Identifier: MIT
// The facts about the file in one `POST /videos.json`, before it comes and after: its owner, its
// name, its parameters. For one request, on its worker.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "auth/authenticator.h"
#include "base/error.h"
#include "http/message.h"
#include "protocol/access.h"
#include "protocol/call.h"
#include "protocol/form_upload.h"
#include "protocol/panda/byte_allowance.h"
#include "protocol/parameters.h"
#include "protocol/protocol_settings.h"
#include "protocol/session_gate.h"
#include "upload/engine.h"

namespace sluice::protocol::panda {

class IncomingFile final : public upload::FileIdentity {
 public:
  struct Parts {
    SessionGate& gate;
    const Access& access;
    const ProtocolSettings& settings;
    ByteAllowance& unknown_senders;  // Room for files of which it is not known yet whose they are.
  };

  // `parts` and `call` outlive this.
  IncomingFile(const Parts& parts, const Call& call, Parameters parameters)
      : parts_(parts), call_(call), parameters_(std::move(parameters)) {}

  const Parameters& parameters() const noexcept { return parameters_; }
  // Signatures cover all parameters: a verdict without these has to be repeated.
  Result<> add(std::vector<http::FormField> fields);
  // With all parameters that are there; the errors of Access::judge().
  Result<> judge();
  // The same, unless the credentials are still to come: from the page of another origin they have
  // to stand in front.
  Result<> judge_if_shown();

  // Whose the file is.
  bool is_known() const noexcept { return grant_.has_value(); }

  void describe(const std::string& name, const std::string& content_type);

  // The upload as the engine gets it before the file comes, of which `bytes` at most are on their
  // way and `beside` of these may be none of the file. file_too_large; overloaded when the sender
  // is not known and others like it are sending already.
  Result<upload::NewUpload> outline(std::uint64_t bytes, std::uint64_t beside);

  // The upload that a file of `file_size` bytes would be, as far as the gate lets it in; later
  // identify() is content with that.
  runtime::Task<Result<>> decide(std::uint64_t file_size);
  // Takes what came behind the file from `form` first.
  void ends_with(MultipartFileSource& form) { form_ = &form; }
  runtime::Task<Result<upload::NewUpload>> identify(std::uint64_t file_size) override;

  void numbered(std::uint64_t upload_id) override { upload_id_ = upload_id; }
  // 0 until the engine has given it one.
  std::uint64_t upload_id() const noexcept { return upload_id_; }

  // The gate's answer to the client, when it has refused.
  const std::optional<http::Response>& refusal() const noexcept { return refusal_; }

 private:
  upload::NewUpload proposal(std::uint64_t file_size) const;

  const Parts& parts_;
  const Call& call_;
  Parameters parameters_;
  std::string name_;
  std::string content_type_;
  std::optional<auth::Grant> grant_;
  std::optional<ByteAllowance::Share> share_;
  bool is_used_up_ = false;  // The signature is, by the upload's creation.
  MultipartFileSource* form_ = nullptr;
  std::optional<upload::NewUpload> decided_;
  std::optional<http::Response> refusal_;
  std::uint64_t upload_id_ = 0;
};

}  // namespace sluice::protocol::panda
