#!/usr/bin/env bash
# One zip a Lambda function with just what it imports. The same sources give the same bytes.
#
#   scripts/package-functions.sh [FUNCTION…]       default: all
#
# PLATFORM: what the functions run on, as uv names it (default: aarch64-manylinux_2_28, Lambda on arm64); here: this
# machine.
# PYTHON_VERSION: 3.11 by default. OUT: where to, build/functions by default. UV: the uv to use.
set -euo pipefail
cd "$(dirname "$0")/.."

PLATFORM="${PLATFORM:-aarch64-manylinux_2_28}"
PYTHON_VERSION="${PYTHON_VERSION:-3.11}"
UV="${UV:-$([ -x ../.tools/bin/uv ] && echo ../.tools/bin/uv || echo uv)}"
[ "$PLATFORM" = here ] && platform=() || platform=(--python-platform "$PLATFORM" --python-version "$PYTHON_VERSION")
OUT="${OUT:-build/functions}"
PYTHON="$("$UV" python find "$PYTHON_VERSION" 2> /dev/null)"
LIMIT=$((250 * 1000 * 1000)) # bytes unzipped, of Lambda
[ "$PLATFORM" = here ] && LIMIT=$((2 * LIMIT)) # which this machine is not: polars for x86-64 is larger
SHARED=(airportsdata httpcore2 opentelemetry-exporter-otlp-proto-common opentelemetry-sdk orjson polars pydantic
    pydantic-settings structlog)
WEB=(cachetools fastapi fastapi-offline mangum redis)
ARCHIVE=(zstandard)        # what reads and writes the raw archive
LAKE=(arro3-core arro3-io) # what compacts the history
# boto3 and botocore are in the runtime already.

if [ $# -gt 0 ]; then functions=("$@"); else functions=($(cd functions && ls)); fi

mkdir -p "$OUT"
"$UV" export --quiet --frozen --no-dev --no-emit-project --no-hashes --extra aws --extra otel --output-file "$OUT/constraints.txt"

for function in "${functions[@]}"; do
    [ -f "functions/$function/handler.py" ] || { echo "no function $function; there are: $(ls functions | xargs)" >&2; exit 2; }
    packages=("${SHARED[@]}")
    case "$function" in
        flight-api) packages+=("${WEB[@]}") ;;
        analytics-processor) packages+=("${ARCHIVE[@]}" "${LAKE[@]}") ;;
        *) packages+=("${ARCHIVE[@]}") ;;
    esac
    folder="$OUT/$function"
    rm -rf "$folder"
    "$UV" pip install --quiet --target "$folder" --python "$PYTHON" ${platform[@]+"${platform[@]}"} --only-binary :all: \
        --constraint "$OUT/constraints.txt" "${packages[@]}"
    cp -r shared/flightdata "$folder/flightdata"
    cp "functions/$function/handler.py" "$folder/"
    if [ "$function" = flight-api ]; then
        [ -f ../dashboard/dist/index.html ] || make --silent --directory .. dashboard/dist/index.html
        cp -r ../dashboard/dist "$folder/dashboard"
    fi
    # What no program reads there, or what differs from one time to the next.
    rm -rf "$folder/bin" "$folder/flightdata/cli" "$folder/.lock" "$folder"/zstandard/_cffi*.so
    find "$folder" -name '*.pyi' -delete
    rm -f "$folder"/*.dist-info/{RECORD,INSTALLER,REQUESTED,direct_url.json,uv_cache.json}
    # Compiled here, a cold start does not compile: that is most of its time. Unchecked, since zips have no true times.
    find "$folder" -name __pycache__ -prune -exec rm -rf {} +
    "$PYTHON" -m compileall -q -j 1 --invalidation-mode unchecked-hash -s "$folder" -p /var/task "$folder"
    python3 scripts/zip-folder.py "$folder" "$folder.zip" "$LIMIT"
done
