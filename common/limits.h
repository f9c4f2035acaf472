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
 * Values of one AdmissionReview, keys too. Each takes about 80 bytes here and may have
 * taken two of its sender, who need not be trusted with forty times a request's size.
 */
#define SG_MAX_REVIEW_NODES 100000u
/*
 * Nodes of one document that are written out where aliases stand for them, since
 * labels are to go there: few bytes of aliases could else be any amount of text.
 */
#define SG_MAX_WRITTEN_OUT 20000u
/*
 * Nodes of one document, each counted as often as flow collections are open around it:
 * libyaml looks through all of these at each token.
 */
#define SG_MAX_FLOW_WORK 100000000u
/*
 * A Store's spec.values: bytes as JSON, and values with their keys. What an environment
 * variable holds ends at 128 KiB, and so does Argo CD's way to our plugin.
 */
#define SG_MAX_VALUES_BYTES ((size_t)32 * 1024)
#define SG_MAX_VALUES 2000u
/* What people and controllers may hang on a Store. Annotations in bytes, too. */
#define SG_MAX_LABELS 64u
#define SG_MAX_ANNOTATIONS 64u
#define SG_MAX_ANNOTATION_BYTES ((size_t)16 * 1024)
#define SG_MAX_OWNER_REFERENCES 16u
#define SG_MAX_FINALIZERS 16u
/* Nesting of one document; libyaml has no limit of its own. */
#define SG_MAX_DEPTH 512u
/* Documents in one stream. */
#define SG_MAX_DOCUMENTS 1000000u
/* A policy or Store file. */
#define SG_MAX_FILE (1 * SG_MIB)
/*
 * A StorePolicy as JSON, of which its object keeps the last that was accepted: three
 * copies, the second escaped and the third kubectl's, have to fit into 1.5 MiB of etcd.
 */
#define SG_MAX_KEPT_POLICY ((size_t)256 * 1024)
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
/* Texts of a release that may name a Service. */
#define SG_MAX_MENTIONS 1000000u
/* Calls found by them, and further ones for each workload. */
#define SG_MAX_CALLS 100000u
#define SG_MAX_CALLS_EACH 8u
/* Pods that Services select, counted once for each Service. */
#define SG_MAX_SELECTED 4000000u
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
/*
 * One object of a list, or event of a watch, as JSON, and the values in it that are read,
 * keys too: one that has more is left out. etcd takes 1.5 MiB unless told otherwise, and
 * JSON writes a "<" in six bytes.
 */
#define SG_MAX_OBJECT (4 * SG_MIB)
#define SG_MAX_OBJECT_NODES 100000u
/* What of its memory is kept for the next one. */
#define SG_KEPT_FOR_OBJECTS ((size_t)256 * 1024)
/* One answer of the API server that is no list: what it says of one object. */
#define SG_MAX_ANSWER (16 * SG_MIB)
/*
 * What following the cluster may take: a page of a list with its tree, and what is kept
 * of 100,000 Stores, or of 10,000 with all that belongs to their shops.
 */
#define SG_MAX_FOLLOWED (160 * SG_MIB)
/*
 * Hosts of one Ingress that may be a shop's; objects of a store that say how it is, and
 * what is kept of all they say, and of one message: one store must not cost the others
 * their memory.
 */
#define SG_MAX_INGRESS_HOSTS 64u
#define SG_MAX_STORE_OBJECTS 1000u
#define SG_MAX_STORE_TEXTS ((size_t)256 * 1024)
#define SG_MAX_OBJECT_MESSAGE 1000
/* A token that proves who we are. */
#define SG_MAX_TOKEN ((size_t)64 * 1024)

#endif
