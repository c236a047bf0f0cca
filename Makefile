# SPDX-License-Identifier: Apache-2.0
# `make help` lists the targets. V=1 shows commands; O=DIR builds elsewhere; SANITIZE=address,undefined; ARCH=arm64.

arch_of = $(patsubst x86_64,x86,$(patsubst aarch64,arm64,$(1)))
HOST_ARCH := $(call arch_of,$(shell uname -m))
override ARCH := $(call arch_of,$(or $(ARCH),$(HOST_ARCH)))

# For another machine: Debian's cross compiler, and a folder of Debian's packages for it.
ifneq ($(ARCH),$(HOST_ARCH))
DEBIAN_ARCH := $(patsubst x86,amd64,$(ARCH))
TRIPLET := $(patsubst x86,x86_64,$(patsubst arm64,aarch64,$(ARCH)))-linux-gnu
ifndef SYSROOT
SYSROOT := $(shell scripts/fetch-sysroot $(DEBIAN_ARCH))
endif
$(if $(SYSROOT),,$(error scripts/fetch-sysroot $(DEBIAN_ARCH) fails))
O ?= build/$(ARCH)
CC := $(TRIPLET)-gcc --sysroot=$(SYSROOT)
CXX := $(TRIPLET)-g++ --sysroot=$(SYSROOT)
LD := $(TRIPLET)-ld
AR := $(TRIPLET)-ar
PKG_CONFIG := PKG_CONFIG_SYSROOT_DIR=$(SYSROOT) PKG_CONFIG_LIBDIR=$(SYSROOT)/usr/lib/$(TRIPLET)/pkgconfig pkg-config
endif

O ?= build
CC ?= gcc
CLANG ?= clang
BPFTOOL ?= $(shell command -v bpftool 2>/dev/null || echo /usr/sbin/bpftool)
PKG_CONFIG ?= pkg-config
PREFIX ?= /usr/local
DEVELOPER ?= 1

VERSION := $(shell cat VERSION)

.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

ifneq ($(V),1)
Q = @
msg = @printf '  %-8s %s\n' "$(1)" "$(2)";
endif

PKGS := libbpf libelf libdw zlib capstone liblzma
OPTIONAL := libdebuginfod libcurl libmicrohttpd
HAVE := $(foreach p,$(OPTIONAL),$(shell $(PKG_CONFIG) --exists $(p) 2>/dev/null && echo $(p)))
# Optional code is x.c with the library and x_none.c without it: no #if in the logic.
have = $(filter $(1),$(HAVE))

WARN := -Wall -Wextra -Wshadow -Wformat=2 -Wmissing-prototypes -Wstrict-prototypes -Wvla \
	-Wno-unused-parameter -Wno-missing-field-initializers
ifeq ($(DEVELOPER),1)
WARN += -Werror
endif
CPPFLAGS_ALL := -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DHEAPTAP_VERSION='"$(VERSION)"' \
	-Isrc -Iinclude -I$(O) -include src/base/banned.h \
	$(shell $(PKG_CONFIG) --cflags $(PKGS) $(HAVE) 2>/dev/null)
CFLAGS ?= -O2 -g
CFLAGS_ALL := -std=gnu11 -fno-strict-aliasing $(WARN) $(CFLAGS)
LIBS := $(shell $(PKG_CONFIG) --libs $(PKGS) $(HAVE) 2>/dev/null) -liberty -lm -lpthread

ifneq ($(SANITIZE),)
CFLAGS_ALL += -fsanitize=$(SANITIZE) -fno-omit-frame-pointer
LDFLAGS += -fsanitize=$(SANITIZE)
endif

# --- the program: every .c under src/, optional ones chosen by what is installed -------------------
SRC := $(wildcard src/*/*.c)
SRC := $(filter-out $(if $(call have,libdebuginfod),src/symbolize/debuginfod_none.c,src/symbolize/debuginfod.c),$(SRC))
SRC := $(filter-out $(if $(call have,libcurl),src/cli/load_url_none.c,src/cli/load_url.c),$(SRC))
SRC := $(filter-out $(if $(call have,libcurl),src/serve/push_none.c,src/serve/push.c),$(SRC))
SRC := $(filter-out $(if $(call have,libmicrohttpd),src/serve/http_none.c,src/serve/http.c src/serve/http_server.c src/serve/http_request.c),$(SRC))
OBJ := $(SRC:%.c=$(O)/%.o)
LIB := $(O)/libheaptap.a
BIN := $(O)/heaptap
ASSETS := $(wildcard src/*/assets/*)
ASSET_OBJ := $(ASSETS:%=$(O)/%.o)

.PHONY: all
all: $(BIN)

$(BIN): $(O)/src/main.o $(LIB)
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $^ $(LIBS)

$(LIB): $(OBJ) $(ASSET_OBJ)
	$(call msg,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(O)/%.o: %.c
	$(call msg,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# Assets become symbols _binary_<name>_start/_end, the name without its folders.
$(O)/src/%.o: src/%
	$(call msg,EMBED,$<)
	$(Q)mkdir -p $(@D)
	$(Q)cd $(<D) && $(LD) -r -b binary -z noexecstack -o $(abspath $@) $(<F)

# --- BPF: one object linked from all of bpf/, then its skeleton ---------------------------------------
BPF_SRC := $(wildcard bpf/*.bpf.c)
BPF_OBJ := $(BPF_SRC:%.c=$(O)/%.o)
BPF_CFLAGS := -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) -Iinclude -Ivmlinux/$(ARCH) -Ibpf -Ibpf/$(ARCH) \
	-Wall -Wextra -Werror -Wno-unused-parameter -Wno-address-of-packed-member $(BPF_DEFS)

$(O)/bpf/%.bpf.o: bpf/%.bpf.c
	$(call msg,BPF,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/heaptap.bpf.o: $(BPF_OBJ)
	$(call msg,BPFLINK,$@)
	$(Q)$(BPFTOOL) gen object $@ $^

$(O)/heaptap.skel.h: $(O)/heaptap.bpf.o
	$(call msg,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name heaptap_bpf > $@

$(filter $(O)/src/kernel/%,$(OBJ)): $(O)/heaptap.skel.h

# --- tests --------------------------------------------------------------------------------------------
include tests/Makefile.inc

# --- install, help ---------------------------------------------------------------------------------
.PHONY: setup demo docs install uninstall clean help
setup:
	scripts/setup build demo

demo:
	scripts/setup build demo
	$(MAKE) --no-print-directory all
	scripts/demo $(BIN)

DOCS := $(O)/docs
BASH_COMPLETIONS := $(PREFIX)/share/bash-completion/completions
ZSH_COMPLETIONS := $(PREFIX)/share/zsh/site-functions
FISH_COMPLETIONS := $(PREFIX)/share/fish/vendor_completions.d

docs: $(BIN)
	$(call msg,DOCS,$(DOCS))
	$(Q)packaging/write-docs $(BIN) $(DOCS)

install: docs
	install -D -m 755 $(BIN) $(DESTDIR)$(PREFIX)/bin/heaptap
	install -d $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 $(DOCS)/man1/*.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	install -D -m 644 $(DOCS)/completions/heaptap $(DESTDIR)$(BASH_COMPLETIONS)/heaptap
	install -D -m 644 $(DOCS)/completions/_heaptap $(DESTDIR)$(ZSH_COMPLETIONS)/_heaptap
	install -D -m 644 $(DOCS)/completions/heaptap.fish $(DESTDIR)$(FISH_COMPLETIONS)/heaptap.fish

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/heaptap
	rm -f $(DESTDIR)$(PREFIX)/share/man/man1/heaptap.1 $(DESTDIR)$(PREFIX)/share/man/man1/heaptap-*.1
	rm -f $(DESTDIR)$(BASH_COMPLETIONS)/heaptap $(DESTDIR)$(ZSH_COMPLETIONS)/_heaptap
	rm -f $(DESTDIR)$(FISH_COMPLETIONS)/heaptap.fish

clean:
	rm -rf $(O)

help:
	@echo 'make                build $(BIN)'
	@echo 'make ARCH=arm64     cross-build build/arm64/heaptap (scripts/setup cross)'
	@echo 'make demo           (root) set up, build, trace a redis-server under load'
	@echo 'make check          (root) set up, build, run every test'
	@echo 'make check-unit     unit tests under ASan+UBSan: no root, seconds'
	@echo 'make lint           layers, sizes, headers, format, clang-tidy, cppcheck, shellcheck'
	@echo 'make lint-deep      and scan-build and gcc -fanalyzer, minutes'
	@echo 'make check-asan     (root) the tool itself under ASan+UBSan; check-tsan, check-valgrind: under these;'
	@echo 'make check-tree     (root) the walker finding mappings without their lock'
	@echo 'make fuzz           every fuzz target for FUZZ_SECONDS each'
	@echo 'make noharm         (root) CYCLES=100000 attachments to programs that check themselves'
	@echo 'make soak           (root) the daemon for SOAK_MINUTES under a load that changes: does anything grow'
	@echo 'make bench          (root) what tracing costs, as tables'
	@echo 'make bench-unwind   (root) what a stack frame costs, and what makes it cheap'
	@echo 'make check-oracle   (root) stacks of twelve programs against libdw'
	@echo 'make check-cfi-all  unwind tables of every ELF file against binutils; CALLS=1: at every call'
	@echo 'make setup          (root) install the Debian packages needed'
	@echo 'make docs           man pages and shell completions to $(O)/docs'
	@echo 'make install        program, man pages, completions to $$DESTDIR$$PREFIX'
	@echo
	@echo 'found: $(HAVE)   missing, optional: $(filter-out $(HAVE),$(OPTIONAL))'

-include $(OBJ:.o=.d) $(O)/src/main.d $(BPF_OBJ:.o=.d)
