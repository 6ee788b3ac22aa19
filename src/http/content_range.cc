// SPDX-License-Identifier: MIT
#include "http/content_range.h"
