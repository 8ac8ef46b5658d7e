"""What a colour means, the same on every board. Names are Grafana's own, which fit both themes."""

# meaning -> colour. A meaning is a series' name, or what a panel's code calls it where the name is made of labels.
COLOURS = {
    # the load
    "offered": "text",
    "achieved": "blue",
    "requests": "#4A86C5",
    "dropped": "dark-red",
    # what requests came to
    "ok": "green",
    "failed": "red",
    "http_4xx": "semi-dark-orange",
    "http_5xx": "semi-dark-red",
    "rate_limited": "yellow",
    "check_failed": "light-orange",
    "connect_refused": "#C4162A",
    "connect_timeout": "#7C2EA3",
    "connect_reset": "#E0752D",
    "response_timeout": "dark-purple",
    "body_timeout": "#705DA0",
    "closed_early": "#BF1B00",
    "dns": "#967302",
    "tls": "#9F6B53",
    "send_failed": "#99440A",
    "protocol": "#890F02",
    "no_ports": "#58140C",
    "cut_off": "#808080",
    # times
    "p50": "#3CB3B3",
    "p95": "purple",
    "p99": "#D6409F",
    "service": "#6ED0E0",
    "send lag": "#C4A15A",
    # parts of a request's time; dns and tls as above
    "blocked": "#C9971C",
    "connect": "#B07AA1",
    "send": "#8CD17D",
    "wait": "#4E79A7",
    "receive": "#86BCB6",
    # what a load consists of
    "users": "#D4B13F",
    "connections": "#7EB26D",
    "sent": "#B6992D",
    "received": "#499894",
    # connections
    "in use": "orange",
    "free": "light-green",
    "waiting": "dark-orange",
    "pool size": "dark-yellow",
    "server limit": "#AD0317",
    "backends": "semi-dark-blue",
    "limit": "#C9A0A0",
    "gave up": "#A50026",
    "to be accepted": "#B5A642",
    "unread": "#8CA3B8",
    "upstream": "#6E7FD1",
    "for a worker": "#C875C4",
    # backends
    "active": "#FF780A",
    "idle": "#9FA7B3",
    "idle in transaction": "semi-dark-yellow",
    "hidden": "#52545C",
    "blocked by a lock": "#E02F44",
    "not waiting": "#37872D",
    "Lock": "#D44A3A",
    "LWLock": "#C15C17",
    "IO": "#5195CE",
    "Client": "#AEA2E0",
    "IPC": "#3F6833",
    "Timeout": "#614D93",
    "BufferPin": "#511749",
    "Activity": "#A0A3A8",
    "Extension": "#6D1F62",
    # whose connections
    "caller": "#C2A878",
    # who uses the processor
    "app": "#F2A33A",
    "database": "#447EBC",
    "pgbouncer": "#8F6B3B",
    "generator": "#A87CA0",
    "target": "#D9A441",
    "held back": "#E24D42",
}


def fixed(meaning: str) -> dict:
    return {"mode": "fixed", "fixedColor": COLOURS[meaning]}
