"""plimsoll deploy kubernetes: valid by Kubernetes' schemas, the same as deploy/kubernetes, right for any file and name."""
import copy
import json
import shutil
import tempfile
import unittest
from pathlib import Path

from manifests import BASE, by_name, contents, deploy, documents, kustomized, mounted, read_by_go, validate

SCENARIO = """target: http://127.0.0.1:8080
users: {{reader: {{flow: [{step}]}}}}
load: [{{executor: constant-vus, vus: 4, duration: 90s}}]
{more}
"""
# The oldest release that has all fields (backoffLimitPerIndex), and newer ones.
RELEASES = ("1.29", "1.31", "1.33")


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)

    def write(self, name, content):
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def scenario(self, step="{get: /}", more="", name="shop.yaml"):
        return self.write(name, SCENARIO.format(step=step, more=more))


class Schemas(Folder):
    def test_every_variant_is_valid_by_every_release(self):
        self.write("token", "secret-token\n")
        self.write("key.txt", "word\n")
        path = self.scenario(step="{post: /, body: {file: b.bin}, headers: {X-Key: '${secret.file:key.txt}'}}")
        self.write("b.bin", bytes(range(256)))
        variants = [[], ["--upload", "s3://runs/shop"], ["--claim", "results"], ["--namespace", "load"],
                    ["--env-secret", "env", "--token-secret", "token"], ["-e", "A=b", "-e", "C=d e"],
                    ["--segments", "64", "--cores", "16", "--memory", "3GB", "--seed", "7", "--name", "x"]]
        for extra in variants:
            docs = documents(deploy(path, *extra).stdout)
            self.assertGreaterEqual(len(docs), 3)
            for release in RELEASES:
                with self.subTest(extra=extra, release=release):
                    validate(docs, release)

    def test_the_schemas_refuse_what_is_wrong(self):
        docs = documents(deploy(self.scenario()).stdout)
        job = next(each for each in docs if each["kind"] == "Job")
        for path, wrong in ((("spec", "completions"), "2"), (("spec", "completionsMode"), "Indexed"),
                            (("spec", "template", "spec", "containers", 0, "readOnlyRootFilesystem"), True)):
            spoilt = copy.deepcopy(job)
            at = spoilt
            for key in path[:-1]:
                at = at[key]
            at[path[-1]] = wrong
            with self.subTest(path), self.assertRaises(AssertionError):
                validate([spoilt], RELEASES[-1])


class ProbeOfNodes(unittest.TestCase):
    def test_is_valid_by_every_release(self):
        docs = kustomized(BASE / "probe")
        self.assertEqual(sorted(each["kind"] for each in docs), ["DaemonSet", "Role", "RoleBinding", "ServiceAccount"])
        for release in RELEASES:
            with self.subTest(release=release):
                validate(docs, release)

    def test_its_parts_name_each_other(self):
        found = by_name(kustomized(BASE / "probe"))
        pod = found["DaemonSet", "plimsoll-probe"]["spec"]["template"]
        binding = found["RoleBinding", "plimsoll-probe"]
        self.assertEqual(binding["subjects"], [{"kind": "ServiceAccount", "name": pod["spec"]["serviceAccountName"]}])
        self.assertEqual(binding["roleRef"]["name"], found["Role", "plimsoll-probe"]["metadata"]["name"])
        monitor = documents((BASE / "probe/pod-monitor/pod-monitor.yaml").read_text())[0]["spec"]
        wanted = monitor["selector"]["matchLabels"]
        self.assertEqual(pod["metadata"]["labels"], {**pod["metadata"]["labels"], **wanted})
        ports = {each["name"] for each in pod["spec"]["containers"][0]["ports"]}
        self.assertIn(monitor["podMetricsEndpoints"][0]["port"], ports)


class SameSource(Folder):
    def test_prints_what_kustomize_makes_of_the_base(self):
        base = self.dir / "base"
        shutil.copytree(BASE, base)
        (base / "gather-token").write_text("secret-token")
        component = base / "kustomization.yaml"
        component.write_text(component.read_text().replace("# components:\n#   - service-monitor",
                                                           "components:\n  - service-monitor"))
        printed = by_name(documents(deploy("scenario.yaml", "--name", "plimsoll", "--token-file", "gather-token",
                                           "--service-monitor", cwd=base).stdout))
        made = by_name(kustomized(base))
        self.assertEqual(printed.keys(), made.keys())
        for name, document in made.items():
            ours = printed[name]
            if document["kind"] in ("ConfigMap", "Secret"):
                self.assertEqual(contents(ours), contents(document), name)
                self.assertEqual(ours["metadata"], document["metadata"])
            else:
                self.assertEqual(ours, document, name)


class Contents(Folder):
    TEXTS = {
        "plain": b"a\nb\n", "no-end": b"a", "ends": b"a\n\n\n", "empty-lines": b"\n\na\n", "only-ends": b"\n\n\n", "empty": b"",
        "blanks": b"  a\n b\n", "trailing": b"a  \nb\t\n", "blank-end": b"a\n   ", "tabs": b"\ta\n\tb\n", "carriage": b"a\r\nb\r\n",
        "lone-cr": b"a\rb", "marks": b"---\n...\n# c\n%YAML 1.1\n- x: {y: [z]}\n", "mine": b"  #: insert run-args\nx: 1  #: {name}\n",
        "expressions": b"{name} ${env.X} $(HOME) {{ .Values.x }}\n", "quotes": b"\"a\" 'b' \\n \\\n", "bom": b"\xef\xbb\xbfa\n",
        "nel": "a\u0085b\u2028c\u2029d\n".encode(), "odd": "\ufffe\uffff\n".encode(), "ship": "🚢 ä 日本\n".encode(),
        "nul": b"a\0b", "bytes": bytes(range(256)), "escape": b"\x1b[31mred\n", "del": b"a\x7fb\n", "c1": "a\u009bb\n".encode(),
        "long": b"x" * 5000 + b"\n", "hash": b"# not a comment\n", "deep": b"a:\n      b:\n   c\n", "colon": b"a: b: c\n: \n? \n",
    }

    def test_any_file_arrives_byte_for_byte(self):
        steps = []
        for name, content in self.TEXTS.items():
            self.write(f"bodies/{name}", content)
            steps.append(f"{{post: /{name}, body: {{file: bodies/{name}}}}}")
        path = self.scenario(step=", ".join(steps))
        text = deploy(path).stdout
        want = {f"bodies/{name}": content for name, content in self.TEXTS.items()} | {"shop.yaml": path.read_bytes()}
        for reader, docs in (("python", documents(text)), ("go", read_by_go(text))):
            for job in ("shop-segments", "shop-gather"):
                with self.subTest(reader=reader, job=job):
                    self.assertEqual(mounted(docs, job), want)
            validate(docs, RELEASES[-1])

    def test_scenarios_arrive_as_they_were_written(self):
        for number, comment in enumerate(("# ${{x}}\t\n", "\n\n   # deep\n", "# 🚢\r\n", "# \u2028\n", "#: insert run-args\n", "# a\n\n\n")):
            path = self.write(f"{number}.yaml", comment.replace("{{", "{").replace("}}", "}") +
                              SCENARIO.format(step="{get: /}", more=""))
            docs = documents(deploy(path).stdout)
            files = mounted(docs, f"p-{number}-segments")
            self.assertEqual(files, {f"{number}.yaml": path.read_bytes()})

    def test_files_keep_their_places_beside_each_other(self):
        self.write("data/rows.csv", "a,b\n1,2\n")
        self.write("parts/users.yaml", "thresholds: {http_req_duration: ['p(95)<1s']}\n")
        self.write("load/deep/ä file.bin", b"\xff")
        path = self.scenario(step="{post: '/${rows.a}', body: {file: './deep/ä file.bin'}}", name="load/shop.yaml",
                             more="data: {rows: {csv: ../data/rows.csv}}\ninclude: ../parts/users.yaml\n")
        want = {str(each.relative_to(self.dir)): each.read_bytes() for each in self.dir.rglob("*") if each.is_file()}
        for cwd, given in ((self.dir, "load/shop.yaml"), (self.dir / "data", "../load/shop.yaml"), (self.dir, path)):
            docs = documents(deploy(given, cwd=cwd).stdout)
            self.assertEqual(mounted(docs, "shop-segments"), want)
            args = by_name(docs)["Job", "shop-segments"]["spec"]["template"]["spec"]["containers"][0]["args"]
            self.assertIn("/etc/plimsoll/scenario/load/shop.yaml", args)

    def test_secrets_of_the_scenario_are_in_secrets_alone(self):
        self.write("token.txt", "hunter2-token\n")
        path = self.scenario(step="{get: /, headers: {Authorization: 'Bearer ${secret.file:token.txt}'}}")
        done = deploy(path, "-e", "PLIMSOLL_PG_DSN", env={"PLIMSOLL_PG_DSN": "postgresql://u:hunter3@db/x"})
        docs = documents(done.stdout)
        self.assertEqual(mounted(docs, "shop-segments")["token.txt"], b"hunter2-token\n")
        for each in docs:
            if each["kind"] != "Secret":
                self.assertNotIn("hunter", json.dumps(each))
        self.assertEqual(contents(by_name(docs)["Secret", "shop-env"]), {"PLIMSOLL_PG_DSN": b"postgresql://u:hunter3@db/x"})
        self.assertEqual(done.stderr, "")

    def test_a_token_is_new_each_time_unless_given(self):
        path = self.scenario()
        tokens = {contents(by_name(documents(deploy(path).stdout))["Secret", "shop-token"])["gather-token"] for _ in range(2)}
        self.assertEqual(len(tokens), 2)
        self.assertTrue(all(len(each) == 32 for each in tokens))


class Names(Folder):
    def test_any_scenario_name_gives_valid_names_and_labels(self):
        for name in ("Größe & Co: \"x\"", "true", "null", "123", "日本語", "a" * 100, "-x-", "{name}", "#: end", "a.b c_d"):
            path = self.scenario(more="name: " + json.dumps(name))
            docs = documents(deploy(path, "--service-monitor").stdout)
            validate([each for each in docs if each["kind"] != "ServiceMonitor"], RELEASES[-1])
            for each in docs:
                label = each["metadata"]["labels"]["app.kubernetes.io/instance"]
                self.assertRegex(each["metadata"]["name"] + "-99999", r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$")
                self.assertRegex(label, r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$")

    def test_references_between_objects_hold(self):
        self.write("key", "k\n")
        docs = documents(deploy(self.scenario(step="{get: /, headers: {X: '${secret.file:key}'}}"), "-e", "A=b").stdout)
        objects = by_name(docs)
        service = objects["Service", "shop-gather"]
        for kind, name in objects:
            if kind != "Job":
                continue
            template = objects[kind, name]["spec"]["template"]
            pod, (container,) = template["spec"], template["spec"]["containers"]
            for volume in pod["volumes"]:
                for source in volume.get("projected", {}).get("sources", []):
                    for which, where in source.items():
                        self.assertIn(("ConfigMap" if which == "configMap" else "Secret", where["name"]), objects)
                if "secret" in volume:
                    self.assertIn(("Secret", volume["secret"]["secretName"]), objects)
            self.assertEqual({each["name"] for each in container["volumeMounts"]}, {each["name"] for each in pod["volumes"]})
            self.assertIn(("Secret", container["envFrom"][0]["secretRef"]["name"]), objects)
            selected = service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
            self.assertEqual(selected, name == "shop-gather")
        ports = {each["name"] for each in objects["Job", "shop-gather"]["spec"]["template"]["spec"]["containers"][0]["ports"]}
        self.assertEqual({each["targetPort"] for each in service["spec"]["ports"]}, ports)
        segments = objects["Job", "shop-segments"]["spec"]["template"]["spec"]["containers"][0]["args"]
        self.assertIn("http://shop-gather:7070", segments)
        self.assertEqual(next(each["port"] for each in service["spec"]["ports"] if each["name"] == "gather"), 7070)


class Hardening(Folder):
    def test_pods_keep_the_restricted_profile(self):
        for each in documents(deploy(self.scenario()).stdout):
            if each["kind"] != "Job":
                continue
            pod = each["spec"]["template"]["spec"]
            self.assertFalse(pod["automountServiceAccountToken"])
            self.assertTrue(pod["securityContext"]["runAsNonRoot"])
            self.assertEqual(pod["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
            for container in pod["containers"]:
                context, resources = container["securityContext"], container["resources"]
                self.assertTrue(context["readOnlyRootFilesystem"])
                self.assertFalse(context["allowPrivilegeEscalation"])
                self.assertEqual(context["capabilities"], {"drop": ["ALL"]})
                self.assertEqual(resources["requests"], resources["limits"])
                self.assertRegex(resources["limits"]["cpu"], r"^\d+$")
            for volume in pod["volumes"]:
                self.assertNotIn("hostPath", volume)

    def test_cores_memory_and_threads_are_those_asked_for(self):
        docs = by_name(documents(deploy(self.scenario(), "--segments", "8", "--cores", "6", "--memory", "1.5GiB").stdout))
        job = docs["Job", "shop-segments"]["spec"]
        self.assertEqual((job["completionMode"], job["completions"], job["parallelism"]), ("Indexed", 8, 8))
        container = job["template"]["spec"]["containers"][0]
        self.assertEqual(container["resources"]["limits"], {"cpu": "6", "memory": "1536Mi"})
        self.assertEqual(container["args"][container["args"].index("--shards") + 1], "3")
        self.assertEqual(container["env"], [{"name": "PLIMSOLL_SEGMENTS", "value": "8"}])
        gather = docs["Job", "shop-gather"]["spec"]["template"]["spec"]["containers"][0]["args"]
        self.assertEqual(gather[gather.index("--segments") + 1], "8")
        self.assertEqual(job["activeDeadlineSeconds"], 90 + 3600)


class Refusals(Folder):
    def refused(self, *args, env=None):
        done = deploy(*args, status=104, env=env)
        self.assertEqual(done.stdout, "")
        return done.stderr

    def test_what_cannot_be_taken_along_is_named(self):
        self.assertIn("name is known only when it is sent", self.refused(self.scenario(
            step="{post: /up, name: UP, body: {file: '${iteration}.bin'}}")))
        self.write("rows.csv", "a\n" + "1\n" * 600_000)
        self.assertIn("rows.csv: has 1.1 MiB, and at most 1 MiB", self.refused(self.scenario(
            step="{get: '/${rows.a}'}", more="data: {rows: {csv: rows.csv}}")))
        self.assertIn("must be a scenario file", self.refused("http://127.0.0.1/"))
        self.assertIn("must be a scenario file", self.refused("-"))
        self.assertIn("missing.yaml", self.refused(self.dir / "missing.yaml"))

    def test_an_absolute_path_is_left_to_the_image_and_said(self):
        body = self.write("body.bin", b"x")
        done = deploy(self.scenario(step=f"{{post: /, body: {{file: {body}}}}}"))
        self.assertIn(f"{body} is named by its absolute path", done.stderr)
        self.assertEqual(set(mounted(documents(done.stdout), "shop-segments")), {"shop.yaml"})

    def test_a_variable_that_pods_would_not_have_is_named_and_its_value_is_not(self):
        path = self.scenario(more="tags: {a: '${env.SHOP_WORD:-none}'}")
        said = self.refused(path, env={"SHOP_WORD": "hunter2"})
        self.assertIn("the scenario reads ${env.SHOP_WORD}, which is set here and would not be in the pods", said)
        self.assertNotIn("hunter2", said)
        for extra in (["-e", "SHOP_WORD"], ["--env-secret", "mine"]):
            deploy(path, *extra, env={"SHOP_WORD": "hunter2"})
        deploy(path)

    def test_flags_say_what_they_should_be(self):
        path = self.scenario()
        for flag, value, words in (("--name", "Shop", "lower-case"), ("--name", "1a", "begin with a letter"), ("--name", "a" * 46, "at most 45"),
                                   ("--namespace", "a_b", "lower-case"), ("--image", "a b", "without blanks"), ("--memory", "1", "must have a unit"),
                                   ("--memory", "64MiB", "at least 128 MiB"), ("--upload", "http://x", "must be s3://BUCKET/PREFIX"),
                                   ("--upload", "s3://", "must be s3://BUCKET/PREFIX"), ("--segments", "0", "--segments"),
                                   ("--env", "a-b=c", "no name that an environment can have"), ("--token-file", "/nowhere", "--token-file")):
            with self.subTest(flag=flag, value=value):
                self.assertIn(words, self.refused(path, flag, value))


if __name__ == "__main__":
    unittest.main()
