# Tapedeck. `make demo` shows it, `make test` proves it; both set up what they need.

CC       ?= gcc
AR       ?= ar
PYTHON   ?= /usr/bin/python3
BUILD    ?= build
SANITIZE ?= no

PREFIX ?= /usr/local

CSTD     = -std=c11 -D_GNU_SOURCE
WARNINGS = -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
           -Wcast-qual -Wwrite-strings -Wformat=2 -Wundef -Wvla -Wno-missing-field-initializers

# What a compiler or an architecture does not have is left out; tests/check reads the rest back.
takes    = $(shell $(CC) -Werror $(1) -x c -c -o /dev/null /dev/null 2>/dev/null && echo '$(1)')
FORTIFY := $(or $(shell echo __USE_FORTIFY_LEVEL | $(CC) -w -O2 -U_FORTIFY_SOURCE \
               -D_FORTIFY_SOURCE=3 -include features.h -E -P - 2>/dev/null | tail -n 1),2)
HARDEN  := -fPIE -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$(FORTIFY) \
           $(call takes,-fstack-clash-protection) $(call takes,-fcf-protection)
HARDEN_LD = -pie -Wl,-z,relro,-z,now,-z,noexecstack

CFLAGS   ?= -O2 -g
LDFLAGS  ?=
ALL_CFLAGS  = $(CSTD) $(WARNINGS) $(CFLAGS) -I shared -I fcgi -I jobs -MMD -MP
ALL_LDFLAGS = $(LDFLAGS)

# They watch what contexts are, too (shared/base/magic.h).
SANITIZERS = -DCHECK_CONTEXTS -fsanitize=address,undefined -fno-sanitize-recover=all \
             -fno-omit-frame-pointer -fPIE
ifeq ($(SANITIZE),yes)
ALL_CFLAGS  += $(SANITIZERS)
ALL_LDFLAGS += -fsanitize=address,undefined
else ifeq ($(SANITIZE),fuzz)
ALL_CFLAGS  += $(SANITIZERS) -fsanitize=fuzzer-no-link
ALL_LDFLAGS += -fsanitize=address,undefined,fuzzer
else
ALL_CFLAGS  += $(HARDEN)
ALL_LDFLAGS += $(HARDEN_LD)
endif

SHARED_LIBS = -lcurl -lpq -lhiredis -ljansson -lcjose -lssl -lcrypto
JOBS_LIBS   = -pthread
DECODER_LIBS = -lsndfile
PG_CFLAGS   = -I /usr/include/postgresql

SHARED_C := $(wildcard shared/*.c shared/*/*.c)
FCGI_C   := $(wildcard fcgi/*.c fcgi/*/*.c)
DECODER_C := $(wildcard jobs/decoder/*.c)
JOBS_C   := $(filter-out $(DECODER_C),$(wildcard jobs/*.c jobs/*/*.c))
UNIT_C   := $(wildcard tests/unit/*/test_*.c)
MIGRATIONS := $(sort $(wildcard db/migrations/*.sql))
SCRIPTS    := $(sort $(wildcard db/queue/*.lua))
PROMPTS    := $(sort $(wildcard db/prompts/*.txt))
DESCRIBED  := $(sort $(wildcard fcgi/describe/*.json))

objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
EMBED   = $(BUILD)/obj/embedded.o
SHARED_O = $(call objects,$(SHARED_C)) $(EMBED)
FCGI_O   = $(call objects,$(FCGI_C))
JOBS_O   = $(call objects,$(JOBS_C))
DECODER_O = $(call objects,$(DECODER_C))
UNITS    = $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_C))

.PHONY: all player demo setup-demo up down setup test quick units test-front valgrind torture fuzz fuzzers check check-static
.PHONY: check-cost bench pictures compiled clean
.DELETE_ON_ERROR:

PROGRAMS = tapedeck tapedeck-decoder tapedeck.fcgi
all: $(addprefix $(BUILD)/,$(PROGRAMS)) player

# The player as one file, with its hash, and as a package for npm: npm/README.md.
RELEASE   := $(shell sed 's/~.*//' VERSION)
PLAYER     = $(BUILD)/player/recording-player-$(RELEASE).js
PLAYER_JS := web/recording-player.js web/languages.js $(wildcard web/player/*.js web/languages/*.js)
NPM_FILES := README.md recording-player.d.ts react.d.ts

player: $(PLAYER).sri $(BUILD)/player/npm/package.json

$(PLAYER): npm/bundle.sh $(PLAYER_JS) VERSION
	@mkdir -p $(@D)
	@echo "js $@"
	@sh npm/bundle.sh web/recording-player.js $(RELEASE) > $@

$(PLAYER).sri: npm/integrity.sh $(PLAYER)
	@sh npm/integrity.sh $(PLAYER) > $@

$(BUILD)/player/npm/package.json: npm/package.json $(NPM_FILES:%=npm/%) $(PLAYER)
	@mkdir -p $(@D)
	@cp $(NPM_FILES:%=npm/%) $(@D) && cp $(PLAYER) $(@D)/recording-player.js
	@sed 's,@VERSION@,$(RELEASE),' npm/package.json > $@

# Each binary takes what it uses and no more: there are many responders.
$(BUILD)/shared.a: $(SHARED_O)
	@rm -f $@ && $(AR) rcs $@ $^

link = echo "ld $@"; $(CC) $(ALL_LDFLAGS) -o $@ $^ -Wl,--as-needed $(SHARED_LIBS)

$(BUILD)/tapedeck: $(JOBS_O) $(BUILD)/shared.a
	@$(link) $(JOBS_LIBS)

# It has no library but the decoder's, so that it starts at once.
$(BUILD)/audio.a: $(filter $(BUILD)/obj/jobs/audio/%,$(JOBS_O))
	@rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/tapedeck-decoder: $(DECODER_O) $(BUILD)/audio.a $(BUILD)/shared.a
	@echo "ld $@"; $(CC) $(ALL_LDFLAGS) -o $@ $^ -Wl,--as-needed $(DECODER_LIBS)

$(BUILD)/tapedeck.fcgi: $(FCGI_O) $(BUILD)/shared.a
	@$(link) -lfcgi

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "cc $<"
	@$(CC) $(ALL_CFLAGS) $(PG_CFLAGS) -c -o $@ $<

# Between two releases a build tells its commit; that sorts before the release (dpkg: ~).
REVISION = $(shell test -e .git && ! git describe --exact-match --match "v`cat VERSION`" \
    >/dev/null 2>&1 && git log -1 --format='~git%cd.%h' --date=format:%Y%m%d%H%M%S 2>/dev/null)
VERSION  = $(shell cat VERSION)$(REVISION)

$(BUILD)/obj/shared/base/version.o: ALL_CFLAGS += -DVERSION='"$(VERSION)"'
$(BUILD)/obj/shared/base/version.o: VERSION $(wildcard $(shell git rev-parse --git-path logs/HEAD \
    2>/dev/null))

# The binaries carry their SQL, Lua, prompts and descriptions with them: one file to copy onto a host.
$(BUILD)/gen/embedded.c: db/embed.sh $(MIGRATIONS) $(SCRIPTS) $(PROMPTS) $(DESCRIBED)
	@mkdir -p $(@D)
	@sh db/embed.sh $(MIGRATIONS) -- $(SCRIPTS) -- $(PROMPTS) -- $(DESCRIBED) > $@

$(EMBED): $(BUILD)/gen/embedded.c
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) -c -o $@ $<

# Everything but a main may be linked into a unit test.
TESTABLE_O = $(filter-out %/main.o,$(FCGI_O) $(JOBS_O) $(DECODER_O)) $(SHARED_O)

$(BUILD)/testable.a: $(TESTABLE_O)
	@rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/testable.a
	@mkdir -p $(@D)
	@echo "cc $<"
	@$(CC) $(ALL_CFLAGS) -I tests/unit $(ALL_LDFLAGS) -o $@ $< $(BUILD)/testable.a \
	    -Wl,--as-needed $(SHARED_LIBS) $(JOBS_LIBS) $(DECODER_LIBS) -lcmocka

# What a request costs, in instructions: tests/cost.
$(BUILD)/hot_path: tests/cost/hot_path.c $(BUILD)/testable.a
	@echo "cc $<"
	@$(CC) $(ALL_CFLAGS) -I tests/unit $(ALL_LDFLAGS) -o $@ $< $(BUILD)/testable.a \
	    -Wl,--as-needed $(SHARED_LIBS) $(JOBS_LIBS) $(DECODER_LIBS)

units: $(UNITS)
	@sh tests/unit/run.sh "" $(UNITS)

# The units of a plain build once more, with valgrind watching; tests/fcgi/http/test_valgrind.py does the
# same to a responder. Debian 12's valgrind knows no pidfd_open, so children are left to sanitizers.
WATCHED  = $(filter-out %/test_child,$(UNITS))
VALGRIND = valgrind -q --error-exitcode=99 --leak-check=full \
           --errors-for-leak-kinds=definite,indirect,possible
valgrind:
	@sh tests/stack/setup.sh build test
	@$(call build,$(WATCHED))
	@sh tests/unit/run.sh "$(VALGRIND)" $(WATCHED) && echo "valgrind: no error, no leak"

# Harnesses for libFuzzer (clang). All of them run, as many beside each other as there are cores.
FUZZ_C   := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_O    = $(call objects,tests/fuzz/fuzz.c tests/fuzz/world.c)
FUZZERS   = $(patsubst tests/fuzz/%.c,$(BUILD)/%,$(FUZZ_C))
SECONDS  ?= 20

$(BUILD)/obj/tests/fuzz/%.o: ALL_CFLAGS += -I tests/unit

$(BUILD)/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(FUZZ_O) $(TESTABLE_O)
	@echo "ld $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(SHARED_LIBS) $(JOBS_LIBS) $(DECODER_LIBS)

fuzzers: $(FUZZERS)

# All our C, tests and harnesses, too: for a look at what the compiler says.
compiled: all $(UNITS) $(FUZZ_O) $(call objects,$(FUZZ_C))

fuzz:
	@sh tests/stack/setup.sh build fuzz
	@$(call build,CC=clang SANITIZE=fuzz BUILD=build/fuzz fuzzers)
	@sh tests/fuzz/run.sh build/fuzz $(SECONDS)

# The stack takes these, and any configuration name, from make's arguments or the environment.
# FRONT is the web server: lighttpd, apache or nginx; POSTGRES a folder with another PostgreSQL's programs.
PORT    ?= 8080
RUN_DIR ?= run
TIMERS  ?= on
FRONT   ?= lighttpd
export PORT RUN_DIR TIMERS FRONT
STACK    = BUILD='$(BUILD)' $(PYTHON) tests/stack

CORES   := $(shell nproc)
PARALLEL = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(CORES))
QUIETLY  = $(MAKE) -s --no-print-directory $(PARALLEL)
build    = $(QUIETLY) -q $(1) 2>/dev/null || echo "Building…"; $(QUIETLY) $(1) >/dev/null

setup:
	@sh tests/stack/setup.sh build run

up demo: setup
	@$(call build,all)
	@$(STACK) $@

# The people in the demo's calls speak where there is a program for that, else they hum.
demo: setup-demo
setup-demo:
	@sh tests/stack/setup.sh demo || echo "Without espeak-ng the demo's people hum."

down:
	@$(STACK) down

# The two of README.md, docs/pictures/, of the demo with 2,000 calls.
pictures: setup setup-demo
	@sh tests/stack/setup.sh test full
	@$(call build,all)
	@BUILD='$(BUILD)' $(PYTHON) tests/browser/pictures.py

# Tests wait more than they reckon: more of them at once than there are cores.
WORKERS = $(shell expr $(CORES) \* 2 + 1)
ASAN    = SANITIZE=yes BUILD=build/asan
PYTEST  = BUILD=build/asan $(PYTHON) -m pytest -q -p no:cacheprovider

# Everything is tried, whatever fails before; the runners' own summaries come last. What browsers play
# is heard while they play it: on busy cores there are gaps in it, so nothing else is tested then. The
# two other front ends are asked at the same time, and each says in one go how that went.
test:
	@sh tests/stack/setup.sh build run test full hosts
	@$(call build,player)
	@$(call build,$(ASAN) all)
	@failed=0; \
	$(QUIETLY) $(ASAN) units || failed=1; \
	$(PYTEST) -n $(CORES) tests/browser || failed=1; \
	$(PYTEST) -n $(WORKERS) --ignore=tests/browser tests || failed=1; \
	printf '%s\n' apache nginx | xargs -P 2 -I '{}' sh -c \
	    'FRONT={} $(PYTEST) -n $(CORES) $(FRONT_TESTS) >build/asan/{}.log 2>&1; status=$$?; \
	    cat build/asan/{}.log; exit $$status' || failed=1; \
	exit $$failed

# The inner loop, in less than two minutes on two cores: the units, what is checked of the source,
# and of each part the tests that are over soonest. One's own: make quick QUICK_TESTS=tests/jobs/steps
QUICK_TESTS = tests/check tests/twilio tests/stack/test_front.py \
              $(patsubst %,tests/fcgi/%.py,http/test_auth http/test_bad_input http/test_ranges \
                  routes/test_calls routes/test_call_detail routes/test_call_events \
                  routes/test_file_route routes/test_prepare_status) \
              $(patsubst %,tests/jobs/%.py,commands/test_config commands/test_migrate \
                  runner/test_drain runner/test_drain_bytes)
quick:
	@sh tests/stack/setup.sh build run test
	@$(call build,$(ASAN) all)
	@failed=0; \
	$(QUIETLY) $(ASAN) units || failed=1; \
	$(PYTEST) -n $(WORKERS) $(QUICK_TESTS) || failed=1; \
	exit $$failed

# What is asked over every front end, each time. `make test-front FRONT=apache` asks all there is.
FRONT_TESTS = tests/stack/test_front.py \
              $(patsubst %,tests/fcgi/%.py,front/test_differences front/test_modes front/test_truth front/test_wire \
                  http/test_ranges http/test_hostility http/test_auth http/test_origins \
                  http/test_early routes/test_file_route routes/test_webhooks \
                  routes/test_recording_events)
test-front:
	@sh tests/stack/setup.sh build run test full
	@$(call build,$(ASAN) all)
	@$(PYTEST) -n $(CORES) tests/fcgi tests/stack/test_front.py

# Kills everything at random instants for some minutes: SEED=n MINUTES=n, see tests/torture/cli.py.
torture:
	@sh tests/stack/setup.sh build run test
	@$(QUIETLY) $(ASAN) all
	@BUILD=build/asan $(PYTHON) tests/torture

check:
	@$(PYTHON) -m pytest -q -p no:cacheprovider tests/check

# Ours beside what somebody would pick instead, some ten minutes: bench/results.md, results.svg.
BENCH_SECONDS ?= 1
BENCH_ROUNDS  ?= 3
bench:
	@sh tests/stack/setup.sh build run test full bench
	@$(call build,all)
	@$(PYTHON) bench --seconds $(BENCH_SECONDS) --rounds $(BENCH_ROUNDS)

# Fails when a request takes more instructions than it did; UPDATE=yes writes down what it takes.
check-cost:
	@sh tests/stack/setup.sh build test
	@$(call build,build/hot_path)
	@CC='$(CC)' sh tests/cost/check.sh build/hot_path $(UPDATE)

# gcc, clang, gcc's analyzer, clang-tidy and cppcheck look at the source.
check-static:
	@sh tests/stack/setup.sh build test static
	@sh tests/static/run.sh build/static

clean:
	rm -rf $(BUILD)

include install.mk

-include $(shell find $(BUILD) -path $(BUILD)/roots -prune -o -name '*.d' -type f -print 2>/dev/null)
