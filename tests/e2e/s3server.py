"""A throwaway S3 server that we did not write (s3rver)."""
import atexit
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from harness import free_port, wait_for

MODULES = Path(__file__).resolve().parents[1] / "integration/objects"


class S3Server:
    """With these buckets; gone at the end of the block."""

    def __init__(self, *buckets):
        self.dir = tempfile.mkdtemp(prefix="plimsoll-s3-")
        self.port = free_port()
        # It makes its continuation tokens with DES.
        self.log = open(f"{self.dir}/log", "wb")
        self.process = subprocess.Popen(["node", "--openssl-legacy-provider", str(MODULES / "server.mjs"), str(self.port), f"{self.dir}/data", *buckets],
                                        cwd=MODULES, stdout=self.log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        atexit.register(self.process.kill)
        # The only ones that it knows.
        self.env = {"AWS_ACCESS_KEY_ID": "S3RVER", "AWS_SECRET_ACCESS_KEY": "S3RVER", "AWS_REGION": "us-east-1",
                    "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}"}

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(Path(self.dir, "log").read_text())
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=2).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def file(self, bucket, key):
        """What the server keeps of an object."""
        return Path(self.dir, "data", bucket, key + "._S3rver_object")

    def __enter__(self):
        wait_for(self.answers, "the S3 server")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)
