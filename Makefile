# storeguard: two programs in C. `make help` says what can be made.

PREFIX    ?= /usr/local
DESTDIR   ?=
CC        ?= cc
PKGCONFIG ?= pkg-config
V         ?=
B         := build
VERSION   := 0.1.0

Q := $(if $(V),,@)

# --- flags -------------------------------------------------------------------

PACKAGES := yaml-0.1 jansson
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
ifndef SANITIZE
HARDENING += $(if $(findstring -O0,$(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif
ALL_CFLAGS := -std=gnu17 -D_GNU_SOURCE -DSG_VERSION='"$(VERSION)"' \
	-DSG_DEFAULT_POLICY='"common/default-policy.yaml"' \
	-Icommon -Ipostrender -include common/banned.h $(WARNINGS) $(HARDENING) \
	$(if $(DEVELOPER),-Werror) \
	$(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer) \
	$(shell $(PKGCONFIG) --cflags yaml-0.1) $(CFLAGS)
ALL_LDFLAGS := -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed \
	$(if $(SANITIZE),-fsanitize=$(SANITIZE)) $(LDFLAGS)
LIBS := $(shell $(PKGCONFIG) --libs yaml-0.1)

# sanitized and plain objects never mix
comma := ,
O := $(B)/$(if $(SANITIZE),$(subst $(comma),-,$(SANITIZE)),obj)

# --- what is built -----------------------------------------------------------

COMMON_OBJS     := $(patsubst %.c,$O/%.o,$(wildcard common/*.c))
POSTRENDER_OBJS := $(patsubst %.c,$O/%.o,$(wildcard postrender/*.c))
BIN := $(if $(SANITIZE),$O,$(B))/storeguard-postrender

.PHONY: all
all: $(BIN)

$(BIN): $(POSTRENDER_OBJS) $O/libstoreguard.a
	@echo "  LINK   $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$O/libstoreguard.a: $(COMMON_OBJS)
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

.PHONY: clean
clean:
	rm -rf $(B)/obj $(B)/address* $(B)/undefined* $(B)/storeguard-postrender

-include $(COMMON_OBJS:.o=.d) $(POSTRENDER_OBJS:.o=.d)
