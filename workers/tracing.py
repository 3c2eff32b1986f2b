"""Where did the time of one request, commit group or task go?  Spans, sent to one configured place.

Off unless an endpoint is set, and then nothing but names and numbers of ours leaves: attributes are
allow-listed here, no exception is recorded, and no trace of a sender's is continued, because a
trace id is thirty-two characters of the sender's choosing.  The gateway uses this too; it is here
because workers import nothing of the gateway's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from celery import signals

from policies.errors import ParaventError

if TYPE_CHECKING:
    from opentelemetry.trace import Span, SpanContext, Tracer

ALLOWED: Final = frozenset({"door", "events", "outcome", "requests", "status", "task"})
Attributes = Mapping[str, str | int]
# The span of the request being answered, for whoever works for several requests at once.
REQUEST: Final[ContextVar[SpanContext | None]] = ContextVar("request", default=None)


class TracingNotInstalled(ParaventError):
    """Spans are to be sent, and what sends them is not installed."""

    code = "tracing-not-installed"
    remedy = "Install the extra `tracing`, or unset PARAVENT_OTLP_ENDPOINT."


class Tracing:
    """Sends spans to one collector."""

    def __init__(self, endpoint: str, *, service: str, share: float = 1.0) -> None:
        """Begin to send to *endpoint*, an OTLP/HTTP collector; *share* of all traces.

        Raises:
            TracingNotInstalled: the extra is missing.
        """
        if find_spec("opentelemetry.sdk") is None:
            raise TracingNotInstalled("PARAVENT_OTLP_ENDPOINT is set; needed the extra `tracing`")
        # Imported here: an extra, which a process without tracing can do without.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.sdk.trace.sampling import TraceIdRatioBased  # noqa: PLC0415

        # Made by hand: the library's own would add host, process and whatever the environment says.
        said = {"service.name": service, "service.version": version("paravent")}
        self._provider = TracerProvider(
            sampler=TraceIdRatioBased(share), resource=Resource(said), shutdown_on_exit=False
        )
        exporter = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + "/v1/traces")
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        # Not the process's global tracer: a library that finds one would add spans of its own.
        self._tracer: Tracer = self._provider.get_tracer("paravent")

    def begin(self, name: str, began_ns: int) -> Span:
        """Begin a span with no parent, whatever the request says about one."""
        from opentelemetry.context import Context  # noqa: PLC0415

        return self._tracer.start_span(name, context=Context(), start_time=began_ns)

    def add(
        self,
        name: str,
        during: tuple[int, int],
        *,
        parent: Span | None = None,
        links: Sequence[SpanContext] = (),
        attributes: Attributes | None = None,
    ) -> Span:
        """Add a span that is over, between two instants in nanoseconds.

        *links* are the spans of the requests it worked for.
        """
        from opentelemetry.context import Context  # noqa: PLC0415
        from opentelemetry.trace import Link, set_span_in_context  # noqa: PLC0415

        context = Context() if parent is None else set_span_in_context(parent, Context())
        span = self._tracer.start_span(
            name,
            context=context,
            start_time=during[0],
            links=[Link(link) for link in links],
            attributes=kept(attributes or {}),
        )
        span.end(during[1])
        return span

    def close(self) -> None:
        """Send what is left, and no more."""
        self._provider.shutdown()


def kept(attributes: Attributes) -> dict[str, str | int]:
    """Give the allow-listed ones of *attributes*."""
    return {key: value for key, value in attributes.items() if key in ALLOWED}


class _Process:
    """What the processes that run tasks trace with; each makes its own after the fork."""

    tracing: Tracing | None = None
    running: dict[str, Span]


def trace_tasks(start: Callable[[], Tracing | None], clock_ns: Callable[[], int]) -> None:
    """Send a span for each task from now on, from this process and from those it forks."""
    _Process.running = {}

    def forked(**_: object) -> None:
        _Process.tracing = start()

    def begun(task_id: str = "", **_: object) -> None:
        if _Process.tracing is not None:
            _Process.running[task_id] = _Process.tracing.begin("task", clock_ns())

    def ended(task_id: str = "", task: Any = None, state: str = "", **_: object) -> None:  # noqa: ANN401  the signal's signature
        span = _Process.running.pop(task_id, None)
        if span is not None:
            outcome = "done" if state == "SUCCESS" else "failed"
            span.set_attributes(kept({"task": getattr(task, "name", ""), "outcome": outcome}))
            span.end(clock_ns())

    def over(**_: object) -> None:
        if _Process.tracing is not None:
            _Process.tracing.close()

    signals.worker_process_init.connect(forked, weak=False)
    signals.task_prerun.connect(begun, weak=False)
    signals.task_postrun.connect(ended, weak=False)
    signals.worker_process_shutdown.connect(over, weak=False)
