# skep: a BitTorrent tracker.
#
#   make            build skepd and skepctl
#   make run        install build dependencies, build, and run skepd
#   make check      install test dependencies, build, and run all tests
#   make help       list all targets

VERSION := 0.1.0
ifeq ($(origin CC),default)
CC      := gcc
endif
PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
SYSCONFDIR ?= /etc
UNITDIR ?= $(PREFIX)/lib/systemd/system
DOCDIR  ?= $(PREFIX)/share/doc/skep
MANDIR  ?= $(PREFIX)/share/man
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR  ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d

# SANITIZE is "address,undefined" or "thread"; each has its own build directory.
comma   := ,
SANITIZE ?=
BUILD   := build$(if $(SANITIZE),/$(firstword $(subst $(comma), ,$(SANITIZE))))

BUILD_PACKAGES := gcc libc6-dev make pkg-config libmicrohttpd-dev libgnutls28-dev libsqlite3-dev \
    libconfig-dev nettle-dev libsystemd-dev libjansson-dev libqrencode-dev libhiredis-dev libjs-chart.js \
    libcurl4-gnutls-dev libncurses-dev
TEST_PACKAGES := check curl openssl faketime mandoc iproute2 strace systemd python3 python3-pytest \
    python3-pytest-xdist python3-jsonschema python3-libtorrent prometheus zsh fish redis-server
CHECK_PACKAGES := $(TEST_PACKAGES) qbittorrent-nox transmission-daemon aria2 rtorrent nodejs valgrind chromium fonts-inter \
    $(if $(shell command -v npm),,npm)
SYSTEMD_PACKAGES := debootstrap systemd-container podman runc
FUZZ_PACKAGES  := clang libclang-rt-14-dev
STYLE_PACKAGES := clang clang-format clang-tidy cppcheck shellcheck

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wmissing-prototypes -Werror
# Libraries of each program; the tests link all of them.
SKEPD_LIBRARIES := libmicrohttpd gnutls sqlite3 libconfig nettle libsystemd jansson libqrencode hiredis
SKEPCTL_LIBRARIES := libcurl jansson ncursesw sqlite3 nettle
LIBRARIES := $(sort $(SKEPD_LIBRARIES) $(SKEPCTL_LIBRARIES))
CPPFLAGS += -Iinclude -Isrc -D_GNU_SOURCE -DSKEP_VERSION='"$(VERSION)"'
# Link-time optimisation inlines small functions across files: a fifth fewer instructions per
# announce.
CFLAGS  ?= -g $(if $(SANITIZE),-O2,-O3 -flto=auto)
ALL_CFLAGS = -std=c11 $(WARNINGS) $(CFLAGS) -pthread \
    $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer)
PKG_CONFIG ?= pkg-config
libs    = $(shell $(PKG_CONFIG) --libs $(1)) -pthread
LDLIBS  = $(call libs,$(LIBRARIES))
# Of the builds that other targets start, unless -j is given.
JOBS    = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

# $(wildcard) lists in the order of the locale, and the order of the objects shows in the programs.
SOURCES := $(sort $(wildcard src/*/*.c src/*/*/*.c))
PROGRAMS := skepd skepctl
MAINS   := src/daemon/skepd.c src/ctl/skepctl.c
GENERATED := page completions
OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(MAINS),$(SOURCES))) $(GENERATED:%=$(BUILD)/%.o)
SKEPD_OBJECTS := $(filter-out $(BUILD)/src/ctl/% %/completions.o,$(OBJECTS))
SKEPCTL_OBJECTS := $(filter $(foreach area,base swarm wire torrent store ctl,$(BUILD)/src/$(area)/%) %/completions.o,$(OBJECTS))
UNIT_SOURCES := $(wildcard tests/unit/*.c tests/unit/*/*.c)

# Link-time optimisation of unit-tests and fuzz-replay would take longer than a build without it.
# The benchmark of the announce path uses these objects, too.
O2_BUILD := $(BUILD)/o2
TEST_BUILD := $(if $(findstring -flto,$(CFLAGS)),$(O2_BUILD),$(BUILD))
TESTED_OBJECTS := $(OBJECTS:$(BUILD)/src/%=$(TEST_BUILD)/src/%)
UNIT_OBJECTS := $(patsubst %.c,$(TEST_BUILD)/%.o,$(UNIT_SOURCES))
$(TEST_BUILD)/tests/unit/%.o $(TEST_BUILD)/tests/fuzz/%.o: CPPFLAGS += -Itests/unit

.PHONY: all run install uninstall clean help fuzz
.PHONY: build-packages check-packages systemd-packages style-packages fuzz-packages
.PHONY: check check-all check-sanitized check-unit check-systemd check-asan check-tsan check-layers check-words
.PHONY: check-style check-chaos check-platforms

# On a fresh machine, `make run` and `make check` install packages first.
all: $(PROGRAMS:%=$(BUILD)/%)

run: build-packages
	@$(MAKE) --no-print-directory $(JOBS) all
	@$(BUILD)/skepd $(ARGS)

$(BUILD)/skepd: $(BUILD)/src/daemon/skepd.o $(SKEPD_OBJECTS)
	@echo "  LD $@"
	@$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(call libs,$(SKEPD_LIBRARIES))

$(BUILD)/skepctl: $(BUILD)/src/ctl/skepctl.o $(SKEPCTL_OBJECTS)
	@echo "  LD $@"
	@$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(call libs,$(SKEPCTL_LIBRARIES))

# See tests/unit/allocation_count.c and tests/unit/cluster/resolver.c.
WRAPPED_FUNCTIONS := malloc calloc realloc aligned_alloc strdup getaddrinfo
WRAP_FLAGS := $(WRAPPED_FUNCTIONS:%=-Wl,--wrap=%)

$(BUILD)/unit-tests: $(UNIT_OBJECTS) $(TESTED_OBJECTS)
	@echo "  LD $@"
	@$(CC) $(ALL_CFLAGS) $(LDFLAGS) $(WRAP_FLAGS) -o $@ $^ $(LDLIBS) $$($(PKG_CONFIG) --libs check) -lm

# The unit tests with allocations of src/ that fail; see tests/faults/faults.h. For builds with
# sanitizers: link-time optimisation would leave no symbols to rename.
FAULT_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/faults/*.c))
FAULTY_FUNCTIONS := malloc calloc realloc aligned_alloc strdup asprintf
$(FAULT_OBJECTS): CPPFLAGS += -Itests/unit

$(BUILD)/faulty.o: $(OBJECTS)
	@$(LD) -r -o $@ $^
	@objcopy $(foreach name,$(FAULTY_FUNCTIONS),--redefine-sym $(name)=faulty_$(name)) $@

$(BUILD)/fault-tests: $(FAULT_OBJECTS) $(filter-out %/main.o,$(UNIT_OBJECTS)) $(BUILD)/faulty.o
	@echo "  LD $@"
	@$(CC) $(ALL_CFLAGS) $(LDFLAGS) $(WRAP_FLAGS) -Wl,--wrap=abort -o $@ $^ $(LDLIBS) -lm

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(O2_BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $< (-O2)"
	@$(CC) $(CPPFLAGS) -std=c11 $(WARNINGS) -O2 -g -pthread -MMD -MP -c -o $@ $<

# The page is embedded in the program. Directories are prerequisites, so that a removed file
# triggers a rebuild.
PAGE_FILES := $(sort $(shell find src/page -type f ! -name '.*' ! -name '*~' ! -name embed)) \
    src/web/api/openapi.json \
    /usr/share/javascript/chart.js/chart.min.js

$(BUILD)/page.c: $(PAGE_FILES) src/page/embed $(shell find src/page -type d)
	@mkdir -p $(@D)
	@echo "  EMBED $@"
	@src/page/embed $(PAGE_FILES) >$@.new && mv $@.new $@

# skepctl prints the completion of each shell.
COMPLETION_SHELLS := bash zsh fish

$(BUILD)/completions.c: $(COMPLETION_SHELLS:%=src/completion/skepctl.%)
	@mkdir -p $(@D)
	@echo "  EMBED $@"
	@{ echo '#include <stddef.h>'; echo '#include "ctl/completion_scripts.h"'; \
	    echo 'const struct completion_script completion_scripts[] = {'; \
	    for shell in $(COMPLETION_SHELLS); do \
	        echo "{ \"$$shell\","; \
	        sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' src/completion/skepctl.$$shell && echo '},' || exit 1; \
	    done; \
	    echo '{ NULL, NULL } };'; } >$@.new && mv $@.new $@

$(GENERATED:%=$(BUILD)/%.o): $(BUILD)/%.o: $(BUILD)/%.c
	@echo "  CC $<"
	@$(CC) $(CPPFLAGS) $(filter-out -flto%,$(ALL_CFLAGS)) -MMD -MP -c -o $@ $<

-include $(OBJECTS:.o=.d) $(TESTED_OBJECTS:.o=.d) $(UNIT_OBJECTS:.o=.d) $(FAULT_OBJECTS:.o=.d) $(MAINS:%.c=$(BUILD)/%.d)

# Fuzz targets, with libFuzzer (clang); and without it, to replay the corpus.
FUZZ_TARGETS := $(filter-out entry replay,$(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c)))
FUZZ_SOURCES := $(FUZZ_TARGETS:%=tests/fuzz/%.c)
FUZZ_MODELS := $(filter-out $(wildcard tests/unit/*/test_*.c),$(wildcard tests/unit/*/*_model.c))
FUZZ_SECONDS ?= 60

$(BUILD)/fuzz-replay: $(patsubst %.c,$(TEST_BUILD)/%.o,$(FUZZ_SOURCES) $(FUZZ_MODELS) tests/fuzz/replay.c) $(TESTED_OBJECTS)
	@echo "  LD $@"
	@$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

-include $(patsubst %.c,$(TEST_BUILD)/%.d,$(FUZZ_SOURCES) tests/fuzz/replay.c)

FUZZ_OBJECTS := $(patsubst %.c,build/fuzz/%.o,$(filter-out $(MAINS),$(SOURCES)) $(FUZZ_MODELS)) $(GENERATED:%=build/fuzz/%.o)
FUZZ_FLAGS := -Itests/unit -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all

build/fuzz/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $< (fuzz)"
	@clang -std=c11 $(CPPFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

$(GENERATED:%=build/fuzz/%.o): build/fuzz/%.o: build/%.c
	@mkdir -p $(@D)
	@clang -std=c11 $(CPPFLAGS) $(FUZZ_FLAGS) -c -o $@ $<

build/fuzz/%: tests/fuzz/%.c tests/fuzz/entry.c $(FUZZ_OBJECTS)
	@echo "  FUZZ $@"
	@clang -std=c11 $(CPPFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)

# Keep the objects: each target links them.
.SECONDARY: $(FUZZ_OBJECTS)

-include $(FUZZ_OBJECTS:.o=.d)

# Inputs that reach new code are kept in build/; add useful ones to the corpus.
fuzz: fuzz-packages
	@$(MAKE) --no-print-directory $(JOBS) $(FUZZ_TARGETS:%=build/fuzz/%)
	@for target in $(FUZZ_TARGETS); do \
	    mkdir -p build/fuzz/found/$$target && \
	    build/fuzz/$$target -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -print_final_stats=1 \
	        -artifact_prefix=build/fuzz/ build/fuzz/found/$$target tests/fuzz/corpus/$$target \
	        2>build/fuzz/$$target.log || { tail -40 build/fuzz/$$target.log; exit 1; }; \
	    echo "$$target: $$(grep -h number_of_executed_units build/fuzz/$$target.log) in $(FUZZ_SECONDS) s, no fault"; \
	done

fuzz-packages:
	@.ci/install $(BUILD_PACKAGES) $(FUZZ_PACKAGES)

build-packages:
	@.ci/install $(BUILD_PACKAGES)

check-packages:
	@.ci/install $(BUILD_PACKAGES) $(CHECK_PACKAGES)

systemd-packages:
	@.ci/install $(BUILD_PACKAGES) $(CHECK_PACKAGES) $(SYSTEMD_PACKAGES) $(DEB_PACKAGES)

style-packages:
	@.ci/install $(BUILD_PACKAGES) $(CHECK_PACKAGES) $(STYLE_PACKAGES)

## Tests

check: check-packages check-layers
	@$(MAKE) --no-print-directory $(JOBS) all $(BUILD)/unit-tests $(BUILD)/fuzz-replay $(BENCH_OUT)/path
	@$(MAKE) --no-print-directory check-instructions
	@tests/run --build $(BUILD) unit+fuzz integration+clients web

check-unit: check-packages
	@$(MAKE) --no-print-directory $(JOBS) $(BUILD)/unit-tests
	@tests/run --build $(BUILD) unit

check-asan: check-packages
	@$(MAKE) --no-print-directory SANITIZE=address,undefined check-sanitized

check-tsan: check-packages
	@$(MAKE) --no-print-directory SANITIZE=thread check-sanitized

# Only AddressSanitizer finds leaks and wild accesses after a failed allocation.
FAULTS := $(if $(findstring address,$(SANITIZE)),faults)

check-sanitized:
	@$(MAKE) --no-print-directory $(JOBS) all $(BUILD)/unit-tests $(BUILD)/fuzz-replay $(FAULTS:faults=$(BUILD)/fault-tests)
	@tests/run --build $(BUILD) unit+fuzz $(FAULTS) integration

check-layers:
	@tests/check-layers

# Wording that is not plain technical English.
check-words:
	@tests/check-words

TIDY := $(SOURCES:%=tidy/%)
.PHONY: $(TIDY)
$(TIDY): tidy/%:
	@clang-tidy --quiet $* -- $(CPPFLAGS) -std=c11 2>/dev/null

# Boots a Debian with systemd in build/systemd, and runs the container image; needs root.
check-systemd: systemd-packages
	@$(MAKE) --no-print-directory $(JOBS) all
	@$(MAKE) --no-print-directory image DEB_BUILD_OPTIONS=nocheck
	@tests/run --build $(BUILD) systemd containers

# Other releases and architectures of Debian, in build/platforms; needs root and a mirror. With
# REQUIRED=1, what cannot run fails. CI has little time: it leaves out Debian 12 on arm64.
PLATFORMS ?= trixie/amd64 trixie/arm64 bookworm/arm64

check-platforms:
	@.ci/install $(TEST_PACKAGES) $(SYSTEMD_PACKAGES) || true
	@tests/check-platforms $(if $(REQUIRED),--required) $(PLATFORMS_WITHIN:%=--within %) $(PLATFORMS)

# Nodes, engines and network of a cluster fail at random for CHAOS_S (120) seconds; CHAOS_SEED repeats
# a choice of faults. Takes four minutes.
check-chaos: check-packages
	@$(MAKE) --no-print-directory $(JOBS) all
	@tests/run --build $(BUILD) chaos

check-all: check check-chaos check-systemd check-asan check-tsan check-style
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=10
	@$(MAKE) --no-print-directory check-platforms PLATFORMS="trixie/amd64 trixie/arm64" PLATFORMS_WITHIN=1300

check-style: style-packages check-layers check-words
	@clang-format --dry-run -Werror $(SOURCES) $(wildcard src/*/*.h src/*/*/*.h tests/*/*.[ch] tests/*/*/*.[ch] include/*/*.h include/*/*/*.h)
	@$(MAKE) --no-print-directory $(JOBS) BUILD=build/clang CC=clang build/clang/skepd build/clang/unit-tests
	@cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability \
	    --inline-suppr -Iinclude -Isrc -D_GNU_SOURCE $(SOURCES)
	@$(MAKE) --no-print-directory $(JOBS) $(TIDY)
	@for file in src/page/*/*.js; do node --check --input-type=module <$$file || exit 1; done
	@for file in tests/web/*.mjs tests/web/support/*.mjs; do node --check $$file || exit 1; done
	@! grep -nE 'innerHTML|outerHTML|insertAdjacentHTML|document\.write' src/page/*/*.js
	@shellcheck .ci/install .ci/run conf/container/make-rootfs src/page/embed src/man/settings-page src/completion/skepctl.bash
	@mandoc -Tlint -W warning $(MAN_PAGES:%=src/man/%)
	@src/man/settings-page conf/skepd.conf | mandoc -Tlint -W warning

include tests/bench/bench.mk
include conf/debian/package.mk
include conf/container/image.mk

## Installation

UNITS := skepd.service skepd.socket
MAN_PAGES := skepd.8 skepctl.1 skep.7

# Each manual page goes to the directory of its section.
man_path = $(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(1)))/$(1)

completion_bash = $(DESTDIR)$(BASHDIR)/skepctl
completion_zsh = $(DESTDIR)$(ZSHDIR)/_skepctl
completion_fish = $(DESTDIR)$(FISHDIR)/skepctl.fish

CONFIGS := skepd.conf lan.conf only-lan.conf private.conf public.conf
EXAMPLES := grafana-dashboard.json prometheus-alerts.yml

install: all
	install -D -m 755 $(BUILD)/skepd $(DESTDIR)$(BINDIR)/skepd
	install -D -m 755 $(BUILD)/skepctl $(DESTDIR)$(BINDIR)/skepctl
	for file in $(CONFIGS); do \
	    test -e $(DESTDIR)$(SYSCONFDIR)/skep/$$file || \
	        install -D -m 644 conf/$$file $(DESTDIR)$(SYSCONFDIR)/skep/$$file || exit 1; \
	done
	for file in $(EXAMPLES); do \
	    install -D -m 644 conf/$$file $(DESTDIR)$(DOCDIR)/$$file || exit 1; \
	done
	for unit in $(UNITS); do \
	    install -D -m 644 systemd/$$unit $(DESTDIR)$(UNITDIR)/$$unit && \
	        sed -i -e 's|@BINDIR@|$(BINDIR)|g' -e 's|@SYSCONFDIR@|$(SYSCONFDIR)|g' \
	            $(DESTDIR)$(UNITDIR)/$$unit || exit 1; \
	done
	$(foreach page,$(MAN_PAGES),install -D -m 644 src/man/$(page) $(call man_path,$(page)) &&) true
	install -D -m 644 conf/skepd.conf $(call man_path,skepd.conf.5)
	src/man/settings-page conf/skepd.conf >$(call man_path,skepd.conf.5)
	$(foreach name,$(COMPLETION_SHELLS),install -D -m 644 src/completion/skepctl.$(name) $(completion_$(name)) &&) true

# Keeps configuration and database.
uninstall:
	rm -f $(PROGRAMS:%=$(DESTDIR)$(BINDIR)/%) $(UNITS:%=$(DESTDIR)$(UNITDIR)/%) \
	    $(EXAMPLES:%=$(DESTDIR)$(DOCDIR)/%) \
	    $(foreach page,$(MAN_PAGES) skepd.conf.5,$(call man_path,$(page))) \
	    $(foreach name,$(COMPLETION_SHELLS),$(completion_$(name)))

clean:
	rm -rf build

help:
	@echo "make               build skepd and skepctl into build/"
	@echo "make run           install build dependencies, build, run skepd (ARGS='--port 7000')"
	@echo "make check         install test dependencies, build, run all tests"
	@echo "make check-all     run what CI runs: check, check-chaos, check-systemd, check-asan, check-tsan,"
	@echo "                   check-style, short fuzzing, check-platforms on Debian 13"
	@echo "make check-unit    run the unit tests"
	@echo "make check-systemd boot a Debian with systemd, run skepd and its package in it, and the container"
	@echo "                   image in podman; needs root"
	@echo "make check-chaos   let nodes, engines and network of a cluster fail at random, and check that the"
	@echo "                   nodes agree afterwards; CHAOS_S and CHAOS_SEED choose length and faults"
	@echo "make check-platforms"
	@echo "                   build the package and test it on Debian 13, and on arm64 with qemu-user; needs root"
	@echo "make deb           build the Debian package into build/deb"
	@echo "make image         build the container image localhost/skep:$(VERSION) from the package; needs root"
	@echo "make check-asan    run unit and integration tests under AddressSanitizer and UBSan, and the unit tests"
	@echo "                   with failing allocations"
	@echo "make check-tsan    run unit and integration tests under ThreadSanitizer"
	@echo "make check-style   check format, wording, includes; build with clang; run the linters"
	@echo "make check-layers  check the includes against tests/layers"
	@echo "make check-words   search for wording that is not plain English"
	@echo "make fuzz          fuzz each parser for FUZZ_SECONDS (60)"
	@echo "make bench         compare with other trackers and bare servers (takes 35 minutes)"
	@echo "make soak          run mixed load under each sanitizer for SOAK_SECONDS (600)"
	@echo "make install       install into PREFIX (and DESTDIR); make uninstall removes it"
	@echo "make clean         remove build/"
