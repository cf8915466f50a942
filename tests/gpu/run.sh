#!/usr/bin/env bash
# All that only a GPU can show, within eight minutes on one card; the result is tests/gpu/result.json.
#
#   tests/gpu/run.sh                          # in an environment where yololab is installed
#   tests/gpu/run.sh --wheels FOLDER          # PyTorch is there, no network: the rest comes as wheels
#   tests/gpu/run.sh --rehearse               # on a CPU, small: shows that the script works, nothing else
#   tests/gpu/run.sh --parts facts,throughput --limit 180
#
# What to bring: `python -m pip wheel -c constraints.txt -w FOLDER .` and leave out torch, torchvision and numpy.
# Each part stands alone, and the result is written after each: what time does not allow is missing, and named.
set -euo pipefail
root="$(cd "$(dirname "$0")/../.." && pwd)"
python="${PYTHON:-python3}"
arguments=()
while [ $# -gt 0 ]; do
    if [ "$1" = --wheels ]; then
        site="$(mktemp -d)"
        trap 'rm -rf "$site"' EXIT
        "$python" -m pip install --quiet --no-index --no-deps --no-compile --target "$site" "$2"/*.whl
        export PYTHONPATH="$site${PYTHONPATH:+:$PYTHONPATH}"
        shift 2
    else
        arguments+=("$1")
        shift
    fi
done
# The checkout is what is measured, also where an older yololab is installed.
export PYTHONPATH="$root/src${PYTHONPATH:+:$PYTHONPATH}"
"$python" "$root/tests/gpu/parts.py" ${arguments[@]+"${arguments[@]}"}
