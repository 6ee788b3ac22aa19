#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# camera.sh FOLDER [OPTION...]: uploads the files of a folder, and removes each from it that your application has taken.
# The same command goes on after anything that broke. The server is in SLUICE_SERVER; options are those of `sluice upload`.
set -euo pipefail
folder=$(realpath "$1")
shift

# An event is a line of JSON. Of a name that JSON escapes (quotes, backslashes) nothing is removed.
done_event='^\{"event":"done","file":"([^"\\]+)"'
# Ctrl-C ends the upload; what it has told until then is still read.
sluice upload -r "$folder" -j 8 --json "$@" | {
  trap '' INT TERM
  while IFS= read -r event; do
    if [[ $event =~ $done_event ]]; then
      rm -- "${folder%/*}/${BASH_REMATCH[1]}"
    fi
    [[ $event == '{"event":"progress"'* || $event == '{"event":"session"'* ]] || echo "$event"
  done
}
