# Tapedeck. `make demo` shows it, `make test` proves it; both set up what they need.

CC       ?= gcc
PYTHON   ?= /usr/bin/python3
BUILD    ?= build
SANITIZE ?= no

PREFIX ?= /usr/local

CSTD     = -std=c11 -D_GNU_SOURCE
WARNINGS = -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
           -Wcast-qual -Wwrite-strings -Wformat=2 -Wundef -Wvla
HARDEN   = -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=2
CFLAGS   ?= -O2 -g
LDFLAGS  ?=
ALL_CFLAGS  = $(CSTD) $(WARNINGS) $(CFLAGS) -I shared -I fcgi -I jobs -MMD -MP
ALL_LDFLAGS = $(LDFLAGS)

ifeq ($(SANITIZE),yes)
ALL_CFLAGS  += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -fPIE
ALL_LDFLAGS += -fsanitize=address,undefined
else
ALL_CFLAGS  += $(HARDEN)
ALL_LDFLAGS += -pie -Wl,-z,relro,-z,now
endif

SHARED_LIBS = -lcurl -lpq -lhiredis -ljansson -lcjose -lcrypto
PG_CFLAGS   = -I /usr/include/postgresql

SHARED_C := $(wildcard shared/*.c shared/*/*.c)
FCGI_C   := $(wildcard fcgi/*.c)
JOBS_C   := $(wildcard jobs/*.c)
UNIT_C   := $(wildcard tests/unit/test_*.c)
MIGRATIONS := $(sort $(wildcard db/migrations/*.sql))
SCRIPTS    := $(sort $(wildcard db/queue/*.lua))

objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
EMBED   = $(BUILD)/obj/embedded.o
SHARED_O = $(call objects,$(SHARED_C)) $(EMBED)
FCGI_O   = $(call objects,$(FCGI_C))
JOBS_O   = $(call objects,$(JOBS_C))
UNITS    = $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_C))

.PHONY: all demo up down setup test units torture check clean
.DELETE_ON_ERROR:

all: $(BUILD)/tapedeck $(BUILD)/tapedeck.fcgi

$(BUILD)/tapedeck: $(JOBS_O) $(SHARED_O)
	@echo "ld $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(SHARED_LIBS)

$(BUILD)/tapedeck.fcgi: $(FCGI_O) $(SHARED_O)
	@echo "ld $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(SHARED_LIBS) -lfcgi

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "cc $<"
	@$(CC) $(ALL_CFLAGS) $(PG_CFLAGS) -c -o $@ $<

# The binaries carry their SQL and Lua with them: one file to copy onto a host.
$(BUILD)/gen/embedded.c: db/embed.sh $(MIGRATIONS) $(SCRIPTS)
	@mkdir -p $(@D)
	@sh db/embed.sh $(MIGRATIONS) -- $(SCRIPTS) > $@

$(EMBED): $(BUILD)/gen/embedded.c
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) -c -o $@ $<

# Everything but a main may be linked into a unit test.
TESTABLE_O = $(filter-out %/main.o,$(FCGI_O) $(JOBS_O)) $(SHARED_O)

$(BUILD)/unit/%: tests/unit/%.c $(TESTABLE_O)
	@mkdir -p $(@D)
	@echo "cc $<"
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(TESTABLE_O) $(SHARED_LIBS) -lcmocka

# All of them run; those that fail show what they said.
units: $(UNITS)
	@passed=0; failed=0; for unit in $(UNITS); do \
	    if $$unit >$$unit.log 2>&1; then passed=$$((passed + 1)); \
	    else cat $$unit.log; failed=$$((failed + 1)); fi; \
	done; echo "units: $$passed passed, $$failed failed"; test $$failed = 0

# The stack takes these, and any configuration name, from make's arguments or the environment.
PORT    ?= 8080
RUN_DIR ?= run
TIMERS  ?= on
export PORT RUN_DIR TIMERS
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

down:
	@$(STACK) down

# Everything is tried, whatever fails before; the runners' own summaries come last.
ASAN = SANITIZE=yes BUILD=build/asan
test:
	@sh tests/stack/setup.sh build run test
	@$(call build,$(ASAN) all)
	@failed=0; \
	$(QUIETLY) $(ASAN) units || failed=1; \
	BUILD=build/asan $(PYTHON) -m pytest -q -p no:cacheprovider -n $(CORES) tests || failed=1; \
	exit $$failed

# Kills everything at random instants for some minutes: SEED=n MINUTES=n, see tests/torture/cli.py.
torture:
	@sh tests/stack/setup.sh build run test
	@$(QUIETLY) $(ASAN) all
	@BUILD=build/asan $(PYTHON) tests/torture

check:
	@$(PYTHON) -m pytest -q -p no:cacheprovider tests/check

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
