"""plimsoll run: what every output says is the same, and what each exit status means."""
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from harness import (Target, csv_rows, fetch, free_port, metric_sum, only_run, query, run_plimsoll, start_plimsoll,
                     summary, wait_for)

SCENARIO = """
target: {url}
users:
  reader:
    weight: 3
    flow:
      - get: /items
      - get: /missing
        expect: {{status: [200, 404]}}
  writer:
    flow:
      - get: /broken
load:
  - executor: constant-arrival-rate
    rate: 100/s
    duration: 3s
    max_vus: 100
thresholds:
  http_req_failed: ["{threshold}"]
export:
  prometheus: 127.0.0.1:{port}
"""


def status(path):
    return {"/missing": 404, "/broken": 500}.get(path, 200)


class Run(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.dir = Path(self.folder.name)
        self.addCleanup(self.folder.cleanup)

    def write(self, text, name="s.yaml"):
        path = self.dir / name
        path.write_text(text)
        return path

    def test_all_outputs_agree_on_the_number_of_requests(self):
        port = free_port()
        with Target(status=status) as target:
            path = self.write(SCENARIO.format(url=target.url, threshold="rate<50%", port=port))
            run = start_plimsoll("run", path, "--results", self.dir / "results", "--linger", "12s",
                                 "--csv", self.dir / "locust")
            scrapes = []

            def finished_scrape():
                # The figures stand still once the load is over.
                try:
                    scrapes.append(fetch(f"http://127.0.0.1:{port}/metrics"))
                except OSError:
                    return False
                totals = [metric_sum(s, "plimsoll_iterations_total") for s in scrapes[-8:]
                          if "plimsoll_iterations_total" in s]
                return len(totals) == 8 and totals[0] == totals[-1] > 0

            wait_for(finished_scrape, "the metrics to stand still", 40, 0.25)
            self.assertIn(run.wait(60), (0, 111))  # 111: a busy machine; what was counted holds all the same
            served = target.served
        run_dir = only_run(self.dir / "results")
        result = summary(run_dir)
        requests = result["totals"]["requests"]
        # 300 arrivals: 225 readers with two requests each, 75 writers with one.
        self.assertEqual(result["totals"]["not_sent"], 0)
        self.assertEqual(requests, 525)
        self.assertEqual(served, requests)
        self.assertEqual(result["totals"]["failed"], 75)
        metrics = scrapes[-1]
        self.assertEqual(metric_sum(metrics, "plimsoll_requests_total"), requests)
        self.assertEqual(metric_sum(metrics, "plimsoll_response_seconds_count"), requests)
        self.assertEqual(metric_sum(metrics, "plimsoll_requests_total", outcome="http_5xx", status="500"), 75)
        for prefix in (self.dir / "locust", run_dir / "locust"):
            rows = csv_rows(f"{prefix}_stats.csv")
            self.assertEqual(rows[-1]["Name"], "Aggregated")
            self.assertEqual(int(rows[-1]["Request Count"]), requests)
            self.assertEqual(sum(int(r["Request Count"]) for r in rows[:-1]), requests)
            self.assertEqual(int(rows[-1]["Failure Count"]), 75)
            history = csv_rows(f"{prefix}_stats_history.csv")
            self.assertEqual(int(history[-1]["Total Request Count"]), requests)
            self.assertEqual(sum(int(r["Occurrences"]) for r in csv_rows(f"{prefix}_failures.csv")), 75)
        self.assertEqual(sum(e["requests"] for e in result["endpoints"]), requests)
        self.assertEqual(sum(sum(e["outcomes"].values()) for e in result["endpoints"]), requests)
        stored = query(run_dir, "select sum(requests) from endpoint_tick")
        self.assertEqual(stored[0][0], requests)
        for name in ("report.html", "report.md", "junit.xml", "run.db"):
            self.assertGreater((run_dir / name).stat().st_size, 500, name)

    def test_reports_are_rebuilt_from_the_run_file_alone(self):
        with Target() as target:
            run_plimsoll("run", target.url, "-u", "2", "-d", "2s", "--run-dir", self.dir / "a", check=0)
        (self.dir / "b").mkdir()
        os.link(self.dir / "a/run.db", self.dir / "b/run.db")
        run_plimsoll("report", self.dir / "b", check=0)
        for name in ("summary.json", "report.html", "report.md", "junit.xml", "locust_stats.csv"):
            self.assertEqual((self.dir / "a" / name).read_bytes(), (self.dir / "b" / name).read_bytes(), name)
        printed = run_plimsoll("report", self.dir / "b", "--format", "json", check=0).stdout
        self.assertEqual(printed.strip(), (self.dir / "a/summary.json").read_text().strip())

    def test_a_failed_threshold_is_99(self):
        with Target(status=status) as target:
            path = self.write(SCENARIO.format(url=target.url, threshold="rate<1%", port=0))
            run_plimsoll("run", path, "--results", self.dir / "r", "--linger", "0s", check=99)
            run_plimsoll("run", path, "--results", self.dir / "r", "--linger", "0s", "--no-thresholds", check=0)
            done = run_plimsoll("run", path, "--results", self.dir / "r", "--quiet", "--linger", "0s", check=99)
            self.assertEqual(done.stdout, "")

    def test_a_broken_scenario_is_104_and_nothing_is_sent(self):
        with Target() as target:
            path = self.write(f"target: {target.url}\nusers:\n  u:\n    flow:\n      - gte: /\nload:\n"
                              "  - executor: constant-vus\n    vus: 0\n    duration: 5\nthrehsolds: {}\n")
            done = run_plimsoll("run", path, "--results", self.dir / "r", check=104)
            self.assertEqual(target.served, 0)
        for place in (":5:", ":8:", ":9:", ":10:"):
            self.assertIn(f"{path}{place}", done.stderr)
        self.assertIn("nothing was sent", done.stderr)
        self.assertIn("thresholds", done.stderr)
        self.assertFalse((self.dir / "r").exists())

    def test_flags_that_cannot_work_are_104_and_nothing_is_sent(self):
        missing = self.dir / "missing/x"
        bad = [(["-o", "json"], "-o/--out: json needs a place, json=WHERE"),
               (["-o", "xml=a"], '-o/--out: must be csv, grafana, influxdb, json, otlp, otlp-file, otlp-logs, otlp-metrics, prometheus, remote-write '
                                  'or statsd, got "xml"'),
               (["-o", "http://u:s3cret@h/"], "-o/--out: write it as KIND=WHERE"),
               (["-o", "otlphttp://u:s3cret@h/?a=b"], "-o/--out: write it as KIND=WHERE"),
               (["-o", "s3cret"], "-o/--out: write it as KIND=WHERE"),
               (["-o", "json=a", "-o", "json=b"], "-o/--out: json is given twice"),
               (["-o", "csv=a", "--csv", "b"], "-o/--out: csv is given twice"),
               (["-o", "prometheus=0", "--prometheus", "0"], "-o/--out: prometheus is given twice"),
               (["-o", "otlp=http://u:s3cret@h/", "--otlp", "http://h/"], "-o/--out: otlp is given twice"),
               (["-o", f"json={missing}"], "-o/--out: its folder does not exist"),
               (["-o", "json=run.json.gz"], "-o/--out: json must be a file that can be followed"),
               (["-o", f"csv={missing}"], "-o/--out: its folder does not exist"),
               (["-o", "prometheus=nowhere"], "-o/--out: must be an IP address and a port, or a port"),
               (["-o", "otlp=ftp://u:s3cret@h/"], "export.otlp.endpoint: not a URL this program can use"),
               (["--otlp", "s3cret"], "export.otlp.endpoint"),
               (["--prometheus", "999.1.1.1:9"], '--prometheus: must have an IP address or localhost before its port, got "999.1.1.1"'),
               (["--pg", "s3cret"], "cannot be read"),
               (["--pgbouncer", "s3cret"], "cannot be read"),
               (["--app-metrics", "nowhere"], "app_metrics"),
               (["--container", "="], "--container: must be [ROLE=]NAME"),
               (["--summary-export", missing], "--summary-export: its folder does not exist"),
               (["--csv", missing], "--csv: its folder does not exist"),
               (["--html", self.dir], "--html: is a folder"),
               (["--tag", "x"], "--tag: must be key=value"), (["--linger", "5"], "--linger: must have a unit"),
               (["--seed", "x"], "--seed"), (["-s", "30s:1,x"], "-s/--stage: must be DURATION:USERS")]
        with Target() as target:
            path = self.write(f"target: {target.url}\nsetup: [{{get: /setup}}]\nusers: {{u: {{flow: [{{get: /}}]}}}}\n"
                              "load: [{executor: constant-vus, vus: 1, duration: 1s}]\n")
            for flags, message in bad:
                with self.subTest(flags=flags):
                    done = run_plimsoll("run", *flags, path, "--results", self.dir / "r", check=104)
                    self.assertIn(message, done.stderr)
                    self.assertNotIn("s3cret", done.stderr)
            self.assertEqual(target.served, 0)
        self.assertFalse((self.dir / "r").exists())

    def test_bad_input_is_found_before_setup_and_before_the_target_is_contacted(self):
        used, no_pem = self.dir / "used", self.write("no certificate", "no.pem")
        used.mkdir()
        (used / "run.db").write_text("")
        host = "before its port, got \"foo\""
        bad = [("http", ["--local-address", "nonsense"], 'http.local_addresses: must be an IPv4 or IPv6 address, got "nonsense"'),
               ("http", ["--local-address", "192.0.2.1"], "http.local_addresses: cannot send from 192.0.2.1"),
               ("https", ["--cacert", no_pem], f"{no_pem}: cannot be used as trusted certificates"),
               ("https", ["--cert", no_pem], f"{no_pem}: cannot be used as client certificate"),
               ("http", ["--prometheus", "foo:9464"], f"--prometheus: must have an IP address or localhost {host}"),
               ("http", ["-o", "prometheus=foo:9464"], f"-o/--out: must have an IP address or localhost {host}"),
               ("http", ["--control", "foo:9464"], f"--control: must have an IP address or localhost {host}"),
               ("http", ["--run-dir", used], f"{used}: cannot create the run folder: it holds a run already"),
               ("http", ["--run-dir", no_pem / "r"], f"cannot create the run folder: {no_pem} is no folder")]
        with socket.create_server(("127.0.0.1", 0)) as target:
            target.setblocking(False)
            for scheme, flags, message in bad:
                path = self.write(f"target: {scheme}://127.0.0.1:{target.getsockname()[1]}\nsetup: [{{get: /setup}}]\n"
                                  "users: {u: {flow: [{get: /}]}}\nload: [{executor: constant-vus, vus: 1, duration: 1s}]\n")
                with self.subTest(flags=flags):
                    done = run_plimsoll("run", *flags, path, check=104)
                    self.assertIn(message, done.stderr)
                    with self.assertRaises(BlockingIOError, msg="the target was contacted"):
                        target.accept()[0].close()

    def test_what_setup_made_is_torn_down_where_the_run_cannot_begin(self):
        asked = []
        with Target(status=lambda path: asked.append(path) or 200) as target, Target() as other:
            path = self.write(f"target: {target.url}\nsetup: [{{get: /setup}}]\nteardown: [{{get: /teardown}}]\n"
                              "users: {u: {flow: [{get: /}]}}\nload: [{executor: constant-vus, vus: 1, duration: 1s}]\n")
            for flag in ("--prometheus", "--control"):
                with self.subTest(flag=flag):
                    asked.clear()
                    run_plimsoll("run", path, flag, other.server_address[1], "--results", self.dir / "r", check=106)
                    self.assertEqual(asked, ["/setup", "/teardown"])

    def test_json_lines_can_be_followed_while_it_runs(self):
        file = self.dir / "run.ndjson"
        with Target() as target:
            run = start_plimsoll("run", "-s", "2s:1,2s:2", target.url, "-o", f"json={file}", "--tag", "build=17", "--run-dir",
                                 self.dir / "r", "--linger", "0s")
            wait_for(lambda: file.exists() and '"Point"' in file.read_text(), "the first points")
            self.assertIsNone(run.poll())
            self.assertIn(run.wait(60), (0, 111))
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        points = [line["data"] for line in lines if line["type"] == "Point" and line["metric"] == "http_reqs"]
        self.assertEqual(sum(point["value"] for point in points), summary(self.dir / "r")["totals"]["requests"])
        self.assertEqual({point["tags"]["build"] for point in points}, {"17"})
        declared = {line["metric"] for line in lines if line["type"] == "Metric"}
        self.assertLessEqual({line["metric"] for line in lines}, declared)

    def test_json_to_a_pipe_that_nobody_reads_ends_without_a_run_folder(self):
        pipe = self.dir / "pipe"
        os.mkfifo(pipe)
        with Target() as target:
            done = run_plimsoll("run", target.url, "-d", "1s", "-o", f"json={pipe}", "--results", self.dir / "r",
                                timeout=30, check=100)
            self.assertEqual(target.served, 0)
        self.assertIn(f"{pipe}: cannot be written: it is a pipe that nobody reads", done.stderr)
        self.assertEqual(list((self.dir / "r").iterdir()), [])

    def test_out_names_what_other_flags_name_too(self):
        with Target() as target:
            done = run_plimsoll("run", target.url, "-u", "1", "-d", "1s", "-o", f"csv={self.dir}/p", "-o", "prometheus=0",
                                "--run-dir", self.dir / "r", "--linger", "0s")
        self.assertIn("metrics   http://127.0.0.1:", done.stdout)
        self.assertTrue((self.dir / "p_stats.csv").exists())

    def test_every_help_ends_with_two_examples(self):
        commands = [line.split()[0] for line in run_plimsoll("--help", check=0).stdout.split("Subcommands:\n")[1].splitlines()
                    if line.startswith("  ") and "plimsoll" not in line.split()[0]]
        self.assertIn("validate", commands)
        parts = [[command] for command in commands] + [["lab", "proxy"]]
        parts += [["import", kind] for kind in ("har", "openapi", "curl", "postman")]
        for part in parts:
            with self.subTest(command=part):
                examples = run_plimsoll(*part, "--help", check=0).stdout.rstrip().split("\nExamples:\n")[1].splitlines()
                self.assertEqual(len(examples), 2, examples)
                for example in examples:
                    self.assertIn(f"plimsoll {' '.join(part)}", example)

    def test_a_million_users_are_refused_with_what_they_would_need(self):
        with Target() as target:
            done = run_plimsoll("run", target.url, "-u", "1000000", "-d", "1s", "--results", self.dir / "r", check=104)
            self.assertEqual(target.served, 0)
        self.assertIn("1000000 users do not fit", done.stderr)
        self.assertIn("8.2 GB of memory", done.stderr)
        self.assertIn("1000000 file descriptors", done.stderr)
        self.assertFalse((self.dir / "r").exists())

    def test_the_ceiling_is_measured_unless_switched_off_and_counts_in_nothing(self):
        with Target() as target:
            run_plimsoll("run", target.url, "-r", "20/s", "-d", "2s", "--run-dir", self.dir / "a", check=0)
            served = target.served
            run_plimsoll("run", target.url, "-r", "20/s", "-d", "1s", "--no-calibration", "--run-dir", self.dir / "b", check=0)
        with_ceiling, without = summary(self.dir / "a"), summary(self.dir / "b")
        self.assertEqual(with_ceiling["totals"]["requests"], served)
        self.assertEqual(served, 40)
        self.assertGreater(with_ceiling["generator"]["ceiling_rate"], 40)
        self.assertIsNone(without["generator"]["ceiling_rate"])
        checks = {c["name"]: c for c in with_ceiling["validity"]["checks"]}
        self.assertTrue(checks["generator_ceiling"]["ok"])
        self.assertNotIn("generator_ceiling", {c["name"] for c in without["validity"]["checks"]})
        self.assertGreater(with_ceiling["generator"]["sockets_left"], 500)

    def test_calibrate_says_what_this_machine_could_make(self):
        done = run_plimsoll("calibrate", "-d", "500ms", check=0)
        self.assertRegex(done.stdout, r"ceiling +\d+ requests/s per shard")
        self.assertRegex(done.stdout, r"cost +[\d.]+ µs of CPU per request")
        run_plimsoll("calibrate", "-d", "5", check=104)

    def test_wrong_flags_are_104(self):
        for flags in (["-d", "5"], ["--rate", "100"], ["-s", "10s"], ["--shards", "0"], ["--no-such-flag"],
                      ["--prometheus", "here"], ["--tag", "x"], ["-e", "=1"], ["--linger", "soon"]):
            done = run_plimsoll("run", "http://127.0.0.1:1/", *flags, check=104)
            self.assertTrue(done.stderr.strip() or done.stdout.strip(), flags)
        run_plimsoll("run", self.dir / "no-such-file.yaml", check=104)
        run_plimsoll("run", self.dir, check=104)
        done = run_plimsoll("no-such-command", check=104)
        self.assertIn('unknown command "no-such-command"', done.stderr)

    def test_a_flag_that_is_misspelt_is_guessed_at(self):
        done = run_plimsoll("run", "--ratee", "5/s", "x.yaml", "--no-such-thing-at-all")
        self.assertEqual(done.returncode, 104)
        self.assertIn("did you mean --rate in place of --ratee?", done.stderr)
        self.assertEqual(done.stderr.count("did you mean"), 1)

    def test_ctrl_c_is_105_and_results_are_written(self):
        with Target(delay=0.01) as target:
            run = start_plimsoll("run", target.url, "-u", "5", "-d", "10m", "--run-dir", self.dir / "r")
            wait_for(lambda: target.served > 50, "requests")
            time.sleep(1.2)
            run.send_signal(signal.SIGINT)
            self.assertEqual(run.wait(30), 105)
            result = summary(self.dir / "r")
            self.assertEqual(result["totals"]["requests"], target.served)
            self.assertLess(result["run"]["duration_s"], 60)

    def test_results_are_written_though_nobody_reads_the_output_any_more(self):
        for view in ([], ["--verbose"]):
            with Target() as target:
                folder = self.dir / f"r{len(view)}"
                run = start_plimsoll("run", target.url, "-u", "2", "-d", "3s", "--run-dir", folder, *view,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                run.stdout.readline()
                run.stdout.close()
                run.stderr.close()
                self.assertEqual(run.wait(60), 0)
                self.assertEqual(summary(folder)["totals"]["requests"], target.served)

    def test_a_port_in_use_is_106(self):
        with Target() as target, Target() as other:
            port = other.server_address[1]
            done = run_plimsoll("run", target.url, "-d", "1s", "--prometheus", f"127.0.0.1:{port}",
                                "--results", self.dir / "r", check=106)
            self.assertIn(str(port), done.stderr)
            self.assertEqual(target.served, 0)
            self.assertEqual(list((self.dir / "r").iterdir()), [], "a run that never was left a folder")

    def test_an_absent_target_is_112(self):
        done = run_plimsoll("run", f"http://127.0.0.1:{free_port()}/", "-d", "1s", "--results", self.dir / "r", check=112)
        self.assertIn("Connection refused", done.stderr)
        done = run_plimsoll("run", "http://no-such-host.invalid/", "-d", "1s", "--results", self.dir / "r", check=112)
        self.assertIn("no-such-host.invalid", done.stderr)

    def test_kill_9_leaves_a_run_file_that_reports(self):
        with Target() as target:
            run = start_plimsoll("run", target.url, "-u", "2", "-d", "10m", "--run-dir", self.dir / "r")
            wait_for(lambda: target.served > 10, "requests")
            time.sleep(3.5)
            run.kill()
            run.wait()
        done = run_plimsoll("report", self.dir / "r", check=0)
        result = summary(self.dir / "r")
        self.assertGreaterEqual(result["run"]["duration_s"], 2)
        self.assertLessEqual(result["totals"]["requests"], target.served)
        self.assertGreater(result["totals"]["requests"], target.served / 4)
        self.assertIn("cut", done.stdout)

    def test_traces_join_the_requests_that_the_target_saw(self):
        receiver = Path(__file__).resolve().parents[1] / "integration/otlp/receiver.js"
        collector = subprocess.Popen(["node", receiver, self.dir / "spans"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(collector.stdout.close)
        self.addCleanup(collector.wait)
        self.addCleanup(collector.kill)
        port = collector.stdout.readline().split()[1]
        with Target() as target:
            path = self.write(f"target: {target.url}\nusers: {{u: {{flow: [{{get: /a}}, {{get: /b}}]}}}}\n"
                              "load: [{executor: constant-arrival-rate, rate: 200/s, duration: 3s, max_vus: 50}]\n"
                              f"export: {{otlp: {{endpoint: 'http://127.0.0.1:{port}', sample: 20%}}}}\n")
            run_plimsoll("run", path, "--run-dir", self.dir / "r", check=0)
            told = [t for t in target.traceparents if t]
            sent = sorted(t for t in told if t.endswith("-01"))
            self.assertEqual(len(told), target.served)  # also those outside the sample say so
            self.assertEqual(len(set(told)), len(told))
            self.assertEqual(target.served, summary(self.dir / "r")["totals"]["requests"])
        spans = [span for line in (self.dir / "spans").read_text().splitlines()
                 for resource in json.loads(line)["resourceSpans"] for scope in resource["scopes"]
                 for span in scope["spans"]]
        # Kept outside the sample, for being slow: the target was told not to trace them.
        alone = [span for span in spans if "plimsoll.server_trace" in span["attributes"]]
        self.assertLessEqual({f"00-{s['traceId']}-{s['spanId']}-00" for s in alone}, set(told))
        self.assertEqual({s["parentSpanId"] for s in alone}, {""})
        self.assertGreater(len(alone), 0)
        clients = [span for span in spans if span["kind"] == 3 and span not in alone]
        parents = {span["spanId"]: span for span in spans if span["kind"] != 3}
        self.assertEqual(sorted(f"00-{s['traceId']}-{s['spanId']}-01" for s in clients), sent)
        self.assertTrue(all(s["parentSpanId"] in parents for s in clients))
        # 600 iterations, a fifth of them drawn from the seed: 120 give or take 5 standard deviations.
        self.assertLess(abs(len(parents) - 120), 50)
        self.assertEqual(len(clients), 2 * len(parents))

    def test_a_second_run_never_overwrites_the_first(self):
        with Target() as target:
            run_plimsoll("run", target.url, "-d", "1s", "--run-dir", self.dir / "r", check=0)
            before = (self.dir / "r/run.db").read_bytes()
            run_plimsoll("run", target.url, "-d", "1s", "--run-dir", self.dir / "r", check=104)
            self.assertEqual(before, (self.dir / "r/run.db").read_bytes())

    def test_the_lab_answers_the_examples_as_they_expect(self):
        examples = Path(__file__).resolve().parents[2] / "examples"
        lab = start_plimsoll("lab", "--listen", "127.0.0.1:0", stdout=subprocess.PIPE)
        try:
            url = next(line for line in lab.stdout if line.startswith("ready ")).split()[1]
            for name in ("quickstart.yaml", "own-service.yaml", "deployments.yaml", "compose/compose.yaml"):
                out = self.dir / name.replace("/", "-")
                run_plimsoll("run", examples / name, "-r", "20/s", "-d", "2s", "--no-thresholds", "--run-dir", out,
                             "--prometheus", "127.0.0.1:0", "--linger", "0s",
                             env={"TARGET": url, "PLIMSOLL_PG_DSN": "host=127.0.0.1 port=1", "OTEL_SDK_DISABLED": "true"})
                result = summary(out)["totals"]
                self.assertGreater(result["requests"], 30, name)
                self.assertEqual(result["failed"], 0, name)
        finally:
            lab.send_signal(signal.SIGINT)
            lab.wait(30)
            lab.stdout.close()

    def test_help_ends_with_two_examples(self):
        for command in ([], ["run"], ["demo"], ["lab"], ["report"], ["validate"], ["find"], ["compare"]):
            text = run_plimsoll(*command, "--help", check=0).stdout
            examples = text[text.index("Examples:"):].strip().splitlines()[1:]
            self.assertEqual(len(examples), 2, text)
            self.assertTrue(all("plimsoll" in line for line in examples), text)


if __name__ == "__main__":
    unittest.main()
