// SPDX-License-Identifier: Apache-2.0
#include "serve/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fdio.h"
#include "base/log.h"
#include "serve/config_value.h"

#define CONFIG_MAX_BYTES ((size_t)1 << 20)

static size_t lines_in(const char *text)
{
	size_t cnt = 0;

	while ((text = strchr(text, '\n'))) {
		text++;
		cnt++;
	}
	return cnt;
}

static int override(struct serve_config *config, const struct serve_options *options,
		    struct config_fault *ret_fault)
{
	size_t i;
	int err = 0;

	for (i = 0; i < config->http.listen.cnt && options->listen_cnt; i++)
		free((char *)config->http.listen.at[i]);
	if (options->listen_cnt)
		config->http.listen.cnt = config->http.listen_lines.cnt = 0;
	for (i = 0; !err && i < options->listen_cnt; i++) {
		err = value_set(LISTEN, &config->http.listen, options->listen[i]);
		if (err == -EINVAL)
			return config_fault__set(ret_fault, 0, "--listen %.60s must be %s",
						 options->listen[i], value_expected(LISTEN));
	}
	if (options->dir) {
		free(config->dir);
		config->dir = strdup(options->dir);
		err = config->dir ? err : -ENOMEM;
	}
	return err;
}

int settings_refuse(const struct serve_options *options, const struct config_fault *fault)
{
	const char *path = options->config_path ? options->config_path : "configuration";

	if (fault->line)
		log_err(0, "%s:%zu: %s", path, fault->line, fault->text);
	else
		log_err(0, "%s: %s", path, fault->text);
	return -EINVAL;
}

int settings_load(const struct serve_options *options, struct serve_config *ret)
{
	char *text __free_mem = NULL;
	const char *path = options->config_path;
	struct config_fault fault;
	size_t len;
	int err = path ? fdio_read_file(path, CONFIG_MAX_BYTES, &text, &len) : 0;

	if (err)
		return log_err(err, "cannot read %s", path);
	if (text && strlen(text) < len) {
		config_fault__set(&fault, lines_in(text) + 1,
				  "a NUL byte: this is no text; remove it");
		return settings_refuse(options, &fault);
	}
	serve_config__init(ret);
	err = serve_config__parse(ret, text ? text : "", &fault);
	if (!err)
		err = override(ret, options, &fault);
	if (!err)
		err = serve_config__check(ret, &fault);
	if (err == -EINVAL)
		settings_refuse(options, &fault);
	else if (err)
		log_err(err, "cannot read the configuration");
	if (err)
		serve_config__done(ret);
	return err;
}
