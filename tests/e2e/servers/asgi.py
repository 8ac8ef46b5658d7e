"""The pages of test_real_servers.py for uvicorn: those of the WSGI application, asked asynchronously."""
import io

from wsgi import page


async def body_of(receive):
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    headers = {name.decode().upper().replace("-", "_"): value.decode() for name, value in scope["headers"]}
    environ = {"PATH_INFO": scope["path"], **{f"HTTP_{name}": value for name, value in headers.items()}}
    if scope["path"] == "/echo":
        environ["wsgi.input"] = io.BytesIO(await body_of(receive))
    status, body, extra, with_length = page(environ)
    if with_length:
        extra.append(("Content-Length", str(len(body))))
    await send({"type": "http.response.start", "status": status,
                "headers": [(name.lower().encode(), value.encode()) for name, value in extra]})
    if not with_length and body:
        await send({"type": "http.response.body", "body": body[:5], "more_body": True})
        body = body[5:]
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
