{{- define "storeguard.labels" -}}
app.kubernetes.io/name: storeguard
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: storeguard
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "storeguard.selector" -}}
app.kubernetes.io/name: storeguard
app.kubernetes.io/component: webhook
{{- end }}

{{/* Not empty where the webhook runs in this cluster, by this release. */}}
{{- define "storeguard.runsHere" -}}
{{- if and .Values.deployment.enabled (not .Values.webhook.url) }}yes{{ end }}
{{- end }}

{{/* The webhook, as the API server knows it. */}}
{{- define "storeguard.username" -}}
system:serviceaccount:{{ .Release.Namespace }}:storeguard
{{- end }}

{{- define "storeguard.image" -}}
{{- with .Values.image }}
{{- if .digest }}
{{- printf "%s@%s" .repository .digest }}
{{- else }}
{{- printf "%s:%s" .repository (.tag | default $.Chart.AppVersion) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Pod Security restricted, and no more than that. */}}
{{- define "storeguard.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "storeguard.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/*
Where the API server finds an endpoint: a list of the values and its path. Where the webhook
runs here, the path is its own to tell, and what this chart does not say an upgrade does
not take away, as with the bundle.
*/}}
{{- define "storeguard.clientConfig" -}}
{{- $root := index . 0 }}
{{- $path := index . 1 }}
{{- with $root.Values.webhook }}
{{- if .url }}
url: {{ printf "%s%s%s" .url .path $path | quote }}
{{- else }}
service:
  name: storeguard-webhook
  namespace: {{ $root.Release.Namespace }}
  port: {{ .service.port }}
{{- end }}
{{- with .caBundle }}
caBundle: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/*
The leader's own writes of a Store's metadata: the webhook has nothing to tell itself, and
must not wait for itself.
*/}}
{{- define "storeguard.isNotItself" -}}
- name: is-not-the-webhook-itself
  expression: >-
    request.operation != 'UPDATE' || object.spec != oldObject.spec ||
    request.userInfo.username != '{{ include "storeguard.username" . }}'
{{- end }}

{{/*
Lays the second of a list of two maps over the first, in place, as Helm does with values:
maps are merged, null takes away, anything else replaces.
*/}}
{{- define "storeguard.merge" -}}
{{- $under := index . 0 }}
{{- range $key, $value := index . 1 }}
{{- if kindIs "invalid" $value }}
{{- $_ := unset $under $key }}
{{- else if and (kindIs "map" $value) (kindIs "map" (get $under $key)) }}
{{- include "storeguard.merge" (list (get $under $key) $value) }}
{{- else }}
{{- $_ := set $under $key $value }}
{{- end }}
{{- end }}
{{- end }}

{{/* The StorePolicy's spec in YAML: the default with policy.spec laid over it. */}}
{{- define "storeguard.policySpec" -}}
{{- $spec := (.Files.Get "files/default-policy.yaml" | fromYaml).spec }}
{{- include "storeguard.merge" (list $spec .Values.policy.spec) }}
{{- toYaml $spec }}
{{- end }}

{{/* The StorePolicy as a file. */}}
{{- define "storeguard.policyFile" -}}
apiVersion: urumi.io/v1
kind: StorePolicy
metadata:
  name: default
spec:
  {{- include "storeguard.policySpec" . | nindent 2 }}
{{- end }}
