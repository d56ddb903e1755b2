#!/bin/sh
# Makes the virtual environment; installs Debian's venv package where it is missing.
set -eu
python=$1
venv=$2
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "itomm needs Python 3.11 or newer; '$python' is not. Name another one: make PYTHON=python3.12 ..." >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    version=$("$python" -c 'import sys; print(f"{sys.version_info[0]}.{sys.version_info[1]}")')
    echo "Installing Debian package python$version-venv ..."
    if [ "$(id -u)" -eq 0 ]; then as_root=""; else as_root="sudo"; fi
    $as_root apt-get update -q >/dev/null
    $as_root apt-get install -y -q --no-install-recommends "python$version-venv" >/dev/null
fi
echo "Making the virtual environment $venv ..."
"$python" -m venv "$venv"
