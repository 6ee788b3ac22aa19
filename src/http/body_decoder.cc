// SPDX-License-Identifier: MIT
#include "http/body_decoder.h"
