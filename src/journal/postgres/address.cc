// SPDX-License-Identifier: MIT
#include "journal/postgres/address.h"

#include <libpq-fe.h>

#include <memory>

namespace sluice::journal::postgres {

namespace {

// Before libpq says which part of the text it cannot read.
bool has_password(const std::string& text) {
  const std::size_t host = text.find('@');
  const std::size_t user = text.find("://");
  const bool has_user = user != std::string::npos && host != std::string::npos;
  return text.contains("password") || (has_user && text.find(':', user + 3) < host);
}

}  // namespace

std::string fault_of_address(const std::string& text) {
  if (has_password(text)) {
    return "expected no password in it: write it into a file, and name that in "
           "journal.password_file";
  }
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
      PQconninfoParse(text.c_str(), &message), PQconninfoFree);
  const std::unique_ptr<char, void (*)(void*)> owned(message, PQfreemem);
  if (!options) {
    std::string fault = message == nullptr ? "libpq cannot read it" : message;
    fault.erase(fault.find_last_not_of('\n') + 1);
    return "expected postgresql://USER@HOST/DATABASE: " + fault;
  }
  return {};
}

}  // namespace sluice::journal::postgres
