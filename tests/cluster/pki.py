"""The cluster's certificates, made by openssl: an authority, the API server's
serving certificate, its client certificate for kubelets, and the key that signs
service account tokens."""

import subprocess

DAYS = "30"


def _openssl(*args):
    done = subprocess.run(["openssl", *map(str, args)], capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {args[0]}: {done.stderr.strip()}")


def _issue(pki, name, subject, extensions):
    """NAME.key and NAME.crt, signed by the authority."""
    key, request = pki / f"{name}.key", pki / f"{name}.csr"
    _openssl("req", "-new", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
             "-subj", subject, "-out", request)
    extfile = pki / f"{name}.ext"
    extfile.write_text("".join(f"{line}\n" for line in extensions))
    _openssl("x509", "-req", "-in", request, "-CA", pki / "ca.crt", "-CAkey",
             pki / "ca.key", "-CAcreateserial", "-days", DAYS, "-extfile",
             extfile, "-out", pki / f"{name}.crt")


def make(pki, addresses):
    """All of them; addresses are those that the API server is called by."""
    _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-keyout", pki / "ca.key",
             "-subj", "/CN=storeguard-test", "-days", DAYS, "-out", pki / "ca.crt",
             "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    names = ["DNS:localhost", "DNS:kubernetes", "DNS:kubernetes.default",
             "DNS:kubernetes.default.svc",
             "DNS:kubernetes.default.svc.cluster.local",
             *(f"IP:{address}" for address in addresses)]
    _issue(pki, "apiserver", "/CN=kube-apiserver",
           [f"subjectAltName={','.join(names)}", "extendedKeyUsage=serverAuth"])
    _issue(pki, "kubelet-client", "/O=system:masters/CN=kube-apiserver",
           ["extendedKeyUsage=clientAuth"])
    key = pki / "service-accounts.key"
    _openssl("genpkey", "-algorithm", "EC", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-out", key)
    _openssl("pkey", "-in", key, "-pubout", "-out", pki / "service-accounts.pub")
