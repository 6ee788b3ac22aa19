// SPDX-License-Identifier: MIT
#include "http/body_decoder.h"

#include <gtest/gtest.h>
