// SPDX-License-Identifier: MIT
#include "http/multipart.h"
