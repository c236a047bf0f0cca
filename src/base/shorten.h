/* SPDX-License-Identifier: Apache-2.0 */
/* Demangled names for tables, where a column is 60 characters wide. Files keep the full name. */
#pragma once

/*
 * @name with what rarely tells functions apart taken out:
 *
 *	std::vector<int, std::allocator<int> >::push_back  ->  std::vector<…>::push_back
 *	std::__cxx11::basic_string<char, …>::_M_create     ->  std::string::_M_create
 *	foo(int)::{lambda(std::map<int, int>)#1}           ->  foo::{lambda#1}
 *
 * Template arguments of up to 8 bytes stay (`std::max<int>`), so do operators and the `<A as B>`
 *that starts a Rust name. Names that are none of this come back as they are. A string the caller
 *frees, or NULL if out of memory.
 */
char *shorten(const char *name);
