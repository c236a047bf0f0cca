#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every header under src/ and include/ compiles alone, has #pragma once and an SPDX line; so has every source.
set -u
bad=0
for h in $(find src include -name '*.h' | sort); do
	grep -q '^#pragma once' "$h" || { echo "$h: no #pragma once"; bad=1; }
	echo "#include \"$PWD/$h\"" | ${CC:-gcc} -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -Wno-unused-parameter -fsyntax-only \
		-Isrc -Iinclude -Ibuild -x c - || { echo "$h: does not compile alone"; bad=1; }
done
for f in $(git ls-files --cached --others --exclude-standard '*.c' '*.h' '*.sh' 'scripts/*' Makefile); do
	[ -f "$f" ] || continue
	[ "$f" = scripts/size-exempt ] && continue
	head -n 3 "$f" | grep -q 'SPDX-License-Identifier' || { echo "$f: no SPDX line"; bad=1; }
done
exit $bad
