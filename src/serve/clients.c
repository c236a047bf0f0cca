// SPDX-License-Identifier: Apache-2.0
#include "serve/clients.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

#define SECOND_NS       1000000000ull
/* How many of all may have one address. */
#define ADDRESS_SHARE   2u
/* Who has been reading its answer for so long makes room as well. */
#define READING_LONG_NS (30 * SECOND_NS)

struct client {
	struct client *next, **link;
	int fd;
	struct sockaddr_in6 address; /* the family and the address alone; AF_UNSPEC: nobody's */
	enum client_state state;
	uint64_t since_ns, due_ns; /* CLOCK_MONOTONIC; due 0: never */
	bool is_spare;
	bool is_shut; /* and soon to be removed */
};

struct clients {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t watch;
	struct client *first;
	size_t max_cnt, per_address_cnt;
	bool is_over;
};

static void set_address(struct client *client, const struct sockaddr *from)
{
	struct sockaddr_in6 *to = &client->address;

	if (from && from->sa_family == AF_INET)
		memcpy(&to->sin6_addr, &((const struct sockaddr_in *)from)->sin_addr, 4);
	else if (from && from->sa_family == AF_INET6)
		to->sin6_addr = ((const struct sockaddr_in6 *)from)->sin6_addr;
	else
		return;
	to->sin6_family = from->sa_family;
}

static bool is_neighbour(const struct client *a, const struct client *b)
{
	return a->address.sin6_family && a->address.sin6_family == b->address.sin6_family &&
	       !memcmp(&a->address.sin6_addr, &b->address.sin6_addr, sizeof(a->address.sin6_addr));
}

/* Whoever looks after it will read the end and close it. */
static void shut(struct client *client)
{
	client->is_shut = true;
	shutdown(client->fd, SHUT_RDWR);
}

static bool may_go(const struct client *client, uint64_t now_ns)
{
	return !client->is_shut &&
	       (client->state == CLIENT_SENDS ||
		(client->state == CLIENT_READS && now_ns - client->since_ns >= READING_LONG_NS));
}

/* The one that makes room for @newcomer, a neighbour of it if there are too many of those; or NULL. */
static struct client *find_slowest(const struct clients *clients, const struct client *newcomer,
				   bool of_neighbours, uint64_t now_ns)
{
	struct client *client, *slowest = NULL;

	for (client = clients->first; client; client = client->next) {
		if (client == newcomer || !may_go(client, now_ns) ||
		    (of_neighbours && !is_neighbour(client, newcomer)))
			continue;
		if (!slowest || client->state < slowest->state ||
		    (client->state == slowest->state && client->since_ns < slowest->since_ns))
			slowest = client;
	}
	return slowest;
}

static void make_room(struct clients *clients, struct client *newcomer, uint64_t now_ns)
{
	size_t cnt = 0, neighbour_cnt = 0;
	struct client *client, *slowest;

	for (client = clients->first; client; client = client->next) {
		cnt += !client->is_shut;
		neighbour_cnt += !client->is_shut && is_neighbour(client, newcomer);
	}
	if (cnt <= clients->max_cnt && neighbour_cnt <= clients->per_address_cnt)
		return;
	slowest = find_slowest(clients, newcomer, neighbour_cnt > clients->per_address_cnt, now_ns);
	if (slowest)
		shut(slowest);
	else if (cnt <= clients->max_cnt + CLIENTS_SPARE)
		newcomer->is_spare = true;
	else
		shut(newcomer);
}

struct client *clients__add(struct clients *clients, int fd, const struct sockaddr *address)
{
	struct client *client = calloc(1, sizeof(*client));
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

	if (!client)
		return NULL;
	client->fd = fd;
	client->since_ns = now_ns;
	set_address(client, address);
	pthread_mutex_lock(&clients->lock);
	client->next = clients->first;
	client->link = &clients->first;
	if (client->next)
		client->next->link = &client->next;
	clients->first = client;
	make_room(clients, client, now_ns);
	pthread_mutex_unlock(&clients->lock);
	return client;
}

void clients__remove(struct clients *clients, struct client *client)
{
	if (!client)
		return;
	pthread_mutex_lock(&clients->lock);
	*client->link = client->next;
	if (client->next)
		client->next->link = client->link;
	pthread_mutex_unlock(&clients->lock);
	free(client);
}

void clients__move(struct clients *clients, struct client *client, enum client_state state,
		   uint64_t max_ns)
{
	if (!client)
		return;
	pthread_mutex_lock(&clients->lock);
	client->state = state;
	client->since_ns = clock_ns(CLOCK_MONOTONIC);
	client->due_ns = max_ns ? client->since_ns + max_ns : 0;
	pthread_cond_signal(&clients->changed);
	pthread_mutex_unlock(&clients->lock);
}

bool client__is_spare(const struct client *client)
{
	return client && client->is_spare;
}

/* Shuts whoever is late. When the next one will be; 0: nobody. */
static uint64_t shut_late(struct clients *clients, uint64_t now_ns)
{
	struct client *client;
	uint64_t next_ns = 0;

	for (client = clients->first; client; client = client->next) {
		if (client->is_shut || !client->due_ns)
			continue;
		if (client->due_ns <= now_ns)
			shut(client);
		else if (!next_ns || client->due_ns < next_ns)
			next_ns = client->due_ns;
	}
	return next_ns;
}

static void *watch(void *ctx)
{
	struct clients *clients = ctx;

	pthread_mutex_lock(&clients->lock);
	while (!clients->is_over) {
		uint64_t next_ns = shut_late(clients, clock_ns(CLOCK_MONOTONIC));
		struct timespec next = { .tv_sec = (time_t)(next_ns / SECOND_NS),
					 .tv_nsec = (long)(next_ns % SECOND_NS) };

		if (next_ns)
			pthread_cond_timedwait(&clients->changed, &clients->lock, &next);
		else
			pthread_cond_wait(&clients->changed, &clients->lock);
	}
	pthread_mutex_unlock(&clients->lock);
	return NULL;
}

struct clients *clients__new(size_t max_cnt)
{
	struct clients *clients = calloc(1, sizeof(*clients));
	pthread_condattr_t attr;

	if (!clients)
		return NULL;
	clients->max_cnt = max_cnt;
	clients->per_address_cnt = max_cnt > ADDRESS_SHARE ? max_cnt / ADDRESS_SHARE : 1;
	pthread_mutex_init(&clients->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&clients->changed, &attr);
	pthread_condattr_destroy(&attr);
	if (!pthread_create(&clients->watch, NULL, watch, clients))
		return clients;
	pthread_cond_destroy(&clients->changed);
	pthread_mutex_destroy(&clients->lock);
	free(clients);
	return NULL;
}

void clients__free(struct clients *clients)
{
	if (!clients)
		return;
	pthread_mutex_lock(&clients->lock);
	clients->is_over = true;
	pthread_cond_signal(&clients->changed);
	pthread_mutex_unlock(&clients->lock);
	pthread_join(clients->watch, NULL);
	pthread_cond_destroy(&clients->changed);
	pthread_mutex_destroy(&clients->lock);
	free(clients);
}
