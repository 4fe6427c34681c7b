# Sourced by ./run and ./test: brings a Debian 12 machine to the point where the build can begin.

# What the build and `untxt up` need.
RUN_PACKAGES=(
  build-essential ca-certificates pkg-config libclang-14-dev libleptonica-dev libtesseract-dev
  tesseract-ocr tesseract-ocr-eng tesseract-ocr-osd postgresql-15 redis-server util-linux nodejs npm
)

# What the tests use besides: a browser, a packet capture, and readers of PDF that we did not write.
TEST_PACKAGES=(
  age chromium clamav-daemon curl faketime fonts-dejavu-core fonts-liberation gdb iproute2 openssl poppler-utils procps
  python3 python3-pil python3-venv qpdf softhsm2 tshark
  tesseract-ocr-deu tesseract-ocr-ell tesseract-ocr-fra tesseract-ocr-heb tesseract-ocr-ita tesseract-ocr-nld
  tesseract-ocr-pol tesseract-ocr-por tesseract-ocr-rus tesseract-ocr-spa
)

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else
    echo "this needs root once: become root or install sudo, then start again" >&2
    return 1
  fi
}

prepare_rust() {
  if [ -x "$HOME/.cargo/bin/cargo" ]; then PATH="$HOME/.cargo/bin:$PATH"; fi
  if ! command -v cargo >/dev/null; then
    echo "Rust is missing: install it from https://rustup.rs, then start again" >&2
    exit 1
  fi
}

# Installs the Debian packages that are missing; a machine that has them all is not touched.
prepare_packages() {
  local missing=() name
  for name in "$@"; do
    # A Node from elsewhere is as good as Debian's.
    if [[ $name == nodejs || $name == npm ]] && command -v node >/dev/null && command -v npm >/dev/null; then continue; fi
    if [[ $name == postgresql-15 ]] && compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; then continue; fi
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} = 0 ] && return
  echo "installing ${missing[*]}…"
  as_root apt-get -o DPkg::Lock::Timeout=400 -qq update
  # The packaged servers stay off: UNTXT starts its own, with its own data.
  as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -o DPkg::Lock::Timeout=400 -qq install -y \
    --no-install-recommends "${missing[@]}" >/dev/null
}

# Started as root, UNTXT drops to a system user of its own.
prepare_accounts() {
  if [ "$(id -u)" = 0 ] && ! id untxt >/dev/null 2>&1; then useradd --system --no-create-home --shell /usr/sbin/nologin untxt; fi
}

# Builds the web pages when they are older than their source.
prepare_frontend() {
  (
    cd frontend
    if [ ! -d node_modules ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
      echo "installing npm modules…"
      npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    fi
    if [ ! -f dist/index.html ] || [ -n "$(find src index.html package-lock.json -newer dist/index.html -print -quit)" ]; then
      echo "building the web pages…"
      npm run --silent build
    fi
  )
}

# What the proofs run besides a browser: pdf.js, in that browser. Without a lock file, as the picture library that it
# has for Node (optional, and left out here) can't be locked for every platform; its version is exact.
prepare_e2e() {
  (
    cd e2e
    if [ ! -d node_modules ] || [ package.json -nt node_modules/.package-lock.json ]; then
      npm install --no-package-lock --ignore-scripts --omit=optional --no-audit --no-fund --loglevel=error
    fi
  )
}
