// SPDX-License-Identifier: MIT
#include "http/message.h"

#include <gtest/gtest.h>
