// SPDX-License-Identifier: MIT
// Compiles Beast once for the whole program (BOOST_BEAST_SEPARATE_COMPILATION).
#include <boost/beast/src.hpp>
