// SPDX-License-Identifier: Apache-2.0
#include "cli/load_url.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/param.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fdio.h"
#include "base/log.h"
#include "base/units.h"

#define BODY_MAX_BYTES      ((uint64_t)1 << 30)
#define CONNECT_TIMEOUT_SEC 10L
#define TIMEOUT_SEC         60L
#define SECONDS_MAX         86400UL
#define REDIRECTS_MAX       5L
#define DEFAULT_PATH        "/debug/pprof/heap"

struct body {
	int fd;
	uint64_t len_bytes;
	int error;
};

static void cleanup_curl(CURL **curl)
{
	curl_easy_cleanup(*curl);
}

static void cleanup_curlu(CURLU **url)
{
	curl_url_cleanup(*url);
}

static void cleanup_curl_text(char **text)
{
	curl_free(*text);
}

static size_t put(char *data, size_t size, size_t cnt, void *ctx)
{
	struct body *body = ctx;
	size_t len = size * cnt;

	body->len_bytes += len;
	body->error = body->len_bytes > BODY_MAX_BYTES ? -EFBIG : fdio_write(body->fd, data, len);
	return body->error ? 0 : len;
}

/* A host alone, or the index of its profiles, stands for the heap profile. */
static int complete_url(const char *url, struct buf *ret)
{
	CURLU *parts __attribute__((cleanup(cleanup_curlu))) = curl_url();
	char *path __attribute__((cleanup(cleanup_curl_text))) = NULL;
	char *whole __attribute__((cleanup(cleanup_curl_text))) = NULL;

	if (!parts)
		return -ENOMEM;
	if (curl_url_set(parts, CURLUPART_URL, url, 0) ||
	    curl_url_get(parts, CURLUPART_PATH, &path, 0))
		return -EINVAL;
	if (!strcmp(path, "/") || !strcmp(path, "/debug/pprof") || !strcmp(path, "/debug/pprof/"))
		curl_url_set(parts, CURLUPART_PATH, DEFAULT_PATH, 0);
	if (curl_url_get(parts, CURLUPART_URL, &whole, 0))
		return -EINVAL;
	buf__append_str(ret, whole);
	return buf__error(ret);
}

/* An endpoint asked to watch for N seconds answers after them. */
static long timeout_sec(const char *url)
{
	const char *param = strstr(url, "seconds=");
	char number[16];
	size_t len;
	uint64_t seconds;

	if (!param || (param[-1] != '?' && param[-1] != '&'))
		return TIMEOUT_SEC;
	param += strlen("seconds=");
	len = MIN(strspn(param, "0123456789"), sizeof(number) - 1);
	memcpy(number, param, len);
	number[len] = '\0';
	if (units_parse_u64(number, &seconds))
		return TIMEOUT_SEC;
	return (long)(MIN(seconds, SECONDS_MAX) + TIMEOUT_SEC);
}

/* The options that replace these two are younger (7.85) than the curl of Ubuntu 22.04. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static void restrict_protocols(CURL *curl)
{
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
}
#pragma GCC diagnostic pop

static void set_options(CURL *curl, const char *url, struct body *body)
{
	curl_easy_setopt(curl, CURLOPT_URL, url);
	restrict_protocols(curl);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_SEC);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, timeout_sec(url));
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "heaptap/" HEAPTAP_VERSION);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, put);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
}

/* The first line of an error page, if it is one for people. */
static void first_line(int fd, char *line, size_t size)
{
	ssize_t len = pread(fd, line, size - 1, 0), i;

	line[MAX(len, 0)] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	for (i = 0; line[i]; i++) {
		if (!isprint((unsigned char)line[i]))
			line[0] = '\0';
	}
	if (line[0] == '<')
		line[0] = '\0';
}

static int fetch(CURL *curl, const char *url, struct body *body)
{
	char why[CURL_ERROR_SIZE] = "", line[160];
	CURLcode code;
	long status = 0;

	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
	code = curl_easy_perform(curl);
	if (body->error)
		return log_err(body->error, "%s: cannot keep the answer", url);
	if (code) {
		log_err(0, "%s: %s", url, *why ? why : curl_easy_strerror(code));
		return -EIO;
	}
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (status == 200)
		return 0;
	first_line(body->fd, line, sizeof(line));
	log_err(0, "%s: the server answered %ld%s%s", url, status, *line ? ": " : "", line);
	return -EIO;
}

int load_url(const char *url, int *ret_fd)
{
	CURL *curl __attribute__((cleanup(cleanup_curl))) = curl_easy_init();
	int fd __close_fd = memfd_create("heaptap-download", MFD_CLOEXEC);
	struct body body = { .fd = fd };
	struct buf *whole __free(buf) = buf__new(64 << 10);
	int err;

	if (fd < 0 || !curl || !whole)
		return log_err(fd < 0 ? -errno : -ENOMEM, "%s: cannot fetch", url);
	err = complete_url(url, whole);
	if (err)
		return log_err(err, "%s: not a URL", url);
	if (timeout_sec(buf__data(whole)) > TIMEOUT_SEC && isatty(STDERR_FILENO))
		log_info("%s watches for %ld seconds", url,
			 timeout_sec(buf__data(whole)) - TIMEOUT_SEC);
	set_options(curl, buf__data(whole), &body);
	err = fetch(curl, buf__data(whole), &body);
	if (err)
		return err;
	if (lseek(fd, 0, SEEK_SET))
		return log_err(-errno, "%s: cannot read", url);
	*ret_fd = TAKE_FD(fd);
	return 0;
}
