"""A stand-in for Kubernetes' scheduler and kubelet: reads manifests and starts the pods of their Jobs as processes, each
in a file system of its own (read-only, with the volumes where the manifest mounts them) and with the environment and
arguments that the manifest gives. Pods share one network of their own, made by `in_own_network`, so that they may
all listen on the ports that the manifest names."""
import base64
import os
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

import yaml

CHROOT = shutil.which("chroot", path="/usr/sbin:/sbin:/usr/bin:/bin")
# What a pod's image has: this machine's programs and libraries, and no more.
IMAGE = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")


def in_own_network():
    """Goes on in a network namespace with nothing but loopback, as a new process."""
    if os.environ.get("PLIMSOLL_TEST_NETWORK") == "own":
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    names = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    os.execvpe("unshare", ["unshare", *names, "--net", "--mount", sys.executable, "-B", *sys.argv],
               {**os.environ, "PLIMSOLL_TEST_NETWORK": "own"})


class Cluster:
    """The objects of some manifests, and the pods that were started of them. `host`: {path of a node: folder in its place};
    `account`: the folder that pods with a token of their service account find it in."""

    def __init__(self, manifests, program, host=None, account=None):
        self.host, self.account = host or {}, account
        self.objects = {(each["kind"], each["metadata"]["name"]): each for each in yaml.safe_load_all(manifests) if each}
        self.program = str(Path(program).resolve())
        self.dir = Path(tempfile.mkdtemp(prefix="plimsoll-pods-"))
        self.dir.chmod(0o755)
        self.pods = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pod in self.pods:
            pod.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def contents(self, kind, name):
        thing = self.objects[kind, name]
        texts = thing.get("stringData" if kind == "Secret" else "data") or {}
        coded = thing.get("data" if kind == "Secret" else "binaryData") or {}
        return {key: text.encode() for key, text in texts.items()} | {key: base64.b64decode(b) for key, b in coded.items()}

    def start_daemon(self, name, node, environment):
        """The pod of a DaemonSet on `node`; `environment`: what Kubernetes sets in each pod."""
        spec = self.objects["DaemonSet", name]["spec"]["template"]
        pod = Pod(self, f"{name}-{node}", spec["spec"], spec["metadata"]["labels"], environment, node)
        self.pods.append(pod)
        return pod

    def start_job(self, name):
        """Its pods, in the order of their indexes."""
        job = self.objects["Job", name]
        spec, identity = job["spec"], str(uuid.uuid4())
        indexed = spec.get("completionMode") == "Indexed"
        if spec["parallelism"] != spec["completions"]:
            raise AssertionError(f"{name}: pods would wait for one another")
        made = []
        for index in range(spec["completions"]):
            labels = {**spec["template"]["metadata"]["labels"], "batch.kubernetes.io/controller-uid": identity,
                      "batch.kubernetes.io/job-name": name}
            environment = {}
            if indexed:  # as Kubernetes' Job controller does
                environment["JOB_COMPLETION_INDEX"] = str(index)
                labels["batch.kubernetes.io/job-completion-index"] = str(index)
            made.append(Pod(self, f"{name}-{index}", spec["template"]["spec"], labels, environment))
        self.pods += made
        return made


class Pod:
    def __init__(self, cluster, name, spec, labels, environment, node="node"):
        self.cluster, self.name, self.labels, self.node = cluster, name, labels, node
        self.dir = cluster.dir / name
        self.dir.mkdir()
        (self.container,) = spec["containers"]
        self.user = spec["securityContext"]["runAsUser"]
        self.group = spec["securityContext"]["fsGroup"]
        self.mounts = self.lay_out(spec)
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": "/", **environment, **self.given_environment()}
        self.log = self.dir / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.command(spec), env=self.environment, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=subprocess.STDOUT, start_new_session=True)

    def lay_out(self, spec):
        """[(folder here, path in the pod, read-only)] of the container's volumes."""
        volumes = {each["name"]: each for each in spec["volumes"]}
        mounts = []
        for mount in self.container["volumeMounts"]:
            volume, folder = volumes[mount["name"]], self.dir / "volumes" / mount["name"]
            if "hostPath" in volume:
                mounts.append((self.cluster.host[volume["hostPath"]["path"]], mount["mountPath"], bool(mount.get("readOnly"))))
                continue
            folder.mkdir(parents=True)
            sources = volume.get("projected", {}).get("sources", [])
            if "secret" in volume:
                sources = [{"secret": {"name": volume["secret"]["secretName"]}}]
            for source in sources:
                (kind, where), = source.items()
                kept = self.cluster.contents("ConfigMap" if kind == "configMap" else "Secret", where["name"])
                for item in where.get("items") or [{"key": key, "path": key} for key in kept]:
                    path = folder / item["path"]
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(kept[item["key"]])
            mode = (volume.get("projected") or volume.get("secret") or {}).get("defaultMode")
            for path in [folder, *folder.rglob("*")]:  # as the kubelet does for an fsGroup
                path.chmod(mode if path.is_file() else 0o2770)
                if os.geteuid() == 0 and "PLIMSOLL_TEST_MAPPED" not in os.environ:
                    self.own(path)
            mounts.append((folder, mount["mountPath"], bool(mount.get("readOnly"))))
        if spec.get("automountServiceAccountToken"):
            mounts.append((self.cluster.account, "/var/run/secrets/kubernetes.io/serviceaccount", True))
        return mounts

    def own(self, path):
        try:
            os.chown(path, 0, self.group)
        except OSError:  # root of a user namespace that has no other users
            os.environ["PLIMSOLL_TEST_MAPPED"] = "yes"

    def given_environment(self):
        given = {}
        for source in self.container.get("envFrom", []):
            wanted = source["secretRef"]
            if ("Secret", wanted["name"]) in self.cluster.objects:
                given |= {k: v.decode() for k, v in self.cluster.contents("Secret", wanted["name"]).items()}
            elif not wanted.get("optional"):
                raise AssertionError(f"no Secret {wanted['name']}")
        for each in self.container.get("env", []):
            if "value" in each:
                given[each["name"]] = each["value"]
            elif each["valueFrom"]["fieldRef"]["fieldPath"] == "spec.nodeName":
                given[each["name"]] = self.node
            else:
                label = re.fullmatch(r"metadata\.labels\['(.+)'\]", each["valueFrom"]["fieldRef"]["fieldPath"])[1]
                given[each["name"]] = self.labels[label]
        return given

    def arguments(self):
        """With $(NAME) as Kubernetes expands it: unknown names stay, $$ is a $."""
        def value(match):
            return "$" + match[0][2:] if match[0].startswith("$$") else self.environment.get(match[1], match[0])
        return [re.sub(r"\$\$(?:\([^)]*\))?|\$\(([^)]*)\)", value, each) for each in self.container["args"]]

    def command(self, spec):
        root = self.dir / "root"
        root.mkdir()
        hosts = "127.0.0.1 localhost " + " ".join(name for kind, name in self.cluster.objects if kind == "Service") + "\n"
        (self.dir / "hosts").write_text(hosts)
        binds = [(f"/{each}", f"/{each}", True) for each in IMAGE if Path("/", each).exists()]
        binds += [(self.cluster.program, "/plimsoll", True), (self.dir / "hosts", "/etc/hosts", True)]
        quoted, late = [], [each for each in self.mounts if each[1].startswith("/sys/")]
        binds += [each for each in self.mounts if each not in late]
        for source, target, read_only in binds:
            if Path(source).is_symlink() and target.count("/") == 1 and str(source) != self.cluster.program:
                quoted.append(f'ln -s "{os.readlink(source)}" "{root}{target}"')
                continue
            make = "mkdir -p" if Path(source).is_dir() else f'mkdir -p "{Path(f"{root}{target}").parent}" && touch'
            quoted.append(f'{make} "{root}{target}" && mount --bind "{source}" "{root}{target}"')
            if read_only:
                quoted.append(f'mount -o remount,bind,ro "{root}{target}"')
        quoted.append(f'mkdir -p "{root}/proc" "{root}/sys" "{root}/dev" "{root}/tmp" && mount --rbind /proc "{root}/proc"'
                      f' && mount --rbind /sys "{root}/sys" && mount --rbind /dev "{root}/dev"')
        quoted += [f'mount --bind "{source}" "{root}{target}"' for source, target, _ in late]
        if self.container["securityContext"]["readOnlyRootFilesystem"]:
            quoted.append(f'mount -o remount,ro "{root}"')
        who = f"--userspec={self.user}:{self.group}" if "PLIMSOLL_TEST_MAPPED" not in os.environ else "--userspec=0:0"
        sysctls = [f'echo "{each["value"]}" >/proc/sys/{each["name"].replace(".", "/")}'
                   for each in spec["securityContext"].get("sysctls", [])]
        script = " && ".join([f'mount -t tmpfs none "{root}"', *quoted, *sysctls, f'exec {CHROOT} {who} "{root}" /plimsoll "$@"'])
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "plimsoll", *self.arguments()]

    def file(self, path):
        """Where a file of the pod's volumes is here."""
        for folder, target, _ in self.mounts:
            if path == target or path.startswith(target + "/"):
                return folder / path[len(target):].lstrip("/")
        raise AssertionError(f"{path} is on no volume")

    def wait(self, timeout=120):
        return self.process.wait(timeout)

    def text(self):
        return self.log.read_text(errors="replace")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
