# The benchmarks; included by the Makefile.

BENCH_PACKAGES := opentracker nodejs $(if $(shell command -v npm),,npm) valgrind python3

BENCH_OUT := $(BUILD)/bench
BENCH_PROGRAMS := load bare_http bare_udp
BENCH_TOOLS := $(BENCH_PROGRAMS:%=$(BENCH_OUT)/%)
# Everything in this directory that is not a program: parts of the load generator.
BENCH_PARTS := $(filter-out $(BENCH_PROGRAMS:%=tests/bench/%.c) tests/bench/path.c,$(wildcard tests/bench/*.c))

# The program for callgrind is always built with -O2, so that counts are comparable. It runs the
# announce path, which these directories hold.
PATH_SOURCES := $(wildcard src/base/*.c src/swarm/*.c src/wire/*.c src/dht/*.c src/server/*.c) \
    $(addprefix tests/bench/,path.c requests.c workload.c)
PATH_OBJECTS := $(patsubst %.c,$(O2_BUILD)/%.o,$(PATH_SOURCES))

.PHONY: soak bench bench-quick bench-tools bench-packages check-instructions

bench bench-quick: bench-packages
	@$(MAKE) --no-print-directory all bench-tools
	@tests/bench/bench --build $(BUILD) $(filter --%,$(@:bench-%=--%))

bench-tools: $(BENCH_TOOLS)

# Runs under AddressSanitizer, then with a smaller load under ThreadSanitizer.
SOAK_SECONDS ?= 600

soak: bench-packages
	@$(MAKE) --no-print-directory bench-tools
	@$(MAKE) --no-print-directory SANITIZE=address,undefined all
	@tests/bench/soak --build build/address --seconds $(SOAK_SECONDS)
	@$(MAKE) --no-print-directory SANITIZE=thread all
	@tests/bench/soak --build build/thread --seconds $(SOAK_SECONDS) --peers 100000 --torrents 5000

# Counts the instructions per kind of request and compares them with the recorded bounds.
check-instructions: $(BENCH_OUT)/path
	@tests/bench/instructions $<

bench-packages:
	@.ci/install $(BUILD_PACKAGES) $(BENCH_PACKAGES)

$(BENCH_OUT)/load: $(patsubst %.c,$(BUILD)/%.o,tests/bench/load.c $(BENCH_PARTS)) $(BUILD)/src/base/bytes.o
$(BENCH_OUT)/bare_http: $(BUILD)/tests/bench/bare_http.o
$(BENCH_OUT)/bare_udp: $(BUILD)/tests/bench/bare_udp.o

$(BENCH_TOOLS):
	@echo "  LD $@"
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BENCH_OUT)/path: $(PATH_OBJECTS)
	@echo "  LD $@"
	@mkdir -p $(@D)
	@$(CC) -O2 -Wl,--wrap=random_secret -o $@ $^ $(LDLIBS)

-include $(PATH_OBJECTS:.o=.d) $(wildcard $(BUILD)/tests/bench/*.d)
