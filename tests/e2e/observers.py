"""Programs that take what a run sends: Prometheus 2 and 3, VictoriaMetrics, an OpenTelemetry Collector, each on free ports."""
import hashlib
import json
import os
import shutil
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

from harness import fetch, free_port, wait_for

MODULES = Path(__file__).resolve().parent / "observers"
BUILDS = {"prometheus": ["-tags", "remove_all_sd", "github.com/prometheus/prometheus/cmd/prometheus"], "collector": ["."]}


def built(name):
    """The program of the Go module `name`, built where it is not there yet."""
    folder = Path(os.environ.get("PLIMSOLL_OBSERVERS") or Path.home() / ".cache/plimsoll/observers")
    pinned = hashlib.sha256(b"".join(path.read_bytes() for path in sorted((MODULES / name).iterdir()))).hexdigest()
    program = folder / f"{name}-{pinned[:12]}"
    if not program.exists():
        assert shutil.which("go"), "Go 1.26 is not on the PATH; it builds what looks on"
        folder.mkdir(parents=True, exist_ok=True)
        half = program.with_suffix(f".{os.getpid()}")
        done = subprocess.run(["go", "build", "-o", half, *BUILDS[name]], cwd=MODULES / name, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stderr[-3000:]
        half.rename(program)
    return str(program)


class Observer:
    """A process with a folder of its own; what it says is in `folder/log`."""

    def __init__(self, folder, *command):
        self.folder = Path(folder)
        with open(self.folder / "log", "w") as log:
            self.process = subprocess.Popen([*map(str, command)], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait_until_ready(self, url):
        def ready():
            assert self.process.poll() is None, (self.folder / "log").read_text()[-3000:]
            try:
                return fetch(url) is not None
            except OSError:
                return False
        wait_for(ready, url)

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


class Database(Observer):
    """One that speaks Prometheus' query API."""

    def ask(self, path, **parameters):
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?" + urllib.parse.urlencode(parameters), timeout=30) as answer:
            return json.loads(answer.read())["data"]

    def series(self, query, at):
        """[(labels, value)] of an instant query."""
        return [(each["metric"], float(each["value"][1])) for each in self.ask("query", query=query, time=at)["result"]]

    def by_endpoint(self, query, at):
        return {labels.get("endpoint", ""): value for labels, value in self.series(query, at)}

    def last_scrape(self, job, at):
        """When the last values of `job` are of, in seconds since 1970."""
        (found,) = self.ask("query", query=f'max_over_time(timestamp(plimsoll_run_info{{job="{job}"}})[10m:250ms])', time=at)["result"]
        return float(found["value"][1])

    def write_url(self):
        return f"{self.url}/api/v1/write"


def scrape(job, port, interval_s, **more):
    """As JSON, which is YAML."""
    return {"job_name": job, "scrape_interval": f"{interval_s}s", "scrape_timeout": f"{min(interval_s, 10)}s",
            "static_configs": [{"targets": [f"127.0.0.1:{port}"]}], **more}


class Prometheus(Database):
    def __init__(self, folder, program, features, scrapes):
        folder.mkdir()
        config = folder / "prometheus.yml"
        config.write_text(json.dumps({"scrape_configs": scrapes}))
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(folder, program, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
                         f"--web.listen-address=127.0.0.1:{port}", "--web.enable-remote-write-receiver",
                         f"--enable-feature={','.join(features)}")
        self.wait_until_ready(f"{self.url}/-/ready")


class VictoriaMetrics(Database):
    def __init__(self, folder, scrapes):
        folder.mkdir()
        config = folder / "scrapes.yml"
        config.write_text(json.dumps({"scrape_configs": scrapes}))
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(folder, "victoria-metrics", f"-httpListenAddr=127.0.0.1:{port}", f"-storageDataPath={folder / 'data'}",
                         f"-promscrape.config={config}", "-search.latencyOffset=0s", "-search.disableCache",
                         "-retentionPeriod=100y")
        self.wait_until_ready(f"{self.url}/health")


class Collector(Observer):
    """Takes OTLP over HTTP; after `stop`, `received(signal)` has it all."""

    SIGNALS = ("traces", "metrics", "logs")

    def __init__(self, folder):
        folder.mkdir()
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        config = folder / "config.yaml"
        config.write_text(json.dumps({
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"127.0.0.1:{port}"}}}},
            "exporters": {f"file/{signal}": {"path": str(folder / signal)} for signal in self.SIGNALS},
            "service": {"telemetry": {"metrics": {"level": "none"}, "logs": {"level": "warn"}},
                        "pipelines": {signal: {"receivers": ["otlp"], "exporters": [f"file/{signal}"]}
                                      for signal in self.SIGNALS}}}))
        super().__init__(folder, built("collector"), f"--config={config}")

        def listens():
            assert self.process.poll() is None, (self.folder / "log").read_text()[-3000:]
            try:
                urllib.request.urlopen(self.url, timeout=5)
            except urllib.error.HTTPError:
                return True
            except OSError:
                return False
            return True
        wait_for(listens, "the collector")

    def received(self, signal):
        """The requests, as OTLP/JSON."""
        return [json.loads(line) for line in (self.folder / signal).read_text().splitlines()]
