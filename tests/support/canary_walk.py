"""A canary goes through every door of an installation, the right ones and the wrong ones.

What is stored is stored with full consent, in both lanes; what is refused is refused in every way
there is.  Every answer is kept in ``Installed.said``, except the canary's own access report.
"""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from policies.ruleset import RuleSet
from tests.support.builders import ALL_CATEGORIES, consent
from tests.support.canaries import Canary
from tests.support.canary_calls import Call, Calls
from tests.support.installation import Installed

BULK = 300  # calls of a request that takes the bulk lane, by far
LIVE = 45  # one that takes the live lane
EVERY = 5  # one call in so many goes through the live lane, too
PURPOSES = ("personalisation", "email_marketing", "advertising", "audience_measurement")


@dataclass
class Walk:
    """One canary's way through one installation."""

    home: Installed
    canary: Canary
    rules: RuleSet
    folder: Path
    report: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.calls = Calls(self.canary, self.rules)
        self.texts = [text for _, _, text in self.canary.spellings()]
        self.some = self.texts[::5]  # every kind and every encoding is among them

    def send(self) -> None:
        """Send events whose every field holds a canary: stored, refused, and impossible to read."""
        every = list(self.calls.every())
        # Before there is a yes: after it, a no would have erased what it stored.
        self._refuse(every, {"consent": consent(refused=ALL_CATEGORIES)})
        for calls in _cut(every, BULK):
            self._sent(calls)
        for calls in _cut(self._renamed(every[::EVERY]), LIVE):
            self._sent(calls)
        self._refuse(every, {})
        for text, kind in zip(self.texts, itertools.cycle(("track", "identify", "page", "screen"))):
            call = self.calls.base(kind) | {"name": text, "event": text, "category": text}
            self._ok(self.home.post(f"/v1/{kind}", json=call))
            around = {"context": {"page": {"url": text}, text: text}, "integrations": {text: text}}
            self._ok(self.home.post("/v1/import", json={"batch": [call], text: text, **around}))

    def _refuse(self, every: list[Call], said: dict[str, Any]) -> None:
        calls = self._renamed(every[:: EVERY * 10])
        context = {"traits": {"name": self.canary.name}, **said}
        self._sent([call | {"context": context} for call in calls])

    def stumble(self) -> None:
        """Send what cannot be stored, because something is wrong on our side."""
        failed = []
        for text in self.some:
            call = self.calls.base() | {"userId": text, "properties": {"category": text}}
            who = {"kind": "user_id", "value": f"{text}-2"}
            choice = {"identifier": who, "purposes": {"advertising": "given"}}
            failed.append(self.home.post("/v1/track", json=call))
            failed.append(self.home.post("/v1/consents", json=choice))
            body = {"type": "erasure", "identifier": who}
            failed.append(self.home.as_operator("POST", "/v1/rights/requests", json=body))
        wrong = [answer for answer in failed if answer.status_code == 500]
        assert len(wrong) > len(failed) / 2  # the rest cannot be anybody's identifier

    def choose(self) -> None:
        """Record choices about consent, with canaries in every member."""
        given = dict.fromkeys(PURPOSES, "given")
        for kind, _, text in self.canary.spellings():
            whole: dict[str, Any] = {"identifier": self._who(kind), "purposes": given}
            if kind != "name":  # the controller's own words: a name in them is known by nothing
                for said in ({"evidence": text}, {"notice": text}, {"evidence": f"of {text} #1"}):
                    self.home.post("/v1/consents", json=whole | said)
        for text in self.some:
            odds: tuple[dict[str, Any], ...] = (
                {"at": text}, {"scope": text}, {text: text}, {"purposes": {text: "given"}},
                {"purposes": {"personalisation": text}}, {"purposes": {text: text}},
                {"identifier": {"kind": text, "value": text}}, {"identifier": text},
                {"identifier": {"kind": "email", "value": text}},
            )  # fmt: skip
            for odd in odds:
                self.home.post("/v1/consents", json=whole | odd)

    def look_up(self) -> None:
        """Ask for segments, by everything a canary may be called."""
        for text in self.texts:
            for kind in ("user_id", "email", "phone", text):
                body = {"identifier": {"kind": kind, "value": text}}
                self.home.post("/v1/subjects/segments", json=body)
            self.home.post("/v1/subjects/segments", json={text: {text: text}})
        known = {"kind": "user_id", "value": self.canary.user_id}
        self._ok(self.home.post("/v1/subjects/segments", json={"identifier": known}))

    def ask(self) -> None:
        """Ask for access: the canary's own report is theirs, and so it is not kept here."""
        asked = self._request("access", "user_id", self.canary.user_id)
        answer = self.home.as_operator("GET", asked["result"], kept=False)
        self.report = answer.json()
        for text in self.some:
            self._request("access", "email", text)
            self._request("access", "anonymous_id", text)
        for text in self.some:
            who = {"kind": "user_id", "value": text}
            bodies: tuple[dict[str, Any], ...] = (
                {"type": text, "identifier": who}, {"type": "access", "identifier": text},
                {"type": "access", "identifier": who, "channel": text},
                {"type": "access", "identifier": who, "identity_check": {"method": text}},
                {"type": "access", "identifier": who, text: text}, {text: text},
            )  # fmt: skip
            for body in bodies:
                self.home.as_operator("POST", "/v1/rights/requests", json=body)
            self.home.as_operator("GET", f"/v1/rights/requests/{quote(text, safe='')}/result")
            self.home.as_operator("GET", f"/v1/audit/entries?from={quote(text)}")
        self.home.as_operator("GET", "/v1/rights/requests")
        self.home.as_operator("GET", "/v1/audit/entries")

    def erase(self) -> None:
        """Have the canary erased, over HTTP and once more from the command line."""
        done = self._request("erasure", "user_id", self.canary.user_id)
        self.home.as_operator("GET", done["result"])
        words = ("rights", "erase", "--kind", "email", "--value-stdin", "--json")
        self.home.command(*words, given=f"{self.canary.email}\n")

    def import_files(self) -> None:
        """Import files whose every cell is a canary, with a map and with one that is wrong."""
        rows = self.folder / "rows.ndjson"
        search = {"customer": self.canary.user_id, "browser": self.canary.anonymous_id,
                  "full name": self.canary.name, "at": _now(), "what": "search"}  # fmt: skip
        cells = [search | {"typed": text, "page": f"/{text}", text: text} for text in self.texts]
        cells += [{"customer": text, "at": text, "what": text} for text in self.texts]
        rows.write_text("".join(json.dumps(row) + "\n" for row in cells) + "\n".join(self.texts))
        map_ = self.folder / "map.yaml"
        map_.write_text(MAP)
        consents = self.folder / f"{self.canary.email} {self.canary.phone}.csv"
        self._write_consents(consents)
        words = ("import", str(rows), "--map", str(map_), "--source", "crm", "--json")
        stated = ("--assert-consent", "advertising", "--evidence", f"mail {self.canary.email}")
        done = self.home.command(*words, *stated, "--consent-file", str(consents))
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(done.stdout)["stored"] == len(self.texts), (done.stdout, done.stderr)
        map_.write_text(f"{MAP}\n{self.canary.email}: {{{self.canary.name}")
        assert self.home.command(*words).returncode == 1

    def _write_consents(self, path: Path) -> None:
        with path.open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("kind", "value", "purpose", "status", "at", "evidence"))
            for kind, _, text in [("user id", "", ""), *self.canary.spellings()]:
                if kind != "name":
                    who = self._who(kind).values()
                    writer.writerow((*who, "personalisation", "given", _now(), text))

    def _who(self, kind: str) -> dict[str, str]:
        """Give the identifier by which a text about itself is sent."""
        if kind == "anonymous id":
            return {"kind": "anonymous_id", "value": self.canary.anonymous_id}
        return {"kind": "user_id", "value": self.canary.user_id}

    def _request(self, type_: str, kind: str, value: str) -> dict[str, Any]:
        body = {"type": type_, "identifier": {"kind": kind, "value": value}}
        answer = self.home.as_operator("POST", "/v1/rights/requests", json=body)
        found: dict[str, Any] = answer.json()
        assert found["state"] == "closed", found
        return found

    def _sent(self, calls: list[Call]) -> None:
        self._ok(self.home.post("/v1/batch", json={"batch": calls, "sentAt": _now()}))

    def _ok(self, answer: httpx.Response) -> None:
        assert answer.status_code == 200, answer.text

    def _renamed(self, calls: Iterable[Call]) -> list[Call]:
        """Give the same calls as other messages."""
        return [call | {"messageId": f"again-{call['messageId']}"} for call in calls]


MAP = """\
type: track
event: {column: what, values: {search: Products Searched}}
identifiers: {user_id: customer, anonymous_id: browser}
time: at
fields:
  properties.query: typed
  properties.category: typed
  context.page.url: page
  context.traits.name: full name
"""


def _now() -> str:
    """Give now to the microsecond: cut to the second it lies before a choice just recorded."""
    return datetime.now(UTC).isoformat()


def _cut(calls: list[Call], size: int) -> Iterator[list[Call]]:
    for start in range(0, len(calls), size):
        yield calls[start : start + size]
