"""A store on the node, as its owner's platform team installs and looks at it."""

import base64
import json

from conftest import ROOT
from helm import identify

READY_SECONDS = 300


class Store:
    """One store: its release by one of the Helms, with guards. The chart's values
    for one small node."""

    def __init__(self, cluster, helm, name, engine, plan="small"):
        self.cluster = cluster
        self.helm = helm
        self.name = name
        self.engine = engine
        self.plan = plan
        self.release = self.namespace = f"store-{name}"
        self.host = f"{name}.shops.example.com"
        self.chart = ROOT / "charts" / engine

    # --- Helm ------------------------------------------------------------------

    def create_namespace(self):
        self.cluster.namespace(self.namespace, {
            "pod-security.kubernetes.io/enforce": "restricted"})

    def run_helm(self, *args, guarded=True):
        renderer = ["--store", self.name, "--engine", self.engine, "--plan", self.plan,
                    "--owner", "alice"]
        words = [*args, "--namespace", self.namespace]
        if guarded:
            words += self.helm.arguments(renderer)
        return self.helm.run(*words, env=self.cluster.environment(), timeout=120)

    def upgrade(self, *args, guarded=True):
        """helm upgrade --install with further arguments; it has to succeed."""
        done = self.run_helm(
            "upgrade", "--install", self.release, self.chart,
            "--values", self.chart / "values-local.yaml",
            "--set", f"store.name={self.name}", "--set", f"store.host={self.host}",
            *args, guarded=guarded)
        assert done.returncode == 0, f"helm upgrade: {done.stderr.decode()}"
        return done

    def rollback(self, revision):
        done = self.helm.run("rollback", self.release, revision, "--namespace",
                             self.namespace, env=self.cluster.environment())
        assert done.returncode == 0, f"helm rollback: {done.stderr.decode()}"

    # --- what is there -----------------------------------------------------------

    def kubectl(self, *args, **kwargs):
        return self.cluster.kubectl("--namespace", self.namespace, *args, **kwargs)

    def must(self, *args, **kwargs):
        return self.cluster.must("--namespace", self.namespace, *args, **kwargs)

    def items(self, kinds, *args):
        return json.loads(self.must("get", kinds, "-o", "json", *args))["items"]

    def pods(self, component):
        return self.items("pods", "-l", f"app.kubernetes.io/component={component}")

    def job(self):
        """The set-up Job of the release as it is now: the newest."""
        jobs = self.items("jobs")
        assert jobs, "no set-up Job"
        return max(jobs, key=lambda job: int(job["metadata"]["resourceVersion"]))

    def job_logs(self):
        return self.must("logs", f"job/{self.job()['metadata']['name']}",
                         "--all-containers")

    def quota(self):
        return json.loads(self.must("get", "resourcequota", "storeguard",
                                    "-o", "json"))["status"]

    def password(self, key):
        """In clear."""
        return base64.b64decode(self.must("get", "secret", f"{self.release}-credentials",
                                          "-o", f"jsonpath={{.data.{key}}}")).decode()

    def guards(self):
        """The guards by name, with what would tell that one was made anew."""
        found = self.items("networkpolicies,resourcequotas,limitranges",
                           "-l", "urumi.io/component=guard")
        return {identify(o): o["metadata"]["uid"] for o in found}

    # --- its databases -------------------------------------------------------------

    def wordpress(self, query):
        """WordPress' database's answer to a query."""
        return self.must(
            "exec", f"{self.release}-database-0", "--", "sh", "-c",
            'MYSQL_PWD=$MARIADB_PASSWORD exec mariadb --skip-ssl -N -B -h 127.0.0.1 '
            '-u "$MARIADB_USER" "$MARIADB_DATABASE" -e "$1"', "sh", query).strip()

    def medusa(self, query):
        """Medusa's database's answer to a query."""
        return self.must("exec", f"{self.release}-database-0", "--", "psql", "-U",
                         "medusa", "-d", "medusa", "-t", "-A", "-c", query).strip()

    # --- waiting -----------------------------------------------------------------

    def what_is_missing(self):
        """What is not as it should be yet, in words; empty when all is well."""
        missing = []
        for workload in self.items("deployments,statefulsets"):
            spec, status = workload["spec"], workload.get("status", {})
            if (status.get("observedGeneration") != workload["metadata"]["generation"]
                    or status.get("updatedReplicas", 0) != spec["replicas"]
                    or status.get("readyReplicas", 0) != spec["replicas"]
                    or status.get("replicas", 0) != spec["replicas"]):
                missing.append(f"{identify(workload)} is not ready: {status}")
        for job in self.items("jobs"):
            if not any(c["type"] == "Complete" and c["status"] == "True"
                       for c in job.get("status", {}).get("conditions", [])):
                missing.append(f"{identify(job)} is not complete: {job.get('status')}")
        return missing

    def wait_ready(self, seconds=READY_SECONDS):
        try:
            self.cluster.wait("ready store", lambda: not self.what_is_missing(),
                              seconds)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.describe()}") from None

    def describe(self):
        """For a failed test: what a person would look at."""
        events = self.kubectl("get", "events", "--sort-by=.lastTimestamp").stdout
        pods = self.kubectl("get", "pods", "-o", "wide").stdout
        logs = self.kubectl("logs", "-l", f"app.kubernetes.io/instance={self.release}",
                            "--all-containers", "--tail=8", "--prefix",
                            "--max-log-requests=20").stdout
        return "\n".join([*self.what_is_missing(), pods, events, logs])

    # --- HTTP through the Service --------------------------------------------------

    def address(self):
        service = json.loads(self.must("get", "service", f"{self.release}-web",
                                       "-o", "json"))["spec"]
        return service["clusterIP"], service["ports"][0]["port"]

    def http(self, path, *options):
        """Through the Service as the ingress would ask, with further options of curl;
        status and body."""
        address, port = self.address()
        done = self.cluster.tool(
            "exec", "curl", "--silent", "--show-error", "--max-time", "20",
            "--header", f"Host: {self.host}", "--header", "X-Forwarded-Proto: http",
            *options, "--write-out", "\n%{http_code}", f"http://{address}:{port}{path}")
        assert done.returncode == 0, f"{path}: {done.stderr}"
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body

    # --- as a customer ---------------------------------------------------------------

    def run_customer(self, script, *args, timeout=120):
        """A script that ships with a chart, against this store's public address: as
        for any store, only that curl takes the Service for the ingress."""
        address, port = self.address()
        settings = self.cluster.state.folder / f"customer-{self.name}"
        settings.mkdir(exist_ok=True)
        (settings / ".curlrc").write_text(
            f'connect-to = "{self.host}:80:{address}:{port}"\n')
        return self.cluster.tool("exec", script, f"http://{self.host}", *args,
                                 environment={"CURL_HOME": str(settings)},
                                 timeout=timeout)
