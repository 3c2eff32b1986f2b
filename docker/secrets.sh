#!/bin/sh
# Makes the secrets docker/compose.yaml hands out: one file each, once; what is there stays.
#
# The containers run as number 10001 and read them, so this wants root, or a folder that is its own.
set -eu
umask 077
folder=$(dirname "$0")/secrets
mkdir -p "$folder"
cd "$folder"

password() { # password NAME: a random one
  [ -s "$1" ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$1"
}

address() { # address FILE ROLE PASSWORD HOST DATABASE
  [ -s "$1" ] || printf 'postgresql://%s:%s@%s:5432/%s' "$2" "$(cat "$3")" "$4" "$5" >"$1"
}

for name in store_password vault_password broker_password gateway_password workers_password \
  auditor_password vault_role_password; do
  password "$name"
done
address owner_store_dsn postgres store_password store store
address owner_vault_dsn postgres vault_password vault vault
address gateway_store_dsn paravent_gateway gateway_password store store
address auditor_store_dsn paravent_auditor auditor_password store store
address workers_store_dsn paravent_workers workers_password store store
address gateway_vault_dsn paravent_vault vault_role_password vault vault
address gateway_rights_dsn paravent_gateway gateway_password vault vault
[ -s broker_url ] || printf 'redis://:%s@broker:6379/0' "$(cat broker_password)" >broker_url
[ -e metrics_token ] || : >metrics_token # an operator's token, for Prometheus
if [ "$(id -u)" = 0 ]; then chown 10001 ./*; fi
