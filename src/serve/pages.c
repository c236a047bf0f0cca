// SPDX-License-Identifier: Apache-2.0
#include "serve/pages.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/intern.h"
#include "base/units.h"
#include "base/vec.h"
#include "base/writer.h"
#include "encode/markup.h"
#include "encode/text_escape.h"
#include "serve/route.h"

#define PAGE_MAX_BYTES ((size_t)16 << 20)

struct service {
	uint32_t name;
	size_t process_cnt;
};

/* Services in the order of their first process. */
struct services {
	struct intern *names; /* service i has the number i + 1 */
	VEC(struct service) list;
};

static int add_process(void *ctx, const struct session_process *process)
{
	struct services *services = ctx;
	uint32_t id;
	int err = intern__add(services->names, process->service, &id);

	if (!err && id == services->list.cnt + 1)
		err = vec__push(&services->list, (struct service){ .name = id });
	if (!err && id && id <= services->list.cnt)
		services->list.at[id - 1].process_cnt++;
	return err;
}

static int services__init(struct services *services, struct session_view *view)
{
	*services = (struct services){ .names = intern__new() };
	return services->names ? session_view__processes(view, add_process, services) : -ENOMEM;
}

static void services__done(struct services *services)
{
	if (services->names)
		intern__free(services->names);
	vec__done(&services->list);
}

static void write_services(struct writer *writer, const struct services *services)
{
	size_t i;

	writer__str(writer, "<table><tr><th>service<th>processes<th>profiles\n");
	for (i = 0; i < services->list.cnt; i++) {
		const char *name = intern__str(services->names, services->list.at[i].name);

		writer__str(writer, "<tr><td>");
		markup_text(writer, name);
		writer__printf(writer, "<td>%zu<td><a href=\"/service/",
			       services->list.at[i].process_cnt);
		route_write_service(writer, name);
		writer__str(writer,
			    "/debug/pprof/heap?format=html\">flame graph</a> <a href=\"/service/");
		route_write_service(writer, name);
		writer__str(writer, "/debug/pprof/\">pprof</a>\n");
	}
	writer__str(writer, "</table>\n");
}

static const char head[] =
	"<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>heaptap</title>\n"
	"<meta name=\"viewport\" content=\"width=device-width\">\n"
	"<style>body{font:15px/1.5 sans-serif;margin:2em;color-scheme:light dark}"
	"table{border-collapse:collapse}td,th{padding:.2em 1em .2em 0;text-align:left}"
	"iframe{width:100%;height:70vh;border:1px solid #8888}</style>\n<h1>heaptap</h1>\n";

static char *take(struct writer *writer, struct buf *out)
{
	size_t len;

	return writer__finish(writer) ? NULL : buf__take(out, &len);
}

char *page_status(struct session_view *view, const struct session_state *state)
{
	struct buf *out __free(buf) = buf__new(PAGE_MAX_BYTES);
	struct writer *writer __free(writer) = out ? writer__new_buf(out) : NULL;
	struct services services __attribute__((cleanup(services__done))) = {};
	char bytes[16], cnt[16];

	if (!writer || services__init(&services, view))
		return NULL;
	writer__str(writer, head);
	writer__printf(writer,
		       "<p>%zu processes, %zu probes; %s allocations counted; maps take %s.\n",
		       state->process_cnt, state->probe_cnt,
		       units_format_cnt((int64_t)state->stats[STAT_EVENT_ALLOC], cnt),
		       units_format_bytes((int64_t)state->map_bytes, bytes));
	writer__str(
		writer,
		"<p><a href=\"/debug/pprof/\">/debug/pprof/</a> <a href=\"/metrics\">/metrics</a> "
		"<a href=\"/sd\">/sd</a> <a href=\"/flame\">flame graph</a>\n");
	write_services(writer, &services);
	writer__str(
		writer,
		"<h2>Everything</h2>\n<iframe title=\"flame graph\" src=\"/flame\"></iframe>\n");
	return take(writer, out);
}

static void write_target(struct writer *writer, const char *address, const char *service)
{
	writer__str(writer, "{\"targets\":[");
	escape_json(writer, address);
	writer__str(writer, "],\"labels\":{");
	if (service) {
		writer__str(writer, "\"service_name\":");
		escape_json(writer, service);
		writer__str(writer, ",\"__meta_heaptap_service\":");
		escape_json(writer, service);
		writer__str(writer, ",\"__profile_path_prefix__\":\"/service/");
		route_write_service(writer, service);
		writer__str(writer, "\"");
	}
	writer__str(writer, "}}");
}

char *page_sd(struct session_view *view, const char *address)
{
	struct buf *out __free(buf) = buf__new(PAGE_MAX_BYTES);
	struct writer *writer __free(writer) = out ? writer__new_buf(out) : NULL;
	struct services services __attribute__((cleanup(services__done))) = {};
	size_t i;

	if (!writer || services__init(&services, view))
		return NULL;
	writer__str(writer, "[");
	for (i = 0; i < services.list.cnt; i++) {
		writer__str(writer, i ? ",\n" : "");
		write_target(writer, address,
			     intern__str(services.names, services.list.at[i].name));
	}
	writer__str(writer, "]\n");
	return take(writer, out);
}
