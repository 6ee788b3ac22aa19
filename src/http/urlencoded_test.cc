// SPDX-License-Identifier: MIT
#include "http/urlencoded.h"

#include <gtest/gtest.h>
