{{- define "storeguard.labels" -}}
app.kubernetes.io/name: storeguard
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: storeguard
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* Where the API server finds an endpoint: a list of the values and its path. */}}
{{- define "storeguard.clientConfig" -}}
{{- $root := index . 0 }}
{{- $path := index . 1 }}
{{- with $root.Values.webhook }}
{{- if .url }}
url: {{ printf "%s%s" .url $path | quote }}
{{- else }}
service:
  name: {{ .service.name }}
  namespace: {{ .service.namespace | default $root.Release.Namespace }}
  port: {{ .service.port }}
  path: {{ $path }}
{{- end }}
{{- with .caBundle }}
caBundle: {{ . }}
{{- end }}
{{- end }}
{{- end }}
