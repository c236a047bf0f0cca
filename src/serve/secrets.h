/* SPDX-License-Identifier: Apache-2.0 */
/* The contents of the files that [http] names. */
#pragma once

#include <stdbool.h>

#include "serve/config.h"

struct secrets {
	char *token, *tls_cert, *tls_key; /* NULL: none */
};

/* 0, -ENOMEM, or -EINVAL with @ret_fault naming key and remedy. */
int secrets_read(const struct http_config *config, struct secrets *ret,
		 struct config_fault *ret_fault);
/* 0 or -ENOMEM. */
int secrets__copy(const struct secrets *from, struct secrets *ret);
void secrets__done(struct secrets *secrets);
#define __secrets __attribute__((cleanup(secrets__done)))

bool secrets_same_tls(const struct secrets *a, const struct secrets *b);
/* Does the client that sent @authorization (NULL: nothing) know the token? */
bool secrets__allow(const struct secrets *secrets, const char *authorization);
