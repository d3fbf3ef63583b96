# barks: a PostgreSQL extension built with PGXS.
#
#   make                build                       make test        every test, in brief
#   make install        install                     make test-full   the whole matrix
#   make demo           three servers with data     make bench       timings and memory
#   make demo-stop      end and remove them         make lint        layering and style
#
# PG_CONFIG chooses the PostgreSQL to build for.

EXTENSION = barks
EXTVERSION = 0.1
MODULE_big = barks

SOURCES = $(wildcard src/*.c src/*/*.c)
OBJS = $(SOURCES:.c=.o)
MODULE_SQL = $(foreach m,cluster table tpch planner shuffle worker driver rdd,$(wildcard src/$(m)/$(m).sql))

DATA_built = $(EXTENSION)--$(EXTVERSION).sql
EXTRA_CLEAN = $(EXTENSION)--$(EXTVERSION).sql $(SOURCES:.c=.d) test/log test/tmp_check

PG_CONFIG ?= pg_config
PG_CPPFLAGS = -Isrc -isystem $(shell $(PG_CONFIG) --includedir-server 2>/dev/null) \
	-isystem $(shell $(PG_CONFIG) --includedir 2>/dev/null) -MMD -MP $(BARKS_CPPFLAGS)
PG_CFLAGS = -std=gnu99 -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers -Wno-declaration-after-statement -Wno-clobbered -ffp-contract=off $(BARKS_CFLAGS)
SHLIB_LINK = -lpq -lzstd -lz

# Without PostgreSQL, "make test" and "make demo" still work: they install it.
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
ifneq ($(PGXS),)
# No bitcode: it would need clang at build time.
override with_llvm = no
include $(PGXS)

$(EXTENSION)--$(EXTVERSION).sql: $(MODULE_SQL) Makefile
	@{ printf '%s\n' '\echo Use "CREATE EXTENSION barks" to load this file. \quit'; \
	   for f in $(MODULE_SQL); do echo; echo "-- $$f"; cat $$f; done; } > $@

# One source, for each instruction set; src/vector/kernels.c chooses.
src/vector/number_kernels_%.o: override CFLAGS += -O3
ifeq ($(host_cpu),x86_64)
src/vector/number_kernels_avx2.o: override CFLAGS += -mavx2
endif

-include $(SOURCES:.c=.d)
endif

# ---- tests and tools: each prepares what it needs

export PG_CONFIG

.PHONY: test test-full demo demo-stop bench lint prepare

prepare:
	@bash test/prepare

test: prepare
	@bash test/run

test-full: prepare
	@bash test/run --full

demo: prepare
	@bash test/demo/run start

demo-stop:
	@bash test/demo/run stop

bench: prepare
	@bash test/bench/run

lint: prepare
	@bash test/run lint
