# a session
BASE=http://127.0.0.1:8080
curl -sS "$BASE/items?page=1" -H 'Accept: application/json' && curl -X DELETE "$BASE/items/7" -u ann:hunter2-password
curl --json '{"id": 12345678901234567890123, "price": 1.10}' "$BASE/orders" --next -d '' "$BASE/refresh"
curl -F 'note=hello;type=text/plain' -F 'photo=@no-such.png' "$BASE/photos" || curl "$BASE/never"
