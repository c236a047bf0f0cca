#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Files at most 800 lines, functions at most 100 (soft limits 500 and 50). Exemptions: scripts/size-exempt, one
# "path reason" or "path:function reason" per line.
set -eu
exempt=scripts/size-exempt
is_exempt() { [ -f $exempt ] && grep -qE "^$1[[:space:]]" $exempt; }
bad=0
for f in $(git ls-files --cached --others --exclude-standard 'src/*.[ch]' 'bpf/*.[ch]' 'include/*.h' 'tests/*.[ch]'); do
	[ -f "$f" ] || continue
	n=$(wc -l < "$f")
	if [ "$n" -gt 800 ] && ! is_exempt "$f"; then
		echo "$f: $n lines (limit 800)"
		bad=1
	fi
	while read -r name start end; do
		len=$((end - start + 1))
		if [ "$len" -gt 100 ] && ! is_exempt "$f:$name"; then
			echo "$f:$start: $name is $len lines (limit 100)"
			bad=1
		fi
	done < <(ctags -o - --languages=C --langmap=C:.c.h --c-kinds=f --fields=+ne -u "$f" 2> /dev/null |
		awk -F'\t' '{ s = e = 0; for (i = 4; i <= NF; i++) { if ($i ~ /^line:/) s = substr($i, 6); if ($i ~ /^end:/) e = substr($i, 5) } if (s && e) print $1, s, e }')
done
exit $bad
