{{/* 43 characters leave room for the longest suffix within a StatefulSet's 52. */}}
{{- define "medusa.fullname" -}}
{{- if not (and .Values.store.name .Values.store.host) -}}
{{- fail "store.name and store.host must be set: pass `storeguard-postrender values store.yaml` with -f -, or --set store.name=fashion --set store.host=fashion.shops.example.com" -}}
{{- end -}}
{{- .Release.Name | trunc 43 | trimSuffix "-" -}}
{{- end -}}

{{- define "medusa.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "medusa.labels" -}}
{{ include "medusa.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: {{ .root.Values.store.name | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "medusa.scheme" -}}
{{ ternary "https" "http" .Values.ingress.tls.enabled }}
{{- end -}}

{{- define "medusa.url" -}}
{{ include "medusa.scheme" . }}://{{ .Values.store.host }}
{{- end -}}

{{- define "medusa.secretName" -}}
{{ .Values.credentials.existingSecret | default (printf "%s-credentials" (include "medusa.fullname" .)) }}
{{- end -}}

{{/* A text for an environment variable: "$(NAME)" in it would be expanded, to a password even. */}}
{{- define "medusa.literal" -}}
{{ . | replace "$" "$$" | quote }}
{{- end -}}

{{- define "medusa.podDefaults" -}}
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

{{- define "medusa.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* What server, worker and set-up share. $(NAME) is expanded by the kubelet, so that passwords
     stay in the Secret. */}}
{{- define "medusa.env" -}}
{{- $secret := include "medusa.secretName" . -}}
- name: DATABASE_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ $secret }}
      key: database-password
- name: DATABASE_URL
  value: postgres://medusa:$(DATABASE_PASSWORD)@{{ include "medusa.fullname" . }}-database:5432/medusa
- name: CACHE_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ $secret }}
      key: cache-password
- name: REDIS_URL
  value: redis://:$(CACHE_PASSWORD)@{{ include "medusa.fullname" . }}-cache:6379
- name: JWT_SECRET
  valueFrom:
    secretKeyRef:
      name: {{ $secret }}
      key: jwt-secret
- name: COOKIE_SECRET
  valueFrom:
    secretKeyRef:
      name: {{ $secret }}
      key: cookie-secret
- name: STORE_URL
  value: {{ include "medusa.url" . }}
- name: STORE_CORS
  value: {{ include "medusa.origins" . }}
- name: ADMIN_CORS
  value: {{ include "medusa.url" . }}
- name: AUTH_CORS
  value: {{ include "medusa.origins" . }}
- name: NODE_ENV
  value: production
- name: MEDUSA_DISABLE_TELEMETRY
  value: "true"
- name: HOME
  value: /tmp
{{- with .Values.media.s3 }}
{{- if .bucket }}
- name: S3_BUCKET
  value: {{ .bucket | quote }}
- name: S3_ENDPOINT
  value: {{ .endpoint | quote }}
- name: S3_REGION
  value: {{ .region | quote }}
- name: S3_FILE_URL
  value: {{ .fileURL | quote }}
- name: S3_ACCESS_KEY_ID
  valueFrom:
    secretKeyRef:
      name: {{ required "media.s3.existingSecret must name the Secret of the bucket's keys" .existingSecret }}
      key: access-key-id
- name: S3_SECRET_ACCESS_KEY
  valueFrom:
    secretKeyRef:
      name: {{ required "media.s3.existingSecret must name the Secret of the bucket's keys" .existingSecret }}
      key: secret-access-key
{{- end }}
{{- end }}
{{- end -}}

{{- define "medusa.origins" -}}
{{ prepend .Values.web.origins (include "medusa.url" .) | join "," }}
{{- end -}}

{{/* For psql and pg_isready. */}}
{{- define "medusa.postgresEnv" -}}
- name: PGHOST
  value: {{ include "medusa.fullname" . }}-database
- name: PGDATABASE
  value: medusa
- name: PGUSER
  value: medusa
- name: PGPASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ include "medusa.secretName" . }}
      key: database-password
- name: PGCONNECT_TIMEOUT
  value: "5"
{{- end -}}

{{/* A container of the database's image that runs one of files/setup/. */}}
{{- define "medusa.databaseClient" -}}
image: {{ .root.Values.database.image }}
command: [sh, /etc/store/setup/{{ .script }}]
env:
  {{- include "medusa.postgresEnv" .root | nindent 2 }}
  - name: MEDUSA_IMAGE
    value: {{ .root.Values.image }}
resources:
  requests: {cpu: 50m, memory: 32Mi}
  limits: {cpu: 250m, memory: 128Mi}
securityContext:
  {{- include "medusa.containerSecurity" . | nindent 2 }}
volumeMounts:
  - name: setup
    mountPath: /etc/store/setup
  - name: tmp
    mountPath: /tmp
{{- end -}}

{{/* A claim of its own, not the StatefulSet's: it can grow, and outlives the release. */}}
{{- define "medusa.claim" -}}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {{ include "medusa.fullname" .root }}-{{ .component }}
  labels:
    {{- include "medusa.labels" . | nindent 4 }}
  annotations:
    helm.sh/resource-policy: keep
spec:
  accessModes: [ReadWriteOnce]
  {{- with .root.Values.storageClassName }}
  storageClassName: {{ . | quote }}
  {{- end }}
  resources:
    requests:
      storage: {{ .storage }}
{{- end -}}

{{- define "medusa.volumeMounts" -}}
- name: static
  mountPath: /app/static
- name: tmp
  mountPath: /tmp
{{- end -}}

{{- define "medusa.volumes" -}}
- name: setup
  configMap:
    name: {{ include "medusa.fullname" . }}-setup
- name: static
  emptyDir:
    sizeLimit: 512Mi
- name: tmp
  emptyDir:
    sizeLimit: 256Mi
{{- end -}}

{{- define "medusa.probes" -}}
startupProbe:
  {{- include "medusa.health" . | nindent 2 }}
  periodSeconds: 5
  failureThreshold: 36
livenessProbe:
  {{- include "medusa.health" . | nindent 2 }}
  periodSeconds: 15
  timeoutSeconds: 5
readinessProbe:
  {{- include "medusa.health" . | nindent 2 }}
  periodSeconds: 10
  timeoutSeconds: 5
{{- end -}}

{{- define "medusa.health" -}}
httpGet:
  path: /health
  port: http
  httpHeaders:
    - name: Host
      value: {{ .Values.store.host | quote }}
{{- end -}}
