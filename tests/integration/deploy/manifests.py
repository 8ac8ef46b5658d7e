"""What `plimsoll deploy kubernetes` prints, read by parsers that we did not write."""
import base64
import json
import os
import subprocess
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]
PLIMSOLL = os.environ.get("PLIMSOLL", str(ROOT / "build/release/plimsoll"))
BASE = ROOT / "deploy/kubernetes"
# scripts/setup makes it of requirements.txt.
ORACLE = Path(__file__).resolve().parent / ".venv/bin/python"


def deploy(*args, status=0, env=None, cwd=None, what="kubernetes"):
    """Runs `plimsoll deploy`; what it printed."""
    done = subprocess.run([PLIMSOLL, "deploy", what, *map(str, args)], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL, cwd=cwd,
                          env={k: v for k, v in os.environ.items() if k not in ("TARGET", "PLIMSOLL_PG_DSN")} | (env or {}))
    if done.returncode != status:
        raise AssertionError(f"exit {done.returncode}, not {status}\n{done.stdout}\n{done.stderr}")
    return done


def documents(text):
    return [each for each in yaml.safe_load_all(text) if each is not None]


def by_name(docs):
    found = {(each["kind"], each["metadata"]["name"]): each for each in docs}
    assert len(found) == len(docs), "two objects of one kind and name"
    return found


def kustomized(folder):
    """The documents that `kubectl kustomize` makes of a folder: read and written by Go's YAML."""
    done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return documents(done.stdout)


def read_by_go(text):
    """`text`'s documents after a round through Kustomize."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "all.yaml").write_text(text, encoding="utf-8")
        Path(folder, "kustomization.yaml").write_text("resources: [all.yaml]\n", encoding="utf-8")
        return kustomized(folder)


def contents(document):
    """{key: bytes} of a ConfigMap or Secret."""
    secret = document["kind"] == "Secret"
    texts = document.get("stringData" if secret else "data") or {}
    coded = document.get("data" if secret else "binaryData") or {}
    assert not texts.keys() & coded.keys()
    return {key: value.encode() for key, value in texts.items()} | \
           {key: base64.b64decode(value, validate=True) for key, value in coded.items()}


def mounted(docs, job):
    """{path: bytes} of what the pods of a Job have at /etc/plimsoll/scenario, as the kubelet would lay it out."""
    objects = by_name(docs)
    pod = objects["Job", job]["spec"]["template"]["spec"]
    volume = next(each for each in pod["volumes"] if each["name"] == "scenario")
    files = {}
    for source in volume["projected"]["sources"]:
        (kind, where), = source.items()
        kept = contents(objects["ConfigMap" if kind == "configMap" else "Secret", where["name"]])
        items = where.get("items") or [{"key": key, "path": key} for key in kept]
        for item in items:
            assert ".." not in Path(item["path"]).parts and not item["path"].startswith("/")
            assert item["path"] not in files
            files[item["path"]] = kept[item["key"]]
    return files


VALIDATE = """
import json, sys, kubernetes_validate
release, docs = json.load(sys.stdin)
for each in docs:
    kubernetes_validate.validate(each, release, strict=True)
print(len(docs))
"""


def validate(docs, release):
    """By the JSON schemas of a Kubernetes release; unknown fields are faults, too."""
    done = subprocess.run([ORACLE, "-c", VALIDATE], input=json.dumps([release, docs]), capture_output=True, text=True,
                          timeout=120, check=False)
    if done.returncode != 0 or int(done.stdout) != len(docs):
        raise AssertionError(done.stderr)
