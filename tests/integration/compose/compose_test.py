#!/usr/bin/env python3
"""docker-compose.yml and the Dockerfile, without a container engine.

    compose_test.py SOURCE_DIR PROGRAM

PROGRAM is the built `plimsoll`. docker-compose itself reads and normalises the file; the rules are checked on what it makes of it.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import yaml  # docker-compose 1.29 depends on it

from libraries import needed_libraries, packages_of

SOURCE = Path(sys.argv[1])
PROGRAM = Path(sys.argv[2])
COMPOSE_FILE = SOURCE / "docker-compose.yml"
DOCKERFILE = SOURCE / "Dockerfile"
SETTINGS = ("PLIMSOLL_FAULT", "PLIMSOLL_PG_PASSWORD", "GRAFANA_PORT", "PROMETHEUS_PORT", "TEMPO_PORT", "LAB_PORT",
            "METRICS_PORT")
# Images that hold nothing but their program: what asks whether they are healthy would have to be in them.
WITHOUT_SHELL = {"tempo"}
# name:1.2, name:v1.2.3, name:codename-20250131-slim; never a tag that moves to the next release.
PINNED = re.compile(r"[\w./-]+:(v?\d+\.\d+(\.\d+)?|[a-z]+-\d{8}(-\w+)?)")


def configuration(**settings: str) -> dict:
    """What docker-compose makes of the file. Raises AssertionError when it refuses it."""
    environment = {key: value for key, value in os.environ.items() if key not in SETTINGS}
    done = subprocess.run(["docker-compose", "-f", str(COMPOSE_FILE), "config"], capture_output=True, text=True,
                          check=False, env={**environment, **settings}, timeout=60)
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)


class ComposeFile(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.config = configuration()
        cls.services = cls.config["services"]

    def test_has_all_parts(self) -> None:
        self.assertEqual(set(self.services), {"postgres", "lab", "plimsoll", "prometheus", "tempo", "grafana"})

    def test_pins_every_image(self) -> None:
        for name, service in self.services.items():
            self.assertRegex(service["image"], f"^{PINNED.pattern}$", name)
        self.assertIsNone(PINNED.fullmatch("grafana/grafana:latest"))
        self.assertIsNone(PINNED.fullmatch("postgres:15"))
        self.assertIsNone(PINNED.fullmatch("postgres"))

    def test_checks_every_service(self) -> None:
        for name, service in self.services.items():
            if name in WITHOUT_SHELL:
                self.assertNotIn("healthcheck", service, f"{name} has no program that could check it")
                continue
            check = service["healthcheck"]
            self.assertEqual(check["test"][0], "CMD", name)
            self.assertGreaterEqual(check["retries"], 30, name)

    def test_publishes_on_loopback_only(self) -> None:
        published = 0
        for name, service in self.services.items():
            self.assertIn(service.get("network_mode"), (None, "service:prometheus"), name)
            for port in service.get("ports", []):
                self.assertRegex(port, r"^127\.0\.0\.1:\d+:\d+/tcp$", name)
                published += 1
        self.assertEqual(published, 5)
        self.assertNotIn("ports", self.services["postgres"])

    def test_takes_ports_and_fault_from_the_environment(self) -> None:
        services = configuration(GRAFANA_PORT="3999", PLIMSOLL_FAULT="none")["services"]
        self.assertEqual(services["grafana"]["ports"], ["127.0.0.1:3999:3000/tcp"])
        def fault(lab: dict) -> str:
            return lab["command"][lab["command"].index("--fault") + 1]
        self.assertEqual(fault(services["lab"]), "none")
        self.assertEqual(fault(self.services["lab"]), "app-pool:size=5")

    def test_confines_what_is_ours(self) -> None:
        for name in ("lab", "plimsoll"):
            service = self.services[name]
            self.assertTrue(service["read_only"], name)
            self.assertEqual(service["cap_drop"], ["ALL"], name)
            self.assertEqual(service["security_opt"], ["no-new-privileges:true"], name)

    def test_prometheus_takes_its_configuration_and_the_rules(self) -> None:
        mounts = dict(reversed(volume.split(":")[:2]) for volume in self.services["prometheus"]["volumes"])
        with tempfile.TemporaryDirectory() as folder:
            for target, source in mounts.items():
                if not source.startswith("/"):
                    continue
                copied = Path(folder) / target.lstrip("/")
                copied.parent.mkdir(parents=True, exist_ok=True)
                (shutil.copytree if Path(source).is_dir() else shutil.copy)(source, copied)
            checked = subprocess.run(["promtool", "check", "config", Path(folder) / "etc/prometheus/prometheus.yml"],
                                     capture_output=True, text=True, check=False)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        found = re.findall(r"SUCCESS: (\d+) rules found", checked.stdout)
        self.assertEqual(len(found), len(list((SOURCE / "dashboards/alerts").glob("*.rules.yml"))), checked.stdout)

    def test_waits_for_what_a_service_needs(self) -> None:
        def needs(name: str) -> set[str]:
            depends = self.services[name]["depends_on"]
            for other, entry in depends.items():
                expected = "service_started" if other in WITHOUT_SHELL else "service_healthy"
                self.assertEqual(entry["condition"], expected, f"{name} on {other}")
            return set(depends)
        self.assertEqual(needs("lab"), {"postgres"})
        self.assertEqual(needs("plimsoll"), {"postgres", "lab", "prometheus", "tempo"})
        self.assertEqual(needs("grafana"), {"prometheus"})

    def test_mounts_what_exists(self) -> None:
        mounts = 0
        for name, service in self.services.items():
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                if source.startswith("/"):
                    self.assertTrue(Path(source).exists(), f"{name}: {source}")
                    self.assertTrue(volume.endswith(":ro"), f"{name}: {volume}")
                    mounts += 1
                else:
                    self.assertIn(source, self.config["volumes"], name)
        self.assertGreaterEqual(mounts, 6)

    def test_runs_a_scenario_that_is_mounted(self) -> None:
        command = self.services["plimsoll"]["command"]
        self.assertEqual(command[:1], ["run"])
        folder, file = command[1].rsplit("/", 1)
        mounts = dict(reversed(volume.split(":")[:2]) for volume in self.services["plimsoll"]["volumes"])
        self.assertTrue((Path(mounts[folder]) / file).is_file())

    def test_its_parts_agree_on_names_and_ports(self) -> None:
        scenario = yaml.safe_load((SOURCE / "examples/compose/compose.yaml").read_text())
        self.assertEqual(scenario["export"]["prometheus"], "0.0.0.0:9464")
        self.assertEqual(scenario["export"]["otlp"]["endpoint"], "http://tempo:4318")
        prometheus = yaml.safe_load((SOURCE / "dashboards/prometheus/prometheus.yml").read_text())
        # `docker-compose run` gives its container none of the service's names: only what does not go by name finds it.
        self.assertEqual(self.services["plimsoll"]["network_mode"], "service:prometheus")
        self.assertEqual(prometheus["scrape_configs"][0]["static_configs"][0]["targets"], ["127.0.0.1:9464"])
        self.assertNotIn("ports", self.services["plimsoll"])
        self.assertIn("127.0.0.1:9464:9464/tcp", self.services["prometheus"]["ports"])
        self.assertEqual(prometheus["global"]["scrape_interval"], "1s")
        tempo = yaml.safe_load((SOURCE / "dashboards/tempo/tempo.yaml").read_text())
        self.assertEqual(tempo["distributor"]["receivers"]["otlp"]["protocols"]["http"]["endpoint"], "0.0.0.0:4318")
        sources = yaml.safe_load((SOURCE / "dashboards/provisioning/datasources/plimsoll.yaml").read_text())
        self.assertEqual({source["url"] for source in sources["datasources"]},
                         {"http://prometheus:9090", "http://tempo:3200"})
        self.assertEqual(sources["datasources"][0]["jsonData"]["timeInterval"], "1s")
        provider = yaml.safe_load((SOURCE / "dashboards/provisioning/dashboards/plimsoll.yaml").read_text())
        target = provider["providers"][0]["options"]["path"]
        mounts = [volume.split(":")[1] for volume in self.services["grafana"]["volumes"]]
        self.assertIn(target, mounts)
        self.assertIn("/etc/grafana/provisioning", mounts)
        # The board that Grafana opens with is one of those that the folder has.
        home = self.services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
        self.assertEqual(home.rsplit("/", 1)[0], target)
        self.assertTrue((SOURCE / "dashboards/grafana" / home.rsplit("/", 1)[1]).is_file(), home)


class Image(unittest.TestCase):
    def setUp(self) -> None:
        self.lines = DOCKERFILE.read_text().splitlines()

    def test_is_built_in_two_stages_from_pinned_images(self) -> None:
        bases = [line.split()[1] for line in self.lines if line.startswith("FROM ")]
        self.assertEqual(len(bases), 2)
        for base in bases:
            self.assertRegex(base, f"^{PINNED.pattern}$")

    def test_does_not_run_as_root(self) -> None:
        users = [line.split()[1] for line in self.lines if line.startswith("USER ")]
        self.assertEqual(users, ["plimsoll"])

    def test_carries_just_the_packages_of_what_the_program_loads(self) -> None:
        named = run_stage_packages(DOCKERFILE.read_text())
        # libc6 is essential: no image is without it. The certificates are for https targets.
        self.assertEqual(named, {"ca-certificates"} | packages_of(needed_libraries(PROGRAM)) - {"libc6"})


def run_stage_packages(dockerfile: str) -> set[str]:
    """What the last stage's apt-get installs."""
    stage = dockerfile.rsplit("\nFROM ", 1)[1].replace("\\\n", " ")
    command = re.search(r"apt-get install ([^&\n]*)", stage).group(1)
    return {word for word in command.split() if not word.startswith("-")}


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
