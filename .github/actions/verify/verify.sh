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
  [[ -z $line ]] || arguments+=(--signer "$line")
done <<<"$PV_SIGNERS"
[[ -z $PV_BASE ]] || arguments+=(--base "$PV_BASE")

# The policy must not come from the change it judges: a pull request could loosen it and add the bad model together.
policy=$PV_POLICY
if [[ ! $policy =~ ^(default|integrity|lineage|strict)$ && -n $PV_POLICY_REF ]]; then
  [[ $PV_POLICY_REF =~ ^[0-9A-Za-z][0-9A-Za-z._/-]*$ ]] || refuse 2 "the input 'policy-ref' is not a git revision"
  [[ $policy != /* && $policy != -* && /$policy/ != */../* ]] || refuse 2 "the input 'policy' must lie inside the repository"
  mkdir "$work/policy"
  # The whole folder: a policy names its signers' keys by relative path.
  git archive --format=tar "$PV_POLICY_REF" -- "$(dirname "$policy")" 2>"$work/git" | tar -x -C "$work/policy" ||
    refuse 3 "no policy $policy at $PV_POLICY_REF: check out with fetch-depth: 0 ($(head -c 200 "$work/git"))"
  [[ -f $work/policy/$policy ]] || refuse 3 "no policy $policy at $PV_POLICY_REF"
  cmp -s "$policy" "$work/policy/$policy" ||
    echo "::warning::the policy of this change differs from the one at $PV_POLICY_REF, which is the one that judges"
  policy=$work/policy/$policy
fi

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
