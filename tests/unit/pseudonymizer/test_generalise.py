"""What is left of addresses, browsers, pages and instants points at nobody."""

from __future__ import annotations

import base64
import ipaddress
import random
import string
from collections.abc import Iterator
from urllib.parse import quote

import hypothesis.strategies as st
import pytest
from hypothesis import given

from pseudonymizer import generalise
from pseudonymizer.generalise import Generaliser
from pseudonymizer.scrub.engine import Scrubber
from pseudonymizer.scrub.own import own_names
from pseudonymizer.urls import MAX_DEPTH, MAX_SEGMENT_CHARS, PLACEHOLDER, template

# No word of a path holds one of the letters that a secret is written in.
words = st.text("abcdefghijklm", min_size=4, max_size=12)
secrets = st.text("nopqrstuvwxyzNOPQRSTUVWXYZ", min_size=3, max_size=24)


@pytest.fixture
def generaliser(scrubber: Scrubber) -> Iterator[Generaliser]:
    yield Generaliser(scrubber, allowed_hosts={"shop.example.com"})
    scrubber.forget()


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        (" 203.0.113.77\n", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("203.0.113", None),
        ("203.0.113.77:443", None),
        ("ada", None),
        ("", None),
    ],
)
def test_an_address_is_reduced_to_its_network(text: str, network: str | None) -> None:
    assert generalise.ip(text) == network


@given(address=st.ip_addresses())
def test_addresses_of_one_network_are_one(address: ipaddress.IPv4Address) -> None:
    network = generalise.ip(str(address))
    assert network is not None
    assert address in ipaddress.ip_network(network) or network.endswith("/24")
    assert generalise.ip(str(ipaddress.ip_network(network)[9])) == network


@pytest.mark.parametrize(
    ("precision", "left"),
    [("microsecond", 90_061_000_001), ("second", 90_061_000_000), ("minute", 90_060_000_000),
     ("hour", 90_000_000_000), ("day", 86_400_000_000)],
)  # fmt: skip
def test_an_instant_is_rounded_down(precision: generalise.Precision, left: int) -> None:
    assert generalise.rounded(90_061_000_001, precision) == left


def test_an_instant_before_1970_is_rounded_down_too() -> None:
    assert generalise.rounded(-1, "day") == -86_400_000_000


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("https://shop.example.com/robes/robes-longues?q=1#top", "/robes/robes-longues"),
        ("https://SHOP.example.com:8443/Panier", "/panier"),
        ("/panier/", "/panier"),
        ("/", "/"),
        ("https://shop.example.com", "/"),
        ("/produits/4021/avis", "/produits/:id/avis"),
        ("/produits/robe-4021.html", "/produits/:id"),
        ("/c/550e8400-e29b-41d4-a716-446655440000", "/c/:id"),
        ("/c/deadbeefcafe", "/c/:id"),
        ("/mode%20femme", "/:id"),
        ("/été/%C3%A9charpes", "/été/écharpes"),
        ("/users/ada/commandes", "/users/:id/commandes"),
        ("/@ada/liste", "/:id/liste"),
        ("/reset/ada%2540example.org", "/reset/:id"),
        ("/reset/YWRhQGV4YW1wbGUub3Jn", "/reset/:id"),
        ("/panier;jsessionid=ABCDEF", "/panier"),
        ("/a/../panier", "/a/panier"),
        ("/" + "a" * 25, "/:id"),
        ("/a" * (MAX_DEPTH + 3), "/a" * MAX_DEPTH + "/*"),
        ("//shop.example.com/panier", "/panier"),
        ("https://ada:secret@shop.example.com/panier", "/panier"),
        ("https:\\\\shop.example.com\\panier", "/panier"),
        ("https://ailleurs.example.com/panier", None),
        ("mailto:ada@example.org", None),
        ("javascript:alert(1)", None),
        ("android-app://com.example", None),
        ("https://shop.example.com/" + "x" * 3000, None),
    ],
)
def test_a_page_is_reduced_to_its_template(
    text: str, page: str | None, generaliser: Generaliser
) -> None:
    assert generaliser.pages([text]) == [page]
    assert generaliser.pages([text]) == [page]  # and so it is from memory


def test_without_a_list_of_hosts_any_host_is_ours(scrubber: Scrubber) -> None:
    assert generalise.url("https://ailleurs.example.com/panier", scrubber=scrubber) == "/panier"


def test_no_segment_holds_the_subjects_own_identifier(generaliser: Generaliser) -> None:
    pages = generaliser.pages(
        ["/liste/Lovelace/envies", "/liste/lovelace/envies"], own=[("lovelace",), ("hopper",)]
    )
    assert pages == ["/liste/:id/envies", "/liste/lovelace/envies"]


def test_a_name_that_several_segments_hold_together_takes_them_all(
    generaliser: Generaliser,
) -> None:
    own = [own_names(["cust-ada-ll"])] * 2
    assert generaliser.pages(["/cust/ada-ll/liste", "/cust-ada-ll/liste"], own=own) == [
        "/:id",
        "/:id/liste",
    ]


def test_the_words_of_a_name_take_the_segments_they_are_in(generaliser: Generaliser) -> None:
    own = [own_names(["Konrad Zuse"])] * 2
    assert generaliser.pages(["/zuse/konrad/liste", "/konrad-zuse/liste"], own=own) == [
        "/:id/:id/liste",
        "/:id/liste",
    ]


def test_base64_of_letters_alone_is_no_word_of_a_page(generaliser: Generaliser) -> None:
    segment = base64.b64encode(b"ada lovelace").decode()
    assert segment.isalpha()
    assert generaliser.pages([f"/liste/{segment}"]) == ["/liste/:id"]


def test_a_referrer_that_names_or_hides_somebody_is_left_out(generaliser: Generaliser) -> None:
    hidden = b"ada@example.org".hex()
    sites = [f"https://{hidden}.fr/", "https://konrad-zuse.fr/", "https://www.example.org/zuse"]
    own = [own_names(["Konrad Zuse"])] * 3
    assert generaliser.referrers(sites, own=own) == [None, None, "example.org"]


def test_a_campaign_that_names_or_hides_somebody_is_left_out(generaliser: Generaliser) -> None:
    hidden = base64.b64encode(b"ada@example.org").decode()
    own = [own_names(["Konrad Zuse"])] * 3
    names = generaliser.campaign_names([hidden, "pour Konrad Zuse", "Soldes"], own=own)
    assert names == [None, None, "soldes"]
    assert generaliser.campaigns([f"/?utm_source={hidden}"]) == [{}]


@given(path=st.lists(words, max_size=4), name=secrets, password=secrets, key=secrets,
       value=secrets, fragment=secrets, port=st.integers(1, 65535))  # fmt: skip
def test_no_user_query_or_fragment_survives(
    path: list[str], name: str, password: str, key: str, value: str, fragment: str, port: int,
    scrubber: Scrubber,
) -> None:  # fmt: skip
    text = (
        f"https://{name}:{password}@shop.example.com:{port}/{'/'.join(path)};{key}={value}"
        f"?{key}={value}&{value}#{fragment}"
    )
    page = generalise.url(text, scrubber=scrubber, allowed_hosts={"shop.example.com"})
    assert page is not None
    for secret in (name, password, key, value, fragment, str(port)):
        assert secret.lower() not in page


def test_hardly_a_segment_drawn_by_lot_is_taken_for_words() -> None:
    """Links to a basket, a new password or a session are one person's, each."""
    dice, signs = random.Random(1815), string.ascii_letters + string.digits  # noqa: S311
    for length, most in ((8, 0.08), (12, 0.01), (16, 0.001), (22, 0.001)):
        drawn = ["".join(dice.choices(signs, k=length)) for _ in range(2_000)]
        assert sum(template([each]) != "/:id" for each in drawn) <= most * len(drawn)
    words = ["WomenShoes", "myAccount", "Nouveautés", "angora", "schwartz"]
    assert template(words) == "/womenshoes/myaccount/nouveautés/angora/schwartz"


@given(text=st.text(max_size=200))
def test_any_text_leaves_a_bounded_template_of_words(text: str, scrubber: Scrubber) -> None:
    page = generalise.url(text, scrubber=scrubber)
    assert page is None or page.startswith("/")
    kept = (page or "/").split("/")[1:]
    assert len(kept) <= MAX_DEPTH + 1
    for segment in kept:
        assert segment in {PLACEHOLDER, "", "*"} or all(
            len(segment) <= MAX_SEGMENT_CHARS and (c.isalpha() or c in "-_.") for c in segment
        )


@given(
    before=words,
    person=st.sampled_from(["ada@example.org", "0612345678", "+33 6 12 34 56 78", "192.0.2.17"]),
    times=st.integers(0, 3),
)
def test_no_person_in_a_path_survives(
    before: str, person: str, times: int, scrubber: Scrubber
) -> None:
    segment = person
    for _ in range(times):
        segment = quote(segment, safe="")
    assert generalise.url(f"/{before}/{segment}", scrubber=scrubber) in {
        f"/{before}/:id",
        "/:id/:id",
    }


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://www.example.com/x?q=ada", "example.com"),
        ("https://ada.blog.example.co.uk:8080/x", "example.co.uk"),
        ("https://ada@example.org/", "example.org"),
        ("HTTP://WWW.EXAMPLE.ORG", "example.org"),
        ("https://ada.github.io/", "github.io"),
        ("https://203.0.113.9/", None),
        ("https://[2001:db8::1]/", None),
        ("https://localhost/", None),
        ("https://intranet.corp/", None),
        ("android-app://com.example.app", None),
        ("example.org", None),
        ("https://co.uk/", None),
        ("", None),
    ],
)
def test_a_referrer_is_reduced_to_its_registered_domain(text: str, host: str | None) -> None:
    assert generalise.referrer_host(text) == host


@given(text=st.text(max_size=80))
def test_any_referrer_leaves_a_domain_or_nothing(text: str) -> None:
    for referrer in (text, f"https://{text}"):
        host = generalise.referrer_host(referrer)
        assert host is None or set(host) <= set(string.ascii_lowercase + string.digits + ".-")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/?utm_source=Lettre&utm_medium=email&utm_campaign=soldes-%C3%A9t%C3%A9-2024&q=robe",
         {"utm_source": "lettre", "utm_medium": "email", "utm_campaign": "soldes-été-2024"}),
        ("/?utm_source=ada%40example.org&utm_medium=email", {"utm_medium": "email"}),
        ("/?utm_source=a+33612345678", {}),
        ("/?utm_campaign=550e8400e29b41d4a716446655440000", {}),
        ("/?utm_source=" + "x" * 65, {}),
        ("/?utm_source=a&utm_source=b", {"utm_source": "a"}),
        ("/?utm_content=ada&gclid=xyz", {}),
        ("/?" + "&".join("a=1" for _ in range(100)), {}),
        ("/panier", {}),
    ],
)  # fmt: skip
def test_campaigns_keep_the_allowed_parameters_only(
    text: str, found: dict[str, str], generaliser: Generaliser
) -> None:
    assert generaliser.campaigns([text]) == [found]


def test_campaign_names_outside_a_url_are_held_to_the_same(generaliser: Generaliser) -> None:
    names = generaliser.campaign_names(["Soldes Été", "ada@example.org", "réf 123456", ""])
    assert names == ["soldes été", None, None, None]


def test_a_batch_keeps_its_order(generaliser: Generaliser) -> None:
    texts = ["/b/1", "mailto:ada@example.org", "/a", "/b/2", "/a"]
    assert generaliser.pages(texts) == ["/b/:id", None, "/a", "/b/:id", "/a"]
    assert generaliser.referrers(["https://a.example.org", "x"]) == ["example.org", None]
    assert generaliser.devices(["", "curl/8"]) == ["other / other / other", "bot / other / bot"]
