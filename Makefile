# storeguard: three programs in C. `make help` says what can be made.

PREFIX    ?= /usr/local
DESTDIR   ?=
CC        ?= cc
V         ?=
# linked statically, the post-renderer starts sooner and runs in any image
STATIC    ?= 1
# Argo CD renders by Helm 3 itself
CMP_HELM  ?= helm3
B         := build
VERSION   := 0.1.0

Q := $(if $(V),,@)

# --- flags -------------------------------------------------------------------

# compiler and libraries first: what follows asks the compiler what it knows
ifneq ($(filter-out help clean,$(or $(MAKECMDGOALS),all)),)
$(shell tests/tools/deps packages build >&2)
ifneq ($(.SHELLSTATUS),0)
$(error the packages that building needs could not be installed)
endif
endif

WARNINGS := -Wall -Wextra -Wformat=2 -Wno-format-nonliteral -Wconversion \
	-Wsign-conversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	-Wundef -Wcast-qual -Wwrite-strings -Wnull-dereference \
	-Wimplicit-fallthrough
# what the compiler at hand does not know is left out
probe = $(shell $(CC) -Werror $(1) -x c -c -o /dev/null /dev/null 2>/dev/null && echo $(1))
HARDENING := -fno-strict-aliasing -fno-strict-overflow -fPIE \
	$(call probe,-fstack-protector-strong) \
	$(call probe,-fstack-clash-protection) $(call probe,-fcf-protection) \
	$(call probe,-ftrivial-auto-var-init=zero)
CFLAGS  ?= -O2 -g
ROOMS := webhook certs postrender common
ifndef SANITIZE
HARDENING += $(if $(findstring -O0,$(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif
# -iquote: common/limits.h must not stand in for the system's <limits.h>
# -ffile-prefix-map: the same programs, wherever the checkout lies
ALL_CFLAGS := -std=gnu17 -D_GNU_SOURCE -DSG_VERSION='"$(VERSION)"' \
	-ffile-prefix-map=$(CURDIR)=. \
	-DSG_DEFAULT_POLICY='"common/default-policy.yaml"' \
	$(addprefix -iquote ,$(ROOMS)) -include common/banned.h $(WARNINGS) $(HARDENING) \
	$(if $(DEVELOPER),-Werror) \
	$(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer) \
	$(CFLAGS)
STATIC_PIE := $(if $(SANITIZE),,$(if $(filter 1,$(STATIC)),-static-pie))
ALL_LDFLAGS := -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed \
	$(if $(SANITIZE),-fsanitize=$(SANITIZE)) $(LDFLAGS)
LIBS := -lyaml
WEBHOOK_LIBS := -lmicrohttpd -lgnutls -lcurl -lssl -lcrypto -lyaml -pthread

# sanitized and plain objects never mix
comma := ,
O := $(B)/$(if $(SANITIZE),$(subst $(comma),-,$(SANITIZE)),obj)

MAN := $(wildcard postrender/*.1 webhook/*.1 certs/*.1)
PLUGIN := $(B)/helm4/storeguard
PYTHON := /usr/bin/python3

# --- what is built -----------------------------------------------------------

objects = $(patsubst %.c,$O/%.o,$(filter-out %/main.c,$(wildcard $(1)/*.c)))
# in the order in which they need each other
ARCHIVES := $(patsubst %,$O/%.a,$(ROOMS))
UNIT_TESTS := $(patsubst tests/unit/%.c,$O/unit/%,$(wildcard tests/unit/test_*.c))
TEST_PROGRAMS := $(patsubst tests/programs/%.c,$O/programs/%,$(wildcard tests/programs/*.c))
OUT := $(if $(SANITIZE),$O,$(B))
BIN := $(OUT)/storeguard-postrender
WEBHOOK := $(OUT)/storeguard-webhook
CERTS := $(OUT)/storeguard-certs
PROGRAMS := $(BIN) $(WEBHOOK) $(CERTS)

.PHONY: all
all: $(PROGRAMS) $(PLUGIN)/plugin.yaml

.PHONY: help
help:
	@echo "make            build the programs and the Helm 4 plugin into build/"
	@echo "make demo       from nothing to a guarded store on the screen"
	@echo "make deps       install Debian packages, build pinned Go tools"
	@echo "make test       all tests that need no root, on a real API server, too"
	@echo "make test-node  as root: pods on a real node"
	@echo "make valgrind   unit tests and the webhook's process under valgrind; 6 min"
	@echo "make model      the ledger's rules by spin; 2 min (MODEL_BOUNDS=large: 20)"
	@echo "make bench      timings beside kustomize's, against the targets"
	@echo "make bench-webhook  the webhook beside a controller-runtime one"
	@echo "make bench-ledger   what the quota costs a creation; 4 min"
	@echo "make storm      10 min of creates and faults on three replicas: STORM_FLAGS"
	@echo "make image      build/storeguard-image.tar, an OCI archive of the programs"
	@echo "make image-cmp  the same for Argo CD's plugin sidecar (CMP_HELM=$(CMP_HELM))"
	@echo "make install    PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)"
	@echo "make clean      remove what was built, but not the Go tools"
	@echo "with            SANITIZE=address,undefined (or thread)  DEVELOPER=1  V=1"

.PHONY: deps
deps:
	tests/tools/deps packages test model image
	tests/tools/deps tools helm3 helm4 kustomize cyclonus kubeyaml podsecurity promql etcd argocd \
		cainjector prometheus-operator \
		$(addprefix flux/,age-keygen kustomize-controller sops source-controller) \
		$(addprefix kubernetes/,kubectl kube-apiserver kube-controller-manager)

.PHONY: deps-node
deps-node: deps
	tests/tools/deps packages node
	tests/tools/deps tools coredns \
		$(addprefix kubernetes/,kubelet kube-scheduler kube-proxy) \
		$(addprefix projectcalico/,calico-felix calico)

$(BIN): $O/postrender/main.o $O/postrender.a $O/common.a
	@echo "  LINK   $@"
	$(Q)$(CC) $(or $(STATIC_PIE),-pie) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(WEBHOOK): $O/webhook/main.o $O/webhook.a $O/certs.a $O/common.a
	@echo "  LINK   $@"
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $^ $(WEBHOOK_LIBS)

$(CERTS): $O/certs/main.o $O/certs.a $O/common.a
	@echo "  LINK   $@"
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $^ -lcrypto -lyaml

.SECONDEXPANSION:
$(ARCHIVES): $O/%.a: $$(call objects,$$*)
	@echo "  AR     $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$O/%.o: %.c $O/flags
	@mkdir -p $(@D)
	@echo "  CC     $<"
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$O/common/default_policy.o: common/default-policy.yaml

# other flags, other objects: rebuilt only when they differ
.PHONY: FORCE
$O/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CFLAGS)' > $@

# the folder that `helm plugin install` of Helm 4 takes
$(PLUGIN)/plugin.yaml: postrender/plugin/plugin.yaml $(BIN) Makefile
	@mkdir -p $(PLUGIN)/bin
	$(Q)cp $(BIN) $(PLUGIN)/bin/storeguard-postrender
	$(Q)sed 's/@VERSION@/$(VERSION)/' $< > $@

.PHONY: install
install: all
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/share/man/man1' \
		'$(DESTDIR)$(PREFIX)/lib/storeguard/helm4/storeguard/bin'
	install -m 755 $(PROGRAMS) '$(DESTDIR)$(PREFIX)/bin/'
	install -m 644 $(MAN) '$(DESTDIR)$(PREFIX)/share/man/man1/'
	install -m 644 $(PLUGIN)/plugin.yaml \
		'$(DESTDIR)$(PREFIX)/lib/storeguard/helm4/storeguard/'
	install -m 755 $(PLUGIN)/bin/storeguard-postrender \
		'$(DESTDIR)$(PREFIX)/lib/storeguard/helm4/storeguard/bin/'

IMAGE_BUILD := charts/storeguard/image/build

.PHONY: image
image: all
	@tests/tools/deps packages image
	@$(IMAGE_BUILD) storeguard $(VERSION) $(B)/storeguard-image.tar

.PHONY: image-cmp
image-cmp: all
	@tests/tools/deps packages image
	@tests/tools/deps tools $(CMP_HELM)
	@HELM=$(B)/tools/$(CMP_HELM) $(IMAGE_BUILD) storeguard-cmp $(VERSION) \
		$(B)/storeguard-cmp-image.tar

# test objects are kept for the next make
.SECONDARY:

# --- tests -------------------------------------------------------------------

# sanitizers slow the program down, and the two seconds of bad input with it
TEST_ENV = STOREGUARD_POSTRENDER='$(abspath $(BIN))' \
	STOREGUARD_WEBHOOK='$(abspath $(WEBHOOK))' \
	STOREGUARD_CERTS='$(abspath $(CERTS))' \
	STOREGUARD_TOOLS='$(abspath $(B)/tools)' \
	STOREGUARD_PROGRAMS='$(abspath $O/programs)' \
	$(if $(SANITIZE),STOREGUARD_SLOW=8)

# Where no program of ours runs but by the way, a sanitizer has nothing to say; nor to what
# a unit test has shown it (names), or the other one: who leads is a matter of threads. What
# takes memory, a sanitizer takes several times.
PLAIN_ONLY := argocd argocd_parts charges chart_install chart_operators chart_storeguard \
	charts cluster cluster_release crds delete_protection flux from_scratch gate_account image \
	keep medusa_order model names quota storm webhook_memory woocommerce_order \
	woocommerce_setup
TESTS := tests $(if $(SANITIZE),$(patsubst %,--ignore=tests/test_%.py,$(PLAIN_ONLY) leader))
# of threads only the webhook has any, and a storm is where they meet
ifeq ($(SANITIZE),thread)
TESTS := $(sort $(filter-out $(patsubst %,tests/test_%.py,$(PLAIN_ONLY)), \
	$(wildcard tests/test_webhook_*.py tests/test_gate*.py)) tests/test_leader.py tests/test_storm.py)
endif

.PHONY: demo
demo: all
	@tests/tools/deps tools --if-possible helm3
	@$(TEST_ENV) tests/demo/run

.PHONY: test
test: deps all $(UNIT_TESTS) $(TEST_PROGRAMS)
	@$(TEST_ENV) STOREGUARD_TESTS='$(TESTS)' tests/run tests $(UNIT_TESTS)

.PHONY: valgrind
valgrind: deps all $(UNIT_TESTS) $(TEST_PROGRAMS)
	@tests/tools/deps packages valgrind
	@$(TEST_ENV) tests/valgrind $(UNIT_TESTS)

.PHONY: model
model:
	@tests/tools/deps packages model
	@MODEL_BOUNDS=$(MODEL_BOUNDS) tests/model/run

.PHONY: test-node
test-node: deps-node image image-cmp
	@tests/images/build
	@$(TEST_ENV) tests/run tests/node

.PHONY: bench
bench: deps all
	@$(TEST_ENV) $(PYTHON) tests/bench/run

.PHONY: bench-webhook
bench-webhook: deps all
	@$(TEST_ENV) $(PYTHON) -B tests/bench/webhook/run

.PHONY: bench-ledger
bench-ledger: deps all
	@$(TEST_ENV) $(PYTHON) -B tests/bench/ledger/run

# STORM_FLAGS='--seed 1a2b --clients 48', say: tests/storm/run --help
.PHONY: storm
storm: deps all
	@$(TEST_ENV) $(PYTHON) -B tests/storm/run --seconds 600 --then-naive 30 $(STORM_FLAGS)

# they fail each allocation in turn, libyaml's too
# jansson is what our JSON is held against
UNIT_LIBS := $(WEBHOOK_LIBS) -ljansson
TORTURES := $O/unit/test_torture $O/unit/test_endpoints_torture \
	$O/unit/test_generator_torture
$(TORTURES): UNIT_LIBS := -l:libyaml.a
$(TORTURES): UNIT_LDFLAGS := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray,--wrap=strdup,--wrap=regcomp

$O/unit/%: $O/tests/unit/%.o $(ARCHIVES)
	@mkdir -p $(@D)
	@echo "  LINK   $@"
	$(Q)$(CC) -pie $(ALL_LDFLAGS) $(UNIT_LDFLAGS) -o $@ $^ $(UNIT_LIBS) -lcmocka

# what Python tests drive to see a part of the webhook alone
$O/programs/%: $O/tests/programs/%.o $(ARCHIVES)
	@mkdir -p $(@D)
	@echo "  LINK   $@"
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $^ $(WEBHOOK_LIBS)

.PHONY: clean
clean:
	rm -rf $(B)/bench $(B)/obj $(B)/address* $(B)/undefined* $(B)/thread* $(B)/helm4 \
		$(B)/demo $(B)/model $(B)/storeguard-postrender $(B)/storeguard-webhook $(B)/storeguard-certs \
		$(B)/storeguard-image.tar $(B)/storeguard-cmp-image.tar

-include $(patsubst %.c,$O/%.d,$(wildcard $(addsuffix /*.c,$(ROOMS)))) \
	$(patsubst $O/unit/%,$O/tests/unit/%.d,$(UNIT_TESTS)) \
	$(patsubst $O/programs/%,$O/tests/programs/%.d,$(TEST_PROGRAMS))
