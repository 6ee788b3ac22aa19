// SPDX-License-Identifier: MIT
#include "http/head_parser.h"
