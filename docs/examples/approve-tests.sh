#!/usr/bin/env bash
# Allows commands that run the tests, and nothing else: other prompts keep waiting for a person.
# Usage: SWITCHBOARD=http://127.0.0.1:8000 SWITCHBOARD_AUTH=user:password approve-tests.sh
set -euo pipefail

api() { curl -sS --fail-with-body -u "$SWITCHBOARD_AUTH" -H 'Content-Type: application/json' "$@"; }

is_test='.kind == "permission" and .tool == "Bash" and .input.command == "npm test" and .risks == []'
cursor=$(api "$SWITCHBOARD/api/events?after=0&wait_s=0" | jq .cursor)
while true; do
  api "$SWITCHBOARD/api/prompts" | jq -r ".prompts[] | select($is_test) | .id" |
    while read -r id; do
      api "$SWITCHBOARD/api/prompts/$id" -d '{"decision":"allow"}' | jq -r '"allowed in turn " + .turn_id'
    done
  # Waits for the next event, up to a minute.
  cursor=$(api "$SWITCHBOARD/api/events?after=$cursor&wait_s=60" | jq .cursor)
done
