{{/*
The program's names are fixed: it handles all spaces of its namespace, so a
second release there would do its work twice. Helm refuses that one, because
the objects are the first one's.
*/}}
{{- define "ha-server.labels" -}}
app.kubernetes.io/name: ha-server
{{- end }}

{{- define "ha-server.meta" -}}
name: ha-server
namespace: {{ .Release.Namespace }}
labels:
  {{- include "ha-server.labels" . | nindent 2 }}
{{- end }}

{{/* Without an election each replica leads. */}}
{{- define "ha-server.alone" -}}
{{- if eq (toString (default dict .Values.env).LEADER_ELECTION_ENABLED) "false" -}}
{{- if gt (int .Values.replicaCount) 1 -}}
{{- fail (printf "replicaCount is %d and env.LEADER_ELECTION_ENABLED is \"false\": each replica would lead; mend: replicaCount 1, or --set-string env.LEADER_ELECTION_ENABLED=true" (int .Values.replicaCount)) -}}
{{- end -}}
true
{{- end -}}
{{- end }}
