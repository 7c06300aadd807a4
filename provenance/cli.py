"""The command: words -> one call into the pipeline -> an exit code. Nothing else prints or exits.

Standard output carries the result, standard error progress and errors. Exit codes: 0 pass, 1 denied, 2 usage,
3 could not decide, 70 a crash of ours (docs/exit-codes.md).
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from provenance import __version__
from provenance.errors import CouldNotLook, Exit, ProvenanceError, UsageError, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provenance.documents.report import Report, VerdictDocument
    from provenance.outputs.progress import Bar
    from provenance.pipeline.destinations import Destination

F = TypeVar("F", bound=Callable[..., Any])

_EPILOG = "Exit codes: 0 pass or warn, 1 denied, 2 usage, 3 could not decide, 70 a crash of ours."


# ---------------------------------------------------------------------------------------------------------------------
# Options that several verbs share
# ---------------------------------------------------------------------------------------------------------------------


def _outputs(function: F) -> F:
    return click.option(
        "-o",
        "--output",
        "outputs",
        multiple=True,
        metavar="KIND=PATH",
        help="Write the result as KIND (table, json, sarif, summary, github) to PATH, or to standard output without "
        "'=PATH'. Repeatable: the model is read once.",
    )(function)


def _policy(function: F) -> F:
    return click.option(
        "--policy",
        metavar="POLICY",
        help="A policy file, or a built-in one: default, integrity, lineage, strict.",
    )(function)


def _base(function: F) -> F:
    return click.option("--base", metavar="BASE", help="The model it is said to be derived from, to compare with.")(
        function
    )


def _attestations(function: F) -> F:
    function = click.option(
        "--signer",
        "signers",
        multiple=True,
        metavar="PUBLIC.pem",
        help="A public key whose attestations are accepted, besides the policy's signers. Repeatable.",
    )(function)
    return click.option(
        "--attestation",
        "attestations",
        multiple=True,
        metavar="BUNDLE",
        help="A .sigstore.jsonl file of attestations about the model. Repeatable.",
    )(function)


def _at(function: F) -> F:
    return click.option(
        "--at",
        metavar="TIME",
        help="Judge as of this time (RFC 3339, such as 2026-11-21T12:00:00Z) instead of now, to repeat a run.",
    )(function)


_MODEL = click.argument("model", metavar="MODEL")


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EPILOG,
    no_args_is_help=True,
)
@click.version_option(__version__, prog_name="provenance", message="%(prog)s %(version)s")
def cli() -> None:
    """Tell whether an open-weight model is what it claims to be.

    MODEL and BASE are a folder of safetensors shards, a single .safetensors or .gguf file, one file of a split set,
    or a snapshot in a Hugging Face cache. Nothing in a model is ever executed and nothing is sent anywhere.
    """


@cli.command(epilog=_EPILOG)
@_MODEL
@_base
@_policy
@_attestations
@_outputs
@_at
def check(
    model: str,
    base: str | None,
    policy: str | None,
    attestations: tuple[str, ...],
    signers: tuple[str, ...],
    outputs: tuple[str, ...],
    at: str | None,
) -> int:
    """Check a model: everything that applies, one verdict.

    Digests every file and tensor in one read, compares the weights with BASE, runs the checks, verifies the
    attestations that are given, and lets the policy judge.

    \b
    provenance check ./fork --base ./base
    provenance check ./fork --base ./base --policy lineage -o table -o sarif=report.sarif
    """
    from provenance.pipeline.check import check as run

    targets = _targets(outputs, model, base, inputs=(policy, *attestations, *signers))
    with _progress() as progress:
        done = run(
            model, base=base, policy=policy, attestations=attestations, signers=signers, at=at, progress=progress
        )
    return _finish(done.report, done.verdict, targets)


@cli.command(epilog=_EPILOG)
@_MODEL
@_base
@_policy
@_outputs
@_at
@click.option(
    "--no-digests",
    is_flag=True,
    help="Read headers and documents, and never the weights' data: the same second for any size. Nothing passes then: "
    "exit 3, or 1 where something is denied.",
)
def scan(
    model: str, base: str | None, policy: str | None, outputs: tuple[str, ...], at: str | None, no_digests: bool
) -> int:
    """Find what is dangerous or odd in a model's files.

    With BASE, templates, tokenizers and configuration are compared with it; the weights are not (see check and diff).

    \b
    provenance scan ./model
    provenance scan ./model --no-digests
    provenance scan model.gguf -o table -o json=report.json
    """
    from provenance.pipeline.check import scan as run

    targets = _targets(outputs, model, base, inputs=(policy,))
    with _progress() as progress:
        done = run(model, base=base, policy=policy, at=at, digests=not no_digests, progress=progress)
    return _finish(done.report, done.verdict, targets)


@cli.command(epilog=_EPILOG)
@_MODEL
@click.option("--base", metavar="BASE", required=True, help="The model to compare with.")
@click.option(
    "--expect",
    metavar="RELATION[,RELATION]",
    help="Exit 1 unless the relations found are exactly these, in this order.",
)
@_outputs
def diff(model: str, base: str, expect: str | None, outputs: tuple[str, ...]) -> int:
    """Say what a model is to its base, tensor by tensor.

    Describes and does not judge: any relation found exits 0, unless --expect names another.

    \b
    provenance diff ./fork --base ./base
    provenance diff ./fork --base ./base --expect dtype-cast
    """
    from provenance.pipeline.diff import diff as run
    from provenance.pipeline.diff import expected_relations

    wanted = expected_relations(expect) if expect is not None else None
    targets = _targets(outputs, model, base)
    with _progress() as progress:
        report = run(model, base=base, progress=progress)
    _write(report, None, targets)
    if wanted is not None and list(wanted) != list(report.relations):
        found, asked = (", ".join(relations) for relations in (report.relations, wanted))
        _complain(f"expected {asked}; found {found}")
        return Exit.DENIED
    unread = [row.surface for row in report.skipped if row.asked]
    if wanted is not None and unread:
        _complain(f"the relation is the expected one, but not all of the model was read: {', '.join(unread[:3])}")
        return Exit.UNDECIDED
    return Exit.PASS


@cli.command(epilog=_EPILOG)
@_MODEL
@_base
@click.option("--report", "report", metavar="REPORT.json", help="Sign this report, after the model is digested again.")
@click.option("--key", metavar="KEY.pem", required=True, help="Private key: P-256, P-384 or Ed25519, PEM.")
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    required=True,
    metavar="bundle=PATH",
    help="Where the attestations go, one Sigstore bundle a line: bundle=OUT.sigstore.jsonl.",
)
@click.option("--at", metavar="TIME", help="Date the statements with this time (RFC 3339) instead of now.")
def attest(model: str, base: str | None, report: str | None, key: str, outputs: tuple[str, ...], at: str | None) -> int:
    """Sign what was found about a model.

    Writes in-toto statements, each about this one model, in Sigstore bundles. An encrypted key's password is read from
    PROVENANCE_KEY_PASSWORD, or asked for.

    \b
    provenance attest ./fork --base ./base --key release.pem -o bundle=fork.sigstore.jsonl
    provenance attest ./fork --report report.json --key release.pem -o bundle=fork.sigstore.jsonl
    """
    from provenance.pipeline.attest import attest as run

    if base is not None and report is not None:
        raise UsageError("--base and --report exclude each other", todo="a report already holds its comparison")
    targets = _targets(outputs, model, base, inputs=(report, key), bundle=True)
    bundles = [target.path for target in targets if target.kind == "bundle"]
    if len(bundles) != 1 or bundles[0] is None:
        raise UsageError("no place for the attestations", todo="add -o bundle=OUT.sigstore.jsonl, once")
    with _progress() as progress:
        done = run(
            model,
            base=base,
            report=report,
            key=key,
            password=_key_password,
            bundle=bundles[0],
            at=at,
            progress=progress,
        )
    _write(done.report, None, [target for target in targets if target.kind != "bundle"])
    _say(
        one_line(f"wrote {done.statements} attestations of sha256:{done.report.subject.sha256} to {bundles[0]}")
        + f"\nsigned with key {done.key_id}\n"
    )
    return Exit.PASS


@cli.command(epilog=_EPILOG)
@_MODEL
@_policy
@_attestations
@_outputs
@_at
def verify(
    model: str,
    policy: str | None,
    attestations: tuple[str, ...],
    signers: tuple[str, ...],
    outputs: tuple[str, ...],
    at: str | None,
) -> int:
    """Verify attestations about a model, offline.

    Digests the model again from disk and checks signature, signer, subject, file set and policy. Needs a policy that
    names signers, or --signer; with --signer alone the built-in policy integrity judges.

    \b
    provenance verify ./fork --attestation fork.sigstore.jsonl --signer release.pub
    provenance verify ./fork --attestation fork.sigstore.jsonl --policy models.toml
    """
    from provenance.pipeline.verify import verify as run

    targets = _targets(outputs, model, inputs=(policy, *attestations, *signers))
    with _progress() as progress:
        done = run(model, policy=policy, attestations=attestations, signers=signers, at=at, progress=progress)
    return _finish(done.report, done.verdict, targets)


@cli.command(epilog=_EPILOG)
@click.argument("report", metavar="REPORT.json")
@_policy
@_outputs
@_at
def report(report: str, policy: str | None, outputs: tuple[str, ...], at: str | None) -> int:
    """Render a saved JSON report, judged again by the policy.

    A verdict found in the file is never believed.
    """
    from provenance.pipeline.report import rejudge

    targets = _targets(outputs, inputs=(report, policy))
    done = rejudge(report, policy=policy, at=at)
    return _finish(done.report, done.verdict, targets)


@cli.group(no_args_is_help=True)
def policy() -> None:
    """Look at policies."""


@policy.command("show")
@click.argument("policy", metavar="POLICY", default="default")
def policy_show(policy: str) -> int:
    """Print a policy as it will be judged: a file, or default, integrity, lineage, strict."""
    from provenance.pipeline.policy import show

    _say(show(policy))
    return Exit.PASS


@policy.command("check")
@click.argument("policy", metavar="POLICY")
def policy_check(policy: str) -> int:
    """Say whether a policy file is valid; exits 2 where it is not."""
    from provenance.pipeline.policy import describe

    _say(describe(policy) + "\n")
    return Exit.PASS


@cli.command()
@click.argument("rule", metavar="RULE", required=False)
def explain(rule: str | None) -> int:
    """Explain a rule: what it means, why it matters, what to do. Without RULE, list them all."""
    from provenance.pipeline.explain import explain as run

    _say(run(rule))
    return Exit.PASS


@cli.command()
def doctor() -> int:
    """Show versions, what is installed, and what each missing piece would enable."""
    from provenance.pipeline.doctor import examine

    _say(examine())
    return Exit.PASS


# ---------------------------------------------------------------------------------------------------------------------
# Results
# ---------------------------------------------------------------------------------------------------------------------

_EXIT_OF = {"pass": Exit.PASS, "warn": Exit.PASS, "undecided": Exit.UNDECIDED, "denied": Exit.DENIED}


def _targets(
    outputs: tuple[str, ...], *models: str | None, inputs: Sequence[str | None] = (), bundle: bool = False
) -> tuple[Destination, ...]:
    """Where the results go, refused before any work is done if a place cannot or must not be written."""
    from provenance.outputs import KINDS
    from provenance.pipeline.destinations import destinations

    kinds = [kind.name for kind in KINDS] + (["bundle"] if bundle else [])
    return destinations(outputs or ("table",), kinds, models=models, inputs=inputs)


def _finish(report: Report, verdict: VerdictDocument, targets: Sequence[Destination]) -> int:
    _write(report, verdict, targets)
    return _EXIT_OF[verdict.outcome.value]


def _write(report: Report, verdict: VerdictDocument | None, targets: Sequence[Destination]) -> None:
    """Render everything, then write everything: one that cannot be made leaves nothing half done."""
    from provenance.documents.files import write_atomically
    from provenance.pipeline.render import render

    texts = [
        render(target.kind, report, verdict, terminal=target.path is None and sys.stdout.isatty()) for target in targets
    ]
    for target, text in zip(targets, texts, strict=True):
        if target.path is not None:
            write_atomically(target.path, text.encode("utf-8"))
    for target, text in zip(targets, texts, strict=True):
        if target.path is None:
            _say(text)


def _say(text: str) -> None:
    """Print a result; a full disk behind standard output is no crash of ours, and no verdict either."""
    try:
        click.echo(text, nl=False)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CouldNotLook(f"standard output cannot be written: {error.strerror}") from None


def _progress() -> Bar:
    from provenance.outputs.progress import Bar

    return Bar()


def _key_password() -> bytes | None:
    """The password of an encrypted key: from the environment, else from the terminal, else none."""
    value = os.environ.get("PROVENANCE_KEY_PASSWORD")
    if value is None and sys.stdin.isatty():
        value = str(click.prompt("Password of the private key", hide_input=True, err=True))
    return value.encode() if value is not None else None


# ---------------------------------------------------------------------------------------------------------------------
# The one place that exits
# ---------------------------------------------------------------------------------------------------------------------


def main() -> NoReturn:
    """Run the command and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name must not crash a terminal that cannot show it
    # pydantic would look at every package of the host for one that wants to change how documents are validated.
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run the command on `arguments` and return its exit code; every failure becomes one line on standard error."""
    try:
        code = cli.main(args=arguments, prog_name="provenance", standalone_mode=False)
        return int(code) if isinstance(code, int) else Exit.PASS
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return Exit.USAGE
    except click.ClickException as error:
        hint = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "provenance"
        _complain(f"{error.format_message()} (see {hint} --help)")
        return Exit.USAGE
    except ProvenanceError as error:
        _complain(str(error))
        return error.exit
    except (KeyboardInterrupt, click.Abort):
        _complain("stopped; nothing was written")
        return 130
    except BrokenPipeError:
        # The reader of our output went away: the rest cannot be shown, and Python must not complain at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.UNDECIDED
    except Exception as error:  # the last resort: a crash of ours must never look like a verdict
        if os.environ.get("PROVENANCE_TRACEBACK"):
            raise
        _complain(
            f"crashed: {type(error).__name__}: {error}. This is a bug of ours, not a verdict on the model; please "
            "report it with the output of the same command under PROVENANCE_TRACEBACK=1"
        )
        return Exit.BUG


def _complain(text: str) -> None:
    click.echo(f"provenance: {one_line(text)}", err=True)
