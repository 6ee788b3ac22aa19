// SPDX-License-Identifier: MIT
#include "http/urlencoded.h"
