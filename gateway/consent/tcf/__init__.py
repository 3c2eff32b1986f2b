"""IAB TCF 2.3: what a TC string says, whether it may be believed, and what it grants.

Written to be taken out whole: it knows nothing of Paravent, and nothing outside the standard
library.

    tc = decode(text)                      # its structure, to the last bit
    believed(tc, terms)                    # its dates, its policy version, its segments
    granted(tc, vendor=880)                # the purposes consented to, for one vendor

The first two raise ``TcInvalid`` with a ``Flaw``; a string with one grants nothing.

Source: IAB Tech Lab, "Consent string and vendor list formats v2" (TCF 2.3).
"""

from gateway.consent.tcf.believing import Terms, believed
from gateway.consent.tcf.decoding import MAX_CHARACTERS, decode
from gateway.consent.tcf.flaws import Flaw, TcInvalid
from gateway.consent.tcf.granting import granted, opted_in
from gateway.consent.tcf.parts import PublisherTc, Restriction, TcString, Vendors

__all__ = [
    "MAX_CHARACTERS",
    "Flaw",
    "PublisherTc",
    "Restriction",
    "TcInvalid",
    "TcString",
    "Terms",
    "Vendors",
    "believed",
    "decode",
    "granted",
    "opted_in",
]
