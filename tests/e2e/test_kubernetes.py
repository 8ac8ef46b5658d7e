"""The manifests of `plimsoll deploy kubernetes`, started pod by pod as Kubernetes would: a load comes of it."""
import http.server
import json
import os
import re
import shutil
import ssl
import subprocess
import tempfile
import threading
import unittest
import urllib.parse
from pathlib import Path

import pods
from harness import PLIMSOLL, Target, fetch, query, run_plimsoll, summary, wait_for
from real_servers import make_certificates
from s3server import S3Server

SCENARIO = """
target: ${env.SHOP}
data: {rows: {csv: data/rows.csv, pick: sequential}}
users:
  reader: {flow: [{get: "/r/${rows.item}/${iteration}", name: /r, headers: {X-Key: "${secret.file:key.txt}"}}]}
load:
  - {executor: constant-arrival-rate, rate: 90/s, duration: 3s, max_vus: 60}
"""
ROOT = Path(__file__).resolve().parents[2]


class Kubernetes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)
        (self.dir / "data").mkdir()
        (self.dir / "data/rows.csv").write_text("item\nä b\n$(HOME)\n\"x,y\"\n")
        (self.dir / "key.txt").write_text("hunter2\n")
        self.path = self.dir / "shop.yaml"
        self.path.write_text(SCENARIO)

    def deploy(self, *args, env):
        return run_plimsoll("deploy", "kubernetes", self.path, *args, env=env, check=0).stdout

    def test_the_pods_of_an_indexed_job_make_the_load_of_one_run(self):
        seen, lock = [], threading.Lock()

        def status(path):
            with lock:
                seen.append(path)
            return 200
        with Target(status=status) as target, S3Server("runs") as store:
            env = {"SHOP": target.url, **store.env}
            names = [word for name in env for word in ("-e", name)]
            manifests = self.deploy("--segments", "3", "--upload", "s3://runs/shop", *names, env=env)
            with pods.Cluster(manifests, PLIMSOLL) as cluster:
                started = cluster.start_job("shop-segments")
                self.assertEqual(len(started), 3)
                for index, pod in enumerate(started):
                    self.assertIn(pod.wait(), (0, 111), pod.text())  # 111: a busy machine; the counts stand
                    self.assertIn(f"segment   {index + 1} of 3, by JOB_COMPLETION_INDEX={index} and PLIMSOLL_SEGMENTS=3", pod.text())
                    self.assertIn(f"uploaded  s3://runs/shop/segment-{index + 1}-of-3.db", pod.text())
                    for secret in ("hunter2", store.env["AWS_SECRET_ACCESS_KEY"]):
                        self.assertNotIn(secret, pod.text())
                    self.assertTrue(pod.file("/var/lib/plimsoll/run/report.html").exists())
            parts = sorted(seen)
            seen.clear()
            run_plimsoll("merge", "s3://runs/shop", "--run-dir", self.dir / "merged", env=store.env, check=0)
            run_plimsoll("run", self.path, "--run-dir", self.dir / "whole", env=env, check=0)
            self.assertEqual(parts, sorted(seen), "the pods' arrivals are those of one run")
        merged, whole = summary(self.dir / "merged"), summary(self.dir / "whole")
        self.assertEqual(merged["totals"]["requests"], 270)
        for key in ("requests", "failed", "not_sent"):
            self.assertEqual(merged["totals"][key], whole["totals"][key])
        due = "select sum(arrivals_due), sum(iterations_started) from tick"
        self.assertEqual(query(self.dir / "merged", due), query(self.dir / "whole", due))

    def test_the_coordinator_gathers_what_the_pods_send(self):
        """The manifests as they are printed without flags: two Jobs that find each other by the Service's name."""
        with Target() as target:
            env = {"SHOP": target.url}
            manifests = self.deploy("--segments", "3", "-e", "SHOP", env=env)
            with pods.Cluster(manifests, PLIMSOLL) as cluster:
                (gather,) = cluster.start_job("shop-gather")
                segments = cluster.start_job("shop-segments")
                self.assertIn(gather.wait(), (0, 111), gather.text() + segments[0].text())
                for pod in segments:
                    self.assertIn(pod.wait(), (0, 111), pod.text())
                run = gather.file(f"/var/lib/plimsoll/{gather.environment['RUN']}")
                self.assertEqual(summary(run)["totals"]["requests"], 270)
                self.assertEqual(target.served, 270)


class Api(http.server.BaseHTTPRequestHandler):
    """Kubernetes' API, of which the list of a namespace's pods is there for whoever has the token."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        here = self.server
        path, query = urllib.parse.urlsplit(self.path).path, urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        here.asked.append((path, query))
        allowed = self.headers["Authorization"] == f"Bearer {here.token}" and path == "/api/v1/namespaces/shop/pods"
        node = query.get("fieldSelector", ["spec.nodeName="])[0].removeprefix("spec.nodeName=")
        pods = [each for each in here.pods if node in ("", each["spec"]["nodeName"])] if query.get("labelSelector") == ["app=web"] else []
        body = json.dumps({"kind": "PodList", "items": pods} if allowed else {"kind": "Status", "code": 403}).encode()
        self.send_response(200 if allowed else 403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class ProbeOfANode(unittest.TestCase):
    """The DaemonSet of deploy/kubernetes/probe, on a node whose cgroups the test has laid out."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)
        self.dir.chmod(0o755)
        make_certificates(self.dir)
        self.account = self.dir / "account"
        self.account.mkdir()
        (self.account / "ca.crt").write_bytes((self.dir / "good.pem").read_bytes())
        (self.account / "namespace").write_text("shop")
        self.node = self.dir / "cgroup"
        self.api = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.dir / "good.pem", self.dir / "good.key")
        self.api.socket = context.wrap_socket(self.api.socket, server_side=True, do_handshake_on_connect=False)
        self.api.asked, self.api.pods = [], []
        self.give_token("first-token")
        threading.Thread(target=self.api.serve_forever, daemon=True).start()
        self.addCleanup(self.api.server_close)
        self.addCleanup(self.api.shutdown)

    def give_token(self, token):
        self.api.token = token
        (self.account / "token").write_text(token + "\n")

    def pod_of(self, name, uid, container, node, *, restarts=0, state=None):
        status = {"name": "web", "containerID": f"containerd://{container}", "restartCount": restarts,
                  "state": state or {"running": {"startedAt": f"2026-01-01T12:00:0{restarts}Z"}}}
        return {"metadata": {"name": name, "uid": uid}, "spec": {"nodeName": node}, "status": {"containerStatuses": [status]}}

    def lay_out(self, uid, container, throttled, periods=100):
        """As the kubelet and containerd do with the systemd driver, in version 2."""
        self.node.mkdir(exist_ok=True)
        (self.node / "cgroup.controllers").write_text("cpu memory\n")
        slice_ = f"kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{uid.replace('-', '_')}.slice"
        cgroup = self.node / slice_ / f"cri-containerd-{container}.scope"
        cgroup.mkdir(parents=True, exist_ok=True)
        (cgroup / "cpu.max").write_text("50000 100000\n")
        (cgroup / "cpu.stat").write_text(f"usage_usec 5000000\nnr_periods {periods}\nnr_throttled {throttled}\nthrottled_usec 70000\n")
        (cgroup / "memory.current").write_text("1000000\n")
        (cgroup / "memory.max").write_text("2000000\n")
        (cgroup / "memory.stat").write_text("inactive_file 200000\n")
        return cgroup

    def start(self):
        manifests = subprocess.run(["kubectl", "kustomize", ROOT / "deploy/kubernetes/probe"], capture_output=True, text=True, check=True).stdout
        manifests = manifests.replace("pods:app.kubernetes.io/name=shop", "pods:app=web")
        cluster = self.enterContext(pods.Cluster(manifests, PLIMSOLL, {"/sys/fs/cgroup": self.node}, self.account))
        (rule,) = cluster.objects["Role", "plimsoll-probe"]["rules"]
        self.assertEqual(rule, {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]})
        return cluster.start_daemon("plimsoll-probe", "n1", {"KUBERNETES_SERVICE_HOST": "127.0.0.1",
                                                             "KUBERNETES_SERVICE_PORT": str(self.api.server_address[1])})

    def page(self, pod):
        self.assertIsNone(pod.process.poll(), pod.text())
        try:
            return fetch("http://127.0.0.1:9464/metrics")
        except OSError:
            return None

    def figures(self, pod):
        """{(metric, container): value} of the page."""
        text = wait_for(lambda: self.page(pod), "the page")
        return {(name, container): float(value) for name, container, value in
                re.findall(r'^plimsoll_container_(\w+)\{.*?container="([^"]+)".*?\} (\S+)', text, re.M)}

    def until(self, pod, condition, what):
        return wait_for(lambda: (lambda now: condition(now) and now)(self.figures(pod)), what, 60)

    def test_reads_the_chosen_pods_of_its_node(self):
        self.lay_out("5b1e-77", "3f2a00000000", throttled=20)
        self.api.pods = [self.pod_of("web-a", "5b1e-77", "3f2a00000000", "n1"), self.pod_of("web-b", "6c2f-88", "99bb00000000", "n2")]
        pod = self.start()
        now = self.until(pod, lambda now: ("cpu_throttled_periods_total", "web-a/web") in now, "figures of the pod")
        self.assertEqual(now["cpu_throttled_periods_total", "web-a/web"], 20)
        self.assertEqual(now["cpu_limit_cores", "web-a/web"], 0.5)
        self.assertEqual(now["memory_working_set_bytes", "web-a/web"], 800000)
        self.assertEqual({container for _, container in now}, {"web-a/web"})
        self.assertEqual({path for path, _ in self.api.asked}, {"/api/v1/namespaces/shop/pods"})
        self.assertEqual(self.api.asked[0][1]["fieldSelector"], ["spec.nodeName=n1"])
        # The kubelet renews the token; a pod comes, and one is started anew in a cgroup of its own.
        self.give_token("second-token")
        shutil.rmtree(self.lay_out("5b1e-77", "3f2a00000000", throttled=20))
        self.lay_out("5b1e-77", "77aa00000000", throttled=1, periods=2)
        self.lay_out("7d3a-99", "55cc00000000", throttled=0)
        self.api.pods = [self.pod_of("web-a", "5b1e-77", "77aa00000000", "n1", restarts=1), self.pod_of("web-c", "7d3a-99", "55cc00000000", "n1")]
        now = self.until(pod, lambda now: ("cpu_throttled_periods_total", "web-c/web") in now and now.get(("restarts_total", "web-a/web")) == 1,
                         "the new pod and the restart")
        self.assertEqual(now["cpu_throttled_periods_total", "web-a/web"], 1)
        # One that ended says how; a pod that was deleted is gone.
        ended = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
        self.api.pods = [self.pod_of("web-a", "5b1e-77", "77aa00000000", "n1", restarts=1, state=ended)]
        now = self.until(pod, lambda now: now.get(("running", "web-a/web")) == 0 and ("running", "web-c/web") not in now, "the end of both")
        self.assertEqual(now["exit_code", "web-a/web"], 137)
        self.assertEqual(now["oom_kills_total", "web-a/web"], 1)
        # Refused from now on: that is said, and what was known is no longer passed on as true.
        self.api.token = "another"
        wait_for(lambda: "containers are no longer known" in pod.text() and "(403)" in pod.text(), "words on the refusal", 30)
        self.until(pod, lambda now: ("running", "web-a/web") not in now, "what is not known any more to be gone")
        for secret in ("first-token", "second-token"):
            self.assertNotIn(secret, pod.text())

    def refusal(self):
        """What it says of itself; it goes on, since the pods may come yet."""
        pod = self.start()
        wait_for(lambda: "Kubernetes" in pod.text() or "pod" in pod.text(), "words", 30)
        wait_for(lambda: self.page(pod), "the page")
        return pod.text()

    def test_says_which_right_is_missing(self):
        self.lay_out("5b1e-77", "3f2a00000000", throttled=0)
        self.api.token = "another"
        said = self.refusal()
        self.assertIn("Kubernetes refuses to list pods with the labels app=web in the namespace shop (403)", said)
        self.assertIn("the verb list on pods", said)
        self.assertNotIn("first-token", said)

    def test_says_that_the_nodes_cgroups_are_not_there(self):
        self.node.mkdir()
        (self.node / "cgroup.controllers").write_text("")
        self.api.pods = [self.pod_of("web-a", "5b1e-77", "3f2a00000000", "n1")]
        self.assertIn("with the host's /sys/fs/cgroup mounted", self.refusal())

    def test_says_that_no_pod_carries_the_labels(self):
        self.lay_out("5b1e-77", "3f2a00000000", throttled=0)
        self.assertIn("no container runs in pods with the labels app=web in the namespace shop", self.refusal())


if __name__ == "__main__":
    pods.in_own_network()
    unittest.main()
