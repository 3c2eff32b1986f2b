# What `paravent keys make`, `rotate` and `destroy` need beside what the gateway may: give it to the
# token of a person, for an hour, and not to a process.
path "transit/config/keys" { capabilities = ["create", "update"] }
path "transit/keys/+" { capabilities = ["create", "read", "update"] }
path "transit/keys/+/rotate" { capabilities = ["update"] }
path "transit/keys/+/config" { capabilities = ["update"] }
path "transit/keys/+/trim" { capabilities = ["update"] }
