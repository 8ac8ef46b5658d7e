import random
import uuid

from locust import HttpUser, LoadTestShape, SequentialTaskSet, between, constant_pacing, task

from helpers import signature


class Order(SequentialTaskSet):
    @task
    def create(self):
        made = self.client.post("/orders", json={"id": str(uuid.uuid4()), "n": random.randint(1, 5)}, name="create order")
        self.order = made.json()["id"]

    @task
    def show(self):
        with self.client.get(f"/orders/{self.order}", name="show order", catch_response=True) as response:
            if response.status_code == 404:
                response.failure("gone")

    @task
    def leave(self):
        self.interrupt()


class Visitor(HttpUser):
    host = "http://127.0.0.1:8080"
    weight = 3
    wait_time = between(1, 3)
    tasks = {Order: 1}

    def on_start(self):
        self.client.post("/login", data={"user": "ann", "password": "hunter2-password"})
        self.client.headers["X-Client"] = "locust"

    @task(5)
    def front(self):
        self.client.get("/items", params={"page": random.choice(["1", "2"]), "size": 20})

    @task(2)
    def picture(self):
        self.client.get(f"/pictures/{7:03d}.png", headers={"X-Signature": signature("picture")})

    @task
    def maybe(self):
        if signature("x") > 5:
            self.client.delete("/everything")


class Worker(HttpUser):
    host = "http://127.0.0.1:8080"
    wait_time = constant_pacing(10)

    @task
    def work(self):
        for part in ("a", "b"):
            self.client.put(f"/jobs/{part}", data="done", timeout=2)


class Steps(LoadTestShape):
    stages = [{"duration": 30, "users": 10, "spawn_rate": 5}, {"duration": 90, "users": 40, "spawn_rate": 5}]

    def tick(self):
        at = self.get_run_time()
        for stage in self.stages:
            if at < stage["duration"]:
                return stage["users"], stage["spawn_rate"]
        return None
