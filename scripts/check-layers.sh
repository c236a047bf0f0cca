#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every #include "folder/..." under src/ must be allowed by src/LAYERS.
set -eu
mapfile -t sources < <(find src -name '*.[ch]' | sort)
awk '
FNR == NR {
	if ($0 ~ /^#/ || NF == 0) next
	layer = $1; sub(/:$/, "", layer); known[layer] = 1
	for (i = 2; i <= NF; i++) allowed[layer, $i] = 1
	next
}
FNR == 1 {
	n = split(FILENAME, part, "/")
	layer = n == 2 ? "main" : part[2]
	if (!(layer in known)) { print FILENAME ": folder not in src/LAYERS"; bad = 1 }
}
/^[ \t]*#[ \t]*include[ \t]*["<]/ {
	target = $0
	sub(/^[ \t]*#[ \t]*include[ \t]*/, "", target)
	if (target ~ /^"heaptap\.skel\.h"/) to = "skel"
	else if (target ~ /^<bpf\//) to = "libbpf"
	else if (target ~ /^"[a-z]+\//) { to = substr(target, 2); sub(/\/.*/, "", to) }
	else if (target ~ /^"/) { print FILENAME ":" FNR ": include by path from src/: " target; bad = 1; next }
	else next
	if (to != layer && !((layer, to) in allowed)) {
		print FILENAME ":" FNR ": " layer " may not include " to " (src/LAYERS)"; bad = 1
	}
}
END { exit bad }
' src/LAYERS "${sources[@]}"
