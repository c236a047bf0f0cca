// SPDX-License-Identifier: Apache-2.0
#include "serve/clients.h"

#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#define MANY 24

struct pair {
	int ours, theirs;
	struct client *client;
};

static struct pair connect_from(struct clients *clients, uint32_t address)
{
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr = { address } };
	struct pair pair;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	pair = (struct pair){ fds[0], fds[1],
			      clients__add(clients, fds[0],
					   address ? (struct sockaddr *)&from : NULL) };
	/* Nobody would be shut out then, and to wait for it takes a minute. */
	assert_non_null(pair.client);
	return pair;
}

static void hang_up(struct clients *clients, struct pair *pair)
{
	clients__remove(clients, pair->client);
	close(pair->ours);
	close(pair->theirs);
}

static bool is_shut(const struct pair *pair, int wait_ms)
{
	struct pollfd fd = { .fd = pair->theirs, .events = POLLRDHUP };

	return poll(&fd, 1, wait_ms) == 1;
}

/* Past the bound the one that has been sending for longest goes; never one that waits. */
static void test_slowest_makes_room(void **state)
{
	struct clients *clients __free(clients) = clients__new(4);
	struct pair pairs[7];
	uint32_t i;

	for (i = 0; i < 6; i++) {
		pairs[i] = connect_from(clients, i + 1);
		if (!i)
			clients__move(clients, pairs[i].client, CLIENT_WAITS, 0);
	}
	assert_false(is_shut(&pairs[0], 0));
	assert_true(is_shut(&pairs[1], 0));
	assert_true(is_shut(&pairs[2], 0));
	for (i = 3; i < 6; i++)
		assert_false(is_shut(&pairs[i], 0));
	/* Its next request: it is the youngest of them now. */
	clients__move(clients, pairs[3].client, CLIENT_SENDS, 0);
	pairs[6] = connect_from(clients, 7);
	assert_true(is_shut(&pairs[4], 0));
	assert_false(is_shut(&pairs[3], 0));
	for (i = 0; i < 7; i++)
		hang_up(clients, &pairs[i]);
}

/* One address has half of the room, and keeps nobody else out. */
static void test_neighbours(void **state)
{
	struct clients *clients __free(clients) = clients__new(8);
	struct pair other = connect_from(clients, 1), pairs[MANY];
	size_t i, open_cnt = 0;

	for (i = 0; i < MANY; i++)
		pairs[i] = connect_from(clients, 2);
	for (i = 0; i < MANY; i++)
		open_cnt += !is_shut(&pairs[i], 0);
	assert_int_equal(open_cnt, 4);
	assert_false(is_shut(&other, 0));
	for (i = 0; i < MANY; i++)
		hang_up(clients, &pairs[i]);
	hang_up(clients, &other);
}

/* Where all wait for answers there still is a spare place; not without end. */
static void test_spare(void **state)
{
	struct clients *clients __free(clients) = clients__new(2);
	struct pair pairs[MANY];
	size_t i, spare_cnt = 0;

	for (i = 0; i < MANY; i++) {
		pairs[i] = connect_from(clients, 0);
		clients__move(clients, pairs[i].client, CLIENT_WAITS, 0);
		spare_cnt += client__is_spare(pairs[i].client);
		assert_int_equal(is_shut(&pairs[i], 0), i >= 2 + CLIENTS_SPARE);
	}
	assert_int_equal(spare_cnt, CLIENTS_SPARE);
	for (i = 0; i < MANY; i++)
		hang_up(clients, &pairs[i]);
}

static void test_late(void **state)
{
	struct clients *clients __free(clients) = clients__new(8);
	struct pair late = connect_from(clients, 1), other = connect_from(clients, 2);

	clients__move(clients, other.client, CLIENT_SENDS, 3600000000000);
	clients__move(clients, late.client, CLIENT_SENDS, 1000000);
	assert_true(is_shut(&late, 60000));
	assert_false(is_shut(&other, 0));
	hang_up(clients, &late);
	hang_up(clients, &other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slowest_makes_room),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_spare),
		cmocka_unit_test(test_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
