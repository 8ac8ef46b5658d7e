#!/usr/bin/env python3
"""The container probe against a real Docker Engine and a real Podman.

    unshare --net engine_test.py PLIMSOLL

The truth comes from the kernel's own files, found by the container's process, and from the engine's API by curl.
"""
import atexit
import re
import signal
import socket
import subprocess
import sys
import time
import unittest
import urllib.request

from engines import Docker, Podman, loopback_up, wait_for

PLIMSOLL = sys.argv[1]
BUSY = ("/bin/sh", "-c", "while :; do :; done")


class Probe:
    """`plimsoll probe` until the end of a with block."""

    def __init__(self, engine, *flags, hide_cgroups=False):
        # Hidden: as on a machine from which the containers' cgroups cannot be seen.
        hide = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /sys/fs/cgroup && exec "$@"', "sh"]
        self.process = subprocess.Popen(
            [*(hide if hide_cgroups else []), PLIMSOLL, "probe", "--prometheus", "127.0.0.1:0", *flags],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
            env={**engine.environment(), "DOCKER_HOST": engine.host})
        atexit.register(self.process.kill)
        line = self.process.stdout.readline()
        if not line.startswith("metrics "):
            self.process.kill()
            raise AssertionError(line + self.process.stderr.read())
        self.url = line.split()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.code = self.process.wait(30)
        finally:
            self.process.kill()
            self.errors = self.process.stderr.read()
            self.process.stdout.close()
            self.process.stderr.close()

    def scrape(self):
        """{(name, frozenset of labels): value}"""
        with urllib.request.urlopen(self.url, timeout=10) as answer:
            text = answer.read().decode()
        found = {}
        for line in text.splitlines():
            match = re.match(r"(plimsoll_\w+)(?:\{(.*)\})? (\S+)$", line)
            if match:
                found[match[1], frozenset(re.findall(r'(\w+)="([^"]*)"', match[2] or ""))] = float(match[3])
        return found

    def value(self, name, **labels):
        """The one series that carries these labels; None where there is none."""
        values = [v for (metric, have), v in self.scrape().items() if metric == name and set(labels.items()) <= have]
        assert len(values) <= 1, (name, labels, values)
        return values[0] if values else None


def cpu_stat(engine, name):
    return {k: int(v) for k, v in (line.split() for line in
                                   engine.cgroup_file(name, "cpu", "cpu.stat").read_text().splitlines())}


def cpu_ns(engine, name):
    return int(engine.cgroup_file(name, "cpuacct", "cpuacct.usage").read_text())


class EngineTest(unittest.TestCase):
    kind = None

    @classmethod
    def setUpClass(cls):
        cls.engine = cls.kind()
        cls.addClassCleanup(cls.engine.stop)

    def tearDown(self):
        for container in self.engine.api("/containers/json?all=1") or []:
            self.engine.cli("rm", "-f", container["Id"], check=False)

    def compare_with_the_kernel(self, probe, name, seconds=6):
        """Cores and throttled share over some seconds, by the probe and by the kernel's files read at the same
        moments."""
        def look():
            # The files before and after: the probe's figure is of some time in between.
            before = cpu_ns(self.engine, name)
            stat = cpu_stat(self.engine, name)
            text = probe.scrape()
            after = cpu_ns(self.engine, name)
            mine = {metric: value for (metric, labels), value in text.items() if ("container", name) in labels}
            return time.monotonic(), (before + after) / 2e9, stat, mine

        t0, cpu0, stat0, mine0 = look()
        time.sleep(seconds)
        t1, cpu1, stat1, mine1 = look()
        true_cores = (cpu1 - cpu0) / (t1 - t0)
        cpu = "plimsoll_container_cpu_seconds_total"
        cores = (mine1[cpu] - mine0[cpu]) / (t1 - t0)
        self.assertGreater(true_cores, 0.05)
        self.assertLess(abs(cores - true_cores) / true_cores, 0.03, (cores, true_cores))
        throttled, periods = "plimsoll_container_cpu_throttled_periods_total", "plimsoll_container_cpu_periods_total"
        true_share = (stat1["nr_throttled"] - stat0["nr_throttled"]) / (stat1["nr_periods"] - stat0["nr_periods"])
        share = (mine1[throttled] - mine0[throttled]) / (mine1[periods] - mine0[periods])
        self.assertGreater(true_share, 0.3)
        self.assertLess(abs(share - true_share), 0.02, (share, true_share))
        print(f"  {type(self).__name__}: cores {cores:.4f} (kernel {true_cores:.4f}), throttled {100 * share:.1f} % "
              f"(kernel {100 * true_share:.1f} %)", file=sys.stderr)

    def test_cpu_and_throttling_are_the_kernels(self):
        self.engine.run("web", *BUSY, options=("--cpus", "0.1", "--memory", "64m"))
        with Probe(self.engine, "--container", "web", "--interval", "20ms") as probe:
            wait_for(lambda: probe.value("plimsoll_container_cpu_seconds_total", container="web"), "a first reading")
            self.assertEqual(probe.value("plimsoll_container_cpu_limit_cores", container="web", role="app"), 0.1)
            self.assertEqual(probe.value("plimsoll_container_memory_limit_bytes", container="web"), 64 << 20)
            self.assertEqual(probe.value("plimsoll_container_running", container="web"), 1)
            self.compare_with_the_kernel(probe, "web")
            usage = int(self.engine.cgroup_file("web", "memory", "memory.usage_in_bytes").read_text())
            self.assertLess(abs(probe.value("plimsoll_container_memory_working_set_bytes", container="web") - usage),
                            2 << 20)
            # Nothing waits for the engine: a reading takes some small files' time.
            self.assertLess(probe.value("plimsoll_probe_duration_seconds", probe="container:web"), 0.2)
        self.assertEqual(probe.code, 0, probe.errors)

    def test_containers_are_found_by_label(self):
        self.engine.run("one", "/bin/sleep", "1000", options=("--label", "tier=front"))
        self.engine.run("two", "/bin/sleep", "1000", options=("--label", "tier=front"))
        self.engine.run("three", "/bin/sleep", "1000", options=("--label", "tier=back"))
        with Probe(self.engine, "--container", "web=label:tier=front") as probe:
            def running():
                return {dict(labels)["container"]: (dict(labels)["role"], value)
                        for (name, labels), value in probe.scrape().items() if name == "plimsoll_container_running"}
            wait_for(lambda: running() == {"one": ("web", 1), "two": ("web", 1)}, f"both: {running()}")

    def test_an_unknown_name_is_refused_with_the_known_ones(self):
        self.engine.run("one", "/bin/sleep", "1000")
        with Probe(self.engine, "--container", "won") as probe:
            pass
        self.assertIn('there is no container "won" (these run: one)', probe.errors)

    def test_a_kill_for_lack_of_memory_is_counted(self):
        # Starts to eat when told to, so that the probe is there first.
        self.engine.run("glutton", "/bin/sh", "-c", "while [ ! -e /tmp/go ]; do sleep 0.1; done; exec tail /dev/zero",
                        options=("--memory", "16m"))
        with Probe(self.engine, "--container", "glutton") as probe:
            wait_for(lambda: probe.value("plimsoll_container_running", container="glutton") == 1, "a first reading")
            self.assertEqual(probe.value("plimsoll_container_oom_kills_total", container="glutton"), 0)
            self.engine.cli("exec", "glutton", "/bin/busybox", "touch", "/tmp/go")
            wait_for(lambda: not self.engine.inspect("glutton")["State"]["Running"], "its end")
            wait_for(lambda: probe.value("plimsoll_container_running", container="glutton") == 0, "the probe's word")
            self.assertEqual(probe.value("plimsoll_container_exit_code", container="glutton"), 137)
            if self.engine.inspect("glutton")["State"]["OOMKilled"]:  # Podman 4.3 does not say so
                self.assertEqual(probe.value("plimsoll_container_oom_kills_total", container="glutton"), 1)
            else:
                self.assertIsInstance(self.engine, Podman)

    def test_a_restart_keeps_the_counters_going(self):
        self.engine.run("web", *BUSY, options=("--cpus", "0.1",))
        with Probe(self.engine, "--container", "web") as probe:
            cpu = "plimsoll_container_cpu_seconds_total"
            before = wait_for(lambda: probe.value(cpu, container="web"), "a first reading")
            self.engine.cli("restart", "-t", "0", "web")
            started = cpu_ns(self.engine, "web") / 1e9
            after = wait_for(lambda: (probe.value(cpu, container="web") or 0) > before + 0.2, "more CPU time")
            self.assertTrue(after)
            self.assertLess(started, before + 5)
            self.assertEqual(probe.value("plimsoll_container_running", container="web"), 1)


class DockerTest(EngineTest):
    kind = Docker

    def test_the_engines_figures_serve_where_cgroups_are_not_seen(self):
        self.engine.run("web", *BUSY, options=("--cpus", "0.1",))
        with Probe(self.engine, "--container", "web", hide_cgroups=True) as probe:
            wait_for(lambda: probe.value("plimsoll_container_cpu_seconds_total", container="web"), "a first reading")
            t0, true0, mine0 = time.monotonic(), cpu_ns(self.engine, "web"), probe.scrape()
            time.sleep(12)
            t1, true1, mine1 = time.monotonic(), cpu_ns(self.engine, "web"), probe.scrape()
            key = next(k for k in mine0 if k[0] == "plimsoll_container_cpu_seconds_total")
            cores, true_cores = (mine1[key] - mine0[key]) / (t1 - t0), (true1 - true0) / 1e9 / (t1 - t0)
            # Figures a second old on either end of twelve.
            self.assertLess(abs(cores - true_cores) / true_cores, 0.2, (cores, true_cores))
            self.assertGreater(probe.value("plimsoll_container_cpu_throttled_periods_total", container="web"), 0)
            self.assertLess(probe.value("plimsoll_probe_duration_seconds", probe="container:web"), 0.2)

    def test_readings_go_on_while_the_engine_stands_still(self):
        self.engine.run("web", *BUSY, options=("--cpus", "0.1",))
        with Probe(self.engine, "--container", "web", "--interval", "100ms") as probe:
            cpu = "plimsoll_container_cpu_seconds_total"
            wait_for(lambda: probe.value(cpu, container="web"), "a first reading")
            self.engine.service.send_signal(signal.SIGSTOP)
            try:
                before = probe.value(cpu, container="web")
                time.sleep(4)
                after = probe.value(cpu, container="web")
                up = probe.value("plimsoll_probe_up", probe="container:web")
            finally:
                self.engine.service.send_signal(signal.SIGCONT)
            self.assertGreater(after, before + 0.2)
            self.assertEqual(up, 1)

    def test_a_published_port_leads_to_the_container_behind_it(self):
        """CPU and network are the container's, and TCP's counters those of its own network namespace."""
        server = ("import socket,time\ns = socket.socket()\ns.bind(('0.0.0.0', 80))\ns.listen(0)\n"
                  "time.sleep(1000)\n")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.engine.run("shop", "/usr/bin/python3", "-c", server,
                        options=("-p", f"127.0.0.1:{port}:80", "-v", "/usr:/usr:ro"))
        pid = self.engine.inspect("shop")["State"]["Pid"]
        tables = f"/proc/{pid}/net"
        # From the bridge, past the proxy, which would answer for the server.
        address = self.engine.inspect("shop")["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]

        def overflows():
            names, numbers = [line.split() for line in open(f"{tables}/netstat") if line.startswith("TcpExt:")]
            return int(dict(zip(names[1:], numbers[1:]))["ListenOverflows"])

        def sent():
            line = next(line for line in open(f"{tables}/dev") if "eth0:" in line)
            return int(line.split(":")[1].split()[8])

        wait_for(lambda: " 00000000:0050 " in open(f"{tables}/tcp").read(), "the server")
        with Probe(self.engine, "--container", f"port:{port}", "--target", f"http://127.0.0.1:{port}") as probe:
            wait_for(lambda: probe.value("plimsoll_container_running", container="shop") == 1, "a first reading")
            self.assertEqual(overflows(), 0)
            callers = []
            for _ in range(8):
                callers.append(socket.socket())
                callers[-1].setblocking(False)
                callers[-1].connect_ex((address, 80))
            wait_for(lambda: overflows() >= 3, "the accept queue to overflow")
            for caller in callers:
                caller.close()
            time.sleep(4)  # nobody sends any more, so both sides read the same
            truth = overflows()
            found = probe.value("plimsoll_host_tcp_listen_overflows_total", side="target")
            self.assertEqual(found, truth)
            self.assertEqual(probe.value("plimsoll_container_network_bytes_total", container="shop", direction="sent"),
                             sent())
            # The generator's own namespace did not drop those.
            self.assertNotEqual(probe.value("plimsoll_host_tcp_listen_overflows_total", side="generator"), truth)


class PodmanTest(EngineTest):
    kind = Podman

    def test_its_zero_throttling_is_not_believed(self):
        self.engine.run("web", *BUSY, options=("--cpus", "0.1",))
        with Probe(self.engine, "--container", "web") as probe:
            wait_for(lambda: cpu_stat(self.engine, "web")["nr_throttled"] > 10, "throttling")
            api = self.engine.api("/containers/web/stats?stream=false")["cpu_stats"]["throttling_data"]
            self.assertEqual(api["throttled_periods"], 0)  # what it says, of a container held back ten times
            time.sleep(0.5)
            self.assertGreater(probe.value("plimsoll_container_cpu_throttled_periods_total", container="web"), 10)

    def test_its_zero_throttling_is_left_out_where_cgroups_are_not_seen(self):
        self.engine.run("web", *BUSY, options=("--cpus", "0.1",))
        with Probe(self.engine, "--container", "web", hide_cgroups=True) as probe:
            wait_for(lambda: probe.value("plimsoll_container_cpu_seconds_total", container="web"), "a first reading")
            self.assertIsNone(probe.value("plimsoll_container_cpu_throttled_periods_total", container="web"))


if __name__ == "__main__":
    loopback_up()
    loader = unittest.defaultTestLoader
    tests = unittest.TestSuite(loader.loadTestsFromTestCase(kind) for kind in (DockerTest, PodmanTest))
    sys.exit(not unittest.TextTestRunner(verbosity=2).run(tests).wasSuccessful())
