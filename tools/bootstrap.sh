#!/bin/sh
# Makes .venv from the locked requirements and installs the clone into it; does nothing when that is done already.
#   tools/bootstrap.sh run   what the product needs
#   tools/bootstrap.sh dev   and what its tests and checks need
set -eu
cd "$(dirname "$0")/.."
group=$1
lock_of() { if [ "$1" = dev ]; then echo requirements-dev.lock; else echo requirements.lock; fi; }
# The folder is part of it: the scripts of a venv break when the clone is moved.
wanted_of() { echo "$(pwd) $(cat "$(lock_of "$1")" pyproject.toml | cksum)"; }
is_installed() { [ -x .venv/bin/python ] && [ "$(cat ".venv/.installed-$1" 2>/dev/null || true)" = "$(wanted_of "$1")" ]; }
# Who has what tests need has what the product needs.
if is_installed "$group" || is_installed dev; then
    exit 0
fi
lock=$(lock_of "$group")

find_python() {
    for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11 python3.14; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

if ! .venv/bin/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python=$(find_python)
    if [ -z "$python" ]; then
        echo "Sojourn needs Python 3.11 or newer; '${PYTHON:-python3}' is not. Install one, or name it: make PYTHON=/path/to/python3 $group" >&2
        exit 1
    fi
    echo "Making .venv with $("$python" --version)"
    rm -rf .venv
    if ! "$python" -m venv .venv; then
        rm -rf .venv
        echo "'$python -m venv' failed, see above. On Debian and Ubuntu it is a package of its own: apt-get install python3-venv" >&2
        exit 1
    fi
fi

pip_install() {
    .venv/bin/python -m pip --disable-pip-version-check install "$@"
}

# pip names each package as it takes it up: shown as one line that moves on, errors as they are.
total=$(grep -c '^[a-zA-Z].*==' "$lock")
failed=.venv/.install-failed
echo "Installing $total locked packages (once; a minute or two)"
: >"$failed"
{ pip_install --progress-bar off --require-hashes --requirement "$lock" 2>&1 && rm "$failed"; } | awk -v total="$total" -v terminal="$([ -t 1 ] && echo yes)" '
    terminal && /^(Collecting|Processing|Requirement already)/ {
        name = $1 == "Requirement" ? $4 : $2
        sub(".*/", "", name)
        printf "\r\033[K  %d of %d: %s", ++taken, total, name
        fflush()
    }
    terminal && /^Installing collected/ { printf "\r\033[K  unpacking"; fflush() }
    /^ *(ERROR|error)/ { printf "\n%s", $0; wrong = 1 }
    wrong && !/^ *(ERROR|error)/ { print }
    END { print "" }'
[ ! -e "$failed" ] || exit 1
pip_install --quiet --quiet --no-deps --no-build-isolation --editable .
wanted_of "$group" >".venv/.installed-$group"
