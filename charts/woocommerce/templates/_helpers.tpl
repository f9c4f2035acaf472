{{/* 43 characters leave room for the longest suffix within a StatefulSet's 52. */}}
{{- define "woocommerce.fullname" -}}
{{- if not (and .Values.store.name .Values.store.host) -}}
{{- fail "store.name and store.host must be set: pass `storeguard-postrender values store.yaml` with -f -, or --set store.name=fashion --set store.host=fashion.shops.example.com" -}}
{{- end -}}
{{- .Release.Name | trunc 43 | trimSuffix "-" -}}
{{- end -}}

{{- define "woocommerce.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "woocommerce.labels" -}}
{{ include "woocommerce.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: {{ .root.Values.store.name | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "woocommerce.scheme" -}}
{{ ternary "https" "http" .Values.ingress.tls.enabled }}
{{- end -}}

{{- define "woocommerce.url" -}}
{{ include "woocommerce.scheme" . }}://{{ .Values.store.host }}
{{- end -}}

{{- define "woocommerce.secretName" -}}
{{ .Values.credentials.existingSecret | default (printf "%s-credentials" (include "woocommerce.fullname" .)) }}
{{- end -}}

{{/* A text for an environment variable: "$(NAME)" in it would be expanded, to a password even. */}}
{{- define "woocommerce.literal" -}}
{{ . | replace "$" "$$" | quote }}
{{- end -}}

{{- define "woocommerce.podDefaults" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .user }}
  runAsGroup: {{ .user }}
  fsGroup: {{ .user }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- end -}}

{{- define "woocommerce.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* wp-config.php reads these on every request, so that the set-up Job and the web pods agree. */}}
{{- define "woocommerce.wordpressEnv" -}}
- name: WORDPRESS_DB_HOST
  value: {{ include "woocommerce.fullname" . }}-database
- name: WORDPRESS_DB_NAME
  value: wordpress
- name: WORDPRESS_DB_USER
  value: wordpress
- name: WORDPRESS_DB_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ include "woocommerce.secretName" . }}
      key: database-password
- name: WORDPRESS_CONFIG_EXTRA
  value: |
    define('WP_HOME', '{{ include "woocommerce.url" . }}');
    define('WP_SITEURL', '{{ include "woocommerce.url" . }}');
    define('DISALLOW_FILE_EDIT', true);
# A leading colon keeps the image's own directory.
- name: PHP_INI_SCAN_DIR
  value: :/etc/store/php
{{- end -}}

{{/* A ReadWriteOnce volume is attached to one node: whoever mounts it must run there. */}}
{{- define "woocommerce.besideWeb" -}}
{{- if eq .Values.web.accessMode "ReadWriteOnce" -}}
affinity:
  podAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- include "woocommerce.selector" (dict "root" . "component" "web") | nindent 12 }}
{{- end -}}
{{- end -}}

{{/* As the ingress would ask: WordPress redirects requests for another host or scheme. */}}
{{- define "woocommerce.probeHeaders" -}}
- name: Host
  value: {{ .Values.store.host | quote }}
- name: X-Forwarded-Proto
  value: {{ include "woocommerce.scheme" . }}
{{- end -}}
