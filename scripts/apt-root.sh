# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# To be sourced: apt with a root folder of its own, for packages of another suite or machine. Nothing of this machine's apt
# is read or changed.
#
#	apt_root FOLDER SUITE ARCH	makes the folder
#	apt_in_root COMMAND...		apt-get or apt-cache in it

apt_root() {
	apt_root=$1
	apt_arch=$3
	local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	mkdir -p "$apt_root"/{state/lists/partial,cache/archives/partial,empty}
	echo "deb [arch=$apt_arch signed-by=$keyring] ${VM_MIRROR:-http://deb.debian.org/debian} $2 main" \
		> "$apt_root/sources.list"
	touch "$apt_root/status"
}

apt_in_root() {
	local command=$1
	shift
	"$command" -q -o Dir::Etc::sourcelist="$apt_root/sources.list" -o Dir::Etc::sourceparts="$apt_root/empty" \
		-o Dir::State="$apt_root/state" -o Dir::State::status="$apt_root/status" -o Dir::Cache="$apt_root/cache" \
		-o APT::Architecture="$apt_arch" -o APT::Architectures="$apt_arch" -o APT::Sandbox::User=root \
		-o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false "$@"
}
