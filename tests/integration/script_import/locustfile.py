import os
import random
from locust import HttpUser, SequentialTaskSet, constant, task

PREFIX = os.getenv("PREFIX", "/v1")


class Session(SequentialTaskSet):
    def on_start(self):
        got = self.client.post("/login", json={"user": "ann", "pages": [1, 2.5, None, True]})
        self.token = got.json()["token"]
        self.client.headers.update({"X-Token": self.token})

    @task
    def browse(self):
        self.client.get(PREFIX + "/items", params={"q": "a b&c", "page": 2}, name="items")
        self.client.get(f"{PREFIX}/items/{random.randint(4, 4)}")
        self.client.get("/items/%s/%d" % ("x", 7))
        self.client.get("/items/{}/{name}".format(8, name="y"))

    @task
    def order(self):
        made = self.client.post("/orders", data={"count": 2, "note": "a=b&c"})
        number = made.json()["order"]["id"]
        with self.client.put(f"/orders/{number}", data="plain text", catch_response=True) as response:
            if response.status_code == 200:
                response.success()
            else:
                response.failure("not kept")
        for _ in range(3):
            self.client.patch("/orders/tick")
        for word in ["a", "b"]:
            self.client.delete("/tags/" + word)

    @task
    def decide(self):
        got = self.client.get("/kind")
        if got.json()["kind"] == "big":
            self.client.get("/big")
        else:
            self.client.get("/small")
        self.client.head("/end")


class User(HttpUser):
    wait_time = constant(0)
    tasks = [Session]
