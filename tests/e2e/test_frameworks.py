"""The examples on real frameworks: what was planted in a service of FastAPI, Django, Express, Go, Spring Boot, Sinatra, Flask, PHP
or Fastify is what the verdict names first, with the right size; a size that was suggested removes the exhaustion; a healthy service has no finding.

    test_frameworks.py Frameworks.test_django       one stack, some five minutes

It installs into PLIMSOLL_FRAMEWORKS, or else into a folder that it removes. Python, node and npm, Go 1.26, Maven with a JDK 17,
Puma with Sinatra, and php-fpm with nginx must be there.
"""
import os
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples/frameworks"))
import run as frameworks  # noqa: E402

SURE = ("medium", "high")
TOOLS = {"fastapi": [], "django": [], "express": ["node", "npm"], "go": ["go"], "spring": ["java", "mvn"],
         "sinatra": ["puma"], "flask": [], "php": ["nginx"], "fastify": ["node", "npm"]}


class Frameworks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.installed = os.environ.get("PLIMSOLL_FRAMEWORKS")
        if not cls.installed:
            cls.installed = tempfile.mkdtemp(prefix="plimsoll-frameworks-")
            cls.addClassCleanup(shutil.rmtree, cls.installed, ignore_errors=True)

    def diagnosis(self, stack, fault, **how):
        with tempfile.TemporaryDirectory() as folder:
            _, result = frameworks.run(stack, fault, Path(folder, "run"), self.installed, **how)
        print(stack, fault, how, result["validity"]["verdict"], frameworks.named(result), flush=True)
        return result

    def stack(self, stack):
        for tool in TOOLS[stack]:
            self.assertTrue(shutil.which(tool), f"{tool} is not on the PATH; the example of {stack} needs it")
        for fault in frameworks.FAULTS[stack]:
            with self.subTest(stack=stack, fault=fault):
                result = self.diagnosis(stack, fault)
                (self.check_healthy if fault == "none" else self.check_named)(result, frameworks.FAULTS[stack][fault])

    def check_healthy(self, result, _):
        self.assertEqual([f for f in frameworks.named(result) if f[1] in SURE], [])

    def check_named(self, result, fault):
        findings = frameworks.named(result)
        self.assertTrue(findings, "nothing was found")
        cause, confidence, values = findings[0]
        self.assertIn(cause, {fault.cause, *fault.also}, findings)
        self.assertIn(confidence, SURE, findings)
        for other in findings[1:]:
            self.assertTrue(other[1] == "low" or other[0] in fault.also, findings)
        if fault.size:
            name, size = fault.size
            self.assertEqual(values.get(name), size, findings)

    def test_fastapi(self):
        self.stack("fastapi")

    def test_django(self):
        self.stack("django")

    def test_express(self):
        self.stack("express")

    def test_go(self):
        self.stack("go")

    def test_spring(self):
        self.stack("spring")

    def test_sinatra(self):
        self.stack("sinatra")

    def test_flask(self):
        self.stack("flask")

    def test_php(self):
        self.stack("php")

    def test_fastify(self):
        self.stack("fastify")

    def test_two_workers_are_never_a_connection_pool_also_without_canaries(self):
        for fault in ("workers", "workers-fresh"):
            with self.subTest(fault=fault):
                result = self.diagnosis("django", fault, without=("canaries",))
                cause, confidence, values = frameworks.named(result)[0]
                self.assertIn(cause, ("worker_pool", "unknown"), frameworks.named(result))
                if cause == "worker_pool":
                    self.assertEqual(values["workers"], 2)
                self.assertEqual([f for f in frameworks.named(result) if f[0] != "worker_pool" and f[1] in SURE], [])

    def test_a_suggested_size_removes_the_exhaustion(self):
        for stack, fault, cause, suggested in (("go", "pool", "app_pool_exhausted", "recommended_pool_size"),
                                               ("django", "workers", "worker_pool", "recommended_workers")):
            with self.subTest(stack=stack, fault=fault):
                values = frameworks.named(self.diagnosis(stack, fault))[0][2]
                self.assertIn(suggested, values)
                again = self.diagnosis(stack, fault, size=int(values[suggested]))
                self.assertEqual([f for f in frameworks.named(again) if f[0] == cause], [])
                self.assertLess(again["totals"]["failed"], 0.01 * again["totals"]["requests"])
                # So many hold so long each (Little's law): what is carried then, under a load that goes to twice as much.
                predicted = values[suggested] / values["hold_s"]
                past = self.diagnosis(stack, fault, size=int(values[suggested]), top=round(2 * predicted))["breaking_point"]
                print(stack, fault, f"predicted {predicted:.1f}/s, broke at {past['at_rate']:.1f}/s", flush=True)
                self.assertLess(abs(past["at_rate"] / predicted - 1), 0.15)


if __name__ == "__main__":
    unittest.main()
