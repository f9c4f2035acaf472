#include "pod_checks.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Some YAML libraries know more booleans than true and false. */
static bool is_word_of(const struct node *n, const char *const *words)
{
	const char *text = node_text(n);
	for (; text && *words; words++)
		if (strcasecmp(text, *words) == 0)
			return true;
	return false;
}

bool pod_check_is_false(const struct node *n)
{
	static const char *const words[] = { "false", "no", "off", "n", NULL };
	return is_word_of(n, words);
}

const char *pod_check_value(const struct node *n)
{
	const char *text = node_text(n);
	return text && *text ? text : text ? "empty" : node_kind_name(n);
}

static const char *unless_false(const struct check *c, const struct node *n)
{
	(void)c;
	return pod_check_is_false(n) ? NULL : pod_check_value(n);
}

/* Where an operator's objects have a mapping, it is no boolean. */
static const char *if_true(const struct check *c, const struct node *n)
{
	return node_text(n) ? unless_false(c, n) : NULL;
}

static const char *unless_true(const struct check *c, const struct node *n)
{
	static const char *const words[] = { "true", "yes", "on", "y", NULL };
	(void)c;
	return is_word_of(n, words) ? NULL : pod_check_value(n);
}

enum zero { ZERO, NOT_ZERO, WHO_KNOWS };

/* 0 in any spelling of YAML's: -0, 0x0, 0_0, 0.0, 0e9, and 1e-999. */
static enum zero judge_zero(const struct node *n)
{
	char plain[64], *end;
	size_t length = 0;
	const char *text = node_text(n);
	if (!text || strlen(text) >= sizeof plain)
		return WHO_KNOWS;
	for (; *text; text++)
		if (*text != '_')
			plain[length++] = *text;
	plain[length] = '\0';
	const char *digits = plain + (*plain == '+' || *plain == '-');
	if (*digits == '0' && digits[1] && strchr("bBoO", digits[1]))
		return digits[2 + strspn(digits + 2, "0")] ? NOT_ZERO : ZERO;
	double number = strtod(plain, &end);
	if (end == plain || *end)
		return WHO_KNOWS;
	return number == 0.0 ? ZERO : NOT_ZERO;
}

static const char *if_zero(const struct check *c, const struct node *n)
{
	(void)c;
	return judge_zero(n) == NOT_ZERO ? NULL : pod_check_value(n);
}

static const char *unless_zero(const struct check *c, const struct node *n)
{
	(void)c;
	return judge_zero(n) == ZERO ? NULL : pod_check_value(n);
}

static const char *unless_listed(const struct check *c, const struct node *n)
{
	for (const char *const *v = c->values; *v; v++)
		if (node_is(n, *v) || (!**v && node_is_null(n)))
			return NULL;
	return node_is_null(n) ? "empty" : pod_check_value(n);
}

static const char *if_set(const struct check *c, const struct node *n)
{
	(void)c;
	(void)n;
	return "set";
}

static const char *unless_all_are_dropped(const struct check *c,
					  const struct node *n)
{
	(void)c;
	for (const struct node *i = node_is_sequence(n) ? n->first : NULL; i;
	     i = i->next)
		if (node_is(i, "ALL"))
			return NULL;
	return "without ALL";
}

static const char *if_loose_apparmor(const struct check *c,
				     const struct node *n)
{
	static const char local[] = "localhost/";
	const char *text = node_text(n);
	(void)c;
	if (node_is_null(n) || node_is(n, "") || node_is(n, "runtime/default") ||
	    (text && strncmp(text, local, sizeof local - 1) == 0))
		return NULL;
	return pod_check_value(n);
}

/* A key of the volume besides its name, among those of n, which it merges in. */
static const char *kind_of(const struct node *volume, const struct node *n)
{
	const char *kind = NULL;
	n = node_resolve(n);
	if (node_is_sequence(n))
		for (n = n->first; n && !kind; n = n->next)
			kind = kind_of(volume, n);
	else if (node_is_mapping(n))
		for (n = n->first; n && !kind; n = n->next->next) {
			const char *key = pod_check_value(n);
			if (node_is(n, "<<"))
				kind = kind_of(volume, n->next);
			else if (!node_is(n, "name") &&
				 !node_is_null(node_get(volume, key)))
				kind = key;
		}
	return kind;
}

/* One of no kind is an emptyDir. */
static const char *if_of_another_kind(const struct check *c,
				      const struct node *volume)
{
	for (const char *const *v = c->values; *v; v++)
		if (!node_is_null(node_get(volume, *v)))
			return NULL;
	return kind_of(volume, volume);
}

static const char *const capabilities[] = {
	"AUDIT_WRITE", "CHOWN",	 "DAC_OVERRIDE", "FOWNER", "FSETID",
	"KILL",	       "MKNOD",	 "NET_BIND_SERVICE",	   "SETFCAP",
	"SETGID",      "SETPCAP", "SETUID",	 "SYS_CHROOT", NULL,
};
static const char *const one_capability[] = { "NET_BIND_SERVICE", NULL };
static const char *const nothing[] = { "", NULL };
static const char *const proc_mounts[] = { "Default", NULL };
static const char *const profiles[] = { "RuntimeDefault", "Localhost", NULL };
static const char *const selinux_types[] = { "",
					     "container_t",
					     "container_init_t",
					     "container_kvm_t",
					     "container_engine_t",
					     NULL };
static const char *const sysctls[] = {
	"kernel.shm_rmid_forced",
	"net.ipv4.ip_local_port_range",
	"net.ipv4.tcp_syncookies",
	"net.ipv4.ping_group_range",
	"net.ipv4.ip_unprivileged_port_start",
	"net.ipv4.ip_local_reserved_ports",
	"net.ipv4.tcp_keepalive_time",
	"net.ipv4.tcp_fin_timeout",
	"net.ipv4.tcp_keepalive_intvl",
	"net.ipv4.tcp_keepalive_probes",
	"net.ipv4.tcp_rmem",
	"net.ipv4.tcp_wmem",
	NULL,
};
static const char *const volumes[] = { "configMap", "csi",
				       "downwardAPI", "emptyDir",
				       "ephemeral", "image",
				       "persistentVolumeClaim", "projected",
				       "secret", NULL };

#define BASELINE POD_SECURITY_BASELINE
#define RESTRICTED POD_SECURITY_RESTRICTED
#define LEAVE_OUT "leave it out"
#define SHARES_NODE(key)                                                \
	{ "hostNamespaces", BASELINE, OF_POD, key, if_true, .must = LEAVE_OUT }
#define CALLS_FROM_NODE(key)                                              \
	{ "hostProbesAndHostLifecycle", BASELINE, OF_CONTAINERS, key,     \
	  unless_listed, .values = nothing,                         \
	  .must = "leave it out: the pod itself is asked" }
#define MUST_BE_PROFILE "must be RuntimeDefault or Localhost"

const struct check pod_checks[POD_CHECKS] = {
	SHARES_NODE("hostNetwork"),
	SHARES_NODE("hostPID"),
	SHARES_NODE("hostIPC"),
	{ "hostPorts", BASELINE, OF_CONTAINERS, "ports[].hostPort", unless_zero,
	  .must = "leave it out, a Service reaches the pod" },
	{ "hostPathVolumes", BASELINE, OF_VOLUMES, "hostPath", if_set,
	  .must = "take a persistentVolumeClaim or an emptyDir",
	  .overridden = true },
	{ "restrictedVolumes", RESTRICTED, OF_VOLUMES, "", if_of_another_kind,
	  .values = volumes,
	  .must = "take a persistentVolumeClaim, emptyDir, configMap, secret, projected, downwardAPI, ephemeral, csi or image" },
	{ "privileged", BASELINE, OF_CONTEXTS, "privileged", if_true,
	  .must = LEAVE_OUT },
	{ "windowsHostProcess", BASELINE, OF_ALL_CONTEXTS,
	  "windowsOptions.hostProcess", if_true, .must = LEAVE_OUT },
	{ "capabilities_baseline", BASELINE, OF_CONTEXTS, "capabilities.add[]",
	  unless_listed, .values = capabilities,
	  .must = "may hold AUDIT_WRITE, CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, MKNOD, NET_BIND_SERVICE, SETFCAP, SETGID, SETPCAP, SETUID and SYS_CHROOT",
	  .overridden = true },
	{ "capabilities_restricted", RESTRICTED, OF_CONTEXTS,
	  "capabilities.add[]", unless_listed, .values = one_capability,
	  .must = "may hold NET_BIND_SERVICE alone", .relief = WINDOWS },
	{ "capabilities_restricted", RESTRICTED, OF_CONTEXTS,
	  "capabilities.drop", unless_all_are_dropped,
	  .must = "must hold ALL", .relief = WINDOWS, .required = true },
	{ "allowPrivilegeEscalation", RESTRICTED, OF_CONTEXTS,
	  "allowPrivilegeEscalation", unless_false, .must = "must be false",
	  .relief = WINDOWS, .required = true },
	{ "runAsNonRoot", RESTRICTED, OF_ALL_CONTEXTS, "runAsNonRoot",
	  unless_true, .must = "must be true, of each container or of the pod",
	  .relief = USER_NAMESPACES, .required = true },
	{ "runAsUser", RESTRICTED, OF_ALL_CONTEXTS, "runAsUser", if_zero,
	  .must = "must be another user than root",
	  .relief = USER_NAMESPACES },
	{ "procMount", BASELINE, OF_CONTEXTS, "procMount", unless_listed,
	  .values = proc_mounts, .must = "must be Default",
	  .relief = USER_NAMESPACES, .overridden = true },
	{ "procMount_restricted", RESTRICTED, OF_CONTEXTS, "procMount",
	  unless_listed, .values = proc_mounts, .must = "must be Default" },
	{ "seccompProfile_baseline", BASELINE, OF_ALL_CONTEXTS,
	  "seccompProfile:type", unless_listed, .values = profiles,
	  .must = MUST_BE_PROFILE,
	  .overridden = true },
	{ "seccompProfile_restricted", RESTRICTED, OF_ALL_CONTEXTS,
	  "seccompProfile:type", unless_listed, .values = profiles,
	  .must = MUST_BE_PROFILE ", of each container or of the pod",
	  .relief = WINDOWS,
	  .required = true },
	{ "appArmorProfile", BASELINE, OF_ALL_CONTEXTS, "appArmorProfile:type",
	  unless_listed, .values = profiles, .must = MUST_BE_PROFILE },
	{ "appArmorProfile", BASELINE, OF_ANNOTATIONS, "",
	  if_loose_apparmor, .must = "must be runtime/default or localhost/..." },
	{ "seLinuxOptions", BASELINE, OF_ALL_CONTEXTS, "seLinuxOptions.type",
	  unless_listed, .values = selinux_types,
	  .must = "must be container_t, container_init_t, container_kvm_t or container_engine_t" },
	{ "seLinuxOptions", BASELINE, OF_ALL_CONTEXTS, "seLinuxOptions.user",
	  unless_listed, .values = nothing, .must = LEAVE_OUT },
	{ "seLinuxOptions", BASELINE, OF_ALL_CONTEXTS, "seLinuxOptions.role",
	  unless_listed, .values = nothing, .must = LEAVE_OUT },
	{ "sysctls", BASELINE, OF_POD_CONTEXT, "sysctls[]:name", unless_listed,
	  .values = sysctls,
	  .must = "may hold kernel.shm_rmid_forced and those of net.ipv4 that Kubernetes calls safe" },
	CALLS_FROM_NODE("livenessProbe.httpGet.host"),
	CALLS_FROM_NODE("livenessProbe.tcpSocket.host"),
	CALLS_FROM_NODE("readinessProbe.httpGet.host"),
	CALLS_FROM_NODE("readinessProbe.tcpSocket.host"),
	CALLS_FROM_NODE("startupProbe.httpGet.host"),
	CALLS_FROM_NODE("startupProbe.tcpSocket.host"),
	CALLS_FROM_NODE("lifecycle.postStart.httpGet.host"),
	CALLS_FROM_NODE("lifecycle.postStart.tcpSocket.host"),
	CALLS_FROM_NODE("lifecycle.preStop.httpGet.host"),
	CALLS_FROM_NODE("lifecycle.preStop.tcpSocket.host"),
};
