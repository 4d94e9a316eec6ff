#!/usr/bin/env bash
# The program frozen for Windows, on Debian: a Windows Python under Wine, PyInstaller in it, and probe.py on what comes
# out. By hand, after `./dev setup`; installs wine and mingw, downloads the rest, and takes two minutes after that:
#
#   installers/windows/probe.sh [FOLDER]    FOLDER keeps Wine's prefix, Python and the frozen program (1.3 GB)
#
# For finding out, not for a release: its Python comes from three places. The DLLs are CPython's own, out of the wheel
# of panda3d; what is written in Python is this machine's; python.exe and python3.dll are made here.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
SCRATCH=$(mktemp -d)
mkdir -p "${1:-$SCRATCH}"
FOLDER=$(cd "${1:-$SCRATCH}" && pwd)

PANDA3D=1.10.16
PYTHON=$FOLDER/python
PACKAGES="wine wine64 gcc-mingw-w64-x86-64"
GCC=x86_64-w64-mingw32-gcc
export WINEPREFIX=$FOLDER/prefix WINEARCH=win64 WINEDEBUG=-all
export WINEDLLOVERRIDES="mscoree=d;mshtml=d;winemenubuilder.exe=d"
export PYTHONDONTWRITEBYTECODE=1 PYTHONUTF8=1 PIP_DISABLE_PIP_VERSION_CHECK=1

die() { printf 'cannot %s\n' "$*" >&2; exit 2; }

# step NAME COMMAND...: says what is done, and how long it took.
step() {
    local began=$SECONDS
    printf '== %s\n' "$1"
    "${@:2}"
    printf -- '-- %s: %d s\n' "$1" $((SECONDS - began))
}

# Under Wine a Python whose output is a file does not start: it gets a pipe.
windows() { wine "$@" </dev/null 2>&1 | cat; }

install_packages() {
    local sudo=()
    [[ $(id -u) == 0 ]] || sudo=(sudo)
    # shellcheck disable=SC2086  # a list of words
    dpkg -s $PACKAGES >/dev/null 2>&1 || { "${sudo[@]}" apt-get update -q && "${sudo[@]}" env \
        DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $PACKAGES; } </dev/null
}

# DLLs and the modules in C from the wheel, the modules in Python from this machine.
copy_python() {
    local library
    library=$("$ROOT/.venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
    [[ $library == */python3.11 ]] || die "go on: .venv must be made with Python 3.11"
    "$ROOT/.venv/bin/pip" download -q --no-deps --only-binary=:all: --platform win_amd64 --python-version 3.11 \
        -d "$FOLDER/wheels" "panda3d==$PANDA3D"
    "$ROOT/.venv/bin/python" -m zipfile -e "$FOLDER"/wheels/panda3d-*.whl "$FOLDER/panda3d"
    mkdir -p "$PYTHON/DLLs" "$PYTHON/Lib/site-packages"
    cp "$FOLDER"/panda3d/deploy_libs/{python311,VCRUNTIME140}.dll "$PYTHON"
    cp "$FOLDER"/panda3d/deploy_libs/{*.pyd,lib{crypto,ssl,ffi}-*.dll,sqlite3.dll} "$PYTHON/DLLs"
    tar -C "$library" --exclude=__pycache__ --exclude=site-packages --exclude=dist-packages --exclude=lib-dynload \
        --exclude='config-*' --exclude='_sysconfigdata*' --exclude=./test -c . | tar -C "$PYTHON/Lib" -x
    cp -r "$ROOT"/.venv/lib/python3.11/site-packages/pip "$PYTHON/Lib/site-packages"
}

# python3.dll leads each name on to python311.dll.
compile() {
    local names=$FOLDER/python3.def
    { echo EXPORTS
      "${GCC%gcc}objdump" -p "$PYTHON/python311.dll" |
          awk '/Ordinal\/Name Pointer/ { on = 1 } on && $NF ~ /^_?Py/ { print $NF " = python311." $NF }'
    } >"$names"
    echo 'int DllMain(void) { return 1; }' | $GCC -shared -o "$PYTHON/python3.dll" -x c - -x none "$names"
    $GCC -municode -o "$PYTHON/python.exe" "$HERE/python.c"
    $GCC -shared -o "$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll" "$HERE/bcryptprimitives.c"
    $GCC -Wall -Wextra -shared -o "$FOLDER/module.dll" "$HERE/module.c"
}

install_locked() {
    windows "$PYTHON/python.exe" -m pip install -q --no-warn-script-location --no-compile --no-deps \
        --require-hashes --only-binary=:all: -r "$(winepath -w "$ROOT/requirements.lock")"
}

freeze() {
    windows "$PYTHON/python.exe" -m PyInstaller --noconfirm --log-level ERROR \
        --distpath "$(winepath -w "$FOLDER/frozen")" --workpath "$(winepath -w "$FOLDER/scratch")" \
        "$(winepath -w "$ROOT/installers/sithsup.spec")"
    printf '%d files, %d MB\n' "$(find "$FOLDER/frozen" -type f | wc -l)" "$(du -sm "$FOLDER/frozen" | cut -f1)"
}

probe() {
    windows "$PYTHON/python.exe" "$(winepath -w "$HERE/probe.py")" \
        "$(winepath -w "$FOLDER/frozen/sithsup/sithsup.exe")" "$(winepath -w "$FOLDER/module.dll")"
}

[[ -x $ROOT/.venv/bin/pip ]] || die "go on: run ./dev setup first"
step "packages" install_packages
trap 'wineserver -k || true; rm -rf "$SCRATCH"' EXIT   # the server of this prefix alone
step "Wine's prefix" wineboot -i
step "Python" copy_python
step "what is missing of it" compile
step "locked packages" install_locked
step "freezing" freeze
step "probe" probe
