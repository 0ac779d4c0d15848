#!/usr/bin/env bash
# Makes this checkout ready: `setup.sh run` for using it, `test` for its tests as well, `bench` for its measurements;
# `geckodriver` only builds Firefox's driver.
# A second call finds everything in place and returns at once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

VENV=.venv
TOOLS=.tools
OLDEST_PYTHON="3, 11"

say() { printf 'set-up: %s\n' "$*" >&2; }
die() { printf 'set-up: error: %s\n' "$*" >&2; exit 2; }
has() { command -v "$1" >/dev/null 2>&1; }

# --- system packages: only on Debian and its children, and only where nobody has to be asked -------------------

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

may_install() {
  has apt-get && { [ "$(id -u)" = 0 ] || { has sudo && sudo -n true 2>/dev/null; }; }
}

lists_are_fresh=no
apt_install() {
  may_install || return 1
  say "installing $* (apt-get)"
  if [ "$lists_are_fresh" = no ]; then
    as_root apt-get -qq update >&2 || say "apt-get update failed; trying with the lists that are here"
    lists_are_fresh=yes
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -qq --no-install-recommends install "$@" </dev/null >&2
}

# need COMMAND WHY PACKAGE...: the command is there afterwards, or this is an error that names the packages
need() {
  local command=$1 why=$2
  shift 2
  has "$command" && return 0
  if apt_install "$@" && has "$command"; then return 0; fi
  die "$command is missing ($why). Install it, then run make again:  sudo apt-get install $*"
}

is_ubuntu() { grep -qs '^ID=ubuntu' /etc/os-release; }

# --- Python ------------------------------------------------------------------------------------------------------

is_new_enough() { "$1" -c "import sys; sys.exit(sys.version_info < ($OLDEST_PYTHON))" >/dev/null 2>&1; }
can_make_venv() { "$1" -c 'import venv, ensurepip' >/dev/null 2>&1; }

find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    if has "$candidate" && is_new_enough "$candidate"; then
      printf '%s\n' "$candidate"
      return 0
    fi
  done
  return 1
}

make_venv() {
  local python version
  if ! python=$(find_python); then
    if has uv; then uv venv --quiet --clear --python '>=3.11' "$VENV" && return 0; fi
    die "no Python 3.11 or newer found. Install it, then run make again:  sudo apt-get install python3 python3-venv" \
      "(or name one:  make PYTHON=/path/to/python3.12 ...)"
  fi
  if has uv; then
    uv venv --quiet --clear --python "$(command -v "$python")" "$VENV"
    return 0
  fi
  if ! can_make_venv "$python"; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    apt_install "python$version-venv" || true
    can_make_venv "$python" ||
      die "$python cannot make virtual environments. Install the package, then run make again: " \
        "sudo apt-get install python$version-venv"
  fi
  "$python" -m venv --clear "$VENV"
}

venv_works() { [ -x "$VENV/bin/python" ] && is_new_enough "$VENV/bin/python"; }

# What the installation depends on: where it stands and what the project asks for.
fingerprint() { printf '%s %s\n' "$PWD" "$(cksum <pyproject.toml)"; }

install_package() {
  local groups=(--group dev)
  [ -n "${1:-}" ] && groups+=(--group "$1")
  if has uv; then
    uv pip install --quiet --compile-bytecode --python "$VENV/bin/python" -e '.[practice]' "${groups[@]}"
  else
    # --group is known to pip since 25.1; the pip that comes with Python 3.11 is older.
    "$VENV/bin/python" -m pip --version 2>/dev/null | grep -qE '^pip (2[6-9]|[3-9][0-9]|25\.[1-9])' ||
      "$VENV/bin/python" -m pip install --quiet --upgrade 'pip>=25.1'
    "$VENV/bin/python" -m pip install --quiet -e '.[practice]' "${groups[@]}"
  fi
}

setup_python() {
  local stamp="$VENV/.stamp-${1:-dev}"
  if venv_works && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(fingerprint)" ]; then return 0; fi
  venv_works || { say "making $VENV"; make_venv; }
  say "installing optout and its tools into $VENV (a minute or two the first time)"
  install_package "$@" || die "the packages could not be installed; the lines above say why. Then run make again"
  # Where PYTHONDONTWRITEBYTECODE is set, every start would compile the program anew (0.3 s).
  "$VENV/bin/python" -m compileall -q optout || true
  fingerprint >"$stamp"
}

# --- browsers and other tools ------------------------------------------------------------------------------------

chromium_packages() { if is_ubuntu; then echo chromium-browser chromium-chromedriver; else echo chromium chromium-driver; fi; }
firefox_package() { if is_ubuntu; then echo firefox; else echo firefox-esr; fi; }

has_any() { local name; for name in "$@"; do has "$name" && return 0; done; return 1; }
has_chromium() { has_any chromium chromium-browser google-chrome google-chrome-stable; }
has_browser() {
  has_chromium || has_any microsoft-edge microsoft-edge-stable firefox firefox-esr ||
    [ -d "/Applications/Google Chrome.app" ] || [ -d "/Applications/Firefox.app" ] || [ -d "/Applications/Microsoft Edge.app" ]
}

# shellcheck disable=SC2046 -- the functions print lists of packages
setup_browser() {
  if ! has_browser; then
    apt_install $(chromium_packages) && has_browser ||
      die "no browser found. Install one, then run make again:  sudo apt-get install $(chromium_packages)" \
        "(Chrome, Chromium, Edge and Firefox will do)"
  fi
  # Debian's Chromium wants Debian's driver; the program fetches one by itself where this is not possible.
  if has chromium && ! has chromedriver; then
    apt_install chromium-driver || say "note: no chromedriver here; the program will look for one. " \
      "Better:  sudo apt-get install chromium-driver"
  fi
}

setup_geckodriver() {
  if has geckodriver || [ -x "$TOOLS/bin/geckodriver" ]; then return 0; fi
  if has cargo; then
    say "building geckodriver (cargo install; a minute or two, once)"
    # Not optimized: that takes twice as long to build, and it only passes messages on.
    CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --locked --debug --root "$TOOLS" geckodriver </dev/null >&2 && return 0
  fi
  say "fetching geckodriver (webdriver-manager)"
  local found
  if found=$("$VENV/bin/python" scripts/fetch_geckodriver.py); then
    mkdir -p "$TOOLS/bin"
    ln -sf "$found" "$TOOLS/bin/geckodriver"
    return 0
  fi
  die "geckodriver is missing (the tests drive Firefox with it) and could be neither built nor fetched." \
    "Install Rust and run make again:  sudo apt-get install cargo  -- or put geckodriver on the PATH"
}

setup_axe() {
  [ -f "$TOOLS/node_modules/axe-core/axe.min.js" ] && return 0
  need npm "the accessibility test's axe-core comes from it" npm
  say "installing axe-core into $TOOLS (npm)"
  npm install --silent --no-audit --no-fund --no-save --prefix "$TOOLS" 'axe-core@^4.10' </dev/null >&2 ||
    die "axe-core (npm) could not be installed; the lines above say why. Then run make again"
}

# shellcheck disable=SC2046
setup_test_tools() {
  has_chromium || need chromium "the browser tests drive it" $(chromium_packages)
  need chromedriver "the browser tests drive Chromium with it" $(chromium_packages)
  has firefox || need firefox-esr "the browser tests drive it" $(firefox_package)
  setup_geckodriver
  need gnome-keyring-daemon "the accounts' tests keep secrets in it" gnome-keyring
  need dbus-run-session "the keyring's tests run in a session of their own" dbus
  need patch "the selectors' tests apply their patch with it" patch
  need systemd-analyze "the schedule's tests check its units with it" systemd
  need java "the grid's tests start Selenium Grid" openjdk-17-jre-headless
  need mvn "Selenium Grid comes from Maven Central" maven
  need Xvfb "the tests of --headed need a display" xvfb xauth
  need xvfb-run "the tests of --headed need a display" xvfb xauth
  setup_axe
}

case "${1:-run}" in
  python) setup_python ;;
  docs) setup_python docs ;;
  geckodriver) setup_geckodriver ;;
  run) setup_python; setup_browser ;;
  test) setup_python; setup_browser; setup_test_tools ;;
  bench) setup_python bench; setup_browser; setup_test_tools ;;
  *) die "unknown: $1 (python, docs, geckodriver, run, test or bench)" ;;
esac
