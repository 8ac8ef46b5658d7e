"""Django under gunicorn with synchronous workers, one request and one database connection each. FAULT plants a cause:

workers        2 workers
workers-fresh  2 workers that open a connection for each request (Django's default, CONN_MAX_AGE = 0)
lock           8 workers that all change the same row, and hold its lock for 20 ms
upstream       8 workers that ask another service, which takes one at a time for 25 ms
"""
import os
import urllib.request
from urllib.parse import urlsplit

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.http import JsonResponse
from django.urls import path

FAULT = os.environ.get("FAULT", "none")
_database = urlsplit(os.environ["DATABASE_URL"])

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=__name__, SECRET_KEY=os.urandom(16).hex(),
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "HOST": _database.hostname, "PORT": _database.port,
                           "USER": _database.username, "NAME": _database.path.lstrip("/"),
                           "CONN_MAX_AGE": 0 if FAULT == "workers-fresh" else 600}})


def health(request):
    return JsonResponse({"ok": True})


def read(request, item):
    if FAULT == "upstream":
        with urllib.request.urlopen(os.environ["UPSTREAM_URL"], timeout=5) as answer:
            answer.read()
    with transaction.atomic(), connection.cursor() as cursor:
        if FAULT == "lock":
            cursor.execute("UPDATE items SET seen = seen + 1 WHERE id = 1")
            cursor.execute("SELECT pg_sleep(0.02)")
        cursor.execute("SELECT name FROM items WHERE id = %s", [item])
        name = cursor.fetchone()[0]
        if FAULT != "lock":
            cursor.execute("SELECT pg_sleep(%s)", [0.01 if FAULT == "upstream" else 0.05])
    return JsonResponse({"id": item, "name": name})


urlpatterns = [path("health", health), path("items/<int:item>", read)]
application = get_wsgi_application()
