"""One message to the broker, now or not at all."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from celery import Celery
from kombu import Connection
from kombu.exceptions import OperationalError

from workers.errors import BrokerUnavailable

log = structlog.get_logger("paravent.relay")

CONFIRM_S = 5  # how long RabbitMQ may take to confirm a message


class Courier:
    """Sends task messages over one connection of its own, made again after a failure."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._broker: Connection | None = None

    def send(self, task: str, *arguments: int) -> None:
        """Hand one message to the broker; return when it has it.

        An open connection may have been closed by the broker since; a fresh one tells.

        Raises:
            BrokerUnavailable: the broker did not take the message.
        """
        if self._broker is None or not self._published(self._broker, task, arguments):
            self._broker = self._connected()
            if not self._published(self._broker, task, arguments):
                raise _unavailable()

    def close(self) -> None:
        """Let go of the connection, whatever state it is in."""
        broker, self._broker = self._broker, None
        if broker is not None:
            try:
                broker.collect()
            except _errors(broker):
                log.debug("broker-already-gone")

    def _connected(self) -> Connection:
        # No heartbeat: nobody would answer one between two messages.
        broker = self._app.connection_for_write(heartbeat=0)
        try:
            broker.connect()
        except _errors(broker):
            raise _unavailable() from None
        return broker

    def _published(self, broker: Connection, task: str, arguments: Sequence[int]) -> bool:
        try:
            with self._app.amqp.Producer(broker, auto_declare=False) as producer:
                self._app.send_task(
                    task,
                    args=list(arguments),
                    producer=producer,
                    retry=False,
                    ignore_result=True,
                    confirm_timeout=CONFIRM_S,
                )
        except _errors(broker):
            self.close()
            return False
        return True


def _errors(broker: Connection) -> tuple[type[BaseException], ...]:
    """Give what this broker's driver raises when it is away."""
    return (OperationalError, OSError, *broker.connection_errors, *broker.channel_errors)


def _unavailable() -> BrokerUnavailable:
    return BrokerUnavailable("the broker takes no message; a working connection was needed")
