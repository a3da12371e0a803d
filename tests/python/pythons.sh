#!/usr/bin/env bash
# Installs a wheel into a clean environment of each supported Python that is found, and runs vectors and scenarios there.
set -euo pipefail
wheel=$1
found=0
for version in 3.10 3.11 3.12 3.13; do
    python=
    for candidate in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin/python3; do
        if "$candidate" -c 'import sys; sys.exit(sys.argv[1] != "%d.%d" % sys.version_info[:2])' "$version" 2>/dev/null; then
            python=$candidate
            break
        fi
    done
    if [ -z "$python" ]; then
        echo "Python $version: not on this machine"
        continue
    fi
    found=$((found + 1))
    environment=target/pythons/$version
    rm -rf "$environment"
    "$python" -m venv "$environment"
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check "$wheel"
    packages=$("$environment/bin/python" -m pip list --format=freeze --exclude pip --exclude setuptools | tr '\n' ' ')
    echo "Python $version: $packages"
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check \
        --constraint tests/python/requirements.txt pytest typing_extensions
    "$environment/bin/python" -m pytest --quiet tests/python/test_vectors.py tests/python/test_scenarios.py
done
[ "$found" -gt 0 ]
