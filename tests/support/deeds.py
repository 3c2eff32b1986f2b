"""What a key service may do to an answer: fail, be slow, or give something else."""

from __future__ import annotations

import gzip
import traceback
from collections.abc import Callable

from pseudonymizer.transit.client import LARGEST_BYTES
from tests.support.liar import Deed, Handler


def status(code: int, body: bytes = b'{"errors":["Vault is sealed"]}') -> Deed:
    return lambda handler, _status, _body: handler.answer(code, body)


def body(change: Callable[[bytes], bytes]) -> Deed:
    return lambda handler, code, real: handler.answer(code, change(real))


def silent(handler: Handler, _status: int, _body: bytes) -> None:
    handler.server.liar.over.wait(20)


def dripping(handler: Handler, code: int, real: bytes) -> None:
    handler.send_response(code)
    handler.send_header("content-length", str(len(real) + 100))
    handler.end_headers()
    for each in real + b" " * 100:
        handler.wfile.write(bytes([each]))
        if handler.server.liar.over.wait(0.05):
            return


def hangs_up(handler: Handler, _status: int, _body: bytes) -> None:
    handler.close_connection = True


def breaks_off(handler: Handler, code: int, real: bytes) -> None:
    handler.answer(code, real[:40], content_length=str(len(real)))
    handler.close_connection = True


def endless(handler: Handler, code: int, _body: bytes) -> None:
    handler.answer(code, b" " * (LARGEST_BYTES + 1))


def packed(handler: Handler, code: int, real: bytes) -> None:
    handler.answer(code, gzip.compress(real), content_encoding="gzip")


DEEDS: dict[str, Deed] = {
    **{f"{code}": status(code) for code in (201, 202, 401, 403, 405, 412, 429, 472, 500, 502, 503)},
    "400 without a reason": status(400, b""),
    "400 with another reason": status(400),
    "200 and nothing": status(200, b""),
    "no JSON": status(200, b"<html>proxy</html>"),
    "a list": status(200, b"[]"),
    "no data": status(200, b"{}"),
    "data of null": status(200, b'{"data":null}'),
    "data of nothing": status(200, b'{"data":{}}'),
    "too deep": status(200, b"[" * 100_000),
    "no UTF-8": status(200, b'{"data":"\xff"}'),
    "cut short": body(lambda real: real[:-20]),
    "hangs up": hangs_up,
    "breaks off": breaks_off,
    "endless": endless,
    "packed": packed,
}


def told(error: BaseException) -> str:
    """Give everything a traceback or a debugger could show of *error*."""
    shown = [repr(error), *traceback.format_exception(error)]
    context = error.__context__
    while context is not None:
        shown.append(repr(context) + repr(vars(context)))
        context = context.__context__
    return " ".join(shown)
