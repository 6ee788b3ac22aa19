// SPDX-License-Identifier: MIT
#include "http/message.h"
