/* SPDX-License-Identifier: Apache-2.0 */
/* Symbol names as people write them. */
#pragma once

/*
 * The readable form of a linker name: C++ (Itanium ABI) and Rust (legacy without its hash, and v0)
 * demangled, without parameters but with template arguments; what compilers append to clones
 * (".constprop.0", ".cold") is left out. Names that are not mangled come back as they are
 * otherwise. The result may hold bytes of any kind, as @name may.
 *
 * A hostile name costs bounded time and memory: past the limits the name stays mangled.
 * Returns a string the caller frees, or NULL if out of memory.
 */
char *demangle(const char *name);
