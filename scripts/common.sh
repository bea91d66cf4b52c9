# Shared by the scripts of this folder; sourced, not run.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache_dir="${PARLEY_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/parley}"

say() { printf 'parley: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# caf_prefix [preset]: where scripts/install-dependencies puts the CAF of a preset.
caf_prefix() {
  local flavour=release
  [ "${1:-}" = tsan ] && flavour=tsan
  printf '%s/caf-0.18.7-%s' "$cache_dir" "$flavour"
}

# preset_dir <preset>: its build folder.
preset_dir() {
  if [ "$1" = release ]; then printf '%s/build' "$root"
  else printf '%s/build/%s' "$root" "$1"
  fi
}

# configure <preset> [cmake arguments]
configure() {
  local preset=$1 log
  shift
  log=$(mktemp)
  if ! (cd "$root" && cmake --preset "$preset" \
      -DCMAKE_PREFIX_PATH="$(caf_prefix "$preset")" "$@") >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    die "CMake could not configure the preset '$preset' (its words are above)"
  fi
  rm -f "$log"
}

# compile <preset> <targets…>
compile() {
  local preset=$1
  shift
  cmake --build "$(preset_dir "$preset")" --target "$@" \
    || die "the build of '$preset' failed; the compiler's words are above"
}
