<?php
// PHP behind nginx: php-fpm with 4 processes, one request and one database connection each. FAULT plants a cause:
//
// workers        4 processes, 40 ms a request; persistent connections
// workers-fresh  the same, a new connection for each request
// cpu            each request computes for 20 ms
// lock           8 processes that all change the same row, and hold its lock for 20 ms
// upstream       8 processes that ask another service, which takes one at a time for 25 ms
// slow           a search that reads a table from end to end for want of an index
// idle           100 ms of waiting for something else inside each transaction

header('Content-Type: application/json');
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if ($path === '/health') {
    exit(json_encode(['ok' => true]));
}
if (!preg_match('#^/items/(\d+)$#', $path, $match)) {
    http_response_code(404);
    exit(json_encode(['error' => 'not found']));
}
$id = (int) $match[1];
$fault = getenv('FAULT');

function database(bool $persistent): PDO
{
    $url = parse_url(getenv('DATABASE_URL'));
    return new PDO("pgsql:host={$url['host']};port={$url['port']};dbname=" . ltrim($url['path'], '/'), $url['user'], '', [
        PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
        PDO::ATTR_PERSISTENT => $persistent,
    ]);
}

function compute(float $seconds): void
{
    $now = function (): float {
        $usage = getrusage();
        return $usage['ru_utime.tv_sec'] + $usage['ru_stime.tv_sec'] + ($usage['ru_utime.tv_usec'] + $usage['ru_stime.tv_usec']) / 1e6;
    };
    $value = 0;
    for ($end = $now() + $seconds; $now() < $end;) {
        for ($i = 0; $i < 1000; $i++) {
            $value = ($value * 31 + 7) % 1000003;
        }
    }
}

if ($fault === 'cpu') {
    compute(0.02);
}
if ($fault === 'upstream') {
    file_get_contents(getenv('UPSTREAM_URL'));
}
$db = database($fault !== 'workers-fresh');
$db->beginTransaction();
if ($fault === 'lock') {
    $db->exec('UPDATE items SET seen = seen + 1 WHERE id = 1');
    $db->query('SELECT pg_sleep(0.02)');
}
if ($fault === 'slow') {
    $statement = $db->prepare('SELECT max(note) FROM notes WHERE item = ?');
} else {
    $statement = $db->prepare('SELECT name FROM items WHERE id = ?');
}
$statement->execute([$id]);
$name = $statement->fetchColumn();
if ($fault === 'idle') {
    usleep(100000);
} elseif (!in_array($fault, ['lock', 'cpu', 'upstream', 'slow'], true)) {
    $db->query('SELECT pg_sleep(0.04)');
}
$db->commit();
echo json_encode(['id' => $id, 'name' => $name]);
