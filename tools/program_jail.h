// SPDX-License-Identifier: MIT
// What a program of the operator may not do while it looks at a file, whatever the file makes of
// it. Both last across execve(), and for all that the program starts.
#pragma once

namespace sluice::tools {

// Files are read and run in the system's directories and in that of the program, and nowhere else;
// none is written, made, renamed or removed (Landlock). Of devices there are null, zero and
// urandom. False where the kernel has no Landlock.
bool confine_to_reading(const char* program);

// No sockets, no signals to other processes, no tracing, no namespaces, no change of a file's
// owner, mode or times, and no way out of the process group (seccomp): such calls fail.
bool deny_the_outside();

}  // namespace sluice::tools
