"""Every fault of a rulebook is refused with its file, line, key and remedy."""

# ruff: noqa: E501 -- one case a line reads as a table

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.errors import RulebookInvalid
from policies.load import SHIPPED, build, content_of, load_rulebook, read_folder, rulebook_of
from policies.reading.source import Value, joined, kept, parse

FILES = {
    path.relative_to(SHIPPED).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(SHIPPED.rglob("*.yaml"))
    if not path.name.endswith(".examples.yaml")
}
PARSED = {file: parse(text, file) for file, text in FILES.items()}
SEGMENT = "segments/newcomers.yaml"

PURPOSE_END = "    notice: cookies_2026_fr\n\n  email_marketing:"
DISCLOSED = "disclosure: {count_floor: 20, export_floor: 100}\n"


def refusal(file: str, text: str) -> RulebookInvalid:
    with pytest.raises(RulebookInvalid) as refused:
        build({**PARSED, file: parse(text, file)})
    return refused.value


def replaced(file: str, old: str, new: str) -> str:
    assert old in FILES[file]
    return FILES[file].replace(old, new, 1)


ALL = "[personalisation, email_marketing, advertising, audience_measurement]"
CASES = [
    ("controller.yaml", "timezone: Europe/Paris", "timezone: Europe/Pariss", "timezone"),
    ("controller.yaml", "timezone: Europe/Paris", "timezone: ../../etc", "timezone"),
    ("controller.yaml", "timezone: Europe/Paris", "timezone: 2", "timezone"),
    ("controller.yaml", "currency: EUR", "currency: euro", "currency"),
    ("controller.yaml", "currency: EUR", "", "currency"),
    ("controller.yaml", "  name: Boutique d'exemple SAS", "  name: ''", "controller.name"),
    ("controller.yaml", "  name: Boutique d'exemple SAS", "  name:", "controller.name"),
    ("domains.yaml", "purposes: [audience_measurement]", "purposes: []", "domains.measurement.purposes"),
    ("domains.yaml", "purposes: [audience_measurement]", "", "domains.measurement.purposes"),
    ("domains.yaml", "[audience_measurement]", "[audience_measurement, advertising]", "advertising"),
    ("domains.yaml", "[audience_measurement]", "[audience_measurement, surveys]", "purposes"),
    ("domains.yaml", "[audience_measurement]", "[surveys]", "purposes.audience_measurement"),
    ("domains.yaml", "profiling: false", "profiling: no", "domains.measurement.profiling"),
    ("domains.yaml", "  measurement:", "  Measurement:", "domains.Measurement"),
    ("domains.yaml", "profiling: false", "", "domains.measurement.profiling"),
    ("domains.yaml", "profiling: false", "profiling: false\n    color: red", "domains.measurement.color"),
    ("domains.yaml", "\ndomains:", "\ndomain:", "domains"),
    ("retention.yaml", "period: 25 months", "period: forever", "retention.behaviour.period"),
    ("retention.yaml", "period: 25 months", "period: 200 years", "retention.behaviour.period"),
    ("retention.yaml", "period: 25 months", "period: 25", "retention.behaviour.period"),
    ("notices.yaml", "valid_from: '2026-01-01'", "valid_from: soon", "notices.cookies_2026_fr.valid_from"),
    ("notices.yaml", "valid_from: '2026-01-01'", "valid_from: ['a']", "notices.cookies_2026_fr.valid_from"),
    ("purposes.yaml", "legal_basis: consent", "legal_basis: consents", "purposes.personalisation.legal_basis"),
    ("purposes.yaml", "legal_basis: consent", "legal_basis: legitimate_interest", "purposes.personalisation.lia"),
    ("purposes.yaml", "legal_basis: consent", "legal_basis: consent\n    lia: LIA-1", "purposes.personalisation.lia"),
    ("purposes.yaml", "retention: behaviour", "retention: behavior", "purposes.personalisation.retention"),
    ("purposes.yaml", "notice: cookies_2026_fr", "notice: none", "purposes.personalisation.notice"),
    ("purposes.yaml", "eprivacy: true", "eprivacy: maybe", "purposes.personalisation.eprivacy"),
    ("consent.yaml", "analytics: [audience_measurement]", "analytics: [audience]", "categories.analytics[0]"),
    ("consent.yaml", "analytics: [audience_measurement]", "analytics: audience_measurement", "categories.analytics"),
    ("consent.yaml", "  analytics:", "  1analytics:", "categories.1analytics"),
    ("identifiers.yaml", "  user_id:", "  customer_id:", "identifiers.customer_id"),
    ("identifiers.yaml", "keep: sealed", "keep: clear", "identifiers.user_id.keep"),
    ("identifiers.yaml", "    region: FR\n", "", "identifiers.phone.region"),
    ("identifiers.yaml", "    region: FR\n", "    region: France\n", "identifiers.phone.region"),
    ("identifiers.yaml", "    keep: sealed\n", "    keep: sealed\n    region: FR\n", "identifiers.user_id.region"),
    ("properties.yaml", "path: context.page.url", "path: context", "properties.page_url.path"),
    ("properties.yaml", "path: context.page.url", "path: userId", "properties.page_url.path"),
    ("properties.yaml", "column: amount", "column: product", "properties.price.column"),
    ("properties.yaml", "category: navigation", "category: identifier", "properties.page_url.category"),
    ("properties.yaml", "category: navigation", "category: health", "properties.page_url.category"),
    ("properties.yaml", "precision: path ", "precision: network", "properties.page_url.precision"),
    ("properties.yaml", "precision: path ", "", "properties.page_url.precision"),
    ("properties.yaml", "    type: money\n", "    type: money\n    precision: host\n", "properties.price.precision"),
    ("properties.yaml", "pattern: '[A-Za-z0-9_-]{1,30}'", "pattern: '['", "properties.error_code.pattern"),
    ("properties.yaml", "max_length: 2000", "max_length: 0", "properties.page_url.max_length"),
    ("properties.yaml", "max_length: 2000", "max_length: true", "properties.page_url.max_length"),
    ("properties.yaml", "    scan: true\n", "    scan: true\n    free_text: keep\n", "properties.query.free_text"),
    ("properties.yaml", "    type: money\n", "    type: money\n    free_text: drop\n", "properties.price.free_text"),
    ("properties.yaml", "purposes: [personalisation]", "purposes: [x]", "properties.query.purposes[0]"),
    ("events.yaml", "purchase: {label: {fr: Achat, en: Purchase}, funnel: true}",
     "purchase: {label: {fr: Achat, en: Purchase}}\n  later: {label: {fr: a, en: a}, funnel: true}",
     "steps.later.funnel"),
    ("events.yaml", "step: view", "step: viewing", "events.Product Viewed.step"),
    ("events.yaml", "kind: page", "kind: pages", "events.Page Viewed.kind"),
    ("events.yaml", "kind: page\n", "kind: track\n", "events.Page Viewed.any_name"),
    ("events.yaml", "kind: screen\n", "kind: page\n", "events.Screen Viewed.any_name"),
    ("events.yaml", "aliases: [compare]", "aliases: [Product  VIEWED]", "events.Products Compared"),
    ("events.yaml", "aliases: [compare]", "aliases: [products compared]", "events.Products Compared"),
    ("events.yaml", "aliases: [compare]", "aliases: [compare, compare]", "events.Products Compared.aliases"),
    ("events.yaml", "aliases: [compare]", "aliases: [1]", "events.Products Compared.aliases[0]"),
    ("events.yaml", "  Product Shared:", "  ' Product Shared':", "events. Product Shared"),
    ("events.yaml", "properties: [query]", "properties: [queries]", "events.Products Searched.properties[0]"),
    ("events.yaml", f"purposes: {ALL}\n    properties: [query]", "purposes: [advertising]\n    properties: [query]", "events.Products Searched.properties"),
    ("events.yaml", f"purposes: {ALL}",
     "purposes: []", "events.Page Viewed.purposes"),
    ("features.yaml", "domain: marketing", "domain: measurement", "features.recency_days.domain"),
    ("features.yaml", "aggregate: recency", "aggregate: median", "features.recency_days.aggregate"),
    ("features.yaml", "aggregate: recency", "aggregate: recency\n    step: view", "features.recency_days.step"),
    ("features.yaml", "aggregate: age", "aggregate: age\n    window: 3 days", "features.age_days.window"),
    ("features.yaml", "window: 30 days", "window: 3 years", "features.purchases_30d.window"),
    ("disclosure.yaml", "count_floor: 20", "count_floor: 10", "disclosure.count_floor"),
    ("disclosure.yaml", "export_floor: 100", "export_floor: 19", "disclosure.export_floor"),
    ("recipients.yaml", "recipients: {}", "recipients: {a: {name: A, country: France, purposes: [advertising]}}",
     "recipients.a.country"),
    ("recipients.yaml", "recipients: {}", "recipients: []", "recipients"),
    ("recipients.yaml", "recipients: {}", "recipients: {}\nmore: 1", "more"),
    ("special_categories.yaml", "  union:", "  unions:", "special_categories.unions"),
    ("special_categories.yaml", "fr: [syndic*]", "fr: []", "special_categories.union.words.fr"),
    ("special_categories.yaml", "fr: [syndic*]", "fr: [s*]", "special_categories.union.words.fr"),
    ("special_categories.yaml", "fr: [syndic*]", "fr: [syn.*]", "special_categories.union.words.fr"),
    ("special_categories.yaml", "fr: [syndic*]", "de: [syndik*]", "special_categories.union.words.fr"),
    (SEGMENT, "key: newcomers", "key: newcomer", "segment.key"),
    (SEGMENT, "version: 1", "version: 0", "segment.version"),
    (SEGMENT, "purpose: personalisation", "purpose: audience_measurement", "segment.purpose"),
    (SEGMENT, "decision_effect: marketing", "decision_effect: significant", "segment.decision_effect"),
    (SEGMENT, "feature: age_days", "feature: income", "segment.members"),
    (SEGMENT, "at_most: 14", "at_most: '14'", "segment.members.all[0].at_most"),
    (SEGMENT, "at_most: 14", "at_most: true", "segment.members.all[0].at_most"),
    (SEGMENT, "at_most: 14", "atmost: 14", "segment.members.all[0]"),
    (SEGMENT, "at_most: 14", "at_most: 14, at_least: 1", "segment.members.all[0]"),
    (SEGMENT, "{feature: age_days, at_most: 14}", "{segment: nobody}", "segment"),
    (SEGMENT, "{feature: age_days, at_most: 14}", "{segment: recent_buyers}", "segment"),
    (SEGMENT, "{feature: age_days, at_most: 14}", "{not: {segment: newcomers}}", "segment"),
    (SEGMENT, "{feature: age_days, at_most: 14}", "{any: []}", "segment.members.all[0].any"),
    (SEGMENT, "{feature: age_days, at_most: 14}", "{any: 3}", "segment.members.all[0].any"),
    (SEGMENT, "{feature: age_days, at_most: 14}", "often", "segment.members.all[0]"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "key"), CASES)
def test_a_fault_names_its_file_its_key_its_line_and_a_remedy(
    file: str, old: str, new: str, key: str
) -> None:
    text = replaced(file, old, new)
    fault = refusal(file, text)
    assert fault.key == key
    assert fault.file in {file, "purposes.yaml"}
    assert 1 <= fault.line <= len(FILES[fault.file].splitlines()) + 3
    assert fault.advice.rstrip(".")
    assert str(fault).startswith(f"{fault.file}:{fault.line}: {key}: ")


def test_a_fault_stands_on_the_line_of_its_key() -> None:
    fault = refusal(
        "disclosure.yaml", "disclosure:\n\n  export_floor: 100\n  count_floor:\n    3\n"
    )
    assert (fault.line, fault.key) == (4, "disclosure.count_floor")


def test_a_misspelt_key_gets_a_suggestion() -> None:
    fault = refusal("disclosure.yaml", DISCLOSED.replace("100", "100, count_flor: 2"))
    assert fault.advice == "Did you mean `count_floor`?"
    fault = refusal(
        "purposes.yaml", replaced("purposes.yaml", "retention: behaviour", "retention: behaviors")
    )
    assert fault.advice == "Did you mean `behaviour`?"


def test_a_circle_of_segments_is_refused() -> None:
    values = dict(PARSED)
    for one, other in (("newcomers", "window_shoppers"), ("window_shoppers", "newcomers")):
        name = f"segments/{one}.yaml"
        head = FILES[name][: FILES[name].index("members:")]
        values[name] = parse(f"{head}members: {{segment: {other}}}\n", name)
    with pytest.raises(RulebookInvalid, match="circle"):
        build(values)


def test_a_segment_may_read_another_of_its_purpose() -> None:
    values = dict(PARSED)
    head = FILES[SEGMENT][: FILES[SEGMENT].index("members:")]
    values[SEGMENT] = parse(f"{head}members: {{segment: engaged_visitors}}\n", SEGMENT)
    assert build(values).segments["newcomers"].key == "newcomers"


def test_a_feature_of_another_domain_is_not_for_the_segment() -> None:
    values = dict(PARSED)
    domains = FILES["domains.yaml"].replace("profiling: false", "profiling: true")
    values["domains.yaml"] = parse(domains, "domains.yaml")
    features = FILES["features.yaml"].replace("domain: marketing", "domain: measurement")
    values["features.yaml"] = parse(features, "features.yaml")
    with pytest.raises(RulebookInvalid, match="another domain"):
        build(values)


def test_more_purposes_than_bits_are_refused() -> None:
    names = [f"p{number}" for number in range(32)]
    values = dict(PARSED)
    entry = FILES["purposes.yaml"].split("  personalisation:\n")[1].split("\n\n")[0]
    purposes = "purposes:\n" + "".join(f"  {name}:\n{entry}\n" for name in names)
    domain = (
        f"{{label: {{fr: a, en: a}}, risk: a, profiling: true, purposes: [{', '.join(names)}]}}"
    )
    values["domains.yaml"] = parse(f"domains: {{one: {domain}}}", "domains.yaml")
    values["purposes.yaml"] = parse(purposes, "purposes.yaml")
    with pytest.raises(RulebookInvalid, match="too many purposes"):
        build(values)


def test_a_recipient_can_be_declared() -> None:
    values = dict(PARSED)
    text = "recipients: {a: {name: A, country: FR, purposes: [advertising]}}"
    values["recipients.yaml"] = parse(text, "recipients.yaml")
    assert build(values).recipients["a"].purposes == ("advertising",)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("# nothing", 1),
        ("- a", 1),
        ("a: [1", 1),
        ("a: 1\n b: 2", 2),
        ("a: 1\n---\nb: 2", 2),
        ("a: 1\nb: 1\na: 2", 3),
        ("a: &x 1\nb: 2", 1),
        ("a: 1\nb: *x", 2),
        ("a: !!python/object:os.system 1", 1),
        ("a: !secret 1", 1),
        ("%YAML 1.1\n---\na: no", 1),
        ("a: .inf", 1),
        ("a: .nan", 1),
        ("a: 0x1f", 1),
        ("a: 1_000.5", 1),
        ("a: 99999999999999999999", 1),
        ("? [1]\n: 2", 1),
        ('a: "\\ud800"', 1),
        ('"\\0": 1', 1),
        ("a: \x00", 1),
        ("a: " + "[" * 40 + "]" * 40, 1),
        ("a: " + "[" * 400 + "]" * 400, 1),
        ("a: " + "x" * 1_000_000, 1),
    ],
    ids=range(24),
)
def test_what_is_not_plain_yaml_is_refused(text: str, line: int) -> None:
    with pytest.raises(RulebookInvalid) as refused:
        parse(text, "a.yaml")
    assert (refused.value.file, refused.value.line) == ("a.yaml", line)


def test_yaml_is_read_as_version_1_2() -> None:
    text = "a: no\nb: on\nc: 012\nd: 1.5\ne: true\nf: ~\ng: 2026-01-01\nh: 'x'\ni: -3\nj: 1e3"
    assert parse(text, "a.yaml").plain() == {
        "a": "no", "b": "on", "c": 12, "d": 1.5, "e": True, "f": None, "g": "2026-01-01",
        "h": "x", "i": -3, "j": 1000.0,
    }  # fmt: skip


def mappings(value: Value) -> list[Value]:
    found = []
    if isinstance(value.content, dict):
        found = [value, *(each for inner in value.content.values() for each in mappings(inner))]
    elif isinstance(value.content, list):
        found = [each for inner in value.content for each in mappings(inner)]
    return found


PLACES = [(file, place.path) for file, value in PARSED.items() for place in mappings(value)]


def with_key(value: Value, path: str, key: str) -> Value:
    content = value.content
    if isinstance(content, dict):
        content = {name: with_key(inner, path, key) for name, inner in content.items()}
        if value.path == path:
            content[key] = Value("x", value.file, value.line, joined(path, key))
    elif isinstance(content, list):
        content = [with_key(inner, path, key) for inner in content]
    return Value(content, value.file, value.line, value.path)


@given(st.sampled_from(PLACES))
def test_a_key_nobody_knows_is_refused_wherever_it_stands(place: tuple[str, str]) -> None:
    file, path = place
    changed = with_key(PARSED[file], path, "unheard_of")
    with pytest.raises(RulebookInvalid) as refused:
        build({**PARSED, file: changed})
    assert "unheard_of" in refused.value.key


@given(st.sampled_from(sorted(FILES)), st.data())
def test_cutting_a_file_anywhere_never_gives_anything_but_our_own_error(
    file: str, data: st.DataObject
) -> None:
    text = FILES[file][: data.draw(st.integers(0, len(FILES[file])))]
    with contextlib.suppress(RulebookInvalid):
        assert build({**PARSED, file: parse(text, file)}).hash


def test_a_rulebook_is_read_again_from_what_is_kept_of_it() -> None:
    rules = load_rulebook()
    again = rulebook_of(rules.content)
    assert (again, again.hash, again.content) == (rules, rules.hash, rules.content)
    assert list(again.step_rules) == list(rules.step_rules)


def test_what_is_kept_holds_no_more_than_a_file_can_say() -> None:
    with pytest.raises(TypeError):
        kept(b"bytes", "a.yaml")
    with pytest.raises(RulebookInvalid):
        rulebook_of(
            load_rulebook().content.replace('"legal_basis":"consent"', '"legal_basis":"because"')
        )


@given(st.text(max_size=60))
def test_any_text_gives_a_value_or_our_own_error(text: str) -> None:
    with contextlib.suppress(RulebookInvalid):
        assert content_of({"a.yaml": parse(text, "a.yaml")})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RulebookInvalid, match="the file is missing") as refused:
        load_rulebook(tmp_path)
    assert refused.value.file == "controller.yaml"


@pytest.mark.parametrize("name", ["purpose.yaml", "segments/deep/x.yaml", "segments/x.yml"])
def test_a_file_nobody_knows_is_named(tmp_path: Path, name: str) -> None:
    _copy(tmp_path)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("a: 1")
    with pytest.raises(RulebookInvalid, match="the file is unknown"):
        read_folder(tmp_path)


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    _copy(tmp_path)
    (tmp_path / "domains.yaml").write_bytes("domains: é".encode("latin-1"))
    with pytest.raises(RulebookInvalid, match="UTF-8"):
        read_folder(tmp_path)


def _copy(folder: Path) -> None:
    (folder / "segments").mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
