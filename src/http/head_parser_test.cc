// SPDX-License-Identifier: MIT
#include "http/head_parser.h"

#include <gtest/gtest.h>
