#!/usr/bin/env bash
# A thin shell over the command: words in, one call, outputs and exit code out.
#
# Inputs arrive in PV_* variables only, never in the text of a script. Nothing is written to GITHUB_ENV or GITHUB_PATH.
# What the command prints about a model is an attacker's text: it is shown while workflow commands are switched off.
set -euo pipefail

root=$(cd "$GITHUB_ACTION_PATH/../../.." && pwd)
work=$(mktemp -d "$RUNNER_TEMP/provenance-XXXXXX")

output() {
  local delimiter="EOF-$RANDOM$RANDOM$RANDOM$RANDOM"
  printf '%s<<%s\n%s\n%s\n' "$1" "$delimiter" "$2" "$delimiter" >>"$GITHUB_OUTPUT"
}

finish() { # CODE VERDICT: outputs are set even when the step fails, because a later upload needs them
  output exit-code "$1"
  output verdict "$2"
  exit "$3"
}

refused() { # TEXT CODE: what `refuse` said inside of $(…), where its words were caught, said aloud
  printf '%s\n' "$1"
  exit "$2"
}

refuse() { # CODE MESSAGE
  local text=${2//'%'/'%25'}
  text=${text//$'\r'/'%0D'}
  text=${text//$'\n'/'%0A'}
  echo "::error::$text"
  finish "$1" error "$1"
}

# shellcheck disable=SC2153
[[ $PV_MODE == enforce || $PV_MODE == warn ]] || refuse 2 "the input 'mode' is enforce or warn"
[[ -n $PV_MODEL ]] || refuse 2 "the input 'model' is empty"

# What judges must not come from the change that is judged: a pull request could loosen the policy or replace a signer's
# key and add the bad model together. With a base revision, both are read from there, each with its whole folder, because a
# policy names its signers' keys by relative path.
trusted() { # PATH WHAT: prints where the file of the base revision was put, or the path itself without one
  if [[ -z $PV_POLICY_REF ]]; then
    printf '%s' "$1"
    return
  fi
  [[ $1 != /* && $1 != -* && /$1/ != */../* ]] || refuse 2 "the input '$2' must lie inside the repository: $1"
  mkdir -p "$work/base"
  git archive --format=tar "$PV_POLICY_REF" -- "$(dirname "$1")" 2>"$work/git" | tar -x -C "$work/base" ||
    refuse 3 "no $2 $1 at $PV_POLICY_REF: check out with fetch-depth: 0 ($(head -c 200 "$work/git"))"
  [[ -f $work/base/$1 ]] || refuse 3 "no $2 $1 at $PV_POLICY_REF"
  cmp -s "$1" "$work/base/$1" ||
    echo "::warning::a file of '$2' differs in this change from the base revision's, which is the one that judges" >&2
  printf '%s' "$work/base/$1"
}

[[ -z $PV_POLICY_REF || $PV_POLICY_REF =~ ^[0-9A-Za-z][0-9A-Za-z._/-]*$ ]] ||
  refuse 2 "the input 'policy-ref' is not a git revision"

policy=$PV_POLICY
if [[ ! $policy =~ ^(builtin:)?(default|integrity|lineage|strict)$ ]]; then
  place=$(trusted "$policy" policy) || refused "$place" $?
  policy=$place
fi

arguments=()
while IFS= read -r line; do
  [[ -z $line ]] || arguments+=(--attestation "$line")
done <<<"$PV_ATTESTATIONS"
verb=check
if ((${#arguments[@]} > 0)); then
  verb=verify
  [[ -z $PV_BASE ]] || refuse 2 "the inputs 'base' and 'attestations' exclude each other"
fi
while IFS= read -r line; do
  [[ -z $line ]] && continue
  place=$(trusted "$line" signers) || refused "$place" $?
  arguments+=(--signer "$place")
done <<<"$PV_SIGNERS"
[[ -z $PV_BASE ]] || arguments+=(--base "$PV_BASE")

code=0
PYTHONPATH=$root "$RUNNER_TEMP/provenance-venv/bin/python" -P -m provenance "$verb" --policy "$policy" \
  -o table="$work/report.txt" -o json="$work/report.json" -o sarif="$work/report.sarif" \
  -o summary="$work/summary.md" -o github="$work/annotations.txt" \
  "${arguments[@]}" -- "$PV_MODEL" 2>"$work/errors.txt" || code=$?

token="stop-$RANDOM$RANDOM$RANDOM$RANDOM"
echo "::stop-commands::$token"
cat "$work/errors.txt"
[[ ! -f $work/report.txt ]] || cat "$work/report.txt"
echo "::$token::"
[[ ! -f $work/annotations.txt ]] || cat "$work/annotations.txt"
[[ ! -f $work/summary.md ]] || cat "$work/summary.md" >>"$GITHUB_STEP_SUMMARY"

digest=""
verdict=error
if [[ -f $work/report.json ]]; then
  output report-json "$work/report.json"
  output report-sarif "$work/report.sarif"
  read -r digest verdict < <("$RUNNER_TEMP/provenance-venv/bin/python" -I -c \
    'import json, sys; d = json.load(open(sys.argv[1])); print(d["report"]["subject"]["sha256"], d["verdict"]["outcome"])' \
    "$work/report.json")
fi
output model-digest "$digest"

if [[ $PV_MODE == warn && $verdict != error ]]; then
  finish "$code" "$verdict" 0
fi
finish "$code" "$verdict" "$code"
