// SPDX-License-Identifier: Apache-2.0
#include "profile/wrapper.h"

#include <stddef.h>
#include <string.h>

/* Beginnings of names of functions that allocate because their caller wants memory. */
static const char *const wrapper_names[] = {
	/* C++ and Rust libraries; symbols without debug info may be mangled */
	"std::",
	"__gnu_cxx::",
	"void std::",
	"_ZNSt",
	"_ZSt",
	"_ZN9__gnu_cxx",
	"alloc::",
	"core::",
	"<alloc::",
	"<core::",
	"<T as core::",
	"hashbrown::",
	"boost::container::",
	/* what C programs call their own malloc */
	"xmalloc",
	"xcalloc",
	"xzalloc",
	"xrealloc",
	"xnmalloc",
	"x2realloc",
	"x2nrealloc",
	"xpalloc",
	"xreallocarray",
	"xmemdup",
	"xstrdup",
	"xstrndup",
	"xfree",
	"safe_malloc",
	"safe_calloc",
	"safe_realloc",
	"checked_malloc",
	"zmalloc",
	"zcalloc",
	"zrealloc",
	"zfree",
	"ztrymalloc",
	"ztrycalloc",
	"ztryrealloc",
	/* libraries where they are linked in or live in a file of another name */
	"strdup",
	"strndup",
	"__strdup",
	"g_malloc",
	"g_realloc",
	"g_free",
	"g_try_malloc",
	"g_strdup",
	"g_strndup",
	"g_slice_",
	"g_memdup",
	"PyMem_",
	"PyObject_Malloc",
	"PyObject_Calloc",
	"PyObject_Realloc",
	"PyObject_Free",
	"_PyMem_",
	"_PyObject_Malloc",
	"_PyObject_Free",
	"CRYPTO_malloc",
	"CRYPTO_zalloc",
	"CRYPTO_realloc",
	"CRYPTO_free",
	"av_malloc",
	"av_realloc",
	"av_free",
};

/* Libraries nobody calls a cause: beginnings of their file names. */
static const char *const wrapper_files[] = {
	"libc.so",     "libc-",    "libstdc++.so", "libc++.so", "libc++abi.so",
	"libgcc_s.so", "ld-linux", "ld-musl",      "libglib-",
};

static bool begins_with_any(const char *text, const char *const *beginnings, size_t cnt)
{
	size_t i;

	for (i = 0; i < cnt; i++) {
		if (!strncmp(text, beginnings[i], strlen(beginnings[i])))
			return true;
	}
	return false;
}

bool wrapper_is_function(const char *name)
{
	return begins_with_any(name, wrapper_names,
			       sizeof(wrapper_names) / sizeof(wrapper_names[0]));
}

bool wrapper_is_file(const char *path)
{
	const char *slash = strrchr(path, '/');

	return begins_with_any(slash ? slash + 1 : path, wrapper_files,
			       sizeof(wrapper_files) / sizeof(wrapper_files[0]));
}

/* Ends of names: what is called when there is one more element to hold. */
static const char *const growing_names[] = {
	"::push_back",
	"::emplace_back",
	"::insert",
	"::append",
	"::operator+=",
	"::resize",
	"::assign",
	"::_M_realloc_insert",
	"::_M_realloc_append",
	"::_M_default_append",
	"::_M_fill_insert",
	"::_M_range_insert",
	"::_M_mutate",
	"::_M_append",
	"::__push_back_slow_path",
	"::__emplace_back_slow_path",
	"::__append",
	"::__grow_by",
};

bool wrapper_grows(const char *name)
{
	const char *found;
	size_t i, len;

	for (i = 0; i < sizeof(growing_names) / sizeof(growing_names[0]); i++) {
		len = strlen(growing_names[i]);
		found = strstr(name, growing_names[i]);
		/* Its own arguments or ABI tag may follow: "::emplace_back<int>", "::append[abi:cxx11]". */
		if (found && (!found[len] || found[len] == '<' || found[len] == '['))
			return true;
	}
	return false;
}
