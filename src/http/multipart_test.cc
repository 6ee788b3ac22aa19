// SPDX-License-Identifier: MIT
#include "http/multipart.h"

#include <gtest/gtest.h>
