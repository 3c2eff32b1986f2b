"""What can be wrong on the pseudonymous side.

Messages name rules, tables, counts and SQLSTATE codes; never a pseudonym, a surrogate or a value.
"""

from __future__ import annotations

from policies.errors import ParaventError


class FeatureNotComputable(ParaventError):
    """The folded state does not hold what a declared feature asks for."""

    code = "feature-not-computable"
    remedy = (
        "Change the feature's aggregate, step or window in features.yaml: recency knows the newest "
        "event and the newest purchase, sums are of purchases, and dwell, weighted clicks, "
        "favourite hour and age have no window."
    )

    def __init__(self, key: str) -> None:
        super().__init__(f"feature {key} asks for what the state does not hold")


class SegmentCircular(ParaventError):
    """A segment refers to itself through others."""

    code = "segment-circular"
    remedy = "Break the circle of `segment:` references in the rulebook's segments."

    def __init__(self, key: str) -> None:
        super().__init__(f"segment {key} refers to itself; references must end somewhere")


class NoticeRewritten(ParaventError):
    """A notice that people have read has other words now."""

    code = "notice-rewritten"
    remedy = (
        "Put the old words back and add the new ones as a notice of their own: the old are proof."
    )

    def __init__(self, key: str) -> None:
        super().__init__(f"the text of notice {key} is not the one that was registered")


class SegmentRedefined(ParaventError):
    """A segment's definition changed, but its version did not."""

    code = "segment-redefined"
    remedy = "Raise the segment's version in the rulebook: its members were chosen by another rule."

    def __init__(self, key: str, version: int) -> None:
        super().__init__(f"segment {key} version {version} is already defined otherwise")


class SettingsRefused(ParaventError):
    """This process was given what it must not have, or lacks what it needs."""

    code = "settings-refused"
    remedy = "Start workers with PARAVENT_STORE_DSN and PARAVENT_BROKER_URL, without vault or keys."


class BrokerUnavailable(ParaventError):
    """The broker does not answer; work stays in the outbox."""

    code = "broker-unavailable"
    remedy = "Check the broker; the outbox is delivered by itself once it answers."
