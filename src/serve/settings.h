/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration that a daemon starts with: its file and what the command line says instead. */
#pragma once

#include "serve/config.h"
#include "serve/serve.h"

/* 0, or -errno, said. The caller ends it. */
int settings_load(const struct serve_options *options, struct serve_config *ret);
/* Of the same file: what is wrong with it. Always -EINVAL. */
int settings_refuse(const struct serve_options *options, const struct config_fault *fault);
