#!/usr/bin/env bash
# Dependencies come from the hash-locked file beside the code; the code is the action's own checkout, run in place.
# Pinning the action by commit therefore pins every byte of the verifier.
set -euo pipefail

root=$(cd "$GITHUB_ACTION_PATH/../../.." && pwd)
venv="$RUNNER_TEMP/provenance-venv"

# -I: the working folder is the checkout that is judged, and must not be searched for modules.
"$PV_PYTHON" -I -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || {
  echo "::error::provenance needs Python 3.11 to 3.13; set the input 'python' or use actions/setup-python first"
  exit 3
}
"$PV_PYTHON" -I -m venv "$venv"
"$venv/bin/python" -I -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
  --requirement "$root/requirements.lock"
