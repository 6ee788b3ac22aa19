// SPDX-License-Identifier: MIT
#include "fsck/kept_files.h"

#include "fsck/directory.h"

namespace sluice::fsck {

Result<std::optional<std::uint64_t>> KeptFiles::size_of(const std::string& name) {
  return in_objects_ ? bucket_->size_of_file(name) : fsck::size_of(directory_ + "/" + name);
}

Result<> KeptFiles::for_each(const std::string& folder, const Visit& visit) {
  if (in_objects_) {
    return bucket_->for_each_file(folder, visit);
  }
  return for_each_name(directory_ + "/" + folder, [&](const std::string& name) -> Result<> {
    const auto size = size_of(folder + "/" + name);
    return size ? visit(name, *size) : fail(size.error());
  });
}

}  // namespace sluice::fsck
