"""Which words the rulebook, the ledger and the data map may use: closed lists, as types.

``StrEnum`` throughout: a member is its own text in YAML, JSON and PostgreSQL.
"""

from __future__ import annotations

from enum import StrEnum


class LegalBasis(StrEnum):
    """The ground of Article 6(1) a purpose rests on."""

    CONSENT = "consent"
    LEGITIMATE_INTEREST = "legitimate_interest"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"


class ConsentStatus(StrEnum):
    """What a consent record says (ISO/IEC TS 27560)."""

    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    INVALIDATED = "invalidated"


class ConsentMethod(StrEnum):
    """How a consent record came to us.

    ``SIGNAL`` rode on an event, ``ASSERTED`` was stated for an import: neither is an act of the
    person that we saw.  ``PREFERENCE`` is a preference-centre event and ``API`` a call of
    ``/v1/consents``: explicit acts, which alone can reopen what was refused or withdrawn.
    """

    SIGNAL = "signal"
    PREFERENCE = "preference"
    API = "api"
    ASSERTED = "asserted"


class Scope(StrEnum):
    """How far a consent reaches: this device, or the person's account."""

    DEVICE = "device"
    ACCOUNT = "account"


class SpecialCategory(StrEnum):
    """What nobody may be sorted by: Articles 9 and 10, minors, financial distress (R-08)."""

    HEALTH = "health"
    BELIEF = "belief"
    POLITICS = "politics"
    UNION = "union"
    ORIGIN = "origin"
    SEX_LIFE = "sex_life"
    BIOMETRICS = "biometrics"
    GENETICS = "genetics"
    OFFENCES = "offences"
    MINORS = "minors"
    DISTRESS = "distress"


class Suspicion(StrEnum):
    """Why an event that consent allows is suspect; the value is what counters show."""

    SOCIAL_SECURITY_NUMBER = "social-security-number"
    SPECIAL_CATEGORY = "special-category"
    UNREADABLE_TEXT = "unreadable-text"


class DataCategory(StrEnum):
    """Kind of data a property or a column holds.  Article 9 kinds are absent on purpose."""

    NAVIGATION = "navigation"
    PRODUCT_INTEREST = "product_interest"
    TRANSACTION = "transaction"
    SEARCH = "search"
    FREE_TEXT = "free_text"
    CAMPAIGN = "campaign"
    DEVICE = "device"
    LOCATION = "location"
    TIME = "time"
    PROFILE = "profile"
    CONSENT = "consent"
    PSEUDONYM = "pseudonym"
    IDENTIFIER = "identifier"
    KEY_MATERIAL = "key_material"
    RIGHTS_REQUEST = "rights_request"
    OPERATOR = "operator"
    AUDIT = "audit"
    TECHNICAL = "technical"


class IdentifierKind(StrEnum):
    """Kinds of direct identifier a source may send."""

    USER_ID = "user_id"
    ANONYMOUS_ID = "anonymous_id"
    EMAIL = "email"
    PHONE = "phone"
    DEVICE_ID = "device_id"


class Keep(StrEnum):
    """What becomes of an identifier: kept encrypted, or its keyed fingerprint only."""

    SEALED = "sealed"
    INDEX = "index"


class EventKind(StrEnum):
    """The call an event arrives by."""

    TRACK = "track"
    PAGE = "page"
    SCREEN = "screen"
    IDENTIFY = "identify"
    GROUP = "group"
    ALIAS = "alias"


class Column(StrEnum):
    """The typed column of the event table a property is kept in."""

    PAGE = "page"
    PRODUCT = "product"
    CATEGORY = "category"
    LABEL = "label"
    CAMPAIGN = "campaign"
    REFERRER = "referrer"
    DEVICE = "device"
    AMOUNT = "amount"
    QUANTITY = "quantity"
    DURATION = "duration"
    NUMBER = "number"
    TEXT = "text"


class PropertyType(StrEnum):
    """How a property's value is read, checked and generalised."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    MONEY = "money"
    URL = "url"
    USER_AGENT = "user_agent"
    IP = "ip"
    TEXT = "text"


class GoogleSignal(StrEnum):
    """The members of Google's Consent Mode v2."""

    AD_STORAGE = "ad_storage"
    AD_USER_DATA = "ad_user_data"
    AD_PERSONALIZATION = "ad_personalization"
    ANALYTICS_STORAGE = "analytics_storage"
    FUNCTIONALITY_STORAGE = "functionality_storage"
    PERSONALIZATION_STORAGE = "personalization_storage"
    SECURITY_STORAGE = "security_storage"


class AgeBand(StrEnum):
    """How old somebody is, as far as it matters (Article 8; Digital Services Act, Article 28)."""

    UNDER_15 = "<15"  # the age of consent on one's own in France
    MINOR = "15-17"
    ADULT = "18+"
    UNKNOWN = "unknown"


class Precision(StrEnum):
    """How coarse a value becomes before it is kept (R-37)."""

    HOST = "host"
    PATH = "path"
    NETWORK = "network"
    DEVICE_CLASS = "device_class"


class FreeText(StrEnum):
    """What becomes of free text in which language models find a name (R-71)."""

    DROP = "drop"
    MASK = "mask"


class Aggregate(StrEnum):
    """What a feature computes from one subject's events."""

    RECENCY = "recency"
    COUNT = "count"
    SUM = "sum"
    SESSIONS = "sessions"
    DISTINCT_DAYS = "distinct_days"
    DWELL = "dwell"
    WEIGHTED_CLICKS = "weighted_clicks"
    FAVOURITE_HOUR = "favourite_hour"
    FREQUENCY = "frequency"
    MEAN_GAP = "mean_gap"
    AGE = "age"


class Unit(StrEnum):
    """What a feature's number counts."""

    DAYS = "days"
    EVENTS = "events"
    SESSIONS = "sessions"
    PURCHASES = "purchases"
    MINOR_UNITS = "minor_units"
    PURCHASES_PER_MONTH = "purchases_per_month"
    SECONDS = "seconds"
    WEIGHTED_CLICKS = "weighted_clicks"
    HOUR = "hour"


class DecisionEffect(StrEnum):
    """How much a segment may weigh on a person (R-24)."""

    NONE = "none"
    MARKETING = "marketing"
    SIGNIFICANT = "significant"


class Comparison(StrEnum):
    """How a condition compares a feature with its threshold."""

    AT_LEAST = "at_least"
    MORE_THAN = "more_than"
    AT_MOST = "at_most"
    LESS_THAN = "less_than"
    EQUALS = "equals"
    DIFFERS = "differs"
