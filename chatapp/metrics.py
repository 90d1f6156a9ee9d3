"""What the site counts for Prometheus. Names and numbers only: never who, never what was said.

With several worker processes the values are kept in files of one folder, so that any of them can answer for all.
"""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # of the client library; set before the first import
WAITS = (0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32)
LAGS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)

turns = Counter("chatapp_turns", "Answers that have ended, by how.", ["status", "error"])
tokens = Counter("chatapp_tokens", "Tokens of answers, by model and kind.", ["model", "kind"])
durations = Histogram("chatapp_turn_seconds", "From the question to the end of its answer.", buckets=(*WAITS, 64, 128))
first_tokens = Histogram("chatapp_first_token_seconds", "From the question to the first token.", buckets=WAITS)
running = Gauge("chatapp_turns_running", "Answers that are being written.", multiprocess_mode="livesum")
streams = Gauge("chatapp_streams_open", "Readers of answers that are being written.", multiprocess_mode="livesum")
appends = Histogram("chatapp_log_append_seconds", "Storing what all answers have written meanwhile.", buckets=LAGS)
queue = Gauge("chatapp_log_queue", "Answers of which something is not stored yet.", multiprocess_mode="livesum")
beat = Gauge(
    "chatapp_beat_seconds",
    "Time over which text is gathered; too much to do makes it longer.",
    multiprocess_mode="livemax",
)
reaped = Counter("chatapp_leases_reaped", "Answers ended because the process that wrote them was gone.")
verdicts = Counter("chatapp_guard_verdicts", "Texts that the guards have judged, by what followed.", ["action"])
requests = Counter("chatapp_requests", "Requests, by what they were to and how they ended.", ["endpoint", "status"])


def exposition() -> bytes:
    """All of it, as Prometheus reads it."""
    if FOLDER not in os.environ:
        return generate_latest()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
