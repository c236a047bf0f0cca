# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by the tests here: a scratch folder, results, and comparing with other symbolizers.

SYMBOLIZE=${SYMBOLIZE:-${O:-build}/tests/symbols/symbolize}
[ -x "$SYMBOLIZE" ] || ${MAKE:-make} --no-print-directory -s O="${O:-build}" "$SYMBOLIZE" || exit 1
SYMBOLIZE=$(realpath "$SYMBOLIZE")
# shellcheck disable=SC2034 # for those who source this
HERE=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
DIR=$(mktemp -d)
trap 'rm -rf "$DIR"' EXIT
failed=0

ok() { echo "ok $1"; }
not_ok() { echo "not ok $1 - $2"; failed=1; }
finish() { exit "$failed"; }
skip() { echo "skip $1 - $2"; }
have() { command -v "$1" > /dev/null 2>&1; }

# addresses FILE OBJECT [N]: N instructions of those functions in FILE that came from OBJECT, in hex; no padding.
addresses() {
	{
		nm --defined-only "$2" | awk '$(NF - 1) ~ /[tTwWuU]/ { print "own", $NF }'
		objdump -d --no-show-raw-insn -j .text "$1"
	} | awk '
		$1 == "own" { own[$2] = 1; next }
		/^[0-9a-f]+ </ { name = $2; gsub(/^<|>:$/, "", name); inside = name in own; next }
		inside && /^ +[0-9a-f]+:/ && !/nop|xchg +%ax,%ax/ { sub(":", "", $1); print "0x" $1 }' |
		shuf -n "${3:-1000}" --random-source=<(yes)
}

# Three lists of "ADDRESS N FUNCTION PLACE", N counting frames from the innermost. Places are full paths without
# "." and "..", functions mangled. "??" and line 0 mean unknown.
frames() {
	awk '
		/^0x/ { addr = $1; sub(/^0x0*/, "", addr); n = 0; next }
		!have { func_name = $0; have = 1; next }
		{
			sub(/ \(discriminator [0-9]+\)/, ""); sub(/:\?$/, ":0")
			while (sub(/\/[^\/.][^\/]*\/\.\.\//, "/")) ;
			while (sub(/\/\.\//, "/")) ;
			# Without DWARF the others name the object file, from the symbol table.
			if ($0 !~ /\// && /:0$/) $0 = "??:0"
			print addr, n++, func_name, $0; have = 0
		}'
}
ours() { "$SYMBOLIZE" -m "$@" | frames; }
gnu() { addr2line -a -f -i -e "$1" | frames; }
llvm() { llvm-symbolizer --output-style=GNU --no-demangle -a -f -i -e "$1" | frames; }

# places FRAMES: the chain of places per address on one line.
places() { awk '{ p[$1] = p[$1] " " $NF } END { for (a in p) print a p[a] }' "$1" | sort; }
# outermost FRAMES: the function itself per address.
outermost() { awk '{ f[$1] = $3 } END { for (a in f) print a, f[a] }' "$1" | sort; }

# same NAME OURS THEIRS WHAT: compare, showing a few differences.
same() {
	local cnt
	cnt=$(diff "$2" "$3" | grep -c '^<')
	if [ "$cnt" -eq 0 ] && [ -s "$2" ] && cmp -s "$2" "$3"; then
		return 0
	fi
	not_ok "$1" "$cnt of $(wc -l < "$3") $4 differ"
	diff "$2" "$3" | head -n 6
	return 1
}
