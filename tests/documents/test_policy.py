"""What a policy file may hold, and the one line that tells what is wrong with it."""

from __future__ import annotations

import time
import tracemalloc
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.documents.complaint import did_you_mean
from provenance.documents.policy import MAX_BYTES, MAX_DOTS, MAX_DOTS_IN_VALUE, TABLES, Policy, read, validate
from provenance.documents.predicates import MODEL_LINEAGE, MODEL_SCAN
from provenance.errors import Exit, UsageError
from provenance.records import Assurance, Relation, Severity

DIGEST = "a" * 64
SIGNER = "[signer.lab]\npublic-key = 'lab.pub'\n"
EXCEPTION = (
    "[[exception]]\nrule = 'remote-code'\nsubject = '" + DIGEST + "'\nreason = 'read line by line'\n"
    "expires = 2027-01-01\napproved-by = 'jane'\n"
)


def parse(text: str) -> Policy:
    return validate(read(f"version = 1\n{text}".encode(), where="p.toml"), where="p.toml")


def refused(text: str) -> str:
    with pytest.raises(UsageError) as error:
        parse(text)
    assert error.value.exit is Exit.USAGE
    line = str(error.value)
    assert line.startswith("p.toml: ")
    assert line.isprintable()
    return line.removeprefix("p.toml: ")


def test_every_key_is_read() -> None:
    policy = parse(
        f"""
        name = "all"
        extends = "builtin:strict"
        [signer.lab]
        public-key = "lab.pub"
        not-after = 2027-12-31
        predicate-types = ["model-scan", "https://example.org/t"]
        [formats]
        allow = ["safetensors", "gguf"]
        other-files = "no-code"
        [findings]
        deny-severity = "critical"
        warn-severity = "info"
        deny = ["pickle-file"]
        warn = ["remote-code"]
        on-missing = "pass"
        [lineage]
        relations = ["identical", "dtype-cast"]
        bases = ["{DIGEST}"]
        on-missing = "warn"
        inconclusive = "fail"
        [coverage]
        asked = "fail"
        unread = "warn"
        not-asked = "unknown"
        may-skip = ["behaviour"]
        assurance = "sampled"
        [[attestations]]
        type = "model-scan"
        from = ["lab"]
        max-age = "30d"
        on-missing = "fail"
        [[attestations]]
        type = "https://example.org/t"
        {EXCEPTION}
        """
    )
    assert (policy.version, policy.name, policy.extends) == (1, "all", "builtin:strict")
    signer = policy.signer["lab"]
    assert signer.public_key == "lab.pub"
    assert signer.expires == datetime(2027, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    assert signer.predicate_uris == frozenset({MODEL_SCAN, "https://example.org/t"})
    assert (policy.formats.allow, policy.formats.other_files) == (("safetensors", "gguf"), "no-code")
    assert (policy.findings.deny_severity, policy.findings.warn_severity) == (Severity.CRITICAL, Severity.INFO)
    assert policy.lineage.allowed == {Relation.IDENTICAL, Relation.DTYPE_CAST}
    assert (policy.lineage.on_missing, policy.lineage.inconclusive, policy.lineage.bases) == ("warn", "fail", (DIGEST,))
    assert (policy.coverage.assurance, policy.coverage.may_skip) == (Assurance.SAMPLED, ("behaviour",))
    scan, other = policy.attestations
    assert (scan.uri, scan.signers, scan.age, scan.on_missing) == (MODEL_SCAN, ("lab",), timedelta(days=30), "fail")
    assert (other.uri, other.signers, other.age, other.on_missing) == ("https://example.org/t", None, None, "unknown")
    assert policy.exception[0].expires == date(2027, 1, 1)
    assert policy.rule_ids == {"pickle-file", "remote-code"}


def test_a_signer_without_limits() -> None:
    signer = parse(SIGNER).signer["lab"]
    assert (signer.expires, signer.predicate_uris) == (None, None)


def test_any_relation_is_every_relation() -> None:
    assert parse("").lineage.allowed == frozenset(Relation)


@pytest.mark.parametrize(("text", "duration"), [("12h", 12), ("1d", 24), ("99999w", 99999 * 168)])
def test_ages(text: str, duration: int) -> None:
    (requirement,) = parse(f"[[attestations]]\ntype='model-lineage'\nmax-age='{text}'").attestations
    assert requirement.age == timedelta(hours=duration)
    assert requirement.uri == MODEL_LINEAGE


def test_dates_may_stand_in_quotes() -> None:
    assert parse(EXCEPTION.replace("2027-01-01", "'2027-01-01'")) == parse(EXCEPTION)


def test_a_policy_is_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        parse("").findings.deny_severity = Severity.INFO  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("nmae = 'x'", "unknown key `nmae` (did you mean `name`?)"),
        ("[finding]\n", "unknown key `finding` (did you mean `findings`?)"),
        ("[findings]\ndeny-severty = 'error'", "unknown key `findings.deny-severty` (did you mean `deny-severity`?)"),
        ("[findings]\ndeny_severity = 'error'", "unknown key `findings.deny_severity` (did you mean `deny-severity`?)"),
        ("[signer.lab]\npublic-keys = 'x'", "unknown key `signer.lab.public-keys` (did you mean `public-key`?)"),
        (
            f"{EXCEPTION}ticket = 1",
            "unknown key `exception[0].ticket` (known here: rule, subject, reason, expires, approved-by)",
        ),
        (
            "[[attestations]]\ntype='model-scan'\nsigners=['lab']",
            "unknown key `attestations[0].signers` (known here: type, from, max-age, on-missing)",
        ),
        ("[lineage]\nbases = []", "`lineage.relations` is missing (add it)"),
        ("[findings]\ndeny-severity = 'eror'", "`findings.deny-severity` is 'eror' (did you mean `error`?)"),
        (
            "[findings]\ndeny-severity = 7",
            "`findings.deny-severity` is 7 (use info or warning or error or critical)",
        ),
        (
            "[lineage]\nrelations = ['fine-tunned']\non-missing = 'pass'",
            "`lineage.relations[0]` is 'fine-tunned' (did you mean `fine-tuned`?)",
        ),
        ("[lineage]\nrelations = 'all'\non-missing = 'pass'", "`lineage.relations` is 'all' (use any or a list)"),
        (
            "[lineage]\nrelations = ['identical', 'inconclusive']\non-missing = 'pass'",
            (
                "`lineage.relations[1]` is 'inconclusive' (the lack of a relation cannot be allowed; the key lineage."
                "inconclusive says what it means)"
            ),
        ),
        (
            "[formats]\nallow = []\nother-files = 'any'",
            "`formats.allow` is empty (name at least one, or leave the key out)",
        ),
        (
            "[formats]\nallow = ['safetensor']\nother-files = 'any'",
            "`formats.allow[0]` is 'safetensor' (did you mean `safetensors`?)",
        ),
        ("extends = 'builtin:strct'", "`extends` is 'builtin:strct' (did you mean `builtin:strict`?)"),
        (
            "extends = './other.toml'",
            (
                "`extends` is './other.toml' (use builtin:default or builtin:integrity or builtin:lineage or "
                "builtin:strict)"
            ),
        ),
        (
            "[findings]\ndeny-severity='error'\ndeny=['Pickle File']",
            "`findings.deny[0]` is 'Pickle File' (did you mean `pickle-file`?)",
        ),
        (
            "[findings]\ndeny-severity='error'\nwarn=['X']",
            "`findings.warn[0]` is 'X' (write a name in lower kebab-case, such as `pickle-file`)",
        ),
        (
            "[findings]\ndeny-severity='error'\ndeny=['a', 'b']\nwarn=['b']",
            "`findings`: `b` is in `deny` and in `warn`; keep it in one (see docs/policy.md)",
        ),
        (
            "[[attestations]]\ntype = 'model-scann'",
            "`attestations[0].type` is 'model-scann' (did you mean `model-scan`?)",
        ),
        (
            "[[attestations]]\ntype = 'model-scan'\nmax-age = 'month'",
            "`attestations[0].max-age` is 'month' (write an age in hours, days or weeks, such as `12h`, `30d` or `4w`)",
        ),
        (
            "[[attestations]]\ntype = 'model-scan'\nfrom = []",
            "`attestations[0].from` is empty (name at least one, or leave the key out)",
        ),
        (
            f"{SIGNER}[[attestations]]\ntype = 'model-scan'\nfrom = ['lab', 'lap']",
            (
                "`attestations[0].from` names `lap`, which is no signer of this policy; did you mean `lab`? "
                "(see docs/policy.md)"
            ),
        ),
        (
            "[[attestations]]\ntype = 'model-scan'\nfrom = ['lab']",
            (
                "`attestations[0].from` names `lab`, which is no signer of this policy; add a table [signer.lab] with "
                "its public-key (see docs/policy.md)"
            ),
        ),
        (
            f"[lineage]\nrelations='any'\non-missing='pass'\nbases=['{DIGEST.upper()}']",
            f"`lineage.bases[0]` is '{DIGEST.upper()}' (write a SHA-256 digest, 64 lower-case hex digits)",
        ),
        (
            "[signer.Lab_1]\npublic-key='x'",
            "`signer.Lab_1` is 'Lab_1' (write a name in lower kebab-case, such as `pickle-file`)",
        ),
        (
            "[attestations]\ntype='model-scan'",
            "`attestations` is not a list (write attestations = [...], or [[attestations]] for a list of tables)",
        ),
        ("[[lineage]]\nrelations='any'", "`lineage` is not a table (write [lineage])"),
        ("signer = 1", "`signer` is not a table (write [signer])"),
        ("name = 1", "`name` is 1 (input should be a valid string)"),
        ("name = ''", "`name` is '' (string should have at least 1 character)"),
        (
            EXCEPTION.replace("read line by line", "fine"),
            "`exception[0].reason` is 'fine' (string should have at least 10 characters)",
        ),
        (EXCEPTION.replace("expires = 2027-01-01\n", ""), "`exception[0].expires` is missing (add it)"),
    ],
)
def test_what_is_wrong_is_told_with_the_path_of_the_key(text: str, line: str) -> None:
    assert refused(text) == line


@pytest.mark.parametrize(
    ("extends", "table", "todo"),
    [
        ("builtin:strict", "lineage", "with extends, a table is replaced as a whole"),
        ("builtin:default", "coverage", "copy its keys from `provenance policy show default`"),
        (None, "lineage", "(add it)"),
        ("builtin:strict", "exception", "(add it)"),
    ],
)
def test_a_table_that_is_replaced_lacks_what_was_not_copied(extends: str | None, table: str, todo: str) -> None:
    tree: dict[str, object] = {"version": 1, table: [{}] if table == "exception" else {}}
    tree |= {"extends": extends} if extends else {}
    with pytest.raises(UsageError) as error:
        validate(tree, where="p.toml")
    assert "is missing" in str(error.value)
    assert todo in str(error.value)


@pytest.mark.parametrize("expires", ["2027-01-01T00:00:00Z", "'soon'", "20270101", "12:00:00"])
def test_an_expiry_is_a_date(expires: str) -> None:
    assert refused(EXCEPTION.replace("2027-01-01", expires)).startswith("`exception[0].expires` is ")


@pytest.mark.parametrize(
    ("version", "shown"), [("2", "2"), ("0", "0"), ("true", "'True'"), ("1.0", "'1.0'"), ("'1'", "\"'1'\"")]
)
def test_versions_that_this_release_does_not_read(version: str, shown: str) -> None:
    with pytest.raises(UsageError) as error:
        validate(read(f"version = {version}".encode(), where="p.toml"), where="p.toml")
    assert str(error.value) == f"p.toml: `version` is {shown} (use 1)"


def test_the_version_is_required() -> None:
    with pytest.raises(UsageError, match="`version` is missing"):
        validate({}, where="p.toml")


def test_hostile_text_is_cut_and_escaped() -> None:
    line = refused('extends = "\\u001b[31m' + "x" * 5000 + '"')
    assert len(line) < 300


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"version = ", "not TOML: Invalid value (at end of document)"),
        (b"version = 1\nname = x\n", "not TOML: Invalid value (at line 2, column 8)"),
        (b"version = 1\nversion = 1\n", "not TOML: Cannot overwrite a value (at line 2, column 12)"),
        (b"version = 1\nname = '\xff'\n", "not UTF-8 at line 2"),
        (b"\xef\xbb\xbfversion = 1", "not TOML"),
        (b"version = " + b"9" * 5000, "not TOML: Exceeds the limit"),
        (b"version = " + b"[" * 100_000, "not TOML"),
        (b"#" * (MAX_BYTES + 1), f"{MAX_BYTES + 1} bytes of policy"),
        (b"version = 1\n" + b"a." * (MAX_DOTS + 1) + b"a = 1", "too many dots in a key at line 2"),
        (b"version = { " + b"a." * (MAX_DOTS_IN_VALUE + 1) + b"a = 1 }", "too many dots in a key at line 1"),
    ],
)
def test_what_is_not_toml_is_told_with_its_line(data: bytes, words: str) -> None:
    with pytest.raises(UsageError) as error:
        read(data, where="p.toml")
    assert words in str(error.value)
    assert error.value.exit is Exit.USAGE


def test_a_file_of_the_largest_size_is_read() -> None:
    assert read(b"version = 1\n".ljust(MAX_BYTES, b"#"), where="p.toml") == {"version": 1}


def test_dots_in_values_are_no_dots_in_keys() -> None:
    assert parse(f"name = '{'.' * 100}'").name == "." * 100


@pytest.mark.parametrize("depth", [50, 150, 190, 250, 400, 1000])
def test_a_key_nested_beyond_reason_ends_in_one_line(depth: int) -> None:
    dotted = ".".join("a" * depth)
    for value in (f"{{ {dotted} = 1 }}", "[" * depth + "]" * depth):
        line = refused(f"name = {value}")
        assert len(line) < 300
        assert line.startswith(("`name`: Input should be", "nested too deeply", "not TOML"))


DENSE = {
    "inline": "k{0} = {{ " + "a." * MAX_DOTS_IN_VALUE + "a = 1 }}\n",
    "dotted": "[k{0}." + "a." * (MAX_DOTS - 2) + "a]\nb." + "b." * (MAX_DOTS - 1) + "b = 1\n",
    "tables": "[[a]]\n",
    "numbers": "k{0} = [" + "1," * 1000 + "]\n",
}


@pytest.mark.parametrize("text", DENSE.values(), ids=DENSE.keys())
def test_the_densest_files_cost_little(text: str) -> None:
    part = "".join(text.format(number) for number in range(MAX_BYTES // 8 // (len(text) + 6)))
    tracemalloc.start()
    started = time.process_time()
    read(part.encode(), where="p.toml")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.process_time() - started < 30 / 8
    assert peak < 200 * 1024 * 1024 / 8


def _assert_one_line(error: UsageError) -> None:
    assert str(error).isprintable()
    assert len(str(error)) < 1000


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_a_policy_or_a_usage_error(text: str) -> None:
    try:
        parse(text)
    except UsageError as error:
        _assert_one_line(error)


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([*Policy.model_fields]), TREES, st.sampled_from(["", *TABLES]), st.text(max_size=8))
def test_any_value_under_any_key_is_a_policy_or_a_usage_error(key: str, value: Any, table: str, inner: str) -> None:
    tree = {"version": 1, key: value}
    if table:
        fields = [field.alias or name for name, field in TABLES[table].model_fields.items()]
        made = {fields[len(inner) % len(fields)]: value, inner: value}
        tree[table] = {"signer": {"lab": made}, "attestations": [made], "exception": [made]}.get(table, made)
    try:
        assert validate(tree, where="p.toml").version == 1
    except UsageError as error:
        _assert_one_line(error)


def test_no_near_word_no_suggestion() -> None:
    assert did_you_mean("zzz", ["abc"]) == ""
    assert did_you_mean("identcal", Relation) == "did you mean `identical`?"
