// SPDX-License-Identifier: Apache-2.0
// Every form of operator new and delete, called by name; foo() is a plain new-expression.
#include "site.h"

#include <cstdint>
#include <cstdlib>
#include <new>
#include <unistd.h>

static const std::align_val_t AL{ 64 };

#define SITE_NEW(name, call)                                                                       \
	extern "C" SITE void *name(size_t n)                                                       \
	{                                                                                          \
		void *p = call;                                                                    \
		KEEP(p);                                                                           \
		return p;                                                                          \
	}
SITE_NEW(site_new, ::operator new(n))
SITE_NEW(site_new_array, ::operator new[](n))
SITE_NEW(site_new_nothrow, ::operator new(n, std::nothrow))
SITE_NEW(site_new_array_nothrow, ::operator new[](n, std::nothrow))
SITE_NEW(site_new_aligned, ::operator new(n, AL))
SITE_NEW(site_new_array_aligned, ::operator new[](n, AL))
SITE_NEW(site_new_aligned_nothrow, ::operator new(n, AL, std::nothrow))
SITE_NEW(site_new_array_aligned_nothrow, ::operator new[](n, AL, std::nothrow))
SITE_NEW(site_new_big, ::operator new(n))

// Each form makes as many as there are ways to give them back, plus two that stay.
static void all_forms()
{
	::operator delete(site_new(100));
	::operator delete (site_new(100), size_t{ 100 });
	::operator delete(site_new(100), std::nothrow);
	site_new(100), site_new(100);
	EXPECT(site_new, 5, 500, 2, 200);

	::operator delete[](site_new_array(200));
	::operator delete[](site_new_array(200), size_t{ 200 });
	::operator delete[](site_new_array(200), std::nothrow);
	site_new_array(200), site_new_array(200);
	EXPECT(site_new_array, 5, 1000, 2, 400);

	::operator delete(site_new_nothrow(30));
	site_new_nothrow(30), site_new_nothrow(31);
	EXPECT(site_new_nothrow, 3, 91, 2, 61);

	::operator delete[](site_new_array_nothrow(40));
	site_new_array_nothrow(40), site_new_array_nothrow(41);
	EXPECT(site_new_array_nothrow, 3, 121, 2, 81);

	::operator delete(site_new_aligned(192), AL);
	::operator delete (site_new_aligned(192), size_t{ 192 }, AL);
	::operator delete(site_new_aligned(192), AL, std::nothrow);
	site_new_aligned(192), site_new_aligned(192);
	EXPECT(site_new_aligned, 5, 960, 2, 384);

	::operator delete[](site_new_array_aligned(256), AL);
	::operator delete[](site_new_array_aligned(256), size_t{ 256 }, AL);
	::operator delete[](site_new_array_aligned(256), AL, std::nothrow);
	site_new_array_aligned(256), site_new_array_aligned(256);
	EXPECT(site_new_array_aligned, 5, 1280, 2, 512);

	::operator delete(site_new_aligned_nothrow(64), AL);
	site_new_aligned_nothrow(64), site_new_aligned_nothrow(128);
	EXPECT(site_new_aligned_nothrow, 3, 256, 2, 192);

	::operator delete[](site_new_array_aligned_nothrow(64), AL);
	site_new_array_aligned_nothrow(64), site_new_array_aligned_nothrow(320);
	EXPECT(site_new_array_aligned_nothrow, 3, 448, 2, 384);

	site_new_big(hide(1 << 20));
	::operator delete(site_new_big(hide(2 << 20)));
	EXPECT(site_new_big, 2, 3 << 20, 1, 1 << 20);
	::operator delete(nullptr);
	::operator delete[](nullptr);
}

// A plain new-expression, the caller of operator new, must be what the profile shows.
struct thing {
	char bytes[72];
};

extern "C" SITE thing *site_foo()
{
	thing *t = new thing;
	KEEP(t);
	return t;
}

extern "C" SITE thing *site_foo_array(int n)
{
	thing *t = new thing[n];
	KEEP(t);
	return t;
}

static void expressions()
{
	delete site_foo();
	site_foo();
	EXPECT(site_foo, 2, 144, 1, 72);
	delete[] site_foo_array(3);
	site_foo_array(5);
	EXPECT(site_foo_array, 2, 8 * 72, 1, 5 * 72);
}

// A new that fails never returns to its caller: it throws. What follows in the thread must still be
// counted, and the block that a handler gives up must be gone.
SITE_NEW(site_new_throws, ::operator new(n))
SITE_NEW(site_new_nothrow_failed, ::operator new(n, std::nothrow))
SITE_NEW(site_after_throw, ::operator new(n))

static void failures()
{
	for (int i = 0; i < 50; i++) {
		try {
			site_new_throws(hide(PTRDIFF_MAX));
			_exit(98);
		} catch (const std::bad_alloc &) {
		}
		site_after_throw(24);
	}
	if (site_new_nothrow_failed(hide(PTRDIFF_MAX)))
		_exit(98);
	EXPECT(site_new_throws, 0, 0, 0, 0);
	EXPECT(site_new_nothrow_failed, 0, 0, 0, 0);
	EXPECT(site_after_throw, 50, 1200, 50, 1200);
}

static void work()
{
	all_forms();
	expressions();
	// mimalloc built as C aborts instead of throwing.
	if (!sites_args[0])
		failures();
}

int main(int argc, char **argv)
{
	// The first throw of a process allocates once (unwinder caches): not while counted.
	try {
		throw std::bad_alloc();
	} catch (const std::bad_alloc &) {
	}
	return sites_main(argc, argv, work);
}
