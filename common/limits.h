/*
 * Every cap in one table. Input beyond a cap is refused with a message that
 * names it; nothing grows without bound. Sizes are in bytes.
 */
#ifndef SG_LIMITS_H
#define SG_LIMITS_H

#define SG_MIB ((size_t)1024 * 1024)

/* A whole stream of rendered manifests: 100,000 objects of 5 KB. */
#define SG_MAX_STREAM (512 * SG_MIB)
/* One YAML document. kube-apiserver takes request bodies up to 3 MiB. */
#define SG_MAX_DOCUMENT (8 * SG_MIB)
/* Nodes of one document, counted again each time an alias repeats them. */
#define SG_MAX_NODES 1000000u
/*
 * Values of one AdmissionReview. Each takes about 80 bytes here and may have taken two
 * of its sender, who need not be trusted with forty times a request's size.
 */
#define SG_MAX_REVIEW_NODES 100000u
/* Nesting of one document; libyaml has no limit of its own. */
#define SG_MAX_DEPTH 512u
/* Documents in one stream. */
#define SG_MAX_DOCUMENTS 1000000u
/* A policy or Store file. */
#define SG_MAX_FILE (1 * SG_MIB)
/* What an arena may hold in all: trees of one document, or a run's facts. */
#define SG_MAX_ARENA (512 * SG_MIB)
/* A stream with guards and labels added. */
#define SG_MAX_OUTPUT (2 * SG_MAX_STREAM)
/* One error message, with its context. */
#define SG_MAX_MESSAGE 2048
/* A report on stderr: table of what does not fit, or --explain. */
#define SG_MAX_REPORT (4 * SG_MIB)
/* Distinct resource names that one pod or plan may speak of. */
#define SG_MAX_RESOURCES 64u
/* Labels of a plain Job's template that a policy selects by. */
#define SG_MAX_JOB_LABELS 64u
/* An object that the webhook writes to the API server. */
#define SG_MAX_REPLY (4 * SG_MIB)
/* An answer of the webhook, and all of /metrics. */
#define SG_MAX_VERDICT ((size_t)512 * 1024)
/* All Stores for Argo CD in one answer: about 40,000 of 0.8 KB. */
#define SG_MAX_GENERATED (32 * SG_MIB)
/* What is gathered for it, names and hosts of the Stores that are left out, too. */
#define SG_MAX_GATHERED (2 * SG_MAX_GENERATED)
/* The body of a request: an AdmissionReview holds an object twice. */
#define SG_MAX_BODY (8 * SG_MIB)
/* All large requests at once: their bodies, the work on them, and their answers. */
#define SG_MAX_REQUESTS (48 * SG_MIB)
/* Violations listed for one object. */
#define SG_MAX_VIOLATIONS 64u
/* A PEM text: a key, a chain, a bundle of CAs. */
#define SG_MAX_PEM ((size_t)256 * 1024)
/* Names of one serving certificate. */
#define SG_MAX_CERTIFICATE_NAMES 32u
/* One event of a watch, an object with its wrapping. */
#define SG_MAX_WATCH_LINE (4 * SG_MIB)
/* One answer of the API server; longer pages are asked for in smaller ones. */
#define SG_MAX_ANSWER (16 * SG_MIB)
/*
 * What following the cluster may take: a page of a list with its tree, and what is kept
 * of 100,000 Stores, or of 10,000 with all that belongs to their shops.
 */
#define SG_MAX_FOLLOWED (160 * SG_MIB)
/* Hosts of one Ingress that may be a shop's, and objects of a store that say how it is. */
#define SG_MAX_INGRESS_HOSTS 64u
#define SG_MAX_STORE_OBJECTS 1000u
/* A token that proves who we are. */
#define SG_MAX_TOKEN ((size_t)64 * 1024)

#endif
